// SPDX-License-Identifier: MIT
// The connection.
#include "capi/src/guard.h"
#include "capi/src/handshake_config.h"
#include "capi/src/seams.h"
#include "core/connection/connection.h"

namespace tidewire {
namespace {

constexpr size_t kConnConfigSize10 = offsetof(tw_conn_config, handshake) + sizeof(tw_conn_config::handshake);
constexpr size_t kErrorSize10 = offsetof(tw_error, limit) + sizeof(tw_error::limit);

static_assert(sizeof(tw_event) == sizeof(Event));
static_assert(offsetof(tw_event, data) == offsetof(Event, data));
static_assert(offsetof(tw_event, len) == offsetof(Event, len));
static_assert(offsetof(tw_event, type) == offsetof(Event, type));
static_assert(offsetof(tw_event, opcode) == offsetof(Event, opcode));
static_assert(offsetof(tw_event, flags) == offsetof(Event, flags));
static_assert(offsetof(tw_event, code) == offsetof(Event, code));
static_assert(offsetof(tw_event, offset) == offsetof(Event, offset));
static_assert(sizeof(tw_view) == sizeof(ByteView) && offsetof(tw_view, len) == offsetof(ByteView, size));

static_assert(TW_EVENT_OPEN == static_cast<unsigned>(EventType::kOpen));
static_assert(TW_EVENT_MESSAGE == static_cast<unsigned>(EventType::kMessage));
static_assert(TW_EVENT_PING == static_cast<unsigned>(EventType::kPing));
static_assert(TW_EVENT_PONG == static_cast<unsigned>(EventType::kPong));
static_assert(TW_EVENT_CLOSE == static_cast<unsigned>(EventType::kClose));
static_assert(TW_STATE_CONNECTING == static_cast<unsigned>(State::kConnecting));
static_assert(TW_STATE_OPEN == static_cast<unsigned>(State::kOpen));
static_assert(TW_STATE_CLOSING == static_cast<unsigned>(State::kClosing));
static_assert(TW_STATE_CLOSED == static_cast<unsigned>(State::kClosed));
static_assert(TW_WANT_READ == kWantRead && TW_WANT_WRITE == kWantWrite && TW_WANT_CLOSE == kWantClose);
static_assert(TW_SEND_MORE == kSendMore && TW_SEND_VALID_UTF8 == kSendValidUtf8);
static_assert(TW_ROLE_SERVER == static_cast<unsigned>(Role::kServer));
static_assert(TW_ROLE_CLIENT == static_cast<unsigned>(Role::kClient));

Connection *from_c(tw_conn *conn) { return reinterpret_cast<Connection *>(conn); }
const Connection *from_c(const tw_conn *conn) { return reinterpret_cast<const Connection *>(conn); }

template <class T>
T or_default(T value, T otherwise) {
  return value == 0 ? otherwise : value;
}

Status read_config(const tw_conn_config *theirs, ConnectionConfig *out) {
  tw_conn_config config;
  Status status = read_struct(theirs, kConnConfigSize10, &config);
  if (status != Status::kOk) return status;
  if (config.role > TW_ROLE_CLIENT || config.reserved != 0) return Status::kArgument;
  if ((config.flags & ~TW_CONN_UPGRADED) != 0) return Status::kUnsupported;
  out->role = static_cast<Role>(config.role);
  out->upgraded = (config.flags & TW_CONN_UPGRADED) != 0;
  out->max_frame_len = or_default(config.max_frame_len, kDefaultMaxFrameLen);
  out->max_message_len = or_default(config.max_message_len, kDefaultMaxMessageLen);
  out->max_fragments = or_default(config.max_fragments, kDefaultMaxFragments);
  out->max_output_len = or_default(config.max_output_len, kDefaultMaxOutputLen);
  out->pool = reinterpret_cast<Pool *>(config.pool);
  status = read_allocator(config.allocator, &out->allocator);
  if (status == Status::kOk) status = read_random(config.random, &out->random);
  if (status == Status::kOk) status = read_handshake_config(config.handshake, &out->handshake);
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

void tw_conn_destroy(tw_conn *conn) { Connection::destroy(from_c(conn)); }

tw_status tw_conn_receive(tw_conn *conn, uint8_t *data, size_t len, tw_event *events, size_t cap, size_t *out_count,
                          size_t *out_consumed) {
  if (conn == nullptr || out_count == nullptr || out_consumed == nullptr) return TW_ERR_NULL;
  if ((data == nullptr && len > 0) || (events == nullptr && cap > 0)) return TW_ERR_NULL;
  return to_c(from_c(conn)->receive({data, len}, reinterpret_cast<Event *>(events), cap, out_count, out_consumed));
}

tw_status tw_conn_receive_eof(tw_conn *conn) {
  return conn == nullptr ? TW_ERR_NULL : to_c(from_c(conn)->receive_eof());
}

tw_status tw_conn_send(tw_conn *conn, uint32_t opcode, const uint8_t *data, size_t len, uint32_t flags) {
  if (conn == nullptr || (data == nullptr && len > 0)) return TW_ERR_NULL;
  if (opcode > TW_OPCODE_BINARY) return TW_ERR_ARGUMENT;
  return to_c(from_c(conn)->send(static_cast<uint8_t>(opcode), {data, len}, flags));
}

tw_status tw_conn_ping(tw_conn *conn, const uint8_t *data, size_t len) {
  if (conn == nullptr || (data == nullptr && len > 0)) return TW_ERR_NULL;
  return to_c(from_c(conn)->send_control(kPing, {data, len}));
}

tw_status tw_conn_pong(tw_conn *conn, const uint8_t *data, size_t len) {
  if (conn == nullptr || (data == nullptr && len > 0)) return TW_ERR_NULL;
  return to_c(from_c(conn)->send_control(kPong, {data, len}));
}

tw_status tw_conn_close(tw_conn *conn, uint32_t code, const uint8_t *reason, size_t len) {
  if (conn == nullptr || (reason == nullptr && len > 0)) return TW_ERR_NULL;
  return to_c(from_c(conn)->close(code, {reason, len}));
}

tw_status tw_conn_output(tw_conn *conn, tw_view *views, size_t cap, size_t *out_count) {
  if (conn == nullptr || out_count == nullptr || (views == nullptr && cap > 0)) return TW_ERR_NULL;
  *out_count = from_c(conn)->output(reinterpret_cast<ByteView *>(views), cap);
  return TW_OK;
}

tw_status tw_conn_output_len(const tw_conn *conn, size_t *out_len) {
  if (conn == nullptr || out_len == nullptr) return TW_ERR_NULL;
  *out_len = from_c(conn)->output_len();
  return TW_OK;
}

tw_status tw_conn_output_consume(tw_conn *conn, size_t len) {
  return conn == nullptr ? TW_ERR_NULL : to_c(from_c(conn)->consume_output(len));
}

uint32_t tw_conn_state(const tw_conn *conn) {
  return conn == nullptr ? TW_STATE_CLOSED : static_cast<uint32_t>(from_c(conn)->state());
}

uint32_t tw_conn_wants(const tw_conn *conn) { return conn == nullptr ? 0 : from_c(conn)->wants(); }

tw_status tw_conn_get_error(const tw_conn *conn, tw_error *error) {
  if (conn == nullptr || error == nullptr) return TW_ERR_NULL;
  const Connection &connection = *from_c(conn);
  const StatusInfo &info = status_info(connection.error());
  const tw_error ours = {
      sizeof(ours), to_c(info.status), connection.error_close_code(), connection.error_offset(), info.message,
      info.section, info.limit};
  return to_c(write_struct(ours, kErrorSize10, error));
}

}  // extern "C"
