// SPDX-License-Identifier: MIT
//
// A WebSocket client on poll(): sends its arguments as text messages, prints what comes back, and closes. Nothing takes
// longer than a time-out. Exit status 0: every message was answered and the connection was closed as RFC 6455 7 asks.
#define _POSIX_C_SOURCE 200809L  // getaddrinfo, clock_gettime
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <tidewire/tidewire.h>
#include <time.h>
#include <unistd.h>

enum { EVENT_CAP = 64, VIEW_CAP = 16 };
#define SECOND UINT64_C(1000000000)  // in nanoseconds

struct client {
  const char *server;  // "host:port"
  uint64_t timeout;    // nanoseconds
  tw_conn *conn;
  int fd;
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
static int dial_address(const struct addrinfo *address, uint64_t timeout) {
  int fd = socket(address->ai_family, address->ai_socktype, address->ai_protocol), error = 0;
  if (fd < 0) return -1;
  socklen_t error_len = sizeof error;
  if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || connect(fd, address->ai_addr, address->ai_addrlen) != 0) error = errno;
  if (error == EINPROGRESS) error = wait_ready(fd, POLLOUT, clock_ns() + timeout) == 0 ? ETIMEDOUT : 0;
  if (error == 0) getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len);
  if (error == 0) return fd;
  close(fd);
  errno = error;
  return -1;
}

// Tries each address of the host in turn. The time-out is for each; the resolver has one of its own.
static int dial(const struct client *client, const char *host, const char *port) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
  int error = getaddrinfo(host, port, &hints, &found);
  if (error != 0) errx(1, "%s: %s", client->server, gai_strerror(error));
  int fd = -1;
  for (struct addrinfo *each = found; each != NULL && fd < 0; each = each->ai_next) {
    fd = dial_address(each, client->timeout);
  }
  if (fd < 0) err(1, "%s", client->server);
  freeaddrinfo(found);
  return fd;
}

static void client_write(struct client *client) {
  tw_view views[VIEW_CAP];
  size_t count;
  tw_conn_output(client->conn, views, VIEW_CAP, &count);
  ssize_t written = writev(client->fd, (const struct iovec *)views, (int)count);
  if (written > 0) tw_conn_output_consume(client->conn, (size_t)written);
  if (written < 0 && errno != EAGAIN) err(1, "%s: write", client->server);
}

static void client_handle(struct client *client, const tw_event *event) {
  if (event->type == TW_EVENT_MESSAGE) {
    fwrite(event->data, 1, (size_t)event->len, stdout);
    putchar('\n');
    client->answer_count++;
  } else if (event->type == TW_EVENT_CLOSE) {
    fprintf(stderr, "%s: closed with code %u\n", client->server, (unsigned)event->code);
  }
}

static void client_read(struct client *client) {
  tw_event events[EVENT_CAP];
  uint8_t *room;
  size_t room_cap, count;
  tw_status status = tw_conn_read_buffer(client->conn, 0, &room, &room_cap);
  if (status != TW_OK) errx(1, "%s: %s", client->server, tw_status_message(status));
  ssize_t got = read(client->fd, room, room_cap);
  if (got < 0 && errno != EAGAIN) err(1, "%s: read", client->server);
  if (got == 0) tw_conn_receive_eof(client->conn);
  size_t len = got > 0 ? (size_t)got : 0;
  do {
    status = tw_conn_read_commit(client->conn, len, events, EVENT_CAP, &count);
    for (size_t i = 0; i < count; i++) client_handle(client, &events[i]);
    len = 0;
  } while (status == TW_NEED_ROOM);
}

// Sends while the server keeps up, and closes when all is answered.
static void client_send(struct client *client) {
  if (tw_conn_state(client->conn) != TW_STATE_OPEN) return;
  while (client->sent_count < client->text_count && (tw_conn_wants(client->conn) & TW_WANT_PAUSE) == 0) {
    const char *text = client->texts[client->sent_count++];
    tw_status status = tw_conn_send(client->conn, TW_OPCODE_TEXT, (const uint8_t *)text, strlen(text), 0);
    if (status != TW_OK) errx(1, "%s: %s", text, tw_status_message(status));
  }
  if (client->answer_count == client->text_count) tw_conn_close(client->conn, 1000, NULL, 0);
}

// Until nothing is left to read or write. A time-out that has passed shows in what the connection wants.
static void client_run(struct client *client) {
  uint64_t deadline;
  uint32_t wants;
  tw_conn_tick(client->conn, clock_ns(), &deadline);
  while (((wants = tw_conn_wants(client->conn)) & TW_WANT_CLOSE) == 0) {
    int events = ((wants & TW_WANT_READ) != 0 ? POLLIN : 0) | ((wants & TW_WANT_WRITE) != 0 ? POLLOUT : 0);
    short ready = wait_ready(client->fd, (short)events, deadline);
    tw_conn_tick(client->conn, clock_ns(), &deadline);
    if ((ready & POLLOUT) != 0) client_write(client);
    if ((ready & (POLLIN | POLLHUP | POLLERR)) != 0) client_read(client);
    client_send(client);
    tw_conn_tick(client->conn, clock_ns(), &deadline);  // which all that may have brought nearer
  }
}

// The server closes the socket first (RFC 6455 7.1.1).
static void client_await_eof(struct client *client) {
  uint8_t rest[256];
  uint64_t deadline = clock_ns() + client->timeout;
  while (wait_ready(client->fd, POLLIN, deadline) != 0 && read(client->fd, rest, sizeof rest) > 0) continue;
  close(client->fd);
}

// Says why the connection failed: what, where, and which rule or limit. Returns 1 when it did not fail.
static int client_report(const struct client *client) {
  tw_error error = TW_ERROR_INIT;
  tw_conn_get_error(client->conn, &error);
  if (error.status == TW_OK) return 1;
  const char *cause = error.section != NULL ? error.section : error.limit != NULL ? error.limit : "resources";
  fprintf(stderr, "%s: %s at byte %" PRIu64 ": %s (%s)\n", client->server, tw_status_name(error.status), error.offset,
          error.message, cause);
  return 0;
}

int main(int argc, char **argv) {
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  config.deflate = &deflate;
  unsigned seconds = 5;
  int good = 1;
  for (int option; (option = getopt(argc, argv, "+t:c:n")) != -1;) {
    switch (option) {
      case 't': good &= sscanf(optarg, "%u", &seconds) == 1 && seconds > 0; break;
      case 'c': good &= sscanf(optarg, "%" SCNu64, &deflate.max_context_len) == 1; break;
      case 'n': config.deflate = NULL; break;
      default: good = 0;
    }
  }
  if (!good || argc - optind < 2) {
    errx(2, "usage: %s [-t SECONDS] [-c COMPRESSION_CONTEXT_LEN | -n] HOST PORT [TEXT]...", argv[0]);
  }
  const char *host = argv[optind], *port = argv[optind + 1];
  char server[300];
  snprintf(server, sizeof server, strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host, port);
  struct client client = {.server = server, .timeout = seconds * SECOND};
  client.texts = argv + optind + 2;
  client.text_count = argc - optind - 2;
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  handshake.host = server;
  config.role = TW_ROLE_CLIENT;
  config.handshake = &handshake;
  config.handshake_timeout_ns = config.idle_timeout_ns = config.message_timeout_ns = client.timeout;
  config.close_timeout_ns = client.timeout;
  tw_status status = tw_conn_create(&config, &client.conn);
  if (status != TW_OK) errx(1, "%s: %s", server, tw_status_message(status));
  signal(SIGPIPE, SIG_IGN);  // writev reports EPIPE instead
  client.fd = dial(&client, host, port);
  client_run(&client);
  client_await_eof(&client);
  good = client_report(&client) && client.answer_count == client.text_count;
  tw_conn_destroy(client.conn);
  return good ? 0 : 1;
}
