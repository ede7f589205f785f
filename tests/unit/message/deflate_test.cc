// SPDX-License-Identifier: MIT
#include "core/message/deflate.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "tests/reference/inflate_ref.h"
#include "tests/support/codecs.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/test_bytes.h"

namespace tidewire {
namespace {

using reference::InflateVerdict;
using test::Bytes;
using test::DeflaterUnderTest;
using test::GuardedBuffer;
using test::hex;
using test::incompressible;
using test::InflaterUnderTest;
using test::join;
using test::LentMemory;
using test::mixed;
using test::pick;
using test::random_bytes;
using test::Rng;
using test::same_bytes;
using test::text;
using test::view;

using namespace std::string_view_literals;

struct Example {
  const char *name;
  std::vector<const char *> messages;  // payloads
  std::string_view text;               // of all of them
};

// RFC 7692 §7.2.3, and what else is valid by it.
const Example kExamples[] = {
    {"one block", {"f248cdc9c90700"}, "Hello"},
    {"sliding window", {"f248cdc9c90700", "f200110000"}, "HelloHello"},
    {"stored block", {"000500faff48656c6c6f00"}, "Hello"},
    {"BFINAL", {"f348cdc9c9070000"}, "Hello"},
    {"two blocks", {"f248050000 00ffff cac9c90700"}, "Hello"},
    {"empty message", {"00"}, ""},
    {"empty messages", {"00", "00", "030000", "00"}, ""},
    {"window across BFINAL", {"f348cdc9c9070000", "f200110000"}, "HelloHello"},
    {"BFINAL twice in a message", {"f348cdc9c90700 f348cdc9c9070000"}, "HelloHello"},
    {"BFINAL in a stored block", {"010500faff48656c6c6f00"}, "Hello"},
    {"the end of a stored block is left out", {"000400fbff", "f248cdc9c90700"}, "\0\0\xff\xffHello"sv},
    {"all but the end of a stored block is there", {"000900f6ff48656c6c6f"}, "Hello\0\0\xff\xff"sv},
    {"the end of a stored block with BFINAL is left out", {"010400fbff", "f248cdc9c90700"}, "\0\0\xff\xffHello"sv},
};

TEST(Inflater, ReadsTheExamplesInAnyPieces) {
  for (const Example &example : kExamples) {
    for (const size_t piece : {size_t{1}, size_t{2}, size_t{3}, SIZE_MAX}) {
      for (const size_t room : {1, 2, 3, 5, 6, 4096}) {
        SCOPED_TRACE(testing::Message() << example.name << ", piece " << piece << ", room " << room);
        InflaterUnderTest test;
        for (const char *payload : example.messages) ASSERT_EQ(test.message(hex(payload), piece, room), Status::kOk);
        EXPECT_TRUE(same_bytes(view(test.got), view(text(example.text))));
      }
    }
  }
}

struct Broken {
  const char *name;
  const char *payload;
};

const Broken kBroken[] = {
    {"no payload", ""},
    {"block type 3", "06"},
    {"complement of a stored length", "000500fbff48656c6c6f00"},
    {"a stored block that is cut", "000a00f5ff48656c6c6f"},
    {"no end of the last block", "f248cdc9c9"},
    {"BFINAL, and no empty block after it", "f348cdc9c90700"},
    {"a match before the start", "f200110000"},
    {"a length code that means nothing", "1b03"},
    {"more codes than there are lengths", "f41f"},
    {"a byte too many", "f248cdc9c9070000"},
    {"block type 3 behind a literal", "f248cdc9c90718"},
    {"the last block ends inside a byte", "04e00192244992244920b1a87964f5ecfdffbb07"},
};

TEST(Inflater, RefusesWhatIsNoMessage) {
  for (const Broken &broken : kBroken) {
    const reference::Inflated want = reference::inflate(hex(broken.payload), true, {});
    for (const size_t piece : {size_t{1}, SIZE_MAX}) {
      for (const size_t room : {1, 4096}) {
        SCOPED_TRACE(testing::Message() << broken.name << ", piece " << piece << ", room " << room);
        InflaterUnderTest test;
        EXPECT_EQ(want.verdict, InflateVerdict::bad);
        EXPECT_EQ(test.message(hex(broken.payload), piece, room), Status::kDeflate);
        EXPECT_TRUE(same_bytes(view(test.got), view(want.bytes)));
        test.got.clear();
        test.inflater->reset();
        EXPECT_EQ(test.message(hex("f248cdc9c90700")), Status::kOk);
        EXPECT_TRUE(same_bytes(view(test.got), view(text("Hello"))));
      }
    }
  }
}

// The connection's limits are exact only if a message that fills its room is not taken for one that wants more.
TEST(Inflater, AsksForRoomOnlyWhereMoreIsToCome) {
  for (const size_t short_by : {size_t{0}, size_t{1}}) {
    InflaterUnderTest test;
    const Bytes payload = hex("f248cdc9c90700");
    ByteView in = view(payload);
    uint8_t bytes[5];
    MutBytes out = {bytes, sizeof(bytes) - short_by};
    EXPECT_EQ(test.inflater->inflate(&in, &out), short_by == 0 ? Status::kOk : Status::kNeedRoom);
    EXPECT_EQ(out.size, 0u);
    if (short_by > 0) {
      EXPECT_EQ(test.inflater->inflate(&in, &out), Status::kNeedRoom);  // no room, no progress
      out = {bytes + 4, 1};
      EXPECT_EQ(test.inflater->inflate(&in, &out), Status::kOk);
    }
    EXPECT_EQ(in.size, 0u);
    EXPECT_EQ(test.inflater->finish(&out), Status::kOk);
    EXPECT_TRUE(same_bytes({bytes, sizeof(bytes)}, view(text("Hello"))));
  }
}

TEST(Inflater, NeedsNoRoomForNothing) {
  InflaterUnderTest test;
  const Bytes payload = hex("00");
  for (int i = 0; i < 3; ++i) {
    ByteView in = view(payload);
    MutBytes out;
    EXPECT_EQ(test.inflater->inflate(&in, &out), Status::kOk);
    EXPECT_EQ(test.inflater->finish(&out), Status::kOk);
  }
}

TEST(Inflater, ResetForgetsTheWindow) {
  InflaterUnderTest test;
  ASSERT_EQ(test.message(hex("f248cdc9c90700")), Status::kOk);
  test.inflater->reset();
  EXPECT_EQ(test.message(hex("f200110000")), Status::kDeflate);
}

// A reset in the middle of everything: a byte that waits for room, a half-given tail, a block under way.
TEST(Inflater, ResetForgetsAMessageUnderWay) {
  InflaterUnderTest test;
  const Bytes payload = hex("000400fbff");
  ByteView in = view(payload);
  MutBytes none;
  ASSERT_EQ(test.inflater->inflate(&in, &none), Status::kOk);
  ASSERT_EQ(test.inflater->finish(&none), Status::kNeedRoom);
  test.inflater->reset();
  ASSERT_EQ(test.message(payload), Status::kOk);
  EXPECT_TRUE(same_bytes(view(test.got), view(hex("0000ffff"))));
}

TEST(Inflater, TakesNoMoreThanItsLease) {
  for (unsigned bits = 8; bits <= 15; ++bits) {
    InflaterUnderTest test(bits);
    EXPECT_EQ(test.inflater->held_len(), inflate_context_len(bits));
    EXPECT_EQ(test.memory.lender.held_len(), inflate_context_len(bits));
    DeflaterUnderTest peer(6, 8, bits);
    Rng rng(bits);
    for (int i = 0; i < 3; ++i) {
      const Bytes bytes = mixed(rng, 50000);
      test.got.clear();
      ASSERT_EQ(test.message(peer.message(bytes)), Status::kOk);
      EXPECT_TRUE(same_bytes(view(test.got), view(bytes)));
      if (i == 1) test.inflater->reset();
      if (i == 1) peer.deflater->reset();
    }
    EXPECT_EQ(test.memory.counting.allocations(), 1u);
  }
}

TEST(Inflater, SaysWhyThereIsNone) {
  LentMemory memory;
  Inflater *inflater = nullptr;
  memory.counting.fail_after(0);
  EXPECT_EQ(Inflater::create(&memory.lender, 15, &inflater), Status::kNoMemory);
  EXPECT_EQ(inflater, nullptr);
  memory.source.max_held_len = inflate_context_len(15) - 1;
  EXPECT_EQ(Inflater::create(&memory.lender, 15, &inflater), Status::kLimitMemory);
  EXPECT_EQ(inflater, nullptr);
  memory.source.max_held_len++;
  EXPECT_EQ(Inflater::create(&memory.lender, 15, &inflater), Status::kOk);
  Inflater::destroy(&memory.lender, inflater);
  Inflater::destroy(&memory.lender, nullptr);
  // Bits that the library refuses stand in for a library that wants more than its lease.
  EXPECT_EQ(Inflater::create(&memory.lender, 7, &inflater), Status::kNoMemory);
  EXPECT_EQ(inflater, nullptr);
  EXPECT_EQ(memory.lender.held_len(), 0u);
}

TEST(Deflater, SaysWhyThereIsNone) {
  LentMemory memory;
  Deflater *deflater = nullptr;
  memory.counting.fail_after(0);
  EXPECT_EQ(Deflater::create(&memory.lender, 1, 8, 15, &deflater), Status::kNoMemory);
  EXPECT_EQ(deflater, nullptr);
  memory.source.max_held_len = deflate_context_len(15, 8) - 1;
  EXPECT_EQ(Deflater::create(&memory.lender, 1, 8, 15, &deflater), Status::kLimitMemory);
  EXPECT_EQ(deflater, nullptr);
  memory.source.max_held_len++;
  EXPECT_EQ(Deflater::create(&memory.lender, 1, 8, 15, &deflater), Status::kOk);
  Deflater::destroy(&memory.lender, deflater);
  Deflater::destroy(&memory.lender, nullptr);
  EXPECT_EQ(Deflater::create(&memory.lender, 10, 8, 15, &deflater), Status::kNoMemory);
  EXPECT_EQ(deflater, nullptr);
  EXPECT_EQ(memory.lender.held_len(), 0u);
}

template <typename Function>
void each_deflater(Function function) {
  for (unsigned bits = 8; bits <= 15; ++bits) {
    for (unsigned memory_level = 1; memory_level <= 9; ++memory_level) {
      for (unsigned level = 1; level <= 9; ++level) {
        SCOPED_TRACE(testing::Message() << bits << " bits, memory level " << memory_level << ", level " << level);
        function(level, memory_level, bits);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

TEST(Deflater, EverySettingIsUnderstoodAndKeepsToItsWindow) {
  Rng rng(1);
  const Bytes first = mixed(rng, 3000);
  const Bytes second = mixed(rng, 300);
  each_deflater([&](unsigned level, unsigned memory_level, unsigned bits) {
    DeflaterUnderTest test(level, memory_level, bits);
    EXPECT_EQ(test.memory.lender.held_len(), deflate_context_len(bits, memory_level));
    EXPECT_EQ(test.deflater->held_len(), deflate_context_len(bits, memory_level));
    Bytes window;
    for (const Bytes &bytes : {first, second, first}) {
      const reference::Inflated want = reference::inflate(test.message(bytes), true, window);
      ASSERT_EQ(want.verdict, InflateVerdict::ok);
      ASSERT_TRUE(same_bytes(view(want.bytes), view(bytes)));
      EXPECT_LE(want.max_distance, size_t{1} << bits);
      window.insert(window.end(), bytes.begin(), bytes.end());
    }
    EXPECT_EQ(test.memory.counting.allocations(), 1u);
  });
}

TEST(Deflater, ContextTakeoverSavesBytes) {
  Rng rng(2);
  const Bytes bytes = random_bytes(rng, 200);
  DeflaterUnderTest test(1, 8, 15);
  const Bytes first = test.message(bytes);
  EXPECT_GT(first.size(), bytes.size());
  EXPECT_LT(test.message(bytes).size(), 20u);
  test.deflater->reset();
  EXPECT_TRUE(same_bytes(view(test.message(bytes)), view(first)));
}

TEST(Deflater, FragmentsMakeAMessage) {
  Rng rng(3);
  for (int round = 0; round < 200; ++round) {
    DeflaterUnderTest test(static_cast<unsigned>(pick(rng, 1, 9)), 8, 15);
    InflaterUnderTest peer;
    for (int i = 0; i < 3; ++i) {
      Bytes bytes;
      Bytes payload;
      for (size_t fragments = pick(rng, 1, 5); fragments > 0; --fragments) {
        const Bytes part = rng() % 4 == 0 ? Bytes() : mixed(rng, pick(rng, 1, 500));
        const Bytes deflated = test.fragment(part, fragments == 1);
        if (part.empty()) {
          EXPECT_EQ(deflated, fragments == 1 ? hex("00") : Bytes());
        }
        bytes = join({bytes, part});
        payload = join({payload, deflated});
      }
      peer.got.clear();
      ASSERT_EQ(peer.message(payload, 7, 33), Status::kOk);
      ASSERT_TRUE(same_bytes(view(peer.got), view(bytes)));
    }
  }
}

TEST(Deflater, BoundSufficesForTheWorst) {
  Rng rng(4);
  const Bytes bytes = incompressible(rng, 70000);
  GuardedBuffer room(size_t{1} << 17);
  each_deflater([&](unsigned level, unsigned memory_level, unsigned bits) {
    DeflaterUnderTest test(level, memory_level, bits);
    for (const size_t len : {size_t{1}, size_t{2}, pick(rng, 3, 300), pick(rng, 300, 5000)}) {
      const size_t cap = Deflater::bound(len);
      size_t out_len = 0;
      ASSERT_EQ(test.deflater->deflate({bytes.data(), len}, false, {room.back(cap), cap}, &out_len), Status::kOk)
          << len;
    }
  });
  for (const unsigned level : {1u, 6u}) {
    for (const unsigned memory_level : {1u, 2u, 8u, 9u}) {
      DeflaterUnderTest test(level, memory_level, 9);
      const size_t cap = Deflater::bound(bytes.size());
      size_t out_len = 0;
      EXPECT_EQ(test.deflater->deflate(view(bytes), false, {room.back(cap), cap}, &out_len), Status::kOk);
    }
  }
  EXPECT_EQ(Deflater::bound(SIZE_MAX), SIZE_MAX);
}

TEST(Deflater, SaysThatTheRoomIsTooSmall) {
  Rng rng(5);
  const Bytes bytes = random_bytes(rng, 300);
  GuardedBuffer room(4096);
  DeflaterUnderTest test(1, 8, 15);
  const size_t len = test.message(bytes).size();
  for (size_t cap = 0; cap < len; ++cap) {
    test.deflater->reset();
    size_t out_len = 1;
    EXPECT_EQ(test.deflater->deflate(view(bytes), true, {room.back(cap), cap}, &out_len), Status::kNeedRoom) << cap;
    EXPECT_EQ(out_len, 0u);
  }
  test.deflater->reset();
  EXPECT_EQ(test.message(bytes).size(), len);
  size_t out_len = 1;
  EXPECT_EQ(test.deflater->deflate({}, true, {}, &out_len), Status::kNeedRoom);
  EXPECT_EQ(out_len, 0u);
}

}  // namespace
}  // namespace tidewire
