// SPDX-License-Identifier: MIT
// Plays a SessionScript on an engine alone, and writes down all that it shows.
#ifndef TIDEWIRE_TESTS_UNIT_CONNECTION_SCRIPT_PLAYER_H_
#define TIDEWIRE_TESTS_UNIT_CONNECTION_SCRIPT_PLAYER_H_

#include <stddef.h>
#include <stdint.h>
#include <tidewire/tidewire.h>

#include <algorithm>
#include <vector>

#include "tests/support/test_bytes.h"
#include "tests/vectors/engine_session.h"
#include "tests/vectors/session_script.h"

namespace tidewire::test {

// How input is fed: in pieces of at most `piece` bytes, or cut by `seed` where that is not 0, with room for `cap`
// events, by which call, and with how many bytes of room where that takes memory of the caller's.
struct Feeding {
  size_t piece = SIZE_MAX;
  size_t cap = 64;
  uint32_t seed = 0;
  Intake intake = Intake::kReceive;
  size_t dst_cap = 100;
};

// What a call brought.
struct Played {
  tw_status status = TW_OK;
  std::vector<reference::Event> events;
  Bytes output;
  uint64_t deadline = 0;
};

class ScriptPlayer {
 public:
  explicit ScriptPlayer(const Feeding &feeding = {}) : feeding_(feeding), cuts_(feeding.seed) {
    engine_.take_input_by(feeding.intake, feeding.dst_cap);
  }

  tw_status create(const tw_conn_config &config) { return engine_.create(config); }

  Played play(const SessionStep &step) {
    using Action = SessionStep::Action;
    Played out;
    switch (step.action) {
      case Action::kFeed: out.status = feed(step.data, &out.events); break;
      case Action::kEof: out.status = engine_.receive_eof(); break;
      case Action::kSend: out.status = engine_.send(step.opcode, step.data, step.flags); break;
      case Action::kPing: out.status = engine_.ping(step.data); break;
      case Action::kPong: out.status = engine_.pong(step.data); break;
      case Action::kClose: out.status = engine_.close(step.code, step.data); break;
      case Action::kOutput: out.output = take_output(step.len); break;
      case Action::kTick: out.status = engine_.tick(step.now, &out.deadline); break;
    }
    return out;
  }
  Bytes take_output(size_t len = SIZE_MAX) {
    return len == SIZE_MAX ? engine_.take_output() : engine_.take_output(len);
  }

  const EngineSession &engine() const { return engine_; }

 private:
  tw_status feed(const Bytes &data, std::vector<reference::Event> *events) {
    tw_status status = TW_OK;
    for (size_t at = 0; status == TW_OK && at < data.size();) {
      const size_t most = feeding_.seed == 0 ? feeding_.piece : cuts_.next(40);
      const size_t len = std::min(data.size() - at, most);
      const auto begin = data.begin() + static_cast<ptrdiff_t>(at);
      status = engine_.receive(Bytes(begin, begin + static_cast<ptrdiff_t>(len)), feeding_.cap, events);
      at += len;
    }
    *events = joined(*events);
    return status;
  }

  Feeding feeding_;
  Cuts cuts_;
  EngineSession engine_;
};

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_UNIT_CONNECTION_SCRIPT_PLAYER_H_
