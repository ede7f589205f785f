// SPDX-License-Identifier: MIT
// A pool in many threads, which come and go and hand buffers on. ThreadSanitizer makes the most of it.
#include <gtest/gtest.h>
#include <stdint.h>
#include <string.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/support/test_bytes.h"
#include "tests/unit/buffer/pool_under_test.h"

namespace tidewire {
namespace {

using test::PoolUnderTest;

// Each thread writes its mark into what it holds; a buffer lent twice, or counted wrongly, shows.
void hold_and_release(tw_pool *pool, uint8_t mark, bool *out_intact) {
  test::Rng rng(mark);
  *out_intact = true;
  std::vector<std::pair<uint8_t *, size_t>> held;
  for (int i = 0; i < 4000; ++i) {
    uint8_t *data = nullptr;
    size_t cap = 0;
    if (tw_pool_acquire(pool, rng() % 2000, &data, &cap) != TW_OK) continue;
    memset(data, mark, cap);
    held.emplace_back(data, cap);
    if (held.size() < 8) continue;
    const size_t victim = rng() % held.size();
    for (size_t at = 0; at < held[victim].second; ++at) *out_intact &= held[victim].first[at] == mark;
    tw_pool_release(pool, held[victim].first);
    held.erase(held.begin() + static_cast<ptrdiff_t>(victim));
  }
  for (const auto &[data, cap] : held) tw_pool_release(pool, data);
}

TEST(PoolThreads, ShareIt) {
  PoolUnderTest under;
  constexpr size_t kThreads = 4;
  bool intact[kThreads] = {};
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back(hold_and_release, under.pool, static_cast<uint8_t>(i + 1), &intact[i]);
  }
  for (std::thread &thread : threads) thread.join();
  for (size_t i = 0; i < kThreads; ++i) EXPECT_TRUE(intact[i]) << i;
  const tw_pool_stats stats = under.stats();
  EXPECT_EQ(stats.in_use_len, 0u);
  EXPECT_EQ(stats.hits + stats.misses, kThreads * 4000u);
  EXPECT_GT(stats.hits, stats.misses);
}

// Buffers on their way between threads, with their length in their first bytes.
class Exchange {
 public:
  // Leaves `data` and takes what lay there the longest.
  uint8_t *swap(uint8_t *data) {
    const std::lock_guard<std::mutex> lock(mutex_);
    uint8_t *&place = places_[next_++ % places_.size()];
    std::swap(place, data);
    return data;
  }
  const std::vector<uint8_t *> &left() const { return places_; }

 private:
  std::mutex mutex_;
  std::vector<uint8_t *> places_ = std::vector<uint8_t *>(16);
  size_t next_ = 0;
};

void hand_on(tw_pool *pool, Exchange *exchange, uint64_t seed) {
  test::Rng rng(seed);
  for (int i = 0; i < 1000; ++i) {
    uint8_t *data = nullptr;
    size_t cap = 0;
    if (tw_pool_acquire(pool, rng() % 3 == 0 ? 100000 : rng() % 5000, &data, &cap) != TW_OK) return;
    memset(data, static_cast<int>(i), cap < 256 ? cap : 256);
    const bool both = rng() % 4 == 0;
    if (both) {
      EXPECT_EQ(tw_pool_retain(pool, data), TW_OK);
    }
    uint8_t *other = exchange->swap(data);
    if (both) {
      EXPECT_EQ(tw_pool_release(pool, data), TW_OK);
    }
    EXPECT_EQ(tw_pool_release(pool, other), TW_OK);
  }
}

TEST(PoolThreads, BuffersAreReleasedByOthers) {
  PoolUnderTest under;
  Exchange exchange;
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < 4; ++i) threads.emplace_back(hand_on, under.pool, &exchange, i);
  for (std::thread &thread : threads) thread.join();
  for (uint8_t *data : exchange.left()) under.release(data);
  const tw_pool_stats stats = under.stats();
  EXPECT_EQ(stats.in_use_len, 0u);
  EXPECT_EQ(stats.hits + stats.misses, 4000u);
  EXPECT_LE(stats.idle_len, 16u << 20);
}

// Each thread that comes and goes leaves nothing, or what the next one finds.
TEST(PoolThreads, ComeAndGo) {
  for (const bool trims : {true, false}) {
    PoolUnderTest under;
    for (int i = 0; i < 200; ++i) {
      std::thread([&] {
        under.release(under.acquire(1000));
        if (trims) {
          EXPECT_EQ(tw_pool_trim(under.pool, 0), TW_OK);
        }
      }).join();
    }
    EXPECT_EQ(under.stats().in_use_len, 0u);
    if (trims) {
      EXPECT_EQ(under.stats().idle_len, 0u);
      EXPECT_EQ(under.counting.live_blocks(), under.own_blocks() + 1) << "one cache was enough";
    }
    EXPECT_EQ(under.stats().hits + under.stats().misses, 200u);
  }
}

// More threads at once than there are caches: the others share.
TEST(PoolThreads, MoreThanCaches) {
  constexpr int kThreads = 80;
  PoolUnderTest under;
  std::atomic<int> ready{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      uint8_t *data = under.acquire(100);
      ready++;
      while (ready < kThreads) std::this_thread::yield();
      under.release(data);
      for (int turn = 0; turn < 50; ++turn) under.release(under.acquire(100));
    });
  }
  for (std::thread &thread : threads) thread.join();
  const tw_pool_stats stats = under.stats();
  EXPECT_EQ(stats.in_use_len, 0u);
  EXPECT_EQ(stats.hits + stats.misses, kThreads * 51u);
  EXPECT_GE(under.class_stats(0).high_water, static_cast<uint64_t>(kThreads));
}

// Threads that borrow what another holds become holders at the same moment: each of them counts.
TEST(PoolThreads, RetainAtOnce) {
  constexpr int kThreads = 3;
  constexpr int kTurns = 2000;
  PoolUnderTest under;
  std::vector<uint8_t *> buffers;
  for (int turn = 0; turn < kTurns; ++turn) buffers.push_back(under.acquire(turn % 2 == 0 ? 256 : 1024));
  std::atomic<int> arrived{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < kTurns; ++turn) {
        arrived++;
        while (arrived < (turn + 1) * kThreads) std::this_thread::yield();
        EXPECT_EQ(tw_pool_retain(under.pool, buffers[static_cast<size_t>(turn)]), TW_OK);
      }
    });
  }
  for (std::thread &thread : threads) thread.join();
  for (uint8_t *data : buffers) {
    for (int i = 0; i <= kThreads; ++i) EXPECT_EQ(tw_pool_release(under.pool, data), TW_OK);
    EXPECT_EQ(tw_pool_release(under.pool, data), TW_ERR_STATE);
  }
}

// What others do at the same time spoils neither the sums nor a trim, and neither spoils a buffer.
TEST(PoolThreads, AreCountedAndTrimmedMeanwhile) {
  PoolUnderTest under;
  std::atomic<bool> done{false};
  std::thread watcher([&] {
    while (!done) {
      const tw_pool_stats stats = under.stats();
      EXPECT_GE(stats.high_water_len, stats.in_use_len);
      for (size_t i = 0; i < stats.class_count; ++i) {
        const tw_pool_class_stats of = under.class_stats(i);
        EXPECT_GE(of.high_water, of.in_use);
        EXPECT_GE(of.misses, of.in_use + of.idle + of.drops);
      }
      under.release(under.acquire(300));
      EXPECT_EQ(tw_pool_trim(under.pool, 0), TW_OK);
    }
  });
  for (int round = 0; round < 5; ++round) {
    bool intact[2] = {};
    std::thread first(hold_and_release, under.pool, uint8_t{1}, &intact[0]);
    hold_and_release(under.pool, 2, &intact[1]);
    EXPECT_EQ(tw_pool_trim(under.pool, round % 2 == 0 ? 0 : 5000), TW_OK);
    first.join();
    EXPECT_TRUE(intact[0] && intact[1]);
  }
  done = true;
  watcher.join();
  EXPECT_EQ(under.stats().in_use_len, 0u);
}

// A buffer whose home belongs to a thread that gave its cache up serves the next owner of that cache.
TEST(PoolThreads, HomeOutlivesItsThread) {
  PoolUnderTest under;
  uint8_t *data = nullptr;
  std::thread([&] {
    data = under.acquire(4096);
    EXPECT_EQ(tw_pool_trim(under.pool, 0), TW_OK);
  }).join();
  under.release(data);
  EXPECT_EQ(under.acquire(4096), data);
  under.release(data);
  EXPECT_EQ(tw_pool_trim(under.pool, 0), TW_OK);
  EXPECT_EQ(under.stats().idle_len, 0u);
}

}  // namespace
}  // namespace tidewire
