// SPDX-License-Identifier: MIT
//
// A WebSocket server for Linux that sends to everybody what anybody sends: `broadcast_server HOST PORT`. A message is
// encoded once, compressed once for each profile of compression, and shared by all that it waits for.
//
// Who reads more slowly than others send costs neither them nor memory: from OUTPUT_LEN queued bytes on it misses what
// is sent, until most of them are written. Who misses MISSED_MAX messages in a row is closed with 1008.
#define _GNU_SOURCE  // accept4
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <tidewire/tidewire.h>
#include <time.h>
#include <unistd.h>

enum { OUTPUT_LEN = 256 << 10, MESSAGE_LEN = 1 << 20, MISSED_MAX = 1000 };
enum { EVENT_CAP = 256, VIEW_CAP = 256, READY_CAP = 256 };
enum { READ_CAP = 8 };  // reads of a peer before the others have their turn

#define SECOND UINT64_C(1000000000)  // times are in nanoseconds
#define LINGER (2 * SECOND)          // for a peer to close its end after we closed ours

struct peer {
  int fd;
  int ended, lost;  // its end was read; it is to be freed
  uint32_t ready;   // EPOLLIN, EPOLLOUT: until a read or a write shows that it is not
  uint32_t missed;  // messages in a row
  uint64_t drop_at;
  tw_conn *conn;
  struct peer *next;
};

struct server {
  int epoll_fd, listen_fd;
  int stirred;  // somebody may have output, or more input, that no event will tell
  uint64_t now, swept;
  struct peer *peers;
  tw_conn_config config;
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int number) { stop_signal = number; }

// Edge-triggered: a peer that takes no output, or is not read for a while, wakes nobody. The listener has no peer.
static int watch(struct server *server, int fd, struct peer *peer) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = peer}};
  return epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void broadcast(struct server *server, const tw_event *event) {
  static const uint8_t reason[] = "too slow";
  tw_prepared *message;
  tw_status status = tw_prepared_create(event->opcode, event->data, (size_t)event->len, TW_SEND_VALID_UTF8,
                                        server->config.pool, &message);
  if (status != TW_OK) warnx("%s", tw_status_message(status));
  for (struct peer *peer = server->peers; peer != NULL && status == TW_OK; peer = peer->next) {
    if (tw_conn_state(peer->conn) != TW_STATE_OPEN) continue;
    int is_slow = (tw_conn_wants(peer->conn) & TW_WANT_PAUSE) != 0;
    if (!is_slow && tw_conn_send_prepared(peer->conn, message) == TW_OK)
      peer->missed = 0;
    else if (++peer->missed == MISSED_MAX)
      tw_conn_close(peer->conn, 1008, reason, sizeof reason - 1);
  }
  tw_prepared_destroy(message);
  server->stirred = 1;
}

static void peer_read(struct server *server, struct peer *peer) {
  uint8_t *room;
  size_t cap, count;
  if (tw_conn_read_buffer(peer->conn, 0, &room, &cap) != TW_OK) peer->lost = 1;
  ssize_t got = peer->lost ? -1 : recv(peer->fd, room, cap, 0);
  // Less than there is room for is all that there is, unless the end of the stream follows (epoll(7)).
  if (got < (ssize_t)cap && (peer->ready & EPOLLRDHUP) == 0) peer->ready &= ~(uint32_t)EPOLLIN;
  if (got < 0 && errno != EAGAIN) peer->lost = 1;
  if (got == 0) peer->ended = 1;
  if (got == 0) tw_conn_receive_eof(peer->conn);
  tw_status status = TW_NEED_ROOM;
  for (size_t len = got > 0 ? (size_t)got : 0; status == TW_NEED_ROOM; len = 0) {
    tw_event events[EVENT_CAP];
    status = tw_conn_read_commit(peer->conn, len, events, EVENT_CAP, &count);
    for (size_t i = 0; i < count; i++)
      if (events[i].type == TW_EVENT_MESSAGE) broadcast(server, &events[i]);
  }
}

static void peer_write(struct server *server, struct peer *peer) {
  while ((peer->ready & EPOLLOUT) != 0 && (tw_conn_wants(peer->conn) & TW_WANT_WRITE) != 0) {
    tw_view views[VIEW_CAP];
    size_t count;
    tw_conn_output(peer->conn, views, VIEW_CAP, &count);
    struct msghdr message = {.msg_iov = (struct iovec *)views, .msg_iovlen = count};
    ssize_t written = sendmsg(peer->fd, &message, MSG_NOSIGNAL);
    if (written < 0) peer->ready &= ~(uint32_t)EPOLLOUT;
    if (written < 0 && errno != EAGAIN) peer->lost = 1;
    if (written > 0) tw_conn_output_consume(peer->conn, (size_t)written);
  }
  if (tw_conn_wants(peer->conn) == TW_WANT_CLOSE && peer->drop_at == TW_NEVER) {
    // To close a socket that has unread input would reset the connection, and the last bytes could get lost.
    shutdown(peer->fd, SHUT_WR);
    peer->drop_at = server->now + LINGER;
  }
}

static void peer_serve(struct server *server, struct peer *peer) {
  uint64_t deadline;
  if (tw_conn_tick(peer->conn, server->now, &deadline) == TW_ERR_TIMEOUT_CLOSE) peer->lost = 1;
  for (int reads = 0; !peer->lost; reads++) {
    peer_write(server, peer);
    int may_read = !peer->ended && (tw_conn_wants(peer->conn) & TW_WANT_PAUSE) == 0;
    if (!may_read || (peer->ready & EPOLLIN) == 0 || peer->lost) break;
    if (reads == READ_CAP) {
      server->stirred = 1;
      break;
    }
    peer_read(server, peer);
  }
  if (server->now >= peer->drop_at || (peer->ended && peer->drop_at != TW_NEVER)) peer->lost = 1;
  if (peer->lost) server->stirred = 1;
}

// Without descriptors or memory the rest waits for the next sweep.
static void server_accept(struct server *server) {
  for (int fd; (fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    struct peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL || tw_conn_create(&server->config, &peer->conn) != TW_OK || !watch(server, fd, peer)) {
      if (peer != NULL) tw_conn_destroy(peer->conn);
      free(peer);
      close(fd);
      continue;
    }
    peer->fd = fd;
    peer->drop_at = TW_NEVER;
    peer->next = server->peers;
    server->peers = peer;
  }
}

// Serves everybody, and frees who is lost: not while events are handled, which may name it.
static void server_sweep(struct server *server) {
  server->stirred = 0;
  for (struct peer **link = &server->peers, *peer; (peer = *link) != NULL;) {
    if (!peer->lost) peer_serve(server, peer);
    if (peer->lost) {
      if (peer->missed > 0) warnx("a peer missed %u messages", (unsigned)peer->missed);
      *link = peer->next;
      tw_conn_destroy(peer->conn);
      close(peer->fd);
      free(peer);
    } else {
      link = &peer->next;
    }
  }
}

static void server_run(struct server *server) {
  while (stop_signal == 0) {
    struct epoll_event ready[READY_CAP];
    int count = epoll_wait(server->epoll_fd, ready, READY_CAP, server->stirred ? 0 : 1000);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    server->now = (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
    for (int i = 0; i < count; i++) {
      struct peer *peer = ready[i].data.ptr;
      if (peer != NULL) peer->ready |= ready[i].events;
      if (peer != NULL)
        peer_serve(server, peer);
      else
        server_accept(server);
    }
    int due = server->now - server->swept >= SECOND;
    if (due) server_accept(server);
    if (due) server->swept = server->now;
    if (due || server->stirred) server_sweep(server);
  }
}

static int listen_at(const char *host, const char *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
  socklen_t address_len = sizeof address;
  int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) errx(2, "%s: not an IPv4 address", host);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted sockets inherit it
  if (bind(fd, (struct sockaddr *)&address, address_len) != 0 || listen(fd, SOMAXCONN) != 0)
    err(1, "%s:%s", host, port);
  if (getsockname(fd, (struct sockaddr *)&address, &address_len) != 0) err(1, "getsockname");
  printf("listening on %s:%d\n", host, ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

int main(int argc, char **argv) {
  if (argc != 3) errx(2, "usage: broadcast_server HOST PORT");
  static struct server server = {.config = TW_CONN_CONFIG_INIT};
  static const tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  server.config.deflate = &deflate;
  server.config.max_message_len = server.config.max_frame_len = MESSAGE_LEN;
  server.config.output_high_len = OUTPUT_LEN;
  server.config.close_timeout_ns = LINGER;
  server.config.max_output_len = OUTPUT_LEN + 2 * MESSAGE_LEN;
  if (tw_pool_create(NULL, &server.config.pool) != TW_OK) errx(1, "no memory");
  signal(SIGTERM, on_signal);
  signal(SIGINT, on_signal);
  server.listen_fd = listen_at(argv[1], argv[2]);
  server.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (!watch(&server, server.listen_fd, NULL)) err(1, "epoll");
  server_run(&server);
  // Says goodbye, as far as the sockets take it at once.
  for (struct peer *peer = server.peers; peer != NULL; peer = peer->next) {
    tw_conn_close(peer->conn, 1001, NULL, 0);
    peer_write(&server, peer);
    peer->lost = 1;
  }
  server_sweep(&server);
  tw_pool_destroy(server.config.pool);
  return 0;
}
