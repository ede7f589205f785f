// SPDX-License-Identifier: MIT
// A WebSocket echo server by io_uring, Linux 6.1 or newer. One system call submits all requests and fetches what came
// of the last ones. The kernel takes a buffer when bytes arrive: a connection that waits has none. Replies are copied.
#define _GNU_SOURCE  // liburing.h
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <tidewire/tidewire.h>
#include <time.h>
#include <unistd.h>

// Requests and events at once; descriptors; pieces of output; buffers to receive into.
enum { BATCH = 512, PEER_CAP = 1 << 20, VIEW_CAP = 16, BUFFER_COUNT = 128, BUFFER_LEN = 64 << 10 };
#define SECOND UINT64_C(1000000000)        // in nanoseconds
enum { ACCEPT, RECEIVE, SEND, KIND_CAP };  // what is asked for; user data: KIND_CAP * descriptor + kind

struct peer {
  tw_conn *conn;        // NULL: the descriptor is none of a peer
  uint64_t drop_at;     // set when all is written, and only the peer's end is awaited
  int receives, sends;  // asked for, and not yet done: till then the descriptor stays open
  int ended, lost;      // its end was received; to be dropped
  struct msghdr message;
  tw_view views[VIEW_CAP];
};

struct server {
  tw_conn_config config;
  struct io_uring ring;
  void *buffers;  // struct io_uring_buf_ring
  int listen_fd, accepts, peer_count;
  uint64_t now, swept;          // swept: when all peers were looked at
  struct peer peers[PEER_CAP];  // by descriptor
  uint8_t memory[BUFFER_COUNT][BUFFER_LEN];
};

static struct io_uring_sqe *next_request(struct server *server, int fd, int kind) {
  struct io_uring_sqe *request = io_uring_get_sqe(&server->ring);
  if (request == NULL) io_uring_submit(&server->ring);  // which makes room
  if (request == NULL) request = io_uring_get_sqe(&server->ring);
  io_uring_sqe_set_data64(request, (uint64_t)fd * KIND_CAP + (unsigned)kind);
  return request;
}

static void accept_more(struct server *server) {
  struct io_uring_sqe *request = next_request(server, server->listen_fd, ACCEPT);
  io_uring_prep_multishot_accept(request, server->listen_fd, NULL, NULL, SOCK_CLOEXEC);
  server->accepts = 1;
}

static void give_buffer(struct server *server, uint32_t id) {
  io_uring_buf_ring_add(server->buffers, server->memory[id], BUFFER_LEN, (unsigned short)id, BUFFER_COUNT - 1, 0);
  io_uring_buf_ring_advance(server->buffers, 1);
}

// Asks for what the peer can do next, or drops it once nothing is asked for.
static void peer_go(struct server *server, int fd) {
  struct peer *peer = &server->peers[fd];
  uint32_t wants = tw_conn_wants(peer->conn);
  if (wants == TW_WANT_CLOSE && peer->drop_at == TW_NEVER) {
    shutdown(fd, SHUT_WR);  // to close it with input unread would reset it, and lose our last bytes
    peer->drop_at = server->now + 2 * SECOND;
  }
  if (peer->lost || server->now >= peer->drop_at || (wants == TW_WANT_CLOSE && peer->ended)) {
    peer->lost = 1;
    shutdown(fd, SHUT_RDWR);  // ends what is asked for
    if (peer->receives || peer->sends) return;
    tw_conn_destroy(peer->conn);
    peer->conn = NULL;
    server->peer_count--;
    close(fd);
    return;
  }
  if (!peer->sends && (wants & TW_WANT_WRITE) != 0) {
    tw_conn_output(peer->conn, peer->views, VIEW_CAP, &peer->message.msg_iovlen);
    peer->message.msg_iov = (struct iovec *)peer->views;
    struct io_uring_sqe *request = next_request(server, fd, SEND);
    io_uring_prep_sendmsg(request, fd, &peer->message, MSG_NOSIGNAL);
    peer->sends = 1;
  }
  if (!peer->receives && !peer->ended && (wants & TW_WANT_PAUSE) == 0) {
    struct io_uring_sqe *request = next_request(server, fd, RECEIVE);
    io_uring_prep_recv(request, fd, NULL, BUFFER_LEN, 0);
    io_uring_sqe_set_flags(request, IOSQE_BUFFER_SELECT);
    peer->receives = 1;
  }
}

static void peer_echo(struct peer *peer, uint64_t now, uint8_t *data, size_t len) {
  tw_status status = TW_NEED_ROOM;
  tw_conn_tick(peer->conn, now, &(uint64_t){0});
  size_t event_count, consumed, queued;
  for (; status == TW_NEED_ROOM; data += consumed, len -= consumed) {
    tw_event events[BATCH];
    tw_message replies[BATCH];
    size_t reply_count = 0;
    status = tw_conn_receive(peer->conn, data, len, events, BATCH, &event_count, &consumed);
    for (const tw_event *event = events; event < events + event_count; event++)
      if (event->type == TW_EVENT_MESSAGE)
        replies[reply_count++] = (tw_message){event->data, (size_t)event->len, event->opcode, TW_SEND_VALID_UTF8};
    tw_status sent = tw_conn_send_batch(peer->conn, replies, reply_count, &queued);
    if (sent != TW_OK && sent != TW_ERR_STATE) peer->lost = 1;  // TW_ERR_STATE: a close frame of ours is on its way
  }
  tw_conn_receive(peer->conn, NULL, 0, NULL, 0, &event_count, &consumed);  // gives the memory of the events back
}

static void server_handle(struct server *server, uint64_t user_data, int result, uint32_t flags) {
  int kind = (int)(user_data % KIND_CAP), fd = kind == ACCEPT ? result : (int)(user_data / KIND_CAP);
  struct peer *peer = &server->peers[fd < 0 ? 0 : fd];
  if (kind == ACCEPT) {
    server->accepts = (flags & IORING_CQE_F_MORE) != 0;  // without descriptors it ends, until the next second
    if (fd < 0) return;
    server->peer_count++;
    *peer = (struct peer){.drop_at = TW_NEVER};
    peer->lost = tw_conn_create(&server->config, &peer->conn) != TW_OK;
  } else if (kind == RECEIVE) {
    peer->receives = 0;
    if (result > 0) peer_echo(peer, server->now, server->memory[flags >> IORING_CQE_BUFFER_SHIFT], (size_t)result);
    if ((flags & IORING_CQE_F_BUFFER) != 0) give_buffer(server, flags >> IORING_CQE_BUFFER_SHIFT);
    peer->ended = result == 0;
    if (peer->ended) tw_conn_receive_eof(peer->conn);
    if (result < 0 && result != -ENOBUFS) peer->lost = 1;  // ENOBUFS: asked for again, when others gave theirs back
  } else {
    peer->sends = 0;
    peer->lost |= result < 0;
    tw_conn_output_consume(peer->conn, result > 0 ? (size_t)result : 0);
  }
  peer_go(server, fd);
}

static void server_run(struct server *server) {
  for (;;) {
    struct __kernel_timespec second = {.tv_sec = 1};
    struct timespec time;
    struct io_uring_cqe *done;
    unsigned head, count = 0;
    int result = io_uring_submit_and_wait_timeout(&server->ring, &done, 1, &second, NULL);
    if (result < 0 && result != -ETIME && result != -EINTR) errx(1, "io_uring: %s", strerror(-result));
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    server->now = (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
    io_uring_for_each_cqe(&server->ring, head, done) {
      server_handle(server, done->user_data, done->res, done->flags);
      count++;
    }
    io_uring_cq_advance(&server->ring, count);
    if (server->now - server->swept < SECOND) continue;
    server->swept = server->now;
    if (!server->accepts) accept_more(server);
    for (int fd = 0, left = server->peer_count; left > 0; fd++) {  // for time-outs
      struct peer *peer = &server->peers[fd];
      if (peer->conn == NULL) continue;
      left--;
      peer->lost |= tw_conn_tick(peer->conn, server->now, &(uint64_t){0}) == TW_ERR_TIMEOUT_CLOSE;
      peer_go(server, fd);
    }
  }
}

static void server_open(struct server *server) {
  struct io_uring_buf_reg buffers = {.ring_entries = BUFFER_COUNT};
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  int result = io_uring_queue_init(BATCH, &server->ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
  if (result == 0) result = -posix_memalign(&server->buffers, page, BUFFER_COUNT * sizeof(struct io_uring_buf));
  buffers.ring_addr = (uintptr_t)server->buffers;
  if (result == 0) result = io_uring_register_buf_ring(&server->ring, &buffers, 0);
  if (result < 0) errx(77, "io_uring: %s", strerror(-result));  // a test is then skipped
  io_uring_buf_ring_init(server->buffers);
  for (uint32_t id = 0; id < BUFFER_COUNT; id++) give_buffer(server, id);
  accept_more(server);
}

int main(int argc, char **argv) {
  uint16_t port = 9001;
  if (argc > 2 || (argc > 1 && sscanf(argv[1], "%" SCNu16, &port) != 1)) errx(2, "usage: %s [PORT]", argv[0]);
  static struct server server;
  server.config = (tw_conn_config)TW_CONN_CONFIG_INIT;
  if (tw_pool_create(NULL, &server.config.pool) != TW_OK) errx(1, "no memory");
  struct sockaddr_in address = {AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {0}};
  socklen_t address_len = sizeof address;
  int on = 1, fd = server.listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||  // accepted sockets inherit it
      bind(fd, (struct sockaddr *)&address, address_len) != 0 || listen(fd, SOMAXCONN) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &address_len) != 0)
    err(1, "port %u", port);
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) err(1, "getrlimit");
  files.rlim_cur = files.rlim_max < PEER_CAP ? files.rlim_max : PEER_CAP;  // so that each has its place
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) err(1, "setrlimit");
  server_open(&server);
  dprintf(STDOUT_FILENO, "listening on 127.0.0.1:%u\n", ntohs(address.sin_port));
  server_run(&server);
}
