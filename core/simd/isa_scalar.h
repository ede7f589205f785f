// SPDX-License-Identifier: MIT
// The row without vector instructions: a pair of words as vector.
#ifndef TIDEWIRE_CORE_SIMD_ISA_SCALAR_H_
#define TIDEWIRE_CORE_SIMD_ISA_SCALAR_H_

#include "core/simd/small.h"

namespace tidewire::isa_scalar {

struct Vec {
  static constexpr size_t kSize = 16;
  uint64_t low, high;

  static Vec load(const uint8_t *p) { return {load_raw<uint64_t>(p), load_raw<uint64_t>(p + 8)}; }
  static Vec splat(uint32_t word) { return {word * UINT64_C(0x100000001), word * UINT64_C(0x100000001)}; }
  void store(uint8_t *p) const {
    store_raw(p, low);
    store_raw(p + 8, high);
  }
  Vec operator^(Vec other) const { return {low ^ other.low, high ^ other.high}; }
  Vec operator|(Vec other) const { return {low | other.low, high | other.high}; }
  uint64_t high_bits() const { return (low | high) & 0x8080808080808080u; }
};
using ShortVec = Vec;

#include "core/simd/mask_impl.h"
#include "core/simd/utf8_ascii_impl.h"

}  // namespace tidewire::isa_scalar

#endif  // TIDEWIRE_CORE_SIMD_ISA_SCALAR_H_
