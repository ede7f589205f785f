// SPDX-License-Identifier: MIT
// The engine against wslay: the same events from the same bytes, and where one fails the connection so does the other,
// with the same close code. What may differ is in g_differences; the program says in the end which of it occurred.
// Input: a byte, of which bit 0 is the role, bit 1 chooses a small limit, and the others are the length of the pieces
// that the engine is fed in (0: whole); then the stream.
#include <stdlib.h>
#include <tidewire/tidewire.h>
#include <wslay/wslay.h>

#include <algorithm>
#include <vector>

#include "tests/fuzz/fuzz_input.h"

namespace {

using tidewire::fuzz::Input;
using Bytes = std::vector<uint8_t>;

constexpr uint64_t kMaxLen = 70'000;  // of a message, in bytes
constexpr uint64_t kSmallMaxLen = 200;
constexpr uint16_t kProtocolError = 1002;
constexpr uint16_t kNoStatus = 1005;
constexpr uint16_t kInvalidPayload = 1007;

struct Event {
  uint8_t opcode;
  uint16_t code;  // of a close frame, otherwise 0
  Bytes data;
  bool operator==(const Event &) const = default;
};

// What became of a stream.
struct Outcome {
  enum End { kGoesOn, kPeerClosed, kFailed };
  std::vector<Event> events;
  End end = kGoesOn;
  uint16_t close_code = 0;  // of the close frame that tells the peer of a failure
  tw_status status = TW_OK;
  uint64_t offset = 0;  // of the failure
};

// ---- The engine ----

Event event_of(const tw_event &event) {
  const bool closes = event.type == TW_EVENT_CLOSE;
  return {event.opcode, static_cast<uint16_t>(closes ? event.code : 0), Bytes(event.data, event.data + event.len)};
}

tw_status receive(tw_conn *conn, Bytes piece, Outcome *outcome) {
  size_t done = 0;
  tw_status status = TW_NEED_ROOM;
  while (status == TW_NEED_ROOM) {
    tw_event events[8];
    size_t count = 0;
    size_t consumed = 0;
    status = tw_conn_receive(conn, piece.data() + done, piece.size() - done, events, 8, &count, &consumed);
    done += consumed;
    for (size_t i = 0; i < count; ++i) outcome->events.push_back(event_of(events[i]));
  }
  return status;
}

Outcome engine_outcome(uint32_t role, uint64_t max_len, const Bytes &stream, size_t piece_len) {
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  config.role = role;
  config.flags = TW_CONN_UPGRADED;
  config.max_frame_len = max_len;
  config.max_message_len = max_len;
  config.max_fragments = UINT32_MAX;
  tw_conn *conn = nullptr;
  FUZZ_CHECK(tw_conn_create(&config, &conn) == TW_OK);
  Outcome out;
  for (size_t done = 0; done < stream.size() && out.status == TW_OK;) {
    const size_t len = std::min(piece_len, stream.size() - done);
    const auto from = stream.begin() + static_cast<ptrdiff_t>(done);
    out.status = receive(conn, Bytes(from, from + static_cast<ptrdiff_t>(len)), &out);
    done += len;
  }
  tw_error error = TW_ERROR_INIT;
  FUZZ_CHECK(tw_conn_get_error(conn, &error) == TW_OK);
  FUZZ_CHECK(error.status == out.status);
  out.offset = error.offset;
  out.close_code = static_cast<uint16_t>(error.close_code);
  if (out.status != TW_OK)
    out.end = Outcome::kFailed;
  else if (!out.events.empty() && out.events.back().opcode == TW_OPCODE_CLOSE)
    out.end = Outcome::kPeerClosed;
  tw_conn_destroy(conn);
  return out;
}

// ---- wslay ----

// Where the frame that begins at `start` ends, which may be beyond the stream; SIZE_MAX where its header is cut.
size_t frame_end(const Bytes &stream, size_t start) {
  const size_t left = stream.size() - start;
  if (left < 2) return SIZE_MAX;
  const uint8_t *header = stream.data() + start;
  const size_t short_len = header[1] & 0x7F;
  const size_t extended = short_len == 126 ? 2 : short_len == 127 ? 8 : 0;
  const size_t header_len = 2 + extended + (header[1] >= 0x80 ? 4 : 0);
  if (left < header_len) return SIZE_MAX;
  uint64_t payload_len = extended == 0 ? short_len : 0;
  for (size_t i = 0; i < extended; ++i) payload_len = payload_len << 8 | header[2 + i];
  const uint64_t room = SIZE_MAX - start - header_len;
  return start + header_len + static_cast<size_t>(std::min(payload_len, room));
}

class Wslay {
 public:
  Wslay(uint32_t role, uint64_t max_len, const Bytes &stream) : stream_(stream) {
    wslay_event_callbacks callbacks = {};
    callbacks.recv_callback = read;
    callbacks.send_callback = write;
    callbacks.genmask_callback = make_key;
    callbacks.on_msg_recv_callback = take;
    const auto init = role == TW_ROLE_SERVER ? wslay_event_context_server_init : wslay_event_context_client_init;
    FUZZ_CHECK(init(&context_, &callbacks, this) == 0);
    wslay_event_config_set_max_recv_msg_length(context_, max_len);
  }
  ~Wslay() { wslay_event_context_free(context_); }
  Wslay(const Wslay &) = delete;
  Wslay &operator=(const Wslay &) = delete;

  Outcome run() {
    const bool bad_header = wslay_event_recv(context_) != 0;
    FUZZ_CHECK(wslay_event_send(context_) == 0);
    if (wslay_event_get_close_received(context_) != 0) {
      outcome_.end = Outcome::kPeerClosed;
    } else if (wslay_event_get_close_sent(context_) != 0) {
      outcome_.end = Outcome::kFailed;
      // A bad header is answered without a code, whereas RFC 6455 7.1.7 wants the one that fits: 1002.
      outcome_.close_code = bad_header ? kProtocolError : wslay_event_get_status_code_sent(context_);
    }
    return outcome_;
  }

 private:
  // Gives out the stream frame by frame: of a close frame that comes in pieces wslay does not validate the first two
  // bytes of each piece.
  static ssize_t read(wslay_event_context_ptr context, uint8_t *out, size_t cap, int, void *user) {
    auto *self = static_cast<Wslay *>(user);
    if (self->done_ == self->frame_end_) self->frame_end_ = frame_end(self->stream_, self->done_);
    const size_t len = std::min(cap, std::min(self->frame_end_, self->stream_.size()) - self->done_);
    if (len == 0) {
      wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
      return -1;
    }
    std::copy_n(self->stream_.begin() + static_cast<ptrdiff_t>(self->done_), len, out);
    self->done_ += len;
    return static_cast<ssize_t>(len);
  }

  static ssize_t write(wslay_event_context_ptr, const uint8_t *, size_t len, int, void *) {
    return static_cast<ssize_t>(len);
  }

  static int make_key(wslay_event_context_ptr, uint8_t *out, size_t len, void *) {
    std::fill_n(out, len, uint8_t{0});
    return 0;
  }

  static void take(wslay_event_context_ptr, const wslay_event_on_msg_recv_arg *message, void *user) {
    Event event = {message->opcode, 0, Bytes(message->msg, message->msg + message->msg_length)};
    if (event.opcode == WSLAY_CONNECTION_CLOSE) {
      event.code = message->status_code != 0 ? message->status_code : kNoStatus;
      event.data.erase(event.data.begin(),
                       event.data.begin() + static_cast<ptrdiff_t>(std::min<size_t>(event.data.size(), 2)));
    }
    static_cast<Wslay *>(user)->outcome_.events.push_back(std::move(event));
  }

  const Bytes &stream_;
  size_t done_ = 0;
  size_t frame_end_ = 0;  // of the frame that is being given out
  wslay_event_context_ptr context_ = nullptr;
  Outcome outcome_;
};

// ---- The comparison ----

struct Pair {
  uint32_t role;
  uint64_t max_len;
  const Bytes &stream;
  const Outcome &engine;
  const Outcome &wslay;
};

bool ends(const Pair &pair, Outcome::End engine, Outcome::End wslay) {
  return pair.engine.end == engine && pair.wslay.end == wslay;
}

// Where the frame begins that the stream ends in the middle of; the stream's length where all frames are whole.
size_t cut_frame(const Bytes &stream) {
  size_t start = 0;
  for (size_t end = 0; start < stream.size() && end <= stream.size(); end = frame_end(stream, start)) start = end;
  return start;
}

// The stream with something to go on with where it ends inside a frame.
Bytes longer(const Bytes &stream) {
  Bytes out = stream;
  out.resize(stream.size() + 2 * kSmallMaxLen);
  return out;
}

bool judged_early(const Pair &pair) {
  if (!ends(pair, Outcome::kFailed, Outcome::kGoesOn) || cut_frame(pair.stream) > pair.engine.offset) return false;
  const Bytes stream = longer(pair.stream);
  return Wslay(pair.role, pair.max_len, stream).run().end == Outcome::kFailed;
}

bool cut_close(const Pair &pair) {
  if (!ends(pair, Outcome::kGoesOn, Outcome::kFailed)) return false;
  const size_t start = cut_frame(pair.stream);
  if (start == pair.stream.size() || (pair.stream[start] & 0x0F) != TW_OPCODE_CLOSE) return false;
  return engine_outcome(pair.role, pair.max_len, longer(pair.stream), SIZE_MAX).end == Outcome::kFailed;
}

bool close_of_one_byte(const Pair &pair) {
  return ends(pair, Outcome::kFailed, Outcome::kPeerClosed) && pair.engine.status == TW_ERR_CLOSE_LENGTH;
}

bool newer_close_code(const Pair &pair) {
  if (!ends(pair, Outcome::kPeerClosed, Outcome::kFailed)) return false;
  const uint16_t code = pair.engine.events.back().code;
  return code >= 1012 && code <= 1014;
}

bool close_wrong_twice(const Pair &pair) {
  return ends(pair, Outcome::kFailed, Outcome::kFailed) && pair.engine.status == TW_ERR_CLOSE_CODE &&
         pair.wslay.close_code == kInvalidPayload;
}

struct Difference {
  const char *name;  // as in tests/differential/README.md, which has the reasons
  bool (*explains)(const Pair &);
  size_t count = 0;
};

Difference g_differences[] = {
    {"judged early", judged_early},           {"cut close", cut_close},
    {"close of one byte", close_of_one_byte}, {"newer close code", newer_close_code},
    {"close wrong twice", close_wrong_twice},
};

// What the test over the corpus looks for: a difference that is gone has no place in the list.
void report() {
  for (const Difference &difference : g_differences) {
    if (difference.count > 0)
      fprintf(stderr, "wslay: '%s' occurred %zu times\n", difference.name, difference.count);
    else
      fprintf(stderr, "wslay: '%s' never occurred\n", difference.name);
  }
}

// No difference excuses this one: the same events up to a close frame that one of the two may have refused.
bool same_messages(const Outcome &a, const Outcome &b) {
  const auto end = [](const Outcome &outcome) { return outcome.events.end() - (outcome.end == Outcome::kPeerClosed); };
  return std::equal(a.events.begin(), end(a), b.events.begin(), end(b));
}

bool explained(const Pair &pair) {
  for (Difference &difference : g_differences) {
    if (!difference.explains(pair)) continue;
    ++difference.count;
    return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len) {
  [[maybe_unused]] static const int registered = atexit(report);
  Input parameters(input, input_len);
  const uint8_t choice = parameters.byte();
  const uint32_t role = (choice & 1) != 0 ? TW_ROLE_CLIENT : TW_ROLE_SERVER;
  const uint64_t max_len = (choice & 2) != 0 ? kSmallMaxLen : kMaxLen;
  const size_t piece_len = choice < 4 ? SIZE_MAX : choice >> 2;
  const Bytes stream(parameters.rest(), parameters.rest() + parameters.rest_len());
  const Outcome engine = engine_outcome(role, max_len, stream, piece_len);
  const Outcome wslay = Wslay(role, max_len, stream).run();
  FUZZ_CHECK(same_messages(engine, wslay));
  const bool same = engine.events == wslay.events && engine.end == wslay.end && engine.close_code == wslay.close_code;
  FUZZ_CHECK(same || explained({role, max_len, stream, engine, wslay}));
  return 0;
}
