// SPDX-License-Identifier: MIT
// One side of a WebSocket connection as RFC 6455 §5 to §8 tell it: keeps all bytes of the frame under way and looks at
// them anew with every byte that arrives. Takes the configuration and gives the statuses, events and output of tw_conn.
#ifndef TIDEWIRE_TESTS_REFERENCE_CONNECTION_REF_H_
#define TIDEWIRE_TESTS_REFERENCE_CONNECTION_REF_H_

#include <stddef.h>
#include <stdint.h>
#include <tidewire/tidewire.h>

#include <functional>
#include <vector>

#include "tests/reference/frame_ref.h"

namespace tidewire::reference {

using Bytes = std::vector<uint8_t>;

struct Event {
  uint8_t type;
  uint8_t opcode;
  uint8_t flags;
  uint32_t code;
  uint64_t offset;
  Bytes data;

  bool operator==(const Event &) const = default;
};

struct Failure {
  tw_status status = TW_OK;
  uint32_t close_code = 0;
  uint64_t offset = 0;

  bool operator==(const Failure &) const = default;
};

// What a role makes of the bytes received so far in the opening handshake.
struct Opening {
  tw_status status;      // TW_OK, TW_NEED_INPUT or the fault
  uint64_t offset;       // of the fault
  size_t head_len;       // with TW_OK
  uint32_t subprotocol;  // with TW_OK
  Bytes reply;           // to be output
};
using Opener = std::function<Opening(const Bytes &received)>;

class Connection {
 public:
  // Masking keys count up from 00010203. A connection that shakes hands has an opener.
  explicit Connection(const tw_conn_config &config) : Connection(config, nullptr, {}, 0) {}
  // `request` is output at once; `random` bytes of the source were used for it.
  Connection(const tw_conn_config &config, Opener opener, Bytes request, uint8_t random);

  tw_status receive(const Bytes &data, std::vector<Event> *events);
  tw_status receive_eof();
  tw_status send(uint32_t opcode, const Bytes &data, uint32_t flags);
  tw_status ping(const Bytes &data) { return send_control(TW_OPCODE_PING, data); }
  tw_status pong(const Bytes &data) { return send_control(TW_OPCODE_PONG, data); }
  tw_status close(uint32_t code, const Bytes &reason);

  // All of the output, which is consumed by that. Our last close frame is queued not before, so that what came before
  // the peer's, or before a fault, can be answered.
  Bytes take_output();
  uint32_t wants() const;
  uint32_t state() const { return state_; }
  Failure failure() const { return failure_; }

 private:
  struct Frame {
    FrameHeader header;
    Bytes payload;  // what is there of it, unmasked
  };

  tw_status step(std::vector<Event> *events);
  tw_status open(std::vector<Event> *events);
  tw_status read_frame(Frame *frame);
  tw_status check_order_and_limits(const FrameHeader &header) const;
  tw_status check_text(const Frame &frame);
  tw_status take_control(const Frame &frame, std::vector<Event> *events);
  tw_status take_close(const Frame &frame, std::vector<Event> *events);
  void take_data(const Frame &frame, std::vector<Event> *events);

  tw_status send_control(uint8_t opcode, const Bytes &data);
  tw_status check_room(size_t payload_len) const;
  void queue(uint8_t first, const Bytes &payload);
  void queue_close(uint32_t code, const Bytes &reason);
  void plan_close(uint32_t code);
  bool reading() const { return state_ != TW_STATE_CLOSED && !close_planned_; }
  bool sending() const { return state_ == TW_STATE_OPEN || close_planned_; }
  tw_status fail(tw_status status, uint64_t offset);
  Event event(uint8_t type, const Frame &frame, uint32_t code, const Bytes &data) const;

  tw_conn_config config_;
  Opener opener_;
  uint32_t state_;
  Failure failure_;

  bool close_received_ = false;
  bool close_planned_ = false;
  uint32_t planned_code_ = 0;

  Bytes received_;             // of the frame, or head, under way
  uint64_t frame_offset_ = 0;  // of received_[0] in the stream

  uint8_t message_opcode_ = 0;  // 0: no message under way
  uint32_t fragments_ = 0;
  Bytes message_;

  bool sending_fragments_ = false;
  bool sending_text_ = false;
  Bytes sent_text_;  // of the fragmented message, as far as it was validated

  uint8_t random_;
  Bytes output_;
};

}  // namespace tidewire::reference

#endif  // TIDEWIRE_TESTS_REFERENCE_CONNECTION_REF_H_
