// SPDX-License-Identifier: MIT
#include "core/message/prepared.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "core/message/send_flags.h"
#include "core/wire/opcode.h"
#include "tests/reference/inflate_ref.h"
#include "tests/support/counting_allocator.h"
#include "tests/support/frames.h"
#include "tests/support/test_bytes.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

constexpr DeflateProfile kFast = {1, 8, 15};
constexpr DeflateProfile kSmall = {9, 1, 10};

// A prepared message whose memory is counted.
class PreparedUnderTest {
 public:
  PreparedUnderTest() {
    source_.allocator = counting.core();
    source_.max_held_len = UINT64_MAX;
  }
  ~PreparedUnderTest() { Prepared::destroy(prepared); }

  Status create(uint8_t opcode, const Bytes &payload, uint32_t flags = 0) {
    return Prepared::create(source_, opcode, view(payload), flags, &prepared);
  }
  void destroy() {
    Prepared::destroy(prepared);
    prepared = nullptr;
  }

  CountingAllocator counting;
  Prepared *prepared = nullptr;

 private:
  LeaseSource source_;
};

Bytes server_frame(uint8_t first, const Bytes &payload) {
  FrameSpec spec;
  spec.opcode = first & 0x0F;
  spec.flags = first & 0xF0;
  spec.payload = payload;
  return wire(spec);
}

Bytes inflated(const PreparedFrame &frame) {
  const reference::Inflated out = reference::inflate(copy(frame.payload()), true, {});
  EXPECT_EQ(out.verdict, reference::InflateVerdict::ok);
  return out.bytes;
}

TEST(Prepared, IsAServersFrameOfEveryLength) {
  for (const size_t len : {0, 1, 125, 126, 65535, 65536}) {
    PreparedUnderTest under;
    ASSERT_EQ(under.create(kBinary, pattern(len)), Status::kOk);
    const PreparedFrame &frame = under.prepared->plain();
    EXPECT_TRUE(same_bytes(frame.bytes, view(server_frame(0x82, pattern(len))))) << len;
    EXPECT_TRUE(same_bytes(frame.payload(), view(pattern(len)))) << len;
    EXPECT_FALSE(frame.deflated);
    EXPECT_EQ(under.counting.allocations(), 1u) << "one copy, with all that belongs to it";
  }
}

TEST(Prepared, TextIsValidatedUnlessTheCallerVouchesForIt) {
  PreparedUnderTest under;
  for (const Bytes &bad : {hex("ff"), hex("c3"), hex("61 e282")}) {
    EXPECT_EQ(under.create(kText, bad), Status::kText);
    EXPECT_EQ(under.prepared, nullptr);
  }
  EXPECT_EQ(under.create(kText, hex("ff"), kSendValidUtf8), Status::kOk);
  under.destroy();
  EXPECT_EQ(under.create(kText, hex("c3bc")), Status::kOk);
}

TEST(Prepared, FlagsOfOtherSendsAreRefused) {
  PreparedUnderTest under;
  for (const uint32_t flags :
       {kSendMore + 0u, kSendBorrow + 0u, kSendBorrow | kSendMaskInPlace, kSendCompress | kSendNoCompress, 0x40u}) {
    EXPECT_EQ(under.create(kBinary, {}, flags), Status::kArgument) << flags;
    EXPECT_EQ(under.prepared, nullptr);
  }
}

TEST(Prepared, IsCompressedOnceForEachProfile) {
  const Bytes message(5000, 'a');
  PreparedUnderTest under;
  ASSERT_EQ(under.create(kText, message), Status::kOk);
  const PreparedFrame &fast = under.prepared->deflated(kFast);
  const uint64_t allocations = under.counting.allocations();
  const PreparedFrame &small = under.prepared->deflated(kSmall);
  EXPECT_GT(under.counting.allocations(), allocations);
  EXPECT_EQ(under.counting.live_blocks(), 3u) << "compressors are not kept";
  const uint64_t after = under.counting.allocations();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(&under.prepared->deflated(kFast), &fast);
    EXPECT_EQ(&under.prepared->deflated(kSmall), &small);
  }
  EXPECT_EQ(under.counting.allocations(), after);
  for (const PreparedFrame *frame : {&fast, &small}) {
    EXPECT_TRUE(frame->deflated);
    EXPECT_EQ(frame->first(), 0xC1);
    EXPECT_EQ(inflated(*frame), message);
    EXPECT_TRUE(same_bytes(frame->bytes, view(server_frame(0xC1, copy(frame->payload())))));
  }
}

TEST(Prepared, WhatDoesNotShrinkStaysAsItIs) {
  Rng rng(4);
  PreparedUnderTest under;
  ASSERT_EQ(under.create(kBinary, random_bytes(rng, 3000)), Status::kOk);
  const PreparedFrame &frame = under.prepared->deflated(kFast);
  EXPECT_FALSE(frame.deflated);
  EXPECT_EQ(frame.bytes.data, under.prepared->plain().bytes.data);
  const uint64_t after = under.counting.allocations();
  under.prepared->deflated(kFast);
  EXPECT_EQ(under.counting.allocations(), after) << "and is not tried again";
}

TEST(Prepared, FramesStayWithTheHoldersOfTheirLeases) {
  PreparedUnderTest under;
  const Bytes message(5000, 'a');
  ASSERT_EQ(under.create(kBinary, message), Status::kOk);
  const PreparedFrame plain = under.prepared->plain(), deflated = under.prepared->deflated(kFast);
  plain.lease->retain();
  deflated.lease->retain();
  under.destroy();
  EXPECT_EQ(under.counting.live_blocks(), 2u);
  EXPECT_TRUE(same_bytes(plain.payload(), view(message)));
  EXPECT_EQ(inflated(deflated), message);
  plain.lease->release();
  deflated.lease->release();
  EXPECT_EQ(under.counting.live_blocks(), 0u);
}

TEST(Prepared, WithoutMemory) {
  PreparedUnderTest under;
  const Bytes message(5000, 'a');
  under.counting.fail_after(0);
  EXPECT_EQ(under.create(kBinary, message), Status::kNoMemory);
  EXPECT_EQ(under.prepared, nullptr);
  ASSERT_EQ(under.create(kBinary, message), Status::kOk);
  for (uint64_t n = 0; n < 3; ++n) {
    under.counting.fail_after(n);
    EXPECT_FALSE(under.prepared->deflated(kFast).deflated) << n;
    EXPECT_EQ(under.counting.live_blocks(), 1u) << n;
  }
  EXPECT_TRUE(under.prepared->deflated(kFast).deflated) << "it is tried again";
}

TEST(Prepared, ThreadsShareItsFrames) {
  PreparedUnderTest under;
  const Bytes message(5000, 'a');
  ASSERT_EQ(under.create(kBinary, message), Status::kOk);
  std::vector<const uint8_t *> seen[2];
  std::vector<std::thread> threads;
  for (auto &own : seen) {
    threads.emplace_back([&] {
      for (uint32_t i = 0; i < 90; ++i) {
        const PreparedFrame frame = under.prepared->deflated({1 + i % 9, 8, 15});
        frame.lease->retain();
        own.push_back(frame.bytes.data);
        frame.lease->release();
      }
    });
  }
  for (std::thread &thread : threads) thread.join();
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_EQ(under.counting.live_blocks(), 10u) << "one for each level, and the message";
}

}  // namespace
}  // namespace tidewire
