// SPDX-License-Identifier: MIT
// Masking by every row: lengths around every vector width, all phases and alignments, in place and to another buffer,
// against pages that fault on either side.
#include <gtest/gtest.h>
#include <string.h>

#include "core/simd/kernels.h"
#include "core/simd/small.h"
#include "tests/reference/mask_ref.h"
#include "tests/support/each_kernel.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/lengths.h"
#include "tests/support/test_bytes.h"

namespace tidewire {
namespace {

using test::Bytes;
using test::GuardedBuffer;

constexpr uint8_t kKey[4] = {0x37, 0xFA, 0x21, 0x3D};  // RFC 6455 §5.7
constexpr size_t kAlignments = 64;
constexpr size_t kMaxLen = 64 * 1024 + 1;

uint32_t key_at(uint64_t phase) { return rotate_key(load_raw<uint32_t>(kKey), static_cast<size_t>(phase % 4)); }

Bytes masked(const Bytes &plain, uint64_t phase) {
  Bytes out(plain.size());
  reference::mask(out.data(), plain.data(), plain.size(), kKey, phase);
  return out;
}

// A step through the alignments that still meets odd ones; few for long inputs, where they cost most.
size_t alignment_step(size_t len) { return len <= 1025 ? 1 : len <= 8192 ? 7 : 21; }

class MaskRun {
 public:
  explicit MaskRun(const Kernels &row) : row_(row) {}

  void all_places(size_t len, uint64_t phase) {
    const Bytes plain = test::pattern(len, len);
    const Bytes want = masked(plain, phase);
    for (size_t offset = 0; offset < kAlignments; offset += alignment_step(len)) {
      for (const bool at_back : {false, true}) {
        if (!in_place(plain, want, phase, offset, at_back) || !to_other(plain, want, phase, offset, at_back)) {
          FAIL() << "length " << len << ", phase " << phase << ", offset " << offset
                 << (at_back ? " from the back" : "");
        }
      }
    }
  }

 private:
  static uint8_t *place(GuardedBuffer &buffer, size_t len, size_t offset, bool at_back) {
    return at_back ? buffer.back(len, offset) : buffer.front(offset);
  }

  // Takes the result away, so that the next run finds the buffer as it was.
  bool check(GuardedBuffer &buffer, uint8_t *p, const Bytes &want) {
    const bool same = want.empty() || memcmp(p, want.data(), want.size()) == 0;
    const bool untouched = buffer.surroundings_untouched(p, want.size());
    buffer.refill(p, want.size());
    return same && untouched;
  }

  bool in_place(const Bytes &plain, const Bytes &want, uint64_t phase, size_t offset, bool at_back) {
    uint8_t *p = place(dst_, plain.size(), offset, at_back);
    if (!plain.empty()) memcpy(p, plain.data(), plain.size());
    row_.mask(p, p, plain.size(), key_at(phase));
    return check(dst_, p, want);
  }

  // The source has the alignment in question, the destination another one.
  bool to_other(const Bytes &plain, const Bytes &want, uint64_t phase, size_t offset, bool at_back) {
    uint8_t *from = place(src_, plain.size(), offset, at_back);
    uint8_t *to = place(dst_, plain.size(), (offset * 5 + 3) % kAlignments, at_back);
    if (!plain.empty()) memcpy(from, plain.data(), plain.size());
    row_.mask(to, from, plain.size(), key_at(phase));
    return check(dst_, to, want) && check(src_, from, plain);
  }

  const Kernels &row_;
  GuardedBuffer src_{kMaxLen + kAlignments};
  GuardedBuffer dst_{kMaxLen + kAlignments};
};

TEST(MaskKernel, EveryRowEqualsTheReference) {
  test::each_kernel([](const Kernels &row) {
    MaskRun run(row);
    for (const size_t len : test::edge_lengths()) {
      for (uint64_t phase = 0; phase < 4; ++phase) {
        run.all_places(len, phase);
        if (::testing::Test::HasFatalFailure()) return;
      }
    }
  });
}

// The destination ends where the page ends while the source begins where one begins, and the reverse.
TEST(MaskKernel, EveryRowBetweenOppositeEdges) {
  test::each_kernel([](const Kernels &row) {
    GuardedBuffer low(4096);
    GuardedBuffer high(4096);
    for (size_t len = 1; len <= 300; ++len) {
      const Bytes plain = test::pattern(len);
      memcpy(low.front(), plain.data(), len);
      row.mask(high.back(len), low.front(), len, key_at(0));
      ASSERT_TRUE(test::same_bytes({high.back(len), len}, test::view(masked(plain, 0))));
      row.mask(low.front(), high.back(len), len, key_at(0));
      ASSERT_TRUE(test::same_bytes({low.front(), len}, test::view(plain)));
    }
  });
}

TEST(MaskKernel, EveryRowAtRandom) {
  test::each_kernel([](const Kernels &row) {
    test::Rng rng(1);
    for (int i = 0; i < 3000; ++i) {
      const Bytes plain = test::random_bytes(rng, test::pick(rng, 0, 700));
      const Bytes key = test::random_bytes(rng, 4);
      Bytes want(plain.size());
      reference::mask(want.data(), plain.data(), plain.size(), key.data(), 0);
      Bytes got(plain.size());
      row.mask(got.data(), plain.data(), plain.size(), load_raw<uint32_t>(key.data()));
      ASSERT_TRUE(test::same_bytes(test::view(got), test::view(want)));
    }
  });
}

TEST(RotateKey, MovesTheKeyToTheByteOfThePayload) {
  const uint32_t key = load_raw<uint32_t>(kKey);
  for (size_t bytes = 0; bytes < 9; ++bytes) {
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(static_cast<uint8_t>(rotate_key(key, bytes) >> (8 * i)), kKey[(bytes + i) % 4]) << bytes;
    }
  }
}

}  // namespace
}  // namespace tidewire
