// SPDX-License-Identifier: MIT
// TW_CONN_STREAM and TW_CONN_STREAM_FRAGMENTED: chunks in place of messages, and nothing of them assembled.
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/counting_allocator.h"
#include "tests/unit/connection/sessions.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

tw_conn_config streaming(uint32_t role) {
  tw_conn_config config = upgraded(role);
  config.flags |= TW_CONN_STREAM;
  return config;
}

tw_conn *create(const tw_conn_config &config) {
  tw_conn *conn = nullptr;
  EXPECT_EQ(tw_conn_create(&config, &conn), TW_OK);
  return conn;
}

// A chunk as "opcode flags data".
std::string as_line(const tw_event &event) {
  EXPECT_EQ(event.type, TW_EVENT_CHUNK);
  return std::to_string(event.opcode) + (event.flags == TW_FRAME_FIN ? " fin " : " ") +
         std::string(event.data, event.data + event.len);
}

std::vector<std::string> chunks_of(tw_conn *conn, Bytes data, tw_status want = TW_OK) {
  const Received received = receive(conn, data);
  EXPECT_EQ(received.status, want);
  std::vector<std::string> out;
  for (const tw_event &event : received.events) out.push_back(as_line(event));
  return out;
}

using Lines = std::vector<std::string>;

TEST(Stream, WholeMessageIsOneChunk) {
  each_role([](uint32_t role) {
    tw_conn *conn = create(streaming(role));
    EXPECT_EQ(chunks_of(conn, join({peer_frame(role, 0x81, text("one")), peer_frame(role, 0x82, text("two"))})),
              (Lines{"1 fin one", "2 fin two"}));
    EXPECT_EQ(chunks_of(conn, peer_frame(role, 0x81)), (Lines{"1 fin "}));
    tw_conn_destroy(conn);
  });
}

TEST(Stream, FirstChunkHasTheOpcodeAndTheLastOneFin) {
  each_role([](uint32_t role) {
    tw_conn *conn = create(streaming(role));
    EXPECT_EQ(chunks_of(conn, join({peer_frame(role, 0x01, text("a")), peer_frame(role, 0x00, text("b")),
                                    peer_frame(role, 0x80, text("c"))})),
              (Lines{"1 a", "0 b", "0 fin c"}));
    tw_conn_destroy(conn);
  });
}

TEST(Stream, EmptyFramesGiveNothingButTheEnd) {
  tw_conn *conn = create(streaming(TW_ROLE_CLIENT));
  EXPECT_EQ(chunks_of(conn, join({peer_frame(TW_ROLE_CLIENT, 0x02), peer_frame(TW_ROLE_CLIENT, 0x00),
                                  peer_frame(TW_ROLE_CLIENT, 0x00, text("x")), peer_frame(TW_ROLE_CLIENT, 0x80)})),
            (Lines{"2 x", "0 fin "}));
  tw_conn_destroy(conn);
}

// Where the payload of a frame stands after each read is in the caller's buffer; none of it is kept.
TEST(Stream, HugeFramePassesThroughWithoutBeingHeld) {
  each_role([](uint32_t role) {
    CountingAllocator allocator;
    const tw_allocator c_allocator = allocator.c_api();
    tw_conn_config config = streaming(role);
    config.allocator = &c_allocator;
    config.max_frame_len = config.max_message_len = TW_NEVER;
    tw_conn *conn = create(config);
    const uint64_t idle_len = allocator.live_len();
    const Bytes payload = pattern(1000000);
    const Bytes wire = peer_frame(role, 0x82, payload);
    Bytes got;
    for (size_t at = 0; at < wire.size(); at += 4093) {
      Bytes piece(wire.begin() + static_cast<ptrdiff_t>(at),
                  wire.begin() + static_cast<ptrdiff_t>(std::min(at + 4093, wire.size())));
      const Received received = receive(conn, piece);
      ASSERT_EQ(received.status, TW_OK);
      ASSERT_EQ(received.events.size(), 1u);
      const tw_event &event = received.events[0];
      EXPECT_EQ(event.opcode, got.empty() ? TW_OPCODE_BINARY : TW_OPCODE_CONTINUATION);
      EXPECT_TRUE(event.data >= piece.data() && event.data + event.len <= piece.data() + piece.size());
      got.insert(got.end(), event.data, event.data + event.len);
      EXPECT_LE(allocator.live_len() - idle_len, 256u);
    }
    EXPECT_TRUE(got == payload);
    EXPECT_EQ(allocator.live_len(), idle_len);
    tw_conn_destroy(conn);
  });
}

TEST(Stream, TextIsValidatedAcrossChunksAndWhatIsGoodIsDelivered) {
  tw_conn *conn = create(streaming(TW_ROLE_CLIENT));
  EXPECT_EQ(chunks_of(conn, peer_frame(TW_ROLE_CLIENT, 0x01, text("a\xE2\x82"))), (Lines{"1 a\xE2\x82"}));
  EXPECT_EQ(chunks_of(conn, peer_frame(TW_ROLE_CLIENT, 0x80, text("\xAC ok \xFF no")), TW_ERR_UTF8),
            (Lines{"0 \xAC ok "}));
  tw_conn_destroy(conn);
}

TEST(Stream, WholeTextThatIsWrongGivesWhatIsGood) {
  each_role([](uint32_t role) {
    tw_conn *conn = create(streaming(role));
    EXPECT_EQ(chunks_of(conn, peer_frame(role, 0x81, text("good\xFF")), TW_ERR_UTF8), (Lines{"1 good"}));
    tw_conn_destroy(conn);
  });
}

TEST(Stream, ControlFramesComeBetweenChunks) {
  each_role([](uint32_t role) {
    tw_conn *conn = create(streaming(role));
    Bytes wire =
        join({peer_frame(role, 0x02, text("a")), peer_frame(role, 0x89, text("p")), peer_frame(role, 0x80, text("b"))});
    const Received received = receive(conn, wire);
    ASSERT_EQ(received.events.size(), 3u);
    EXPECT_EQ(received.events[0].type, TW_EVENT_CHUNK);
    EXPECT_EQ(received.events[1].type, TW_EVENT_PING);
    EXPECT_EQ(as_line(received.events[2]), "0 fin b");
    tw_conn_destroy(conn);
  });
}

TEST(Stream, MessageLimitCountsWhatWentThrough) {
  tw_conn_config config = streaming(TW_ROLE_CLIENT);
  config.max_message_len = 5;
  tw_conn *conn = create(config);
  EXPECT_EQ(chunks_of(conn, peer_frame(TW_ROLE_CLIENT, 0x02, text("abc"))), (Lines{"2 abc"}));
  EXPECT_EQ(chunks_of(conn, peer_frame(TW_ROLE_CLIENT, 0x00, text("def")), TW_ERR_LIMIT_MESSAGE), Lines{});
  tw_conn_destroy(conn);
}

tw_conn_config streaming_fragmented(uint32_t role) {
  tw_conn_config config = upgraded(role);
  config.flags |= TW_CONN_STREAM_FRAGMENTED;
  return config;
}

TEST(StreamFragmented, MessageOfOneFrameComesWholeHoweverItIsCut) {
  each_role([](uint32_t role) {
    const Bytes wire = peer_frame(role, 0x82, pattern(300));
    for (size_t at = 1; at < wire.size(); ++at) {
      tw_conn *conn = create(streaming_fragmented(role));
      Bytes head(wire.begin(), wire.begin() + static_cast<ptrdiff_t>(at));
      Bytes tail(wire.begin() + static_cast<ptrdiff_t>(at), wire.end());
      EXPECT_EQ(receive(conn, head).events.size(), 0u);
      const Received received = receive(conn, tail);
      ASSERT_EQ(received.events.size(), 1u);
      const tw_event &event = received.events[0];
      EXPECT_EQ(event.type, TW_EVENT_MESSAGE);
      EXPECT_TRUE(Bytes(event.data, event.data + event.len) == pattern(300));
      tw_conn_destroy(conn);
    }
  });
}

TEST(StreamFragmented, FragmentsComeAsTheyArriveAndAreNotHeld) {
  each_role([](uint32_t role) {
    CountingAllocator allocator;
    const tw_allocator c_allocator = allocator.c_api();
    tw_conn_config config = streaming_fragmented(role);
    config.allocator = &c_allocator;
    config.max_frame_len = config.max_message_len = TW_NEVER;
    tw_conn *conn = create(config);
    const uint64_t idle_len = allocator.live_len();
    const Bytes payload = pattern(100000);
    const Bytes wire = join({peer_frame(role, 0x02, payload), peer_frame(role, 0x80, payload)});
    Bytes got;
    for (size_t at = 0; at < wire.size(); at += 4093) {
      Bytes piece(wire.begin() + static_cast<ptrdiff_t>(at),
                  wire.begin() + static_cast<ptrdiff_t>(std::min(at + 4093, wire.size())));
      for (const tw_event &event : receive(conn, piece).events) {
        EXPECT_EQ(event.type, TW_EVENT_CHUNK);
        got.insert(got.end(), event.data, event.data + event.len);
      }
      EXPECT_LE(allocator.live_len() - idle_len, 256u);
    }
    EXPECT_TRUE(got == join({payload, payload}));
    EXPECT_EQ(allocator.live_len(), idle_len);
    tw_conn_destroy(conn);
  });
}

// The rest of a frame of an assembled message is read to where it will stay; a chunk has no such place.
TEST(StreamFragmented, RoomToReadIsInTheMessageOnlyWhereItIsAssembled) {
  for (const uint8_t first : {0x82, 0x02}) {
    tw_conn *conn = create(streaming_fragmented(TW_ROLE_CLIENT));
    Bytes wire = peer_frame(TW_ROLE_CLIENT, first, pattern(100000));
    wire.resize(1000);
    ASSERT_EQ(receive(conn, wire).status, TW_OK);
    uint8_t *room = nullptr;
    size_t room_len = 0;
    ASSERT_EQ(tw_conn_read_buffer(conn, 0, &room, &room_len), TW_OK);
    EXPECT_EQ(room_len > 90000, first == 0x82);
    tw_conn_destroy(conn);
  }
}

TEST(StreamFragmented, StreamWins) {
  tw_conn_config config = streaming(TW_ROLE_CLIENT);
  config.flags |= TW_CONN_STREAM_FRAGMENTED;
  tw_conn *conn = create(config);
  EXPECT_EQ(chunks_of(conn, peer_frame(TW_ROLE_CLIENT, 0x81, text("one"))), (Lines{"1 fin one"}));
  tw_conn_destroy(conn);
}

}  // namespace
}  // namespace tidewire
