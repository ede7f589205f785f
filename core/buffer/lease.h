// SPDX-License-Identifier: MIT
// A buffer that is borrowed from a pool, or from an allocator where there is no pool, and can stand in a list; and the
// account of all that one connection has borrowed.
#ifndef TIDEWIRE_CORE_BUFFER_LEASE_H_
#define TIDEWIRE_CORE_BUFFER_LEASE_H_

#include <stddef.h>
#include <stdint.h>

#include "core/base/allocator.h"
#include "core/base/status.h"
#include "core/buffer/pool.h"

namespace tidewire {

struct Lease {
  Lease *next;
  size_t cap;  // bytes that follow

  uint8_t *bytes() { return reinterpret_cast<uint8_t *>(this + 1); }
  size_t held_len() const { return sizeof(Lease) + cap; }
};

// Where leases come from and return to. Shared by many lenders.
struct LeaseSource {
  Pool *pool = nullptr;               // not owned
  Allocator allocator;                // used where pool is nullptr
  uint64_t max_held_len = 128 << 20;  // bytes lent to one lender
};

class Lender {
 public:
  explicit Lender(const LeaseSource *source) : source_(source) {}

  const LeaseSource &source() const { return *source_; }
  // Goes on with another source, of the same pool or allocator.
  void move_to(const LeaseSource *source) { source_ = source; }
  uint64_t held_len() const { return held_len_; }  // bytes lent now, the leases' own included

  // Lends room for at least `len` bytes, not in any list. kLimitMemory: more than max_held_len would be held;
  // kNoMemory. An error writes nullptr.
  Status acquire(size_t len, Lease **out) { return lend(len, false, out); }
  // For a long block of a length that is asked for again and again: the pool keeps it beyond its size classes.
  Status acquire_exact(size_t len, Lease **out) { return lend(len, true, out); }

  void release(Lease *lease) {
    if (lease == nullptr) return;
    held_len_ -= lease->held_len();
    if (source_->pool != nullptr) {
      source_->pool->release(reinterpret_cast<uint8_t *>(lease));
    } else {
      source_->allocator.release(lease, lease->held_len());
    }
  }

  // Lends no longer: whoever asked for it answers for the lease now.
  void detach(Lease *lease) { held_len_ -= lease->held_len(); }

  void release_list(Lease *first) {
    while (first != nullptr) {
      Lease *next = first->next;
      release(first);
      first = next;
    }
  }

 private:
  Status lend(size_t len, bool exact, Lease **out) {
    *out = nullptr;
    if (len > SIZE_MAX - sizeof(Lease)) return Status::kNoMemory;
    size_t size = sizeof(Lease) + len;
    if (size > room()) return Status::kLimitMemory;
    Pool *pool = source_->pool;
    void *memory;
    if (pool == nullptr) {
      memory = source_->allocator.allocate(size);
    } else {
      memory = exact ? pool->acquire_exact(size) : pool->acquire(size, &size);
    }
    if (memory == nullptr) return Status::kNoMemory;
    if (size > room()) {  // as it was rounded up
      pool->release(static_cast<uint8_t *>(memory));
      size = sizeof(Lease) + len;
      memory = pool->acquire_exact(size);
      if (memory == nullptr) return Status::kNoMemory;
    }
    Lease *lease = static_cast<Lease *>(memory);
    lease->next = nullptr;
    lease->cap = size - sizeof(Lease);
    held_len_ += size;
    *out = lease;
    return Status::kOk;
  }

  uint64_t room() const { return source_->max_held_len - held_len_; }

  const LeaseSource *source_;
  uint64_t held_len_ = 0;  // at most max_held_len
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_BUFFER_LEASE_H_
