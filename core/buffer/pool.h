// SPDX-License-Identifier: MIT
// Buffers in size classes, kept for reuse up to a cap. Safe for threads, each of which has a cache of its own. Knows
// nothing of what the bytes mean.
//
// A thread's cache has a home for one buffer of each kind, and a short stack of others. A buffer that has a home goes
// back to it by a change of its tag, whichever thread releases it: in a loop of acquire and release nothing is
// written that the next turn must wait for. All else is under the pool's lock. What a cache may keep is reserved from
// max_idle_len beforehand, so that the cap holds without a count that threads share.
#ifndef TIDEWIRE_CORE_BUFFER_POOL_H_
#define TIDEWIRE_CORE_BUFFER_POOL_H_

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/allocator.h"
#include "core/base/macros.h"
#include "core/base/status.h"
#include "core/buffer/pool_block.h"
#include "core/buffer/pool_cache.h"

namespace tidewire {

struct PoolClass {
  size_t len;         // bytes of a buffer
  uint64_t max_idle;  // buffers; 0: as many as max_idle_len allows
};

inline constexpr size_t kMaxPoolClasses = 16;
inline constexpr size_t kPoolClassCount = 6;
inline constexpr size_t kPoolClassLen[kPoolClassCount] = {256, 1024, 4096, 8192, 16384, 65536};  // bytes; the default

struct PoolConfig {
  Allocator allocator;
  uint64_t max_idle_len = 16 << 20;  // bytes
  PoolClass classes[kMaxPoolClasses] = {{256, 0}, {1024, 0}, {4096, 0}, {8192, 0}, {16384, 0}, {65536, 0}};
  size_t class_count = kPoolClassCount;
};

// As tw_pool_stats.
struct PoolStats {
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t drops = 0;
  uint64_t in_use_len = 0;
  uint64_t idle_len = 0;
  uint64_t high_water_len = 0;
  uint64_t huge = 0;
};

// As tw_pool_class_stats.
struct PoolClassStats {
  uint64_t len = 0;
  uint64_t max_idle = 0;
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t drops = 0;
  uint64_t in_use = 0;
  uint64_t idle = 0;
  uint64_t high_water = 0;
};

class Pool {
 public:
  // Lives in memory of the allocator. kArgument: the classes are none, too many or not ascending; kNoMemory. An error
  // writes nullptr.
  static Status create(const PoolConfig &config, Pool **out);
  // The same with the default classes; nullptr when there is no memory.
  static Pool *create(Allocator allocator, uint64_t max_idle_len);
  // Frees the idle buffers and the pool. Every buffer and share must be back.
  static void destroy(Pool *pool);

  // Lends a buffer of at least `len` bytes, aligned to 16, and says its real size: that of its class, or where the
  // classes end, `len` rounded up by at most an eighth. kNoMemory writes nullptr.
  TW_ALWAYS_INLINE Status acquire(size_t len, uint8_t **out_data, size_t *out_cap) {
    const size_t kind = class_for(len);
    const uintptr_t id = thread_id();
    const PoolCacheTable::Place &place = caches_.first_place(id);
    if (TW_UNLIKELY(!place.belongs_to(id))) return acquire_elsewhere(len, kind, out_data, out_cap);
    PoolBin &bin = place.cache->bins()[kind];
    uint8_t *data;
    if (TW_UNLIKELY(!bin.take_home(&data))) return acquire_stacked(&bin, len, kind, out_data, out_cap);
    unpoison(data, class_len_[kind]);
    *out_data = data;
    *out_cap = class_len_[kind];
    return Status::kOk;
  }
  // The same; nullptr when there is no memory.
  uint8_t *acquire(size_t len, size_t *out_cap) {
    uint8_t *data;
    acquire(len, &data, out_cap);
    return data;
  }
  // A buffer of exactly `len` bytes that is kept for reuse at that length, whatever the size classes, where the cap has
  // room for it at all.
  uint8_t *acquire_exact(size_t len);

  // One more holder for a buffer that the caller holds. kArgument and kState as release.
  Status retain(uint8_t *data);

  // Takes a buffer back from a holder. kArgument: not of this pool, kState: released already; nothing changes. nullptr
  // is ignored.
  TW_ALWAYS_INLINE Status release(uint8_t *data) {
    if (TW_UNLIKELY(!may_be_ours(data))) return data == nullptr ? Status::kOk : Status::kArgument;
    const uint64_t tag = load_any_tag(data);
    const uint64_t bits = tag - stamp(data);
    if (TW_UNLIKELY(bits >= pool_tag::kLentHome + pool_tag::kStep)) return release_elsewhere(data, bits);
    poison(data, len_of(data, bits));
    store_tag(data, tag + pool_tag::kToIdle);
    return Status::kOk;
  }

  // Frees idle buffers until at most keep_len bytes are idle: first those of the calling thread's cache, then those
  // that all threads share. 0 also gives the cache up.
  void trim(uint64_t keep_len);

  // One copy of equal bytes for all who share them; nullptr when there is no memory. Aligned to 16.
  const void *share(const void *bytes, size_t len);
  // Gives a share back; the last one frees the copy.
  void unshare(const void *bytes);

  size_t class_count() const { return class_count_; }
  PoolStats stats() const;
  PoolClassStats class_stats(size_t index) const;

 private:
  struct Class {
    uint64_t max_idle = 0;    // buffers; 0: no limit of their number
    uint8_t *idle = nullptr;  // list
    uint64_t idle_count = 0;
    uint64_t reserved = 0;  // buffers that caches may keep
    uint64_t live = 0;      // buffers that there are, lent or idle
    uint64_t hits = 0;      // without those of caches
    uint64_t misses = 0;
    uint64_t drops = 0;
    uint64_t high_water = 0;
    uint32_t stack_cap = 0;  // of a cache, at most
  };

  // Buffers that are kept by their own length, and huge ones.
  struct Large {
    static constexpr size_t kLists = 32;
    uint8_t *idle[kLists] = {};  // by a hash of their length
    uint64_t idle_len = 0;       // bytes
    uint64_t live_len = 0;       // bytes, lent or idle
    uint64_t high_water_len = 0;
    uint64_t hits = 0;  // without those of caches
    uint64_t misses = 0;
    uint64_t drops = 0;
    uint64_t huge = 0;
  };

  // In front of shared bytes.
  struct alignas(16) Shared {
    Shared *next;
    size_t len;  // bytes after it
    uint64_t holders;
  };

  static constexpr size_t kClassStep = 256;
  static constexpr size_t kClassSteps = 256;

  Pool(const PoolConfig &config, void *memory);

  static bool may_be_ours(const uint8_t *data) {
    return reinterpret_cast<uintptr_t>(data) % PoolBlock::kAlign == sizeof(PoolBlock);
  }
  uint64_t stamp(const uint8_t *data) const { return seed_ + reinterpret_cast<uintptr_t>(data); }

  // The smallest class for `len` bytes, or class_count_.
  size_t class_for(size_t len) const {
    const size_t steps = len / kClassStep;
    size_t kind = first_class_[steps < kClassSteps ? steps : kClassSteps];
    while (class_len_[kind] < len) ++kind;
    return kind;
  }
  size_t len_of(uint8_t *data, uint64_t bits) const {
    const size_t kind = pool_tag::kind(bits);
    return kind < class_count_ ? class_len_[kind] : pool_large_head(data)->len;
  }

  Status acquire_stacked(PoolBin *bin, size_t len, size_t kind, uint8_t **out_data, size_t *out_cap);
  Status acquire_elsewhere(size_t len, size_t kind, uint8_t **out_data, size_t *out_cap);
  uint8_t *acquire_class(size_t kind);
  uint8_t *acquire_shared(size_t kind, PoolCache *cache);
  uint8_t *acquire_rounded(size_t len, size_t *out_cap);
  uint8_t *acquire_large(size_t len);
  uint8_t *acquire_huge(size_t len);
  Status release_elsewhere(uint8_t *data, uint64_t bits);
  Status release_shared(uint8_t *data, uint64_t bits);
  void release_class(uint8_t *data, size_t kind);
  void release_large(uint8_t *data, size_t kind);

  // What follows is called with the lock.
  PoolCache *own_cache();
  PoolCache *claim_cache();
  PoolCache *add_cache();
  bool affords(const Class &of, size_t len, uint64_t count) const;
  bool reserve(PoolCache *cache, size_t len, uint64_t count);
  void unreserve(PoolCache *cache, size_t len, uint64_t count);
  bool reserve_class(PoolCache *cache, size_t kind, uint64_t count);
  void unreserve_class(PoolCache *cache, size_t kind, uint64_t count);
  void lend(PoolCache *cache, size_t kind, uint8_t *data);
  void grow(PoolCache *cache, size_t kind);
  void keep_idle(size_t kind, uint8_t *data);
  uint8_t *take_idle(size_t kind);
  uint8_t *take_shared(size_t kind);
  void lend_large(PoolCache *cache, uint8_t *data);
  void empty_large_home(PoolCache *cache);
  void keep_large(uint8_t *data);
  uint8_t *take_large(size_t len);
  static void note_lent(Class *of);
  void note_large_lent();
  void trim_cache(PoolCache *cache, uint64_t *excess_len);
  void trim_shared(uint64_t *excess_len);
  void free_class(size_t kind, uint8_t *data, uint64_t *excess_len);
  void free_large(uint8_t *data, uint64_t *excess_len);
  PoolClassStats class_stats_locked(size_t index) const;
  uint64_t idle_count(size_t kind) const;
  uint64_t large_idle_len() const;
  // These need no lock, those that are given a cache only what it has.
  static uint8_t *take_cached_large(PoolCache *cache, size_t len);
  uint8_t *take_cached(PoolCache *cache, size_t kind);
  void set_state(uint8_t *data, uint64_t state);
  uint8_t *allocate_block(size_t kind, size_t len);
  void free_block(uint8_t *data);

  // Read by all threads, and written when a thread comes or goes.
  void *memory_;  // as it was allocated
  Allocator allocator_;
  uint64_t seed_;
  uint64_t max_idle_len_;
  size_t class_count_;
  size_t class_len_[kMaxPoolClasses + 1];  // SIZE_MAX behind the last
  uint8_t first_class_[kClassSteps + 1];   // by kClassStep bytes of a length: the smallest class that may hold it
  PoolCacheTable caches_;

  alignas(64) mutable pthread_mutex_t mutex_;  // over everything below, and over changes of caches_
  Class classes_[kMaxPoolClasses + 1];         // behind the last one nothing
  Large large_;
  uint64_t kept_len_ = 0;      // bytes of max_idle_len that are idle, or reserved by caches
  uint64_t reserved_len_ = 0;  // bytes of those that caches reserved
  PoolCache *first_cache_ = nullptr;
  size_t cache_count_ = 0;
  size_t spare_caches_ = 0;  // that no thread owns
  Shared *shared_ = nullptr;
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_BUFFER_POOL_H_
