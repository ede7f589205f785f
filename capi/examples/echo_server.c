// SPDX-License-Identifier: MIT
//
// A WebSocket echo server for Linux: one thread, one epoll set, one read buffer for all connections. A wake-up of a
// connection costs one read, one tw_conn_receive and one writev, however many messages arrived.
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
#include <sys/uio.h>
#include <tidewire/tidewire.h>
#include <time.h>
#include <unistd.h>

enum {
  READ_LEN = 256 * 1024,    // bytes taken from a socket at once
  HIGH_WATER = 256 * 1024,  // unsent bytes above which a peer is not read until it has taken them all
  EVENT_CAP = 256,
  VIEW_CAP = 64,
  READY_CAP = 256,
  ACCEPT_CAP = 64,   // connections accepted at once, so that a flood of them does not starve the others
  HANDSHAKE_S = 10,  // limits in seconds: for the opening handshake,
  STALL_S = 30,      // for a peer that takes none of its output,
  LINGER_S = 2,      // for a peer to close its end after we closed ours,
  DRAIN_S = 5        // for everybody, after SIGTERM
};

struct peer {
  int fd;
  uint32_t watched;   // EPOLLIN, EPOLLOUT
  uint32_t deadline;  // the second in which it is dropped; 0: none
  int paused;         // it is not read: its output was above HIGH_WATER and is not drained
  tw_conn *conn;      // NULL: it lingers
  struct peer *next;
  struct peer **link;  // what points here
};

struct server {
  int epoll_fd, listen_fd;
  uint32_t now;      // seconds
  uint32_t stop_at;  // the second in which it ends at the latest; 0: it is not stopping
  struct peer *peers;
  tw_pool *pool;
  tw_conn_config config;
  tw_event events[EVENT_CAP];
  uint8_t input[READ_LEN];
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int number) { stop_signal = number; }

static uint32_t clock_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return (uint32_t)now.tv_sec + 1;  // never 0
}

// The listener has no peer.
static int watch(struct server *server, int op, int fd, uint32_t events, struct peer *peer) {
  struct epoll_event event = {.events = events, .data = {.ptr = peer}};
  return epoll_ctl(server->epoll_fd, op, fd, &event);
}

static void peer_watch(struct server *server, struct peer *peer, uint32_t events) {
  if (peer->watched != events) watch(server, EPOLL_CTL_MOD, peer->fd, events, peer);
  peer->watched = events;
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
  peer->deadline = server->now + HANDSHAKE_S;
  peer->next = server->peers;
  peer->link = &server->peers;
  if (peer->next != NULL) peer->next->link = &peer->next;
  server->peers = peer;
  peer->watched = EPOLLIN;
  if (watch(server, EPOLL_CTL_ADD, fd, EPOLLIN, peer) != 0) peer_drop(peer);
}

// Queues a reply to each message. Returns 0 when the peer must be dropped.
static int peer_echo(struct peer *peer, const tw_event *events, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (events[i].type != TW_EVENT_MESSAGE) continue;
    tw_status status =
        tw_conn_send(peer->conn, events[i].opcode, events[i].data, (size_t)events[i].len, TW_SEND_VALID_UTF8);
    if (status != TW_OK && status != TW_ERR_STATE) return 0;  // TW_ERR_STATE: a close frame of ours is on its way
  }
  return 1;
}

// Returns 0 when the peer must be dropped. A peer that broke a rule is not: its connection has queued the close frame
// that says why, and wants nothing but to write that and to be closed.
static int peer_read(struct server *server, struct peer *peer) {
  ssize_t got = read(peer->fd, server->input, READ_LEN);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (peer->conn == NULL) return got > 0;  // it lingers: nothing counts but its end
  if (got == 0) {
    tw_conn_receive_eof(peer->conn);
    return 1;
  }
  uint8_t *data = server->input;
  size_t len = (size_t)got, count, consumed;
  tw_status status;
  do {
    status = tw_conn_receive(peer->conn, data, len, server->events, EVENT_CAP, &count, &consumed);
    if (!peer_echo(peer, server->events, count)) return 0;
    data += consumed;
    len -= consumed;
  } while (status == TW_NEED_ROOM);
  return 1;
}

// Returns 0 when the peer must be dropped.
static int peer_flush(struct server *server, struct peer *peer) {
  tw_view views[VIEW_CAP];
  size_t count, queued = 0;
  tw_conn_output(peer->conn, views, VIEW_CAP, &count);
  if (count == 0) return 1;
  for (size_t i = 0; i < count; i++) queued += views[i].len;
  ssize_t written = writev(peer->fd, (const struct iovec *)views, (int)count);
  if (written < 0 && errno != EAGAIN && errno != EINTR) return 0;
  if (written > 0) queued -= (size_t)written;
  if (written > 0) tw_conn_output_consume(peer->conn, (size_t)written);
  // The first output ends the opening handshake, so this lifts the limit on that, too.
  peer->deadline = queued > 0 ? server->now + STALL_S : 0;
  peer->paused = queued > 0 && (peer->paused || queued > HIGH_WATER || count == VIEW_CAP);
  return 1;
}

// The last bytes are with the kernel. To close a socket that has unread input would reset the connection, and the peer
// could lose them: end our direction only and wait, not for long, until the peer ends its own.
static void peer_linger(struct server *server, struct peer *peer) {
  tw_conn_destroy(peer->conn);
  peer->conn = NULL;
  peer->deadline = server->now + LINGER_S;
  shutdown(peer->fd, SHUT_WR);
  peer_watch(server, peer, EPOLLIN);
}

static void peer_serve(struct server *server, struct peer *peer, uint32_t ready) {
  int alive = (ready & (EPOLLERR | EPOLLHUP)) == 0;  // HUP: both directions are closed
  if (alive && (ready & EPOLLIN) != 0) alive = peer_read(server, peer);
  if (alive && peer->conn != NULL) alive = peer_flush(server, peer);
  if (!alive) {
    peer_drop(peer);
    return;
  }
  if (peer->conn == NULL) return;
  uint32_t wants = tw_conn_wants(peer->conn);
  if ((wants & TW_WANT_CLOSE) != 0) {
    peer_linger(server, peer);
    return;
  }
  uint32_t in = (wants & TW_WANT_READ) != 0 && !peer->paused ? EPOLLIN : 0;
  uint32_t out = (wants & TW_WANT_WRITE) != 0 ? EPOLLOUT : 0;
  peer_watch(server, peer, in | out);
}

static void server_accept(struct server *server) {
  for (int i = 0; i < ACCEPT_CAP; i++) {
    int fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      // Without descriptors or memory the listener would stay ready for ever: look away until the next second.
      if (errno != EAGAIN && errno != ECONNABORTED) watch(server, EPOLL_CTL_MOD, server->listen_fd, 0, NULL);
      return;
    }
    peer_add(server, fd);
  }
}

// Once a second: drops those whose time is up and looks at the listener again.
static void server_tick(struct server *server) {
  server->now = clock_s();
  int expired = server->stop_at != 0 && server->now >= server->stop_at;
  for (struct peer *peer = server->peers, *next; peer != NULL; peer = next) {
    next = peer->next;
    if (expired || (peer->deadline != 0 && server->now >= peer->deadline)) peer_drop(peer);
  }
  if (server->stop_at == 0) watch(server, EPOLL_CTL_MOD, server->listen_fd, EPOLLIN, NULL);
}

// Stops to accept and says goodbye to everybody.
static void server_stop(struct server *server) {
  close(server->listen_fd);
  server->stop_at = server->now + DRAIN_S;
  for (struct peer *peer = server->peers, *next; peer != NULL; peer = next) {
    next = peer->next;
    if (tw_conn_state(peer->conn) == TW_STATE_CONNECTING) {
      peer_drop(peer);
    } else if (peer->conn != NULL) {
      tw_conn_close(peer->conn, 1001, NULL, 0);  // refused where the connection is closing already: just as well
      peer_serve(server, peer, 0);
    }
  }
}

static void server_run(struct server *server) {
  struct epoll_event ready[READY_CAP];
  while (server->stop_at == 0 || server->peers != NULL) {
    int count = epoll_wait(server->epoll_fd, ready, READY_CAP, 1000);  // a signal interrupts it, or is seen after it
    for (int i = 0; i < count; i++) {
      struct peer *peer = ready[i].data.ptr;
      if (peer == NULL)
        server_accept(server);
      else
        peer_serve(server, peer, ready[i].events);
    }
    // These two may drop any peer, so they wait until the batch, which may name it, is over.
    if (clock_s() != server->now) server_tick(server);
    if (stop_signal != 0 && server->stop_at == 0) server_stop(server);
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

  server->now = clock_s();
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
                                          {NULL, 0, NULL, 0}};
  static struct server server = {.config = TW_CONN_CONFIG_INIT};
  server.config.max_message_len = 16 * 1024 * 1024;
  const char *host = "127.0.0.1";
  uint16_t port = 9001;
  for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    switch (option) {
      case 'h': host = optarg; break;
      case 'p': port = (uint16_t)number(optarg, 0, UINT16_MAX); break;
      case 'm': server.config.max_message_len = number(optarg, 1, SIZE_MAX / 2); break;
      case 'f': server.config.max_fragments = (uint32_t)number(optarg, 1, UINT32_MAX); break;
      default: return 2;
    }
  }
  server.config.max_frame_len = server.config.max_message_len;
  // What a peer below HIGH_WATER can add: the messages that one read completes.
  server.config.max_output_len = HIGH_WATER + server.config.max_message_len + 2 * READ_LEN;
  if (tw_pool_create(NULL, &server.pool) != TW_OK) return 1;
  server.config.pool = server.pool;

  signal(SIGPIPE, SIG_IGN);  // writev reports EPIPE instead
  signal(SIGTERM, on_signal);
  signal(SIGINT, on_signal);
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) err(1, "getrlimit");
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  server_open(&server, host, port);
  server_run(&server);
  tw_pool_destroy(server.pool);
  return 0;
}
