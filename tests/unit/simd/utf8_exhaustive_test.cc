// SPDX-License-Identifier: MIT
// Every code point, every string of up to three bytes, and every string of four bytes that matter, through every row:
// alone and across the edges of vectors. Loops are bare, because they turn millions of times.
#include <gtest/gtest.h>
#include <stdio.h>
#include <string.h>

#include <string>
#include <vector>

#include "core/simd/kernels.h"
#include "tests/reference/utf8_ref.h"
#include "tests/support/each_kernel.h"
#include "tests/support/test_bytes.h"
#include "tests/support/texts.h"

namespace tidewire {
namespace {

using reference::Utf8Result;
using test::Bytes;

// Below, at and above every limit in the grammar of RFC 3629 §4.
constexpr uint8_t kInteresting[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF,
                                    0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF};
constexpr size_t kInterestingCount = sizeof(kInteresting);

// The edges of vectors of 16, 32 and 64 bytes, and of blocks of four of them.
constexpr size_t kEdges[] = {16, 32, 64, 128, 256};

struct Rows {
  const Kernels *rows[kIsaCount];
  size_t count;
  Rows() : count(kernels_available(rows)) {}
  const Kernels *const *begin() const { return rows; }
  const Kernels *const *end() const { return rows + count; }
};

std::string describe(const Kernels &row, const uint8_t *string, size_t len) {
  std::string out = row.name;
  for (size_t i = 0; i < len; ++i) {
    char digits[8];
    snprintf(digits, sizeof(digits), " %02X", string[i]);
    out += digits;
  }
  return out;
}

bool at_boundary(const Utf8State &state) { return state.need == 0 && state.low == 0 && state.high == 0; }

// The string as a whole text of its own.
bool agrees_alone(const Kernels &row, const uint8_t *string, size_t len, const Utf8Result &want) {
  Utf8State state;
  const bool valid = row.utf8_step(&state, string, len);
  return valid == want.is_prefix(len) && (!valid || at_boundary(state) == want.is_text(len));
}

// A text of whole code points with a gap for a string at some position. What follows the gap begins a code point, so
// that the text is valid exactly when the string is.
class Setting {
 public:
  Setting(const char *around, size_t position, size_t gap) : position_(position) {
    while (bytes_.size() < position) append(around, position);
    bytes_.resize(position + gap);
    while (bytes_.size() < kLen) append(around, kLen);
  }

  uint8_t *gap() { return bytes_.data() + position_; }

  bool is_valid(const Kernels &row) const {
    Utf8State state;
    return row.utf8_step(&state, bytes_.data(), bytes_.size()) && at_boundary(state);
  }

 private:
  static constexpr size_t kLen = 330;  // more than one block of every row, and a tail

  // As much of `around` as fits in whole code points, then ASCII up to `len`.
  void append(const char *around, size_t len) {
    const size_t room = len - bytes_.size();
    const uint8_t *data = reinterpret_cast<const uint8_t *>(around);
    size_t count = strlen(around);
    if (count > room) count = reference::utf8(data, room).valid_len;
    bytes_.insert(bytes_.end(), data, data + count);
    if (count == 0) bytes_.resize(len, 'x');
  }

  Bytes bytes_;
  size_t position_;
};

TEST(Utf8Reference, AcceptsEveryCodePointAndNoSurrogate) {
  for (uint32_t code_point = 0; code_point <= test::kLastCodePoint; ++code_point) {
    const Bytes bytes = test::encoded(code_point);
    ASSERT_EQ(reference::utf8(bytes.data(), bytes.size()).is_text(bytes.size()), !test::is_surrogate(code_point))
        << code_point;
  }
}

// With the test above: it accepts nothing else.
TEST(Utf8Reference, AcceptsAsManyShortStringsAsThereAre) {
  constexpr size_t kOne = 128, kTwo = 0x800 - 0x80, kThree = 0x10000 - 0x800 - 0x800;
  size_t accepted[4] = {};
  for (uint32_t value = 0; value < 1u << 24; ++value) {
    const uint8_t bytes[3] = {static_cast<uint8_t>(value >> 16), static_cast<uint8_t>(value >> 8),
                              static_cast<uint8_t>(value)};
    if (value < 1u << 8) accepted[1] += reference::utf8(bytes + 2, 1).is_text(1);
    if (value < 1u << 16) accepted[2] += reference::utf8(bytes + 1, 2).is_text(2);
    accepted[3] += reference::utf8(bytes, 3).is_text(3);
  }
  EXPECT_EQ(accepted[1], kOne);
  EXPECT_EQ(accepted[2], kOne * kOne + kTwo);
  EXPECT_EQ(accepted[3], kOne * kOne * kOne + 2 * kOne * kTwo + kThree);
}

TEST(Utf8Exhaustive, EveryCodePoint) {
  const Rows rows;
  Setting setting(test::kTexts[0], 62, 4);
  for (uint32_t code_point = 0; code_point <= test::kLastCodePoint; ++code_point) {
    const Bytes bytes = test::encoded(code_point);
    const bool valid = !test::is_surrogate(code_point);
    memset(setting.gap(), 'x', 4);
    memcpy(setting.gap(), bytes.data(), bytes.size());
    for (const Kernels *row : rows) {
      Utf8State state;
      const bool alone = row->utf8_step(&state, bytes.data(), bytes.size());
      if (alone == valid && setting.is_valid(*row) == valid) continue;
      FAIL() << describe(*row, bytes.data(), bytes.size());
    }
  }
}

TEST(Utf8Exhaustive, EveryStringOfOneTwoAndThreeBytesAlone) {
  const Rows rows;
  for (uint32_t value = 0; value < 1u << 24; ++value) {
    const uint8_t bytes[3] = {static_cast<uint8_t>(value >> 16), static_cast<uint8_t>(value >> 8),
                              static_cast<uint8_t>(value)};
    for (size_t len = value < 1u << 8 ? 1 : value < 1u << 16 ? 2 : 3; len <= 3; ++len) {
      const uint8_t *string = bytes + 3 - len;
      const Utf8Result want = reference::utf8(string, len);
      for (const Kernels *row : rows) {
        if (!agrees_alone(*row, string, len, want)) FAIL() << describe(*row, string, len);
      }
    }
  }
}

TEST(Utf8Exhaustive, EveryStringOfThreeBytesAcrossAnEdge) {
  const Rows rows;
  Setting setting(test::kTexts[0], 62, 3);  // an edge for vectors of 16, 32 and 64 bytes
  uint8_t *gap = setting.gap();
  for (uint32_t value = 0; value < 1u << 24; ++value) {
    gap[0] = static_cast<uint8_t>(value >> 16);
    gap[1] = static_cast<uint8_t>(value >> 8);
    gap[2] = static_cast<uint8_t>(value);
    const bool valid = reference::utf8(gap, 3).is_text(3);
    for (const Kernels *row : rows) {
      if (setting.is_valid(*row) != valid) FAIL() << describe(*row, gap, 3);
    }
  }
}

// body(string, len, valid) for every string of `len` interesting bytes.
template <class Body>
void each_interesting_string(size_t len, Body body) {
  size_t index[4] = {};
  uint8_t string[4];
  for (;;) {
    for (size_t i = 0; i < len; ++i) string[i] = kInteresting[index[i]];
    body(string, len);
    size_t i = 0;
    while (i < len && ++index[i] == kInterestingCount) index[i++] = 0;
    if (i == len) return;
  }
}

// Every string of `len` interesting bytes at `position` of a text.
void expect_reference_verdicts_at(const Rows &rows, const char *around, size_t position, size_t len) {
  Setting setting(around, position, len);
  std::string wrong;
  each_interesting_string(len, [&](const uint8_t *string, size_t count) {
    memcpy(setting.gap(), string, count);
    const bool valid = reference::utf8(string, count).is_text(count);
    for (const Kernels *row : rows) {
      if (setting.is_valid(*row) != valid && wrong.empty()) wrong = describe(*row, string, count);
    }
  });
  EXPECT_EQ(wrong, "") << "at byte " << position;
}

// Up to four bytes, in every way to lie before, across and after every edge.
void expect_reference_verdicts_at_every_edge(const char *around) {
  const Rows rows;
  for (const size_t edge : kEdges) {
    for (size_t len = 1; len <= 4; ++len) {
      for (size_t position = edge - 4; position <= edge + 1; ++position) {
        expect_reference_verdicts_at(rows, around, position, len);
      }
    }
  }
}

TEST(Utf8Exhaustive, InterestingStringsAcrossEveryEdgeAmongAscii) {
  expect_reference_verdicts_at_every_edge(test::kTexts[0]);
}

TEST(Utf8Exhaustive, InterestingStringsAcrossEveryEdgeAmongOtherScripts) {
  expect_reference_verdicts_at_every_edge(test::kTexts[5]);
}

// What a state promises: how many bytes are missing, and which of them may come next.
struct Expected {
  uint8_t need;
  uint8_t low;
  uint8_t high;
};

// Asks the reference: tries every next byte, then completes the code point with the lowest byte that may come.
Expected expected_state(Bytes prefix) {
  Expected out = {0, 0, 0};
  while (!reference::utf8(prefix.data(), prefix.size()).is_text(prefix.size())) {
    int low = -1, high = -1;
    prefix.push_back(0);
    for (int byte = 0; byte < 256; ++byte) {
      prefix.back() = static_cast<uint8_t>(byte);
      if (!reference::utf8(prefix.data(), prefix.size()).is_prefix(prefix.size())) continue;
      if (low < 0) low = byte;
      high = byte;
    }
    if (out.need == 0) out = {0, static_cast<uint8_t>(low), static_cast<uint8_t>(high)};
    ++out.need;
    prefix.back() = static_cast<uint8_t>(low);
  }
  return out;
}

void expect_state(const Kernels &row, const Bytes &text, const Expected &want) {
  Utf8State state;
  ASSERT_TRUE(row.utf8_step(&state, text.data(), text.size()));
  ASSERT_EQ(state.need, want.need);
  ASSERT_EQ(state.low, want.low);
  ASSERT_EQ(state.high, want.high);
}

TEST(Utf8Exhaustive, EveryStateInsideACodePoint) {
  const Rows rows;
  for (size_t len = 1; len <= 3; ++len) {
    each_interesting_string(len, [&](const uint8_t *string, size_t count) {
      const Utf8Result result = reference::utf8(string, count);
      if (!result.is_prefix(count) || result.valid_len != 0 || ::testing::Test::HasFatalFailure()) return;
      const Bytes prefix(string, string + count);
      const Expected want = expected_state(prefix);
      for (const Kernels *row : rows) {
        SCOPED_TRACE(describe(*row, string, count));
        expect_state(*row, prefix, want);
        for (const size_t before : {13, 31, 64, 254}) {
          expect_state(*row, test::join({Bytes(before, 'x'), prefix}), want);
        }
      }
    });
  }
}

}  // namespace
}  // namespace tidewire
