// SPDX-License-Identifier: MIT
// What one thread keeps of a pool, and how it is found without thread_local: a library that is loaded with dlopen, and
// unloaded again, has neither to free it nor to run when a thread ends.
#ifndef TIDEWIRE_CORE_BUFFER_POOL_CACHE_H_
#define TIDEWIRE_CORE_BUFFER_POOL_CACHE_H_

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include <atomic>

#include "core/base/macros.h"
#include "core/buffer/pool_block.h"

namespace tidewire {

// Written by one thread at a time, read by others who need no more than some recent value.
template <class T>
class Relaxed {
 public:
  T get() const { return value_.load(std::memory_order_relaxed); }
  void set(T value) { value_.store(value, std::memory_order_relaxed); }
  void add(T value) { set(get() + value); }

 private:
  std::atomic<T> value_{};
};

inline constexpr size_t kPoolCacheLine = 64;  // bytes

// The first start of a cache line in memory that is kPoolCacheLine longer than what shall stand there.
inline void *at_cache_line(void *memory) {
  const uintptr_t address = reinterpret_cast<uintptr_t>(memory);
  return static_cast<uint8_t *>(memory) + (kPoolCacheLine - address % kPoolCacheLine) % kPoolCacheLine;
}

// Stands for the home that there is not: a buffer that is always lent.
struct PoolNoHome {
  PoolBlock block = {0, {0}};
  uint8_t data[16] = {};
};
inline constexpr PoolNoHome kPoolNoHome;

// What a thread keeps of one kind. Only that thread takes from it; `home` and `cap` change under the pool's lock.
struct PoolBin {
  Relaxed<uint8_t *> home;        // a buffer that comes back to this place from whatever thread, or kPoolNoHome's
  Relaxed<uint64_t> home_tag;     // of that buffer while it is lent
  Relaxed<uint64_t> hits;         // buffers that were acquired from here
  std::atomic<uint32_t> count{};  // idle buffers in stack
  Relaxed<uint32_t> cap;          // buffers that stack may hold now
  uint8_t **stack;                // has room for as many as the class allows

  bool has_home() const { return home.get() != kPoolNoHome.data; }
  bool home_is_idle() const { return load_tag(home.get()) == home_tag.get() + pool_tag::kToIdle; }
  // `data` is lent to one holder, and has its home here from now on.
  void settle(uint8_t *data) {
    home_tag.set(load_tag(data));
    home.set(data);
  }
  void unsettle() {
    home.set(const_cast<uint8_t *>(kPoolNoHome.data));
    home_tag.set(0);
  }
  // Lends the buffer whose home this is; false when it is elsewhere.
  TW_ALWAYS_INLINE bool take_home(uint8_t **out_data) {
    uint8_t *data = home.get();
    const uint64_t tag = home_tag.get();
    if (TW_UNLIKELY(load_tag(data) - pool_tag::kToIdle != tag)) return false;
    store_tag(data, tag);
    hits.add(1);
    *out_data = data;
    return true;
  }

  // Lends the top of the stack; nullptr when it is empty.
  uint8_t *take_stacked() {
    uint8_t *data = pop();
    if (data == nullptr) return nullptr;
    store_tag(data, load_tag(data) - pool_tag::kToIdle);
    hits.add(1);
    return data;
  }

  // A thread that inherits the cache sees what its predecessor wrote.
  uint8_t *pop() {
    const uint32_t present = count.load(std::memory_order_acquire);
    if (present == 0) return nullptr;
    uint8_t *data = stack[present - 1];
    count.store(present - 1, std::memory_order_release);
    return data;
  }
  bool push(uint8_t *data) {
    const uint32_t present = count.load(std::memory_order_acquire);
    if (present >= cap.get()) return false;
    stack[present] = data;
    count.store(present + 1, std::memory_order_release);
    return true;
  }
};

// Stands at the start of a cache line in memory of its own. The bins' stacks follow.
struct PoolCache {
  PoolCache *next;        // of all caches of the pool
  void *memory;           // as it was allocated
  size_t memory_len;      // bytes
  uint64_t reserved_len;  // bytes of max_idle_len that are this cache's, whether or not it has them
  bool owned;             // by a thread
  PoolBin large;          // only the home, for one buffer that is kept by its own length

  PoolBin *bins() { return reinterpret_cast<PoolBin *>(this + 1); }  // one for each size class, and an empty one
};

// A number that no other thread has that runs at the same time; not 0 or 1.
inline uintptr_t thread_id() {
#if TW_ARCH_X86_64 && defined(__linux__)
  uintptr_t id;  // the thread control block begins with its own address
  __asm__("mov %%fs:0, %0" : "=r"(id));
  return id;
#elif TW_ARCH_AARCH64 && defined(__linux__)
  uintptr_t id;
  __asm__("mrs %0, tpidr_el0" : "=r"(id));
  return id;
#else
  return (uintptr_t)pthread_self();  // a number or a pointer, as the C library likes
#endif
}

// The caches by their threads: open addressing, read without a lock and changed under the pool's.
class PoolCacheTable {
 public:
  static constexpr size_t kMaxCaches = 64;
  static constexpr uintptr_t kNobody = 0;
  static constexpr uintptr_t kSomebodyBefore = 1;

  struct Place {
    std::atomic<uintptr_t> owner{kNobody};
    PoolCache *cache = nullptr;  // of the owner

    bool belongs_to(uintptr_t id) const { return owner.load(std::memory_order_acquire) == id; }
  };

  // Where the cache of a thread is, most often.
  const Place &first_place(uintptr_t id) const { return places_[place(id)]; }
  PoolCache *find(uintptr_t id) const {
    size_t at = place(id);
    for (size_t i = 0; i < kPlaces; ++i, at = (at + 1) % kPlaces) {
      const uintptr_t owner = places_[at].owner.load(std::memory_order_acquire);
      if (owner == id) return places_[at].cache;
      if (owner == kNobody) return nullptr;
    }
    return nullptr;
  }

  void insert(uintptr_t id, PoolCache *cache) {
    size_t at = place(id);
    while (places_[at].owner.load(std::memory_order_relaxed) > kSomebodyBefore) at = (at + 1) % kPlaces;
    places_[at].cache = cache;
    places_[at].owner.store(id, std::memory_order_release);
  }

  // Only by the thread itself. Others go on to look behind the place, as long as there may be somebody.
  void erase(uintptr_t id) {
    size_t at = place(id);
    while (places_[at].owner.load(std::memory_order_relaxed) != id) at = (at + 1) % kPlaces;
    places_[at].owner.store(kSomebodyBefore, std::memory_order_release);
    if (places_[(at + 1) % kPlaces].owner.load(std::memory_order_relaxed) != kNobody) return;
    for (; places_[at].owner.load(std::memory_order_relaxed) == kSomebodyBefore; at = (at + kPlaces - 1) % kPlaces) {
      places_[at].owner.store(kNobody, std::memory_order_release);
    }
  }

 private:
  static constexpr size_t kPlaces = 2 * kMaxCaches;

  // The ids of threads are often a stack's length, some megabytes, apart: these bits tell such ones apart best.
  static size_t place(uintptr_t id) { return static_cast<size_t>((uint64_t{id} * 0x61C88647) >> 47) % kPlaces; }

  Place places_[kPlaces];
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_BUFFER_POOL_CACHE_H_
