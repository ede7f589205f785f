// SPDX-License-Identifier: MIT
// Buffers that several hold.
#include "core/buffer/pool.h"

namespace tidewire {

// The caller is a holder, or one stays until this returns. So several may come at once from one holder to more: each
// counts itself before it writes the new state, which is the same for all, and which stays until the last release.
Status Pool::retain(uint8_t *data) {
  if (!may_be_ours(data)) return data == nullptr ? Status::kNull : Status::kArgument;
  const uint64_t tag = load_any_tag(data);
  const uint64_t bits = tag - stamp(data);
  if (bits >= pool_tag::kEnd) return Status::kArgument;
  const uint64_t state = pool_tag::state(bits);
  if (state == pool_tag::kIdleHome || state == pool_tag::kIdle) return Status::kState;
  __atomic_fetch_add(&pool_block(data)->others, uint64_t{1}, __ATOMIC_RELAXED);
  if (state < pool_tag::kToShared) store_tag(data, tag + pool_tag::kToShared);
  return Status::kOk;
}

// For what is not lent to one holder: retained, released already, or not ours.
Status Pool::release_shared(uint8_t *data, uint64_t bits) {
  if (bits >= pool_tag::kEnd) return Status::kArgument;
  if (pool_tag::state(bits) < pool_tag::kToShared) return Status::kState;
  uint64_t *others = &pool_block(data)->others;
  if (__atomic_fetch_sub(others, uint64_t{1}, __ATOMIC_ACQ_REL) > 0) return Status::kOk;
  __atomic_store_n(others, uint64_t{0}, __ATOMIC_RELAXED);
  store_tag(data, stamp(data) + bits - pool_tag::kToShared);
  return release(data);
}

}  // namespace tidewire
