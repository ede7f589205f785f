// SPDX-License-Identifier: MIT
// What is idle in a pool: counted for its statistics, and trimmed.
#include "core/buffer/pool.h"
#include "core/buffer/pool_lock.h"

namespace tidewire {
namespace {

uint64_t less_or_none(uint64_t from, uint64_t less) { return from > less ? from - less : 0; }

}  // namespace

// ---- Statistics ----

// While other threads acquire and release, what moves from one cache to another may be counted twice.
uint64_t Pool::idle_count(size_t kind) const {
  uint64_t count = classes_[kind].idle_count;
  for (PoolCache *cache = first_cache_; cache != nullptr; cache = cache->next) {
    const PoolBin &bin = cache->bins()[kind];
    count += bin.count.load(std::memory_order_relaxed) + (bin.home_is_idle() ? 1 : 0);
  }
  return count < classes_[kind].live ? count : classes_[kind].live;
}

uint64_t Pool::large_idle_len() const {
  uint64_t len = large_.idle_len;
  for (const PoolCache *cache = first_cache_; cache != nullptr; cache = cache->next) {
    if (cache->large.home_is_idle()) len += pool_large_head(cache->large.home.get())->len;
  }
  return len;
}

PoolClassStats Pool::class_stats(size_t index) const {
  const PoolLock lock(&mutex_);
  return class_stats_locked(index);
}

PoolClassStats Pool::class_stats_locked(size_t index) const {
  const Class &of = classes_[index];
  PoolClassStats stats;
  stats.len = class_len_[index];
  stats.max_idle = of.max_idle;
  stats.hits = of.hits;
  for (PoolCache *cache = first_cache_; cache != nullptr; cache = cache->next) {
    stats.hits += cache->bins()[index].hits.get();
  }
  stats.misses = of.misses;
  stats.drops = of.drops;
  stats.idle = idle_count(index);
  stats.in_use = of.live - stats.idle;
  stats.high_water = of.high_water;
  return stats;
}

PoolStats Pool::stats() const {
  const PoolLock lock(&mutex_);
  PoolStats stats;
  stats.hits = large_.hits;
  for (const PoolCache *cache = first_cache_; cache != nullptr; cache = cache->next) {
    stats.hits += cache->large.hits.get();
  }
  stats.misses = large_.misses;
  stats.drops = large_.drops;
  stats.idle_len = large_idle_len();
  stats.in_use_len = large_.live_len - stats.idle_len;
  stats.high_water_len = large_.high_water_len;
  stats.huge = large_.huge;
  for (size_t i = 0; i < class_count_; ++i) {
    const PoolClassStats of = class_stats_locked(i);
    stats.hits += of.hits;
    stats.misses += of.misses;
    stats.drops += of.drops;
    stats.in_use_len += of.in_use * of.len;
    stats.idle_len += of.idle * of.len;
    stats.high_water_len += of.high_water * of.len;
  }
  return stats;
}

// ---- Trim ----

void Pool::free_class(size_t kind, uint8_t *data, uint64_t *excess_len) {
  *excess_len = less_or_none(*excess_len, class_len_[kind]);
  classes_[kind].live--;
  free_block(data);
}

void Pool::free_large(uint8_t *data, uint64_t *excess_len) {
  const size_t len = pool_large_head(data)->len;
  *excess_len = less_or_none(*excess_len, len);
  large_.live_len -= len;
  free_block(data);
}

// Of a cache that is the calling thread's, or nobody's. It keeps reserved what it keeps, and the homes of what is lent.
void Pool::trim_cache(PoolCache *cache, uint64_t *excess_len) {
  if (*excess_len > 0 && cache->large.home_is_idle()) {
    uint8_t *data = cache->large.home.get();
    cache->large.unsettle();
    unreserve(cache, pool_large_head(data)->len, 1);
    free_large(data, excess_len);
  }
  for (size_t kind = class_count_; kind-- > 0;) {
    PoolBin &bin = cache->bins()[kind];
    while (*excess_len > 0) {
      uint8_t *data = bin.pop();
      if (data == nullptr) break;
      free_class(kind, data, excess_len);
    }
    const uint32_t count = bin.count.load(std::memory_order_relaxed);
    unreserve_class(cache, kind, bin.cap.get() - count);
    bin.cap.set(count);
    if (*excess_len == 0 || !bin.home_is_idle()) continue;
    uint8_t *data = bin.home.get();
    bin.unsettle();
    unreserve_class(cache, kind, 1);
    free_class(kind, data, excess_len);
  }
}

void Pool::trim_shared(uint64_t *excess_len) {
  for (uint8_t *&list : large_.idle) {
    while (*excess_len > 0 && list != nullptr) free_large(take_large(pool_large_head(list)->len), excess_len);
  }
  for (size_t kind = class_count_; kind-- > 0;) {
    while (*excess_len > 0 && classes_[kind].idle != nullptr) free_class(kind, take_idle(kind), excess_len);
  }
}

void Pool::trim(uint64_t keep_len) {
  const PoolLock lock(&mutex_);
  uint64_t idle_len = large_idle_len();
  for (size_t i = 0; i < class_count_; ++i) idle_len += idle_count(i) * class_len_[i];
  uint64_t excess_len = less_or_none(idle_len, keep_len);
  const uintptr_t id = thread_id();
  PoolCache *own = caches_.find(id);
  if (own != nullptr) {
    trim_cache(own, &excess_len);
    if (keep_len == 0) {
      caches_.erase(id);
      own->owned = false;
      spare_caches_++;
    }
  }
  for (PoolCache *cache = first_cache_; cache != nullptr; cache = cache->next) {
    if (!cache->owned) trim_cache(cache, &excess_len);
  }
  trim_shared(&excess_len);
}

}  // namespace tidewire
