// SPDX-License-Identifier: MIT
#include "core/wire/accept_key.h"

#include <string.h>

#include "core/base/endian.h"
#include "core/base/macros.h"
#include "core/wire/handshake_text.h"

namespace tidewire {
namespace {

constexpr uint8_t kGuid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 §1.3
constexpr size_t kGuidLen = sizeof(kGuid) - 1;
constexpr size_t kProofLen = kKeyLen + kGuidLen;
constexpr size_t kBlockLen = 64;
constexpr size_t kDigestLen = 20;
constexpr int kRounds = 80;

// The padding of SHA-1 (FIPS 180-4 §5.1.1) starts in the first block, and the second one is nothing but the rest of it.
static_assert(kProofLen + 4 == kBlockLen);

constexpr uint32_t rotate_left(uint32_t x, int bits) { return x << bits | x >> (32 - bits); }

// What the rounds add (FIPS 180-4 §6.1.2): the message schedule plus the constant of each round.
struct Sha1Schedule {
  uint32_t words[kRounds];  // the first 16 are the block

  // The three latest words stay in registers: every step would wait for a store if it read them back from memory.
  constexpr void expand() {
    uint32_t third_last = words[13], second_last = words[14], last = words[15];
    for (int t = 16; t < kRounds; ++t) {
      const uint32_t next = rotate_left(third_last ^ words[t - 8] ^ words[t - 14] ^ words[t - 16], 1);
      third_last = second_last;
      second_last = last;
      words[t] = last = next;
    }
    constexpr uint32_t kConstants[] = {0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6};
    for (int quarter = 0; quarter < 4; ++quarter) {
      for (int t = 0; t < 20; ++t) words[20 * quarter + t] += kConstants[quarter];
    }
  }
};

consteval Sha1Schedule padding_schedule() {
  Sha1Schedule schedule = {};
  schedule.words[15] = kProofLen * 8;
  schedule.expand();
  return schedule;
}

constexpr Sha1Schedule kPaddingSchedule = padding_schedule();

struct Sha1State {
  uint32_t a, b, c, d, e;
};

constexpr Sha1State kSha1Start = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};

struct Choose {
  static uint32_t mix(uint32_t b, uint32_t c, uint32_t d) { return d ^ (b & (c ^ d)); }
};
struct Parity {
  static uint32_t mix(uint32_t b, uint32_t c, uint32_t d) { return b ^ c ^ d; }
};
// The two terms have no bit in common: adding them lets the sum start before b is known.
struct Majority {
  static uint32_t mix(uint32_t b, uint32_t c, uint32_t d) { return (c & d) + (b & (c ^ d)); }
};

// Five rounds bring each variable back to its own name.
template <class F>
TW_ALWAYS_INLINE void twenty_rounds(Sha1State &s, const uint32_t *words) {
  const auto round = [](uint32_t a, uint32_t &b, uint32_t c, uint32_t d, uint32_t &e, uint32_t word) {
    e += word + F::mix(b, c, d) + rotate_left(a, 5);
    b = rotate_left(b, 30);
  };
  for (int t = 0; t < 20; t += 5) {
    round(s.a, s.b, s.c, s.d, s.e, words[t]);
    round(s.e, s.a, s.b, s.c, s.d, words[t + 1]);
    round(s.d, s.e, s.a, s.b, s.c, words[t + 2]);
    round(s.c, s.d, s.e, s.a, s.b, words[t + 3]);
    round(s.b, s.c, s.d, s.e, s.a, words[t + 4]);
  }
}

void sha1_block(Sha1State *state, const Sha1Schedule &schedule) {
  Sha1State s = *state;
  twenty_rounds<Choose>(s, schedule.words);
  twenty_rounds<Parity>(s, schedule.words + 20);
  twenty_rounds<Majority>(s, schedule.words + 40);
  twenty_rounds<Parity>(s, schedule.words + 60);
  *state = {state->a + s.a, state->b + s.b, state->c + s.c, state->d + s.d, state->e + s.e};
}

void sha1_of_proof(const uint8_t key[kKeyLen], uint8_t digest[kDigestLen]) {
  uint8_t block[kBlockLen] = {};
  memcpy(block, key, kKeyLen);
  memcpy(block + kKeyLen, kGuid, kGuidLen);
  block[kProofLen] = 0x80;
  Sha1Schedule schedule;
  for (int t = 0; t < 16; ++t) schedule.words[t] = load_be32(block + 4 * t);
  schedule.expand();

  Sha1State state = kSha1Start;
  sha1_block(&state, schedule);
  sha1_block(&state, kPaddingSchedule);
  const uint32_t words[] = {state.a, state.b, state.c, state.d, state.e};
  for (int i = 0; i < 5; ++i) store_be32(digest + 4 * i, words[i]);
}

// Writes base64 (RFC 4648 §4) of `len` bytes with its padding.
void base64_encode(const uint8_t *data, size_t len, uint8_t *out) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < len; i += 3, out += 4) {
    const size_t count = len - i < 3 ? len - i : 3;
    uint32_t bits = 0;
    for (size_t j = 0; j < 3; ++j) bits = bits << 8 | (j < count ? data[i + j] : 0);
    for (size_t j = 0; j < 4; ++j) {
      out[j] = static_cast<uint8_t>(j <= count ? kDigits[bits >> (18 - 6 * j) & 63] : '=');
    }
  }
}

}  // namespace

// 16 bytes are 21 digits, one that carries only the last 2 bits, and padding.
bool is_key(const uint8_t key[kKeyLen]) {
  const uint8_t last = key[21];
  return all_in({key, 21}, kBase64Char) && (last == 'A' || last == 'Q' || last == 'g' || last == 'w') &&
         key[22] == '=' && key[23] == '=';
}

bool is_accept(const uint8_t accept[kAcceptLen]) {
  return all_in({accept, kAcceptLen - 1}, kBase64Char) && accept[kAcceptLen - 1] == '=';
}

Status accept_key(const uint8_t key[kKeyLen], uint8_t out[kAcceptLen]) {
  if (!is_key(key)) return Status::kKey;
  uint8_t digest[kDigestLen];
  sha1_of_proof(key, digest);
  base64_encode(digest, kDigestLen, out);
  return Status::kOk;
}

Status key_generate(const RandomSource &random, uint8_t out[kKeyLen]) {
  uint8_t nonce[16];
  const Status status = random.fill(nonce, sizeof(nonce));
  if (status == Status::kOk) base64_encode(nonce, sizeof(nonce), out);
  return status;
}

}  // namespace tidewire
