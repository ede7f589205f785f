// SPDX-License-Identifier: MIT
// A buffer that is borrowed from a pool, or from an allocator where there is no pool, and can stand in a list.
#ifndef TIDEWIRE_CORE_BUFFER_LEASE_H_
#define TIDEWIRE_CORE_BUFFER_LEASE_H_

#include <stddef.h>
#include <stdint.h>

#include "core/base/allocator.h"
#include "core/buffer/pool.h"

namespace tidewire {

struct Lease {
  Lease *next;
  size_t cap;  // bytes that follow

  uint8_t *bytes() { return reinterpret_cast<uint8_t *>(this + 1); }
};

// Where leases come from and return to.
struct LeaseSource {
  Pool *pool = nullptr;  // not owned
  Allocator allocator;   // used where pool is nullptr

  // Room for at least `len` bytes, not in any list; nullptr when there is no memory.
  Lease *acquire(size_t len) const {
    if (len > SIZE_MAX - sizeof(Lease)) return nullptr;
    size_t size = sizeof(Lease) + len;
    void *memory = pool != nullptr ? pool->acquire(size, &size) : allocator.allocate(size);
    if (memory == nullptr) return nullptr;
    Lease *lease = static_cast<Lease *>(memory);
    lease->next = nullptr;
    lease->cap = size - sizeof(Lease);
    return lease;
  }

  void release(Lease *lease) const {
    if (lease == nullptr) return;
    if (pool != nullptr) {
      pool->release(reinterpret_cast<uint8_t *>(lease));
    } else {
      allocator.release(lease, sizeof(Lease) + lease->cap);
    }
  }

  void release_list(Lease *first) const {
    while (first != nullptr) {
      Lease *next = first->next;
      release(first);
      first = next;
    }
  }
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_BUFFER_LEASE_H_
