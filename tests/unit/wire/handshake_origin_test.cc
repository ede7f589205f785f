// SPDX-License-Identifier: MIT
#include "core/wire/handshake_origin.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace tidewire {
namespace {

ByteView bytes(std::string_view text) { return {reinterpret_cast<const uint8_t *>(text.data()), text.size()}; }

// "example.com 80", "example.com none" or "malformed".
std::string authority_of(std::string_view text) {
  Authority authority;
  if (!parse_authority(bytes(text), &authority)) return "malformed";
  const std::string host(authority.host.data, authority.host.data + authority.host.size);
  return host + " " + (authority.port == kNoPort ? "none" : std::to_string(authority.port));
}

TEST(Authority, HostAndPort) {
  EXPECT_EQ(authority_of("example.com"), "example.com none");
  EXPECT_EQ(authority_of("example.com:8080"), "example.com 8080");
  EXPECT_EQ(authority_of("example.com:"), "example.com none");
  EXPECT_EQ(authority_of("a:0"), "a 0");
  EXPECT_EQ(authority_of("a:00080"), "a 80");
  EXPECT_EQ(authority_of("a:65535"), "a 65535");
  EXPECT_EQ(authority_of("127.0.0.1:1"), "127.0.0.1 1");
  EXPECT_EQ(authority_of("[::1]"), "[::1] none");
  EXPECT_EQ(authority_of("[2001:db8::192.0.2.1]:443"), "[2001:db8::192.0.2.1] 443");
  EXPECT_EQ(authority_of("a_b-c.~!$&'()*+;="), "a_b-c.~!$&'()*+;= none");
  EXPECT_EQ(authority_of("%41%6a"), "%41%6a none");
}

TEST(Authority, MalformedIsTold) {
  for (const char *text :
       {"",        ":",        ":80",   "a:b",     "a:80x",  "a:-1",   "a:+1",         "a: 1", "a:65536",
        "a:99999", "a:100000", "a::80", "a:80:80", "a b",    " a",     "a ",           "a/b",  "a?b",
        "a#b",     "user@a",   "a\\b",  "a\x80",   "a\x7F",  "%",      "%4",           "%4g",  "a%",
        "[",       "[]",       "[::1",  "::1",     "[::1]x", "[::1]]", "[::1%25eth0]", "[g]",  "a[::1]"}) {
    EXPECT_EQ(authority_of(text), "malformed") << text;
  }
}

bool same(std::string_view origin, std::string_view host) {
  Authority authority;
  EXPECT_TRUE(parse_authority(bytes(host), &authority)) << host;
  return is_same_origin(bytes(origin), authority);
}

TEST(SameOrigin, SchemeHostAndPortAreCompared) {
  EXPECT_TRUE(same("http://example.com", "example.com"));
  EXPECT_TRUE(same("https://example.com", "example.com"));
  EXPECT_TRUE(same("HTTPS://Example.COM", "eXample.com"));
  EXPECT_TRUE(same("http://a:8080", "a:8080"));
  EXPECT_TRUE(same("http://[::1]:8080", "[::1]:8080"));
  EXPECT_FALSE(same("http://example.com", "example.org"));
  EXPECT_FALSE(same("http://example.com", "sub.example.com"));
  EXPECT_FALSE(same("http://example.com.evil", "example.com"));
  EXPECT_FALSE(same("http://evil-example.com", "example.com"));
  EXPECT_FALSE(same("http://a:8080", "a:8081"));
}

TEST(SameOrigin, MissingPortIsTheDefaultOfTheScheme) {
  EXPECT_TRUE(same("http://a", "a:80"));
  EXPECT_TRUE(same("http://a:80", "a"));
  EXPECT_TRUE(same("https://a", "a:443"));
  EXPECT_TRUE(same("https://a:443", "a"));
  EXPECT_TRUE(same("https://a", "a:"));
  EXPECT_FALSE(same("http://a", "a:443"));
  EXPECT_FALSE(same("https://a", "a:80"));
  EXPECT_FALSE(same("http://a:443", "a"));
  EXPECT_FALSE(same("http://a", "a:8080"));
}

TEST(SameOrigin, WhatIsNoWebOriginIsNotTheSame) {
  for (const char *origin : {"",
                             "null",
                             "a",
                             "//a",
                             "http:a",
                             "http:/a",
                             "http//a",
                             "http://",
                             "ws://a",
                             "ftp://a",
                             "file://a",
                             "http://a/",
                             "http://a/b",
                             "http://a?",
                             "http://u@a",
                             "http://a b",
                             "http://a http://a",
                             " http://a",
                             "http://a:99999",
                             "h\x80ttp://a",
                             "httpx://a"}) {
    EXPECT_FALSE(same(origin, "a")) << origin;
  }
}

bool listed(std::string_view origin, const std::vector<const char *> &list) {
  return is_listed_origin(bytes(origin), list.data(), list.size());
}

TEST(ListedOrigin, IsFoundInAnyCaseAndWithItsDefaultPort) {
  const std::vector<const char *> list = {"http://other", "https://Example.com", "http://a:8080", "app+x://b"};
  EXPECT_TRUE(listed("https://example.COM", list));
  EXPECT_TRUE(listed("HTTPS://example.com:443", list));
  EXPECT_TRUE(listed("http://other:80", list));
  EXPECT_TRUE(listed("http://a:8080", list));
  EXPECT_TRUE(listed("APP+x://B", list));
  EXPECT_FALSE(listed("http://example.com", list));
  EXPECT_FALSE(listed("https://example.com:80", list));
  EXPECT_FALSE(listed("http://a", list));
  EXPECT_FALSE(listed("app+x://b:1", list));
  EXPECT_FALSE(listed("https://sub.example.com", list));
  EXPECT_FALSE(listed("https://example.com/", list));
  EXPECT_FALSE(listed("null", list));
  EXPECT_FALSE(listed("", list));
}

TEST(ListedOrigin, WithoutAHostItMustBeThereToTheLetter) {
  EXPECT_TRUE(listed("null", {"null"}));
  EXPECT_TRUE(listed("file://", {"file://"}));
  EXPECT_FALSE(listed("NULL", {"null"}));
  EXPECT_FALSE(listed("null", {"nul"}));
  EXPECT_FALSE(listed("null", {}));
}

TEST(ListedOrigin, EntryWithAPathMatchesNothing) { EXPECT_FALSE(listed("https://a", {"https://a/"})); }

}  // namespace
}  // namespace tidewire
