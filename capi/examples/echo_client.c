// SPDX-License-Identifier: MIT
//
// A WebSocket client on poll(): sends its arguments as text messages, prints what comes back, and closes.
// Exit status 0: every message was answered and the connection was closed as RFC 6455 7 asks.
#define _POSIX_C_SOURCE 200809L  // getaddrinfo, clock_gettime
#include <err.h>
#include <errno.h>
#include <fcntl.h>
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

enum {
  READ_LEN = 64 * 1024,
  EVENT_CAP = 64,
  VIEW_CAP = 16,
  CONNECT_MS = 5000,    // limits in milliseconds: for each address of the host,
  EXCHANGE_MS = 10000,  // for all that is said,
  EOF_MS = 2000         // for the server to close the socket after the closing handshake
};

struct client {
  int fd;
  tw_conn *conn;
  int64_t deadline;  // milliseconds on the clock
  char **texts;
  int text_count, answer_count;
};

static int64_t clock_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// What the descriptor is ready for; 0 when the deadline has passed.
static short wait_ready(int fd, short events, int64_t deadline) {
  struct pollfd waiting = {.fd = fd, .events = events};
  int64_t left;
  while ((left = deadline - clock_ms()) > 0) {
    if (poll(&waiting, 1, (int)left) > 0) return waiting.revents;
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
    if (wait_ready(fd, POLLOUT, clock_ms() + CONNECT_MS) == 0)
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

static void client_send_texts(struct client *client) {
  for (int i = 0; i < client->text_count; i++) {
    const char *text = client->texts[i];
    tw_status status = tw_conn_send(client->conn, TW_OPCODE_TEXT, (const uint8_t *)text, strlen(text), 0);
    if (status != TW_OK) errx(2, "%s: %s", text, tw_status_message(status));
  }
}

static void client_handle(struct client *client, const tw_event *event) {
  if (event->type == TW_EVENT_OPEN) client_send_texts(client);
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
  if (tw_conn_state(client->conn) == TW_STATE_OPEN && client->answer_count == client->text_count) {
    tw_conn_close(client->conn, 1000, NULL, 0);
  }
}

static void client_run(struct client *client) {
  uint32_t wants;
  while (((wants = tw_conn_wants(client->conn)) & TW_WANT_CLOSE) == 0) {
    int events = ((wants & TW_WANT_READ) != 0 ? POLLIN : 0) | ((wants & TW_WANT_WRITE) != 0 ? POLLOUT : 0);
    short ready = wait_ready(client->fd, (short)events, client->deadline);
    if (ready == 0) errx(1, "no answer within %d ms", EXCHANGE_MS);
    if ((ready & POLLOUT) != 0) client_write(client);
    if ((ready & (POLLIN | POLLHUP | POLLERR)) != 0) client_read(client);
  }
}

// The server closes the socket first (RFC 6455 7.1.1).
static void client_await_eof(struct client *client) {
  uint8_t rest[256];
  int64_t deadline = clock_ms() + EOF_MS;
  while (wait_ready(client->fd, POLLIN, deadline) != 0) {
    if (read(client->fd, rest, sizeof rest) <= 0) break;
  }
  close(client->fd);
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: %s HOST PORT [TEXT]...\n", argv[0]);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);  // writev reports EPIPE instead
  char host[300];
  snprintf(host, sizeof host, "%s:%s", argv[1], argv[2]);
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  handshake.host = host;
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  config.role = TW_ROLE_CLIENT;
  config.handshake = &handshake;

  struct client client = {.texts = argv + 3, .text_count = argc - 3};
  tw_status status = tw_conn_create(&config, &client.conn);
  if (status != TW_OK) errx(1, "%s: %s", host, tw_status_message(status));
  client.fd = dial(argv[1], argv[2]);
  client.deadline = clock_ms() + EXCHANGE_MS;
  client_run(&client);
  client_await_eof(&client);

  tw_error error = TW_ERROR_INIT;
  tw_conn_get_error(client.conn, &error);
  if (error.status != TW_OK) {
    fprintf(stderr, "%s: %s at byte %llu (%s)\n", host, error.message, (unsigned long long)error.offset,
            error.section != NULL ? error.section : tw_status_name(error.status));
  }
  tw_conn_destroy(client.conn);
  return error.status == TW_OK && client.answer_count == client.text_count ? 0 : 1;
}
