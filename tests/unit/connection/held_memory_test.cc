// SPDX-License-Identifier: MIT
// What an attacker can make a connection hold: at most twice the limit that is there for it, counted at the allocator,
// at every moment, with buffers of its own and from a pool. A pool lends whole classes, so that there a frame that asks
// for its room at once has a limit of 64 KiB or more. And what a quiet connection holds.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "tests/unit/connection/victim.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

constexpr size_t kKiB = 1024;
constexpr size_t kMiB = 1024 * kKiB;

// Both roles, with both sources of buffers.
void each_victim(const std::function<void(uint32_t role, Buffers buffers)> &body) {
  each_role([&body](uint32_t role) {
    for (const Buffers buffers : {Buffers::kOwn, Buffers::kPool}) {
      SCOPED_TRACE(buffers == Buffers::kOwn ? "own buffers" : "pool");
      body(role, buffers);
    }
  });
}

void expect_within(const Victim &victim, uint64_t limit) { EXPECT_LE(victim.peak_len(), 2 * limit); }

// A first fragment and then ever more of `payload`.
Bytes endless_message(uint32_t role, const Bytes &payload, size_t frames) {
  Bytes out = peer_frame(role, TW_OPCODE_BINARY, payload);
  const Bytes one = peer_frame(role, TW_OPCODE_CONTINUATION, payload);
  for (size_t i = 1; i < frames; ++i) out.insert(out.end(), one.begin(), one.end());
  return out;
}

TEST(HeldMemory, TinyFragments) {
  each_victim([](uint32_t role, Buffers buffers) {
    tw_conn_config config = upgraded(role);
    config.max_message_len = 16 * kKiB;
    config.max_fragments = UINT32_MAX;
    Victim victim(config, buffers);
    EXPECT_EQ(victim.feed_pieces(endless_message(role, {'x'}, 16 * kKiB + 1), 1000), TW_ERR_LIMIT_MESSAGE);
    expect_within(victim, config.max_message_len);
  });
}

TEST(HeldMemory, FragmentsOfSlowSender) {
  each_victim([](uint32_t role, Buffers buffers) {
    tw_conn_config config = upgraded(role);
    config.max_message_len = 16 * kKiB;
    Victim victim(config, buffers);
    EXPECT_EQ(victim.feed_pieces(endless_message(role, pattern(400), 50), 1), TW_ERR_LIMIT_MESSAGE);
    expect_within(victim, config.max_message_len);
  });
}

TEST(HeldMemory, LargeFrameThatNeverComes) {
  each_victim([](uint32_t role, Buffers buffers) {
    tw_conn_config config = upgraded(role);
    config.max_message_len = 64 * kKiB;
    Victim victim(config, buffers);
    EXPECT_EQ(victim.feed_pieces(promise(role, 0x82, 64 * kKiB), 1), TW_OK);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(victim.feed({'x'}), TW_OK);
    expect_within(victim, config.max_message_len);
  });
}

TEST(HeldMemory, ControlFrameThatNeverComes) {
  each_victim([](uint32_t role, Buffers buffers) {
    tw_conn_config config = upgraded(role);
    config.max_memory_len = kKiB;
    Victim victim(config, buffers);
    Bytes ping = peer_frame(role, 0x89, pattern(125));
    ping.pop_back();
    EXPECT_EQ(victim.feed_pieces(ping, 1), TW_OK);
    expect_within(victim, config.max_memory_len);
  });
}

TEST(HeldMemory, DecompressionBomb) {
  each_victim([](uint32_t role, Buffers buffers) {
    tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
    deflate.max_ratio = UINT32_MAX;  // so that it is the message limit that stops the bomb
    tw_conn_config config = compressing(role, &deflate);
    config.max_message_len = 256 * kKiB;
    const Bytes bomb = deflated_message(role, Bytes(10 * kMiB));
    ASSERT_LT(bomb.size(), 12 * kKiB);
    for (const size_t piece_len : {bomb.size(), size_t{100}}) {
      Victim victim(config, buffers);
      EXPECT_EQ(victim.feed_pieces(bomb, piece_len), TW_ERR_LIMIT_MESSAGE);
      expect_within(victim, config.max_message_len);
    }
  });
}

// What a call inflates is delivered with it, so that a message without end costs no more than the limit of a call.
TEST(HeldMemory, DecompressionBombInAStream) {
  each_victim([](uint32_t role, Buffers buffers) {
    tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
    deflate.max_ratio = UINT32_MAX;
    tw_conn_config config = compressing(role, &deflate);
    config.flags |= TW_CONN_STREAM;
    config.max_message_len = TW_NEVER;
    Victim victim(config, buffers);
    EXPECT_EQ(victim.feed(deflated_message(role, Bytes(20 * kMiB))), TW_OK);
    EXPECT_EQ(victim.stats().inflated_received_len, 20 * kMiB);
    expect_within(victim, kMiB);  // the default of max_call_len
  });
}

TEST(HeldMemory, HeaderFlood) {
  each_victim([](uint32_t role, Buffers buffers) {
    tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
    handshake.host = "h";
    handshake.max_header_count = UINT32_MAX;
    tw_conn_config config = upgraded(role);
    config.flags = 0;
    config.handshake = &handshake;
    Bytes flood = text(role == TW_ROLE_SERVER ? "GET / HTTP/1.1\r\n" : "HTTP/1.1 101 x\r\n");
    while (flood.size() < 20 * kKiB) {
      for (const char c : std::string("A:b\r\n")) flood.push_back(static_cast<uint8_t>(c));
    }
    for (const size_t piece_len : {flood.size(), size_t{1000}, size_t{1}}) {
      Victim victim(config, buffers);
      EXPECT_EQ(victim.feed_pieces(flood, piece_len), TW_ERR_LIMIT_HEAD);
      expect_within(victim, 16 * kKiB);  // the default of max_head_len
    }
  });
}

// Pings whose pongs nobody reads: all but the last go unanswered once the output is high.
TEST(HeldMemory, PingFlood) {
  each_victim([](uint32_t role, Buffers buffers) {
    tw_conn_config config = upgraded(role);
    config.output_high_len = 64 * kKiB;
    Victim victim(config, buffers);
    const Bytes ping = peer_frame(role, 0x89, pattern(125));
    for (int i = 0; i < 10000; ++i) ASSERT_EQ(victim.feed(ping), TW_OK);
    EXPECT_EQ(victim.events(TW_EVENT_PING), 10000u);
    expect_within(victim, config.output_high_len);
  });
}

TEST(HeldMemory, CloseStorm) {
  each_victim([](uint32_t role, Buffers buffers) {
    tw_conn_config config = upgraded(role);
    config.max_memory_len = 8 * kKiB;
    Victim victim(config, buffers);
    const Bytes close = peer_frame(role, 0x88, join({{0x03, 0xE8}, text("bye")}));
    for (int i = 0; i < 10000; ++i) ASSERT_EQ(victim.feed(close), TW_OK);
    EXPECT_EQ(victim.take_output(), own_frame(role, 0x88, {0x03, 0xE8}));
    for (int i = 0; i < 10000; ++i) ASSERT_EQ(victim.feed(close), TW_OK);
    EXPECT_EQ(victim.events(TW_EVENT_CLOSE), 1u);
    expect_within(victim, config.max_memory_len);
  });
}

// A host that goes on to send to a peer that does not read, or reads byte by byte.
TEST(HeldMemory, SlowReader) {
  each_victim([](uint32_t role, Buffers buffers) {
    tw_conn_config config = upgraded(role);
    config.max_output_len = 128 * kKiB;
    Victim victim(config, buffers);
    tw_status status = TW_OK;
    for (int i = 0; i < 10000; ++i) {
      status = victim.send(pattern(300));
      if (i % 3 == 0) victim.take_output(1);
    }
    EXPECT_EQ(status, TW_ERR_LIMIT_OUTPUT);
    EXPECT_GT(victim.output_len(), 127 * kKiB);
    expect_within(victim, config.max_output_len);
  });
}

// Each of the attacks again, with no other limit than that of the memory.
TEST(HeldMemory, OneLimitIsOverAll) {
  each_victim([](uint32_t role, Buffers buffers) {
    tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
    deflate.max_ratio = UINT32_MAX;
    tw_conn_config config = compressing(role, &deflate);
    config.max_frame_len = config.max_message_len = config.max_output_len = config.output_high_len = TW_NEVER;
    config.max_fragments = UINT32_MAX;
    const Bytes bomb = deflated_message(role, Bytes(kMiB));
    const Bytes half_bomb(bomb.begin(), bomb.end() - 1);
    const std::vector<Bytes> attacks = {endless_message(role, pattern(1000), 1000), endless_message(role, {}, 1000),
                                        join({promise(role, 0x82, kMiB), pattern(1000)}),
                                        join({promise(role, 0x82, INT64_MAX), pattern(1000)}), half_bomb};
    // 4 KiB is what the first pong takes.
    for (const size_t limit : {4 * kKiB, 17 * kKiB, 20 * kKiB, 50 * kKiB, 70 * kKiB, 200 * kKiB}) {
      SCOPED_TRACE(limit);
      config.max_memory_len = limit;
      for (const Bytes &attack : attacks) {
        for (const size_t piece_len : {attack.size(), size_t{500}}) {
          Victim victim(config, buffers);
          for (int i = 0; i < 100; ++i) victim.send(pattern(300));
          const tw_status status = victim.feed_pieces(attack, piece_len);
          EXPECT_TRUE(status == TW_OK || status == TW_ERR_LIMIT_MEMORY) << tw_status_name(status);
          expect_within(victim, limit);
        }
      }
      Victim victim(config, buffers);
      const Bytes ping = peer_frame(role, 0x89, pattern(125));
      tw_status status = TW_OK;
      for (int i = 0; i < 5000 && status == TW_OK; ++i) status = victim.feed(ping);
      EXPECT_EQ(status, TW_ERR_LIMIT_MEMORY);
      expect_within(victim, limit);
    }
  });
}

// What the peer says to open the connection; it has seen the request, which a server does not make.
Bytes opening_head(uint32_t role, const Bytes &request) {
  if (role == TW_ROLE_SERVER) return peer_head(role);
  const std::string name = "Sec-WebSocket-Key: ";
  const auto key = std::search(request.begin(), request.end(), name.begin(), name.end());
  Bytes accept(TW_ACCEPT_LEN);
  EXPECT_EQ(tw_accept_key(&*key + name.size(), accept.data()), TW_OK);
  return join({text("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "), accept,
               text("\r\n\r\n")});
}

Bytes all_output(tw_conn *conn) {
  Bytes out;
  tw_view view = {nullptr, 0};
  size_t count = 1;
  while (count > 0) {
    EXPECT_EQ(tw_conn_output_consume(conn, view.len), TW_OK);
    EXPECT_EQ(tw_conn_output(conn, &view, 1, &count), TW_OK);
    if (count > 0) out.insert(out.end(), view.data, view.data + view.len);
  }
  return out;
}

// Opening handshake, a message in three cut pieces, a ping, a message of ours, a tick.
void open_and_talk(uint32_t role, tw_conn *conn) {
  Bytes head = opening_head(role, all_output(conn));
  ASSERT_EQ(receive(conn, head).status, TW_OK);
  Bytes frames = join({peer_frame(role, 0x02, pattern(3000)), peer_frame(role, 0x89, pattern(100)),
                       peer_frame(role, 0x80, pattern(5000))});
  for (size_t at = 0, len = frames.size() / 3 + 1; at < frames.size(); at += len) {
    Bytes piece(frames.begin() + static_cast<ptrdiff_t>(at),
                frames.begin() + static_cast<ptrdiff_t>(std::min(frames.size(), at + len)));
    ASSERT_EQ(receive(conn, piece).status, TW_OK);
  }
  uint64_t deadline = 0;
  ASSERT_EQ(tw_conn_tick(conn, 1000, &deadline), TW_OK);
  const Bytes message = pattern(2000);
  ASSERT_EQ(tw_conn_send(conn, TW_OPCODE_BINARY, message.data(), message.size(), 0), TW_OK);
  ASSERT_GT(all_output(conn).size(), 2000u);
  Bytes nothing;
  ASSERT_EQ(receive(conn, nothing).status, TW_OK);
}

// Connections of one pool and one configuration, counted by what goes when all but one of them are destroyed.
TEST(HeldMemory, IdleConnectionHoldsAtMost256Bytes) {
  each_role([](uint32_t role) {
    CountingAllocator allocator;
    const tw_allocator c_allocator = allocator.c_api();
    tw_pool_config pool_config = TW_POOL_CONFIG_INIT;
    pool_config.allocator = &c_allocator;
    pool_config.max_idle_len = 1;
    tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
    handshake.host = "h";
    tw_conn_config config = TW_CONN_CONFIG_INIT;
    config.role = role;
    config.handshake = &handshake;
    config.allocator = &c_allocator;
    config.idle_timeout_ns = 5;
    ASSERT_EQ(tw_pool_create(&pool_config, &config.pool), TW_OK);
    std::vector<tw_conn *> conns(100);
    for (tw_conn *&conn : conns) {
      ASSERT_EQ(tw_conn_create(&config, &conn), TW_OK);
      open_and_talk(role, conn);
    }
    const uint64_t all_len = allocator.live_len();
    for (size_t i = 1; i < conns.size(); ++i) tw_conn_destroy(conns[i]);
    EXPECT_LE(all_len - allocator.live_len(), (conns.size() - 1) * 256);
    EXPECT_GT(all_len, allocator.live_len());
    tw_conn_destroy(conns[0]);
    tw_pool_destroy(config.pool);
  });
}

}  // namespace
}  // namespace tidewire
