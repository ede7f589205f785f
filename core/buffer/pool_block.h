// SPDX-License-Identifier: MIT
// What stands in front of every buffer of a pool: whose it is, of which kind, and whether it is lent. All of it is in
// one tag, so that to take a buffer back is a load, a comparison and a store.
#ifndef TIDEWIRE_CORE_BUFFER_POOL_BLOCK_H_
#define TIDEWIRE_CORE_BUFFER_POOL_BLOCK_H_

#include <stddef.h>
#include <stdint.h>

#include <atomic>

#if defined(__SANITIZE_ADDRESS__)
#define TW_POOL_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TW_POOL_POISON 1
#endif
#endif
#if defined(TW_POOL_POISON)
#include <sanitizer/asan_interface.h>
#define TW_POOL_NO_ASAN __attribute__((no_sanitize("address")))
#else
#define TW_POOL_NO_ASAN
#endif

namespace tidewire {

// Ends at the bytes of its buffer. It starts at a multiple of 32, which makes their address 16 mod 32: a pointer that
// is not is refused unread, and for any other the tag lies on the same page.
struct PoolBlock {
  static constexpr size_t kAlign = 32;

  uint64_t tag;
  union {
    uint64_t others;  // lent: holders beside one
    uint8_t *next;    // idle, in a list: the next one's bytes
  };
};

// In front of the block of a buffer that is kept by its own length.
struct PoolLargeHead {
  size_t len;
  size_t unused;
};

// A tag is a number that depends on the pool and the address of the bytes, plus these bits: kind, then kShifted, then
// the state. A home is the place that a thread's cache has for one buffer, wherever that is meanwhile.
namespace pool_tag {

inline constexpr uint64_t kKinds = 32;    // a size class by its index, or one of:
inline constexpr uint64_t kLarge = 16;    // kept by its own length
inline constexpr uint64_t kHuge = 17;     // never kept
inline constexpr uint64_t kShifted = 32;  // 16 bytes of the allocation are unused in front
inline constexpr uint64_t kStep = 64;
inline constexpr uint64_t kLentHome = 0 * kStep;  // to one holder, and it has a home
inline constexpr uint64_t kIdleHome = 1 * kStep;
inline constexpr uint64_t kLent = 2 * kStep;
inline constexpr uint64_t kIdle = 3 * kStep;
inline constexpr uint64_t kSharedHome = 4 * kStep;  // lent, and retained since
inline constexpr uint64_t kShared = 6 * kStep;
inline constexpr uint64_t kToIdle = 1 * kStep;  // from kLentHome and kLent
inline constexpr uint64_t kToShared = 4 * kStep;
inline constexpr uint64_t kEnd = 7 * kStep;

constexpr uint64_t state(uint64_t bits) { return bits / kStep * kStep; }
constexpr size_t kind(uint64_t bits) { return bits % kKinds; }

}  // namespace pool_tag

inline PoolBlock *pool_block(uint8_t *data) { return reinterpret_cast<PoolBlock *>(data) - 1; }
inline PoolLargeHead *pool_large_head(uint8_t *data) { return reinterpret_cast<PoolLargeHead *>(pool_block(data)) - 1; }

// What is written to a buffer before it goes idle happens before it is lent again, whatever threads do either.
inline uint64_t load_tag(uint8_t *data) { return __atomic_load_n(&pool_block(data)->tag, __ATOMIC_ACQUIRE); }
inline void store_tag(uint8_t *data, uint64_t tag) { __atomic_store_n(&pool_block(data)->tag, tag, __ATOMIC_RELEASE); }

// The same from an address that may be anything.
TW_POOL_NO_ASAN inline uint64_t load_any_tag(const uint8_t *data) {
  return __atomic_load_n(reinterpret_cast<const uint64_t *>(data - sizeof(PoolBlock)), __ATOMIC_ACQUIRE);
}

// Under AddressSanitizer, so that the use of a buffer that was released is found.
#if defined(TW_POOL_POISON)
inline void poison(uint8_t *data, size_t len) { __asan_poison_memory_region(data, len); }
inline void unpoison(uint8_t *data, size_t len) { __asan_unpoison_memory_region(data, len); }
#else
inline void poison(uint8_t *, size_t) {}
inline void unpoison(uint8_t *, size_t) {}
#endif

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_BUFFER_POOL_BLOCK_H_
