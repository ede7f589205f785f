// SPDX-License-Identifier: MIT
// The pool.
#include "capi/src/guard.h"
#include "capi/src/seams.h"
#include "core/buffer/pool.h"

namespace tidewire {
namespace {

constexpr uint64_t kDefaultMaxIdleLen = 16 << 20;  // bytes
constexpr size_t kPoolConfigSize10 = offsetof(tw_pool_config, max_idle_len) + sizeof(tw_pool_config::max_idle_len);
constexpr size_t kPoolStatsSize10 = offsetof(tw_pool_stats, idle_len) + sizeof(tw_pool_stats::idle_len);

Pool *from_c(tw_pool *pool) { return reinterpret_cast<Pool *>(pool); }
const Pool *from_c(const tw_pool *pool) { return reinterpret_cast<const Pool *>(pool); }

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

void tw_pool_release(tw_pool *pool, uint8_t *data) {
  if (pool != nullptr) from_c(pool)->release(data);
}

tw_status tw_pool_get_stats(const tw_pool *pool, tw_pool_stats *stats) {
  if (pool == nullptr || stats == nullptr) return TW_ERR_NULL;
  const PoolStats now = from_c(pool)->stats();
  const tw_pool_stats ours = {sizeof(ours), now.hits, now.misses, now.drops, now.in_use_len, now.idle_len};
  return to_c(write_struct(ours, kPoolStatsSize10, stats));
}

}  // extern "C"
