// SPDX-License-Identifier: MIT
// From bytes to events.
#include <algorithm>

#include "tests/reference/close_code_ref.h"
#include "tests/reference/connection_ref.h"
#include "tests/reference/mask_ref.h"
#include "tests/reference/utf8_ref.h"

namespace tidewire::reference {
namespace {

constexpr uint64_t kSecond = 1000 * 1000 * 1000;  // ns
constexpr uint64_t kRttUnit = 1000;               // ns; a round trip is told in whole microseconds, rounded up
constexpr size_t kWindowMax = 32768;              // RFC 1951 §3.2.5: the furthest that a match reaches

void drop_front(Bytes *bytes, size_t len) {
  bytes->erase(bytes->begin(), bytes->begin() + static_cast<ptrdiff_t>(len));
}

}  // namespace

tw_status Connection::receive(const Bytes &data, std::vector<Event> *events) {
  if (failed()) return failure_.status;
  if (state_ == TW_STATE_OPEN && !data.empty()) input_at_ = now_;
  if (!reading()) return TW_OK;
  received_.insert(received_.end(), data.begin(), data.end());
  tw_status status = TW_OK;
  while (status == TW_OK && reading()) status = step(events);
  stats_.bytes_received = failed() ? failure_.offset : frame_offset_ + (reading() ? received_.size() : 0);
  return status == TW_NEED_INPUT ? TW_OK : status;
}

tw_status Connection::step(std::vector<Event> *events) {
  if (state_ == TW_STATE_CONNECTING) return read_head(events);
  Frame frame;
  tw_status status = read_frame(&frame);
  if (status == TW_NEED_INPUT) return status;
  if (status != TW_OK) return fail(status, frame_offset_);
  if (frame.header.opcode < TW_OPCODE_CLOSE) {
    status = take_data(frame, events);
  } else {
    status = frame.whole() ? take_control(frame, events) : TW_NEED_INPUT;
  }
  if (status != TW_OK) return status;
  const size_t len = frame.header.len + frame.payload.size();
  drop_front(&received_, len);
  frame_offset_ += len;
  judged_ = false;
  return TW_OK;
}

tw_status Connection::read_head(std::vector<Event> *events) {
  const Opening opening = handshake_.read(received_);
  if (opening.status == TW_NEED_INPUT) return TW_NEED_INPUT;
  queue_bytes(opening.reply);
  if (opening.status != TW_OK) return fail(opening.status, opening.offset);
  const auto end = received_.begin() + static_cast<ptrdiff_t>(opening.head_len);
  events->push_back({TW_EVENT_OPEN, 0, 0, opening.subprotocol, 0, Bytes(received_.begin(), end)});
  drop_front(&received_, opening.head_len);
  frame_offset_ = opening.head_len;
  open(opening.deflate);
  return TW_OK;
}

// TW_OK with a whole header; the payload need not be. A header is judged by itself, then by what came before it.
tw_status Connection::read_frame(Frame *frame) {
  uint32_t rules = config_.role == TW_ROLE_SERVER ? TW_DECODE_REQUIRE_MASKED : TW_DECODE_REQUIRE_UNMASKED;
  if (has(TW_CONN_TRUSTED)) rules = 0;
  if (deflate_.enabled != 0) rules |= TW_DECODE_ALLOW_RSV1;
  FrameHeader &header = frame->header;
  tw_status status = frame_header(received_.data(), received_.size(), rules, &header);
  if (status == TW_OK && !judged_) status = judge(header);
  if (status != TW_OK) return status;
  judged_ = true;
  const size_t present = received_.size() - header.len;
  frame->payload.resize(static_cast<size_t>(std::min<uint64_t>(present, header.payload_len)));
  mask(frame->payload.data(), received_.data() + header.len, frame->payload.size(), header.masking_key.data(), 0);
  return TW_OK;
}

tw_status Connection::judge(const FrameHeader &header) {
  if (header.opcode >= TW_OPCODE_CLOSE) return header.rsv1 ? TW_ERR_RSV : judge_control();  // RFC 7692 §6.1
  const tw_status status = judge_order_and_limits(header);
  if (status == TW_OK && !message_.active()) {
    message_.begin(header.opcode, header.rsv1);
    streamed_ = has(TW_CONN_STREAM) || (has(TW_CONN_STREAM_FRAGMENTED) && !header.fin);
    message_since_ = now_;
  }
  return status;
}

tw_status Connection::judge_control() {
  if (!ticked_) return TW_OK;
  if (now_ / kSecond != control_second_) control_count_ = 0;
  control_second_ = now_ / kSecond;
  return ++control_count_ > config_.max_control_rate ? TW_ERR_LIMIT_CONTROL_RATE : TW_OK;
}

tw_status Connection::judge_order_and_limits(const FrameHeader &header) const {
  const bool continuation = header.opcode == TW_OPCODE_CONTINUATION;
  if (continuation && !message_.active()) return TW_ERR_CONTINUATION;  // §5.4
  if (!continuation && message_.active()) return TW_ERR_INTERLEAVED;   // §5.4
  if (continuation && header.rsv1) return TW_ERR_RSV;                  // RFC 7692 §6.1
  if (header.payload_len > config_.max_frame_len) return TW_ERR_LIMIT_FRAME;
  const bool compressed = header.rsv1 || message_.compressed();
  if (!compressed && header.payload_len > config_.max_message_len - message_.len()) return TW_ERR_LIMIT_MESSAGE;
  if (message_.frames() + 1 > config_.max_fragments) return TW_ERR_LIMIT_FRAGMENTS;
  return TW_OK;
}

tw_status Connection::take_data(const Frame &frame, std::vector<Event> *events) {
  const MessageRules rules = {config_.max_message_len, deflate_config_.max_ratio, !has(TW_CONN_TRUSTED)};
  const bool last = frame.header.fin && frame.whole();
  const Reading reading = message_.read(frame.payload, last, window_, rules);
  report(frame, reading, last, events);
  if (reading.fault != TW_OK) {
    // A byte of a compressed message has no place of its own in the stream.
    uint64_t offset = frame_offset_;
    if (!message_.compressed()) offset += frame.header.len + reading.bytes.size() - message_.len();
    return fail(reading.fault, offset);
  }
  if (!frame.whole()) return TW_NEED_INPUT;
  ++stats_.frames_received;
  message_.add_frame(frame.payload);
  if (last) end_message(reading.bytes);
  return TW_OK;
}

// What is new of a streamed message as a chunk; of another the message when it is whole.
void Connection::report(const Frame &frame, const Reading &reading, bool last, std::vector<Event> *events) {
  const Bytes &message = reading.bytes;
  const Bytes chunk(message.begin() + static_cast<ptrdiff_t>(reported_len_), message.end());
  reported_len_ = message.size();
  const bool ends = last && reading.fault == TW_OK;
  if (streamed_ ? chunk.empty() && !ends : !ends) return;
  Event event = this->event(TW_EVENT_MESSAGE, frame, 0, message);
  event.opcode = message_.opcode();
  if (streamed_) {
    event.type = TW_EVENT_CHUNK;
    event.flags = ends ? TW_FRAME_FIN : 0;
    event.data = chunk;
    if (reported_) event.opcode = TW_OPCODE_CONTINUATION;
    reported_ = true;
  }
  events->push_back(event);
}

void Connection::end_message(const Bytes &message) {
  ++stats_.messages_received;
  const bool takeover = (deflate_.flags & TW_DEFLATE_RECEIVE_TAKEOVER) != 0;
  if (message_.compressed()) {
    stats_.deflated_received_len += message_.len();
    stats_.inflated_received_len += message.size();
  }
  if (message_.compressed() && takeover) {
    window_.insert(window_.end(), message.begin(), message.end());
    if (window_.size() > kWindowMax) drop_front(&window_, window_.size() - kWindowMax);
  }
  message_ = Message();
  reported_len_ = 0;
  reported_ = false;
}

tw_status Connection::take_control(const Frame &frame, std::vector<Event> *events) {
  ++stats_.frames_received;
  ++stats_.control_frames_received;
  if (frame.header.opcode == TW_OPCODE_CLOSE) return take_close(frame, events);
  if (frame.header.opcode == TW_OPCODE_PONG) {
    if (!take_keepalive(frame.payload)) events->push_back(event(TW_EVENT_PONG, frame, 0, frame.payload));
    return TW_OK;
  }
  events->push_back(event(TW_EVENT_PING, frame, 0, frame.payload));
  // §5.5.1: nothing follows our close frame
  if (state_ == TW_STATE_OPEN && !has(TW_CONN_MANUAL_PONG)) answer_ping(frame.payload);
  return TW_OK;
}

bool Connection::take_keepalive(const Bytes &pong) {
  if (!pinged_ || pong != kKeepalive) return false;
  pinged_ = false;
  const uint64_t rtt = std::max<uint64_t>(now_ - ping_clock_, 1);
  stats_.rtt_ns = std::min<uint64_t>((rtt + kRttUnit - 1) / kRttUnit, UINT32_MAX) * kRttUnit;
  return true;
}

// §5.5.3: of several pings the latest may be answered alone.
void Connection::answer_ping(const Bytes &payload) {
  pong_ = payload;
  if (paused_ || !has_room(payload.size())) return;
  queue(TW_FRAME_FIN | TW_OPCODE_PONG, payload);
  pong_.reset();
}

tw_status Connection::take_close(const Frame &frame, std::vector<Event> *events) {
  const Bytes &payload = frame.payload;
  uint32_t code = 0;
  Bytes reason;
  if (payload.size() == 1) return fail(TW_ERR_CLOSE_LENGTH, frame_offset_);
  if (payload.size() >= 2) {
    code = payload[0] * 256u + payload[1];
    reason.assign(payload.begin() + 2, payload.end());
    if (!may_be_sent(code)) return fail(TW_ERR_CLOSE_CODE, frame_offset_);
    if (!utf8(reason.data(), reason.size()).is_text(reason.size())) return fail(TW_ERR_CLOSE_REASON, frame_offset_);
  }
  close_received_ = true;
  close_.remote_code = static_cast<uint16_t>(code == 0 ? 1005 : code);
  begin_closing(TW_CLOSE_BY_PEER);
  if (state_ == TW_STATE_CLOSING) {
    state_ = TW_STATE_CLOSED;
  } else {
    state_ = TW_STATE_CLOSING;
    if (!has(TW_CONN_MANUAL_CLOSE)) planned_ = {code};
  }
  events->push_back(event(TW_EVENT_CLOSE, frame, close_.remote_code, reason));
  return TW_OK;
}

Event Connection::event(uint8_t type, const Frame &frame, uint32_t code, const Bytes &data) const {
  return {type, frame.header.opcode, TW_FRAME_FIN, code, frame_offset_, data};
}

}  // namespace tidewire::reference
