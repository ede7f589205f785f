// SPDX-License-Identifier: MIT
// Masking in place, as a server unmasks what it has read, and to another buffer, as a client masks what it sends.
#include "bench/suite.h"
#include "core/base/endian.h"
#include "tidewire/tidewire.h"

namespace tidewire::bench {
namespace {

constexpr uint8_t kKeyBytes[4] = {0x37, 0xfa, 0x21, 0x3d};
constexpr size_t kLens[] = {16, 64, 125, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 1 << 20, 16 << 20, kRandomLen};

struct MaskRow {
  std::string name;
  MaskFn mask;
  const Kernels *kernel = nullptr;  // in place of `mask`
  bool masks = true;                // false: copies only, and needs two buffers
};

uint32_t key() { return load_raw<uint32_t>(kKeyBytes); }

std::vector<MaskRow> make_rows() {
  std::vector<MaskRow> rows;
  rows.push_back({"memcpy", [](uint8_t *dst, const uint8_t *src, size_t len, uint32_t) { memcpy(dst, src, len); },
                  nullptr, false});
  rows.push_back({"tw_mask", [](uint8_t *dst, const uint8_t *src, size_t len, uint32_t) {
                    tw_mask(dst, src, len, kKeyBytes, 0);
                  }});
  for (const Kernels *kernel : our_kernels()) rows.push_back({kernel->name, nullptr, kernel});
  if (aligned_floor_mask() != nullptr) rows.push_back({"floor_aligned", aligned_floor_mask()});
  for (const Peer *other : others()) {
    if (other->mask != nullptr) rows.push_back({other->name, other->mask});
  }
  return rows;
}

void check_len(const std::string &name, const MaskRow &row, size_t len, bool in_place) {
  constexpr size_t kMargin = 64;  // bytes before and after, which stay
  Numbers numbers(len);
  const std::vector<uint8_t> source = make_payload(Content::kBinary, len + 2 * kMargin, numbers);
  std::vector<uint8_t> expected = source;
  for (size_t i = 0; row.masks && i < len; ++i) expected[kMargin + i] ^= kKeyBytes[i % 4];
  std::vector<uint8_t> result = source;
  uint8_t *dst = result.data() + kMargin;
  const auto call = [&](auto mask) { mask(dst, in_place && row.masks ? dst : source.data() + kMargin, len, key()); };
  row.kernel == nullptr ? call(row.mask) : call(row.kernel->mask);
  if (result != expected) die(name + ": wrong result");
}

void check(const std::string &name, const MaskRow &row, size_t len, bool in_place) {
  if (len != kRandomLen) return check_len(name, row, len, in_place);
  for (size_t each = 1; each <= kRandomMax; ++each) check_len(name, row, each, in_place);
}

void run(benchmark::State &state, const MaskRow &row, size_t len, bool in_place) {
  const Slots to(len, Slots::Start::kFramePayload);
  const Slots from(len, Slots::Start::kFramePayload);
  const Slots &source = in_place && row.masks ? to : from;
  size_t turn = 0;
  const auto measure = [&](auto mask) {
    for (auto _ : state) {
      mask(to[turn], source[turn], len, key());
      ++turn;
    }
  };
  row.kernel == nullptr ? measure(row.mask) : measure(row.kernel->mask);
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * len));
}

void run_random(benchmark::State &state, const MaskRow &row, bool in_place) {
  constexpr size_t kCount = 65536;  // more than a processor learns to predict
  Numbers numbers(0);
  std::vector<uint8_t> lens(kCount);
  for (uint8_t &len : lens) len = static_cast<uint8_t>(1 + numbers.below(kRandomMax));
  const Slots to(kRandomMax, Slots::Start::kFramePayload);
  const Slots from(kRandomMax, Slots::Start::kFramePayload);
  const Slots &source = in_place && row.masks ? to : from;
  size_t turn = 0;
  size_t bytes = 0;
  const auto measure = [&](auto mask) {
    for (auto _ : state) {
      const size_t len = lens[turn % kCount];
      mask(to[turn], source[turn], len, key());
      bytes += len;
      ++turn;
    }
  };
  row.kernel == nullptr ? measure(row.mask) : measure(row.kernel->mask);
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}

}  // namespace

void register_benchmarks() {
  for (const bool in_place : {true, false}) {
    for (const size_t len : kLens) {
      for (const MaskRow &row : make_rows()) {
        add_row(
            in_place ? "Mask" : "MaskCopy", row.name, len,
            [=](const std::string &name) { check(name, row, len, in_place); },
            [=](benchmark::State &state) {
              if (len == kRandomLen) {
                run_random(state, row, in_place);
              } else {
                run(state, row, len, in_place);
              }
            });
      }
    }
  }
}

}  // namespace tidewire::bench
