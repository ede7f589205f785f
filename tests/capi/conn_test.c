/* SPDX-License-Identifier: MIT
 *
 * The connection as a C program uses it: two of them talk, with every seam replaced; and what the functions refuse.
 */
#include "check.h"

static const tw_conn_config kUpgraded = {.struct_size = sizeof(tw_conn_config), .flags = TW_CONN_UPGRADED};

/* Moves all output of one side into the other; returns the number of events, the last of which is *out_event. */
static size_t carry(tw_conn *from, tw_conn *to, tw_event *out_event) {
  tw_view views[4];
  tw_event events[8];
  size_t view_count = 0, total = 0;
  CHECK_STATUS(tw_conn_output(from, views, 4, &view_count), TW_OK);
  while (view_count > 0) {
    uint8_t *wire = (uint8_t *)check_block(views[0].data, views[0].len);
    size_t count = 0, consumed = 0;
    CHECK_STATUS(tw_conn_receive(to, wire, views[0].len, events, 8, &count, &consumed), TW_OK);
    CHECK_EQ(consumed, views[0].len);
    if (count > 0) *out_event = events[count - 1];
    total += count;
    CHECK_STATUS(tw_conn_output_consume(from, views[0].len), TW_OK);
    /* Payloads may point into the bytes that were fed: only what needs no data is looked at afterwards. */
    out_event->data = NULL;
    free(wire);
    CHECK_STATUS(tw_conn_output(from, views, 4, &view_count), TW_OK);
  }
  return total;
}

static void *counting_allocate(void *context, size_t size) {
  ++*(int *)context;
  return malloc(size);
}

static void counting_release(void *context, void *memory, size_t size) {
  (void)size;
  if (memory != NULL) --*(int *)context;
  free(memory);
}

static int32_t seven(void *context, uint8_t *out, size_t len) {
  ++*(int *)context;
  memset(out, 7, len);
  return 0;
}

static void test_two_sides(void) {
  int live = 0, fills = 0;
  const tw_allocator allocator = {counting_allocate, counting_release, &live};
  const tw_random random = {seven, &fills};
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  tw_conn *server = NULL, *client = NULL;
  tw_event event = {NULL, 0, 0, 0, 0, 0, 0, 0};
  handshake.host = "example.com";
  config.allocator = &allocator;
  config.random = &random;
  config.handshake = &handshake;
  CHECK_STATUS(tw_conn_create(&config, &server), TW_OK);
  config.role = TW_ROLE_CLIENT;
  CHECK_STATUS(tw_conn_create(&config, &client), TW_OK);
  CHECK_EQ(fills, 1);
  CHECK_EQ(tw_conn_wants(client), TW_WANT_READ | TW_WANT_WRITE);
  CHECK_EQ(carry(client, server, &event), 1);
  CHECK_EQ(event.type, TW_EVENT_OPEN);
  CHECK_EQ(carry(server, client, &event), 1);
  CHECK_EQ(event.type, TW_EVENT_OPEN);
  CHECK_EQ(tw_conn_state(client), TW_STATE_OPEN);
  CHECK_STATUS(tw_conn_send(client, TW_OPCODE_TEXT, (const uint8_t *)"Hello", 5, 0), TW_OK);
  CHECK_STATUS(tw_conn_ping(client, NULL, 0), TW_OK);
  CHECK_EQ(carry(client, server, &event), 2);
  CHECK_EQ(event.type, TW_EVENT_PING);
  CHECK_EQ(carry(server, client, &event), 1);
  CHECK_EQ(event.type, TW_EVENT_PONG);
  CHECK_STATUS(tw_conn_close(client, 1000, (const uint8_t *)"bye", 3), TW_OK);
  CHECK_EQ(carry(client, server, &event), 1);
  CHECK_EQ(event.code, 1000);
  CHECK_EQ(event.len, 3);
  CHECK_EQ(carry(server, client, &event), 1);
  CHECK_EQ(tw_conn_wants(client), TW_WANT_CLOSE);
  CHECK_EQ(tw_conn_wants(server), TW_WANT_CLOSE);
  CHECK_STATUS(tw_conn_receive_eof(server), TW_OK);
  tw_conn_destroy(client);
  tw_conn_destroy(server);
  CHECK_EQ(live, 0);
}

static void test_error(void) {
  struct {
    tw_error error;
    uint64_t later;
  } newer = {TW_ERROR_INIT, 77};
  tw_error error = TW_ERROR_INIT;
  uint8_t unmasked[2] = {0x81, 0x00};
  tw_event event;
  size_t count = 0, consumed = 0;
  tw_conn *conn = NULL;
  CHECK_STATUS(tw_conn_create(&kUpgraded, &conn), TW_OK);
  CHECK_STATUS(tw_conn_get_error(conn, &error), TW_OK);
  CHECK_STATUS(error.status, TW_OK);
  CHECK_STATUS(tw_conn_receive(conn, unmasked, 2, &event, 1, &count, &consumed), TW_ERR_MASK_MISSING);
  CHECK_STATUS(tw_conn_get_error(conn, &error), TW_OK);
  CHECK_STATUS(error.status, TW_ERR_MASK_MISSING);
  CHECK_EQ(error.close_code, 1002);
  CHECK_STR(error.section, "RFC 6455 5.1");
  CHECK(error.limit == NULL);
  error.struct_size = sizeof(error) - 1;
  CHECK_STATUS(tw_conn_get_error(conn, &error), TW_ERR_ARGUMENT);
  newer.error.struct_size = sizeof(newer);
  CHECK_STATUS(tw_conn_get_error(conn, &newer.error), TW_OK);
  CHECK_EQ(newer.error.struct_size, sizeof(newer));
  CHECK_EQ(newer.later, 0);
  tw_conn_destroy(conn);
}

static void test_config_of_another_version(void) {
  struct {
    tw_conn_config config;
    uint64_t later;
  } newer = {TW_CONN_CONFIG_INIT, 0};
  tw_conn_config config = kUpgraded;
  tw_conn *conn = (tw_conn *)&config;
  config.struct_size = offsetof(tw_conn_config, log) - 1; /* less than any version had */
  CHECK_STATUS(tw_conn_create(&config, &conn), TW_ERR_ARGUMENT);
  CHECK(conn == NULL);
  config.struct_size = offsetof(tw_conn_config, log); /* 1.0 */
  CHECK_STATUS(tw_conn_create(&config, &conn), TW_OK);
  tw_conn_destroy(conn);
  newer.config = kUpgraded;
  newer.config.struct_size = sizeof(newer);
  CHECK_STATUS(tw_conn_create(&newer.config, &conn), TW_OK);
  tw_conn_destroy(conn);
  newer.later = 1;
  CHECK_STATUS(tw_conn_create(&newer.config, &conn), TW_ERR_UNSUPPORTED);
  CHECK(conn == NULL);
}

static void test_half_a_seam(void) {
  tw_allocator allocator = {counting_allocate, NULL, NULL};
  tw_random random = {NULL, NULL};
  tw_conn_config config = kUpgraded;
  tw_conn *conn = NULL;
  config.allocator = &allocator;
  CHECK_STATUS(tw_conn_create(&config, &conn), TW_ERR_NULL);
  allocator.allocate = NULL;
  CHECK_STATUS(tw_conn_create(&config, &conn), TW_OK);
  tw_conn_destroy(conn);
  config.allocator = NULL;
  config.random = &random;
  CHECK_STATUS(tw_conn_create(&config, &conn), TW_ERR_NULL);
}

static void test_null_connection(void) {
  tw_view view;
  tw_event event;
  tw_error error = TW_ERROR_INIT;
  uint8_t byte = 0;
  size_t count = 0, consumed = 0;
  CHECK_STATUS(tw_conn_receive(NULL, &byte, 1, &event, 1, &count, &consumed), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_receive_eof(NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_send(NULL, TW_OPCODE_TEXT, &byte, 1, 0), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_ping(NULL, &byte, 1), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_pong(NULL, &byte, 1), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_close(NULL, 1000, NULL, 0), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_output(NULL, &view, 1, &count), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_output_len(NULL, &count), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_output_consume(NULL, 0), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_get_error(NULL, &error), TW_ERR_NULL);
  CHECK_EQ(tw_conn_state(NULL), TW_STATE_CLOSED);
  CHECK_EQ(tw_conn_wants(NULL), 0);
  tw_conn_destroy(NULL);
}

static void test_null_arguments(void) {
  tw_event event;
  tw_conn *conn = NULL;
  uint8_t byte = 0;
  size_t count = 0, consumed = 0;
  CHECK_STATUS(tw_conn_create(&kUpgraded, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_create(NULL, &conn), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_create(&kUpgraded, &conn), TW_OK);
  CHECK_STATUS(tw_conn_receive(conn, NULL, 1, &event, 1, &count, &consumed), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_receive(conn, &byte, 1, NULL, 1, &count, &consumed), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_receive(conn, &byte, 1, &event, 1, NULL, &consumed), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_receive(conn, &byte, 1, &event, 1, &count, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_receive(conn, NULL, 0, NULL, 0, &count, &consumed), TW_OK);
  CHECK_STATUS(tw_conn_send(conn, TW_OPCODE_TEXT, NULL, 1, 0), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_send(conn, TW_OPCODE_TEXT, NULL, 0, 0), TW_OK);
  CHECK_STATUS(tw_conn_ping(conn, NULL, 1), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_pong(conn, NULL, 1), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_close(conn, 1000, NULL, 1), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_output(conn, NULL, 1, &count), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_output(conn, NULL, 0, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_output(conn, NULL, 0, &count), TW_OK);
  CHECK_STATUS(tw_conn_output_len(conn, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_output_len(conn, &count), TW_OK);
  CHECK_EQ(count, 2);
  CHECK_STATUS(tw_conn_get_error(conn, NULL), TW_ERR_NULL);
  CHECK_EQ(tw_conn_state(conn), TW_STATE_OPEN);
  tw_conn_destroy(conn);
}

int main(void) {
  test_two_sides();
  test_error();
  test_config_of_another_version();
  test_half_a_seam();
  test_null_connection();
  test_null_arguments();
  return check_result();
}
