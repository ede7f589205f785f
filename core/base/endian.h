// SPDX-License-Identifier: MIT
// Loads and stores at any alignment, through memcpy. `be` is network byte order; `raw` is the machine's own.
#ifndef TIDEWIRE_CORE_BASE_ENDIAN_H_
#define TIDEWIRE_CORE_BASE_ENDIAN_H_

#include <stdint.h>
#include <string.h>

#include "core/base/macros.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the kernels assume a little-endian machine");

namespace tidewire {

template <class T>
TW_ALWAYS_INLINE T load_raw(const uint8_t *p) {
  T value;
  memcpy(&value, p, sizeof(value));
  return value;
}

template <class T>
TW_ALWAYS_INLINE void store_raw(uint8_t *p, T value) {
  memcpy(p, &value, sizeof(value));
}

TW_ALWAYS_INLINE uint16_t load_be16(const uint8_t *p) { return __builtin_bswap16(load_raw<uint16_t>(p)); }
TW_ALWAYS_INLINE uint32_t load_be32(const uint8_t *p) { return __builtin_bswap32(load_raw<uint32_t>(p)); }
TW_ALWAYS_INLINE uint64_t load_be64(const uint8_t *p) { return __builtin_bswap64(load_raw<uint64_t>(p)); }

TW_ALWAYS_INLINE void store_be16(uint8_t *p, uint16_t v) { store_raw(p, __builtin_bswap16(v)); }
TW_ALWAYS_INLINE void store_be32(uint8_t *p, uint32_t v) { store_raw(p, __builtin_bswap32(v)); }
TW_ALWAYS_INLINE void store_be64(uint8_t *p, uint64_t v) { store_raw(p, __builtin_bswap64(v)); }

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_BASE_ENDIAN_H_
