// SPDX-License-Identifier: MIT
// Life of a connection, and what can be asked of it.
#include "core/connection/connection.h"

#include <string.h>

#include <new>

#include "core/connection/codec.h"
#include "core/wire/close_code.h"

namespace tidewire {
namespace {

constexpr Settings kDefaultSettings;

bool is_default(const Settings *settings) { return settings == &kDefaultSettings; }

// NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): the representation is unique, as config.h asserts
bool equal(const Settings &a, const Settings &b) { return memcmp(&a, &b, sizeof(Settings)) == 0; }

// Connections of one pool share equal settings; the defaults are there for everybody. nullptr without memory.
const Settings *hold_settings(const Settings &settings) {
  if (settings.pool != nullptr) return static_cast<const Settings *>(settings.pool->share(&settings, sizeof(Settings)));
  if (equal(settings, kDefaultSettings)) return &kDefaultSettings;
  void *memory = settings.allocator.allocate(sizeof(Settings));
  return memory == nullptr ? nullptr : new (memory) Settings(settings);
}

void release_settings(const Settings *settings) {
  if (settings->pool != nullptr) {
    settings->pool->unshare(settings);
  } else if (!is_default(settings)) {
    const Allocator allocator = settings->allocator;
    allocator.release(const_cast<Settings *>(settings), sizeof(Settings));
  }
}

}  // namespace

Connection::Connection(const Settings *settings, Role role)
    : lender_(settings), opening_(nullptr), payload_done_(0), header_{}, role_(role), isa_(tidewire::kernels().isa) {}

Status Connection::create(const ConnectionConfig &config, Connection **out) {
  *out = nullptr;
  const Allocator &allocator = config.settings.allocator;
  const Settings *settings = hold_settings(config.settings);
  void *memory = settings == nullptr ? nullptr : allocator.allocate(sizeof(Connection));
  if (memory == nullptr) {
    if (settings != nullptr) release_settings(settings);
    return Status::kNoMemory;
  }
  Connection *connection = new (memory) Connection(settings, config.role);
  const Status status = connection->has(kConnUpgraded) ? connection->open(config.negotiated)
                                                       : connection->start_opening(config.handshake);
  if (status != Status::kOk) {
    dispose(connection);
    return status;
  }
  if (connection->opened_ && connection->logs(kLogInfo)) connection->log_opened(nullptr, config.negotiated);
  *out = connection;
  return Status::kOk;
}

void Connection::destroy(Connection *connection) {
  if (connection == nullptr) return;
  const bool ended = connection->state_ == State::kClosed || connection->error_ != Status::kOk;
  if (!ended && connection->logs(kLogInfo)) connection->log_destroyed();
  dispose(connection);
}

Status Connection::set_max_message_len(uint64_t max_message_len) {
  const Settings *old = &settings();
  Settings changed = *old;
  changed.max_message_len = max_message_len;
  const Settings *settings = hold_settings(changed);
  if (settings == nullptr) return Status::kNoMemory;
  lender_.move_to(settings);
  release_settings(old);
  return Status::kOk;
}

void Connection::dispose(Connection *connection) {
  const Settings *settings = &connection->settings();
  Lender &lender = connection->lender_;
  if (connection->opened_) {
    connection->drop_codec();
  } else {
    connection->drop_opening();
  }
  connection->assembler_.reset(&lender);
  connection->output_.clear(&lender);
  lender.release(connection->read_);
  lender.release(connection->control_);
  lender.release(connection->pong_);
  lender.release_list(connection->delivered_);
  connection->~Connection();
  settings->allocator.release(connection, sizeof(Connection));
  release_settings(settings);
}

void Connection::drop_codec() {
  if (codec_ == nullptr) return;
  release_inflater();
  release_deflater();
  lender_.release(reinterpret_cast<Lease *>(codec_) - 1);
  codec_ = nullptr;
}

// Before our close frame, what was received before the peer's, or before the fault, may be answered.
bool Connection::can_still_send() const {
  const bool answers = close_received_ && !close_sent_ && has(kConnManualClose);
  return close_planned_ || (state_ == State::kClosing && answers);
}

bool Connection::reads() const { return state_ != State::kClosed && !close_planned_ && !close_received_; }

uint32_t Connection::wants() const {
  const bool writes = output_.size() > 0 || close_planned_;
  if (!reads() && !writes) return state_ == State::kClosed ? uint32_t{kWantClose} : 0;
  return (reads() ? kWantRead : 0u) | (writes ? kWantWrite : 0u) | (paused_ ? kWantPause : 0u);
}

uint32_t Connection::frame_rules() const {
  if (has(kConnTrusted)) return 0;
  return uint32_t{kValidateText} | (client() ? kRequireUnmasked : kRequireMasked);
}

uint32_t Connection::error_close_code() const {
  if (error_ == Status::kOk || !opened_) return 0;
  const bool answered = cause_ == Cause::kError && (close_sent_ || close_planned_);
  return answered ? local_code_ : uint16_t{kCloseAbnormal};
}

DeflateTerms Connection::deflate_terms() const {
  const Codec *codec = this->codec();
  return codec == nullptr ? DeflateTerms() : codec->terms;
}

ConnectionStats Connection::stats() const {
  ConnectionStats out;
  out.bytes_received = received_;
  out.bytes_sent = sent_;
  out.messages_received = messages_received_;
  out.messages_sent = messages_sent_;
  out.frames_received = frames_received_;
  out.frames_sent = frames_sent_;
  out.control_frames_received = control_frames_received_;
  out.control_frames_sent = control_frames_sent_;
  const bool own_settings = settings().pool == nullptr && !is_default(&settings());
  out.held_len = sizeof(Connection) + (own_settings ? sizeof(Settings) : 0) + lender_.held_len();
  out.rtt_ns = uint64_t{rtt_us_} * 1000;
  if (const Codec *codec = this->codec()) {
    out.deflated_received_len = codec->deflated_received_len;
    out.inflated_received_len = codec->inflated_received_len;
    out.deflated_sent_len = codec->deflated_sent_len;
    out.inflated_sent_len = codec->inflated_sent_len;
    const bool keeps_inflater = codec->inflater != nullptr && codec->receive_takeover();
    const bool keeps_deflater = codec->deflater != nullptr && codec->send_takeover();
    out.context_len =
        (keeps_inflater ? codec->inflater->held_len() : 0) + (keeps_deflater ? codec->deflater->held_len() : 0);
  }
  return out;
}

}  // namespace tidewire
