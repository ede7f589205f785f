// SPDX-License-Identifier: MIT
#include "tests/reference/utf8_ref.h"

namespace tidewire::reference {
namespace {

struct Range {
  uint8_t low;
  uint8_t high;
  bool has(uint8_t byte) const { return low <= byte && byte <= high; }
};

struct Row {
  size_t len;
  Range bytes[4];
};

constexpr Range kTail = {0x80, 0xBF};

// RFC 3629 §4: UTF8-1, UTF8-2, UTF8-3 and UTF8-4.
constexpr Row kGrammar[] = {
    {1, {{0x00, 0x7F}}},
    {2, {{0xC2, 0xDF}, kTail}},
    {3, {{0xE0, 0xE0}, {0xA0, 0xBF}, kTail}},
    {3, {{0xE1, 0xEC}, kTail, kTail}},
    {3, {{0xED, 0xED}, {0x80, 0x9F}, kTail}},
    {3, {{0xEE, 0xEF}, kTail, kTail}},
    {4, {{0xF0, 0xF0}, {0x90, 0xBF}, kTail, kTail}},
    {4, {{0xF1, 0xF3}, kTail, kTail, kTail}},
    {4, {{0xF4, 0xF4}, {0x80, 0x8F}, kTail, kTail}},
};

const Row *row_of(uint8_t first) {
  for (const Row &row : kGrammar) {
    if (row.bytes[0].has(first)) return &row;
  }
  return nullptr;
}

}  // namespace

Utf8Result utf8(const uint8_t *data, size_t len) {
  size_t start = 0;
  while (start < len) {
    const Row *row = row_of(data[start]);
    if (row == nullptr) return {start, start};
    for (size_t i = 1; i < row->len; ++i) {
      if (start + i == len) return {len, start};
      if (!row->bytes[i].has(data[start + i])) return {start + i, start};
    }
    start += row->len;
  }
  return {len, len};
}

}  // namespace tidewire::reference
