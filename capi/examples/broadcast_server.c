// SPDX-License-Identifier: MIT
//
// A WebSocket server for Linux that sends to everybody what anybody sends. A message is encoded once, compressed once
// for each profile of compression, and shared by all that it waits for.
// Who reads more slowly than others send costs neither them nor memory: from OUTPUT_LEN queued bytes on it misses what
// is sent, until most of them are written. Who misses MISSED_MAX messages in a row is closed with 1008.
#define _GNU_SOURCE  // accept4
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <tidewire/tidewire.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 512, PEER_CAP = 1 << 20, TURN_CAP = 8 };  // events or views at once; descriptors; reads in a row
enum { OUTPUT_LEN = 256 << 10, MESSAGE_LEN = 1 << 20, MISSED_MAX = 1000 };
#define SECOND UINT64_C(1000000000)  // in nanoseconds

struct peer {
  tw_conn *conn;     // NULL: the descriptor is none of a peer
  uint64_t drop_at;  // set when all is written, and only the peer's end is awaited
  uint32_t ready;    // EPOLLIN, EPOLLOUT: until a read or a write shows that it is not
  uint32_t missed;   // messages in a row
};

struct server {
  tw_conn_config config;
  int epoll_fd, listen_fd, peer_count;
  int stirred;                  // somebody may have output, or more input, that no event will tell
  uint64_t now, swept;          // swept: when all peers were looked at
  struct peer peers[PEER_CAP];  // by descriptor
};

static volatile sig_atomic_t stopping;
static void on_signal(int number) { stopping = number; }

// Edge-triggered: a peer that takes no output, or is not read because of that, wakes nobody.
static int watch(struct server *server, int fd) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.fd = fd}};
  return epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void peer_drop(struct server *server, int fd) {
  if (server->peers[fd].missed > 0) warnx("a peer missed %" PRIu32 " messages", server->peers[fd].missed);
  tw_conn_destroy(server->peers[fd].conn);
  server->peers[fd].conn = NULL;
  server->peer_count--;
  close(fd);  // which takes it out of the epoll set
}

static void broadcast(struct server *server, const tw_event *event) {
  tw_pool *pool = server->config.pool;
  tw_prepared *message;
  // Without memory everybody misses it.
  tw_prepared_create(event->opcode, event->data, (size_t)event->len, TW_SEND_VALID_UTF8, pool, &message);
  for (int fd = 0, left = server->peer_count; left > 0; fd++) {
    struct peer *peer = &server->peers[fd];
    if (peer->conn == NULL) continue;
    left--;
    if (tw_conn_state(peer->conn) != TW_STATE_OPEN) continue;
    int is_slow = (tw_conn_wants(peer->conn) & TW_WANT_PAUSE) != 0;
    int gets_it = !is_slow && tw_conn_send_prepared(peer->conn, message) == TW_OK;
    peer->missed = gets_it ? 0 : peer->missed + 1;
    if (peer->missed == MISSED_MAX) tw_conn_close(peer->conn, 1008, (const uint8_t *)"too slow", 8);
  }
  tw_prepared_destroy(message);
  server->stirred = 1;
}

// Reads once. Returns -1 when the peer must be dropped; not where it broke a rule: a close frame tells it.
static int peer_read(struct server *server, int fd) {
  struct peer *peer = &server->peers[fd];
  uint8_t *room;
  size_t room_cap, count;
  if (tw_conn_read_buffer(peer->conn, 0, &room, &room_cap) != TW_OK) return -1;
  ssize_t got = read(fd, room, room_cap);
  if (got == 0 || (got < 0 && errno != EAGAIN)) return -1;
  // Less than there is room for is all that there is, unless the end of the stream follows (epoll(7)).
  if (got < (ssize_t)room_cap && (peer->ready & EPOLLRDHUP) == 0) peer->ready &= ~(uint32_t)EPOLLIN;
  tw_status status = TW_NEED_ROOM;
  for (size_t len = got > 0 ? (size_t)got : 0; status == TW_NEED_ROOM; len = 0) {
    tw_event events[BATCH];
    status = tw_conn_read_commit(peer->conn, len, events, BATCH, &count);
    for (const tw_event *event = events; event < events + count; event++)
      if (event->type == TW_EVENT_MESSAGE) broadcast(server, event);
  }
  return 0;
}

static int peer_write(struct peer *peer, int fd) {
  while ((peer->ready & EPOLLOUT) != 0 && (tw_conn_wants(peer->conn) & TW_WANT_WRITE) != 0) {
    tw_view views[BATCH];
    size_t count;
    tw_conn_output(peer->conn, views, BATCH, &count);
    ssize_t written = writev(fd, (const struct iovec *)views, (int)count);
    if (written < 0 && errno != EAGAIN) return -1;
    if (written < 0) peer->ready &= ~(uint32_t)EPOLLOUT;
    tw_conn_output_consume(peer->conn, written > 0 ? (size_t)written : 0);
  }
  return 0;
}

static void peer_serve(struct server *server, int fd) {
  struct peer *peer = &server->peers[fd];
  int lost = tw_conn_tick(peer->conn, server->now, &(uint64_t){0}) == TW_ERR_TIMEOUT_CLOSE || peer_write(peer, fd) < 0;
  for (int turn = 0; !lost && (peer->ready & EPOLLIN) != 0; turn++) {
    if ((tw_conn_wants(peer->conn) & TW_WANT_PAUSE) != 0) break;  // who takes no output need not send more
    server->stirred |= turn == TURN_CAP;                          // goes on when the others had their turn
    if (turn == TURN_CAP) break;
    lost = peer_read(server, fd) < 0 || peer_write(peer, fd) < 0;
  }
  if (tw_conn_wants(peer->conn) == TW_WANT_CLOSE && peer->drop_at == TW_NEVER) {
    shutdown(fd, SHUT_WR);  // to close it with input unread would reset it, and our last bytes could get lost
    peer->drop_at = server->now + 2 * SECOND;
  }
  if (lost || server->now >= peer->drop_at) peer_drop(server, fd);
}

// Without descriptors or memory the rest waits for the next second.
static void server_accept(struct server *server) {
  for (int fd; (fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    server->peer_count++;
    server->peers[fd] = (struct peer){.drop_at = TW_NEVER};
    tw_status status = tw_conn_create(&server->config, &server->peers[fd].conn);
    if (status != TW_OK || watch(server, fd) != 0) peer_drop(server, fd);
  }
}

// Serves everybody: for output, for time-outs, and for the last time, as far as the sockets take it at once.
static void server_sweep(struct server *server, int last) {
  server->stirred = 0;
  for (int fd = 0, left = server->peer_count; left > 0; fd++) {
    if (server->peers[fd].conn == NULL) continue;
    if (last) tw_conn_close(server->peers[fd].conn, 1001, NULL, 0);
    peer_serve(server, fd);
    if (last && server->peers[fd].conn != NULL) peer_drop(server, fd);
    left--;
  }
}

static void server_run(struct server *server) {
  while (!stopping) {
    struct epoll_event ready[BATCH];
    struct timespec time;
    int count = epoll_wait(server->epoll_fd, ready, BATCH, server->stirred ? 0 : 1000);
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    server->now = (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
    for (int i = 0; i < count; i++) {
      int fd = ready[i].data.fd;
      server->peers[fd].ready |= ready[i].events;
      if (fd == server->listen_fd) server_accept(server);
      if (server->peers[fd].conn != NULL) peer_serve(server, fd);
    }
    int due = server->now - server->swept >= SECOND;
    if (due) server->swept = server->now;
    if (due) server_accept(server);
    if (due || server->stirred) server_sweep(server, 0);
  }
  server_sweep(server, 1);
}

int main(int argc, char **argv) {
  uint16_t port = 9001;
  if (argc > 2 || (argc > 1 && sscanf(argv[1], "%" SCNu16, &port) != 1)) errx(2, "usage: %s [PORT]", argv[0]);
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  static struct server server;
  server.config = (tw_conn_config)TW_CONN_CONFIG_INIT;
  server.config.deflate = &deflate;
  server.config.max_message_len = server.config.max_frame_len = MESSAGE_LEN;
  server.config.output_high_len = OUTPUT_LEN;
  server.config.close_timeout_ns = 3 * SECOND;
  if (tw_pool_create(NULL, &server.config.pool) != TW_OK) errx(1, "no memory");
  struct sockaddr_in address = {AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {0}};
  socklen_t address_len = sizeof address;
  int on = 1, fd = server.listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  server.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||  // accepted sockets inherit it
      bind(fd, (struct sockaddr *)&address, address_len) != 0 || listen(fd, SOMAXCONN) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &address_len) != 0 || watch(&server, fd) != 0)
    err(1, "port %u", port);
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) err(1, "getrlimit");
  files.rlim_cur = files.rlim_max < PEER_CAP ? files.rlim_max : PEER_CAP;  // so that each has its place
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) err(1, "setrlimit");
  signal(SIGTERM, on_signal);
  signal(SIGINT, on_signal);
  signal(SIGPIPE, SIG_IGN);  // writev reports EPIPE instead
  dprintf(STDOUT_FILENO, "listening on 127.0.0.1:%u\n", ntohs(address.sin_port));
  server_run(&server);
  tw_pool_destroy(server.config.pool);
}
