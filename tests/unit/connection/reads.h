// SPDX-License-Identifier: MIT
// The calls that take input without a copy, for tests; and connections over a pool whose memory is counted.
#ifndef TIDEWIRE_TESTS_UNIT_CONNECTION_READS_H_
#define TIDEWIRE_TESTS_UNIT_CONNECTION_READS_H_

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <tidewire/tidewire.h>

#include <vector>

#include "tests/support/counting_allocator.h"
#include "tests/support/test_bytes.h"
#include "tests/unit/connection/sessions.h"

namespace tidewire::test {

inline constexpr size_t kConnLen = 256;         // bytes of an idle connection
inline constexpr size_t kReadOverheadLen = 32;  // bytes of a read buffer that are not room

struct ReadRoom {
  tw_status status;
  uint8_t *data;
  size_t cap;
};

inline ReadRoom read_buffer(tw_conn *conn, size_t hint = 0) {
  ReadRoom out = {TW_OK, nullptr, 0};
  out.status = tw_conn_read_buffer(conn, hint, &out.data, &out.cap);
  return out;
}

// `consumed` is not known here.
inline Received commit(tw_conn *conn, size_t len, size_t cap = 16) {
  Received out = {TW_OK, std::vector<tw_event>(cap), 0};
  size_t count = 0;
  out.status = tw_conn_read_commit(conn, len, out.events.data(), cap, &count);
  out.events.resize(count);
  return out;
}

// One read that finds `data`, which must fit.
inline Received read(tw_conn *conn, const Bytes &data, size_t cap = 16) {
  const ReadRoom room = read_buffer(conn);
  EXPECT_EQ(room.status, TW_OK);
  EXPECT_LE(data.size(), room.cap);
  if (data.size() > room.cap) return {TW_ERR_ARGUMENT, {}, 0};
  if (!data.empty()) memcpy(room.data, data.data(), data.size());
  return commit(conn, data.size(), cap);
}

inline Received receive_into(tw_conn *conn, Bytes &data, Bytes &dst, size_t from = 0, size_t cap = 16) {
  Received out = {TW_OK, std::vector<tw_event>(cap), 0};
  size_t count = 0;
  out.status = tw_conn_receive_into(conn, data.data() + from, data.size() - from, dst.data(), dst.size(),
                                    out.events.data(), cap, &count, &out.consumed);
  out.events.resize(count);
  return out;
}

inline uint64_t held_len(tw_conn *conn) {
  tw_conn_stats stats = TW_CONN_STATS_INIT;
  EXPECT_EQ(tw_conn_get_stats(conn, &stats), TW_OK);
  return stats.held_len;
}

inline Bytes slice(const Bytes &bytes, size_t from, size_t to) {
  return Bytes(bytes.begin() + static_cast<ptrdiff_t>(from), bytes.begin() + static_cast<ptrdiff_t>(to));
}

// A connection whose buffers come from a pool over counted memory.
class PooledConn {
 public:
  explicit PooledConn(tw_conn_config config) {
    const tw_allocator c_allocator = allocator.c_api();
    tw_pool_config pool_config = TW_POOL_CONFIG_INIT;
    pool_config.allocator = &c_allocator;
    EXPECT_EQ(tw_pool_create(&pool_config, &pool), TW_OK);
    config.pool = pool;
    config.allocator = &c_allocator;
    EXPECT_EQ(tw_conn_create(&config, &conn), TW_OK);
  }
  ~PooledConn() {
    tw_conn_destroy(conn);
    EXPECT_EQ(lent_len(), 0u);
    tw_pool_destroy(pool);
  }
  PooledConn(const PooledConn &) = delete;
  PooledConn &operator=(const PooledConn &) = delete;

  // Bytes of buffers that are out.
  uint64_t lent_len() const {
    tw_pool_stats stats = TW_POOL_STATS_INIT;
    EXPECT_EQ(tw_pool_get_stats(pool, &stats), TW_OK);
    return stats.in_use_len;
  }

  CountingAllocator allocator;
  tw_pool *pool = nullptr;
  tw_conn *conn = nullptr;
};

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_UNIT_CONNECTION_READS_H_
