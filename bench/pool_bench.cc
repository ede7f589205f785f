// SPDX-License-Identifier: MIT
// A buffer acquired and released in turn, beside malloc and free of the same size: in one thread, and in two at once.
// Two programs, because malloc is slower for ever in one that has had a second thread. Processor time of a thread, so
// that what else runs does not count.
#include <sched.h>
#include <stdlib.h>

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

// Threads run on a core each, the first on that of the process.
class OwnCore {
 public:
  explicit OwnCore(const benchmark::State &state) : is_moved_(state.thread_index() != 0) {
    if (!is_moved_) return;
    sched_getaffinity(0, sizeof(before_), &before_);
    cpu_set_t other;
    CPU_ZERO(&other);
    for (int core = 0; core < CPU_SETSIZE; ++core) {
      if (!CPU_ISSET(core, &before_)) CPU_SET(core, &other);
    }
    // Fails where the process may run on all cores: then the system spreads the threads.
    sched_setaffinity(0, sizeof(other), &other);
  }
  ~OwnCore() {
    if (is_moved_) sched_setaffinity(0, sizeof(before_), &before_);
  }
  OwnCore(const OwnCore &) = delete;
  OwnCore &operator=(const OwnCore &) = delete;

 private:
  bool is_moved_;
  cpu_set_t before_;
};

void from_malloc(benchmark::State &state, size_t len) {
  const OwnCore core(state);
  for (auto _ : state) {
    void *data = malloc(len);
    benchmark::DoNotOptimize(data);
    free(data);
  }
  set_per_message(state, state.iterations());
}

void from_pool(benchmark::State &state, size_t len, tw_pool *pool) {
  const OwnCore core(state);
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
  const std::string suffix = '/' + std::to_string(len);
  check_pool(what + suffix, len, pool);
  const auto add = [&](const std::string &row, auto run) {
    benchmark::RegisterBenchmark(("BM_" + what + "/" + row + suffix).c_str(), run)->Threads(threads);
  };
  add("malloc", [=](benchmark::State &state) { from_malloc(state, len); });
  add("tw_pool_acquire", [=](benchmark::State &state) { from_pool(state, len, pool); });
}

}  // namespace

void register_benchmarks() {
  static tw_pool *const pool = make_pool();
  for (const size_t len : kPoolLens) {
    add_rows(TW_BENCH_THREADS == 1 ? "Pool" : "PoolTwoThreads", len, TW_BENCH_THREADS, pool);
  }
}

}  // namespace tidewire::bench
