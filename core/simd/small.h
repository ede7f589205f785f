// SPDX-License-Identifier: MIT
// What every row needs for fewer bytes than a vector has, in plain integers. Nothing here is compiled for an
// instruction set, so every row may share it.
#ifndef TIDEWIRE_CORE_SIMD_SMALL_H_
#define TIDEWIRE_CORE_SIMD_SMALL_H_

#include <stddef.h>
#include <stdint.h>

#include "core/base/endian.h"
#include "core/base/macros.h"
#include "core/simd/kernels.h"

namespace tidewire {

// The key as it stands `bytes` further on in the payload.
TW_ALWAYS_INLINE uint32_t rotate_key(uint32_t key, size_t bytes) {
  const unsigned shift = static_cast<unsigned>(8 * bytes) & 31;
  return key >> shift | key << (-shift & 31);
}

// What a XOR may refuse: the high bits of its result that are set here as well.
inline constexpr uint64_t kRefuseNothing = 0;
inline constexpr uint64_t kRefuseNonAscii = ~UINT64_C(0);

// XOR for len < 16: two loads that may overlap, both made before the first store, so that dst may be src. With
// kRefuseNonAscii it writes nothing and returns false where the result is not ASCII. Without kStore it never writes.
template <bool kStore = true>
TW_ALWAYS_INLINE bool xor_below_16(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key, uint64_t refused) {
  constexpr uint64_t kHighBits = 0x8080808080808080u;
  if (len >= 8) {
    const uint64_t head = load_raw<uint64_t>(src) ^ (key * UINT64_C(0x100000001));
    const uint64_t tail = load_raw<uint64_t>(src + len - 8) ^ (rotate_key(key, len) * UINT64_C(0x100000001));
    if (TW_UNLIKELY(((head | tail) & kHighBits & refused) != 0)) return false;
    if constexpr (kStore) {
      store_raw(dst, head);
      store_raw(dst + len - 8, tail);
    }
    return true;
  }
  if (len >= 4) {
    const uint32_t head = load_raw<uint32_t>(src) ^ key;
    const uint32_t tail = load_raw<uint32_t>(src + len - 4) ^ rotate_key(key, len);
    if (TW_UNLIKELY(((head | tail) & kHighBits & refused) != 0)) return false;
    if constexpr (kStore) {
      store_raw(dst, head);
      store_raw(dst + len - 4, tail);
    }
    return true;
  }
  if (len == 0) return true;
  // One byte is first, middle and last; of two, the second is both of the others.
  const uint8_t first = src[0] ^ static_cast<uint8_t>(key);
  const uint8_t middle = src[len / 2] ^ static_cast<uint8_t>(key >> 8 * (len / 2));
  const uint8_t last = src[len - 1] ^ static_cast<uint8_t>(key >> 8 * (len - 1));
  if (TW_UNLIKELY(((first | middle | last) & kHighBits & refused) != 0)) return false;
  if constexpr (kStore) {
    dst[0] = first;
    dst[len / 2] = middle;
    dst[len - 1] = last;
  }
  return true;
}

// The first `len` < 16 bytes at p, zero padded.
struct Small16 {
  uint64_t low, high;
};

TW_ALWAYS_INLINE Small16 load_below_16(const uint8_t *p, size_t len) {
  if (len > 8) return {load_raw<uint64_t>(p), load_raw<uint64_t>(p + len - 8) >> (8 * (16 - len))};
  if (len == 8) return {load_raw<uint64_t>(p), 0};
  if (len >= 4) {
    const uint64_t tail = load_raw<uint32_t>(p + len - 4);
    return {load_raw<uint32_t>(p) | tail << (8 * (len - 4)), 0};
  }
  uint64_t bytes = 0;
  for (size_t i = 0; i < len; i++) bytes |= static_cast<uint64_t>(p[i]) << (8 * i);
  return {bytes, 0};
}

// Continues a text by one byte (RFC 3629 §4). False when no valid text has it there.
TW_ALWAYS_INLINE bool utf8_advance(Utf8State *state, uint8_t byte) {
  if (state->need == 0) {
    if (byte < 0x80) return true;
    if (byte < 0xC2 || byte > 0xF4) return false;  // continuation, overlong, or above U+10FFFF
    if (byte < 0xE0) {
      *state = {1, 0x80, 0xBF};
    } else if (byte < 0xF0) {
      // Not overlong, not a surrogate.
      *state = {2, static_cast<uint8_t>(byte == 0xE0 ? 0xA0 : 0x80), static_cast<uint8_t>(byte == 0xED ? 0x9F : 0xBF)};
    } else {
      // Not overlong, not above U+10FFFF.
      *state = {3, static_cast<uint8_t>(byte == 0xF0 ? 0x90 : 0x80), static_cast<uint8_t>(byte == 0xF4 ? 0x8F : 0xBF)};
    }
    return true;
  }
  if (byte < state->low || byte > state->high) return false;
  if (--state->need == 0) {
    *state = {0, 0, 0};
  } else {
    state->low = 0x80;
    state->high = 0xBF;
  }
  return true;
}

TW_ALWAYS_INLINE bool utf8_advance_all(Utf8State *state, const uint8_t *data, size_t len) {
  for (size_t i = 0; i < len; i++) {
    if (!utf8_advance(state, data[i])) return false;
  }
  return true;
}

// How many bytes at the end of data (0 to 3) begin a code point that does not end there.
TW_ALWAYS_INLINE size_t utf8_cut_len(const uint8_t *data, size_t len) {
  const size_t most = len < 3 ? len : 3;
  for (size_t back = 1; back <= most; back++) {
    const uint8_t byte = data[len - back];
    if (byte < 0x80) return 0;
    if (byte >= 0xC0) {
      const size_t whole = byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
      return whole > back ? back : 0;
    }
  }
  return 0;
}

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_SIMD_SMALL_H_
