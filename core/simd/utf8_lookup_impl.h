// SPDX-License-Identifier: MIT
// UTF-8 validation by table look-up (Keiser and Lemire, "Validating UTF-8 in less than one instruction per byte"), for
// instruction sets with a 16-entry byte shuffle. Included like mask_impl.h, after it.
// Needs of Vec besides: &, subtract_saturated, high_nibbles, low_nibbles, lookup, previous<N>, zero, is_zero,
// load_last, first_bytes.

// Each bit is one way in which two neighbouring bytes can be wrong. Three tables, indexed by the high and low nibble of
// the first byte and by the high nibble of the second, hold the bits that the nibble allows: what all three allow is
// wrong.
enum PairError : uint8_t {
  kTooShort = 1 << 0,                          // 11______ 0_______, 11______ 11______: a lead without its continuation
  kTooLong = 1 << 1,                           // 0_______ 10______: a continuation without a lead
  kOverlong3 = 1 << 2,                         // 11100000 100_____
  kTooLarge = 1 << 3,                          // 11110100 1001____ and above
  kSurrogate = 1 << 4,                         // 11101101 101_____
  kOverlong2 = 1 << 5,                         // 1100000_ 10______
  kTooLarge4 = 1 << 6,                         // 11110101 1000____ and above; shares its bit with
  kOverlong4 = 1 << 6,                         // 11110000 1000____
  kTwoConts = 1 << 7,                          // 10______ 10______: right only as the third or fourth byte
  kAnyLow = kTooShort | kTooLong | kTwoConts,  // does not depend on the low nibble
};

alignas(16) constexpr uint8_t kFirstHigh[16] = {
    kTooLong,
    kTooLong,
    kTooLong,
    kTooLong,
    kTooLong,
    kTooLong,
    kTooLong,
    kTooLong,
    kTwoConts,
    kTwoConts,
    kTwoConts,
    kTwoConts,
    kTooShort | kOverlong2,
    kTooShort,
    kTooShort | kOverlong3 | kSurrogate,
    kTooShort | kTooLarge | kTooLarge4 | kOverlong4,
};
constexpr uint8_t kBeyond4 = kAnyLow | kTooLarge | kTooLarge4;
alignas(16) constexpr uint8_t kFirstLow[16] = {
    kAnyLow | kOverlong2 | kOverlong3 | kOverlong4,
    kAnyLow | kOverlong2,
    kAnyLow,
    kAnyLow,
    kAnyLow | kTooLarge,
    kBeyond4,
    kBeyond4,
    kBeyond4,
    kBeyond4,
    kBeyond4,
    kBeyond4,
    kBeyond4,
    kBeyond4,
    kBeyond4 | kSurrogate,
    kBeyond4,
    kBeyond4,
};
constexpr uint8_t kContinuationHigh = kTooLong | kOverlong2 | kTwoConts;
alignas(16) constexpr uint8_t kSecondHigh[16] = {
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort,
    kContinuationHigh | kOverlong3 | kOverlong4 | kTooLarge4,
    kContinuationHigh | kOverlong3 | kTooLarge,
    kContinuationHigh | kSurrogate | kTooLarge,
    kContinuationHigh | kSurrogate | kTooLarge,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort,
};

// A text, vector by vector. Bytes are judged against those before them: a code point that the last vector cuts is not
// noticed.
class Utf8Checker {
 public:
  Utf8Checker() {}  // an implicit one would be compiled where the target region is over, and pass vectors otherwise

  // Vectors that are ASCII, of which this is the last: nothing can be wrong but a code point cut before them.
  TW_ALWAYS_INLINE void add_ascii(Vec last) {
    error_ = error_ | previous_.subtract_saturated(Vec::load(kLastWhole + sizeof(kLastWhole) - Vec::kSize));
    previous_ = last;
  }

  TW_ALWAYS_INLINE void add(Vec input) {
    error_ = error_ | errors(input);
    previous_ = input;
  }

  // The last vector, of which only the first `len` bytes belong to the text.
  TW_ALWAYS_INLINE void add_last(Vec input, size_t len) { error_ = error_ | errors(input).first_bytes(len); }

  bool ok() const { return error_.is_zero(); }

 private:
  // Not zero where a byte cannot follow the three before it.
  TW_ALWAYS_INLINE Vec errors(Vec input) const {
    const Vec one_back = input.previous<1>(previous_);
    const Vec pair = one_back.high_nibbles().lookup(kFirstHigh) & one_back.low_nibbles().lookup(kFirstLow) &
                     input.high_nibbles().lookup(kSecondHigh);
    // The high bit is set where the byte two back is a lead of three or four, or the one three back a lead of four:
    // there, and only there, two continuations in a row (bit 7 as well) are right.
    const Vec third = input.previous<2>(previous_).subtract_saturated(Vec::splat_byte(0xE0 - 0x80));
    const Vec fourth = input.previous<3>(previous_).subtract_saturated(Vec::splat_byte(0xF0 - 0x80));
    return ((third | fourth) & Vec::splat_byte(0x80)) ^ pair;
  }

  // The largest values that the last three bytes may have if every code point ends with them.
  alignas(64) static constexpr uint8_t kLastWhole[64] = {
      255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,  255,  255, 255, 255,
      255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,  255,  255, 255, 255,
      255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0xEF, 0xDF, 0xBF};

  Vec error_ = Vec::zero();
  Vec previous_ = Vec::zero();
};

// Text that is not ASCII, from a boundary between two code points. A code point cut by the end of the text goes to
// *state byte by byte, which also finds at once what cannot be completed.
template <bool kStore>
TW_NOINLINE inline bool utf8_any(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key, Utf8State *state) {
  constexpr size_t kSize = Vec::kSize;
  const Vec pattern = Vec::splat(key);
  const size_t last_len = len % kSize, whole = len - last_len;
  Vec last = Vec::zero();
  if (last_len > 0) last = Vec::load_last(src, whole, len) ^ pattern;  // before a store to memory that it shares
  Utf8Checker checker;
  size_t at = 0;
  for (; at + 4 * kSize <= whole; at += 4 * kSize) {
    const Vec a = Vec::load(src + at) ^ pattern;
    const Vec b = Vec::load(src + at + kSize) ^ pattern;
    const Vec c = Vec::load(src + at + 2 * kSize) ^ pattern;
    const Vec d = Vec::load(src + at + 3 * kSize) ^ pattern;
    if constexpr (kStore) {
      a.store(dst + at);
      b.store(dst + at + kSize);
      c.store(dst + at + 2 * kSize);
      d.store(dst + at + 3 * kSize);
    }
    if (((a | b) | (c | d)).high_bits() == 0) {
      checker.add_ascii(d);
    } else {
      checker.add(a);
      checker.add(b);
      checker.add(c);
      checker.add(d);
    }
  }
  for (; at < whole; at += kSize) {
    const Vec a = Vec::load(src + at) ^ pattern;
    if constexpr (kStore) a.store(dst + at);
    checker.add(a);
  }
  if (last_len > 0) {
    xor_short<Vec, kStore>(dst + whole, src + whole, last_len, key, kRefuseNothing);
    checker.add_last(last, last_len);
  }
  const size_t cut = utf8_cut_len(dst, len);
  return checker.ok() && utf8_advance_all(state, dst + len - cut, cut);
}

// Unmasks (without kStore only validates: dst is src and the key 0) from a boundary between two code points.
template <bool kStore>
TW_ALWAYS_INLINE bool utf8_from_boundary(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key, Utf8State *state) {
  const size_t ascii_len = xor_any<kStore, kRefuseNonAscii>(dst, src, len, key);
  if (TW_LIKELY(ascii_len == len)) return true;
  return utf8_any<kStore>(dst + ascii_len, src + ascii_len, len - ascii_len, rotate_key(key, ascii_len), state);
}

// The bytes that complete a code point begun by an earlier step.
inline size_t utf8_pending_len(const Utf8State &state, size_t len) { return state.need < len ? state.need : len; }

inline bool utf8_step(Utf8State *state, const uint8_t *data, size_t len) {
  if (TW_UNLIKELY(state->need != 0)) {
    const size_t pending = utf8_pending_len(*state, len);
    if (!utf8_advance_all(state, data, pending)) return false;
    data += pending;
    len -= pending;
  }
  return utf8_from_boundary<false>(const_cast<uint8_t *>(data), data, len, 0, state);
}

inline bool unmask_utf8(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key, Utf8State *state) {
  if (TW_UNLIKELY(state->need != 0)) {
    const size_t pending = utf8_pending_len(*state, len);
    xor_below_16(dst, src, pending, key, kRefuseNothing);
    if (!utf8_advance_all(state, dst, pending)) {
      mask(dst + pending, src + pending, len - pending, rotate_key(key, pending));
      return false;
    }
    dst += pending;
    src += pending;
    len -= pending;
    key = rotate_key(key, pending);
  }
  return utf8_from_boundary<true>(dst, src, len, key, state);
}
