// SPDX-License-Identifier: MIT
// Load generator for WebSocket echo servers.
#include <err.h>

#include <cstdio>

#include "bench/load/load.h"
#include "bench/load/options.h"

namespace {

using tidewire::load::Options;
using tidewire::load::Result;

void print(const Options &options, const Result &result) {
  const auto messages = static_cast<double>(result.latencies.total());
  const double rate = messages / result.seconds;
  const auto us = [&result](double fraction) {
    return static_cast<double>(result.latencies.percentile(fraction)) / 1e3;
  };
  const double max_us = static_cast<double>(result.latencies.max()) / 1e3;
  const char *format = "%.0f messages/s, %.1f MB/s, latency p50 %.1f p90 %.1f p99 %.1f p99.9 %.1f max %.1f us";
  if (options.json) {
    std::printf("{\"connections\": %u, \"pipeline\": %u, \"size\": %u, \"text\": %s, \"seconds\": %.3f, ",
                options.connections, options.pipeline, options.size, options.text ? "true" : "false", result.seconds);
    format =
        "\"messages/s\": %.0f, \"MB/s\": %.1f, \"p50\": %.1f, \"p90\": %.1f, \"p99\": %.1f, \"p99.9\": %.1f, "
        "\"max\": %.1f";
  }
  std::printf(format, rate, rate * options.size / 1e6, us(0.5), us(0.9), us(0.99), us(0.999), max_us);
  format = options.json ? ", \"%s us/message\": %.4g" : ", %s %.4g us/message";
  std::printf(format, "load", result.load_cpu_us / messages);
  if (options.server_pid != 0) std::printf(format, "server", result.server_cpu_us / messages);
  std::puts(options.json ? "}" : "");
}

}  // namespace

int main(int argc, char **argv) {
  const Options options = tidewire::load::read_options(argc, argv);
  const Result result = tidewire::load::Load(options).run();
  if (result.latencies.total() == 0) errx(1, "no echo arrived in the measured time");
  print(options, result);
  return 0;
}
