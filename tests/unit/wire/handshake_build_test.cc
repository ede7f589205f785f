// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/wire/handshake.h"
#include "tests/support/test_bytes.h"

namespace tidewire {
namespace {

const std::string kKey = "dGhlIHNhbXBsZSBub25jZQ==";        // RFC 6455 §1.3
const std::string kProof = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";  // its answer

const DeflateTerms kDeflate = {1, kDeflateReceiveTakeover, 15, 15, {}};

ByteView bytes(std::string_view text) { return {reinterpret_cast<const uint8_t *>(text.data()), text.size()}; }

using Builder = std::function<Status(MutBytes out, size_t *out_len)>;

// The text that was built, or the name of the status. Also builds it with every room that is too small.
std::string built(const Builder &build) {
  size_t needed = 99;
  const Status measured = build({}, &needed);
  if (measured != Status::kNeedRoom) {
    EXPECT_EQ(needed, 99u);
    return status_info(measured).name;
  }
  for (size_t cap = 1; cap < needed; ++cap) {
    test::Bytes small(cap, '?');
    size_t len = 0;
    EXPECT_EQ(build({small.data(), cap}, &len), Status::kNeedRoom);
    EXPECT_EQ(len, needed);
    EXPECT_EQ(small, test::Bytes(cap, '?'));
  }
  std::string out;
  for (const size_t spare : {0, 1, 100}) {
    test::Bytes room(needed + spare, '?');
    size_t len = 0;
    EXPECT_EQ(build({room.data(), room.size()}, &len), Status::kOk);
    EXPECT_EQ(len, needed);
    EXPECT_EQ(test::Bytes(room.begin() + static_cast<ptrdiff_t>(needed), room.end()), test::Bytes(spare, '?'));
    out.assign(room.begin(), room.begin() + static_cast<ptrdiff_t>(needed));
  }
  return out;
}

std::string request(const HandshakeConfig &config, const std::string &key = kKey) {
  return built([&](MutBytes out, size_t *len) { return build_request(config, bytes(key).data, out, len); });
}

std::string response(const HandshakeConfig &config, const Agreement &agreement) {
  return built([&](MutBytes out, size_t *len) { return build_response(config, agreement, out, len); });
}

Agreement agreement_on(uint32_t subprotocol) {
  Agreement out;
  out.subprotocol = subprotocol;
  memcpy(out.accept, kProof.data(), kAcceptLen);
  return out;
}

std::string response(const HandshakeConfig &config, uint32_t subprotocol = 0) {
  return response(config, agreement_on(subprotocol));
}

std::string refusal(Status reason) {
  return built([&](MutBytes out, size_t *len) { return build_refusal(reason, out, len); });
}

// A configuration that owns its arrays.
struct Config : HandshakeConfig {
  Config() = default;
  Config(const Config &) = delete;
  Config &operator=(const Config &) = delete;

  std::vector<const char *> names;
  std::vector<Header> extra;

  Config &with_subprotocols(std::vector<const char *> list) {
    names = std::move(list);
    subprotocols = names.data();
    subprotocol_count = names.size();
    return *this;
  }
  Config &with_header(const char *name, const char *value) {
    extra.push_back({name, value});
    headers = extra.data();
    header_count = extra.size();
    return *this;
  }
};

struct ClientConfig : Config {
  ClientConfig() { host = "example.com"; }
};

// A complete head that owns its bytes.
struct ParsedHead {
  std::string text;
  HttpHead head;

  ParsedHead(std::string head_text, bool is_request) : text(std::move(head_text)) {
    head.init(is_request, {});
    size_t len = 0;
    EXPECT_EQ(head.parse(data(), text.size(), &len), Status::kOk) << text;
    head_len = len;
  }
  const uint8_t *data() const { return bytes(text).data; }
  size_t head_len;
};

TEST(BuildRequest, HasWhatTheRfcAsksFor) {
  EXPECT_EQ(request(ClientConfig()),
            "GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
}

TEST(BuildRequest, HasWhatTheConfigAdds) {
  ClientConfig config;
  config.target = "/chat?x=%20";
  config.origin = "https://example.com";
  config.with_subprotocols({"v2", "v1"}).with_header("Cookie", "a=b").with_header("X-Empty", "");
  EXPECT_EQ(
      request(config),
      "GET /chat?x=%20 HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://example.com\r\n"
      "Sec-WebSocket-Protocol: v2, v1\r\nCookie: a=b\r\nX-Empty: \r\n\r\n");
}

TEST(BuildRequest, OffersCompressionWhereItIsWanted) {
  ClientConfig config;
  config.deflate = kDeflate;
  config.with_subprotocols({"v1"}).with_header("X-A", "b");
  EXPECT_TRUE(
      request(config).ends_with("Sec-WebSocket-Protocol: v1\r\nSec-WebSocket-Extensions: permessage-deflate; "
                                "client_no_context_takeover; client_max_window_bits\r\nX-A: b\r\n\r\n"));
}

TEST(BuildRequest, HostIsRequired) { EXPECT_EQ(request({}), "TW_ERR_NULL"); }

TEST(BuildRequest, KeyIsBase64OfSixteenBytes) {
  EXPECT_EQ(request(ClientConfig(), "dGhlIHNhbXBsZSBub25jZQ=\n"), "TW_ERR_KEY");
}

TEST(BuildRequest, MalformedPartsAreRefused) {
  const auto outcome = [](const char *HandshakeConfig::*part, const char *value) {
    ClientConfig config;
    config.*part = value;
    return request(config);
  };
  for (const char *host : {"", "a/b", "a:b", "user@a", "a:65536", "\x80"}) {
    EXPECT_EQ(outcome(&HandshakeConfig::host, host), "TW_ERR_ARGUMENT") << host;
  }
  for (const char *target : {"", "chat", "*", "http://a/", "/a#b", "/\xC3\xA4"}) {
    EXPECT_EQ(outcome(&HandshakeConfig::target, target), "TW_ERR_ARGUMENT") << target;
  }
  for (const char *origin : {"", "https://\xC3\xA4"}) {
    EXPECT_EQ(outcome(&HandshakeConfig::origin, origin), "TW_ERR_ARGUMENT") << origin;
  }
}

TEST(BuildRequest, SubprotocolsAreTokensAndUnique) {
  for (const char *name : {"", "a,b", "a;b", "\"a\"", "\x80"}) {
    EXPECT_EQ(request(ClientConfig().with_subprotocols({"v1", name})), "TW_ERR_ARGUMENT") << name;
  }
  EXPECT_EQ(request(ClientConfig().with_subprotocols({"v1", "v2", "v1"})), "TW_ERR_ARGUMENT");
}

TEST(BuildRequest, NoPartCanEndItsLine) {
  for (int c = 1; c <= 0x7F; c = c == 0x20 ? 0x7F : c + 1) {  // controls and the space
    const std::string bad = std::string("/a") + static_cast<char>(c) + "b";
    for (const char *HandshakeConfig::*part :
         {&HandshakeConfig::host, &HandshakeConfig::target, &HandshakeConfig::origin}) {
      ClientConfig config;
      config.*part = bad.c_str();
      EXPECT_EQ(request(config), "TW_ERR_HEADER_INJECTION") << c;
    }
    EXPECT_EQ(request(ClientConfig().with_subprotocols({bad.c_str()})), "TW_ERR_HEADER_INJECTION") << c;
  }
}

// Both builders refuse the same headers.
void expect_both(const char *name, const char *value, bool allowed) {
  ClientConfig client;
  Config server;
  const std::string request_text = request(client.with_header(name, value));
  const std::string response_text = response(server.with_header(name, value));
  const std::string line = "\r\n" + std::string(name) + ": " + value + "\r\n\r\n";
  if (allowed) {
    EXPECT_TRUE(request_text.ends_with(line)) << request_text;
    EXPECT_TRUE(response_text.ends_with(line)) << response_text;
  } else {
    EXPECT_EQ(request_text, "TW_ERR_HEADER_INJECTION") << line;
    EXPECT_EQ(response_text, "TW_ERR_HEADER_INJECTION") << line;
  }
}

TEST(BuildHeaders, EveryByteOfANameAndAValueIsJudged) {
  const std::string token = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  for (int c = 1; c < 256; ++c) {
    const std::string text = std::string("X") + static_cast<char>(c) + "y";
    expect_both(text.c_str(), "v", token.find(static_cast<char>(c)) != std::string::npos);
    expect_both("X", text.c_str(), c == '\t' || (c >= 0x20 && c != 0x7F));
  }
  expect_both("", "v", false);
}

TEST(BuildHeaders, WhatTheEngineWritesIsRefused) {
  for (const char *name : {"Host", "UPGRADE", "connection", "Content-Length", "transfer-encoding", "Sec-WebSocket-Key",
                           "sec-websocket-accept", "SEC-WEBSOCKET-EXTENSIONS", "Sec-WebSocket-Protocol",
                           "Sec-WebSocket-Version", "Sec-WebSocket-", "Sec-WebSocket-Anything"}) {
    expect_both(name, "v", false);
  }
  for (const char *name : {"Origin", "Hosts", "Sec-WebSocket", "X-Upgrade", "Access-Control-Allow-Origin"})
    expect_both(name, "v", true);
}

TEST(BuildHeaders, OriginIsWrittenOnce) {
  ClientConfig config;
  config.with_header("oRIGIN", "https://a");
  config.origin = "https://a";
  EXPECT_EQ(request(config), "TW_ERR_HEADER_INJECTION");
}

TEST(BuildResponse, HasWhatTheRfcAsksFor) {
  EXPECT_EQ(response({}),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
}

TEST(BuildResponse, HasTheChosenSubprotocolAndTheHeaders) {
  Config config;
  config.with_subprotocols({"v2", "v1"}).with_header("Server", "s");
  EXPECT_EQ(response(config, 2),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: v1\r\nServer: s\r\n\r\n");
  EXPECT_EQ(response(config, 3), "TW_ERR_ARGUMENT");
}

TEST(BuildResponse, HasTheTermsOfCompression) {
  Config config;
  config.deflate = kDeflate;
  config.with_header("X-A", "b");
  Agreement agreement = agreement_on(0);
  agreement.deflate = kDeflate;
  EXPECT_TRUE(response(config, agreement)
                  .ends_with("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n"
                             "X-A: b\r\n\r\n"));
  EXPECT_EQ(response({}, agreement), "TW_ERR_ARGUMENT");
  agreement.deflate.send_window_bits = 16;
  EXPECT_EQ(response(config, agreement), "TW_ERR_ARGUMENT");
}

TEST(BuildResponse, ProofThatIsNoneIsRefused) {
  for (const size_t at : {size_t{0}, kAcceptLen - 1}) {
    for (const uint8_t byte : {'\r', '\n', '\0', '-'}) {
      Agreement agreement = agreement_on(0);
      agreement.accept[at] = byte;
      EXPECT_EQ(response({}, agreement), "TW_ERR_ARGUMENT") << at;
    }
  }
}

TEST(BuildResponse, SubprotocolsAreTokensAndUnique) {
  Config config;
  EXPECT_EQ(response(config.with_subprotocols({"v1", "v 2"})), "TW_ERR_HEADER_INJECTION");
  EXPECT_EQ(response(config.with_subprotocols({"v1", ""})), "TW_ERR_ARGUMENT");
  EXPECT_EQ(response(config.with_subprotocols({"v1", "v1"})), "TW_ERR_ARGUMENT");
}

TEST(BuildRefusal, NamesTheVersionThatWouldBeAccepted) {
  EXPECT_EQ(refusal(Status::kVersion),
            "HTTP/1.1 426 Upgrade Required\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 32\r\n\r\n"
            "Sec-WebSocket-Version is not 13\n");
}

TEST(BuildRefusal, NamesTheMethodThatWouldBeAccepted) {
  EXPECT_EQ(refusal(Status::kHttpMethod),
            "HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nAllow: GET\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 22\r\n\r\nthe method is not GET\n");
}

TEST(BuildRefusal, EveryReasonClosesTheConnectionAndSaysWhy) {
  size_t count = 0;
  const StatusInfo *rows = status_rows(&count);
  for (size_t i = 0; i < count; ++i) {
    const StatusInfo &row = rows[i];
    const std::string text = refusal(row.status);
    if (row.http_status == 0) {
      EXPECT_EQ(text, "TW_ERR_ARGUMENT") << row.name;
      continue;
    }
    const ParsedHead parsed(text, false);
    const std::string body = row.message + std::string("\n");
    ByteView name;
    ByteView value;
    EXPECT_TRUE(parsed.head.status(parsed.data()) == ByteView::of(std::to_string(row.http_status).c_str())) << text;
    EXPECT_NE(text[13], '\r') << "no reason phrase for " << row.http_status;
    EXPECT_EQ(text.substr(parsed.head_len), body);
    ASSERT_TRUE(parsed.head.header(parsed.data(), ByteView::of("content-length"), 0, &name, &value));
    EXPECT_TRUE(value == ByteView::of(std::to_string(body.size()).c_str())) << text;
    ASSERT_TRUE(parsed.head.header(parsed.data(), ByteView::of("connection"), 0, &name, &value));
    EXPECT_TRUE(std::string(value.data, value.data + value.size).starts_with("close")) << text;
  }
}

TEST(BuildRefusal, UnknownReasonIsRefused) { EXPECT_EQ(refusal(static_cast<Status>(-9999)), "TW_ERR_ARGUMENT"); }

// What one role builds, the other accepts.
TEST(Handshake, BothRolesAgree) {
  ClientConfig client;
  client.deflate = kDeflate;
  client.target = "/a?b";
  client.origin = "http://example.com";
  client.with_subprotocols({"v1", "v2"}).with_header("X-Client", "1");
  Config server;
  server.deflate = {1, kDeflateSendTakeover | kDeflateReceiveTakeover, 12, 11, {}};
  server.with_subprotocols({"v3", "v2", "v1"}).with_header("X-Server", "1");
  for (int i = 0; i < 100; ++i) {
    std::string key(kKeyLen, '?');
    ASSERT_EQ(key_generate({}, reinterpret_cast<uint8_t *>(key.data())), Status::kOk);
    const ParsedHead asked(request(client, key), true);
    Agreement agreed;
    ASSERT_EQ(check_request(asked.head, asked.data(), server, &agreed), Status::kOk);
    EXPECT_EQ(agreed.subprotocol, 2u);
    const ParsedHead answered(response(server, agreed), false);
    Agreement accepted;
    ASSERT_EQ(check_response(answered.head, answered.data(), client, bytes(key).data, &accepted), Status::kOk);
    EXPECT_EQ(accepted.subprotocol, 2u);
    EXPECT_EQ(accepted.deflate.enabled, 1);
    EXPECT_EQ(accepted.deflate.flags, kDeflateReceiveTakeover);
    EXPECT_EQ(accepted.deflate.send_window_bits, 11);
    EXPECT_EQ(accepted.deflate.receive_window_bits, 12);
    EXPECT_EQ(memcmp(accepted.accept, agreed.accept, kAcceptLen), 0);
  }
}

}  // namespace
}  // namespace tidewire
