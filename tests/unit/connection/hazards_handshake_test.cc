// SPDX-License-Identifier: MIT
// Known ways to hurt a WebSocket implementation through its opening handshake, one test for each.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/connection/victim.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

const std::string kRequestStart = "GET /chat HTTP/1.1\r\nHost: example.com\r\n";
const std::string kUpgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
const std::string kKey = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const std::string kVersion = "Sec-WebSocket-Version: 13\r\n";
const std::string kRequest = kRequestStart + kUpgrade + kKey + kVersion;  // without the empty line

tw_conn_config handshaking(uint32_t role, const tw_handshake_config *handshake) {
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  config.role = role;
  config.handshake = handshake;
  return config;
}

// A server that was asked this.
struct Asked {
  explicit Asked(const std::string &request, const tw_handshake_config *handshake = nullptr)
      : victim(handshaking(TW_ROLE_SERVER, handshake)), status(victim.feed(text(request))) {
    const Bytes output = victim.take_output();
    answer.assign(output.begin(), output.end());
  }

  Victim victim;
  tw_status status;
  std::string answer;
};

// The good response with one more line.
Bytes response_with(const std::string &line) {
  const Bytes head = peer_head(TW_ROLE_CLIENT);
  return join({Bytes(head.begin(), head.end() - 2), text(line + "\r\n")});
}

// Refused once and for all: one response that closes the connection, and nothing that follows is looked at.
void expect_refused(const std::string &request, tw_status status, const std::string &http_status) {
  const std::string second = kRequest + "\r\n";
  Asked asked(request + second);
  EXPECT_STREQ(tw_status_name(asked.status), tw_status_name(status)) << request;
  EXPECT_TRUE(asked.answer.starts_with("HTTP/1.1 " + http_status + " ")) << asked.answer;
  EXPECT_NE(asked.answer.find("\r\nConnection: close"), std::string::npos) << asked.answer;
  EXPECT_EQ(asked.answer.find("HTTP/1.1 ", 1), std::string::npos) << "more than one response";
  EXPECT_EQ(asked.victim.feed(text(second)), status);
  EXPECT_EQ(asked.victim.output_len(), 0u);
  EXPECT_EQ(asked.victim.events(TW_EVENT_OPEN), 0u);
  EXPECT_EQ(tw_conn_wants(asked.victim.get()), TW_WANT_CLOSE);
}

TEST(Hazard, RequestSmuggledInABody) {
  for (const char *line : {"Content-Length: 5\r\n", "Content-Length: 0\r\nContent-Length: 40\r\n",
                           "Content-Length: 0, 40\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: \r\n",
                           "Content-Length: 0\r\nTransfer-Encoding: identity\r\n"}) {
    expect_refused(kRequest + line + "\r\n", TW_ERR_HTTP_BODY, "400");
  }
}

TEST(Hazard, HeadThatIsReadInTwoWays) {
  for (const char *line : {"Transfer-Encoding : chunked\r\n", " Content-Length: 5\r\n", "Content-Length\r\n : 5\r\n",
                           "X: a\nContent-Length: 5\r\n", "X: a\rContent-Length: 5\r\n", "X: a\x01\r\n"}) {
    expect_refused(kRequest + line + "\r\n", TW_ERR_HTTP_SYNTAX, "400");
  }
}

TEST(Hazard, CrossSiteRequest) {
  for (const char *origin :
       {"https://evil.test", "null", "http://example.com.evil.test", "http://evil.test/example.com",
        "http://example.com:8080", "http://example.com@evil.test"}) {
    expect_refused(kRequest + "Origin: " + origin + "\r\n\r\n", TW_ERR_ORIGIN, "403");
  }
}

TEST(Hazard, UpgradeThatNobodyAskedFor) {
  expect_refused(kRequestStart + kKey + kVersion + "\r\n", TW_ERR_HTTP_UPGRADE, "426");
  expect_refused(kRequestStart + "Connection: Upgrade\r\n" + kKey + kVersion + "\r\n", TW_ERR_HTTP_UPGRADE, "426");
  expect_refused(kRequestStart + "Upgrade: websocket\r\n" + kKey + kVersion + "\r\n", TW_ERR_HTTP_CONNECTION, "400");
  expect_refused(kRequestStart + "Upgrade: websocket\r\nConnection: close\r\n" + kKey + kVersion + "\r\n",
                 TW_ERR_HTTP_CONNECTION, "400");
}

TEST(Hazard, DraftProtocol) {
  expect_refused(kRequestStart + kUpgrade + "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\n\r\n", TW_ERR_VERSION, "426");
  for (const char *version : {"0", "7", "8", "12", "14", "013"}) {
    expect_refused(kRequestStart + kUpgrade + kKey + "Sec-WebSocket-Version: " + version + "\r\n\r\n", TW_ERR_VERSION,
                   "426");
  }
  Victim victim(upgraded(TW_ROLE_SERVER));
  EXPECT_EQ(victim.feed(hex("00 68 69 ff")), TW_ERR_MASK_MISSING);  // how drafts sent "hi"
}

TEST(Hazard, HeaderFlood) {
  std::string many, long_line = "X: ";
  for (int i = 0; i < 200; ++i) many += "A: b\r\n";
  long_line.append(9000, 'x');
  expect_refused(kRequest + many, TW_ERR_LIMIT_HEADER_COUNT, "431");
  expect_refused(kRequest + long_line + "\r\n", TW_ERR_LIMIT_LINE, "431");
  const std::string two_lines = long_line.substr(0, 8000) + "\r\n" + long_line.substr(0, 8000) + "\r\n";
  expect_refused(kRequest + two_lines + long_line.substr(0, 8000), TW_ERR_LIMIT_HEAD, "431");
}

// Lists for which backtracking would be costly, as long as a line may be.
TEST(Hazard, ListThatTakesLongToRead) {
  const auto repeated = [](const std::string &start, const std::string &part) {
    std::string out = start;
    while (out.size() + part.size() < 8000) out += part;
    return out + "\r\n\r\n";
  };
  const std::string extensions = kRequest + "Sec-WebSocket-Extensions: ";
  for (const char *part : {"; a", ";a=\"b\"", ";a=\"\\b\"", ",a", " ,", "; client_max_window_bits"}) {
    EXPECT_EQ(Asked(repeated(extensions + "permessage-deflate", part)).status, TW_OK) << part;
  }
  for (const char *part : {"\\\"", ";", " ", "\t", "=", "\"\""}) {
    const tw_status status = Asked(repeated(extensions + "a; b=\"c", part)).status;
    EXPECT_EQ(status, TW_ERR_EXTENSION) << part;
  }
  EXPECT_EQ(Asked(repeated(kRequest + "Sec-WebSocket-Protocol: a", ",")).status, TW_OK);
  EXPECT_EQ(Asked(repeated(kRequest + "Sec-WebSocket-Protocol: a", ",b")).status, TW_ERR_SUBPROTOCOL);
}

// Each byte is looked at once: those that were read may be overwritten.
TEST(Hazard, HeadReadAgainForEveryByte) {
  const std::string request = kRequest + "X-A: b\r\n\r\n";
  Bytes data(request.size(), 0);
  tw_head head;
  ASSERT_EQ(tw_head_init(&head, TW_ROLE_SERVER, nullptr), TW_OK);
  size_t head_len = 0;
  for (size_t i = 0; i < request.size(); ++i) {
    const tw_status want = i + 1 < request.size() ? TW_NEED_INPUT : TW_OK;
    data[i] = static_cast<uint8_t>(request[i]);
    ASSERT_EQ(tw_head_parse(&head, data.data(), i + 1, &head_len), want) << i;
    data[i] = 0;
  }
}

TEST(Hazard, WindowBitsOutOfRange) {
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  handshake.host = "h";
  tw_conn_config server = handshaking(TW_ROLE_SERVER, nullptr);
  tw_conn_config client = handshaking(TW_ROLE_CLIENT, &handshake);
  server.deflate = client.deflate = &deflate;
  for (const char *bits : {"0", "7", "16", "99", "-9", "+9", "010", "9.0", "1e1", "\"\\\"", "4294967305",
                           "18446744073709551625", "99999999999999999999999999999999"}) {
    for (const std::string name : {"server_max_window_bits", "client_max_window_bits"}) {
      const std::string extension = "Sec-WebSocket-Extensions: permessage-deflate; " + name + "=" + bits + "\r\n";
      Victim asked(server);
      const tw_status status = asked.feed(text(kRequest + extension + "\r\n"));
      EXPECT_TRUE(status == TW_OK || status == TW_ERR_EXTENSION) << bits;
      tw_deflate agreed = kDeflated;
      EXPECT_EQ(tw_conn_get_deflate(asked.get(), &agreed), TW_OK);
      EXPECT_EQ(agreed.enabled, 0) << bits;

      Victim answered(client);
      EXPECT_EQ(answered.feed(response_with(extension)), TW_ERR_EXTENSION) << bits;
    }
  }
}

TEST(Hazard, HeaderInjectedByTheHost) {
  const std::string bad = "a\r\nX-Evil: 1";
  const char *const names[] = {bad.c_str()};
  const tw_header headers[] = {{"X-A", bad.c_str()}};
  tw_handshake_config configs[5];
  for (tw_handshake_config &config : configs) {
    config = TW_HANDSHAKE_CONFIG_INIT;
    config.host = "h";
  }
  configs[0].host = bad.c_str();
  const std::string target = "/" + bad;
  configs[1].target = target.c_str();
  configs[2].origin = bad.c_str();
  configs[3].subprotocols = names;
  configs[3].subprotocol_count = 1;
  configs[4].headers = headers;
  configs[4].header_count = 1;
  for (const tw_handshake_config &config : configs) {
    const tw_conn_config client = handshaking(TW_ROLE_CLIENT, &config);
    tw_conn *conn = nullptr;
    EXPECT_EQ(tw_conn_create(&client, &conn), TW_ERR_HEADER_INJECTION) << &config - configs;
    EXPECT_EQ(conn, nullptr);
  }
}

// A server that does not know the key has not read the request, such as a cache that answers with what it stored.
TEST(Hazard, AnswerToAnotherKey) {
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  handshake.host = "h";
  Victim victim(handshaking(TW_ROLE_CLIENT, &handshake));
  EXPECT_EQ(victim.feed(text("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")),
            TW_ERR_ACCEPT);
}

TEST(Hazard, AnswerWithWhatWasNotOffered) {
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  handshake.host = "h";
  Victim extension(handshaking(TW_ROLE_CLIENT, &handshake));
  EXPECT_EQ(extension.feed(response_with("Sec-WebSocket-Extensions: permessage-deflate\r\n")), TW_ERR_EXTENSION);
  Victim subprotocol(handshaking(TW_ROLE_CLIENT, &handshake));
  EXPECT_EQ(subprotocol.feed(response_with("Sec-WebSocket-Protocol: chat\r\n")), TW_ERR_SUBPROTOCOL);
}

// One byte in each second, so that no other time-out is ever due.
TEST(Hazard, SlowHandshake) {
  constexpr uint64_t kSecond = 1000000000;
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  handshake.host = "h";
  each_role([&](uint32_t role) {
    Victim victim(handshaking(role, &handshake));
    victim.take_output();
    const Bytes head = peer_head(role);
    uint64_t second = 0;
    while (victim.tick(second * kSecond) == TW_OK && second < head.size()) {
      EXPECT_EQ(victim.deadline(), 10 * kSecond);
      EXPECT_EQ(victim.feed({head[second]}), TW_OK);
      second++;
    }
    EXPECT_EQ(second, 10u);
    EXPECT_EQ(victim.error().status, TW_ERR_TIMEOUT_HANDSHAKE);
    const Bytes output = victim.take_output();
    EXPECT_EQ(std::string(output.begin(), output.end()).starts_with("HTTP/1.1 408 "), role == TW_ROLE_SERVER);
    EXPECT_EQ(tw_conn_wants(victim.get()), TW_WANT_CLOSE);
  });
}

}  // namespace
}  // namespace tidewire
