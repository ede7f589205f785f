// SPDX-License-Identifier: MIT
// Memory and randomness that run out: every allocation of a session fails once, alone and with all that follow it. The
// status is clean, nothing leaks, and a call that queued nothing can be made again.
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "tests/support/counting_allocator.h"
#include "tests/unit/connection/sessions.h"

namespace tidewire {
namespace {

using namespace tidewire::test;
using reference::Event;

// What a session may return when memory is short: success, or that.
void expect_clean(tw_status status) {
  EXPECT_TRUE(status == TW_OK || status == TW_ERR_NO_MEMORY || status == TW_ERR_STATE) << tw_status_name(status);
}

// Handshake, fragments, cut frames, replies, output, closing: everything that allocates.
void whole_session(uint32_t role, tw_conn_config config) {
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  const char *const names[] = {"chat"};
  handshake.host = "example.com";
  handshake.subprotocols = names;
  handshake.subprotocol_count = 1;
  config.role = role;
  config.flags = 0;
  config.handshake = &handshake;
  EngineSession session;
  const tw_status created = session.create(config);
  expect_clean(created);
  if (created != TW_OK) {
    EXPECT_EQ(session.get(), nullptr);
    return;
  }
  const Bytes stream = join({peer_head(role), peer_frame(role, 0x81, text("Hello")),
                             peer_frame(role, 0x02, pattern(700)), peer_frame(role, 0x89, pattern(100)),
                             peer_frame(role, 0x80, pattern(700)), peer_frame(role, 0x88, hex("03e8 627965"))});
  std::vector<Event> events;
  tw_status failed = TW_OK;
  for (size_t at = 0; at < stream.size(); at += 97) {
    const auto begin = stream.begin() + static_cast<ptrdiff_t>(at);
    const Bytes piece(begin, begin + static_cast<ptrdiff_t>(std::min<size_t>(97, stream.size() - at)));
    const tw_status status = session.receive(piece, 2, &events);
    expect_clean(status);
    EXPECT_TRUE(failed == TW_OK || status == failed) << "a failed connection says so again";
    if (status < 0) failed = status;
    if (session.state() == TW_STATE_OPEN) expect_clean(session.send(TW_OPCODE_BINARY, pattern(5000), 0));
  }
  session.take_output();
  EXPECT_EQ(session.state(), TW_STATE_CLOSED);
  EXPECT_EQ(session.error().status, failed);
  EXPECT_TRUE(failed != TW_OK || events.size() == 5) << events.size();
}

// session(allocator) with the n-th allocation failing, for all n.
void fail_each_allocation(const std::function<void(CountingAllocator &)> &session) {
  for (const bool for_ever : {false, true}) {
    for (uint64_t n = 0;; ++n) {
      SCOPED_TRACE("allocation " + std::to_string(n) + (for_ever ? " and all later ones" : ""));
      CountingAllocator allocator;
      allocator.fail_after(n, for_ever);
      session(allocator);
      if (::testing::Test::HasFailure()) return;
      if (allocator.failures() == 0) {
        EXPECT_GT(n, 5u) << "the session hardly allocates";
        break;
      }
    }
  }
}

TEST(Failure, OfEachAllocation) {
  each_role([](uint32_t role) {
    fail_each_allocation([role](CountingAllocator &allocator) {
      const tw_allocator c_allocator = allocator.c_api();
      tw_conn_config config = TW_CONN_CONFIG_INIT;
      config.allocator = &c_allocator;
      whole_session(role, config);
    });
  });
}

TEST(Failure, OfEachAllocationOfAPool) {
  each_role([](uint32_t role) {
    fail_each_allocation([role](CountingAllocator &allocator) {
      const tw_allocator c_allocator = allocator.c_api();
      tw_pool_config pool_config = TW_POOL_CONFIG_INIT;
      pool_config.allocator = &c_allocator;
      tw_pool *pool = nullptr;
      const tw_status status = tw_pool_create(&pool_config, &pool);
      expect_clean(status);
      tw_conn_config config = TW_CONN_CONFIG_INIT;
      config.allocator = &c_allocator;
      config.pool = pool;
      if (status == TW_OK) whole_session(role, config);
      tw_pool_destroy(pool);
    });
  });
}

TEST(Failure, OfACallQueuesNothingAndItCanBeMadeAgain) {
  each_role([](uint32_t role) {
    CountingAllocator allocator;
    const tw_allocator c_allocator = allocator.c_api();
    tw_conn_config config = upgraded(role);
    config.allocator = &c_allocator;
    const auto retried = [&](const std::function<tw_status(EngineSession &)> &call) {
      EngineSession session;
      EXPECT_EQ(session.create(config), TW_OK);
      allocator.fail_after(0);
      EXPECT_EQ(call(session), TW_ERR_NO_MEMORY);
      EXPECT_EQ(session.state(), TW_STATE_OPEN);
      EXPECT_EQ(session.wants(), TW_WANT_READ);
      EXPECT_EQ(call(session), TW_OK);
      return session.take_output();
    };
    EXPECT_EQ(retried([](EngineSession &s) { return s.send(TW_OPCODE_TEXT, text("a"), 0); }).front(), 0x81);
    EXPECT_EQ(retried([](EngineSession &s) { return s.send(TW_OPCODE_TEXT, hex("c3"), TW_SEND_MORE); }).front(), 0x01);
    EXPECT_EQ(retried([](EngineSession &s) { return s.ping(text("a")); }).front(), 0x89);
    EXPECT_EQ(retried([](EngineSession &s) { return s.pong(text("a")); }).front(), 0x8A);
    EXPECT_EQ(retried([](EngineSession &s) { return s.close(1000, {}); }).front(), 0x88);
  });
}

// Without memory for the close frame the error says that the peer was not told.
TEST(Failure, OfTheCloseFrameIsReportedAs1006) {
  CountingAllocator allocator;
  const tw_allocator c_allocator = allocator.c_api();
  tw_conn_config config = upgraded(TW_ROLE_SERVER);
  config.allocator = &c_allocator;
  EngineSession session;
  ASSERT_EQ(session.create(config), TW_OK);
  allocator.fail_after(0, true);
  std::vector<Event> events;
  EXPECT_EQ(session.receive(peer_frame(TW_ROLE_SERVER, 0x83), 1, &events), TW_ERR_OPCODE);
  EXPECT_TRUE(session.take_output().empty());
  EXPECT_EQ(session.error().close_code, 1006u);
  allocator.never_fail();
}

TEST(Failure, OfTheMessageBufferFailsTheConnection) {
  CountingAllocator allocator;
  const tw_allocator c_allocator = allocator.c_api();
  tw_conn_config config = upgraded(TW_ROLE_SERVER);
  config.allocator = &c_allocator;
  EngineSession session;
  ASSERT_EQ(session.create(config), TW_OK);
  allocator.fail_after(0);
  std::vector<Event> events;
  EXPECT_EQ(session.receive(peer_frame(TW_ROLE_SERVER, 0x01, text("a")), 1, &events), TW_ERR_NO_MEMORY);
  EXPECT_EQ(session.error().close_code, 1011u);
  EXPECT_EQ(session.take_output(), hex("8802 03f3"));
}

// A random source that gives `left` more bytes and then fails.
struct DryingRandom {
  size_t left;

  tw_random c_api() { return {&fill, this}; }
  static int32_t fill(void *context, uint8_t *out, size_t len) {
    auto *self = static_cast<DryingRandom *>(context);
    if (len > self->left) return -1;
    self->left -= len;
    for (size_t i = 0; i < len; ++i) out[i] = static_cast<uint8_t>(i);
    return 0;
  }
};

TEST(Failure, OfTheRandomSourceRefusesTheRequest) {
  DryingRandom dry = {15};
  const tw_random random = dry.c_api();
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  handshake.host = "h";
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  config.role = TW_ROLE_CLIENT;
  config.handshake = &handshake;
  config.random = &random;
  EngineSession session;
  EXPECT_EQ(session.create(config), TW_ERR_RANDOM);
  EXPECT_EQ(session.get(), nullptr);
}

TEST(Failure, OfTheRandomSourceQueuesNoUnmaskedFrame) {
  DryingRandom dry = {0};
  const tw_random random = dry.c_api();
  tw_conn_config config = upgraded(TW_ROLE_CLIENT);
  config.random = &random;
  EngineSession session;
  ASSERT_EQ(session.create(config), TW_OK);
  EXPECT_EQ(session.send(TW_OPCODE_TEXT, text("a"), 0), TW_ERR_RANDOM);
  EXPECT_EQ(session.ping({}), TW_ERR_RANDOM);
  EXPECT_EQ(session.close(1000, {}), TW_ERR_RANDOM);
  EXPECT_EQ(session.state(), TW_STATE_OPEN);
  EXPECT_TRUE(session.take_output().empty());
  dry.left = 64;
  EXPECT_EQ(session.send(TW_OPCODE_TEXT, text("a"), 0), TW_OK);
  EXPECT_FALSE(session.take_output().empty());
}

TEST(Failure, OfTheRandomSourceForAPongFailsTheConnection) {
  DryingRandom dry = {0};
  const tw_random random = dry.c_api();
  tw_conn_config config = upgraded(TW_ROLE_CLIENT);
  config.random = &random;
  EngineSession session;
  ASSERT_EQ(session.create(config), TW_OK);
  std::vector<Event> events;
  EXPECT_EQ(session.receive(peer_frame(TW_ROLE_CLIENT, 0x89), 1, &events), TW_ERR_RANDOM);
  EXPECT_TRUE(session.take_output().empty());
  EXPECT_EQ(session.state(), TW_STATE_CLOSED);
  EXPECT_EQ(session.error().close_code, 1006u) << "there was no key for a close frame either";
}

TEST(Failure, OfAServerNeedsNoRandomSource) {
  DryingRandom dry = {0};
  const tw_random random = dry.c_api();
  tw_conn_config config = upgraded(TW_ROLE_SERVER);
  config.random = &random;
  EngineSession session;
  ASSERT_EQ(session.create(config), TW_OK);
  EXPECT_EQ(session.send(TW_OPCODE_TEXT, text("a"), 0), TW_OK);
  EXPECT_EQ(session.take_output(), hex("810161"));
}

}  // namespace
}  // namespace tidewire
