// SPDX-License-Identifier: MIT
// Known ways to hurt a WebSocket implementation by what a peer does again and again, or leaves undone, one test for
// each.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/connection/victim.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

constexpr uint64_t kSecond = 1000000000;  // ns

const Bytes kNormal = {0x03, 0xE8};  // close code 1000

TEST(Hazard, PingFlood) {
  each_role([](uint32_t role) {
    for (const uint8_t first : {0x89, 0x8A}) {
      Victim victim(upgraded(role));
      for (uint64_t second = 1; second <= 3; ++second) {
        ASSERT_EQ(victim.tick(second * kSecond), TW_OK);
        for (int i = 0; i < 1000; ++i) ASSERT_EQ(victim.feed(peer_frame(role, first)), TW_OK);
        victim.take_output();
      }
      EXPECT_EQ(victim.feed(peer_frame(role, first)), TW_ERR_LIMIT_CONTROL_RATE);
      EXPECT_EQ(victim.error().close_code, 1008u);
      EXPECT_STREQ(victim.error().limit, "max_control_rate");
    }
  });
}

// The pongs stop at the high mark; when the peer reads again it gets one for the last ping.
TEST(Hazard, PingFloodOfOneWhoDoesNotRead) {
  each_role([](uint32_t role) {
    tw_conn_config config = upgraded(role);
    config.output_high_len = 10000;
    Victim victim(config);
    for (int i = 0; i < 5000; ++i) ASSERT_EQ(victim.feed(peer_frame(role, 0x89, pattern(100, i))), TW_OK);
    EXPECT_LE(victim.output_len(), 10000u + 106);
    EXPECT_NE(tw_conn_wants(victim.get()) & TW_WANT_PAUSE, 0u);
    const uint64_t pongs = victim.stats().control_frames_sent;
    victim.take_output();
    EXPECT_EQ(victim.stats().control_frames_sent, pongs + 1);
    EXPECT_EQ(victim.output_len(), 0u);
    EXPECT_EQ(tw_conn_wants(victim.get()), TW_WANT_READ);
  });
}

TEST(Hazard, CloseFrameStorm) {
  each_role([](uint32_t role) {
    Victim victim(upgraded(role));
    for (int i = 0; i < 10000; ++i) ASSERT_EQ(victim.feed(peer_frame(role, 0x88, kNormal)), TW_OK);
    EXPECT_EQ(victim.take_output(), own_frame(role, 0x88, kNormal));
    EXPECT_EQ(victim.events(TW_EVENT_CLOSE), 1u);
    EXPECT_EQ(tw_conn_state(victim.get()), TW_STATE_CLOSED);
    EXPECT_EQ(tw_conn_close(victim.get(), 1000, nullptr, 0), TW_ERR_STATE);
    EXPECT_EQ(victim.output_len(), 0u);
  });
}

TEST(Hazard, DataAfterTheClose) {
  each_role([](uint32_t role) {
    Victim victim(upgraded(role));
    EXPECT_EQ(victim.feed(join({peer_frame(role, 0x88, kNormal), peer_frame(role, 0x81, text("late"))})), TW_OK);
    EXPECT_EQ(victim.feed(peer_frame(role, 0x89)), TW_OK);
    EXPECT_EQ(victim.feed(hex("ff ff ff")), TW_OK);
    EXPECT_EQ(victim.events(TW_EVENT_MESSAGE) + victim.events(TW_EVENT_PING), 0u);
    EXPECT_EQ(victim.take_output(), own_frame(role, 0x88, kNormal));
  });
}

// A failed connection says one thing to its peer and listens no more.
TEST(Hazard, FaultAfterFault) {
  each_role([](uint32_t role) {
    Victim victim(upgraded(role));
    const uint64_t idle_len = victim.held_len();
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(victim.feed(peer_frame(role, 0x83, pattern(100))), TW_ERR_OPCODE);
    EXPECT_EQ(victim.held_len(), idle_len);
    EXPECT_EQ(victim.take_output(), own_frame(role, 0x88, {0x03, 0xEA}));
    EXPECT_EQ(victim.held_len(), idle_len);
  });
}

TEST(Hazard, OutputOfOneWhoDoesNotRead) {
  each_role([](uint32_t role) {
    Victim victim(upgraded(role));
    const Bytes message(1 << 20);
    tw_status status = TW_OK;
    int sent = 0;
    while ((status = victim.send(message)) == TW_OK) sent++;
    EXPECT_EQ(status, TW_ERR_LIMIT_OUTPUT);
    EXPECT_EQ(sent, 63);  // 64 MiB, less what the headers need
    EXPECT_NE(tw_conn_wants(victim.get()) & TW_WANT_PAUSE, 0u);
    EXPECT_EQ(tw_conn_state(victim.get()), TW_STATE_OPEN);
  });
}

TEST(Hazard, SilentPeer) {
  each_role([](uint32_t role) {
    tw_conn_config config = upgraded(role);
    config.ping_interval_ns = TW_NEVER;
    Victim victim(config);
    ASSERT_EQ(victim.tick(kSecond), TW_OK);
    EXPECT_EQ(victim.deadline(), 121 * kSecond);
    EXPECT_EQ(victim.tick(121 * kSecond - 1), TW_OK);
    EXPECT_EQ(victim.tick(121 * kSecond), TW_ERR_TIMEOUT_IDLE);
    EXPECT_EQ(victim.take_output(), own_frame(role, 0x88, {0x03, 0xE9}));
  });
}

// Its pings are answered by nobody: whatever else it sends, and whatever pongs nobody asked for.
TEST(Hazard, HalfOpenConnection) {
  each_role([](uint32_t role) {
    Victim victim(upgraded(role));
    ASSERT_EQ(victim.tick(kSecond), TW_OK);
    ASSERT_EQ(victim.tick(21 * kSecond), TW_OK);
    EXPECT_EQ(victim.take_output(), own_frame(role, 0x89, text("tidewire")));
    EXPECT_EQ(victim.feed(peer_frame(role, 0x8A, text("tidewirf"))), TW_OK);
    EXPECT_EQ(victim.deadline(), 41 * kSecond);
    EXPECT_EQ(victim.tick(41 * kSecond), TW_ERR_TIMEOUT_PONG);
    EXPECT_EQ(victim.error().close_code, 1011u);
  });
}

// A fragment now and then keeps a connection from being idle, but not its message from being late.
TEST(Hazard, MessageThatNeverEnds) {
  each_role([](uint32_t role) {
    for (const uint32_t mode : {0u, TW_CONN_STREAM}) {
      tw_conn_config config = upgraded(role);
      config.flags |= mode;
      config.ping_interval_ns = TW_NEVER;
      Victim victim(config);
      ASSERT_EQ(victim.tick(kSecond), TW_OK);
      ASSERT_EQ(victim.feed(peer_frame(role, 0x01, {'x'})), TW_OK);
      uint64_t second = 2;
      while (victim.tick(second * kSecond) == TW_OK && second < 100) {
        ASSERT_EQ(victim.feed(peer_frame(role, 0x00, {'x'})), TW_OK);
        second++;
      }
      EXPECT_EQ(second, 61u);
      EXPECT_EQ(victim.error().status, TW_ERR_TIMEOUT_MESSAGE);
      EXPECT_EQ(victim.take_output(), own_frame(role, 0x88, {0x03, 0xF0}));
    }
  });
}

TEST(Hazard, PeerThatNeverCloses) {
  each_role([](uint32_t role) {
    Victim victim(upgraded(role));
    ASSERT_EQ(victim.tick(kSecond), TW_OK);
    ASSERT_EQ(tw_conn_close(victim.get(), 1000, nullptr, 0), TW_OK);
    EXPECT_EQ(victim.take_output(), own_frame(role, 0x88, kNormal));
    for (uint64_t second = 1; second < 11; ++second) {
      ASSERT_EQ(victim.tick(second * kSecond), TW_OK);
      ASSERT_EQ(victim.feed(peer_frame(role, 0x81, text("still here"))), TW_OK);
    }
    EXPECT_EQ(victim.tick(11 * kSecond), TW_ERR_TIMEOUT_CLOSE);
    EXPECT_EQ(tw_conn_wants(victim.get()), TW_WANT_CLOSE);
  });
}

TEST(Hazard, PeerThatNeverReadsTheClose) {
  each_role([](uint32_t role) {
    Victim victim(upgraded(role));
    const uint64_t idle_len = victim.held_len();
    ASSERT_EQ(victim.tick(kSecond), TW_OK);
    ASSERT_EQ(victim.send(pattern(100000)), TW_OK);
    ASSERT_EQ(victim.feed(peer_frame(role, 0x83)), TW_ERR_OPCODE);
    victim.take_output(1);
    EXPECT_NE(tw_conn_wants(victim.get()) & TW_WANT_WRITE, 0u);
    EXPECT_EQ(victim.tick(11 * kSecond - 1), TW_ERR_OPCODE);
    EXPECT_EQ(victim.deadline(), 11 * kSecond);
    EXPECT_EQ(victim.tick(11 * kSecond), TW_ERR_OPCODE);
    EXPECT_EQ(tw_conn_wants(victim.get()), TW_WANT_CLOSE);
    EXPECT_EQ(victim.deadline(), TW_NEVER);
    EXPECT_EQ(victim.held_len(), idle_len);
  });
}

// The clock of the host may jump back: then no time passes.
TEST(Hazard, ClockThatGoesBack) {
  each_role([](uint32_t role) {
    Victim victim(upgraded(role));
    ASSERT_EQ(victim.tick(100 * kSecond), TW_OK);
    ASSERT_EQ(victim.tick(0), TW_OK);
    ASSERT_EQ(victim.tick(UINT64_MAX), TW_ERR_TIMEOUT_IDLE);
    EXPECT_EQ(victim.tick(5), TW_ERR_TIMEOUT_IDLE);
  });
}

}  // namespace
}  // namespace tidewire
