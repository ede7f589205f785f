// SPDX-License-Identifier: MIT
// Compressed messages as they are sent: which ones, how they look on the wire, what they hold.
#include <gtest/gtest.h>

#include <vector>

#include "tests/reference/inflate_ref.h"
#include "tests/support/counting_allocator.h"
#include "tests/unit/connection/sessions.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

constexpr uint8_t kTakeover = TW_DEFLATE_SEND_TAKEOVER | TW_DEFLATE_RECEIVE_TAKEOVER;

// One frame of the output.
struct SentFrame {
  uint8_t first;
  Bytes payload;  // unmasked
};

// A connection that compresses, and its output read by the reference.
class Compressing {
 public:
  explicit Compressing(uint32_t role, uint8_t flags = 0) : role_(role) {
    terms_ = {1, flags, 15, 15, {0}};
    allocator_ = allocator.c_api();
    config = upgraded(role);
    config.allocator = &allocator_;
    config.deflate = &deflate;
    config.negotiated = &terms_;
  }

  tw_status send(uint32_t opcode, const Bytes &data, uint32_t flags = 0) {
    if (session.get() == nullptr) {
      EXPECT_EQ(session.create(config), TW_OK);
    }
    return session.send(opcode, data, flags);
  }

  std::vector<SentFrame> frames() {
    Bytes wire = session.take_output();
    std::vector<tw_frame> decoded(64);
    size_t count = 0, consumed = 0;
    const uint32_t rules =
        TW_DECODE_ALLOW_RSV1 | (role_ == TW_ROLE_CLIENT ? TW_DECODE_REQUIRE_MASKED : TW_DECODE_REQUIRE_UNMASKED);
    EXPECT_EQ(tw_frames_decode(wire.data(), wire.size(), rules, decoded.data(), 64, &count, &consumed), TW_OK);
    std::vector<SentFrame> out;
    for (size_t i = 0; i < count; ++i) {
      const tw_frame &frame = decoded[i];
      const uint8_t first = static_cast<uint8_t>((frame.flags & 0xF0) | frame.opcode);
      out.push_back({first, Bytes(frame.payload, frame.payload + frame.payload_len)});
    }
    return out;
  }

  tw_conn_stats stats() {
    tw_conn_stats out = TW_CONN_STATS_INIT;
    EXPECT_EQ(tw_conn_get_stats(session.get(), &out), TW_OK);
    return out;
  }

  CountingAllocator allocator;
  EngineSession session;
  tw_conn_config config;
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;

 private:
  uint32_t role_;
  tw_allocator allocator_;
  tw_deflate terms_;
};

Bytes inflated(const Bytes &payload, const Bytes &window = {}) {
  const reference::Inflated out = reference::inflate(payload, true, window);
  EXPECT_EQ(out.verdict, reference::InflateVerdict::ok);
  return out.bytes;
}

TEST(DeflateSend, MessagesAreCompressedFromTheThresholdOn) {
  each_role([](uint32_t role) {
    Compressing test(role);
    test.deflate.min_len = 50;
    ASSERT_EQ(test.send(TW_OPCODE_TEXT, Bytes(49, 'a')), TW_OK);
    ASSERT_EQ(test.send(TW_OPCODE_TEXT, Bytes(50, 'a')), TW_OK);
    const std::vector<SentFrame> frames = test.frames();
    ASSERT_EQ(frames.size(), 2u);
    EXPECT_EQ(frames[0].first, 0x81);
    EXPECT_EQ(frames[0].payload, Bytes(49, 'a'));
    EXPECT_EQ(frames[1].first, 0xC1);
    EXPECT_LT(frames[1].payload.size(), 20u);
    EXPECT_EQ(inflated(frames[1].payload), Bytes(50, 'a'));
  });
}

TEST(DeflateSend, CallerChoosesForEachMessage) {
  Compressing test(TW_ROLE_SERVER);
  ASSERT_EQ(test.send(TW_OPCODE_TEXT, Bytes(1000, 'a'), TW_SEND_NO_COMPRESS), TW_OK);
  ASSERT_EQ(test.send(TW_OPCODE_TEXT, Bytes(20, 'a'), TW_SEND_COMPRESS), TW_OK);
  ASSERT_EQ(test.send(TW_OPCODE_BINARY, {}, TW_SEND_COMPRESS), TW_OK);
  EXPECT_EQ(test.send(TW_OPCODE_BINARY, {}, TW_SEND_COMPRESS | TW_SEND_NO_COMPRESS), TW_ERR_ARGUMENT);
  const std::vector<SentFrame> frames = test.frames();
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(frames[0].first, 0x81);
  EXPECT_EQ(frames[1].first, 0xC1);
  EXPECT_EQ(frames[2].first, 0xC2);
  EXPECT_EQ(frames[2].payload, hex("00"));
}

TEST(DeflateSend, FragmentsAreOneCompressedMessage) {
  each_role([](uint32_t role) {
    Compressing test(role);
    const Bytes part = pattern(500);
    ASSERT_EQ(test.send(TW_OPCODE_BINARY, part, TW_SEND_MORE), TW_OK);
    ASSERT_EQ(test.session.ping({}), TW_OK);
    ASSERT_EQ(test.send(TW_OPCODE_CONTINUATION, part, TW_SEND_MORE), TW_OK);
    EXPECT_EQ(test.send(TW_OPCODE_CONTINUATION, part, TW_SEND_COMPRESS), TW_ERR_ARGUMENT);
    ASSERT_EQ(test.send(TW_OPCODE_CONTINUATION, {}), TW_OK);
    const std::vector<SentFrame> frames = test.frames();
    ASSERT_EQ(frames.size(), 4u);
    EXPECT_EQ(frames[0].first, 0x42);
    EXPECT_EQ(frames[1].first, 0x89);
    EXPECT_EQ(frames[2].first, 0x00);
    EXPECT_EQ(frames[3].first, 0x80);
    EXPECT_EQ(inflated(join({frames[0].payload, frames[2].payload, frames[3].payload})), join({part, part}));
  });
}

TEST(DeflateSend, WhatDoesNotShrinkIsSentAsItIs) {
  Rng rng(1);
  const Bytes noise = random_bytes(rng, 1000);
  Compressing without(TW_ROLE_CLIENT), with(TW_ROLE_CLIENT, kTakeover);
  ASSERT_EQ(without.send(TW_OPCODE_BINARY, noise), TW_OK);
  ASSERT_EQ(with.send(TW_OPCODE_BINARY, noise), TW_OK);
  const SentFrame plain = without.frames().at(0), deflated = with.frames().at(0);
  EXPECT_EQ(plain.first, 0x82);
  EXPECT_EQ(plain.payload, noise);
  EXPECT_EQ(deflated.first, 0xC2) << "the context goes on";
  EXPECT_EQ(inflated(deflated.payload), noise);
  EXPECT_EQ(without.stats().deflated_sent_len, 0u);
}

TEST(DeflateSend, ContextIsTakenOverOnlyWhereItWasNegotiated) {
  for (const uint8_t flags : {uint8_t{0}, kTakeover}) {
    Compressing test(TW_ROLE_SERVER, flags);
    Rng rng(2);
    const Bytes message = random_bytes(rng, 300);
    Bytes text(600);
    for (size_t i = 0; i < text.size(); ++i)
      text[i] = static_cast<uint8_t>("0123456789abcdef"[message[i / 2] >> 4 * (i % 2) & 15]);
    ASSERT_EQ(test.send(TW_OPCODE_TEXT, text), TW_OK);
    ASSERT_EQ(test.send(TW_OPCODE_TEXT, text), TW_OK);
    const std::vector<SentFrame> frames = test.frames();
    EXPECT_EQ(inflated(frames[0].payload), text);
    EXPECT_EQ(inflated(frames[1].payload, flags != 0 ? text : Bytes()), text);
    EXPECT_EQ(frames[1].payload.size() < 50, flags != 0);
  }
}

TEST(DeflateSend, StateIsHeldOnlyDuringAMessageOrForTakeover) {
  for (const uint8_t flags : {uint8_t{0}, kTakeover}) {
    Compressing test(TW_ROLE_SERVER, flags);
    ASSERT_EQ(test.send(TW_OPCODE_BINARY, {}), TW_OK);
    test.frames();
    const uint64_t before = test.stats().held_len;
    ASSERT_EQ(test.send(TW_OPCODE_BINARY, pattern(500), TW_SEND_MORE), TW_OK);
    EXPECT_GT(test.stats().held_len, before + 200000);
    ASSERT_EQ(test.send(TW_OPCODE_CONTINUATION, {}), TW_OK);
    test.frames();
    EXPECT_EQ(test.stats().held_len, before + test.stats().context_len);
    EXPECT_EQ(test.stats().context_len > 0, flags != 0);
    EXPECT_EQ(test.stats().held_len, test.allocator.live_len());
  }
}

TEST(DeflateSend, WithoutMemoryForAStateTheMessageIsSentAsItIs) {
  Compressing test(TW_ROLE_SERVER);
  test.config.max_memory_len = 100000;
  ASSERT_EQ(test.send(TW_OPCODE_BINARY, Bytes(1000)), TW_OK);
  EXPECT_EQ(test.frames().at(0).first, 0x82);
}

TEST(DeflateSend, FullOutputChangesNothing) {
  for (const uint8_t flags : {uint8_t{0}, kTakeover}) {
    Compressing test(TW_ROLE_SERVER, flags);
    test.config.max_output_len = 5000;
    ASSERT_EQ(test.send(TW_OPCODE_BINARY, pattern(500)), TW_OK);
    EXPECT_EQ(test.send(TW_OPCODE_BINARY, pattern(6000)), TW_ERR_LIMIT_OUTPUT);
    EXPECT_EQ(test.send(TW_OPCODE_BINARY, pattern(6000), TW_SEND_MORE), TW_ERR_LIMIT_OUTPUT);
    ASSERT_EQ(test.send(TW_OPCODE_BINARY, pattern(700)), TW_OK);
    const std::vector<SentFrame> frames = test.frames();
    ASSERT_EQ(frames.size(), 2u);
    EXPECT_EQ(inflated(frames[0].payload), pattern(500));
    EXPECT_EQ(inflated(frames[1].payload, flags != 0 ? pattern(500) : Bytes()), pattern(700));
  }
}

TEST(DeflateSend, NothingIsCompressedWhereItWasNotNegotiated) {
  Compressing test(TW_ROLE_SERVER);
  test.config.negotiated = nullptr;
  ASSERT_EQ(test.send(TW_OPCODE_TEXT, Bytes(1000, 'a'), TW_SEND_COMPRESS), TW_OK);
  EXPECT_EQ(test.frames().at(0).first, 0x81);
}

}  // namespace
}  // namespace tidewire
