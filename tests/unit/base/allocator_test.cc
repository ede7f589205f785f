// SPDX-License-Identifier: MIT
#include "core/base/allocator.h"

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tests/support/counting_allocator.h"

namespace tidewire {
namespace {

using test::CountingAllocator;

TEST(Allocator, DefaultIsTheCLibrary) {
  const Allocator allocator;
  for (const size_t size : {size_t{1}, size_t{16}, size_t{4096}, size_t{1} << 20}) {
    void *memory = allocator.allocate(size);
    ASSERT_NE(memory, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % alignof(max_align_t), 0u);
    memset(memory, 1, size);
    allocator.release(memory, size);
  }
}

TEST(Allocator, CallsTheFunctionsItWasGiven) {
  CountingAllocator counting;
  const Allocator allocator = counting.core();
  void *memory = allocator.allocate(100);
  ASSERT_NE(memory, nullptr);
  EXPECT_EQ(counting.allocations(), 1u);
  EXPECT_EQ(counting.live_len(), 100u);
  allocator.release(memory, 100);
  EXPECT_EQ(counting.releases(), 1u);
  EXPECT_EQ(counting.live_len(), 0u);
}

TEST(Allocator, ReleaseOfNothingCallsNothing) {
  CountingAllocator counting;
  counting.core().release(nullptr, 0);
  EXPECT_EQ(counting.releases(), 0u);
  Allocator().release(nullptr, 0);
}

TEST(Allocator, PassesFailureOn) {
  CountingAllocator counting;
  const Allocator allocator = counting.core();
  counting.fail_after(0);
  EXPECT_EQ(allocator.allocate(1), nullptr);
  EXPECT_EQ(counting.failures(), 1u);
  void *memory = allocator.allocate(1);
  EXPECT_NE(memory, nullptr);
  allocator.release(memory, 1);
}

TEST(CountingAllocator, FailsTheAllocationItWasToldTo) {
  CountingAllocator counting;
  const Allocator allocator = counting.core();
  counting.fail_after(2, true);
  void *first = allocator.allocate(10);
  void *second = allocator.allocate(20);
  EXPECT_NE(first, nullptr);
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(allocator.allocate(30), nullptr);
  EXPECT_EQ(allocator.allocate(40), nullptr);
  counting.never_fail();
  void *third = allocator.allocate(50);
  EXPECT_NE(third, nullptr);
  EXPECT_EQ(counting.peak_len(), 80u);
  allocator.release(first, 10);
  allocator.release(second, 20);
  allocator.release(third, 50);
}

}  // namespace
}  // namespace tidewire
