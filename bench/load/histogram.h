// SPDX-License-Identifier: MIT
// Latencies in logarithmic-linear buckets: 32 to each power of two, so a percentile is at most 3 % too high.
#ifndef TIDEWIRE_BENCH_LOAD_HISTOGRAM_H_
#define TIDEWIRE_BENCH_LOAD_HISTOGRAM_H_

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace tidewire::load {

class Histogram {
 public:
  void add(uint64_t value, uint64_t times) {
    counts_[bucket(value)] += times;
    total_ += times;
    if (value > max_) max_ = value;
  }

  uint64_t total() const { return total_; }
  uint64_t max() const { return max_; }

  // The smallest bucket's upper bound that `fraction` of the values do not exceed; 0 without values.
  uint64_t percentile(double fraction) const {
    const auto wanted = static_cast<uint64_t>(std::ceil(fraction * static_cast<double>(total_)));
    uint64_t seen = 0;
    for (size_t i = 0; i < counts_.size(); i++) {
      seen += counts_[i];
      if (seen >= wanted && seen > 0) return upper_bound(i) < max_ ? upper_bound(i) : max_;
    }
    return max_;
  }

 private:
  static constexpr unsigned kBits = 5;  // 2^kBits buckets to a power of two
  static constexpr uint64_t kPerPower = uint64_t{1} << kBits;

  // Values below kPerPower have a bucket each. Above, a value is its power of two, `shift` more than kBits, and the
  // kBits bits after the leading one.
  static size_t bucket(uint64_t value) {
    if (value < kPerPower) return static_cast<size_t>(value);
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kBits;
    return static_cast<size_t>(shift * kPerPower + (value >> shift));
  }

  static uint64_t upper_bound(size_t bucket) {
    if (bucket < kPerPower) return bucket;
    const size_t shift = bucket / kPerPower - 1;
    return ((kPerPower + bucket % kPerPower + 1) << shift) - 1;
  }

  std::array<uint64_t, (64 - kBits + 1) * kPerPower> counts_{};
  uint64_t total_ = 0;
  uint64_t max_ = 0;
};

}  // namespace tidewire::load

#endif  // TIDEWIRE_BENCH_LOAD_HISTOGRAM_H_
