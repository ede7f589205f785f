// SPDX-License-Identifier: MIT
// The closing handshake (RFC 6455 §7), and the end of a connection that failed.
#include <string.h>

#include "core/base/endian.h"
#include "core/connection/codec.h"
#include "core/connection/connection.h"
#include "core/wire/close_code.h"

namespace tidewire {
namespace {

constexpr size_t kMaxReason = kMaxControlPayload - 2;  // bytes after the close code

}  // namespace

Status Connection::close(uint32_t code, ByteView reason) {
  if (state_ != State::kOpen && !(close_received_ && can_send())) return Status::kState;
  if (code == 0 && reason.size > 0) return Status::kArgument;
  if (code != 0 && !close_code_valid(code)) return Status::kSendCloseCode;
  if (reason.size > kMaxReason) return Status::kControlLength;
  if (!utf8_whole(kernels(), reason.data, reason.size)) return Status::kText;
  const Status status = queue_close(code, reason);
  if (status != Status::kOk) return status;
  begin_closing(Cause::kUs);
  if (close_received_) state_ = State::kClosed;
  close_planned_ = false;
  if (logs(kLogInfo)) log_close("sent", local_code_, reason, received_);
  return Status::kOk;
}

// By whoever is first.
void Connection::begin_closing(Cause cause) {
  if (cause_ == Cause::kNobody) {
    cause_ = cause;
    since_ = now_;
  }
  state_ = State::kClosing;
}

// Our close frame comes last: the messages that were read before the peer's, or before the fault, may still be answered
// (RFC 6455 §5.5.1), until the output is looked at.
void Connection::plan_close(uint32_t code) {
  close_planned_ = true;
  local_code_ = static_cast<uint16_t>(code);
}

// Without memory for the frame the peer sees the stream end.
void Connection::carry_out_close() {
  queue_close(local_code_ == kCloseNoCode ? 0 : local_code_, {});
  close_planned_ = false;
  state_ = State::kClosed;
  if (error_ == Status::kOk && logs(kLogInfo)) log_closed({}, received_);
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
  const Status status = queue_control(kClose, {payload, len}, UINT64_MAX);
  if (status != Status::kOk) return status;
  close_sent_ = true;
  local_code_ = code == 0 ? uint16_t{kCloseNoCode} : static_cast<uint16_t>(code);
  drop_pong();
  if (codec_ != nullptr) release_deflater();
  return Status::kOk;
}

Status Connection::read_close(uint8_t *payload, size_t len, Input *in) {
  const uint64_t offset = frame_offset(*in);
  uint32_t code = kCloseNoCode;
  ByteView reason;
  if (len == 1) return fail(Status::kCloseLength, offset);
  if (len >= 2) {
    code = load_be16(payload);
    reason = {payload + 2, len - 2};
    if (!close_code_valid(code)) return fail(Status::kCloseCode, offset, {payload, len});
    if (!utf8_whole(kernels(), reason.data, reason.size)) return fail(Status::kCloseReason, offset, {payload, len});
  }
  add_event(in, EventType::kClose, kClose, {payload + (len - reason.size), reason.size}, code);
  close_received_ = true;
  remote_code_ = static_cast<uint16_t>(code);
  begin_closing(Cause::kPeer);
  if (logs(kLogInfo)) log_close("received", code, reason, received_ + in->pos);
  if (close_sent_) {
    state_ = State::kClosed;
  } else if (!has(kConnManualClose)) {
    plan_close(code);  // RFC 6455 §5.5.1: answered with the same code
  }
  stop_reading();
  return Status::kOk;
}

// Fail the WebSocket Connection (RFC 6455 §7.1.7). `evidence` is for the log: the head or the line of it that is wrong,
// the header of a frame as far as it is sound, or the payload of a close frame.
Status Connection::fail(Status status, uint64_t offset, ByteView evidence) {
  const bool answers = state_ == State::kOpen && status != Status::kEof;
  begin_closing(Cause::kError);
  if (answers) {
    plan_close(status_info(status).close_code);
  } else {
    state_ = State::kClosed;
  }
  error_ = status;
  error_offset_ = offset;
  if (logs(kLogError)) log_failure(evidence);
  stop_reading();
  drop_pong();
  return status;
}

// Gives back what was held for input that is now never read.
void Connection::stop_reading() {
  in_payload_ = false;
  lender_.release(control_);
  control_ = nullptr;
  drop_message();
  if (!opened_) return drop_opening();
  if (codec_ != nullptr) release_inflater();
}

void Connection::drop_pong() {
  lender_.release(pong_);
  pong_ = nullptr;
}

}  // namespace tidewire
