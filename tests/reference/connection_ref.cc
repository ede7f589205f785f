// SPDX-License-Identifier: MIT
#include "tests/reference/connection_ref.h"

#include <algorithm>
#include <utility>

#include "tests/reference/mask_ref.h"
#include "tests/reference/utf8_ref.h"

namespace tidewire::reference {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;

template <class T>
void set_default(T *field, T value) {
  if (*field == 0) *field = value;
}

void append(Bytes *to, const Bytes &bytes) { to->insert(to->end(), bytes.begin(), bytes.end()); }

bool is_text(const Bytes &data) { return utf8(data.data(), data.size()).is_text(data.size()); }

// RFC 6455 §7.4 and the IANA registry.
bool may_be_sent(uint32_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

uint16_t code_of(tw_status status) {
  if (status == TW_ERR_UTF8 || status == TW_ERR_CLOSE_REASON) return 1007;
  if (status == TW_ERR_LIMIT_OUTPUT) return 1008;
  if (status <= TW_ERR_LIMIT_FRAME && status >= TW_ERR_LIMIT_FRAGMENTS) return 1009;
  return 1002;
}

}  // namespace

Connection::Connection(const tw_conn_config &config, Opener opener, Bytes request, uint8_t random)
    : config_(config),
      opener_(std::move(opener)),
      state_(opener_ ? TW_STATE_CONNECTING : TW_STATE_OPEN),
      random_(random),
      output_(std::move(request)) {
  set_default(&config_.max_frame_len, 16 * kMiB);
  set_default(&config_.max_message_len, 16 * kMiB);
  set_default(&config_.max_fragments, uint32_t{1024});
  set_default(&config_.max_output_len, 64 * kMiB);
}

tw_status Connection::receive(const Bytes &data, std::vector<Event> *events) {
  if (failure_.status != TW_OK) return failure_.status;
  append(&received_, data);
  tw_status status = TW_OK;
  while (status == TW_OK && reading()) status = step(events);
  return status == TW_NEED_INPUT ? TW_OK : status;
}

tw_status Connection::receive_eof() {
  if (failure_.status != TW_OK) return failure_.status;
  if (close_received_) return TW_OK;
  return fail(TW_ERR_EOF, frame_offset_ + received_.size());
}

tw_status Connection::step(std::vector<Event> *events) {
  if (state_ == TW_STATE_CONNECTING) return open(events);
  Frame frame;
  tw_status status = read_frame(&frame);
  if (status == TW_NEED_INPUT) return status;
  if (status != TW_OK) return fail(status, frame_offset_);
  if (status = check_text(frame); status != TW_OK) return status;
  if (frame.payload.size() < frame.header.payload_len) return TW_NEED_INPUT;
  if (frame.header.opcode >= TW_OPCODE_CLOSE) {
    status = take_control(frame, events);
    if (status != TW_OK) return status;
  } else {
    take_data(frame, events);
  }
  const size_t len = frame.header.len + frame.payload.size();
  received_.erase(received_.begin(), received_.begin() + static_cast<ptrdiff_t>(len));
  frame_offset_ += len;
  return TW_OK;
}

tw_status Connection::open(std::vector<Event> *events) {
  const Opening opening = opener_(received_);
  if (opening.status == TW_NEED_INPUT) return TW_NEED_INPUT;
  append(&output_, opening.reply);
  if (opening.status != TW_OK) return fail(opening.status, opening.offset);
  const auto end = received_.begin() + static_cast<ptrdiff_t>(opening.head_len);
  events->push_back({TW_EVENT_OPEN, 0, 0, opening.subprotocol, 0, Bytes(received_.begin(), end)});
  received_.erase(received_.begin(), end);
  frame_offset_ = opening.head_len;
  state_ = TW_STATE_OPEN;
  return TW_OK;
}

// TW_OK with a whole header; the payload need not be. A header is judged by itself, then by what came before it.
tw_status Connection::read_frame(Frame *frame) {
  const uint32_t rules = config_.role == TW_ROLE_SERVER ? TW_DECODE_REQUIRE_MASKED : TW_DECODE_REQUIRE_UNMASKED;
  FrameHeader &header = frame->header;
  if (const tw_status status = frame_header(received_.data(), received_.size(), rules, &header); status != TW_OK) {
    return status;
  }
  if (header.opcode < TW_OPCODE_CLOSE) {
    if (const tw_status status = check_order_and_limits(header); status != TW_OK) return status;
  }
  const size_t present = received_.size() - header.len;
  frame->payload.resize(static_cast<size_t>(std::min<uint64_t>(present, header.payload_len)));
  mask(frame->payload.data(), received_.data() + header.len, frame->payload.size(), header.masking_key.data(), 0);
  return TW_OK;
}

tw_status Connection::check_order_and_limits(const FrameHeader &header) const {
  const bool continuation = header.opcode == TW_OPCODE_CONTINUATION;
  if (continuation && message_opcode_ == 0) return TW_ERR_CONTINUATION;  // §5.4
  if (!continuation && message_opcode_ != 0) return TW_ERR_INTERLEAVED;  // §5.4
  if (header.payload_len > config_.max_frame_len) return TW_ERR_LIMIT_FRAME;
  if (header.payload_len > config_.max_message_len - message_.size()) return TW_ERR_LIMIT_MESSAGE;
  if (fragments_ + 1 > config_.max_fragments) return TW_ERR_LIMIT_FRAGMENTS;
  return TW_OK;
}

// §8.1: the text so far, with what has arrived of this frame.
tw_status Connection::check_text(const Frame &frame) {
  const bool text = frame.header.opcode == TW_OPCODE_TEXT ||
                    (frame.header.opcode == TW_OPCODE_CONTINUATION && message_opcode_ == TW_OPCODE_TEXT);
  if (!text) return TW_OK;
  Bytes so_far = message_;
  append(&so_far, frame.payload);
  const Utf8Result result = utf8(so_far.data(), so_far.size());
  const bool last = frame.header.fin && frame.payload.size() == frame.header.payload_len;
  if (last ? result.is_text(so_far.size()) : result.is_prefix(so_far.size())) return TW_OK;
  return fail(TW_ERR_UTF8, frame_offset_ + frame.header.len + (result.error_offset - message_.size()));
}

void Connection::take_data(const Frame &frame, std::vector<Event> *events) {
  if (frame.header.opcode != TW_OPCODE_CONTINUATION) message_opcode_ = frame.header.opcode;
  ++fragments_;
  append(&message_, frame.payload);
  if (!frame.header.fin) return;
  Event message = event(TW_EVENT_MESSAGE, frame, 0, message_);
  message.opcode = message_opcode_;
  events->push_back(message);
  message_opcode_ = 0;
  fragments_ = 0;
  message_.clear();
}

tw_status Connection::take_control(const Frame &frame, std::vector<Event> *events) {
  if (frame.header.opcode == TW_OPCODE_CLOSE) return take_close(frame, events);
  const bool ping = frame.header.opcode == TW_OPCODE_PING;
  events->push_back(event(ping ? TW_EVENT_PING : TW_EVENT_PONG, frame, 0, frame.payload));
  if (!ping || state_ != TW_STATE_OPEN) return TW_OK;  // §5.5.1: nothing follows our close frame
  if (check_room(frame.payload.size()) != TW_OK) return fail(TW_ERR_LIMIT_OUTPUT, frame_offset_);
  queue(TW_FRAME_FIN | TW_OPCODE_PONG, frame.payload);
  return TW_OK;
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
    if (!is_text(reason)) return fail(TW_ERR_CLOSE_REASON, frame_offset_);
  }
  close_received_ = true;
  if (state_ == TW_STATE_OPEN) {
    plan_close(code);
  } else {
    state_ = TW_STATE_CLOSED;
  }
  events->push_back(event(TW_EVENT_CLOSE, frame, code == 0 ? 1005 : code, reason));
  return TW_OK;
}

Event Connection::event(uint8_t type, const Frame &frame, uint32_t code, const Bytes &data) const {
  return {type, frame.header.opcode, TW_FRAME_FIN, code, frame_offset_, data};
}

tw_status Connection::send(uint32_t opcode, const Bytes &data, uint32_t flags) {
  if (opcode > TW_OPCODE_BINARY) return TW_ERR_ARGUMENT;
  if (!sending()) return TW_ERR_STATE;
  if ((flags & ~(TW_SEND_MORE | TW_SEND_VALID_UTF8)) != 0) return TW_ERR_ARGUMENT;
  if ((opcode == TW_OPCODE_CONTINUATION) != sending_fragments_) return TW_ERR_STATE;  // §5.4
  const bool more = (flags & TW_SEND_MORE) != 0;
  const bool text = opcode == TW_OPCODE_TEXT || (sending_fragments_ && sending_text_);
  Bytes so_far = sending_fragments_ ? sent_text_ : Bytes();
  if (text && (flags & TW_SEND_VALID_UTF8) == 0) {
    append(&so_far, data);
    const Utf8Result result = utf8(so_far.data(), so_far.size());
    if (!(more ? result.is_prefix(so_far.size()) : result.is_text(so_far.size()))) return TW_ERR_TEXT;
  }
  if (const tw_status status = check_room(data.size()); status != TW_OK) return status;
  queue(static_cast<uint8_t>((more ? 0 : TW_FRAME_FIN) | opcode), data);
  sending_fragments_ = more;
  sending_text_ = text;
  sent_text_ = so_far;
  return TW_OK;
}

tw_status Connection::send_control(uint8_t opcode, const Bytes &data) {
  if (!sending()) return TW_ERR_STATE;
  if (data.size() > 125) return TW_ERR_CONTROL_LENGTH;
  if (const tw_status status = check_room(data.size()); status != TW_OK) return status;
  queue(TW_FRAME_FIN | opcode, data);
  return TW_OK;
}

tw_status Connection::close(uint32_t code, const Bytes &reason) {
  if (!sending() || failure_.status != TW_OK) return TW_ERR_STATE;
  if (code == 0 && !reason.empty()) return TW_ERR_ARGUMENT;
  if (code != 0 && !may_be_sent(code)) return TW_ERR_SEND_CLOSE_CODE;
  if (reason.size() > 123) return TW_ERR_CONTROL_LENGTH;
  if (!is_text(reason)) return TW_ERR_TEXT;
  queue_close(code, reason);
  state_ = close_received_ ? TW_STATE_CLOSED : TW_STATE_CLOSING;
  close_planned_ = false;
  return TW_OK;
}

Bytes Connection::take_output() {
  if (close_planned_) {
    queue_close(planned_code_, {});
    close_planned_ = false;
    state_ = TW_STATE_CLOSED;
  }
  return std::exchange(output_, {});
}

uint32_t Connection::wants() const {
  const bool writing = !output_.empty() || close_planned_;
  if (!reading() && !writing) return TW_WANT_CLOSE;
  return (reading() ? TW_WANT_READ : 0u) | (writing ? TW_WANT_WRITE : 0u);
}

// Header, masking key and payload count for max_output_len.
tw_status Connection::check_room(size_t payload_len) const {
  const uint64_t header_len = (payload_len < 126     ? 2u
                               : payload_len < 65536 ? 4u
                                                     : 10u) +
                              (config_.role == TW_ROLE_CLIENT ? 4u : 0u);
  return output_.size() + header_len + payload_len > config_.max_output_len ? TW_ERR_LIMIT_OUTPUT : TW_OK;
}

void Connection::queue(uint8_t first, const Bytes &payload) {
  const bool client = config_.role == TW_ROLE_CLIENT;
  const size_t extended = payload.size() < 126 ? 0 : payload.size() < 65536 ? 2 : 8;
  const size_t len7 = extended == 0 ? payload.size() : extended == 2 ? 126 : 127;
  output_.push_back(first);
  output_.push_back(static_cast<uint8_t>((client ? 0x80 : 0) | len7));
  for (size_t i = extended; i > 0; --i) output_.push_back(static_cast<uint8_t>(payload.size() >> (8 * (i - 1))));
  uint8_t key[4] = {};
  for (size_t i = 0; client && i < 4; ++i) {
    key[i] = random_++;
    output_.push_back(key[i]);
  }
  for (size_t i = 0; i < payload.size(); ++i) output_.push_back(payload[i] ^ key[i % 4]);
}

void Connection::queue_close(uint32_t code, const Bytes &reason) {
  Bytes payload;
  if (code != 0) payload = {static_cast<uint8_t>(code >> 8), static_cast<uint8_t>(code)};
  append(&payload, reason);
  queue(TW_FRAME_FIN | TW_OPCODE_CLOSE, payload);
}

void Connection::plan_close(uint32_t code) {
  close_planned_ = true;
  planned_code_ = code;
  state_ = TW_STATE_CLOSING;
}

// §7.1.7: says why, where no close frame was sent yet.
tw_status Connection::fail(tw_status status, uint64_t offset) {
  failure_ = {status, state_ == TW_STATE_CONNECTING ? 0u : 1006u, offset};
  if (state_ == TW_STATE_OPEN && status != TW_ERR_EOF) {
    failure_.close_code = code_of(status);
    plan_close(failure_.close_code);
  } else {
    state_ = TW_STATE_CLOSED;
  }
  return status;
}

}  // namespace tidewire::reference
