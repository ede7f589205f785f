// SPDX-License-Identifier: MIT
#include "core/wire/frame_encode.h"

#include <gtest/gtest.h>
#include <stdint.h>
#include <string.h>
#include <tidewire/tidewire.h>

#include <vector>

#include "tests/support/each_kernel.h"
#include "tests/support/frames.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/test_bytes.h"

namespace tidewire {
namespace {

using test::Bytes;
using test::FrameSpec;
using test::hex;
using test::wire;

constexpr uint8_t kFinMasked = TW_FRAME_FIN | TW_FRAME_MASKED;
constexpr uint64_t kTwo63 = UINT64_C(1) << 63;

std::vector<tw_frame> descriptors(std::vector<FrameSpec> &specs) {
  std::vector<tw_frame> frames;
  for (FrameSpec &spec : specs) frames.push_back(test::descriptor(spec));
  return frames;
}

tw_frame frame_of(uint8_t opcode, uint8_t flags, uint64_t payload_len) {
  tw_frame frame = {};
  frame.opcode = opcode;
  frame.flags = flags;
  frame.payload_len = payload_len;
  return frame;
}

tw_status header_status(const tw_frame &frame) {
  uint8_t out[TW_FRAME_HEADER_MAX];
  size_t len = 0;
  return tw_frame_header_encode(&frame, out, sizeof(out), &len);
}

// ---- Headers ----

TEST(FrameHeaderEncode, EveryLengthTakesItsShortestForm) {
  for (const uint64_t len : {UINT64_C(0), UINT64_C(1), UINT64_C(125), UINT64_C(126), UINT64_C(127), UINT64_C(65535),
                             UINT64_C(65536), kTwo63 - 1}) {
    for (const uint8_t flags : {uint8_t{TW_FRAME_FIN}, kFinMasked}) {
      tw_frame frame = frame_of(TW_OPCODE_BINARY, flags, len);
      memcpy(frame.masking_key, test::kRfcKey.data(), 4);
      uint8_t out[TW_FRAME_HEADER_MAX];
      size_t out_len = 0;
      ASSERT_EQ(tw_frame_header_encode(&frame, out, sizeof(out), &out_len), TW_OK);
      EXPECT_TRUE(test::same_bytes({out, out_len}, test::view(test::header_bytes({.flags = flags}, len)))) << len;
    }
  }
}

TEST(FrameHeaderEncode, KeepsEveryFlagAndOpcode) {
  for (const uint8_t opcode : {0, 1, 2, 8, 9, 10}) {
    for (uint32_t rsv = 0; rsv < 8; ++rsv) {
      const uint8_t flags = static_cast<uint8_t>(TW_FRAME_FIN | rsv << 4);
      const tw_frame frame = frame_of(opcode, flags, 5);
      uint8_t out[TW_FRAME_HEADER_MAX];
      size_t out_len = 0;
      ASSERT_EQ(tw_frame_header_encode(&frame, out, sizeof(out), &out_len), TW_OK);
      EXPECT_EQ(out[0], flags | opcode);
      EXPECT_EQ(out[1], 5);
    }
  }
}

TEST(FrameHeaderEncode, TooLittleRoomWritesTheLengthAlone) {
  const tw_frame frame = frame_of(TW_OPCODE_BINARY, kFinMasked, 65536);
  for (size_t cap = 0; cap < TW_FRAME_HEADER_MAX; ++cap) {
    Bytes out(TW_FRAME_HEADER_MAX, 0xA5);
    size_t out_len = 0;
    EXPECT_EQ(tw_frame_header_encode(&frame, out.data(), cap, &out_len), TW_NEED_ROOM);
    EXPECT_EQ(out_len, size_t{TW_FRAME_HEADER_MAX});
    EXPECT_EQ(out, Bytes(TW_FRAME_HEADER_MAX, 0xA5));
  }
}

TEST(FrameHeaderEncode, RefusesWhatNoReceiverMayAccept) {
  for (const uint8_t opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    EXPECT_EQ(header_status(frame_of(opcode, TW_FRAME_FIN, 0)), TW_ERR_OPCODE) << int{opcode};
  }
  for (const uint8_t opcode : {TW_OPCODE_CLOSE, TW_OPCODE_PING, TW_OPCODE_PONG}) {
    EXPECT_EQ(header_status(frame_of(opcode, 0, 0)), TW_ERR_CONTROL_FRAGMENTED);
    EXPECT_EQ(header_status(frame_of(opcode, TW_FRAME_FIN, 126)), TW_ERR_CONTROL_LENGTH);
    EXPECT_EQ(header_status(frame_of(opcode, TW_FRAME_FIN, 125)), TW_OK);
  }
  EXPECT_EQ(header_status(frame_of(TW_OPCODE_BINARY, TW_FRAME_FIN, kTwo63)), TW_ERR_LENGTH_TOO_LARGE);
  EXPECT_EQ(header_status(frame_of(TW_OPCODE_BINARY, TW_FRAME_FIN, UINT64_MAX)), TW_ERR_LENGTH_TOO_LARGE);
}

TEST(FrameHeaderEncode, RefusesWhatIsNoFlagOrOpcode) {
  EXPECT_EQ(header_status(frame_of(16, TW_FRAME_FIN, 0)), TW_ERR_ARGUMENT);
  EXPECT_EQ(header_status(frame_of(TW_OPCODE_BINARY, TW_FRAME_FIN | 0x02, 0)), TW_ERR_ARGUMENT);
  EXPECT_EQ(header_status(frame_of(TW_OPCODE_BINARY, TW_FRAME_FIN | 0x08, 0)), TW_ERR_ARGUMENT);
}

TEST(FrameHeaderEncode, NullIsRefused) {
  const tw_frame frame = frame_of(TW_OPCODE_BINARY, TW_FRAME_FIN, 0);
  uint8_t out[TW_FRAME_HEADER_MAX];
  size_t out_len = 0;
  EXPECT_EQ(tw_frame_header_encode(nullptr, out, sizeof(out), &out_len), TW_ERR_NULL);
  EXPECT_EQ(tw_frame_header_encode(&frame, nullptr, sizeof(out), &out_len), TW_ERR_NULL);
  EXPECT_EQ(tw_frame_header_encode(&frame, out, sizeof(out), nullptr), TW_ERR_NULL);
  EXPECT_EQ(tw_frame_header_encode(&frame, nullptr, 0, &out_len), TW_NEED_ROOM);
}

// ---- Whole frames ----

TEST(FramesEncode, ExamplesOfTheRfc) {
  test::each_kernel([](const Kernels &) {
    std::vector<FrameSpec> specs = {{.opcode = TW_OPCODE_TEXT, .payload = test::text("Hello")},
                                    {.opcode = TW_OPCODE_TEXT, .flags = kFinMasked, .payload = test::text("Hello")},
                                    {.opcode = TW_OPCODE_TEXT, .flags = 0, .payload = test::text("Hel")},
                                    {.opcode = TW_OPCODE_CONTINUATION, .payload = test::text("lo")}};
    const std::vector<tw_frame> frames = descriptors(specs);
    Bytes out(100);
    size_t out_len = 0;
    ASSERT_EQ(tw_frames_encode(frames.data(), frames.size(), out.data(), out.size(), &out_len), TW_OK);
    out.resize(out_len);
    EXPECT_EQ(out, hex("81 05 48656c6c6f  81 85 37fa213d 7f9f4d5158  01 03 48656c  80 02 6c6f"));
  });
}

// The frame ends where the page ends; the payload, which is read, begins and ends at pages too.
TEST(FramesEncode, EveryPayloadLengthAtTheEndOfAPage) {
  test::GuardedBuffer source(70000);
  test::GuardedBuffer target(70000);
  test::each_kernel([&](const Kernels &) {
    for (const size_t len : {0,  1,   2,   3,   4,   7,   8,   9,   15,  16,  17,   31,   32,    33,    63,   64,
                             65, 124, 125, 126, 127, 128, 129, 255, 256, 257, 1024, 4099, 65535, 65536, 65537}) {
      const size_t size = static_cast<size_t>(len);
      FrameSpec spec = {.flags = kFinMasked, .payload = test::pattern(size)};
      const Bytes want = wire(spec);
      tw_frame frame = test::descriptor(spec);
      for (const bool at_back : {false, true}) {
        frame.payload = at_back ? source.back(size) : source.front();
        if (size > 0) memcpy(frame.payload, spec.payload.data(), size);
        uint8_t *out = target.back(want.size());
        size_t out_len = 0;
        ASSERT_EQ(tw_frames_encode(&frame, 1, out, want.size(), &out_len), TW_OK);
        ASSERT_TRUE(test::same_bytes({out, out_len}, test::view(want))) << size;
        ASSERT_TRUE(test::same_bytes({frame.payload, size}, test::view(spec.payload))) << "the payload was changed";
      }
    }
  });
}

TEST(FramesEncode, TooLittleRoomWritesTheLengthAlone) {
  std::vector<FrameSpec> specs = {{.payload = test::pattern(10)}, {.flags = kFinMasked, .payload = test::pattern(200)}};
  const std::vector<tw_frame> frames = descriptors(specs);
  const size_t need = test::wire_all(specs).size();
  for (size_t cap = 0; cap < need; ++cap) {
    Bytes out(need, 0xA5);
    size_t out_len = 0;
    ASSERT_EQ(tw_frames_encode(frames.data(), frames.size(), out.data(), cap, &out_len), TW_NEED_ROOM);
    ASSERT_EQ(out_len, need);
    ASSERT_EQ(out, Bytes(need, 0xA5));
  }
}

TEST(FramesEncode, OneBadFrameRefusesAll) {
  std::vector<FrameSpec> specs = {{.payload = test::pattern(10)}, {.opcode = 3}};
  const std::vector<tw_frame> frames = descriptors(specs);
  Bytes out(100, 0xA5);
  size_t out_len = 0;
  EXPECT_EQ(tw_frames_encode(frames.data(), frames.size(), out.data(), out.size(), &out_len), TW_ERR_OPCODE);
  EXPECT_EQ(out, Bytes(100, 0xA5));
}

TEST(FramesEncode, LengthsThatDoNotFitIntoMemoryAreRefused) {
  uint8_t byte = 0;
  tw_frame frame = frame_of(TW_OPCODE_BINARY, TW_FRAME_FIN, kTwo63 - 1);
  frame.payload = &byte;
  const tw_frame frames[3] = {frame, frame, frame};
  size_t out_len = 0;
  EXPECT_EQ(tw_frames_encode(frames, 1, nullptr, 0, &out_len), TW_NEED_ROOM);
  EXPECT_EQ(out_len, kTwo63 - 1 + 10);
  EXPECT_EQ(tw_frames_encode(frames, 3, nullptr, 0, &out_len), TW_ERR_LENGTH_TOO_LARGE);
}

TEST(FramesEncode, NullIsAllowedWhereTheLengthIsZero) {
  tw_frame frame = frame_of(TW_OPCODE_BINARY, kFinMasked, 0);
  uint8_t out[TW_FRAME_HEADER_MAX];
  size_t out_len = 99;
  EXPECT_EQ(tw_frames_encode(nullptr, 0, nullptr, 0, &out_len), TW_OK);
  EXPECT_EQ(out_len, 0u);
  EXPECT_EQ(tw_frames_encode(&frame, 1, out, sizeof(out), &out_len), TW_OK);
  EXPECT_EQ(out_len, 6u);
  frame.payload_len = 1;
  EXPECT_EQ(tw_frames_encode(&frame, 1, out, sizeof(out), &out_len), TW_ERR_NULL);
  EXPECT_EQ(tw_frames_encode(nullptr, 1, out, sizeof(out), &out_len), TW_ERR_NULL);
  EXPECT_EQ(tw_frames_encode(&frame, 1, nullptr, 1, &out_len), TW_ERR_NULL);
  EXPECT_EQ(tw_frames_encode(&frame, 1, out, sizeof(out), nullptr), TW_ERR_NULL);
}

// What decodes encodes to the same bytes, and what encodes decodes to the same frames.
TEST(FramesEncode, RoundTrips) {
  test::each_kernel([](const Kernels &) {
    test::Rng rng(10);
    for (int i = 0; i < 500; ++i) {
      std::vector<FrameSpec> specs(test::pick(rng, 1, 12));
      for (FrameSpec &spec : specs) {
        spec.payload = test::random_bytes(rng, rng() % 5 == 0 ? rng() % 70000 : rng() % 300);
        spec.flags = rng() % 2 == 0 ? kFinMasked : uint8_t{TW_FRAME_FIN};
        for (uint8_t &byte : spec.key) byte = static_cast<uint8_t>(rng());
      }
      const Bytes want = test::wire_all(specs);
      Bytes out(want.size());
      size_t out_len = 0;
      const std::vector<tw_frame> frames = descriptors(specs);
      ASSERT_EQ(tw_frames_encode(frames.data(), frames.size(), out.data(), out.size(), &out_len), TW_OK);
      ASSERT_TRUE(test::same_bytes(test::view(out), test::view(want)));
      const test::Decoded got = test::decode(out, 0);
      ASSERT_EQ(got.count, specs.size());
      Bytes again(want.size());
      ASSERT_EQ(tw_frames_encode(got.frames.data(), got.count, again.data(), again.size(), &out_len), TW_OK);
      ASSERT_TRUE(test::same_bytes(test::view(again), test::view(want)));
    }
  });
}

TEST(WriteFrame, ReturnsWhatItWrote) {
  test::each_kernel([](const Kernels &row) {
    for (const bool masked : {false, true}) {
      FrameSpec spec = {.flags = masked ? kFinMasked : uint8_t{TW_FRAME_FIN}, .payload = test::pattern(300)};
      const Bytes want = wire(spec);
      uint32_t key = 0;
      if (masked) memcpy(&key, spec.key.data(), 4);
      const FrameHeader header = {spec.payload.size(), key, kFin | kBinary, 0, masked};
      Bytes out(want.size());
      EXPECT_EQ(write_frame(row, header, spec.payload.data(), out.data()), want.size());
      EXPECT_TRUE(test::same_bytes(test::view(out), test::view(want)));
    }
  });
}

}  // namespace
}  // namespace tidewire
