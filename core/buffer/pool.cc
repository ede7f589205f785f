// SPDX-License-Identifier: MIT
#include "core/buffer/pool.h"

#include <string.h>

#include <new>

namespace tidewire {
namespace {

class PoolLock {
 public:
  explicit PoolLock(pthread_mutex_t *mutex) : mutex_(mutex) { pthread_mutex_lock(mutex_); }
  ~PoolLock() { pthread_mutex_unlock(mutex_); }
  PoolLock(const PoolLock &) = delete;
  PoolLock &operator=(const PoolLock &) = delete;

 private:
  pthread_mutex_t *mutex_;
};

size_t size_class_for(size_t len) {
  size_t size_class = 0;
  while (size_class < kPoolClassCount && kPoolClassLen[size_class] < len) size_class++;
  return size_class;
}

}  // namespace

Pool *Pool::create(Allocator allocator, uint64_t max_idle_len) {
  void *memory = allocator.allocate(sizeof(Pool));
  if (memory == nullptr) return nullptr;
  Pool *pool = new (memory) Pool(allocator, max_idle_len);
  pthread_mutex_init(&pool->lock_, nullptr);
  return pool;
}

void Pool::destroy(Pool *pool) {
  if (pool == nullptr) return;
  const Allocator allocator = pool->allocator_;
  for (Block *first : pool->idle_) {
    while (Block *block = first) {
      first = block->next;
      allocator.release(block, sizeof(Block) + static_cast<size_t>(block->len));
    }
  }
  pthread_mutex_destroy(&pool->lock_);
  allocator.release(pool, sizeof(Pool));
}

uint8_t *Pool::acquire(size_t len, size_t *out_cap) {
  const size_t size_class = size_class_for(len);
  *out_cap = size_class < kPoolClassCount ? kPoolClassLen[size_class] : len;
  return lend(size_class, *out_cap);
}

uint8_t *Pool::acquire_exact(size_t len) { return lend(kExact, len); }

uint8_t *Pool::lend(uint64_t size_class, size_t len) {
  Block *block = take_idle(size_class, len);
  if (block == nullptr) {
    if (len > SIZE_MAX - sizeof(Block)) return nullptr;
    block = static_cast<Block *>(allocator_.allocate(sizeof(Block) + len));
    if (block == nullptr) return nullptr;
    PoolLock lock(&lock_);
    stats_.misses++;
    stats_.in_use_len += len;
  }
  block->size_class = size_class;
  block->len = len;
  return reinterpret_cast<uint8_t *>(block + 1);
}

// Only the list of exact lengths holds blocks of another one; they are few.
Pool::Block *Pool::take_idle(uint64_t size_class, size_t len) {
  PoolLock lock(&lock_);
  Block **link = &idle_[size_class];
  while (*link != nullptr && (*link)->len != len) link = &(*link)->next;
  Block *block = *link;
  if (block == nullptr) return nullptr;
  *link = block->next;
  stats_.hits++;
  stats_.in_use_len += len;
  stats_.idle_len -= len;
  return block;
}

void Pool::release(uint8_t *data) {
  if (data == nullptr) return;
  Block *block = reinterpret_cast<Block *>(data) - 1;
  const size_t len = static_cast<size_t>(block->len);
  if (!keep_idle(block, len)) allocator_.release(block, sizeof(Block) + len);
}

bool Pool::keep_idle(Block *block, size_t len) {
  const uint64_t size_class = block->size_class;
  PoolLock lock(&lock_);
  stats_.in_use_len -= len;
  if (size_class == kUnpooled) return false;
  if (len > max_idle_len_ || stats_.idle_len > max_idle_len_ - len) {
    stats_.drops++;
    return false;
  }
  block->next = idle_[size_class];
  idle_[size_class] = block;
  stats_.idle_len += len;
  return true;
}

const void *Pool::share(const void *bytes, size_t len) {
  PoolLock lock(&lock_);
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
  PoolLock lock(&lock_);
  Shared **link = &shared_;
  while (*link + 1 != bytes) link = &(*link)->next;
  Shared *shared = *link;
  if (--shared->holders > 0) return;
  *link = shared->next;
  allocator_.release(shared, sizeof(Shared) + shared->len);
}

PoolStats Pool::stats() const {
  PoolLock lock(&lock_);
  return stats_;
}

}  // namespace tidewire
