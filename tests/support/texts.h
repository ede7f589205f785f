// SPDX-License-Identifier: MIT
// Text for tests: many scripts, random code points, and ways to break them.
#ifndef TIDEWIRE_TESTS_SUPPORT_TEXTS_H_
#define TIDEWIRE_TESTS_SUPPORT_TEXTS_H_

#include <stddef.h>
#include <stdint.h>

#include "tests/support/test_bytes.h"

namespace tidewire::test {

inline constexpr uint32_t kLastCodePoint = 0x10FFFF;
inline bool is_surrogate(uint32_t code_point) { return code_point >= 0xD800 && code_point <= 0xDFFF; }

// Every length of code point, alone and mixed.
inline constexpr const char *kTexts[] = {
    "The tide comes in; the tide goes out; the wire hums the whole night through and carries what it hears.",
    "Größe, fête, señor, Ærø, žluťoučký kůň, đường",
    "Привет, мир! Γειά σου Κόσμε! שלום עולם! مرحبا بالعالم",
    "潮の満ち引きは電線を伝わる。潮汐沿着电线传播。조수는 전선을 따라 흐른다.",
    "🌊🌊🌊 𝄞𝄢 𐍈 🇺🇳 👩‍🚀",
    "a é 潮 🌊 b ñ 線 𝄞 c ß 波 🚀 plain text again, long enough to fill one vector of ASCII é",
};

// RFC 3629 §3, also for what it forbids: surrogates.
inline Bytes encoded(uint32_t code_point) {
  const auto tail = [&](int shift) { return static_cast<uint8_t>(0x80 | ((code_point >> shift) & 0x3F)); };
  if (code_point < 0x80) return {static_cast<uint8_t>(code_point)};
  if (code_point < 0x800) return {static_cast<uint8_t>(0xC0 | code_point >> 6), tail(0)};
  if (code_point < 0x10000) return {static_cast<uint8_t>(0xE0 | code_point >> 12), tail(6), tail(0)};
  return {static_cast<uint8_t>(0xF0 | code_point >> 18), tail(12), tail(6), tail(0)};
}

inline uint32_t random_code_point(Rng &rng) {
  switch (rng() % 4) {
    case 0: return static_cast<uint32_t>(pick(rng, 0, 0x7F));
    case 1: return static_cast<uint32_t>(pick(rng, 0x80, 0x7FF));
    case 2: {
      const uint32_t code_point = static_cast<uint32_t>(pick(rng, 0x800, 0xFFFF));
      return is_surrogate(code_point) ? 0xFFFD : code_point;
    }
    default: return static_cast<uint32_t>(pick(rng, 0x10000, kLastCodePoint));
  }
}

// Runs of ASCII between runs of other code points, at least `len` bytes of valid text.
inline Bytes random_text(Rng &rng, size_t len) {
  Bytes out;
  while (out.size() < len) {
    const bool ascii = rng() % 2 == 0;
    for (size_t run = pick(rng, 1, ascii ? 80 : 12); run > 0; --run) {
      const Bytes one = encoded(ascii ? static_cast<uint32_t>('a' + rng() % 26) : random_code_point(rng));
      out.insert(out.end(), one.begin(), one.end());
    }
  }
  return out;
}

// One mistake somewhere: a byte replaced, changed in one bit, removed or put in, or the end cut off.
inline void corrupt(Rng &rng, Bytes &bytes) {
  if (bytes.empty()) return;
  const auto at = bytes.begin() + static_cast<ptrdiff_t>(rng() % bytes.size());
  switch (rng() % 5) {
    case 0: *at = static_cast<uint8_t>(rng()); break;
    case 1: *at = static_cast<uint8_t>(*at ^ (1u << (rng() % 8))); break;
    case 2: bytes.erase(at); break;
    case 3: bytes.insert(at, static_cast<uint8_t>(0x80 + rng() % 0x80)); break;
    default: bytes.erase(at, bytes.end()); break;
  }
}

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_SUPPORT_TEXTS_H_
