// SPDX-License-Identifier: MIT
// Sixteen bytes of SSE2. Included like mask_impl.h, before it.

struct Vec16 {
  static constexpr size_t kSize = 16;
  __m128i v;

  static Vec16 load(const uint8_t *p) { return {_mm_loadu_si128(reinterpret_cast<const __m128i *>(p))}; }
  static Vec16 splat(uint32_t word) { return {_mm_set1_epi32(static_cast<int>(word))}; }
  void store(uint8_t *p) const { _mm_storeu_si128(reinterpret_cast<__m128i *>(p), v); }
  Vec16 operator^(Vec16 other) const { return {_mm_xor_si128(v, other.v)}; }
  Vec16 operator|(Vec16 other) const { return {_mm_or_si128(v, other.v)}; }
  uint64_t high_bits() const { return static_cast<uint32_t>(_mm_movemask_epi8(v)); }
};
