// SPDX-License-Identifier: MIT
#include "tests/vectors/vector_runs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/counting_allocator.h"
#include "tests/support/each_kernel.h"
#include "tests/vectors/deflated_frames.h"
#include "tests/vectors/digest.h"
#include "tests/vectors/engine_session.h"

namespace tidewire::test {
namespace {

using reference::Bytes;
using reference::Event;

constexpr size_t kEventCap = 64;
constexpr size_t kEverySplitMax = 2048;  // bytes
constexpr uint32_t kReadLen = 256;       // bytes, so that every read buffer is too small at some time

// How the engine takes input.
struct Way {
  const char *name;
  Intake intake = Intake::kReceive;
  size_t dst_cap = 0;
};

// How the input of one step is fed: in pieces of `piece` bytes, or cut in two at `at`. The other steps come whole.
struct Cut {
  size_t cap = kEventCap;
  size_t piece = SIZE_MAX;
  size_t step = SIZE_MAX;
  size_t at = 0;

  bool is_whole() const { return cap == kEventCap && piece == SIZE_MAX && step == SIZE_MAX; }
  std::vector<Bytes> pieces(size_t index, const Bytes &data) const {
    if (index == step) return {Bytes(data.begin(), data.begin() + at), Bytes(data.begin() + at, data.end())};
    std::vector<Bytes> out;
    for (size_t from = 0; from < data.size(); from += std::min(piece, data.size() - from)) {
      out.emplace_back(data.begin() + from, data.begin() + from + std::min(piece, data.size() - from));
    }
    return out;
  }
};

std::string printed(const Bytes &bytes) {
  std::string out = std::to_string(bytes.size()) + " bytes ";
  char digits[3];
  for (size_t i = 0; i < bytes.size() && i < 64; ++i) {
    snprintf(digits, sizeof(digits), "%02x", bytes[i]);
    out += digits;
  }
  return out;
}

std::string legible(const Bytes &bytes) {
  std::string out(bytes.begin(), bytes.end());
  const auto is_control = [](unsigned char c) { return c >= 0x7F || (c < ' ' && c != '\n'); };
  std::replace_if(out.begin(), out.end(), is_control, '.');
  return out;
}

std::string printed(const std::vector<Event> &events) {
  std::string out;
  for (const Event &event : events) {
    out += "\n  type " + std::to_string(event.type) + " opcode " + std::to_string(event.opcode) + " flags " +
           std::to_string(event.flags) + " code " + std::to_string(event.code) + " offset " +
           std::to_string(event.offset) + " " + printed(event.data);
  }
  return out.empty() ? "none" : out;
}

// What a step brought, apart from its output.
struct Outcome {
  tw_status status = TW_OK;
  std::vector<Event> events;
  uint64_t deadline = 0;
};

CountingRandom random_of(const Vector &vector) {
  return vector.random ? CountingRandom(*vector.random) : CountingRandom();
}

// A pool that lives as long as this, with `allocator`; none where that is NULL.
class PoolOf {
 public:
  explicit PoolOf(const tw_allocator *allocator) {
    if (allocator == nullptr) return;
    tw_pool_config config = TW_POOL_CONFIG_INIT;
    config.allocator = allocator;
    require(tw_pool_create(&config, &pool_) == TW_OK, "tw_pool_create");
  }
  ~PoolOf() { tw_pool_destroy(pool_); }
  PoolOf(const PoolOf &) = delete;
  PoolOf &operator=(const PoolOf &) = delete;
  tw_pool *get() const { return pool_; }

 private:
  tw_pool *pool_ = nullptr;
};

tw_status feed(EngineSession &session, const Bytes &data, size_t cap, std::vector<Event> *events) {
  return session.receive(data, cap, events);
}

tw_status feed(reference::Connection &session, const Bytes &data, size_t, std::vector<Event> *events) {
  return session.receive(data, events);
}

template <class Session>
tw_status act(Session &session, const Step &step, size_t index, const Cut &cut, Outcome *outcome) {
  switch (step.action) {
    case Step::Action::kNone:
    case Step::Action::kCreate:
    case Step::Action::kConsume: return TW_OK;
    case Step::Action::kInput:
      for (const Bytes &piece : cut.pieces(index, step.data)) {
        if (const tw_status status = feed(session, piece, cut.cap, &outcome->events); status != TW_OK) return status;
      }
      return TW_OK;
    case Step::Action::kEof: return session.receive_eof();
    case Step::Action::kSend: return session.send(step.opcode, step.data, step.flags);
    case Step::Action::kPing: return session.ping(step.data);
    case Step::Action::kPong: return session.pong(step.data);
    case Step::Action::kClose: return session.close(step.code, step.data);
    case Step::Action::kTick: return session.tick(step.number, &outcome->deadline);
  }
  return TW_ERR_ARGUMENT;
}

template <class Session>
Outcome act(Session &session, const Step &step, size_t index, const Cut &cut) {
  Outcome outcome;
  outcome.status = act(session, step, index, cut, &outcome);
  outcome.events = joined(outcome.events);
  return outcome;
}

template <class Session>
Bytes look_at_output(Session &session, const Step &step) {
  if (step.form == Step::Output::kKept) return {};
  return step.action == Step::Action::kConsume ? session.take_output(step.number) : session.take_output();
}

::testing::AssertionResult check_bytes(const Step &step, const Bytes &output) {
  const bool is_prefix = step.form == Step::Output::kPrefix && output.size() >= step.output.size();
  const Bytes compared(output.begin(),
                       is_prefix ? output.begin() + static_cast<ptrdiff_t>(step.output.size()) : output.end());
  if (compared == step.output) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "output is " << printed(output) << "\nexpected " << printed(step.output)
                                       << "\nas text: " << legible(output);
}

template <class Session>
::testing::AssertionResult check_output(Session &session, const Step &step, FrameInflater *inflater,
                                        const Bytes &output) {
  if (step.form != Step::Output::kFrames) return check_bytes(step, output);
  const std::string difference = inflater->compare(output, step.frames, session.get_deflate());
  if (difference.empty()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "output is " << printed(output) << "\n" << difference;
}

template <class Session>
void check_end(const Session &session, const Vector &vector) {
  ASSERT_EQ(session.state(), vector.state);
  const reference::Failure failure = session.failure();
  ASSERT_STREQ(tw_status_name(failure.status), tw_status_name(vector.failure.status));
  ASSERT_EQ(failure.offset, vector.failure.offset);
  ASSERT_EQ(failure.close_code, vector.failure.close_code);
  if (vector.close) {
    const tw_close close = session.get_close();
    ASSERT_EQ(close.local_code, vector.close->local_code);
    ASSERT_EQ(close.remote_code, vector.close->remote_code);
    ASSERT_EQ(close.cause, vector.close->cause);
  }
  if (vector.agreed) {
    const tw_deflate agreed = session.get_deflate();
    ASSERT_EQ(agreed.enabled, vector.agreed->enabled);
    ASSERT_EQ(agreed.flags, vector.agreed->flags);
    ASSERT_EQ(agreed.send_window_bits, vector.agreed->send_window_bits);
    ASSERT_EQ(agreed.receive_window_bits, vector.agreed->receive_window_bits);
  }
}

bool is_digested(const Step &step) {
  return step.form == Step::Output::kExact;  // anything else may differ between two compressors, or texts
}

// What a run brought that does not depend on how it was run, beyond what the vector tells.
struct Seen {
  std::vector<Bytes> outputs;  // of the steps: a vector may tell only a prefix
  Digest digest;

  void add(const Step &step, const Outcome &outcome) {
    digest.step(outcome.status);
    for (const Event &event : outcome.events) digest.event(event);
    if (is_digested(step)) digest.output(outputs.back());
  }
};

template <class Session>
void run_steps(Session &session, const Vector &vector, const Cut &cut, Seen *seen) {
  FrameInflater inflater;
  for (size_t i = 0; i < vector.steps.size(); ++i) {
    SCOPED_TRACE("step " + std::to_string(i));
    const Step &step = vector.steps[i];
    if (i == 0 && step.action != Step::Action::kCreate) {
      ASSERT_TRUE(session.take_output().empty()) << "creating brought output";
    }
    const Outcome outcome = act(session, step, i, cut);
    ASSERT_STREQ(tw_status_name(outcome.status), tw_status_name(step.status));
    ASSERT_TRUE(outcome.events == step.events)
        << "events: " << printed(outcome.events) << "\nexpected: " << printed(step.events);
    ASSERT_EQ(outcome.deadline, step.deadline);
    seen->outputs.push_back(look_at_output(session, step));
    seen->add(step, outcome);
    ASSERT_TRUE(check_output(session, step, &inflater, seen->outputs.back()));
    if (step.wants) {
      ASSERT_EQ(session.wants(), *step.wants);
    }
    if (vector.config.max_memory_len != 0) {
      ASSERT_LE(session.stats().held_len, vector.config.max_memory_len);
    }
  }
  seen->digest.end(session.state(), session.failure(), session.get_close());
  check_end(session, vector);
}

// Cut input is logged, so that runs with a log do the same as the run without.
void run_engine(const Vector &vector, const Way &way, const Cut &cut, Seen *seen) {
  CountingRandom counting = random_of(vector);
  const tw_random random = counting.c_api();
  tw_conn_config config = vector.config;
  config.random = &random;
  config.read_len = kReadLen;
  config.max_read_len = 4 * kReadLen;
  EngineSession session;
  if (cut.is_whole()) session.log_up_to(0);
  session.take_input_by(way.intake, way.dst_cap);
  const tw_status created = session.create(config);
  const bool create_step = !vector.steps.empty() && vector.steps[0].action == Step::Action::kCreate;
  ASSERT_STREQ(tw_status_name(created), tw_status_name(create_step ? vector.steps[0].status : TW_OK));
  if (created != TW_OK) {
    ASSERT_EQ(session.get(), nullptr);
    ASSERT_EQ(vector.steps.size(), 1u);
    ASSERT_TRUE(vector.steps[0].events.empty() && vector.steps[0].output.empty());
    ASSERT_EQ(vector.state, TW_STATE_CLOSED);
    ASSERT_EQ(vector.failure.status, TW_OK);
    seen->digest.step(created);
    seen->digest.end(TW_STATE_CLOSED, {}, {});
    return;
  }
  run_steps(session, vector, cut, seen);
  if (::testing::Test::HasFatalFailure()) return;
  const tw_conn_stats stats = session.stats();
  for (const auto &[member, expected] : vector.stats) ASSERT_EQ(stats.*member, expected);
  const tw_error error = session.error();
  ASSERT_STREQ(error.limit == nullptr ? "" : error.limit, vector.limit.c_str());
  if (vector.http_status == 0) return;
  ASSERT_EQ(tw_status_http_status(error.status), vector.http_status);
  const std::string status_line = "HTTP/1.1 " + std::to_string(vector.http_status) + " ";
  const Bytes &last = seen->outputs.back();
  ASSERT_EQ(std::string(last.begin(), last.begin() + std::min(last.size(), status_line.size())), status_line);
}

void expect_same(const std::string &how, const Vector &vector, const Way &way, const Cut &cut, const Seen &whole) {
  SCOPED_TRACE(how);
  Seen seen;
  run_engine(vector, way, cut, &seen);
  if (::testing::Test::HasFatalFailure()) return;
  ASSERT_TRUE(seen.outputs == whole.outputs) << "another output than in one piece";
  ASSERT_EQ(seen.digest.value(), whole.digest.value()) << "another digest than in one piece";
}

bool is_cut_at(size_t at, size_t len, const Way &way) {
  const bool between = at % 251 == 0 && way.intake == Intake::kReceive;
  return len <= kEverySplitMax || at <= 64 || between || at >= len - 64;
}

void run_every_cut(const Vector &vector, const Way &way) {
  SCOPED_TRACE(way.name);
  Seen whole;
  run_engine(vector, way, {}, &whole);
  if (::testing::Test::HasFatalFailure()) return;
  if (vector.digest) {
    ASSERT_EQ(whole.digest.value(), *vector.digest) << "another digest than in digests.txt";
  }
  expect_same("with room for one event", vector, way, {.cap = 1}, whole);
  expect_same("byte by byte", vector, way, {.piece = 1}, whole);
  for (size_t i = 0; i < vector.steps.size(); ++i) {
    if (vector.steps[i].action != Step::Action::kInput) continue;
    const size_t len = vector.steps[i].data.size();
    for (size_t at = 1; at < len && !::testing::Test::HasFatalFailure(); ++at) {
      if (!is_cut_at(at, len, way)) continue;
      const std::string how = "step " + std::to_string(i) + " cut at " + std::to_string(at);
      expect_same(how, vector, way, {.step = i, .at = at}, whole);
    }
  }
}

void run_every_way(const Vector &vector) {
  run_every_cut(vector, {.name = "tw_conn_receive"});
  run_every_cut(vector, {.name = "tw_conn_read_buffer", .intake = Intake::kReadBuffer});
  // tw_conn_receive_into is refused.
  if ((vector.config.flags & (TW_CONN_STREAM | TW_CONN_STREAM_FRAGMENTED)) != 0) return;
  run_every_cut(vector, {.name = "tw_conn_receive_into, small", .intake = Intake::kInto, .dst_cap = 5});
  if (vector.config.max_memory_len != 0) return;  // memory of the caller's has no limit
  run_every_cut(vector, {.name = "tw_conn_receive_into, ample", .intake = Intake::kInto, .dst_cap = 1 << 18});
}

}  // namespace

void run_reference(const Vector &vector) {
  if (vector.steps[0].action == Step::Action::kCreate && vector.steps[0].status != TW_OK) return;
  // It does not know what the engine's memory is made of, nor any other source of masking keys.
  if (vector.config.max_memory_len != 0 || vector.random) return;
  // It stores what it compresses, so that nothing ever gets shorter.
  if (vector.name == "nothing_is_compressed_that_would_grow") return;
  for (const size_t piece : {SIZE_MAX, size_t{1}}) {
    // The reference reads the whole text anew with each piece.
    const bool too_slow = std::any_of(vector.steps.begin(), vector.steps.end(),
                                      [](const Step &step) { return step.data.size() > kEverySplitMax; });
    if (piece == 1 && too_slow) continue;
    reference::Connection session = make_reference(vector.config);
    Seen seen;
    run_steps(session, vector, {.piece = piece}, &seen);
    if (::testing::Test::HasFatalFailure()) return;
    if (vector.digest) {
      ASSERT_EQ(seen.digest.value(), *vector.digest) << "another digest than in digests.txt";
    }
  }
}

namespace {

// One allocation fails: what comes after it may be another story, but it is told with known statuses and leaks nothing.
// Gives how many allocations failed, so that the caller knows when there is none left.
uint64_t run_without_memory(const Vector &vector, uint64_t nth, size_t piece, bool with_pool) {
  CountingAllocator allocator;
  const tw_allocator c_allocator = allocator.c_api();
  const PoolOf pool(with_pool ? &c_allocator : nullptr);
  CountingRandom counting = random_of(vector);
  const tw_random random = counting.c_api();
  tw_conn_config config = vector.config;
  config.allocator = &c_allocator;
  config.pool = pool.get();
  config.random = &random;
  allocator.fail_after(nth);
  EngineSession session;
  const tw_status created = session.create(config);
  EXPECT_TRUE(created == TW_OK || created == TW_ERR_NO_MEMORY || created == vector.steps[0].status);
  for (size_t i = 0; created == TW_OK && i < vector.steps.size(); ++i) {
    const Step &step = vector.steps[i];
    const Outcome outcome = act(session, step, i, {.piece = piece});
    const bool same = outcome.status == step.status && outcome.events == step.events;
    EXPECT_TRUE(same || allocator.failures() > 0) << "before any failure";
    EXPECT_STRNE(tw_status_name(outcome.status), "TW_ERR_UNKNOWN");
    look_at_output(session, step);
  }
  return allocator.failures();
}

}  // namespace

void run_each_allocation(const Vector &vector) {
  for (const bool with_pool : {false, true}) {
    for (const size_t piece : {SIZE_MAX, size_t{5}}) {
      for (uint64_t nth = 0;; ++nth) {
        SCOPED_TRACE("allocation " + std::to_string(nth) + (with_pool ? " with a pool" : ""));
        const uint64_t failures = run_without_memory(vector, nth, piece, with_pool);
        if (failures == 0 || ::testing::Test::HasFailure()) break;
      }
    }
  }
}

void run_each_kernel(const Vector &vector) {
  each_kernel([&vector](const Kernels &) { run_every_way(vector); });
}

uint32_t digest_of(const Vector &vector) {
  Seen seen;
  run_engine(vector, {.name = "tw_conn_receive"}, {}, &seen);
  return seen.digest.value();
}

}  // namespace tidewire::test
