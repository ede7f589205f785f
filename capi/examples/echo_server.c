// SPDX-License-Identifier: MIT
//
// A WebSocket echo server for Linux: one thread, one epoll set, one pool. A wake-up of a connection costs one read and
// one write, however many messages arrived; large messages are written from where they were read.
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
#include <sys/socket.h>
#include <tidewire/tidewire.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 512, PEER_CAP = 1 << 20 };  // events, views or connections at once; descriptors
#define SECOND UINT64_C(1000000000)        // in nanoseconds

struct peer {
  tw_conn *conn;     // NULL: the descriptor is none of a peer
  uint64_t drop_at;  // set when all is written, and only the peer's end is awaited
  uint32_t watched;  // EPOLLIN or EPOLLOUT
};

struct server {
  tw_conn_config config;
  int epoll_fd, listen_fd, peer_count;  // listen_fd: -1 after a signal
  uint64_t now, swept;                  // swept: when all peers were looked at
  struct peer peers[PEER_CAP];          // by descriptor
};

static volatile sig_atomic_t stopping;
static void on_signal(int number) { stopping = number; }

static int watch(struct server *server, int op, int fd, uint32_t events) {
  struct epoll_event event = {.events = events, .data = {.fd = fd}};
  return epoll_ctl(server->epoll_fd, op, fd, &event);
}

static void peer_drop(struct server *server, int fd) {
  tw_conn_destroy(server->peers[fd].conn);
  server->peers[fd].conn = NULL;
  server->peer_count--;
  close(fd);  // which takes it out of the epoll set
}

// Reads once, unless events of the last read are still to come, and queues a reply to each message. Returns 1 when more
// are to come, 0 when not, -1 when the peer must be dropped. One that broke a rule is told so first, by a close frame.
static int peer_read(tw_conn *conn, int fd) {
  uint8_t *room;
  size_t room_cap;
  ssize_t got = 0;
  tw_status status = tw_conn_read_buffer(conn, 0, &room, &room_cap);
  if (status != TW_OK && status != TW_ERR_STATE) return -1;  // TW_ERR_STATE: events are still to come
  if (status == TW_OK) got = recv(fd, room, room_cap, 0);
  if (got < 0) return errno == EAGAIN ? 0 : -1;
  if (got == 0 && status == TW_OK) return -1;  // the peer has ended, and every reply is written
  tw_event events[BATCH];
  tw_message replies[BATCH];
  size_t event_count, reply_count = 0, queued;
  int more = tw_conn_read_commit(conn, (size_t)got, events, BATCH, &event_count) == TW_NEED_ROOM;
  for (const tw_event *event = events; event < events + event_count; event++) {
    if (event->type != TW_EVENT_MESSAGE) continue;
    uint32_t flags = TW_SEND_BORROW | TW_SEND_VALID_UTF8;
    replies[reply_count++] = (tw_message){event->data, (size_t)event->len, event->opcode, flags};
  }
  status = tw_conn_send_batch(conn, replies, reply_count, &queued);
  return status == TW_OK || status == TW_ERR_STATE ? more : -1;  // TW_ERR_STATE: a close frame of ours is on its way
}

// Returns 1 when all is written, 0 when the socket takes no more for now, -1 when the peer must be dropped.
static int peer_write(tw_conn *conn, int fd) {
  tw_view views[BATCH];
  size_t count, unused;
  while (tw_conn_output(conn, views, BATCH, &count) == TW_OK && count > 0) {
    struct msghdr message = {.msg_iov = (struct iovec *)views, .msg_iovlen = count};
    ssize_t written = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (written < 0) return errno == EAGAIN ? 0 : -1;
    tw_conn_output_consume(conn, (size_t)written);
  }
  tw_conn_receive(conn, NULL, 0, NULL, 0, &count, &unused);  // gives back what was read into
  return 1;
}

static void peer_serve(struct server *server, int fd, int ready) {
  struct peer *peer = &server->peers[fd];
  int more = ready || peer->watched == EPOLLOUT, written = 1;
  tw_conn_tick(peer->conn, server->now, &(uint64_t){0});  // what is too late shows in what the connection wants
  if (!ready || peer->watched == EPOLLOUT) written = peer_write(peer->conn, fd);
  // While replies wait nothing is read: they may lie where they were read, and the peer need not send more.
  while (more && written > 0) {
    more = peer_read(peer->conn, fd);
    written = more < 0 ? -1 : peer_write(peer->conn, fd);
  }
  if (written < 0 || server->now >= peer->drop_at) {
    peer_drop(server, fd);
    return;
  }
  if (tw_conn_wants(peer->conn) == TW_WANT_CLOSE && peer->drop_at == TW_NEVER) {
    // To close a socket that has unread input would reset the connection, and the peer could lose our last bytes: end
    // our direction only and read on, not for long, until the peer ends its own.
    shutdown(fd, SHUT_WR);
    peer->drop_at = server->now + 2 * SECOND;
  }
  uint32_t events = written > 0 ? EPOLLIN : EPOLLOUT;
  if (peer->watched != events) watch(server, EPOLL_CTL_MOD, fd, peer->watched = events);
}

static void server_accept(struct server *server) {
  for (int i = 0; i < BATCH; i++) {  // so that a flood of connections does not starve the others
    int fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      // Without descriptors or memory the listener would stay ready for ever: look away until the next sweep.
      if (errno != EAGAIN && errno != ECONNABORTED) watch(server, EPOLL_CTL_MOD, server->listen_fd, 0);
      return;
    }
    server->peer_count++;
    server->peers[fd] = (struct peer){.drop_at = TW_NEVER, .watched = EPOLLIN};
    tw_status status = tw_conn_create(&server->config, &server->peers[fd].conn);
    if (status != TW_OK || watch(server, EPOLL_CTL_ADD, fd, EPOLLIN) != 0) peer_drop(server, fd);
  }
}

// Looks at all peers, for time-outs. After a signal it says goodbye, but not to who has not even said hello.
static void server_sweep(struct server *server) {
  server->swept = server->now;
  if (!stopping) {
    watch(server, EPOLL_CTL_MOD, server->listen_fd, EPOLLIN);
  } else if (server->listen_fd >= 0) {
    close(server->listen_fd);
    server->listen_fd = -1;
  }
  for (int fd = 0, left = server->peer_count; left > 0; fd++) {
    struct peer *peer = &server->peers[fd];
    if (peer->conn == NULL) continue;
    if (stopping && tw_conn_state(peer->conn) == TW_STATE_CONNECTING) peer->drop_at = 0;
    if (stopping) tw_conn_close(peer->conn, 1001, NULL, 0);  // refused where it is closing already: just as well
    peer_serve(server, fd, 0);
    left--;
  }
}

static void server_run(struct server *server) {
  while (server->listen_fd >= 0 || server->peer_count > 0) {
    struct epoll_event ready[BATCH];
    struct timespec time;
    int count = epoll_wait(server->epoll_fd, ready, BATCH, 1000);
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    server->now = (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
    for (int i = 0; i < count; i++) {
      if (ready[i].data.fd == server->listen_fd)
        server_accept(server);
      else
        peer_serve(server, ready[i].data.fd, 1);
    }
    if (server->now - server->swept >= SECOND || (stopping && server->listen_fd >= 0)) server_sweep(server);
  }
}

int main(int argc, char **argv) {
  uint16_t port = 9001;
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  if (argc > 3 || (argc > 1 && sscanf(argv[1], "%" SCNu16, &port) != 1) ||
      (argc > 2 && sscanf(argv[2], "%" SCNu64, &deflate.max_context_len) != 1)) {
    errx(2, "usage: %s [PORT [COMPRESSION_CONTEXT_LEN]]", argv[0]);
  }
  tw_pool_config pool = TW_POOL_CONFIG_INIT;
  pool.max_idle_len = 64 << 20;  // what a hundred peers read into at once
  static struct server server;   // all zero, so that the places of peers cost nothing before they are used
  server.config = (tw_conn_config)TW_CONN_CONFIG_INIT;
  server.config.deflate = &deflate;
  server.config.max_fragments = 1 << 17;  // of a message; memory and output have limits of their own
  server.config.close_timeout_ns = 3 * SECOND;
  if (tw_pool_create(&pool, &server.config.pool) != TW_OK) errx(1, "no memory");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t address_len = sizeof address;
  int on = 1, fd = server.listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||  // accepted sockets inherit it
      bind(fd, (struct sockaddr *)&address, address_len) != 0 || listen(fd, SOMAXCONN) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &address_len) != 0 ||
      (server.epoll_fd = epoll_create1(EPOLL_CLOEXEC)) < 0 || watch(&server, EPOLL_CTL_ADD, fd, EPOLLIN) != 0) {
    err(1, "port %u", port);
  }
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) err(1, "getrlimit");
  files.rlim_cur = files.rlim_max < PEER_CAP ? files.rlim_max : PEER_CAP;  // so that each has its place
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) err(1, "setrlimit");
  signal(SIGTERM, on_signal);
  signal(SIGINT, on_signal);
  dprintf(STDOUT_FILENO, "listening on 127.0.0.1:%u\n", ntohs(address.sin_port));
  server_run(&server);
  tw_pool_destroy(server.config.pool);
  return 0;
}
