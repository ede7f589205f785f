// SPDX-License-Identifier: MIT
#include "core/buffer/pool.h"

#include <gtest/gtest.h>
#include <stdint.h>
#include <string.h>
#include <tidewire/tidewire.h>

#include <thread>
#include <vector>

#include "tests/support/counting_allocator.h"
#include "tests/support/test_bytes.h"
#include "tests/unit/buffer/pool_under_test.h"

namespace tidewire {
namespace {

using test::CountingAllocator;
using test::PoolUnderTest;

TEST(Pool, CapacityIsThatOfTheClass) {
  constexpr size_t kCases[][2] = {{0, 256},       {1, 256},       {256, 256},    {257, 1024},  {1024, 1024},
                                  {1025, 4096},   {4096, 4096},   {4097, 8192},  {8192, 8192}, {8193, 16384},
                                  {16384, 16384}, {16385, 65536}, {65536, 65536}};
  PoolUnderTest under;
  for (const auto &one : kCases) {
    size_t cap = 0;
    uint8_t *data = under.acquire(one[0], &cap);
    ASSERT_NE(data, nullptr);
    EXPECT_EQ(cap, one[1]) << one[0];
    EXPECT_EQ(reinterpret_cast<uintptr_t>(data) % 16, 0u);
    memset(data, 0x5A, cap);
    under.release(data);
  }
}

TEST(Pool, ReleasedBufferServesTheNextOfItsClass) {
  PoolUnderTest under;
  uint8_t *first = under.acquire(1000);
  under.release(first);
  const uint64_t before = under.counting.allocations();
  EXPECT_EQ(under.acquire(300), first);
  EXPECT_EQ(under.counting.allocations(), before);
  uint8_t *other = under.acquire(100);
  EXPECT_NE(other, first);
  EXPECT_EQ(under.counting.allocations(), before + 1);
  under.release(first);
  under.release(other);
}

TEST(Pool, BuffersInUseAreApart) {
  PoolUnderTest under;
  uint8_t *first = under.acquire(256);
  uint8_t *second = under.acquire(256);
  memset(first, 1, 256);
  memset(second, 2, 256);
  EXPECT_EQ(first[255], 1);
  EXPECT_EQ(second[0], 2);
  under.release(first);
  under.release(second);
}

TEST(Pool, StatsCountWhatHappened) {
  PoolUnderTest under;
  uint8_t *small = under.acquire(1);
  uint8_t *large = under.acquire(100000);
  tw_pool_stats stats = under.stats();
  EXPECT_EQ(stats.misses, 2u);
  EXPECT_EQ(stats.hits, 0u);
  EXPECT_EQ(stats.in_use_len, 256u + 106496u);
  EXPECT_EQ(stats.idle_len, 0u);
  under.release(small);
  under.release(large);
  stats = under.stats();
  EXPECT_EQ(stats.in_use_len, 0u);
  EXPECT_EQ(stats.idle_len, 256u + 106496u);
  EXPECT_EQ(stats.drops, 0u);
  small = under.acquire(2);
  stats = under.stats();
  EXPECT_EQ(stats.hits, 1u);
  EXPECT_EQ(stats.in_use_len, 256u);
  EXPECT_EQ(stats.idle_len, 106496u);
  under.release(small);
}

TEST(Pool, LongerThanEveryClassIsRoundedUpAndKept) {
  constexpr size_t kCases[][2] = {{65537, 73728},           {73728, 73728},    {73729, 81920},   {131072, 131072},
                                  {131073, 147456},         {200000, 212992},  {262144, 262144}, {1 << 20, 1 << 20},
                                  {(1 << 20) + 1, 9 << 17}, {4 << 20, 4 << 20}};
  PoolUnderTest under;
  for (const auto &one : kCases) {
    size_t cap = 0;
    uint8_t *data = under.acquire(one[0], &cap);
    EXPECT_EQ(cap, one[1]) << one[0];
    memset(data, 0x5A, cap);
    under.release(data);
    const uint64_t before = under.counting.allocations();
    EXPECT_EQ(under.acquire(cap), data);
    EXPECT_EQ(under.counting.allocations(), before);
    under.release(data);
  }
  EXPECT_EQ(under.stats().huge, 0u);
}

TEST(Pool, HugePassesThroughAndIsCounted) {
  PoolUnderTest under(1 << 20);
  const uint64_t before = under.counting.live_len();
  size_t cap = 0;
  uint8_t *data = under.acquire((1 << 18) + 1, &cap);
  EXPECT_EQ(cap, (1u << 18) + 1);
  tw_pool_stats stats = under.stats();
  EXPECT_EQ(stats.huge, 1u);
  EXPECT_EQ(stats.in_use_len, cap);
  EXPECT_EQ(stats.high_water_len, cap);
  EXPECT_EQ(stats.hits + stats.misses, 0u);
  under.release(data);
  stats = under.stats();
  EXPECT_EQ(stats.in_use_len + stats.idle_len + stats.drops, 0u);
  EXPECT_EQ(under.counting.live_len(), before);
}

TEST(Pool, IdleBytesStayWithinTheirLimit) {
  PoolUnderTest under(2 * 4096);
  uint8_t *buffers[3];
  for (uint8_t *&data : buffers) data = under.acquire(4096);
  for (uint8_t *data : buffers) under.release(data);
  EXPECT_EQ(under.stats().idle_len, 2u * 4096u);
  EXPECT_EQ(under.stats().drops, 1u);
  EXPECT_EQ(under.counting.live_blocks(), under.own_blocks() + 3) << "two buffers and the thread's cache";
}

TEST(Pool, LimitBelowAClassKeepsNoneOfIt) {
  PoolUnderTest under(4095);
  under.release(under.acquire(4096));
  EXPECT_EQ(under.stats().drops, 1u);
  under.release(under.acquire(1024));
  EXPECT_EQ(under.stats().idle_len, 1024u);
}

TEST(Pool, ReleaseOfNothingIsIgnored) {
  PoolUnderTest under;
  under.release(nullptr);
  tw_pool_release(nullptr, nullptr);
  EXPECT_EQ(under.stats().in_use_len, 0u);
}

TEST(Pool, ReuseAllocatesNothing) {
  PoolUnderTest under;
  for (const size_t len : kPoolClassLen) under.release(under.acquire(len));
  for (const size_t len : {size_t{1} << 18, size_t{1} << 20}) under.release(under.acquire(len));
  const uint64_t before = under.counting.allocations();
  test::Rng rng(11);
  for (int i = 0; i < 10000; ++i) {
    under.release(under.acquire(rng() % 65537));
    under.release(under.acquire(size_t{1} << (rng() % 2 == 0 ? 18 : 20)));
  }
  EXPECT_EQ(under.counting.allocations(), before);
}

TEST(Pool, RefusedMemoryIsReportedAndChangesNothing) {
  PoolUnderTest under;
  uint8_t *data = under.acquire(1);
  const tw_pool_stats before = under.stats();
  under.counting.fail_after(0, true);
  uint8_t *none = data;
  size_t cap = 0;
  EXPECT_EQ(tw_pool_acquire(under.pool, 1, &none, &cap), TW_ERR_NO_MEMORY);
  EXPECT_EQ(none, nullptr);
  EXPECT_EQ(tw_pool_acquire(under.pool, SIZE_MAX, &none, &cap), TW_ERR_NO_MEMORY);
  EXPECT_EQ(tw_pool_acquire(under.pool, SIZE_MAX - 15, &none, &cap), TW_ERR_NO_MEMORY);
  const tw_pool_stats after = under.stats();
  EXPECT_EQ(memcmp(&after, &before, sizeof(before)), 0);
  under.counting.never_fail();
  under.release(data);
}

TEST(Pool, CreationWithoutMemoryWritesNull) {
  CountingAllocator counting;
  counting.fail_after(0);
  const tw_allocator allocator = counting.c_api();
  tw_pool_config config = TW_POOL_CONFIG_INIT;
  config.allocator = &allocator;
  tw_pool *pool = reinterpret_cast<tw_pool *>(&config);
  EXPECT_EQ(tw_pool_create(&config, &pool), TW_ERR_NO_MEMORY);
  EXPECT_EQ(pool, nullptr);
}

TEST(Pool, DefaultsComeWithoutAConfiguration) {
  tw_pool *pool = nullptr;
  ASSERT_EQ(tw_pool_create(nullptr, &pool), TW_OK);
  uint8_t *data = nullptr;
  size_t cap = 0;
  ASSERT_EQ(tw_pool_acquire(pool, 5000, &data, &cap), TW_OK);
  EXPECT_EQ(cap, 8192u);
  tw_pool_release(pool, data);
  tw_pool_destroy(pool);
  tw_pool_destroy(nullptr);
}

TEST(Pool, ArgumentsAreChecked) {
  tw_pool *pool = nullptr;
  uint8_t *data = nullptr;
  size_t cap = 0;
  tw_pool_stats stats = TW_POOL_STATS_INIT;
  EXPECT_EQ(tw_pool_create(nullptr, nullptr), TW_ERR_NULL);
  EXPECT_EQ(tw_pool_acquire(nullptr, 1, &data, &cap), TW_ERR_NULL);
  EXPECT_EQ(tw_pool_get_stats(nullptr, &stats), TW_ERR_NULL);
  tw_pool_config config = TW_POOL_CONFIG_INIT;
  config.struct_size = sizeof(size_t);
  EXPECT_EQ(tw_pool_create(&config, &pool), TW_ERR_ARGUMENT);
  PoolUnderTest under;
  EXPECT_EQ(tw_pool_acquire(under.pool, 1, nullptr, &cap), TW_ERR_NULL);
  EXPECT_EQ(tw_pool_acquire(under.pool, 1, &data, nullptr), TW_ERR_NULL);
  EXPECT_EQ(tw_pool_get_stats(under.pool, nullptr), TW_ERR_NULL);
  stats.struct_size = sizeof(size_t);
  EXPECT_EQ(tw_pool_get_stats(under.pool, &stats), TW_ERR_ARGUMENT);
}

TEST(Pool, HalfAnAllocatorIsRefused) {
  CountingAllocator counting;
  tw_allocator allocator = counting.c_api();
  allocator.release = nullptr;
  tw_pool_config config = TW_POOL_CONFIG_INIT;
  config.allocator = &allocator;
  tw_pool *pool = nullptr;
  EXPECT_EQ(tw_pool_create(&config, &pool), TW_ERR_NULL);
  EXPECT_EQ(pool, nullptr);
}

TEST(Pool, ExactBuffersAreKeptByTheirLength) {
  CountingAllocator counting;
  Pool *pool = Pool::create(counting.core(), 2 << 20);
  uint8_t *small = pool->acquire_exact(100), *large = pool->acquire_exact(270000);
  ASSERT_NE(small, nullptr);
  ASSERT_NE(large, nullptr);
  memset(large, 0x5A, 270000);
  pool->release(small);
  pool->release(large);
  EXPECT_EQ(pool->stats().idle_len, 270100u);
  EXPECT_EQ(pool->acquire_exact(270000), large);
  EXPECT_EQ(pool->acquire_exact(100), small);
  EXPECT_EQ(pool->stats().hits, 2u);
  pool->release(small);
  pool->release(large);
  Pool::destroy(pool);
}

// A length that is asked for again and again is kept while the cap has room for it; what never fits is huge.
TEST(Pool, LongExactBuffersAreKept) {
  PoolUnderTest under(1 << 20);
  for (const size_t len : {size_t{268} << 10, size_t{1} << 20}) {
    uint8_t *data = nullptr, *again = nullptr;
    ASSERT_EQ(tw_pool_acquire_exact(under.pool, len, &data), TW_OK);
    under.release(data);
    EXPECT_EQ(under.stats().idle_len, len);
    ASSERT_EQ(tw_pool_acquire_exact(under.pool, len, &again), TW_OK);
    EXPECT_EQ(again, data);
    under.release(again);
    EXPECT_EQ(tw_pool_trim(under.pool, 0), TW_OK);
  }
  EXPECT_EQ(under.stats().hits, 2u);
  EXPECT_EQ(under.stats().huge, 0u);
  uint8_t *data = nullptr;
  ASSERT_EQ(tw_pool_acquire_exact(under.pool, (1 << 20) + 1, &data), TW_OK);
  EXPECT_EQ(under.stats().huge, 1u);
  under.release(data);
  EXPECT_EQ(under.stats().idle_len, 0u);
}

TEST(Pool, ExactLengthsAtTheEndAreRefused) {
  PoolUnderTest under(UINT64_MAX);
  for (const size_t len : {SIZE_MAX, SIZE_MAX - 47}) {
    uint8_t byte = 0, *data = &byte;
    EXPECT_EQ(tw_pool_acquire_exact(under.pool, len, &data), TW_ERR_NO_MEMORY);
    EXPECT_EQ(data, nullptr);
  }
}

TEST(Pool, ExactBufferOfAClassIsOneOfIt) {
  PoolUnderTest under;
  uint8_t *data = nullptr;
  ASSERT_EQ(tw_pool_acquire_exact(under.pool, 4096, &data), TW_OK);
  under.release(data);
  EXPECT_EQ(under.acquire(4000), data);
  under.release(data);
  ASSERT_EQ(tw_pool_acquire_exact(under.pool, 0, &data), TW_OK);
  under.release(data);
}

TEST(Pool, ExactBuffersCountAgainstTheCap) {
  CountingAllocator counting;
  Pool *pool = Pool::create(counting.core(), 1000);
  uint8_t *first = pool->acquire_exact(600), *second = pool->acquire_exact(600);
  pool->release(first);
  pool->release(second);
  EXPECT_EQ(pool->stats().idle_len, 600u);
  EXPECT_EQ(pool->stats().drops, 1u);
  Pool::destroy(pool);
}

TEST(Pool, EqualBytesAreSharedUntilTheLastHolderGoes) {
  CountingAllocator counting;
  Pool *pool = Pool::create(counting.core(), 0);
  const uint64_t before = counting.live_len();
  const char text[] = "settings", other[] = "Settings";
  const void *first = pool->share(text, sizeof(text));
  const void *second = pool->share(text, sizeof(text));
  const void *third = pool->share(other, sizeof(other));
  EXPECT_EQ(first, second);
  EXPECT_NE(first, third);
  EXPECT_EQ(memcmp(first, text, sizeof(text)), 0);
  EXPECT_EQ(counting.live_blocks(), 3u);
  pool->unshare(first);
  EXPECT_EQ(memcmp(second, text, sizeof(text)), 0);
  pool->unshare(second);
  pool->unshare(third);
  EXPECT_EQ(counting.live_len(), before);
  Pool::destroy(pool);
}

TEST(Pool, WithoutMemoryNothingIsShared) {
  CountingAllocator counting;
  Pool *pool = Pool::create(counting.core(), 0);
  counting.fail_after(0);
  EXPECT_EQ(pool->share("x", 1), nullptr);
  Pool::destroy(pool);
}

}  // namespace
}  // namespace tidewire
