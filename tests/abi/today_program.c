/* SPDX-License-Identifier: MIT
 *
 * A program of today with the library that argv[1] names, whose ABI minor is argv[2]: it uses what is there, does
 * without what is not, and says so.
 */
#include <tidewire/tw_table.h>

#include "tests/abi/load_api.h"
#include "tests/capi/check.h"

static const tw_api *api;
static char lacking[256]; /* what the program had to do without, each with a blank behind */
static size_t line_count; /* of the log */

static void lack(const char *name) {
  snprintf(lacking + strlen(lacking), sizeof(lacking) - strlen(lacking), "%s ", name);
  printf("the library is %u.%u and lacks %s\n", (unsigned)api->abi_major, (unsigned)api->abi_minor, name);
}

static const tw_api *load(const char *path) {
  void *library;
  const tw_get_api_fn get_api = load_get_api(path, &library);
  return get_api == NULL ? NULL : get_api(TW_ABI_MAJOR);
}

static void make_key(uint8_t key[4]) {
  if (TW_API_HAS(api, masking_keys)) {
    CHECK_STATUS(api->masking_keys(NULL, key, 1), TW_OK);
  } else {
    lack("tw_masking_keys");
    memcpy(key, "\1\2\3\4", 4);
  }
}

static void first_header(const tw_head *head, const uint8_t *data, tw_view *name, tw_view *value) {
  size_t cursor = 0;
  if (TW_API_HAS(api, head_next)) {
    CHECK_STATUS(api->head_next(head, data, &cursor, name, value), TW_OK);
  } else {
    lack("tw_head_next");
    CHECK_STATUS(api->head_header(head, data, NULL, 0, name, value), TW_OK);
  }
}

static const char *section_of(tw_status status) {
  if (TW_API_HAS(api, status_section)) return api->status_section(status);
  lack("tw_status_section");
  return "RFC 6455";
}

static void put_line(void *context, const tw_conn *conn, uint32_t level, const char *line, size_t len) {
  (void)context, (void)conn, (void)level;
  ++line_count;
  CHECK_EQ(strlen(line), len);
}

/* A server's connection, with a log where the library has one. */
static tw_conn *create(void) {
  const tw_log log = {put_line, NULL, TW_LOG_DEBUG, 0};
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  tw_conn *conn = (tw_conn *)&config;
  config.flags = TW_CONN_UPGRADED;
  config.log = &log;
  if (api->conn_create(&config, &conn) == TW_ERR_UNSUPPORTED) {
    CHECK(conn == NULL);
    lack("tw_conn_config.log");
    config.log = NULL;
    CHECK_STATUS(api->conn_create(&config, &conn), TW_OK);
  }
  return conn;
}

static void test_frame(void) {
  uint8_t data[] = "ab", wire[32];
  tw_frame frame = {data, 2, 0, TW_OPCODE_TEXT, TW_FRAME_FIN | TW_FRAME_MASKED, 0, {0}, 0};
  tw_conn *conn = create();
  tw_event event;
  size_t len = 0, count = 0, consumed = 0;
  if (conn == NULL) return;
  make_key(frame.masking_key);
  CHECK_STATUS(api->frames_encode(&frame, 1, wire, sizeof(wire), &len), TW_OK);
  CHECK_STATUS(api->conn_receive(conn, wire, len, &event, 1, &count, &consumed), TW_OK);
  CHECK_EQ(count, 1);
  CHECK_BYTES(event.data, "ab", 2);
  CHECK_STATUS(api->conn_receive(conn, data, 2, &event, 1, &count, &consumed), TW_ERR_RSV); /* 'a' has RSV bits */
  CHECK(strncmp(section_of(TW_ERR_RSV), "RFC 6455", 8) == 0);
  api->conn_destroy(conn);
}

static void test_head(void) {
  static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  tw_head head;
  tw_view name = {NULL, 0}, value = {NULL, 0};
  size_t len = 0;
  CHECK_STATUS(api->head_init(&head, TW_ROLE_SERVER, NULL), TW_OK);
  CHECK_STATUS(api->head_parse(&head, (const uint8_t *)text, sizeof(text) - 1, &len), TW_OK);
  first_header(&head, (const uint8_t *)text, &name, &value);
  CHECK(name.len == 4 && value.len == 1 && value.data[0] == 'a');
}

/* A program that is newer than every library here. */
static void test_longer_config(void) {
  struct {
    tw_conn_config known;
    uint64_t later[4];
  } config = {TW_CONN_CONFIG_INIT, {0, 0, 0, 0}};
  tw_conn *conn = NULL;
  config.known.struct_size = sizeof(config);
  config.known.flags = TW_CONN_UPGRADED;
  CHECK_STATUS(api->conn_create(&config.known, &conn), TW_OK);
  api->conn_destroy(conn);
  config.later[3] = 1;
  CHECK_STATUS(api->conn_create(&config.known, &conn), TW_ERR_UNSUPPORTED);
  CHECK(conn == NULL);
}

int main(int argc, char **argv) {
  const int has_1_1 = argc == 3 && strcmp(argv[2], "1") == 0;
  api = argc == 3 ? load(argv[1]) : NULL;
  if (!CHECK(api != NULL)) return 1;
  CHECK_EQ(api->abi_minor, has_1_1);
  CHECK(TW_API_HAS(api, conn_get_stats));
  CHECK_EQ(TW_API_HAS(api, status_section), has_1_1);
  CHECK_EQ(TW_API_HAS(api, head_next), has_1_1);
  CHECK_EQ(TW_API_HAS(api, conn_set_max_message_len), has_1_1);
  test_frame();
  test_head();
  test_longer_config();
  CHECK_STR(lacking, has_1_1 ? "" : "tw_conn_config.log tw_masking_keys tw_status_section tw_head_next ");
  CHECK_EQ(line_count > 0, has_1_1);
  return check_result();
}
