/* SPDX-License-Identifier: MIT
 *
 * tw_conn_config.log: what it refuses, and what a C program gets.
 */
#include "check.h"

typedef struct lines {
  const tw_conn *conn;
  uint32_t levels[8];
  char text[8][513];
  size_t count;
} lines;

static void put(void *context, const tw_conn *conn, uint32_t level, const char *line, size_t len) {
  lines *to = (lines *)context;
  if (!CHECK(to->count < 8) || !CHECK(len < sizeof(to->text[0]))) return;
  CHECK_EQ(line[len], 0);
  to->conn = conn;
  to->levels[to->count] = level;
  memcpy(to->text[to->count++], line, len + 1);
}

static void test_refused(void) {
  lines got = {NULL, {0}, {{0}}, 0};
  tw_log log = {NULL, NULL, TW_LOG_INFO, 0};
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  tw_conn *conn = NULL;
  config.log = &log;
  CHECK_STATUS(tw_conn_create(&config, &conn), TW_ERR_NULL);
  log.put_line = put;
  log.context = &got;
  log.level = 0;
  CHECK_STATUS(tw_conn_create(&config, &conn), TW_ERR_ARGUMENT);
  log.level = TW_LOG_DEBUG;
  log.reserved = 1;
  CHECK_STATUS(tw_conn_create(&config, &conn), TW_ERR_UNSUPPORTED);
  CHECK(conn == NULL);
  CHECK_EQ(got.count, 0);
}

/* The struct is copied; levels are those that were asked for; the connection is told apart from others. */
static void test_session(void) {
  static lines got;
  tw_log log = {put, &got, TW_LOG_INFO, 0};
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  tw_conn *conn = NULL;
  tw_event event;
  uint8_t frame[] = {0x83, 0x80, 0, 0, 0, 0};
  size_t count = 0, consumed = 0;
  config.flags = TW_CONN_UPGRADED;
  config.log = &log;
  CHECK_STATUS(tw_conn_create(&config, &conn), TW_OK);
  memset(&log, 0xEE, sizeof(log));
  CHECK_EQ(got.count, 1);
  CHECK(got.conn == conn);
  CHECK_EQ(got.levels[0], TW_LOG_INFO);
  CHECK_STR(got.text[0], "server opened: upgraded elsewhere, no compression");
  CHECK_STATUS(tw_conn_ping(conn, NULL, 0), TW_OK);
  CHECK_EQ(got.count, 1);
  CHECK_STATUS(tw_conn_receive(conn, frame, sizeof(frame), &event, 1, &count, &consumed), TW_ERR_OPCODE);
  CHECK_STATUS(tw_conn_receive(conn, frame, sizeof(frame), &event, 1, &count, &consumed), TW_ERR_OPCODE);
  CHECK_EQ(got.count, 2);
  CHECK_EQ(got.levels[1], TW_LOG_ERROR);
  CHECK_STR(got.text[1],
            "server failed: TW_ERR_OPCODE: the opcode is reserved (RFC 6455 5.2), in a frame with FIN 1, RSV 000, "
            "opcode 3; at offset 0, after 0 messages and 0 frames; answered with close code 1002");
  tw_conn_destroy(conn);
  CHECK_EQ(got.count, 2);
}

static void test_destroyed(void) {
  static lines got;
  const tw_log log = {put, &got, TW_LOG_DEBUG + 1, 0};
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  tw_conn *conn = NULL;
  config.log = &log;
  CHECK_STATUS(tw_conn_create(&config, &conn), TW_OK);
  CHECK_EQ(got.count, 0);
  tw_conn_destroy(conn);
  CHECK_EQ(got.count, 1);
  CHECK_EQ(got.levels[0], TW_LOG_INFO);
  CHECK_STR(got.text[0],
            "server destroyed in the opening handshake; received 0 messages, 0 frames, 0 bytes; sent 0 messages, 0 "
            "frames, 0 bytes");
}

int main(void) {
  test_refused();
  test_session();
  test_destroyed();
  return check_result();
}
