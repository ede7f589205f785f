/* SPDX-License-Identifier: MIT
 *
 * Runs sessions between a client and a server of ours, records both sides, and writes each as a vector file into the
 * directory given as argument. CTest runs these files with a runner of vectors, which must see the same.
 */
#include "recorder.h"
#include "tests/capi/check.h"

enum { kMaxEvents = 8, kMaxPiece = 4096, kMaxRounds = 10000 };

/* One side of a session. */
struct side {
  recorder recorder;
  FILE *file;
  size_t piece;     /* bytes that go to the other side at once */
  size_t event_cap; /* room for events */
  int echoes;       /* each message is sent back before the next event is asked for */
  size_t messages, chunks, pongs, closes, interruptions;
};

static const uint8_t kText[] = "the tide comes in, the tide goes out, the tide comes in";
enum { kTextLen = sizeof(kText) - 1 };

static void open_side(struct side *side, const char *directory, const char *session, const tw_conn_config *config) {
  const char *role = config->role == TW_ROLE_CLIENT ? "client" : "server";
  char name[64], path[1024];
  memset(side, 0, sizeof(*side));
  side->piece = kMaxPiece;
  side->event_cap = kMaxEvents;
  snprintf(name, sizeof(name), "%s_%s", session, role);
  snprintf(path, sizeof(path), "%s/%s.json", directory, name);
  side->file = fopen(path, "w");
  if (side->file == NULL) {
    perror(path);
    exit(1);
  }
  CHECK_STATUS(recorder_create(&side->recorder, side->file, name, config), TW_OK);
}

static void close_side(struct side *side) {
  const char *untellable = recorder_finish(&side->recorder);
  CHECK(untellable == NULL);
  if (untellable != NULL) fprintf(stderr, "    %s\n", untellable);
  CHECK(fclose(side->file) == 0);
}

static void count_event(struct side *side, const tw_event *event) {
  if (event->type == TW_EVENT_MESSAGE) ++side->messages;
  if (event->type == TW_EVENT_CHUNK) ++side->chunks;
  if (event->type == TW_EVENT_PONG) ++side->pongs;
  if (event->type == TW_EVENT_CLOSE) ++side->closes;
  if (event->type != TW_EVENT_MESSAGE || !side->echoes) return;
  CHECK_STATUS(recorder_send(&side->recorder, event->opcode, event->data, (size_t)event->len, 0), TW_OK);
}

static tw_status feed(struct side *side, const uint8_t *data, size_t len) {
  uint8_t *copy = (uint8_t *)check_block(data, len);
  size_t taken = 0, count, consumed, i;
  tw_status status;
  do {
    tw_event events[kMaxEvents];
    status = recorder_receive(&side->recorder, copy + taken, len - taken, events, side->event_cap, &count, &consumed);
    for (i = 0; i < count; ++i) count_event(side, &events[i]);
    taken += consumed;
    side->interruptions += status == TW_NEED_ROOM;
  } while (status == TW_NEED_ROOM);
  free(copy);
  return status;
}

/* Brings a piece of the output of one side to the other. Returns whether there was any. */
static int carry(struct side *from, struct side *to) {
  tw_view view;
  size_t count = 0, len;
  uint8_t piece[kMaxPiece];
  CHECK_STATUS(recorder_output(&from->recorder, &view, 1, &count), TW_OK);
  if (count == 0) return 0;
  len = view.len < from->piece ? view.len : from->piece;
  memcpy(piece, view.data, len);
  CHECK_STATUS(recorder_output_consume(&from->recorder, len), TW_OK);
  feed(to, piece, len);
  return 1;
}

static void carry_all(struct side *a, struct side *b) {
  int round, moved = 1;
  for (round = 0; round < kMaxRounds && moved; ++round) {
    moved = carry(a, b);
    moved |= carry(b, a);
  }
  CHECK(!moved);
}

static void send_text(struct side *side, uint32_t flags) {
  CHECK_STATUS(recorder_send(&side->recorder, TW_OPCODE_TEXT, kText, kTextLen, flags), TW_OK);
}

/* Handshake with all that can be said in it, compressed messages and fragments, control frames, closing handshake. */
static void record_talk(const char *directory) {
  static const char *const kNames[] = {"surf", "\"tide\""};
  static const tw_header kHeaders[] = {{"X-One", "1"}, {"X-Two", "a \\ b"}};
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  struct side client, server;
  tw_deflate agreed;
  int i;
  handshake.host = "example.com";
  handshake.target = "/chat";
  handshake.origin = "http://example.com";
  handshake.subprotocols = kNames;
  handshake.subprotocol_count = 1;
  handshake.headers = kHeaders;
  handshake.header_count = 2;
  deflate.max_context_len = 1u << 20;
  deflate.min_len = 16;
  config.handshake = &handshake;
  config.deflate = &deflate;
  open_side(&server, directory, "talk", &config);
  config.role = TW_ROLE_CLIENT;
  open_side(&client, directory, "talk", &config);
  client.piece = 7;
  server.piece = 13;
  carry_all(&client, &server);
  CHECK_STATUS(tw_conn_get_deflate(client.recorder.conn, &agreed), TW_OK);
  CHECK_EQ(agreed.flags & TW_DEFLATE_SEND_TAKEOVER, TW_DEFLATE_SEND_TAKEOVER);
  for (i = 0; i < 3; ++i) {
    send_text(&client, 0);
    send_text(&server, i == 1 ? TW_SEND_NO_COMPRESS : 0);
    carry_all(&client, &server);
  }
  send_text(&client, TW_SEND_MORE | TW_SEND_COMPRESS);
  CHECK_STATUS(recorder_ping(&client.recorder, kText, 4), TW_OK);
  CHECK_STATUS(recorder_pong(&server.recorder, NULL, 0), TW_OK);
  CHECK_STATUS(recorder_send(&client.recorder, TW_OPCODE_TEXT, NULL, 0, 0), TW_ERR_STATE);
  carry_all(&client, &server);
  CHECK_STATUS(recorder_send(&client.recorder, TW_OPCODE_CONTINUATION, NULL, 0, 0), TW_OK);
  CHECK_STATUS(recorder_close(&client.recorder, 1000, kText, 8), TW_OK);
  carry_all(&client, &server);
  CHECK_STATUS(recorder_receive_eof(&client.recorder), TW_OK);
  CHECK_EQ(server.messages, 4);
  CHECK_EQ(client.messages, 3);
  CHECK_EQ(client.pongs, 2);
  CHECK_EQ(server.closes + client.closes, 2);
  close_side(&client);
  close_side(&server);
}

/* Messages that come at once are answered one by one, in the middle of a read buffer. */
static void record_echo(const char *directory) {
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  struct side client, server;
  int i;
  config.flags = TW_CONN_UPGRADED;
  config.output_high_len = 100;
  open_side(&server, directory, "echo", &config);
  config.role = TW_ROLE_CLIENT;
  open_side(&client, directory, "echo", &config);
  server.echoes = 1;
  server.event_cap = 1;
  for (i = 0; i < 5; ++i) {
    send_text(&client, 0);
    CHECK_STATUS(recorder_ping(&client.recorder, kText, (size_t)i), TW_OK);
  }
  carry_all(&client, &server);
  CHECK_EQ(server.messages, 5);
  CHECK_EQ(client.messages, 5);
  close_side(&client);
  close_side(&server);
}

/* Chunks, compressed ones too, in several calls for one read; then a frame that breaks the rules. */
static void record_stream(const char *directory) {
  static const uint8_t kReserved[] = {0x83, 0x00};
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  const tw_deflate terms = {1, TW_DEFLATE_SEND_TAKEOVER | TW_DEFLATE_RECEIVE_TAKEOVER, 12, 12, {0, 0, 0, 0}};
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  struct side client, server;
  uint8_t noise[2500]; /* more than a call inflates, and not much less when it is compressed */
  size_t i;
  for (i = 0; i < sizeof(noise); ++i) noise[i] = (uint8_t)(i * i * 2654435761u >> 13);
  deflate.max_context_len = 1u << 20;
  deflate.max_call_len = 1000;
  config.flags = TW_CONN_UPGRADED | TW_CONN_STREAM;
  config.deflate = &deflate;
  config.negotiated = &terms;
  open_side(&server, directory, "stream", &config);
  config.role = TW_ROLE_CLIENT;
  open_side(&client, directory, "stream", &config);
  server.event_cap = 1;
  send_text(&client, 0);
  CHECK_STATUS(recorder_send(&client.recorder, TW_OPCODE_BINARY, noise, sizeof(noise), TW_SEND_MORE), TW_OK);
  CHECK_STATUS(recorder_send(&client.recorder, TW_OPCODE_CONTINUATION, kText, kTextLen, 0), TW_OK);
  carry_all(&client, &server);
  CHECK(server.chunks > 3 && server.interruptions > 2);
  CHECK_STATUS(feed(&client, kReserved, sizeof(kReserved)), TW_ERR_OPCODE);
  carry_all(&client, &server);
  close_side(&client);
  close_side(&server);
}

/* A clock that is far from 0: a ping of the engine and its pong, and a pong that never comes. */
static void record_time(const char *directory) {
  const uint64_t second = 1000000000u, start = UINT64_C(1700000000) * second + 5;
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  struct side client, server;
  uint64_t deadline = 0;
  config.flags = TW_CONN_UPGRADED;
  config.idle_timeout_ns = TW_NEVER;
  config.ping_interval_ns = 2 * second;
  config.pong_timeout_ns = second;
  open_side(&server, directory, "time", &config);
  config.role = TW_ROLE_CLIENT;
  open_side(&client, directory, "time", &config);
  CHECK_STATUS(recorder_tick(&server.recorder, start, &deadline), TW_OK);
  CHECK_STATUS(recorder_tick(&server.recorder, start + 2 * second, &deadline), TW_OK);
  carry_all(&client, &server);
  CHECK_STATUS(recorder_tick(&server.recorder, start + 4 * second, &deadline), TW_OK);
  CHECK_STATUS(recorder_tick(&server.recorder, start + 5 * second, &deadline), TW_ERR_TIMEOUT_PONG);
  carry_all(&client, &server);
  CHECK_EQ(client.closes, 1);
  close_side(&client);
  close_side(&server);
}

/* What a vector cannot tell is not passed over. */
static void refuse_untellable(const char *directory) {
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  struct side side;
  config.flags = TW_CONN_UPGRADED;
  config.max_message_len = TW_NEVER;
  open_side(&side, directory, "untellable", &config);
  CHECK(recorder_finish(&side.recorder) != NULL);
  CHECK(fclose(side.file) == 0);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: record_sessions DIRECTORY\n");
    return 2;
  }
  record_talk(argv[1]);
  record_echo(argv[1]);
  record_stream(argv[1]);
  record_time(argv[1]);
  refuse_untellable(argv[1]);
  return check_result();
}
