// SPDX-License-Identifier: MIT
// From calls to output.
#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "core/connection/connection.h"

namespace tidewire {
namespace {

static_assert(sizeof(tw_view) == sizeof(ByteView) && offsetof(tw_view, len) == offsetof(ByteView, size));

static_assert(TW_SEND_MORE == kSendMore && TW_SEND_VALID_UTF8 == kSendValidUtf8);
static_assert(TW_SEND_COMPRESS == kSendCompress && TW_SEND_NO_COMPRESS == kSendNoCompress);
static_assert(TW_SEND_BORROW == kSendBorrow && TW_SEND_MASK_IN_PLACE == kSendMaskInPlace);
static_assert(sizeof(tw_message) == sizeof(OutgoingMessage));
static_assert(offsetof(tw_message, len) == offsetof(OutgoingMessage, payload.size));
static_assert(offsetof(tw_message, opcode) == offsetof(OutgoingMessage, opcode));
static_assert(offsetof(tw_message, flags) == offsetof(OutgoingMessage, flags));

}  // namespace
}  // namespace tidewire

using namespace tidewire;

extern "C" {

tw_status tw_conn_send(tw_conn *conn, uint32_t opcode, const uint8_t *data, size_t len, uint32_t flags) {
  if (conn == nullptr || (data == nullptr && len > 0)) return TW_ERR_NULL;
  if (opcode > TW_OPCODE_BINARY) return TW_ERR_ARGUMENT;
  return to_c(from_c(conn)->send(static_cast<uint8_t>(opcode), {data, len}, flags));
}

tw_status tw_conn_send_batch(tw_conn *conn, const tw_message *messages, size_t count, size_t *out_count) {
  if (conn == nullptr || out_count == nullptr || (messages == nullptr && count > 0)) return TW_ERR_NULL;
  return to_c(from_c(conn)->send_batch(reinterpret_cast<const OutgoingMessage *>(messages), count, out_count));
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

}  // extern "C"
