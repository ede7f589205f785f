// SPDX-License-Identifier: MIT
// tw_conn_receive: where payloads lie, how long they stay, a full event array, memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "tests/support/counting_allocator.h"
#include "tests/support/each_kernel.h"
#include "tests/support/guarded_buffer.h"
#include "tests/unit/connection/sessions.h"

namespace tidewire {
namespace {

using namespace tidewire::test;
using reference::Event;

TEST(Receive, WholePayloadIsAViewIntoTheInput) {
  each_role([](uint32_t role) {
    EngineSession session;
    ASSERT_EQ(session.create(upgraded(role)), TW_OK);
    for (const size_t len : {1, 16, 125, 126, 1000, 70000}) {
      const Bytes body = pattern(len);
      Bytes data = peer_frame(role, 0x82, body);
      const Received got = receive(session.get(), data);
      ASSERT_EQ(got.status, TW_OK);
      ASSERT_EQ(got.events.size(), 1u);
      EXPECT_EQ(got.events[0].data, data.data() + data.size() - len);
      EXPECT_TRUE(same_bytes({got.events[0].data, len}, view(body)));
    }
  });
}

TEST(Receive, ControlPayloadIsAViewIntoTheInput) {
  EngineSession session;
  ASSERT_EQ(session.create(upgraded(TW_ROLE_SERVER)), TW_OK);
  Bytes data = peer_frame(TW_ROLE_SERVER, 0x8A, text("pong"));
  const Received got = receive(session.get(), data);
  ASSERT_EQ(got.events.size(), 1u);
  EXPECT_EQ(got.events[0].data, data.data() + 6);
}

// A message cut by reads lies in a buffer of its own, which outlives the reads and every call that takes no input.
TEST(Receive, AssembledMessageStaysUntilTheNextInput) {
  each_role([](uint32_t role) {
    EngineSession session;
    ASSERT_EQ(session.create(upgraded(role)), TW_OK);
    Bytes first = peer_frame(role, 0x02, pattern(3000));
    Bytes last = peer_frame(role, 0x80, pattern(3000, 3000));
    ASSERT_EQ(receive(session.get(), first).status, TW_OK);
    const Received got = receive(session.get(), last);
    ASSERT_EQ(got.events.size(), 1u);
    std::fill(first.begin(), first.end(), uint8_t{0});
    std::fill(last.begin(), last.end(), uint8_t{0});
    ASSERT_EQ(session.send(TW_OPCODE_BINARY, payload(got.events[0]), 0), TW_OK);
    ASSERT_EQ(session.ping({}), TW_OK);
    session.take_output();
    EXPECT_TRUE(same_bytes({got.events[0].data, got.events[0].len}, view(pattern(6000))));
    got.events[0].data[0] ^= 1;  // may be written to
    EXPECT_EQ(receive(session.get(), first, first.size()).status, TW_OK);
  });
}

TEST(Receive, FullEventArrayStopsAfterTheLastEvent) {
  each_role([](uint32_t role) {
    EngineSession session;
    ASSERT_EQ(session.create(upgraded(role)), TW_OK);
    const Bytes one = peer_frame(role, 0x82, text("1")), two = peer_frame(role, 0x89, text("2"));
    const Bytes three = peer_frame(role, 0x81, text("3"));
    Bytes data = join({one, two, three});
    size_t at = 0;
    for (const Bytes &frame : {one, two, three}) {
      const Received got = receive(session.get(), data, at, 1);
      const bool last = at + frame.size() == data.size();
      EXPECT_EQ(got.status, last ? TW_OK : TW_NEED_ROOM);
      ASSERT_EQ(got.events.size(), 1u);
      EXPECT_EQ(got.events[0].offset, at);
      EXPECT_EQ(got.consumed, frame.size());
      at += got.consumed;
    }
  });
}

TEST(Receive, WithoutRoomForEventsNothingIsTaken) {
  EngineSession session;
  ASSERT_EQ(session.create(upgraded(TW_ROLE_CLIENT)), TW_OK);
  Bytes data = peer_frame(TW_ROLE_CLIENT, 0x81, text("a"));
  const Bytes before = data;
  const Received got = receive(session.get(), data, 0, 0);
  EXPECT_EQ(got.status, TW_NEED_ROOM);
  EXPECT_EQ(got.consumed, 0u);
  EXPECT_EQ(data, before);
  EXPECT_EQ(receive(session.get(), data).events.size(), 1u);
}

TEST(Receive, NoInputIsFine) {
  each_role([](uint32_t role) {
    EngineSession session;
    ASSERT_EQ(session.create(upgraded(role)), TW_OK);
    size_t count = 1, consumed = 1;
    EXPECT_EQ(tw_conn_receive(session.get(), nullptr, 0, nullptr, 0, &count, &consumed), TW_OK);
    EXPECT_EQ(count, 0u);
    EXPECT_EQ(consumed, 0u);
  });
}

// Neither read nor written beyond what was fed, however it is cut.
TEST(Receive, StaysInsideTheInput) {
  each_kernel([](const Kernels &) {
    each_role([](uint32_t role) {
      const Bytes stream =
          join({peer_frame(role, 0x81, text("Gr\xC3\xBC\xC3\x9F")), peer_frame(role, 0x02, pattern(200)),
                peer_frame(role, 0x89, pattern(125)), peer_frame(role, 0x80, pattern(130))});
      GuardedBuffer guarded(stream.size());
      for (size_t cut = 0; cut <= stream.size(); ++cut) {
        EngineSession session;
        ASSERT_EQ(session.create(upgraded(role)), TW_OK);
        size_t events = 0;
        for (const auto &[from, to] : {std::pair{size_t{0}, cut}, std::pair{cut, stream.size()}}) {
          uint8_t *fed = guarded.back(to - from);
          std::copy(stream.begin() + static_cast<ptrdiff_t>(from), stream.begin() + static_cast<ptrdiff_t>(to), fed);
          tw_event found[4];
          size_t count = 0, consumed = 0;
          ASSERT_EQ(tw_conn_receive(session.get(), fed, to - from, found, 4, &count, &consumed), TW_OK);
          ASSERT_TRUE(guarded.surroundings_untouched(fed, to - from));
          guarded.refill(fed, to - from);
          events += count;
        }
        ASSERT_EQ(events, 3u);
      }
    });
  });
}

TEST(Receive, LargeMessageInRandomPieces) {
  each_kernel([](const Kernels &) {
    each_role([](uint32_t role) {
      Rng rng(role);
      const Bytes body = pattern(1 << 20);
      const Bytes stream = peer_frame(role, 0x82, body);
      EngineSession session;
      ASSERT_EQ(session.create(upgraded(role)), TW_OK);
      std::vector<Event> events;
      for (size_t at = 0; at < stream.size();) {
        const size_t len = std::min(stream.size() - at, pick(rng, 1, 20000));
        const auto begin = stream.begin() + static_cast<ptrdiff_t>(at);
        ASSERT_EQ(session.receive(Bytes(begin, begin + static_cast<ptrdiff_t>(len)), 2, &events), TW_OK);
        at += len;
      }
      ASSERT_EQ(events.size(), 1u);
      EXPECT_TRUE(same_bytes(view(events[0].data), view(body)));
    });
  });
}

// Messages that lie whole in the input: no allocation at all, after nothing but the creation.
TEST(Receive, WholeMessagesAreDecodedWithoutAllocating) {
  each_role([](uint32_t role) {
    CountingAllocator allocator;
    const tw_allocator c_allocator = allocator.c_api();
    tw_conn_config config = upgraded(role);
    config.allocator = &c_allocator;
    EngineSession session;
    ASSERT_EQ(session.create(config), TW_OK);
    const uint64_t before = allocator.allocations();
    size_t events = 0;
    for (int i = 0; i < 1000; ++i) {
      Bytes data = join({peer_frame(role, 0x81, pattern(i % 100)), peer_frame(role, 0x82, pattern(i * 7 % 2000)),
                         peer_frame(role, 0x8A, pattern(i % 126))});
      const Received got = receive(session.get(), data);
      ASSERT_EQ(got.status, TW_OK);
      events += got.events.size();
    }
    EXPECT_EQ(events, 3000u);
    EXPECT_EQ(allocator.allocations(), before);
  });
}

// With a pool even fragments, cut frames and replies come from buffers that are used again.
TEST(Receive, EchoFromAPoolStopsAllocatingAfterWarmUp) {
  each_role([](uint32_t role) {
    CountingAllocator allocator;
    const tw_allocator c_allocator = allocator.c_api();
    tw_pool_config pool_config = TW_POOL_CONFIG_INIT;
    pool_config.allocator = &c_allocator;
    tw_pool *pool = nullptr;
    ASSERT_EQ(tw_pool_create(&pool_config, &pool), TW_OK);
    tw_conn_config config = upgraded(role);
    config.allocator = &c_allocator;
    config.pool = pool;
    {
      EngineSession session;
      ASSERT_EQ(session.create(config), TW_OK);
      uint64_t warm = 0;
      for (int i = 0; i < 300; ++i) {
        if (i == 10) warm = allocator.allocations();
        std::vector<Event> events;
        const Bytes data = join({peer_frame(role, 0x81, pattern(i % 126)), peer_frame(role, 0x02, pattern(90)),
                                 peer_frame(role, 0x89, pattern(i % 126)), peer_frame(role, 0x80, pattern(600))});
        for (const size_t at : {size_t{0}, data.size() / 2}) {
          const Bytes half(data.begin() + static_cast<ptrdiff_t>(at),
                           at == 0 ? data.begin() + static_cast<ptrdiff_t>(data.size() / 2) : data.end());
          ASSERT_EQ(session.receive(half, 8, &events), TW_OK);
        }
        ASSERT_EQ(events.size(), 3u);
        for (const Event &event : events) ASSERT_EQ(session.send(TW_OPCODE_BINARY, event.data, 0), TW_OK);
        ASSERT_FALSE(session.take_output().empty());
      }
      EXPECT_EQ(allocator.allocations(), warm);
    }
    tw_pool_destroy(pool);
  });
}

// CVE-2026-48779, CVE-2026-42786: whatever the fragments are like, what is held stays within twice the limit.
TEST(Receive, FragmentsHoldAtMostTwiceTheMessageLimit) {
  each_role([](uint32_t role) {
    for (const size_t fragment : {0, 1, 50, 4000, 33000}) {
      CountingAllocator allocator;
      const tw_allocator c_allocator = allocator.c_api();
      tw_conn_config config = upgraded(role);
      config.allocator = &c_allocator;
      config.max_message_len = 100000;
      EngineSession session;
      ASSERT_EQ(session.create(config), TW_OK);
      std::vector<Event> events;
      tw_status status = session.receive(peer_frame(role, 0x02, pattern(fragment)), 1, &events);
      while (status == TW_OK) status = session.receive(peer_frame(role, 0x00, pattern(fragment)), 1, &events);
      EXPECT_TRUE(status == TW_ERR_LIMIT_MESSAGE || status == TW_ERR_LIMIT_FRAGMENTS);
      EXPECT_LE(allocator.peak_len(), 2 * config.max_message_len + 1024) << "fragments of " << fragment;
    }
  });
}

// The text of a fragment is bad: the session ends, and a fault that is found in the frame loop, in the assembler or at
// the end of the message is the same fault.
TEST(Receive, BadTextIsTheSameFaultOnEveryPath) {
  each_kernel([](const Kernels &) {
    each_role([](uint32_t role) {
      for (const size_t len : {1, 15, 16, 17, 64, 65, 125, 126, 1000}) {
        Bytes body(len, 'a');
        for (const size_t bad : {size_t{0}, len / 2, len - 1}) {
          Bytes spoiled = body;
          spoiled[bad] = 0xFF;
          const Bytes frame = peer_frame(role, 0x81, spoiled);
          for (const size_t cut : {frame.size(), frame.size() - 1, frame.size() - len + bad}) {
            EngineSession session;
            ASSERT_EQ(session.create(upgraded(role)), TW_OK);
            std::vector<Event> events;
            const auto middle = frame.begin() + static_cast<ptrdiff_t>(cut);
            tw_status status = session.receive(Bytes(frame.begin(), middle), 1, &events);
            if (status == TW_OK) status = session.receive(Bytes(middle, frame.end()), 1, &events);
            ASSERT_EQ(status, TW_ERR_UTF8);
            ASSERT_EQ(session.error().offset, frame.size() - len + bad);
          }
        }
      }
    });
  });
}

}  // namespace
}  // namespace tidewire
