// SPDX-License-Identifier: MIT
// One side of a WebSocket connection as a function of the bytes that arrive, the calls that are made and the times that
// are told. Knows no socket, clock or thread.
#ifndef TIDEWIRE_CORE_CONNECTION_CONNECTION_H_
#define TIDEWIRE_CORE_CONNECTION_CONNECTION_H_

#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/status.h"
#include "core/buffer/lease.h"
#include "core/buffer/output_queue.h"
#include "core/connection/config.h"
#include "core/connection/event.h"
#include "core/message/assembler.h"
#include "core/message/send_flags.h"
#include "core/wire/frame_header.h"

namespace tidewire {

enum class State : uint8_t { kConnecting, kOpen, kClosing, kClosed };

// tw_conn_wants
enum Want : uint32_t { kWantRead = 1, kWantWrite = 2, kWantClose = 4, kWantPause = 8 };

// In the layout of tw_message.
struct OutgoingMessage {
  ByteView payload;
  uint32_t opcode;
  uint32_t flags;  // SendFlag
};

enum class Cause : uint8_t { kNobody, kUs, kPeer, kError };

// tw_conn_stats without its size.
struct ConnectionStats {
  uint64_t bytes_received = 0;
  uint64_t bytes_sent = 0;
  uint64_t messages_received = 0;
  uint64_t messages_sent = 0;
  uint64_t frames_received = 0;
  uint64_t frames_sent = 0;
  uint64_t control_frames_received = 0;
  uint64_t control_frames_sent = 0;
  uint64_t deflated_received_len = 0;
  uint64_t inflated_received_len = 0;
  uint64_t deflated_sent_len = 0;
  uint64_t inflated_sent_len = 0;
  uint64_t held_len = 0;
  uint64_t context_len = 0;
  uint64_t rtt_ns = 0;
};

struct Opening;
struct Codec;
class Prepared;
struct PreparedFrame;
class SharedLease;

class Connection {
 public:
  static Status create(const ConnectionConfig &config, Connection **out);
  static void destroy(Connection *connection);

  // receive.cc
  Status receive(MutBytes data, Event *events, size_t cap, size_t *out_count, size_t *out_consumed);
  Status receive_eof();

  // reading.cc
  Status read_buffer(size_t hint, MutBytes *out);
  Status read_commit(size_t len, Event *events, size_t cap, size_t *out_count);
  Status receive_into(MutBytes data, MutBytes dst, Event *events, size_t cap, size_t *out_count, size_t *out_consumed);
  Status detach(const Event &event, SharedLease **out_lease, uint8_t **out_data);

  // send.cc
  Status send(uint8_t opcode, ByteView payload, uint32_t flags);
  Status send_control(uint8_t opcode, ByteView payload);
  size_t output(ByteView *views, size_t cap);
  size_t output_len() const { return output_.size(); }
  Status consume_output(size_t len);

  // send_batch.cc
  Status send_batch(const OutgoingMessage *messages, size_t count, size_t *out_count);

  // send_prepared.cc
  Status send_prepared(Prepared *prepared);

  // closing.cc
  Status close(uint32_t code, ByteView reason);

  // timers.cc
  Status tick(uint64_t now, uint64_t *out_next_deadline);

  State state() const { return state_; }
  uint32_t wants() const;

  // kNoMemory changes nothing.
  Status set_max_message_len(uint64_t max_message_len);

  Status error() const { return error_; }
  uint64_t error_offset() const { return error_ == Status::kOk ? 0 : error_offset_; }
  // The close code that answered the failure, 1006 where none did, 0 in the handshake.
  uint32_t error_close_code() const;

  Cause cause() const { return cause_; }
  uint16_t local_close_code() const { return close_sent_ ? local_code_ : uint16_t{0}; }
  uint16_t remote_close_code() const { return remote_code_; }
  DeflateTerms deflate_terms() const;
  ConnectionStats stats() const;

 private:
  // One call that takes input: what was fed, and what was made of it so far.
  struct Input {
    uint8_t *data;
    size_t len;
    size_t pos;
    Event *events;
    size_t cap;
    size_t count;
    uint64_t inflate_left;  // bytes
    bool one_message;       // it ends the call, and is put together in dst where it fits
    MutBytes dst;

    size_t left() const { return len - pos; }
  };

  Connection(const Settings *settings, Role role);
  static void dispose(Connection *connection);
  void drop_codec();

  // opening.cc
  Status start_opening(const HandshakeConfig &config);
  Status read_head(Input *in);
  Status gather_head(Input *in, size_t *out_head_len, uint8_t **out_head, size_t *out_used);
  Status keep_head(const uint8_t *fed, size_t len);
  Status finish_opening(uint8_t *head, size_t head_len, Input *in);
  Status open(const DeflateTerms &terms);
  template <class Build>
  Status queue_head(Build build);
  void queue_refusal(Status reason);
  void drop_opening();

  // receive.cc
  Status make_way(MutBytes dst);
  Status read(Input *in);
  Status read_frames(Input *in);
  Status read_messages(Input *in);
  Status read_frame(Input *in);
  Status read_header(Input *in, FrameHeader *out);
  Status start_frame(const FrameHeader &header, MutBytes dst);
  bool streams(const FrameHeader &first) const;
  Status start_message(const FrameHeader &header, size_t room, MutBytes dst);
  Status start_control();
  Status read_data(Input *in);
  void advance(Input *in, size_t len);
  void finish_frame(Input *in);
  void add_chunk(Input *in, MutBytes data, bool last);
  Status read_control(Input *in);
  Status finish_control(uint8_t *payload, Input *in);
  Status answer_ping(ByteView payload);
  void add_event(Input *in, EventType type, uint8_t opcode, MutBytes data, uint32_t code = 0, uint8_t flags = kFin);
  void deliver(Lease *lease);

  // reading.cc
  bool is_bound_to_other(MutBytes dst) const;
  void release_room();
  bool reads_into_message() const;
  MutBytes room();
  MutBytes unread();
  void keep_unread(MutBytes bytes);
  uint64_t read_buffer_len() const;
  bool grow_reads();
  void follow_reads(size_t len, size_t cap);
  void drop_message();

  // inflate.cc
  Status read_deflated(Input *in);
  Status start_piece(Assembler *piece);
  void deliver_piece(Input *in, Assembler *piece, bool last);
  Status inflate(Input *in, ByteView *from, bool last, Assembler *to);
  Status inflate_slice(Input *in, ByteView *slice, bool finish, Assembler *to);
  uint64_t delivered_len(const Assembler &to) const;
  Status check_ratio(const Assembler &to) const;
  void release_inflater();

  // closing.cc
  Status read_close(uint8_t *payload, size_t len, Input *in);
  void begin_closing(Cause cause);
  void plan_close(uint32_t code);
  void carry_out_close();
  Status queue_close(uint32_t code, ByteView reason);
  Status fail(Status status, uint64_t offset, ByteView evidence = {});
  void stop_reading();
  void drop_pong();

  // send_plain.h
  size_t plain_payload_end() const;
  Status reserve_plain(size_t len, MutBytes *out);
  Status send_plain(const OutgoingMessage *messages, size_t count, size_t *out_count);

  // send.cc
  Status send_any(uint8_t opcode, ByteView payload, uint32_t flags);
  Status queue_message(uint8_t first, ByteView payload, uint32_t flags);
  Status queue_borrowed(uint8_t first, ByteView payload);
  Status queue_frame(uint8_t first, ByteView payload, uint64_t max_output_len);
  Status queue_control(uint8_t opcode, ByteView payload, uint64_t max_output_len);
  Status reserve_frame(size_t payload_len, uint64_t max_output_len, FrameHeader *header, uint8_t **out);
  Status admit_frame(size_t payload_len, uint64_t max_output_len, FrameHeader *header);
  void commit_frame(uint8_t first, size_t len);
  void count_frame(uint8_t first, size_t len);
  void commit_output(size_t len) {
    output_.commit(len);
    count_output(len);
  }
  void count_output(size_t len) {
    sent_ += len;
    if (output_.size() >= settings().output_high_len && !paused_) pause();
  }
  void pause();
  void resume();
  bool borrows(size_t len, uint32_t flags) const;
  void send_pending_pong();
  Status next_key(uint32_t *out);

  // send_batch.cc
  Status send_one(const OutgoingMessage &message);
  Status send_masked(const OutgoingMessage *messages, size_t count, size_t *out_count);
  Status next_keys(uint32_t *out, size_t count);

  // send_prepared.cc
  Status queue_prepared(const PreparedFrame &frame);

  // deflate_send.cc
  bool wants_deflate(size_t len, uint32_t flags) const;
  bool start_deflated(ByteView payload, uint32_t flags);
  Status queue_deflated(uint8_t first, ByteView payload, bool last);
  void release_deflater();

  // timers.cc
  Status check_timeouts();
  Status expire_closing();
  void send_keepalive();
  bool take_keepalive(ByteView pong);
  uint64_t next_deadline() const;
  bool passed(uint64_t start, uint64_t timeout) const { return timeout != kNever && now_ - start >= timeout; }

  // log.cc; each only where logs() says that its level is wanted
  void log_opened(const char *subprotocol, const DeflateTerms &deflate) const;
  void log_close(const char *verb, uint32_t code, ByteView reason, uint64_t received_len) const;
  void log_closed(ByteView reason, uint64_t received_len) const;
  void log_destroyed() const;
  void log_control(const char *verb, uint8_t opcode, size_t payload_len) const;
  void log_output(const char *what) const;
  void tell_totals(TextWriter *line, uint64_t received_len) const;

  // log_failure.cc
  void log_failure(ByteView evidence) const;
  void tell_where_cut(TextWriter *line) const;
  void tell_answer(TextWriter *line) const;

  bool logs(LogLevel level) const { return settings().log.level >= level; }
  const char *role_name() const { return client() ? "client" : "server"; }

  const Settings &settings() const { return static_cast<const Settings &>(lender_.source()); }
  // Bytes that a message with so many may still get; the limit may have been set below what there is already.
  uint64_t left_of_message(uint64_t have) const {
    const uint64_t max_len = settings().max_message_len;
    return max_len > have ? max_len - have : 0;
  }
  const Kernels &kernels() const { return kernels_of(isa_); }
  bool has(ConnFlag flag) const { return (settings().flags & flag) != 0; }
  bool can_send() const { return state_ == State::kOpen || can_still_send(); }
  bool can_still_send() const;
  bool reads() const;
  bool client() const { return role_ == Role::kClient; }
  Codec *codec() const { return opened_ ? codec_ : nullptr; }
  uint32_t frame_rules() const;
  // Where the frame that is being read starts in the stream, with the input read up to in.pos.
  uint64_t frame_offset(const Input &in) const { return received_ + in.pos - payload_done_ - frame_.header_len; }

  Lender lender_;  // its source is the settings
  Assembler assembler_;
  OutputQueue output_;
  Lease *read_ = nullptr;       // what is read into, unless it is the message under way; then with the last events
  Lease *control_ = nullptr;    // payload of a control frame that was cut
  Lease *pong_ = nullptr;       // payload of a pong that waits for room, its length first
  Lease *delivered_ = nullptr;  // what the events of the last call point into
  union {
    Opening *opening_;  // until opened_
    Codec *codec_;      // then, where compression was negotiated
  };

  uint64_t received_ = 0;  // bytes of the stream before the input at hand
  uint64_t sent_ = 0;      // bytes queued
  union {
    uint64_t payload_done_;  // bytes of frame_'s payload that were read
    uint64_t error_offset_;  // once failed
  };
  union {
    FrameHeader frame_;           // while its payload is read
    uint8_t header_[kMaxHeader];  // of a frame cut inside its header
  };

  uint64_t now_ = 0;      // ns, as told last
  uint64_t since_ = 0;    // start of the handshake; last input while open; start of closing
  uint64_t ping_at_ = 0;  // the last keepalive, or the start of its clock
  uint32_t rtt_us_ = 0;
  uint32_t control_second_ = 0;  // of now_, and the control frames received in it
  uint32_t control_count_ = 0;

  uint32_t control_frames_received_ = 0;
  uint32_t control_frames_sent_ = 0;
  Status error_ = Status::kOk;
  uint64_t messages_received_ = 0;
  uint64_t messages_sent_ = 0;
  uint64_t frames_received_ = 0;
  uint64_t frames_sent_ = 0;

  uint16_t local_code_ = 0;  // planned, or sent
  uint16_t remote_code_ = 0;
  Role role_;
  State state_ = State::kConnecting;
  Cause cause_ = Cause::kNobody;
  uint8_t send_opcode_ = 0;  // of the fragmented message that is being sent; 0: none
  Utf8State send_utf8_;
  uint8_t header_have_ = 0;  // bytes in header_
  uint8_t keys_left_ = 0;    // at the end of keys_
  Isa isa_;
  bool close_sent_ : 1 = false;
  bool close_received_ : 1 = false;
  bool close_planned_ : 1 = false;        // state kClosing; local_code_ is sent when the output is looked at
  bool in_payload_ : 1 = false;           // frame_ is valid
  bool opened_ : 1 = false;               // the handshake is over
  bool ticked_ : 1 = false;               // now_ is known
  bool pinged_ : 1 = false;               // a keepalive is not answered yet
  bool paused_ : 1 = false;               // the output went over its high mark, and not yet under its low one
  bool send_deflated_ : 1 = false;        // the message that is being sent is compressed
  bool reading_ : 1 = false;              // room was handed out, or bytes in it were not looked at yet
  uint8_t read_growth_ : 4 = 0;           // how often the length of reads has doubled
  uint8_t small_reads_ : 2 = 0;           // that came in a row
  static constexpr size_t kKeyCount = 8;  // one call of the random source serves so many frames
  uint32_t keys_[kKeyCount];
};

static_assert(sizeof(Connection) <= 256, "an idle connection holds at most 256 bytes");

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_CONNECTION_CONNECTION_H_
