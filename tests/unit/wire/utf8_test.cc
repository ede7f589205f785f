// SPDX-License-Identifier: MIT
// tw_utf8_... and tw_unmask_utf8: what the C API adds to the kernels, which is offsets, streams and arguments.
#include <gtest/gtest.h>
#include <stdint.h>
#include <tidewire/tidewire.h>

#include <vector>

#include "tests/reference/mask_ref.h"
#include "tests/reference/utf8_ref.h"
#include "tests/support/each_kernel.h"
#include "tests/support/frames.h"
#include "tests/support/split_feed.h"
#include "tests/support/test_bytes.h"
#include "tests/support/texts.h"

namespace tidewire {
namespace {

using reference::Utf8Result;
using test::Bytes;
using test::Rng;

constexpr const uint8_t *kKey = test::kRfcKey.data();

struct Mistake {
  const char *what;
  const char *bytes;
  size_t valid_len;     // whole code points before it
  size_t error_offset;  // of the first byte that cannot be
};

// One of each kind, with text before and after.
constexpr Mistake kMistakes[] = {
    {"continuation without a lead", "61 80 62", 1, 1},
    {"two continuations after a lead of two", "61 c3a9 a9 62", 3, 3},
    {"lead without a continuation", "61 c3 62", 1, 2},
    {"lead of three with one continuation", "61 e6bd 62", 1, 3},
    {"lead of four with two continuations", "61 f09f8c 62", 1, 4},
    {"overlong form of two", "61 c080 62", 1, 1},
    {"overlong form of two, highest", "61 c1bf 62", 1, 1},
    {"overlong form of three", "61 e09fbf 62", 1, 2},
    {"overlong form of four", "61 f08fbfbf 62", 1, 2},
    {"first surrogate", "61 eda080 62", 1, 2},
    {"last surrogate", "61 edbfbf 62", 1, 2},
    {"above U+10FFFF", "61 f4908080 62", 1, 2},
    {"lead of four that leads nowhere", "61 f5808080 62", 1, 1},
    {"lead of five", "61 f888808080 62", 1, 1},
    {"byte FF", "61 ff 62", 1, 1},
    {"end inside a code point", "61 f09f8c", 1, 4},
};

TEST(Utf8, EveryKindOfMistakeHasItsOffset) {
  test::each_kernel([](const Kernels &) {
    for (const Mistake &mistake : kMistakes) {
      const Bytes bytes = test::hex(mistake.bytes);
      size_t valid_len = 99;
      EXPECT_EQ(tw_utf8_validate(bytes.data(), bytes.size(), &valid_len), TW_ERR_UTF8) << mistake.what;
      EXPECT_EQ(valid_len, mistake.valid_len) << mistake.what;
      tw_utf8 utf8 = {};
      size_t offset = bytes.size();
      const tw_status status = tw_utf8_step(&utf8, bytes.data(), bytes.size(), &offset);
      EXPECT_EQ(offset, mistake.error_offset) << mistake.what;
      EXPECT_EQ(status == TW_OK ? tw_utf8_finish(&utf8) : status, TW_ERR_UTF8) << mistake.what;
    }
  });
}

TEST(Utf8, ValidTextIsValidToItsEnd) {
  test::each_kernel([](const Kernels &) {
    for (const char *sample : test::kTexts) {
      const Bytes bytes = test::text(sample);
      size_t valid_len = 0;
      EXPECT_EQ(tw_utf8_validate(bytes.data(), bytes.size(), &valid_len), TW_OK) << sample;
      EXPECT_EQ(valid_len, bytes.size()) << sample;
      EXPECT_EQ(tw_utf8_validate(bytes.data(), bytes.size(), nullptr), TW_OK) << sample;
    }
  });
}

TEST(Utf8, ValidateEqualsTheReference) {
  test::each_kernel([](const Kernels &) {
    Rng rng(6);
    for (int i = 0; i < 5000; ++i) {
      Bytes bytes = test::random_text(rng, rng() % 200);
      test::corrupt(rng, bytes);
      const Utf8Result want = reference::utf8(bytes.data(), bytes.size());
      size_t valid_len = 0;
      ASSERT_EQ(tw_utf8_validate(bytes.data(), bytes.size(), &valid_len),
                want.is_text(bytes.size()) ? TW_OK : TW_ERR_UTF8);
      ASSERT_EQ(valid_len, want.valid_len);
    }
  });
}

// Steps through the pieces, by tw_utf8_step or by tw_unmask_utf8, against the reference on all bytes so far.
void expect_reference_steps(const Bytes &bytes, const std::vector<ByteView> &pieces, bool fused) {
  tw_utf8 utf8;
  tw_utf8_init(&utf8);
  size_t start = 0;
  for (const ByteView piece : pieces) {
    const size_t end = start + piece.size;
    const Utf8Result want = reference::utf8(bytes.data(), end);
    size_t offset = SIZE_MAX;
    tw_status status;
    if (fused) {
      Bytes data = test::copy(piece);
      reference::mask(data.data(), data.data(), data.size(), kKey, start);
      status = tw_unmask_utf8(data.data(), data.data(), data.size(), kKey, start, &utf8, &offset);
      ASSERT_TRUE(test::same_bytes(test::view(data), piece));
    } else {
      status = tw_utf8_step(&utf8, piece.data, piece.size, &offset);
    }
    ASSERT_EQ(status, want.is_prefix(end) ? TW_OK : TW_ERR_UTF8);
    if (status != TW_OK) {
      ASSERT_EQ(offset, want.error_offset - start);
      return;
    }
    ASSERT_EQ(offset, SIZE_MAX) << "written without an error";
    ASSERT_EQ(tw_utf8_finish(&utf8), want.is_text(end) ? TW_OK : TW_ERR_UTF8);
    start = end;
  }
}

TEST(Utf8, StreamMayBeCutAnywhere) {
  test::each_kernel([](const Kernels &) {
    for (const Mistake &mistake : kMistakes) {
      const Bytes bytes = test::join({test::text(test::kTexts[5]), test::hex(mistake.bytes)});
      for (const bool fused : {false, true}) {
        SCOPED_TRACE(fused ? "tw_unmask_utf8" : "tw_utf8_step");
        test::split_feed(test::view(bytes),
                         [&](const std::vector<ByteView> &pieces) { expect_reference_steps(bytes, pieces, fused); });
      }
    }
  });
}

TEST(Utf8, InitBeginsANewText) {
  const Bytes cut = test::hex("e6bd");
  tw_utf8 utf8 = {};
  ASSERT_EQ(tw_utf8_step(&utf8, cut.data(), cut.size(), nullptr), TW_OK);
  ASSERT_EQ(tw_utf8_finish(&utf8), TW_ERR_UTF8);
  tw_utf8_init(&utf8);
  EXPECT_EQ(tw_utf8_finish(&utf8), TW_OK);
  EXPECT_EQ(utf8.state, 0u);
}

TEST(Utf8, StateMayBeCopied) {
  const Bytes bytes = test::text("潮");
  tw_utf8 utf8 = {};
  ASSERT_EQ(tw_utf8_step(&utf8, bytes.data(), 1, nullptr), TW_OK);
  tw_utf8 copy = utf8;
  EXPECT_EQ(tw_utf8_step(&utf8, bytes.data() + 1, 2, nullptr), TW_OK);
  EXPECT_EQ(tw_utf8_finish(&utf8), TW_OK);
  EXPECT_EQ(tw_utf8_finish(&copy), TW_ERR_UTF8);
  EXPECT_EQ(tw_utf8_step(&copy, bytes.data() + 1, 2, nullptr), TW_OK);
  EXPECT_EQ(tw_utf8_finish(&copy), TW_OK);
}

TEST(UnmaskUtf8, WritesAllOfTheDestinationThoughTheTextIsWrong) {
  test::each_kernel([](const Kernels &) {
    for (size_t at = 0; at < 300; ++at) {
      Bytes plain(300, 'x');
      plain[at] = 0xFF;
      Bytes masked(plain.size());
      reference::mask(masked.data(), plain.data(), plain.size(), kKey, 1);
      Bytes out(plain.size());
      tw_utf8 utf8 = {};
      size_t offset = 0;
      ASSERT_EQ(tw_unmask_utf8(out.data(), masked.data(), masked.size(), kKey, 1, &utf8, &offset), TW_ERR_UTF8);
      ASSERT_EQ(offset, at);
      ASSERT_TRUE(test::same_bytes(test::view(out), test::view(plain)));
    }
  });
}

TEST(UnmaskUtf8, PartialOverlapIsRefused) {
  Bytes data(16, 'x');
  tw_utf8 utf8 = {};
  EXPECT_EQ(tw_unmask_utf8(data.data() + 1, data.data(), 8, kKey, 0, &utf8, nullptr), TW_ERR_ARGUMENT);
  EXPECT_EQ(data, Bytes(16, 'x'));
}

TEST(Utf8, NullIsAllowedWhereTheLengthIsZero) {
  uint8_t byte = 'x';
  tw_utf8 utf8 = {};
  EXPECT_EQ(tw_utf8_validate(nullptr, 0, nullptr), TW_OK);
  EXPECT_EQ(tw_utf8_validate(nullptr, 1, nullptr), TW_ERR_NULL);
  EXPECT_EQ(tw_utf8_step(&utf8, nullptr, 0, nullptr), TW_OK);
  EXPECT_EQ(tw_utf8_step(&utf8, nullptr, 1, nullptr), TW_ERR_NULL);
  EXPECT_EQ(tw_utf8_step(nullptr, &byte, 1, nullptr), TW_ERR_NULL);
  EXPECT_EQ(tw_utf8_finish(nullptr), TW_ERR_NULL);
  EXPECT_EQ(tw_unmask_utf8(nullptr, nullptr, 0, kKey, 0, &utf8, nullptr), TW_OK);
  EXPECT_EQ(tw_unmask_utf8(&byte, nullptr, 1, kKey, 0, &utf8, nullptr), TW_ERR_NULL);
  EXPECT_EQ(tw_unmask_utf8(nullptr, &byte, 1, kKey, 0, &utf8, nullptr), TW_ERR_NULL);
  EXPECT_EQ(tw_unmask_utf8(&byte, &byte, 1, nullptr, 0, &utf8, nullptr), TW_ERR_NULL);
  EXPECT_EQ(tw_unmask_utf8(&byte, &byte, 1, kKey, 0, nullptr, nullptr), TW_ERR_NULL);
}

}  // namespace
}  // namespace tidewire
