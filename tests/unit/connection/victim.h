// SPDX-License-Identifier: MIT
// A connection under attack. Every byte that it holds is counted, and after every call compared with what it says that
// it holds.
#ifndef TIDEWIRE_TESTS_UNIT_CONNECTION_VICTIM_H_
#define TIDEWIRE_TESTS_UNIT_CONNECTION_VICTIM_H_

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>
#include <tidewire/tidewire.h>

#include <algorithm>
#include <vector>

#include "tests/support/counting_allocator.h"
#include "tests/support/test_bytes.h"
#include "tests/unit/connection/sessions.h"
#include "tests/vectors/engine_session.h"

namespace tidewire::test {

enum class Buffers { kOwn, kPool };

class Victim {
 public:
  explicit Victim(tw_conn_config config, Buffers buffers = Buffers::kOwn) {
    const tw_allocator c_allocator = allocator_.c_api();
    const tw_random random = random_.c_api();
    tw_pool_config pool_config = TW_POOL_CONFIG_INIT;
    pool_config.allocator = &c_allocator;
    pool_config.max_idle_len = 1;  // what the connection gives back is gone
    config.allocator = &c_allocator;
    config.random = &random;
    if (buffers == Buffers::kPool) {
      EXPECT_EQ(tw_pool_create(&pool_config, &pool_), TW_OK);
      config.pool = pool_;
    }
    pool_len_ = allocator_.live_len();
    EXPECT_EQ(tw_conn_create(&config, &conn_), TW_OK);
    check();
  }
  ~Victim() {
    tw_conn_destroy(conn_);
    tw_pool_destroy(pool_);
  }
  Victim(const Victim &) = delete;
  Victim &operator=(const Victim &) = delete;

  // Feeds data, and the rest again after each TW_NEED_ROOM, until it is taken or the connection fails. The events are
  // counted by their type and dropped.
  tw_status feed(Bytes data) {
    size_t at = 0;
    tw_status status = TW_NEED_ROOM;
    while (status == TW_NEED_ROOM) {
      tw_event found[8];
      size_t count = 0, consumed = 0;
      status = tw_conn_receive(conn_, data.data() + at, data.size() - at, found, 8, &count, &consumed);
      at += consumed;
      calls_++;
      for (size_t i = 0; i < count; ++i) events_[found[i].type]++;
      check();
      if (status == TW_NEED_ROOM && consumed + count == 0) {
        ADD_FAILURE() << "a call made no progress";
        return status;
      }
    }
    return status;
  }

  // The same in pieces, and stops with the first failure.
  tw_status feed_pieces(const Bytes &data, size_t piece_len) {
    tw_status status = TW_OK;
    for (size_t at = 0; at < data.size() && status == TW_OK; at += piece_len) {
      const size_t end = std::min(data.size(), at + piece_len);
      status = feed(Bytes(data.begin() + static_cast<ptrdiff_t>(at), data.begin() + static_cast<ptrdiff_t>(end)));
    }
    return status;
  }

  tw_status send(const Bytes &data, uint32_t flags = 0) {
    const tw_status status = tw_conn_send(conn_, TW_OPCODE_BINARY, data.data(), data.size(), flags);
    check();
    return status;
  }

  tw_status tick(uint64_t now_ns) {
    const tw_status status = tw_conn_tick(conn_, now_ns, &deadline_);
    check();
    return status;
  }
  uint64_t deadline() const { return deadline_; }

  // At most `len` bytes of the output, consumed.
  Bytes take_output(size_t len = SIZE_MAX) {
    Bytes out;
    tw_view views[16];
    size_t count = 0;
    do {
      EXPECT_EQ(tw_conn_output(conn_, views, 16, &count), TW_OK);
      size_t shown = 0;
      for (size_t i = 0; i < count && out.size() < len; ++i) {
        const size_t taken = std::min(views[i].len, len - out.size());
        out.insert(out.end(), views[i].data, views[i].data + taken);
        shown += taken;
      }
      EXPECT_EQ(tw_conn_output_consume(conn_, shown), TW_OK);
    } while (count > 0 && out.size() < len);
    check();
    return out;
  }
  size_t output_len() const {
    size_t len = 0;
    EXPECT_EQ(tw_conn_output_len(conn_, &len), TW_OK);
    return len;
  }

  tw_conn_stats stats() const {
    tw_conn_stats stats = TW_CONN_STATS_INIT;
    EXPECT_EQ(tw_conn_get_stats(conn_, &stats), TW_OK);
    return stats;
  }
  tw_error error() const {
    tw_error error = TW_ERROR_INIT;
    EXPECT_EQ(tw_conn_get_error(conn_, &error), TW_OK);
    return error;
  }
  uint64_t held_len() const { return stats().held_len; }
  // The most bytes that were ever allocated at once for the connection.
  uint64_t peak_len() const { return allocator_.peak_len() - pool_len_; }
  size_t events(uint32_t type) const { return events_[type]; }
  size_t calls() const { return calls_; }
  tw_conn *get() { return conn_; }

 private:
  // With a pool the connection counts what it was lent, and the allocator the pool's own few bytes in front of it.
  void check() {
    const uint64_t held_len = stats().held_len;
    if (pool_ == nullptr) {
      EXPECT_EQ(held_len, allocator_.live_len());
      return;
    }
    tw_pool_stats pool_stats = TW_POOL_STATS_INIT;
    EXPECT_EQ(tw_pool_get_stats(pool_, &pool_stats), TW_OK);
    EXPECT_LE(held_len - pool_stats.in_use_len, 256u) << "the connection itself";
    EXPECT_LE(held_len, allocator_.live_len() - pool_len_);
  }

  CountingAllocator allocator_;
  CountingRandom random_;
  tw_pool *pool_ = nullptr;
  tw_conn *conn_ = nullptr;
  uint64_t pool_len_ = 0;
  uint64_t deadline_ = 0;
  size_t events_[TW_EVENT_CHUNK + 1] = {};
  size_t calls_ = 0;
};

// The header alone of a frame that promises `len` bytes to a connection in this role.
inline Bytes promise(uint32_t role, uint8_t first, uint64_t len, LengthForm form = LengthForm::kMinimal) {
  FrameSpec frame = spec(first, {}, role == TW_ROLE_SERVER);
  frame.form = form;
  return header_bytes(frame, len);
}

inline constexpr tw_deflate kDeflated = {1, 0, 15, 15, {}};
inline constexpr tw_deflate kDeflatedWithTakeover = {
    1, TW_DEFLATE_SEND_TAKEOVER | TW_DEFLATE_RECEIVE_TAKEOVER, 15, 15, {}};

// With compression agreed on. `deflate` outlives the connection's creation.
inline tw_conn_config compressing(uint32_t role, const tw_deflate_config *deflate,
                                  const tw_deflate *agreed = &kDeflated) {
  tw_conn_config config = upgraded(role);
  config.deflate = deflate;
  config.negotiated = agreed;
  return config;
}

// What the peer of a connection in this role sends as one compressed message, as small as it can.
inline Bytes deflated_message(uint32_t role, const Bytes &payload, size_t frame_len = SIZE_MAX) {
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  deflate.level = 9;
  EngineSession peer;
  EXPECT_EQ(peer.create(compressing(role == TW_ROLE_SERVER ? TW_ROLE_CLIENT : TW_ROLE_SERVER, &deflate)), TW_OK);
  size_t at = 0;
  do {
    const size_t len = std::min(frame_len, payload.size() - at);
    const Bytes piece(payload.begin() + static_cast<ptrdiff_t>(at), payload.begin() + static_cast<ptrdiff_t>(at + len));
    const uint32_t more = at + len < payload.size() ? TW_SEND_MORE : 0;
    const uint32_t first = at == 0 ? TW_SEND_COMPRESS : 0;
    EXPECT_EQ(peer.send(at == 0 ? TW_OPCODE_BINARY : TW_OPCODE_CONTINUATION, piece, more | first), TW_OK);
    at += len;
  } while (at < payload.size());
  return peer.take_output();
}

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_UNIT_CONNECTION_VICTIM_H_
