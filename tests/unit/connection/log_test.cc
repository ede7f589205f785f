// SPDX-License-Identifier: MIT
// What a connection tells its log besides failures, which log_failure_test.cc has: when which line comes, at which
// level, and that nothing is formatted that is not wanted.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/support/counting_allocator.h"
#include "tests/unit/connection/sessions.h"

namespace tidewire {
namespace {

using namespace tidewire::test;
using Lines = std::vector<std::string>;

constexpr uint64_t kSecond = 1'000'000'000;

tw_status feed(EngineSession &session, const Bytes &data) {
  std::vector<reference::Event> events;
  return session.receive(data, 16, &events);
}

TEST(Log, TellsWhatWasNegotiated) {
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  deflate.max_context_len = 1 << 20;
  const char *const names[] = {"v2", "v1"};
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  handshake.subprotocols = names;
  handshake.subprotocol_count = 2;
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  config.handshake = &handshake;
  config.deflate = &deflate;
  const Bytes request = peer_head(TW_ROLE_SERVER);
  const std::string head(request.begin(), request.end() - 2);
  const auto opened = [&](const std::string &headers) {
    EngineSession session;
    EXPECT_EQ(session.create(config), TW_OK);
    EXPECT_EQ(feed(session, text(head + headers + "\r\n")), TW_OK);
    return session.log().lines(TW_LOG_INFO);
  };
  EXPECT_EQ(opened(""), Lines{"server opened: no subprotocol, no compression"});
  EXPECT_EQ(opened("Sec-WebSocket-Protocol: v1\r\n"), Lines{"server opened: subprotocol \"v1\", no compression"});
  EXPECT_EQ(opened("Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; "
                   "server_max_window_bits=10\r\n"),
            Lines{"server opened: no subprotocol, permessage-deflate, sent window of 10 bits with context takeover, "
                  "received window of 15 bits without context takeover"});
}

TEST(Log, TellsOfAStreamThatWasUpgradedElsewhere) {
  EngineSession session;
  ASSERT_EQ(session.create(upgraded(TW_ROLE_CLIENT)), TW_OK);
  EXPECT_EQ(session.log().lines(TW_LOG_INFO), Lines{"client opened: upgraded elsewhere, no compression"});
}

TEST(Log, TellsWhoClosedAndWhatWasExchanged) {
  EngineSession ours, theirs;
  ASSERT_EQ(ours.create(upgraded(TW_ROLE_SERVER)), TW_OK);
  ASSERT_EQ(ours.send(TW_OPCODE_TEXT, text("Hello"), 0), TW_OK);
  ASSERT_EQ(ours.close(1000, text("done")), TW_OK);
  ASSERT_EQ(feed(ours, peer_frame(TW_ROLE_SERVER, 0x88, hex("03e9 6f6b"))), TW_OK);
  EXPECT_EQ(ours.log().lines(TW_LOG_INFO),
            (Lines{"server opened: upgraded elsewhere, no compression",
                   "server closing: sent close code 1000, reason \"done\"",
                   "server closed by us: sent close code 1000, received 1001, answered with reason \"ok\"; received 0 "
                   "messages, 1 frames, 10 bytes; sent 1 messages, 2 frames, 15 bytes"}));

  ASSERT_EQ(theirs.create(upgraded(TW_ROLE_CLIENT)), TW_OK);
  ASSERT_EQ(feed(theirs, join({peer_frame(TW_ROLE_CLIENT, 0x82, text("abc")), peer_frame(TW_ROLE_CLIENT, 0x88)})),
            TW_OK);
  theirs.take_output();
  theirs.take_output();
  EXPECT_EQ(theirs.log().lines(TW_LOG_INFO),
            (Lines{"client opened: upgraded elsewhere, no compression", "client closing: received close code 1005",
                   "client closed by the peer: sent close code 1005, received 1005; received 1 messages, 2 frames, 7 "
                   "bytes; sent 0 messages, 1 frames, 6 bytes"}));
}

TEST(Log, TellsTheReasonOfAnAnswerThatTheHostGives) {
  tw_conn_config config = upgraded(TW_ROLE_SERVER);
  config.flags |= TW_CONN_MANUAL_CLOSE;
  EngineSession session;
  ASSERT_EQ(session.create(config), TW_OK);
  ASSERT_EQ(feed(session, peer_frame(TW_ROLE_SERVER, 0x88, hex("03e8"))), TW_OK);
  ASSERT_EQ(session.close(4000, text("later")), TW_OK);
  const Lines lines = session.log().lines(TW_LOG_INFO);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[1], "server closing: received close code 1000");
  EXPECT_EQ(lines[2].rfind("server closed by the peer: sent close code 4000, received 1000, answered with reason "
                           "\"later\"; received ",
                           0),
            0u)
      << lines[2];
}

// The last line of a connection that is destroyed, in whatever state `drive` leaves it.
std::string last_line(const tw_conn_config &config, const std::function<void(EngineSession &)> &drive) {
  LogLines log;
  const tw_log sink = log.c_api(TW_LOG_INFO);
  tw_conn_config with_log = config;
  with_log.log = &sink;
  {
    EngineSession session;
    session.log_up_to(0);
    EXPECT_EQ(session.create(with_log), TW_OK);
    drive(session);
  }
  return log.entries().empty() ? "" : log.entries().back().line;
}

TEST(Log, TellsOfAConnectionThatIsDestroyedBeforeItsEnd) {
  const tw_conn_config server = TW_CONN_CONFIG_INIT;
  EXPECT_EQ(last_line(server, [](EngineSession &) {}),
            "server destroyed in the opening handshake; received 0 messages, 0 frames, 0 bytes; sent 0 messages, 0 "
            "frames, 0 bytes");
  const tw_conn_config open = upgraded(TW_ROLE_SERVER);
  EXPECT_EQ(last_line(open, [](EngineSession &) {}).rfind("server destroyed while open; ", 0), 0u);
  EXPECT_EQ(last_line(open, [](EngineSession &s) { s.close(1000, {}); }).rfind("server destroyed in the closing ", 0),
            0u);
}

TEST(Log, TellsTheEndOfAConnectionOnce) {
  const tw_conn_config open = upgraded(TW_ROLE_SERVER);
  const std::string failed = last_line(open, [](EngineSession &s) { s.receive_eof(); });
  EXPECT_EQ(failed.rfind("server failed: TW_ERR_EOF: ", 0), 0u) << failed;
  const std::string closed = last_line(open, [](EngineSession &s) {
    feed(s, peer_frame(TW_ROLE_SERVER, 0x88));
    s.take_output();
  });
  EXPECT_EQ(closed.rfind("server closed by the peer: ", 0), 0u) << closed;
  const std::string answered = last_line(open, [](EngineSession &s) {
    feed(s, peer_frame(TW_ROLE_SERVER, 0x83));
    s.take_output();  // with our close frame
  });
  EXPECT_EQ(answered.rfind("server failed: TW_ERR_OPCODE: ", 0), 0u) << answered;
  const tw_conn_config server = TW_CONN_CONFIG_INIT;
  const std::string refused = last_line(server, [](EngineSession &s) { feed(s, text("?")); });
  EXPECT_EQ(refused.rfind("server failed: TW_ERR_HTTP_SYNTAX: ", 0), 0u) << refused;
}

TEST(Log, TellsControlFramesAndPausesInDetail) {
  tw_conn_config config = upgraded(TW_ROLE_SERVER);
  config.output_high_len = 100;
  EngineSession session;
  ASSERT_EQ(session.create(config), TW_OK);
  uint64_t deadline = 0;
  ASSERT_EQ(session.tick(kSecond, &deadline), TW_OK);
  ASSERT_EQ(session.tick(21 * kSecond, &deadline), TW_OK);
  ASSERT_EQ(feed(session, peer_frame(TW_ROLE_SERVER, 0x8A, text("tidewire"))), TW_OK);
  ASSERT_EQ(feed(session, peer_frame(TW_ROLE_SERVER, 0x89, text("abc"))), TW_OK);
  ASSERT_EQ(session.pong({}), TW_OK);
  ASSERT_EQ(session.send(TW_OPCODE_BINARY, Bytes(100), 0), TW_OK);
  ASSERT_EQ(session.send(TW_OPCODE_BINARY, Bytes(100), 0), TW_OK);
  ASSERT_EQ(feed(session, peer_frame(TW_ROLE_SERVER, 0x89)), TW_OK);
  session.take_output();
  EXPECT_EQ(session.log().lines(TW_LOG_DEBUG),
            (Lines{"server sent ping, 8 bytes of payload", "server received pong, 8 bytes of payload",
                   "server received ping, 3 bytes of payload", "server sent pong, 3 bytes of payload",
                   "server sent pong, 0 bytes of payload", "server paused: 119 bytes of output queued",
                   "server received ping, 0 bytes of payload", "server resumed: 0 bytes of output queued",
                   "server sent pong, 0 bytes of payload"}));
}

// A session with lines of every level.
void talk(EngineSession &session) {
  ASSERT_EQ(session.create(upgraded(TW_ROLE_SERVER)), TW_OK);
  ASSERT_EQ(session.ping({}), TW_OK);
  ASSERT_EQ(feed(session, peer_frame(TW_ROLE_SERVER, 0x89)), TW_OK);
  ASSERT_EQ(session.close(1000, {}), TW_OK);
  ASSERT_EQ(feed(session, peer_frame(TW_ROLE_SERVER, 0x83)), TW_ERR_OPCODE);
}

// Whatever is formatted is put: nothing behind it filters by level (log.h). So what is not put was not formatted.
TEST(Log, NothingIsFormattedThatIsNotWanted) {
  const auto count = [](uint32_t wanted, uint32_t level) {
    EngineSession session;
    session.log_up_to(wanted);
    talk(session);
    return session.log().lines(level).size();
  };
  for (const uint32_t wanted : {0u, TW_LOG_ERROR, TW_LOG_INFO, TW_LOG_DEBUG, 4u, UINT32_MAX}) {
    EXPECT_EQ(count(wanted, TW_LOG_ERROR), wanted >= TW_LOG_ERROR ? 1u : 0u);
    EXPECT_EQ(count(wanted, TW_LOG_INFO), wanted >= TW_LOG_INFO ? 2u : 0u);
    EXPECT_EQ(count(wanted, TW_LOG_DEBUG), wanted >= TW_LOG_DEBUG ? 4u : 0u);
  }
}

TEST(Log, ConnectionThatIsNotCreatedTellsNothing) {
  CountingRandom broken{Bytes{}};
  const tw_random random = broken.c_api();
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  handshake.host = "h";
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  config.role = TW_ROLE_CLIENT;
  config.handshake = &handshake;
  config.random = &random;
  EngineSession session;
  ASSERT_EQ(session.create(config), TW_ERR_RANDOM);
  EXPECT_TRUE(session.log().entries().empty());
}

// An idle connection with the same hook as another costs no more than one without.
TEST(Log, ConnectionsOfAPoolShareEqualHooks) {
  CountingAllocator allocator;
  const tw_allocator c_allocator = allocator.c_api();
  tw_pool_config pool_config = TW_POOL_CONFIG_INIT;
  pool_config.allocator = &c_allocator;
  tw_conn_config config = upgraded(TW_ROLE_SERVER);
  config.allocator = &c_allocator;
  ASSERT_EQ(tw_pool_create(&pool_config, &config.pool), TW_OK);
  tw_log log = {[](void *, const tw_conn *, uint32_t, const char *, size_t) {}, nullptr, TW_LOG_ERROR, 0};
  config.log = &log;
  tw_conn *conns[3];
  ASSERT_EQ(tw_conn_create(&config, &conns[0]), TW_OK);
  const uint64_t before = allocator.live_len();
  ASSERT_EQ(tw_conn_create(&config, &conns[1]), TW_OK);
  EXPECT_EQ(allocator.live_len() - before, 256u);
  log.level = TW_LOG_INFO;
  ASSERT_EQ(tw_conn_create(&config, &conns[2]), TW_OK);
  EXPECT_GT(allocator.live_len() - before, 512u);
  for (tw_conn *conn : conns) tw_conn_destroy(conn);
  tw_pool_destroy(config.pool);
}

}  // namespace
}  // namespace tidewire
