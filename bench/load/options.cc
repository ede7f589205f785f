// SPDX-License-Identifier: MIT
#include "bench/load/options.h"

#include <getopt.h>

#include <cstdio>
#include <cstdlib>

namespace tidewire::load {
namespace {

constexpr uint64_t kMaxBatchLen = uint64_t{1} << 30;

constexpr char kUsage[] =
    "usage: tw_load [OPTION]...\n"
    "Sends messages to a WebSocket echo server and compares every byte that comes back.\n"
    "  --host HOST       default 127.0.0.1\n"
    "  --port PORT       default 9001\n"
    "  --connections N   default 1\n"
    "  --pipeline N      messages under way on each connection, sent in one write; default 1\n"
    "  --size BYTES      payload of a message; default 20\n"
    "  --seconds S       measured, after the warm-up; default 3\n"
    "  --warm-up S       default 0.3\n"
    "  --text, --binary  kind of messages; default binary\n"
    "  --raw             no handshake, and the bytes must come back as they were sent: the limit for any protocol\n"
    "  --server-pid PID  also tells the server's processor time\n"
    "  --json            prints one JSON object instead of one line\n"
    "Exit status: 0 only if every echo matched and every connection stayed up.\n";

[[noreturn]] void usage() {
  std::fputs(kUsage, stderr);
  std::exit(2);
}

template <class T>
T number(const char *text, double min, double max) {
  char *end = nullptr;
  const double value = std::strtod(text, &end);
  if (end == text || *end != '\0' || !(value >= min && value <= max)) {
    std::fprintf(stderr, "tw_load: %s is not a number from %g to %g\n", text, min, max);
    std::exit(2);
  }
  return static_cast<T>(value);
}

}  // namespace

Options read_options(int argc, char **argv) {
  static const option kOptions[] = {{"host", required_argument, nullptr, 'h'},
                                    {"port", required_argument, nullptr, 'p'},
                                    {"connections", required_argument, nullptr, 'c'},
                                    {"pipeline", required_argument, nullptr, 'd'},
                                    {"size", required_argument, nullptr, 'n'},
                                    {"seconds", required_argument, nullptr, 's'},
                                    {"warm-up", required_argument, nullptr, 'w'},
                                    {"raw", no_argument, nullptr, 'r'},
                                    {"text", no_argument, nullptr, 't'},
                                    {"binary", no_argument, nullptr, 'b'},
                                    {"server-pid", required_argument, nullptr, 'i'},
                                    {"json", no_argument, nullptr, 'j'},
                                    {nullptr, 0, nullptr, 0}};
  Options out;
  for (int c = 0; (c = getopt_long(argc, argv, "", kOptions, nullptr)) != -1;) {
    switch (c) {
      case 'h': out.host = optarg; break;
      case 'p': out.port = optarg; break;
      case 'c': out.connections = number<uint32_t>(optarg, 1, 1e6); break;
      case 'd': out.pipeline = number<uint32_t>(optarg, 1, 1e6); break;
      case 'n': out.size = number<uint32_t>(optarg, 0, 1 << 30); break;
      case 's': out.seconds = number<double>(optarg, 0.01, 1e6); break;
      case 'w': out.warm_up = number<double>(optarg, 0, 1e6); break;
      case 'r': out.raw = true; break;
      case 't': out.text = true; break;
      case 'b': out.text = false; break;
      case 'i': out.server_pid = number<int>(optarg, 1, 1 << 30); break;
      case 'j': out.json = true; break;
      default: usage();
    }
  }
  if (optind != argc) usage();
  if (uint64_t{out.size} * out.pipeline > kMaxBatchLen) {
    std::fputs("tw_load: more than 1 GiB under way on a connection\n", stderr);
    std::exit(2);
  }
  return out;
}

}  // namespace tidewire::load
