// SPDX-License-Identifier: MIT
// Batches of messages: the same as one call for each of them, in few views and without allocations.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/support/counting_allocator.h"
#include "tests/unit/connection/sessions.h"
#include "tests/vectors/side_by_side.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

struct Outgoing {
  uint32_t opcode;
  uint32_t flags;
  Bytes data;
};

struct BatchResult {
  tw_status status;
  size_t count;
};

// Of copies that are freed with the call, unless they are borrowed: then `kept` has them.
BatchResult send_batch(tw_conn *conn, const std::vector<Outgoing> &messages, std::vector<Bytes> *kept) {
  kept->clear();
  for (const Outgoing &message : messages) kept->push_back(message.data);
  std::vector<tw_message> batch;
  for (size_t i = 0; i < messages.size(); ++i) {
    batch.push_back({(*kept)[i].data(), (*kept)[i].size(), messages[i].opcode, messages[i].flags});
  }
  BatchResult out = {TW_OK, batch.size() + 1};
  out.status = tw_conn_send_batch(conn, batch.data(), batch.size(), &out.count);
  for (size_t i = 0; i < messages.size(); ++i) {
    if ((messages[i].flags & TW_SEND_BORROW) == 0) (*kept)[i].assign((*kept)[i].size(), 0xDD);
  }
  return out;
}

BatchResult send_each(tw_conn *conn, std::vector<Outgoing> *messages) {
  for (size_t i = 0; i < messages->size(); ++i) {
    const Outgoing &message = (*messages)[i];
    const tw_status status =
        tw_conn_send(conn, message.opcode, message.data.data(), message.data.size(), message.flags);
    if (status != TW_OK) return {status, i};
  }
  return {TW_OK, messages->size()};
}

// Most are small and whole; some are what a batch must not treat like those.
std::vector<Outgoing> random_messages(Rng &rng, bool *fragmented) {
  std::vector<Outgoing> out(pick(rng, 0, 150));
  for (Outgoing &message : out) {
    const bool plain = rng() % 16 != 0;
    message.opcode = *fragmented ? TW_OPCODE_CONTINUATION : rng() % 2 == 0 ? TW_OPCODE_TEXT : TW_OPCODE_BINARY;
    message.flags = 0;
    message.data = Bytes(rng() % 40 == 0 ? pick(rng, 0, 70000) : pick(rng, 0, 200), 'a');
    if (plain) continue;
    constexpr uint32_t kFlags[] = {TW_SEND_MORE,
                                   TW_SEND_VALID_UTF8,
                                   TW_SEND_NO_COMPRESS,
                                   TW_SEND_BORROW,
                                   TW_SEND_BORROW | TW_SEND_MASK_IN_PLACE,
                                   TW_SEND_COMPRESS};
    message.flags = kFlags[rng() % 6];
    if (*fragmented) message.flags &= ~(TW_SEND_COMPRESS | TW_SEND_NO_COMPRESS);
    *fragmented = (message.flags & TW_SEND_MORE) != 0;
    if (rng() % 40 == 0) message.opcode = static_cast<uint32_t>(rng() % 4);  // perhaps out of order
    if (rng() % 40 == 0) message.data = Bytes(3, 0xFF);                      // perhaps no text
    if (rng() % 40 == 0) message.flags = 0x40;
  }
  return out;
}

bool same_stats(const tw_conn_stats &a, const tw_conn_stats &b) {
  return a.bytes_sent == b.bytes_sent && a.messages_sent == b.messages_sent && a.frames_sent == b.frames_sent &&
         a.deflated_sent_len == b.deflated_sent_len && a.inflated_sent_len == b.inflated_sent_len;
}

TEST(SendBatch, DoesWhatSingleSendsDo) {
  const tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  const tw_deflate terms = {1, 0, 15, 15, {0}};
  Rng rng(21);
  size_t refused = 0, whole = 0;
  for (int i = 0; i < 600; ++i) {
    tw_conn_config config = upgraded(kRoles[i % 2]);
    if (i % 4 >= 2) {
      config.deflate = &deflate;
      config.negotiated = &terms;
    }
    if (i % 5 == 0) config.max_output_len = pick(rng, 1, 20000);
    config.min_borrow_len = static_cast<uint32_t>(pick(rng, 1, 300));
    config.output_high_len = 3000;
    EngineSession batched, single;
    ASSERT_EQ(batched.create(config), TW_OK);
    ASSERT_EQ(single.create(config), TW_OK);
    bool fragmented = false;
    std::vector<Bytes> kept;
    for (int round = 0; round < 3; ++round) {
      std::vector<Outgoing> messages = random_messages(rng, &fragmented);
      const BatchResult got = send_batch(batched.get(), messages, &kept), want = send_each(single.get(), &messages);
      ASSERT_EQ(got.status, want.status) << i;
      ASSERT_EQ(got.count, want.count) << i;
      ASSERT_EQ(batched.wants(), single.wants()) << i;
      ASSERT_TRUE(same_stats(batched.stats(), single.stats())) << i;
      ASSERT_EQ(batched.take_output(), single.take_output()) << i;
      (want.status == TW_OK ? whole : refused)++;
      if (want.status != TW_OK) break;
    }
  }
  EXPECT_GT(refused, 50u);
  EXPECT_GT(whole, 300u);
}

TEST(SendBatch, StopsAtTheMessageThatIsRefused) {
  EngineSession session;
  ASSERT_EQ(session.create(upgraded(TW_ROLE_SERVER)), TW_OK);
  const uint8_t bytes[] = {'a', 0xFF};
  const tw_message good = {bytes, 1, TW_OPCODE_TEXT, 0};
  const struct {
    tw_message message;
    tw_status status;
  } cases[] = {
      {{bytes, 2, TW_OPCODE_TEXT, 0}, TW_ERR_TEXT},
      {{bytes, 1, TW_OPCODE_CONTINUATION, 0}, TW_ERR_STATE},
      {{bytes, 1, TW_OPCODE_PING, 0}, TW_ERR_ARGUMENT},
      {{bytes, 1, 256 + TW_OPCODE_TEXT, 0}, TW_ERR_ARGUMENT},
      {{bytes, 1, TW_OPCODE_TEXT, TW_SEND_MASK_IN_PLACE}, TW_ERR_ARGUMENT},
      {{nullptr, 1, TW_OPCODE_TEXT, 0}, TW_ERR_NULL},
      {{bytes, SIZE_MAX, TW_OPCODE_BINARY, 0}, TW_ERR_LIMIT_OUTPUT},
  };
  for (const auto &one : cases) {
    const tw_message batch[] = {good, good, one.message, good};
    size_t count = 99;
    EXPECT_EQ(tw_conn_send_batch(session.get(), batch, 4, &count), one.status);
    EXPECT_EQ(count, 2u);
    EXPECT_EQ(session.take_output(), hex("810161 810161"));
  }
}

TEST(SendBatch, NothingIsSentOnceClosed) {
  EngineSession session;
  ASSERT_EQ(session.create(upgraded(TW_ROLE_SERVER)), TW_OK);
  ASSERT_EQ(session.close(1000, {}), TW_OK);
  const tw_message message = {nullptr, 0, TW_OPCODE_TEXT, 0};
  size_t count = 99;
  EXPECT_EQ(tw_conn_send_batch(session.get(), &message, 1, &count), TW_ERR_STATE);
  EXPECT_EQ(count, 0u);
  EXPECT_EQ(tw_conn_send_batch(session.get(), nullptr, 0, &count), TW_OK);
}

TEST(SendBatch, WithoutMemoryWhatFitsIsQueued) {
  CountingAllocator allocator;
  const tw_allocator functions = allocator.c_api();
  tw_conn_config config = upgraded(TW_ROLE_SERVER);
  config.allocator = &functions;
  EngineSession session;
  ASSERT_EQ(session.create(config), TW_OK);
  const Bytes data = pattern(100);
  const std::vector<tw_message> batch(100, tw_message{data.data(), data.size(), TW_OPCODE_BINARY, 0});
  allocator.fail_after(1, true);  // after the first segment
  size_t count = 0;
  EXPECT_EQ(tw_conn_send_batch(session.get(), batch.data(), batch.size(), &count), TW_ERR_NO_MEMORY);
  EXPECT_GT(count, 30u);
  allocator.never_fail();
  EXPECT_EQ(session.take_output().size(), count * 102);
}

TEST(SendBatch, WithoutRandomBytesNothingIsQueued) {
  CountingRandom none{Bytes()};
  const tw_random no_random = none.c_api();
  tw_conn_config config = upgraded(TW_ROLE_CLIENT);
  config.random = &no_random;
  EngineSession session;
  ASSERT_EQ(session.create(config), TW_OK);
  const std::vector<tw_message> batch(20, tw_message{nullptr, 0, TW_OPCODE_BINARY, 0});
  size_t count = 99;
  EXPECT_EQ(tw_conn_send_batch(session.get(), batch.data(), batch.size(), &count), TW_ERR_RANDOM);
  EXPECT_EQ(count, 0u);
  EXPECT_TRUE(session.take_output().empty());
}

// One write for everything that was queued across a read.
TEST(SendBatch, HundredMessagesAreFewViews) {
  each_role([](uint32_t role) {
    EngineSession batched, single;
    ASSERT_EQ(batched.create(upgraded(role)), TW_OK);
    ASSERT_EQ(single.create(upgraded(role)), TW_OK);
    const Bytes data = pattern(30);
    const std::vector<tw_message> batch(100, tw_message{data.data(), data.size(), TW_OPCODE_BINARY, 0});
    size_t count = 0;
    ASSERT_EQ(tw_conn_send_batch(batched.get(), batch.data(), batch.size(), &count), TW_OK);
    for (int i = 0; i < 100; ++i) ASSERT_EQ(single.send(TW_OPCODE_BINARY, data, 0), TW_OK);
    for (EngineSession *session : {&batched, &single}) {
      tw_view views[8];
      ASSERT_EQ(tw_conn_output(session->get(), views, 8, &count), TW_OK);
      EXPECT_EQ(count, 1u);
      EXPECT_EQ(views[0].len, session->output_len());
    }
  });
}

// Each way to send, with a pool, once it has been used.
TEST(SendBatch, NoWayToSendAllocatesInTheLongRun) {
  each_role([](uint32_t role) {
    CountingAllocator allocator;
    const tw_allocator functions = allocator.c_api();
    IdlePool pool(&functions);
    tw_conn_config config = upgraded(role);
    config.allocator = &functions;
    config.pool = pool.get();
    EngineSession session;
    ASSERT_EQ(session.create(config), TW_OK);
    Bytes small = pattern(100), large = pattern(20000);
    const std::vector<tw_message> batch(50, tw_message{small.data(), small.size(), TW_OPCODE_BINARY, 0});
    tw_prepared *prepared = nullptr;
    ASSERT_EQ(tw_prepared_create(TW_OPCODE_BINARY, large.data(), large.size(), 0, pool.get(), &prepared), TW_OK);
    uint64_t before = 0;
    for (int round = 0; round < 50; ++round) {
      if (round == 5) before = allocator.allocations();
      size_t count = 0;
      ASSERT_EQ(session.send(TW_OPCODE_BINARY, small, 0), TW_OK);
      ASSERT_EQ(tw_conn_send_batch(session.get(), batch.data(), batch.size(), &count), TW_OK);
      ASSERT_EQ(session.send(TW_OPCODE_BINARY, large, TW_SEND_BORROW | TW_SEND_MASK_IN_PLACE), TW_OK);
      ASSERT_EQ(tw_conn_send_prepared(session.get(), prepared), TW_OK);
      ASSERT_EQ(tw_conn_output_consume(session.get(), session.output_len()), TW_OK);
    }
    EXPECT_EQ(allocator.allocations(), before);
    tw_prepared_destroy(prepared);
  });
}

}  // namespace
}  // namespace tidewire
