// SPDX-License-Identifier: MIT
// Known ways to hurt a WebSocket implementation with frames, one test for each.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/support/split_feed.h"
#include "tests/unit/connection/victim.h"

namespace tidewire {
namespace {

using namespace tidewire::test;
using reference::Event;

// The close frame that answers a failure, and why it failed.
void expect_failed(Victim &victim, uint32_t role, tw_status status, uint16_t close_code) {
  EXPECT_STREQ(tw_status_name(victim.error().status), tw_status_name(status));
  const Bytes code = {static_cast<uint8_t>(close_code >> 8), static_cast<uint8_t>(close_code)};
  EXPECT_EQ(victim.take_output(), own_frame(role, 0x88, code));
}

TEST(Hazard, TinyFragmentsOutweighTheMessage) {
  each_role([](uint32_t role) {
    Victim victim(upgraded(role));
    const uint64_t idle_len = victim.held_len();
    ASSERT_EQ(victim.feed(peer_frame(role, 0x02, {'x'})), TW_OK);
    for (int i = 1; i < 1024; ++i) ASSERT_EQ(victim.feed(peer_frame(role, 0x00, {'x'})), TW_OK);
    EXPECT_LE(victim.held_len() - idle_len, 2 * 1024u);
    EXPECT_EQ(victim.feed(peer_frame(role, 0x00, {'x'})), TW_ERR_LIMIT_FRAGMENTS);
    expect_failed(victim, role, TW_ERR_LIMIT_FRAGMENTS, 1009);
    EXPECT_EQ(victim.held_len(), idle_len);
  });
}

TEST(Hazard, EmptyFragmentsWithoutEnd) {
  each_role([](uint32_t role) {
    Victim victim(upgraded(role));
    const uint64_t idle_len = victim.held_len();
    ASSERT_EQ(victim.feed(peer_frame(role, 0x01)), TW_OK);
    for (int i = 1; i < 1024; ++i) ASSERT_EQ(victim.feed(peer_frame(role, 0x00)), TW_OK);
    EXPECT_LE(victim.held_len() - idle_len, 256u);
    EXPECT_EQ(victim.feed(peer_frame(role, 0x00)), TW_ERR_LIMIT_FRAGMENTS);
    expect_failed(victim, role, TW_ERR_LIMIT_FRAGMENTS, 1009);
  });
}

// It is judged before any of the frame is kept, and before any of it has come.
TEST(Hazard, DeclaredLengthBeyondTheLimit) {
  each_role([](uint32_t role) {
    Victim victim(upgraded(role));
    const uint64_t peak_len = victim.peak_len();
    EXPECT_EQ(victim.feed(promise(role, 0x82, (16 << 20) + 1)), TW_ERR_LIMIT_FRAME);
    EXPECT_EQ(victim.peak_len(), peak_len);
    expect_failed(victim, role, TW_ERR_LIMIT_FRAME, 1009);
  });
}

// Whatever the frames are, their message is bounded where nobody has set a limit.
TEST(Hazard, UnboundedReassembly) {
  each_role([](uint32_t role) {
    Victim victim(upgraded(role));
    const Bytes mebibyte(1 << 20);
    ASSERT_EQ(victim.feed(peer_frame(role, 0x02, mebibyte)), TW_OK);
    for (int i = 1; i < 16; ++i) ASSERT_EQ(victim.feed(peer_frame(role, 0x00, mebibyte)), TW_OK);
    EXPECT_EQ(victim.feed(promise(role, 0x00, 1)), TW_ERR_LIMIT_MESSAGE);
    expect_failed(victim, role, TW_ERR_LIMIT_MESSAGE, 1009);
  });
}

TEST(Hazard, LengthBeyond63Bits) {
  each_role([](uint32_t role) {
    for (const uint64_t len : {uint64_t{1} << 63, (uint64_t{1} << 63) + 1, UINT64_MAX - 13, UINT64_MAX}) {
      tw_conn_config config = upgraded(role);
      config.max_frame_len = config.max_message_len = TW_NEVER;
      Victim victim(config);
      EXPECT_EQ(victim.feed(promise(role, 0x82, len)), TW_ERR_LENGTH_TOO_LARGE) << len;
    }
  });
}

// Sums of lengths that wrap around, in 32 bits and in 64, where no limit of the payload stops them. That of the memory
// does: it has no value that turns the accounting off.
TEST(Hazard, LengthsWhoseSumWrapsAround) {
  each_role([](uint32_t role) {
    for (const uint64_t len : {uint64_t{INT64_MAX}, uint64_t{INT64_MAX} - 9, uint64_t{INT64_MAX} - 13,
                               uint64_t{UINT32_MAX}, uint64_t{UINT32_MAX} - 9, uint64_t{INT32_MAX}}) {
      tw_conn_config config = upgraded(role);
      config.max_frame_len = config.max_message_len = TW_NEVER;
      Victim alone(config);
      EXPECT_EQ(alone.feed(promise(role, 0x82, len)), TW_ERR_LIMIT_MEMORY) << len;
      Victim second(config);
      ASSERT_EQ(second.feed(peer_frame(role, 0x02, pattern(10))), TW_OK);
      EXPECT_EQ(second.feed(promise(role, 0x80, len)), TW_ERR_LIMIT_MEMORY) << len;
      config.flags |= TW_CONN_STREAM;
      Victim stream(config);
      ASSERT_EQ(stream.feed(peer_frame(role, 0x02, pattern(10))), TW_OK);
      EXPECT_EQ(stream.feed(promise(role, 0x00, len)), TW_OK) << len;
      EXPECT_EQ(stream.feed(pattern(1000)), TW_OK) << len;
      EXPECT_EQ(stream.events(TW_EVENT_CHUNK), 2u);
    }
  });
}

TEST(Hazard, LengthWrittenInTwoWays) {
  each_role([](uint32_t role) {
    for (const auto &[len, form] : {std::pair{0u, LengthForm::k16Bit},
                                    {125u, LengthForm::k16Bit},
                                    {125u, LengthForm::k64Bit},
                                    {65535u, LengthForm::k64Bit}}) {
      Victim victim(upgraded(role));
      EXPECT_EQ(victim.feed(promise(role, 0x82, len, form)), TW_ERR_LENGTH_NOT_MINIMAL) << len;
      expect_failed(victim, role, TW_ERR_LENGTH_NOT_MINIMAL, 1002);
    }
  });
}

TEST(Hazard, Rsv1WithoutNegotiation) {
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  constexpr tw_deflate kDeclined = {};
  each_role([&](uint32_t role) {
    for (const uint8_t first : {0xC1, 0xC2, 0x41, 0xC9, 0xC8, 0xA2, 0x92}) {
      for (const tw_conn_config &config : {upgraded(role), compressing(role, &deflate, &kDeclined)}) {
        Victim victim(config);
        EXPECT_EQ(victim.feed(peer_frame(role, first)), TW_ERR_RSV) << int{first};
        expect_failed(victim, role, TW_ERR_RSV, 1002);
      }
    }
  });
}

TEST(Hazard, Rsv1WhereNoMessageStarts) {
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  each_role([&](uint32_t role) {
    for (const uint8_t first : {0xC8, 0xC9, 0xCA, 0xC0, 0x40, 0xE1, 0xD1}) {
      Victim victim(compressing(role, &deflate));
      const bool continuation = (first & 0x0F) == TW_OPCODE_CONTINUATION;
      ASSERT_EQ(victim.feed(continuation ? peer_frame(role, 0x41, {0}) : Bytes()), TW_OK);
      EXPECT_EQ(victim.feed(peer_frame(role, first)), TW_ERR_RSV) << int{first};
    }
  });
}

// What a page makes a browser send passes a cache that takes it for a request of its own (RFC 6455 §10.3).
TEST(Hazard, UnmaskedFrameOfAClient) {
  Victim victim(upgraded(TW_ROLE_SERVER));
  EXPECT_EQ(victim.feed(text("GET /sensitive HTTP/1.1\r\nHost: h\r\n\r\n")), TW_ERR_RSV);
  Victim plain(upgraded(TW_ROLE_SERVER));
  EXPECT_EQ(plain.feed(wire(spec(0x81, text("hi"), false))), TW_ERR_MASK_MISSING);
  Victim client(upgraded(TW_ROLE_CLIENT));
  EXPECT_EQ(client.feed(wire(spec(0x81, text("hi"), true))), TW_ERR_MASK_UNEXPECTED);
}

TEST(Hazard, FixedMaskingKey) {
  tw_conn *conn = nullptr;
  const tw_conn_config config = upgraded(TW_ROLE_CLIENT);  // with the system's random source
  ASSERT_EQ(tw_conn_create(&config, &conn), TW_OK);
  std::set<Bytes> keys;
  constexpr size_t kFrames = 64;
  for (size_t i = 0; i < kFrames; ++i) {
    const Bytes secret(16, 'x');
    ASSERT_EQ(tw_conn_send(conn, TW_OPCODE_BINARY, secret.data(), secret.size(), 0), TW_OK);
    tw_view view = {nullptr, 0};
    size_t count = 0;
    ASSERT_EQ(tw_conn_output(conn, &view, 1, &count), TW_OK);
    keys.insert(Bytes(view.data + 2, view.data + 6));
    ASSERT_EQ(tw_conn_output_consume(conn, view.len), TW_OK);
  }
  EXPECT_GE(keys.size(), kFrames - 1);  // two of them are equal by chance once in two million runs
  tw_conn_destroy(conn);
}

// Memory comes filled with a pattern, and each byte of the frame is known.
TEST(Hazard, UninitialisedMemoryInAClose) {
  each_role([](uint32_t role) {
    const std::string reason(123, 'r');
    for (const size_t len : {0, 1, 122, 123}) {
      Victim victim(upgraded(role));
      ASSERT_EQ(tw_conn_close(victim.get(), 4999, text(reason).data(), len), TW_OK);
      EXPECT_EQ(victim.take_output(), own_frame(role, 0x88, join({{0x13, 0x87}, text(reason.substr(0, len))})));
    }
    Victim victim(upgraded(role));
    ASSERT_EQ(tw_conn_close(victim.get(), 0, nullptr, 0), TW_OK);
    EXPECT_EQ(victim.take_output(), own_frame(role, 0x88));
  });
}

// All that may stand between the frames of a message, cut at every byte.
TEST(Hazard, ContinuationMisread) {
  each_role([](uint32_t role) {
    const Bytes session = join({peer_frame(role, 0x01, text("a\xC3")), peer_frame(role, 0x89, text("p")),
                                peer_frame(role, 0x00), peer_frame(role, 0x8A), peer_frame(role, 0x80, text("\xA4z")),
                                peer_frame(role, 0x82, pattern(126)), peer_frame(role, 0x80, text("late"))});
    std::vector<Event> expected;
    split_feed(view(session), [&](const std::vector<ByteView> &pieces) {
      EngineSession engine;
      ASSERT_EQ(engine.create(upgraded(role)), TW_OK);
      std::vector<Event> events;
      tw_status status = TW_OK;
      for (const ByteView piece : pieces) status = engine.receive(copy(piece), 2, &events);
      ASSERT_EQ(status, TW_ERR_CONTINUATION);
      ASSERT_EQ(events.size(), 4u);
      EXPECT_EQ(events[2].data, text("a\xC3\xA4z"));
      if (expected.empty()) expected = events;
      ASSERT_TRUE(events == expected);
    });
  });
}

// Whatever comes, every call takes, tells or fails: Victim::feed checks each of them.
TEST(Hazard, EndlessLoop) {
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  deflate.max_call_len = 1;
  each_role([&](uint32_t role) {
    Rng rng(role);
    for (int i = 0; i < 2000; ++i) {
      Bytes input;
      for (size_t frames = pick(rng, 1, 12); frames > 0; --frames) {
        constexpr uint8_t kFirst[] = {0x81, 0x82, 0x89, 0x8A, 0xC1, 0xC2, 0x01, 0x42, 0x80, 0x00};
        const uint8_t first = rng() % 16 == 0 ? static_cast<uint8_t>(rng()) : kFirst[rng() % 10];
        input = join({input, peer_frame(role, first, random_bytes(rng, pick(rng, 0, 40)))});
      }
      Victim victim(compressing(role, &deflate));
      const tw_status status = victim.feed_pieces(input, pick(rng, 1, input.size()));
      EXPECT_TRUE(status == TW_OK || tw_status_close_code(status) != 0) << tw_status_name(status);
    }
  });
}

}  // namespace
}  // namespace tidewire
