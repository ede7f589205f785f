// SPDX-License-Identifier: MIT
#include "core/buffer/shared_lease.h"

#include <gtest/gtest.h>
#include <stdint.h>
#include <string.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "tests/support/counting_allocator.h"

namespace tidewire {
namespace {

using test::CountingAllocator;

// Each of the two places that leases come from.
template <class Body>
void each_source(const Body &body) {
  for (const bool has_pool : {false, true}) {
    SCOPED_TRACE(has_pool ? "pool" : "allocator");
    CountingAllocator counting;
    LeaseSource source;
    source.allocator = counting.core();
    if (has_pool) source.pool = Pool::create(counting.core(), 16 << 20);
    body(source, counting);
    if (has_pool) {
      EXPECT_EQ(source.pool->stats().in_use_len, 0u);
      Pool::destroy(source.pool);
    }
  }
}

TEST(SharedLease, HasTheRoomThatWasAsked) {
  each_source([](const LeaseSource &source, CountingAllocator &) {
    for (const size_t len : {size_t{0}, size_t{1}, size_t{1000}, size_t{100000}}) {
      SharedLease *lease = SharedLease::create(source, len);
      ASSERT_NE(lease, nullptr);
      EXPECT_GE(lease->cap(), len);
      memset(lease->bytes(), 0x5A, lease->cap());
      lease->release();
    }
  });
}

TEST(SharedLease, LastHolderGivesItBack) {
  each_source([](const LeaseSource &source, CountingAllocator &counting) {
    const size_t before = counting.live_blocks();
    SharedLease *lease = SharedLease::create(source, 5000);
    ASSERT_NE(lease, nullptr);
    memset(lease->bytes(), 7, lease->cap());
    lease->retain();
    lease->retain();
    lease->release();
    lease->release();
    EXPECT_EQ(lease->bytes()[lease->cap() - 1], 7);
    lease->release();
    if (source.pool == nullptr) {
      EXPECT_EQ(counting.live_blocks(), before);
    }
  });
}

TEST(SharedLease, AdoptedLeaseKeepsItsBytesBehindTheOverhead) {
  each_source([](const LeaseSource &source, CountingAllocator &) {
    Lender lender(&source);
    Lease *lease = nullptr;
    ASSERT_EQ(lender.acquire(3000, &lease), Status::kOk);
    const size_t cap = lease->cap;
    memset(lease->bytes(), 9, cap);
    const uint8_t *const kept = lease->bytes() + SharedLease::kOverhead;
    lender.detach(lease);
    EXPECT_EQ(lender.held_len(), 0u);
    SharedLease *shared = SharedLease::adopt(source, lease);
    EXPECT_EQ(shared->bytes(), kept);
    EXPECT_EQ(shared->cap(), cap - SharedLease::kOverhead);
    EXPECT_TRUE(std::all_of(kept, kept + shared->cap(), [](uint8_t byte) { return byte == 9; }));
    shared->release();
  });
}

TEST(SharedLease, HoldersMayBeInAnyThread) {
  each_source([](const LeaseSource &source, CountingAllocator &) {
    constexpr size_t kThreads = 4;
    SharedLease *lease = SharedLease::create(source, kThreads);
    ASSERT_NE(lease, nullptr);
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kThreads; ++i) {
      lease->retain();
      threads.emplace_back([lease, i] {
        for (int turn = 0; turn < 1000; ++turn) {
          lease->retain();
          lease->release();
        }
        lease->bytes()[i] = static_cast<uint8_t>(i);
        lease->release();
      });
    }
    lease->release();
    for (std::thread &thread : threads) thread.join();
  });
}

TEST(SharedLease, WithoutMemoryThereIsNone) {
  each_source([](const LeaseSource &source, CountingAllocator &counting) {
    counting.fail_after(0, true);
    EXPECT_EQ(SharedLease::create(source, 10), nullptr);
    EXPECT_EQ(SharedLease::create(source, SIZE_MAX), nullptr);
    EXPECT_EQ(SharedLease::create(source, SIZE_MAX - sizeof(SharedLease)), nullptr);
    counting.never_fail();
  });
}

}  // namespace
}  // namespace tidewire
