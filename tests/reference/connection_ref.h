// SPDX-License-Identifier: MIT
// One side of a WebSocket connection as RFC 6455 §5 to §8 and RFC 7692 tell it: keeps all bytes of the frame and of the
// message under way and looks at them anew with every byte that arrives. Takes the configuration and gives the
// statuses, events and output of tw_conn; max_memory_len and the lengths held are not modelled.
#ifndef TIDEWIRE_TESTS_REFERENCE_CONNECTION_REF_H_
#define TIDEWIRE_TESTS_REFERENCE_CONNECTION_REF_H_

#include <stddef.h>
#include <stdint.h>
#include <tidewire/tidewire.h>

#include <functional>
#include <optional>
#include <vector>

#include "tests/reference/frame_ref.h"
#include "tests/reference/message_ref.h"

namespace tidewire::reference {

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
  tw_deflate deflate;    // with TW_OK
  Bytes reply;           // to be output
};

struct Handshake {
  std::function<Opening(const Bytes &received)> read;
  std::function<Bytes(tw_status)> refuse;  // a server's answer to a request that comes too slowly
  Bytes request;                           // output at once
  uint8_t random_len = 0;                  // bytes of the random source that were used for it
};

// Payload of the pings that tick() sends.
inline const Bytes kKeepalive = {'t', 'i', 'd', 'e', 'w', 'i', 'r', 'e'};

class Connection {
 public:
  // The stream starts with frames. Masking keys count up from 00010203.
  explicit Connection(const tw_conn_config &config);
  Connection(const tw_conn_config &config, Handshake handshake);

  tw_status receive(const Bytes &data, std::vector<Event> *events);
  tw_status receive_eof();
  tw_status send(uint32_t opcode, const Bytes &data, uint32_t flags);
  tw_status ping(const Bytes &data) { return send_control(TW_OPCODE_PING, data); }
  tw_status pong(const Bytes &data) { return send_control(TW_OPCODE_PONG, data); }
  tw_status close(uint32_t code, const Bytes &reason);
  tw_status tick(uint64_t now, uint64_t *out_deadline);

  // All of the output, or its first bytes, which are consumed by that. Our last close frame is queued not before, so
  // that what came before the peer's, or before a fault, can be answered. Messages are compressed into stored blocks.
  Bytes take_output();
  Bytes take_output(size_t len);

  uint32_t wants() const;
  uint32_t state() const { return state_; }
  Failure failure() const { return failure_; }
  tw_close get_close() const { return close_; }
  tw_deflate get_deflate() const { return deflate_; }
  // Without the lengths held; compressed messages that were sent count as stored blocks.
  tw_conn_stats stats() const { return stats_; }
  size_t output_len() const { return output_.size(); }

 private:
  struct Frame {
    FrameHeader header;
    Bytes payload;  // what is there of it, unmasked

    bool whole() const { return payload.size() == header.payload_len; }
  };

  // connection_ref.cc
  void open(const tw_deflate &deflate);
  void begin_closing(uint32_t cause);
  tw_status fail(tw_status status, uint64_t offset);
  bool failed() const { return failure_.status != TW_OK; }
  bool reading() const { return state_ != TW_STATE_CLOSED && !planned_ && !close_received_; }
  bool sending() const;
  bool has(uint32_t flag) const { return (config_.flags & flag) != 0; }

  // connection_receive_ref.cc
  tw_status step(std::vector<Event> *events);
  tw_status read_head(std::vector<Event> *events);
  tw_status read_frame(Frame *frame);
  tw_status judge(const FrameHeader &header);
  tw_status judge_control();
  tw_status judge_order_and_limits(const FrameHeader &header) const;
  tw_status take_data(const Frame &frame, std::vector<Event> *events);
  void report(const Frame &frame, const Reading &reading, bool last, std::vector<Event> *events);
  void end_message(const Bytes &message);
  tw_status take_control(const Frame &frame, std::vector<Event> *events);
  tw_status take_close(const Frame &frame, std::vector<Event> *events);
  bool take_keepalive(const Bytes &pong);
  void answer_ping(const Bytes &payload);
  Event event(uint8_t type, const Frame &frame, uint32_t code, const Bytes &data) const;

  // connection_send_ref.cc
  tw_status send_control(uint8_t opcode, const Bytes &data);
  bool has_room(size_t payload_len) const;
  void queue(uint8_t first, const Bytes &payload);
  void queue_bytes(const Bytes &bytes);
  void carry_out_close();
  void queue_close(uint32_t code, const Bytes &reason);

  // connection_time_ref.cc
  tw_status check_timeouts();
  void expire_closing();
  uint64_t deadline() const;

  tw_conn_config config_;
  tw_deflate_config deflate_config_ = TW_DEFLATE_CONFIG_INIT;
  Handshake handshake_;
  uint32_t state_ = TW_STATE_CONNECTING;
  Failure failure_;
  tw_deflate deflate_ = {};
  tw_close close_ = {};
  tw_conn_stats stats_ = TW_CONN_STATS_INIT;

  bool close_received_ = false;
  std::optional<uint32_t> planned_;  // code of our close frame, which comes when the output is looked at; 0: none

  Bytes received_;             // of the frame, or head, under way
  uint64_t frame_offset_ = 0;  // of received_[0] in the stream
  bool judged_ = false;        // the header of the frame under way passed

  Message message_;
  bool streamed_ = false;    // it comes in chunks
  size_t reported_len_ = 0;  // bytes of the message in chunks
  bool reported_ = false;    // there was a chunk of it
  Bytes window_;             // what earlier messages inflated to

  bool sending_fragments_ = false;
  bool sending_text_ = false;
  bool sending_compressed_ = false;
  Bytes sent_text_;  // of the fragmented message, as far as it was validated

  uint8_t random_ = 0;
  Bytes output_;
  bool paused_ = false;
  std::optional<Bytes> pong_;  // that waits for room

  // Times in ns, as told by tick(); what began before the first one began at it.
  bool ticked_ = false;
  uint64_t now_ = 0;
  uint64_t handshake_since_ = 0;
  uint64_t input_at_ = 0;
  uint64_t message_since_ = 0;
  uint64_t closing_since_ = 0;
  uint64_t ping_clock_ = 0;  // of the last ping that was due
  bool pinged_ = false;      // it is not answered yet
  uint64_t control_second_ = 0;
  uint32_t control_count_ = 0;  // in that second
};

}  // namespace tidewire::reference

#endif  // TIDEWIRE_TESTS_REFERENCE_CONNECTION_REF_H_
