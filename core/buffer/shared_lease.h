// SPDX-License-Identifier: MIT
// A lease that stands in no lender's account: it is counted by reference, by holders in any threads, and outlives the
// connection that borrowed it.
#ifndef TIDEWIRE_CORE_BUFFER_SHARED_LEASE_H_
#define TIDEWIRE_CORE_BUFFER_SHARED_LEASE_H_

#include <stddef.h>
#include <stdint.h>

#include <atomic>
#include <new>

#include "core/base/allocator.h"
#include "core/buffer/lease.h"
#include "core/buffer/pool.h"

namespace tidewire {

class SharedLease {
 public:
  // Takes a lease over with one holder, who inherits the duty to release it. Overwrites the first kOverhead of its
  // bytes, and leaves the others where they are.
  static SharedLease *adopt(const LeaseSource &source, Lease *lease) {
    const Lease copy = *lease;  // whose bytes are undefined once the new object's life begins
    return new (lease) SharedLease(source, copy);
  }
  // Borrows room for `len` bytes; nullptr without memory.
  static SharedLease *create(const LeaseSource &source, size_t len) {
    if (len > SIZE_MAX - sizeof(SharedLease)) return nullptr;
    size_t size = sizeof(SharedLease) + len;
    void *memory = source.pool != nullptr ? source.pool->acquire(size, &size) : source.allocator.allocate(size);
    if (memory == nullptr) return nullptr;
    return new (memory) SharedLease(source, Lease{nullptr, size - sizeof(Lease)});
  }

  uint8_t *bytes() { return reinterpret_cast<uint8_t *>(this + 1); }
  size_t cap() const { return lease_.cap - kOverhead; }

  void retain() { holders_.fetch_add(1, std::memory_order_relaxed); }
  // The last holder's gives the memory back.
  void release() {
    if (holders_.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
    if (pool_ != nullptr) {
      pool_->release(reinterpret_cast<uint8_t *>(this));
    } else {
      const Allocator allocator = allocator_;
      allocator.release(this, lease_.held_len());
    }
  }

  static const size_t kOverhead;  // bytes of a lease

 private:
  SharedLease(const LeaseSource &source, const Lease &lease)
      : lease_(lease), pool_(source.pool), allocator_(source.allocator) {}

  Lease lease_;
  Pool *pool_;
  Allocator allocator_;
  std::atomic<uint32_t> holders_{1};
};

inline constexpr size_t SharedLease::kOverhead = sizeof(SharedLease) - sizeof(Lease);

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_BUFFER_SHARED_LEASE_H_
