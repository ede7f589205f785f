// SPDX-License-Identifier: MIT
//
// A WebSocket echo server over TLS for Linux: `tls_echo_server HOST PORT CERTIFICATE_FILE KEY_FILE`. OpenSSL and the
// engine only see memory. A BIO pair stands between OpenSSL and the socket: two rings of RING_LEN bytes, which are read
// from and written to where they lie. Each step waits until there is room for what it makes, so that a peer that takes
// nothing is not read either:
//   socket -> ring -> SSL_read -> engine -> SSL_write -> ring -> socket
#define _GNU_SOURCE  // accept4
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <tidewire/tidewire.h>
#include <time.h>
#include <unistd.h>

enum {
  RING_LEN = 17 << 10,
  MESSAGE_LEN = 1 << 20,
  EVENT_CAP = 256,
  READY_CAP = 256,
  TURN_CAP = 64
};  // RING_LEN: a record fits

#define SECOND UINT64_C(1000000000)  // times are in nanoseconds
#define LINGER (2 * SECOND)          // for a peer to close its end after we closed ours

struct peer {
  int fd;
  int ended, lost;  // nothing more can be read; it is to be freed
  uint32_t ready;   // EPOLLIN, EPOLLOUT: until a read or a write shows that it is not
  uint64_t drop_at;
  SSL *tls;
  BIO *network;  // the end of the pair that is ours
  tw_conn *conn;
  struct peer *next;
};

struct server {
  int epoll_fd, listen_fd;
  int stirred;  // somebody may have more to do, or is lost, and no event will tell
  uint64_t now, swept;
  struct peer *peers;
  SSL_CTX *tls;
  tw_conn_config config;
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int number) { stop_signal = number; }

// Each of the four steps returns whether it moved anything.

static int socket_to_ring(struct peer *peer) {
  char *room;
  int cap = BIO_nwrite0(peer->network, &room);
  if (cap <= 0 || peer->ended || (peer->ready & EPOLLIN) == 0) return 0;
  ssize_t got = recv(peer->fd, room, (size_t)cap, 0);
  if (got > 0) return BIO_nwrite(peer->network, &room, (int)got) > 0;
  peer->ready &= ~(uint32_t)EPOLLIN;
  if (got < 0 && errno != EAGAIN) peer->lost = 1;
  if (got == 0) BIO_shutdown_wr(peer->network);  // SSL_read tells whether that was the end of TLS, too
  return got == 0;
}

static int ring_to_socket(struct peer *peer) {
  char *data;
  int len = BIO_nread0(peer->network, &data);
  if (len <= 0 || (peer->ready & EPOLLOUT) == 0) return 0;
  ssize_t sent = send(peer->fd, data, (size_t)len, MSG_NOSIGNAL);
  if (sent > 0) return BIO_nread(peer->network, &data, (int)sent) > 0;
  peer->ready &= ~(uint32_t)EPOLLOUT;
  if (errno != EAGAIN) peer->lost = 1;
  return 0;
}

// The engine's output is empty before more is read: replies are bounded by what one SSL_read gives, and one message.
static int tls_to_engine(struct server *server, struct peer *peer) {
  uint8_t *room;
  size_t cap, got = 0, count, sent;
  if (peer->ended || (tw_conn_wants(peer->conn) & TW_WANT_WRITE) != 0) return 0;
  if (tw_conn_read_buffer(peer->conn, 0, &room, &cap) != TW_OK) {
    peer->lost = 1;
    return 0;
  }
  if (!SSL_read_ex(peer->tls, room, cap, &got)) {
    int error = SSL_get_error(peer->tls, 0);
    ERR_clear_error();
    peer->ended = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
    // Not close_notify but an error: an alert may be left to send, and nothing else.
    if (peer->ended && error != SSL_ERROR_ZERO_RETURN) peer->drop_at = server->now + LINGER;
  }
  tw_status status = TW_NEED_ROOM;
  for (size_t len = got; status == TW_NEED_ROOM; len = 0) {
    tw_event events[EVENT_CAP];
    status = tw_conn_read_commit(peer->conn, len, events, EVENT_CAP, &count);
    tw_message replies[EVENT_CAP];
    size_t reply_count = 0;
    for (size_t i = 0; i < count; i++) {
      if (events[i].type != TW_EVENT_MESSAGE) continue;
      replies[reply_count++] = (tw_message){.data = events[i].data,
                                            .len = (size_t)events[i].len,
                                            .opcode = events[i].opcode,
                                            .flags = TW_SEND_VALID_UTF8};
    }
    tw_conn_send_batch(peer->conn, replies, reply_count, &sent);
  }
  if (peer->ended) tw_conn_receive_eof(peer->conn);
  return got > 0 || peer->ended;
}

static int engine_to_tls(struct peer *peer) {
  tw_view view;
  size_t count, written = 0;
  tw_conn_output(peer->conn, &view, 1, &count);
  if (count == 0 || !SSL_write_ex(peer->tls, view.data, view.len, &written)) ERR_clear_error();
  tw_conn_output_consume(peer->conn, written);
  return written > 0;
}

static void peer_serve(struct server *server, struct peer *peer) {
  uint64_t deadline;
  if (tw_conn_tick(peer->conn, server->now, &deadline) == TW_ERR_TIMEOUT_CLOSE) peer->lost = 1;
  int moved = 1;
  for (int turn = 0; moved && turn < TURN_CAP && !peer->lost; turn++) {
    moved = engine_to_tls(peer);
    if (tw_conn_wants(peer->conn) == TW_WANT_CLOSE && peer->drop_at == TW_NEVER) {
      SSL_shutdown(peer->tls);  // close_notify
      peer->drop_at = server->now + LINGER;
    }
    moved |= ring_to_socket(peer) | socket_to_ring(peer) | tls_to_engine(server, peer);
  }
  if (peer->drop_at != TW_NEVER && BIO_ctrl_pending(peer->network) == 0) {
    shutdown(peer->fd, SHUT_WR);
    if (peer->ended) peer->lost = 1;
  }
  if (server->now >= peer->drop_at) peer->lost = 1;
  if (moved || peer->lost) server->stirred = 1;
}

// Edge-triggered: a peer that takes no output, or is not read for a while, wakes nobody. The listener has no peer.
static int watch(struct server *server, int fd, struct peer *peer) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = peer}};
  return epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

// Without descriptors or memory the rest waits for the next sweep.
static void server_accept(struct server *server) {
  for (int fd; (fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    struct peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL) {
      close(fd);
      continue;
    }
    peer->fd = fd;
    peer->drop_at = TW_NEVER;
    peer->next = server->peers;
    server->peers = peer;
    peer->tls = SSL_new(server->tls);
    BIO *inner = NULL;
    int made = peer->tls != NULL && BIO_new_bio_pair(&inner, RING_LEN, &peer->network, RING_LEN) == 1 &&
               tw_conn_create(&server->config, &peer->conn) == TW_OK && watch(server, fd, peer);
    if (made) {
      SSL_set_bio(peer->tls, inner, inner);
      SSL_set_accept_state(peer->tls);
    } else {
      BIO_free(inner);
      peer->lost = server->stirred = 1;
    }
  }
}

// Serves everybody, and frees who is lost: not while events are handled, which may name it.
static void server_sweep(struct server *server) {
  server->stirred = 0;
  for (struct peer **link = &server->peers, *peer; (peer = *link) != NULL;) {
    if (!peer->lost) peer_serve(server, peer);
    if (peer->lost) {
      *link = peer->next;
      tw_conn_destroy(peer->conn);
      SSL_free(peer->tls);
      BIO_free(peer->network);
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
  if (argc != 5) errx(2, "usage: tls_echo_server HOST PORT CERTIFICATE_FILE KEY_FILE");
  static struct server server = {.config = TW_CONN_CONFIG_INIT};
  if (tw_pool_create(NULL, &server.config.pool) != TW_OK) errx(1, "no memory");
  server.config.max_message_len = server.config.max_frame_len = MESSAGE_LEN;
  server.tls = SSL_CTX_new(TLS_server_method());
  if (server.tls == NULL || SSL_CTX_set_min_proto_version(server.tls, TLS1_2_VERSION) != 1 ||
      SSL_CTX_use_certificate_chain_file(server.tls, argv[3]) != 1 ||
      SSL_CTX_use_PrivateKey_file(server.tls, argv[4], SSL_FILETYPE_PEM) != 1) {
    ERR_print_errors_fp(stderr);
    return 1;
  }
  SSL_CTX_set_options(server.tls, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(server.tls,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  signal(SIGTERM, on_signal);
  signal(SIGINT, on_signal);
  server.listen_fd = listen_at(argv[1], argv[2]);
  server.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (!watch(&server, server.listen_fd, NULL)) err(1, "epoll");
  server_run(&server);
  // Says goodbye, as far as the sockets take it at once.
  for (struct peer *peer = server.peers; peer != NULL; peer = peer->next) {
    tw_conn_close(peer->conn, 1001, NULL, 0);
    peer_serve(&server, peer);
    peer->lost = 1;
  }
  server_sweep(&server);
  SSL_CTX_free(server.tls);
  tw_pool_destroy(server.config.pool);
  return 0;
}
