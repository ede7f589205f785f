// SPDX-License-Identifier: MIT
#include "core/base/random.h"

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <algorithm>
#include <set>

#include "tests/support/guarded_buffer.h"
#include "tests/support/test_bytes.h"

namespace tidewire {
namespace {

using test::Bytes;
using test::GuardedBuffer;

struct Counter {
  uint8_t next = 0;
  size_t calls = 0;
};

int32_t count_up(void *context, uint8_t *out, size_t len) {
  auto *counter = static_cast<Counter *>(context);
  ++counter->calls;
  for (size_t i = 0; i < len; ++i) out[i] = counter->next++;
  return 0;
}

int32_t refuse(void *, uint8_t *, size_t) { return 1; }

TEST(Random, SystemFillsExactlyWhatWasAsked) {
  GuardedBuffer buffer(4096);
  for (const size_t len : {size_t{1}, size_t{4}, size_t{16}, size_t{255}, size_t{257}, size_t{4096}}) {
    uint8_t *out = buffer.back(len);
    ASSERT_EQ(RandomSource().fill(out, len), Status::kOk);
    EXPECT_TRUE(buffer.surroundings_untouched(out, len)) << len;
    buffer.refill(out, len);
  }
}

TEST(Random, NothingIsAskedForNothing) { EXPECT_EQ(RandomSource().fill(nullptr, 0), Status::kOk); }

// 2^-128 for a repeated key, and for a buffer whose second half was not written.
TEST(Random, SystemDoesNotRepeatItself) {
  std::set<Bytes> seen;
  for (int i = 0; i < 64; ++i) {
    Bytes key(16);
    ASSERT_EQ(RandomSource().fill(key.data(), key.size()), Status::kOk);
    EXPECT_TRUE(seen.insert(key).second);
  }
  Bytes bulk(1024);
  ASSERT_EQ(RandomSource().fill(bulk.data(), bulk.size()), Status::kOk);
  EXPECT_TRUE(std::any_of(bulk.end() - 16, bulk.end(), [](uint8_t byte) { return byte != 0; }));
}

TEST(Random, CallsTheFunctionItWasGiven) {
  Counter counter;
  const RandomSource source = {count_up, &counter};
  Bytes out(6);
  ASSERT_EQ(source.fill(out.data(), 4), Status::kOk);
  ASSERT_EQ(source.fill(out.data() + 4, 2), Status::kOk);
  EXPECT_TRUE(test::same_bytes(test::view(out), test::view(test::hex("000102030405"))));
  EXPECT_EQ(counter.calls, 2u);
}

TEST(Random, FailureOfTheSourceIsReported) {
  const RandomSource source = {refuse, nullptr};
  uint8_t byte = 0;
  EXPECT_EQ(source.fill(&byte, 1), Status::kRandom);
}

}  // namespace
}  // namespace tidewire
