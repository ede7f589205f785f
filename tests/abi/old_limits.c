/* SPDX-License-Identifier: MIT
 *
 * The old program sets one field of tw_conn_config after the other, and sees by what follows that the library reads it
 * where 1.0 had it.
 */
#include "tests/abi/old_program.h"

#define SECOND UINT64_C(1000000000)

/* Frames with a masking key of zero. */
#define FRAME(first, len) (first), 0x80 | (len), 0, 0, 0, 0

static const uint8_t kMessage[] = {FRAME(0x82, 5), 'a', 'b', 'c', 'd', 'e'};
static const uint8_t kFragments[] = {FRAME(0x02, 0), FRAME(0x00, 0), FRAME(0x80, 0)};
static const uint8_t kPings[] = {FRAME(0x89, 0), FRAME(0x89, 0), FRAME(0x89, 0)};
static const uint8_t kCut[] = {FRAME(0x82, 5), 'a'};
static const uint8_t kLong[] = {0x82, 0xFE, 0x20, 0, 0, 0, 0, 0, 'a'}; /* of 8192 bytes */
static const uint8_t kRequestCut[] = {'G', 'E', 'T'};

/* One field, what is received then, and what must come of it, now or in one of the next seconds. */
typedef struct limit_row {
  const char *field;
  size_t offset;
  size_t size;
  uint64_t value;
  uint32_t flags;
  tw_status status;
  const uint8_t *input;
  size_t input_len;
} limit_row;

#define ROW(field, value, flags, status, input)                                                                   \
  {                                                                                                               \
#field, offsetof(tw_conn_config, field), sizeof(((tw_conn_config *)NULL)->field), (value), (flags), (status), \
        (input), sizeof(input)                                                                                    \
  }

static const limit_row kRows[] = {
    ROW(max_frame_len, 4, TW_CONN_UPGRADED, TW_ERR_LIMIT_FRAME, kMessage),
    ROW(max_message_len, 4, TW_CONN_UPGRADED, TW_ERR_LIMIT_MESSAGE, kMessage),
    ROW(max_memory_len, 600, TW_CONN_UPGRADED, TW_ERR_LIMIT_MEMORY, kLong),
    ROW(max_fragments, 2, TW_CONN_UPGRADED, TW_ERR_LIMIT_FRAGMENTS, kFragments),
    ROW(max_control_rate, 2, TW_CONN_UPGRADED, TW_ERR_LIMIT_CONTROL_RATE, kPings),
    ROW(handshake_timeout_ns, SECOND, 0, TW_ERR_TIMEOUT_HANDSHAKE, kRequestCut),
    ROW(idle_timeout_ns, SECOND, TW_CONN_UPGRADED, TW_ERR_TIMEOUT_IDLE, kMessage),
    ROW(pong_timeout_ns, SECOND, TW_CONN_UPGRADED, TW_ERR_TIMEOUT_PONG, kMessage),
    ROW(message_timeout_ns, SECOND, TW_CONN_UPGRADED, TW_ERR_TIMEOUT_MESSAGE, kCut),
};

/* Every time-out is far away, but that pings are sent after three seconds. */
static tw_conn_config *patient_config(uint32_t flags) {
  const tw_conn_config init = TW_CONN_CONFIG_INIT;
  tw_conn_config *config = EXACT_COPY(tw_conn_config, &init);
  config->flags = flags;
  config->handshake_timeout_ns = TW_NEVER;
  config->idle_timeout_ns = TW_NEVER;
  config->ping_interval_ns = 3 * SECOND;
  config->pong_timeout_ns = TW_NEVER;
  config->message_timeout_ns = TW_NEVER;
  config->close_timeout_ns = TW_NEVER;
  return config;
}

/* Takes the struct; a connection that cannot be made ends the program, which could only crash without it. */
static tw_conn *create(tw_conn_config *config) {
  tw_conn *conn = NULL;
  CHECK_STATUS(api->conn_create(config, &conn), TW_OK);
  free(config);
  if (conn == NULL) {
    fprintf(stderr, "    no connection with the tw_conn_config of 1.0\n");
    exit(check_result());
  }
  return conn;
}

static void check_error(const tw_conn *conn, tw_status status, const char *limit) {
  const tw_error init = TW_ERROR_INIT;
  tw_error *error = EXACT_COPY(tw_error, &init);
  CHECK_STATUS(api->conn_get_error(conn, error), TW_OK);
  CHECK_STATUS(error->status, status);
  CHECK_EQ(error->struct_size, sizeof(*error));
  if (limit == NULL) {
    CHECK(error->limit == NULL);
    CHECK_STR(error->section, "RFC 6455 5.1");
    CHECK_EQ(error->close_code, 1002);
    CHECK_EQ(error->offset, sizeof(kMessage));
  } else {
    CHECK_STR(error->limit, limit);
    CHECK(error->section == NULL);
  }
  CHECK(strlen(error->message) > 5);
  free(error);
}

static void check_row(const limit_row *row) {
  tw_conn_config *config = patient_config(row->flags);
  const uint32_t narrow = (uint32_t)row->value;
  uint8_t *input = (uint8_t *)check_block(row->input, row->input_len);
  tw_event events[4];
  uint64_t now, deadline = 0;
  size_t count = 0, consumed = 0;
  tw_status status;
  tw_conn *conn;
  memcpy((uint8_t *)config + row->offset, row->size == 4 ? (const void *)&narrow : &row->value, row->size);
  conn = create(config);
  CHECK_STATUS(api->conn_tick(conn, SECOND, &deadline), TW_OK);
  status = api->conn_receive(conn, input, row->input_len, events, 4, &count, &consumed);
  for (now = 2; now < 6 && status == TW_OK; ++now) status = api->conn_tick(conn, now * SECOND, &deadline);
  if (!check_status(status, row->status, row->field, __FILE__, __LINE__)) {
    fprintf(stderr, "    with tw_conn_config.%s of 1.0\n", row->field);
  } else {
    check_error(conn, row->status, row->field);
  }
  api->conn_destroy(conn);
  free(input);
}

static void check_output_limits(void) {
  const uint8_t data[64] = {1};
  tw_conn_config *config = patient_config(TW_CONN_UPGRADED);
  tw_view views[4];
  size_t count = 0;
  tw_conn *conn;
  config->max_output_len = 200;
  config->output_high_len = 100;
  config->output_low_len = 20;
  config->min_borrow_len = 64;
  conn = create(config);
  CHECK_STATUS(api->conn_send(conn, TW_OPCODE_BINARY, data, 64, TW_SEND_BORROW), TW_OK);
  CHECK_STATUS(api->conn_output(conn, views, 4, &count), TW_OK);
  CHECK(count == 2 && views[1].data == data);
  CHECK_EQ(api->conn_wants(conn), TW_WANT_READ | TW_WANT_WRITE);
  CHECK_STATUS(api->conn_send(conn, TW_OPCODE_BINARY, data, 40, TW_SEND_BORROW), TW_OK);
  CHECK_EQ(api->conn_wants(conn), TW_WANT_READ | TW_WANT_WRITE | TW_WANT_PAUSE);
  CHECK_STATUS(api->conn_send(conn, TW_OPCODE_BINARY, NULL, 0, 0), TW_OK);
  CHECK_STATUS(api->conn_send(conn, TW_OPCODE_BINARY, data, 64, 0), TW_OK);
  CHECK_STATUS(api->conn_send(conn, TW_OPCODE_BINARY, data, 64, 0), TW_ERR_LIMIT_OUTPUT);
  CHECK_STATUS(api->conn_output_consume(conn, 66 + 42 + 2 + 66 - 21), TW_OK);
  CHECK((api->conn_wants(conn) & TW_WANT_PAUSE) != 0);
  CHECK_STATUS(api->conn_output_consume(conn, 1), TW_OK);
  CHECK_EQ(api->conn_wants(conn), TW_WANT_READ | TW_WANT_WRITE);
  api->conn_destroy(conn);
}

static void check_close_timeout(void) {
  tw_conn_config *config = patient_config(TW_CONN_UPGRADED);
  uint64_t deadline = 0;
  tw_conn *conn;
  config->close_timeout_ns = SECOND;
  conn = create(config);
  CHECK_STATUS(api->conn_tick(conn, SECOND, &deadline), TW_OK);
  CHECK_EQ(deadline, 4 * SECOND);
  CHECK_STATUS(api->conn_close(conn, 1000, NULL, 0), TW_OK);
  CHECK_STATUS(api->conn_tick(conn, 2 * SECOND - 1, &deadline), TW_OK);
  CHECK_STATUS(api->conn_tick(conn, 2 * SECOND, &deadline), TW_ERR_TIMEOUT_CLOSE);
  check_error(conn, TW_ERR_TIMEOUT_CLOSE, "close_timeout_ns");
  api->conn_destroy(conn);
}

static void check_buffers(void) {
  tw_conn_config *config = patient_config(TW_CONN_UPGRADED);
  uint8_t *room = NULL;
  size_t cap = 0;
  tw_conn *conn;
  config->read_len = 1024;
  config->max_read_len = 1024;
  config->write_len = 512;
  conn = create(config);
  CHECK_STATUS(api->conn_read_buffer(conn, 0, &room, &cap), TW_OK);
  CHECK_EQ(cap, 1024 - 32);
  api->conn_destroy(conn);
}

static void check_negotiated(void) {
  const tw_deflate_config init = TW_DEFLATE_CONFIG_INIT;
  const tw_deflate agreed = {1, 0, 12, 9, {0}};
  tw_deflate_config *deflate = EXACT_COPY(tw_deflate_config, &init);
  tw_deflate *negotiated = EXACT_COPY(tw_deflate, &agreed);
  tw_conn_config *config = patient_config(TW_CONN_UPGRADED);
  tw_conn *conn;
  config->deflate = deflate;
  config->negotiated = negotiated;
  conn = create(config);
  memset(negotiated, 0, sizeof(*negotiated));
  CHECK_STATUS(api->conn_get_deflate(conn, negotiated), TW_OK);
  CHECK_BYTES(negotiated, &agreed, sizeof(agreed));
  api->conn_destroy(conn);
  free(deflate);
  free(negotiated);
}

/* The peer breaks a rule: which, and where. */
static void check_broken_rule(void) {
  static const uint8_t unmasked[] = {0x81, 0x00};
  uint8_t wire[sizeof(kMessage) + sizeof(unmasked)];
  tw_conn *conn = create(patient_config(TW_CONN_UPGRADED));
  tw_event events[4];
  size_t count = 0, consumed = 0, len = 0;
  memcpy(wire, kMessage, sizeof(kMessage));
  memcpy(wire + sizeof(kMessage), unmasked, sizeof(unmasked));
  CHECK_STATUS(api->conn_receive(conn, wire, sizeof(wire), events, 4, &count, &consumed), TW_ERR_MASK_MISSING);
  CHECK_EQ(count, 1);
  check_error(conn, TW_ERR_MASK_MISSING, NULL);
  CHECK_STATUS(api->conn_output_len(conn, &len), TW_OK);
  CHECK_EQ(api->conn_state(conn), TW_STATE_CLOSING);
  api->conn_destroy(conn);
}

int old_limits(void) {
  size_t i;
  for (i = 0; i < COUNT(kRows); ++i) check_row(&kRows[i]);
  check_output_limits();
  check_close_timeout();
  check_buffers();
  check_negotiated();
  check_broken_rule();
  return check_result();
}
