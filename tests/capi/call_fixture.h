/* SPDX-License-Identifier: MIT
 *
 * One object of each kind and arguments for every function of the table, fresh for each call.
 */
#ifndef TIDEWIRE_TESTS_CAPI_CALL_FIXTURE_H_
#define TIDEWIRE_TESTS_CAPI_CALL_FIXTURE_H_

#include <stddef.h>
#include <tidewire/tw_table.h>

#include "check.h"

enum { LEN = 8 }; /* of data, where it has any */

/* Where calls write to. */
typedef struct outputs {
  size_t sizes[2];
  uint64_t deadline;
  uint8_t *data;
  uint8_t bytes[512];
  uint8_t key[TW_KEY_LEN];
  uint8_t accept[TW_ACCEPT_LEN];
  tw_view name, value, views[4];
  tw_frame frame, frames[4];
  tw_event events[4];
  tw_agreement agreement;
  tw_deflate deflate;
  tw_close how;
  tw_pool_class classes[TW_POOL_CLASSES_MAX];
  char text[1024];
  tw_pool_stats pool_stats;
  tw_pool_class_stats class_stats;
  tw_conn_stats conn_stats;
  tw_error error;
} outputs;

/* What calls create. */
typedef struct objects {
  tw_pool *pool;
  tw_conn *conn;
  tw_prepared *prepared;
  tw_lease *lease;
} objects;

/* What one call works with. */
typedef struct fixture {
  const tw_api *api;
  objects own;
  uint8_t *buffer; /* of own.pool */
  uint8_t wire[LEN];
  uint8_t key[TW_KEY_LEN];
  tw_head fresh, request, response;
  size_t cursor;
  tw_utf8 utf8;
  tw_frame frame;
  tw_event event;
  tw_message message;
  tw_agreement agreement;
  tw_handshake_config client;
  tw_conn_config config;
  outputs out;
  objects made;
} fixture;

static const uint8_t kFrame[LEN] = {0x82, 0x82, 0, 0, 0, 0, 'h', 'i'};
static const char kKey[] = "dGhlIHNhbXBsZSBub25jZQ==";
static const char kRequest[] =
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
static const char kResponse[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static const tw_pool_config kPoolConfig = TW_POOL_CONFIG_INIT;

static inline int32_t fill_zeros(void *context, uint8_t *out, size_t len) {
  (void)context;
  memset(out, 0, len);
  return 0;
}

static const tw_random kRandom = {fill_zeros, NULL};

static const uint8_t *const request_data = (const uint8_t *)kRequest;
static const uint8_t *const response_data = (const uint8_t *)kResponse;
static char nothing; /* what objects point to that were not made */

static inline void make_heads(fixture *f) {
  size_t len;
  CHECK_STATUS(f->api->head_init(&f->fresh, TW_ROLE_SERVER, NULL), TW_OK);
  CHECK_STATUS(f->api->head_init(&f->request, TW_ROLE_SERVER, NULL), TW_OK);
  CHECK_STATUS(f->api->head_parse(&f->request, request_data, sizeof kRequest - 1, &len), TW_OK);
  CHECK_STATUS(f->api->head_init(&f->response, TW_ROLE_CLIENT, NULL), TW_OK);
  CHECK_STATUS(f->api->head_parse(&f->response, response_data, sizeof kResponse - 1, &len), TW_OK);
  CHECK_STATUS(f->api->request_check(&f->request, request_data, NULL, &f->agreement), TW_OK);
}

static inline void begin(fixture *f) {
  const tw_pool_stats pool_stats = TW_POOL_STATS_INIT;
  const tw_pool_class_stats class_stats = TW_POOL_CLASS_STATS_INIT;
  const tw_conn_stats conn_stats = TW_CONN_STATS_INIT;
  const tw_error error = TW_ERROR_INIT;
  const tw_handshake_config client = TW_HANDSHAKE_CONFIG_INIT;
  const tw_conn_config config = TW_CONN_CONFIG_INIT;
  uint8_t *data;
  size_t cap;
  memset(f, 0, sizeof *f);
  f->api = tw_get_api(TW_ABI_MAJOR);
  memset(&f->out, 0xa5, sizeof f->out);
  f->out.pool_stats = pool_stats;
  f->out.class_stats = class_stats;
  f->out.conn_stats = conn_stats;
  f->out.error = error;
  f->client = client;
  f->client.host = "a";
  f->config = config;
  f->config.flags = TW_CONN_UPGRADED;
  memcpy(f->wire, kFrame, LEN);
  memcpy(f->key, kKey, TW_KEY_LEN);
  f->frame.opcode = TW_OPCODE_BINARY;
  f->frame.flags = TW_FRAME_FIN;
  f->message.opcode = TW_OPCODE_BINARY;
  make_heads(f);
  CHECK_STATUS(f->api->pool_create(NULL, &f->own.pool), TW_OK);
  CHECK_STATUS(f->api->pool_acquire(f->own.pool, LEN, &f->buffer, &cap), TW_OK);
  CHECK_STATUS(f->api->conn_create(&f->config, &f->own.conn), TW_OK);
  CHECK_STATUS(f->api->prepared_create(TW_OPCODE_BINARY, NULL, 0, 0, NULL, &f->own.prepared), TW_OK);
  CHECK_STATUS(f->api->conn_detach(f->own.conn, &f->event, &f->own.lease, &data), TW_OK);
  f->made.pool = (tw_pool *)&nothing;
  f->made.conn = (tw_conn *)&nothing;
  f->made.prepared = (tw_prepared *)&nothing;
  f->made.lease = (tw_lease *)&nothing;
}

static inline void end(fixture *f) {
  if ((char *)f->made.lease != &nothing) f->api->lease_release(f->made.lease);
  if ((char *)f->made.prepared != &nothing) f->api->prepared_destroy(f->made.prepared);
  if ((char *)f->made.conn != &nothing) f->api->conn_destroy(f->made.conn);
  if ((char *)f->made.pool != &nothing) f->api->pool_destroy(f->made.pool);
  f->api->lease_release(f->own.lease);
  f->api->prepared_destroy(f->own.prepared);
  f->api->conn_destroy(f->own.conn);
  if (f->own.pool != NULL) f->api->pool_release(f->own.pool, f->buffer);
  f->api->pool_destroy(f->own.pool);
}

/* How many of the objects were written as NULL. */
static inline int null_count(const objects *made) {
  return (made->pool == NULL) + (made->conn == NULL) + (made->prepared == NULL) + (made->lease == NULL);
}

#endif /* TIDEWIRE_TESTS_CAPI_CALL_FIXTURE_H_ */
