// SPDX-License-Identifier: MIT
#include "core/buffer/pool.h"

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
  for (size_t size_class = 0; size_class < kPoolClassCount; size_class++) {
    while (Block *block = pool->idle_[size_class]) {
      pool->idle_[size_class] = block->next;
      pool->allocator_.release(block, sizeof(Block) + kPoolClassLen[size_class]);
    }
  }
  pthread_mutex_destroy(&pool->lock_);
  const Allocator allocator = pool->allocator_;
  allocator.release(pool, sizeof(Pool));
}

uint8_t *Pool::acquire(size_t len, size_t *out_cap) {
  const size_t size_class = size_class_for(len);
  const size_t cap = size_class < kPoolClassCount ? kPoolClassLen[size_class] : len;
  Block *block = take_idle(size_class, cap);
  if (block == nullptr) {
    if (cap > SIZE_MAX - sizeof(Block)) return nullptr;
    block = static_cast<Block *>(allocator_.allocate(sizeof(Block) + cap));
    if (block == nullptr) return nullptr;
    PoolLock lock(&lock_);
    stats_.misses++;
    stats_.in_use_len += cap;
  }
  block->len = cap;
  block->size_class = size_class;
  *out_cap = cap;
  return reinterpret_cast<uint8_t *>(block + 1);
}

Pool::Block *Pool::take_idle(size_t size_class, size_t len) {
  if (size_class == kUnpooled) return nullptr;
  PoolLock lock(&lock_);
  Block *block = idle_[size_class];
  if (block == nullptr) return nullptr;
  idle_[size_class] = block->next;
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
  const size_t size_class = static_cast<size_t>(block->size_class);
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

PoolStats Pool::stats() const {
  PoolLock lock(&lock_);
  return stats_;
}

}  // namespace tidewire
