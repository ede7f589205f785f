// SPDX-License-Identifier: MIT
// From bytes to events. Messages that lie whole in the input never leave the frame loop; everything else is read frame
// by frame, and may stop after any byte.
#include <string.h>

#include "core/base/macros.h"
#include "core/connection/codec.h"
#include "core/connection/connection.h"
#include "core/simd/small.h"

namespace tidewire {

Status Connection::receive(MutBytes data, Event *events, size_t cap, size_t *out_count, size_t *out_consumed) {
  *out_count = *out_consumed = 0;
  const Status ready = make_way({});
  if (TW_UNLIKELY(ready != Status::kOk)) return ready;
  Input in{data.data, data.size, 0, events, cap, 0, settings().deflate.max_call_len, false, {}};
  const Status status = read(&in);
  *out_count = in.count;
  *out_consumed = in.pos;
  return status;
}

// Before a call that takes input: gives back what the last events point into, and room that was handed out. kState:
// what has come waits for a call of its own; `dst` is receive_into's.
Status Connection::make_way(MutBytes dst) {
  if (TW_UNLIKELY(read_ != nullptr || assembler_.active())) {
    if (unread().size > 0 || is_bound_to_other(dst)) return Status::kState;
    release_room();
  }
  lender_.release_list(delivered_);
  delivered_ = nullptr;
  return Status::kOk;
}

Status Connection::read(Input *in) {
  if (state_ == State::kOpen && in->len > 0) since_ = now_;
  Status status = error_;
  while (status == Status::kOk && in->left() > 0 && !close_received_) {
    if (in->count == in->cap) {
      status = Status::kNeedRoom;
    } else {
      status = opened_ ? read_frames(in) : read_head(in);
    }
  }
  received_ = error_ == Status::kOk ? received_ + in->pos : error_offset_;
  // Nothing is read after a close frame or a failure (RFC 6455 §1.4, §7.1.7).
  if (close_received_ || failed(status)) in->pos = in->len;
  return status;
}

Status Connection::receive_eof() {
  if (error_ != Status::kOk || close_received_) return error_;
  return fail(Status::kEof, received_);
}

Status Connection::read_frames(Input *in) {
  const bool between_messages = !in_payload_ && header_have_ == 0 && !assembler_.active();
  if (TW_LIKELY(between_messages && !in->one_message)) {
    const Status status = read_messages(in);
    if (status != Status::kOk || in->left() == 0 || in->count == in->cap) return status;
  }
  return read_frame(in);
}

Status Connection::read_messages(Input *in) {
  const Settings &settings = this->settings();
  const bool stream = has(kConnStream);
  FrameBatch batch{};
  batch.data = in->data;
  batch.len = in->len;
  batch.pos = in->pos;
  batch.frames = reinterpret_cast<Frame *>(in->events);
  batch.cap = in->cap;
  batch.count = in->count;
  batch.rules = frame_rules();
  batch.tag = static_cast<uint8_t>(stream ? EventType::kChunk : EventType::kMessage);
  batch.max_payload_len =
      settings.max_frame_len < settings.max_message_len ? settings.max_frame_len : settings.max_message_len;
  batch.base_offset = received_;
  Status status = frame_loops(isa_).messages(&batch);
  frames_received_ += batch.count - in->count;
  messages_received_ += batch.count - in->count;
  in->pos = batch.pos;
  in->count = batch.count;
  if (status == Status::kUtf8 && stream) status = Status::kOk;  // what comes before the fault is still a chunk
  return status == Status::kOk ? status : fail(status, received_ + batch.error_offset);
}

Status Connection::read_frame(Input *in) {
  if (!in_payload_) {
    FrameHeader header;
    Status status = read_header(in, &header);
    if (status == Status::kNeedInput) return Status::kOk;
    const bool sound = status == Status::kOk;
    if (sound) status = start_frame(header, in->dst);
    if (status != Status::kOk) {
      const uint8_t *bytes = header_have_ == 0 ? in->data + in->pos : header_;
      return fail(status, received_ + in->pos - header_have_, {bytes, sound ? header.header_len : size_t{1}});
    }
    in->pos += header.header_len - header_have_;
    header_have_ = 0;
    frame_ = header;
    payload_done_ = 0;
    in_payload_ = true;
  }
  if (frame_.control()) return read_control(in);
  return assembler_.message().compressed ? read_deflated(in) : read_data(in);
}

// Reads the header at in->pos, of which the first header_have_ bytes came earlier, without moving in->pos; but what is
// left of the input when it ends inside the header is kept.
Status Connection::read_header(Input *in, FrameHeader *out) {
  const uint32_t rules = frame_rules() | (codec() != nullptr ? kAllowRsv1 : 0u);
  if (header_have_ == 0) {
    const Status status = parse_frame_header(in->data + in->pos, in->left(), rules, out);
    if (status != Status::kNeedInput) return status;
  }
  const size_t room = kMaxHeader - header_have_;
  const size_t more = in->left() < room ? in->left() : room;
  memcpy(header_ + header_have_, in->data + in->pos, more);
  const Status status = parse_frame_header(header_, header_have_ + more, rules, out);
  if (status == Status::kNeedInput) {
    header_have_ = static_cast<uint8_t>(header_have_ + more);
    in->pos += more;
  }
  return status;
}

// Judges a header by what came before it, and by the limits, before any of its payload is kept.
Status Connection::start_frame(const FrameHeader &header, MutBytes dst) {
  const bool compressed = (header.first & kRsv1) != 0;
  if (header.control()) return compressed ? Status::kRsv : start_control();  // RFC 7692 §6.1
  const bool first = !assembler_.active();
  const bool continuation = header.opcode() == kContinuation;
  if (continuation && first) return Status::kContinuation;   // RFC 6455 §5.4
  if (!continuation && !first) return Status::kInterleaved;  // RFC 6455 §5.4
  if (continuation && compressed) return Status::kRsv;       // RFC 7692 §6.1
  const Settings &settings = this->settings();
  if (header.payload_len > settings.max_frame_len) return Status::kLimitFrame;
  const bool inflates = first ? compressed : assembler_.message().compressed;
  const uint64_t have = first || inflates ? 0 : assembler_.message().len;
  if (!inflates && header.payload_len > left_of_message(have)) return Status::kLimitMessage;
  if (!first && assembler_.message().fragments >= settings.max_fragments) return Status::kLimitFragments;

  const bool streamed = first ? streams(header) : assembler_.message().streamed;
  const size_t room = inflates || streamed ? 0 : static_cast<size_t>(header.payload_len);
  Status status = Status::kOk;
  if (first) {
    status = start_message(header, room, dst);
  } else if (room > 0) {
    status = assembler_.grow(&lender_, room, header.fin(), settings.max_message_len);
  }
  if (status == Status::kOk) assembler_.message().fragments++;
  return status;
}

// Whether the message that starts with this frame comes in chunks.
bool Connection::streams(const FrameHeader &first) const {
  return has(kConnStream) || (has(kConnStreamFragmented) && !first.fin());
}

Status Connection::start_message(const FrameHeader &header, size_t room, MutBytes dst) {
  Assembler::Message message;
  message.since = now_;
  message.opcode = header.opcode();
  message.validated = message.opcode == kText && !has(kConnTrusted);
  message.compressed = (header.first & kRsv1) != 0;
  message.streamed = streams(header);
  return dst.size > 0 && room <= dst.size ? assembler_.start_in(&lender_, message, dst)
                                          : assembler_.start(&lender_, message, room);
}

// Control frames are counted in whole seconds of the clock that tick() tells; without it there is no rate.
Status Connection::start_control() {
  if (!ticked_) return Status::kOk;
  const uint32_t second = static_cast<uint32_t>(now_ / kSecond);
  if (second != control_second_) control_count_ = 0;
  control_second_ = second;
  if (control_count_ >= settings().max_control_rate) return Status::kLimitControlRate;
  control_count_++;
  return Status::kOk;
}

Status Connection::read_data(Input *in) {
  const uint64_t missing = frame_.payload_len - payload_done_;
  const size_t len = in->left() < missing ? in->left() : static_cast<size_t>(missing);
  const uint32_t key = rotate_key(frame_.key, static_cast<size_t>(payload_done_ & 3));
  const bool last = frame_.fin() && len == missing;
  const bool streamed = assembler_.message().streamed;
  uint8_t *data = in->data + in->pos;
  size_t bad = 0;
  const Status status = streamed ? assembler_.pass(kernels(), data, len, key, last, &bad)
                                 : assembler_.append(kernels(), data, len, key, last, &bad);
  if (status != Status::kOk) {
    if (streamed) add_chunk(in, {data, bad}, false);
    return fail(status, received_ + in->pos + bad);
  }
  advance(in, len);
  if (streamed) add_chunk(in, {data, len}, last);
  if (payload_done_ == frame_.payload_len) finish_frame(in);
  return Status::kOk;
}

void Connection::advance(Input *in, size_t len) {
  in->pos += len;
  payload_done_ += len;
}

// The end of a data frame, and of its message with the last one.
void Connection::finish_frame(Input *in) {
  in_payload_ = false;
  frames_received_++;
  if (!frame_.fin()) return;
  messages_received_++;
  const Assembler::Message &message = assembler_.message();
  if (message.compressed) {
    codec_->deflated_received_len += message.deflated_len;
    codec_->inflated_received_len += message.len;
  }
  if (message.streamed) return assembler_.reset(&lender_);
  const uint8_t opcode = message.opcode;
  MutBytes data;
  Lease *bytes = assembler_.finish(&lender_, &data);
  add_event(in, EventType::kMessage, opcode, data);
  deliver(bytes);
  if (in->one_message) in->cap = in->count;
}

void Connection::add_chunk(Input *in, MutBytes data, bool last) {
  if (data.size == 0 && !last) return;
  Assembler::Message &message = assembler_.message();
  const uint8_t opcode = message.reported ? uint8_t{kContinuation} : message.opcode;
  message.reported = true;
  add_event(in, EventType::kChunk, opcode, data, 0, last ? kFin : uint8_t{0});
}

Status Connection::read_control(Input *in) {
  const size_t payload_len = static_cast<size_t>(frame_.payload_len);
  const size_t done = static_cast<size_t>(payload_done_);
  if (done == 0 && in->left() >= payload_len) {
    uint8_t *payload = in->data + in->pos;
    kernels().mask(payload, payload, payload_len, frame_.key);
    advance(in, payload_len);
    return finish_control(payload, in);
  }
  if (control_ == nullptr) {
    const Status status = lender_.acquire(kMaxControlPayload, &control_);
    if (status != Status::kOk) return fail(status, frame_offset(*in));
  }
  const size_t len = in->left() < payload_len - done ? in->left() : payload_len - done;
  kernels().mask(control_->bytes() + done, in->data + in->pos, len, rotate_key(frame_.key, done));
  advance(in, len);
  if (payload_done_ < payload_len) return Status::kOk;
  Lease *kept = control_;
  control_ = nullptr;
  deliver(kept);
  return finish_control(kept->bytes(), in);
}

Status Connection::finish_control(uint8_t *payload, Input *in) {
  in_payload_ = false;
  frames_received_++;
  control_frames_received_++;
  const size_t len = static_cast<size_t>(frame_.payload_len);
  if (logs(kLogDebug)) log_control("received", frame_.opcode(), len);
  if (frame_.opcode() == kClose) return read_close(payload, len, in);
  if (frame_.opcode() == kPong) {
    if (!take_keepalive({payload, len})) add_event(in, EventType::kPong, kPong, {payload, len});
    return Status::kOk;
  }
  const uint64_t offset = frame_offset(*in);
  add_event(in, EventType::kPing, kPing, {payload, len});
  if (close_sent_ || has(kConnManualPong)) return Status::kOk;
  const Status status = answer_ping({payload, len});
  return status == Status::kOk ? status : fail(status, offset);
}

// A peer that does not read gets no queue of pongs: the latest ping is answered once there is room (RFC 6455 §5.5.3).
Status Connection::answer_ping(ByteView payload) {
  if (!paused_) {
    const Status status = queue_control(kPong, payload, settings().max_output_len);
    if (status == Status::kOk) drop_pong();
    if (status != Status::kLimitOutput) return status;
  }
  if (pong_ == nullptr) {
    const Status status = lender_.acquire(1 + kMaxControlPayload, &pong_);
    if (status != Status::kOk) return status;
  }
  pong_->bytes()[0] = static_cast<uint8_t>(payload.size);
  if (payload.size > 0) memcpy(pong_->bytes() + 1, payload.data, payload.size);
  return Status::kOk;
}

void Connection::add_event(Input *in, EventType type, uint8_t opcode, MutBytes data, uint32_t code, uint8_t flags) {
  const uint64_t offset = type == EventType::kOpen ? 0 : frame_offset(*in);
  in->events[in->count++] = {data.data, data.size, type, opcode, flags, 0, code, offset};
}

void Connection::deliver(Lease *lease) {
  if (lease == nullptr) return;
  lease->next = delivered_;
  delivered_ = lease;
}

}  // namespace tidewire
