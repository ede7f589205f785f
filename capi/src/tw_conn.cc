// SPDX-License-Identifier: MIT
// The connection: its configuration, its life and what can be asked of it.
#include "capi/src/deflate_config.h"
#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "capi/src/handshake_config.h"
#include "capi/src/seams.h"
#include "core/connection/connection.h"

namespace tidewire {
namespace {

constexpr size_t kConnConfigSize10 = offsetof(tw_conn_config, negotiated) + sizeof(tw_conn_config::negotiated);
constexpr size_t kStatsSize10 = offsetof(tw_conn_stats, rtt_ns) + sizeof(tw_conn_stats::rtt_ns);
constexpr size_t kErrorSize10 = offsetof(tw_error, limit) + sizeof(tw_error::limit);

static_assert(TW_STATE_CONNECTING == static_cast<unsigned>(State::kConnecting));
static_assert(TW_STATE_OPEN == static_cast<unsigned>(State::kOpen));
static_assert(TW_STATE_CLOSING == static_cast<unsigned>(State::kClosing));
static_assert(TW_STATE_CLOSED == static_cast<unsigned>(State::kClosed));
static_assert(TW_WANT_READ == kWantRead && TW_WANT_WRITE == kWantWrite);
static_assert(TW_WANT_CLOSE == kWantClose && TW_WANT_PAUSE == kWantPause);
static_assert(TW_CONN_UPGRADED == kConnUpgraded && TW_CONN_STREAM == kConnStream);
static_assert(TW_CONN_MANUAL_PONG == kConnManualPong && TW_CONN_MANUAL_CLOSE == kConnManualClose);
static_assert(TW_CONN_TRUSTED == kConnTrusted && TW_CONN_STREAM_FRAGMENTED == kConnStreamFragmented);
static_assert(TW_NEVER == kNever);
static_assert(TW_LOG_ERROR == kLogError && TW_LOG_INFO == kLogInfo && TW_LOG_DEBUG == kLogDebug);
static_assert(TW_CLOSE_BY_NOBODY == static_cast<unsigned>(Cause::kNobody));
static_assert(TW_CLOSE_BY_US == static_cast<unsigned>(Cause::kUs));
static_assert(TW_CLOSE_BY_PEER == static_cast<unsigned>(Cause::kPeer));
static_assert(TW_CLOSE_BY_ERROR == static_cast<unsigned>(Cause::kError));
static_assert(sizeof(tw_conn_stats) == offsetof(tw_conn_stats, bytes_received) + sizeof(ConnectionStats));
static_assert(offsetof(tw_conn_stats, rtt_ns) - offsetof(tw_conn_stats, bytes_received) ==
              offsetof(ConnectionStats, rtt_ns));
static_assert(sizeof(tw_deflate) == sizeof(DeflateTerms));
static_assert(offsetof(tw_deflate, flags) == offsetof(DeflateTerms, flags));
static_assert(offsetof(tw_deflate, send_window_bits) == offsetof(DeflateTerms, send_window_bits));
static_assert(offsetof(tw_deflate, receive_window_bits) == offsetof(DeflateTerms, receive_window_bits));
static_assert(TW_ROLE_SERVER == static_cast<unsigned>(Role::kServer));
static_assert(TW_ROLE_CLIENT == static_cast<unsigned>(Role::kClient));

constexpr uint32_t kKnownFlags = TW_CONN_UPGRADED | TW_CONN_STREAM | TW_CONN_MANUAL_PONG | TW_CONN_MANUAL_CLOSE |
                                 TW_CONN_TRUSTED | TW_CONN_STREAM_FRAGMENTED;

void read_limits(const tw_conn_config &config, Settings *out) {
  take(config.max_frame_len, &out->max_frame_len);
  take(config.max_message_len, &out->max_message_len);
  take(config.max_output_len, &out->max_output_len);
  take(config.max_memory_len, &out->max_held_len);
  take(config.max_fragments, &out->max_fragments);
  take(config.max_control_rate, &out->max_control_rate);
  take(config.handshake_timeout_ns, &out->handshake_timeout);
  take(config.idle_timeout_ns, &out->idle_timeout);
  take(config.ping_interval_ns, &out->ping_interval);
  take(config.pong_timeout_ns, &out->pong_timeout);
  take(config.message_timeout_ns, &out->message_timeout);
  take(config.close_timeout_ns, &out->close_timeout);
  take(config.write_len, &out->write_len);
  take(config.min_borrow_len, &out->min_borrow_len);

  take(config.read_len, &out->read_len);
  if (out->max_read_len < out->read_len) out->max_read_len = out->read_len;
  take(config.max_read_len, &out->max_read_len);

  take(config.output_high_len, &out->output_high_len);
  if (out->output_high_len > out->max_output_len) out->output_high_len = out->max_output_len;
  out->output_low_len = out->output_high_len / 4;
  take(config.output_low_len, &out->output_low_len);
}

// What a handshake done elsewhere agreed on must be within what the configuration permits to be kept.
Status read_negotiated(const tw_conn_config &config, DeflateTerms *out) {
  *out = DeflateTerms();
  if (config.negotiated == nullptr || config.negotiated->enabled == 0) return Status::kOk;
  const tw_deflate &theirs = *config.negotiated;
  if (config.deflate == nullptr || (config.flags & TW_CONN_UPGRADED) == 0) return Status::kArgument;
  const uint8_t bits[] = {theirs.send_window_bits, theirs.receive_window_bits};
  for (const uint8_t window_bits : bits) {
    if (window_bits < kMinWindowBits || window_bits > kMaxWindowBits) return Status::kArgument;
  }
  out->enabled = 1;
  out->flags = theirs.flags & (TW_DEFLATE_SEND_TAKEOVER | TW_DEFLATE_RECEIVE_TAKEOVER);
  out->send_window_bits = theirs.send_window_bits;
  out->receive_window_bits = theirs.receive_window_bits;
  return Status::kOk;
}

Status read_config(const tw_conn_config *theirs, ConnectionConfig *out) {
  tw_conn_config config;
  Status status = read_struct(theirs, kConnConfigSize10, &config);
  if (status != Status::kOk) return status;
  if (config.role > TW_ROLE_CLIENT) return Status::kArgument;
  if ((config.flags & ~kKnownFlags) != 0) return Status::kUnsupported;
  out->role = static_cast<Role>(config.role);
  Settings &settings = out->settings;
  settings.flags = config.flags;
  settings.pool = reinterpret_cast<Pool *>(config.pool);
  read_limits(config, &settings);
  if (settings.output_low_len > settings.output_high_len) return Status::kArgument;
  if (settings.read_len > settings.max_read_len) return Status::kArgument;
  status = read_allocator(config.allocator, &settings.allocator);
  if (status == Status::kOk) status = read_random(config.random, &settings.random);
  if (status == Status::kOk) status = read_log(config.log, &settings.log);
  if (status == Status::kOk) status = read_handshake_config(config.handshake, &out->handshake);
  if (status == Status::kOk) status = read_deflate_config(config.deflate, &settings.deflate);
  if (status == Status::kOk) status = read_deflate_wish(config.deflate, &out->handshake.deflate);
  if (status == Status::kOk) status = read_negotiated(config, &out->negotiated);
  return status;
}

}  // namespace
}  // namespace tidewire

using namespace tidewire;

extern "C" {

tw_status tw_conn_create(const tw_conn_config *config, tw_conn **out_conn) {
  if (out_conn == nullptr) return TW_ERR_NULL;
  *out_conn = nullptr;
  if (config == nullptr) return TW_ERR_NULL;
  ConnectionConfig ours;
  Status status = read_config(config, &ours);
  Connection *connection = nullptr;
  if (status == Status::kOk) status = Connection::create(ours, &connection);
  *out_conn = reinterpret_cast<tw_conn *>(connection);
  return to_c(status);
}

tw_status tw_conn_set_max_message_len(tw_conn *conn, uint64_t max_message_len) {
  if (conn == nullptr) return TW_ERR_NULL;
  uint64_t len = Settings().max_message_len;
  take(max_message_len, &len);
  return to_c(from_c(conn)->set_max_message_len(len));
}

void tw_conn_destroy(tw_conn *conn) { Connection::destroy(from_c(conn)); }

uint32_t tw_conn_state(const tw_conn *conn) {
  return conn == nullptr ? TW_STATE_CLOSED : static_cast<uint32_t>(from_c(conn)->state());
}

uint32_t tw_conn_wants(const tw_conn *conn) { return conn == nullptr ? 0 : from_c(conn)->wants(); }

tw_status tw_conn_tick(tw_conn *conn, uint64_t now_ns, uint64_t *out_next_deadline_ns) {
  if (conn == nullptr || out_next_deadline_ns == nullptr) return TW_ERR_NULL;
  return to_c(from_c(conn)->tick(now_ns, out_next_deadline_ns));
}

tw_status tw_conn_get_error(const tw_conn *conn, tw_error *error) {
  if (conn == nullptr || error == nullptr) return TW_ERR_NULL;
  const Connection &connection = *from_c(conn);
  const StatusInfo &info = status_info(connection.error());
  const tw_error ours = {
      sizeof(ours), to_c(info.status), connection.error_close_code(), connection.error_offset(), info.message,
      info.section, info.limit};
  return to_c(write_struct(ours, kErrorSize10, error));
}

tw_status tw_conn_get_close(const tw_conn *conn, tw_close *out_close) {
  if (conn == nullptr || out_close == nullptr) return TW_ERR_NULL;
  const Connection &connection = *from_c(conn);
  out_close->local_code = connection.local_close_code();
  out_close->remote_code = connection.remote_close_code();
  out_close->cause = static_cast<uint32_t>(connection.cause());
  return TW_OK;
}

tw_status tw_conn_get_deflate(const tw_conn *conn, tw_deflate *out_deflate) {
  if (conn == nullptr || out_deflate == nullptr) return TW_ERR_NULL;
  const DeflateTerms terms = from_c(conn)->deflate_terms();
  memcpy(out_deflate, &terms, sizeof(terms));
  return TW_OK;
}

tw_status tw_conn_get_stats(const tw_conn *conn, tw_conn_stats *stats) {
  if (conn == nullptr || stats == nullptr) return TW_ERR_NULL;
  const ConnectionStats ours = from_c(conn)->stats();
  tw_conn_stats out;
  out.struct_size = sizeof(out);
  memcpy(&out.bytes_received, &ours, sizeof(ours));
  return to_c(write_struct(out, kStatsSize10, stats));
}

}  // extern "C"
