// SPDX-License-Identifier: MIT
//
// A WebSocket echo server for Linux: one thread, one epoll set, one read buffer and one pool for all connections. A
// wake-up of a connection costs one read, one tw_conn_receive and one writev, however many messages arrived.
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
  HIGH_WATER = 256 * 1024,  // unsent bytes above which a peer is not read until it has taken most of them
  OUTPUT_LEN = 64 << 20,    // what is queued for a peer at most: what one read can add, if it was well compressed
  EVENT_CAP = 256,
  VIEW_CAP = 64,
  READY_CAP = 256,
  ACCEPT_CAP = 64  // connections accepted at once, so that a flood of them does not starve the others
};

// In nanoseconds. The engine has the other time-outs: for the handshake, silence, pings and the closing handshake.
#define SECOND UINT64_C(1000000000)
#define LINGER (2 * SECOND)  // for a peer to close its end after we closed ours
#define DRAIN (5 * SECOND)   // for everybody, after SIGTERM
#define SWEEP (SECOND / 10)  // between two looks at all deadlines

struct peer {
  int fd;
  uint32_t watched;   // EPOLLIN, EPOLLOUT
  uint64_t deadline;  // of the connection, or for the peer to close its end
  tw_conn *conn;      // NULL: it lingers
  struct peer *next;
  struct peer **link;  // what points here
};

struct server {
  int epoll_fd, listen_fd;
  uint64_t now, swept;  // swept: when all deadlines were looked at
  uint64_t deadline;    // no peer's is before it
  uint64_t stop_at;     // when it ends at the latest; 0: it is not stopping
  struct peer *peers;
  tw_conn_config config;
  tw_event events[EVENT_CAP];
  uint8_t input[READ_LEN];
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

static void peer_watch(struct server *server, struct peer *peer, uint32_t events) {
  if (peer->watched != events) watch(server, EPOLL_CTL_MOD, peer->fd, events, peer);
  peer->watched = events;
}

static void peer_expect(struct server *server, struct peer *peer, uint64_t deadline) {
  peer->deadline = deadline;
  if (server->deadline > deadline) server->deadline = deadline;
}

// A time-out that has passed needs no care here: it shows in what the connection wants.
static void peer_tick(struct server *server, struct peer *peer) {
  uint64_t deadline;
  tw_conn_tick(peer->conn, server->now, &deadline);
  peer_expect(server, peer, deadline);
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
  peer_tick(server, peer);  // the time for the handshake begins
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
static int peer_flush(struct peer *peer) {
  tw_view views[VIEW_CAP];
  size_t count;
  tw_conn_output(peer->conn, views, VIEW_CAP, &count);
  if (count == 0) return 1;
  ssize_t written = writev(peer->fd, (const struct iovec *)views, (int)count);
  if (written < 0) return errno == EAGAIN || errno == EINTR;
  tw_conn_output_consume(peer->conn, (size_t)written);
  return 1;
}

// The last bytes are with the kernel. To close a socket that has unread input would reset the connection, and the peer
// could lose them: end our direction only and wait, not for long, until the peer ends its own.
static void peer_linger(struct server *server, struct peer *peer) {
  tw_conn_destroy(peer->conn);
  peer->conn = NULL;
  peer_expect(server, peer, server->now + LINGER);
  shutdown(peer->fd, SHUT_WR);
  peer_watch(server, peer, EPOLLIN);
}

static void peer_serve(struct server *server, struct peer *peer, uint32_t ready) {
  int alive = (ready & (EPOLLERR | EPOLLHUP)) == 0;  // HUP: both directions are closed
  if (alive && peer->conn != NULL) peer_tick(server, peer);
  if (alive && (ready & EPOLLIN) != 0) alive = peer_read(server, peer);
  if (alive && peer->conn != NULL) alive = peer_flush(peer);
  if (!alive) {
    peer_drop(peer);
    return;
  }
  if (peer->conn == NULL) return;
  peer_tick(server, peer);  // what was read and written may have brought the deadline nearer
  uint32_t wants = tw_conn_wants(peer->conn);
  if ((wants & TW_WANT_CLOSE) != 0) {
    peer_linger(server, peer);
    return;
  }
  uint32_t in = (wants & (TW_WANT_READ | TW_WANT_PAUSE)) == TW_WANT_READ ? EPOLLIN : 0;
  uint32_t out = (wants & TW_WANT_WRITE) != 0 ? EPOLLOUT : 0;
  peer_watch(server, peer, in | out);
}

static void server_accept(struct server *server) {
  for (int i = 0; i < ACCEPT_CAP; i++) {
    int fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EAGAIN || errno == ECONNABORTED) return;
      // Without descriptors or memory the listener would stay ready for ever: look away until the next sweep.
      watch(server, EPOLL_CTL_MOD, server->listen_fd, 0, NULL);
      if (server->deadline > server->now + SECOND) server->deadline = server->now + SECOND;
      return;
    }
    peer_add(server, fd);
  }
}

// Serves the peers whose deadline has come, drops those that linger too long, and looks at the listener again.
static void server_sweep(struct server *server) {
  int stopped = server->stop_at != 0 && server->now >= server->stop_at;
  server->swept = server->now;
  server->deadline = server->stop_at != 0 ? server->stop_at : TW_NEVER;
  for (struct peer *peer = server->peers, *next; peer != NULL; peer = next) {
    next = peer->next;
    if (stopped || (peer->conn == NULL && server->now >= peer->deadline))
      peer_drop(peer);
    else if (server->now >= peer->deadline)
      peer_serve(server, peer, 0);
    else
      peer_expect(server, peer, peer->deadline);
  }
  if (server->stop_at == 0) watch(server, EPOLL_CTL_MOD, server->listen_fd, EPOLLIN, NULL);
}

// Stops to accept and says goodbye to everybody.
static void server_stop(struct server *server) {
  close(server->listen_fd);
  server->stop_at = server->now + DRAIN;
  if (server->deadline > server->stop_at) server->deadline = server->stop_at;
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

// When to sweep: at a deadline, but not more often than SWEEP allows.
static uint64_t server_due(const struct server *server) {
  uint64_t earliest = server->swept + SWEEP;
  return server->deadline > earliest ? server->deadline : earliest;
}

static void server_run(struct server *server) {
  struct epoll_event ready[READY_CAP];
  while (server->stop_at == 0 || server->peers != NULL) {
    uint64_t due = server_due(server), wait = due > server->now ? due - server->now : 0;
    if (wait > SECOND) wait = SECOND;  // a signal interrupts the wait, or is seen after it
    int count = epoll_wait(server->epoll_fd, ready, READY_CAP, (int)((wait + 999999) / 1000000));
    server->now = clock_ns();
    for (int i = 0; i < count; i++) {
      struct peer *peer = ready[i].data.ptr;
      if (peer == NULL)
        server_accept(server);
      else
        peer_serve(server, peer, ready[i].events);
    }
    // These two may drop any peer, so they wait until the batch, which may name it, is over.
    if (server->now >= server_due(server)) server_sweep(server);
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

  server->now = clock_ns();
  server->deadline = TW_NEVER;
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

static void server_configure(struct server *server, tw_deflate_config *deflate) {
  tw_conn_config *config = &server->config;
  config->deflate = deflate;
  config->max_frame_len = config->max_message_len;
  config->output_high_len = HIGH_WATER;
  config->max_output_len = OUTPUT_LEN + config->max_message_len;
  config->max_memory_len = 2 * config->max_output_len;
  if (tw_pool_create(NULL, &config->pool) != TW_OK) errx(1, "no memory");
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
  server_configure(&server, deflate);

  signal(SIGPIPE, SIG_IGN);  // writev reports EPIPE instead
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
