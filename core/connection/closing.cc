// SPDX-License-Identifier: MIT
// The closing handshake (RFC 6455 §7), and the end of a connection that failed.
#include "core/base/endian.h"
#include "core/connection/connection.h"
#include "core/wire/close_code.h"

namespace tidewire {
namespace {

constexpr size_t kMaxReason = kMaxControlPayload - 2;  // bytes after the close code

}  // namespace

Status Connection::close(uint32_t code, ByteView reason) {
  if (state_ != State::kOpen) return Status::kState;
  if (code == 0 && reason.size > 0) return Status::kArgument;
  if (code != 0 && !close_code_valid(code)) return Status::kSendCloseCode;
  if (reason.size > kMaxReason) return Status::kControlLength;
  Utf8State utf8;
  if (!kernels_->utf8_step(&utf8, reason.data, reason.size) || utf8.need != 0) return Status::kText;
  const Status status = queue_close(code, reason);
  if (status == Status::kOk) state_ = State::kClosing;
  return status;
}

Status Connection::queue_close(uint32_t code, ByteView reason) {
  uint8_t payload[kMaxControlPayload];
  size_t len = 0;
  if (code != 0) {
    store_be16(payload, static_cast<uint16_t>(code));
    if (reason.size > 0) memcpy(payload + 2, reason.data, reason.size);
    len = 2 + reason.size;
  }
  // The last frame is exempt from the limit, so that the peer learns why.
  const Status status = queue_frame(kFin | kClose, {payload, len}, UINT64_MAX);
  close_sent_ = close_sent_ || status == Status::kOk;
  return status;
}

Status Connection::read_close(uint8_t *payload, size_t len, Input *in) {
  const uint64_t offset = frame_offset(*in);
  uint32_t code = kCloseNoCode;
  ByteView reason;
  if (len == 1) return fail(Status::kCloseLength, offset);
  if (len >= 2) {
    code = load_be16(payload);
    reason = {payload + 2, len - 2};
    if (!close_code_valid(code)) return fail(Status::kCloseCode, offset);
    Utf8State utf8;
    if (!kernels_->utf8_step(&utf8, reason.data, reason.size) || utf8.need != 0) {
      return fail(Status::kCloseReason, offset);
    }
  }
  add_event(in, EventType::kClose, kClose, payload + (len - reason.size), reason.size, code);
  close_received_ = true;
  // RFC 6455 §5.5.1: answered with the same code. Without memory for the answer the peer sees the stream end.
  if (!close_sent_) queue_close(code == kCloseNoCode ? 0 : code, {});
  state_ = State::kClosed;
  assembler_.reset(source_);
  return Status::kOk;
}

// Fail the WebSocket Connection (RFC 6455 §7.1.7).
Status Connection::fail(Status status, uint64_t offset) {
  error_ = status;
  error_offset_ = offset;
  if (state_ != State::kConnecting) error_close_code_ = kCloseAbnormal;
  if (state_ == State::kOpen && status != Status::kEof) {
    const uint16_t code = status_info(status).close_code;
    if (queue_close(code, {}) == Status::kOk) error_close_code_ = code;
  }
  state_ = State::kClosed;
  source_.release(control_);
  control_ = nullptr;
  assembler_.reset(source_);
  drop_opening();
  return status;
}

}  // namespace tidewire
