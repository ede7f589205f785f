// SPDX-License-Identifier: MIT
// tw_conn_read_buffer and tw_conn_read_commit: which room is offered, how long it stays, and what a large message
// costs.
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "tests/support/each_kernel.h"
#include "tests/unit/connection/reads.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

constexpr size_t kKiB = 1024;

TEST(Reading, RoomIsAWholeSizeClass) {
  each_role([](uint32_t role) {
    PooledConn with_pool(upgraded(role));
    EngineSession without_pool;
    ASSERT_EQ(without_pool.create(upgraded(role)), TW_OK);
    for (tw_conn *conn : {with_pool.conn, without_pool.get()}) {
      const uint64_t idle_len = held_len(conn);
      const ReadRoom room = read_buffer(conn);
      ASSERT_EQ(room.status, TW_OK);
      EXPECT_EQ(room.cap, 8 * kKiB - kReadOverheadLen);
      EXPECT_EQ(held_len(conn) - idle_len, 8 * kKiB);
      EXPECT_EQ(commit(conn, 0).status, TW_OK);
      EXPECT_EQ(held_len(conn), idle_len);
    }
  });
}

TEST(Reading, ShortReadLengthStillHasRoom) {
  tw_conn_config config = upgraded(TW_ROLE_SERVER);
  config.read_len = config.max_read_len = 1;
  EngineSession session;
  ASSERT_EQ(session.create(config), TW_OK);
  EXPECT_EQ(read_buffer(session.get()).cap, 256 - kReadOverheadLen);
}

TEST(Reading, RoomThatBroughtNoEventIsGivenBackAtOnce) {
  each_role([](uint32_t role) {
    PooledConn conn(upgraded(role));
    const Bytes frame = peer_frame(role, 0x82, text("abc"));
    EXPECT_TRUE(read(conn.conn, slice(frame, 0, 1)).events.empty());
    EXPECT_EQ(held_len(conn.conn), kConnLen);
    EXPECT_EQ(read(conn.conn, slice(frame, 1, frame.size())).events.size(), 1u);
  });
}

TEST(Reading, EventsStayUntilTheNextInput) {
  each_role([](uint32_t role) {
    PooledConn conn(upgraded(role));
    const Received got =
        read(conn.conn, join({peer_frame(role, 0x82, text("abc")), peer_frame(role, 0x81, text("def"))}));
    ASSERT_EQ(got.events.size(), 2u);
    const Bytes sent = pattern(3000);
    ASSERT_EQ(tw_conn_send(conn.conn, TW_OPCODE_BINARY, sent.data(), sent.size(), 0), TW_OK);
    EXPECT_EQ(payload(got.events[0]), text("abc"));
    EXPECT_EQ(payload(got.events[1]), text("def"));
    ASSERT_EQ(tw_conn_output_consume(conn.conn, own_frame(role, 0x82, sent).size()), TW_OK);
    Bytes nothing;
    EXPECT_EQ(receive(conn.conn, nothing).status, TW_OK);
    EXPECT_EQ(held_len(conn.conn), kConnLen);
  });
}

TEST(Reading, RoomFollowsHowFullReadsAre) {
  tw_conn_config config = upgraded(TW_ROLE_CLIENT);
  config.read_len = 1 * kKiB;
  config.max_read_len = 3 * kKiB;
  config.flags |= TW_CONN_STREAM;
  EngineSession session;
  ASSERT_EQ(session.create(config), TW_OK);
  tw_conn *conn = session.get();
  Bytes promise = header_bytes(spec(0x82, {}, false), 1 << 20);
  ASSERT_EQ(receive(conn, promise).status, TW_OK);
  constexpr size_t kFill = SIZE_MAX;
  const struct {
    size_t len, hint, next_len;
  } reads[] = {
      {kFill, 0, 2 * kKiB},     // doubles
      {kFill, 0, 3 * kKiB},     // no further than max_read_len
      {kFill, 0, 3 * kKiB},     //
      {700, 0, 3 * kKiB},       // a quarter at most, once,
      {700, 0, 3 * kKiB},       // twice,
      {700, 0, 3 * kKiB},       // three times,
      {1000, 0, 3 * kKiB},      // which this one makes good
      {700, 0, 3 * kKiB},       //
      {700, 0, 3 * kKiB},       //
      {700, 0, 3 * kKiB},       //
      {0, 0, 3 * kKiB},         // was no read
      {700, 0, 2 * kKiB},       // the fourth in a row: halves
      {1, 0, 2 * kKiB},         //
      {1, 0, 2 * kKiB},         //
      {1, 0, 2 * kKiB},         //
      {1, 0, 1 * kKiB},         // no further than read_len
      {1, 0, 1 * kKiB},         //
      {1, 992, 1 * kKiB},       // what waits just fits
      {1, 993, 2 * kKiB},       // does not fit
      {1, SIZE_MAX, 3 * kKiB},  // no further than max_read_len
  };
  size_t index = 0;
  for (const auto &[len, hint, next_len] : reads) {
    SCOPED_TRACE(index++);
    const ReadRoom room = read_buffer(conn);
    ASSERT_EQ(room.status, TW_OK);
    ASSERT_EQ(commit(conn, len == kFill ? room.cap : len).status, TW_OK);
    ASSERT_EQ(read_buffer(conn, hint).cap, next_len - kReadOverheadLen);
  }
}

// Where the engine reads the bytes of a message of `len` bytes: how many did not land in the message itself.
size_t copied_len(uint32_t role, uint8_t first, const Bytes &body, size_t piece, PooledConn *conn) {
  const Bytes stream = peer_frame(role, first, body);
  size_t copied = 0;
  std::vector<std::pair<const uint8_t *, size_t>> landed;  // where, and which offset in the stream
  for (size_t at = 0; at < stream.size();) {
    const ReadRoom room = read_buffer(conn->conn);
    EXPECT_EQ(room.status, TW_OK);
    const size_t len = std::min({piece, room.cap, stream.size() - at});
    memcpy(room.data, stream.data() + at, len);
    landed.emplace_back(room.data, at);
    at += len;
    const Received got = commit(conn->conn, len);
    EXPECT_EQ(got.status, TW_OK);
    if (at < stream.size()) continue;
    EXPECT_EQ(got.events.size(), 1u);
    if (got.events.size() != 1) return SIZE_MAX;
    const uint8_t *bytes = got.events[0].data;
    EXPECT_TRUE(same_bytes({bytes, got.events[0].len}, view(body)));
    const size_t header_len = stream.size() - body.size();
    landed.emplace_back(nullptr, at);
    for (size_t i = 0; i + 1 < landed.size(); ++i) {
      const auto &[where, offset] = landed[i];
      const bool lives_there = offset >= header_len && where == bytes + (offset - header_len);
      if (!lives_there) copied += landed[i + 1].second - std::max(offset, std::min(header_len, landed[i + 1].second));
    }
  }
  return copied;
}

// Of a message over 64 KiB in one frame no byte is copied more than once, and only those that came with its header, or
// at its end with room for what follows, are copied at all.
TEST(Reading, LargeMessageIsReadWhereItWillLive) {
  each_kernel([](const Kernels &) {
    each_role([](uint32_t role) {
      for (const uint8_t first : {0x81, 0x82}) {
        for (const size_t piece : {size_t{1000}, size_t{4096}, size_t{70000}, SIZE_MAX}) {
          for (const size_t len : {size_t{65537}, size_t{1} << 20}) {
            SCOPED_TRACE(std::to_string(len) + " in pieces of " + std::to_string(piece));
            PooledConn conn(upgraded(role));
            Bytes body = pattern(len);
            if (first == 0x81) std::for_each(body.begin(), body.end(), [](uint8_t &byte) { byte &= 0x7F; });
            EXPECT_LE(copied_len(role, first, body, piece, &conn), 2 * 8 * kKiB);
          }
        }
      }
    });
  });
}

TEST(Reading, LargeMessageTakesOneBufferOfItsLength) {
  each_role([](uint32_t role) {
    constexpr size_t kLen = 1 << 20;
    for (const size_t piece : {size_t{1000}, size_t{5000}, size_t{70000}}) {
      CountingAllocator allocator;
      const tw_allocator c_allocator = allocator.c_api();
      tw_conn_config config = upgraded(role);
      config.allocator = &c_allocator;
      EngineSession session;
      ASSERT_EQ(session.create(config), TW_OK);
      const uint64_t before = allocator.allocations();
      const Bytes stream = peer_frame(role, 0x82, pattern(kLen));
      for (size_t at = 0; at < stream.size(); at += piece) {
        Bytes fed = slice(stream, at, std::min(stream.size(), at + piece));
        ASSERT_EQ(receive(session.get(), fed).status, TW_OK);
      }
      EXPECT_EQ(allocator.allocations() - before, 1u) << "pieces of " << piece;
      EXPECT_LT(allocator.peak_len(), kLen + 2 * kKiB);
    }
  });
}

// The rest of a frame that a read buffer has room for comes with what follows it.
TEST(Reading, EndOfAMessageIsReadWithWhatFollows) {
  each_role([](uint32_t role) {
    PooledConn conn(upgraded(role));
    const Bytes stream = join({peer_frame(role, 0x82, pattern(10000)), peer_frame(role, 0x81, text("next"))});
    ASSERT_TRUE(read(conn.conn, slice(stream, 0, 4000)).events.empty());
    EXPECT_EQ(read_buffer(conn.conn).cap, 8 * kKiB - kReadOverheadLen);
    EXPECT_EQ(read(conn.conn, slice(stream, 4000, stream.size())).events.size(), 2u);
  });
}

TEST(Reading, ControlFramesAndChunksAreNotReadIntoAMessage) {
  each_role([](uint32_t role) {
    tw_conn_config config = upgraded(role);
    config.read_len = config.max_read_len = 256;
    PooledConn conn(config);
    const Bytes fragment = peer_frame(role, 0x02, pattern(1000)), ping = peer_frame(role, 0x89, pattern(125));
    ASSERT_TRUE(read(conn.conn, slice(fragment, 0, 100)).events.empty());
    EXPECT_EQ(read_buffer(conn.conn).cap, fragment.size() - 100);
    ASSERT_TRUE(read(conn.conn, slice(fragment, 100, fragment.size())).events.empty());
    EXPECT_EQ(read_buffer(conn.conn).cap, 256 - kReadOverheadLen) << "between two frames";
    ASSERT_TRUE(read(conn.conn, slice(ping, 0, 10)).events.empty());
    EXPECT_EQ(read_buffer(conn.conn).cap, 256 - kReadOverheadLen) << "inside a ping";
    config.flags |= TW_CONN_STREAM;
    PooledConn streaming(config);
    ASSERT_EQ(read(streaming.conn, slice(fragment, 0, 100)).events.size(), 1u);
    EXPECT_EQ(read_buffer(streaming.conn).cap, 256 - kReadOverheadLen) << "inside a chunk";
  });
}

// Room is the caller's until it takes input, even where a time-out has ended the message that it belongs to.
TEST(Reading, RoomOutlivesATimeout) {
  each_role([](uint32_t role) {
    for (const size_t payload_len : {size_t{100}, size_t{100000}}) {
      tw_conn_config config = upgraded(role);
      config.message_timeout_ns = 10;
      PooledConn conn(config);
      uint64_t deadline = 0;
      ASSERT_EQ(tw_conn_tick(conn.conn, 1, &deadline), TW_OK);
      ASSERT_TRUE(read(conn.conn, header_bytes(spec(0x82, {}, role == TW_ROLE_SERVER), payload_len)).events.empty());
      const ReadRoom room = read_buffer(conn.conn);
      ASSERT_EQ(tw_conn_tick(conn.conn, 20, &deadline), TW_ERR_TIMEOUT_MESSAGE);
      memset(room.data, 'x', room.cap);
      EXPECT_EQ(commit(conn.conn, room.cap).status, TW_ERR_TIMEOUT_MESSAGE);
      EXPECT_EQ(held_len(conn.conn), kConnLen);
      EXPECT_EQ(read(conn.conn, {'x'}).status, TW_ERR_TIMEOUT_MESSAGE) << "what still comes is discarded";
    }
  });
}

void expect_no_other_input(tw_conn *conn) {
  Bytes data = {0x82}, dst(10);
  for (const Received &got : {receive(conn, data), receive_into(conn, data, dst)}) {
    EXPECT_EQ(got.status, TW_ERR_STATE);
    EXPECT_EQ(got.consumed, 0u);
    EXPECT_TRUE(got.events.empty());
  }
  const ReadRoom room = read_buffer(conn);
  EXPECT_EQ(room.status, TW_ERR_STATE);
  EXPECT_EQ(room.data, nullptr);
  EXPECT_EQ(commit(conn, 1).status, TW_ERR_ARGUMENT);
}

TEST(Reading, CommitGoesOnAfterNeedRoom) {
  each_role([](uint32_t role) {
    PooledConn conn(upgraded(role));
    const Bytes stream =
        join({peer_frame(role, 0x82, text("1")), peer_frame(role, 0x82, text("2")), peer_frame(role, 0x82, text("3"))});
    Received got = read(conn.conn, stream, 1);
    for (const char *body : {"1", "2", "3"}) {
      ASSERT_EQ(got.events.size(), 1u);
      EXPECT_EQ(payload(got.events[0]), text(body));
      if (body[0] == '3') break;
      ASSERT_EQ(got.status, TW_NEED_ROOM);
      expect_no_other_input(conn.conn);
      EXPECT_EQ(payload(got.events[0]), text(body)) << "what is refused changes nothing";
      got = commit(conn.conn, 0, 1);
    }
    EXPECT_EQ(got.status, TW_OK);
    EXPECT_EQ(read(conn.conn, peer_frame(role, 0x82, text("4"))).events.size(), 1u);
  });
}

TEST(Reading, CommitWithoutRoomForEventsLosesNothing) {
  each_role([](uint32_t role) {
    for (const size_t first_len : {size_t{0}, size_t{100}}) {  // the second read lands in a read buffer, or the message
      PooledConn conn(upgraded(role));
      const Bytes stream = peer_frame(role, 0x82, pattern(9000));
      ASSERT_TRUE(read(conn.conn, slice(stream, 0, first_len)).events.empty());
      size_t at = first_len;
      while (at < stream.size()) {
        const size_t len = std::min(stream.size() - at, size_t{6000});
        EXPECT_EQ(read(conn.conn, slice(stream, at, at + len), 0).status, TW_NEED_ROOM);
        expect_no_other_input(conn.conn);
        EXPECT_EQ(commit(conn.conn, 0, 0).status, TW_NEED_ROOM);
        at += len;
        const Received got = commit(conn.conn, 0);
        EXPECT_EQ(got.status, TW_OK);
        if (at < stream.size()) continue;
        ASSERT_EQ(got.events.size(), 1u);
        EXPECT_TRUE(same_bytes({got.events[0].data, got.events[0].len}, view(pattern(9000))));
      }
    }
  });
}

// A failure ends what a commit has left.
TEST(Reading, TimeoutEndsACommit) {
  tw_conn_config config = upgraded(TW_ROLE_SERVER);
  config.idle_timeout_ns = 10;
  PooledConn conn(config);
  uint64_t deadline = 0;
  ASSERT_EQ(tw_conn_tick(conn.conn, 1, &deadline), TW_OK);
  const Bytes frame = peer_frame(TW_ROLE_SERVER, 0x82, text("1"));
  ASSERT_EQ(read(conn.conn, join({frame, frame}), 1).status, TW_NEED_ROOM);
  ASSERT_EQ(tw_conn_tick(conn.conn, 20, &deadline), TW_ERR_TIMEOUT_IDLE);
  Bytes data = frame;
  EXPECT_EQ(receive(conn.conn, data).status, TW_ERR_TIMEOUT_IDLE);
  EXPECT_EQ(held_len(conn.conn), kConnLen);
}

TEST(Reading, OtherInputGivesTheRoomBack) {
  each_role([](uint32_t role) {
    PooledConn conn(upgraded(role));
    Bytes frame = peer_frame(role, 0x82, text("abc"));
    ASSERT_EQ(read_buffer(conn.conn).status, TW_OK);
    EXPECT_EQ(receive(conn.conn, frame).events.size(), 1u);
    EXPECT_EQ(held_len(conn.conn), kConnLen);
    EXPECT_EQ(commit(conn.conn, 1).status, TW_ERR_ARGUMENT) << "there is no room any more";
    ASSERT_EQ(read_buffer(conn.conn).status, TW_OK);
    ASSERT_EQ(read_buffer(conn.conn).status, TW_OK);
    EXPECT_EQ(held_len(conn.conn), kConnLen + 8 * kKiB);
  });
}

TEST(Reading, CommitOfMoreThanTheRoomIsRefused) {
  each_role([](uint32_t role) {
    PooledConn conn(upgraded(role));
    const ReadRoom room = read_buffer(conn.conn);
    EXPECT_EQ(commit(conn.conn, room.cap + 1).status, TW_ERR_ARGUMENT);
    const Bytes frame = peer_frame(role, 0x82, text("abc"));
    memcpy(room.data, frame.data(), frame.size());
    EXPECT_EQ(commit(conn.conn, frame.size()).events.size(), 1u) << "the room is still there";
  });
}

TEST(Reading, WithoutMemoryTheConnectionGoesOn) {
  each_role([](uint32_t role) {
    CountingAllocator allocator;
    const tw_allocator c_allocator = allocator.c_api();
    tw_conn_config config = upgraded(role);
    config.allocator = &c_allocator;
    config.max_memory_len = 8 * kKiB - 1;
    EngineSession limited, session;
    ASSERT_EQ(limited.create(config), TW_OK);
    EXPECT_EQ(read_buffer(limited.get()).status, TW_ERR_LIMIT_MEMORY);
    config.max_memory_len = 0;
    ASSERT_EQ(session.create(config), TW_OK);
    allocator.fail_after(0);
    EXPECT_EQ(read_buffer(session.get()).status, TW_ERR_NO_MEMORY);
    for (tw_conn *conn : {limited.get(), session.get()}) {
      Bytes frame = peer_frame(role, 0x82, text("abc"));
      EXPECT_EQ(receive(conn, frame).events.size(), 1u);
    }
  });
}

TEST(Reading, HandshakeIsReadLikeAnythingElse) {
  each_role([](uint32_t role) {
    tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
    handshake.host = "h";
    CountingRandom counting;
    const tw_random random = counting.c_api();
    tw_conn_config config = upgraded(role);
    config.flags = 0;
    config.handshake = &handshake;
    config.random = &random;
    PooledConn conn(config);
    const Bytes stream = join({peer_head(role), peer_frame(role, 0x81, text("first"))});
    ASSERT_TRUE(read(conn.conn, slice(stream, 0, 20)).events.empty());
    const Received got = read(conn.conn, slice(stream, 20, stream.size()));
    ASSERT_EQ(got.events.size(), 2u);
    EXPECT_EQ(payload(got.events[0]), peer_head(role));
    EXPECT_EQ(payload(got.events[1]), text("first"));
  });
}

}  // namespace
}  // namespace tidewire
