// SPDX-License-Identifier: MIT
#include "core/wire/handshake_text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace tidewire {
namespace {

ByteView bytes(std::string_view text) { return {reinterpret_cast<const uint8_t *>(text.data()), text.size()}; }
std::string str(ByteView view) { return std::string(view.data, view.data + view.size); }

// Every byte of the class, in order.
std::string members(CharClass one) {
  std::string out;
  for (int c = 0; c < 256; ++c) {
    if (is_in(static_cast<uint8_t>(c), one)) out += static_cast<char>(c);
  }
  return out;
}

std::string range(int first, int last) {
  std::string out;
  for (int c = first; c <= last; ++c) out += static_cast<char>(c);
  return out;
}

const std::string kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const std::string kLower = "abcdefghijklmnopqrstuvwxyz";
const std::string kNumerals = "0123456789";

TEST(HandshakeText, ClassesAreThoseOfTheStandards) {
  EXPECT_EQ(members(kTokenChar), "!#$%&'*+-." + kNumerals + kUpper + "^_`" + kLower + "|~");
  EXPECT_EQ(members(kTextChar), "\t" + range(0x20, 0x7E) + range(0x80, 0xFF));
  EXPECT_EQ(members(kTargetChar), "!\"" + range('$', '~'));
  EXPECT_EQ(members(kHostChar), "!$%&'()*+,-." + kNumerals + ";=" + kUpper + "_" + kLower + "~");
  EXPECT_EQ(members(kSchemeChar), "+-." + kNumerals + kUpper + kLower);
  EXPECT_EQ(members(kBase64Char), "+/" + kNumerals + kUpper + kLower);
  EXPECT_EQ(members(kDigit), kNumerals);
  EXPECT_EQ(members(kHexDigit), kNumerals + "ABCDEFabcdef");
}

TEST(HandshakeText, TokenIsNotEmpty) {
  EXPECT_TRUE(is_token(bytes("a-b")));
  EXPECT_FALSE(is_token(bytes("")));
  EXPECT_FALSE(is_token(bytes("a b")));
}

TEST(HandshakeText, OnlyLettersOfAsciiHaveCase) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string left(1, static_cast<char>(a));
      const std::string right(1, static_cast<char>(b));
      const size_t upper = kUpper.find(left);
      const size_t lower = kLower.find(left);
      const bool same = a == b || (upper != std::string::npos && kLower[upper] == right[0]) ||
                        (lower != std::string::npos && kUpper[lower] == right[0]);
      ASSERT_EQ(equal_ignore_case(bytes(left), bytes(right)), same) << a << " " << b;
    }
  }
  EXPECT_FALSE(equal_ignore_case(bytes("ab"), "abc"));
  EXPECT_TRUE(equal_ignore_case(bytes(""), ""));
}

TEST(HandshakeText, TrimTakesBlanksOfBothEnds) {
  EXPECT_EQ(str(trim(bytes(" \t a \t b\t "))), "a \t b");
  EXPECT_EQ(str(trim(bytes(" \t "))), "");
  EXPECT_EQ(str(trim(bytes(""))), "");
}

std::vector<std::string> elements(std::string_view text) {
  CommaList list(bytes(text));
  std::vector<std::string> out;
  ByteView element;
  while (list.next(&element)) out.push_back(str(element));
  return out;
}

TEST(HandshakeText, CommaListYieldsElementsThatAreNotEmpty) {
  using Strings = std::vector<std::string>;
  EXPECT_EQ(elements("a"), Strings({"a"}));
  EXPECT_EQ(elements("a,b"), Strings({"a", "b"}));
  EXPECT_EQ(elements(" a b\t, ,,c,"), Strings({"a b", "c"}));
  EXPECT_EQ(elements(""), Strings());
  EXPECT_EQ(elements(" , ,"), Strings());
}

}  // namespace
}  // namespace tidewire
