// SPDX-License-Identifier: MIT
// The connection as a whole: every pair of state and input, both roles alike, what an idle one holds, and that only
// bytes and calls matter.
#include "core/connection/connection.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/counting_allocator.h"
#include "tests/support/each_kernel.h"
#include "tests/unit/connection/sessions.h"

namespace tidewire {
namespace {

using namespace tidewire::test;
using reference::Event;

// kAnswering: the peer's close frame was read; kFailing: a fault was. The output, with our close frame, is not yet
// taken.
enum class From { kConnecting, kOpen, kClosing, kAnswering, kFailing, kClosed, kFailed };
enum class Input { kHead, kText, kPing, kPong, kClose, kBadFrame, kEof, kSend, kSendPing, kSendPong, kSendClose };
constexpr size_t kFromCount = 7, kInputCount = 11;

struct Row {
  From from;
  Input input;
  tw_status status;
  uint32_t state;      // afterwards
  const char *events;  // a letter each: O, M, P(ing), p(ong), C
  const char *output;  // "head", "refusal", or the first byte of each frame
  uint32_t end;        // the state after the output was taken
};

constexpr Row kTable[] = {
    {From::kConnecting, Input::kHead, TW_OK, TW_STATE_OPEN, "O", "head", TW_STATE_OPEN},
    {From::kConnecting, Input::kText, TW_ERR_HTTP_SYNTAX, TW_STATE_CLOSED, "", "refusal", TW_STATE_CLOSED},
    {From::kConnecting, Input::kPing, TW_ERR_HTTP_SYNTAX, TW_STATE_CLOSED, "", "refusal", TW_STATE_CLOSED},
    {From::kConnecting, Input::kPong, TW_ERR_HTTP_SYNTAX, TW_STATE_CLOSED, "", "refusal", TW_STATE_CLOSED},
    {From::kConnecting, Input::kClose, TW_ERR_HTTP_SYNTAX, TW_STATE_CLOSED, "", "refusal", TW_STATE_CLOSED},
    {From::kConnecting, Input::kBadFrame, TW_ERR_HTTP_SYNTAX, TW_STATE_CLOSED, "", "refusal", TW_STATE_CLOSED},
    {From::kConnecting, Input::kEof, TW_ERR_EOF, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kConnecting, Input::kSend, TW_ERR_STATE, TW_STATE_CONNECTING, "", "", TW_STATE_CONNECTING},
    {From::kConnecting, Input::kSendPing, TW_ERR_STATE, TW_STATE_CONNECTING, "", "", TW_STATE_CONNECTING},
    {From::kConnecting, Input::kSendPong, TW_ERR_STATE, TW_STATE_CONNECTING, "", "", TW_STATE_CONNECTING},
    {From::kConnecting, Input::kSendClose, TW_ERR_STATE, TW_STATE_CONNECTING, "", "", TW_STATE_CONNECTING},

    {From::kOpen, Input::kHead, TW_ERR_RSV, TW_STATE_CLOSING, "", "88", TW_STATE_CLOSED},  // 'G' and 'H' have RSV1 set
    {From::kOpen, Input::kText, TW_OK, TW_STATE_OPEN, "M", "", TW_STATE_OPEN},
    {From::kOpen, Input::kPing, TW_OK, TW_STATE_OPEN, "P", "8a", TW_STATE_OPEN},
    {From::kOpen, Input::kPong, TW_OK, TW_STATE_OPEN, "p", "", TW_STATE_OPEN},
    {From::kOpen, Input::kClose, TW_OK, TW_STATE_CLOSING, "C", "88", TW_STATE_CLOSED},
    {From::kOpen, Input::kBadFrame, TW_ERR_OPCODE, TW_STATE_CLOSING, "", "88", TW_STATE_CLOSED},
    {From::kOpen, Input::kEof, TW_ERR_EOF, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kOpen, Input::kSend, TW_OK, TW_STATE_OPEN, "", "81", TW_STATE_OPEN},
    {From::kOpen, Input::kSendPing, TW_OK, TW_STATE_OPEN, "", "89", TW_STATE_OPEN},
    {From::kOpen, Input::kSendPong, TW_OK, TW_STATE_OPEN, "", "8a", TW_STATE_OPEN},
    {From::kOpen, Input::kSendClose, TW_OK, TW_STATE_CLOSING, "", "88", TW_STATE_CLOSING},

    {From::kClosing, Input::kHead, TW_ERR_RSV, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kClosing, Input::kText, TW_OK, TW_STATE_CLOSING, "M", "", TW_STATE_CLOSING},
    {From::kClosing, Input::kPing, TW_OK, TW_STATE_CLOSING, "P", "", TW_STATE_CLOSING},
    {From::kClosing, Input::kPong, TW_OK, TW_STATE_CLOSING, "p", "", TW_STATE_CLOSING},
    {From::kClosing, Input::kClose, TW_OK, TW_STATE_CLOSED, "C", "", TW_STATE_CLOSED},
    {From::kClosing, Input::kBadFrame, TW_ERR_OPCODE, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kClosing, Input::kEof, TW_ERR_EOF, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kClosing, Input::kSend, TW_ERR_STATE, TW_STATE_CLOSING, "", "", TW_STATE_CLOSING},
    {From::kClosing, Input::kSendPing, TW_ERR_STATE, TW_STATE_CLOSING, "", "", TW_STATE_CLOSING},
    {From::kClosing, Input::kSendPong, TW_ERR_STATE, TW_STATE_CLOSING, "", "", TW_STATE_CLOSING},
    {From::kClosing, Input::kSendClose, TW_ERR_STATE, TW_STATE_CLOSING, "", "", TW_STATE_CLOSING},

    {From::kAnswering, Input::kHead, TW_OK, TW_STATE_CLOSING, "", "88", TW_STATE_CLOSED},
    {From::kAnswering, Input::kText, TW_OK, TW_STATE_CLOSING, "", "88", TW_STATE_CLOSED},
    {From::kAnswering, Input::kPing, TW_OK, TW_STATE_CLOSING, "", "88", TW_STATE_CLOSED},
    {From::kAnswering, Input::kPong, TW_OK, TW_STATE_CLOSING, "", "88", TW_STATE_CLOSED},
    {From::kAnswering, Input::kClose, TW_OK, TW_STATE_CLOSING, "", "88", TW_STATE_CLOSED},
    {From::kAnswering, Input::kBadFrame, TW_OK, TW_STATE_CLOSING, "", "88", TW_STATE_CLOSED},
    {From::kAnswering, Input::kEof, TW_OK, TW_STATE_CLOSING, "", "88", TW_STATE_CLOSED},
    {From::kAnswering, Input::kSend, TW_OK, TW_STATE_CLOSING, "", "81 88", TW_STATE_CLOSED},
    {From::kAnswering, Input::kSendPing, TW_OK, TW_STATE_CLOSING, "", "89 88", TW_STATE_CLOSED},
    {From::kAnswering, Input::kSendPong, TW_OK, TW_STATE_CLOSING, "", "8a 88", TW_STATE_CLOSED},
    {From::kAnswering, Input::kSendClose, TW_OK, TW_STATE_CLOSED, "", "88", TW_STATE_CLOSED},

    {From::kFailing, Input::kHead, TW_ERR_OPCODE, TW_STATE_CLOSING, "", "88", TW_STATE_CLOSED},
    {From::kFailing, Input::kText, TW_ERR_OPCODE, TW_STATE_CLOSING, "", "88", TW_STATE_CLOSED},
    {From::kFailing, Input::kPing, TW_ERR_OPCODE, TW_STATE_CLOSING, "", "88", TW_STATE_CLOSED},
    {From::kFailing, Input::kPong, TW_ERR_OPCODE, TW_STATE_CLOSING, "", "88", TW_STATE_CLOSED},
    {From::kFailing, Input::kClose, TW_ERR_OPCODE, TW_STATE_CLOSING, "", "88", TW_STATE_CLOSED},
    {From::kFailing, Input::kBadFrame, TW_ERR_OPCODE, TW_STATE_CLOSING, "", "88", TW_STATE_CLOSED},
    {From::kFailing, Input::kEof, TW_ERR_OPCODE, TW_STATE_CLOSING, "", "88", TW_STATE_CLOSED},
    {From::kFailing, Input::kSend, TW_OK, TW_STATE_CLOSING, "", "81 88", TW_STATE_CLOSED},
    {From::kFailing, Input::kSendPing, TW_OK, TW_STATE_CLOSING, "", "89 88", TW_STATE_CLOSED},
    {From::kFailing, Input::kSendPong, TW_OK, TW_STATE_CLOSING, "", "8a 88", TW_STATE_CLOSED},
    {From::kFailing, Input::kSendClose, TW_ERR_STATE, TW_STATE_CLOSING, "", "88", TW_STATE_CLOSED},

    {From::kClosed, Input::kHead, TW_OK, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kClosed, Input::kText, TW_OK, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kClosed, Input::kPing, TW_OK, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kClosed, Input::kPong, TW_OK, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kClosed, Input::kClose, TW_OK, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kClosed, Input::kBadFrame, TW_OK, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kClosed, Input::kEof, TW_OK, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kClosed, Input::kSend, TW_ERR_STATE, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kClosed, Input::kSendPing, TW_ERR_STATE, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kClosed, Input::kSendPong, TW_ERR_STATE, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kClosed, Input::kSendClose, TW_ERR_STATE, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},

    {From::kFailed, Input::kHead, TW_ERR_OPCODE, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kFailed, Input::kText, TW_ERR_OPCODE, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kFailed, Input::kPing, TW_ERR_OPCODE, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kFailed, Input::kPong, TW_ERR_OPCODE, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kFailed, Input::kClose, TW_ERR_OPCODE, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kFailed, Input::kBadFrame, TW_ERR_OPCODE, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kFailed, Input::kEof, TW_ERR_OPCODE, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kFailed, Input::kSend, TW_ERR_STATE, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kFailed, Input::kSendPing, TW_ERR_STATE, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kFailed, Input::kSendPong, TW_ERR_STATE, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
    {From::kFailed, Input::kSendClose, TW_ERR_STATE, TW_STATE_CLOSED, "", "", TW_STATE_CLOSED},
};

Bytes input_bytes(uint32_t role, Input input) {
  switch (input) {
    case Input::kHead: return peer_head(role);
    case Input::kText: return peer_frame(role, 0x81, text("hi"));
    case Input::kPing: return peer_frame(role, 0x89, text("hi"));
    case Input::kPong: return peer_frame(role, 0x8A, text("hi"));
    case Input::kClose: return peer_frame(role, 0x88, {0x03, 0xE8});
    default: return peer_frame(role, 0x83);
  }
}

tw_status apply(EngineSession &session, uint32_t role, Input input, std::vector<Event> *events) {
  switch (input) {
    case Input::kEof: return session.receive_eof();
    case Input::kSend: return session.send(TW_OPCODE_TEXT, text("hi"), 0);
    case Input::kSendPing: return session.ping(text("hi"));
    case Input::kSendPong: return session.pong(text("hi"));
    case Input::kSendClose: return session.close(1000, {});
    default: return session.receive(input_bytes(role, input), 4, events);
  }
}

void bring_to(EngineSession &session, uint32_t role, From from) {
  tw_conn_config config = upgraded(role);
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  handshake.host = "h";
  config.handshake = &handshake;
  if (from == From::kConnecting) config.flags = 0;
  ASSERT_EQ(session.create(config), TW_OK);
  std::vector<Event> events;
  if (from == From::kClosing) apply(session, role, Input::kSendClose, &events);
  if (from == From::kClosed || from == From::kAnswering) apply(session, role, Input::kClose, &events);
  if (from == From::kFailed || from == From::kFailing) apply(session, role, Input::kBadFrame, &events);
  if (from != From::kAnswering && from != From::kFailing) session.take_output();
}

std::string letters(const std::vector<Event> &events) {
  std::string out;
  for (const Event &event : events) out += " OMPpC"[event.type];
  return out;
}

// As the column of the table: a client answers no head.
std::string described(uint32_t role, const Bytes &output, const char *expected) {
  if (role == TW_ROLE_CLIENT && output.empty() && (strcmp(expected, "head") == 0 || strcmp(expected, "refusal") == 0)) {
    return expected;
  }
  const std::string start(output.begin(), output.begin() + std::min<ptrdiff_t>(output.end() - output.begin(), 12));
  if (start == "HTTP/1.1 101") return "head";
  if (start == "HTTP/1.1 400") return "refusal";
  const size_t header_len = role == TW_ROLE_CLIENT ? 6 : 2;
  std::string frames;
  for (size_t at = 0; at + 1 < output.size(); at += header_len + (output[at + 1] & 0x7F)) {
    char first[4];
    snprintf(first, sizeof(first), "%s%02x", at == 0 ? "" : " ", output[at]);
    frames += first;
  }
  return frames;
}

TEST(Connection, EveryStateAnswersEveryInput) {
  std::set<std::pair<From, Input>> seen;
  for (const Row &row : kTable) {
    ASSERT_TRUE(seen.insert({row.from, row.input}).second) << "a pair stands twice in the table";
    SCOPED_TRACE("state " + std::to_string(static_cast<int>(row.from)) + " input " +
                 std::to_string(static_cast<int>(row.input)));
    each_role([&](uint32_t role) {
      EngineSession session;
      bring_to(session, role, row.from);
      if (::testing::Test::HasFatalFailure()) return;
      std::vector<Event> events;
      EXPECT_STREQ(tw_status_name(apply(session, role, row.input, &events)), tw_status_name(row.status));
      EXPECT_EQ(letters(events), row.events);
      EXPECT_EQ(session.state(), row.state);
      EXPECT_EQ(described(role, session.take_output(), row.output), row.output);
      EXPECT_EQ(session.state(), row.end);
      EXPECT_EQ(session.wants(), row.end == TW_STATE_CLOSED ? TW_WANT_CLOSE : TW_WANT_READ);
    });
  }
  EXPECT_EQ(seen.size(), kFromCount * kInputCount) << "a pair is missing in the table";
}

// The same frames, masked for the one and plain for the other, are the same to both roles.
TEST(Connection, BothRolesUnderstandTheSame) {
  const std::vector<std::vector<std::pair<uint8_t, Bytes>>> sessions = {
      {{0x81, text("Hello")}, {0x82, pattern(300)}, {0x89, text("p")}, {0x88, hex("03e8 627965")}},
      {{0x01, text("He")}, {0x89, {}}, {0x00, text("l")}, {0x80, text("lo")}, {0x8A, text("q")}},
      {{0x01, hex("e282")}, {0x80, hex("41")}},
      {{0x81, hex("c080")}},
      {{0x80, text("x")}},
      {{0x01, text("x")}, {0x82, text("y")}},
      {{0x88, hex("03")}},
      {{0x88, hex("03ed")}},
      {{0xC1, text("x")}},
  };
  for (const auto &frames : sessions) {
    std::vector<Event> events[2];
    tw_status status[2];
    each_role([&](uint32_t role) {
      EngineSession session;
      ASSERT_EQ(session.create(upgraded(role)), TW_OK);
      for (const auto &[first, body] : frames) {
        status[role] = session.receive(peer_frame(role, first, body), 1, &events[role]);
      }
      for (Event &event : events[role]) event.offset = 0;  // the masking keys take room
    });
    EXPECT_EQ(status[0], status[1]);
    EXPECT_TRUE(events[0] == events[1]);
  }
}

// Connections of one pool share what is equal in their configurations, so that only the first one pays for it.
TEST(Connection, IdleHoldsAtMost256Bytes) {
  each_role([](uint32_t role) {
    CountingAllocator allocator;
    const tw_allocator c_allocator = allocator.c_api();
    tw_pool_config pool_config = TW_POOL_CONFIG_INIT;
    pool_config.allocator = &c_allocator;
    tw_conn_config config = upgraded(role);
    config.allocator = &c_allocator;
    config.max_message_len = 1000;
    const tw_random random = CountingRandom().c_api();
    config.random = &random;
    ASSERT_EQ(tw_pool_create(&pool_config, &config.pool), TW_OK);
    std::vector<tw_conn *> conns(101);
    ASSERT_EQ(tw_conn_create(&config, &conns[0]), TW_OK);
    const uint64_t before = allocator.live_len();
    for (size_t i = 1; i < conns.size(); ++i) ASSERT_EQ(tw_conn_create(&config, &conns[i]), TW_OK);
    EXPECT_LE(allocator.live_len() - before, 100 * 256u);
    tw_conn_stats stats = TW_CONN_STATS_INIT;
    ASSERT_EQ(tw_conn_get_stats(conns[1], &stats), TW_OK);
    EXPECT_EQ(stats.held_len, (allocator.live_len() - before) / 100);
    for (tw_conn *conn : conns) tw_conn_destroy(conn);
    tw_pool_destroy(config.pool);
  });
}

TEST(Connection, FailedGivesBackWhatItHeld) {
  each_role([](uint32_t role) {
    CountingAllocator allocator;
    const tw_allocator c_allocator = allocator.c_api();
    tw_conn_config config = upgraded(role);
    config.allocator = &c_allocator;
    EngineSession session;
    ASSERT_EQ(session.create(config), TW_OK);
    const uint64_t idle_len = allocator.live_len();
    std::vector<Event> events;
    ASSERT_EQ(session.receive(peer_frame(role, 0x01, pattern(5000)), 4, &events), TW_ERR_UTF8);
    session.take_output();
    EXPECT_EQ(allocator.live_len(), idle_len);
  });
}

// Whatever went through it: once the output is written and the next input is looked at, nothing more is held.
TEST(Connection, HoldsNothingAfterTraffic) {
  each_role([](uint32_t role) {
    CountingAllocator allocator;
    const tw_allocator c_allocator = allocator.c_api();
    tw_conn_config config = upgraded(role);
    config.allocator = &c_allocator;
    EngineSession session;
    ASSERT_EQ(session.create(config), TW_OK);
    const uint64_t idle_len = allocator.live_len();
    std::vector<Event> events;
    for (const Bytes &piece : {peer_frame(role, 0x02, pattern(70000)), peer_frame(role, 0x89, pattern(125)),
                               peer_frame(role, 0x80, pattern(9000))}) {
      for (const size_t at : {size_t{0}, piece.size() / 2}) {
        const Bytes half(piece.begin() + static_cast<ptrdiff_t>(at),
                         at == 0 ? piece.begin() + static_cast<ptrdiff_t>(piece.size() / 2) : piece.end());
        ASSERT_EQ(session.receive(half, 4, &events), TW_OK);
      }
      ASSERT_EQ(session.send(TW_OPCODE_BINARY, pattern(40000), 0), TW_OK);
    }
    EXPECT_EQ(events.size(), 2u);
    EXPECT_GT(allocator.live_len(), idle_len);
    session.take_output();
    ASSERT_EQ(session.receive({}, 4, &events), TW_OK);
    EXPECT_EQ(allocator.live_len(), idle_len);
  });
}

}  // namespace
}  // namespace tidewire
