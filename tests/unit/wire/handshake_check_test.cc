// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/wire/handshake.h"
#include "tests/support/split_feed.h"
#include "tests/support/test_bytes.h"

namespace tidewire {
namespace {

using Strings = std::vector<std::string>;

const std::string kKey = "dGhlIHNhbXBsZSBub25jZQ==";        // RFC 6455 §1.3
const std::string kProof = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";  // its answer
const Strings kRequestLines = {"Host: example.com", "Upgrade: websocket", "Connection: Upgrade",
                               "Sec-WebSocket-Key: " + kKey, "Sec-WebSocket-Version: 13"};
const Strings kResponseLines = {"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: " + kProof};

ByteView bytes(std::string_view text) { return {reinterpret_cast<const uint8_t *>(text.data()), text.size()}; }

std::string head_of(const std::string &start_line, const Strings &lines) {
  std::string out = start_line + "\r\n";
  for (const std::string &line : lines) out += line + "\r\n";
  return out + "\r\n";
}

// The good lines, with every line of this header replaced by one for each value.
Strings with(Strings lines, const std::string &name, const Strings &values) {
  std::erase_if(lines, [&](const std::string &line) { return line.starts_with(name + ":"); });
  for (const std::string &value : values) lines.push_back(name + ": " + value);
  return lines;
}

// Parses the head whole, byte by byte and cut at every byte; check(head, data) must say the same each time.
template <class Check>
std::string at_every_split(const std::string &text, bool is_request, Check check) {
  std::string first;
  test::split_feed(bytes(text), [&](const std::vector<ByteView> &pieces) {
    HttpHead head;
    head.init(is_request, {});
    test::Bytes received;
    size_t len = 0;
    Status status = Status::kNeedInput;
    for (const ByteView piece : pieces) {
      received.insert(received.end(), piece.data, piece.data + piece.size);
      status = head.parse(received.data(), received.size(), &len);
    }
    ASSERT_EQ(status, Status::kOk) << text;
    const std::string outcome = check(head, received.data());
    if (first.empty()) first = outcome;
    ASSERT_EQ(outcome, first);
  });
  return first;
}

Agreement untouched() {
  Agreement out;
  memset(static_cast<void *>(&out), '?', sizeof(out));
  return out;
}

// "TW_OK 1", or "TW_OK 1 deflate" with compression: the subprotocol that was chosen; or the name of the status, which
// must leave the output alone.
std::string outcome(Status status, const Agreement &out) {
  const Agreement before = untouched();
  if (status != Status::kOk) {
    EXPECT_EQ(memcmp(&out, &before, sizeof(out)), 0);
    return status_info(status).name;
  }
  EXPECT_EQ(std::string(out.accept, out.accept + kAcceptLen), kProof);
  return "TW_OK " + std::to_string(out.subprotocol) + (out.deflate.enabled != 0 ? " deflate" : "");
}

std::string server_outcome(const std::string &request, const HandshakeConfig &config = {}) {
  return at_every_split(request, true, [&](const HttpHead &head, const uint8_t *data) -> std::string {
    Agreement out = untouched();
    return outcome(check_request(head, data, config, &out), out);
  });
}

std::string request_with(const std::string &name, const Strings &values) {
  return head_of("GET /chat HTTP/1.1", with(kRequestLines, name, values));
}

std::string server(const std::string &name, const Strings &values, const HandshakeConfig &config = {}) {
  return server_outcome(request_with(name, values), config);
}

std::string client_outcome(const std::string &response, const HandshakeConfig &config = {}) {
  return at_every_split(response, false, [&](const HttpHead &head, const uint8_t *data) -> std::string {
    Agreement out = untouched();
    return outcome(check_response(head, data, config, bytes(kKey).data, &out), out);
  });
}

std::string client(const std::string &name, const Strings &values, const HandshakeConfig &config = {}) {
  return client_outcome(head_of("HTTP/1.1 101 Switching Protocols", with(kResponseLines, name, values)), config);
}

HandshakeConfig config_with_subprotocols(const std::vector<const char *> &names) {
  HandshakeConfig config;
  config.subprotocols = names.data();
  config.subprotocol_count = names.size();
  return config;
}

HandshakeConfig config_with_deflate() {
  HandshakeConfig config;
  config.deflate = {1, kDeflateSendTakeover | kDeflateReceiveTakeover, 15, 15, {}};
  return config;
}

TEST(CheckRequest, GoodRequestIsAccepted) {
  EXPECT_EQ(server_outcome(head_of("GET /chat HTTP/1.1", kRequestLines)), "TW_OK 0");
}

TEST(CheckRequest, HeaderNamesHaveAnyCase) {
  EXPECT_EQ(server_outcome(head_of("GET / HTTP/1.1", {"HOST:a", "uPGRADE:WebSocket", "CONNECTION:upgrade",
                                                      "SEC-WEBSOCKET-KEY:" + kKey, "sec-websocket-version:13"})),
            "TW_OK 0");
}

TEST(CheckRequest, MethodMustBeGet) {
  for (const char *method : {"POST", "HEAD", "get", "GETS", "CONNECT", "OPTIONS"}) {
    EXPECT_EQ(server_outcome(head_of(std::string(method) + " /chat HTTP/1.1", kRequestLines)), "TW_ERR_HTTP_METHOD");
  }
}

TEST(CheckRequest, HostComesOnceAndIsValid) {
  for (const char *host : {"a", "a:80", "[::1]:8080"}) EXPECT_EQ(server("Host", {host}), "TW_OK 0");
  EXPECT_EQ(server("Host", {}), "TW_ERR_HTTP_HOST");
  EXPECT_EQ(server("Host", {"a", "a"}), "TW_ERR_HTTP_HOST");
  for (const char *host : {"", "a b", "a, b", "a/b", "user@a", "a:b", "a:65536"}) {
    EXPECT_EQ(server("Host", {host}), "TW_ERR_HTTP_HOST") << host;
  }
}

TEST(CheckRequest, UpgradeListsWebsocket) {
  for (const Strings &values : {Strings{"WebSocket"}, {"h2c, websocket"}, {"h2c", "websocket"}, {",websocket ,"}}) {
    EXPECT_EQ(server("Upgrade", values), "TW_OK 0") << values[0];
  }
  for (const Strings &values : {Strings{},
                                {""},
                                {"h2c"},
                                {"websockets"},
                                {"web socket"},
                                {"websocket/13"},
                                {"websocket;x"},
                                {"\"websocket\""}}) {
    EXPECT_EQ(server("Upgrade", values), "TW_ERR_HTTP_UPGRADE") << values.size();
  }
}

TEST(CheckRequest, ConnectionListsUpgrade) {
  for (const Strings &values :
       {Strings{"upgrade"}, {"keep-alive, Upgrade"}, {"keep-alive", "UPGRADE"}, {"Upgrade,close"}}) {
    EXPECT_EQ(server("Connection", values), "TW_OK 0") << values[0];
  }
  for (const Strings &values :
       {Strings{}, {""}, {"keep-alive"}, {"upgrades"}, {"keep-alive Upgrade"}, {"close;Upgrade"}}) {
    EXPECT_EQ(server("Connection", values), "TW_ERR_HTTP_CONNECTION") << values.size();
  }
}

TEST(CheckRequest, NoBodyIsAnnounced) {
  EXPECT_EQ(server("Content-Length", {"0"}), "TW_OK 0");
  for (const Strings &values :
       {Strings{"1"}, {"00"}, {"-0"}, {"+0"}, {""}, {"0", "0"}, {"0, 0"}, {"0", "5"}, {"5", "0"}, {"0x0"}}) {
    EXPECT_EQ(server("Content-Length", values), "TW_ERR_HTTP_BODY") << values[0];
  }
  for (const char *value : {"chunked", "identity", "", "gzip, chunked"}) {
    EXPECT_EQ(server("Transfer-Encoding", {value}), "TW_ERR_HTTP_BODY") << value;
  }
}

TEST(CheckRequest, VersionIsThirteen) {
  for (const Strings &values :
       {Strings{}, {""}, {"8"}, {"14"}, {"013"}, {"13.0"}, {"13, 8"}, {"13", "13"}, {"8", "13"}}) {
    EXPECT_EQ(server("Sec-WebSocket-Version", values), "TW_ERR_VERSION") << values.size();
  }
}

TEST(CheckRequest, KeyComesOnceAndIsBase64OfSixteenBytes) {
  for (const Strings &values : {Strings{},
                                {""},
                                {kKey, kKey},
                                {kKey.substr(1)},
                                {kKey + "="},
                                {"dGhlIHNhbXBsZSBub25jZR=="},
                                {"dGhlIHNhbXBsZSBub25jZQ=a"},
                                {kKey + "," + kKey},
                                {"dGhlIHNhbXBsZS*ub25jZQ=="}}) {
    EXPECT_EQ(server("Sec-WebSocket-Key", values), "TW_ERR_KEY") << values.size();
  }
}

TEST(CheckRequest, SameOriginIsAccepted) {
  EXPECT_EQ(server("Origin", {}), "TW_OK 0");
  EXPECT_EQ(server("Origin", {"http://example.com"}), "TW_OK 0");
  EXPECT_EQ(server("Origin", {"HTTPS://EXAMPLE.com:443"}), "TW_OK 0");
}

TEST(CheckRequest, OtherOriginIsRefused) {
  for (const Strings &values : {Strings{"https://evil.test"},
                                {"null"},
                                {""},
                                {"http://example.com:8080"},
                                {"http://example.com", "http://example.com"},
                                {"http://example.com, http://evil.test"},
                                {"http://example.com http://evil.test"}}) {
    EXPECT_EQ(server("Origin", values), "TW_ERR_ORIGIN") << values[0];
  }
}

TEST(CheckRequest, ListedOriginIsAccepted) {
  const char *const origins[] = {"https://good.test", "null"};
  HandshakeConfig config;
  config.origins = origins;
  config.origin_count = 2;
  EXPECT_EQ(server("Origin", {"https://GOOD.test"}, config), "TW_OK 0");
  EXPECT_EQ(server("Origin", {"null"}, config), "TW_OK 0");
  EXPECT_EQ(server("Origin", {"https://example.com"}, config), "TW_OK 0");
  EXPECT_EQ(server("Origin", {"https://evil.test"}, config), "TW_ERR_ORIGIN");
  EXPECT_EQ(server("Origin", {"null", "null"}, config), "TW_ERR_ORIGIN");
}

TEST(CheckRequest, AnyOriginIsAcceptedWhereTheConfigSaysSo) {
  HandshakeConfig config;
  config.flags = kHandshakeAnyOrigin;
  EXPECT_EQ(server("Origin", {"https://evil.test"}, config), "TW_OK 0");
  EXPECT_EQ(server("Origin", {"anything"}, config), "TW_OK 0");
  EXPECT_EQ(server("Origin", {"https://a", "https://a"}, config), "TW_ERR_ORIGIN");
}

TEST(CheckRequest, FirstSubprotocolOfTheServerThatWasOfferedIsChosen) {
  const std::vector<const char *> names = {"v2", "v1", "Chat"};
  const HandshakeConfig config = config_with_subprotocols(names);
  EXPECT_EQ(server("Sec-WebSocket-Protocol", {"v1, v2"}, config), "TW_OK 1");
  EXPECT_EQ(server("Sec-WebSocket-Protocol", {"v1"}, config), "TW_OK 2");
  EXPECT_EQ(server("Sec-WebSocket-Protocol", {"x", "v3,, v1", "Chat"}, config), "TW_OK 2");
  EXPECT_EQ(server("Sec-WebSocket-Protocol", {"chat"}, config), "TW_OK 0");
  EXPECT_EQ(server("Sec-WebSocket-Protocol", {}, config), "TW_OK 0");
  EXPECT_EQ(server("Sec-WebSocket-Protocol", {"v1"}), "TW_OK 0");
}

TEST(CheckRequest, SubprotocolsAreTokensAndUnique) {
  for (const Strings &values :
       {Strings{""}, {","}, {"a b"}, {"a;b"}, {"\"a\""}, {"a/b"}, {"a, a"}, {"a", "a"}, {"b", "a, b"}, {"\x80"}}) {
    EXPECT_EQ(server("Sec-WebSocket-Protocol", values), "TW_ERR_SUBPROTOCOL") << values[0];
  }
}

TEST(CheckRequest, LinesOfAListMayBeEmptyButNotAllOfThem) {
  for (const char *name : {"Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"}) {
    EXPECT_EQ(server(name, {"", "a"}), "TW_OK 0") << name;
    EXPECT_EQ(server(name, {"a", " , "}), "TW_OK 0") << name;
    EXPECT_NE(server(name, {"", ","}), "TW_OK 0") << name;
  }
}

TEST(CheckRequest, SixtyFourSubprotocolsMayBeOffered) {
  std::string names = "p0";
  for (int i = 1; i < 64; ++i) names += ",p" + std::to_string(i);
  EXPECT_EQ(server("Sec-WebSocket-Protocol", {names}), "TW_OK 0");
  EXPECT_EQ(server("Sec-WebSocket-Protocol", {names, "p64"}), "TW_ERR_SUBPROTOCOL");
}

TEST(CheckRequest, ExtensionsAreDeclinedByDefaultButMustBeWellFormed) {
  EXPECT_EQ(server("Sec-WebSocket-Extensions", {"permessage-deflate; client_max_window_bits=\"10\", x", "y"}),
            "TW_OK 0");
  for (const Strings &values : {Strings{""}, {","}, {"a;"}, {"a; b="}, {"a; b=\"c d\""}, {"a", "b c"}}) {
    EXPECT_EQ(server("Sec-WebSocket-Extensions", values), "TW_ERR_EXTENSION") << values[0];
  }
}

TEST(CheckRequest, FirstAcceptableOfferOfCompressionIsChosen) {
  const HandshakeConfig config = config_with_deflate();
  EXPECT_EQ(server("Sec-WebSocket-Extensions", {"permessage-deflate"}, config), "TW_OK 0 deflate");
  EXPECT_EQ(server("Sec-WebSocket-Extensions", {"x", "permessage-deflate; y", "permessage-deflate"}, config),
            "TW_OK 0 deflate");
  EXPECT_EQ(server("Sec-WebSocket-Extensions", {"x", "permessage-deflate; y"}, config), "TW_OK 0");
  EXPECT_EQ(server("Sec-WebSocket-Extensions", {"permessage-deflate", "y;"}, config), "TW_ERR_EXTENSION");
}

TEST(CheckRequest, PlainRequestIsToldToUpgrade) {
  EXPECT_EQ(server_outcome(head_of("GET / HTTP/1.1", {"Host: a"})), "TW_ERR_HTTP_UPGRADE");
}

TEST(CheckRequest, HeadMustBeACompleteRequest) {
  const std::string response = head_of("HTTP/1.1 101 x", kResponseLines);
  HttpHead head;
  Agreement out;
  EXPECT_EQ(check_request(head, nullptr, {}, &out), Status::kState);
  head.init(false, {});
  size_t len = 0;
  ASSERT_EQ(head.parse(bytes(response).data, response.size(), &len), Status::kOk);
  EXPECT_EQ(check_request(head, bytes(response).data, {}, &out), Status::kState);
}

TEST(CheckResponse, GoodResponseIsAccepted) {
  EXPECT_EQ(client_outcome(head_of("HTTP/1.1 101 ", kResponseLines)), "TW_OK 0");
  EXPECT_EQ(client("Connection", {"keep-alive, UPGRADE"}), "TW_OK 0");
  EXPECT_EQ(client("Upgrade", {"WebSocket"}), "TW_OK 0");
}

TEST(CheckResponse, StatusIs101) {
  for (const char *status : {"100", "102", "200", "301", "401", "426", "500", "001"}) {
    EXPECT_EQ(client_outcome(head_of("HTTP/1.1 " + std::string(status) + " x", kResponseLines)), "TW_ERR_HTTP_STATUS");
  }
}

TEST(CheckResponse, UpgradeIsWebsocketAndNothingElse) {
  for (const Strings &values : {Strings{}, {""}, {"h2c"}, {"websocket, h2c"}, {"websocket", "websocket"}}) {
    EXPECT_EQ(client("Upgrade", values), "TW_ERR_HTTP_UPGRADE") << values.size();
  }
}

TEST(CheckResponse, ConnectionListsUpgrade) {
  for (const Strings &values : {Strings{}, {""}, {"close"}, {"upgraded"}}) {
    EXPECT_EQ(client("Connection", values), "TW_ERR_HTTP_CONNECTION") << values.size();
  }
}

TEST(CheckResponse, AcceptAnswersTheKey) {
  for (const Strings &values : {Strings{},
                                {""},
                                {kProof, kProof},
                                {kProof.substr(1)},
                                {kProof + "="},
                                {kKey + "===="},
                                {"s3pPLMBiTxaQ9kYGzzhZRbK+xOp="},
                                {"S3pPLMBiTxaQ9kYGzzhZRbK+xOo="}}) {
    EXPECT_EQ(client("Sec-WebSocket-Accept", values), "TW_ERR_ACCEPT") << values.size();
  }
}

TEST(CheckResponse, NoBodyIsAnnounced) {
  EXPECT_EQ(client("Content-Length", {"0"}), "TW_ERR_HTTP_BODY");
  EXPECT_EQ(client("Transfer-Encoding", {"chunked"}), "TW_ERR_HTTP_BODY");
}

TEST(CheckResponse, NoExtensionIsAcceptedByDefault) {
  EXPECT_EQ(client("Sec-WebSocket-Extensions", {"permessage-deflate"}), "TW_ERR_EXTENSION");
  EXPECT_EQ(client("Sec-WebSocket-Extensions", {""}), "TW_ERR_EXTENSION");
}

TEST(CheckResponse, CompressionIsAcceptedWhereItWasOffered) {
  const HandshakeConfig config = config_with_deflate();
  EXPECT_EQ(client("Sec-WebSocket-Extensions", {"permessage-deflate"}, config), "TW_OK 0 deflate");
  EXPECT_EQ(client("Sec-WebSocket-Extensions", {}, config), "TW_OK 0");
  for (const Strings &values : {Strings{""},
                                {"x"},
                                {"permessage-deflate, x"},
                                {"permessage-deflate; x"},
                                {"permessage-deflate", "permessage-deflate"},
                                {"permessage-deflate", ""},
                                {"", "permessage-deflate"}}) {
    EXPECT_EQ(client("Sec-WebSocket-Extensions", values, config), "TW_ERR_EXTENSION") << values[0];
  }
}

TEST(CheckResponse, SubprotocolIsOneThatWasOffered) {
  const std::vector<const char *> names = {"v2", "v1"};
  const HandshakeConfig config = config_with_subprotocols(names);
  EXPECT_EQ(client("Sec-WebSocket-Protocol", {"v1"}, config), "TW_OK 2");
  EXPECT_EQ(client("Sec-WebSocket-Protocol", {}, config), "TW_OK 0");
  for (const Strings &values : {Strings{""}, {"v3"}, {"V1"}, {"v1, v2"}, {"v1", "v2"}, {"v1", "v1"}}) {
    EXPECT_EQ(client("Sec-WebSocket-Protocol", values, config), "TW_ERR_SUBPROTOCOL") << values[0];
  }
  EXPECT_EQ(client("Sec-WebSocket-Protocol", {"v1"}), "TW_ERR_SUBPROTOCOL");
}

TEST(CheckResponse, MistakesOfTheCallerAreTold) {
  const std::string request = head_of("GET / HTTP/1.1", kRequestLines);
  HttpHead head;
  Agreement out;
  EXPECT_EQ(check_response(head, nullptr, {}, bytes(kKey).data, &out), Status::kState);
  head.init(true, {});
  size_t len = 0;
  ASSERT_EQ(head.parse(bytes(request).data, request.size(), &len), Status::kOk);
  EXPECT_EQ(check_response(head, bytes(request).data, {}, bytes(kKey).data, &out), Status::kState);

  const std::string response = head_of("HTTP/1.1 101 x", kResponseLines);
  head.init(false, {});
  ASSERT_EQ(head.parse(bytes(response).data, response.size(), &len), Status::kOk);
  EXPECT_EQ(check_response(head, bytes(response).data, {}, bytes(kProof).data, &out), Status::kKey);
}

}  // namespace
}  // namespace tidewire
