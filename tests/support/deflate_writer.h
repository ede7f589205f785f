// SPDX-License-Identifier: MIT
// Writes DEFLATE (RFC 1951) block by block as a test wants it: stored blocks and the fixed Huffman code, no search for
// matches.
#ifndef TIDEWIRE_TESTS_SUPPORT_DEFLATE_WRITER_H_
#define TIDEWIRE_TESTS_SUPPORT_DEFLATE_WRITER_H_

#include <stddef.h>
#include <stdint.h>

#include <vector>

namespace tidewire::test {

class DeflateWriter {
 public:
  // At most 65535 bytes.
  void stored(const std::vector<uint8_t> &data, bool final = false) {
    number(final ? 1 : 0, 3);
    pad();
    const uint8_t low = static_cast<uint8_t>(data.size()), high = static_cast<uint8_t>(data.size() >> 8);
    for (const uint8_t byte : {low, high, static_cast<uint8_t>(~low), static_cast<uint8_t>(~high)})
      out_.push_back(byte);
    out_.insert(out_.end(), data.begin(), data.end());
  }

  // A block of the fixed code: literals and matches, then its end.
  void begin_fixed(bool final = false) { number(final ? 3 : 2, 3); }
  void literal(uint8_t byte) { byte < 144 ? code(0x30u + byte, 8) : code(0x190u + (byte - 144u), 9); }
  void literals(const std::vector<uint8_t> &data) {
    for (const uint8_t byte : data) literal(byte);
  }
  // `len` is 3 ... 258, `distance` 1 ... 32768.
  void match(unsigned len, unsigned distance) {
    // RFC 1951 §3.2.5: from 8 lengths or 4 distances on, each power of two is cut into as many ranges.
    const Range length = len == 258 ? Range{28, 0, 0} : range(len - 3, 4);
    const unsigned symbol = 257 + length.code;
    symbol < 280 ? code(symbol - 256, 7) : code(0xC0 + (symbol - 280), 8);
    number(length.rest, length.extra_bits);
    const Range back = range(distance - 1, 2);
    code(back.code, 5);
    number(back.rest, back.extra_bits);
  }
  void end_fixed() { code(0, 7); }

  void pad() { bits_ = 0; }

  // The message as it is sent: with an empty stored block at its end, of which four bytes are left out (RFC 7692
  // §7.2.1). After a block with BFINAL the bits that are left of its byte are 0 (RFC 7692 §7.2.3.4).
  std::vector<uint8_t> message(bool after_final = false) {
    if (after_final) pad();
    number(0, 3);
    pad();
    return out_;
  }

 private:
  struct Range {
    unsigned code;
    unsigned rest;  // above the range's start, in extra_bits
    unsigned extra_bits;
  };

  // Where `value`, counted from 0, lies when the first 2 * parts values have a range each, the next power of two is cut
  // into `parts` ranges, and so on.
  static Range range(unsigned value, unsigned parts) {
    unsigned extra_bits = 0;
    while (value >> extra_bits >= 2 * parts) ++extra_bits;
    return {extra_bits * parts + (value >> extra_bits), value & ((1u << extra_bits) - 1), extra_bits};
  }

  void bit(unsigned value) {
    if (bits_ == 0) out_.push_back(0);
    out_.back() = static_cast<uint8_t>(out_.back() | value << bits_);
    bits_ = (bits_ + 1) % 8;
  }
  // Numbers start with their lowest bit, codes with their highest (RFC 1951 §3.1.1).
  void number(unsigned value, unsigned width) {
    for (unsigned i = 0; i < width; ++i) bit(value >> i & 1);
  }
  void code(unsigned value, unsigned width) {
    for (unsigned i = width; i > 0; --i) bit(value >> (i - 1) & 1);
  }

  std::vector<uint8_t> out_;
  unsigned bits_ = 0;  // used of the last byte; 0: all of it
};

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_SUPPORT_DEFLATE_WRITER_H_
