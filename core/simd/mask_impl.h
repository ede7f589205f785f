// SPDX-License-Identifier: MIT
// Masking over the vector types of one instruction set: included once by each isa_<name>.h, inside its namespace and
// target region, hence no guard and no includes. Needs Vec, the widest vector; ShortVec, the one for short payloads;
// and, for each vector type, Half: the type of half the size, or void for 16 bytes.
//
// Tails are whole vectors that end where the payload ends and overlap what came before. Everything that overlaps is
// loaded before the first store, so that dst may be src.

// For V::kSize <= len <= 4 * V::kSize. Returns whether a result byte is not ASCII; without kStore only that.
template <class V, bool kStore>
inline bool xor_one_to_four(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key) {
  constexpr size_t kSize = V::kSize;
  const V head_key = V::splat(key), tail_key = V::splat(rotate_key(key, len));
  const V first = V::load(src) ^ head_key;
  const V last = V::load(src + len - kSize) ^ tail_key;
  if (len <= 2 * kSize) {
    if constexpr (kStore) {
      first.store(dst);
      last.store(dst + len - kSize);
    }
    return (first | last).any_high_bit();
  }
  const V second = V::load(src + kSize) ^ head_key;
  const V third = V::load(src + len - 2 * kSize) ^ tail_key;
  if constexpr (kStore) {
    first.store(dst);
    second.store(dst + kSize);
    third.store(dst + len - 2 * kSize);
    last.store(dst + len - kSize);
  }
  return ((first | second) | (third | last)).any_high_bit();
}

// For len <= 4 * V::kSize, inlined into the frame loop.
template <class V, bool kStore = true>
TW_ALWAYS_INLINE bool xor_short(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key) {
  if (len >= V::kSize) return xor_one_to_four<V, kStore>(dst, src, len, key);
  if constexpr (V::kSize > 16) {
    return xor_short<typename V::Half, kStore>(dst, src, len, key);
  } else {
    return xor_below_16<kStore>(dst, src, len, key);
  }
}

// For len > 4 * Vec::kSize.
inline void xor_long(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key) {
  constexpr size_t kSize = Vec::kSize;
  const Vec head = Vec::load(src) ^ Vec::splat(key);
  const Vec tail = Vec::load(src + len - kSize) ^ Vec::splat(rotate_key(key, len));
  // Stores that cross a cache line cost most: align them, the head covers the bytes before.
  size_t at = kSize - (reinterpret_cast<uintptr_t>(dst) & (kSize - 1));
  const Vec pattern = Vec::splat(rotate_key(key, at));
  for (; at + 4 * kSize <= len; at += 4 * kSize) {
    const Vec a = Vec::load(src + at) ^ pattern;
    const Vec b = Vec::load(src + at + kSize) ^ pattern;
    const Vec c = Vec::load(src + at + 2 * kSize) ^ pattern;
    const Vec d = Vec::load(src + at + 3 * kSize) ^ pattern;
    a.store(dst + at);
    b.store(dst + at + kSize);
    c.store(dst + at + 2 * kSize);
    d.store(dst + at + 3 * kSize);
  }
  for (; at + kSize < len; at += kSize) (Vec::load(src + at) ^ pattern).store(dst + at);
  head.store(dst);
  tail.store(dst + len - kSize);
}

inline void mask(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key) {
  if (len <= 4 * Vec::kSize) {
    xor_short<Vec>(dst, src, len, key);
  } else {
    xor_long(dst, src, len, key);
  }
}
