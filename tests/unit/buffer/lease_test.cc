// SPDX-License-Identifier: MIT
#include "core/buffer/lease.h"

#include <gtest/gtest.h>
#include <stdint.h>
#include <string.h>

#include "tests/support/counting_allocator.h"

namespace tidewire {
namespace {

using test::CountingAllocator;

// The two places that leases come from.
class Sources {
 public:
  Sources() {
    from_allocator.allocator = counting.core();
    from_pool.pool = Pool::create(counting.core(), 16 << 20);
  }
  ~Sources() { Pool::destroy(from_pool.pool); }

  CountingAllocator counting;
  LeaseSource from_allocator;
  LeaseSource from_pool;
};

TEST(Lender, LendsAtLeastTheRoomThatWasAsked) {
  Sources sources;
  for (const LeaseSource *source : {&sources.from_allocator, &sources.from_pool}) {
    Lender lender(source);
    for (const size_t len : {size_t{0}, size_t{1}, size_t{240}, size_t{241}, size_t{65536}, size_t{100000}}) {
      Lease *lease = nullptr;
      ASSERT_EQ(lender.acquire(len, &lease), Status::kOk);
      EXPECT_EQ(lease->next, nullptr);
      EXPECT_GE(lease->cap, len);
      memset(lease->bytes(), 0x5A, lease->cap);
      EXPECT_EQ(lender.held_len(), sizeof(Lease) + lease->cap);
      lender.release(lease);
      EXPECT_EQ(lender.held_len(), 0u);
    }
  }
}

TEST(Lender, LeaseFromAPoolFillsItsClass) {
  Sources sources;
  Lender lender(&sources.from_pool);
  Lease *lease = nullptr;
  ASSERT_EQ(lender.acquire(1, &lease), Status::kOk);
  EXPECT_EQ(lease->held_len(), kPoolClassLen[0]);
  lender.release(lease);
}

TEST(Lender, ExactLeaseIsReusedWhateverItsLength) {
  Sources sources;
  Lender lender(&sources.from_pool);
  for (const size_t len : {size_t{100}, size_t{270000}}) {
    Lease *first = nullptr, *again = nullptr;
    ASSERT_EQ(lender.acquire_exact(len, &first), Status::kOk);
    EXPECT_EQ(first->cap, len);
    lender.release(first);
    ASSERT_EQ(lender.acquire_exact(len, &again), Status::kOk);
    EXPECT_EQ(again, first);
    lender.release(again);
  }
}

// What a connection lends beyond the size classes: read buffers and long messages.
TEST(Lender, LongLeasesAreReused) {
  Sources sources;
  Lender lender(&sources.from_pool);
  uint64_t before = 0;
  for (int i = 0; i < 100; ++i) {
    if (i == 2) before = sources.counting.allocations();
    Lease *message = nullptr, *read = nullptr;
    ASSERT_EQ(lender.acquire((size_t{1} << 20) + 40, &message), Status::kOk);
    ASSERT_EQ(lender.acquire((size_t{1} << 18) - sizeof(Lease), &read), Status::kOk);
    EXPECT_EQ(read->held_len(), size_t{1} << 18);
    lender.release(message);
    lender.release(read);
  }
  EXPECT_EQ(sources.counting.allocations(), before);
}

// Rounding up never costs a lease that the limit has room for.
TEST(Lender, LimitCountsWhatIsAskedWhereTheClassGoesBeyond) {
  Sources sources;
  sources.from_pool.max_held_len = 70000;
  Lender lender(&sources.from_pool);
  Lease *lease = nullptr;
  ASSERT_EQ(lender.acquire(69000, &lease), Status::kOk);
  EXPECT_EQ(lender.held_len(), 69000 + sizeof(Lease));
  lender.release(lease);
  EXPECT_EQ(lender.acquire(70000, &lease), Status::kLimitMemory);
}

TEST(Lender, ListIsReleasedToItsEnd) {
  Sources sources;
  for (const LeaseSource *source : {&sources.from_allocator, &sources.from_pool}) {
    Lender lender(source);
    Lease *first = nullptr;
    for (int i = 0; i < 5; ++i) {
      Lease *lease = nullptr;
      ASSERT_EQ(lender.acquire(100, &lease), Status::kOk);
      lease->next = first;
      first = lease;
    }
    lender.release_list(first);
    lender.release_list(nullptr);
    lender.release(nullptr);
    EXPECT_EQ(lender.held_len(), 0u);
  }
  EXPECT_EQ(sources.from_pool.pool->stats().in_use_len, 0u);
}

TEST(Lender, LengthThatOverflowsIsRefused) {
  Sources sources;
  for (LeaseSource *source : {&sources.from_allocator, &sources.from_pool}) {
    source->max_held_len = UINT64_MAX;
    Lender lender(source);
    Lease *lease = nullptr;
    EXPECT_EQ(lender.acquire(SIZE_MAX, &lease), Status::kNoMemory);
    EXPECT_EQ(lender.acquire(SIZE_MAX - sizeof(Lease) + 1, &lease), Status::kNoMemory);
    EXPECT_EQ(lease, nullptr);
  }
}

TEST(Lender, LimitIsOverAllThatIsHeld) {
  Sources sources;
  sources.from_allocator.max_held_len = 1000;
  Lender lender(&sources.from_allocator);
  Lease *first = nullptr, *second = nullptr;
  ASSERT_EQ(lender.acquire(1000 - 2 * sizeof(Lease) - 10, &first), Status::kOk);
  EXPECT_EQ(lender.acquire(11, &second), Status::kLimitMemory);
  EXPECT_EQ(second, nullptr);
  ASSERT_EQ(lender.acquire(10, &second), Status::kOk);
  EXPECT_EQ(lender.held_len(), 1000u);
  lender.release(first);
  lender.release(second);
  ASSERT_EQ(lender.acquire(500, &first), Status::kOk);
  lender.release(first);
}

TEST(Lender, WithoutMemoryNothingIsHeld) {
  Sources sources;
  Lender lender(&sources.from_allocator);
  sources.counting.fail_after(0);
  Lease *lease = nullptr;
  EXPECT_EQ(lender.acquire(10, &lease), Status::kNoMemory);
  EXPECT_EQ(lease, nullptr);
  EXPECT_EQ(lender.held_len(), 0u);
}

}  // namespace
}  // namespace tidewire
