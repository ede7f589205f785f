// SPDX-License-Identifier: MIT
#include "tests/reference/inflate_ref.h"

namespace tidewire::reference {
namespace {

constexpr unsigned kMaxCodeLen = 15;
constexpr unsigned kEndOfBlock = 256;
constexpr unsigned kMaxLiteralCodes = 286;
constexpr unsigned kMaxDistanceCodes = 30;

// How reading stops.
struct OutOfBits {};
struct Fault {};
struct TooLong {};

class BitReader {
 public:
  explicit BitReader(const Bytes &bytes) : bytes_(bytes) {}

  bool at_end() const { return at_ == bytes_.size() * 8; }

  unsigned bit() {
    if (at_end()) throw OutOfBits();
    const unsigned value = (bytes_[at_ / 8] >> (at_ % 8)) & 1u;
    ++at_;
    return value;
  }

  // The lowest bit comes first (RFC 1951 §3.1.1).
  unsigned number(unsigned width) {
    unsigned value = 0;
    for (unsigned i = 0; i < width; ++i) value |= bit() << i;
    return value;
  }

  void skip_to_byte() { at_ = (at_ + 7) / 8 * 8; }

 private:
  const Bytes &bytes_;
  size_t at_ = 0;  // bits
};

// A Huffman code, given by the length of each symbol's (RFC 1951 §3.2.2).
class Code {
 public:
  explicit Code(const std::vector<unsigned> &lengths) {
    for (unsigned len = 1; len <= kMaxCodeLen; ++len) {
      for (unsigned symbol = 0; symbol < lengths.size(); ++symbol) {
        if (lengths[symbol] != len) continue;
        symbols_.push_back(symbol);
        ++count_[len];
        longest_ = len;
      }
    }
    unsigned free = 1;  // codes of this length that no shorter one begins
    for (unsigned len = 1; len <= kMaxCodeLen; ++len) {
      free *= 2;
      if (count_[len] > free) throw Fault();
      free -= count_[len];
    }
    complete_ = free == 0;
  }

  bool empty() const { return symbols_.empty(); }
  bool complete() const { return complete_; }
  // Where there is but one distance, or none, its code cannot be complete (RFC 1951 §3.2.7). The library holds the
  // lengths to the same.
  bool acceptable() const { return complete_ || longest_ <= 1; }

  unsigned symbol(BitReader *in) const {
    unsigned code = 0;
    unsigned first_code = 0;
    unsigned index = 0;
    for (unsigned len = 1; len <= longest_; ++len) {
      code = code * 2 + in->bit();
      first_code = (first_code + count_[len - 1]) * 2;
      if (code - first_code < count_[len]) return symbols_[index + code - first_code];
      index += count_[len];
    }
    throw Fault();
  }

 private:
  std::vector<unsigned> symbols_;         // in the order of their codes
  unsigned count_[kMaxCodeLen + 1] = {};  // codes of each length
  unsigned longest_ = 1;                  // one bit is read even where there is no code
  bool complete_ = false;
};

struct Range {
  unsigned base;
  unsigned extra_bits;
};

// RFC 1951 §3.2.5: lengths from symbol 257 on, distances from 0 on.
constexpr Range kLengths[] = {{3, 0},   {4, 0},   {5, 0},   {6, 0},   {7, 0},  {8, 0},  {9, 0},  {10, 0},
                              {11, 1},  {13, 1},  {15, 1},  {17, 1},  {19, 2}, {23, 2}, {27, 2}, {31, 2},
                              {35, 3},  {43, 3},  {51, 3},  {59, 3},  {67, 4}, {83, 4}, {99, 4}, {115, 4},
                              {131, 5}, {163, 5}, {195, 5}, {227, 5}, {258, 0}};
constexpr Range kDistances[] = {{1, 0},     {2, 0},     {3, 0},     {4, 0},      {5, 1},      {7, 1},
                                {9, 2},     {13, 2},    {17, 3},    {25, 3},     {33, 4},     {49, 4},
                                {65, 5},    {97, 5},    {129, 6},   {193, 6},    {257, 7},    {385, 7},
                                {513, 8},   {769, 8},   {1025, 9},  {1537, 9},   {2049, 10},  {3073, 10},
                                {4097, 11}, {6145, 11}, {8193, 12}, {12289, 12}, {16385, 13}, {24577, 13}};

unsigned value_of(const Range &range, BitReader *in) { return range.base + in->number(range.extra_bits); }

// RFC 1951 §3.2.6
const Code &fixed_lengths() {
  static const Code code = [] {
    std::vector<unsigned> lengths(288, 8);
    for (unsigned symbol = 144; symbol < 256; ++symbol) lengths[symbol] = 9;
    for (unsigned symbol = 256; symbol < 280; ++symbol) lengths[symbol] = 7;
    return Code(lengths);
  }();
  return code;
}

const Code &fixed_distances() {
  static const Code code(std::vector<unsigned>(32, 5));
  return code;
}

// The lengths of the codes of both alphabets, one after the other (RFC 1951 §3.2.7).
std::vector<unsigned> code_lengths(BitReader *in, const Code &code, size_t count) {
  std::vector<unsigned> lengths;
  if (code.empty()) {  // nothing can end the block; the library sees it when it has read a bit for each length
    for (size_t i = 0; i < count; ++i) in->bit();
    throw Fault();
  }
  while (lengths.size() < count) {
    const unsigned symbol = code.symbol(in);
    if (symbol < 16) {
      lengths.push_back(symbol);
      continue;
    }
    const unsigned repeat = symbol == 16 ? 3 + in->number(2) : symbol == 17 ? 3 + in->number(3) : 11 + in->number(7);
    if (symbol == 16 && lengths.empty()) throw Fault();
    if (lengths.size() + repeat > count) throw Fault();
    lengths.insert(lengths.end(), repeat, symbol == 16 ? lengths.back() : 0);
  }
  return lengths;
}

class MessageInflater {
 public:
  MessageInflater(const Bytes &payload, const Bytes &window, size_t max_len)
      : in_(payload), history_(window), window_len_(window.size()), max_len_(max_len) {}

  void run() {
    while (!in_.at_end()) block();
  }

  Bytes bytes() const { return Bytes(history_.begin() + static_cast<ptrdiff_t>(window_len_), history_.end()); }
  size_t max_distance() const { return max_distance_; }

 private:
  void block() {
    const unsigned header = in_.number(3);
    const bool final = (header & 1) != 0;
    switch (header >> 1) {
      case 0: stored_block(); break;
      case 1: compressed_block(fixed_lengths(), fixed_distances()); break;
      case 2: dynamic_block(); break;
      default: throw Fault();
    }
    // What follows begins like a stream of its own (RFC 7692 §7.2.3.4).
    if (final) in_.skip_to_byte();
  }

  void stored_block() {
    in_.skip_to_byte();
    const unsigned len = in_.number(16);
    const unsigned complement = in_.number(16);
    if ((len ^ complement) != 0xffff) throw Fault();
    for (unsigned i = 0; i < len; ++i) put(static_cast<uint8_t>(in_.number(8)));
  }

  void dynamic_block() {
    const unsigned literal_codes = 257 + in_.number(5);
    const unsigned distance_codes = 1 + in_.number(5);
    const unsigned length_codes = 4 + in_.number(4);
    if (literal_codes > kMaxLiteralCodes || distance_codes > kMaxDistanceCodes) throw Fault();
    constexpr unsigned kOrder[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    std::vector<unsigned> of_lengths(19, 0);
    for (unsigned i = 0; i < length_codes; ++i) of_lengths[kOrder[i]] = in_.number(3);
    const Code length_code(of_lengths);
    if (!length_code.complete() && !length_code.empty()) throw Fault();

    const std::vector<unsigned> lengths = code_lengths(&in_, length_code, literal_codes + distance_codes);
    if (lengths[kEndOfBlock] == 0) throw Fault();
    const auto distances = lengths.begin() + static_cast<ptrdiff_t>(literal_codes);
    const Code literal_code(std::vector<unsigned>(lengths.begin(), distances));
    const Code distance_code(std::vector<unsigned>(distances, lengths.end()));
    if (!literal_code.acceptable() || !distance_code.acceptable()) throw Fault();
    compressed_block(literal_code, distance_code);
  }

  void compressed_block(const Code &literals, const Code &distances) {
    for (;;) {
      const unsigned symbol = literals.symbol(&in_);
      if (symbol == kEndOfBlock) return;
      if (symbol < kEndOfBlock) {
        put(static_cast<uint8_t>(symbol));
      } else {
        match(symbol, distances);
      }
    }
  }

  void match(unsigned symbol, const Code &distances) {
    if (symbol >= kMaxLiteralCodes) throw Fault();
    const unsigned len = value_of(kLengths[symbol - 257], &in_);
    const unsigned distance_symbol = distances.symbol(&in_);
    if (distance_symbol >= kMaxDistanceCodes) throw Fault();
    const size_t distance = value_of(kDistances[distance_symbol], &in_);
    if (distance > history_.size()) throw Fault();
    if (distance > max_distance_) max_distance_ = distance;
    for (unsigned i = 0; i < len; ++i) put(history_[history_.size() - distance]);
  }

  void put(uint8_t byte) {
    if (history_.size() - window_len_ == max_len_) throw TooLong();
    history_.push_back(byte);
  }

  BitReader in_;
  Bytes history_;  // the window and what was inflated
  size_t window_len_;
  size_t max_len_;
  size_t max_distance_ = 0;
};

}  // namespace

Inflated inflate(const Bytes &payload, bool last, const Bytes &window, size_t max_len) {
  Bytes whole = payload;
  if (last) whole.insert(whole.end(), {0x00, 0x00, 0xff, 0xff});
  MessageInflater inflater(whole, window, max_len);
  Inflated out;
  try {
    inflater.run();
  } catch (const OutOfBits &) {
    if (last) out.verdict = InflateVerdict::bad;
  } catch (const Fault &) {
    out.verdict = InflateVerdict::bad;
  } catch (const TooLong &) {
    out.verdict = InflateVerdict::too_long;
  }
  out.bytes = inflater.bytes();
  out.max_distance = inflater.max_distance();
  return out;
}

}  // namespace tidewire::reference
