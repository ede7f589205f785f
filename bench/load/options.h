// SPDX-License-Identifier: MIT
// What the command line says.
#ifndef TIDEWIRE_BENCH_LOAD_OPTIONS_H_
#define TIDEWIRE_BENCH_LOAD_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace tidewire::load {

struct Options {
  std::string host = "127.0.0.1";
  std::string port = "9001";
  uint32_t connections = 1;
  uint32_t pipeline = 1;  // messages under way on each connection
  uint32_t size = 20;     // payload bytes of a message
  double seconds = 3;     // measured, after the warm-up
  double warm_up = 0.3;   // seconds
  bool text = false;
  bool raw = false;  // no protocol: the server sends back the bytes that it receives
  bool json = false;
  int server_pid = 0;  // 0: its processor time is not asked for
};

// Ends the program with a usage message and status 2 when the arguments make no sense.
Options read_options(int argc, char **argv);

}  // namespace tidewire::load

#endif  // TIDEWIRE_BENCH_LOAD_OPTIONS_H_
