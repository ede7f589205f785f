/* SPDX-License-Identifier: MIT
 *
 * The old program's connections: both roles from the opening handshake to the close codes, over one pool and with
 * compression.
 */
#include "tests/abi/old_program.h"

enum { kEventCap = 8, kLargeLen = 40000 };

typedef struct side {
  tw_conn *conn;
  tw_event *events; /* of the last call that took input: exactly kEventCap */
  uint8_t *input;   /* what they point into */
  size_t count;
} side;

static int32_t sevens(void *context, uint8_t *out, size_t len) {
  ++*(int *)context;
  memset(out, 7, len);
  return 0;
}

/* All output of one side, in the memory that its caller frees. */
static uint8_t *take_output(tw_conn *conn, size_t *out_len) {
  tw_view views[32];
  size_t count = 0, queued = 0, len = 0, i;
  uint8_t *bytes;
  CHECK_STATUS(api->conn_output(conn, views, 32, &count), TW_OK);
  CHECK_STATUS(api->conn_output_len(conn, &queued), TW_OK);
  bytes = EXACT_ARRAY(uint8_t, queued + 1);
  for (i = 0; i < count; ++i) {
    memcpy(bytes + len, views[i].data, views[i].len);
    len += views[i].len;
  }
  CHECK_EQ(len, queued);
  CHECK_STATUS(api->conn_output_consume(conn, len), TW_OK);
  *out_len = len;
  return bytes;
}

static void carry(const side *from, side *to) {
  size_t len = 0, consumed = 0;
  free(to->input);
  to->input = take_output(from->conn, &len);
  to->count = 0;
  CHECK_STATUS(api->conn_receive(to->conn, to->input, len, to->events, kEventCap, &to->count, &consumed), TW_OK);
  CHECK_EQ(consumed, len);
}

static void check_message(const side *to, size_t index, uint32_t opcode, const void *data, size_t len) {
  const tw_event *event = &to->events[index];
  if (!CHECK(index < to->count)) return;
  CHECK_EQ(event->type, TW_EVENT_MESSAGE);
  CHECK_EQ(event->opcode, opcode);
  CHECK_EQ(event->flags, TW_FRAME_FIN);
  if (CHECK_EQ(event->len, len)) CHECK_BYTES(event->data, data, len);
}

static void open_both(side *client, side *server) {
  carry(client, server);
  CHECK_EQ(server->count, 1);
  CHECK_EQ(server->events[0].type, TW_EVENT_OPEN);
  CHECK_EQ(server->events[0].code, 1);
  carry(server, client);
  CHECK_EQ(client->count, 1);
  CHECK_EQ(client->events[0].type, TW_EVENT_OPEN);
  CHECK_EQ(api->conn_state(client->conn), TW_STATE_OPEN);
  CHECK_EQ(api->conn_state(server->conn), TW_STATE_OPEN);
}

static void echo_and_control(side *client, side *server) {
  CHECK_STATUS(api->conn_send(client->conn, TW_OPCODE_TEXT, (const uint8_t *)"Hello", 5, 0), TW_OK);
  CHECK_STATUS(api->conn_ping(client->conn, (const uint8_t *)"p", 1), TW_OK);
  CHECK_STATUS(api->conn_pong(client->conn, NULL, 0), TW_OK);
  CHECK_EQ(api->conn_wants(client->conn), TW_WANT_READ | TW_WANT_WRITE);
  carry(client, server);
  CHECK_EQ(server->count, 3);
  check_message(server, 0, TW_OPCODE_TEXT, "Hello", 5);
  CHECK_EQ(server->events[0].offset + 11, server->events[1].offset);
  CHECK_EQ(server->events[1].type, TW_EVENT_PING);
  CHECK_EQ(server->events[2].type, TW_EVENT_PONG);
  CHECK_STATUS(api->conn_send(server->conn, TW_OPCODE_TEXT, server->events[0].data, 5, 0), TW_OK);
  carry(server, client);
  CHECK_EQ(client->count, 2);
  CHECK_EQ(client->events[0].type, TW_EVENT_PONG);
  check_message(client, 1, TW_OPCODE_TEXT, "Hello", 5);
}

static void batch_and_prepared(side *client, side *server, tw_pool *pool) {
  const uint8_t *const ab = (const uint8_t *)"ab";
  const tw_message fragments[] = {{ab, 1, TW_OPCODE_BINARY, TW_SEND_MORE}, {ab + 1, 1, TW_OPCODE_CONTINUATION, 0}};
  tw_message *messages = (tw_message *)check_block(fragments, sizeof(fragments));
  uint8_t *zeros = EXACT_ARRAY(uint8_t, kLargeLen);
  tw_prepared *prepared = NULL;
  size_t count = 0, len = 0;
  CHECK_STATUS(api->conn_send_batch(client->conn, messages, 2, &count), TW_OK);
  CHECK_EQ(count, 2);
  carry(client, server);
  check_message(server, 0, TW_OPCODE_BINARY, "ab", 2);
  CHECK_STATUS(api->prepared_create(TW_OPCODE_BINARY, zeros, kLargeLen, 0, pool, &prepared), TW_OK);
  CHECK_STATUS(api->conn_send_prepared(server->conn, prepared), TW_OK);
  api->prepared_destroy(prepared);
  CHECK_STATUS(api->conn_output_len(server->conn, &len), TW_OK);
  CHECK(len < kLargeLen / 10); /* it was compressed */
  carry(server, client);
  check_message(client, 0, TW_OPCODE_BINARY, zeros, kLargeLen);
  free(messages);
  free(zeros);
}

/* Into memory of the connection, then into the caller's, then out of both. */
static void read_in_other_ways(side *client, side *server) {
  uint8_t *room = NULL, *data = NULL, *wire, dst[3];
  tw_lease *lease = NULL;
  size_t cap = 0, len = 0, consumed = 0;
  CHECK_STATUS(api->conn_send(client->conn, TW_OPCODE_TEXT, (const uint8_t *)"abc", 3, 0), TW_OK);
  wire = take_output(client->conn, &len);
  CHECK_STATUS(api->conn_read_buffer(server->conn, len, &room, &cap), TW_OK);
  if (!CHECK(cap >= len)) return;
  memcpy(room, wire, len);
  CHECK_STATUS(api->conn_read_commit(server->conn, len, server->events, kEventCap, &server->count), TW_OK);
  check_message(server, 0, TW_OPCODE_TEXT, "abc", 3);
  CHECK_STATUS(api->conn_detach(server->conn, server->events, &lease, &data), TW_OK);
  CHECK_STATUS(api->conn_receive_into(server->conn, wire, len, dst, sizeof(dst), server->events, kEventCap,
                                      &server->count, &consumed),
               TW_OK);
  check_message(server, 0, TW_OPCODE_TEXT, "abc", 3);
  CHECK_STATUS(api->lease_retain(lease), TW_OK);
  api->lease_release(lease);
  CHECK_BYTES(data, "abc", 3);
  api->lease_release(lease);
  free(wire);
}

static void check_stats(const side *server) {
  const tw_conn_stats init = TW_CONN_STATS_INIT;
  tw_conn_stats *stats = EXACT_COPY(tw_conn_stats, &init);
  tw_deflate *deflate = EXACT_ARRAY(tw_deflate, 1);
  CHECK_STATUS(api->conn_get_stats(server->conn, stats), TW_OK);
  CHECK_EQ(stats->messages_received, 4);
  CHECK_EQ(stats->messages_sent, 2);
  CHECK_EQ(stats->frames_received, 7);
  CHECK_EQ(stats->frames_sent, 3);
  CHECK_EQ(stats->control_frames_received, 2);
  CHECK_EQ(stats->control_frames_sent, 1);
  CHECK(stats->bytes_received > 6 * stats->frames_received); /* at least their headers, and the request */
  CHECK(stats->bytes_sent > stats->deflated_sent_len && stats->deflated_sent_len > 0);
  CHECK_EQ(stats->inflated_sent_len, kLargeLen);
  CHECK_EQ(stats->deflated_received_len, 0);
  CHECK_EQ(stats->inflated_received_len, 0);
  CHECK(stats->held_len > 0);
  CHECK_EQ(stats->context_len, 0);
  CHECK_EQ(stats->rtt_ns, 0);
  CHECK_STATUS(api->conn_get_deflate(server->conn, deflate), TW_OK);
  CHECK_EQ(deflate->enabled, 1);
  CHECK_EQ(deflate->flags, 0);
  CHECK_EQ(deflate->send_window_bits, 15);
  CHECK_EQ(deflate->receive_window_bits, 15);
  free(stats);
  free(deflate);
}

static void close_both(side *client, side *server) {
  tw_close *codes = EXACT_ARRAY(tw_close, 1);
  CHECK_STATUS(api->conn_close(client->conn, 1001, (const uint8_t *)"bye", 3), TW_OK);
  CHECK_EQ(api->conn_state(client->conn), TW_STATE_CLOSING);
  carry(client, server);
  CHECK_EQ(server->count, 1);
  CHECK_EQ(server->events[0].type, TW_EVENT_CLOSE);
  CHECK_EQ(server->events[0].code, 1001);
  CHECK_BYTES(server->events[0].data, "bye", 3);
  carry(server, client);
  CHECK_EQ(api->conn_wants(client->conn), TW_WANT_CLOSE);
  CHECK_STATUS(api->conn_receive_eof(client->conn), TW_OK);
  CHECK_STATUS(api->conn_get_close(server->conn, codes), TW_OK);
  CHECK_EQ(codes->local_code, 1001);
  CHECK_EQ(codes->remote_code, 1001);
  CHECK_EQ(codes->cause, TW_CLOSE_BY_PEER);
  free(codes);
}

static void create_both(tw_pool *pool, tw_conn **client, tw_conn **server, int *fills) {
  static const char *const subprotocols[] = {"v1"};
  const tw_conn_config conn_init = TW_CONN_CONFIG_INIT;
  const tw_handshake_config handshake_init = TW_HANDSHAKE_CONFIG_INIT;
  const tw_deflate_config deflate_init = TW_DEFLATE_CONFIG_INIT;
  tw_random *random = EXACT_ARRAY(tw_random, 1);
  tw_conn_config *config = EXACT_COPY(tw_conn_config, &conn_init);
  tw_handshake_config *handshake = EXACT_COPY(tw_handshake_config, &handshake_init);
  tw_deflate_config *deflate = EXACT_COPY(tw_deflate_config, &deflate_init);
  random->fill = sevens;
  random->context = fills;
  handshake->host = "example.com";
  handshake->subprotocols = subprotocols;
  handshake->subprotocol_count = 1;
  config->random = random;
  config->pool = pool;
  config->handshake = handshake;
  config->deflate = deflate;
  CHECK_STATUS(api->conn_create(config, server), TW_OK);
  config->role = TW_ROLE_CLIENT;
  CHECK_STATUS(api->conn_create(config, client), TW_OK);
  free(random);
  free(config);
  free(handshake);
  free(deflate);
}

int old_connection(void) {
  side client = {NULL, NULL, NULL, 0}, server = {NULL, NULL, NULL, 0};
  tw_pool *pool = NULL;
  int fills = 0;
  CHECK_STATUS(api->pool_create(NULL, &pool), TW_OK);
  create_both(pool, &client.conn, &server.conn, &fills);
  client.events = EXACT_ARRAY(tw_event, kEventCap);
  server.events = EXACT_ARRAY(tw_event, kEventCap);
  if (client.conn != NULL && server.conn != NULL) {
    open_both(&client, &server);
    echo_and_control(&client, &server);
    batch_and_prepared(&client, &server, pool);
    read_in_other_ways(&client, &server);
    check_stats(&server);
    close_both(&client, &server);
    CHECK(fills > 0);
  }
  api->conn_destroy(client.conn);
  api->conn_destroy(server.conn);
  api->pool_destroy(pool);
  free(client.events);
  free(server.events);
  free(client.input);
  free(server.input);
  return check_result();
}
