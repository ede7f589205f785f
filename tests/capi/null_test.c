/* SPDX-License-Identifier: MIT
 *
 * The NULL policy at the head of tidewire.h: every function of the table is called with NULL for each of its pointers
 * in turn. A row for each slot, in the table's order, says for each pointer, from left to right: n  required:
 * TW_ERR_NULL, and no output is written w  as n, but the comment says that an error writes NULL d  data: as n, but the
 * same as a pointer where its length is 0 x  as d, and as w o  optional: the result is that of a call with it
 */
#include <stddef.h>

#include "call_fixture.h"
#include "check.h"

/* `absent` is which pointer is NULL, or -1; `len` is LEN or 0. */
typedef struct row {
  const char *name;
  size_t slot;
  const char *pointers;
  tw_status (*call)(fixture *f, int absent, size_t len);
} row;

#define P(index, pointer) (absent == (index) ? NULL : (pointer))
#define CAP(array) (len > 0 ? sizeof(array) / sizeof(array)[0] : 0)
#define ROW(function, pointers) \
  static const row row_##function = {#function, offsetof(tw_api, function), pointers, call_##function};
#define CALL(function, pointers, ...)                                    \
  static tw_status call_##function(fixture *f, int absent, size_t len) { \
    (void)absent, (void)len;                                             \
    return f->api->function(__VA_ARGS__);                                \
  }                                                                      \
  ROW(function, pointers)
/* One whose success is undone. */
#define CALL_UNDO(function, pointers, undo, ...)                         \
  static tw_status call_##function(fixture *f, int absent, size_t len) { \
    const tw_status status = f->api->function(__VA_ARGS__);              \
    (void)len;                                                           \
    if (status == TW_OK) undo;                                           \
    return status;                                                       \
  }                                                                      \
  ROW(function, pointers)
/* One that ignores NULL, and uses up the object that it is given. */
#define CALL_LAST(function, object)                                      \
  static tw_status call_##function(fixture *f, int absent, size_t len) { \
    (void)len;                                                           \
    f->api->function(P(0, f->own.object));                               \
    if (absent < 0) f->own.object = NULL;                                \
    return TW_OK;                                                        \
  }                                                                      \
  ROW(function, "o")
#define NO_POINTERS(function) static const row row_##function = {#function, offsetof(tw_api, function), "", NULL};

NO_POINTERS(version)
NO_POINTERS(version_string)
NO_POINTERS(status_name)
NO_POINTERS(status_message)
NO_POINTERS(status_close_code)
NO_POINTERS(status_http_status)
NO_POINTERS(status_section)
NO_POINTERS(status_limit)
NO_POINTERS(close_code_valid)

CALL(mask, "ddn", P(0, f->wire), P(1, f->wire), len, P(2, f->key), 0)
CALL(utf8_validate, "do", P(0, f->key), len, P(1, f->out.sizes))
CALL(utf8_step, "ndo", P(0, &f->utf8), P(1, f->key), len, P(2, f->out.sizes))
CALL(utf8_finish, "n", P(0, &f->utf8))
CALL(unmask_utf8, "ddnno", P(0, f->key), P(1, f->key), len, P(2, f->frame.masking_key), 0, P(3, &f->utf8),
     P(4, f->out.sizes))
CALL(frame_decode, "dn", P(0, f->wire), len, 0, P(1, &f->out.frame))
CALL(frames_decode, "ddnn", P(0, f->wire), len, 0, P(1, f->out.frames), CAP(f->out.frames), P(2, f->out.sizes),
     P(3, f->out.sizes + 1))
CALL(frame_header_encode, "ndn", P(0, &f->frame), P(1, f->out.bytes), CAP(f->out.bytes), P(2, f->out.sizes))
CALL(frames_encode, "ddn", P(0, &f->frame), len / LEN, P(1, f->out.bytes), CAP(f->out.bytes), P(2, f->out.sizes))
CALL(frames_encode_views, "ddndn", P(0, &f->frame), len / LEN, P(1, f->out.bytes), CAP(f->out.bytes),
     P(2, f->out.sizes), P(3, f->out.views), P(4, f->out.sizes + 1))
CALL(masking_keys, "od", P(0, &kRandom), P(1, f->out.bytes), len)

CALL(pool_create, "on", P(0, &kPoolConfig), P(1, &f->made.pool))
CALL_UNDO(pool_acquire, "nnn", f->api->pool_release(f->own.pool, f->out.data), P(0, f->own.pool), LEN,
          P(1, &f->out.data), P(2, f->out.sizes))
CALL_UNDO(pool_acquire_exact, "nn", f->api->pool_release(f->own.pool, f->out.data), P(0, f->own.pool), LEN,
          P(1, &f->out.data))
CALL_UNDO(pool_retain, "nn", f->api->pool_release(f->own.pool, f->buffer), P(0, f->own.pool), P(1, f->buffer))
CALL(pool_release, "no", P(0, f->own.pool), P(1, f->buffer))
CALL(pool_trim, "n", P(0, f->own.pool), 0)
CALL(pool_get_stats, "nn", P(0, f->own.pool), P(1, &f->out.pool_stats))
CALL(pool_get_class_stats, "nn", P(0, f->own.pool), 0, P(1, &f->out.class_stats))
CALL(pool_advise, "ndndn", P(0, f->own.pool), P(1, f->out.classes), CAP(f->out.classes), P(2, f->out.sizes),
     P(3, f->out.text), CAP(f->out.text), P(4, f->out.sizes + 1))

CALL(head_init, "no", P(0, &f->fresh), TW_ROLE_SERVER, P(1, &f->client))
CALL(head_parse, "ndn", P(0, &f->fresh), P(1, request_data), len, P(2, f->out.sizes))
CALL(head_method, "nnn", P(0, &f->request), P(1, request_data), P(2, &f->out.value))
CALL(head_target, "nnn", P(0, &f->request), P(1, request_data), P(2, &f->out.value))
CALL(head_status, "nnn", P(0, &f->response), P(1, response_data), P(2, &f->out.value))
CALL(head_header, "nnoon", P(0, &f->request), P(1, request_data), P(2, "host"), 0, P(3, &f->out.name),
     P(4, &f->out.value))
CALL(head_next, "nnnon", P(0, &f->request), P(1, request_data), P(2, &f->cursor), P(3, &f->out.name),
     P(4, &f->out.value))
CALL(request_check, "nnon", P(0, &f->request), P(1, request_data), P(2, &f->client), P(3, &f->out.agreement))
CALL(response_build, "ondn", P(0, &f->client), P(1, &f->agreement), P(2, f->out.bytes), CAP(f->out.bytes),
     P(3, f->out.sizes))
CALL(refusal_build, "dn", TW_ERR_ORIGIN, P(0, f->out.bytes), CAP(f->out.bytes), P(1, f->out.sizes))
CALL(key_generate, "on", P(0, &kRandom), P(1, f->out.key))
CALL(request_build, "nndn", P(0, &f->client), P(1, f->key), P(2, f->out.bytes), CAP(f->out.bytes), P(3, f->out.sizes))
CALL(response_check, "nnonn", P(0, &f->response), P(1, response_data), P(2, &f->client), P(3, f->key),
     P(4, &f->out.agreement))
CALL(accept_key, "nn", P(0, f->key), P(1, f->out.accept))

CALL(conn_create, "wn", P(0, &f->config), P(1, &f->made.conn))
CALL(conn_receive, "nddnn", P(0, f->own.conn), P(1, f->wire), len, P(2, f->out.events), CAP(f->out.events),
     P(3, f->out.sizes), P(4, f->out.sizes + 1))
CALL(conn_read_buffer, "nnn", P(0, f->own.conn), 0, P(1, &f->out.data), P(2, f->out.sizes))
CALL(conn_read_commit, "ndn", P(0, f->own.conn), 0, P(1, f->out.events), CAP(f->out.events), P(2, f->out.sizes))
CALL(conn_receive_into, "ndddnn", P(0, f->own.conn), P(1, f->wire), len, P(2, f->out.bytes), CAP(f->out.bytes),
     P(3, f->out.events), CAP(f->out.events), P(4, f->out.sizes), P(5, f->out.sizes + 1))
CALL(conn_detach, "wwnw", P(0, f->own.conn), P(1, &f->event), P(2, &f->made.lease), P(3, &f->out.data))
CALL_UNDO(lease_retain, "n", f->api->lease_release(f->own.lease), P(0, f->own.lease))
CALL(conn_receive_eof, "n", P(0, f->own.conn))
CALL(conn_send, "nd", P(0, f->own.conn), TW_OPCODE_BINARY, P(1, f->wire), len, 0)
CALL(conn_send_batch, "ndn", P(0, f->own.conn), P(1, &f->message), len / LEN, P(2, f->out.sizes))
CALL(prepared_create, "xon", TW_OPCODE_BINARY, P(0, f->wire), len, 0, P(1, f->own.pool), P(2, &f->made.prepared))
CALL(conn_send_prepared, "nn", P(0, f->own.conn), P(1, f->own.prepared))
CALL(conn_ping, "nd", P(0, f->own.conn), P(1, f->wire), len)
CALL(conn_pong, "nd", P(0, f->own.conn), P(1, f->wire), len)
CALL(conn_close, "nd", P(0, f->own.conn), 1000, P(1, f->key), len)
CALL(conn_output, "ndn", P(0, f->own.conn), P(1, f->out.views), CAP(f->out.views), P(2, f->out.sizes))
CALL(conn_output_len, "nn", P(0, f->own.conn), P(1, f->out.sizes))
CALL(conn_output_consume, "n", P(0, f->own.conn), 0)
CALL(conn_set_max_message_len, "n", P(0, f->own.conn), 0)
CALL(conn_tick, "nn", P(0, f->own.conn), 0, P(1, &f->out.deadline))
CALL(conn_get_error, "nn", P(0, f->own.conn), P(1, &f->out.error))
CALL(conn_get_close, "nn", P(0, f->own.conn), P(1, &f->out.how))
CALL(conn_get_deflate, "nn", P(0, f->own.conn), P(1, &f->out.deflate))
CALL(conn_get_stats, "nn", P(0, f->own.conn), P(1, &f->out.conn_stats))

CALL_LAST(conn_destroy, conn)
CALL_LAST(lease_release, lease)
CALL_LAST(prepared_destroy, prepared)

static tw_status call_utf8_init(fixture *f, int absent, size_t len) {
  (void)len;
  f->api->utf8_init(P(0, &f->utf8));
  return TW_OK;
}
ROW(utf8_init, "o")

static tw_status call_pool_destroy(fixture *f, int absent, size_t len) {
  tw_pool *pool;
  (void)len;
  CHECK_STATUS(f->api->pool_create(NULL, &pool), TW_OK);
  f->api->pool_destroy(P(0, pool));
  if (absent == 0) f->api->pool_destroy(pool);
  return TW_OK;
}
ROW(pool_destroy, "o")

/* What these return for NULL stands in their comments: no status. */
static tw_status call_conn_state(fixture *f, int absent, size_t len) {
  (void)len;
  return f->api->conn_state(P(0, f->own.conn)) == TW_STATE_CLOSED ? TW_ERR_NULL : TW_OK;
}
ROW(conn_state, "n")

static tw_status call_conn_wants(fixture *f, int absent, size_t len) {
  (void)len;
  return f->api->conn_wants(P(0, f->own.conn)) == 0 ? TW_ERR_NULL : TW_OK;
}
ROW(conn_wants, "n")

static const row *const rows[] = {&row_version,
                                  &row_version_string,
                                  &row_status_name,
                                  &row_status_message,
                                  &row_status_close_code,
                                  &row_status_http_status,
                                  &row_mask,
                                  &row_utf8_validate,
                                  &row_utf8_init,
                                  &row_utf8_step,
                                  &row_utf8_finish,
                                  &row_unmask_utf8,
                                  &row_frame_decode,
                                  &row_frames_decode,
                                  &row_frame_header_encode,
                                  &row_frames_encode,
                                  &row_frames_encode_views,
                                  &row_close_code_valid,
                                  &row_pool_create,
                                  &row_pool_destroy,
                                  &row_pool_acquire,
                                  &row_pool_acquire_exact,
                                  &row_pool_retain,
                                  &row_pool_release,
                                  &row_pool_trim,
                                  &row_pool_get_stats,
                                  &row_pool_get_class_stats,
                                  &row_pool_advise,
                                  &row_head_init,
                                  &row_head_parse,
                                  &row_head_method,
                                  &row_head_target,
                                  &row_head_status,
                                  &row_head_header,
                                  &row_request_check,
                                  &row_response_build,
                                  &row_refusal_build,
                                  &row_key_generate,
                                  &row_request_build,
                                  &row_response_check,
                                  &row_accept_key,
                                  &row_conn_create,
                                  &row_conn_destroy,
                                  &row_conn_receive,
                                  &row_conn_read_buffer,
                                  &row_conn_read_commit,
                                  &row_conn_receive_into,
                                  &row_conn_detach,
                                  &row_lease_retain,
                                  &row_lease_release,
                                  &row_conn_receive_eof,
                                  &row_conn_send,
                                  &row_conn_send_batch,
                                  &row_prepared_create,
                                  &row_prepared_destroy,
                                  &row_conn_send_prepared,
                                  &row_conn_ping,
                                  &row_conn_pong,
                                  &row_conn_close,
                                  &row_conn_output,
                                  &row_conn_output_len,
                                  &row_conn_output_consume,
                                  &row_conn_state,
                                  &row_conn_wants,
                                  &row_conn_tick,
                                  &row_conn_get_error,
                                  &row_conn_get_close,
                                  &row_conn_get_deflate,
                                  &row_conn_get_stats,
                                  &row_status_section,
                                  &row_status_limit,
                                  &row_masking_keys,
                                  &row_head_next,
                                  &row_conn_set_max_message_len};

static tw_status result_with_all(const row *one, size_t len) {
  fixture f;
  tw_status status;
  begin(&f);
  status = one->call(&f, -1, len);
  if (status == TW_ERR_NULL) fprintf(stderr, "%s with all of its pointers:\n", one->name);
  CHECK(status != TW_ERR_NULL);
  end(&f);
  return status;
}

static void check_without(const row *one, int absent, size_t len, tw_status with_all) {
  const char kind = one->pointers[absent];
  const int may_lack = kind == 'o' || ((kind == 'd' || kind == 'x') && len == 0);
  const int writes_null = kind == 'w' || kind == 'x';
  const int failures = check_failures;
  fixture f;
  outputs before;
  begin(&f);
  memcpy(&before, &f.out, sizeof before);
  CHECK_STATUS(one->call(&f, absent, len), may_lack ? with_all : TW_ERR_NULL);
  if (!may_lack) {
    CHECK_EQ(null_count(&f.made), writes_null);
    CHECK_BYTES(&f.out, &before, sizeof before);
  }
  if (check_failures > failures) fprintf(stderr, "    %s without pointer %d, length %zu\n", one->name, absent, len);
  end(&f);
}

/* A slot without a row, or in another place, fails here. */
static void test_every_slot_has_its_row(void) {
  const size_t count = sizeof rows / sizeof rows[0];
  size_t i;
  CHECK_EQ(count, (sizeof(tw_api) - offsetof(tw_api, version)) / sizeof(tw_get_api_fn));
  for (i = 0; i < count; ++i) CHECK_EQ(rows[i]->slot, offsetof(tw_api, version) + i * sizeof(tw_get_api_fn));
}

static void test_every_pointer_of_every_function(void) {
  size_t i, len;
  for (i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
    const int count = (int)strlen(rows[i]->pointers);
    if (count == 0) continue;
    for (len = 0; len <= LEN; len += LEN) {
      const tw_status with_all = result_with_all(rows[i], len);
      int absent;
      for (absent = 0; absent < count; ++absent) check_without(rows[i], absent, len, with_all);
    }
  }
}

static void *refuse(void *context, size_t size) {
  (void)context, (void)size;
  return NULL;
}

/* What config points to, and what is in it, is required too. */
static void test_null_inside_configurations(void) {
  static const tw_header unnamed = {NULL, "value"}, empty = {"Name", NULL};
  static const char *const none[] = {NULL};
  static const tw_random no_fill = {NULL, NULL};
  static const tw_allocator half = {refuse, NULL, NULL};
  tw_pool_config pool = TW_POOL_CONFIG_INIT;
  tw_pool *made;
  tw_conn *conn;
  tw_handshake_config handshakes[6];
  uint8_t key[TW_KEY_LEN];
  size_t i;
  for (i = 0; i < 6; ++i) handshakes[i] = (tw_handshake_config)TW_HANDSHAKE_CONFIG_INIT;
  handshakes[0].subprotocol_count = handshakes[1].origin_count = handshakes[2].header_count = 1;
  handshakes[3].subprotocols = none, handshakes[3].subprotocol_count = 1;
  handshakes[4].headers = &unnamed, handshakes[4].header_count = 1;
  handshakes[5].headers = &empty, handshakes[5].header_count = 1;
  for (i = 0; i < 6; ++i) {
    tw_conn_config config = TW_CONN_CONFIG_INIT;
    tw_head head;
    config.handshake = &handshakes[i];
    CHECK_STATUS(tw_conn_create(&config, &conn), TW_ERR_NULL);
    CHECK_STATUS(tw_head_init(&head, TW_ROLE_SERVER, &handshakes[i]), TW_ERR_NULL);
  }
  pool.class_count = 1;
  CHECK_STATUS(tw_pool_create(&pool, &made), TW_ERR_NULL);
  pool.class_count = 0;
  pool.allocator = &half;
  CHECK_STATUS(tw_pool_create(&pool, &made), TW_ERR_NULL);
  CHECK_STATUS(tw_key_generate(&no_fill, key), TW_ERR_NULL);
  CHECK_STATUS(tw_masking_keys(&no_fill, key, 1), TW_ERR_NULL);
}

static void test_null_inside_connection_config(void) {
  static const tw_random no_fill = {NULL, NULL};
  static const tw_allocator half = {refuse, NULL, NULL};
  tw_conn_config configs[3];
  size_t i;
  for (i = 0; i < 3; ++i) configs[i] = (tw_conn_config)TW_CONN_CONFIG_INIT;
  configs[0].random = &no_fill;
  configs[1].allocator = &half;
  configs[2].role = TW_ROLE_CLIENT; /* without a host */
  for (i = 0; i < 3; ++i) {
    tw_conn *conn = (tw_conn *)&nothing;
    CHECK_STATUS(tw_conn_create(&configs[i], &conn), TW_ERR_NULL);
    CHECK(conn == NULL);
  }
}

static void test_null_inside_messages_and_frames(void) {
  const tw_message message = {NULL, 1, TW_OPCODE_BINARY, 0};
  const tw_frame frame = {NULL, 1, 0, TW_OPCODE_BINARY, TW_FRAME_FIN, 0, {0}, 0};
  uint8_t out[16];
  tw_view views[2];
  size_t count = 7, len = 7;
  fixture f;
  begin(&f);
  CHECK_STATUS(tw_conn_send_batch(f.own.conn, &message, 1, &count), TW_ERR_NULL);
  CHECK_EQ(count, 0);
  CHECK_STATUS(tw_frames_encode(&frame, 1, out, sizeof out, &len), TW_ERR_NULL);
  CHECK_STATUS(tw_frames_encode_views(&frame, 1, out, sizeof out, &len, views, &count), TW_ERR_NULL);
  CHECK_EQ(len, 7);
  end(&f);
}

int main(void) {
  test_every_slot_has_its_row();
  test_every_pointer_of_every_function();
  test_null_inside_configurations();
  test_null_inside_connection_config();
  test_null_inside_messages_and_frames();
  return check_result();
}
