// SPDX-License-Identifier: MIT
// tw_mask: what the C API adds to the kernels.
#include <gtest/gtest.h>
#include <stdint.h>
#include <tidewire/tidewire.h>

#include "tests/reference/mask_ref.h"
#include "tests/support/each_kernel.h"
#include "tests/support/frames.h"
#include "tests/support/test_bytes.h"

namespace tidewire {
namespace {

using test::Bytes;

constexpr const uint8_t *kKey = test::kRfcKey.data();

Bytes masked(const Bytes &plain, uint64_t phase) {
  Bytes out(plain.size());
  reference::mask(out.data(), plain.data(), plain.size(), kKey, phase);
  return out;
}

TEST(Mask, PiecesWithTheirPhaseEqualTheWhole) {
  test::each_kernel([](const Kernels &) {
    const Bytes plain = test::pattern(300);
    const Bytes want = masked(plain, 0);
    for (size_t cut = 0; cut <= plain.size(); ++cut) {
      Bytes got = plain;
      ASSERT_EQ(tw_mask(got.data(), got.data(), cut, kKey, 0), TW_OK);
      ASSERT_EQ(tw_mask(got.data() + cut, got.data() + cut, got.size() - cut, kKey, cut), TW_OK);
      ASSERT_TRUE(test::same_bytes(test::view(got), test::view(want)));
    }
  });
}

TEST(Mask, PhaseCountsModuloFourUpToTheEndOfItsRange) {
  const Bytes plain = test::pattern(40);
  for (const uint64_t phase : {UINT64_C(0), UINT64_C(5), UINT64_C(1) << 32, (UINT64_C(1) << 63) + 3, UINT64_MAX}) {
    Bytes got(plain.size());
    ASSERT_EQ(tw_mask(got.data(), plain.data(), plain.size(), kKey, phase), TW_OK);
    EXPECT_TRUE(test::same_bytes(test::view(got), test::view(masked(plain, phase)))) << phase;
  }
}

// RFC 6455 §5.7: "Hello".
TEST(Mask, ExampleOfTheRfc) {
  Bytes data = test::hex("7f9f4d5158");
  ASSERT_EQ(tw_mask(data.data(), data.data(), data.size(), kKey, 0), TW_OK);
  EXPECT_EQ(data, test::text("Hello"));
}

TEST(Mask, PartialOverlapIsRefused) {
  Bytes data = test::pattern(16);
  const Bytes before = data;
  EXPECT_EQ(tw_mask(data.data() + 1, data.data(), 8, kKey, 0), TW_ERR_ARGUMENT);
  EXPECT_EQ(tw_mask(data.data(), data.data() + 7, 8, kKey, 0), TW_ERR_ARGUMENT);
  EXPECT_EQ(data, before);
  EXPECT_EQ(tw_mask(data.data(), data.data() + 8, 8, kKey, 0), TW_OK);
  EXPECT_EQ(tw_mask(data.data() + 8, data.data(), 8, kKey, 0), TW_OK);
}

TEST(Mask, NullIsAllowedWhereTheLengthIsZero) {
  uint8_t byte = 0;
  EXPECT_EQ(tw_mask(nullptr, nullptr, 0, kKey, 0), TW_OK);
  EXPECT_EQ(tw_mask(nullptr, &byte, 1, kKey, 0), TW_ERR_NULL);
  EXPECT_EQ(tw_mask(&byte, nullptr, 1, kKey, 0), TW_ERR_NULL);
  EXPECT_EQ(tw_mask(&byte, &byte, 1, nullptr, 0), TW_ERR_NULL);
}

}  // namespace
}  // namespace tidewire
