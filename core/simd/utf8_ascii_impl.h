// SPDX-License-Identifier: MIT
// UTF-8 validation for instruction sets without a byte shuffle: ASCII by vectors, the rest byte by byte. Included like
// mask_impl.h, after it.

inline bool utf8_step(Utf8State *state, const uint8_t *data, size_t len) {
  size_t at = 0;
  while (at < len) {
    if (state->need == 0) {
      for (; at + Vec::kSize <= len; at += Vec::kSize) {
        if (Vec::load(data + at).high_bits() != 0) break;
      }
    }
    // To the end of the run that is not ASCII, or at least one vector further.
    const size_t least = len - at < Vec::kSize ? len : at + Vec::kSize;
    for (; at < len && (at < least || data[at] >= 0x80); at++) {
      if (!utf8_advance(state, data[at])) return false;
    }
  }
  return true;
}

inline bool unmask_utf8(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key, Utf8State *state) {
  constexpr size_t kBlock = 2048;  // a multiple of four that stays in the first-level cache between the two passes
  bool valid = true;
  for (size_t at = 0; at < len; at += kBlock) {
    const size_t count = len - at < kBlock ? len - at : kBlock;
    mask(dst + at, src + at, count, key);
    valid = valid && utf8_step(state, dst + at, count);
  }
  return valid;
}
