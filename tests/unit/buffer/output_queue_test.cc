// SPDX-License-Identifier: MIT
#include "core/buffer/output_queue.h"

#include <gtest/gtest.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <vector>

#include "tests/support/counting_allocator.h"
#include "tests/support/test_bytes.h"

namespace tidewire {
namespace {

using test::Bytes;
using test::CountingAllocator;

constexpr size_t kFirstLen = 4096;

// A queue over an allocator or a pool, beside a plain copy of what it must hold.
class QueueUnderTest {
 public:
  explicit QueueUnderTest(bool pooled = false) {
    source_.allocator = counting.core();
    if (pooled) source_.pool = pool_ = Pool::create(counting.core(), 1 << 20);
  }
  ~QueueUnderTest() {
    queue.clear(&lender_);
    Pool::destroy(pool_);
  }

  // False when there was no memory.
  bool push(const Bytes &bytes) {
    uint8_t *room = reserve(bytes.size());
    if (room == nullptr) return false;
    if (!bytes.empty()) memcpy(room, bytes.data(), bytes.size());
    queue.commit(bytes.size());
    expected.insert(expected.end(), bytes.begin(), bytes.end());
    return true;
  }

  // Both parts as one. False when there was no memory.
  bool push_reference(const Bytes &before, ByteView bytes, SharedLease *lease = nullptr) {
    uint8_t *room = nullptr;
    const Status status = queue.reserve_before_reference(&lender_, before.size(), &room);
    EXPECT_EQ(status == Status::kOk, room != nullptr);
    if (room == nullptr) return false;
    if (!before.empty()) memcpy(room, before.data(), before.size());
    queue.commit(before.size());
    queue.refer(bytes, lease);
    expected.insert(expected.end(), before.begin(), before.end());
    expected.insert(expected.end(), bytes.data, bytes.data + bytes.size);
    return true;
  }
  bool push_reference(const Bytes &before, const Bytes &bytes) { return push_reference(before, test::view(bytes)); }

  void consume(size_t len) {
    queue.consume(&lender_, len);
    expected.erase(expected.begin(), expected.begin() + static_cast<ptrdiff_t>(len));
  }

  // nullptr when there was no memory.
  uint8_t *reserve(size_t len) {
    uint8_t *room = nullptr;
    const Status status = queue.reserve(&lender_, len, kFirstLen, &room);
    EXPECT_EQ(status == Status::kOk, room != nullptr);
    return room;
  }
  void clear() {
    queue.clear(&lender_);
    expected.clear();
  }

  uint64_t held_len() const { return lender_.held_len(); }

  Bytes contents() const {
    ByteView views[512];
    Bytes out;
    const size_t count = queue.views(views, 512);
    for (size_t i = 0; i < count; ++i) out.insert(out.end(), views[i].data, views[i].data + views[i].size);
    return out;
  }

  ::testing::AssertionResult holds_what_was_queued() const {
    if (queue.size() != expected.size()) {
      return ::testing::AssertionFailure() << "size " << queue.size() << ", expected " << expected.size();
    }
    return test::same_bytes(test::view(contents()), test::view(expected));
  }

  CountingAllocator counting;
  OutputQueue queue;
  Bytes expected;

 private:
  LeaseSource source_;
  Lender lender_{&source_};
  Pool *pool_ = nullptr;
};

TEST(OutputQueue, EmptyHoldsAndShowsNothing) {
  QueueUnderTest under;
  ByteView view;
  EXPECT_EQ(under.queue.size(), 0u);
  EXPECT_EQ(under.queue.views(&view, 1), 0u);
  EXPECT_EQ(under.counting.allocations(), 0u);
}

TEST(OutputQueue, BytesComeOutInTheirOrder) {
  QueueUnderTest under;
  for (size_t i = 0; i < 100; ++i) ASSERT_TRUE(under.push(test::pattern(i * 37 % 500, i)));
  EXPECT_TRUE(under.holds_what_was_queued());
}

TEST(OutputQueue, EverySplitOfConsumptionLeavesTheRest) {
  for (size_t first = 0; first <= 300; ++first) {
    QueueUnderTest under;
    ASSERT_TRUE(under.push(test::pattern(100)));
    ASSERT_TRUE(under.push(test::pattern(200)));
    under.consume(first);
    ASSERT_TRUE(under.holds_what_was_queued()) << first;
    ASSERT_TRUE(under.push({1, 2, 3}));
    ASSERT_TRUE(under.holds_what_was_queued()) << first;
    under.consume(under.expected.size());
    ASSERT_EQ(under.counting.live_blocks(), 0u) << first;
  }
}

TEST(OutputQueue, ConsumedByteByByteAcrossSegments) {
  QueueUnderTest under;
  for (size_t i = 0; i < 5; ++i) ASSERT_TRUE(under.push(test::pattern(3000, i)));
  while (!under.expected.empty()) {
    under.consume(1);
    if (under.expected.size() % 97 == 0) {
      ASSERT_TRUE(under.holds_what_was_queued());
    }
  }
  EXPECT_EQ(under.queue.size(), 0u);
  EXPECT_EQ(under.counting.live_blocks(), 0u);
}

TEST(OutputQueue, ViewsStayWhereTheyAreWhileMoreIsQueued) {
  QueueUnderTest under;
  ASSERT_TRUE(under.push(test::pattern(1000)));
  ByteView before;
  ASSERT_EQ(under.queue.views(&before, 1), 1u);
  const Bytes copy = test::copy(before);
  for (size_t i = 0; i < 200; ++i) ASSERT_TRUE(under.push(test::pattern(1000, i)));
  EXPECT_TRUE(test::same_bytes(before, test::view(copy)));
  ByteView after;
  ASSERT_EQ(under.queue.views(&after, 1), 1u);
  EXPECT_EQ(after.data, before.data);
}

TEST(OutputQueue, FewViewsShowTheOldestBytes) {
  QueueUnderTest under;
  for (size_t i = 0; i < 50; ++i) ASSERT_TRUE(under.push(test::pattern(4000, i)));
  ByteView views[64];
  const size_t all = under.queue.views(views, 64);
  ASSERT_GT(all, 2u);
  ByteView some[2];
  ASSERT_EQ(under.queue.views(some, 2), 2u);
  EXPECT_EQ(some[0].data, views[0].data);
  EXPECT_EQ(some[1].data, views[1].data);
  EXPECT_EQ(under.queue.views(some, 0), 0u);
}

TEST(OutputQueue, ViewsAreNeverEmpty) {
  QueueUnderTest under;
  ASSERT_NE(under.reserve(100), nullptr);     // never committed
  ASSERT_NE(under.reserve(100000), nullptr);  // the next one does not fit beside it
  under.queue.commit(0);
  EXPECT_EQ(under.contents(), Bytes());
  ASSERT_TRUE(under.push(test::pattern(70000)));
  ByteView views[8];
  const size_t count = under.queue.views(views, 8);
  for (size_t i = 0; i < count; ++i) EXPECT_FALSE(views[i].empty());
  EXPECT_TRUE(under.holds_what_was_queued());
}

TEST(OutputQueue, ReservedRoomMayBeUsedInPart) {
  QueueUnderTest under;
  uint8_t *room = under.reserve(1000);
  ASSERT_NE(room, nullptr);
  memset(room, 0x5A, 1000);
  under.queue.commit(10);
  under.expected = Bytes(10, 0x5A);
  EXPECT_TRUE(under.holds_what_was_queued());
  ASSERT_TRUE(under.push({1, 2, 3}));
  EXPECT_TRUE(under.holds_what_was_queued());
}

TEST(OutputQueue, OneReservationIsContiguousWhateverItsLength) {
  QueueUnderTest under;
  for (const size_t len : {0, 1, 4000, 4096, 5000, 65536, 1000000}) {
    const Bytes bytes = test::pattern(static_cast<size_t>(len));
    ASSERT_TRUE(under.push(bytes)) << len;
  }
  EXPECT_TRUE(under.holds_what_was_queued());
}

TEST(OutputQueue, NoMemoryLeavesWhatIsQueued) {
  QueueUnderTest under;
  ASSERT_TRUE(under.push(test::pattern(100)));
  under.counting.fail_after(0, true);
  EXPECT_FALSE(under.push(test::pattern(100000)));
  EXPECT_FALSE(under.push(Bytes(200000)));
  EXPECT_EQ(under.reserve(SIZE_MAX), nullptr);
  EXPECT_EQ(under.reserve(SIZE_MAX - 16), nullptr);
  EXPECT_EQ(under.reserve(SIZE_MAX - 40), nullptr);
  EXPECT_TRUE(under.holds_what_was_queued());
  under.counting.never_fail();
  EXPECT_TRUE(under.push(test::pattern(100000)));
  EXPECT_TRUE(under.holds_what_was_queued());
}

TEST(OutputQueue, ClearGivesEverythingBack) {
  QueueUnderTest under;
  for (size_t i = 0; i < 50; ++i) ASSERT_TRUE(under.push(test::pattern(3000)));
  under.clear();
  EXPECT_EQ(under.queue.size(), 0u);
  EXPECT_EQ(under.counting.live_blocks(), 0u);
  EXPECT_TRUE(under.push({1}));
  EXPECT_TRUE(under.holds_what_was_queued());
}

TEST(OutputQueue, SteadyTrafficThroughAPoolAllocatesNothing) {
  QueueUnderTest under(true);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(under.push(test::pattern(1000)));
    under.consume(1000);
  }
  const uint64_t before = under.counting.allocations();
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(under.push(test::pattern(1000)));
    under.consume(1000);
  }
  EXPECT_EQ(under.counting.allocations(), before);
}

// ---- References ----

// Bytes in a lease with one holder, this object.
class Shared {
 public:
  Shared(CountingAllocator *counting, const Bytes &bytes) : len_(bytes.size()) {
    LeaseSource source;
    source.allocator = counting->core();
    lease_ = SharedLease::create(source, len_);
    if (lease_ == nullptr) abort();  // there is memory
    memcpy(lease_->bytes(), bytes.data(), len_);
  }
  ~Shared() { drop(); }
  Shared(const Shared &) = delete;
  Shared &operator=(const Shared &) = delete;

  void drop() {
    if (lease_ != nullptr) lease_->release();
    lease_ = nullptr;
  }
  SharedLease *lease() { return lease_; }
  ByteView view() { return {lease_->bytes(), len_}; }

 private:
  SharedLease *lease_;
  size_t len_;
};

TEST(OutputQueue, ReferencesComeInTheirOrderAndAreNotCopied) {
  QueueUnderTest under;
  const Bytes first = test::pattern(5000), second = test::pattern(7000, 3);
  ASSERT_TRUE(under.push({1, 2}));
  ASSERT_TRUE(under.push_reference({3, 4}, first));
  ASSERT_TRUE(under.push_reference({}, second));
  ASSERT_TRUE(under.push({5}));
  EXPECT_TRUE(under.holds_what_was_queued());
  ByteView views[8];
  ASSERT_EQ(under.queue.views(views, 8), 4u);
  EXPECT_EQ(views[1].data, first.data());
  EXPECT_EQ(views[2].data, second.data());
  EXPECT_EQ(under.queue.views(views, 2), 2u);
}

TEST(OutputQueue, EverySplitOfConsumptionOfReferences) {
  const Bytes foreign = test::pattern(40);
  for (size_t first = 0; first <= 100; ++first) {
    for (size_t second = 0; first + second <= 100; second += 7) {
      QueueUnderTest under;
      ASSERT_TRUE(under.push_reference(test::pattern(10), foreign));
      ASSERT_TRUE(under.push_reference({1, 2}, foreign));
      ASSERT_TRUE(under.push(test::pattern(8)));
      under.consume(first);
      ASSERT_TRUE(under.holds_what_was_queued()) << first;
      under.consume(second);
      ASSERT_TRUE(under.holds_what_was_queued()) << first << " + " << second;
      ASSERT_TRUE(under.push({1, 2, 3}));
      ASSERT_TRUE(under.holds_what_was_queued()) << first << " + " << second;
    }
  }
}

TEST(OutputQueue, TheLastByteOfAReferenceGivesItsLeaseBack) {
  QueueUnderTest under;
  Shared shared(&under.counting, test::pattern(1000));
  ASSERT_TRUE(under.push_reference({1}, shared.view(), shared.lease()));
  ASSERT_TRUE(under.push_reference({2}, shared.view(), shared.lease()));
  shared.drop();
  EXPECT_EQ(under.counting.live_blocks(), 3u) << "two segments and the lease";
  under.consume(1001);
  EXPECT_EQ(under.counting.live_blocks(), 2u) << "the other reference holds it";
  under.consume(1000);
  EXPECT_EQ(under.counting.live_blocks(), 2u);
  EXPECT_TRUE(under.holds_what_was_queued());
  under.consume(1);
  EXPECT_EQ(under.counting.live_blocks(), 0u);
}

TEST(OutputQueue, ClearGivesLeasesBack) {
  QueueUnderTest under;
  Shared shared(&under.counting, test::pattern(1000));
  ASSERT_TRUE(under.push_reference({1}, shared.view(), shared.lease()));
  shared.drop();
  under.clear();
  EXPECT_EQ(under.counting.live_blocks(), 0u);
}

TEST(OutputQueue, ReferencedBytesAreNotHeld) {
  QueueUnderTest under;
  const Bytes foreign = test::pattern(1 << 20);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(under.push_reference({1, 2}, foreign));
  EXPECT_LE(under.held_len(), 10u * 256);
  ASSERT_TRUE(under.push({1}));
  EXPECT_LE(under.held_len(), 10u * 256 + kFirstLen) << "what lies elsewhere asks for no larger segment";
}

TEST(OutputQueue, SegmentsGrowFromTheFirstLength) {
  QueueUnderTest under;
  std::vector<uint64_t> lens;
  while (lens.size() < 5) {
    const uint64_t before = under.held_len();
    ASSERT_TRUE(under.push(test::pattern(500)));
    if (under.held_len() > before) lens.push_back(under.held_len() - before);
  }
  EXPECT_EQ(lens, (std::vector<uint64_t>{4096, 16384, 65536, 65536, 65536}));
}

TEST(OutputQueue, NoMemoryForWhatGoesBeforeAReference) {
  QueueUnderTest under;
  const Bytes foreign = test::pattern(100);
  under.counting.fail_after(0);
  EXPECT_FALSE(under.push_reference({1, 2}, foreign));
  ASSERT_TRUE(under.push_reference({1, 2}, foreign));
  under.counting.fail_after(0);
  EXPECT_FALSE(under.push_reference({}, foreign));
  EXPECT_TRUE(under.holds_what_was_queued());
}

TEST(OutputQueue, RandomTrafficEqualsAPlainCopy) {
  for (const bool pooled : {false, true}) {
    const Bytes foreign = test::pattern(20000, 7);
    QueueUnderTest under(pooled);
    Shared shared(&under.counting, foreign);
    test::Rng rng(12);
    for (int i = 0; i < 3000; ++i) {
      const bool full = under.expected.size() >= 300000;
      if (rng() % 5 == 0 && !full) {
        const bool owned = rng() % 2 == 0;
        const ByteView all = owned ? shared.view() : test::view(foreign);
        const size_t from = rng() % 10000, len = 1 + rng() % 9999;
        ASSERT_TRUE(
            under.push_reference(test::pattern(rng() % 15), all.slice(from, len), owned ? shared.lease() : nullptr));
      } else if (rng() % 5 < 3 && !full) {
        ASSERT_TRUE(under.push(test::pattern(rng() % (rng() % 10 == 0 ? 90000 : 600), i)));
      } else {
        under.consume(std::min(under.expected.size(), static_cast<size_t>(rng() % 9000)));
      }
      ASSERT_EQ(under.queue.size(), under.expected.size());
      if (i % 25 == 0) {
        ASSERT_TRUE(under.holds_what_was_queued()) << i;
      }
    }
  }
}

}  // namespace
}  // namespace tidewire
