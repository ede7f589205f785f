// SPDX-License-Identifier: MIT
#include "core/base/text_writer.h"

#include <gtest/gtest.h>
#include <stdint.h>

#include <string>
#include <string_view>

namespace tidewire {
namespace {

ByteView view(std::string_view text) { return {reinterpret_cast<const uint8_t *>(text.data()), text.size()}; }

template <class... Parts>
std::string written(Parts... parts) {
  std::string out(100, '#');
  TextWriter writer(out.data(), out.size());
  (writer << ... << parts);
  EXPECT_LE(writer.len(), out.size());
  EXPECT_EQ(out.substr(writer.len()), std::string(out.size() - writer.len(), '#')) << "nothing behind the text";
  return out.substr(0, writer.len());
}

std::string quoted_text(std::string_view text, size_t max_len = 90) { return written(Quoted{view(text), max_len}); }

TEST(TextWriter, WritesTextAndNumbers) {
  EXPECT_EQ(written("a", uint64_t{0}, "b", uint64_t{10}, "", UINT64_MAX), "a0b1018446744073709551615");
}

TEST(TextWriter, CountsWhatHasNoRoom) {
  char out[5] = "....";
  TextWriter writer(out, 3);
  writer << "ab" << uint64_t{345} << "f";
  EXPECT_EQ(writer.len(), 6u);
  EXPECT_STREQ(out, "ab3.");
}

TEST(TextWriter, QuotesPrintableAsciiAlone) {
  EXPECT_EQ(quoted_text(""), "\"\"");
  EXPECT_EQ(quoted_text(" ~"), "\" ~\"");
  EXPECT_EQ(quoted_text("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(quoted_text("\r\n\t"), R"("\x0d\x0a\x09")");
  EXPECT_EQ(quoted_text(std::string_view("\0\x1f\x7f\x80\xff", 5)), R"("\x00\x1f\x7f\x80\xff")");
}

TEST(TextWriter, CutsAQuoteBetweenCharacters) {
  EXPECT_EQ(quoted_text("abcd", 4), "\"abcd\"");
  EXPECT_EQ(quoted_text("abcde", 4), "\"abcd\"...");
  EXPECT_EQ(quoted_text("ab\ncd", 5), "\"ab\"...");
  EXPECT_EQ(quoted_text("ab\ncd", 6), R"("ab\x0a"...)");
  EXPECT_EQ(quoted_text("\"\"", 3), R"("\""...)");
}

}  // namespace
}  // namespace tidewire
