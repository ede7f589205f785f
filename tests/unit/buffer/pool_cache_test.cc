// SPDX-License-Identifier: MIT
#include "core/buffer/pool_cache.h"

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>

#include <iterator>
#include <map>

#include "tests/support/test_bytes.h"

namespace tidewire {
namespace {

// As a C library spaces its threads, and as unluckily as can be: all of them begin at one place.
constexpr uintptr_t kIdSteps[] = {8 << 20, uintptr_t{1} << 54};

TEST(PoolCacheTable, FindsWhomAMapFinds) {
  for (const uintptr_t step : kIdSteps) {
    PoolCacheTable table;
    PoolCache caches[PoolCacheTable::kMaxCaches] = {};
    std::map<uintptr_t, PoolCache *> model;
    test::Rng rng(step);
    for (int i = 0; i < 20000; ++i) {
      const uintptr_t id = 4096 + step * (rng() % 300);
      const auto known = model.find(id);
      EXPECT_EQ(table.find(id), known == model.end() ? nullptr : known->second);
      if (known != model.end()) {
        table.erase(id);
        model.erase(known);
      } else if (model.size() < std::size(caches)) {
        table.insert(id, model[id] = &caches[rng() % std::size(caches)]);
      }
    }
    for (const auto &[id, cache] : model) EXPECT_EQ(table.find(id), cache);
  }
}

// However many threads came and went, a place behind which nobody is ends the search.
TEST(PoolCacheTable, ForgetsWhoLeft) {
  for (const uintptr_t step : kIdSteps) {
    PoolCacheTable table;
    PoolCache cache = {};
    for (uintptr_t i = 1; i <= 1000; ++i) {
      table.insert(i * step, &cache);
      table.insert((i + 1000) * step, &cache);
      table.erase(i * step);
      table.erase((i + 1000) * step);
    }
    for (uintptr_t i = 1; i <= 1000; ++i) {
      EXPECT_TRUE(table.first_place(i * step).belongs_to(PoolCacheTable::kNobody));
    }
  }
}

}  // namespace
}  // namespace tidewire
