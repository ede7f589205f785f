// SPDX-License-Identifier: MIT
// The engine's connection behind the interface of the reference's, so that tests can put both through the same: every
// call is fed a copy that is overwritten and freed once the events were looked at.
#ifndef TIDEWIRE_TESTS_VECTORS_ENGINE_SESSION_H_
#define TIDEWIRE_TESTS_VECTORS_ENGINE_SESSION_H_

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tidewire/tidewire.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "tests/reference/connection_ref.h"
#include "tests/support/log_lines.h"

namespace tidewire::test {

// A contract that no caller could live without. Fuzzers have no GoogleTest, so that a breach ends the process.
inline void require(bool holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "the engine broke its contract: %s\n", what);
  abort();
}

// A random source that yields the same bytes again and again, 00, 01 ... ff by default; without any it fails. Lives as
// long as what uses it.
class CountingRandom {
 public:
  CountingRandom() : bytes_(256) {
    for (size_t i = 0; i < bytes_.size(); ++i) bytes_[i] = static_cast<uint8_t>(i);
  }
  explicit CountingRandom(reference::Bytes bytes) : bytes_(std::move(bytes)) {}
  tw_random c_api() { return {&fill, this}; }

 private:
  static int32_t fill(void *context, uint8_t *out, size_t len) {
    auto *self = static_cast<CountingRandom *>(context);
    if (self->bytes_.empty()) return -1;
    for (size_t i = 0; i < len; ++i) out[i] = self->bytes_[self->next_++ % self->bytes_.size()];
    return 0;
  }

  reference::Bytes bytes_;
  size_t next_ = 0;
};

// How the bytes of a frame are cut into chunks is no property of the session: those of one frame are put together.
inline std::vector<reference::Event> joined(const std::vector<reference::Event> &events) {
  std::vector<reference::Event> out;
  for (const reference::Event &event : events) {
    const bool goes_on = event.type == TW_EVENT_CHUNK && event.opcode == TW_OPCODE_CONTINUATION && !out.empty() &&
                         out.back().type == TW_EVENT_CHUNK && out.back().flags == 0 &&
                         out.back().offset == event.offset;
    if (!goes_on) {
      out.push_back(event);
      continue;
    }
    out.back().data.insert(out.back().data.end(), event.data.begin(), event.data.end());
    out.back().flags = event.flags;
  }
  return out;
}

// The calls that take input: tw_conn_receive; tw_conn_read_buffer and _commit; tw_conn_receive_into; one of them by
// turns.
enum class Intake { kReceive, kReadBuffer, kInto, kMixed };

// A call that only inflates takes nothing and brings nothing, but it comes nearer to max_message_len.
inline constexpr size_t kMaxSilentCalls = 1 << 20;

class EngineSession {
 public:
  EngineSession() = default;
  ~EngineSession() {
    if (conn_ != nullptr && log_level_ != 0) log_.check_failure(error());
    tw_conn_destroy(conn_);
  }
  EngineSession(const EngineSession &) = delete;
  EngineSession &operator=(const EngineSession &) = delete;

  // What is logged: all, unless this is called before create(); 0: nothing.
  void log_up_to(uint32_t level) { log_level_ = level; }
  const LogLines &log() const { return log_; }

  // The random source counts where config has none.
  tw_status create(tw_conn_config config) {
    const tw_random counting = random_.c_api();
    if (config.random == nullptr) config.random = &counting;
    const tw_log log = log_.c_api(log_level_);
    if (log_level_ != 0) config.log = &log;
    streams_ = (config.flags & (TW_CONN_STREAM | TW_CONN_STREAM_FRAGMENTED)) != 0;
    return tw_conn_create(&config, &conn_);
  }

  // How receive() feeds the engine from now on. `dst_cap` is the room for messages in the session's own memory.
  void take_input_by(Intake intake, size_t dst_cap = 0) {
    intake_ = intake;
    dst_.reset(new uint8_t[dst_cap]);
    dst_cap_ = dst_cap;
  }

  // Feeds all of data, and what a call leaves of it again after each TW_NEED_ROOM.
  tw_status receive(const reference::Bytes &data, size_t cap, std::vector<reference::Event> *events) {
    events_ = events;
    found_.resize(cap);
    const Intake intake = intake_ == Intake::kMixed ? next_intake() : intake_;
    return intake == Intake::kReadBuffer ? read(data) : feed(data, intake);
  }

  tw_status receive_eof() { return tw_conn_receive_eof(conn_); }
  tw_status send(uint32_t opcode, const reference::Bytes &data, uint32_t flags) {
    return tw_conn_send(conn_, opcode, data.data(), data.size(), flags);
  }
  tw_status ping(const reference::Bytes &data) { return tw_conn_ping(conn_, data.data(), data.size()); }
  tw_status pong(const reference::Bytes &data) { return tw_conn_pong(conn_, data.data(), data.size()); }
  tw_status close(uint32_t code, const reference::Bytes &reason) {
    return tw_conn_close(conn_, code, reason.data(), reason.size());
  }
  tw_status tick(uint64_t now, uint64_t *out_deadline) { return tw_conn_tick(conn_, now, out_deadline); }

  // The first bytes of the output, taken in views and consumed.
  reference::Bytes take_output(size_t len) {
    std::vector<tw_view> views(4);
    size_t count = 0;
    do {
      views.resize(views.size() * 2);
      require(tw_conn_output(conn_, views.data(), views.size(), &count) == TW_OK, "tw_conn_output");
    } while (count == views.size());
    reference::Bytes out;
    for (size_t i = 0; i < count; ++i) out.insert(out.end(), views[i].data, views[i].data + views[i].len);
    require(out.size() == output_len(), "the views show all of the output");
    out.resize(std::min(len, out.size()));
    require(tw_conn_output_consume(conn_, out.size()) == TW_OK, "tw_conn_output_consume");
    return out;
  }

  // All of the output, taken in views and consumed.
  reference::Bytes take_output() {
    reference::Bytes out;
    for (;;) {
      tw_view views[4];
      size_t count = 0;
      require(tw_conn_output(conn_, views, 4, &count) == TW_OK, "tw_conn_output");
      if (count == 0) return out;
      size_t shown = 0;
      for (size_t i = 0; i < count; ++i) {
        out.insert(out.end(), views[i].data, views[i].data + views[i].len);
        shown += views[i].len;
      }
      require(shown > 0, "views are not empty");
      require(tw_conn_output_consume(conn_, shown) == TW_OK, "tw_conn_output_consume");
    }
  }

  size_t output_len() const {
    size_t len = 0;
    require(tw_conn_output_len(conn_, &len) == TW_OK, "tw_conn_output_len");
    return len;
  }
  uint32_t state() const { return tw_conn_state(conn_); }
  uint32_t wants() const { return tw_conn_wants(conn_); }
  tw_error error() const {
    tw_error error = TW_ERROR_INIT;
    require(tw_conn_get_error(conn_, &error) == TW_OK, "tw_conn_get_error");
    return error;
  }
  reference::Failure failure() const {
    const tw_error e = error();
    return {e.status, e.close_code, e.offset};
  }
  tw_close get_close() const {
    tw_close close = {};
    require(tw_conn_get_close(conn_, &close) == TW_OK, "tw_conn_get_close");
    return close;
  }
  tw_deflate get_deflate() const {
    tw_deflate deflate = {};
    require(tw_conn_get_deflate(conn_, &deflate) == TW_OK, "tw_conn_get_deflate");
    return deflate;
  }
  tw_conn_stats stats() const {
    tw_conn_stats stats = TW_CONN_STATS_INIT;
    require(tw_conn_get_stats(conn_, &stats) == TW_OK, "tw_conn_get_stats");
    return stats;
  }
  tw_conn *get() { return conn_; }

 private:
  Intake next_intake() {
    mix_ = mix_ * 1103515245u + 12345u;
    const uint32_t choice = (mix_ >> 16) % (streams_ ? 2 : 3);
    return choice == 0 ? Intake::kReceive : choice == 1 ? Intake::kReadBuffer : Intake::kInto;
  }

  tw_status feed(const reference::Bytes &data, Intake intake) {
    reference::Bytes rest = data;
    for (size_t silent_calls = 0; silent_calls < kMaxSilentCalls; ++silent_calls) {
      const std::unique_ptr<uint8_t[]> fed(new uint8_t[rest.size()]);
      std::copy(rest.begin(), rest.end(), fed.get());
      size_t count = found_.size() + 1, consumed = rest.size() + 1;
      const tw_status status = call(intake, fed.get(), rest.size(), &count, &consumed);
      require(consumed <= rest.size(), "no more bytes consumed than fed");
      take_events(count);
      const size_t len = rest.size();
      rest.assign(fed.get() + consumed, fed.get() + len);  // as the call has left it
      memset(fed.get(), 0xDD, len);
      if (status == TW_ERR_STATE && intake != Intake::kInto) {
        require(intake_ == Intake::kMixed && count == 0 && consumed == 0, "only a message in dst is in the way");
        return feed(rest, Intake::kInto);
      }
      if (status != TW_NEED_ROOM) {
        require(rest.empty(), "all input is taken, or discarded after a failure");
        return status;
      }
      if (consumed + count > 0) silent_calls = 0;
    }
    require(false, "calls make progress");
    return TW_ERR_STATE;
  }

  tw_status call(Intake intake, uint8_t *data, size_t len, size_t *count, size_t *consumed) {
    const size_t cap = found_.size();
    if (intake == Intake::kReceive) return tw_conn_receive(conn_, data, len, found_.data(), cap, count, consumed);
    return tw_conn_receive_into(conn_, data, len, dst_.get(), dst_cap_, found_.data(), cap, count, consumed);
  }

  // As if data was what the socket had.
  tw_status read(const reference::Bytes &data) {
    size_t at = 0;
    do {
      uint8_t *room = nullptr;
      size_t room_len = 0;
      tw_status status = tw_conn_read_buffer(conn_, data.size() - at, &room, &room_len);
      const reference::Bytes rest(data.begin() + static_cast<ptrdiff_t>(at), data.end());
      if (status == TW_ERR_STATE) {
        require(intake_ == Intake::kMixed, "only a message in dst is in the way");
        return feed(rest, Intake::kInto);
      }
      if (status != TW_OK) return feed(rest, Intake::kReceive);  // without memory the connection goes on
      require(room_len > 0, "there is room");
      const size_t len = std::min(room_len, rest.size());
      std::copy(rest.begin(), rest.begin() + static_cast<ptrdiff_t>(len), room);
      at += len;
      status = commit(len);
      if (status != TW_OK) return status;
    } while (at < data.size());
    return TW_OK;
  }

  tw_status commit(size_t len) {
    for (size_t silent_calls = 0; silent_calls < kMaxSilentCalls; ++silent_calls) {
      size_t count = found_.size() + 1;
      const tw_status status = tw_conn_read_commit(conn_, len, found_.data(), found_.size(), &count);
      take_events(count);
      if (status != TW_NEED_ROOM) return status;
      if (count > 0) silent_calls = 0;
      len = 0;
    }
    require(false, "calls make progress");
    return TW_ERR_STATE;
  }

  void take_events(size_t count) {
    require(count <= found_.size(), "no more events than there is room for");
    for (size_t i = 0; i < count; ++i) {
      const tw_event &event = found_[i];
      events_->push_back(as_event(event));
      const bool in_dst = event.type == TW_EVENT_MESSAGE && event.len > 0 && event.data == dst_.get();
      if (intake_ == Intake::kInto && event.type == TW_EVENT_MESSAGE && event.len > 0) {
        require(in_dst == (event.len <= dst_cap_), "a message is in dst where it fits");
      }
      if (in_dst) memset(dst_.get(), 0xDD, dst_cap_);
    }
  }

  reference::Event as_event(const tw_event &event) {
    require(event.reserved == 0, "reserved is 0");
    if (event.type == TW_EVENT_CHUNK) {
      const bool last = event.flags == TW_FRAME_FIN;
      require(in_chunks_ == (event.opcode == TW_OPCODE_CONTINUATION), "the first chunk has the message's opcode");
      require(last || event.len > 0, "only the last chunk may be empty");
      in_chunks_ = !last;
    }
    return {event.type, event.opcode, event.flags,
            event.code, event.offset, reference::Bytes(event.data, event.data + event.len)};
  }

  CountingRandom random_;
  LogLines log_;
  uint32_t log_level_ = TW_LOG_DEBUG;
  tw_conn *conn_ = nullptr;
  bool streams_ = false;
  bool in_chunks_ = false;  // of a message whose last one is still to come
  Intake intake_ = Intake::kReceive;
  uint32_t mix_ = 1;  // what a mixed intake is chosen by
  std::unique_ptr<uint8_t[]> dst_;
  size_t dst_cap_ = 0;
  std::vector<tw_event> found_;                      // by the last call
  std::vector<reference::Event> *events_ = nullptr;  // where they go
};

inline reference::Bytes refusal(tw_status reason) {
  size_t len = 0;
  require(tw_refusal_build(reason, nullptr, 0, &len) == TW_NEED_ROOM, "tw_refusal_build measures");
  reference::Bytes out(len);
  require(tw_refusal_build(reason, out.data(), len, &len) == TW_OK, "tw_refusal_build needs what it measured");
  return out;
}

// What a role makes of a head, from the functions of the handshake: they have tests of their own, the connection that
// calls them must come to the same. `key` is a client's.
inline reference::Opening opening(uint32_t role, const tw_handshake_config &config, const reference::Bytes &key,
                                  const reference::Bytes &received) {
  reference::Opening out = {};
  tw_head head;
  require(tw_head_init(&head, role, &config) == TW_OK, "tw_head_init");
  out.status = tw_head_parse(&head, received.data(), received.size(), &out.head_len);
  if (out.status == TW_NEED_INPUT) return out;
  tw_agreement agreement = {};
  if (out.status != TW_OK) {
    out.offset = out.head_len;
  } else if (role == TW_ROLE_SERVER) {
    out.status = tw_request_check(&head, received.data(), &config, &agreement);
  } else {
    out.status = tw_response_check(&head, received.data(), &config, key.data(), &agreement);
  }
  if (role == TW_ROLE_SERVER && out.status != TW_OK) out.reply = refusal(out.status);
  if (out.status != TW_OK) return out;
  out.subprotocol = agreement.subprotocol;
  out.deflate = agreement.deflate;
  out.deflate.flags &= TW_DEFLATE_SEND_TAKEOVER | TW_DEFLATE_RECEIVE_TAKEOVER;  // the rest is for the response alone
  if (role == TW_ROLE_CLIENT) return out;
  size_t len = 0;
  require(tw_response_build(&config, &agreement, nullptr, 0, &len) == TW_NEED_ROOM, "tw_response_build measures");
  out.reply.resize(len);
  require(tw_response_build(&config, &agreement, out.reply.data(), len, &len) == TW_OK, "tw_response_build");
  return out;
}

// The reference, set up as an EngineSession with the same configuration is, whose handshake outlives it.
inline reference::Connection make_reference(const tw_conn_config &config) {
  if ((config.flags & TW_CONN_UPGRADED) != 0) return reference::Connection(config);
  tw_handshake_config wish = TW_HANDSHAKE_CONFIG_INIT;
  if (config.handshake != nullptr) wish = *config.handshake;
  wish.deflate = config.deflate;
  reference::Handshake handshake;
  reference::Bytes key;
  if (config.role == TW_ROLE_CLIENT) {
    CountingRandom random;
    const tw_random source = random.c_api();
    key.resize(TW_KEY_LEN);
    require(tw_key_generate(&source, key.data()) == TW_OK, "tw_key_generate");
    handshake.random_len = 16;
    size_t len = 0;
    require(tw_request_build(&wish, key.data(), nullptr, 0, &len) == TW_NEED_ROOM, "tw_request_build measures");
    handshake.request.resize(len);
    require(tw_request_build(&wish, key.data(), handshake.request.data(), len, &len) == TW_OK, "tw_request_build");
  }
  handshake.read = [role = config.role, wish, key](const reference::Bytes &received) {
    return opening(role, wish, key, received);
  };
  handshake.refuse = refusal;
  return {config, handshake};
}

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_VECTORS_ENGINE_SESSION_H_
