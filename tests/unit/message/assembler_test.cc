// SPDX-License-Identifier: MIT
#include "core/message/assembler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/base/endian.h"
#include "core/simd/small.h"
#include "tests/reference/mask_ref.h"
#include "tests/support/counting_allocator.h"
#include "tests/support/each_kernel.h"
#include "tests/support/test_bytes.h"

namespace tidewire {
namespace {

using test::Bytes;
using test::CountingAllocator;
using test::each_kernel;
using test::hex;
using test::pattern;
using test::same_bytes;
using test::view;

constexpr uint8_t kKey[4] = {0x37, 0xFA, 0x21, 0x3D};

// An assembler with the memory it takes from; fragments are masked on their way in.
class AssemblerUnderTest {
 public:
  explicit AssemblerUnderTest(const Kernels &kernels) : kernels_(kernels) { source.allocator = counting.core(); }
  ~AssemblerUnderTest() {
    assembler.reset(source);
    source.release(message);
  }

  // Adds a whole frame, its payload in pieces of `piece` bytes.
  Status add(uint8_t opcode, const Bytes &payload, bool last, size_t piece = SIZE_MAX) {
    const Status room = assembler.add_frame(source, opcode, payload.size(), last, max_len);
    if (room != Status::kOk) return room;
    Bytes masked(payload.size());
    reference::mask(masked.data(), payload.data(), payload.size(), kKey, 0);
    size_t at = 0;
    do {
      const size_t len = std::min(piece, payload.size() - at);
      const bool ends = last && at + len == payload.size();
      error_offset = SIZE_MAX;
      const uint32_t key = rotate_key(load_raw<uint32_t>(kKey), at & 3);
      const Status status = assembler.append(kernels_, masked.data() + at, len, key, ends, &error_offset);
      if (status != Status::kOk) return status;
      at += len;
    } while (at < payload.size());
    return Status::kOk;
  }

  Bytes finish() {
    size_t len = 0;
    message = assembler.finish(&len);
    return message == nullptr ? Bytes() : Bytes(message->bytes(), message->bytes() + len);
  }

  CountingAllocator counting;
  LeaseSource source;
  Assembler assembler;
  Lease *message = nullptr;
  uint64_t max_len = UINT64_MAX;
  size_t error_offset = 0;

 private:
  const Kernels &kernels_;
};

TEST(Assembler, FragmentsBecomeOneBuffer) {
  each_kernel([](const Kernels &row) {
    for (const size_t piece : {size_t{1}, size_t{3}, size_t{64}, SIZE_MAX}) {
      AssemblerUnderTest test(row);
      EXPECT_FALSE(test.assembler.active());
      ASSERT_EQ(test.add(kBinary, pattern(1), false, piece), Status::kOk);
      EXPECT_TRUE(test.assembler.active());
      EXPECT_EQ(test.assembler.opcode(), kBinary);
      ASSERT_EQ(test.add(kBinary, pattern(2000, 1), false, piece), Status::kOk);
      ASSERT_EQ(test.add(kBinary, {}, false, piece), Status::kOk);
      EXPECT_EQ(test.assembler.fragments(), 3u);
      EXPECT_EQ(test.assembler.len(), 2001u);
      ASSERT_EQ(test.add(kBinary, pattern(77, 2001), true, piece), Status::kOk);
      const Bytes whole = test.finish();
      EXPECT_TRUE(same_bytes(view(whole), view(pattern(2078))));
      EXPECT_FALSE(test.assembler.active());
      EXPECT_EQ(test.assembler.len(), 0u);
      EXPECT_EQ(test.assembler.fragments(), 0u);
    }
  });
}

TEST(Assembler, EmptyMessageHasNoBuffer) {
  AssemblerUnderTest test(kernels());
  ASSERT_EQ(test.add(kText, {}, false), Status::kOk);
  ASSERT_EQ(test.add(kText, {}, true), Status::kOk);
  size_t len = 1;
  EXPECT_EQ(test.assembler.finish(&len), nullptr);
  EXPECT_EQ(len, 0u);
  EXPECT_EQ(test.counting.allocations(), 0u);
}

// What has arrived is all that counts: a declared length needs no more than one buffer of that length.
TEST(Assembler, OneFrameNeedsOneAllocation) {
  AssemblerUnderTest test(kernels());
  ASSERT_EQ(test.add(kBinary, pattern(100000), true, 1000), Status::kOk);
  EXPECT_EQ(test.counting.allocations(), 1u);
  EXPECT_LT(test.counting.peak_len(), 100000u + 64);
}

// Each byte is copied a bounded number of times, however many fragments there are.
TEST(Assembler, ManySmallFragmentsAllocateSeldom) {
  AssemblerUnderTest test(kernels());
  Bytes expected;
  for (size_t i = 0; i < 4096; ++i) {
    const Bytes fragment = pattern(7, i * 7);
    expected.insert(expected.end(), fragment.begin(), fragment.end());
    ASSERT_EQ(test.add(kBinary, fragment, i == 4095), Status::kOk);
  }
  EXPECT_LE(test.counting.allocations(), 16u);
  const Bytes whole = test.finish();
  EXPECT_TRUE(same_bytes(view(whole), view(expected)));
}

// While it grows, the old buffer and the new one are held: together no more than twice what a message may be.
TEST(Assembler, GrowsNoFurtherThanAMessageMay) {
  for (const size_t fragment : {1, 7, 100, 334, 501, 999}) {
    AssemblerUnderTest test(kernels());
    test.max_len = 1000;
    for (size_t len = 0; len + fragment <= test.max_len; len += fragment) {
      ASSERT_EQ(test.add(kBinary, pattern(fragment, len), false), Status::kOk);
    }
    EXPECT_LE(test.counting.peak_len(), 2 * (test.max_len + sizeof(Lease))) << "fragments of " << fragment;
  }
}

TEST(Assembler, TextIsValidatedAcrossPiecesAndFragments) {
  each_kernel([](const Kernels &row) {
    const Bytes text = test::text("Gr\xC3\xBC\xC3\x9F \xE4\xBD\xA0\xE5\xA5\xBD \xF0\x9F\x91\x8B");
    for (size_t cut = 0; cut <= text.size(); ++cut) {
      for (const size_t piece : {size_t{1}, size_t{2}, SIZE_MAX}) {
        AssemblerUnderTest test(row);
        const auto middle = text.begin() + static_cast<ptrdiff_t>(cut);
        ASSERT_EQ(test.add(kText, Bytes(text.begin(), middle), false, piece), Status::kOk);
        ASSERT_EQ(test.add(kText, Bytes(middle, text.end()), true, piece), Status::kOk);
        ASSERT_EQ(test.finish(), text);
      }
    }
  });
}

TEST(Assembler, FirstBadByteIsTold) {
  each_kernel([](const Kernels &row) {
    const struct {
      Bytes first, second;
      size_t offset;  // in the piece that has the bad byte
    } cases[] = {
        {hex("61"), hex("ff"), 0},         {hex("61e2"), hex("41"), 0},   {hex("61e282"), hex("acc0"), 1},
        {hex("ed"), hex("a080"), 0},       {hex("f0"), hex("8f8080"), 0}, {hex("f48f"), hex("bfbf80"), 2},
        {hex("c3"), hex("a4616263f5"), 4},
    };
    for (const auto &[first, second, offset] : cases) {
      AssemblerUnderTest test(row);
      ASSERT_EQ(test.add(kText, first, false), Status::kOk);
      EXPECT_EQ(test.add(kText, second, false), Status::kUtf8);
      EXPECT_EQ(test.error_offset, offset);
    }
  });
}

TEST(Assembler, TextMayNotEndInsideACodePoint) {
  each_kernel([](const Kernels &row) {
    for (const char *tail : {"c3", "e282", "f0", "f09f98"}) {
      AssemblerUnderTest whole(row), fragments(row), empty(row);
      const Bytes cut = hex(tail);
      EXPECT_EQ(whole.add(kText, cut, true), Status::kUtf8);
      EXPECT_EQ(whole.error_offset, cut.size());
      ASSERT_EQ(fragments.add(kText, test::text("a"), false), Status::kOk);
      EXPECT_EQ(fragments.add(kText, cut, true), Status::kUtf8);
      EXPECT_EQ(fragments.error_offset, cut.size());
      ASSERT_EQ(empty.add(kText, cut, false), Status::kOk);
      EXPECT_EQ(empty.add(kText, {}, true), Status::kUtf8);
      EXPECT_EQ(empty.error_offset, 0u);
    }
  });
}

TEST(Assembler, BinaryIsNotValidated) {
  AssemblerUnderTest test(kernels());
  ASSERT_EQ(test.add(kBinary, hex("ff"), false), Status::kOk);
  ASSERT_EQ(test.add(kBinary, hex("c3"), true), Status::kOk);
  EXPECT_EQ(test.finish(), hex("ffc3"));
}

TEST(Assembler, ANewMessageStartsANewText) {
  AssemblerUnderTest test(kernels());
  ASSERT_EQ(test.add(kText, hex("61c3"), false), Status::kOk);
  test.assembler.reset(test.source);
  EXPECT_FALSE(test.assembler.active());
  EXPECT_EQ(test.counting.live_blocks(), 0u);
  EXPECT_EQ(test.add(kText, hex("a4"), true), Status::kUtf8);
  EXPECT_EQ(test.error_offset, 0u);
}

TEST(Assembler, WithoutMemoryNothingChanges) {
  AssemblerUnderTest test(kernels());
  ASSERT_EQ(test.add(kBinary, pattern(10), false), Status::kOk);
  test.counting.fail_after(0);
  EXPECT_EQ(test.add(kBinary, pattern(1000, 10), false), Status::kNoMemory);
  EXPECT_EQ(test.assembler.len(), 10u);
  EXPECT_EQ(test.assembler.fragments(), 1u);
  ASSERT_EQ(test.add(kBinary, pattern(1000, 10), true), Status::kOk);
  EXPECT_EQ(test.finish(), pattern(1010));
}

TEST(Assembler, WithoutMemoryForTheFirstFrameItIsNotActive) {
  AssemblerUnderTest test(kernels());
  test.counting.fail_after(0);
  EXPECT_EQ(test.add(kText, pattern(10), false), Status::kNoMemory);
  EXPECT_FALSE(test.assembler.active());
}

TEST(Assembler, LengthsThatCannotBeAreNoMemory) {
  AssemblerUnderTest test(kernels());
  ASSERT_EQ(test.add(kBinary, pattern(10), false), Status::kOk);
  EXPECT_EQ(test.assembler.add_frame(test.source, kBinary, SIZE_MAX - 5, false, UINT64_MAX), Status::kNoMemory);
  EXPECT_EQ(test.assembler.add_frame(test.source, kBinary, SIZE_MAX - 10, true, UINT64_MAX), Status::kNoMemory);
  EXPECT_EQ(test.assembler.len(), 10u);
}

}  // namespace
}  // namespace tidewire
