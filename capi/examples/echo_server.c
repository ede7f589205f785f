// SPDX-License-Identifier: MIT
//
// A WebSocket echo server for Linux: one thread, one epoll set, one pool. A wake-up of a connection costs one read and
// one write, however many messages arrived; large messages are written from where they were read.
#define _GNU_SOURCE  // accept4
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <tidewire/tidewire.h>
#include <time.h>
#include <unistd.h>

enum {
  OUTPUT_LEN = 4 << 20,  // what one read can add to the output, besides one message
  IDLE_LEN = 64 << 20,   // kept for reuse: what a hundred peers read into at once
  EVENT_CAP = 1024,
  VIEW_CAP = 256,
  READY_CAP = 256,
  ACCEPT_CAP = 64  // connections accepted at once, so that a flood of them does not starve the others
};

// In nanoseconds. The engine has the other time-outs: for the handshake, silence, pings and the closing handshake.
#define SECOND UINT64_C(1000000000)
#define LINGER (2 * SECOND)  // for a peer to close its end after we closed ours
#define DRAIN (5 * SECOND)   // for everybody, after SIGTERM

struct peer {
  int fd;
  int has_more;      // events of what was read
  int lingers;       // all was written; only the peer's end is awaited
  uint32_t watched;  // EPOLLIN or EPOLLOUT
  uint64_t drop_at;  // at the latest
  tw_conn *conn;
  struct peer *next;
  struct peer **link;  // what points here
};

struct server {
  int epoll_fd, listen_fd;
  int stopping;
  uint64_t now, swept;  // swept: when all peers were looked at
  struct peer *peers;
  tw_conn_config config;
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int number) { stop_signal = number; }

static uint64_t clock_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

// The listener has no peer.
static int watch(struct server *server, int op, int fd, uint32_t events, struct peer *peer) {
  struct epoll_event event = {.events = events, .data = {.ptr = peer}};
  return epoll_ctl(server->epoll_fd, op, fd, &event);
}

static void peer_drop(struct peer *peer) {
  if (peer->next != NULL) peer->next->link = peer->link;
  *peer->link = peer->next;
  tw_conn_destroy(peer->conn);
  close(peer->fd);  // which takes it out of the epoll set
  free(peer);
}

// Takes the descriptor over.
static void peer_add(struct server *server, int fd) {
  struct peer *peer = calloc(1, sizeof *peer);
  if (peer == NULL || tw_conn_create(&server->config, &peer->conn) != TW_OK) {
    free(peer);
    close(fd);
    return;
  }
  peer->fd = fd;
  peer->watched = EPOLLIN;
  peer->drop_at = TW_NEVER;
  peer->next = server->peers;
  peer->link = &server->peers;
  if (peer->next != NULL) peer->next->link = &peer->next;
  server->peers = peer;
  if (watch(server, EPOLL_CTL_ADD, fd, EPOLLIN, peer) != 0) peer_drop(peer);
}

// Queues a reply to each message; the large ones stay where they are. Returns 0 when the peer must be dropped.
static int peer_echo(struct peer *peer, const tw_event *events, size_t count) {
  tw_message replies[EVENT_CAP];
  size_t reply_count = 0, queued;
  for (size_t i = 0; i < count; i++) {
    if (events[i].type != TW_EVENT_MESSAGE) continue;
    replies[reply_count++] = (tw_message){.data = events[i].data,
                                          .len = (size_t)events[i].len,
                                          .opcode = events[i].opcode,
                                          .flags = TW_SEND_BORROW | TW_SEND_VALID_UTF8};
  }
  tw_status status = tw_conn_send_batch(peer->conn, replies, reply_count, &queued);
  return status == TW_OK || status == TW_ERR_STATE;  // TW_ERR_STATE: a close frame of ours is on its way
}

// Reads once, unless not all events of the last read have come yet. Returns 0 when the peer must be dropped. A peer
// that broke a rule is not: its connection has queued the close frame that says why.
static int peer_read(struct peer *peer) {
  size_t len = 0;
  if (!peer->has_more) {
    uint8_t *room;
    size_t room_cap;
    if (tw_conn_read_buffer(peer->conn, 0, &room, &room_cap) != TW_OK) return 0;
    ssize_t got = recv(peer->fd, room, room_cap, 0);
    if (got < 0 && errno != EAGAIN && errno != EINTR) return 0;
    if (got == 0 && peer->lingers) return 0;
    if (got == 0) tw_conn_receive_eof(peer->conn);
    if (got > 0) len = (size_t)got;
  }
  tw_event events[EVENT_CAP];
  size_t count;
  peer->has_more = tw_conn_read_commit(peer->conn, len, events, EVENT_CAP, &count) == TW_NEED_ROOM;
  return peer_echo(peer, events, count);
}

static int peer_has_output(const struct peer *peer) { return (tw_conn_wants(peer->conn) & TW_WANT_WRITE) != 0; }

// Returns 0 when the peer must be dropped.
static int peer_write(struct peer *peer) {
  tw_view views[VIEW_CAP];
  size_t count;
  tw_conn_output(peer->conn, views, VIEW_CAP, &count);
  struct msghdr message = {.msg_iov = (struct iovec *)views, .msg_iovlen = count};
  ssize_t written = sendmsg(peer->fd, &message, MSG_NOSIGNAL);
  if (written < 0) return errno == EAGAIN || errno == EINTR;
  tw_conn_output_consume(peer->conn, (size_t)written);
  return 1;
}

// Reads and replies. While replies wait nothing is read: they may lie where they were read, and a peer that does not
// take them need not send more. Returns 0 when the peer must be dropped.
static int peer_exchange(struct peer *peer, int readable) {
  for (;;) {
    if (peer_has_output(peer)) {
      if (!peer_write(peer)) return 0;
      if (peer_has_output(peer)) return 1;
    }
    if (!readable && !peer->has_more) break;
    if (!peer_read(peer)) return 0;
    readable = 0;
  }
  size_t count, consumed;
  tw_conn_receive(peer->conn, NULL, 0, NULL, 0, &count, &consumed);  // gives back what was read into
  return 1;
}

static void peer_serve(struct server *server, struct peer *peer, uint32_t ready) {
  // A time-out that has passed shows in what the connection wants. The next deadline is not needed: everybody is served
  // once a second.
  uint64_t deadline;
  tw_conn_tick(peer->conn, server->now, &deadline);
  int broken = (ready & (EPOLLERR | EPOLLHUP)) != 0;  // HUP: both directions are closed
  if (broken || server->now >= peer->drop_at || !peer_exchange(peer, (ready & EPOLLIN) != 0)) {
    peer_drop(peer);
    return;
  }
  uint32_t wants = tw_conn_wants(peer->conn);
  if (wants == TW_WANT_CLOSE && !peer->lingers) {
    // The last bytes are with the kernel. To close a socket that has unread input would reset the connection, and the
    // peer could lose them: end our direction only and read on, not for long, until the peer ends its own.
    shutdown(peer->fd, SHUT_WR);
    peer->lingers = 1;
    peer->drop_at = server->now + LINGER;
  }
  uint32_t events = (wants & TW_WANT_WRITE) != 0 ? EPOLLOUT : EPOLLIN;
  if (peer->watched != events) watch(server, EPOLL_CTL_MOD, peer->fd, events, peer);
  peer->watched = events;
}

static void server_accept(struct server *server) {
  for (int i = 0; i < ACCEPT_CAP; i++) {
    int fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      peer_add(server, fd);
    } else {
      // Without descriptors or memory the listener would stay ready for ever: look away until the next sweep.
      if (errno != EAGAIN && errno != ECONNABORTED) watch(server, EPOLL_CTL_MOD, server->listen_fd, 0, NULL);
      return;
    }
  }
}

static void server_sweep(struct server *server) {
  server->swept = server->now;
  for (struct peer *peer = server->peers, *next; peer != NULL; peer = next) {
    next = peer->next;
    peer_serve(server, peer, 0);
  }
  if (!server->stopping) watch(server, EPOLL_CTL_MOD, server->listen_fd, EPOLLIN, NULL);
}

// Stops to accept and says goodbye to everybody, but for those that have not even said hello.
static void server_stop(struct server *server) {
  server->stopping = 1;
  close(server->listen_fd);
  for (struct peer *peer = server->peers; peer != NULL; peer = peer->next) {
    int connecting = tw_conn_state(peer->conn) == TW_STATE_CONNECTING;
    peer->drop_at = server->now + (connecting ? 0 : DRAIN);
    tw_conn_close(peer->conn, 1001, NULL, 0);  // refused where the connection is closing already: just as well
  }
  server_sweep(server);
}

static void server_run(struct server *server) {
  struct epoll_event ready[READY_CAP];
  while (!server->stopping || server->peers != NULL) {
    int count = epoll_wait(server->epoll_fd, ready, READY_CAP, 1000);  // a signal interrupts it, or is seen after it
    server->now = clock_ns();
    for (int i = 0; i < count; i++) {
      if (ready[i].data.ptr == NULL)
        server_accept(server);
      else
        peer_serve(server, ready[i].data.ptr, ready[i].events);
    }
    // These two may drop any peer, so they wait until the batch, which may name it, is over.
    if (server->now - server->swept >= SECOND) server_sweep(server);
    if (stop_signal != 0 && !server->stopping) server_stop(server);
  }
}

static void server_open(struct server *server, const char *host, uint16_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  socklen_t address_len = sizeof address;
  int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) errx(1, "%s: not an IPv4 address", host);
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) err(1, "socket");
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) err(1, "socket");  // accepted sockets inherit it
  if (bind(fd, (struct sockaddr *)&address, address_len) != 0 || listen(fd, SOMAXCONN) != 0) err(1, "%s", host);
  if (getsockname(fd, (struct sockaddr *)&address, &address_len) != 0) err(1, "getsockname");

  server->now = server->swept = clock_ns();
  server->listen_fd = fd;
  server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (watch(server, EPOLL_CTL_ADD, fd, EPOLLIN, NULL) != 0) err(1, "epoll");
  printf("listening on %s:%d\n", host, ntohs(address.sin_port));
  fflush(stdout);
}

static uint64_t number(const char *text, uint64_t min, uint64_t max) {
  char *end;
  uint64_t value = strtoull(text, &end, 10);
  if (end == text || *end != '\0' || value < min || value > max) errx(2, "%s: not a number, or out of range", text);
  return value;
}

int main(int argc, char **argv) {
  static const struct option options[] = {{"host", required_argument, NULL, 'h'},
                                          {"port", required_argument, NULL, 'p'},
                                          {"max-message", required_argument, NULL, 'm'},
                                          {"max-fragments", required_argument, NULL, 'f'},
                                          {"deflate-context", required_argument, NULL, 'c'},
                                          {"no-deflate", no_argument, NULL, 'n'},
                                          {NULL, 0, NULL, 0}};
  static struct server server = {.config = TW_CONN_CONFIG_INIT};
  tw_deflate_config compression = TW_DEFLATE_CONFIG_INIT, *deflate = &compression;
  server.config.max_message_len = 16 * 1024 * 1024;
  const char *host = "127.0.0.1";
  uint16_t port = 9001;
  for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    switch (option) {
      case 'h': host = optarg; break;
      case 'p': port = (uint16_t)number(optarg, 0, UINT16_MAX); break;
      case 'm': server.config.max_message_len = number(optarg, 1, SIZE_MAX / 8); break;
      case 'f': server.config.max_fragments = (uint32_t)number(optarg, 1, UINT32_MAX); break;
      case 'c': compression.max_context_len = number(optarg, 0, UINT64_MAX); break;
      case 'n': deflate = NULL; break;
      default: return 2;
    }
  }
  server.config.deflate = deflate;
  server.config.max_frame_len = server.config.max_message_len;
  server.config.max_output_len = OUTPUT_LEN + server.config.max_message_len;
  server.config.max_memory_len = 4 * server.config.max_output_len;
  tw_pool_config pool = TW_POOL_CONFIG_INIT;
  pool.max_idle_len = IDLE_LEN;
  if (tw_pool_create(&pool, &server.config.pool) != TW_OK) errx(1, "no memory");

  signal(SIGTERM, on_signal);
  signal(SIGINT, on_signal);
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) err(1, "getrlimit");
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  server_open(&server, host, port);
  server_run(&server);
  tw_pool_destroy(server.config.pool);
  return 0;
}
