// SPDX-License-Identifier: MIT
// Whoever uses a buffer after its release is found by AddressSanitizer, which is what this test needs to be built with:
// without it such a use goes unnoticed.
#include "core/buffer/pool_block.h"

#if defined(TW_POOL_POISON)
#include <gtest/gtest.h>
#include <stdint.h>
#include <string.h>

#include "tests/unit/buffer/pool_under_test.h"

namespace tidewire {
namespace {

using test::PoolUnderTest;

TEST(PoolPoisonDeathTest, UseAfterReleaseIsFound) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  PoolUnderTest under;
  for (const size_t len : {size_t{256}, size_t{65536}, size_t{100000}}) {
    // The first has a home, the second is on a stack or in a list.
    uint8_t *buffers[] = {under.acquire(len), under.acquire(len)};
    for (uint8_t *data : buffers) under.release(data);
    for (uint8_t *data : buffers) {
      volatile uint8_t *const bytes = data;
      EXPECT_DEATH(bytes[0] = 1, "use-after-poison");
      EXPECT_DEATH(bytes[len - 1] = 1, "use-after-poison");
    }
    uint8_t *again[] = {under.acquire(len), under.acquire(len)};
    for (uint8_t *data : again) memset(data, 0x5A, len);
    for (uint8_t *data : again) under.release(data);
  }
}

}  // namespace
}  // namespace tidewire
#endif  // TW_POOL_POISON
