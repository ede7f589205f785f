/* SPDX-License-Identifier: MIT
 *
 * What a connection does beyond plain messages, as a C program asks for it: compression, chunks, time, counters.
 */
#include "check.h"

static tw_conn *create(uint32_t role, uint32_t flags, const tw_deflate_config *deflate) {
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  tw_conn *conn = NULL;
  handshake.host = "example.com";
  config.role = role;
  config.flags = flags;
  config.handshake = &handshake;
  config.deflate = deflate;
  CHECK_STATUS(tw_conn_create(&config, &conn), TW_OK);
  return conn;
}

/* Moves all output of one side into the other, and joins what messages and chunks carry in `text` (room for 4096). */
static size_t carry(tw_conn *from, tw_conn *to, char *text, size_t *out_events) {
  size_t len = 0, event_count = 0;
  for (;;) {
    tw_view view;
    tw_event events[8];
    uint8_t *wire;
    size_t view_count = 0, count = 0, consumed = 0, i;
    CHECK_STATUS(tw_conn_output(from, &view, 1, &view_count), TW_OK);
    if (view_count == 0) break;
    wire = (uint8_t *)check_block(view.data, view.len);
    CHECK_STATUS(tw_conn_receive(to, wire, view.len, events, 8, &count, &consumed), TW_OK);
    CHECK_EQ(consumed, view.len);
    for (i = 0; i < count; ++i) {
      if (events[i].type != TW_EVENT_MESSAGE && events[i].type != TW_EVENT_CHUNK) continue;
      CHECK(len + events[i].len <= 4096);
      if (events[i].len > 0) memcpy(text + len, events[i].data, (size_t)events[i].len);
      len += (size_t)events[i].len;
    }
    event_count += count;
    CHECK_STATUS(tw_conn_output_consume(from, view.len), TW_OK);
    free(wire);
  }
  if (out_events != NULL) *out_events = event_count;
  return len;
}

static void test_compression(void) {
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  tw_conn *client, *server;
  tw_deflate agreed;
  tw_conn_stats stats = TW_CONN_STATS_INIT;
  char sent[3000], received[4096];
  int i;
  deflate.max_context_len = 1 << 20;
  deflate.send_window_bits = 12;
  client = create(TW_ROLE_CLIENT, 0, &deflate);
  server = create(TW_ROLE_SERVER, TW_CONN_STREAM, &deflate);
  carry(client, server, received, NULL);
  carry(server, client, received, NULL);
  CHECK_EQ(tw_conn_state(client), TW_STATE_OPEN);
  CHECK_STATUS(tw_conn_get_deflate(server, &agreed), TW_OK);
  CHECK_EQ(agreed.enabled, 1);
  CHECK_EQ(agreed.send_window_bits, 12);
  CHECK_EQ(agreed.receive_window_bits, 12);
  CHECK_EQ(agreed.flags, TW_DEFLATE_SEND_TAKEOVER | TW_DEFLATE_RECEIVE_TAKEOVER);

  memset(sent, 'x', sizeof(sent));
  for (i = 0; i < 2; ++i) {
    CHECK_STATUS(tw_conn_send(client, TW_OPCODE_TEXT, (const uint8_t *)sent, sizeof(sent), 0), TW_OK);
    CHECK_EQ(carry(client, server, received, NULL), sizeof(sent));
    CHECK(memcmp(sent, received, sizeof(sent)) == 0);
  }
  CHECK_STATUS(tw_conn_get_stats(server, &stats), TW_OK);
  CHECK_EQ(stats.messages_received, 2);
  CHECK_EQ(stats.inflated_received_len, 6000);
  CHECK(stats.deflated_received_len < 200);
  CHECK(stats.context_len > 32768);
  CHECK(stats.held_len > stats.context_len);

  CHECK_STATUS(tw_conn_send(server, TW_OPCODE_TEXT, (const uint8_t *)sent, 500, TW_SEND_NO_COMPRESS), TW_OK);
  CHECK_STATUS(tw_conn_send(server, TW_OPCODE_TEXT, (const uint8_t *)sent, 5, TW_SEND_COMPRESS | TW_SEND_NO_COMPRESS),
               TW_ERR_ARGUMENT);
  CHECK_STATUS(tw_conn_get_stats(server, &stats), TW_OK);
  CHECK_EQ(stats.deflated_sent_len, 0);
  CHECK_EQ(carry(server, client, received, NULL), 500);
  tw_conn_destroy(client);
  tw_conn_destroy(server);
}

static void test_time(void) {
  const uint64_t second = 1000000000;
  tw_conn *client = create(TW_ROLE_CLIENT, TW_CONN_UPGRADED, NULL);
  tw_conn *server = create(TW_ROLE_SERVER, TW_CONN_UPGRADED, NULL);
  tw_conn_stats stats = TW_CONN_STATS_INIT;
  tw_error error = TW_ERROR_INIT;
  uint64_t deadline = 0;
  char text[4096];
  size_t event_count = 0;
  CHECK_STATUS(tw_conn_tick(client, 5 * second, &deadline), TW_OK);
  CHECK_EQ(deadline, 25 * second);
  CHECK_STATUS(tw_conn_tick(client, 25 * second, &deadline), TW_OK);
  carry(client, server, text, &event_count);
  CHECK_EQ(event_count, 1);
  CHECK_STATUS(tw_conn_tick(client, 25 * second + 1500000, &deadline), TW_OK);
  carry(server, client, text, &event_count);
  CHECK_EQ(event_count, 0); /* the answer to our own ping is ours */
  CHECK_STATUS(tw_conn_get_stats(client, &stats), TW_OK);
  CHECK_EQ(stats.rtt_ns, 1500000);
  CHECK_STATUS(tw_conn_tick(client, 45 * second + 1500000, &deadline), TW_OK);
  CHECK_STATUS(tw_conn_tick(client, 66 * second, &deadline), TW_ERR_TIMEOUT_PONG);
  CHECK_STATUS(tw_conn_get_error(client, &error), TW_OK);
  CHECK(strcmp(error.limit, "pong_timeout_ns") == 0);
  CHECK_EQ(error.close_code, 1011);
  CHECK_STATUS(tw_conn_tick(client, 76 * second, &deadline), TW_ERR_TIMEOUT_PONG);
  CHECK_EQ(deadline, TW_NEVER);
  tw_conn_destroy(client);
  tw_conn_destroy(server);
}

static void test_manual_close(void) {
  tw_conn *client = create(TW_ROLE_CLIENT, TW_CONN_UPGRADED, NULL);
  tw_conn *server = create(TW_ROLE_SERVER, TW_CONN_UPGRADED | TW_CONN_MANUAL_CLOSE, NULL);
  tw_close how;
  char text[4096];
  CHECK_STATUS(tw_conn_close(client, 4000, NULL, 0), TW_OK);
  carry(client, server, text, NULL);
  CHECK_EQ(tw_conn_wants(server), 0);
  CHECK_STATUS(tw_conn_get_close(server, &how), TW_OK);
  CHECK_EQ(how.local_code, 0);
  CHECK_EQ(how.remote_code, 4000);
  CHECK_EQ(how.cause, TW_CLOSE_BY_PEER);
  CHECK_STATUS(tw_conn_send(server, TW_OPCODE_TEXT, (const uint8_t *)"last", 4, 0), TW_OK);
  CHECK_STATUS(tw_conn_close(server, 4001, NULL, 0), TW_OK);
  CHECK_EQ(carry(server, client, text, NULL), 4);
  CHECK_EQ(tw_conn_wants(client), TW_WANT_CLOSE);
  CHECK_STATUS(tw_conn_get_close(client, &how), TW_OK);
  CHECK_EQ(how.local_code, 4000);
  CHECK_EQ(how.remote_code, 4001);
  CHECK_EQ(how.cause, TW_CLOSE_BY_US);
  tw_conn_destroy(client);
  tw_conn_destroy(server);
}

static void test_another_limit(void) {
  tw_conn *client = create(TW_ROLE_CLIENT, TW_CONN_UPGRADED, NULL);
  tw_conn *server = create(TW_ROLE_SERVER, TW_CONN_UPGRADED, NULL);
  char text[4096] = {0};
  CHECK_STATUS(tw_conn_set_max_message_len(server, 3), TW_OK);
  CHECK_STATUS(tw_conn_send(client, TW_OPCODE_TEXT, (const uint8_t *)"abc", 3, 0), TW_OK);
  CHECK_EQ(carry(client, server, text, NULL), 3);
  CHECK_STATUS(tw_conn_set_max_message_len(server, 0), TW_OK);
  CHECK_STATUS(tw_conn_send(client, TW_OPCODE_TEXT, (const uint8_t *)text, 4000, 0), TW_OK);
  CHECK_EQ(carry(client, server, text, NULL), 4000);
  tw_conn_destroy(client);
  tw_conn_destroy(server);
}

static void test_what_is_refused(void) {
  tw_conn *conn = create(TW_ROLE_SERVER, TW_CONN_UPGRADED, NULL);
  tw_conn_stats stats = TW_CONN_STATS_INIT;
  tw_deflate deflate;
  tw_close how;
  uint64_t deadline;
  CHECK_STATUS(tw_conn_tick(NULL, 0, &deadline), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_tick(conn, 0, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_get_close(NULL, &how), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_get_close(conn, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_get_deflate(NULL, &deflate), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_get_deflate(conn, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_get_stats(NULL, &stats), TW_ERR_NULL);
  CHECK_STATUS(tw_conn_get_stats(conn, NULL), TW_ERR_NULL);
  stats.struct_size = sizeof(stats) - 1;
  CHECK_STATUS(tw_conn_get_stats(conn, &stats), TW_ERR_ARGUMENT);
  CHECK_STATUS(tw_conn_get_deflate(conn, &deflate), TW_OK);
  CHECK_EQ(deflate.enabled, 0);
  tw_conn_destroy(conn);
}

int main(void) {
  test_compression();
  test_time();
  test_manual_close();
  test_another_limit();
  test_what_is_refused();
  return check_result();
}
