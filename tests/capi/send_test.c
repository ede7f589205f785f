/* SPDX-License-Identifier: MIT
 *
 * Sending from C: borrowed bytes, batches, prepared messages, and the arguments that are refused.
 */
#include "check.h"

static tw_conn *create(uint32_t role, uint32_t min_borrow_len) {
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  tw_conn *conn = NULL;
  config.role = role;
  config.flags = TW_CONN_UPGRADED;
  config.min_borrow_len = min_borrow_len;
  CHECK_STATUS(tw_conn_create(&config, &conn), TW_OK);
  return conn;
}

/* Consumes all output; returns its length, and its bytes in `out`. */
static size_t take_output(tw_conn *conn, uint8_t *out, size_t cap) {
  tw_view views[16];
  size_t count = 0, len = 0, i;
  CHECK_STATUS(tw_conn_output(conn, views, 16, &count), TW_OK);
  for (i = 0; i < count; ++i) {
    if (!CHECK(views[i].len <= cap - len)) return 0;
    memcpy(out + len, views[i].data, views[i].len);
    len += views[i].len;
  }
  CHECK_STATUS(tw_conn_output_consume(conn, len), TW_OK);
  return len;
}

static void test_borrow(void) {
  const uint8_t header[] = {0x82, 10};
  uint8_t data[10] = "borrowed!", out[64];
  tw_view views[4];
  size_t count = 0;
  tw_conn *conn = create(TW_ROLE_SERVER, 10);
  CHECK_STATUS(tw_conn_send(conn, TW_OPCODE_BINARY, data, sizeof(data), TW_SEND_BORROW), TW_OK);
  CHECK_STATUS(tw_conn_output(conn, views, 4, &count), TW_OK);
  CHECK_EQ(count, 2);
  CHECK(views[1].data == data);
  CHECK_EQ(take_output(conn, out, sizeof(out)), 12);
  CHECK_BYTES(out, header, 2);
  CHECK_BYTES(out + 2, "borrowed!", 10);
  CHECK_STATUS(tw_conn_send(conn, TW_OPCODE_BINARY, data, 9, TW_SEND_BORROW), TW_OK);
  CHECK_STATUS(tw_conn_output(conn, views, 4, &count), TW_OK);
  CHECK_EQ(count, 1);
  tw_conn_destroy(conn);
}

static void test_mask_in_place(void) {
  uint8_t data[10] = "borrowed!", out[64];
  size_t i;
  tw_conn *conn = create(TW_ROLE_CLIENT, 10);
  CHECK_STATUS(tw_conn_send(conn, TW_OPCODE_BINARY, data, 10, TW_SEND_MASK_IN_PLACE), TW_ERR_ARGUMENT);
  CHECK_BYTES(data, "borrowed!", 10);
  CHECK_STATUS(tw_conn_send(conn, TW_OPCODE_BINARY, data, 10, TW_SEND_BORROW | TW_SEND_MASK_IN_PLACE), TW_OK);
  CHECK_EQ(take_output(conn, out, sizeof(out)), 16);
  CHECK_BYTES(out + 6, data, 10);
  for (i = 0; i < 10; ++i) out[6 + i] ^= out[2 + i % 4];
  CHECK_BYTES(out + 6, "borrowed!", 10);
  tw_conn_destroy(conn);
}

static void test_batch(void) {
  const uint8_t *const bytes = (const uint8_t *)"ab";
  const uint8_t expected[] = {0x81, 2, 'a', 'b', 0x02, 1, 'a', 0x80, 1, 'b', 0x82, 0};
  const tw_message messages[] = {{bytes, 2, TW_OPCODE_TEXT, 0},
                                 {bytes, 1, TW_OPCODE_BINARY, TW_SEND_MORE},
                                 {bytes + 1, 1, TW_OPCODE_CONTINUATION, 0},
                                 {NULL, 0, TW_OPCODE_BINARY, 0}};
  const tw_message bad[] = {{bytes, 2, TW_OPCODE_TEXT, 0}, {NULL, 2, TW_OPCODE_TEXT, 0}};
  uint8_t out[64];
  size_t count = 99;
  tw_conn *conn = create(TW_ROLE_SERVER, 0);
  CHECK_STATUS(tw_conn_send_batch(conn, messages, 4, &count), TW_OK);
  CHECK_EQ(count, 4);
  CHECK_EQ(take_output(conn, out, sizeof(out)), sizeof(expected));
  CHECK_BYTES(out, expected, sizeof(expected));
  CHECK_STATUS(tw_conn_send_batch(conn, bad, 2, &count), TW_ERR_NULL);
  CHECK_EQ(count, 1);
  CHECK_STATUS(tw_conn_send_batch(conn, NULL, 0, &count), TW_OK);
  CHECK_EQ(count, 0);
  CHECK_STATUS(tw_conn_send_batch(conn, NULL, 1, &count), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_send_batch(conn, messages, 4, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_send_batch(NULL, messages, 4, &count), TW_ERR_NULL);
  tw_conn_destroy(conn);
}

static void test_prepared(void) {
  const uint8_t expected[] = {0x81, 2, 'h', 'i'};
  uint8_t text[2] = {'h', 'i'}, out[64];
  tw_prepared *prepared = NULL;
  tw_conn *first = create(TW_ROLE_SERVER, 1), *second = create(TW_ROLE_SERVER, 0);
  CHECK_STATUS(tw_prepared_create(TW_OPCODE_TEXT, text, 2, 0, NULL, &prepared), TW_OK);
  memset(text, 0xFF, sizeof(text)); /* the message has a copy */
  CHECK_STATUS(tw_conn_send_prepared(first, prepared), TW_OK);
  CHECK_STATUS(tw_conn_send_prepared(second, prepared), TW_OK);
  tw_prepared_destroy(prepared);
  CHECK_EQ(take_output(first, out, sizeof(out)), 4);
  CHECK_BYTES(out, expected, 4);
  CHECK_EQ(take_output(second, out, sizeof(out)), 4);
  CHECK_BYTES(out, expected, 4);
  tw_conn_destroy(first);
  tw_conn_destroy(second);
}

static void test_prepared_arguments(void) {
  static tw_prepared *const some = (tw_prepared *)&check_count; /* to be overwritten */
  const uint8_t bad_text[] = {0xFF};
  const uint32_t bad_flags[] = {TW_SEND_MORE, TW_SEND_BORROW, TW_SEND_BORROW | TW_SEND_MASK_IN_PLACE,
                                TW_SEND_COMPRESS | TW_SEND_NO_COMPRESS, 0x80};
  tw_prepared *prepared = some;
  tw_conn *conn = create(TW_ROLE_SERVER, 0);
  size_t i;
  CHECK_STATUS(tw_prepared_create(TW_OPCODE_TEXT, bad_text, 1, 0, NULL, &prepared), TW_ERR_TEXT);
  CHECK(prepared == NULL);
  for (i = 0; i < sizeof(bad_flags) / sizeof(*bad_flags); ++i) {
    prepared = some;
    CHECK_STATUS(tw_prepared_create(TW_OPCODE_TEXT, NULL, 0, bad_flags[i], NULL, &prepared), TW_ERR_ARGUMENT);
    CHECK(prepared == NULL);
  }
  CHECK_STATUS(tw_prepared_create(TW_OPCODE_PING, NULL, 0, 0, NULL, &prepared), TW_ERR_ARGUMENT);
  CHECK_STATUS(tw_prepared_create(TW_OPCODE_CONTINUATION, NULL, 0, 0, NULL, &prepared), TW_ERR_ARGUMENT);
  CHECK_STATUS(tw_prepared_create(TW_OPCODE_BINARY, NULL, SIZE_MAX, 0, NULL, &prepared), TW_ERR_NULL);
  CHECK_STATUS(tw_prepared_create(TW_OPCODE_BINARY, bad_text, SIZE_MAX, 0, NULL, &prepared), TW_ERR_NO_MEMORY);
  CHECK(prepared == NULL);
  CHECK_STATUS(tw_prepared_create(TW_OPCODE_TEXT, NULL, 0, 0, NULL, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_send_prepared(conn, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_prepared_create(TW_OPCODE_BINARY, bad_text, 1, 0, NULL, &prepared), TW_OK);
  CHECK_STATUS(tw_conn_send_prepared(NULL, prepared), TW_ERR_NULL);
  tw_prepared_destroy(prepared);
  tw_prepared_destroy(NULL);
  tw_conn_destroy(conn);
}

int main(void) {
  test_borrow();
  test_mask_in_place();
  test_batch();
  test_prepared();
  test_prepared_arguments();
  return check_result();
}
