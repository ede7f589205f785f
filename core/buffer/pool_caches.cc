// SPDX-License-Identifier: MIT
// The caches of a pool's threads: who has one, and what of max_idle_len they reserve.
#include <new>

#include "core/buffer/pool.h"

namespace tidewire {
namespace {

constexpr uint64_t kMaxCacheParts = 8;   // one cache reserves at most this part of max_idle_len,
constexpr uint64_t kAllCachesParts = 2;  // and all of them together this one

}  // namespace

// The calling thread's, which may be one that was given up; nullptr when there is none.
PoolCache *Pool::own_cache() {
  const uintptr_t id = thread_id();
  PoolCache *cache = caches_.find(id);
  if (cache != nullptr || spare_caches_ == 0) return cache;
  cache = first_cache_;
  while (cache->owned) cache = cache->next;
  spare_caches_--;
  cache->owned = true;
  caches_.insert(id, cache);
  return cache;
}

// The same, or a new one.
PoolCache *Pool::claim_cache() {
  PoolCache *cache = own_cache();
  if (cache != nullptr) return cache;
  cache = add_cache();
  if (cache != nullptr) caches_.insert(thread_id(), cache);
  return cache;
}

// nullptr when there are enough, when it could keep nothing, or without memory: the thread does without.
PoolCache *Pool::add_cache() {
  if (cache_count_ == PoolCacheTable::kMaxCaches || max_idle_len_ / kMaxCacheParts < class_len_[0]) return nullptr;
  size_t stacks = 0;
  for (size_t i = 0; i < class_count_; ++i) stacks += classes_[i].stack_cap;
  const size_t head_len = sizeof(PoolCache) + (class_count_ + 1) * sizeof(PoolBin);
  const size_t memory_len = kPoolCacheLine + head_len + stacks * sizeof(uint8_t *);
  void *memory = allocator_.allocate(memory_len);
  if (memory == nullptr) return nullptr;
  PoolCache *cache = new (at_cache_line(memory)) PoolCache{first_cache_, memory, memory_len, 0, true, {}};
  cache->large.unsettle();
  uint8_t **stack = reinterpret_cast<uint8_t **>(cache->bins() + class_count_ + 1);
  for (size_t i = 0; i <= class_count_; ++i) {
    PoolBin *bin = new (&cache->bins()[i]) PoolBin{};
    bin->unsettle();
    bin->stack = stack;
    stack += classes_[i].stack_cap;
  }
  first_cache_ = cache;
  cache_count_++;
  return cache;
}

bool Pool::reserve(PoolCache *cache, size_t len, uint64_t count) {
  const uint64_t left = max_idle_len_ - kept_len_;
  if (left / len < count || (max_idle_len_ / kMaxCacheParts) / len < count) return false;
  const uint64_t reserved = len * count;
  if (cache->reserved_len + reserved > max_idle_len_ / kMaxCacheParts) return false;
  if (reserved_len_ + reserved > max_idle_len_ / kAllCachesParts) return false;
  cache->reserved_len += reserved;
  reserved_len_ += reserved;
  kept_len_ += reserved;
  return true;
}

void Pool::unreserve(PoolCache *cache, size_t len, uint64_t count) {
  const uint64_t reserved = len * count;
  cache->reserved_len -= reserved;
  reserved_len_ -= reserved;
  kept_len_ -= reserved;
}

bool Pool::reserve_class(PoolCache *cache, size_t kind, uint64_t count) {
  Class &of = classes_[kind];
  if (!affords(of, class_len_[kind], count) || !reserve(cache, class_len_[kind], count)) return false;
  of.reserved += count;
  return true;
}

void Pool::unreserve_class(PoolCache *cache, size_t kind, uint64_t count) {
  classes_[kind].reserved -= count;
  unreserve(cache, class_len_[kind], count);
}

}  // namespace tidewire
