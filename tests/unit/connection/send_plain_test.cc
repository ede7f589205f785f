// SPDX-License-Identifier: MIT
// Short whole messages: text that is checked while it is copied, and the lengths at which another way begins.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/each_kernel.h"
#include "tests/support/guarded_buffer.h"
#include "tests/unit/connection/sessions.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

// Sends the text from the edge of a page, by one call of each kind; both must do the same.
class EdgeSender {
 public:
  EdgeSender() : edge_(kMostLen) {
    EXPECT_EQ(single_.create(upgraded(TW_ROLE_SERVER)), TW_OK);
    EXPECT_EQ(batched_.create(upgraded(TW_ROLE_SERVER)), TW_OK);
  }

  void expect(const Bytes &data, tw_status status) {
    uint8_t *at = edge_.back(data.size());
    std::copy(data.begin(), data.end(), at);
    const tw_message message = {at, data.size(), TW_OPCODE_TEXT, 0};
    size_t count = 99;
    ASSERT_EQ(tw_conn_send(single_.get(), TW_OPCODE_TEXT, at, data.size(), 0), status);
    ASSERT_EQ(tw_conn_send_batch(batched_.get(), &message, 1, &count), status);
    ASSERT_EQ(count, status == TW_OK ? 1u : 0u);
    const Bytes want = status == TW_OK ? own_frame(TW_ROLE_SERVER, 0x81, data) : Bytes();
    ASSERT_EQ(single_.take_output(), want);
    ASSERT_EQ(batched_.take_output(), want);
  }

  static constexpr size_t kMostLen = 140;

 private:
  GuardedBuffer edge_;
  EngineSession single_, batched_;
};

TEST(SendPlain, TextOfEveryLengthIsCheckedAtEveryByte) {
  each_kernel([](const Kernels &) {
    EdgeSender sender;
    for (size_t len = 0; len <= EdgeSender::kMostLen; ++len) {
      ASSERT_NO_FATAL_FAILURE(sender.expect(Bytes(len, 'a'), TW_OK)) << len;
      for (size_t at = 0; at < len; ++at) {
        SCOPED_TRACE(std::to_string(len) + " bytes, at " + std::to_string(at));
        Bytes data(len, 'a');
        data[at] = 0xFF;
        ASSERT_NO_FATAL_FAILURE(sender.expect(data, TW_ERR_TEXT));
        data[at] = 0xC3;  // of two bytes
        if (at + 1 < len) data[at + 1] = 0xA9;
        ASSERT_NO_FATAL_FAILURE(sender.expect(data, at + 1 < len ? TW_OK : TW_ERR_TEXT));
      }
    }
  });
}

TEST(SendPlain, RefusedTextLeavesNoMemoryBehind) {
  each_role([](uint32_t role) {
    EngineSession session;
    ASSERT_EQ(session.create(upgraded(role)), TW_OK);
    const uint64_t held_len = session.stats().held_len;
    const uint8_t bad = 0xFF;
    const tw_message message = {&bad, 1, TW_OPCODE_TEXT, 0};
    size_t count = 99;
    EXPECT_EQ(tw_conn_send(session.get(), TW_OPCODE_TEXT, &bad, 1, 0), TW_ERR_TEXT);
    EXPECT_EQ(session.stats().held_len, held_len);
    EXPECT_EQ(tw_conn_send_batch(session.get(), &message, 1, &count), TW_ERR_TEXT);
    EXPECT_EQ(session.stats().held_len, held_len);
  });
}

TEST(SendPlain, LengthsWhereHeadersAndCallsChange) {
  each_role([](uint32_t role) {
    tw_conn_config config = upgraded(role);
    config.min_borrow_len = 1 << 20;
    std::vector<Bytes> payloads;
    for (const size_t len : {125, 126, 128, 129, 65534, 65535, 65536, 65537, 0}) payloads.push_back(pattern(len));
    std::vector<tw_message> batch;
    for (const Bytes &payload : payloads) batch.push_back({payload.data(), payload.size(), TW_OPCODE_BINARY, 0});
    EngineSession single, batched;
    ASSERT_EQ(single.create(config), TW_OK);
    ASSERT_EQ(batched.create(config), TW_OK);
    Bytes want;
    for (size_t i = 0; i < payloads.size(); ++i) {
      want = join({want, own_frame(role, 0x82, payloads[i], i)});
      ASSERT_EQ(single.send(TW_OPCODE_BINARY, payloads[i], 0), TW_OK);
    }
    size_t count = 0;
    ASSERT_EQ(tw_conn_send_batch(batched.get(), batch.data(), batch.size(), &count), TW_OK);
    EXPECT_EQ(count, batch.size());
    EXPECT_EQ(single.take_output(), want);
    EXPECT_EQ(batched.take_output(), want);
    EXPECT_EQ(batched.stats().frames_sent, batch.size());
    EXPECT_EQ(batched.stats().messages_sent, batch.size());
  });
}

}  // namespace
}  // namespace tidewire
