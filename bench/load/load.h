// SPDX-License-Identifier: MIT
// Keeps a number of connections busy, on one thread. A connection sends a batch of messages in one write, and the next
// batch as soon as the last echo of the one before has arrived. Anything but the expected echo ends the program.
#ifndef TIDEWIRE_BENCH_LOAD_LOAD_H_
#define TIDEWIRE_BENCH_LOAD_LOAD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bench/load/histogram.h"
#include "bench/load/options.h"
#include "bench/load/traffic.h"

namespace tidewire::load {

struct Result {
  double seconds = 0;
  Histogram latencies;       // nanoseconds from the write of the batch to the arrival of each echo
  double load_cpu_us = 0;    // processor time of this process in that time
  double server_cpu_us = 0;  // of the server, where its process is known
};

class Load {
 public:
  explicit Load(const Options &options);

  Result run();

 private:
  struct Connection {
    int fd = -1;
    uint32_t id = 0;
    bool watches_output = false;
    uint64_t round = 0;                  // number of the batch
    size_t sent = 0;                     // bytes of the batch
    size_t echoed = 0;                   // bytes of its echo
    uint64_t started_ns = 0;             // when the batch was written
    std::array<uint8_t, 127> control{};  // a control frame that is being read
    size_t control_len = 0;
    std::vector<uint8_t> pong;  // to be sent between two batches
  };

  void open();
  void serve_until(uint64_t deadline_ns);
  void serve_once(uint64_t deadline_ns);
  void finish();
  void close();

  void start_batch(Connection *connection);
  void write(Connection *connection);
  bool write_batch(Connection *connection);
  bool write_pong(Connection *connection);
  void read(Connection *connection);
  void take(Connection *connection, std::span<const uint8_t> data);
  bool matches(Connection *connection, std::span<const uint8_t> data);
  size_t take_control(Connection *connection, std::span<const uint8_t> data);
  void answer_control(Connection *connection, uint8_t first, std::span<const uint8_t> payload);
  [[noreturn]] void fail_mismatch(Connection *connection, std::span<const uint8_t> data);

  bool busy(const Connection &connection) const { return connection.echoed < traffic_.echo_len(); }

  Options options_;
  Traffic traffic_;
  int epoll_fd_;
  std::vector<Connection> connections_;
  std::vector<uint8_t> input_;
  uint64_t now_ns_ = 0;     // of the last arrival
  bool counting_ = false;   // inside the measured time
  bool finishing_ = false;  // no new batches
  Histogram latencies_;
};

}  // namespace tidewire::load

#endif  // TIDEWIRE_BENCH_LOAD_LOAD_H_
