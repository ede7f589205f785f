// SPDX-License-Identifier: MIT
// The opening handshake inside a connection: what is copied and held, offsets, and the way from head to frames. The
// rules of the heads themselves are tested with core/wire and with the vectors.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/counting_allocator.h"
#include "tests/unit/connection/sessions.h"

namespace tidewire {
namespace {

using namespace tidewire::test;
using reference::Event;

// A configuration whose strings can be spoiled.
struct HandshakeStrings {
  std::string host = "example.com", target = "/chat", name = "X-Test", value = "yes", protocol = "chat",
              origin = "https://listed.example";
  const char *protocols[1] = {protocol.c_str()};
  const char *origins[1] = {origin.c_str()};
  tw_header headers[1] = {{name.c_str(), value.c_str()}};
  tw_handshake_config config = TW_HANDSHAKE_CONFIG_INIT;

  HandshakeStrings() {
    config.host = host.c_str();
    config.target = target.c_str();
    config.subprotocols = protocols;
    config.subprotocol_count = 1;
    config.origins = origins;
    config.origin_count = 1;
    config.headers = headers;
    config.header_count = 1;
  }
  void spoil() {
    for (std::string *text : {&host, &target, &name, &value, &protocol, &origin}) text->assign(text->size(), '!');
    protocols[0] = origins[0] = nullptr;
    headers[0] = {nullptr, nullptr};
  }
};

tw_conn_config handshaking(uint32_t role, const tw_handshake_config *handshake) {
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  config.role = role;
  config.handshake = handshake;
  return config;
}

std::string as_text(const Bytes &bytes) { return std::string(bytes.begin(), bytes.end()); }

TEST(Opening, ServerKeepsACopyOfItsConfiguration) {
  HandshakeStrings strings;
  EngineSession session;
  ASSERT_EQ(session.create(handshaking(TW_ROLE_SERVER, &strings.config)), TW_OK);
  strings.spoil();
  const Bytes request = text(
      "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
      "Origin: https://listed.example\r\nSec-WebSocket-Protocol: chat\r\n\r\n");
  std::vector<Event> events;
  ASSERT_EQ(session.receive(request, 1, &events), TW_OK);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].code, 1u);
  const std::string response = as_text(session.take_output());
  EXPECT_NE(response.find("Sec-WebSocket-Protocol: chat\r\n"), std::string::npos);
  EXPECT_NE(response.find("X-Test: yes\r\n"), std::string::npos);
}

TEST(Opening, ClientKeepsACopyOfItsConfiguration) {
  HandshakeStrings strings;
  EngineSession session;
  ASSERT_EQ(session.create(handshaking(TW_ROLE_CLIENT, &strings.config)), TW_OK);
  strings.spoil();
  const std::string request = as_text(session.take_output());
  EXPECT_EQ(request.rfind("GET /chat HTTP/1.1\r\nHost: example.com\r\n", 0), 0u);
  EXPECT_NE(request.find("X-Test: yes\r\n"), std::string::npos);
  const Bytes response = text(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: Bz3qJYTGdOe8gUSpLosEdiLKDrk=\r\nSec-WebSocket-Protocol: chat\r\n\r\n");
  std::vector<Event> events;
  ASSERT_EQ(session.receive(response, 1, &events), TW_OK);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].code, 1u);
}

TEST(Opening, HeadOfTheOpenEventIsAViewIntoTheInput) {
  EngineSession session;
  ASSERT_EQ(session.create(handshaking(TW_ROLE_SERVER, nullptr)), TW_OK);
  Bytes data = peer_head(TW_ROLE_SERVER);
  const size_t head_len = data.size();
  data = join({data, peer_frame(TW_ROLE_SERVER, 0x81, text("a"))});
  const Received got = receive(session.get(), data);
  ASSERT_EQ(got.events.size(), 2u);
  EXPECT_EQ(got.events[0].data, data.data());
  EXPECT_EQ(got.events[0].len, head_len);
  EXPECT_EQ(got.events[1].offset, head_len);
}

// The views of tw_head_header into the event's data give a host all that the request said.
TEST(Opening, HeadOfTheOpenEventCanBeParsed) {
  each_role([](uint32_t role) {
    tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
    handshake.host = "h";
    EngineSession session;
    ASSERT_EQ(session.create(handshaking(role, &handshake)), TW_OK);
    std::vector<Event> events;
    for (const uint8_t byte : peer_head(role)) ASSERT_EQ(session.receive({byte}, 1, &events), TW_OK);
    ASSERT_EQ(events.size(), 1u);
    tw_head head;
    size_t head_len = 0;
    ASSERT_EQ(tw_head_init(&head, role, nullptr), TW_OK);
    ASSERT_EQ(tw_head_parse(&head, events[0].data.data(), events[0].data.size(), &head_len), TW_OK);
    EXPECT_EQ(head_len, events[0].data.size());
    tw_view value;
    ASSERT_EQ(tw_head_header(&head, events[0].data.data(), "upgrade", 0, nullptr, &value), TW_OK);
    EXPECT_EQ(std::string(value.data, value.data + value.len), "websocket");
  });
}

TEST(Opening, GivesItsMemoryBackWhenOpen) {
  each_role([](uint32_t role) {
    CountingAllocator allocator;
    const tw_allocator c_allocator = allocator.c_api();
    HandshakeStrings strings;
    tw_conn_config config = handshaking(role, &strings.config);
    config.allocator = &c_allocator;
    EngineSession session;
    ASSERT_EQ(session.create(config), TW_OK);
    const Bytes head = peer_head(role);
    std::vector<Event> events;
    ASSERT_EQ(session.receive(Bytes(head.begin(), head.begin() + 20), 1, &events), TW_OK);
    ASSERT_EQ(session.receive(Bytes(head.begin() + 20, head.end()), 1, &events), TW_OK);
    session.take_output();
    ASSERT_EQ(session.receive({}, 1, &events), TW_OK);
    EXPECT_EQ(session.state(), TW_STATE_OPEN);
    EXPECT_EQ(allocator.live_blocks(), 2u) << "the connection and its configuration";
  });
}

// A head that never ends costs no more than about its limit, and a refused one nothing.
TEST(Opening, HoldsNoMoreThanTheLimitOfTheHead) {
  CountingAllocator allocator;
  const tw_allocator c_allocator = allocator.c_api();
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  handshake.max_head_len = 4096;
  tw_conn_config config = handshaking(TW_ROLE_SERVER, &handshake);
  config.allocator = &c_allocator;
  EngineSession session;
  ASSERT_EQ(session.create(config), TW_OK);
  const uint64_t created_len = allocator.live_len();
  std::vector<Event> events;
  ASSERT_EQ(session.receive(text("GET / HTTP/1.1\r\n"), 1, &events), TW_OK);
  tw_status status = TW_OK;
  for (int i = 0; i < 10000 && status == TW_OK; ++i) status = session.receive(text("A: b\r\n"), 1, &events);
  EXPECT_EQ(status, TW_ERR_LIMIT_HEADER_COUNT);
  EXPECT_LE(allocator.peak_len() - created_len, 2 * 4096u);
  session.take_output();
  EXPECT_EQ(allocator.live_blocks(), 2u);
}

TEST(Opening, NothingFollowsARefusal) {
  EngineSession session;
  ASSERT_EQ(session.create(handshaking(TW_ROLE_SERVER, nullptr)), TW_OK);
  std::vector<Event> events;
  ASSERT_EQ(session.receive(text("POST / HTTP/1.1\r\n\r\n"), 1, &events), TW_ERR_HTTP_METHOD);
  const std::string refusal = as_text(session.take_output());
  EXPECT_EQ(refusal.rfind("HTTP/1.1 405 ", 0), 0u);
  EXPECT_NE(refusal.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(session.receive(peer_head(TW_ROLE_SERVER), 1, &events), TW_ERR_HTTP_METHOD);
  EXPECT_TRUE(session.take_output().empty());
  EXPECT_TRUE(events.empty());
  EXPECT_EQ(session.wants(), TW_WANT_CLOSE);
}

TEST(Opening, ConfigurationsThatCannotBe) {
  tw_conn *conn = nullptr;
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  config.role = TW_ROLE_CLIENT;
  EXPECT_EQ(tw_conn_create(&config, &conn), TW_ERR_NULL) << "a client that shakes hands needs a host";
  config.role = 2;
  EXPECT_EQ(tw_conn_create(&config, &conn), TW_ERR_ARGUMENT);
  config = upgraded(TW_ROLE_SERVER);
  config.flags |= 0x40;
  EXPECT_EQ(tw_conn_create(&config, &conn), TW_ERR_UNSUPPORTED);
  config = upgraded(TW_ROLE_SERVER);
  config.output_high_len = 100;
  config.output_low_len = 101;
  EXPECT_EQ(tw_conn_create(&config, &conn), TW_ERR_ARGUMENT);
  config = upgraded(TW_ROLE_SERVER);
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  const tw_deflate negotiated = {1, 0, 15, 15, {0}};
  config.negotiated = &negotiated;
  EXPECT_EQ(tw_conn_create(&config, &conn), TW_ERR_ARGUMENT) << "terms without a configuration";
  config.deflate = &deflate;
  deflate.level = 10;
  EXPECT_EQ(tw_conn_create(&config, &conn), TW_ERR_ARGUMENT);
  deflate.level = 0;
  deflate.send_window_bits = 7;
  EXPECT_EQ(tw_conn_create(&config, &conn), TW_ERR_ARGUMENT);
  deflate.send_window_bits = 0;
  config.flags = 0;
  EXPECT_EQ(tw_conn_create(&config, &conn), TW_ERR_ARGUMENT) << "terms before the handshake";
  EXPECT_EQ(conn, nullptr);
}

}  // namespace
}  // namespace tidewire
