// SPDX-License-Identifier: MIT
// The line that explains why an opening handshake was refused, and what a peer can do to a line.
#include "tests/unit/connection/failure_lines.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

// The good request or response, with a piece of it replaced.
Bytes head_with(uint32_t role, const std::string &what, const std::string &by) {
  const Bytes head = peer_head(role);
  std::string out(head.begin(), head.end());
  const size_t at = out.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text(out.replace(at, what.size(), by));
}

const tw_handshake_config &handshake() {
  static const char *const names[] = {"chat"};
  static const tw_handshake_config config = [] {
    tw_handshake_config out = TW_HANDSHAKE_CONFIG_INIT;
    out.host = "h";
    out.subprotocols = names;
    out.subprotocol_count = 1;
    return out;
  }();
  return config;
}

tw_conn_config handshaking(uint32_t role) {
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  config.role = role;
  config.handshake = &handshake();
  return config;
}

void of_requests(FailureLines &lines) {
  const tw_conn_config config = handshaking(TW_ROLE_SERVER);
  const auto refused = [&](const std::string &what, const std::string &by, const std::string &line) {
    lines.expect(config, head_with(TW_ROLE_SERVER, what, by), "server failed: " + line);
  };
  lines.expect(config, text("GET /a b\r\n\r\n"),
               "server failed: TW_ERR_HTTP_SYNTAX: the head is not valid HTTP/1.1 (RFC 9112 2), line \"GET /a b\"" +
                   kNothingBefore + kRefused + "400");
  refused("Host: h", "Host : h",
          "TW_ERR_HTTP_SYNTAX: the head is not valid HTTP/1.1 (RFC 9112 2), line \"Host \"; at offset 16, after 0 "
          "messages and 0 frames; " +
              kRefused + "400");
  refused("GET /", "PUT /",
          "TW_ERR_HTTP_METHOD: the method is not GET (RFC 6455 4.1), line \"PUT / HTTP/1.1\"" + kNothingBefore +
              kRefused + "405");
  refused("HTTP/1.1", "HTTP/1.0",
          "TW_ERR_HTTP_VERSION: the HTTP version is not 1.1 (RFC 6455 4.1), line \"GET / HTTP/1.0\"" + kNothingBefore +
              kRefused + "505");
  refused("Host: h", "Host: h\r\nHost: i",
          "TW_ERR_HTTP_HOST: there is not exactly one valid Host header (RFC 6455 4.2.1), Host \"h\", Host \"i\"" +
              kNothingBefore + kRefused + "400");
  refused("Upgrade: websocket\r\n", "",
          "TW_ERR_HTTP_UPGRADE: the Upgrade header does not name websocket (RFC 6455 4.2.1), no Upgrade header" +
              kNothingBefore + kRefused + "426");
  refused("Connection: Upgrade", "Connection: close",
          "TW_ERR_HTTP_CONNECTION: the Connection header does not name Upgrade (RFC 6455 4.2.1), Connection \"close\"" +
              kNothingBefore + kRefused + "400");
  refused("Host: h", "Host: h\r\nContent-Length: 5",
          "TW_ERR_HTTP_BODY: an upgrade must not announce a body (RFC 9110 7.8), Content-Length \"5\", no "
          "Transfer-Encoding header" +
              kNothingBefore + kRefused + "400");
  refused("dGhlIHNhbXBsZSBub25jZQ==", "short",
          "TW_ERR_KEY: Sec-WebSocket-Key is not one base64 value of 16 bytes (RFC 6455 4.2.1), Sec-WebSocket-Key "
          "\"short\"" +
              kNothingBefore + kRefused + "400");
  refused("Version: 13", "Version: 8",
          "TW_ERR_VERSION: Sec-WebSocket-Version is not 13 (RFC 6455 4.4), Sec-WebSocket-Version \"8\"" +
              kNothingBefore + kRefused + "426");
  refused("Host: h", "Host: h\r\nOrigin: https://evil.example",
          "TW_ERR_ORIGIN: the Origin is not allowed (RFC 6455 10.2), Origin \"https://evil.example\", Host \"h\"" +
              kNothingBefore + kRefused + "403");
  refused("Host: h", "Host: h\r\nSec-WebSocket-Protocol: a, a",
          "TW_ERR_SUBPROTOCOL: Sec-WebSocket-Protocol is malformed, or was not offered (RFC 6455 4.1), "
          "Sec-WebSocket-Protocol \"a, a\"" +
              kNothingBefore + kRefused + "400");
  refused("Host: h", "Host: h\r\nSec-WebSocket-Extensions: x;=\"",
          "TW_ERR_EXTENSION: Sec-WebSocket-Extensions is malformed, or was not offered (RFC 6455 9.1), "
          "Sec-WebSocket-Extensions \"x;=\\\"\"" +
              kNothingBefore + kRefused + "400");
}

void of_responses(FailureLines &lines) {
  const tw_conn_config config = handshaking(TW_ROLE_CLIENT);
  const auto refused = [&](const std::string &what, const std::string &by, const std::string &line) {
    lines.expect(config, head_with(TW_ROLE_CLIENT, what, by),
                 "client failed: " + line + kNothingBefore + "not answered");
  };
  refused("101 Switching Protocols", "403 Nein\xe4",
          "TW_ERR_HTTP_STATUS: the server did not answer with status 101 (RFC 6455 4.1), line \"HTTP/1.1 403 "
          "Nein\\xe4\"");
  refused("Bz3qJYTGdOe8gUSpLosEdiLKDrk=", "dGhlIHNhbXBsZSBub25jZQ==",
          "TW_ERR_ACCEPT: Sec-WebSocket-Accept does not answer the key that was sent (RFC 6455 4.1), "
          "Sec-WebSocket-Accept \"dGhlIHNhbXBsZSBub25jZQ==\"");
  refused("Upgrade: websocket", "Upgrade: websocket\r\nSec-WebSocket-Protocol: other",
          "TW_ERR_SUBPROTOCOL: Sec-WebSocket-Protocol is malformed, or was not offered (RFC 6455 4.1), "
          "Sec-WebSocket-Protocol \"other\"");
}

void of_limits_of_the_head(FailureLines &lines) {
  tw_handshake_config small = handshake();
  tw_conn_config config = handshaking(TW_ROLE_SERVER);
  config.handshake = &small;
  small.max_head_len = 20;
  lines.expect(
      config, peer_head(TW_ROLE_SERVER),
      "server failed: TW_ERR_LIMIT_HEAD: the head of the handshake is longer than the limit (max_head_len 20), line "
      "\"Host\"; at offset 16, after 0 messages and 0 frames; " +
          kRefused + "431");
  small = handshake();
  small.max_header_count = 1;
  lines.expect(
      config, peer_head(TW_ROLE_SERVER),
      "server failed: TW_ERR_LIMIT_HEADER_COUNT: the handshake has more headers than the limit (max_header_count "
      "1), line \"U\"; at offset 25, after 0 messages and 0 frames; " +
          kRefused + "431");
  small = handshake();
  small.max_line_len = 14;
  lines.expect(
      config, peer_head(TW_ROLE_SERVER),
      "server failed: TW_ERR_LIMIT_LINE: a line of the handshake is longer than the limit (max_line_len 14), line "
      "\"Upgrade: websoc\"; at offset 25, after 0 messages and 0 frames; " +
          kRefused + "431");
}

TEST(LogRefusal, TellsEveryStatus) {
  FailureLines lines;
  of_requests(lines);
  of_responses(lines);
  of_limits_of_the_head(lines);
  lines.check_all_told(is_of_handshake);
}

// The most that a peer can put into a line, in characters of which each takes four.
TEST(LogRefusal, LongestLinesAreWhole) {
  const std::string filler(300, '\xff');
  const auto with = [](const std::string &name, const std::string &value) { return name + ": " + value + "\r\n"; };
  std::string quote = "\"";
  for (int i = 0; i < 15; ++i) quote += "\\xff";
  quote += "\"...";
  const auto line_of = [&](const std::string &headers) {
    const Bytes request = head_with(TW_ROLE_SERVER, "Upgrade: websocket\r\n", "Upgrade: websocket\r\n" + headers);
    return failure_line({handshaking(TW_ROLE_SERVER), request, nullptr});
  };
  const std::string length = with("Content-Length", filler), coding = with("Transfer-Encoding", filler);
  EXPECT_EQ(line_of(length + length + coding + coding),
            "server failed: TW_ERR_HTTP_BODY: an upgrade must not announce a body (RFC 9110 7.8), Content-Length " +
                quote + ", Content-Length " + quote + ", Transfer-Encoding " + quote + ", Transfer-Encoding " + quote +
                kNothingBefore + kRefused + "400");
  const std::string origin = with("Origin", filler);
  EXPECT_EQ(line_of(origin + origin),
            "server failed: TW_ERR_ORIGIN: the Origin is not allowed (RFC 6455 10.2), Origin " + quote + ", Origin " +
                quote + ", Host \"h\"" + kNothingBefore + kRefused + "403");
}

TEST(LogRefusal, PeerCannotForgeALine) {
  const Bytes head = text("HTTP/1.1 500 \"; at offset 0\x1b[2J\tserver opened:");
  const std::string line = failure_line({handshaking(TW_ROLE_CLIENT), join({head, text("\r\n\r\n")}), nullptr});
  EXPECT_NE(line.find("line \"HTTP/1.1 500 \\\"; at offset 0\\x1b\""), std::string::npos) << line;
  const Bytes close = peer_frame(TW_ROLE_SERVER, 0x88, join({hex("03e8"), text("bye\r\nserver failed: ")}));
  EngineSession session;
  ASSERT_EQ(session.create(upgraded(TW_ROLE_SERVER)), TW_OK);
  feed(session, close);
  EXPECT_EQ(session.log().lines(TW_LOG_INFO).back(),
            "server closing: received close code 1000, reason \"bye\\x0d\\x0aserver failed: \"");
}

}  // namespace
}  // namespace tidewire
