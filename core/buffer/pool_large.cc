// SPDX-License-Identifier: MIT
// Buffers that are kept by their own length: longer than every size class, or of an exact length. And huge ones, which
// are not kept.
#include <bit>

#include "core/buffer/pool.h"
#include "core/buffer/pool_lock.h"

namespace tidewire {
namespace {

constexpr uint64_t kHugeParts = 4;  // huge is what is longer than this part of max_idle_len; of an exact length, all

// An eighth of the power of two below is the step, so that buffers of similar length serve each other.
size_t rounded_up(size_t len) {
  const size_t step = std::bit_floor(len - 1) / 8;
  return step == 0 ? len : (len + step - 1) & ~(step - 1);
}

size_t list_for(size_t len) { return static_cast<size_t>((uint64_t{len} * UINT64_C(0x9E3779B97F4A7C15)) >> 59); }

}  // namespace

uint8_t *Pool::acquire_rounded(size_t len, size_t *out_cap) {
  const bool huge = len > max_idle_len_ / kHugeParts;
  *out_cap = huge ? len : rounded_up(len);
  return huge ? acquire_huge(len) : acquire_large(*out_cap);
}

uint8_t *Pool::acquire_exact(size_t len) {
  if (len == 0) len = 1;
  const size_t kind = class_for(len);
  if (kind == class_count_) return len > max_idle_len_ ? acquire_huge(len) : acquire_large(len);
  return class_len_[kind] == len ? acquire_class(kind) : acquire_large(len);
}

uint8_t *Pool::acquire_huge(size_t len) {
  uint8_t *data = allocate_block(pool_tag::kHuge, len);
  if (data == nullptr) return nullptr;
  const PoolLock lock(&mutex_);
  empty_large_home(own_cache());  // or it would seem to be in use
  large_.huge++;
  large_.live_len += len;
  note_large_lent();
  return data;
}

uint8_t *Pool::take_cached_large(PoolCache *cache, size_t len) {
  if (cache == nullptr || !cache->large.has_home()) return nullptr;
  uint8_t *data = cache->large.home.get();
  if (pool_large_head(data)->len != len || !cache->large.take_home(&data)) return nullptr;
  unpoison(data, len);
  return data;
}

uint8_t *Pool::acquire_large(size_t len) {
  PoolCache *cache = caches_.find(thread_id());
  uint8_t *data = take_cached_large(cache, len);
  if (data != nullptr) return data;
  {
    const PoolLock lock(&mutex_);
    PoolCache *own = own_cache();
    if (own != cache) data = take_cached_large(own, len);
    if (data != nullptr) return data;
    data = take_large(len);
    if (data != nullptr) {
      large_.hits++;
      lend_large(claim_cache(), data);
      note_large_lent();
      unpoison(data, len);
      return data;
    }
  }
  data = allocate_block(pool_tag::kLarge, len);
  if (data == nullptr) return nullptr;
  const PoolLock lock(&mutex_);
  large_.misses++;
  large_.live_len += len;
  lend_large(claim_cache(), data);
  note_large_lent();
  return data;
}

// A cache's home of this kind is for the length that was asked for last.
void Pool::lend_large(PoolCache *cache, uint8_t *data) {
  set_state(data, pool_tag::kLent);
  empty_large_home(cache);
  if (cache == nullptr || cache->large.has_home() || !reserve(cache, pool_large_head(data)->len, 1)) return;
  set_state(data, pool_tag::kLentHome);
  cache->large.settle(data);
}

// Moves the buffer that is idle there to what all threads share.
void Pool::empty_large_home(PoolCache *cache) {
  if (cache == nullptr || !cache->large.home_is_idle()) return;
  uint8_t *data = cache->large.home.get();
  cache->large.unsettle();
  unreserve(cache, pool_large_head(data)->len, 1);
  set_state(data, pool_tag::kIdle);
  keep_large(data);
}

void Pool::keep_large(uint8_t *data) {
  const size_t len = pool_large_head(data)->len;
  uint8_t **list = &large_.idle[list_for(len)];
  pool_block(data)->next = *list;
  *list = data;
  large_.idle_len += len;
  kept_len_ += len;
}

uint8_t *Pool::take_large(size_t len) {
  uint8_t *before = nullptr;
  uint8_t **first = &large_.idle[list_for(len)];
  for (uint8_t *data = *first; data != nullptr; before = data, data = pool_block(data)->next) {
    if (pool_large_head(data)->len != len) continue;
    if (before == nullptr) {
      *first = pool_block(data)->next;
    } else {
      pool_block(before)->next = pool_block(data)->next;
    }
    pool_block(data)->others = 0;
    large_.idle_len -= len;
    kept_len_ -= len;
    return data;
  }
  return nullptr;
}

void Pool::note_large_lent() {
  const uint64_t lent_len = large_.live_len - large_.idle_len;
  if (lent_len > large_.high_water_len) large_.high_water_len = lent_len;
}

void Pool::release_large(uint8_t *data, size_t kind) {
  const size_t len = pool_large_head(data)->len;
  {
    const PoolLock lock(&mutex_);
    if (kind == pool_tag::kLarge) {
      if (len <= max_idle_len_ - kept_len_) {
        keep_large(data);
        return;
      }
      large_.drops++;
    }
    large_.live_len -= len;
  }
  free_block(data);
}

}  // namespace tidewire
