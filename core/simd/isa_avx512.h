// SPDX-License-Identifier: MIT
// The AVX-512 row: F, BW, VL and VBMI. Short payloads use thirty-two bytes: wider stores, and masked loads and stores
// above all, cost the next frame's header load more than they save (bench/README.md).
#ifndef TIDEWIRE_CORE_SIMD_ISA_AVX512_H_
#define TIDEWIRE_CORE_SIMD_ISA_AVX512_H_

#include <immintrin.h>

#include "core/simd/small.h"

TW_TARGET_BEGIN("avx512f,avx512bw,avx512vl,avx512vbmi,avx2,bmi2")
namespace tidewire::isa_avx512 {

#include "core/simd/vec16_x86_impl.h"
#include "core/simd/vec32_x86_impl.h"

struct Vec64 {
  using Half = Vec32;
  static constexpr size_t kSize = 64;
  __m512i v;

  static Vec64 load(const uint8_t *p) { return {_mm512_loadu_si512(p)}; }
  static Vec64 splat(uint32_t word) { return {_mm512_set1_epi32(static_cast<int>(word))}; }
  static Vec64 splat_byte(uint8_t byte) { return {_mm512_set1_epi8(static_cast<char>(byte))}; }
  static Vec64 zero() { return {_mm512_setzero_si512()}; }
  void store(uint8_t *p) const { _mm512_storeu_si512(p, v); }
  Vec64 operator^(Vec64 other) const { return {_mm512_xor_si512(v, other.v)}; }
  Vec64 operator|(Vec64 other) const { return {_mm512_or_si512(v, other.v)}; }
  Vec64 operator&(Vec64 other) const { return {_mm512_and_si512(v, other.v)}; }
  uint64_t high_bits() const { return _mm512_movepi8_mask(v); }
  bool is_zero() const { return _mm512_test_epi8_mask(v, v) == 0; }

  Vec64 subtract_saturated(Vec64 other) const { return {_mm512_subs_epu8(v, other.v)}; }
  // Indices for lookup(), which takes no notice of the bits above the nibble.
  Vec64 high_nibbles() const { return {_mm512_srli_epi16(v, 4)}; }
  Vec64 low_nibbles() const { return *this; }
  Vec64 lookup(const uint8_t (&table)[16]) const {
    const __m128i row = _mm_load_si128(reinterpret_cast<const __m128i *>(table));
    return {_mm512_maskz_permutexvar_epi8(kAllBytes, v, _mm512_maskz_broadcast_i32x4(kAllWords, row))};
  }
  template <int kBytes>
  Vec64 previous(Vec64 before) const {
    return {_mm512_alignr_epi8(v, _mm512_maskz_alignr_epi32(kAllWords, v, before.v, 12), 16 - kBytes)};
  }
  static Vec64 load_last(const uint8_t *data, size_t from, size_t to) {
    return {_mm512_maskz_loadu_epi8(first_bits(to - from), data + from)};
  }
  Vec64 first_bytes(size_t count) const { return {_mm512_maskz_mov_epi8(first_bits(count), v)}; }

 private:
  static __mmask64 first_bits(size_t count) { return _bzhi_u64(~UINT64_C(0), static_cast<unsigned>(count)); }

  // The forms without a mask make GCC 12 warn of uninitialised values inside its own headers.
  static constexpr __mmask16 kAllWords = 0xFFFF;
  static constexpr __mmask64 kAllBytes = ~UINT64_C(0);
};

using Vec = Vec64;
using ShortVec = Vec32;

#include "core/simd/mask_impl.h"
#include "core/simd/utf8_lookup_impl.h"

}  // namespace tidewire::isa_avx512
TW_TARGET_END()

#endif  // TIDEWIRE_CORE_SIMD_ISA_AVX512_H_
