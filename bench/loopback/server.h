// SPDX-License-Identifier: MIT
// What the echo servers have in common: one argument, the port, and one line that says where they listen. Port 0 lets
// the kernel choose. A signal ends them.
#ifndef TIDEWIRE_BENCH_LOOPBACK_SERVER_H_
#define TIDEWIRE_BENCH_LOOPBACK_SERVER_H_

#include <err.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace tidewire::loopback {

constexpr size_t kReadLen = size_t{256} * 1024;  // bytes taken from a socket at once, where a server leaves the choice

inline uint16_t read_port(int argc, char **argv) {
  if (argc != 2) errx(2, "usage: %s PORT", argv[0]);
  char *end = nullptr;
  const unsigned long port = std::strtoul(argv[1], &end, 10);
  if (end == argv[1] || *end != '\0' || port > UINT16_MAX) errx(2, "%s: not a port", argv[1]);
  return static_cast<uint16_t>(port);
}

inline void announce(unsigned port) {
  std::printf("listening on 127.0.0.1:%u\n", port);
  std::fflush(stdout);
}

}  // namespace tidewire::loopback

#endif  // TIDEWIRE_BENCH_LOOPBACK_SERVER_H_
