// SPDX-License-Identifier: MIT
// Masking over the vector types of one instruction set: included once by each isa_<name>.h, inside its namespace and
// target region, hence no guard and no includes. Needs Vec, the widest vector; ShortVec, the one for short payloads;
// and, for each vector type, Half: the type of half the size, or void for 16 bytes.
//
// Tails are whole vectors that end where the payload ends and overlap what came before. Everything that overlaps is
// loaded before the first store, so that dst may be src.

// For V::kSize <= len <= 4 * V::kSize; otherwise as xor_short.
template <class V, bool kStore>
TW_ALWAYS_INLINE bool xor_one_to_four(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key, uint64_t refused) {
  constexpr size_t kSize = V::kSize;
  const V head_key = V::splat(key), tail_key = V::splat(rotate_key(key, len));
  const V first = V::load(src) ^ head_key;
  const V last = V::load(src + len - kSize) ^ tail_key;
  if (len <= 2 * kSize) {
    if (TW_UNLIKELY(((first | last).high_bits() & refused) != 0)) return false;
    if constexpr (kStore) {
      first.store(dst);
      last.store(dst + len - kSize);
    }
    return true;
  }
  const V second = V::load(src + kSize) ^ head_key;
  const V third = V::load(src + len - 2 * kSize) ^ tail_key;
  if (TW_UNLIKELY((((first | second) | (third | last)).high_bits() & refused) != 0)) return false;
  if constexpr (kStore) {
    first.store(dst);
    second.store(dst + kSize);
    third.store(dst + len - 2 * kSize);
    last.store(dst + len - kSize);
  }
  return true;
}

// For len <= 4 * V::kSize, inlined into the frame loop. With kRefuseNonAscii it writes nothing and returns false where
// the result is not ASCII. Without kStore it never writes.
template <class V, bool kStore = true>
TW_ALWAYS_INLINE bool xor_short(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key, uint64_t refused) {
  if (len >= V::kSize) return xor_one_to_four<V, kStore>(dst, src, len, key, refused);
  if constexpr (V::kSize > 16) {
    return xor_short<typename V::Half, kStore>(dst, src, len, key, refused);
  } else {
    return xor_below_16<kStore>(dst, src, len, key, refused);
  }
}

// For len > 4 * Vec::kSize. Returns len; with kRefuseNonAscii, the length of the beginning that it found to be ASCII
// before it met something else, and has written nothing after that.
template <bool kStore, uint64_t kRefused>
inline size_t xor_long(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key) {
  constexpr size_t kSize = Vec::kSize;
  const Vec head = Vec::load(src) ^ Vec::splat(key);
  const Vec tail = Vec::load(src + len - kSize) ^ Vec::splat(rotate_key(key, len));
  if ((head.high_bits() & kRefused) != 0) return 0;
  // Stores that cross a cache line cost most: align them, the head covers the bytes before.
  const size_t first = kSize - (reinterpret_cast<uintptr_t>(dst) & (kSize - 1));
  const Vec pattern = Vec::splat(rotate_key(key, first));
  bool refused = false;
  size_t at = first;
  for (; at + 4 * kSize <= len; at += 4 * kSize) {
    const Vec a = Vec::load(src + at) ^ pattern;
    const Vec b = Vec::load(src + at + kSize) ^ pattern;
    const Vec c = Vec::load(src + at + 2 * kSize) ^ pattern;
    const Vec d = Vec::load(src + at + 3 * kSize) ^ pattern;
    refused = (((a | b) | (c | d)).high_bits() & kRefused) != 0;
    if (TW_UNLIKELY(refused)) break;
    if constexpr (kStore) {
      a.store(dst + at);
      b.store(dst + at + kSize);
      c.store(dst + at + 2 * kSize);
      d.store(dst + at + 3 * kSize);
    }
  }
  for (; !refused && at + kSize < len; at += kSize) {
    const Vec a = Vec::load(src + at) ^ pattern;
    refused = (a.high_bits() & kRefused) != 0;
    if (TW_UNLIKELY(refused)) break;
    if constexpr (kStore) a.store(dst + at);
  }
  refused = refused || (tail.high_bits() & kRefused) != 0;
  if (TW_UNLIKELY(refused) && at == first) return 0;  // the head may reach further than `first`
  if constexpr (kStore) {
    head.store(dst);
    if (!refused) tail.store(dst + len - kSize);
  }
  return refused ? at : len;
}

// For any length; otherwise as xor_long. ShortVec serves as long as four of it suffice: the fewer sizes of vectors
// there are, the fewer branches go wrong where lengths vary.
template <bool kStore, uint64_t kRefused>
TW_ALWAYS_INLINE size_t xor_any(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key) {
  if (len <= 4 * ShortVec::kSize) return xor_short<ShortVec, kStore>(dst, src, len, key, kRefused) ? len : 0;
  if constexpr (sizeof(Vec) > sizeof(ShortVec)) {
    // Long vectors that are not aligned cross a cache line each time, which costs half the speed here.
    constexpr size_t kFirstLen = 4 * ShortVec::kSize;
    if (len <= 2 * kFirstLen) {
      if (!xor_short<ShortVec, kStore>(dst, src, kFirstLen, key, kRefused)) return 0;
      const size_t rest = len - kFirstLen;
      return xor_short<ShortVec, kStore>(dst + kFirstLen, src + kFirstLen, rest, key, kRefused) ? len : kFirstLen;
    }
  }
  return xor_long<kStore, kRefused>(dst, src, len, key);
}

inline int32_t mask(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key) {
  xor_any<true, kRefuseNothing>(dst, src, len, key);
  return 0;
}
