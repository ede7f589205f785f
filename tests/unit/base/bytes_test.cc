// SPDX-License-Identifier: MIT
#include "core/base/bytes.h"

#include <gtest/gtest.h>

namespace tidewire {
namespace {

TEST(ByteView, OfTextHasNoZeroByte) {
  const ByteView view = ByteView::of("tide");
  EXPECT_EQ(view.size, 4u);
  EXPECT_EQ(view.data[3], 'e');
}

TEST(ByteView, OfNullIsEmpty) {
  EXPECT_TRUE(ByteView::of(nullptr).empty());
  EXPECT_TRUE(ByteView().empty());
}

TEST(ByteView, EqualityComparesContents) {
  EXPECT_TRUE(ByteView::of("tide") == ByteView::of("tidewire").slice(0, 4));
  EXPECT_FALSE(ByteView::of("tide") == ByteView::of("tidy"));
  EXPECT_FALSE(ByteView::of("tide") == ByteView::of("tidewire"));
  EXPECT_TRUE(ByteView() == ByteView::of(""));
}

TEST(ByteView, PartsShareTheBytes) {
  const ByteView whole = ByteView::of("tidewire");
  EXPECT_TRUE(whole.slice(2, 4) == ByteView::of("dewi"));
  EXPECT_EQ(whole.slice(2, 4).data, whole.data + 2);
  EXPECT_TRUE(whole.from(4) == ByteView::of("wire"));
  EXPECT_TRUE(whole.from(8).empty());
}

TEST(MutBytes, ConvertsToAView) {
  uint8_t data[3] = {1, 2, 3};
  const ByteView view = MutBytes{data, sizeof(data)};
  EXPECT_EQ(view.data, data);
  EXPECT_EQ(view.size, 3u);
}

}  // namespace
}  // namespace tidewire
