// SPDX-License-Identifier: MIT
// How a suite names its rows: BM_<what>/<row>/<length in bytes>. A row is what limits the others ("memcpy", "floor",
// ...), the name of a peer, the name of one of our kernels, or the public function that it calls, with the kernel that
// the engine chose.
#ifndef TIDEWIRE_BENCH_SUITE_H_
#define TIDEWIRE_BENCH_SUITE_H_

#include <benchmark/benchmark.h>

#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "bench/data.h"
#include "bench/peers.h"
#include "core/simd/kernels.h"

namespace tidewire::bench {

// Each suite defines it.
void register_benchmarks();

// The kernels that this processor can run, best first.
inline std::vector<const Kernels *> our_kernels() {
  const Kernels *rows[kIsaCount];
  const size_t count = kernels_available(rows);
  return {rows, rows + count};
}

// The floor, where there is one, and the peers.
inline std::vector<const Peer *> others() {
  std::vector<const Peer *> rows(std::begin(kPeers), std::end(kPeers));
  if (floor_row() != nullptr) rows.insert(rows.begin(), floor_row());
  return rows;
}

// `check` runs once, before the first run, and dies where the row's results are wrong.
template <class Check, class Run>
benchmark::internal::Benchmark *add_row(const std::string &what, const std::string &row, size_t len, Check check,
                                        Run run) {
  const std::string name = "BM_" + what + "/" + row + "/" + (len == kRandomLen ? "random" : std::to_string(len));
  return benchmark::RegisterBenchmark(name.c_str(), [=, checked = false](benchmark::State &state) mutable {
    if (!checked) check(name);
    checked = true;
    run(state);
  });
}

// The counter that holds seconds per message.
inline void set_per_message(benchmark::State &state, uint64_t messages) {
  using benchmark::Counter;
  state.counters["per_message"] = Counter(static_cast<double>(messages), Counter::kIsRate | Counter::kInvert);
}

// The counter that holds allocations per message.
inline void set_allocations(benchmark::State &state, uint64_t allocations, uint64_t messages) {
  state.counters["allocations"] = static_cast<double>(allocations) / static_cast<double>(messages);
}

// The counter that holds what a row sends, relative to the payloads that it was given.
inline void set_compressed(benchmark::State &state, uint64_t sent_len, uint64_t payload_len) {
  state.counters["compressed"] = static_cast<double>(sent_len) / static_cast<double>(payload_len);
}

}  // namespace tidewire::bench

#endif  // TIDEWIRE_BENCH_SUITE_H_
