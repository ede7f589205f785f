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
  if (state_ != State::kOpen && !(close_planned_ && close_received_)) return Status::kState;
  if (code == 0 && reason.size > 0) return Status::kArgument;
  if (code != 0 && !close_code_valid(code)) return Status::kSendCloseCode;
  if (reason.size > kMaxReason) return Status::kControlLength;
  Utf8State utf8;
  if (!kernels_->utf8_step(&utf8, reason.data, reason.size) || utf8.need != 0) return Status::kText;
  const Status status = queue_close(code, reason);
  if (status != Status::kOk) return status;
  state_ = close_planned_ ? State::kClosed : State::kClosing;
  close_planned_ = false;
  return Status::kOk;
}

// Our close frame comes last: the messages that were read before the peer's, or before the fault, may still be answered
// (RFC 6455 §5.5.1), until the output is looked at.
void Connection::plan_close(uint32_t code) {
  close_planned_ = true;
  planned_code_ = static_cast<uint16_t>(code);
  state_ = State::kClosing;
}

// Without memory for the frame the peer sees the stream end.
void Connection::carry_out_close() {
  const Status status = queue_close(planned_code_, {});
  if (status != Status::kOk && error_ != Status::kOk) error_close_code_ = kCloseAbnormal;
  close_planned_ = false;
  state_ = State::kClosed;
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
  if (status == Status::kOk) close_sent_ = true;
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
  if (close_sent_) {
    state_ = State::kClosed;
  } else {
    plan_close(code == kCloseNoCode ? 0 : code);  // RFC 6455 §5.5.1: answered with the same code
  }
  assembler_.reset(source_);
  return Status::kOk;
}

// Fail the WebSocket Connection (RFC 6455 §7.1.7).
Status Connection::fail(Status status, uint64_t offset) {
  error_ = status;
  error_offset_ = offset;
  if (state_ != State::kConnecting) error_close_code_ = kCloseAbnormal;
  if (state_ == State::kOpen && status != Status::kEof) {
    error_close_code_ = status_info(status).close_code;
    plan_close(error_close_code_);
  } else {
    state_ = State::kClosed;
  }
  source_.release(control_);
  control_ = nullptr;
  assembler_.reset(source_);
  drop_opening();
  return status;
}

}  // namespace tidewire
