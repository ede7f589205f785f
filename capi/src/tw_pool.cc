// SPDX-License-Identifier: MIT
// The pool.
#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "capi/src/seams.h"
#include "core/buffer/pool.h"
#include "core/buffer/pool_advice.h"

namespace tidewire {
namespace {

constexpr size_t kPoolConfigSize10 = offsetof(tw_pool_config, class_count) + sizeof(tw_pool_config::class_count);
constexpr size_t kPoolStatsSize10 = offsetof(tw_pool_stats, class_count) + sizeof(tw_pool_stats::class_count);
constexpr size_t kPoolClassStatsSize10 =
    offsetof(tw_pool_class_stats, high_water) + sizeof(tw_pool_class_stats::high_water);
static_assert(TW_POOL_CLASSES_MAX == kMaxPoolClasses);

Status read_classes(const tw_pool_config &theirs, PoolConfig *out) {
  if (theirs.classes == nullptr) return theirs.class_count == 0 ? Status::kOk : Status::kNull;
  if (theirs.class_count > kMaxPoolClasses) return Status::kArgument;
  out->class_count = theirs.class_count;
  for (size_t i = 0; i < theirs.class_count; ++i) {
    if (theirs.classes[i].len > SIZE_MAX) return Status::kArgument;
    out->classes[i] = {static_cast<size_t>(theirs.classes[i].len), theirs.classes[i].max_idle};
  }
  return Status::kOk;
}

}  // namespace
}  // namespace tidewire

using namespace tidewire;

extern "C" {

tw_status tw_pool_create(const tw_pool_config *config, tw_pool **out_pool) {
  if (out_pool == nullptr) return TW_ERR_NULL;
  *out_pool = nullptr;
  tw_pool_config theirs;
  PoolConfig ours;
  Status status = read_struct(config, kPoolConfigSize10, &theirs);
  if (status == Status::kOk) status = read_allocator(theirs.allocator, &ours.allocator);
  if (status == Status::kOk) status = read_classes(theirs, &ours);
  if (status != Status::kOk) return to_c(status);
  take(theirs.max_idle_len, &ours.max_idle_len);
  Pool *pool;
  status = Pool::create(ours, &pool);
  *out_pool = reinterpret_cast<tw_pool *>(pool);
  return to_c(status);
}

void tw_pool_destroy(tw_pool *pool) { Pool::destroy(from_c(pool)); }

tw_status tw_pool_acquire(tw_pool *pool, size_t len, uint8_t **out_data, size_t *out_cap) {
  if (TW_UNLIKELY(pool == nullptr)) return TW_ERR_NULL;
  if (TW_UNLIKELY(out_data == nullptr)) return TW_ERR_NULL;
  if (TW_UNLIKELY(out_cap == nullptr)) return TW_ERR_NULL;
  return to_c(from_c(pool)->acquire(len, out_data, out_cap));
}

tw_status tw_pool_acquire_exact(tw_pool *pool, size_t len, uint8_t **out_data) {
  if (pool == nullptr || out_data == nullptr) return TW_ERR_NULL;
  *out_data = from_c(pool)->acquire_exact(len);
  return *out_data == nullptr ? TW_ERR_NO_MEMORY : TW_OK;
}

tw_status tw_pool_retain(tw_pool *pool, uint8_t *data) {
  if (pool == nullptr || data == nullptr) return TW_ERR_NULL;
  return to_c(from_c(pool)->retain(data));
}

tw_status tw_pool_release(tw_pool *pool, uint8_t *data) {
  if (pool == nullptr) return TW_ERR_NULL;
  return to_c(from_c(pool)->release(data));
}

tw_status tw_pool_trim(tw_pool *pool, uint64_t keep_len) {
  if (pool == nullptr) return TW_ERR_NULL;
  from_c(pool)->trim(keep_len);
  return TW_OK;
}

tw_status tw_pool_get_stats(const tw_pool *pool, tw_pool_stats *stats) {
  if (pool == nullptr || stats == nullptr) return TW_ERR_NULL;
  const PoolStats now = from_c(pool)->stats();
  const tw_pool_stats ours = {sizeof(ours),       now.hits,       now.misses,
                              now.drops,          now.in_use_len, now.idle_len,
                              now.high_water_len, now.huge,       from_c(pool)->class_count()};
  return to_c(write_struct(ours, kPoolStatsSize10, stats));
}

tw_status tw_pool_get_class_stats(const tw_pool *pool, size_t index, tw_pool_class_stats *stats) {
  if (pool == nullptr || stats == nullptr) return TW_ERR_NULL;
  if (index >= from_c(pool)->class_count()) return TW_ERR_ARGUMENT;
  const PoolClassStats now = from_c(pool)->class_stats(index);
  const tw_pool_class_stats ours = {sizeof(ours), now.len,    now.max_idle, now.hits,      now.misses,
                                    now.drops,    now.in_use, now.idle,     now.high_water};
  return to_c(write_struct(ours, kPoolClassStatsSize10, stats));
}

tw_status tw_pool_advise(const tw_pool *pool, tw_pool_class *classes, size_t class_cap, size_t *out_count, char *text,
                         size_t text_cap, size_t *out_text_len) {
  if (pool == nullptr || out_count == nullptr || out_text_len == nullptr) return TW_ERR_NULL;
  if ((classes == nullptr && class_cap != 0) || (text == nullptr && text_cap != 0)) return TW_ERR_NULL;
  const Pool &ours = *from_c(pool);
  size_t text_len = 0;
  for (size_t i = 0; i < ours.class_count(); ++i) {
    const PoolClassStats stats = ours.class_stats(i);
    if (i < class_cap) classes[i] = {stats.len, pool_advice(stats)};
    const size_t written_len = text_len < text_cap ? text_len : text_cap;
    text_len += pool_advice_text(stats, text + written_len, text_cap - written_len);
  }
  if (text_cap > 0) text[text_len < text_cap ? text_len : text_cap - 1] = 0;
  *out_count = ours.class_count();
  *out_text_len = text_len;
  return text_len < text_cap && *out_count <= class_cap ? TW_OK : TW_NEED_ROOM;
}

}  // extern "C"
