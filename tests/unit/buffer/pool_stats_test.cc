// SPDX-License-Identifier: MIT
// What a pool counts, against a model that is obvious; its cap; trim; and what it advises.
#include <gtest/gtest.h>
#include <stdint.h>
#include <string.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "core/buffer/pool_advice.h"
#include "tests/support/test_bytes.h"
#include "tests/unit/buffer/pool_under_test.h"

namespace tidewire {
namespace {

using test::PoolUnderTest;

// One thread, no caps: what is idle serves whoever asks for its length.
class PoolModel {
 public:
  void acquire(size_t cap) {
    Length &of = lengths_[cap];
    ++(of.idle > 0 ? of.hits : of.misses);
    if (of.idle > 0) --of.idle;
    of.high_water = std::max(of.high_water, ++of.in_use);
  }
  void release(size_t cap) {
    --lengths_[cap].in_use;
    ++lengths_[cap].idle;
  }
  void expect_equal(const PoolUnderTest &under) {
    uint64_t hits = 0, misses = 0, in_use_len = 0, idle_len = 0;
    for (const auto &[cap, of] : lengths_) {
      hits += of.hits;
      misses += of.misses;
      in_use_len += of.in_use * cap;
      idle_len += of.idle * cap;
    }
    const tw_pool_stats stats = under.stats();
    EXPECT_EQ(stats.hits, hits);
    EXPECT_EQ(stats.misses, misses);
    EXPECT_EQ(stats.in_use_len, in_use_len);
    EXPECT_EQ(stats.idle_len, idle_len);
    EXPECT_EQ(stats.drops, 0u);
    EXPECT_GE(stats.high_water_len, in_use_len);
    for (size_t i = 0; i < stats.class_count; ++i) expect_class(under.class_stats(i));
  }

 private:
  struct Length {
    uint64_t hits = 0, misses = 0, idle = 0, in_use = 0, high_water = 0;
  };

  void expect_class(const tw_pool_class_stats &stats) {
    const Length &of = lengths_[stats.len];
    EXPECT_EQ(stats.hits, of.hits) << stats.len;
    EXPECT_EQ(stats.misses, of.misses) << stats.len;
    EXPECT_EQ(stats.idle, of.idle) << stats.len;
    EXPECT_EQ(stats.in_use, of.in_use) << stats.len;
    EXPECT_EQ(stats.high_water, of.high_water) << stats.len;
  }

  std::map<size_t, Length> lengths_;
};

TEST(PoolStats, AgreeWithAModel) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    PoolUnderTest under(uint64_t{1} << 40);
    PoolModel model;
    test::Rng rng(seed);
    std::vector<std::pair<uint8_t *, size_t>> held;
    for (int i = 0; i < 3000; ++i) {
      if (held.empty() || (rng() % 2 == 0 && held.size() < 100)) {
        size_t cap = 0;
        uint8_t *data = under.acquire(rng() % (rng() % 8 == 0 ? 300000 : 20000), &cap);
        memset(data, 0x5A, cap);
        model.acquire(cap);
        held.emplace_back(data, cap);
      } else {
        std::swap(held[rng() % held.size()], held.back());
        under.release(held.back().first);
        model.release(held.back().second);
        held.pop_back();
      }
      if (i % 500 == 0) model.expect_equal(under);
    }
    for (const auto &[data, cap] : held) {
      under.release(data);
      model.release(cap);
    }
    model.expect_equal(under);
  }
}

// Idle buffers are not in use, wherever they are kept.
TEST(PoolStats, HighWaterOfHugeLeavesOutWhatIsIdle) {
  PoolUnderTest under;
  under.release(under.acquire(100000));
  under.release(under.acquire(5 << 20));
  EXPECT_EQ(under.stats().high_water_len, 5u << 20);
}

// Whatever is done, no more is idle than the cap allows, by class and in all.
TEST(PoolStats, CapsHold) {
  for (const uint64_t max_idle_len : {1u, 5000u, 100000u, 1000000u}) {
    PoolUnderTest under(max_idle_len, {{256, 3}, {4096, 0}, {65536, 1}});
    test::Rng rng(max_idle_len);
    std::vector<uint8_t *> held;
    for (int i = 0; i < 5000; ++i) {
      if (held.empty() || (rng() % 2 == 0 && held.size() < 50)) {
        held.push_back(under.acquire(rng() % (rng() % 4 == 0 ? 100000 : 5000)));
      } else {
        std::swap(held[rng() % held.size()], held.back());
        under.release(held.back());
        held.pop_back();
      }
      ASSERT_LE(under.stats().idle_len, max_idle_len);
      ASSERT_LE(under.class_stats(0).idle, 3u);
      ASSERT_LE(under.class_stats(2).idle, 1u);
    }
    EXPECT_GT(under.stats().drops, 0u);
    for (uint8_t *data : held) under.release(data);
    const tw_pool_stats stats = under.stats();
    EXPECT_EQ(stats.in_use_len, 0u);
    EXPECT_LT(under.counting.live_len(), stats.idle_len + 20000) << "the pool itself, a cache, 48 bytes a buffer";
  }
}

TEST(PoolTrim, KeepsWhatItIsTold) {
  PoolUnderTest under;
  std::vector<uint8_t *> held;
  for (int i = 0; i < 100; ++i) held.push_back(under.acquire(i % 2 == 0 ? 4096 : 100000));
  for (uint8_t *data : held) under.release(data);
  for (const uint64_t keep_len : {uint64_t{3} << 20, uint64_t{1} << 20, uint64_t{5000}, uint64_t{0}}) {
    ASSERT_EQ(tw_pool_trim(under.pool, keep_len), TW_OK);
    EXPECT_LE(under.stats().idle_len, keep_len);
    EXPECT_GE(under.stats().idle_len + 110000, keep_len);
  }
  EXPECT_EQ(under.stats().drops, 0u);
  EXPECT_EQ(under.counting.live_blocks(), under.own_blocks() + 1) << "the thread's cache";
  EXPECT_EQ(tw_pool_trim(nullptr, 0), TW_ERR_NULL);
}

// Each allocation fails in turn: the caller learns of it, and nothing is lost or counted.
TEST(PoolStats, EveryAllocationMayFail) {
  for (uint64_t n = 0; n < 8; ++n) {
    PoolUnderTest under;
    under.counting.fail_after(n);
    uint64_t refused = 0;
    std::vector<uint8_t *> held;
    for (const size_t len : {100, 5000, 100000, 5 << 20, 100, 100000}) {
      uint8_t *data = nullptr;
      size_t cap = 0;
      const tw_status status = tw_pool_acquire(under.pool, len, &data, &cap);
      if (status == TW_OK) {
        held.push_back(data);
      } else {
        EXPECT_EQ(status, TW_ERR_NO_MEMORY);
        EXPECT_EQ(data, nullptr);
        ++refused;
      }
    }
    EXPECT_EQ(refused, n < 7 && n != 1 ? 1u : 0u) << "without its cache a thread goes on";
    const tw_pool_stats stats = under.stats();
    EXPECT_EQ(stats.misses + stats.huge, held.size());
    for (uint8_t *data : held) under.release(data);
    EXPECT_EQ(under.stats().in_use_len, 0u);
  }
}

TEST(PoolConfig, ClassesMustAscend) {
  const std::vector<std::vector<tw_pool_class>> bad = {
      {{0, 0}}, {{10, 0}, {10, 0}}, {{20, 0}, {10, 0}}, std::vector<tw_pool_class>(17, tw_pool_class{1, 0})};
  for (const auto &classes : bad) {
    tw_pool_config config = TW_POOL_CONFIG_INIT;
    config.classes = classes.data();
    config.class_count = classes.size();
    tw_pool *pool = reinterpret_cast<tw_pool *>(&config);
    EXPECT_EQ(tw_pool_create(&config, &pool), TW_ERR_ARGUMENT);
    EXPECT_EQ(pool, nullptr);
  }
}

TEST(PoolConfig, AnyAscendingClassesServe) {
  std::vector<tw_pool_class> classes;
  for (uint64_t i = 0; i < TW_POOL_CLASSES_MAX; ++i) classes.push_back({1 + i * i * 1000, 0});
  PoolUnderTest under(0, classes);
  for (size_t len = 1; len <= classes.back().len; len += 97) {
    size_t cap = 0;
    uint8_t *data = under.acquire(len, &cap);
    const auto smallest = std::find_if(classes.begin(), classes.end(), [&](const auto &one) { return one.len >= len; });
    EXPECT_EQ(cap, smallest->len);
    under.release(data);
  }
}

TEST(PoolAdvice, FollowsTheNumbers) {
  struct Case {
    uint64_t max_idle, hits, misses, drops, high_water, advice;
    const char *reason;
  };
  constexpr Case kCases[] = {
      {50, 0, 0, 0, 0, 50, "never acquired: max_idle stays 50"},
      {50, 700, 300, 0, 60, 60, "70.0 % of 1000 acquisitions were hits"},
      {0, 700, 300, 0, 10, 12, "hits are under 80 %: max_idle 0 -> 12"},
      {50, 800, 200, 100, 60, 50, "max_idle stays 50"},
      {50, 960, 40, 501, 60, 40, "hits are over 95 %, and more than half was dropped: max_idle 50 -> 40"},
      {50, 960, 40, 500, 60, 50, "max_idle stays 50"},
      {50, 950, 50, 900, 60, 50, "max_idle stays 50"},
      {1, 960, 40, 501, 60, 1, "max_idle stays 1"},
  };
  for (const Case &one : kCases) {
    PoolClassStats stats;
    stats.len = 4096;
    stats.max_idle = one.max_idle;
    stats.hits = one.hits;
    stats.misses = one.misses;
    stats.drops = one.drops;
    stats.high_water = one.high_water;
    EXPECT_EQ(pool_advice(stats), one.advice);
    char text[300];
    const size_t len = pool_advice_text(stats, text, sizeof(text));
    ASSERT_LE(len, sizeof(text));
    EXPECT_NE(std::string(text, len).find(one.reason), std::string::npos) << std::string(text, len);
    EXPECT_EQ(pool_advice_text(stats, nullptr, 0), len);
  }
}

TEST(PoolAdvice, SaysHowMuchRoomItNeeds) {
  PoolUnderTest under;
  under.release(under.acquire(1));
  size_t count = 0, text_len = 0;
  EXPECT_EQ(tw_pool_advise(under.pool, nullptr, 0, &count, nullptr, 0, &text_len), TW_NEED_ROOM);
  EXPECT_EQ(count, 6u);
  std::vector<tw_pool_class> classes(count);
  std::string text(text_len + 1, 'x');
  EXPECT_EQ(tw_pool_advise(under.pool, classes.data(), count, &count, text.data(), text_len, &text_len), TW_NEED_ROOM);
  EXPECT_EQ(tw_pool_advise(under.pool, classes.data(), count, &count, text.data(), text_len + 1, &text_len), TW_OK);
  EXPECT_EQ(strlen(text.c_str()), text_len);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 6);
  EXPECT_EQ(classes[0].len, 256u);
  EXPECT_EQ(classes[0].max_idle, 2u);
  EXPECT_EQ(tw_pool_advise(nullptr, nullptr, 0, &count, nullptr, 0, &text_len), TW_ERR_NULL);
  EXPECT_EQ(tw_pool_advise(under.pool, nullptr, 1, &count, nullptr, 0, &text_len), TW_ERR_NULL);
}

}  // namespace
}  // namespace tidewire
