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
    from_pool.pool = Pool::create(counting.core(), 1 << 20);
  }
  ~Sources() { Pool::destroy(from_pool.pool); }

  CountingAllocator counting;
  LeaseSource from_allocator;
  LeaseSource from_pool;
};

TEST(Lease, HasAtLeastTheRoomThatWasAsked) {
  Sources sources;
  for (const LeaseSource *source : {&sources.from_allocator, &sources.from_pool}) {
    for (const size_t len : {size_t{0}, size_t{1}, size_t{240}, size_t{241}, size_t{65536}, size_t{100000}}) {
      Lease *lease = source->acquire(len);
      ASSERT_NE(lease, nullptr);
      EXPECT_EQ(lease->next, nullptr);
      EXPECT_GE(lease->cap, len);
      memset(lease->bytes(), 0x5A, lease->cap);
      source->release(lease);
    }
  }
}

TEST(Lease, FromAPoolFillsItsClass) {
  Sources sources;
  Lease *lease = sources.from_pool.acquire(1);
  ASSERT_NE(lease, nullptr);
  EXPECT_EQ(lease->cap + sizeof(Lease), kPoolClassLen[0]);
  sources.from_pool.release(lease);
}

TEST(Lease, ListIsReleasedToItsEnd) {
  Sources sources;
  for (const LeaseSource *source : {&sources.from_allocator, &sources.from_pool}) {
    Lease *first = nullptr;
    for (int i = 0; i < 5; ++i) {
      Lease *lease = source->acquire(100);
      ASSERT_NE(lease, nullptr);
      lease->next = first;
      first = lease;
    }
    source->release_list(first);
    source->release_list(nullptr);
    source->release(nullptr);
  }
  EXPECT_EQ(sources.from_pool.pool->stats().in_use_len, 0u);
}

TEST(Lease, LengthThatOverflowsIsRefused) {
  Sources sources;
  for (const LeaseSource *source : {&sources.from_allocator, &sources.from_pool}) {
    EXPECT_EQ(source->acquire(SIZE_MAX), nullptr);
    EXPECT_EQ(source->acquire(SIZE_MAX - sizeof(Lease) + 1), nullptr);
  }
}

}  // namespace
}  // namespace tidewire
