// SPDX-License-Identifier: MIT
#include "core/wire/handshake_extensions.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace tidewire {
namespace {

std::string str(ByteView view) { return std::string(view.data, view.data + view.size); }

// "a;b=1;c='2' d": offers are separated by a space, quoted values stand in ''. Then "malformed" where the reader stops.
std::string parts_of(const std::string &value) {
  // A copy of exactly this size, so that a sanitizer sees a read beyond it.
  const std::unique_ptr<uint8_t[]> data(new uint8_t[value.size()]);
  for (size_t i = 0; i < value.size(); ++i) data[i] = static_cast<uint8_t>(value[i]);
  ExtensionReader reader({data.get(), value.size()});
  ExtensionPart part;
  std::string out;
  while (reader.next(&part)) {
    if (!out.empty()) out += part.starts_offer ? " " : ";";
    out += str(part.name);
    if (part.value.data != nullptr) out += part.quoted ? "='" + str(part.value) + "'" : "=" + str(part.value);
  }
  EXPECT_FALSE(reader.next(&part));
  return reader.malformed() ? out + (out.empty() ? "malformed" : " malformed") : out;
}

TEST(ExtensionReader, OffersAndParametersComeInOrder) {
  EXPECT_EQ(parts_of("permessage-deflate"), "permessage-deflate");
  EXPECT_EQ(parts_of("permessage-deflate; client_max_window_bits; server_max_window_bits=10, foo, bar; x=y"),
            "permessage-deflate;client_max_window_bits;server_max_window_bits=10 foo bar;x=y");
}

TEST(ExtensionReader, BlanksMayStandAroundSeparators) {
  EXPECT_EQ(parts_of(" a\t;  b = 1 ;c\t=\"2\" ,\td "), "a;b=1;c='2' d");
}

TEST(ExtensionReader, EmptyElementsDoNotCount) {
  EXPECT_EQ(parts_of(""), "");
  EXPECT_EQ(parts_of(" , ,"), "");
  EXPECT_EQ(parts_of(",, a ,, ,b;c,"), "a b;c");
}

TEST(ExtensionReader, QuotedValueIsATokenToo) {
  EXPECT_EQ(parts_of("a;b=\"10\""), "a;b='10'");
  EXPECT_EQ(parts_of("a;b=\"1\\0\";c"), "a;b='1\\0';c");
  for (const char *quoted : {"\"\"", "\"", "\"1", "\"1\\", "\"1\\\"", "\"1 2\"", "\" 1\"", "\"1,2\"", "\"1;2\"",
                             "\"\\\"\"", "\"\\\\\"", "\"\x80\""}) {
    EXPECT_EQ(parts_of("a;b=" + std::string(quoted)), "a malformed") << quoted;
  }
  EXPECT_EQ(parts_of("a;b=\"1\"2"), "a;b='1' malformed");
  EXPECT_EQ(parts_of("a;b=\"1\"\"2\""), "a;b='1' malformed");
  EXPECT_EQ(parts_of("a;b=1\"2\""), "a;b=1 malformed");
}

TEST(ExtensionReader, WhatIsNotInTheGrammarIsMalformed) {
  EXPECT_EQ(parts_of(";"), "malformed");
  EXPECT_EQ(parts_of("=1"), "malformed");
  EXPECT_EQ(parts_of("\"a\""), "malformed");
  EXPECT_EQ(parts_of("a;"), "a malformed");
  EXPECT_EQ(parts_of("a;;b"), "a malformed");
  EXPECT_EQ(parts_of("a;,b"), "a malformed");
  EXPECT_EQ(parts_of("a b"), "a malformed");
  EXPECT_EQ(parts_of("a=1"), "a malformed");
  EXPECT_EQ(parts_of("a;b="), "a malformed");
  EXPECT_EQ(parts_of("a;b=,c"), "a malformed");
  EXPECT_EQ(parts_of("a;b=1 2"), "a;b=1 malformed");
  EXPECT_EQ(parts_of("a;b=1=2"), "a;b=1 malformed");
  EXPECT_EQ(parts_of("a;=1"), "a malformed");
  EXPECT_EQ(parts_of("a, (b)"), "a malformed");
  EXPECT_EQ(parts_of("a, b\x80"), "a b malformed");
}

}  // namespace
}  // namespace tidewire
