// SPDX-License-Identifier: MIT
// UTF-8 validation by table look-up (Keiser and Lemire, "Validating UTF-8 in less than one instruction per byte"), for
// instruction sets with a 16-entry byte shuffle. Included like mask_impl.h, after it.
// Needs of Vec besides: &, -sat, shift_right_4, lookup, previous<N>, zero, load_padded.

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

// A text, vector by vector. Bytes are judged against those before them, so a code point cut by the end of the last
// vector is noticed only by the next one; zero padding notices it.
class Utf8Checker {
 public:
  Utf8Checker() {}  // an implicit one would be compiled where the target region is over, and pass vectors otherwise

  TW_ALWAYS_INLINE void add(Vec input) {
    if (TW_LIKELY(!input.any_high_bit())) {
      error_ = error_ | cut_;
      cut_ = Vec::zero();
      previous_ = input;
    } else {
      add_non_ascii(input);
    }
  }

  TW_ALWAYS_INLINE void add_ascii(Vec last) {
    error_ = error_ | cut_;
    cut_ = Vec::zero();
    previous_ = last;
  }

  TW_ALWAYS_INLINE void add_non_ascii(Vec input) {
    const Vec one_back = input.previous<1>(previous_);
    const Vec pair = one_back.shift_right_4().lookup(kFirstHigh) &
                     (one_back & Vec::splat(0x0F0F0F0F)).lookup(kFirstLow) & input.shift_right_4().lookup(kSecondHigh);
    // The high bit is set where the byte two back is a lead of three or four, or the one three back a lead of four:
    // there, and only there, two continuations in a row (bit 7 as well) are right.
    const Vec third = input.previous<2>(previous_).subtract_saturated(Vec::splat_byte(0xE0 - 0x80));
    const Vec fourth = input.previous<3>(previous_).subtract_saturated(Vec::splat_byte(0xF0 - 0x80));
    const Vec must_continue = (third | fourth) & Vec::splat_byte(0x80);
    error_ = error_ | (must_continue ^ pair);
    cut_ = input.subtract_saturated(Vec::load(kLastWhole + sizeof(kLastWhole) - Vec::kSize));
    previous_ = input;
  }

  bool ok() const { return error_.is_zero(); }

 private:
  // The largest values that the last three bytes may have if every code point ends with them.
  alignas(64) static constexpr uint8_t kLastWhole[64] = {
      255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,  255,  255, 255, 255,
      255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,  255,  255, 255, 255,
      255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0xEF, 0xDF, 0xBF};

  Vec error_ = Vec::zero();
  Vec previous_ = Vec::zero();
  Vec cut_ = Vec::zero();  // not zero where the last vector ends inside a code point
};

// Finishes a step: checks data[done, len), of which the checker has seen data[0, done), done a multiple of the vector.
// A code point cut by the end of data goes to *state byte by byte, which also finds at once what cannot be completed.
TW_NOINLINE inline bool utf8_finish_step(Utf8Checker *checker, const uint8_t *data, size_t done, size_t len,
                                         Utf8State *state) {
  const size_t cut = utf8_cut_len(data, len);
  const size_t whole = len - cut;
  if (whole >= done) {
    for (; done + Vec::kSize <= whole; done += Vec::kSize) checker->add(Vec::load(data + done));
    checker->add(Vec::load_padded(data, done, whole));
  }
  return checker->ok() && utf8_advance_all(state, data + whole, cut);
}

// Unmasks (unless kUnmask is false: then dst == src and nothing is stored) and validates from a boundary between two
// code points.
template <bool kUnmask>
inline bool utf8_from_boundary(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key, Utf8State *state) {
  constexpr size_t kSize = Vec::kSize;
  const Vec pattern = Vec::splat(key);
  Utf8Checker checker;
  bool ends_in_ascii = true;  // of what the checker has seen
  size_t at = 0;
  for (; at + 4 * kSize <= len; at += 4 * kSize) {
    Vec a = Vec::load(src + at), b = Vec::load(src + at + kSize);
    Vec c = Vec::load(src + at + 2 * kSize), d = Vec::load(src + at + 3 * kSize);
    if constexpr (kUnmask) {
      a = a ^ pattern, b = b ^ pattern, c = c ^ pattern, d = d ^ pattern;
      a.store(dst + at);
      b.store(dst + at + kSize);
      c.store(dst + at + 2 * kSize);
      d.store(dst + at + 3 * kSize);
    }
    ends_in_ascii = !((a | b) | (c | d)).any_high_bit();
    if (TW_LIKELY(ends_in_ascii)) {
      checker.add_ascii(d);
    } else {
      checker.add_non_ascii(a);
      checker.add_non_ascii(b);
      checker.add_non_ascii(c);
      checker.add_non_ascii(d);
    }
  }
  // Fewer than four vectors are left. If they are ASCII, nothing but a code point cut before them can be wrong.
  const bool ascii = !xor_short<Vec, kUnmask>(dst + at, src + at, len - at, key);
  if (TW_LIKELY(ascii && (ends_in_ascii || at < len))) {
    checker.add_ascii(Vec::zero());
    return checker.ok();
  }
  return utf8_finish_step(&checker, dst, at, len, state);
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
    xor_below_16(dst, src, pending, key);
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
