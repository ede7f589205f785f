// SPDX-License-Identifier: MIT
//
// The WebSocket client that the Autobahn test suite examines: runs every case that the suite's server offers, echoing
// each message. Exit status 0: every case was run to its end; what they showed is in the suite's report.
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <tidewire/tidewire.h>
#include <time.h>
#include <unistd.h>

enum {
  READ_LEN = 64 * 1024,
  EVENT_CAP = 64,
  VIEW_CAP = 16,
  MAX_FRAGMENTS = 128 * 1024,  // case 9.3.1 sends 65536
  SILENCE_S = 30               // how long the suite may neither send nor take a byte
};

#define SECOND UINT64_C(1000000000)

struct client {
  uint16_t port;
  tw_pool *pool;
  tw_deflate_config *deflate;  // NULL: no compression
};

struct session {
  int fd;
  tw_conn *conn;
  int counting;  // a message is the number of cases, and is not echoed
  unsigned long case_count;
};

static uint64_t clock_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static int dial(uint16_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) err(1, "port %u", (unsigned)port);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

static void session_handle(struct session *session, const tw_event *event) {
  if (event->type != TW_EVENT_MESSAGE) return;
  if (session->counting) {
    char digits[16];
    snprintf(digits, sizeof digits, "%.*s", (int)event->len, (const char *)event->data);
    session->case_count = strtoul(digits, NULL, 10);
    return;
  }
  tw_status status = tw_conn_send(session->conn, event->opcode, event->data, (size_t)event->len, TW_SEND_VALID_UTF8);
  // TW_ERR_STATE: a close frame of ours is on its way.
  if (status != TW_OK && status != TW_ERR_STATE) errx(1, "echo: %s", tw_status_message(status));
}

// Returns 0 when the suite ended the stream. A rule that it broke needs no care: the engine has queued the close frame
// and discards what follows.
static int session_read(struct session *session) {
  static uint8_t input[READ_LEN];
  tw_event events[EVENT_CAP];
  ssize_t got = read(session->fd, input, sizeof input);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return 0;
  uint8_t *data = input;
  size_t len = (size_t)got, count, consumed;
  tw_status status;
  do {
    status = tw_conn_receive(session->conn, data, len, events, EVENT_CAP, &count, &consumed);
    for (size_t i = 0; i < count; i++) session_handle(session, &events[i]);
    data += consumed;
    len -= consumed;
  } while (status == TW_NEED_ROOM);
  return 1;
}

// Returns 0 when the suite ended the stream.
static int session_write(struct session *session) {
  tw_view views[VIEW_CAP];
  size_t count;
  tw_conn_output(session->conn, views, VIEW_CAP, &count);
  ssize_t written = writev(session->fd, (const struct iovec *)views, (int)count);
  if (written < 0) return errno == EAGAIN || errno == EINTR;
  tw_conn_output_consume(session->conn, (size_t)written);
  return 1;
}

// How long to wait for the suite: to the connection's deadline, or as long as it may be silent.
static int session_tick(struct session *session) {
  uint64_t now = clock_ns(), deadline;
  tw_conn_tick(session->conn, now, &deadline);
  if (deadline <= now) return 0;
  return deadline - now < SILENCE_S * SECOND ? (int)((deadline - now) / 1000000) + 1 : SILENCE_S * 1000;
}

// Goes on until the suite, being the server, ends the stream (RFC 6455 7.1.1). Returns 0 when it stays silent instead.
static int session_run(struct session *session) {
  int alive = 1;
  uint64_t moved = clock_ns();
  while (alive) {
    int wait_ms = session_tick(session);
    uint32_t wants = tw_conn_wants(session->conn);
    struct pollfd waiting = {.fd = session->fd};
    if ((wants & TW_WANT_PAUSE) == 0) waiting.events |= POLLIN;  // also when CLOSE is wanted: for the end
    if ((wants & TW_WANT_WRITE) != 0) waiting.events |= POLLOUT;
    int ready = poll(&waiting, 1, wait_ms);
    if (ready < 0 && errno != EINTR) err(1, "poll");
    if (ready <= 0 && clock_ns() - moved >= SILENCE_S * SECOND) return 0;
    if (ready <= 0) continue;
    moved = clock_ns();
    session_tick(session);
    if ((waiting.revents & POLLOUT) != 0) alive = session_write(session);
    if (alive && (waiting.revents & ~POLLOUT) != 0) alive = session_read(session);
  }
  return 1;
}

// One connection, from the request for `target` to the end of the stream. Returns 0 when the suite fell silent.
static int request(const struct client *client, const char *target, unsigned long *out_case_count) {
  char host[32];
  snprintf(host, sizeof host, "127.0.0.1:%u", (unsigned)client->port);
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  handshake.host = host;
  handshake.target = target;
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  config.role = TW_ROLE_CLIENT;
  config.max_fragments = MAX_FRAGMENTS;
  config.ping_interval_ns = TW_NEVER;  // the suite wants no frame that it did not ask for
  config.pool = client->pool;
  config.handshake = &handshake;
  config.deflate = client->deflate;

  struct session session = {.fd = dial(client->port), .counting = out_case_count != NULL};
  tw_status status = tw_conn_create(&config, &session.conn);
  if (status != TW_OK) errx(1, "%s: %s", target, tw_status_message(status));
  int finished = session_run(&session);
  if (!finished) warnx("%s: nothing moved for %d s", target, SILENCE_S);
  if (out_case_count != NULL) *out_case_count = session.case_count;
  tw_conn_destroy(session.conn);
  close(session.fd);
  return finished;
}

// Returns 0 when the suite fell silent in one of the cases.
static int run_cases(const struct client *client) {
  unsigned long case_count = 0;
  int finished = request(client, "/getCaseCount", &case_count);
  if (case_count == 0) errx(1, "the suite offers no cases");
  for (unsigned long i = 1; i <= case_count; i++) {
    char target[64];
    snprintf(target, sizeof target, "/runCase?case=%lu&agent=tidewire", i);
    finished &= request(client, target, NULL);
  }
  return finished & request(client, "/updateReports?agent=tidewire", NULL);
}

int main(int argc, char **argv) {
  static const struct option options[] = {
      {"deflate-context", required_argument, NULL, 'c'}, {"no-deflate", no_argument, NULL, 'n'}, {NULL, 0, NULL, 0}};
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  struct client client = {.deflate = &deflate};
  for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    switch (option) {
      case 'c': deflate.max_context_len = strtoull(optarg, NULL, 10); break;
      case 'n': client.deflate = NULL; break;
      default: return 2;
    }
  }
  unsigned long port = optind == argc - 1 ? strtoul(argv[optind], NULL, 10) : 0;
  if (port == 0 || port > UINT16_MAX) errx(2, "usage: %s [--deflate-context BYTES | --no-deflate] PORT", argv[0]);
  client.port = (uint16_t)port;
  signal(SIGPIPE, SIG_IGN);  // writev reports EPIPE instead
  if (tw_pool_create(NULL, &client.pool) != TW_OK) errx(1, "no memory");
  int finished = run_cases(&client);
  tw_pool_destroy(client.pool);
  return finished ? 0 : 1;
}
