// SPDX-License-Identifier: MIT
//
// A WebSocket client on poll(): sends its arguments as text messages, prints what comes back, and closes.
// Exit status 0: every message was answered and the connection was closed as RFC 6455 7 asks.
#define _POSIX_C_SOURCE 200809L  // getaddrinfo, clock_gettime
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <tidewire/tidewire.h>
#include <time.h>
#include <unistd.h>

enum { READ_LEN = 64 * 1024, EVENT_CAP = 64, VIEW_CAP = 16 };

// In nanoseconds. The engine has the other time-outs: for the handshake, pings and the closing handshake.
#define SECOND UINT64_C(1000000000)
#define CONNECT (5 * SECOND)   // for each address of the host
#define SILENCE (10 * SECOND)  // of the server
#define EOF_WAIT (2 * SECOND)  // for the server to close the socket after the closing handshake

struct client {
  int fd;
  tw_conn *conn;
  char **texts;
  int text_count, sent_count, answer_count;
};

static uint64_t clock_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

// What the descriptor is ready for; 0 when the deadline has passed.
static short wait_ready(int fd, short events, uint64_t deadline) {
  struct pollfd waiting = {.fd = fd, .events = events};
  uint64_t now;
  while ((now = clock_ns()) < deadline) {
    uint64_t left_ms = (deadline - now) / 1000000 + 1;
    if (poll(&waiting, 1, left_ms < INT_MAX ? (int)left_ms : INT_MAX) > 0) return waiting.revents;
  }
  return 0;
}

// A connected, non-blocking socket, or -1 with errno set.
static int dial_address(const struct addrinfo *address) {
  int fd = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
  if (fd < 0) return -1;
  fcntl(fd, F_SETFL, O_NONBLOCK);
  int error = 0;
  socklen_t error_len = sizeof error;
  if (connect(fd, address->ai_addr, address->ai_addrlen) != 0) error = errno;
  if (error == EINPROGRESS) {
    if (wait_ready(fd, POLLOUT, clock_ns() + CONNECT) == 0)
      error = ETIMEDOUT;
    else
      getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len);
  }
  if (error == 0) return fd;
  close(fd);
  errno = error;
  return -1;
}

static int dial(const char *host, const char *port) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
  int error = getaddrinfo(host, port, &hints, &found);
  if (error != 0) errx(1, "%s:%s: %s", host, port, gai_strerror(error));
  int fd = -1;
  for (struct addrinfo *address = found; address != NULL && fd < 0; address = address->ai_next) {
    fd = dial_address(address);
  }
  if (fd < 0) err(1, "%s:%s", host, port);
  freeaddrinfo(found);
  return fd;
}

static void client_write(struct client *client) {
  tw_view views[VIEW_CAP];
  size_t count;
  tw_conn_output(client->conn, views, VIEW_CAP, &count);
  ssize_t written = writev(client->fd, (const struct iovec *)views, (int)count);
  if (written > 0) tw_conn_output_consume(client->conn, (size_t)written);
  if (written < 0 && errno != EAGAIN && errno != EINTR) err(1, "write");
}

// Sends while the server keeps up, and closes when all is answered.
static void client_send(struct client *client) {
  if (tw_conn_state(client->conn) != TW_STATE_OPEN) return;
  while (client->sent_count < client->text_count && (tw_conn_wants(client->conn) & TW_WANT_PAUSE) == 0) {
    const char *text = client->texts[client->sent_count++];
    tw_status status = tw_conn_send(client->conn, TW_OPCODE_TEXT, (const uint8_t *)text, strlen(text), 0);
    if (status != TW_OK) errx(2, "%s: %s", text, tw_status_message(status));
  }
  if (client->answer_count == client->text_count) tw_conn_close(client->conn, 1000, NULL, 0);
}

static void client_handle(struct client *client, const tw_event *event) {
  if (event->type == TW_EVENT_MESSAGE) {
    fwrite(event->data, 1, (size_t)event->len, stdout);
    putchar('\n');
    client->answer_count++;
  }
  if (event->type == TW_EVENT_CLOSE) fprintf(stderr, "closed: %u\n", (unsigned)event->code);
}

static void client_read(struct client *client) {
  static uint8_t input[READ_LEN];
  tw_event events[EVENT_CAP];
  ssize_t got = read(client->fd, input, sizeof input);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got < 0) err(1, "read");
  if (got == 0) {
    tw_conn_receive_eof(client->conn);
    return;
  }
  uint8_t *data = input;
  size_t len = (size_t)got, count, consumed;
  tw_status status;
  do {
    status = tw_conn_receive(client->conn, data, len, events, EVENT_CAP, &count, &consumed);
    for (size_t i = 0; i < count; i++) client_handle(client, &events[i]);
    data += consumed;
    len -= consumed;
  } while (status == TW_NEED_ROOM);
}

// Tells the time. A time-out that has passed needs no care here: it shows in what the connection wants.
static uint64_t client_tick(struct client *client) {
  uint64_t deadline;
  tw_conn_tick(client->conn, clock_ns(), &deadline);
  return deadline;
}

static void client_run(struct client *client) {
  uint64_t deadline = client_tick(client);
  uint32_t wants;
  while (((wants = tw_conn_wants(client->conn)) & TW_WANT_CLOSE) == 0) {
    int events = ((wants & TW_WANT_READ) != 0 ? POLLIN : 0) | ((wants & TW_WANT_WRITE) != 0 ? POLLOUT : 0);
    short ready = wait_ready(client->fd, (short)events, deadline);
    client_tick(client);
    if ((ready & POLLOUT) != 0) client_write(client);
    if ((ready & (POLLIN | POLLHUP | POLLERR)) != 0) client_read(client);
    client_send(client);
    deadline = client_tick(client);  // which all that may have brought nearer
  }
}

// The server closes the socket first (RFC 6455 7.1.1).
static void client_await_eof(struct client *client) {
  uint8_t rest[256];
  uint64_t deadline = clock_ns() + EOF_WAIT;
  while (wait_ready(client->fd, POLLIN, deadline) != 0) {
    if (read(client->fd, rest, sizeof rest) <= 0) break;
  }
  close(client->fd);
}

// What it came to. Returns 0 when the connection failed, having said why.
static int client_report(const struct client *client, const char *host) {
  tw_error error = TW_ERROR_INIT;
  tw_conn_get_error(client->conn, &error);
  if (error.status == TW_OK) return 1;
  fprintf(stderr, "%s: %s at byte %llu (%s)\n", host, error.message, (unsigned long long)error.offset,
          error.section != NULL ? error.section : tw_status_name(error.status));
  return 0;
}

int main(int argc, char **argv) {
  static const struct option options[] = {
      {"deflate-context", required_argument, NULL, 'c'}, {"no-deflate", no_argument, NULL, 'n'}, {NULL, 0, NULL, 0}};
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  config.role = TW_ROLE_CLIENT;
  config.idle_timeout_ns = SILENCE;
  config.handshake = &handshake;
  config.deflate = &deflate;
  for (int option; (option = getopt_long(argc, argv, "+", options, NULL)) != -1;) {
    switch (option) {
      case 'c': deflate.max_context_len = strtoull(optarg, NULL, 10); break;
      case 'n': config.deflate = NULL; break;
      default: return 2;
    }
  }
  if (argc - optind < 2) {
    fprintf(stderr, "usage: %s [--deflate-context BYTES | --no-deflate] HOST PORT [TEXT]...\n", argv[0]);
    return 2;
  }
  const char *name = argv[optind], *port = argv[optind + 1];
  char host[300];
  snprintf(host, sizeof host, "%s:%s", name, port);
  handshake.host = host;

  signal(SIGPIPE, SIG_IGN);  // writev reports EPIPE instead
  struct client client = {.texts = argv + optind + 2, .text_count = argc - optind - 2};
  tw_status status = tw_conn_create(&config, &client.conn);
  if (status != TW_OK) errx(1, "%s: %s", host, tw_status_message(status));
  client.fd = dial(name, port);
  client_run(&client);
  client_await_eof(&client);
  int good = client_report(&client, host) && client.answer_count == client.text_count;
  tw_conn_destroy(client.conn);
  return good ? 0 : 1;
}
