// SPDX-License-Identifier: MIT
// Time-outs, pings and rates, with a clock that the test tells.
#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/connection/sessions.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

constexpr uint64_t kSecond = 1'000'000'000;
const Bytes kKeepalive = text("tidewire");
using reference::Event;

std::string as_text(const Bytes &bytes) { return std::string(bytes.begin(), bytes.end()); }

// An open connection whose clock has started at 100 s.
class Timed {
 public:
  explicit Timed(uint32_t role, tw_conn_config config) : role_(role) {
    EXPECT_EQ(session.create(config), TW_OK);
    EXPECT_EQ(at(0), TW_OK);
  }
  explicit Timed(uint32_t role) : Timed(role, upgraded(role)) {}

  // Tells the time, in seconds since the start.
  tw_status at(double seconds) { return session.tick(static_cast<uint64_t>((100 + seconds) * 1e9), &deadline_); }
  // The deadline of the last tick, in seconds since the start.
  double deadline() const { return static_cast<double>(deadline_ - 100 * kSecond) / 1e9; }
  bool awaits_nothing() const { return deadline_ == TW_NEVER; }

  tw_status feed(uint8_t first, const Bytes &payload = {}) {
    return session.receive(peer_frame(role_, first, payload), 8, &events);
  }
  uint64_t rtt() {
    tw_conn_stats stats = TW_CONN_STATS_INIT;
    EXPECT_EQ(tw_conn_get_stats(session.get(), &stats), TW_OK);
    return stats.rtt_ns;
  }

  EngineSession session;
  std::vector<Event> events;

 private:
  uint32_t role_;
  uint64_t deadline_ = 0;
};

tw_conn_config without_pings(uint32_t role) {
  tw_conn_config config = upgraded(role);
  config.ping_interval_ns = TW_NEVER;
  return config;
}

TEST(Timers, PingComesEveryInterval) {
  each_role([](uint32_t role) {
    Timed timed(role);
    EXPECT_EQ(timed.deadline(), 20);
    EXPECT_EQ(timed.at(19.999), TW_OK);
    EXPECT_EQ(timed.session.output_len(), 0u);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(timed.at(20.0 * static_cast<double>(i + 1)), TW_OK);
      EXPECT_EQ(timed.session.take_output(), own_frame(role, 0x89, kKeepalive, i));
      EXPECT_EQ(timed.feed(0x8A, kKeepalive), TW_OK);
    }
    EXPECT_TRUE(timed.events.empty()) << "the answer to our own ping is ours";
  });
}

TEST(Timers, PingComesWhateverTheTraffic) {
  Timed timed(TW_ROLE_SERVER);
  EXPECT_EQ(timed.at(19), TW_OK);
  EXPECT_EQ(timed.feed(0x82, text("x")), TW_OK);
  EXPECT_EQ(timed.at(20), TW_OK);
  EXPECT_EQ(timed.session.take_output(), own_frame(TW_ROLE_SERVER, 0x89, kKeepalive));
}

TEST(Timers, PongTellsTheRoundTripTime) {
  Timed timed(TW_ROLE_SERVER);
  EXPECT_EQ(timed.at(20), TW_OK);
  EXPECT_EQ(timed.at(20.25), TW_OK);
  EXPECT_EQ(timed.rtt(), 0u);
  EXPECT_EQ(timed.feed(0x8A, kKeepalive), TW_OK);
  EXPECT_EQ(timed.rtt(), kSecond / 4);
}

TEST(Timers, RoundTripTimeIsNeverZero) {
  Timed timed(TW_ROLE_SERVER);
  EXPECT_EQ(timed.at(20), TW_OK);
  EXPECT_EQ(timed.feed(0x8A, kKeepalive), TW_OK);
  EXPECT_EQ(timed.rtt(), 1000u);
}

TEST(Timers, PongThatNobodyAskedForIsReported) {
  Timed timed(TW_ROLE_SERVER);
  EXPECT_EQ(timed.feed(0x8A, kKeepalive), TW_OK);
  EXPECT_EQ(timed.at(20), TW_OK);
  EXPECT_EQ(timed.feed(0x8A, text("tidewirE")), TW_OK);
  EXPECT_EQ(timed.events.size(), 2u);
}

TEST(Timers, MissingPongFailsWith1011) {
  each_role([](uint32_t role) {
    Timed timed(role);
    EXPECT_EQ(timed.at(20), TW_OK);
    EXPECT_EQ(timed.deadline(), 40);
    EXPECT_EQ(timed.feed(0x82, text("data is no answer")), TW_OK);
    EXPECT_EQ(timed.at(39.9), TW_OK);
    EXPECT_EQ(timed.at(40), TW_ERR_TIMEOUT_PONG);
    EXPECT_EQ(timed.session.state(), TW_STATE_CLOSING);
    EXPECT_EQ(timed.session.error().close_code, 1011u);
    EXPECT_STREQ(timed.session.error().limit, "pong_timeout_ns");
  });
}

TEST(Timers, PingThatFindsNoRoomIsLeftOut) {
  tw_conn_config config = upgraded(TW_ROLE_SERVER);
  config.max_output_len = 12;
  Timed timed(TW_ROLE_SERVER, config);
  ASSERT_EQ(timed.session.send(TW_OPCODE_BINARY, text("12345"), 0), TW_OK);
  EXPECT_EQ(timed.at(20), TW_OK);
  EXPECT_EQ(timed.session.output_len(), 7u);
  EXPECT_EQ(timed.deadline(), 40) << "the next one";
  timed.session.take_output();
  EXPECT_EQ(timed.at(40), TW_OK);
  EXPECT_EQ(timed.session.take_output(), own_frame(TW_ROLE_SERVER, 0x89, kKeepalive));
}

TEST(Timers, SilenceFailsWith1001) {
  Timed timed(TW_ROLE_SERVER, without_pings(TW_ROLE_SERVER));
  EXPECT_EQ(timed.deadline(), 120);
  EXPECT_EQ(timed.at(100), TW_OK);
  EXPECT_EQ(timed.feed(0x82, text("x")), TW_OK);
  EXPECT_EQ(timed.at(219.9), TW_OK);
  EXPECT_EQ(timed.deadline(), 220);
  EXPECT_EQ(timed.at(220), TW_ERR_TIMEOUT_IDLE);
  EXPECT_EQ(timed.session.take_output(), own_frame(TW_ROLE_SERVER, 0x88, hex("03e9")));
}

TEST(Timers, MessageMustEndInTime) {
  each_role([](uint32_t role) {
    tw_conn_config config = without_pings(role);
    config.message_timeout_ns = 5 * kSecond;
    Timed timed(role, config);
    EXPECT_EQ(timed.at(10), TW_OK);
    EXPECT_EQ(timed.feed(0x02, text("a")), TW_OK);
    EXPECT_EQ(timed.at(12), TW_OK);
    EXPECT_EQ(timed.deadline(), 15);
    EXPECT_EQ(timed.feed(0x00, text("b")), TW_OK) << "drop by drop does not help";
    EXPECT_EQ(timed.at(15), TW_ERR_TIMEOUT_MESSAGE);
    EXPECT_EQ(timed.session.error().close_code, 1008u);
  });
}

TEST(Timers, MessageThatBeganBeforeTheClockBeginsWithIt) {
  EngineSession session;
  ASSERT_EQ(session.create(without_pings(TW_ROLE_SERVER)), TW_OK);
  std::vector<Event> events;
  ASSERT_EQ(session.receive(peer_frame(TW_ROLE_SERVER, 0x02, text("a")), 1, &events), TW_OK);
  uint64_t deadline = 0;
  EXPECT_EQ(session.tick(1000 * kSecond, &deadline), TW_OK);
  EXPECT_EQ(deadline, 1060 * kSecond);
  EXPECT_EQ(session.tick(1060 * kSecond, &deadline), TW_ERR_TIMEOUT_MESSAGE);
}

TEST(Timers, HandshakeThatDoesNotEndIsRefused) {
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  Timed timed(TW_ROLE_SERVER, config);
  EXPECT_EQ(timed.deadline(), 10);
  ASSERT_EQ(timed.session.receive(text("GET / HTTP/1.1\r\n"), 1, &timed.events), TW_OK);
  EXPECT_EQ(timed.at(9), TW_OK);
  EXPECT_EQ(timed.at(10), TW_ERR_TIMEOUT_HANDSHAKE);
  EXPECT_EQ(timed.session.state(), TW_STATE_CLOSED);
  EXPECT_EQ(as_text(timed.session.take_output()).rfind("HTTP/1.1 408 ", 0), 0u);
  EXPECT_EQ(timed.session.wants(), TW_WANT_CLOSE);
}

TEST(Timers, HandshakeThatEndsStartsTheOtherClocks) {
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  Timed timed(TW_ROLE_SERVER, config);
  EXPECT_EQ(timed.at(9), TW_OK);
  ASSERT_EQ(timed.session.receive(peer_head(TW_ROLE_SERVER), 1, &timed.events), TW_OK);
  EXPECT_EQ(timed.at(9), TW_OK);
  EXPECT_EQ(timed.deadline(), 29);
}

TEST(Timers, ClosingThatIsNotAnsweredEnds) {
  each_role([](uint32_t role) {
    Timed timed(role);
    EXPECT_EQ(timed.at(5), TW_OK);
    ASSERT_EQ(timed.session.close(1000, {}), TW_OK);
    EXPECT_EQ(timed.at(5), TW_OK);
    EXPECT_EQ(timed.deadline(), 15);
    EXPECT_EQ(timed.at(15), TW_ERR_TIMEOUT_CLOSE);
    EXPECT_EQ(timed.session.state(), TW_STATE_CLOSED);
    EXPECT_EQ(timed.session.error().close_code, 1006u);
    EXPECT_EQ(timed.session.wants(), TW_WANT_CLOSE) << "what was queued is given up";
    EXPECT_TRUE(timed.awaits_nothing());
  });
}

// A peer that sends a close frame and then does not read must not keep our last bytes for ever.
TEST(Timers, ClosedConnectionGivesItsOutputUp) {
  Timed timed(TW_ROLE_SERVER);
  EXPECT_EQ(timed.feed(0x88), TW_OK);
  tw_view view;
  size_t count = 0;
  ASSERT_EQ(tw_conn_output(timed.session.get(), &view, 1, &count), TW_OK);
  EXPECT_EQ(timed.session.wants(), TW_WANT_WRITE);
  EXPECT_EQ(timed.at(9), TW_OK);
  EXPECT_EQ(timed.at(10), TW_ERR_TIMEOUT_CLOSE);
  EXPECT_EQ(timed.session.wants(), TW_WANT_CLOSE);
}

TEST(Timers, FailedConnectionGivesItsOutputUpAndKeepsItsError) {
  Timed timed(TW_ROLE_SERVER);
  EXPECT_EQ(timed.feed(0x83), TW_ERR_OPCODE);
  EXPECT_EQ(timed.at(1), TW_ERR_OPCODE);
  EXPECT_EQ(timed.deadline(), 10);
  EXPECT_EQ(timed.at(10), TW_ERR_OPCODE);
  EXPECT_EQ(timed.session.wants(), TW_WANT_CLOSE);
  EXPECT_TRUE(timed.awaits_nothing());
}

TEST(Timers, ClosedConnectionAwaitsNothing) {
  Timed timed(TW_ROLE_SERVER);
  EXPECT_EQ(timed.feed(0x88), TW_OK);
  timed.session.take_output();
  EXPECT_EQ(timed.at(1000), TW_OK);
  EXPECT_TRUE(timed.awaits_nothing());
}

TEST(Timers, ClockThatGoesBackStands) {
  Timed timed(TW_ROLE_SERVER);
  EXPECT_EQ(timed.at(15), TW_OK);
  EXPECT_EQ(timed.at(-50), TW_OK);
  EXPECT_EQ(timed.deadline(), 20);
  EXPECT_EQ(timed.at(19), TW_OK);
  EXPECT_EQ(timed.session.output_len(), 0u);
}

TEST(Timers, NeverTurnsATimeOutOff) {
  tw_conn_config config = without_pings(TW_ROLE_SERVER);
  config.idle_timeout_ns = TW_NEVER;
  config.message_timeout_ns = TW_NEVER;
  config.close_timeout_ns = TW_NEVER;
  Timed timed(TW_ROLE_SERVER, config);
  EXPECT_TRUE(timed.awaits_nothing());
  EXPECT_EQ(timed.feed(0x02, text("a")), TW_OK);
  EXPECT_EQ(timed.at(1e9), TW_OK);
  ASSERT_EQ(timed.session.close(1000, {}), TW_OK);
  EXPECT_EQ(timed.at(2e9), TW_OK);
  EXPECT_TRUE(timed.awaits_nothing());
}

TEST(Timers, ControlFramesOfOneSecondAreLimited) {
  each_role([](uint32_t role) {
    tw_conn_config config = without_pings(role);
    config.max_control_rate = 3;
    Timed timed(role, config);
    for (int second = 0; second < 3; ++second) {
      EXPECT_EQ(timed.at(second + 0.5), TW_OK);
      for (int i = 0; i < 3; ++i) EXPECT_EQ(timed.feed(i == 1 ? 0x8A : 0x89), TW_OK);
      EXPECT_EQ(timed.feed(0x82, text("x")), TW_OK) << "messages do not count";
    }
    EXPECT_EQ(timed.feed(0x89), TW_ERR_LIMIT_CONTROL_RATE);
    EXPECT_EQ(timed.session.error().close_code, 1008u);
    EXPECT_STREQ(timed.session.error().limit, "max_control_rate");
  });
}

TEST(Timers, WithoutAClockThereIsNoRate) {
  tw_conn_config config = upgraded(TW_ROLE_SERVER);
  config.max_control_rate = 1;
  EngineSession session;
  ASSERT_EQ(session.create(config), TW_OK);
  std::vector<Event> events;
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(session.receive(peer_frame(TW_ROLE_SERVER, 0x89), 1, &events), TW_OK);
  }
  EXPECT_EQ(events.size(), 10u);
}

}  // namespace
}  // namespace tidewire
