/* SPDX-License-Identifier: MIT
 *
 * tw_conn_read_buffer, _read_commit, _receive_into, _detach and tw_lease_... through the public interface: a message
 * each, and what may not be NULL.
 */
#include <tidewire/tidewire.h>

#include "check.h"

enum { kLargeLen = 100000 };

static const uint8_t kFrame[] = {0x81, 0x83, 0x00, 0x00, 0x00, 0x00, 'a', 'b', 'c'};

static tw_conn *server(tw_pool *pool) {
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  tw_conn *conn = NULL;
  config.flags = TW_CONN_UPGRADED;
  config.pool = pool;
  CHECK_STATUS(tw_conn_create(&config, &conn), TW_OK);
  return conn;
}

static void test_read(void) {
  tw_conn *conn = server(NULL);
  tw_event events[4];
  uint8_t *room = NULL;
  size_t cap = 0, count = 9;
  CHECK_STATUS(tw_conn_read_buffer(conn, 0, &room, &cap), TW_OK);
  if (!CHECK(room != NULL && cap >= sizeof(kFrame))) return;
  memcpy(room, kFrame, sizeof(kFrame));
  CHECK_STATUS(tw_conn_read_commit(conn, cap + 1, events, 4, &count), TW_ERR_ARGUMENT);
  CHECK_EQ(count, 0);
  CHECK_STATUS(tw_conn_read_commit(conn, sizeof(kFrame), events, 4, &count), TW_OK);
  CHECK_EQ(count, 1);
  CHECK_BYTES(events[0].data, "abc", 3);
  CHECK(events[0].data == room + 6);
  CHECK_STATUS(tw_conn_read_commit(conn, 0, NULL, 0, &count), TW_OK);
  CHECK_EQ(count, 0);

  room = (uint8_t *)&cap;
  CHECK_STATUS(tw_conn_read_buffer(NULL, 0, &room, &cap), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_read_buffer(conn, 0, NULL, &cap), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_read_buffer(conn, 0, &room, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_read_commit(NULL, 0, events, 4, &count), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_read_commit(conn, 0, NULL, 4, &count), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_read_commit(conn, 0, events, 4, NULL), TW_ERR_NULL);
  tw_conn_destroy(conn);
}

static void test_receive_into(void) {
  tw_conn *conn = server(NULL);
  tw_event events[4];
  uint8_t data[sizeof(kFrame)], dst[3];
  size_t count = 0, consumed = 0;
  memcpy(data, kFrame, sizeof(data));
  CHECK_STATUS(tw_conn_receive_into(conn, data, 8, dst, sizeof(dst), events, 4, &count, &consumed), TW_OK);
  CHECK_EQ(count, 0);
  CHECK_EQ(consumed, 8);
  CHECK_STATUS(tw_conn_receive(conn, data + 8, 1, events, 4, &count, &consumed), TW_ERR_STATE);
  CHECK_EQ(consumed, 0);
  CHECK_STATUS(tw_conn_receive_into(conn, data + 8, 1, dst, sizeof(dst), events, 4, &count, &consumed), TW_OK);
  CHECK_EQ(count, 1);
  CHECK(events[0].data == dst);
  CHECK_BYTES(dst, "abc", 3);

  CHECK_STATUS(tw_conn_receive_into(NULL, data, 1, dst, 3, events, 4, &count, &consumed), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_receive_into(conn, NULL, 1, dst, 3, events, 4, &count, &consumed), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_receive_into(conn, data, 1, NULL, 3, events, 4, &count, &consumed), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_receive_into(conn, data, 1, dst, 3, NULL, 4, &count, &consumed), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_receive_into(conn, data, 1, dst, 3, events, 4, NULL, &consumed), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_receive_into(conn, data, 1, dst, 3, events, 4, &count, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_receive_into(conn, NULL, 0, NULL, 0, NULL, 0, &count, &consumed), TW_OK);
  tw_conn_destroy(conn);
}

/* A large message, of zeros, that is read where it lives, and outlives its connection. */
static void test_detach(void) {
  static const uint8_t header[] = {0x82, 0xFF, 0, 0, 0, 0, 0, 0x01, 0x86, 0xA0, 0x00, 0x00, 0x00, 0x00};
  static const uint8_t zeros[kLargeLen];
  tw_pool *pool = NULL;
  tw_conn *conn;
  tw_event event;
  tw_lease *lease = NULL;
  uint8_t *room = NULL, *data = NULL;
  size_t cap = 0, count = 0;
  CHECK_STATUS(tw_pool_create(NULL, &pool), TW_OK);
  conn = server(pool);
  CHECK_STATUS(tw_conn_read_buffer(conn, 0, &room, &cap), TW_OK);
  memcpy(room, header, sizeof(header));
  CHECK_STATUS(tw_conn_read_commit(conn, sizeof(header), &event, 1, &count), TW_OK);
  CHECK_STATUS(tw_conn_read_buffer(conn, 0, &room, &cap), TW_OK);
  if (!CHECK_EQ(cap, kLargeLen)) return;
  memset(room, 0, cap);
  CHECK_STATUS(tw_conn_read_commit(conn, cap, &event, 1, &count), TW_OK);
  CHECK_EQ(count, 1);
  CHECK(event.data == room);

  lease = (tw_lease *)&event;
  CHECK_STATUS(tw_conn_detach(NULL, &event, &lease, &data), TW_ERR_NULL);
  CHECK(lease == NULL);
  CHECK_STATUS(tw_conn_detach(conn, NULL, &lease, &data), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_detach(conn, &event, NULL, &data), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_detach(conn, &event, &lease, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_detach(conn, &event, &lease, &data), TW_OK);
  CHECK(data == room);
  tw_conn_destroy(conn);

  CHECK_STATUS(tw_lease_retain(lease), TW_OK);
  CHECK_STATUS(tw_lease_retain(NULL), TW_ERR_NULL);
  tw_lease_release(lease);
  CHECK_BYTES(data, zeros, kLargeLen);
  tw_lease_release(lease);
  tw_lease_release(NULL);
  tw_pool_destroy(pool);
}

int main(void) {
  test_read();
  test_receive_into();
  test_detach();
  return check_result();
}
