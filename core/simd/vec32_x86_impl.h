// SPDX-License-Identifier: MIT
// Thirty-two bytes of AVX2. Included like mask_impl.h, after vec16_x86_impl.h.

// Thirty-two of these from 32 - n on keep the first n bytes.
alignas(64) constexpr uint8_t kKeepFirst[64] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
                                                255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
                                                255, 255, 255, 255, 255, 255, 255, 255, 255, 255};

// _mm_shuffle_epi8 with sixteen of these from 16 - n on moves the last n bytes to the front and clears the rest.
alignas(32) constexpr uint8_t kMoveToFront[32] = {0,    1,    2,    3,    4,    5,    6,    7,    8,    9,    10,
                                                  11,   12,   13,   14,   15,   0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                                                  0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80};

struct Vec32 {
  using Half = Vec16;
  static constexpr size_t kSize = 32;
  __m256i v;

  static Vec32 load(const uint8_t *p) { return {_mm256_loadu_si256(reinterpret_cast<const __m256i *>(p))}; }
  static Vec32 splat(uint32_t word) { return {_mm256_set1_epi32(static_cast<int>(word))}; }
  static Vec32 splat_byte(uint8_t byte) { return {_mm256_set1_epi8(static_cast<char>(byte))}; }
  static Vec32 zero() { return {_mm256_setzero_si256()}; }
  void store(uint8_t *p) const { _mm256_storeu_si256(reinterpret_cast<__m256i *>(p), v); }
  Vec32 operator^(Vec32 other) const { return {_mm256_xor_si256(v, other.v)}; }
  Vec32 operator|(Vec32 other) const { return {_mm256_or_si256(v, other.v)}; }
  Vec32 operator&(Vec32 other) const { return {_mm256_and_si256(v, other.v)}; }
  uint64_t high_bits() const { return static_cast<uint32_t>(_mm256_movemask_epi8(v)); }
  bool is_zero() const { return _mm256_testz_si256(v, v) != 0; }

  Vec32 subtract_saturated(Vec32 other) const { return {_mm256_subs_epu8(v, other.v)}; }
  Vec32 high_nibbles() const { return Vec32{_mm256_srli_epi16(v, 4)}.low_nibbles(); }
  Vec32 low_nibbles() const { return {_mm256_and_si256(v, _mm256_set1_epi8(0x0F))}; }
  Vec32 lookup(const uint8_t (&table)[16]) const {
    const __m128i row = _mm_load_si128(reinterpret_cast<const __m128i *>(table));
    return {_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(row), v)};
  }
  // Each byte's neighbour kBytes earlier in the text, where `before` are the thirty-two bytes before these.
  template <int kBytes>
  Vec32 previous(Vec32 before) const {
    return {_mm256_alignr_epi8(v, _mm256_permute2x128_si256(before.v, v, 0x21), 16 - kBytes)};
  }

  // data[from, to), fewer than kSize bytes, then anything. Reads nothing before data or from `to` on.
  static Vec32 load_last(const uint8_t *data, size_t from, size_t to) {
    const size_t len = to - from;
    if (to < 16) {
      const Small16 small = load_below_16(data + from, len);
      return {_mm256_set_epi64x(0, 0, static_cast<int64_t>(small.high), static_cast<int64_t>(small.low))};
    }
    const __m128i last = Vec16::load(data + to - 16).v;
    if (len <= 16) return {_mm256_zextsi128_si256(move_to_front(last, len))};
    return {_mm256_set_m128i(move_to_front(last, len - 16), Vec16::load(data + from).v)};
  }
  // The first `count` bytes, then zeros.
  Vec32 first_bytes(size_t count) const { return *this & load(kKeepFirst + kSize - count); }

 private:
  static __m128i move_to_front(__m128i bytes, size_t count) {
    return _mm_shuffle_epi8(bytes, Vec16::load(kMoveToFront + 16 - count).v);
  }
};
