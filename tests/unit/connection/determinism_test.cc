// SPDX-License-Identifier: MIT
// A connection is a function of bytes, calls and times: what it shows is the same to the byte, however the input is
// cut, by whichever call it is taken, however many events are asked for at once, whatever the kernel and wherever
// memory comes from.
#include <gtest/gtest.h>

#include <string>
#include <type_traits>

#include "tests/support/each_kernel.h"
#include "tests/unit/connection/random_script.h"
#include "tests/unit/connection/script_player.h"
#include "tests/vectors/side_by_side.h"

namespace tidewire {
namespace {

using namespace tidewire::test;
using reference::Event;

constexpr size_t kSessions = 500;

// All that a session shows, one after the other. Lengths held are left out: they are the matter of memory, not of what
// happens.
class Trace {
 public:
  template <class... Numbers>
  void add(Numbers... numbers) {
    (add_number(numbers), ...);
  }
  void add(const Bytes &bytes) {
    add(bytes.size());
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void add(const LogLines &log) {
    for (const LogEntry &entry : log.entries()) {
      add(entry.level);
      add(text(entry.line.c_str()));
    }
  }
  void add(const Event &event) {
    add(event.type, event.opcode, event.flags, event.code, event.offset);
    add(event.data);
  }
  void add(const Played &played) {
    add(played.status, played.deadline, played.events.size());
    for (const Event &event : played.events) add(event);
    add(played.output);
  }
  void add(const EngineSession &engine) {
    const reference::Failure failure = engine.failure();
    const tw_close close = engine.get_close();
    const tw_conn_stats stats = engine.stats();
    add(engine.state(), engine.wants(), engine.output_len(), failure.status, failure.close_code, failure.offset);
    add(close.local_code, close.remote_code, close.cause, stats.rtt_ns);
    add(stats.bytes_received, stats.messages_received, stats.frames_received, stats.control_frames_received);
    add(stats.bytes_sent, stats.messages_sent, stats.frames_sent, stats.control_frames_sent);
    add(stats.deflated_received_len, stats.inflated_received_len, stats.deflated_sent_len, stats.inflated_sent_len);
  }

  const Bytes &bytes() const { return bytes_; }

 private:
  template <class Number>
  void add_number(Number number) {
    static_assert(std::is_integral_v<Number>);
    for (size_t i = 0; i < sizeof(Number); ++i) {
      bytes_.push_back(static_cast<uint8_t>(static_cast<uint64_t>(number) >> (8 * i)));
    }
  }

  Bytes bytes_;
};

Bytes trace(const Bytes &script_bytes, const Feeding &feeding, tw_pool *pool = nullptr) {
  const SessionScript script(script_bytes.data(), script_bytes.size());
  tw_conn_config config = script.config();
  config.pool = pool;
  ScriptPlayer player(feeding);
  EXPECT_EQ(player.create(config), TW_OK);
  Trace out;
  for (const SessionStep &step : script.steps()) {
    out.add(player.play(step));
    out.add(player.engine());
  }
  out.add(player.take_output());
  out.add(player.engine());
  out.add(player.engine().log());
  return out.bytes();
}

TEST(Determinism, CutsOfTheInputDoNotMatter) {
  RandomScript scripts(11);
  for (size_t i = 0; i < kSessions; ++i) {
    SCOPED_TRACE("session " + std::to_string(i));
    const Bytes script = scripts.next();
    const Bytes whole = trace(script, {});
    ASSERT_TRUE(same_bytes(view(trace(script, {.piece = 1, .cap = 1})), view(whole))) << "byte by byte";
    ASSERT_TRUE(same_bytes(view(trace(script, {.cap = 1})), view(whole))) << "one event at a time";
    for (uint32_t seed = 1; seed < 4; ++seed) {
      ASSERT_TRUE(same_bytes(view(trace(script, {.cap = 3, .seed = seed})), view(whole))) << "cut by seed " << seed;
    }
    for (const Intake intake : {Intake::kReadBuffer, Intake::kMixed}) {
      ASSERT_TRUE(same_bytes(view(trace(script, {.cap = 2, .seed = 5, .intake = intake})), view(whole))) << "read";
    }
  }
}

// FNV-1a over many sessions.
uint64_t digest(tw_pool *pool) {
  RandomScript scripts(12);
  uint64_t hash = 0xCBF29CE484222325;
  for (size_t i = 0; i < kSessions; ++i) {
    for (const uint8_t byte : trace(scripts.next(), {.cap = 2, .seed = 7}, pool)) hash = (hash ^ byte) * 0x100000001B3;
  }
  return hash;
}

TEST(Determinism, RunsKernelsAndPoolsDoNotMatter) {
  const uint64_t first = digest(nullptr);
  IdlePool pool;
  each_kernel([&](const Kernels &) {
    EXPECT_EQ(digest(nullptr), first);
    EXPECT_EQ(digest(pool.get()), first);
  });
}

// The random source is the only other thing that comes in: it shows in a client's output, and only there.
TEST(Determinism, RandomSourceShowsInMaskingKeysAlone) {
  const auto output = [](uint32_t role, uint8_t key_byte) {
    CountingRandom random(Bytes{key_byte});
    const tw_random source = random.c_api();
    tw_conn_config config = TW_CONN_CONFIG_INIT;
    config.role = role;
    config.flags = TW_CONN_UPGRADED;
    config.random = &source;
    EngineSession session;
    EXPECT_EQ(session.create(config), TW_OK);
    EXPECT_EQ(session.send(TW_OPCODE_TEXT, text("abc"), 0), TW_OK);
    return session.take_output();
  };
  EXPECT_EQ(output(TW_ROLE_SERVER, 1), output(TW_ROLE_SERVER, 2));
  EXPECT_EQ(output(TW_ROLE_CLIENT, 1), hex("8183 01010101 606362"));
  EXPECT_EQ(output(TW_ROLE_CLIENT, 2), hex("8183 02020202 636061"));
}

}  // namespace
}  // namespace tidewire
