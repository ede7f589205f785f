// SPDX-License-Identifier: MIT
// Connections in several threads over one pool, with compression: an object belongs to one thread at a time, the pool
// to all of them. ThreadSanitizer makes the most of this test.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tests/unit/connection/sessions.h"
#include "tests/vectors/side_by_side.h"

namespace tidewire {
namespace {

using namespace tidewire::test;
using reference::Event;

constexpr size_t kThreads = 2;
constexpr size_t kConnections = 8;  // of each thread
constexpr size_t kMessages = 20;    // of each connection

// Takes over contexts in every second connection.
struct Compression {
  tw_deflate_config config = TW_DEFLATE_CONFIG_INIT;
  tw_deflate negotiated = {1, 0, 15, 15, {}};

  explicit Compression(bool takeover) {
    if (!takeover) return;
    config.max_context_len = 1 << 20;
    negotiated.flags = TW_DEFLATE_SEND_TAKEOVER | TW_DEFLATE_RECEIVE_TAKEOVER;
  }
};

// Sends messages from one side to the other, and gives how many came as they were sent.
size_t talk(const Compression &compression, tw_pool *pool, size_t seed) {
  EngineSession sides[2];
  for (const uint32_t role : kRoles) {
    tw_conn_config config = upgraded(role);
    config.pool = pool;
    config.deflate = &compression.config;
    config.negotiated = &compression.negotiated;
    if (sides[role].create(config) != TW_OK) return 0;
  }
  size_t arrived = 0;
  for (size_t i = 0; i < kMessages; ++i) {
    EngineSession &from = sides[i % 2], &to = sides[1 - i % 2];
    const Bytes message = pattern(100 + 997 * ((seed + i) % 40), i);
    std::vector<Event> events;
    uint64_t deadline = 0;
    if (from.tick(i * 1'000'000, &deadline) != TW_OK) return arrived;
    if (from.send(TW_OPCODE_BINARY, message, 0) != TW_OK) return arrived;
    if (to.receive(from.take_output(), 4, &events) != TW_OK) return arrived;
    if (events.size() == 1 && events[0].data == message) ++arrived;
  }
  return arrived;
}

TEST(Threads, ConnectionsShareAPool) {
  IdlePool pool;
  size_t arrived[kThreads] = {};
  std::vector<std::thread> threads;
  for (size_t id = 0; id < kThreads; ++id) {
    threads.emplace_back([&pool, &arrived, id] {
      for (size_t i = 0; i < kConnections; ++i) arrived[id] += talk(Compression(i % 2 == 0), pool.get(), id * 7 + i);
    });
  }
  for (std::thread &thread : threads) thread.join();
  for (const size_t count : arrived) EXPECT_EQ(count, kConnections * kMessages);
}

// Threads that come and go leave nothing behind that the next one, or another at the same time, stumbles over.
TEST(Threads, ComeAndGoOverAPool) {
  IdlePool pool;
  std::vector<std::thread> threads;
  for (size_t id = 0; id < kThreads; ++id) {
    threads.emplace_back([&pool, id] {
      for (size_t i = 0; i < kConnections; ++i) {
        size_t arrived = 0;
        std::thread([&] {
          arrived = talk(Compression(i % 2 == 0), pool.get(), id * 7 + i);
          EXPECT_EQ(tw_pool_trim(pool.get(), 0), TW_OK);
        }).join();
        EXPECT_EQ(arrived, kMessages);
      }
    });
  }
  for (std::thread &thread : threads) thread.join();
  tw_pool_stats stats = TW_POOL_STATS_INIT;
  ASSERT_EQ(tw_pool_get_stats(pool.get(), &stats), TW_OK);
  EXPECT_EQ(stats.in_use_len, 0u);
  EXPECT_EQ(stats.idle_len, 0u);
}

}  // namespace
}  // namespace tidewire
