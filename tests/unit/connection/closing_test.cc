// SPDX-License-Identifier: MIT
// The end of a connection: what is wanted of the socket, and what the error says.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/connection/sessions.h"

namespace tidewire {
namespace {

using namespace tidewire::test;
using reference::Event;

TEST(Closing, WantsFollowTheClosingHandshake) {
  each_role([](uint32_t role) {
    EngineSession session;
    ASSERT_EQ(session.create(upgraded(role)), TW_OK);
    EXPECT_EQ(session.wants(), TW_WANT_READ);
    ASSERT_EQ(session.close(1000, {}), TW_OK);
    EXPECT_EQ(session.wants(), TW_WANT_READ | TW_WANT_WRITE);
    session.take_output();
    EXPECT_EQ(session.wants(), TW_WANT_READ);
    std::vector<Event> events;
    ASSERT_EQ(session.receive(peer_frame(role, 0x88, hex("03e8")), 1, &events), TW_OK);
    EXPECT_EQ(session.wants(), TW_WANT_CLOSE);
  });
}

TEST(Closing, WantsWriteUntilTheReplyIsConsumed) {
  each_role([](uint32_t role) {
    EngineSession session;
    ASSERT_EQ(session.create(upgraded(role)), TW_OK);
    std::vector<Event> events;
    ASSERT_EQ(session.receive(peer_frame(role, 0x88), 1, &events), TW_OK);
    EXPECT_EQ(session.wants(), TW_WANT_WRITE);
    tw_view shown;
    size_t count = 0;
    ASSERT_EQ(tw_conn_output(session.get(), &shown, 1, &count), TW_OK);
    ASSERT_EQ(tw_conn_output_consume(session.get(), 1), TW_OK);
    EXPECT_EQ(session.wants(), TW_WANT_WRITE);
    session.take_output();
    EXPECT_EQ(session.wants(), TW_WANT_CLOSE);
  });
}

TEST(Closing, WantsWriteUntilTheCauseIsConsumed) {
  each_role([](uint32_t role) {
    EngineSession session;
    ASSERT_EQ(session.create(upgraded(role)), TW_OK);
    std::vector<Event> events;
    ASSERT_EQ(session.receive(peer_frame(role, 0x84), 1, &events), TW_ERR_OPCODE);
    EXPECT_EQ(session.wants(), TW_WANT_WRITE);
    session.take_output();
    EXPECT_EQ(session.wants(), TW_WANT_CLOSE);
  });
}

TEST(Closing, OutputQueuedBeforeIsKept) {
  each_role([](uint32_t role) {
    EngineSession session;
    ASSERT_EQ(session.create(upgraded(role)), TW_OK);
    ASSERT_EQ(session.send(TW_OPCODE_TEXT, text("first"), 0), TW_OK);
    std::vector<Event> events;
    ASSERT_EQ(session.receive(peer_frame(role, 0x84), 1, &events), TW_ERR_OPCODE);
    EXPECT_EQ(session.take_output(),
              join({own_frame(role, 0x81, text("first"), 0), own_frame(role, 0x88, hex("03ea"), 1)}));
  });
}

// What was read in one go with the close frame, or the fault, is answered before it.
TEST(Closing, MessagesReadBeforeTheEndAreAnswered) {
  each_role([](uint32_t role) {
    for (const bool fault : {false, true}) {
      EngineSession session;
      ASSERT_EQ(session.create(upgraded(role)), TW_OK);
      const Bytes end = fault ? peer_frame(role, 0x84) : peer_frame(role, 0x88, hex("03e9"));
      std::vector<Event> events;
      EXPECT_EQ(session.receive(join({peer_frame(role, 0x81, text("question")), end}), 4, &events),
                fault ? TW_ERR_OPCODE : TW_OK);
      EXPECT_EQ(session.state(), TW_STATE_CLOSING);
      EXPECT_EQ(session.send(TW_OPCODE_TEXT, text("answer"), 0), TW_OK);
      EXPECT_EQ(session.take_output(), join({own_frame(role, 0x81, text("answer"), 0),
                                             own_frame(role, 0x88, fault ? hex("03ea") : hex("03e9"), 1)}));
      EXPECT_EQ(session.send(TW_OPCODE_TEXT, text("late"), 0), TW_ERR_STATE);
    }
  });
}

TEST(Closing, TheCallerMayAnswerThePeersClose) {
  each_role([](uint32_t role) {
    EngineSession session;
    ASSERT_EQ(session.create(upgraded(role)), TW_OK);
    std::vector<Event> events;
    ASSERT_EQ(session.receive(peer_frame(role, 0x88, hex("03e8")), 1, &events), TW_OK);
    ASSERT_EQ(session.close(3000, text("own words")), TW_OK);
    EXPECT_EQ(session.state(), TW_STATE_CLOSED);
    EXPECT_EQ(session.take_output(), own_frame(role, 0x88, join({hex("0bb8"), text("own words")})));
    EXPECT_EQ(session.wants(), TW_WANT_CLOSE);
  });
}

TEST(Closing, OutputLenDoesNotCountTheCloseFrameToCome) {
  EngineSession session;
  ASSERT_EQ(session.create(upgraded(TW_ROLE_SERVER)), TW_OK);
  std::vector<Event> events;
  ASSERT_EQ(session.receive(peer_frame(TW_ROLE_SERVER, 0x89, text("p")), 1, &events), TW_OK);
  ASSERT_EQ(session.receive(peer_frame(TW_ROLE_SERVER, 0x88), 1, &events), TW_OK);
  size_t len = 0;
  ASSERT_EQ(tw_conn_output_len(session.get(), &len), TW_OK);
  EXPECT_EQ(len, 3u);
  EXPECT_EQ(session.take_output(), hex("8a0170 8800"));
  ASSERT_EQ(tw_conn_output_len(session.get(), &len), TW_OK);
  EXPECT_EQ(len, 0u);
}

TEST(Closing, ErrorTellsWhatWhereAndWhichRule) {
  EngineSession session;
  ASSERT_EQ(session.create(upgraded(TW_ROLE_SERVER)), TW_OK);
  EXPECT_EQ(session.error().status, TW_OK);
  EXPECT_EQ(session.error().close_code, 0u);
  std::vector<Event> events;
  ASSERT_EQ(session.receive(join({peer_frame(TW_ROLE_SERVER, 0x81, text("a")), hex("8100")}), 1, &events),
            TW_ERR_MASK_MISSING);
  const tw_error error = session.error();
  EXPECT_EQ(error.status, TW_ERR_MASK_MISSING);
  EXPECT_EQ(error.close_code, 1002u);
  EXPECT_EQ(error.offset, 7u);
  EXPECT_STREQ(error.message, tw_status_message(TW_ERR_MASK_MISSING));
  EXPECT_STREQ(error.section, "RFC 6455 5.1");
  EXPECT_EQ(error.limit, nullptr);
}

TEST(Closing, ErrorNamesTheLimit) {
  tw_conn_config config = upgraded(TW_ROLE_SERVER);
  config.max_message_len = 3;
  EngineSession session;
  ASSERT_EQ(session.create(config), TW_OK);
  std::vector<Event> events;
  ASSERT_EQ(session.receive(peer_frame(TW_ROLE_SERVER, 0x81, text("abcd")), 1, &events), TW_ERR_LIMIT_MESSAGE);
  EXPECT_STREQ(session.error().limit, "max_message_len");
  EXPECT_EQ(session.error().section, nullptr);
}

// Every status with which a peer can fail an open connection has a close code that may be sent. Of the other two, one
// comes with the end of the stream, one after our close frame.
TEST(Closing, EveryFaultOfAPeerHasACloseCode) {
  for (tw_status status = -299; status <= -100; ++status) {
    if (std::string(tw_status_name(status)) == "TW_ERR_UNKNOWN") continue;
    if (status == TW_ERR_EOF || status == TW_ERR_TIMEOUT_CLOSE) continue;
    EXPECT_TRUE(tw_close_code_valid(tw_status_close_code(status))) << tw_status_name(status);
  }
}

}  // namespace
}  // namespace tidewire
