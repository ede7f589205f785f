// SPDX-License-Identifier: MIT
// tw_frames_decode with every kernel row: what one call reads, refuses and validates, by name.
// frame_batch_reference_test.cc compares it with the reference.
#include <gtest/gtest.h>
#include <stdint.h>
#include <string.h>
#include <tidewire/tidewire.h>

#include <vector>

#include "tests/support/each_kernel.h"
#include "tests/support/frames.h"
#include "tests/support/test_bytes.h"
#include "tests/support/texts.h"

namespace tidewire {
namespace {

using test::Bytes;
using test::decode;
using test::Decoded;
using test::decodes_as_reference;
using test::FrameSpec;
using test::hex;
using test::wire;

constexpr uint8_t kFinMasked = TW_FRAME_FIN | TW_FRAME_MASKED;
constexpr uint32_t kServer = TW_DECODE_REQUIRE_MASKED | TW_DECODE_VALIDATE_TEXT;

Bytes payload_of(const tw_frame &frame) {
  return Bytes(frame.payload, frame.payload + static_cast<size_t>(frame.payload_len));
}

// Runs `body` with every row, and says which one failed.
template <class Body>
void with_every_kernel(Body body) {
  test::each_kernel([&](const Kernels &) { body(); });
}

// ---- The examples of RFC 6455 §5.7 ----

TEST(FramesDecode, UnmaskedTextOfTheRfc) {
  with_every_kernel([] {
    const Decoded got = decode(hex("81 05 48 65 6c 6c 6f"), TW_DECODE_REQUIRE_UNMASKED);
    ASSERT_EQ(got.status, TW_OK);
    ASSERT_EQ(got.count, 1u);
    EXPECT_EQ(got.frames[0].opcode, TW_OPCODE_TEXT);
    EXPECT_EQ(payload_of(got.frames[0]), test::text("Hello"));
  });
}

TEST(FramesDecode, MaskedTextOfTheRfc) {
  with_every_kernel([] {
    const Decoded got = decode(hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"), kServer);
    ASSERT_EQ(got.status, TW_OK);
    ASSERT_EQ(got.count, 1u);
    EXPECT_EQ(got.frames[0].flags, kFinMasked);
    EXPECT_EQ(payload_of(got.frames[0]), test::text("Hello"));
    EXPECT_EQ(memcmp(got.frames[0].masking_key, test::kRfcKey.data(), 4), 0);
  });
}

TEST(FramesDecode, FragmentedTextOfTheRfc) {
  with_every_kernel([] {
    const Decoded got = decode(hex("01 03 48 65 6c 80 02 6c 6f"), 0);
    ASSERT_EQ(got.status, TW_OK);
    ASSERT_EQ(got.count, 2u);
    EXPECT_EQ(got.frames[0].flags, 0);
    EXPECT_EQ(payload_of(got.frames[0]), test::text("Hel"));
    EXPECT_EQ(got.frames[1].opcode, TW_OPCODE_CONTINUATION);
    EXPECT_EQ(got.frames[1].flags, TW_FRAME_FIN);
    EXPECT_EQ(payload_of(got.frames[1]), test::text("lo"));
    EXPECT_EQ(got.frames[1].offset, 5u);
  });
}

TEST(FramesDecode, PingAndPongOfTheRfc) {
  with_every_kernel([] {
    const Decoded got = decode(hex("89 05 48 65 6c 6c 6f 8a 85 37 fa 21 3d 7f 9f 4d 51 58"), 0);
    ASSERT_EQ(got.status, TW_OK);
    ASSERT_EQ(got.count, 2u);
    EXPECT_EQ(got.frames[0].opcode, TW_OPCODE_PING);
    EXPECT_EQ(got.frames[1].opcode, TW_OPCODE_PONG);
    EXPECT_EQ(payload_of(got.frames[0]), payload_of(got.frames[1]));
  });
}

TEST(FramesDecode, LongBinaryMessagesOfTheRfc) {
  with_every_kernel([] {
    for (const size_t len : {size_t{256}, size_t{65536}}) {
      EXPECT_TRUE(decodes_as_reference(wire({.payload = test::pattern(len)}), TW_DECODE_REQUIRE_UNMASKED));
    }
  });
}

// ---- What a call reads ----

TEST(FramesDecode, NothingIsNothing) {
  with_every_kernel([] {
    EXPECT_TRUE(decodes_as_reference({}, 0));
    EXPECT_TRUE(decodes_as_reference({}, 0, 0));
    size_t count = 9, consumed = 9;
    EXPECT_EQ(tw_frames_decode(nullptr, 0, 0, nullptr, 0, &count, &consumed), TW_OK);
    EXPECT_EQ(count, 0u);
    EXPECT_EQ(consumed, 0u);
  });
}

TEST(FramesDecode, EmptyFramesHaveAPlaceInTheBuffer) {
  with_every_kernel([] {
    const Decoded got = decode(test::wire_all({{}, {.flags = kFinMasked}}), 0);
    ASSERT_EQ(got.status, TW_OK);
    ASSERT_EQ(got.count, 2u);
    EXPECT_EQ(got.frames[0].payload, got.data.data() + 2);
    EXPECT_EQ(got.frames[1].payload, got.data.data() + got.data.size());
  });
}

TEST(FramesDecode, EndOfDataInsideAFrameLeavesItUntouched) {
  with_every_kernel([] {
    const Bytes whole = test::wire_all({{.flags = kFinMasked, .payload = test::pattern(70)},
                                        {.opcode = TW_OPCODE_TEXT, .flags = kFinMasked, .payload = Bytes(200, 'x')}});
    for (size_t len = 0; len <= whole.size(); ++len) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(len));
      ASSERT_TRUE(decodes_as_reference(cut, kServer)) << "cut at " << len;
    }
  });
}

TEST(FramesDecode, TheLongestLengthNeedsInputAndOneMoreIsAnError) {
  with_every_kernel([] {
    EXPECT_EQ(decode(hex("82 7f 7fffffffffffffff 00 00 00 00"), 0).status, TW_NEED_INPUT);
    EXPECT_EQ(decode(hex("82 ff 7fffffffffffffff 01020304 00"), 0).status, TW_NEED_INPUT);
    EXPECT_EQ(decode(hex("82 7f 8000000000000000 00 00 00 00"), 0).status, TW_ERR_LENGTH_TOO_LARGE);
  });
}

TEST(FramesDecode, FullArrayNeedsRoomUntilDataIsUsedUp) {
  const Bytes bytes = test::wire_all({{.payload = {1}}, {.payload = {2}}, {.payload = {3}}});
  with_every_kernel([&] {
    for (size_t cap = 0; cap <= 4; ++cap) EXPECT_TRUE(decodes_as_reference(bytes, 0, cap)) << cap;
    EXPECT_EQ(decode(bytes, 0, 2).status, TW_NEED_ROOM);
    EXPECT_EQ(decode(bytes, 0, 3).status, TW_OK);
  });
}

// What comes after the last descriptor is not judged: not a frame that is cut, not one that is wrong.
TEST(FramesDecode, FullArrayNeedsRoomWhateverFollows) {
  with_every_kernel([] {
    EXPECT_EQ(decode(hex("82 00 82"), 0, 1).status, TW_NEED_ROOM);
    EXPECT_EQ(decode(hex("82 00 f3 00"), 0, 1).status, TW_NEED_ROOM);
    EXPECT_EQ(decode(hex("f3 00"), 0, 0).status, TW_NEED_ROOM);
  });
}

TEST(FramesDecode, CallsThatContinueReadAllFrames) {
  std::vector<FrameSpec> specs;
  for (size_t i = 0; i < 50; ++i) specs.push_back({.flags = kFinMasked, .payload = test::pattern(i * 7, i)});
  const Bytes bytes = test::wire_all(specs);
  with_every_kernel([&] {
    Bytes data = bytes;
    tw_frame frames[3];
    size_t at = 0, seen = 0;
    tw_status status = TW_NEED_ROOM;
    while (status == TW_NEED_ROOM) {
      size_t count = 0, consumed = 0;
      status = tw_frames_decode(data.data() + at, data.size() - at, kServer, frames, 3, &count, &consumed);
      for (size_t i = 0; i < count; ++i, ++seen) ASSERT_EQ(payload_of(frames[i]), specs[seen].payload);
      at += consumed;
    }
    EXPECT_EQ(status, TW_OK);
    EXPECT_EQ(seen, specs.size());
    EXPECT_EQ(at, data.size());
  });
}

// ---- What a call refuses ----

// After a good frame, so that what was read before the fault is reported with it.
TEST(FramesDecode, EveryRuleOfOneHeaderStopsAtItsFrame) {
  struct Fault {
    const char *bytes;
    uint32_t rules;
    tw_status status;
  };
  constexpr Fault kFaults[] = {
      {"c2 00", 0, TW_ERR_RSV},
      {"a2 00", TW_DECODE_ALLOW_RSV1, TW_ERR_RSV},
      {"83 00", 0, TW_ERR_OPCODE},
      {"8b 00", 0, TW_ERR_OPCODE},
      {"82 7e 007d", 0, TW_ERR_LENGTH_NOT_MINIMAL},
      {"82 7f 000000000000ffff", 0, TW_ERR_LENGTH_NOT_MINIMAL},
      {"82 7f 8000000000000000", 0, TW_ERR_LENGTH_TOO_LARGE},
      {"09 00", 0, TW_ERR_CONTROL_FRAGMENTED},
      {"89 7e 007e", 0, TW_ERR_CONTROL_TOO_LONG},
      {"82 00", TW_DECODE_REQUIRE_MASKED, TW_ERR_MASK_MISSING},
      {"82 80 01020304", TW_DECODE_REQUIRE_UNMASKED, TW_ERR_MASK_UNEXPECTED},
  };
  with_every_kernel([&] {
    for (const Fault &fault : kFaults) {
      const bool masked = (fault.rules & TW_DECODE_REQUIRE_MASKED) != 0;
      const Bytes good = wire({.flags = masked ? kFinMasked : uint8_t{TW_FRAME_FIN}, .payload = {1, 2, 3}});
      // With and without a payload behind it: near the end another path judges the header.
      for (const size_t behind : {0, 300, 65535}) {
        const Bytes bytes = test::join({good, hex(fault.bytes), Bytes(behind, 'x')});
        const Decoded got = decode(bytes, fault.rules);
        EXPECT_EQ(got.status, fault.status) << fault.bytes;
        EXPECT_EQ(got.count, 1u) << fault.bytes;
        EXPECT_EQ(got.consumed, good.size()) << fault.bytes;
        EXPECT_TRUE(decodes_as_reference(bytes, fault.rules)) << fault.bytes;
      }
    }
  });
}

TEST(FramesDecode, ArgumentsAreChecked) {
  Bytes data = hex("82 00");
  tw_frame frame = {};
  size_t count = 0, consumed = 0;
  EXPECT_EQ(tw_frames_decode(nullptr, 2, 0, &frame, 1, &count, &consumed), TW_ERR_NULL);
  EXPECT_EQ(tw_frames_decode(data.data(), 2, 0, nullptr, 1, &count, &consumed), TW_ERR_NULL);
  EXPECT_EQ(tw_frames_decode(data.data(), 2, 0, &frame, 1, nullptr, &consumed), TW_ERR_NULL);
  EXPECT_EQ(tw_frames_decode(data.data(), 2, 0, &frame, 1, &count, nullptr), TW_ERR_NULL);
  EXPECT_EQ(tw_frames_decode(data.data(), 2, 0x100, &frame, 1, &count, &consumed), TW_ERR_ARGUMENT);
  const uint32_t both = TW_DECODE_REQUIRE_MASKED | TW_DECODE_REQUIRE_UNMASKED;
  EXPECT_EQ(tw_frames_decode(data.data(), 2, both, &frame, 1, &count, &consumed), TW_ERR_ARGUMENT);
}

// ---- Text ----

TEST(FramesDecode, WholeTextMustBeUtf8) {
  with_every_kernel([] {
    for (const uint8_t flags : {uint8_t{TW_FRAME_FIN}, kFinMasked}) {
      const Bytes bytes =
          test::wire_all({{.opcode = TW_OPCODE_TEXT, .flags = flags, .payload = test::text(test::kTexts[5])},
                          {.opcode = TW_OPCODE_TEXT, .flags = flags, .payload = hex("61 ff 62")}});
      const Decoded got = decode(bytes, TW_DECODE_VALIDATE_TEXT);
      EXPECT_EQ(got.status, TW_ERR_UTF8);
      EXPECT_EQ(got.count, 1u);
      EXPECT_TRUE(decodes_as_reference(bytes, TW_DECODE_VALIDATE_TEXT));
      EXPECT_EQ(decode(bytes, 0).status, TW_OK);
    }
  });
}

TEST(FramesDecode, TextMayNotEndInsideACodePoint) {
  with_every_kernel([] {
    const Bytes text = test::text("潮");
    for (size_t len = 1; len <= 3; ++len) {
      const Bytes cut(text.begin(), text.begin() + static_cast<ptrdiff_t>(len));
      const Bytes bytes = wire({.opcode = TW_OPCODE_TEXT, .flags = kFinMasked, .payload = cut});
      EXPECT_EQ(decode(bytes, kServer).status, len == 3 ? TW_OK : TW_ERR_UTF8);
    }
  });
}

TEST(FramesDecode, OnlyWholeTextIsValidated) {
  const Bytes wrong = hex("ff");
  with_every_kernel([&] {
    constexpr uint32_t kRules =
        TW_DECODE_VALIDATE_TEXT | TW_DECODE_ALLOW_RSV1 | TW_DECODE_ALLOW_RSV2 | TW_DECODE_ALLOW_RSV3;
    EXPECT_EQ(decode(wire({.opcode = TW_OPCODE_BINARY, .payload = wrong}), kRules).status, TW_OK);
    EXPECT_EQ(decode(wire({.opcode = TW_OPCODE_TEXT, .flags = 0, .payload = wrong}), kRules).status, TW_OK);
    EXPECT_EQ(decode(wire({.opcode = TW_OPCODE_CONTINUATION, .payload = wrong}), kRules).status, TW_OK);
    EXPECT_EQ(decode(wire({.opcode = TW_OPCODE_PING, .payload = wrong}), kRules).status, TW_OK);
    // An extension has its own idea of what the payload is.
    for (const uint8_t rsv : {TW_FRAME_RSV1, TW_FRAME_RSV2, TW_FRAME_RSV3}) {
      const uint8_t flags = static_cast<uint8_t>(TW_FRAME_FIN | rsv);
      EXPECT_EQ(decode(wire({.opcode = TW_OPCODE_TEXT, .flags = flags, .payload = wrong}), kRules).status, TW_OK);
    }
    EXPECT_EQ(decode(wire({.opcode = TW_OPCODE_TEXT, .payload = wrong}), kRules).status, TW_ERR_UTF8);
  });
}

}  // namespace
}  // namespace tidewire
