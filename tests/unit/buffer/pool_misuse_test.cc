// SPDX-License-Identifier: MIT
// Holders of a buffer, and what a pool refuses: each misuse has its status and changes nothing.
#include <gtest/gtest.h>
#include <stdint.h>
#include <string.h>

#include <vector>

#include "tests/unit/buffer/pool_under_test.h"

namespace tidewire {
namespace {

using test::PoolUnderTest;

// Lengths of each kind: of a class, kept by its own length, huge.
constexpr size_t kLens[] = {256, 65536, 100000, 5 << 20};

void expect_unchanged(const PoolUnderTest &under, const tw_pool_stats &before) {
  const tw_pool_stats after = under.stats();
  EXPECT_EQ(memcmp(&after, &before, sizeof(before)), 0);
}

TEST(PoolMisuse, SecondReleaseIsRefused) {
  PoolUnderTest under;
  for (const size_t len : {size_t{256}, size_t{65536}, size_t{100000}}) {
    // The first has a home, the second is on a stack or in a list.
    uint8_t *buffers[] = {under.acquire(len), under.acquire(len)};
    for (uint8_t *data : buffers) {
      under.release(data);
      const tw_pool_stats before = under.stats();
      EXPECT_EQ(tw_pool_release(under.pool, data), TW_ERR_STATE);
      EXPECT_EQ(tw_pool_retain(under.pool, data), TW_ERR_STATE);
      expect_unchanged(under, before);
    }
    uint8_t *again[] = {under.acquire(len), under.acquire(len)};
    EXPECT_NE(again[0], again[1]);
    for (uint8_t *data : again) under.release(data);
  }
}

TEST(PoolMisuse, ForeignPointerIsRefused) {
  PoolUnderTest under, other;
  const tw_pool_stats before = under.stats();
  std::vector<uint8_t> own(4096, 0xA5);
  for (size_t i = 64; i < 200; ++i) {
    EXPECT_EQ(tw_pool_release(under.pool, own.data() + i), TW_ERR_ARGUMENT) << i;
    EXPECT_EQ(tw_pool_retain(under.pool, own.data() + i), TW_ERR_ARGUMENT) << i;
  }
  for (const size_t len : kLens) {
    uint8_t *foreign = other.acquire(len);
    EXPECT_EQ(tw_pool_release(under.pool, foreign), TW_ERR_ARGUMENT);
    EXPECT_EQ(tw_pool_release(under.pool, foreign + 32), TW_ERR_ARGUMENT);
    other.release(foreign);
  }
  expect_unchanged(under, before);
}

// A pointer that cannot be a buffer's is not even read.
TEST(PoolMisuse, WildPointerIsRefusedUnread) {
  PoolUnderTest under;
  for (const uintptr_t address : {uintptr_t{1}, uintptr_t{64}, uintptr_t{4096}, UINTPTR_MAX}) {
    EXPECT_EQ(tw_pool_release(under.pool, reinterpret_cast<uint8_t *>(address)), TW_ERR_ARGUMENT);
  }
}

TEST(PoolMisuse, NullIsIgnoredByReleaseAlone) {
  PoolUnderTest under;
  EXPECT_EQ(tw_pool_release(under.pool, nullptr), TW_OK);
  EXPECT_EQ(tw_pool_retain(under.pool, nullptr), TW_ERR_NULL);
  EXPECT_EQ(tw_pool_release(nullptr, nullptr), TW_ERR_NULL);
}

TEST(PoolHolders, BufferComesBackWithTheLast) {
  PoolUnderTest under;
  for (const size_t len : kLens) {
    for (uint64_t homes = 0; homes < 2; ++homes) {
      uint8_t *first = homes == 0 ? nullptr : under.acquire(len);
      uint8_t *data = under.acquire(len);
      const uint64_t in_use_len = under.stats().in_use_len;
      EXPECT_EQ(tw_pool_retain(under.pool, data), TW_OK);
      EXPECT_EQ(tw_pool_retain(under.pool, data), TW_OK);
      under.release(data);
      under.release(data);
      EXPECT_EQ(under.stats().in_use_len, in_use_len);
      under.release(data);
      EXPECT_EQ(under.stats().in_use_len, in_use_len / 2 * homes);
      if (first != nullptr) under.release(first);
    }
  }
  EXPECT_EQ(under.stats().in_use_len, 0u);
}

}  // namespace
}  // namespace tidewire
