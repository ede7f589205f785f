// SPDX-License-Identifier: MIT
// From calls to queued output.
#include "core/connection/connection.h"
#include "core/wire/frame_encode.h"

namespace tidewire {

Status Connection::send(uint8_t opcode, ByteView payload, uint32_t flags) {
  if (!can_send()) return Status::kState;
  if ((flags & ~(kSendMore | kSendValidUtf8)) != 0) return Status::kArgument;
  const bool continuation = opcode == kContinuation;
  if (!continuation && opcode != kText && opcode != kBinary) return Status::kArgument;
  if (continuation != (send_opcode_ != 0)) return Status::kState;  // RFC 6455 §5.4

  const bool more = (flags & kSendMore) != 0;
  const uint8_t message_opcode = continuation ? send_opcode_ : opcode;
  Utf8State utf8 = send_utf8_;
  if (message_opcode == kText && (flags & kSendValidUtf8) == 0) {
    if (!kernels_->utf8_step(&utf8, payload.data, payload.size)) return Status::kText;
    if (!more && utf8.need != 0) return Status::kText;
  }
  const uint8_t first = static_cast<uint8_t>((more ? 0 : kFin) | opcode);
  if (Status status = queue_frame(first, payload, max_output_len_); status != Status::kOk) return status;
  send_opcode_ = more ? message_opcode : uint8_t{0};
  send_utf8_ = more ? utf8 : Utf8State{};
  return Status::kOk;
}

Status Connection::send_control(uint8_t opcode, ByteView payload) {
  if (!can_send()) return Status::kState;
  if (payload.size > kMaxControlPayload) return Status::kControlLength;
  return queue_frame(static_cast<uint8_t>(kFin | opcode), payload, max_output_len_);
}

size_t Connection::output(ByteView *views, size_t cap) {
  if (close_planned_) carry_out_close();
  return output_.views(views, cap);
}

Status Connection::consume_output(size_t len) {
  if (len > output_.size()) return Status::kArgument;
  output_.consume(source_, len);
  return Status::kOk;
}

Status Connection::queue_frame(uint8_t first, ByteView payload, uint64_t max_output_len) {
  const size_t header_len = frame_header_len(payload.size, client());
  const uint64_t queued = output_.size() + uint64_t{header_len};
  if (queued > max_output_len || payload.size > max_output_len - queued) return Status::kLimitOutput;
  FrameHeader header{payload.size, 0, first, 0, client()};
  if (client()) {
    if (Status status = next_key(&header.key); status != Status::kOk) return status;
  }
  uint8_t *out = output_.reserve(source_, header_len + payload.size);
  if (out == nullptr) return Status::kNoMemory;
  output_.commit(write_frame(*kernels_, header, payload.data, out));
  return Status::kOk;
}

// A fresh key for each frame (RFC 6455 §5.3). They are fetched several at a time: a system call costs more than a
// frame.
Status Connection::next_key(uint32_t *out) {
  if (keys_left_ == 0) {
    if (Status status = random_.fill(reinterpret_cast<uint8_t *>(keys_), sizeof(keys_)); status != Status::kOk) {
      return status;
    }
    keys_left_ = kKeyCount;
  }
  *out = keys_[kKeyCount - keys_left_--];
  return Status::kOk;
}

}  // namespace tidewire
