// SPDX-License-Identifier: MIT
// Every allocation of random sessions fails once, alone and with all that follow it, with and without a pool. Statuses
// are clean, a call that queued nothing says so, and nothing leaks. (The vectors have the same done to them by their
// own runner.)
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/support/counting_allocator.h"
#include "tests/unit/connection/random_script.h"
#include "tests/unit/connection/script_player.h"
#include "tests/vectors/side_by_side.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

constexpr size_t kSessions = 200;

bool queues(const SessionStep &step) {
  using Action = SessionStep::Action;
  return step.action == Action::kSend || step.action == Action::kPing || step.action == Action::kPong ||
         step.action == Action::kClose;
}

void play_step(ScriptPlayer *player, const SessionStep &step) {
  const size_t queued = player->engine().output_len();
  const tw_status failed_before = player->engine().failure().status;
  const Played played = player->play(step);
  ASSERT_STRNE(tw_status_name(played.status), "TW_ERR_UNKNOWN");
  const tw_status failure = player->engine().failure().status;
  if (queues(step)) {
    EXPECT_EQ(failure, failed_before) << "a call that queues does not fail the connection";
    if (played.status != TW_OK) {
      EXPECT_EQ(player->engine().output_len(), queued);
    }
  } else if (played.status < 0) {
    EXPECT_EQ(played.status, failure) << "what failed the connection is its error";
  }
}

// Gives how many allocations failed, so that the caller knows when there is none left to fail.
uint64_t play_without_memory(const SessionScript &script, Intake intake, uint64_t nth, bool for_ever, bool pooled) {
  CountingAllocator allocator;
  const tw_allocator c_allocator = allocator.c_api();
  std::optional<IdlePool> pool;
  tw_conn_config config = script.config();
  config.allocator = &c_allocator;
  if (pooled) config.pool = pool.emplace(&c_allocator).get();
  allocator.fail_after(nth, for_ever);
  ScriptPlayer player({.piece = 7, .cap = 2, .intake = intake});
  const tw_status created = player.create(config);
  if (created != TW_OK) {
    EXPECT_EQ(created, TW_ERR_NO_MEMORY);
    return allocator.failures();
  }
  for (const SessionStep &step : script.steps()) play_step(&player, step);
  player.take_output();
  return allocator.failures();
}

TEST(AllocationFailure, IsACleanStatusAndLeaksNothing) {
  RandomScript scripts(21);
  uint64_t failures = 0;
  for (size_t i = 0; i < kSessions; ++i) {
    const Bytes bytes = scripts.next();
    const SessionScript script(bytes.data(), bytes.size());
    const Intake intake = i % 2 == 0 ? Intake::kReceive : Intake::kMixed;
    for (const bool for_ever : {false, true}) {
      for (const bool pooled : {false, true}) {
        for (uint64_t nth = 0;; ++nth) {
          SCOPED_TRACE("session " + std::to_string(i) + " allocation " + std::to_string(nth));
          const uint64_t failed = play_without_memory(script, intake, nth, for_ever, pooled);
          if (::testing::Test::HasFailure()) return;
          if (failed == 0) break;
          failures += failed;
        }
      }
    }
  }
  EXPECT_GT(failures, 10 * kSessions);
}

}  // namespace
}  // namespace tidewire
