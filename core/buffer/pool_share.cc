// SPDX-License-Identifier: MIT
// Bytes that many hold one copy of.
#include <string.h>

#include <new>

#include "core/buffer/pool.h"
#include "core/buffer/pool_lock.h"

namespace tidewire {

const void *Pool::share(const void *bytes, size_t len) {
  const PoolLock lock(&mutex_);
  for (Shared *shared = shared_; shared != nullptr; shared = shared->next) {
    if (shared->len != len || memcmp(shared + 1, bytes, len) != 0) continue;
    shared->holders++;
    return shared + 1;
  }
  void *memory = len > SIZE_MAX - sizeof(Shared) ? nullptr : allocator_.allocate(sizeof(Shared) + len);
  if (memory == nullptr) return nullptr;
  shared_ = new (memory) Shared{shared_, len, 1};
  memcpy(shared_ + 1, bytes, len);
  return shared_ + 1;
}

void Pool::unshare(const void *bytes) {
  const PoolLock lock(&mutex_);
  Shared **link = &shared_;
  while (*link + 1 != bytes) link = &(*link)->next;
  Shared *shared = *link;
  if (--shared->holders > 0) return;
  *link = shared->next;
  allocator_.release(shared, sizeof(Shared) + shared->len);
}

}  // namespace tidewire
