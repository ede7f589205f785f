// SPDX-License-Identifier: MIT
// Time, which the host tells: the limits that are counted in it, and the pings that keep a connection alive.
#include <string.h>

#include "core/connection/connection.h"

namespace tidewire {
namespace {

constexpr uint8_t kKeepalive[] = {'t', 'i', 'd', 'e', 'w', 'i', 'r', 'e'};  // payload of the engine's own pings

uint64_t add_time(uint64_t start, uint64_t timeout) { return timeout > kNever - start ? kNever : start + timeout; }

uint64_t earlier(uint64_t a, uint64_t b) { return a < b ? a : b; }

}  // namespace

Status Connection::tick(uint64_t now, uint64_t *out_next_deadline) {
  if (!ticked_) {
    // What has begun before the first tick begins now.
    ticked_ = true;
    now_ = since_ = ping_at_ = now;
    if (assembler_.active()) assembler_.message().since = now;
  } else if (now > now_) {
    now_ = now;
  }
  const Status status = check_timeouts();
  *out_next_deadline = next_deadline();
  return status;
}

Status Connection::check_timeouts() {
  const Settings &settings = this->settings();
  if (state_ == State::kConnecting) {
    if (!passed(since_, settings.handshake_timeout)) return Status::kOk;
    queue_refusal(Status::kTimeoutHandshake);
    return fail(Status::kTimeoutHandshake, received_);
  }
  if (state_ != State::kOpen && passed(since_, settings.close_timeout)) return expire_closing();
  if (reads()) {
    if (pinged_ && state_ == State::kOpen && passed(ping_at_, settings.pong_timeout)) {
      return fail(Status::kTimeoutPong, received_);
    }
    if (assembler_.active() && passed(assembler_.message().since, settings.message_timeout)) {
      return fail(Status::kTimeoutMessage, received_);
    }
  }
  if (state_ != State::kOpen) return error_;
  if (passed(since_, settings.idle_timeout)) return fail(Status::kTimeoutIdle, received_);
  if (!pinged_ && passed(ping_at_, settings.ping_interval)) send_keepalive();
  return Status::kOk;
}

// The peer neither closes nor reads: what is queued for it is given up.
Status Connection::expire_closing() {
  if (state_ == State::kClosed && output_.size() == 0) return error_;
  if (error_ == Status::kOk) fail(Status::kTimeoutClose, received_);
  close_planned_ = false;
  state_ = State::kClosed;
  output_.clear(&lender_);
  paused_ = false;
  return error_;
}

// One that cannot be queued is left out.
void Connection::send_keepalive() {
  ping_at_ = now_;
  pinged_ = queue_control(kPing, {kKeepalive, sizeof(kKeepalive)}, settings().max_output_len) == Status::kOk;
}

// Whether a pong answers our own ping.
bool Connection::take_keepalive(ByteView pong) {
  if (!pinged_ || pong.size != sizeof(kKeepalive) || memcmp(pong.data, kKeepalive, pong.size) != 0) return false;
  pinged_ = false;
  const uint64_t rtt = now_ - ping_at_;
  const uint64_t rtt_us = rtt / 1000 + (rtt % 1000 > 0 || rtt == 0 ? 1 : 0);  // 0 is unknown
  rtt_us_ = rtt_us > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(rtt_us);
  return true;
}

uint64_t Connection::next_deadline() const {
  const Settings &settings = this->settings();
  if (state_ == State::kConnecting) return add_time(since_, settings.handshake_timeout);
  if (state_ == State::kClosed && output_.size() == 0) return kNever;
  uint64_t deadline = kNever;
  if (state_ != State::kOpen) deadline = add_time(since_, settings.close_timeout);
  if (reads() && assembler_.active()) {
    deadline = earlier(deadline, add_time(assembler_.message().since, settings.message_timeout));
  }
  if (state_ != State::kOpen) return deadline;
  deadline = earlier(deadline, add_time(since_, settings.idle_timeout));
  return earlier(deadline, add_time(ping_at_, pinged_ ? settings.pong_timeout : settings.ping_interval));
}

}  // namespace tidewire
