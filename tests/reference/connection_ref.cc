// SPDX-License-Identifier: MIT
// Life of a connection, closing, and what can be asked of it.
#include "tests/reference/connection_ref.h"

#include <algorithm>
#include <utility>

#include "tests/reference/close_code_ref.h"
#include "tests/reference/utf8_ref.h"

namespace tidewire::reference {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;
constexpr uint64_t kSecond = 1000 * 1000 * 1000;

template <class T>
void set_default(T *field, uint64_t value) {
  if (*field == 0) *field = static_cast<T>(value);
}

void set_defaults(tw_conn_config *config) {
  set_default(&config->max_frame_len, 16 * kMiB);
  set_default(&config->max_message_len, 16 * kMiB);
  set_default(&config->max_fragments, 1024);
  set_default(&config->max_output_len, 64 * kMiB);
  set_default(&config->output_high_len, kMiB);
  config->output_high_len = std::min(config->output_high_len, config->max_output_len);
  set_default(&config->output_low_len, config->output_high_len / 4);
  set_default(&config->max_control_rate, 1000);
  set_default(&config->handshake_timeout_ns, 10 * kSecond);
  set_default(&config->idle_timeout_ns, 120 * kSecond);
  set_default(&config->ping_interval_ns, 20 * kSecond);
  set_default(&config->pong_timeout_ns, 20 * kSecond);
  set_default(&config->message_timeout_ns, 60 * kSecond);
  set_default(&config->close_timeout_ns, 10 * kSecond);
}

void set_defaults(tw_deflate_config *config) {
  set_default(&config->min_len, 128);
  set_default(&config->max_ratio, 250);
}

}  // namespace

Connection::Connection(const tw_conn_config &config) : Connection(config, Handshake()) {
  const bool negotiated = config.deflate != nullptr && config.negotiated != nullptr;
  open(negotiated ? *config.negotiated : tw_deflate{});
}

Connection::Connection(const tw_conn_config &config, Handshake handshake)
    : config_(config), handshake_(std::move(handshake)), random_(handshake_.random_len) {
  if (config_.deflate != nullptr) deflate_config_ = *config_.deflate;
  set_defaults(&config_);
  set_defaults(&deflate_config_);
  queue_bytes(handshake_.request);
}

void Connection::open(const tw_deflate &deflate) {
  state_ = TW_STATE_OPEN;
  deflate_ = deflate;
  input_at_ = ping_clock_ = now_;
}

tw_status Connection::receive_eof() {
  if (failed()) return failure_.status;
  if (close_received_) return TW_OK;
  return fail(TW_ERR_EOF, frame_offset_ + received_.size());
}

tw_status Connection::close(uint32_t code, const Bytes &reason) {
  if (!sending() || failed()) return TW_ERR_STATE;
  if (code == 0 && !reason.empty()) return TW_ERR_ARGUMENT;
  if (code != 0 && !may_be_sent(code)) return TW_ERR_SEND_CLOSE_CODE;
  if (reason.size() > 123) return TW_ERR_CONTROL_LENGTH;
  if (!utf8(reason.data(), reason.size()).is_text(reason.size())) return TW_ERR_TEXT;
  begin_closing(TW_CLOSE_BY_US);
  queue_close(code, reason);
  state_ = close_received_ ? TW_STATE_CLOSED : TW_STATE_CLOSING;
  planned_.reset();
  return TW_OK;
}

void Connection::begin_closing(uint32_t cause) {
  if (close_.cause != TW_CLOSE_BY_NOBODY) return;
  close_.cause = cause;
  closing_since_ = now_;
}

// §7.1.7: says why, where no close frame was sent yet.
tw_status Connection::fail(tw_status status, uint64_t offset) {
  failure_ = {status, state_ == TW_STATE_CONNECTING ? 0u : 1006u, offset};
  begin_closing(TW_CLOSE_BY_ERROR);
  if (state_ == TW_STATE_OPEN && status != TW_ERR_EOF) {
    failure_.close_code = close_code(status);
    planned_ = {failure_.close_code};
    state_ = TW_STATE_CLOSING;
  } else {
    state_ = TW_STATE_CLOSED;
  }
  return status;
}

// After the peer's close frame, or a failure, messages may still be sent until ours is queued.
bool Connection::sending() const {
  const bool answering = close_received_ && state_ == TW_STATE_CLOSING && has(TW_CONN_MANUAL_CLOSE);
  return state_ == TW_STATE_OPEN || planned_ || answering;
}

uint32_t Connection::wants() const {
  const bool writing = !output_.empty() || planned_;
  uint32_t wants = 0;
  if (reading()) wants |= TW_WANT_READ;
  if (writing) wants |= TW_WANT_WRITE;
  if (paused_) wants |= TW_WANT_PAUSE;
  return wants == 0 && state_ == TW_STATE_CLOSED ? TW_WANT_CLOSE : wants;
}

}  // namespace tidewire::reference
