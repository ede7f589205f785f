// SPDX-License-Identifier: MIT
#include "core/buffer/pool_advice.h"

#include "core/base/text_writer.h"

namespace tidewire {
namespace {

constexpr uint64_t kFewHits = 800;  // in 1000 acquisitions
constexpr uint64_t kManyHits = 950;
constexpr uint64_t kAdviceParts = 5;  // max_idle changes by a fifth

enum class PoolVerdict { kUnused, kGrow, kShrink, kKeep };

// Hits in 1000 acquisitions, of which there are some.
uint64_t hit_ratio(const PoolClassStats &stats) { return stats.hits * 1000 / (stats.hits + stats.misses); }
uint64_t returned(const PoolClassStats &stats) { return stats.hits + stats.misses - stats.in_use; }

PoolVerdict judge(const PoolClassStats &stats) {
  if (stats.hits + stats.misses == 0) return PoolVerdict::kUnused;
  if (hit_ratio(stats) < kFewHits) return PoolVerdict::kGrow;
  const bool wasteful = hit_ratio(stats) > kManyHits && stats.drops > returned(stats) / 2;
  return wasteful ? PoolVerdict::kShrink : PoolVerdict::kKeep;
}

}  // namespace

uint64_t pool_advice(const PoolClassStats &stats) {
  // Without a limit, what was in use at once is what a pool has a use for.
  const uint64_t now = stats.max_idle != 0 ? stats.max_idle : stats.high_water;
  const uint64_t step = now / kAdviceParts + (now % kAdviceParts != 0 ? 1 : 0);
  switch (judge(stats)) {
    case PoolVerdict::kGrow: return now > UINT64_MAX - step ? now : now + step;
    case PoolVerdict::kShrink: return now > step ? now - step : 1;
    case PoolVerdict::kUnused:
    case PoolVerdict::kKeep: break;
  }
  return stats.max_idle;
}

size_t pool_advice_text(const PoolClassStats &stats, char *out, size_t cap) {
  TextWriter text(out, cap);
  text << stats.len << " bytes: ";
  const PoolVerdict verdict = judge(stats);
  if (verdict == PoolVerdict::kUnused) {
    text << "never acquired";
  } else {
    const uint64_t ratio = hit_ratio(stats);
    text << ratio / 10 << "." << ratio % 10 << " % of " << stats.hits + stats.misses << " acquisitions were hits, "
         << stats.drops << " of " << returned(stats) << " returned buffers were dropped, at most " << stats.high_water
         << " were in use at once";
  }
  const uint64_t advice = pool_advice(stats);
  switch (verdict) {
    case PoolVerdict::kGrow: text << "; hits are under 80 %"; break;
    case PoolVerdict::kShrink: text << "; hits are over 95 %, and more than half was dropped"; break;
    case PoolVerdict::kUnused:
    case PoolVerdict::kKeep: break;
  }
  if (advice == stats.max_idle) {
    text << ": max_idle stays " << advice << "\n";
  } else {
    text << ": max_idle " << stats.max_idle << " -> " << advice << "\n";
  }
  return text.len();
}

}  // namespace tidewire
