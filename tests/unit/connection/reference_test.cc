// SPDX-License-Identifier: MIT
// The engine against the reference: random sessions, cut at random, in every configuration of SessionScript.
#include <gtest/gtest.h>

#include <set>

#include "tests/support/each_kernel.h"
#include "tests/unit/connection/random_script.h"
#include "tests/vectors/side_by_side.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

constexpr size_t kSessions = 2000;

// The reference gets everything whole; both agree to the byte.
TEST(Reference, EngineDoesTheSame) {
  each_kernel([](const Kernels &) {
    RandomScript scripts(3);
    size_t events = 0;
    uint64_t inflated_len = 0, deflated_len = 0, rtt_count = 0;
    std::set<tw_status> failures;
    for (size_t i = 0; i < kSessions; ++i) {
      const Bytes bytes = scripts.next();
      const SessionScript script(bytes.data(), bytes.size());
      SideBySide sides(script);
      sides.run();
      events += sides.event_count();
      inflated_len += sides.stats().inflated_received_len;
      deflated_len += sides.stats().deflated_sent_len;
      rtt_count += sides.stats().rtt_ns > 0 ? 1 : 0;
      failures.insert(sides.failure());
    }
    RecordProperty("failures", static_cast<int>(failures.size()));
    EXPECT_GT(events, 2 * kSessions);
    EXPECT_GT(inflated_len, 10 * kSessions) << "too little was inflated";
    EXPECT_GT(deflated_len, kSessions / 10) << "too little was deflated";
    EXPECT_GT(rtt_count, 0u) << "no ping was answered";
    EXPECT_GE(failures.size(), 20u) << "the sessions are too much alike";
  });
}

}  // namespace
}  // namespace tidewire
