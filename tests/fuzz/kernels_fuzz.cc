// SPDX-License-Identifier: MIT
// Every kernel row against the reference: masking, UTF-8 in steps, and both in one pass in steps, each step with a key
// of its own.
// Input: four bytes of key, one of phase, three of cuts, then the text.
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <vector>

#include "core/simd/kernels.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/reference/mask_ref.h"
#include "tests/reference/utf8_ref.h"

namespace {

using tidewire::Kernels;
using tidewire::Utf8State;
using tidewire::fuzz::Input;
using Bytes = std::vector<uint8_t>;

struct Case {
  uint8_t key[4];
  uint8_t phase;
  size_t cuts[4];  // ends of the steps, ascending; the last is the length
  const uint8_t *text;
  size_t len;
};

// The key as kernels take it: the byte that belongs to the first of the data is the lowest.
uint32_t rotated(const uint8_t key[4], uint64_t phase) {
  uint32_t out = 0;
  for (size_t i = 0; i < 4; ++i) out |= uint32_t{key[(phase + i) % 4]} << (8 * i);
  return out;
}

bool same(const uint8_t *a, const uint8_t *b, size_t len) { return len == 0 || memcmp(a, b, len) == 0; }

void check_mask(const Kernels &row, const Case &c) {
  Bytes want(c.len);
  tidewire::reference::mask(want.data(), c.text, c.len, c.key, c.phase);
  Bytes copied(c.len);
  row.mask(copied.data(), c.text, c.len, rotated(c.key, c.phase));
  FUZZ_CHECK(copied == want);
  Bytes in_place(c.text, c.text + c.len);
  row.mask(in_place.data(), in_place.data(), c.len, rotated(c.key, c.phase));
  FUZZ_CHECK(in_place == want);
}

bool at_boundary(const Utf8State &state) { return state.need == 0 && state.low == 0 && state.high == 0; }

// What a step over text[start, end) must say: whether the text is valid up to `end`.
void check_step(const Case &c, size_t start, size_t end, bool valid, Utf8State before, const Utf8State &after) {
  const tidewire::reference::Utf8Result want = tidewire::reference::utf8(c.text, end);
  FUZZ_CHECK(valid == want.is_prefix(end));
  if (valid) FUZZ_CHECK(at_boundary(after) == want.is_text(end));
  const size_t error = tidewire::utf8_first_error(before, c.text + start, end - start);
  FUZZ_CHECK(error == want.error_offset - start);
}

void check_utf8(const Kernels &row, const Case &c) {
  Utf8State state;
  size_t start = 0;
  for (const size_t end : c.cuts) {
    const Utf8State before = state;
    const Bytes piece(c.text + start, c.text + end);  // its own memory, so that a read beyond it is seen
    const bool valid = row.utf8_step(&state, piece.data(), piece.size());
    check_step(c, start, end, valid, before, state);
    if (!valid) return;
    start = end;
  }
}

void check_fused(const Kernels &row, const Case &c) {
  Utf8State state;
  size_t start = 0;
  uint8_t key[4];
  memcpy(key, c.key, sizeof(key));
  for (const size_t end : c.cuts) {
    const Utf8State before = state;
    Bytes masked(end - start);
    tidewire::reference::mask(masked.data(), c.text + start, masked.size(), key, c.phase);
    Bytes out(masked.size());
    const bool valid = row.unmask_utf8(out.data(), masked.data(), masked.size(), rotated(key, c.phase), &state);
    FUZZ_CHECK(same(out.data(), c.text + start, out.size()));
    check_step(c, start, end, valid, before, state);
    if (!valid) return;
    start = end;
    for (uint8_t &byte : key) byte = static_cast<uint8_t>(byte * 5 + 1);  // the next frame has another key
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len) {
  Input parameters(input, input_len);
  Case c = {};
  for (uint8_t &byte : c.key) byte = parameters.byte();
  c.phase = parameters.byte();
  for (int i = 0; i < 3; ++i) c.cuts[i] = parameters.byte();
  c.text = parameters.rest();
  c.len = parameters.rest_len();
  c.cuts[3] = c.len;
  for (size_t &cut : c.cuts) cut = std::min(cut, c.len);
  std::sort(c.cuts, c.cuts + 4);

  const Kernels *rows[tidewire::kIsaCount];
  const size_t count = tidewire::kernels_available(rows);
  FUZZ_CHECK(count > 0);
  for (size_t i = 0; i < count; ++i) {
    tidewire::fuzz::g_context = rows[i]->name;
    check_mask(*rows[i], c);
    check_utf8(*rows[i], c);
    check_fused(*rows[i], c);
  }
  return 0;
}
