// SPDX-License-Identifier: MIT
// From input to events.
#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "core/buffer/shared_lease.h"
#include "core/connection/connection.h"

namespace tidewire {
namespace {

static_assert(sizeof(tw_event) == sizeof(Event));
static_assert(offsetof(tw_event, data) == offsetof(Event, data));
static_assert(offsetof(tw_event, len) == offsetof(Event, len));
static_assert(offsetof(tw_event, type) == offsetof(Event, type));
static_assert(offsetof(tw_event, opcode) == offsetof(Event, opcode));
static_assert(offsetof(tw_event, flags) == offsetof(Event, flags));
static_assert(offsetof(tw_event, code) == offsetof(Event, code));
static_assert(offsetof(tw_event, offset) == offsetof(Event, offset));
static_assert(TW_EVENT_OPEN == static_cast<unsigned>(EventType::kOpen));
static_assert(TW_EVENT_MESSAGE == static_cast<unsigned>(EventType::kMessage));
static_assert(TW_EVENT_PING == static_cast<unsigned>(EventType::kPing));
static_assert(TW_EVENT_PONG == static_cast<unsigned>(EventType::kPong));
static_assert(TW_EVENT_CLOSE == static_cast<unsigned>(EventType::kClose));
static_assert(TW_EVENT_CHUNK == static_cast<unsigned>(EventType::kChunk));

}  // namespace
}  // namespace tidewire

using namespace tidewire;

extern "C" {

tw_status tw_conn_receive(tw_conn *conn, uint8_t *data, size_t len, tw_event *events, size_t cap, size_t *out_count,
                          size_t *out_consumed) {
  if (conn == nullptr || out_count == nullptr || out_consumed == nullptr) return TW_ERR_NULL;
  if ((data == nullptr && len > 0) || (events == nullptr && cap > 0)) return TW_ERR_NULL;
  return to_c(from_c(conn)->receive({data, len}, reinterpret_cast<Event *>(events), cap, out_count, out_consumed));
}

tw_status tw_conn_read_buffer(tw_conn *conn, size_t hint, uint8_t **out_data, size_t *out_cap) {
  if (conn == nullptr || out_data == nullptr || out_cap == nullptr) return TW_ERR_NULL;
  MutBytes room;
  const Status status = from_c(conn)->read_buffer(hint, &room);
  *out_data = room.data;
  *out_cap = room.size;
  return to_c(status);
}

tw_status tw_conn_read_commit(tw_conn *conn, size_t len, tw_event *events, size_t cap, size_t *out_count) {
  if (conn == nullptr || out_count == nullptr || (events == nullptr && cap > 0)) return TW_ERR_NULL;
  return to_c(from_c(conn)->read_commit(len, reinterpret_cast<Event *>(events), cap, out_count));
}

tw_status tw_conn_receive_into(tw_conn *conn, uint8_t *data, size_t len, uint8_t *dst, size_t dst_cap, tw_event *events,
                               size_t cap, size_t *out_count, size_t *out_consumed) {
  if (conn == nullptr || out_count == nullptr || out_consumed == nullptr) return TW_ERR_NULL;
  if ((data == nullptr && len > 0) || (dst == nullptr && dst_cap > 0) || (events == nullptr && cap > 0)) {
    return TW_ERR_NULL;
  }
  return to_c(from_c(conn)->receive_into({data, len}, {dst, dst_cap}, reinterpret_cast<Event *>(events), cap, out_count,
                                         out_consumed));
}

tw_status tw_conn_detach(tw_conn *conn, const tw_event *event, tw_lease **out_lease, uint8_t **out_data) {
  if (out_lease == nullptr) return TW_ERR_NULL;
  *out_lease = nullptr;
  if (conn == nullptr || event == nullptr || out_data == nullptr) return TW_ERR_NULL;
  SharedLease *lease = nullptr;
  const Status status = from_c(conn)->detach(*reinterpret_cast<const Event *>(event), &lease, out_data);
  *out_lease = reinterpret_cast<tw_lease *>(lease);
  return to_c(status);
}

tw_status tw_lease_retain(tw_lease *lease) {
  if (lease == nullptr) return TW_ERR_NULL;
  reinterpret_cast<SharedLease *>(lease)->retain();
  return TW_OK;
}

void tw_lease_release(tw_lease *lease) {
  if (lease != nullptr) reinterpret_cast<SharedLease *>(lease)->release();
}

tw_status tw_conn_receive_eof(tw_conn *conn) {
  return conn == nullptr ? TW_ERR_NULL : to_c(from_c(conn)->receive_eof());
}

}  // extern "C"
