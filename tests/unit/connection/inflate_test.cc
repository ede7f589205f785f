// SPDX-License-Identifier: MIT
// Compressed messages as they are received: where they begin and end, what bounds them, what they hold.
#include <gtest/gtest.h>
#include <zlib.h>

#include <vector>

#include "tests/support/counting_allocator.h"
#include "tests/unit/connection/sessions.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

constexpr uint8_t kTakeover = TW_DEFLATE_SEND_TAKEOVER | TW_DEFLATE_RECEIVE_TAKEOVER;

// A compressor of the peer's, which knows the library and not the engine.
class PeerDeflater {
 public:
  explicit PeerDeflater(int level = 9) {
    EXPECT_EQ(deflateInit2(&stream_, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
  }
  ~PeerDeflater() { deflateEnd(&stream_); }
  PeerDeflater(const PeerDeflater &) = delete;
  PeerDeflater &operator=(const PeerDeflater &) = delete;

  Bytes message(const Bytes &data) {
    Bytes out(deflateBound(&stream_, data.size()) + 16);
    stream_.next_in = const_cast<Bytef *>(data.data());
    stream_.avail_in = static_cast<uInt>(data.size());
    stream_.next_out = out.data();
    stream_.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(::deflate(&stream_, Z_SYNC_FLUSH), Z_OK);
    out.resize(out.size() - stream_.avail_out - 4);
    return out;
  }

 private:
  z_stream stream_ = {};
};

// A connection whose peer compresses.
class Compressed {
 public:
  explicit Compressed(uint8_t flags = 0, uint32_t conn_flags = 0) {
    const tw_deflate terms = {1, flags, 15, 15, {0}};
    allocator_ = allocator.c_api();
    config = upgraded(TW_ROLE_SERVER);
    config.flags |= conn_flags;
    config.allocator = &allocator_;
    config.deflate = &deflate;
    terms_ = terms;
    config.negotiated = &terms_;
  }
  ~Compressed() { tw_conn_destroy(conn); }
  Compressed(const Compressed &) = delete;
  Compressed &operator=(const Compressed &) = delete;

  // Feeds a frame, again after each TW_NEED_ROOM; returns the first error.
  tw_status feed(uint8_t first, const Bytes &payload) {
    if (conn == nullptr) {
      EXPECT_EQ(tw_conn_create(&config, &conn), TW_OK);
    }
    Bytes wire = peer_frame(TW_ROLE_SERVER, first, payload);
    for (size_t at = 0;;) {
      const Received received = receive(conn, wire, at);
      calls++;
      at += received.consumed;
      for (const tw_event &event : received.events) {
        got.insert(got.end(), event.data, event.data + event.len);
        longest_event = std::max(longest_event, static_cast<size_t>(event.len));
        last_event = event;
      }
      if (received.status != TW_NEED_ROOM) return received.status;
    }
  }
  tw_conn_stats stats() const {
    tw_conn_stats out = TW_CONN_STATS_INIT;
    EXPECT_EQ(tw_conn_get_stats(conn, &out), TW_OK);
    return out;
  }
  std::string limit() const {
    tw_error error = TW_ERROR_INIT;
    EXPECT_EQ(tw_conn_get_error(conn, &error), TW_OK);
    return error.limit == nullptr ? "" : error.limit;
  }

  CountingAllocator allocator;
  tw_conn_config config;
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  tw_conn *conn = nullptr;
  Bytes got;
  tw_event last_event = {};
  size_t longest_event = 0;
  size_t calls = 0;

 private:
  tw_allocator allocator_;
  tw_deflate terms_;
};

TEST(Inflate, MessageOfOneFrame) {
  Compressed test;
  ASSERT_EQ(test.feed(0xC1, hex("f248cdc9c90700")), TW_OK);
  EXPECT_EQ(test.got, text("Hello"));
  EXPECT_EQ(test.last_event.opcode, TW_OPCODE_TEXT);
  EXPECT_EQ(test.last_event.flags, TW_FRAME_FIN);
}

TEST(Inflate, FragmentsWithAPingBetween) {
  Compressed test;
  ASSERT_EQ(test.feed(0x41, hex("f248cd")), TW_OK);
  ASSERT_EQ(test.feed(0x89, {}), TW_OK);
  ASSERT_EQ(test.feed(0x80, hex("c9c90700")), TW_OK);
  EXPECT_EQ(test.got, text("Hello"));
}

TEST(Inflate, PlainAndCompressedMessagesTakeTurns) {
  Compressed test;
  ASSERT_EQ(test.feed(0xC1, hex("f248cdc9c90700")), TW_OK);
  ASSERT_EQ(test.feed(0x81, text("-")), TW_OK);
  ASSERT_EQ(test.feed(0xC1, hex("f248cdc9c90700")), TW_OK);
  EXPECT_EQ(test.got, text("Hello-Hello"));
  EXPECT_EQ(test.stats().deflated_received_len, 14u);
  EXPECT_EQ(test.stats().inflated_received_len, 10u);
}

TEST(Inflate, ContextIsTakenOverOnlyWhereItWasNegotiated) {
  const Bytes second = hex("f200110000");  // RFC 7692 §7.2.3.2
  Compressed with(kTakeover), without;
  ASSERT_EQ(with.feed(0xC1, hex("f248cdc9c90700")), TW_OK);
  ASSERT_EQ(with.feed(0xC1, second), TW_OK);
  EXPECT_EQ(with.got, text("HelloHello"));
  ASSERT_EQ(without.feed(0xC1, hex("f248cdc9c90700")), TW_OK);
  EXPECT_EQ(without.feed(0xC1, second), TW_ERR_DEFLATE);
}

TEST(Inflate, StateIsHeldOnlyDuringAMessageOrForTakeover) {
  for (const uint8_t flags : {uint8_t{0}, kTakeover}) {
    Compressed test(flags);
    ASSERT_EQ(test.feed(0x82, text("x")), TW_OK);
    const uint64_t before = test.stats().held_len;
    EXPECT_LE(before, 256u + 192 + 128) << "nothing for compression before it is needed";
    ASSERT_EQ(test.feed(0x41, hex("f248cd")), TW_OK);
    EXPECT_GT(test.stats().held_len, before + 30000);
    ASSERT_EQ(test.feed(0x80, hex("c9c90700")), TW_OK);
    ASSERT_EQ(test.feed(0x82, {}), TW_OK);
    EXPECT_EQ(test.stats().held_len, before + test.stats().context_len);
    EXPECT_EQ(test.stats().context_len > 0, flags != 0);
  }
}

// About 10 KB that mean 10 MB: refused by ratio after little work.
TEST(Inflate, BombIsStoppedByItsRatio) {
  Compressed test;
  const Bytes bomb = PeerDeflater().message(Bytes(10 << 20));
  EXPECT_LT(bomb.size(), 11000u);
  EXPECT_EQ(test.feed(0xC2, bomb), TW_ERR_LIMIT_RATIO);
  EXPECT_EQ(test.limit(), "max_ratio");
  EXPECT_LT(test.allocator.peak_len(), 4u << 20);
}

TEST(Inflate, BombIsStoppedByTheMessageLimit) {
  Compressed test;
  test.deflate.max_ratio = UINT32_MAX;
  test.config.max_message_len = 100000;
  EXPECT_EQ(test.feed(0xC2, PeerDeflater().message(Bytes(10 << 20))), TW_ERR_LIMIT_MESSAGE);
  EXPECT_EQ(test.limit(), "max_message_len");
  EXPECT_LT(test.allocator.peak_len(), 2 * 100000u + 50000);
}

TEST(Inflate, MessageMayBeAsLongAsTheLimit) {
  for (const size_t len : {size_t{0}, size_t{1}, size_t{999}, size_t{1000}, size_t{1001}}) {
    Compressed test;
    test.config.max_message_len = 1000;
    const tw_status want = len <= 1000 ? TW_OK : TW_ERR_LIMIT_MESSAGE;
    EXPECT_EQ(test.feed(0xC2, PeerDeflater().message(pattern(len))), want) << len;
    if (want == TW_OK) {
      EXPECT_EQ(test.got, pattern(len));
    }
  }
}

// What is left of the input is fed again.
TEST(Inflate, CallStopsWhenItHasInflatedEnough) {
  for (const uint32_t flags : {0u, TW_CONN_STREAM}) {
    Compressed test(0, flags);
    test.deflate.max_ratio = UINT32_MAX;
    test.deflate.max_call_len = 1000;
    const Bytes payload(8 << 20, 'a');
    ASSERT_EQ(test.feed(0xC1, PeerDeflater().message(payload)), TW_OK);
    EXPECT_GE(test.calls, 7u);
    EXPECT_TRUE(test.got == payload);
    if (flags != 0) {
      EXPECT_LE(test.longest_event, 1000u + 8256);
    }
  }
}

TEST(Inflate, StreamHoldsNoMoreThanACallInflates) {
  Compressed test(0, TW_CONN_STREAM);
  test.config.max_message_len = TW_NEVER;
  test.deflate.max_call_len = 10000;
  Rng rng(1);
  PeerDeflater peer;
  const Bytes payload = [&rng] {
    Bytes out(1 << 20);
    for (uint8_t &byte : out) byte = static_cast<uint8_t>('a' + rng() % 4);
    return out;
  }();
  ASSERT_EQ(test.feed(0xC1, peer.message(payload)), TW_OK);
  EXPECT_TRUE(test.got == payload);
  EXPECT_EQ(test.last_event.flags, TW_FRAME_FIN);
  EXPECT_LT(test.allocator.peak_len(), 200000u);
}

// However long the input is, a call that stops early has little to mask again.
TEST(Inflate, LongInputIsReadInPieces) {
  Compressed test(0, TW_CONN_STREAM);
  Rng rng(4);
  const Bytes noise = random_bytes(rng, 300000);
  ASSERT_EQ(test.feed(0xC2, PeerDeflater(0).message(noise)), TW_OK);
  EXPECT_TRUE(test.got == noise);
  EXPECT_LE(test.longest_event, size_t{64} << 10);
}

TEST(Inflate, TextInsideIsValidated) {
  for (const uint32_t flags : {0u, TW_CONN_STREAM}) {
    Compressed whole(0, flags), cut(0, flags), trusted(0, flags | TW_CONN_TRUSTED);
    const Bytes wrong = PeerDeflater().message(text("abc\xFF"));
    EXPECT_EQ(whole.feed(0xC1, wrong), TW_ERR_UTF8);
    EXPECT_EQ(whole.got, flags == 0 ? Bytes() : text("abc"));
    EXPECT_EQ(cut.feed(0xC1, PeerDeflater().message(text("abc\xE2\x82"))), TW_ERR_UTF8);
    EXPECT_EQ(trusted.feed(0xC1, wrong), TW_OK);
  }
}

TEST(Inflate, WhatIsNoDeflateOrCutFailsWith1007) {
  for (const char *payload : {"ff", "f248cd", "", "00ff", "f248cdc9c9"}) {
    Compressed test;
    EXPECT_EQ(test.feed(0xC2, hex(payload)), TW_ERR_DEFLATE) << payload;
    EXPECT_EQ(tw_status_close_code(TW_ERR_DEFLATE), 1007);
  }
}

TEST(Inflate, Rsv1StandsOnTheFirstFrameOfAMessageOnly) {
  for (const uint8_t first : {0xC9, 0xCA, 0xC8}) {
    Compressed control;
    EXPECT_EQ(control.feed(first, {}), TW_ERR_RSV);
  }
  Compressed continuation;
  ASSERT_EQ(continuation.feed(0x41, hex("f248cd")), TW_OK);
  EXPECT_EQ(continuation.feed(0xC0, hex("c9c90700")), TW_ERR_RSV);
  Compressed plain;
  plain.config.negotiated = nullptr;
  EXPECT_EQ(plain.feed(0xC1, hex("f248cdc9c90700")), TW_ERR_RSV);
}

TEST(Inflate, MemoryLimitIsNamed) {
  Compressed test;
  test.config.max_memory_len = 20000;
  EXPECT_EQ(test.feed(0xC1, hex("f248cdc9c90700")), TW_ERR_LIMIT_MEMORY);
  EXPECT_EQ(test.limit(), "max_memory_len");
  EXPECT_LE(test.allocator.peak_len(), 20000u + 256 + 192);
}

}  // namespace
}  // namespace tidewire
