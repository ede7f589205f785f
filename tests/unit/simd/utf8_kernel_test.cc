// SPDX-License-Identifier: MIT
// Validation by every row, alone and fused with unmasking, against the grammar of RFC 3629: resumed at every byte, at
// every edge of a vector, and between pages that fault. utf8_exhaustive_test.cc has the strings one by one.
#include <gtest/gtest.h>
#include <string.h>

#include <algorithm>
#include <vector>

#include "core/simd/kernels.h"
#include "core/simd/small.h"
#include "tests/reference/mask_ref.h"
#include "tests/reference/utf8_ref.h"
#include "tests/support/each_kernel.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/lengths.h"
#include "tests/support/split_feed.h"
#include "tests/support/test_bytes.h"
#include "tests/support/texts.h"

namespace tidewire {
namespace {

using reference::Utf8Result;
using test::Bytes;
using test::GuardedBuffer;
using test::Rng;

bool at_boundary(const Utf8State &state) { return state.need == 0 && state.low == 0 && state.high == 0; }

// One way to validate a step: a kernel on bytes in guarded memory.
class Stepper {
 public:
  explicit Stepper(const Kernels &row) : row_(row) {}

  // Chooses how the next steps run: by validation alone, or fused, in place or to other memory, with a key.
  void fuse(bool fused, bool in_place, uint32_t key) {
    fused_ = fused;
    in_place_ = in_place;
    key_ = key;
  }

  // `plain` is what the kernel must see; masked memory is made from it. At the back edge when `at_back`.
  bool step(Utf8State *state, ByteView plain, bool at_back) {
    uint8_t *src = at_back ? src_.back(plain.size) : src_.front();
    uint8_t *dst = in_place_ ? src : at_back ? dst_.front() : dst_.back(plain.size);
    if (plain.size > 0) memcpy(src, plain.data, plain.size);
    if (!fused_) {
      const bool valid = row_.utf8_step(state, src, plain.size);
      intact_ = same(src, plain);
      return valid;
    }
    uint8_t key[4];
    store_raw(key, key_);
    reference::mask(src, src, plain.size, key, 0);
    const bool valid = row_.unmask_utf8(dst, src, plain.size, key_, state);
    intact_ = same(dst, plain);
    return valid;
  }

  // Whether the last step left what it must in the destination, valid or not.
  bool intact() const { return intact_; }

 private:
  static bool same(const uint8_t *p, ByteView want) { return want.size == 0 || memcmp(p, want.data, want.size) == 0; }

  const Kernels &row_;
  GuardedBuffer src_{128 * 1024};
  GuardedBuffer dst_{128 * 1024};
  bool fused_ = false;
  bool in_place_ = true;
  bool intact_ = true;
  uint32_t key_ = 0;
};

// Feeds the pieces of `text` and compares every step with what the reference says of the text up to there.
void expect_reference_verdicts(Stepper &stepper, const Bytes &text, const std::vector<ByteView> &pieces) {
  Utf8State state;
  size_t start = 0;
  for (const ByteView piece : pieces) {
    const size_t end = start + piece.size;
    const Utf8Result want = reference::utf8(text.data(), end);
    const Utf8State before = state;
    const bool valid = stepper.step(&state, piece, (start + end) % 2 == 0);
    ASSERT_TRUE(stepper.intact());
    ASSERT_EQ(valid, want.is_prefix(end)) << "step over [" << start << ", " << end << ")";
    ASSERT_EQ(utf8_first_error(before, piece.data, piece.size), want.error_offset - start);
    if (!valid) return;
    ASSERT_EQ(at_boundary(state), want.is_text(end)) << "after byte " << end;
    start = end;
  }
}

std::vector<ByteView> random_pieces(Rng &rng, const Bytes &text) {
  std::vector<size_t> cuts = {text.size()};
  for (size_t count = rng() % 4; count > 0; --count) cuts.push_back(test::pick(rng, 0, text.size()));
  std::sort(cuts.begin(), cuts.end());
  std::vector<ByteView> pieces;
  size_t start = 0;
  for (const size_t cut : cuts) {
    pieces.push_back({text.data() + start, cut - start});
    start = cut;
  }
  return pieces;
}

// Text to put into vectors: the same script again and again, or all of them.
Bytes long_text(size_t script, size_t len) {
  const size_t count = sizeof(test::kTexts) / sizeof(test::kTexts[0]);
  Bytes out;
  for (size_t i = 0; out.size() < len; ++i) {
    const Bytes one = test::text(test::kTexts[script < count ? script : i % count]);
    out.insert(out.end(), one.begin(), one.end());
  }
  return out;
}

constexpr size_t kScripts = sizeof(test::kTexts) / sizeof(test::kTexts[0]) + 1;

TEST(Utf8Kernel, ResumesAtEveryByte) {
  test::each_kernel([](const Kernels &row) {
    Stepper stepper(row);
    for (size_t script = 0; script < kScripts; ++script) {
      const Bytes text = long_text(script, 300);
      test::split_feed(test::view(text),
                       [&](const std::vector<ByteView> &pieces) { expect_reference_verdicts(stepper, text, pieces); });
      if (::testing::Test::HasFatalFailure()) return;
    }
  });
}

TEST(Utf8Kernel, FusedResumesAtEveryByte) {
  test::each_kernel([](const Kernels &row) {
    Stepper stepper(row);
    for (size_t script = 0; script < kScripts; ++script) {
      const Bytes text = long_text(script, 300);
      stepper.fuse(true, script % 2 == 0, 0x3D21FA37);
      test::split_feed(test::view(text),
                       [&](const std::vector<ByteView> &pieces) { expect_reference_verdicts(stepper, text, pieces); });
      if (::testing::Test::HasFatalFailure()) return;
    }
  });
}

// A prefix of a text may end inside a code point: every length near an edge, with the page's end right behind it.
TEST(Utf8Kernel, PrefixesAtEveryEdgeOfAVector) {
  test::each_kernel([](const Kernels &row) {
    Stepper stepper(row);
    for (size_t script = 0; script < kScripts; ++script) {
      const Bytes text = long_text(script, 64 * 1024 + 8);
      for (const size_t len : test::edge_lengths()) {
        const Bytes prefix(text.begin(), text.begin() + static_cast<ptrdiff_t>(len));
        for (int way = 0; way < 3; ++way) {
          stepper.fuse(way > 0, way > 1, 0x01020304u * static_cast<uint32_t>(len + 1));
          expect_reference_verdicts(stepper, prefix, {test::view(prefix)});
          if (::testing::Test::HasFatalFailure()) return;
        }
      }
    }
  });
}

TEST(Utf8Kernel, RandomTextWithMistakes) {
  test::each_kernel([](const Kernels &row) {
    Rng rng(2);
    Stepper stepper(row);
    for (int i = 0; i < 20000; ++i) {
      Bytes text = test::random_text(rng, rng() % 600);
      for (size_t mistakes = rng() % 3; mistakes > 0; --mistakes) test::corrupt(rng, text);
      stepper.fuse(rng() % 2 == 0, rng() % 2 == 0, static_cast<uint32_t>(rng()));
      SCOPED_TRACE(i);
      expect_reference_verdicts(stepper, text, random_pieces(rng, text));
      if (::testing::Test::HasFatalFailure()) return;
    }
  });
}

TEST(Utf8Kernel, RandomBytes) {
  test::each_kernel([](const Kernels &row) {
    Rng rng(3);
    Stepper stepper(row);
    for (int i = 0; i < 50000; ++i) {
      const Bytes bytes = test::random_bytes(rng, rng() % 40);
      SCOPED_TRACE(i);
      expect_reference_verdicts(stepper, bytes, random_pieces(rng, bytes));
      if (::testing::Test::HasFatalFailure()) return;
    }
  });
}

// One mistake in a text of 64 KiB, wherever it is.
TEST(Utf8Kernel, MistakeInALongText) {
  test::each_kernel([](const Kernels &row) {
    Rng rng(4);
    Stepper stepper(row);
    const Bytes valid = test::random_text(rng, 64 * 1024);
    for (int i = 0; i < 60; ++i) {
      Bytes text = valid;
      text[rng() % text.size()] = 0xFF;
      stepper.fuse(i % 2 == 0, i % 4 < 2, static_cast<uint32_t>(rng()));
      expect_reference_verdicts(stepper, text, {test::view(text)});
      if (::testing::Test::HasFatalFailure()) return;
    }
  });
}

// The frames of a fragmented message have keys of their own.
TEST(Utf8Kernel, FusedEqualsTwoPassesWhenTheKeyChanges) {
  test::each_kernel([](const Kernels &row) {
    Rng rng(5);
    for (int i = 0; i < 2000; ++i) {
      Bytes text = test::random_text(rng, rng() % 500);
      if (i % 2 == 0) test::corrupt(rng, text);
      Utf8State fused;
      Utf8State separate;
      for (const ByteView piece : random_pieces(rng, text)) {
        const uint32_t key = static_cast<uint32_t>(rng());
        Bytes masked(piece.size);
        row.mask(masked.data(), piece.data, piece.size, key);
        Bytes out(piece.size);
        const bool valid = row.unmask_utf8(out.data(), masked.data(), masked.size(), key, &fused);
        ASSERT_TRUE(test::same_bytes(test::view(out), piece));
        ASSERT_EQ(valid, row.utf8_step(&separate, piece.data, piece.size));
        if (!valid) break;
        ASSERT_EQ(memcmp(&fused, &separate, sizeof(fused)), 0);
      }
    }
  });
}

TEST(Utf8Kernel, NothingChangesNothing) {
  test::each_kernel([](const Kernels &row) {
    Utf8State state = {2, 0xA0, 0xBF};
    EXPECT_TRUE(row.utf8_step(&state, nullptr, 0));
    EXPECT_TRUE(row.unmask_utf8(nullptr, nullptr, 0, 0x01020304, &state));
    EXPECT_EQ(state.need, 2);
    EXPECT_EQ(state.low, 0xA0);
    EXPECT_EQ(state.high, 0xBF);
  });
}

}  // namespace
}  // namespace tidewire
