// SPDX-License-Identifier: MIT
// Buffers in size classes, kept for reuse up to a cap. Safe for threads. Knows nothing of what the bytes mean.
#ifndef TIDEWIRE_CORE_BUFFER_POOL_H_
#define TIDEWIRE_CORE_BUFFER_POOL_H_

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/allocator.h"

namespace tidewire {

inline constexpr size_t kPoolClassCount = 6;
inline constexpr size_t kPoolClassLen[kPoolClassCount] = {256, 1024, 4096, 8192, 16384, 65536};  // bytes

struct PoolStats {
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t drops = 0;
  uint64_t in_use_len = 0;  // bytes
  uint64_t idle_len = 0;    // bytes
};

class Pool {
 public:
  // Lives in memory of `allocator`; nullptr when there is none.
  static Pool *create(Allocator allocator, uint64_t max_idle_len);
  // Frees the idle buffers and the pool. Every buffer and share must be back.
  static void destroy(Pool *pool);

  // A buffer of at least `len` bytes, aligned to 16, and its real size; nullptr when there is no memory.
  uint8_t *acquire(size_t len, size_t *out_cap);
  // A buffer of exactly `len` bytes that is kept for reuse at that length, whatever the size classes.
  uint8_t *acquire_exact(size_t len);
  void release(uint8_t *data);

  // One copy of equal bytes for all who share them; nullptr when there is no memory. Aligned to 16.
  const void *share(const void *bytes, size_t len);
  // Gives a share back; the last one frees the copy.
  void unshare(const void *bytes);

  PoolStats stats() const;

 private:
  // In front of every buffer.
  struct alignas(16) Block {
    union {
      uint64_t size_class;  // in use: index, kUnpooled or kExact
      Block *next;          // idle
    };
    uint64_t len;  // bytes after the block
  };
  static constexpr uint64_t kUnpooled = kPoolClassCount;
  static constexpr uint64_t kExact = kPoolClassCount + 1;

  // In front of shared bytes.
  struct alignas(16) Shared {
    Shared *next;
    size_t len;  // bytes after it
    uint64_t holders;
  };

  Pool(Allocator allocator, uint64_t max_idle_len) : allocator_(allocator), max_idle_len_(max_idle_len) {}

  uint8_t *lend(uint64_t size_class, size_t len);
  Block *take_idle(uint64_t size_class, size_t len);
  bool keep_idle(Block *block, size_t len);

  Allocator allocator_;
  uint64_t max_idle_len_;
  mutable pthread_mutex_t lock_;           // over everything below
  Block *idle_[kPoolClassCount + 2] = {};  // by size class; none are kUnpooled
  Shared *shared_ = nullptr;
  PoolStats stats_;
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_BUFFER_POOL_H_
