// SPDX-License-Identifier: MIT
// One header: each rule of RFC 6455 §5.2 and §5.5 by name, then all headers against the reference.
#include "core/wire/frame_header.h"

#include <gtest/gtest.h>
#include <stdint.h>
#include <string.h>
#include <tidewire/tidewire.h>

#include "tests/reference/frame_ref.h"
#include "tests/support/frames.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/test_bytes.h"

namespace tidewire {
namespace {

using test::Bytes;
using test::FrameSpec;
using test::GuardedBuffer;
using test::hex;
using test::LengthForm;
using test::Rng;

constexpr uint64_t kTwo63 = UINT64_C(1) << 63;

tw_status status_of(const Bytes &bytes, uint32_t rules = 0) {
  tw_frame frame = {};
  return tw_frame_decode(bytes.data(), bytes.size(), rules, &frame);
}

tw_frame decoded(const Bytes &bytes, uint32_t rules = 0) {
  tw_frame frame = {};
  EXPECT_EQ(tw_frame_decode(bytes.data(), bytes.size(), rules, &frame), TW_OK);
  return frame;
}

// The header alone of a frame that declares `payload_len` bytes.
Bytes header(uint64_t payload_len, FrameSpec spec = {}) { return test::header_bytes(spec, payload_len); }

Bytes masked_header(uint64_t payload_len) { return header(payload_len, {.flags = TW_FRAME_FIN | TW_FRAME_MASKED}); }

// ---- RFC 6455 §5.2 ----

TEST(FrameHeader, ReservedBitThatWasNotNegotiatedIsRejected) {
  EXPECT_EQ(status_of(hex("c2 00")), TW_ERR_RSV);
  EXPECT_EQ(status_of(hex("a2 00")), TW_ERR_RSV);
  EXPECT_EQ(status_of(hex("92 00")), TW_ERR_RSV);
}

TEST(FrameHeader, ReservedBitThatWasNegotiatedIsAccepted) {
  EXPECT_EQ(decoded(hex("c2 00"), TW_DECODE_ALLOW_RSV1).flags, TW_FRAME_FIN | TW_FRAME_RSV1);
  EXPECT_EQ(decoded(hex("a2 00"), TW_DECODE_ALLOW_RSV2).flags, TW_FRAME_FIN | TW_FRAME_RSV2);
  EXPECT_EQ(decoded(hex("92 00"), TW_DECODE_ALLOW_RSV3).flags, TW_FRAME_FIN | TW_FRAME_RSV3);
}

TEST(FrameHeader, ReservedBitBesideTheNegotiatedOneIsRejected) {
  EXPECT_EQ(status_of(hex("e2 00"), TW_DECODE_ALLOW_RSV1), TW_ERR_RSV);
  EXPECT_EQ(status_of(hex("e2 00"), TW_DECODE_ALLOW_RSV2), TW_ERR_RSV);
  EXPECT_EQ(status_of(hex("d2 00"), TW_DECODE_ALLOW_RSV1 | TW_DECODE_ALLOW_RSV2), TW_ERR_RSV);
}

TEST(FrameHeader, DefinedOpcodeIsAccepted) {
  for (const uint8_t opcode :
       {TW_OPCODE_CONTINUATION, TW_OPCODE_TEXT, TW_OPCODE_BINARY, TW_OPCODE_CLOSE, TW_OPCODE_PING, TW_OPCODE_PONG}) {
    EXPECT_EQ(decoded(header(0, {.opcode = opcode})).opcode, opcode);
  }
}

TEST(FrameHeader, ReservedOpcodeIsRejected) {
  for (const uint8_t opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    EXPECT_EQ(status_of(header(0, {.opcode = opcode})), TW_ERR_OPCODE) << int{opcode};
  }
}

TEST(FrameHeader, FragmentOfADataMessageIsAccepted) {
  for (const uint8_t opcode : {TW_OPCODE_CONTINUATION, TW_OPCODE_TEXT, TW_OPCODE_BINARY}) {
    EXPECT_EQ(decoded(header(0, {.opcode = opcode, .flags = 0})).flags, 0);
  }
}

TEST(FrameHeader, EveryLengthUsesItsShortestForm) {
  EXPECT_EQ(decoded(hex("82 00")).payload_len, 0u);
  EXPECT_EQ(decoded(hex("82 7d")).payload_len, 125u);
  EXPECT_EQ(decoded(hex("82 7e 007e")).payload_len, 126u);
  EXPECT_EQ(decoded(hex("82 7e 007f")).payload_len, 127u);
  EXPECT_EQ(decoded(hex("82 7e ffff")).payload_len, 65535u);
  EXPECT_EQ(decoded(hex("82 7f 0000000000010000")).payload_len, 65536u);
}

TEST(FrameHeader, NonMinimal16BitLengthIsRejected) {
  for (uint64_t len = 0; len < 126; ++len) {
    EXPECT_EQ(status_of(header(len, {.form = LengthForm::k16Bit})), TW_ERR_LENGTH_NOT_MINIMAL) << len;
  }
}

TEST(FrameHeader, NonMinimal64BitLengthIsRejected) {
  for (const uint64_t len : {0, 1, 125, 126, 127, 255, 256, 65534, 65535}) {
    EXPECT_EQ(status_of(header(len, {.form = LengthForm::k64Bit})), TW_ERR_LENGTH_NOT_MINIMAL) << len;
  }
}

TEST(FrameHeader, Length2To63Minus1IsAccepted) {
  EXPECT_EQ(decoded(hex("82 7f 7fffffffffffffff")).payload_len, kTwo63 - 1);
}

TEST(FrameHeader, Length2To63AndAboveIsRejected) {
  EXPECT_EQ(status_of(hex("82 7f 8000000000000000")), TW_ERR_LENGTH_TOO_LARGE);
  EXPECT_EQ(status_of(hex("82 7f 8000000000000001")), TW_ERR_LENGTH_TOO_LARGE);
  EXPECT_EQ(status_of(hex("82 7f ffffffffffffffff")), TW_ERR_LENGTH_TOO_LARGE);
}

TEST(FrameHeader, MaskingKeyFollowsTheLength) {
  for (const uint64_t len : {UINT64_C(5), UINT64_C(126), UINT64_C(65536)}) {
    const Bytes bytes = masked_header(len);
    const tw_frame frame = decoded(bytes);
    EXPECT_EQ(frame.flags, TW_FRAME_FIN | TW_FRAME_MASKED);
    EXPECT_EQ(frame.payload_len, len);
    EXPECT_EQ(frame.header_len, bytes.size());
    EXPECT_EQ(memcmp(frame.masking_key, test::kRfcKey.data(), 4), 0);
  }
}

TEST(FrameHeader, KeyOfAnUnmaskedFrameIsZero) {
  const tw_frame frame = decoded(hex("82 02 ffff ffff"));
  const uint8_t zero[4] = {};
  EXPECT_EQ(memcmp(frame.masking_key, zero, 4), 0);
  EXPECT_EQ(frame.payload, nullptr);
  EXPECT_EQ(frame.offset, 0u);
  EXPECT_EQ(frame.reserved, 0);
}

// ---- RFC 6455 §5.1 ----

TEST(FrameHeader, UnmaskedFrameIsRejectedByAServer) {
  EXPECT_EQ(status_of(hex("82 00"), TW_DECODE_REQUIRE_MASKED), TW_ERR_MASK_MISSING);
  EXPECT_EQ(status_of(masked_header(0), TW_DECODE_REQUIRE_MASKED), TW_OK);
}

TEST(FrameHeader, MaskedFrameIsRejectedByAClient) {
  EXPECT_EQ(status_of(masked_header(0), TW_DECODE_REQUIRE_UNMASKED), TW_ERR_MASK_UNEXPECTED);
  EXPECT_EQ(status_of(hex("82 00"), TW_DECODE_REQUIRE_UNMASKED), TW_OK);
}

// ---- RFC 6455 §5.5 ----

TEST(FrameHeader, FragmentedControlFrameIsRejected) {
  for (const uint8_t opcode : {TW_OPCODE_CLOSE, TW_OPCODE_PING, TW_OPCODE_PONG}) {
    EXPECT_EQ(status_of(header(0, {.opcode = opcode, .flags = 0})), TW_ERR_CONTROL_FRAGMENTED);
  }
}

TEST(FrameHeader, ControlFrameOf125BytesIsAccepted) {
  for (const uint8_t opcode : {TW_OPCODE_CLOSE, TW_OPCODE_PING, TW_OPCODE_PONG}) {
    EXPECT_EQ(decoded(header(125, {.opcode = opcode})).payload_len, 125u);
  }
}

TEST(FrameHeader, ControlFrameOf126BytesOrMoreIsRejected) {
  for (const uint8_t opcode : {TW_OPCODE_CLOSE, TW_OPCODE_PING, TW_OPCODE_PONG}) {
    EXPECT_EQ(status_of(header(126, {.opcode = opcode})), TW_ERR_CONTROL_TOO_LONG);
    EXPECT_EQ(status_of(header(65536, {.opcode = opcode})), TW_ERR_CONTROL_TOO_LONG);
  }
}

// ---- Input that ends early ----

TEST(FrameHeader, NothingNeedsInput) {
  tw_frame frame = {};
  EXPECT_EQ(tw_frame_decode(nullptr, 0, 0, &frame), TW_NEED_INPUT);
}

TEST(FrameHeader, EveryCutHeaderNeedsInputAndLeavesTheFrameAlone) {
  for (const bool masked : {false, true}) {
    for (const uint64_t len :
         {UINT64_C(0), UINT64_C(125), UINT64_C(126), UINT64_C(65535), UINT64_C(65536), kTwo63 - 1}) {
      const Bytes bytes = masked ? masked_header(len) : header(len);
      for (size_t cut = 0; cut < bytes.size(); ++cut) {
        tw_frame frame = {};
        frame.payload_len = 4711;
        EXPECT_EQ(tw_frame_decode(bytes.data(), cut, 0, &frame), TW_NEED_INPUT) << len << " cut at " << cut;
        EXPECT_EQ(frame.payload_len, 4711u);
      }
      EXPECT_EQ(status_of(bytes), TW_OK);
    }
  }
}

TEST(FrameHeader, FaultIsReportedAsSoonAsItsFieldIsThere) {
  EXPECT_EQ(status_of(hex("c2")), TW_ERR_RSV);
  EXPECT_EQ(status_of(hex("83")), TW_ERR_OPCODE);
  EXPECT_EQ(status_of(hex("09")), TW_ERR_CONTROL_FRAGMENTED);
  EXPECT_EQ(status_of(hex("82 05"), TW_DECODE_REQUIRE_MASKED), TW_ERR_MASK_MISSING);
  EXPECT_EQ(status_of(hex("82 85"), TW_DECODE_REQUIRE_UNMASKED), TW_ERR_MASK_UNEXPECTED);
  EXPECT_EQ(status_of(hex("89 fe")), TW_ERR_CONTROL_TOO_LONG);
  EXPECT_EQ(status_of(hex("82 fe 007d")), TW_ERR_LENGTH_NOT_MINIMAL);
  EXPECT_EQ(status_of(hex("82 ff 8000000000000000")), TW_ERR_LENGTH_TOO_LARGE);
}

TEST(FrameHeader, FaultOfTheEarlierFieldComesFirst) {
  EXPECT_EQ(status_of(hex("f3 fe 0000"), TW_DECODE_REQUIRE_UNMASKED), TW_ERR_RSV);
  EXPECT_EQ(status_of(hex("0b fe 0000"), TW_DECODE_REQUIRE_UNMASKED), TW_ERR_OPCODE);
  EXPECT_EQ(status_of(hex("09 fe 0000"), TW_DECODE_REQUIRE_UNMASKED), TW_ERR_CONTROL_FRAGMENTED);
  EXPECT_EQ(status_of(hex("89 fe 0000"), TW_DECODE_REQUIRE_UNMASKED), TW_ERR_MASK_UNEXPECTED);
  EXPECT_EQ(status_of(hex("89 fe 0000")), TW_ERR_CONTROL_TOO_LONG);
}

// ---- Against the reference ----

::testing::AssertionResult reads_as_reference(const uint8_t *data, size_t len, uint32_t rules) {
  reference::FrameHeader want = {};
  const tw_status expected = reference::frame_header(data, len, rules, &want);
  FrameHeader got = {};
  const Status status = parse_frame_header(data, len, rules, &got);
  const auto differs = [&](const char *what) {
    return ::testing::AssertionFailure() << what << " differs: " << int{data[0]} << " " << int{data[1]} << " ..., "
                                         << len << " bytes, rules " << rules;
  };
  if (static_cast<tw_status>(status) != expected) return differs("status");
  if (expected != TW_OK) return ::testing::AssertionSuccess();
  if (got.first != data[0]) return differs("first byte");
  if (got.masked != want.masked) return differs("masked");
  if (got.header_len != want.len) return differs("header_len");
  if (got.payload_len != want.payload_len) return differs("payload_len");
  if (memcmp(&got.key, want.masking_key.data(), 4) != 0) return differs("key");
  return ::testing::AssertionSuccess();
}

constexpr uint32_t kRuleSets[] = {
    0,
    TW_DECODE_REQUIRE_MASKED,
    TW_DECODE_REQUIRE_UNMASKED,
    TW_DECODE_REQUIRE_MASKED | TW_DECODE_ALLOW_RSV1,
    TW_DECODE_ALLOW_RSV1 | TW_DECODE_ALLOW_RSV2 | TW_DECODE_ALLOW_RSV3,
};

// All first two bytes, with lengths behind them that are too short, right and too long for their form, cut by the end
// of a page before, at and after each field.
TEST(FrameHeader, AllFirstTwoBytesAsTheReference) {
  GuardedBuffer buffer(4096);
  for (const char *rest : {"007d00000000ffff 01020304", "007e000000010000 01020304", "8000000000000000 01020304"}) {
    const Bytes tail = hex(rest);
    for (uint32_t two = 0; two < 65536; ++two) {
      uint8_t bytes[TW_FRAME_HEADER_MAX] = {static_cast<uint8_t>(two >> 8), static_cast<uint8_t>(two)};
      memcpy(bytes + 2, tail.data(), tail.size());
      for (const size_t len : {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14}) {
        uint8_t *data = buffer.back(len);
        memcpy(data, bytes, len);
        for (const uint32_t rules : kRuleSets) ASSERT_TRUE(reads_as_reference(data, len, rules));
      }
    }
  }
}

TEST(FrameHeader, RandomHeadersAsTheReference) {
  Rng rng(7);
  for (int i = 0; i < 300000; ++i) {
    Bytes bytes = test::random_bytes(rng, TW_FRAME_HEADER_MAX);
    bytes[0] &= 0x8F;
    if (rng() % 2 == 0) bytes[2] = bytes[3] = 0;
    ASSERT_TRUE(reads_as_reference(bytes.data(), bytes.size(), kRuleSets[rng() % 5]));
  }
}

// ---- Writing ----

TEST(FrameHeader, WritesTheShortestFormAndReadsItBack) {
  for (const uint64_t len : {UINT64_C(0), UINT64_C(1), UINT64_C(125), UINT64_C(126), UINT64_C(127), UINT64_C(65535),
                             UINT64_C(65536), UINT64_C(1) << 32, kTwo63 - 1}) {
    for (const bool masked : {false, true}) {
      const Bytes want = masked ? masked_header(len) : header(len);
      uint32_t key = 0;
      if (masked) memcpy(&key, test::kRfcKey.data(), 4);
      ASSERT_EQ(frame_header_len(len, masked), want.size());
      Bytes out(want.size());
      write_frame_header({len, key, kFin | kBinary, 0, masked}, out.data());
      EXPECT_EQ(out, want) << len;
      EXPECT_TRUE(reads_as_reference(out.data(), out.size(), 0));
    }
  }
}

// ---- Arguments ----

TEST(FrameHeader, ArgumentsAreChecked) {
  const Bytes bytes = hex("82 00");
  tw_frame frame = {};
  EXPECT_EQ(tw_frame_decode(bytes.data(), bytes.size(), 0, nullptr), TW_ERR_NULL);
  EXPECT_EQ(tw_frame_decode(nullptr, 1, 0, &frame), TW_ERR_NULL);
  EXPECT_EQ(tw_frame_decode(bytes.data(), bytes.size(), 0x08, &frame), TW_ERR_ARGUMENT);
  EXPECT_EQ(tw_frame_decode(bytes.data(), bytes.size(), 0x80, &frame), TW_ERR_ARGUMENT);
  EXPECT_EQ(tw_frame_decode(bytes.data(), bytes.size(), TW_DECODE_REQUIRE_MASKED | TW_DECODE_REQUIRE_UNMASKED, &frame),
            TW_ERR_ARGUMENT);
}

}  // namespace
}  // namespace tidewire
