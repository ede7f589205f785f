// SPDX-License-Identifier: MIT
// From bytes to events. Messages that lie whole in the input never leave the frame loop; everything else is read frame
// by frame, and may stop after any byte.
#include <string.h>

#include "core/base/macros.h"
#include "core/connection/connection.h"
#include "core/simd/small.h"

namespace tidewire {

Status Connection::receive(MutBytes data, Event *events, size_t cap, size_t *out_count, size_t *out_consumed) {
  source_.release_list(delivered_);
  delivered_ = nullptr;
  Input in{data.data, data.size, 0, events, cap, 0};
  Status status = error_;
  while (status == Status::kOk && in.left() > 0 && !close_received_) {
    if (in.count == in.cap) {
      status = Status::kNeedRoom;
    } else {
      status = state_ == State::kConnecting ? read_head(&in) : read_frames(&in);
    }
  }
  // Nothing is read after a close frame or a failure (RFC 6455 §1.4, §7.1.7).
  if (close_received_ || failed(status)) in.pos = in.len;
  received_ += in.pos;
  *out_count = in.count;
  *out_consumed = in.pos;
  return status;
}

Status Connection::receive_eof() {
  if (error_ != Status::kOk || close_received_) return error_;
  return fail(Status::kEof, received_);
}

Status Connection::read_frames(Input *in) {
  const bool between_messages = !in_payload_ && header_have_ == 0 && !assembler_.active();
  if (TW_LIKELY(between_messages)) {
    const Status status = read_messages(in);
    if (status != Status::kOk || in->left() == 0 || in->count == in->cap) return status;
  }
  return read_frame(in);
}

Status Connection::read_messages(Input *in) {
  FrameBatch batch{};
  batch.data = in->data;
  batch.len = in->len;
  batch.pos = in->pos;
  batch.frames = reinterpret_cast<Frame *>(in->events);
  batch.cap = in->cap;
  batch.count = in->count;
  batch.rules = frame_rules();
  batch.tag = static_cast<uint8_t>(EventType::kMessage);
  batch.max_payload_len = max_frame_len_ < max_message_len_ ? max_frame_len_ : max_message_len_;
  batch.base_offset = received_;
  const Status status = frame_loops(kernels_->isa).messages(&batch);
  in->pos = batch.pos;
  in->count = batch.count;
  return status == Status::kOk ? status : fail(status, received_ + batch.error_offset);
}

Status Connection::read_frame(Input *in) {
  if (!in_payload_) {
    FrameHeader header;
    Status status = read_header(in, &header);
    if (status == Status::kNeedInput) return Status::kOk;
    if (status == Status::kOk) status = start_frame(header);
    if (status != Status::kOk) return fail(status, received_ + in->pos - header_have_);
    in->pos += header.header_len - header_have_;
    header_have_ = 0;
    frame_ = header;
    payload_done_ = 0;
    in_payload_ = true;
  }
  return frame_.control() ? read_control(in) : read_data(in);
}

// Reads the header at in->pos, of which the first header_have_ bytes came earlier, without moving in->pos; but what is
// left of the input when it ends inside the header is kept.
Status Connection::read_header(Input *in, FrameHeader *out) {
  if (header_have_ == 0) {
    const Status status = parse_frame_header(in->data + in->pos, in->left(), frame_rules(), out);
    if (status != Status::kNeedInput) return status;
  }
  const size_t room = kMaxHeader - header_have_;
  const size_t more = in->left() < room ? in->left() : room;
  memcpy(header_ + header_have_, in->data + in->pos, more);
  const Status status = parse_frame_header(header_, header_have_ + more, frame_rules(), out);
  if (status == Status::kNeedInput) {
    header_have_ = static_cast<uint8_t>(header_have_ + more);
    in->pos += more;
  }
  return status;
}

// Judges a header by what came before it, and by the limits, before any of its payload is kept.
Status Connection::start_frame(const FrameHeader &header) {
  if (header.control()) return Status::kOk;
  const bool continuation = header.opcode() == kContinuation;
  if (continuation && !assembler_.active()) return Status::kContinuation;  // RFC 6455 §5.4
  if (!continuation && assembler_.active()) return Status::kInterleaved;   // RFC 6455 §5.4
  if (header.payload_len > max_frame_len_) return Status::kLimitFrame;
  if (assembler_.len() > max_message_len_ || header.payload_len > max_message_len_ - assembler_.len()) {
    return Status::kLimitMessage;
  }
  if (assembler_.fragments() >= max_fragments_) return Status::kLimitFragments;
  const uint8_t opcode = continuation ? assembler_.opcode() : header.opcode();
  return assembler_.add_frame(source_, opcode, static_cast<size_t>(header.payload_len), header.fin(), max_message_len_);
}

Status Connection::read_data(Input *in) {
  const uint64_t missing = frame_.payload_len - payload_done_;
  const size_t len = in->left() < missing ? in->left() : static_cast<size_t>(missing);
  const uint32_t key = rotate_key(frame_.key, static_cast<size_t>(payload_done_ & 3));
  const bool last = frame_.fin() && len == missing;
  size_t bad = 0;
  const Status status = assembler_.append(*kernels_, in->data + in->pos, len, key, last, &bad);
  if (status != Status::kOk) return fail(status, received_ + in->pos + bad);
  in->pos += len;
  payload_done_ += len;
  if (payload_done_ < frame_.payload_len) return Status::kOk;
  in_payload_ = false;
  if (frame_.fin()) finish_message(in);
  return Status::kOk;
}

void Connection::finish_message(Input *in) {
  const uint8_t opcode = assembler_.opcode();
  size_t len = 0;
  Lease *message = assembler_.finish(&len);
  add_event(in, EventType::kMessage, opcode, message == nullptr ? nullptr : message->bytes(), len);
  deliver(message);
}

Status Connection::read_control(Input *in) {
  const size_t payload_len = static_cast<size_t>(frame_.payload_len);
  const size_t done = static_cast<size_t>(payload_done_);
  if (done == 0 && in->left() >= payload_len) {
    uint8_t *payload = in->data + in->pos;
    kernels_->mask(payload, payload, payload_len, frame_.key);
    in->pos += payload_len;
    payload_done_ = payload_len;
    return finish_control(payload, in);
  }
  if (control_ == nullptr) control_ = source_.acquire(kMaxControlPayload);
  if (control_ == nullptr) return fail(Status::kNoMemory, frame_offset(*in));
  const size_t len = in->left() < payload_len - done ? in->left() : payload_len - done;
  kernels_->mask(control_->bytes() + done, in->data + in->pos, len, rotate_key(frame_.key, done));
  in->pos += len;
  payload_done_ += len;
  if (payload_done_ < payload_len) return Status::kOk;
  Lease *kept = control_;
  control_ = nullptr;
  deliver(kept);
  return finish_control(kept->bytes(), in);
}

Status Connection::finish_control(uint8_t *payload, Input *in) {
  in_payload_ = false;
  const size_t len = static_cast<size_t>(frame_.payload_len);
  if (frame_.opcode() == kClose) return read_close(payload, len, in);
  if (frame_.opcode() == kPong) {
    add_event(in, EventType::kPong, kPong, payload, len);
    return Status::kOk;
  }
  const uint64_t offset = frame_offset(*in);
  add_event(in, EventType::kPing, kPing, payload, len);
  if (close_sent_) return Status::kOk;
  const Status status = queue_frame(kFin | kPong, {payload, len}, max_output_len_);  // RFC 6455 §5.5.2
  return status == Status::kOk ? status : fail(status, offset);
}

void Connection::add_event(Input *in, EventType type, uint8_t opcode, uint8_t *data, size_t len, uint32_t code) {
  const uint64_t offset = type == EventType::kOpen ? 0 : frame_offset(*in);
  const uint8_t flags = type == EventType::kOpen ? uint8_t{0} : kFin;
  in->events[in->count++] = {data, len, type, opcode, flags, 0, code, offset};
}

void Connection::deliver(Lease *lease) {
  if (lease == nullptr) return;
  lease->next = delivered_;
  delivered_ = lease;
}

}  // namespace tidewire
