// SPDX-License-Identifier: MIT
// Bytes for tests: written as hex or text, put together, compared with a readable message, and made up at random from
// a fixed seed.
#ifndef TIDEWIRE_TESTS_SUPPORT_TEST_BYTES_H_
#define TIDEWIRE_TESTS_SUPPORT_TEST_BYTES_H_

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"

namespace tidewire::test {

using Bytes = std::vector<uint8_t>;

inline ByteView view(const Bytes &bytes) { return {bytes.data(), bytes.size()}; }
inline Bytes copy(ByteView bytes) { return Bytes(bytes.data, bytes.data + bytes.size); }

inline Bytes text(std::string_view characters) { return Bytes(characters.begin(), characters.end()); }

// "81 05 48656c6c6f"; blanks are skipped.
inline Bytes hex(std::string_view digits) {
  Bytes out;
  int high = -1;
  for (const char c : digits) {
    if (c == ' ') continue;
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) abort();  // a mistake in the test itself
    if (high < 0) {
      high = digit;
    } else {
      out.push_back(static_cast<uint8_t>(high * 16 + digit));
      high = -1;
    }
  }
  if (high >= 0) abort();
  return out;
}

inline Bytes join(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes &part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

// 251 is prime: no vector width, key or power of two repeats with it.
inline Bytes pattern(size_t len, size_t start = 0) {
  Bytes out(len);
  for (size_t i = 0; i < len; ++i) out[i] = static_cast<uint8_t>((start + i) % 251);
  return out;
}

// The same sequence on every machine and in every run.
using Rng = std::mt19937_64;

// Uniform enough for tests, in [low, high].
inline size_t pick(Rng &rng, size_t low, size_t high) { return low + static_cast<size_t>(rng() % (high - low + 1)); }

inline Bytes random_bytes(Rng &rng, size_t len) {
  Bytes out(len);
  for (uint8_t &byte : out) byte = static_cast<uint8_t>(rng());
  return out;
}

// Says where two byte strings differ instead of printing both.
inline ::testing::AssertionResult same_bytes(ByteView got, ByteView want) {
  if (got.size != want.size) {
    return ::testing::AssertionFailure() << "length " << got.size << ", expected " << want.size;
  }
  for (size_t i = 0; i < got.size; ++i) {
    if (got.data[i] == want.data[i]) continue;
    return ::testing::AssertionFailure() << "byte " << i << " of " << got.size << " is " << int{got.data[i]}
                                         << ", expected " << int{want.data[i]};
  }
  return ::testing::AssertionSuccess();
}

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_SUPPORT_TEST_BYTES_H_
