// SPDX-License-Identifier: MIT
// One side of a WebSocket connection as a function of the bytes that arrive and the calls that are made. Knows no
// socket, clock or thread.
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
#include "core/wire/frame_header.h"

namespace tidewire {

enum class State : uint8_t { kConnecting, kOpen, kClosing, kClosed };

// tw_conn_wants
enum Want : uint32_t { kWantRead = 1, kWantWrite = 2, kWantClose = 4 };

// tw_conn_send
enum SendFlag : uint32_t { kSendMore = 1, kSendValidUtf8 = 2 };

struct Opening;

class Connection {
 public:
  static Status create(const ConnectionConfig &config, Connection **out);
  static void destroy(Connection *connection);

  // receive.cc
  Status receive(MutBytes data, Event *events, size_t cap, size_t *out_count, size_t *out_consumed);
  Status receive_eof();

  // send.cc
  Status send(uint8_t opcode, ByteView payload, uint32_t flags);
  Status send_control(uint8_t opcode, ByteView payload);
  size_t output(ByteView *views, size_t cap);
  size_t output_len() const { return output_.size(); }
  Status consume_output(size_t len);

  // closing.cc
  Status close(uint32_t code, ByteView reason);

  State state() const { return state_; }
  uint32_t wants() const;

  Status error() const { return error_; }
  uint64_t error_offset() const { return error_offset_; }
  // The close code that answered the failure, 1006 where none did, 0 in the handshake.
  uint32_t error_close_code() const { return error_close_code_; }

 private:
  // One call of receive: what was fed, and what was made of it so far.
  struct Input {
    uint8_t *data;
    size_t len;
    size_t pos;
    Event *events;
    size_t cap;
    size_t count;

    size_t left() const { return len - pos; }
  };

  explicit Connection(const ConnectionConfig &config);

  // opening.cc
  Status start_opening(const HandshakeConfig &config);
  Status read_head(Input *in);
  Status gather_head(Input *in, size_t *out_head_len, uint8_t **out_head, size_t *out_used);
  bool keep_head(const uint8_t *fed, size_t len);
  Status finish_opening(uint8_t *head, size_t head_len, Input *in);
  template <class Build>
  Status queue_head(Build build);
  void queue_refusal(Status reason);
  void drop_opening();

  // receive.cc
  Status read_frames(Input *in);
  Status read_messages(Input *in);
  Status read_frame(Input *in);
  Status read_header(Input *in, FrameHeader *out);
  Status start_frame(const FrameHeader &header);
  Status read_data(Input *in);
  void finish_message(Input *in);
  Status read_control(Input *in);
  Status finish_control(uint8_t *payload, Input *in);
  void add_event(Input *in, EventType type, uint8_t opcode, uint8_t *data, size_t len, uint32_t code = 0);
  void deliver(Lease *lease);

  // closing.cc
  Status read_close(uint8_t *payload, size_t len, Input *in);
  void plan_close(uint32_t code);
  void carry_out_close();
  Status queue_close(uint32_t code, ByteView reason);
  Status fail(Status status, uint64_t offset);

  // send.cc
  Status queue_frame(uint8_t first, ByteView payload, uint64_t max_output_len);
  Status next_key(uint32_t *out);

  bool can_send() const { return state_ == State::kOpen || close_planned_; }
  bool client() const { return role_ == Role::kClient; }
  uint32_t frame_rules() const { return (client() ? kRequireUnmasked : kRequireMasked) | kValidateText; }
  // Where the frame that is being read starts in the stream, with the input read up to in.pos.
  uint64_t frame_offset(const Input &in) const { return received_ + in.pos - payload_done_ - frame_.header_len; }

  const Kernels *kernels_;
  LeaseSource source_;
  RandomSource random_;
  uint64_t max_frame_len_;
  uint64_t max_message_len_;
  uint64_t max_output_len_;
  uint32_t max_fragments_;

  Role role_;
  State state_ = State::kConnecting;
  bool close_sent_ = false;
  bool close_received_ = false;
  bool close_planned_ = false;  // state kClosing; planned_code_ is sent when the output is looked at
  uint16_t planned_code_ = 0;
  uint8_t send_opcode_ = 0;  // of the fragmented message that is being sent; 0: none
  Utf8State send_utf8_;

  bool in_payload_ = false;    // frame_ is valid
  uint8_t header_have_ = 0;    // bytes in header_
  uint8_t keys_left_ = 0;      // at the end of keys_
  uint64_t received_ = 0;      // bytes of the stream before the input at hand
  uint64_t payload_done_ = 0;  // bytes of frame_'s payload that were read
  union {
    FrameHeader frame_;           // while its payload is read
    uint8_t header_[kMaxHeader];  // of a frame cut inside its header
  };
  Assembler assembler_;
  Lease *control_ = nullptr;    // payload of a control frame that was cut
  Lease *delivered_ = nullptr;  // what the events of the last call point into
  OutputQueue output_;
  Opening *opening_ = nullptr;  // while connecting

  Status error_ = Status::kOk;
  uint16_t error_close_code_ = 0;
  uint64_t error_offset_ = 0;
  static constexpr size_t kKeyCount = 8;  // one call of the random source serves so many frames
  uint32_t keys_[kKeyCount];
};

static_assert(sizeof(Connection) <= 256, "an idle connection holds at most 256 bytes");

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_CONNECTION_CONNECTION_H_
