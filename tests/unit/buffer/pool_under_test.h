// SPDX-License-Identifier: MIT
// A pool of the C API over a counting allocator, and what it says of itself.
#ifndef TIDEWIRE_TESTS_UNIT_BUFFER_POOL_UNDER_TEST_H_
#define TIDEWIRE_TESTS_UNIT_BUFFER_POOL_UNDER_TEST_H_

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>
#include <tidewire/tidewire.h>

#include <vector>

#include "tests/support/counting_allocator.h"

namespace tidewire::test {

class PoolUnderTest {
 public:
  explicit PoolUnderTest(uint64_t max_idle_len = 0, const std::vector<tw_pool_class> &classes = {}) {
    const tw_allocator allocator = counting.c_api();
    tw_pool_config config = TW_POOL_CONFIG_INIT;
    config.allocator = &allocator;
    config.max_idle_len = max_idle_len;
    config.classes = classes.empty() ? nullptr : classes.data();
    config.class_count = classes.size();
    EXPECT_EQ(tw_pool_create(&config, &pool), TW_OK);
    own_blocks_ = counting.live_blocks();
  }
  ~PoolUnderTest() { tw_pool_destroy(pool); }
  PoolUnderTest(const PoolUnderTest &) = delete;
  PoolUnderTest &operator=(const PoolUnderTest &) = delete;

  uint8_t *acquire(size_t len, size_t *out_cap = nullptr) {
    uint8_t *data = nullptr;
    size_t cap = 0;
    EXPECT_EQ(tw_pool_acquire(pool, len, &data, &cap), TW_OK);
    EXPECT_GE(cap, len);
    if (out_cap != nullptr) *out_cap = cap;
    return data;
  }
  void release(uint8_t *data) { EXPECT_EQ(tw_pool_release(pool, data), TW_OK); }

  tw_pool_stats stats() const {
    tw_pool_stats out = TW_POOL_STATS_INIT;
    EXPECT_EQ(tw_pool_get_stats(pool, &out), TW_OK);
    return out;
  }
  tw_pool_class_stats class_stats(size_t index) const {
    tw_pool_class_stats out = TW_POOL_CLASS_STATS_INIT;
    EXPECT_EQ(tw_pool_get_class_stats(pool, index, &out), TW_OK);
    return out;
  }
  // Blocks that are not buffers: the pool, while no thread has a cache.
  uint64_t own_blocks() const { return own_blocks_; }

  CountingAllocator counting;
  tw_pool *pool = nullptr;

 private:
  uint64_t own_blocks_ = 0;
};

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_UNIT_BUFFER_POOL_UNDER_TEST_H_
