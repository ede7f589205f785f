// SPDX-License-Identifier: MIT
// Known ways to hurt a WebSocket implementation with compression, one test for each.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/connection/victim.h"

namespace tidewire {
namespace {

using namespace tidewire::test;
using reference::Event;

constexpr size_t kMiB = 1 << 20;

// 10 KiB that mean 10 MiB, with all limits as they are by default.
TEST(Hazard, DecompressionBomb) {
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  each_role([&](uint32_t role) {
    const Bytes bomb = deflated_message(role, Bytes(10 * kMiB));
    ASSERT_LT(bomb.size(), 11 * 1024u);
    for (const size_t piece_len : {bomb.size(), size_t{100}}) {
      Victim victim(compressing(role, &deflate));
      EXPECT_EQ(victim.feed_pieces(bomb, piece_len), TW_ERR_LIMIT_RATIO);
      EXPECT_LE(victim.peak_len(), 4 * kMiB);
      EXPECT_EQ(victim.error().close_code, 1009u);
      EXPECT_STREQ(victim.error().limit, "max_ratio");
    }
  });
}

TEST(Hazard, DecompressionBombInManyFrames) {
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  each_role([&](uint32_t role) {
    Victim victim(compressing(role, &deflate));
    EXPECT_EQ(victim.feed(deflated_message(role, Bytes(10 * kMiB), 100000)), TW_ERR_LIMIT_RATIO);
    EXPECT_LE(victim.peak_len(), 4 * kMiB);
  });
}

// The ratio of a message is judged from 64 KiB on. Below that, each costs no more than its buffer, for as long as it
// lives.
TEST(Hazard, ManySmallBombs) {
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  each_role([&](uint32_t role) {
    Victim victim(compressing(role, &deflate));
    const Bytes bomb = deflated_message(role, Bytes(64 << 10));
    for (int i = 0; i < 200; ++i) ASSERT_EQ(victim.feed(bomb), TW_OK);
    EXPECT_EQ(victim.events(TW_EVENT_MESSAGE), 200u);
    EXPECT_LE(victim.peak_len(), 256u << 10);
  });
}

TEST(Hazard, InflatedMessageBeyondTheLimit) {
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  Rng rng(1);
  const Bytes message = random_bytes(rng, 5000);
  each_role([&](uint32_t role) {
    tw_conn_config config = compressing(role, &deflate);
    const Bytes frames = deflated_message(role, message);
    config.max_message_len = 5000;
    Victim enough(config);
    EXPECT_EQ(enough.feed(frames), TW_OK);
    EXPECT_EQ(enough.events(TW_EVENT_MESSAGE), 1u);
    config.max_message_len = 4999;
    for (const size_t piece_len : {frames.size(), size_t{1}}) {
      Victim victim(config);
      EXPECT_EQ(victim.feed_pieces(frames, piece_len), TW_ERR_LIMIT_MESSAGE);
    }
  });
}

// No bytes that are no DEFLATE do more than fail the connection, the same however they are cut. Buffers are of the
// exact size, so that a sanitizer sees a byte beyond them.
TEST(Hazard, GarbageInsteadOfDeflate) {
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  each_role([&](uint32_t role) {
    Rng rng(role + 7);
    size_t faults = 0;
    for (int i = 0; i < 1000; ++i) {
      const Bytes frame = peer_frame(role, 0xC2, random_bytes(rng, pick(rng, 0, 300)));
      Victim whole(compressing(role, &deflate));
      const tw_status status = whole.feed(frame);
      EXPECT_TRUE(status == TW_OK || status == TW_ERR_DEFLATE) << tw_status_name(status);
      Victim cut(compressing(role, &deflate));
      EXPECT_EQ(cut.feed_pieces(frame, pick(rng, 1, 9)), status);
      EXPECT_EQ(cut.events(TW_EVENT_MESSAGE), whole.events(TW_EVENT_MESSAGE));
      faults += status != TW_OK ? 1 : 0;
    }
    EXPECT_GT(faults, 900u);
  });
}

TEST(Hazard, TextHiddenInCompression) {
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  each_role([&](uint32_t role) {
    const Bytes stored = hex("00 04 00 fb ff 61 c0 80 62 00");  // "a", C0 80, "b" in a stored block
    for (const size_t piece_len : {size_t{100}, size_t{1}}) {
      Victim victim(compressing(role, &deflate));
      EXPECT_EQ(victim.feed_pieces(peer_frame(role, 0xC1, stored), piece_len), TW_ERR_UTF8);
      EXPECT_EQ(victim.error().close_code, 1007u);
    }
  });
}

// A control frame between the fragments has nothing to do with the message.
TEST(Hazard, PingInsideACompressedMessage) {
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  each_role([&](uint32_t role) {
    EngineSession session;
    ASSERT_EQ(session.create(compressing(role, &deflate)), TW_OK);
    std::vector<Event> events;
    const Bytes hello = hex("f2 48 cd c9 c9 07 00");  // RFC 7692 §7.2.3.1
    ASSERT_EQ(session.receive(peer_frame(role, 0x41, Bytes(hello.begin(), hello.begin() + 3)), 4, &events), TW_OK);
    ASSERT_EQ(session.receive(peer_frame(role, 0x8A, text("q")), 4, &events), TW_OK);
    ASSERT_EQ(session.receive(peer_frame(role, 0x89, hello), 4, &events), TW_OK);
    ASSERT_EQ(session.receive(peer_frame(role, 0x80, Bytes(hello.begin() + 3, hello.end())), 4, &events), TW_OK);
    ASSERT_EQ(events.size(), 3u);
    EXPECT_EQ(events[1].data, hello);
    EXPECT_EQ(events[2].data, text("Hello"));
  });
}

// Without takeover nothing of the compression library is held between messages, in either direction.
TEST(Hazard, CompressionStateOfIdleConnections) {
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  each_role([&](uint32_t role) {
    Victim victim(compressing(role, &deflate));
    const uint64_t idle_len = victim.held_len();
    EXPECT_LE(idle_len, 1024u);
    ASSERT_EQ(victim.feed(deflated_message(role, pattern(5000))), TW_OK);
    ASSERT_EQ(victim.send(pattern(5000), TW_SEND_COMPRESS), TW_OK);
    EXPECT_GT(victim.peak_len(), 200000u);
    EXPECT_LT(victim.take_output().size(), 1000u);
    ASSERT_EQ(victim.feed({}), TW_OK);
    EXPECT_EQ(victim.held_len(), idle_len);
    EXPECT_EQ(victim.stats().context_len, 0u);
  });
}

// What a client and a server with these configurations agree on, seen from one of them.
tw_deflate agree(const tw_handshake_config &client, const tw_handshake_config &server, uint32_t role) {
  const uint8_t *key = reinterpret_cast<const uint8_t *>("dGhlIHNhbXBsZSBub25jZQ==");
  Bytes data(1024);
  size_t len = 0;
  tw_head head;
  tw_agreement theirs = {}, ours = {};
  EXPECT_EQ(tw_request_build(&client, key, data.data(), data.size(), &len), TW_OK);
  EXPECT_EQ(tw_head_init(&head, TW_ROLE_SERVER, nullptr), TW_OK);
  EXPECT_EQ(tw_head_parse(&head, data.data(), len, &len), TW_OK);
  EXPECT_EQ(tw_request_check(&head, data.data(), &server, &theirs), TW_OK);
  EXPECT_EQ(tw_response_build(&server, &theirs, data.data(), data.size(), &len), TW_OK);
  EXPECT_EQ(tw_head_init(&head, TW_ROLE_CLIENT, nullptr), TW_OK);
  EXPECT_EQ(tw_head_parse(&head, data.data(), len, &len), TW_OK);
  EXPECT_EQ(tw_response_check(&head, data.data(), &client, key, &ours), TW_OK);
  return role == TW_ROLE_CLIENT ? ours.deflate : theirs.deflate;
}

// With takeover what stays is no more than the budget, which the handshake keeps to: it agrees on nothing beyond it.
TEST(Hazard, CompressionStateBeyondItsBudget) {
  each_role([](uint32_t role) {
    for (const uint64_t budget : {0, 1000, 40 << 10, 64 << 10, 250 << 10, 400 << 10}) {
      tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT, generous = deflate;
      deflate.max_context_len = budget;
      generous.max_context_len = TW_NEVER;
      tw_handshake_config ours = TW_HANDSHAKE_CONFIG_INIT, theirs = ours;
      ours.host = theirs.host = "h";
      ours.deflate = &deflate;
      theirs.deflate = &generous;
      const bool client = role == TW_ROLE_CLIENT;
      tw_deflate agreed = agree(client ? ours : theirs, client ? theirs : ours, role);
      ASSERT_EQ(agreed.enabled, 1);
      Victim victim(compressing(role, &deflate, &agreed));
      ASSERT_EQ(victim.feed(deflated_message(role, pattern(5000))), TW_OK);
      ASSERT_EQ(victim.send(pattern(5000), TW_SEND_COMPRESS), TW_OK);
      victim.take_output();
      ASSERT_EQ(victim.feed({}), TW_OK);
      EXPECT_LE(victim.stats().context_len, budget);
      EXPECT_LE(victim.held_len(), budget + 1024);
      EXPECT_EQ(victim.stats().context_len > 0, budget >= (64 << 10));
    }
  });
}

// A frame of the peer that refers further back than messages go that were taken over.
TEST(Hazard, ReferenceBeforeTheFirstByte) {
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  each_role([&](uint32_t role) {
    const Bytes again = hex("f2 00 11 00 00");  // RFC 7692 §7.2.3.2: "Hello", five bytes back
    Victim without(compressing(role, &deflate));
    ASSERT_EQ(without.feed(peer_frame(role, 0xC1, hex("f2 48 cd c9 c9 07 00"))), TW_OK);
    EXPECT_EQ(without.feed(peer_frame(role, 0xC1, again)), TW_ERR_DEFLATE);
    Victim with(compressing(role, &deflate, &kDeflatedWithTakeover));
    ASSERT_EQ(with.feed(peer_frame(role, 0xC1, hex("f2 48 cd c9 c9 07 00"))), TW_OK);
    EXPECT_EQ(with.feed(peer_frame(role, 0xC1, again)), TW_OK);
    EXPECT_EQ(with.events(TW_EVENT_MESSAGE), 2u);
  });
}

}  // namespace
}  // namespace tidewire
