// SPDX-License-Identifier: MIT
// Sends that borrow the caller's memory: what is referenced, what is copied, what is masked where it lies, and that a
// refused call leaves the bytes alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/support/counting_allocator.h"
#include "tests/unit/connection/sessions.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

constexpr uint32_t kBorrow = TW_SEND_BORROW;
constexpr uint32_t kInPlace = TW_SEND_BORROW | TW_SEND_MASK_IN_PLACE;
constexpr uint32_t kMinLen = 1000;

tw_conn_config borrowing(uint32_t role) {
  tw_conn_config config = upgraded(role);
  config.min_borrow_len = kMinLen;
  return config;
}

// Whether the output shows these very bytes, not a copy.
bool shows(tw_conn *conn, const Bytes &data) {
  tw_view views[64];
  size_t count = 0;
  EXPECT_EQ(tw_conn_output(conn, views, 64, &count), TW_OK);
  return std::any_of(views, views + count,
                     [&](const tw_view &view) { return view.data == data.data() && view.len == data.size(); });
}

TEST(SendBorrow, ServerRefersToTheCallersBytesFromTheLengthOn) {
  for (const uint32_t flags : {kBorrow, kInPlace}) {
    EngineSession session;
    ASSERT_EQ(session.create(borrowing(TW_ROLE_SERVER)), TW_OK);
    const Bytes small = pattern(kMinLen - 1), large = pattern(kMinLen, 5);
    ASSERT_EQ(session.send(TW_OPCODE_BINARY, small, flags), TW_OK);
    ASSERT_EQ(session.send(TW_OPCODE_BINARY, large, flags), TW_OK);
    EXPECT_FALSE(shows(session.get(), small));
    EXPECT_TRUE(shows(session.get(), large));
    EXPECT_EQ(large, pattern(kMinLen, 5)) << "a server masks nothing";
    EXPECT_EQ(session.take_output(),
              join({own_frame(TW_ROLE_SERVER, 0x82, small), own_frame(TW_ROLE_SERVER, 0x82, large)}));
  }
}

TEST(SendBorrow, DefaultLengthIsThatOfTheHeader) {
  EngineSession session;
  ASSERT_EQ(session.create(upgraded(TW_ROLE_SERVER)), TW_OK);
  const Bytes small = pattern(8191), large = pattern(8192);
  ASSERT_EQ(session.send(TW_OPCODE_BINARY, small, kBorrow), TW_OK);
  ASSERT_EQ(session.send(TW_OPCODE_BINARY, large, kBorrow), TW_OK);
  EXPECT_FALSE(shows(session.get(), small));
  EXPECT_TRUE(shows(session.get(), large));
}

TEST(SendBorrow, ClientCopiesWhatItMasksUnlessItMayMaskInPlace) {
  EngineSession session;
  ASSERT_EQ(session.create(borrowing(TW_ROLE_CLIENT)), TW_OK);
  const Bytes plain = pattern(kMinLen), small = pattern(kMinLen - 1);
  Bytes masked = plain;
  ASSERT_EQ(session.send(TW_OPCODE_BINARY, plain, kBorrow), TW_OK);
  ASSERT_EQ(session.send(TW_OPCODE_BINARY, masked, kInPlace), TW_OK);
  ASSERT_EQ(session.send(TW_OPCODE_BINARY, small, kInPlace), TW_OK);
  EXPECT_EQ(plain, pattern(kMinLen));
  EXPECT_EQ(small, pattern(kMinLen - 1));
  EXPECT_NE(masked, plain);
  EXPECT_FALSE(shows(session.get(), plain));
  EXPECT_TRUE(shows(session.get(), masked));
  EXPECT_EQ(session.take_output(),
            join({own_frame(TW_ROLE_CLIENT, 0x82, plain, 0), own_frame(TW_ROLE_CLIENT, 0x82, plain, 1),
                  own_frame(TW_ROLE_CLIENT, 0x82, small, 2)}));
}

TEST(SendBorrow, MaskInPlaceIsForBorrowedBytesOnly) {
  each_role([](uint32_t role) {
    EngineSession session;
    ASSERT_EQ(session.create(borrowing(role)), TW_OK);
    EXPECT_EQ(session.send(TW_OPCODE_BINARY, pattern(2000), TW_SEND_MASK_IN_PLACE), TW_ERR_ARGUMENT);
    EXPECT_TRUE(session.take_output().empty());
  });
}

TEST(SendBorrow, FragmentsAndControlFramesBetweenThem) {
  each_role([](uint32_t role) {
    EngineSession session;
    ASSERT_EQ(session.create(borrowing(role)), TW_OK);
    const Bytes plain = pattern(kMinLen);
    Bytes first = plain, second = plain;
    ASSERT_EQ(session.send(TW_OPCODE_BINARY, first, kInPlace | TW_SEND_MORE), TW_OK);
    ASSERT_EQ(session.ping(text("p")), TW_OK);
    ASSERT_EQ(session.send(TW_OPCODE_CONTINUATION, second, kInPlace), TW_OK);
    EXPECT_TRUE(shows(session.get(), first));
    EXPECT_TRUE(shows(session.get(), second));
    EXPECT_EQ(session.take_output(), join({own_frame(role, 0x02, plain, 0), own_frame(role, 0x89, text("p"), 1),
                                           own_frame(role, 0x80, plain, 2)}));
    EXPECT_EQ(session.stats().messages_sent, 1u);
    EXPECT_EQ(session.stats().frames_sent, 3u);
  });
}

TEST(SendBorrow, PartialWritesAtEveryByte) {
  each_role([](uint32_t role) {
    const Bytes plain = pattern(kMinLen);
    const Bytes expected = join({own_frame(role, 0x82, plain, 0), own_frame(role, 0x81, text("b"), 1)});
    for (size_t first = 0; first <= expected.size(); ++first) {
      EngineSession session;
      Bytes data = plain;
      ASSERT_EQ(session.create(borrowing(role)), TW_OK);
      ASSERT_EQ(session.send(TW_OPCODE_BINARY, data, kInPlace), TW_OK);
      ASSERT_EQ(session.send(TW_OPCODE_TEXT, text("b"), 0), TW_OK);
      const Bytes start = session.take_output(first), rest = session.take_output();
      ASSERT_EQ(join({start, rest}), expected);
    }
  });
}

TEST(SendBorrow, BytesCountAsOutputButAreNotHeld) {
  CountingAllocator allocator;
  const tw_allocator functions = allocator.c_api();
  tw_conn_config config = borrowing(TW_ROLE_SERVER);
  config.allocator = &functions;
  config.max_output_len = 3 << 20;
  config.max_memory_len = 64 << 10;
  EngineSession session;
  ASSERT_EQ(session.create(config), TW_OK);
  const Bytes data = pattern(1 << 20);
  ASSERT_EQ(session.send(TW_OPCODE_BINARY, data, kBorrow), TW_OK);
  EXPECT_EQ(session.output_len(), data.size() + 10);
  EXPECT_EQ(session.stats().bytes_sent, data.size() + 10);
  EXPECT_TRUE((session.wants() & TW_WANT_PAUSE) != 0) << "1 MiB is output_high_len";
  EXPECT_LE(session.stats().held_len, 4096u);
  EXPECT_EQ(session.stats().held_len, allocator.live_len());
  ASSERT_EQ(session.send(TW_OPCODE_BINARY, data, kBorrow), TW_OK);
  EXPECT_EQ(session.send(TW_OPCODE_BINARY, data, kBorrow), TW_ERR_LIMIT_OUTPUT);
  EXPECT_EQ(session.take_output(),
            join({own_frame(TW_ROLE_SERVER, 0x82, data), own_frame(TW_ROLE_SERVER, 0x82, data)}));
}

// Masked bytes of a message that was not sent would be of no use to the caller.
TEST(SendBorrow, RefusedCallLeavesTheBytesAlone) {
  CountingAllocator allocator;
  const tw_allocator functions = allocator.c_api();
  CountingRandom none{Bytes()};
  const tw_random no_random = none.c_api();
  Bytes data = pattern(2000, 128);  // no text
  const auto refused = [&](const tw_conn_config &config, uint32_t opcode, tw_status status, bool without_memory) {
    EngineSession session;
    ASSERT_EQ(session.create(config), TW_OK);
    if (without_memory) allocator.fail_after(0, true);
    EXPECT_EQ(session.send(opcode, data, kInPlace), status);
    allocator.never_fail();
    EXPECT_EQ(data, pattern(2000, 128)) << status;
    EXPECT_TRUE(session.take_output().empty());
  };
  tw_conn_config config = borrowing(TW_ROLE_CLIENT);
  config.allocator = &functions;
  refused(config, TW_OPCODE_TEXT, TW_ERR_TEXT, false);
  refused(config, TW_OPCODE_CONTINUATION, TW_ERR_STATE, false);
  refused(config, TW_OPCODE_BINARY, TW_ERR_NO_MEMORY, true);
  config.random = &no_random;
  refused(config, TW_OPCODE_BINARY, TW_ERR_RANDOM, false);
  config.random = nullptr;
  config.max_output_len = 2007;
  refused(config, TW_OPCODE_BINARY, TW_ERR_LIMIT_OUTPUT, false);
  config.max_output_len = 0;
  config.max_memory_len = 200;
  refused(config, TW_OPCODE_BINARY, TW_ERR_LIMIT_MEMORY, false);
}

TEST(SendBorrow, CompressedMessagesAreCopied) {
  each_role([](uint32_t role) {
    const tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
    const tw_deflate terms = {1, 0, 15, 15, {0}};
    tw_conn_config config = borrowing(role);
    config.deflate = &deflate;
    config.negotiated = &terms;
    EngineSession session;
    ASSERT_EQ(session.create(config), TW_OK);
    Bytes data(5000, 'a');
    ASSERT_EQ(session.send(TW_OPCODE_TEXT, data, kInPlace), TW_OK);
    EXPECT_EQ(data, Bytes(5000, 'a'));
    EXPECT_LT(session.output_len(), 100u);
    ASSERT_EQ(session.send(TW_OPCODE_TEXT, data, kInPlace | TW_SEND_NO_COMPRESS), TW_OK);
    EXPECT_TRUE(shows(session.get(), data));
  });
}

TEST(SendBorrow, EveryLengthOfHeader) {
  each_role([](uint32_t role) {
    tw_conn_config config = upgraded(role);
    config.min_borrow_len = 1;
    for (const size_t len : {0, 1, 125, 126, 65535, 65536}) {
      EngineSession session;
      ASSERT_EQ(session.create(config), TW_OK);
      Bytes data = pattern(len);
      ASSERT_EQ(session.send(TW_OPCODE_BINARY, data, kInPlace), TW_OK);
      EXPECT_EQ(shows(session.get(), data), len > 0) << len;
      EXPECT_EQ(session.take_output(), own_frame(role, 0x82, pattern(len))) << len;
    }
  });
}

}  // namespace
}  // namespace tidewire
