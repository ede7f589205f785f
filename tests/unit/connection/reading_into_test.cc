// SPDX-License-Identifier: MIT
// tw_conn_receive_into: messages that are put together in the caller's memory.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/deflate_writer.h"
#include "tests/support/each_kernel.h"
#include "tests/unit/connection/reads.h"
#include "tests/unit/connection/victim.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

// What the whole stream, a message, comes to when it is cut at `at`: the event of the message.
tw_event message_into(tw_conn *conn, const Bytes &stream, size_t at, Bytes &dst) {
  tw_event out = {};
  for (const auto &[from, to] : {std::pair{size_t{0}, at}, std::pair{at, stream.size()}}) {
    Bytes fed = slice(stream, from, to);
    const Received got = receive_into(conn, fed, dst);
    EXPECT_EQ(got.status, TW_OK);
    EXPECT_EQ(got.consumed, fed.size());
    if (!got.events.empty()) out = got.events[0];
  }
  return out;
}

// Each way in which a message of 1000 bytes can come, at every cut, with room for it, for just it, and for less.
TEST(ReadingInto, MessageIsInDstWhereItFits) {
  each_role([](uint32_t role) {
    tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
    const Bytes body = pattern(1000);
    const std::vector<Bytes> streams = {
        peer_frame(role, 0x82, body),
        join({peer_frame(role, 0x02, slice(body, 0, 10)), peer_frame(role, 0x00),
              peer_frame(role, 0x80, slice(body, 10, 1000))}),
        join({peer_frame(role, 0x02), peer_frame(role, 0x00, body), peer_frame(role, 0x80)}),
        deflated_message(role, body)};
    for (const Bytes &stream : streams) {
      SCOPED_TRACE("stream " + std::to_string(&stream - streams.data()));
      for (const size_t dst_cap : {2000, 1000, 999, 5, 0}) {
        PooledConn conn(compressing(role, &deflate));
        Bytes dst(dst_cap);
        for (size_t at = 0; at < stream.size(); ++at) {
          const tw_event event = message_into(conn.conn, stream, at, dst);
          ASSERT_EQ(event.type, TW_EVENT_MESSAGE);
          ASSERT_TRUE(same_bytes({event.data, event.len}, view(body))) << "cut at " << at;
          ASSERT_EQ(event.data == dst.data(), dst_cap >= 1000) << "cut at " << at;
        }
        Bytes nothing;
        ASSERT_EQ(receive_into(conn.conn, nothing, dst).status, TW_OK);
        EXPECT_LE(held_len(conn.conn), 2 * kConnLen) << "nothing but what compression keeps";
      }
    }
  });
}

TEST(ReadingInto, TextIsValidated) {
  each_kernel([](const Kernels &) {
    each_role([](uint32_t role) {
      for (const size_t bad : {size_t{0}, size_t{70}, size_t{199}}) {
        EngineSession session;
        ASSERT_EQ(session.create(upgraded(role)), TW_OK);
        Bytes body(200, 'a'), dst(200);
        body[bad] = 0xFF;
        Bytes frame = peer_frame(role, 0x81, body);
        EXPECT_EQ(receive_into(session.get(), frame, dst).status, TW_ERR_UTF8);
        EXPECT_EQ(session.error().offset, frame.size() - 200 + bad);
      }
    });
  });
}

TEST(ReadingInto, EmptyMessageIsOne) {
  each_role([](uint32_t role) {
    for (const size_t dst_cap : {0, 10}) {
      PooledConn conn(upgraded(role));
      Bytes dst(dst_cap);
      Bytes frame = peer_frame(role, 0x81);
      const Received got = receive_into(conn.conn, frame, dst);
      ASSERT_EQ(got.events.size(), 1u);
      EXPECT_EQ(got.events[0].len, 0u);
    }
  });
}

TEST(ReadingInto, StopsAfterOneMessage) {
  each_role([](uint32_t role) {
    for (const size_t dst_cap : {0, 1}) {
      PooledConn conn(upgraded(role));
      Bytes dst(dst_cap);
      const Bytes ping = peer_frame(role, 0x8A, text("p"));
      Bytes stream = join({ping, peer_frame(role, 0x82, text("1")), ping, ping, peer_frame(role, 0x82, text("2"))});
      Received got = receive_into(conn.conn, stream, dst);
      EXPECT_EQ(got.status, TW_NEED_ROOM);
      ASSERT_EQ(got.events.size(), 2u);
      EXPECT_EQ(payload(got.events[1]), text("1"));
      got = receive_into(conn.conn, stream, dst, got.consumed);
      EXPECT_EQ(got.status, TW_OK) << "data has no more";
      ASSERT_EQ(got.events.size(), 3u);
      EXPECT_EQ(payload(got.events[2]), text("2"));
    }
  });
}

void expect_bound_to(tw_conn *conn, Bytes &dst) {
  Bytes data = {0x82}, nothing, other(dst.size());
  Bytes shorter_dst;
  tw_event event = {};
  size_t count = 1, consumed = 1;
  EXPECT_EQ(receive(conn, data).status, TW_ERR_STATE);
  EXPECT_EQ(receive(conn, nothing).status, TW_ERR_STATE);
  EXPECT_EQ(read_buffer(conn).status, TW_ERR_STATE);
  EXPECT_EQ(receive_into(conn, data, other).status, TW_ERR_STATE);
  EXPECT_EQ(tw_conn_receive_into(conn, data.data(), 1, dst.data(), dst.size() - 1, &event, 1, &count, &consumed),
            TW_ERR_STATE);
  EXPECT_EQ(count, 0u);
  EXPECT_EQ(consumed, 0u);
}

TEST(ReadingInto, CutMessageGoesOnInItsDst) {
  each_role([](uint32_t role) {
    PooledConn conn(upgraded(role));
    Bytes dst(1000);
    const Bytes stream = peer_frame(role, 0x82, pattern(900));
    Bytes first = slice(stream, 0, 500), rest = slice(stream, 500, stream.size());
    ASSERT_EQ(receive_into(conn.conn, first, dst).status, TW_OK);
    expect_bound_to(conn.conn, dst);
    const Received got = receive_into(conn.conn, rest, dst);
    ASSERT_EQ(got.events.size(), 1u);
    EXPECT_TRUE(same_bytes({dst.data(), 900}, view(pattern(900))));
    Bytes next = peer_frame(role, 0x82, text("x"));
    EXPECT_EQ(receive(conn.conn, next).events.size(), 1u) << "dst is free again";
  });
}

// A message that began in memory of the engine ends there.
TEST(ReadingInto, MessageUnderWayStaysWhereItIs) {
  each_role([](uint32_t role) {
    PooledConn conn(upgraded(role));
    Bytes dst(1000);
    const Bytes stream = peer_frame(role, 0x82, pattern(900));
    Bytes first = slice(stream, 0, 500), rest = slice(stream, 500, stream.size());
    ASSERT_EQ(receive(conn.conn, first).status, TW_OK);
    const Received got = receive_into(conn.conn, rest, dst);
    ASSERT_EQ(got.events.size(), 1u);
    EXPECT_NE(got.events[0].data, dst.data());
    EXPECT_EQ(payload(got.events[0]), pattern(900));
  });
}

// However the message ends: what comes afterwards, in whatever way, gets the failure, or is discarded after a close.
TEST(ReadingInto, DstIsFreeOnceTheMessageIsGivenUp) {
  each_role([](uint32_t role) {
    for (const char *end : {"time-out", "close", "fault", "eof"}) {
      SCOPED_TRACE(end);
      tw_conn_config config = upgraded(role);
      config.message_timeout_ns = 10;
      PooledConn conn(config);
      uint64_t deadline = 0;
      ASSERT_EQ(tw_conn_tick(conn.conn, 1, &deadline), TW_OK);
      Bytes dst(1000);
      Bytes fragment = peer_frame(role, 0x02, pattern(100));
      ASSERT_EQ(receive_into(conn.conn, fragment, dst).status, TW_OK);
      tw_status status = TW_OK;
      if (end[0] == 't') status = tw_conn_tick(conn.conn, 20, &deadline);
      if (std::string(end) == "eof") status = tw_conn_receive_eof(conn.conn);
      Bytes last = peer_frame(role, end[0] == 'c' ? 0x88 : 0x83);
      if (end[0] == 'c' || end[0] == 'f') status = receive_into(conn.conn, last, dst).status;
      dst = Bytes();
      Bytes data = {0x82};
      EXPECT_EQ(receive(conn.conn, data).status, status);
      EXPECT_EQ(read(conn.conn, data).status, status);
      EXPECT_EQ(status == TW_OK, end[0] == 'c');
    }
  });
}

TEST(ReadingInto, StreamIsRefused) {
  for (const uint32_t flag : {TW_CONN_STREAM, TW_CONN_STREAM_FRAGMENTED}) {
    tw_conn_config config = upgraded(TW_ROLE_SERVER);
    config.flags |= flag;
    PooledConn conn(config);
    Bytes frame = peer_frame(TW_ROLE_SERVER, 0x82, text("abc")), dst(10);
    const Received got = receive_into(conn.conn, frame, dst);
    EXPECT_EQ(got.status, TW_ERR_STATE);
    EXPECT_EQ(got.consumed, 0u);
  }
}

}  // namespace
}  // namespace tidewire
