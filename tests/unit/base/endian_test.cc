// SPDX-License-Identifier: MIT
#include "core/base/endian.h"

#include <gtest/gtest.h>

#include "tests/support/guarded_buffer.h"
#include "tests/support/test_bytes.h"

namespace tidewire {
namespace {

using test::Bytes;
using test::GuardedBuffer;

TEST(Endian, LoadsReadTheFirstByteAsTheHighest) {
  const Bytes data = test::hex("0123456789abcdef");
  EXPECT_EQ(load_be16(data.data()), 0x0123u);
  EXPECT_EQ(load_be32(data.data()), 0x01234567u);
  EXPECT_EQ(load_be64(data.data()), 0x0123456789ABCDEFu);
}

TEST(Endian, StoresWriteTheHighestByteFirst) {
  Bytes data(8);
  store_be16(data.data(), 0x0123);
  EXPECT_EQ(load_be16(data.data()), 0x0123u);
  EXPECT_TRUE(test::same_bytes({data.data(), 2}, test::view(test::hex("0123"))));
  store_be32(data.data(), 0x01234567);
  EXPECT_TRUE(test::same_bytes({data.data(), 4}, test::view(test::hex("01234567"))));
  store_be64(data.data(), 0x0123456789ABCDEF);
  EXPECT_TRUE(test::same_bytes({data.data(), 8}, test::view(test::hex("0123456789abcdef"))));
}

TEST(Endian, RawKeepsTheOrderOfTheBytes) {
  Bytes data(4);
  const Bytes key = test::hex("37fa213d");
  store_raw(data.data(), load_raw<uint32_t>(key.data()));
  EXPECT_TRUE(test::same_bytes(test::view(data), test::view(key)));
}

// Any alignment, and no byte beyond the value: the last one lies before a page that faults.
TEST(Endian, TouchesOnlyItsOwnBytes) {
  GuardedBuffer buffer(4096);
  for (size_t gap = 0; gap < 16; ++gap) {
    uint8_t *p = buffer.back(8, gap);
    store_be64(p, 0x1122334455667788);
    EXPECT_EQ(load_be64(p), 0x1122334455667788u);
    EXPECT_TRUE(buffer.surroundings_untouched(p, 8));
    buffer.refill(p, 8);
  }
  store_be16(buffer.back(2), 0xBEEF);
  EXPECT_EQ(load_be16(buffer.back(2)), 0xBEEFu);
  store_be32(buffer.back(4), 0xDEADBEEF);
  EXPECT_EQ(load_be32(buffer.back(4)), 0xDEADBEEFu);
  store_be32(buffer.front(), 0xDEADBEEF);
  EXPECT_EQ(load_be32(buffer.front()), 0xDEADBEEFu);
}

}  // namespace
}  // namespace tidewire
