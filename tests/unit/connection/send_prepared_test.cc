// SPDX-License-Identifier: MIT
// Prepared messages: the bytes of tw_conn_send, shared by the connections that have them queued.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/counting_allocator.h"
#include "tests/unit/connection/sessions.h"
#include "tests/vectors/side_by_side.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

constexpr uint8_t kTakeover = TW_DEFLATE_SEND_TAKEOVER | TW_DEFLATE_RECEIVE_TAKEOVER;

// How a connection compresses: level 0 not at all.
struct Terms {
  uint32_t role;
  uint32_t level;
  uint8_t flags;
  uint8_t window_bits;
};

constexpr Terms kTerms[] = {
    {TW_ROLE_SERVER, 0, 0, 15}, {TW_ROLE_SERVER, 1, 0, 15},         {TW_ROLE_SERVER, 9, 0, 15},
    {TW_ROLE_SERVER, 1, 0, 9},  {TW_ROLE_SERVER, 1, kTakeover, 15}, {TW_ROLE_CLIENT, 0, 0, 15},
    {TW_ROLE_CLIENT, 1, 0, 15}, {TW_ROLE_CLIENT, 1, kTakeover, 15},
};

class Party {
 public:
  explicit Party(const Terms &terms, tw_pool *pool = nullptr, uint32_t min_borrow_len = 0) {
    tw_conn_config config = upgraded(terms.role);
    config.pool = pool;
    config.min_borrow_len = min_borrow_len;
    tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
    deflate.level = terms.level;
    deflate.max_context_len = 1 << 20;
    const tw_deflate negotiated = {1, terms.flags, terms.window_bits, 15, {0}};
    if (terms.level != 0) {
      config.deflate = &deflate;
      config.negotiated = &negotiated;
    }
    EXPECT_EQ(session.create(config), TW_OK);
  }

  EngineSession session;
};

class Message {
 public:
  Message(uint32_t opcode, const Bytes &data, uint32_t flags = 0, tw_pool *pool = nullptr) {
    EXPECT_EQ(tw_prepared_create(opcode, data.data(), data.size(), flags, pool, &prepared_), TW_OK);
  }
  ~Message() { destroy(); }
  Message(const Message &) = delete;
  Message &operator=(const Message &) = delete;

  tw_status send(EngineSession &to) { return tw_conn_send_prepared(to.get(), prepared_); }
  tw_status send(Party &to) { return send(to.session); }
  void destroy() {
    tw_prepared_destroy(prepared_);
    prepared_ = nullptr;
  }

 private:
  tw_prepared *prepared_ = nullptr;
};

Bytes sentences(size_t len) {
  Bytes out;
  for (size_t i = 0; out.size() < len; ++i) {
    const Bytes sentence = text("sentence " + std::to_string(i * i) + ". ");
    out.insert(out.end(), sentence.begin(), sentence.end());
  }
  out.resize(len);
  return out;
}

TEST(SendPrepared, IsToTheByteWhatSendMakes) {
  Rng rng(5);
  const Bytes messages[] = {{}, text("short"), sentences(500), sentences(40000), random_bytes(rng, 9000)};
  for (const Terms &terms : kTerms) {
    for (const uint32_t flags : {0u, TW_SEND_COMPRESS, TW_SEND_NO_COMPRESS}) {
      Party prepared(terms), single(terms);
      for (const Bytes &data : messages) {
        Message message(TW_OPCODE_BINARY, data, flags);
        for (int twice = 0; twice < 2; ++twice) {
          ASSERT_EQ(message.send(prepared), TW_OK);
          ASSERT_EQ(single.session.send(TW_OPCODE_BINARY, data, flags), TW_OK);
        }
        const tw_conn_stats got = prepared.session.stats(), want = single.session.stats();
        ASSERT_EQ(got.bytes_sent, want.bytes_sent);
        ASSERT_EQ(got.messages_sent, want.messages_sent);
        ASSERT_EQ(got.frames_sent, want.frames_sent);
        ASSERT_EQ(got.deflated_sent_len, want.deflated_sent_len);
        ASSERT_EQ(got.inflated_sent_len, want.inflated_sent_len);
        ASSERT_EQ(prepared.session.take_output(), single.session.take_output());
      }
    }
  }
}

// 100 connections hold one copy of the message, and one of its compressed form.
TEST(SendPrepared, BroadcastIsCompressedOnceAndHeldOnce) {
  const Bytes data = sentences(1 << 20);
  for (const Terms &terms : {kTerms[0], kTerms[1]}) {
    CountingAllocator allocator;
    const tw_allocator functions = allocator.c_api();
    IdlePool pool(&functions);
    std::vector<std::unique_ptr<Party>> parties;
    for (int i = 0; i < 100; ++i) parties.push_back(std::make_unique<Party>(terms, pool.get()));
    Message message(TW_OPCODE_TEXT, data, 0, pool.get());
    tw_pool_stats before = TW_POOL_STATS_INIT, after = TW_POOL_STATS_INIT;
    ASSERT_EQ(message.send(*parties[0]), TW_OK);
    ASSERT_EQ(tw_pool_get_stats(pool.get(), &before), TW_OK);
    const uint64_t allocated = allocator.live_len();
    for (size_t i = 1; i < parties.size(); ++i) ASSERT_EQ(message.send(*parties[i]), TW_OK);
    ASSERT_EQ(tw_pool_get_stats(pool.get(), &after), TW_OK);
    EXPECT_LE(after.in_use_len - before.in_use_len, 99u * 256);
    EXPECT_LE(after.hits + after.misses - before.hits - before.misses, 99u) << "no compressor was asked for";
    EXPECT_LT(allocator.live_len() - allocated, 100'000u);
    message.destroy();
    Party single(terms);
    ASSERT_EQ(single.session.send(TW_OPCODE_TEXT, data, 0), TW_OK);
    const Bytes expected = single.session.take_output();
    for (const auto &party : parties) ASSERT_EQ(party->session.take_output(), expected);
  }
}

TEST(SendPrepared, ServerSharesFromTheLengthOn) {
  for (const size_t len : {999u, 1000u}) {
    Party a(kTerms[0], nullptr, 1000), b(kTerms[0], nullptr, 1000);
    Message message(TW_OPCODE_BINARY, pattern(len));
    const tw_view *shown[2];
    tw_view views[2][4];
    for (Party *party : {&a, &b}) {
      size_t count = 0;
      ASSERT_EQ(message.send(*party), TW_OK);
      ASSERT_EQ(tw_conn_output(party->session.get(), views[party == &b], 4, &count), TW_OK);
      ASSERT_EQ(count, 1u) << "header and payload lie together";
      shown[party == &b] = views[party == &b];
    }
    EXPECT_EQ(shown[0]->data == shown[1]->data, len >= 1000);
  }
}

TEST(SendPrepared, QueuedBytesOutliveTheMessage) {
  for (const Terms &terms : kTerms) {
    Party party(terms), other(terms), single(terms);
    {
      Message message(TW_OPCODE_TEXT, sentences(20000));
      ASSERT_EQ(message.send(party), TW_OK);
      ASSERT_EQ(message.send(other), TW_OK);
    }
    ASSERT_EQ(single.session.send(TW_OPCODE_TEXT, sentences(20000), 0), TW_OK);
    ASSERT_EQ(tw_conn_output_consume(party.session.get(), 5), TW_OK);
    const Bytes expected = single.session.take_output(), rest = party.session.take_output();
    EXPECT_EQ(rest, Bytes(expected.begin() + 5, expected.end()));
    // The other connection is destroyed with the message in its queue.
  }
}

TEST(SendPrepared, IsRefusedAsSendIs) {
  Message message(TW_OPCODE_BINARY, pattern(5000));
  Party party(kTerms[0]);
  ASSERT_EQ(party.session.send(TW_OPCODE_BINARY, text("a"), TW_SEND_MORE), TW_OK);
  EXPECT_EQ(message.send(party), TW_ERR_STATE);
  ASSERT_EQ(party.session.send(TW_OPCODE_CONTINUATION, {}, 0), TW_OK);
  EXPECT_EQ(message.send(party), TW_OK);
  ASSERT_EQ(party.session.close(1000, {}), TW_OK);
  EXPECT_EQ(message.send(party), TW_ERR_STATE);
  EXPECT_EQ(party.session.stats().messages_sent, 2u);
}

TEST(SendPrepared, CountsForTheLimitOfTheOutput) {
  each_role([](uint32_t role) {
    Message message(TW_OPCODE_BINARY, pattern(20000));
    const size_t frame_len = own_frame(role, 0x82, pattern(20000)).size();
    tw_conn_config config = upgraded(role);
    config.max_output_len = 2 * frame_len;
    EngineSession session;
    ASSERT_EQ(session.create(config), TW_OK);
    EXPECT_EQ(message.send(session), TW_OK);
    EXPECT_EQ(message.send(session), TW_OK);
    EXPECT_EQ(session.output_len(), 2 * frame_len);
    EXPECT_EQ(message.send(session), TW_ERR_LIMIT_OUTPUT);
    EXPECT_EQ(session.output_len(), 2 * frame_len);
  });
}

TEST(SendPrepared, WithoutMemoryNothingIsQueued) {
  CountingAllocator allocator;
  const tw_allocator functions = allocator.c_api();
  each_role([&](uint32_t role) {
    for (const size_t len : {10, 20000}) {
      Message message(TW_OPCODE_BINARY, pattern(len));
      tw_conn_config config = upgraded(role);
      config.allocator = &functions;
      EngineSession session;
      ASSERT_EQ(session.create(config), TW_OK);
      allocator.fail_after(0);
      EXPECT_EQ(message.send(session), TW_ERR_NO_MEMORY);
      EXPECT_TRUE(session.take_output().empty());
      EXPECT_EQ(session.stats().messages_sent, 0u);
      EXPECT_EQ(message.send(session), TW_OK);
    }
  });
}

TEST(SendPrepared, ThreadsShareAMessage) {
  IdlePool pool;
  const Bytes data = sentences(30000);
  Message message(TW_OPCODE_TEXT, data, 0, pool.get());
  size_t good[2] = {};
  std::vector<std::thread> threads;
  for (size_t &count : good) {
    threads.emplace_back([&] {
      for (int i = 0; i < 40; ++i) {
        const Terms &terms = kTerms[i % 4];
        Party party(terms, pool.get()), single(terms);
        if (message.send(party) != TW_OK || single.session.send(TW_OPCODE_TEXT, data, 0) != TW_OK) return;
        count += party.session.take_output() == single.session.take_output();
      }
    });
  }
  for (std::thread &thread : threads) thread.join();
  EXPECT_EQ(good[0], 40u);
  EXPECT_EQ(good[1], 40u);
}

}  // namespace
}  // namespace tidewire
