// SPDX-License-Identifier: MIT
// Prepared messages.
#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "core/connection/connection.h"
#include "core/message/prepared.h"

using namespace tidewire;

extern "C" {

tw_status tw_prepared_create(uint32_t opcode, const uint8_t *data, size_t len, uint32_t flags, tw_pool *pool,
                             tw_prepared **out_prepared) {
  if (out_prepared == nullptr) return TW_ERR_NULL;
  *out_prepared = nullptr;
  if (data == nullptr && len > 0) return TW_ERR_NULL;
  if (opcode != TW_OPCODE_TEXT && opcode != TW_OPCODE_BINARY) return TW_ERR_ARGUMENT;
  LeaseSource source;
  source.pool = from_c(pool);
  source.max_held_len = UINT64_MAX;  // no connection's
  Prepared *prepared = nullptr;
  const Status status = Prepared::create(source, static_cast<uint8_t>(opcode), {data, len}, flags, &prepared);
  *out_prepared = reinterpret_cast<tw_prepared *>(prepared);
  return to_c(status);
}

void tw_prepared_destroy(tw_prepared *prepared) { Prepared::destroy(reinterpret_cast<Prepared *>(prepared)); }

tw_status tw_conn_send_prepared(tw_conn *conn, tw_prepared *prepared) {
  if (conn == nullptr || prepared == nullptr) return TW_ERR_NULL;
  return to_c(from_c(conn)->send_prepared(reinterpret_cast<Prepared *>(prepared)));
}

}  // extern "C"
