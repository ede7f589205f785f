// SPDX-License-Identifier: MIT
// Output: order, views, partial writes, fragments, masking keys, and what refuses a call.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "tests/unit/connection/sessions.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

constexpr uint32_t kMore = TW_SEND_MORE;

size_t view_count(tw_conn *conn, size_t cap) {
  std::vector<tw_view> views(cap + 1, tw_view{nullptr, 12345});
  size_t count = cap + 1;
  EXPECT_EQ(tw_conn_output(conn, views.data(), cap, &count), TW_OK);
  EXPECT_LE(count, cap);
  EXPECT_EQ(views[cap].len, 12345u) << "wrote beyond cap";
  return count;
}

Bytes all_views(tw_conn *conn) {
  tw_view views[64];
  size_t count = 0;
  EXPECT_EQ(tw_conn_output(conn, views, 64, &count), TW_OK);
  Bytes out;
  for (size_t i = 0; i < count; ++i) out.insert(out.end(), views[i].data, views[i].data + views[i].len);
  return out;
}

TEST(Send, PartialWritesAtEveryByte) {
  each_role([](uint32_t role) {
    const Bytes expected = join({own_frame(role, 0x81, text("Hello"), 0), own_frame(role, 0x89, text("p"), 1),
                                 own_frame(role, 0x82, pattern(200), 2)});
    for (size_t first = 0; first <= expected.size(); ++first) {
      EngineSession session;
      ASSERT_EQ(session.create(upgraded(role)), TW_OK);
      ASSERT_EQ(session.send(TW_OPCODE_TEXT, text("Hello"), 0), TW_OK);
      ASSERT_EQ(session.ping(text("p")), TW_OK);
      ASSERT_EQ(session.send(TW_OPCODE_BINARY, pattern(200), 0), TW_OK);
      ASSERT_EQ(tw_conn_output_consume(session.get(), first), TW_OK);
      const Bytes rest = session.take_output();
      ASSERT_TRUE(
          std::equal(rest.begin(), rest.end(), expected.begin() + static_cast<ptrdiff_t>(first), expected.end()));
    }
  });
}

TEST(Send, OutputByteByByte) {
  EngineSession session;
  ASSERT_EQ(session.create(upgraded(TW_ROLE_SERVER)), TW_OK);
  Bytes expected, got;
  for (size_t i = 0; i < 40; ++i) {
    ASSERT_EQ(session.send(TW_OPCODE_BINARY, pattern(500 * i), 0), TW_OK);
    expected = join({expected, own_frame(TW_ROLE_SERVER, 0x82, pattern(500 * i))});
  }
  while (session.wants() & TW_WANT_WRITE) {
    tw_view first;
    size_t count = 0;
    ASSERT_EQ(tw_conn_output(session.get(), &first, 1, &count), TW_OK);
    ASSERT_EQ(count, 1u);
    got.push_back(first.data[0]);
    ASSERT_EQ(tw_conn_output_consume(session.get(), 1), TW_OK);
  }
  EXPECT_TRUE(same_bytes(view(got), view(expected)));
}

// What a writev was started with stays where it is while more is queued.
TEST(Send, ViewsStayWhileMoreIsQueued) {
  EngineSession session;
  ASSERT_EQ(session.create(upgraded(TW_ROLE_CLIENT)), TW_OK);
  ASSERT_EQ(session.send(TW_OPCODE_BINARY, pattern(3000), 0), TW_OK);
  const Bytes before = all_views(session.get());
  tw_view shown;
  size_t count = 0;
  ASSERT_EQ(tw_conn_output(session.get(), &shown, 1, &count), TW_OK);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(session.send(TW_OPCODE_BINARY, pattern(3000), 0), TW_OK);
  std::vector<reference::Event> events;
  ASSERT_EQ(session.receive(peer_frame(TW_ROLE_CLIENT, 0x89, text("p")), 1, &events), TW_OK);
  EXPECT_TRUE(same_bytes({shown.data, before.size()}, view(before)));
  const Bytes after = all_views(session.get());
  EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin()));
}

TEST(Send, AtMostCapViews) {
  EngineSession session;
  ASSERT_EQ(session.create(upgraded(TW_ROLE_SERVER)), TW_OK);
  EXPECT_EQ(view_count(session.get(), 4), 0u);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(session.send(TW_OPCODE_BINARY, pattern(60000), 0), TW_OK);
  EXPECT_EQ(view_count(session.get(), 0), 0u);
  EXPECT_EQ(view_count(session.get(), 1), 1u);
  EXPECT_EQ(view_count(session.get(), 3), 3u);
  EXPECT_GT(view_count(session.get(), 64), 3u);
  EXPECT_EQ(session.take_output().size(), 20u * 60004);
}

TEST(Send, ConsumingMoreThanIsQueuedIsRefused) {
  EngineSession session;
  ASSERT_EQ(session.create(upgraded(TW_ROLE_SERVER)), TW_OK);
  EXPECT_EQ(tw_conn_output_consume(session.get(), 1), TW_ERR_ARGUMENT);
  ASSERT_EQ(session.send(TW_OPCODE_TEXT, text("a"), 0), TW_OK);
  EXPECT_EQ(tw_conn_output_consume(session.get(), 4), TW_ERR_ARGUMENT);
  EXPECT_EQ(session.take_output(), hex("810161"));
  EXPECT_EQ(tw_conn_output_consume(session.get(), 0), TW_OK);
}

TEST(Send, DataIsCopied) {
  EngineSession session;
  ASSERT_EQ(session.create(upgraded(TW_ROLE_CLIENT)), TW_OK);
  Bytes data = pattern(5000);
  ASSERT_EQ(session.send(TW_OPCODE_BINARY, data, 0), TW_OK);
  EXPECT_EQ(data, pattern(5000)) << "the caller's bytes are not masked in place";
  std::fill(data.begin(), data.end(), uint8_t{0});
  EXPECT_EQ(session.take_output(), own_frame(TW_ROLE_CLIENT, 0x82, pattern(5000)));
}

TEST(Send, OnlyKnownFlagsAndOpcodes) {
  each_role([](uint32_t role) {
    EngineSession session;
    ASSERT_EQ(session.create(upgraded(role)), TW_OK);
    for (const uint32_t opcode : {3u, 7u, 8u, 9u, 10u, 11u, 15u, 16u, 129u, 256u, 257u, 0xFFFFFFFFu}) {
      EXPECT_EQ(session.send(opcode, {}, 0), TW_ERR_ARGUMENT) << opcode;
    }
    for (const uint32_t flags : {0x20u, 0x21u, 0x0Cu, 0x40u, 0x80u, 0x80000000u}) {
      EXPECT_EQ(session.send(TW_OPCODE_TEXT, {}, flags), TW_ERR_ARGUMENT) << flags;
    }
    EXPECT_TRUE(session.take_output().empty());
  });
}

struct Order {
  uint32_t opcode;
  uint32_t flags;
  tw_status outside;  // of a fragmented message
  tw_status inside;
};

TEST(Send, OrderOfFragments) {
  const Order orders[] = {
      {TW_OPCODE_TEXT, 0, TW_OK, TW_ERR_STATE},         {TW_OPCODE_TEXT, kMore, TW_OK, TW_ERR_STATE},
      {TW_OPCODE_BINARY, 0, TW_OK, TW_ERR_STATE},       {TW_OPCODE_BINARY, kMore, TW_OK, TW_ERR_STATE},
      {TW_OPCODE_CONTINUATION, 0, TW_ERR_STATE, TW_OK}, {TW_OPCODE_CONTINUATION, kMore, TW_ERR_STATE, TW_OK},
  };
  each_role([&](uint32_t role) {
    for (const Order &order : orders) {
      EngineSession outside, inside;
      ASSERT_EQ(outside.create(upgraded(role)), TW_OK);
      EXPECT_EQ(outside.send(order.opcode, text("a"), order.flags), order.outside);
      ASSERT_EQ(inside.create(upgraded(role)), TW_OK);
      ASSERT_EQ(inside.send(TW_OPCODE_BINARY, text("a"), kMore), TW_OK);
      EXPECT_EQ(inside.send(order.opcode, text("b"), order.flags), order.inside);
    }
  });
}

TEST(Send, VouchedTextIsNotValidated) {
  EngineSession session;
  ASSERT_EQ(session.create(upgraded(TW_ROLE_SERVER)), TW_OK);
  EXPECT_EQ(session.send(TW_OPCODE_TEXT, hex("ff"), 0), TW_ERR_TEXT);
  EXPECT_EQ(session.send(TW_OPCODE_TEXT, hex("ff"), TW_SEND_VALID_UTF8), TW_OK);
  EXPECT_EQ(session.send(TW_OPCODE_TEXT, hex("c3"), TW_SEND_VALID_UTF8 | kMore), TW_OK);
  EXPECT_EQ(session.send(TW_OPCODE_CONTINUATION, hex("bc"), TW_SEND_VALID_UTF8), TW_OK);
  EXPECT_EQ(session.take_output(), hex("8101ff 0101c3 8001bc"));
}

TEST(Send, TextIsValidatedAcrossEveryCut) {
  const Bytes body = text(
      "Gr\xC3\xBC\xC3\x9F"
      "e \xE4\xBD\xA0\xE5\xA5\xBD \xF0\x9F\x91\x8B");
  for (size_t first = 0; first <= body.size(); ++first) {
    for (size_t second = first; second <= body.size(); ++second) {
      const auto begin = body.begin(), a = begin + static_cast<ptrdiff_t>(first),
                 b = begin + static_cast<ptrdiff_t>(second);
      EngineSession session;
      ASSERT_EQ(session.create(upgraded(TW_ROLE_SERVER)), TW_OK);
      ASSERT_EQ(session.send(TW_OPCODE_TEXT, Bytes(begin, a), kMore), TW_OK);
      ASSERT_EQ(session.send(TW_OPCODE_CONTINUATION, Bytes(a, b), kMore), TW_OK);
      ASSERT_EQ(session.send(TW_OPCODE_CONTINUATION, Bytes(b, body.end()), 0), TW_OK);
    }
  }
}

TEST(Send, OutputLimitCountsWhatIsNotConsumed) {
  each_role([](uint32_t role) {
    const size_t frame_len = own_frame(role, 0x82, pattern(10)).size();
    tw_conn_config config = upgraded(role);
    config.max_output_len = 3 * frame_len;
    EngineSession session;
    ASSERT_EQ(session.create(config), TW_OK);
    for (int i = 0; i < 3; ++i) ASSERT_EQ(session.send(TW_OPCODE_BINARY, pattern(10), 0), TW_OK);
    EXPECT_EQ(session.send(TW_OPCODE_BINARY, {}, 0), TW_ERR_LIMIT_OUTPUT);
    ASSERT_EQ(tw_conn_output_consume(session.get(), frame_len - 1), TW_OK);
    EXPECT_EQ(session.send(TW_OPCODE_BINARY, pattern(10), 0), TW_ERR_LIMIT_OUTPUT);
    ASSERT_EQ(tw_conn_output_consume(session.get(), 1), TW_OK);
    EXPECT_EQ(session.send(TW_OPCODE_BINARY, pattern(10), 0), TW_OK);
    EXPECT_EQ(session.state(), TW_STATE_OPEN);
  });
}

// The peer learns why, even where nothing else would fit.
TEST(Send, CloseFrameIsExemptFromTheLimit) {
  each_role([](uint32_t role) {
    tw_conn_config config = upgraded(role);
    config.max_output_len = 1;
    EngineSession session;
    ASSERT_EQ(session.create(config), TW_OK);
    EXPECT_EQ(session.ping({}), TW_ERR_LIMIT_OUTPUT);
    EXPECT_EQ(session.close(1000, text("bye")), TW_OK);
    EXPECT_EQ(session.take_output(), own_frame(role, 0x88, hex("03e8 627965")));
  });
}

Bytes masking_keys(const Bytes &output, size_t payload_len) {
  Bytes keys;
  for (size_t at = 2; at < output.size(); at += 6 + payload_len) {
    keys.insert(keys.end(), output.begin() + static_cast<ptrdiff_t>(at),
                output.begin() + static_cast<ptrdiff_t>(at) + 4);
  }
  return keys;
}

// CVE-2025-10148: one key served for a whole connection.
TEST(Send, EveryFrameHasItsOwnMaskingKey) {
  EngineSession session;
  ASSERT_EQ(session.create(upgraded(TW_ROLE_CLIENT)), TW_OK);
  constexpr size_t kFrames = 64;
  for (size_t i = 0; i < kFrames; ++i) {
    const tw_status status = i % 3 == 0   ? session.send(TW_OPCODE_BINARY, Bytes(3), kMore)
                             : i % 3 == 1 ? session.ping(Bytes(3))
                                          : session.send(TW_OPCODE_CONTINUATION, Bytes(3), 0);
    ASSERT_EQ(status, TW_OK);
  }
  Bytes expected(kFrames * 4);
  for (size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<uint8_t>(i);
  EXPECT_EQ(masking_keys(session.take_output(), 3), expected);
}

TEST(Send, DefaultMaskingKeysDiffer) {
  tw_conn *conn = nullptr;
  const tw_conn_config config = upgraded(TW_ROLE_CLIENT);
  ASSERT_EQ(tw_conn_create(&config, &conn), TW_OK);
  constexpr size_t kFrames = 256;
  for (size_t i = 0; i < kFrames; ++i) ASSERT_EQ(tw_conn_ping(conn, nullptr, 0), TW_OK);
  const Bytes keys = masking_keys(all_views(conn), 0);
  std::set<Bytes> different;
  for (size_t i = 0; i < keys.size(); i += 4) different.insert(Bytes(keys.data() + i, keys.data() + i + 4));
  // Two of 256 random 32-bit keys are equal once in 130,000 runs; three of them never.
  EXPECT_GE(different.size(), kFrames - 1);
  tw_conn_destroy(conn);
}

}  // namespace
}  // namespace tidewire
