// SPDX-License-Identifier: MIT
// The pool.
#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "capi/src/seams.h"
#include "core/buffer/pool.h"

namespace tidewire {
namespace {

constexpr uint64_t kDefaultMaxIdleLen = 16 << 20;  // bytes
constexpr size_t kPoolConfigSize10 = offsetof(tw_pool_config, class_count) + sizeof(tw_pool_config::class_count);
constexpr size_t kPoolStatsSize10 = offsetof(tw_pool_stats, class_count) + sizeof(tw_pool_stats::class_count);

}  // namespace
}  // namespace tidewire

using namespace tidewire;

extern "C" {

tw_status tw_pool_create(const tw_pool_config *config, tw_pool **out_pool) {
  if (out_pool == nullptr) return TW_ERR_NULL;
  *out_pool = nullptr;
  tw_pool_config ours;
  Allocator allocator;
  Status status = read_struct(config, kPoolConfigSize10, &ours);
  if (status == Status::kOk) status = read_allocator(ours.allocator, &allocator);
  if (status != Status::kOk) return to_c(status);
  Pool *pool = Pool::create(allocator, ours.max_idle_len == 0 ? kDefaultMaxIdleLen : ours.max_idle_len);
  if (pool == nullptr) return TW_ERR_NO_MEMORY;
  *out_pool = reinterpret_cast<tw_pool *>(pool);
  return TW_OK;
}

void tw_pool_destroy(tw_pool *pool) { Pool::destroy(from_c(pool)); }

tw_status tw_pool_acquire(tw_pool *pool, size_t len, uint8_t **out_data, size_t *out_cap) {
  if (pool == nullptr || out_data == nullptr || out_cap == nullptr) return TW_ERR_NULL;
  *out_data = from_c(pool)->acquire(len, out_cap);
  return *out_data == nullptr ? TW_ERR_NO_MEMORY : TW_OK;
}

tw_status tw_pool_acquire_exact(tw_pool *, size_t, uint8_t **) { return TW_ERR_UNSUPPORTED; }

tw_status tw_pool_retain(tw_pool *, uint8_t *) { return TW_ERR_UNSUPPORTED; }

tw_status tw_pool_release(tw_pool *pool, uint8_t *data) {
  if (pool == nullptr) return TW_ERR_NULL;
  from_c(pool)->release(data);
  return TW_OK;
}

tw_status tw_pool_trim(tw_pool *, uint64_t) { return TW_ERR_UNSUPPORTED; }

tw_status tw_pool_get_class_stats(const tw_pool *, size_t, tw_pool_class_stats *) { return TW_ERR_UNSUPPORTED; }

tw_status tw_pool_advise(const tw_pool *, tw_pool_class *, size_t, size_t *, char *, size_t, size_t *) {
  return TW_ERR_UNSUPPORTED;
}

tw_status tw_pool_get_stats(const tw_pool *pool, tw_pool_stats *stats) {
  if (pool == nullptr || stats == nullptr) return TW_ERR_NULL;
  const PoolStats now = from_c(pool)->stats();
  const tw_pool_stats ours = {sizeof(ours), now.hits, now.misses, now.drops, now.in_use_len, now.idle_len, 0, 0, 0};
  return to_c(write_struct(ours, kPoolStatsSize10, stats));
}

}  // extern "C"
