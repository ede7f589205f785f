// SPDX-License-Identifier: MIT
// The engine, fed in pieces, and the reference, fed whole, go through a SessionScript side by side; the first
// difference ends the process. What is not compared: lengths held, and bytes that a compressor chooses.
#ifndef TIDEWIRE_TESTS_VECTORS_SIDE_BY_SIDE_H_
#define TIDEWIRE_TESTS_VECTORS_SIDE_BY_SIDE_H_

#include <stddef.h>
#include <stdint.h>
#include <tidewire/tidewire.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "tests/reference/connection_ref.h"
#include "tests/support/output_reader.h"
#include "tests/vectors/any_send.h"
#include "tests/vectors/engine_session.h"
#include "tests/vectors/session_script.h"

namespace tidewire::test {

// A pool that must be idle when it goes.
class IdlePool {
 public:
  explicit IdlePool(const tw_allocator *allocator = nullptr) {
    tw_pool_config config = TW_POOL_CONFIG_INIT;
    config.allocator = allocator;
    require(tw_pool_create(&config, &pool_) == TW_OK, "tw_pool_create");
  }
  ~IdlePool() {
    tw_pool_stats stats = TW_POOL_STATS_INIT;
    require(tw_pool_get_stats(pool_, &stats) == TW_OK, "tw_pool_get_stats");
    require(stats.in_use_len == 0, "a destroyed connection gives its buffers back");
    tw_pool_destroy(pool_);
  }
  IdlePool(const IdlePool &) = delete;
  IdlePool &operator=(const IdlePool &) = delete;
  tw_pool *get() { return pool_; }

 private:
  tw_pool *pool_ = nullptr;
};

class SideBySide {
 public:
  explicit SideBySide(const SessionScript &script)
      : script_(script),
        cuts_(script.cut_seed()),
        reference_(make_reference(script.config())),
        reader_(script.config().role),
        expected_reader_(script.config().role) {
    tw_conn_config config = script.config();
    config.min_borrow_len = kAnySendMinBorrowLen;
    if (script.pooled()) config.pool = pool_.emplace().get();
    if (script.cut_seed() % 2 == 0) engine_.log_up_to(0);
    require(engine_.create(config) == TW_OK, "a good configuration makes a connection");
    engine_.take_input_by(Intake::kMixed, 64);
  }

  void run() {
    compare_state();
    const std::vector<SessionStep> &steps = script_.steps();
    for (size_t i = 0; i < steps.size();) {
      size_t sends = 0;
      while (i + sends < steps.size() && steps[i + sends].action == SessionStep::Action::kSend) ++sends;
      if (sends == 0) {
        run_step(steps[i++]);
      } else {
        i += send(&steps[i], sends);
      }
    }
    take_output(SIZE_MAX);
  }

  // Events seen and failures met, so that a test can tell that its sessions are not all alike.
  size_t event_count() const { return event_count_; }
  tw_status failure() const { return engine_.failure().status; }
  tw_conn_stats stats() const { return engine_.stats(); }

 private:
  void run_step(const SessionStep &step) {
    using Action = SessionStep::Action;
    const reference::Bytes &data = step.data;
    switch (step.action) {
      case Action::kFeed: return feed(data);
      case Action::kEof: return compare_call(engine_.receive_eof(), reference_.receive_eof());
      case Action::kSend: send(&step, 1); return;
      case Action::kPing: return compare_call(engine_.ping(data), reference_.ping(data));
      case Action::kPong: return compare_call(engine_.pong(data), reference_.pong(data));
      case Action::kClose: return compare_call(engine_.close(step.code, data), reference_.close(step.code, data));
      case Action::kOutput: return take_output(step.len);
      case Action::kTick: {
        uint64_t deadline = 0, expected = 0;
        compare_call(engine_.tick(step.now, &deadline), reference_.tick(step.now, &expected));
        require(deadline == expected, "the deadline is that of the reference");
        std::vector<reference::Event> none;
        return require(engine_.receive({}, 1, &none) == failure() && none.empty(), "an empty input is none");
      }
    }
  }

  // Returns how many of the steps are done.
  size_t send(const SessionStep *steps, size_t count) {
    const AnySender::Result result = sender_.send(&engine_, steps, count, &cuts_);
    for (size_t i = 0; i < result.count; ++i) {
      const tw_status expected = reference_.send(steps[i].opcode, steps[i].data, steps[i].flags);
      require((i + 1 < result.count ? TW_OK : result.status) == expected, "send has the status of the reference");
    }
    compare_state();
    return result.count;
  }

  void feed(const reference::Bytes &data) {
    std::vector<reference::Event> events, expected;
    tw_status status = TW_OK;
    size_t at = 0;
    do {
      const size_t len = std::min(data.size() - at, cuts_.next(data.size() > 500 ? 2000 : 24));
      const auto begin = data.begin() + static_cast<ptrdiff_t>(at);
      const reference::Bytes piece(begin, begin + static_cast<ptrdiff_t>(len));
      status = engine_.receive(piece, cuts_.next(4), &events);
      at += len;
    } while (status == TW_OK && at < data.size());
    require(status == reference_.receive(data, &expected), "receive has the status of the reference");
    events = joined(events);
    require(events == expected, "receive has the events of the reference");
    event_count_ += events.size();
    compare_state();
  }

  void compare_call(tw_status status, tw_status expected) {
    require(status == expected, "the call has the status of the reference");
    compare_state();
  }

  void compare_state() {
    require(engine_.state() == reference_.state(), "the state is that of the reference");
    require(engine_.failure() == reference_.failure(), "the error is that of the reference");
    require(engine_.wants() == reference_.wants(), "what is wanted is that of the reference");
    const tw_close close = engine_.get_close(), expected_close = reference_.get_close();
    require(close.local_code == expected_close.local_code && close.remote_code == expected_close.remote_code &&
                close.cause == expected_close.cause,
            "the close codes are those of the reference");
    const tw_deflate deflate = engine_.get_deflate(), expected_deflate = reference_.get_deflate();
    require(deflate.enabled == expected_deflate.enabled && deflate.flags == expected_deflate.flags &&
                deflate.send_window_bits == expected_deflate.send_window_bits &&
                deflate.receive_window_bits == expected_deflate.receive_window_bits,
            "what was negotiated is that of the reference");
    compare_stats();
  }

  void compare_stats() {
    const tw_conn_stats stats = engine_.stats(), expected = reference_.stats();
    require(stats.bytes_received == expected.bytes_received, "bytes_received");
    require(stats.messages_received == expected.messages_received, "messages_received");
    require(stats.messages_sent == expected.messages_sent, "messages_sent");
    require(stats.frames_received == expected.frames_received, "frames_received");
    require(stats.frames_sent == expected.frames_sent, "frames_sent");
    require(stats.control_frames_received == expected.control_frames_received, "control_frames_received");
    require(stats.control_frames_sent == expected.control_frames_sent, "control_frames_sent");
    require(stats.deflated_received_len == expected.deflated_received_len, "deflated_received_len");
    require(stats.inflated_received_len == expected.inflated_received_len, "inflated_received_len");
    require(stats.rtt_ns == expected.rtt_ns, "rtt_ns");
    require(stats.context_len <= stats.held_len, "what is kept is held");
    if (!script_.compresses()) require(stats.bytes_sent == expected.bytes_sent, "bytes_sent");
  }

  void take_output(size_t len) {
    const reference::Bytes expected = len == SIZE_MAX ? reference_.take_output() : reference_.take_output(len);
    const reference::Bytes output = len == SIZE_MAX ? engine_.take_output() : engine_.take_output(len);
    if (script_.compresses()) {
      compare_meaning(output, expected);
    } else {
      require(output == expected, "the output is that of the reference");
    }
    require(script_.compresses() || engine_.output_len() == reference_.output_len(), "as much is queued as expected");
    if (engine_.output_len() == 0) sender_.release();
    compare_state();
  }

  void compare_meaning(const reference::Bytes &output, const reference::Bytes &expected_output) {
    const tw_deflate terms = engine_.get_deflate();
    std::vector<OutputFrame> frames, expected;
    require(reader_.read(output, terms, &frames), "the output is made of good frames");
    require(expected_reader_.read(expected_output, terms, &expected), "the reference's output is made of good frames");
    require(frames.size() == expected.size(), "the output has as many frames as the reference's");
    for (size_t i = 0; i < frames.size(); ++i) compare_frame(frames[i], expected[i]);
    const tw_conn_stats stats = engine_.stats();
    if (engine_.failure().status < 0) return;  // output may have been given up
    require(stats.deflated_sent_len == reader_.deflated_len(), "deflated_sent_len");
    require(stats.inflated_sent_len == reader_.inflated_len(), "inflated_sent_len");
  }

  // A whole message that compression would not shorten may go as it is where no context is to be kept.
  void compare_frame(const OutputFrame &frame, const OutputFrame &expected) {
    require(frame.key == expected.key, "a frame has the key of the reference's");
    require(frame.meaning == expected.meaning, "a frame means what the reference's does");
    const bool takeover = (engine_.get_deflate().flags & TW_DEFLATE_SEND_TAKEOVER) != 0;
    const bool choice = !takeover && (expected.first & TW_FRAME_RSV1) != 0 && (expected.first & TW_FRAME_FIN) != 0;
    const bool plain = (frame.first & TW_FRAME_RSV1) == 0;
    const uint8_t allowed = choice && plain ? TW_FRAME_RSV1 : 0;
    require((frame.first | allowed) == expected.first, "a frame has the first byte of the reference's");
    if (!choice || plain || frame.meaning.empty()) return;
    require(frame.payload_len < frame.meaning.size(), "compression that gains nothing is left out");
  }

  const SessionScript &script_;
  Cuts cuts_;
  reference::Connection reference_;
  std::optional<IdlePool> pool_;  // outlives the engine, as does what the sender lends it
  AnySender sender_;
  EngineSession engine_;
  OutputReader reader_, expected_reader_;
  size_t event_count_ = 0;
};

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_VECTORS_SIDE_BY_SIDE_H_
