// SPDX-License-Identifier: MIT
// The two frame loops of each instruction set, as the connection uses them: limits, positions, tags, and where the
// loop for messages stops. frame_batch_test.cc has the rules.
#include <gtest/gtest.h>
#include <stdint.h>

#include <utility>

#include "core/base/macros.h"
#include "core/wire/frame_batch.h"
#include "tests/support/each_kernel.h"
#include "tests/support/frames.h"
#include "tests/support/test_bytes.h"

namespace tidewire {
namespace {

using test::Bytes;
using test::hex;
using test::wire;

constexpr uint8_t kFinMasked = TW_FRAME_FIN | TW_FRAME_MASKED;

// A buffer and the batch that reads it.
struct Reading {
  explicit Reading(Bytes bytes, uint32_t rules = kRequireMasked | kValidateText) : data(std::move(bytes)) {
    batch.data = data.data();
    batch.len = data.size();
    batch.frames = frames;
    batch.cap = 16;
    batch.rules = rules;
    batch.max_payload_len = UINT64_MAX;
  }
  Bytes data;
  Frame frames[16] = {};
  FrameBatch batch = {};
};

Bytes message(const Bytes &payload, uint8_t opcode = TW_OPCODE_BINARY) {
  return wire({.opcode = opcode, .flags = kFinMasked, .payload = payload});
}

TEST(FrameLoops, LimitIsJudgedByTheHeaderAlone) {
  test::each_kernel([](const Kernels &row) {
    const Bytes whole = message(test::pattern(101));
    for (const size_t len : {size_t{6}, size_t{50}, whole.size()}) {
      Reading reading(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(len)));
      reading.batch.max_payload_len = 100;
      EXPECT_EQ(frame_loops(row.isa).frames(&reading.batch), Status::kLimitFrame) << len;
      EXPECT_EQ(reading.batch.pos, 0u);
      EXPECT_EQ(reading.batch.count, 0u);
    }
  });
}

TEST(FrameLoops, LimitItselfIsAllowed) {
  test::each_kernel([](const Kernels &row) {
    Reading reading(message(test::pattern(100)));
    reading.batch.max_payload_len = 100;
    EXPECT_EQ(frame_loops(row.isa).frames(&reading.batch), Status::kOk);
    EXPECT_EQ(reading.batch.count, 1u);
  });
}

TEST(FrameLoops, ContinueWhereTheBatchStands) {
  test::each_kernel([](const Kernels &row) {
    const Bytes first = message({1});
    for (const bool messages : {false, true}) {
      Reading reading(test::join({first, message({2, 3})}));
      reading.batch.pos = first.size();
      reading.batch.count = 1;
      reading.batch.base_offset = 1000;
      reading.batch.tag = 2;
      const FrameLoops &loops = frame_loops(row.isa);
      EXPECT_EQ((messages ? loops.messages : loops.frames)(&reading.batch), Status::kOk);
      EXPECT_EQ(reading.batch.pos, reading.data.size());
      ASSERT_EQ(reading.batch.count, 2u);
      EXPECT_EQ(reading.frames[0].payload, nullptr);
      EXPECT_EQ(reading.frames[1].payload_len, 2u);
      EXPECT_EQ(reading.frames[1].tag, 2);
      EXPECT_EQ(reading.frames[1].offset, 1000 + first.size());
    }
  });
}

TEST(FrameLoops, BadTextHasTheOffsetOfItsFirstBadByte) {
  test::each_kernel([](const Kernels &row) {
    for (const size_t at : {size_t{0}, size_t{5}, size_t{40}, size_t{299}}) {
      Bytes payload(300, 'x');
      payload[at] = 0xFF;
      const Bytes good = message({1});
      const Bytes bad = message(payload, TW_OPCODE_TEXT);
      for (const bool messages : {false, true}) {
        Reading reading(test::join({good, bad}));
        const FrameLoops &loops = frame_loops(row.isa);
        EXPECT_EQ((messages ? loops.messages : loops.frames)(&reading.batch), Status::kUtf8);
        EXPECT_EQ(reading.batch.error_offset, good.size() + bad.size() - payload.size() + at);
        EXPECT_EQ(reading.batch.pos, good.size());
        EXPECT_EQ(reading.batch.count, 1u);
      }
    }
  });
}

TEST(FrameLoops, BadTextOfAnUnmaskedFrameHasItsOffsetToo) {
  test::each_kernel([](const Kernels &row) {
    Reading reading(wire({.opcode = TW_OPCODE_TEXT, .payload = hex("6161ff")}), kRequireUnmasked | kValidateText);
    EXPECT_EQ(frame_loops(row.isa).frames(&reading.batch), Status::kUtf8);
    EXPECT_EQ(reading.batch.error_offset, 4u);
  });
}

// A code point that the end of the message cuts has no first bad byte: the offset is that of the end.
TEST(FrameLoops, CutTextHasTheOffsetOfItsEnd) {
  test::each_kernel([](const Kernels &row) {
    Reading reading(message(hex("61e6bd"), TW_OPCODE_TEXT));
    EXPECT_EQ(frame_loops(row.isa).frames(&reading.batch), Status::kUtf8);
    EXPECT_EQ(reading.batch.error_offset, reading.data.size());
  });
}

TEST(FrameLoops, MessagesHaveNeitherKeyNorHeaderLength) {
  test::each_kernel([](const Kernels &row) {
    Reading reading(test::join({message(test::text("ab"), TW_OPCODE_TEXT), message(test::pattern(200))}));
    EXPECT_EQ(frame_loops(row.isa).messages(&reading.batch), Status::kOk);
    ASSERT_EQ(reading.batch.count, 2u);
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(reading.frames[i].key, 0u);
      EXPECT_EQ(reading.frames[i].header_len, 0);
      EXPECT_EQ(reading.frames[i].flags, TW_FRAME_FIN);
    }
    EXPECT_EQ(reading.frames[0].opcode, TW_OPCODE_TEXT);
    EXPECT_EQ(reading.frames[1].opcode, TW_OPCODE_BINARY);
    EXPECT_TRUE(test::same_bytes({reading.frames[1].payload, 200}, test::view(test::pattern(200))));
  });
}

// Whatever is not a message of one frame is left to somebody else, untouched.
TEST(FrameLoops, MessagesStopBeforeAnythingElse) {
  const Bytes good = message(test::text("good"), TW_OPCODE_TEXT);
  const Bytes cut = message(test::pattern(50));
  const Bytes others[] = {
      wire({.opcode = TW_OPCODE_PING, .flags = kFinMasked, .payload = {1}}),
      wire({.opcode = TW_OPCODE_CLOSE, .flags = kFinMasked}),
      wire({.opcode = TW_OPCODE_TEXT, .flags = TW_FRAME_MASKED, .payload = {1}}),
      wire({.opcode = TW_OPCODE_CONTINUATION, .flags = kFinMasked, .payload = {1}}),
      wire({.flags = kFinMasked | TW_FRAME_RSV1, .payload = {1}}),
      wire({.opcode = 3, .flags = kFinMasked, .payload = {1}}),
      wire({.payload = {1}}),  // not masked
      wire({.flags = kFinMasked, .payload = test::pattern(20), .form = test::LengthForm::k16Bit}),
      wire({.flags = kFinMasked, .payload = test::pattern(200), .form = test::LengthForm::k64Bit}),
      Bytes(cut.begin(), cut.end() - 1),
      Bytes(cut.begin(), cut.begin() + 1),
  };
  test::each_kernel([&](const Kernels &row) {
    for (const Bytes &other : others) {
      Reading reading(test::join({good, other}), kRequireMasked | kValidateText | kAllowRsv1);
      EXPECT_EQ(frame_loops(row.isa).messages(&reading.batch), Status::kOk);
      EXPECT_EQ(reading.batch.count, 1u);
      EXPECT_EQ(reading.batch.pos, good.size());
      const ByteView rest = {reading.data.data() + good.size(), other.size()};
      EXPECT_TRUE(test::same_bytes(rest, test::view(other)));
    }
  });
}

TEST(FrameLoops, MessagesStopWhenTheArrayIsFullOrALimitIsPassed) {
  test::each_kernel([](const Kernels &row) {
    Reading full(test::join({message({1}), message({2})}));
    full.batch.cap = 1;
    EXPECT_EQ(frame_loops(row.isa).messages(&full.batch), Status::kOk);
    EXPECT_EQ(full.batch.count, 1u);
    Reading limited(test::join({message(test::pattern(10)), message(test::pattern(11))}));
    limited.batch.max_payload_len = 10;
    EXPECT_EQ(frame_loops(row.isa).messages(&limited.batch), Status::kOk);
    EXPECT_EQ(limited.batch.count, 1u);
  });
}

TEST(FrameLoops, ScalarStandsInForAnotherArchitecture) {
  const Isa foreign = TW_ARCH_X86_64 ? Isa::kNeon : Isa::kAvx2;
  EXPECT_EQ(&frame_loops(foreign), &frame_loops(Isa::kScalar));
}

}  // namespace
}  // namespace tidewire
