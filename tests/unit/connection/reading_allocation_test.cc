// SPDX-License-Identifier: MIT
// With a pool, and after the first few messages, no way of taking input allocates: small messages, cut at any byte,
// fragmented, and large ones. And between messages nothing is held.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/connection/reads.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

// Feeds a message, cut into pieces of at most `piece` bytes, and looks at what it came to.
class Reader {
 public:
  Reader(Intake intake, uint32_t role) : conn(upgraded(role)), intake_(intake), dst_(kLargestLen) {}

  void take(const Bytes &stream, size_t first_piece, size_t piece, const Bytes &body) {
    size_t found = 0;
    for (size_t at = 0, len = first_piece; at < stream.size(); at += len, len = piece) {
      len = std::min(len, stream.size() - at);
      tw_event event = {};
      size_t consumed = len;
      const size_t count = call(stream.data() + at, len, &event, &consumed);
      len = consumed;
      found += count;
      if (count > 0) {
        ASSERT_TRUE(same_bytes({event.data, event.len}, view(body)));
      }
    }
    ASSERT_EQ(found, 1u);
  }

  // The call that gives everything back.
  void rest() {
    tw_event event = {};
    size_t consumed = 0;
    ASSERT_EQ(call(nullptr, 0, &event, &consumed), 0u);
    ASSERT_EQ(held_len(conn.conn), kConnLen);
  }

  static constexpr size_t kLargestLen = 1 << 20;
  PooledConn conn;

 private:
  size_t call(const uint8_t *data, size_t len, tw_event *event, size_t *consumed) {
    size_t count = 0;
    tw_status status = TW_OK;
    if (intake_ == Intake::kReadBuffer) {
      const ReadRoom room = read_buffer(conn.conn);
      EXPECT_EQ(room.status, TW_OK);
      *consumed = std::min(len, room.cap);
      std::copy(data, data + *consumed, room.data);
      status = tw_conn_read_commit(conn.conn, *consumed, event, 1, &count);
    } else {
      fed_.assign(data, data + len);
      status = intake_ == Intake::kReceive ? tw_conn_receive(conn.conn, fed_.data(), len, event, 1, &count, consumed)
                                           : tw_conn_receive_into(conn.conn, fed_.data(), len, dst_.data(), dst_.size(),
                                                                  event, 1, &count, consumed);
    }
    EXPECT_EQ(status, TW_OK);
    return count;
  }

  Intake intake_;
  Bytes dst_, fed_;
};

Bytes fragments(uint32_t role, const Bytes &body, size_t fragment_len) {
  Bytes out;
  for (size_t at = 0; at < body.size(); at += fragment_len) {
    const size_t end = std::min(body.size(), at + fragment_len);
    const uint8_t first = static_cast<uint8_t>((at == 0 ? 0x02 : 0x00) | (end == body.size() ? 0x80 : 0));
    const Bytes frame = peer_frame(role, first, slice(body, at, end));
    out.insert(out.end(), frame.begin(), frame.end());
  }
  return out;
}

TEST(ReadingAllocation, NoneAfterWarmUp) {
  constexpr size_t kEvery = 0;  // each cut in two, byte by byte
  const struct {
    const char *name;
    size_t len, fragment_len, piece;
    int repeats;
  } kinds[] = {
      {"small", 100, SIZE_MAX, SIZE_MAX, 50},
      {"1 KiB, cut at every byte", 1000, SIZE_MAX, kEvery, 1},
      {"fragments", 5000, 700, 600, 20},
      {"large fragments", Reader::kLargestLen, 100000, 30000, 3},
      {"1 MiB in small pieces", Reader::kLargestLen, SIZE_MAX, 1400, 3},
      {"1 MiB", Reader::kLargestLen, SIZE_MAX, 65536, 5},
  };
  for (const Intake intake : {Intake::kReceive, Intake::kReadBuffer, Intake::kInto}) {
    each_role([&](uint32_t role) {
      for (const auto &[name, len, fragment_len, piece, repeats] : kinds) {
        SCOPED_TRACE(std::string(name) + ", intake " + std::to_string(static_cast<int>(intake)));
        Reader reader(intake, role);
        const Bytes body = pattern(len);
        const Bytes stream = fragments(role, body, std::min(fragment_len, len));
        const auto take_all = [&, piece = piece, repeats = repeats] {
          const size_t cuts = piece == kEvery ? stream.size() : 1;
          for (int i = 0; i < repeats; ++i) {
            for (size_t cut = 1; cut <= cuts && !::testing::Test::HasFatalFailure(); ++cut) {
              reader.take(stream, piece == kEvery ? cut : piece, piece == kEvery ? SIZE_MAX : piece, body);
            }
          }
          reader.rest();
        };
        take_all();
        const uint64_t warm = reader.conn.allocator.allocations();
        take_all();
        EXPECT_EQ(reader.conn.allocator.allocations(), warm);
        if (::testing::Test::HasFailure()) return;
      }
    });
  }
}

}  // namespace
}  // namespace tidewire
