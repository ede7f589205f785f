// SPDX-License-Identifier: MIT
// tw_conn_detach: bytes of events that outlive the connection.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tests/unit/connection/reads.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

struct Detached {
  tw_status status;
  tw_lease *lease;
  uint8_t *data;
};

Detached detach(tw_conn *conn, const tw_event &event) {
  Detached out = {TW_OK, nullptr, nullptr};
  out.status = tw_conn_detach(conn, &event, &out.lease, &out.data);
  return out;
}

tw_event cut_message(tw_conn *conn, const Bytes &stream, size_t at) {
  Bytes first = slice(stream, 0, at), rest = slice(stream, at, stream.size());
  EXPECT_EQ(receive(conn, first).status, TW_OK);
  const Received got = receive(conn, rest);
  EXPECT_EQ(got.events.size(), 1u);
  return got.events.empty() ? tw_event{} : got.events[0];
}

TEST(Detach, AssembledMessageIsMovedAndOutlivesTheConnection) {
  each_role([](uint32_t role) {
    CountingAllocator allocator;
    const tw_allocator c_allocator = allocator.c_api();
    tw_pool_config pool_config = TW_POOL_CONFIG_INIT;
    pool_config.allocator = &c_allocator;
    for (const bool with_pool : {false, true}) {
      tw_conn_config config = upgraded(role);
      config.allocator = &c_allocator;
      if (with_pool) {
        ASSERT_EQ(tw_pool_create(&pool_config, &config.pool), TW_OK);
      }
      tw_conn *conn = nullptr;
      ASSERT_EQ(tw_conn_create(&config, &conn), TW_OK);
      const uint64_t idle_len = held_len(conn);
      const tw_event event = cut_message(conn, peer_frame(role, 0x82, pattern(70000)), 100);
      const uint64_t allocations = allocator.allocations();
      const Detached got = detach(conn, event);
      ASSERT_EQ(got.status, TW_OK);
      EXPECT_EQ(got.data, event.data);
      EXPECT_EQ(allocator.allocations(), allocations);
      EXPECT_EQ(held_len(conn), idle_len) << "the connection answers for it no longer";
      tw_conn_destroy(conn);
      EXPECT_TRUE(same_bytes({got.data, 70000}, view(pattern(70000))));
      tw_lease_release(got.lease);
      tw_pool_destroy(config.pool);
    }
  });
}

// Views into what was fed, into a read buffer and into dst, control payloads, messages without bytes.
TEST(Detach, EverythingElseIsCopied) {
  each_role([](uint32_t role) {
    PooledConn conn(upgraded(role));
    const auto expect_copied = [&conn](const Received &got, size_t index, const Bytes &body) {
      ASSERT_LT(index, got.events.size());
      const Detached detached = detach(conn.conn, got.events[index]);
      ASSERT_EQ(detached.status, TW_OK);
      EXPECT_NE(detached.data, got.events[index].data);
      EXPECT_TRUE(same_bytes({detached.data, body.size()}, view(body)));
      tw_lease_release(detached.lease);
    };
    const Bytes message = peer_frame(role, 0x81, text("abc")), ping = peer_frame(role, 0x89, text("ping"));
    Bytes both = join({message, ping});
    Received got = receive(conn.conn, both);
    expect_copied(got, 0, text("abc"));
    expect_copied(got, 1, text("ping"));
    // A payload may stand wherever the bytes of a message would stand in a lease of its own.
    for (size_t len = 0; len < 125; ++len) {
      got = read(conn.conn, join({peer_frame(role, 0x82, pattern(len)), message}));
      expect_copied(got, 0, pattern(len));
      expect_copied(got, 1, text("abc"));
    }
    ASSERT_TRUE(read(conn.conn, slice(ping, 0, 3)).events.empty());
    expect_copied(read(conn.conn, slice(ping, 3, ping.size())), 0, text("ping"));
    Bytes dst(10), fed = message;
    expect_copied(receive_into(conn.conn, fed, dst), 0, text("abc"));
  });
}

TEST(Detach, AnEventWithoutBytesHasALeaseAsWell) {
  each_role([](uint32_t role) {
    PooledConn conn(upgraded(role));
    for (const size_t at : {size_t{0}, size_t{1}}) {
      const Detached got = detach(conn.conn, cut_message(conn.conn, peer_frame(role, 0x82), at));
      EXPECT_EQ(got.status, TW_OK);
      ASSERT_NE(got.lease, nullptr);
      tw_lease_release(got.lease);
    }
  });
}

// Each message of a call has a lease of its own; those that stay are given back with the next input.
TEST(Detach, OtherMessagesOfTheCallStay) {
  each_role([](uint32_t role) {
    PooledConn conn(upgraded(role));
    Bytes stream;
    for (int i = 0; i < 3; ++i) {
      stream = join({stream, peer_frame(role, 0x02, pattern(500, i)), peer_frame(role, 0x80, pattern(500, 500 + i))});
    }
    const Received got = receive(conn.conn, stream);
    ASSERT_EQ(got.events.size(), 3u);
    const Detached second = detach(conn.conn, got.events[1]);
    EXPECT_EQ(second.data, got.events[1].data);
    EXPECT_EQ(payload(got.events[0]), pattern(1000, 0));
    EXPECT_EQ(payload(got.events[2]), pattern(1000, 2));
    Bytes nothing;
    ASSERT_EQ(receive(conn.conn, nothing).status, TW_OK);
    EXPECT_EQ(held_len(conn.conn), kConnLen);
    EXPECT_TRUE(same_bytes({second.data, 1000}, view(pattern(1000, 1))));
    tw_lease_release(second.lease);
  });
}

TEST(Detach, LastHolderFreesTheBytesInAnyThread) {
  PooledConn conn(upgraded(TW_ROLE_SERVER));
  const Detached got = detach(conn.conn, cut_message(conn.conn, peer_frame(TW_ROLE_SERVER, 0x82, pattern(5000)), 9));
  std::vector<std::thread> holders;
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(tw_lease_retain(got.lease), TW_OK);
    holders.emplace_back([&got] {
      EXPECT_TRUE(same_bytes({got.data, 5000}, view(pattern(5000))));
      tw_lease_release(got.lease);
    });
  }
  tw_lease_release(got.lease);
  for (std::thread &holder : holders) holder.join();
  EXPECT_EQ(conn.lent_len(), 0u);
}

TEST(Detach, WithoutMemoryTheEventStays) {
  PooledConn conn(upgraded(TW_ROLE_SERVER));
  Bytes frame = peer_frame(TW_ROLE_SERVER, 0x82, pattern(100000));
  const Received got = receive(conn.conn, frame);
  ASSERT_EQ(got.events.size(), 1u);
  conn.allocator.fail_after(0);
  const Detached detached = detach(conn.conn, got.events[0]);
  EXPECT_EQ(detached.status, TW_ERR_NO_MEMORY);
  EXPECT_EQ(detached.lease, nullptr);
  EXPECT_EQ(detached.data, nullptr);
  EXPECT_TRUE(same_bytes({got.events[0].data, 100000}, view(pattern(100000))));
}

}  // namespace
}  // namespace tidewire
