// SPDX-License-Identifier: MIT
// tw_conn_set_max_message_len, between messages and in the middle of one.
#include <gtest/gtest.h>

#include <memory>

#include "tests/support/counting_allocator.h"
#include "tests/unit/connection/sessions.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

struct Destroy {
  void operator()(tw_conn *conn) const { tw_conn_destroy(conn); }
};
using Conn = std::unique_ptr<tw_conn, Destroy>;

Conn create(const tw_conn_config &config) {
  tw_conn *conn = nullptr;
  EXPECT_EQ(tw_conn_create(&config, &conn), TW_OK);
  return Conn(conn);
}

tw_status feed(const Conn &conn, uint8_t first, size_t len) {
  Bytes wire = peer_frame(TW_ROLE_SERVER, first, Bytes(len, 'x'));
  return receive(conn.get(), wire).status;
}

TEST(SetMaxMessageLen, HoldsForTheNextMessage) {
  const Conn conn = create(upgraded(TW_ROLE_SERVER));
  EXPECT_EQ(tw_conn_set_max_message_len(conn.get(), 10), TW_OK);
  EXPECT_EQ(feed(conn, 0x82, 10), TW_OK);
  EXPECT_EQ(tw_conn_set_max_message_len(conn.get(), 20), TW_OK);
  EXPECT_EQ(feed(conn, 0x82, 20), TW_OK);
  EXPECT_EQ(feed(conn, 0x82, 21), TW_ERR_LIMIT_MESSAGE);
}

TEST(SetMaxMessageLen, ZeroIsTheDefault) {
  tw_conn_config config = upgraded(TW_ROLE_SERVER);
  config.max_message_len = 1;
  config.max_frame_len = TW_NEVER;
  const Conn conn = create(config);
  EXPECT_EQ(tw_conn_set_max_message_len(conn.get(), 0), TW_OK);
  EXPECT_EQ(feed(conn, 0x82, 16 << 20), TW_OK);
  EXPECT_EQ(feed(conn, 0x82, (16 << 20) + 1), TW_ERR_LIMIT_MESSAGE);
}

TEST(SetMaxMessageLen, MessageUnderWayThatHasMoreFailsWithItsNextData) {
  const Conn conn = create(upgraded(TW_ROLE_SERVER));
  EXPECT_EQ(feed(conn, 0x02, 10), TW_OK);
  EXPECT_EQ(tw_conn_set_max_message_len(conn.get(), 5), TW_OK);
  EXPECT_EQ(feed(conn, 0x00, 0), TW_OK);
  EXPECT_EQ(feed(conn, 0x80, 1), TW_ERR_LIMIT_MESSAGE);
}

// What is inflated after the call is judged by the new limit, inside a frame too.
TEST(SetMaxMessageLen, CompressedMessageUnderWayFailsWithItsNextData) {
  for (const uint32_t flags : {0u, TW_CONN_STREAM}) {
    const tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
    const tw_deflate terms = {1, 0, 15, 15, {0}};
    tw_conn_config config = upgraded(TW_ROLE_SERVER);
    config.flags |= flags;
    config.deflate = &deflate;
    config.negotiated = &terms;
    const Conn conn = create(config);
    Bytes stored = {0x00, 100, 0, static_cast<uint8_t>(~100), 0xFF};  // RFC 1951 3.2.4: 100 bytes as they are
    stored.resize(stored.size() + 100, 'x');
    Bytes wire = peer_frame(TW_ROLE_SERVER, 0x42, stored);
    EXPECT_EQ(receive(conn.get(), wire).status, TW_OK);
    EXPECT_EQ(tw_conn_set_max_message_len(conn.get(), 5), TW_OK);
    wire = peer_frame(TW_ROLE_SERVER, 0x80, stored);
    EXPECT_EQ(receive(conn.get(), wire).status, TW_ERR_LIMIT_MESSAGE);
  }
}

TEST(SetMaxMessageLen, WithoutMemoryNothingChanges) {
  CountingAllocator allocator;
  const tw_allocator c_allocator = allocator.c_api();
  tw_conn_config config = upgraded(TW_ROLE_SERVER);
  config.allocator = &c_allocator;
  config.max_message_len = 10;
  const Conn conn = create(config);
  allocator.fail_after(0);
  EXPECT_EQ(tw_conn_set_max_message_len(conn.get(), 20), TW_ERR_NO_MEMORY);
  EXPECT_EQ(feed(conn, 0x82, 10), TW_OK);
  EXPECT_EQ(feed(conn, 0x82, 11), TW_ERR_LIMIT_MESSAGE);
}

// Connections of a pool share equal settings: another's stay as they are, and all are given back.
TEST(SetMaxMessageLen, OtherConnectionsOfThePoolKeepTheirs) {
  CountingAllocator allocator;
  const tw_allocator c_allocator = allocator.c_api();
  tw_pool_config pool_config = TW_POOL_CONFIG_INIT;
  pool_config.allocator = &c_allocator;
  tw_pool *pool = nullptr;
  ASSERT_EQ(tw_pool_create(&pool_config, &pool), TW_OK);
  tw_conn_config config = upgraded(TW_ROLE_SERVER);
  config.pool = pool;
  config.max_message_len = 10;
  {
    const Conn one = create(config);
    const Conn other = create(config);
    EXPECT_EQ(tw_conn_set_max_message_len(one.get(), 20), TW_OK);
    EXPECT_EQ(feed(one, 0x82, 20), TW_OK);
    EXPECT_EQ(feed(other, 0x82, 20), TW_ERR_LIMIT_MESSAGE);
  }
  tw_pool_destroy(pool);
}

}  // namespace
}  // namespace tidewire
