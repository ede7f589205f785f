// SPDX-License-Identifier: MIT
// The version, and the kernels: functions without an object.
#include "capi/src/guard.h"
#include "core/base/endian.h"
#include "core/base/macros.h"
#include "core/simd/kernels.h"
#include "core/simd/small.h"

namespace tidewire {
namespace {

static_assert(sizeof(tw_utf8) >= sizeof(Utf8State));

// The caller's memory may hold anything: what is missing of a code point is at most three bytes.
Utf8State load_utf8(const tw_utf8 &utf8) {
  return {static_cast<uint8_t>(utf8.state & 3), static_cast<uint8_t>(utf8.state >> 8),
          static_cast<uint8_t>(utf8.state >> 16)};
}

void store_utf8(const Utf8State &state, tw_utf8 *utf8) {
  utf8->state = state.need | uint32_t{state.low} << 8 | uint32_t{state.high} << 16;
}

TW_ALWAYS_INLINE Status check_mask_arguments(const uint8_t *dst, const uint8_t *src, size_t len, const uint8_t *key) {
  if (TW_UNLIKELY(key == nullptr)) return Status::kNull;
  if (TW_UNLIKELY(dst == nullptr || src == nullptr)) return len > 0 ? Status::kNull : Status::kOk;
  if (TW_LIKELY(dst == src)) return Status::kOk;
  const uintptr_t to = reinterpret_cast<uintptr_t>(dst), from = reinterpret_cast<uintptr_t>(src);
  return (to < from ? from - to : to - from) < len ? Status::kArgument : Status::kOk;
}

TW_NOINLINE tw_status mask_checked(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t *key, uint64_t phase) {
  const Status status = check_mask_arguments(dst, src, len, key);
  if (status != Status::kOk) return to_c(status);
  kernels().mask(dst, src, len, rotate_key(load_raw<uint32_t>(key), phase & 3));
  return TW_OK;
}

// The longest prefix of whole code points: what was valid, less a code point that is not finished there.
size_t valid_prefix_len(const uint8_t *data, size_t len) {
  const size_t valid = utf8_first_error({}, data, len);
  return valid - utf8_cut_len(data, valid);
}

}  // namespace
}  // namespace tidewire

using namespace tidewire;

extern "C" {

uint32_t tw_version(void) { return TW_VERSION_MAJOR * 65536u + TW_VERSION_MINOR * 256u + TW_VERSION_PATCH; }

const char *tw_version_string(void) { return TW_VERSION_STRING; }

tw_status tw_mask(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t key[4], uint64_t phase) {
  const Kernels *row = g_selected_kernels.load(std::memory_order_relaxed);
  // In place, the common case: on short payloads a call costs more than the masking.
  if (TW_UNLIKELY(dst != src || dst == nullptr || key == nullptr || row == nullptr)) {
    return mask_checked(dst, src, len, key, phase);
  }
  return row->mask(dst, src, len, rotate_key(load_raw<uint32_t>(key), phase & 3));
}

tw_status tw_utf8_validate(const uint8_t *data, size_t len, size_t *out_valid_len) {
  if (data == nullptr && len > 0) return TW_ERR_NULL;
  const bool valid = utf8_whole(kernels(), data, len);
  if (out_valid_len != nullptr) *out_valid_len = valid ? len : valid_prefix_len(data, len);
  return valid ? TW_OK : TW_ERR_UTF8;
}

void tw_utf8_init(tw_utf8 *utf8) {
  if (utf8 != nullptr) utf8->state = 0;
}

tw_status tw_utf8_step(tw_utf8 *utf8, const uint8_t *data, size_t len, size_t *out_error_offset) {
  if (utf8 == nullptr || (data == nullptr && len > 0)) return TW_ERR_NULL;
  Utf8State state = load_utf8(*utf8);
  if (!kernels().utf8_step(&state, data, len)) {
    if (out_error_offset != nullptr) *out_error_offset = utf8_first_error(load_utf8(*utf8), data, len);
    return TW_ERR_UTF8;
  }
  store_utf8(state, utf8);
  return TW_OK;
}

tw_status tw_utf8_finish(const tw_utf8 *utf8) {
  if (utf8 == nullptr) return TW_ERR_NULL;
  return load_utf8(*utf8).need == 0 ? TW_OK : TW_ERR_UTF8;
}

tw_status tw_unmask_utf8(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t key[4], uint64_t phase,
                         tw_utf8 *utf8, size_t *out_error_offset) {
  if (utf8 == nullptr) return TW_ERR_NULL;
  const Status status = check_mask_arguments(dst, src, len, key);
  if (status != Status::kOk) return to_c(status);
  Utf8State state = load_utf8(*utf8);
  if (!kernels().unmask_utf8(dst, src, len, rotate_key(load_raw<uint32_t>(key), phase & 3), &state)) {
    if (out_error_offset != nullptr) *out_error_offset = utf8_first_error(load_utf8(*utf8), dst, len);
    return TW_ERR_UTF8;
  }
  store_utf8(state, utf8);
  return TW_OK;
}

}  // extern "C"
