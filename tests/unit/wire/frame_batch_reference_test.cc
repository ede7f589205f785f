// SPDX-License-Identifier: MIT
// tw_frames_decode with every kernel row against the reference, in buffers that end where a page ends: every length,
// every place of a mistake, random batches, and random bytes.
#include <gtest/gtest.h>
#include <stdint.h>
#include <string.h>
#include <tidewire/tidewire.h>

#include <vector>

#include "tests/support/each_kernel.h"
#include "tests/support/frames.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/test_bytes.h"
#include "tests/support/texts.h"

namespace tidewire {
namespace {

using test::Bytes;
using test::decodes_as_reference;
using test::FrameSpec;
using test::wire;

constexpr uint8_t kFinMasked = TW_FRAME_FIN | TW_FRAME_MASKED;
constexpr uint32_t kServer = TW_DECODE_REQUIRE_MASKED | TW_DECODE_VALIDATE_TEXT;

// The frame ends where the page ends, so that its payload is unmasked without a byte behind it.
::testing::AssertionResult decodes_at_the_edge(test::GuardedBuffer &buffer, const Bytes &bytes, uint32_t rules) {
  const reference::Frames want = reference::frames(bytes.data(), bytes.size(), rules, 64);
  uint8_t *data = buffer.back(bytes.size());
  memcpy(data, bytes.data(), bytes.size());
  tw_frame frames[64];
  size_t count = 0, consumed = 0;
  const tw_status status = tw_frames_decode(data, bytes.size(), rules, frames, 64, &count, &consumed);
  const ::testing::AssertionResult same = test::same_batch(status, frames, count, consumed, data, want);
  return same ? test::same_bytes({data, bytes.size()}, test::view(test::buffer_after(bytes, want))) : same;
}

TEST(FramesDecode, EveryPayloadLengthAtTheEndOfAPage) {
  test::GuardedBuffer buffer(70000);
  std::vector<size_t> lengths = {1023, 1024, 1025, 4099, 65534, 65535, 65536, 65537};
  for (size_t len = 0; len <= 600; ++len) lengths.push_back(len);
  test::each_kernel([&](const Kernels &) {
    for (const size_t len : lengths) {
      for (const uint8_t opcode : {TW_OPCODE_TEXT, TW_OPCODE_BINARY}) {
        for (const uint8_t flags : {uint8_t{TW_FRAME_FIN}, kFinMasked}) {
          const Bytes payload = opcode == TW_OPCODE_TEXT ? Bytes(len, 'x') : test::pattern(len, len);
          const Bytes bytes = wire({.opcode = opcode, .flags = flags, .payload = payload});
          ASSERT_TRUE(decodes_at_the_edge(buffer, bytes, TW_DECODE_VALIDATE_TEXT)) << len << " bytes";
        }
      }
    }
  });
}

TEST(FramesDecode, TextWithAMistakeAtEveryByte) {
  test::GuardedBuffer buffer(4096);
  test::each_kernel([&](const Kernels &) {
    for (const size_t len : {1, 3, 7, 8, 15, 16, 31, 33, 64, 100, 127, 128, 129, 255, 300}) {
      for (size_t at = 0; at < len; ++at) {
        Bytes payload(len, 'x');
        payload[at] = 0xC3;  // a lead that what follows does not continue
        const Bytes bytes = wire({.opcode = TW_OPCODE_TEXT, .flags = kFinMasked, .payload = payload});
        ASSERT_TRUE(decodes_at_the_edge(buffer, bytes, kServer)) << "byte " << at << " of " << len;
      }
    }
  });
}

// A frame of a kind that real peers send, now and then a wrong one.
FrameSpec random_frame(test::Rng &rng, bool masked) {
  FrameSpec spec;
  constexpr uint8_t kOpcodes[] = {0, 1, 1, 1, 2, 2, 8, 9, 10};
  spec.opcode = kOpcodes[rng() % 9];
  size_t len = rng() % 4 == 0 ? rng() % 2000 : rng() % 130;
  if (spec.opcode >= 8) len %= 126;
  spec.flags =
      static_cast<uint8_t>((spec.opcode >= 8 || rng() % 4 != 0 ? TW_FRAME_FIN : 0) | (masked ? TW_FRAME_MASKED : 0));
  spec.payload = spec.opcode == TW_OPCODE_TEXT ? test::random_text(rng, len) : test::random_bytes(rng, len);
  if (spec.opcode >= 8) spec.payload.resize(len);
  for (uint8_t &byte : spec.key) byte = static_cast<uint8_t>(rng());
  switch (rng() % 40) {
    case 0: spec.opcode = static_cast<uint8_t>(rng() % 16); break;
    case 1: spec.flags = static_cast<uint8_t>(spec.flags ^ (0x10u << (rng() % 4))); break;
    case 2: spec.flags ^= TW_FRAME_MASKED; break;
    case 3: test::corrupt(rng, spec.payload); break;
    case 4: spec.form = rng() % 2 == 0 ? test::LengthForm::k16Bit : test::LengthForm::k64Bit; break;
    default: break;
  }
  return spec;
}

Bytes random_batch(test::Rng &rng, uint32_t *out_rules) {
  constexpr uint32_t kRules[] = {
      0,
      kServer,
      TW_DECODE_REQUIRE_UNMASKED | TW_DECODE_VALIDATE_TEXT,
      kServer | TW_DECODE_ALLOW_RSV1,
      kServer | TW_DECODE_ALLOW_RSV2 | TW_DECODE_ALLOW_RSV3,
  };
  *out_rules = kRules[rng() % 5];
  const bool masked = (*out_rules & TW_DECODE_REQUIRE_UNMASKED) == 0;
  Bytes bytes;
  for (size_t count = test::pick(rng, 1, 20); count > 0; --count) {
    const Bytes one = wire(random_frame(rng, masked));
    bytes.insert(bytes.end(), one.begin(), one.end());
  }
  if (rng() % 2 == 0) bytes.resize(bytes.size() - rng() % bytes.size());
  return bytes;
}

TEST(FramesDecode, RandomBatchesAsTheReference) {
  test::GuardedBuffer buffer(64 * 1024);
  test::each_kernel([&](const Kernels &) {
    test::Rng rng(8);
    for (int i = 0; i < 3000; ++i) {
      uint32_t rules = 0;
      const Bytes bytes = random_batch(rng, &rules);
      ASSERT_TRUE(decodes_at_the_edge(buffer, bytes, rules)) << "batch " << i;
      ASSERT_TRUE(decodes_as_reference(bytes, rules, rng() % 20)) << "batch " << i;
    }
  });
}

TEST(FramesDecode, RandomBytesAsTheReference) {
  test::each_kernel([](const Kernels &) {
    test::Rng rng(9);
    for (int i = 0; i < 20000; ++i) {
      Bytes bytes = test::random_bytes(rng, rng() % 60);
      if (!bytes.empty()) bytes[0] &= 0x8F;
      ASSERT_TRUE(decodes_as_reference(bytes, rng() % 2 == 0 ? kServer : 0)) << "input " << i;
    }
  });
}

// A read buffer of many small frames, with the end cut at each of its last bytes.
TEST(FramesDecode, ManyFramesCutAtEveryByteOfTheEnd) {
  std::vector<FrameSpec> specs;
  for (size_t i = 0; i < 60; ++i) {
    specs.push_back({.opcode = TW_OPCODE_TEXT, .flags = kFinMasked, .payload = Bytes(i * 5 % 140, 'x')});
  }
  const Bytes bytes = test::wire_all(specs);
  test::GuardedBuffer buffer(bytes.size());
  test::each_kernel([&](const Kernels &) {
    for (size_t cut = 0; cut <= 400; ++cut) {
      const Bytes front(bytes.begin(), bytes.end() - static_cast<ptrdiff_t>(cut));
      ASSERT_TRUE(decodes_at_the_edge(buffer, front, kServer)) << cut << " bytes less";
    }
  });
}

}  // namespace
}  // namespace tidewire
