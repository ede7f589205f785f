// SPDX-License-Identifier: MIT
// Life of a pool and of its blocks, and what of the size classes is not the fast way.
#include "core/buffer/pool.h"

#include <new>

#include "core/buffer/pool_lock.h"

namespace tidewire {
namespace {

constexpr size_t kStackLen = 64 * 1024;  // bytes of one class that a stack of a cache may hold
constexpr uint32_t kMinStackCap = 2;     // buffers
constexpr uint32_t kMaxStackCap = 32;

uint32_t stack_cap_for(size_t len) {
  if (len > kStackLen / kMinStackCap) return kMinStackCap;
  return len < kStackLen / kMaxStackCap ? kMaxStackCap : static_cast<uint32_t>(kStackLen / len);
}

bool ascend(const PoolClass *classes, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (classes[i].len <= (i == 0 ? 0 : classes[i - 1].len)) return false;
  }
  return true;
}

}  // namespace

Pool::Pool(const PoolConfig &config, void *memory)
    : memory_(memory),
      allocator_(config.allocator),
      seed_(reinterpret_cast<uintptr_t>(this) * UINT64_C(0x9E3779B97F4A7C15)),
      max_idle_len_(config.max_idle_len),
      class_count_(config.class_count) {
  for (size_t i = 0; i < class_count_; ++i) {
    class_len_[i] = config.classes[i].len;
    classes_[i].max_idle = config.classes[i].max_idle;
    classes_[i].stack_cap = stack_cap_for(class_len_[i]);
  }
  class_len_[class_count_] = SIZE_MAX;
  size_t kind = 0;
  for (size_t steps = 0; steps <= kClassSteps; ++steps) {
    while (class_len_[kind] < steps * kClassStep) ++kind;
    first_class_[steps] = static_cast<uint8_t>(kind);
  }
  pthread_mutex_init(&mutex_, nullptr);
}

Status Pool::create(const PoolConfig &config, Pool **out) {
  *out = nullptr;
  if (config.class_count == 0 || config.class_count > kMaxPoolClasses) return Status::kArgument;
  if (!ascend(config.classes, config.class_count)) return Status::kArgument;
  void *memory = config.allocator.allocate(sizeof(Pool) + kPoolCacheLine);
  if (memory == nullptr) return Status::kNoMemory;
  *out = new (at_cache_line(memory)) Pool(config, memory);
  return Status::kOk;
}

Pool *Pool::create(Allocator allocator, uint64_t max_idle_len) {
  PoolConfig config;
  config.allocator = allocator;
  config.max_idle_len = max_idle_len;
  Pool *pool;
  create(config, &pool);
  return pool;
}

void Pool::destroy(Pool *pool) {
  if (pool == nullptr) return;
  pool->trim(0);
  const Allocator allocator = pool->allocator_;
  for (PoolCache *cache = pool->first_cache_; cache != nullptr;) {
    PoolCache *next = cache->next;
    uint64_t all = UINT64_MAX;
    pool->trim_cache(cache, &all);
    allocator.release(cache->memory, cache->memory_len);
    cache = next;
  }
  pthread_mutex_destroy(&pool->mutex_);
  allocator.release(pool->memory_, sizeof(Pool) + kPoolCacheLine);
}

// ---- Blocks ----

uint8_t *Pool::allocate_block(size_t kind, size_t len) {
  const size_t head_len = kind < class_count_ ? 0 : sizeof(PoolLargeHead);
  const size_t overhead = head_len + PoolBlock::kAlign;
  if (len > SIZE_MAX - overhead) return nullptr;
  uint8_t *memory = static_cast<uint8_t *>(allocator_.allocate(overhead + len));
  if (memory == nullptr) return nullptr;
  uint8_t *data = memory + head_len + sizeof(PoolBlock);
  uint64_t bits = pool_tag::kLent + kind;
  if (!may_be_ours(data)) {
    data += PoolBlock::kAlign - sizeof(PoolBlock);
    bits += pool_tag::kShifted;
  }
  if (head_len != 0) pool_large_head(data)->len = len;
  pool_block(data)->others = 0;
  store_tag(data, stamp(data) + bits);
  return data;
}

void Pool::free_block(uint8_t *data) {
  const uint64_t bits = load_tag(data) - stamp(data);
  const size_t len = len_of(data, bits);
  const size_t head_len = pool_tag::kind(bits) < class_count_ ? 0 : sizeof(PoolLargeHead);
  const size_t shift = (bits & pool_tag::kShifted) != 0 ? PoolBlock::kAlign - sizeof(PoolBlock) : 0;
  unpoison(data, len);
  store_tag(data, 0);  // it is ours no more
  allocator_.release(data - sizeof(PoolBlock) - head_len - shift, head_len + PoolBlock::kAlign + len);
}

void Pool::set_state(uint8_t *data, uint64_t state) {
  const uint64_t tag = load_tag(data);
  store_tag(data, tag - pool_tag::state(tag - stamp(data)) + state);
}

// ---- Size classes ----

bool Pool::affords(const Class &of, size_t len, uint64_t count) const {
  if ((max_idle_len_ - kept_len_) / len < count) return false;
  return of.max_idle == 0 || of.idle_count + of.reserved + count <= of.max_idle;
}

void Pool::keep_idle(size_t kind, uint8_t *data) {
  Class &of = classes_[kind];
  pool_block(data)->next = of.idle;
  of.idle = data;
  of.idle_count++;
  kept_len_ += class_len_[kind];
}

uint8_t *Pool::take_idle(size_t kind) {
  Class &of = classes_[kind];
  uint8_t *data = of.idle;
  if (data == nullptr) return nullptr;
  of.idle = pool_block(data)->next;
  pool_block(data)->others = 0;
  of.idle_count--;
  kept_len_ -= class_len_[kind];
  return data;
}

// Marks a buffer as lent. It gets a home where the cache has one to give.
void Pool::lend(PoolCache *cache, size_t kind, uint8_t *data) {
  PoolBin *bin = cache == nullptr ? nullptr : &cache->bins()[kind];
  if (bin == nullptr || bin->has_home() || !reserve_class(cache, kind, 1)) {
    set_state(data, pool_tag::kLent);
    return;
  }
  set_state(data, pool_tag::kLentHome);
  bin->settle(data);
}

// Lends what the cache itself has, its home first.
uint8_t *Pool::take_cached(PoolCache *cache, size_t kind) {
  if (cache == nullptr) return nullptr;
  PoolBin &bin = cache->bins()[kind];
  uint8_t *data = nullptr;
  if (!bin.take_home(&data)) data = bin.take_stacked();
  if (data == nullptr) return nullptr;
  unpoison(data, class_len_[kind]);
  return data;
}

// From what all threads share. Half of what the thread's stack may hold comes along.
uint8_t *Pool::take_shared(size_t kind) {
  Class &of = classes_[kind];
  uint8_t *data = take_idle(kind);
  if (data == nullptr) return nullptr;
  PoolCache *cache = claim_cache();
  of.hits++;
  lend(cache, kind, data);
  unpoison(data, class_len_[kind]);
  const uint32_t along = cache == nullptr ? 0 : cache->bins()[kind].cap.get() / 2;
  for (uint32_t i = 0; i < along && of.idle != nullptr; ++i) cache->bins()[kind].push(take_idle(kind));
  note_lent(&of);
  return data;
}

// What caches keep counts as lent, as nothing tells when it is lent next. A thread that is alone has nothing idle when
// it has more in use than ever before.
void Pool::note_lent(Class *of) {
  if (of->live - of->idle_count > of->high_water) of->high_water = of->live - of->idle_count;
}

// Where the home is empty.
Status Pool::acquire_stacked(PoolBin *bin, size_t len, size_t kind, uint8_t **out_data, size_t *out_cap) {
  uint8_t *data = bin->take_stacked();
  if (data == nullptr) return acquire_elsewhere(len, kind, out_data, out_cap);
  unpoison(data, class_len_[kind]);
  *out_data = data;
  *out_cap = class_len_[kind];
  return Status::kOk;
}

Status Pool::acquire_elsewhere(size_t len, size_t kind, uint8_t **out_data, size_t *out_cap) {
  *out_cap = class_len_[kind];
  *out_data = kind == class_count_ ? acquire_rounded(len, out_cap) : acquire_class(kind);
  return *out_data == nullptr ? Status::kNoMemory : Status::kOk;
}

uint8_t *Pool::acquire_class(size_t kind) {
  PoolCache *cache = caches_.find(thread_id());
  uint8_t *data = take_cached(cache, kind);
  return data != nullptr ? data : acquire_shared(kind, cache);
}

uint8_t *Pool::acquire_shared(size_t kind, PoolCache *cache) {
  uint8_t *data = nullptr;
  {
    const PoolLock lock(&mutex_);
    PoolCache *own = own_cache();
    if (own != cache) data = take_cached(own, kind);  // it had another owner before
    if (data == nullptr) data = take_shared(kind);
    if (data != nullptr) return data;
  }
  data = allocate_block(kind, class_len_[kind]);
  if (data == nullptr) return nullptr;
  const PoolLock lock(&mutex_);
  Class &of = classes_[kind];
  of.misses++;
  of.live++;
  note_lent(&of);
  lend(claim_cache(), kind, data);
  return data;
}

// Lets a stack that is full hold a quarter more, or one more, of what its class allows.
void Pool::grow(PoolCache *cache, size_t kind) {
  PoolBin &bin = cache->bins()[kind];
  const uint32_t most = classes_[kind].stack_cap;
  if (bin.cap.get() == most) return;
  const uint32_t step = most / 4 > 1 && bin.cap.get() + most / 4 <= most ? most / 4 : 1;
  if (reserve_class(cache, kind, step)) {
    bin.cap.add(step);
  } else if (reserve_class(cache, kind, 1)) {
    bin.cap.add(1);
  }
}

Status Pool::release_elsewhere(uint8_t *data, uint64_t bits) {
  if (pool_tag::state(bits) != pool_tag::kLent) return release_shared(data, bits);
  poison(data, len_of(data, bits));
  store_tag(data, stamp(data) + bits + pool_tag::kToIdle);
  const size_t kind = pool_tag::kind(bits);
  if (kind < class_count_) {
    PoolCache *cache = caches_.find(thread_id());
    if (cache == nullptr || !cache->bins()[kind].push(data)) release_class(data, kind);
  } else {
    release_large(data, kind);
  }
  return Status::kOk;
}

// What the calling thread has no room for.
void Pool::release_class(uint8_t *data, size_t kind) {
  Class &of = classes_[kind];
  {
    const PoolLock lock(&mutex_);
    PoolCache *cache = claim_cache();
    if (cache != nullptr) {
      grow(cache, kind);
      if (cache->bins()[kind].push(data)) return;
    }
    if (affords(of, class_len_[kind], 1)) {
      keep_idle(kind, data);
      // Half of the stack goes along. It stays reserved.
      for (uint32_t i = cache == nullptr ? 0 : cache->bins()[kind].cap.get() / 2; i > 0; --i) {
        if (!affords(of, class_len_[kind], 1)) return;
        keep_idle(kind, cache->bins()[kind].pop());
      }
      return;
    }
    of.drops++;
    of.live--;
  }
  free_block(data);
}

}  // namespace tidewire
