// SPDX-License-Identifier: MIT
// Time, which is told: what must have happened until when.
#include <algorithm>

#include "tests/reference/connection_ref.h"

namespace tidewire::reference {
namespace {

uint64_t end_of(uint64_t since, uint64_t timeout) { return timeout > TW_NEVER - since ? TW_NEVER : since + timeout; }

}  // namespace

tw_status Connection::tick(uint64_t now, uint64_t *out_deadline) {
  if (!ticked_) {
    now_ = handshake_since_ = input_at_ = message_since_ = closing_since_ = ping_clock_ = now;
    ticked_ = true;
  }
  now_ = std::max(now_, now);
  const tw_status status = check_timeouts();
  *out_deadline = deadline();
  return status;
}

tw_status Connection::check_timeouts() {
  const auto passed = [this](uint64_t since, uint64_t timeout) { return now_ >= end_of(since, timeout); };
  const uint64_t received_len = frame_offset_ + received_.size();
  if (state_ == TW_STATE_CONNECTING) {
    if (!passed(handshake_since_, config_.handshake_timeout_ns)) return TW_OK;
    if (config_.role == TW_ROLE_SERVER) queue_bytes(handshake_.refuse(TW_ERR_TIMEOUT_HANDSHAKE));
    return fail(TW_ERR_TIMEOUT_HANDSHAKE, received_len);
  }
  if (state_ != TW_STATE_OPEN && passed(closing_since_, config_.close_timeout_ns)) {
    expire_closing();
    return failure_.status;
  }
  if (!reading()) return failure_.status;
  const bool open = state_ == TW_STATE_OPEN;
  if (open && pinged_ && passed(ping_clock_, config_.pong_timeout_ns)) return fail(TW_ERR_TIMEOUT_PONG, received_len);
  if (message_.active() && passed(message_since_, config_.message_timeout_ns)) {
    return fail(TW_ERR_TIMEOUT_MESSAGE, received_len);
  }
  if (open && passed(input_at_, config_.idle_timeout_ns)) return fail(TW_ERR_TIMEOUT_IDLE, received_len);
  if (open && !pinged_ && passed(ping_clock_, config_.ping_interval_ns)) {
    ping_clock_ = now_;
    pinged_ = send_control(TW_OPCODE_PING, kKeepalive) == TW_OK;
  }
  return TW_OK;
}

// What is still missing is given up: the peer's close frame, and the output that it does not read.
void Connection::expire_closing() {
  if (state_ == TW_STATE_CLOSED && output_.empty()) return;
  if (!failed()) {
    failure_ = {TW_ERR_TIMEOUT_CLOSE, 1006, frame_offset_ + received_.size()};
  } else if (planned_) {
    failure_.close_code = 1006;
  }
  planned_.reset();
  state_ = TW_STATE_CLOSED;
  output_.clear();
  paused_ = false;
}

uint64_t Connection::deadline() const {
  if (state_ == TW_STATE_CONNECTING) return end_of(handshake_since_, config_.handshake_timeout_ns);
  if (state_ == TW_STATE_CLOSED && output_.empty()) return TW_NEVER;
  uint64_t deadline = TW_NEVER;
  const auto add = [&deadline](uint64_t since, uint64_t timeout) {
    deadline = std::min(deadline, end_of(since, timeout));
  };
  if (state_ != TW_STATE_OPEN) add(closing_since_, config_.close_timeout_ns);
  if (reading() && message_.active()) add(message_since_, config_.message_timeout_ns);
  if (state_ != TW_STATE_OPEN) return deadline;
  add(input_at_, config_.idle_timeout_ns);
  add(ping_clock_, pinged_ ? config_.pong_timeout_ns : config_.ping_interval_ns);
  return deadline;
}

}  // namespace tidewire::reference
