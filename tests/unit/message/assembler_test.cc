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
  explicit AssemblerUnderTest(const Kernels &kernels) : kernels_(kernels) { source_.allocator = counting.core(); }
  ~AssemblerUnderTest() {
    assembler.reset(&lender);
    lender.release(finished);
  }

  // Makes room for a frame, as the first one of a message or a later one.
  Status add_room(uint8_t opcode, size_t len, bool last) {
    Assembler::Message start;
    start.opcode = opcode;
    start.validated = opcode == kText;
    return assembler.active() ? assembler.grow(&lender, len, last, max_len) : assembler.start(&lender, start, len);
  }

  // Adds a whole frame, its payload in pieces of `piece` bytes.
  Status add(uint8_t opcode, const Bytes &payload, bool last, size_t piece = SIZE_MAX) {
    const Status room = add_room(opcode, payload.size(), last);
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
    MutBytes bytes;
    finished = assembler.finish(&lender, &bytes);
    return Bytes(bytes.data, bytes.data + bytes.size);
  }

  CountingAllocator counting;
  Assembler assembler;
  Lease *finished = nullptr;
  uint64_t max_len = UINT64_MAX;
  size_t error_offset = 0;

 private:
  const Kernels &kernels_;
  LeaseSource source_;

 public:
  Lender lender{&source_};
};

TEST(Assembler, FragmentsBecomeOneBuffer) {
  each_kernel([](const Kernels &row) {
    for (const size_t piece : {size_t{1}, size_t{3}, size_t{64}, SIZE_MAX}) {
      AssemblerUnderTest test(row);
      EXPECT_FALSE(test.assembler.active());
      ASSERT_EQ(test.add(kBinary, pattern(1), false, piece), Status::kOk);
      EXPECT_TRUE(test.assembler.active());
      EXPECT_EQ(test.assembler.message().opcode, kBinary);
      ASSERT_EQ(test.add(kBinary, pattern(2000, 1), false, piece), Status::kOk);
      ASSERT_EQ(test.add(kBinary, {}, false, piece), Status::kOk);
      EXPECT_EQ(test.assembler.message().len, 2001u);
      ASSERT_EQ(test.add(kBinary, pattern(77, 2001), true, piece), Status::kOk);
      const Bytes whole = test.finish();
      EXPECT_TRUE(same_bytes(view(whole), view(pattern(2078))));
      EXPECT_FALSE(test.assembler.active());
    }
  });
}

TEST(Assembler, EmptyMessageHasNoBytes) {
  AssemblerUnderTest test(kernels());
  ASSERT_EQ(test.add(kText, {}, false), Status::kOk);
  ASSERT_EQ(test.add(kText, {}, true), Status::kOk);
  MutBytes bytes{nullptr, 1};
  test.finished = test.assembler.finish(&test.lender, &bytes);
  EXPECT_EQ(bytes.data, nullptr);
  EXPECT_EQ(bytes.size, 0u);
}

// What has arrived is all that counts: a declared length needs no more than one buffer of that length.
TEST(Assembler, OneFrameNeedsOneAllocation) {
  AssemblerUnderTest test(kernels());
  ASSERT_EQ(test.add(kBinary, pattern(100000), true, 1000), Status::kOk);
  EXPECT_EQ(test.counting.allocations(), 1u);
  EXPECT_LT(test.counting.peak_len(), 100000u + sizeof(Lease) + sizeof(Assembler::Message) + 1);
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

// Three buffers for a message of a length that is not known until its end: it grows by four.
TEST(Assembler, LongMessageInFragmentsAllocatesSeldom) {
  AssemblerUnderTest test(kernels());
  constexpr size_t kFragment = 64 << 10, kFragments = 16;
  for (size_t i = 0; i < kFragments; ++i) {
    ASSERT_EQ(test.add(kBinary, pattern(kFragment, i * kFragment), i + 1 == kFragments), Status::kOk);
  }
  EXPECT_LE(test.counting.allocations(), 3u);
  EXPECT_TRUE(same_bytes(view(test.finish()), view(pattern(kFragment * kFragments))));
}

// While it grows, the old buffer and the new one are held: together no more than twice what a message may be.
TEST(Assembler, GrowsNoFurtherThanAMessageMay) {
  for (const size_t fragment : {1, 7, 100, 334, 501, 999}) {
    AssemblerUnderTest test(kernels());
    test.max_len = 1000;
    for (size_t len = 0; len + fragment <= test.max_len; len += fragment) {
      ASSERT_EQ(test.add(kBinary, pattern(fragment, len), false), Status::kOk);
    }
    EXPECT_LE(test.counting.peak_len(), 2 * (test.max_len + sizeof(Lease) + sizeof(Assembler::Message)))
        << "fragments of " << fragment;
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
  test.assembler.reset(&test.lender);
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
  EXPECT_EQ(test.assembler.message().len, 10u);
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
  EXPECT_EQ(test.add_room(kBinary, SIZE_MAX - 5, false), Status::kNoMemory);
  EXPECT_EQ(test.add_room(kBinary, SIZE_MAX - 10, true), Status::kNoMemory);
  EXPECT_EQ(test.assembler.message().len, 10u);
}

// Bytes that come from elsewhere, such as an inflater, are written to the room and taken over.
TEST(Assembler, CommittedBytesAreValidatedAndJoined) {
  each_kernel([](const Kernels &row) {
    AssemblerUnderTest test(row);
    ASSERT_EQ(test.add(kText, test::text("ab\xC3"), false), Status::kOk);
    ASSERT_EQ(test.add_room(kText, 4, false), Status::kOk);
    ASSERT_GE(test.assembler.room().size, 4u);
    memcpy(test.assembler.room().data,
           "\xA4"
           "c",
           2);
    ASSERT_EQ(test.assembler.commit(row, 2, true), Status::kOk);
    EXPECT_EQ(test.finish(), test::text("ab\xC3\xA4"
                                        "c"));
  });
}

TEST(Assembler, CommitTakesWhatComesBeforeTheFirstBadByte) {
  each_kernel([](const Kernels &row) {
    AssemblerUnderTest test(row);
    ASSERT_EQ(test.add_room(kText, 8, false), Status::kOk);
    memcpy(test.assembler.room().data,
           "abc\xFF"
           "d",
           5);
    EXPECT_EQ(test.assembler.commit(row, 5, false), Status::kUtf8);
    EXPECT_EQ(test.assembler.message().len, 3u);
  });
}

TEST(Assembler, CommitOfTheLastBytesNeedsAWholeCodePoint) {
  AssemblerUnderTest test(kernels());
  ASSERT_EQ(test.add_room(kText, 8, false), Status::kOk);
  memcpy(test.assembler.room().data, "\xE2\x82", 2);
  ASSERT_EQ(test.assembler.commit(kernels(), 2, false), Status::kOk);
  EXPECT_EQ(test.assembler.commit(kernels(), 0, true), Status::kUtf8);
}

// A piece that is delivered where it lies counts, and is validated with those before and after it.
TEST(Assembler, PassedPiecesAreUnmaskedInPlaceAndKeptNowhere) {
  each_kernel([](const Kernels &row) {
    AssemblerUnderTest test(row);
    ASSERT_EQ(test.add_room(kText, 0, false), Status::kOk);
    const Bytes text = test::text("Gr\xC3\xBC\xC3\x9F");
    size_t bad = 0;
    for (size_t at = 0; at < text.size(); ++at) {
      uint8_t byte = text[at] ^ kKey[at % 4];
      const uint32_t key = rotate_key(load_raw<uint32_t>(kKey), at & 3);
      ASSERT_EQ(test.assembler.pass(row, &byte, 1, key, at + 1 == text.size(), &bad), Status::kOk);
      ASSERT_EQ(byte, text[at]);
    }
    EXPECT_EQ(test.assembler.message().len, text.size());
  });
}

}  // namespace
}  // namespace tidewire
