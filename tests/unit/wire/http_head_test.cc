// SPDX-License-Identifier: MIT
#include "core/wire/http_head.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/reference/http_head_ref.h"
#include "tests/support/split_feed.h"
#include "tests/support/test_bytes.h"

namespace tidewire {
namespace {

using test::Bytes;

enum class Kind { kRequest, kResponse };

std::string str(ByteView view) { return std::string(view.data, view.data + view.size); }
ByteView bytes(std::string_view text) { return {reinterpret_cast<const uint8_t *>(text.data()), text.size()}; }

reference::HttpHead reference_head(const std::string &text, Kind kind, HttpLimits limits) {
  reference::HttpHeadLimits want;
  if (limits.head_len != 0) want.head_len = limits.head_len;
  if (limits.header_count != 0) want.header_count = limits.header_count;
  if (limits.line_len != 0) want.line_len = limits.line_len;
  return reference::http_head(text, kind == Kind::kRequest, want);
}

std::string describe(Status status, size_t len) { return status_info(status).name + (" " + std::to_string(len)); }

// What a head is expected to be after parse: its status, and where that writes a length, the length.
std::string describe(const reference::HttpHead &head) {
  const Status status = static_cast<Status>(head.status);
  return describe(status, status == Status::kOk ? head.len : failed(status) ? head.line_at : 0);
}

// The parts of a complete head, as text.
std::string parts_of(const HttpHead &head, const uint8_t *data) {
  std::string out = head.is_request() ? str(head.method(data)) + " " + str(head.target(data)) : str(head.status(data));
  size_t cursor = 0;
  ByteView name;
  ByteView value;
  while (head.next_header(data, &cursor, &name, &value)) out += "\n" + str(name) + "=" + str(value);
  return out;
}

std::string parts_of(const reference::HttpHead &head) {
  std::string out = head.status_code.empty() ? head.method + " " + head.target : head.status_code;
  for (const auto &[name, value] : head.headers) out += "\n" + name + "=" + value;
  return out;
}

// Feeds the pieces one after the other, each time in other memory of exactly the size received. Fails on the first
// difference from the reference, which reads everything anew.
void expect_reference(const std::vector<ByteView> &pieces, Kind kind, HttpLimits limits) {
  HttpHead head;
  head.init(kind == Kind::kRequest, limits);
  std::string received;
  for (const ByteView piece : pieces) {
    received += str(piece);
    const Bytes data(received.begin(), received.end());
    size_t len = 0;
    const Status status = head.parse(data.data(), data.size(), &len);
    const reference::HttpHead want = reference_head(received, kind, limits);
    ASSERT_EQ(describe(status, len), describe(want)) << "after " << received.size() << " bytes of " << received;
    ASSERT_EQ(head.complete(), status == Status::kOk);
    if (!head.complete()) continue;
    ASSERT_EQ(parts_of(head, data.data()), parts_of(want));
  }
}

void expect_reference_at_every_split(const std::string &text, Kind kind, HttpLimits limits = {}) {
  test::split_feed(bytes(text), [&](const std::vector<ByteView> &pieces) { expect_reference(pieces, kind, limits); });
}

void expect_reference_whole_and_bytewise(const std::string &text, Kind kind, HttpLimits limits = {}) {
  expect_reference({bytes(text)}, kind, limits);
  std::vector<ByteView> pieces;
  for (size_t i = 0; i < text.size(); ++i) pieces.push_back(bytes(text).slice(i, 1));
  expect_reference(pieces, kind, limits);
}

// "TW_ERR_HTTP_SYNTAX 16": what parse says of a head, after it was compared with the reference at every split.
std::string outcome(const std::string &text, Kind kind = Kind::kRequest, HttpLimits limits = {}) {
  expect_reference_at_every_split(text, kind, limits);
  HttpHead head;
  head.init(kind == Kind::kRequest, limits);
  size_t len = 0;
  const Status status = head.parse(bytes(text).data, text.size(), &len);
  return describe(status, len);
}

std::string response_outcome(const std::string &text) { return outcome(text, Kind::kResponse); }

// A complete head that owns its bytes.
struct ParsedHead {
  std::string text;
  HttpHead head;

  explicit ParsedHead(std::string head_text, Kind kind = Kind::kRequest) : text(std::move(head_text)) {
    head.init(kind == Kind::kRequest, {});
    size_t len = 0;
    EXPECT_EQ(head.parse(data(), text.size(), &len), Status::kOk);
  }
  const uint8_t *data() const { return bytes(text).data; }

  // "name=value", or "none".
  std::string header(const char *name, size_t index) const {
    ByteView found;
    ByteView value;
    if (!head.header(data(), ByteView::of(name), index, &found, &value)) return "none";
    return str(found) + "=" + str(value);
  }
};

const std::string kRequest =
    "GET /chat?room=1 HTTP/1.1\r\nHost: example.com\r\nUpgrade:websocket\r\nX-Empty:\r\nX-Blanks: \t a b \t \r\n\r\n";
const std::string kResponse = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nServer: \x80\xFF\r\n\r\n";

TEST(HttpHead, RequestIsRead) {
  EXPECT_EQ(outcome(kRequest), "TW_OK 97");
  const ParsedHead parsed(kRequest);
  EXPECT_EQ(parts_of(parsed.head, parsed.data()),
            "GET /chat?room=1\nHost=example.com\nUpgrade=websocket\nX-Empty=\nX-Blanks=a b");
}

TEST(HttpHead, ResponseIsRead) {
  EXPECT_EQ(response_outcome(kResponse), "TW_OK 68");
  const ParsedHead parsed(kResponse, Kind::kResponse);
  EXPECT_EQ(parts_of(parsed.head, parsed.data()), "101\nUpgrade=websocket\nServer=\x80\xFF");
}

TEST(HttpHead, HeadWithoutHeadersIsRead) {
  EXPECT_EQ(outcome("GET / HTTP/1.1\r\n\r\n"), "TW_OK 18");
  EXPECT_EQ(response_outcome("HTTP/1.1 204 \r\n\r\n"), "TW_OK 17");
}

TEST(HttpHead, EveryPrefixNeedsInput) {
  for (size_t len = 0; len < kRequest.size(); ++len) EXPECT_EQ(outcome(kRequest.substr(0, len)), "TW_NEED_INPUT 0");
}

TEST(HttpHead, WhatFollowsTheHeadIsNotLookedAt) { EXPECT_EQ(outcome(kRequest + "\x81\x80\r\n\r\n\xFF"), "TW_OK 97"); }

TEST(HttpHead, RequestLineIsStrict) {
  for (const char *line : {"",
                           " ",
                           "GET",
                           "GET ",
                           "GET  / HTTP/1.1",
                           "GET /  HTTP/1.1",
                           "GET / HTTP/1.1 ",
                           "GET /\tHTTP/1.1",
                           " GET / HTTP/1.1",
                           "G@T / HTTP/1.1",
                           "GET / HTTP/1.",
                           "GET / HTTP/1",
                           "GET / HTTP/11",
                           "GET / HTTP/1.10",
                           "GET / HTTP/01.1",
                           "GET / http/1.1",
                           "GET / HTTP 1.1",
                           "GET / HTTP/1,1",
                           "GET / HTTP/1.x",
                           "GET / HTTP/x.1",
                           "GET /",
                           "GET / ",
                           "GET / ICY/1.1",
                           "\x16\x03\x01"}) {
    EXPECT_EQ(outcome(line + std::string("\r\n\r\n")), "TW_ERR_HTTP_SYNTAX 0") << line;
  }
}

TEST(HttpHead, TargetIsAPathOfVisibleAscii) {
  for (const char *target : {"*", "example.com:443", "http://example.com/", "ws://example.com/", "?a", "#", "/#",
                             "/a#b", "/a b", "/\x7F", "/\xC3\xA4", "/\x01"}) {
    EXPECT_EQ(outcome("GET " + std::string(target) + " HTTP/1.1\r\n\r\n"), "TW_ERR_HTTP_SYNTAX 0") << target;
  }
  for (const char *target : {"/", "//", "/%00", "/?", "/a?b=c&d=[\"]", "/~!$&'()*+,;=:@"}) {
    const ParsedHead parsed("GET " + std::string(target) + " HTTP/1.1\r\n\r\n");
    EXPECT_EQ(str(parsed.head.target(parsed.data())), target);
  }
}

TEST(HttpHead, OtherVersionsAreTold) {
  for (const char *version : {"1.0", "1.2", "2.0", "0.9", "9.9", "2.1"}) {
    EXPECT_EQ(outcome("GET / HTTP/" + std::string(version) + "\r\n\r\n"), "TW_ERR_HTTP_VERSION 0") << version;
    EXPECT_EQ(response_outcome("HTTP/" + std::string(version) + " 101 \r\n\r\n"), "TW_ERR_HTTP_VERSION 0") << version;
  }
}

TEST(HttpHead, StatusLineIsStrict) {
  for (const char *line :
       {"", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1  101 OK", "HTTP/1.1 10", "HTTP/1.1 101", "HTTP/1.1 1010 OK",
        "HTTP/1.1 1x1 OK", "HTTP/1.1\t101 OK", "HTTP/1.1 101\tOK", " HTTP/1.1 101 OK", "HTTP/1.1 101 \x01",
        "HTTP/1.1 101 a\x7F", "http/1.1 101 OK", "HTTP/1.x 101 OK", "ICY 200 OK"}) {
    EXPECT_EQ(response_outcome(line + std::string("\r\n\r\n")), "TW_ERR_HTTP_SYNTAX 0") << line;
  }
}

TEST(HttpHead, HeaderLineIsStrict) {
  for (const char *line : {":", ": a", " : a", "a", "a ", "a : b", "a\t: b", " a: b", "\ta: b", "a b: c", "(a): b",
                           "a\x80: b", "a: \x01", "a: b\x7F", "a: b\n", "a: b\nc: d", "a\n: b", "a: b\rc"}) {
    EXPECT_EQ(outcome("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(line) + "\r\n\r\n"), "TW_ERR_HTTP_SYNTAX 25")
        << line;
  }
}

TEST(HttpHead, FoldedLineIsRefused) {
  EXPECT_EQ(outcome("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n"), "TW_ERR_HTTP_SYNTAX 22");
  EXPECT_EQ(outcome("GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n"), "TW_ERR_HTTP_SYNTAX 22");
}

TEST(HttpHead, OnlyCarriageReturnLineFeedEndsALine) {
  EXPECT_EQ(outcome("GET / HTTP/1.1\n\n"), "TW_ERR_HTTP_SYNTAX 0");
  EXPECT_EQ(outcome("GET / HTTP/1.1\r\r\n\r\n"), "TW_ERR_HTTP_SYNTAX 0");
  EXPECT_EQ(outcome("GET / HTTP/1.1\rA: b\r\n\r\n"), "TW_ERR_HTTP_SYNTAX 0");
  EXPECT_EQ(outcome("GET / HTTP/1.1\r\nA: b\n\r\n"), "TW_ERR_HTTP_SYNTAX 16");
  EXPECT_EQ(outcome("GET / HTTP/1.1\r\nA: b\r\n\n"), "TW_ERR_HTTP_SYNTAX 22");
  EXPECT_EQ(outcome("GET / HTTP/1.1\r\nA: b\r\n\rx"), "TW_ERR_HTTP_SYNTAX 22");
  EXPECT_EQ(outcome("\r\nGET / HTTP/1.1\r\n\r\n"), "TW_ERR_HTTP_SYNTAX 0");
  EXPECT_EQ(outcome(std::string("GET / HTTP/1.1\r\nA: \0\r\n\r\n", 24)), "TW_ERR_HTTP_SYNTAX 16");
}

TEST(HttpHead, EveryByteInEveryPlaceIsJudgedAsByTheReference) {
  for (const auto &[text, kind] : {std::pair{std::string("GET /a HTTP/1.1\r\nB: c d\r\nE:\r\n\r\n"), Kind::kRequest},
                                   std::pair{std::string("HTTP/1.1 101 a\r\nB: c\r\n\r\n"), Kind::kResponse}}) {
    for (size_t at = 0; at < text.size(); ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string replaced = text;
        replaced[at] = static_cast<char>(byte);
        ASSERT_NO_FATAL_FAILURE(expect_reference_whole_and_bytewise(replaced, kind));
        const std::string inserted = text.substr(0, at) + static_cast<char>(byte) + text.substr(at);
        ASSERT_NO_FATAL_FAILURE(expect_reference_whole_and_bytewise(inserted, kind));
      }
      ASSERT_NO_FATAL_FAILURE(expect_reference_whole_and_bytewise(text.substr(0, at) + text.substr(at + 1), kind));
    }
  }
}

TEST(HttpHead, RandomHeadsAreJudgedAsByTheReference) {
  test::Rng rng(7);
  const std::vector<std::string> words = {"GET",
                                          " ",
                                          "/",
                                          "HTTP/",
                                          "1.1",
                                          "1.0",
                                          "\r\n",
                                          "\r",
                                          "\n",
                                          ":",
                                          "a",
                                          "B: c\r\n",
                                          "\t",
                                          "101",
                                          "#",
                                          "\x80",
                                          "GET / HTTP/1.1\r\n",
                                          "HTTP/1.1 101 x\r\n"};
  for (int i = 0; i < 20000; ++i) {
    std::string text = i % 3 == 0 ? "GET / HTTP/1.1\r\n" : i % 3 == 1 ? "HTTP/1.1 101 \r\n" : "";
    for (size_t n = test::pick(rng, 0, 8); n > 0; --n) text += words[test::pick(rng, 0, words.size() - 1)];
    const HttpLimits limits = {static_cast<uint32_t>(test::pick(rng, 1, 60)),
                               static_cast<uint32_t>(test::pick(rng, 1, 3)),
                               static_cast<uint32_t>(test::pick(rng, 1, 30))};
    ASSERT_NO_FATAL_FAILURE(expect_reference_whole_and_bytewise(text, Kind::kRequest));
    ASSERT_NO_FATAL_FAILURE(expect_reference_whole_and_bytewise(text, Kind::kResponse));
    ASSERT_NO_FATAL_FAILURE(expect_reference_whole_and_bytewise(text, Kind::kRequest, limits));
    ASSERT_NO_FATAL_FAILURE(expect_reference_whole_and_bytewise(text, Kind::kResponse, limits));
  }
}

TEST(HttpHead, HeadMayBeAsLongAsTheLimit) {
  const uint32_t len = static_cast<uint32_t>(kRequest.size());
  EXPECT_EQ(outcome(kRequest, Kind::kRequest, {len, 0, 0}), "TW_OK 97");
  EXPECT_EQ(outcome(kRequest, Kind::kRequest, {len - 1, 0, 0}), "TW_ERR_LIMIT_HEAD 95");
  EXPECT_EQ(outcome(kRequest, Kind::kRequest, {UINT32_MAX, UINT32_MAX, UINT32_MAX}), "TW_OK 97");
}

TEST(HttpHead, LineMayBeAsLongAsTheLimit) {
  EXPECT_EQ(outcome("GET /a HTTP/1.1\r\nA: b\r\n\r\n", Kind::kRequest, {0, 0, 15}), "TW_OK 25");
  EXPECT_EQ(outcome("GET /a HTTP/1.1\r\nA: b\r\n\r\n", Kind::kRequest, {0, 0, 14}), "TW_ERR_LIMIT_LINE 0");
  EXPECT_EQ(outcome("GET / HTTP/1.1\r\nA: 12345678901\r\n\r\n", Kind::kRequest, {0, 0, 14}), "TW_OK 34");
  EXPECT_EQ(outcome("GET / HTTP/1.1\r\nA: 123456789012\r\n\r\n", Kind::kRequest, {0, 0, 14}), "TW_ERR_LIMIT_LINE 16");
}

TEST(HttpHead, ThereMayBeAsManyHeadersAsTheLimit) {
  const std::string two = "GET / HTTP/1.1\r\nA: b\r\nC: d\r\n\r\n";
  EXPECT_EQ(outcome(two, Kind::kRequest, {0, 2, 0}), "TW_OK 30");
  EXPECT_EQ(outcome(two, Kind::kRequest, {0, 1, 0}), "TW_ERR_LIMIT_HEADER_COUNT 22");
}

TEST(HttpHead, LimitsAreReachedBeforeTheLineEnds) {
  EXPECT_EQ(outcome("GET /12345", Kind::kRequest, {0, 0, 10}), "TW_NEED_INPUT 0");
  EXPECT_EQ(outcome("GET /123456", Kind::kRequest, {0, 0, 10}), "TW_ERR_LIMIT_LINE 0");
  EXPECT_EQ(outcome("GET / HTTP/1.1\r\nA: b\r\nC", Kind::kRequest, {0, 1, 0}), "TW_ERR_LIMIT_HEADER_COUNT 22");
  EXPECT_EQ(outcome("GET /1234", Kind::kRequest, {10, 0, 0}), "TW_NEED_INPUT 0");
  EXPECT_EQ(outcome("GET /12345", Kind::kRequest, {10, 0, 0}), "TW_ERR_LIMIT_HEAD 0");
}

TEST(HttpHead, EveryLimitIsReachedAsByTheReference) {
  const std::string text = "GET /a HTTP/1.1\r\nA: b\r\nCc: dd\r\n\r\n";
  for (uint32_t limit = 1; limit <= text.size() + 1; ++limit) {
    expect_reference_at_every_split(text, Kind::kRequest, {limit, 0, 0});
    expect_reference_at_every_split(text, Kind::kRequest, {0, limit, 0});
    expect_reference_at_every_split(text, Kind::kRequest, {0, 0, limit});
    expect_reference_at_every_split(text, Kind::kRequest, {limit, 1, 15});
  }
}

TEST(HttpHead, DefaultLimits) {
  const auto status_of = [](const std::string &text) {
    expect_reference({bytes(text)}, Kind::kRequest, {});
    HttpHead head;
    head.init(true, {});
    size_t len = 0;
    return head.parse(bytes(text).data, text.size(), &len);
  };
  const std::string start = "GET / HTTP/1.1\r\n";
  const auto line = [](size_t len) { return "A: " + std::string(len - 5, 'x') + "\r\n"; };
  EXPECT_EQ(status_of(start + line(8192 + 2) + "\r\n"), Status::kOk);
  EXPECT_EQ(status_of(start + line(8193 + 2) + "\r\n"), Status::kLimitLine);

  const std::string most = start + line(8000);
  EXPECT_EQ(status_of(most + line(8000) + line(16384 - most.size() - 8000 - 2) + "\r\n"), Status::kOk);
  EXPECT_EQ(status_of(most + line(8000) + line(16385 - most.size() - 8000 - 2) + "\r\n"), Status::kLimitHead);

  std::string hundred = start;
  for (int i = 0; i < 100; ++i) hundred += line(6);
  EXPECT_EQ(status_of(hundred + "\r\n"), Status::kOk);
  EXPECT_EQ(status_of(hundred + line(6) + "\r\n"), Status::kLimitHeaderCount);
}

TEST(HttpHead, ErrorStays) {
  HttpHead head;
  head.init(true, {});
  size_t len = 99;
  EXPECT_EQ(head.parse(bytes("GET\r").data, 4, &len), Status::kHttpSyntax);
  EXPECT_EQ(len, 0u);
  len = 99;
  EXPECT_EQ(head.parse(bytes("GET / HTTP/1.1\r\n\r\n").data, 18, &len), Status::kHttpSyntax);
  EXPECT_EQ(len, 0u);
  EXPECT_FALSE(head.complete());
}

TEST(HttpHead, CopyGoesOnWhereTheOriginalStood) {
  HttpHead head;
  head.init(true, {});
  size_t len = 0;
  ASSERT_EQ(head.parse(bytes(kRequest).data, 40, &len), Status::kNeedInput);
  HttpHead copied = head;
  EXPECT_EQ(copied.parse(bytes(kRequest).data, kRequest.size(), &len), Status::kOk);
  EXPECT_EQ(copied.parse(bytes(kRequest).data, kRequest.size(), &len), Status::kOk);
  EXPECT_EQ(len, kRequest.size());
  EXPECT_FALSE(head.complete());
}

TEST(HttpHead, MistakesOfTheCallerChangeNothing) {
  HttpHead head;
  size_t len = 0;
  EXPECT_EQ(head.parse(bytes(kRequest).data, kRequest.size(), &len), Status::kState);
  head.init(true, {});
  ASSERT_EQ(head.parse(bytes(kRequest).data, 40, &len), Status::kNeedInput);
  EXPECT_EQ(head.parse(bytes(kRequest).data, 39, &len), Status::kArgument);
  EXPECT_EQ(head.parse(bytes(kRequest).data, kRequest.size(), &len), Status::kOk);
}

TEST(HttpHead, HeadersAreFoundByNameInAnyCase) {
  const ParsedHead parsed("GET / HTTP/1.1\r\nA: 1\r\nhost: x\r\na: 2\r\nAB: 3\r\nHOST:\ty \r\n\r\n");
  EXPECT_EQ(parsed.header("Host", 0), "host=x");
  EXPECT_EQ(parsed.header("hOST", 1), "HOST=y");
  EXPECT_EQ(parsed.header("host", 2), "none");
  EXPECT_EQ(parsed.header("a", 1), "a=2");
  EXPECT_EQ(parsed.header("ab", 0), "AB=3");
  EXPECT_EQ(parsed.header("b", 0), "none");
  EXPECT_EQ(parsed.header("", 0), "none");
}

TEST(HttpHead, HeadersAreCountedWithoutAName) {
  const ParsedHead parsed("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\n\r\nC: 3\r\n");
  EXPECT_EQ(parsed.header(nullptr, 0), "A=1");
  EXPECT_EQ(parsed.header(nullptr, 1), "B=2");
  EXPECT_EQ(parsed.header(nullptr, 2), "none");
}

TEST(HttpHead, WalkStaysInsideAHeadThatWasOverwritten) {
  ParsedHead parsed("GET / HTTP/1.1\r\nA: 1\r\n\r\n");
  parsed.text.assign(parsed.text.size(), ':');
  EXPECT_EQ(parsed.header("A", 0), "none");
}

}  // namespace
}  // namespace tidewire
