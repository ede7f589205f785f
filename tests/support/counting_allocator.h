// SPDX-License-Identifier: MIT
// An allocator for tests: counts, checks that sizes and blocks match, and fails on demand. May be used by threads.
#ifndef TIDEWIRE_TESTS_SUPPORT_COUNTING_ALLOCATOR_H_
#define TIDEWIRE_TESTS_SUPPORT_COUNTING_ALLOCATOR_H_

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <tidewire/tidewire.h>

#include <map>
#include <mutex>

#include "core/base/allocator.h"

namespace tidewire::test {

class CountingAllocator {
 public:
  CountingAllocator() = default;
  ~CountingAllocator() { EXPECT_EQ(live_blocks(), 0u) << live_len() << " bytes were not released"; }
  CountingAllocator(const CountingAllocator &) = delete;
  CountingAllocator &operator=(const CountingAllocator &) = delete;

  // For the C API and for the core. This object outlives whoever uses them.
  tw_allocator c_api() { return {&allocate, &release, this}; }
  Allocator core() { return {&allocate, &release, this}; }

  // The next `n` allocations succeed, the one after them fails, and so do all later ones if `for_ever`.
  void fail_after(uint64_t n, bool for_ever = false) {
    const std::lock_guard<std::mutex> lock(mutex_);
    countdown_ = n;
    mode_ = for_ever ? Mode::kAll : Mode::kOne;
  }
  void never_fail() {
    const std::lock_guard<std::mutex> lock(mutex_);
    mode_ = Mode::kNone;
  }

  // Successful calls since the start.
  uint64_t allocations() const { return locked(allocations_); }
  uint64_t releases() const { return locked(releases_); }
  // Calls that were told to fail.
  uint64_t failures() const { return locked(failures_); }

  // What is allocated now, and the most bytes that ever were at once.
  size_t live_blocks() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return sizes_.size();
  }
  uint64_t live_len() const { return locked(live_len_); }
  uint64_t peak_len() const { return locked(peak_len_); }

 private:
  enum class Mode { kNone, kOne, kAll };

  uint64_t locked(const uint64_t &counter) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return counter;
  }

  bool must_fail() {
    if (mode_ == Mode::kNone) return false;
    if (countdown_ > 0) {
      --countdown_;
      return false;
    }
    if (mode_ == Mode::kOne) mode_ = Mode::kNone;
    return true;
  }

  static void *allocate(void *context, size_t size) {
    auto *self = static_cast<CountingAllocator *>(context);
    const std::lock_guard<std::mutex> lock(self->mutex_);
    if (self->must_fail()) {
      ++self->failures_;
      return nullptr;
    }
    void *memory = malloc(size == 0 ? 1 : size);
    if (memory == nullptr) return nullptr;
    memset(memory, 0xCD, size);  // whoever relies on zeros is found out
    self->sizes_[memory] = size;
    ++self->allocations_;
    self->live_len_ += size;
    if (self->live_len_ > self->peak_len_) self->peak_len_ = self->live_len_;
    return memory;
  }

  static void release(void *context, void *memory, size_t size) {
    auto *self = static_cast<CountingAllocator *>(context);
    const std::lock_guard<std::mutex> lock(self->mutex_);
    const auto block = self->sizes_.find(memory);
    ASSERT_NE(block, self->sizes_.end()) << "released what was not allocated";
    EXPECT_EQ(block->second, size) << "released with another size than it was allocated with";
    ++self->releases_;
    self->live_len_ -= block->second;
    self->sizes_.erase(block);
    free(memory);
  }

  mutable std::mutex mutex_;
  std::map<void *, size_t> sizes_;
  Mode mode_ = Mode::kNone;
  uint64_t countdown_ = 0;
  uint64_t allocations_ = 0;
  uint64_t releases_ = 0;
  uint64_t failures_ = 0;
  uint64_t live_len_ = 0;
  uint64_t peak_len_ = 0;
};

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_SUPPORT_COUNTING_ALLOCATOR_H_
