// SPDX-License-Identifier: MIT
// A WebSocket echo server over TLS for Linux. OpenSSL and the engine only see memory: between OpenSSL and the socket
// are the two rings of a BIO pair. A step waits until there is room for what it makes: who takes nothing is not read.
//   socket -> ring -> SSL_read -> engine -> SSL_write -> ring -> socket. Each returns whether it moved anything.
#define _GNU_SOURCE  // accept4
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <tidewire/tidewire.h>
#include <time.h>
#include <unistd.h>

// Events at once; descriptors; rounds of the steps in a row; room for a record of TLS.
enum { BATCH = 512, PEER_CAP = 1 << 20, TURN_CAP = 64, RING_LEN = 17 << 10 };
#define SECOND UINT64_C(1000000000)  // in nanoseconds

struct peer {
  tw_conn *conn;  // NULL: the descriptor is none of a peer
  SSL *tls;
  BIO *network;      // our end of the pair
  uint64_t drop_at;  // set when all is written, and only the peer's end is awaited
  uint32_t ready;    // EPOLLIN, EPOLLOUT: until a read or a write shows that it is not
  int ended, lost;   // nothing more can be read, or nothing done
};

struct server {
  tw_conn_config config;
  SSL_CTX *tls;
  int epoll_fd, listen_fd, peer_count;
  uint64_t now, swept;          // swept: when all peers were looked at
  struct peer peers[PEER_CAP];  // by descriptor
};

// Edge-triggered: a peer that takes no output, or is not read because of that, wakes nobody.
static int watch(struct server *server, int op, int fd) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.fd = fd}};
  return epoll_ctl(server->epoll_fd, op, fd, &event);
}

static void peer_drop(struct server *server, int fd) {
  struct peer *peer = &server->peers[fd];
  tw_conn_destroy(peer->conn);
  SSL_free(peer->tls);
  BIO_free(peer->network);
  *peer = (struct peer){0};
  server->peer_count--;
  close(fd);  // which takes it out of the epoll set
}

static int socket_to_ring(struct peer *peer, int fd) {
  char *room;
  int cap = BIO_nwrite0(peer->network, &room);
  if (cap <= 0 || (peer->ready & EPOLLIN) == 0 || peer->ended) return 0;
  ssize_t got = read(fd, room, (size_t)cap);
  if (got > 0) return BIO_nwrite(peer->network, &room, (int)got) > 0;
  if (got == 0) BIO_shutdown_wr(peer->network);  // SSL_read tells whether TLS was at its end, too
  if (got < 0 && errno != EAGAIN) peer->lost = 1;
  peer->ready &= ~(uint32_t)EPOLLIN;
  return got == 0;
}

static int tls_to_engine(struct peer *peer, uint64_t now) {
  uint8_t *room;
  size_t room_cap, got = 0, event_count, reply_count = 0, queued;
  if (peer->ended || (tw_conn_wants(peer->conn) & TW_WANT_WRITE) != 0) return 0;
  tw_status status = tw_conn_read_buffer(peer->conn, 0, &room, &room_cap);
  if (status == TW_OK && !SSL_read_ex(peer->tls, room, room_cap, &got)) {
    int error = SSL_get_error(peer->tls, 0);
    ERR_clear_error();
    peer->ended = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
    if (peer->ended && error != SSL_ERROR_ZERO_RETURN) peer->drop_at = now + 2 * SECOND;  // with an alert at most
  }
  tw_event events[BATCH];
  tw_message replies[BATCH];
  int more = tw_conn_read_commit(peer->conn, got, events, BATCH, &event_count) == TW_NEED_ROOM;
  for (const tw_event *event = events; event < events + event_count; event++)
    if (event->type == TW_EVENT_MESSAGE)
      replies[reply_count++] = (tw_message){event->data, (size_t)event->len, event->opcode, TW_SEND_VALID_UTF8};
  status = tw_conn_send_batch(peer->conn, replies, reply_count, &queued);
  if (status != TW_OK && status != TW_ERR_STATE) peer->lost = 1;  // TW_ERR_STATE: a close frame of ours is on its way
  if (peer->ended) tw_conn_receive_eof(peer->conn);
  return got > 0 || more || peer->ended;
}

static int engine_to_tls(struct peer *peer) {
  tw_view view;
  size_t count, written = 0;
  tw_conn_output(peer->conn, &view, 1, &count);
  if (count > 0 && !SSL_write_ex(peer->tls, view.data, view.len, &written)) ERR_clear_error();
  tw_conn_output_consume(peer->conn, written);
  return written > 0;
}

static int ring_to_socket(struct peer *peer, int fd) {
  char *data;
  int len = BIO_nread0(peer->network, &data);
  if (len <= 0 || (peer->ready & EPOLLOUT) == 0) return 0;
  ssize_t written = send(fd, data, (size_t)len, MSG_NOSIGNAL);
  if (written > 0) return BIO_nread(peer->network, &data, (int)written) > 0;
  if (errno != EAGAIN) peer->lost = 1;
  peer->ready &= ~(uint32_t)EPOLLOUT;
  return 0;
}

static void peer_serve(struct server *server, int fd) {
  struct peer *peer = &server->peers[fd];
  int moved = 1;
  if (tw_conn_tick(peer->conn, server->now, &(uint64_t){0}) == TW_ERR_TIMEOUT_CLOSE) peer->lost = 1;
  for (int turn = 0; moved && !peer->lost && turn < TURN_CAP; turn++) {
    moved = socket_to_ring(peer, fd) | tls_to_engine(peer, server->now) | engine_to_tls(peer);
    if (tw_conn_wants(peer->conn) == TW_WANT_CLOSE && peer->drop_at == TW_NEVER) {
      SSL_shutdown(peer->tls);  // close_notify
      ERR_clear_error();
      peer->drop_at = server->now + 2 * SECOND;
    }
    moved |= ring_to_socket(peer, fd);
  }
  int written = peer->drop_at != TW_NEVER && BIO_ctrl_pending(peer->network) == 0;
  if (written) shutdown(fd, SHUT_WR);  // to close it with input unread would reset it, and lose our last bytes
  if (written && peer->ended) peer->lost = 1;
  if (moved) watch(server, EPOLL_CTL_MOD, fd);  // goes on when the others had their turn
  if (peer->lost || server->now >= peer->drop_at) peer_drop(server, fd);
}

static void server_accept(struct server *server) {  // without descriptors or memory the rest waits for the next second
  for (int fd; (fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    struct peer *peer = &server->peers[fd];
    BIO *inner = NULL;
    server->peer_count++;
    *peer = (struct peer){.tls = SSL_new(server->tls), .drop_at = TW_NEVER};
    int made = peer->tls != NULL && BIO_new_bio_pair(&inner, RING_LEN, &peer->network, RING_LEN) == 1;
    if (made) SSL_set_bio(peer->tls, inner, inner);
    if (made) SSL_set_accept_state(peer->tls);
    made = made && tw_conn_create(&server->config, &peer->conn) == TW_OK && watch(server, EPOLL_CTL_ADD, fd) == 0;
    if (!made) peer_drop(server, fd);
  }
}

static void server_run(struct server *server) {
  for (;;) {
    struct epoll_event ready[BATCH];
    struct timespec time;
    int count = epoll_wait(server->epoll_fd, ready, BATCH, 1000);
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    server->now = (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
    for (int i = 0; i < count; i++) {
      int fd = ready[i].data.fd;
      server->peers[fd].ready |= ready[i].events;
      if (fd == server->listen_fd) server_accept(server);
      if (server->peers[fd].conn != NULL) peer_serve(server, fd);
    }
    if (server->now - server->swept < SECOND) continue;
    server->swept = server->now;
    server_accept(server);
    for (int fd = 0, left = server->peer_count; left > 0; fd++) {  // for time-outs
      if (server->peers[fd].conn == NULL) continue;
      left--;
      peer_serve(server, fd);
    }
  }
}

int main(int argc, char **argv) {
  uint16_t port;
  if (argc != 4 || sscanf(argv[1], "%" SCNu16, &port) != 1) errx(2, "usage: %s PORT CERTIFICATE KEY", argv[0]);
  static struct server server;
  server.config = (tw_conn_config)TW_CONN_CONFIG_INIT;
  server.tls = SSL_CTX_new(TLS_server_method());
  if (server.tls == NULL || SSL_CTX_set_min_proto_version(server.tls, TLS1_2_VERSION) != 1 ||
      SSL_CTX_use_certificate_chain_file(server.tls, argv[2]) != 1 ||
      SSL_CTX_use_PrivateKey_file(server.tls, argv[3], SSL_FILETYPE_PEM) != 1)
    errx(1, "%s", ERR_error_string(ERR_peek_last_error(), NULL));
  SSL_CTX_set_options(server.tls, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(server.tls, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_mode(server.tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (tw_pool_create(NULL, &server.config.pool) != TW_OK) errx(1, "no memory");
  struct sockaddr_in address = {AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {0}};
  socklen_t address_len = sizeof address;
  int on = 1, fd = server.listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  server.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||  // accepted sockets inherit it
      bind(fd, (struct sockaddr *)&address, address_len) != 0 || listen(fd, SOMAXCONN) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &address_len) != 0 || watch(&server, EPOLL_CTL_ADD, fd) != 0)
    err(1, "port %u", port);
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) err(1, "getrlimit");
  files.rlim_cur = files.rlim_max < PEER_CAP ? files.rlim_max : PEER_CAP;  // so that each has its place
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) err(1, "setrlimit");
  dprintf(STDOUT_FILENO, "listening on 127.0.0.1:%u\n", ntohs(address.sin_port));
  server_run(&server);
}
