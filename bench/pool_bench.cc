// SPDX-License-Identifier: MIT
// A buffer acquired and released in turn, beside malloc and free of the same size: in one thread, and in two at once.
#include <stdlib.h>

#include <thread>

#include "bench/suite.h"
#include "tidewire/tidewire.h"

namespace tidewire::bench {
namespace {

constexpr size_t kPoolLens[] = {256, 1024, 4096, 8192, 16384, 65536, 262144, 1048576};

tw_pool *make_pool() {
  tw_pool *pool = nullptr;
  if (tw_pool_create(nullptr, &pool) != TW_OK) die("no pool");
  return pool;
}

void from_malloc(benchmark::State &state, size_t len) {
  for (auto _ : state) {
    void *data = malloc(len);
    benchmark::DoNotOptimize(data);
    free(data);
  }
  set_per_message(state, state.iterations());
}

void from_pool(benchmark::State &state, size_t len, tw_pool *pool) {
  for (auto _ : state) {
    uint8_t *data = nullptr;
    size_t cap = 0;
    tw_pool_acquire(pool, len, &data, &cap);
    benchmark::DoNotOptimize(data);
    tw_pool_release(pool, data);
  }
  set_per_message(state, state.iterations());
}

void check_pool(const std::string &name, size_t len, tw_pool *pool) {
  uint8_t *data = nullptr, *again = nullptr;
  size_t cap = 0;
  if (tw_pool_acquire(pool, len, &data, &cap) != TW_OK || cap < len) die(name + ": no buffer");
  if (tw_pool_release(pool, data) != TW_OK) die(name + ": not taken back");
  if (tw_pool_acquire(pool, len, &again, &cap) != TW_OK || again != data) die(name + ": not reused");
  tw_pool_release(pool, again);
}

void add_rows(const std::string &what, size_t len, int threads, tw_pool *pool) {
  const std::string suffix = "/" + std::to_string(len);
  check_pool(what + suffix, len, pool);
  const auto add = [&](const std::string &row, auto run) {
    benchmark::RegisterBenchmark(("BM_" + what + "/" + row + suffix).c_str(), run)->Threads(threads)->UseRealTime();
  };
  add("malloc", [=](benchmark::State &state) { from_malloc(state, len); });
  add("tw_pool_acquire", [=](benchmark::State &state) { from_pool(state, len, pool); });
}

}  // namespace

void register_benchmarks() {
  static tw_pool *const pool = make_pool();
  for (const size_t len : kPoolLens) {
    add_rows("Pool", len, 1, pool);
    add_rows("PoolTwoThreads", len, 2, pool);
  }
}

}  // namespace tidewire::bench
