// SPDX-License-Identifier: MIT
// The NEON row, which every AArch64 processor runs.
#ifndef TIDEWIRE_CORE_SIMD_ISA_NEON_H_
#define TIDEWIRE_CORE_SIMD_ISA_NEON_H_

#include <arm_neon.h>

#include "core/simd/small.h"

namespace tidewire::isa_neon {

// Sixteen of these from 16 - n on keep the first n bytes.
alignas(32) constexpr uint8_t kKeepFirst[32] = {255, 255, 255, 255, 255, 255, 255, 255,
                                                255, 255, 255, 255, 255, 255, 255, 255};

// vqtbl1q_u8 with sixteen of these from 16 - n on moves the last n bytes to the front and clears the rest.
alignas(32) constexpr uint8_t kMoveToFront[32] = {0,    1,    2,    3,    4,    5,    6,    7,    8,    9,    10,
                                                  11,   12,   13,   14,   15,   0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                                                  0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80};

struct Vec16 {
  static constexpr size_t kSize = 16;
  uint8x16_t v;

  static Vec16 load(const uint8_t *p) { return {vld1q_u8(p)}; }
  static Vec16 splat(uint32_t word) { return {vreinterpretq_u8_u32(vdupq_n_u32(word))}; }
  static Vec16 splat_byte(uint8_t byte) { return {vdupq_n_u8(byte)}; }
  static Vec16 zero() { return {vdupq_n_u8(0)}; }
  void store(uint8_t *p) const { vst1q_u8(p, v); }
  Vec16 operator^(Vec16 other) const { return {veorq_u8(v, other.v)}; }
  Vec16 operator|(Vec16 other) const { return {vorrq_u8(v, other.v)}; }
  Vec16 operator&(Vec16 other) const { return {vandq_u8(v, other.v)}; }
  uint64_t high_bits() const { return vmaxvq_u8(v) & 0x80u; }
  bool is_zero() const { return vmaxvq_u8(v) == 0; }

  Vec16 subtract_saturated(Vec16 other) const { return {vqsubq_u8(v, other.v)}; }
  Vec16 high_nibbles() const { return {vshrq_n_u8(v, 4)}; }
  Vec16 low_nibbles() const { return {vandq_u8(v, vdupq_n_u8(0x0F))}; }
  Vec16 lookup(const uint8_t (&table)[16]) const { return {vqtbl1q_u8(vld1q_u8(table), v)}; }
  template <int kBytes>
  Vec16 previous(Vec16 before) const {
    return {vextq_u8(before.v, v, 16 - kBytes)};
  }
  // data[from, to), fewer than kSize bytes, then anything. Reads nothing before data or from `to` on.
  static Vec16 load_last(const uint8_t *data, size_t from, size_t to) {
    const size_t len = to - from;
    if (to < 16) {
      const Small16 small = load_below_16(data + from, len);
      return {vcombine_u8(vcreate_u8(small.low), vcreate_u8(small.high))};
    }
    return {vqtbl1q_u8(vld1q_u8(data + to - 16), vld1q_u8(kMoveToFront + 16 - len))};
  }
  // The first `count` bytes, then zeros.
  Vec16 first_bytes(size_t count) const { return *this & load(kKeepFirst + kSize - count); }
};

using Vec = Vec16;
using ShortVec = Vec16;

#include "core/simd/mask_impl.h"
#include "core/simd/utf8_lookup_impl.h"

}  // namespace tidewire::isa_neon

#endif  // TIDEWIRE_CORE_SIMD_ISA_NEON_H_
