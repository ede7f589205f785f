// SPDX-License-Identifier: MIT
//
// A WebSocket echo server for Linux by io_uring (5.19 or newer): `uring_echo_server HOST PORT`. One system call submits
// what all connections want next, and fetches what came of what they wanted before. The kernel chooses the buffer when
// bytes arrive, so that a connection that waits holds none; it is given back as soon as the engine has taken them.
#define _GNU_SOURCE  // liburing.h
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <tidewire/tidewire.h>
#include <time.h>
#include <unistd.h>

enum { QUEUE_CAP = 1024, BUFFER_LEN = 32 << 10, BUFFER_COUNT = 128, EVENT_CAP = 256, VIEW_CAP = 16 };
enum { REFUSED = 77 };  // exit status: the kernel has no io_uring, or keeps it to itself

#define SECOND UINT64_C(1000000000)  // times are in nanoseconds
#define LINGER (2 * SECOND)          // for a peer to close its end after we closed ours

// What a completion belongs to: in the lowest bits of its user data, beside the peer.
enum { ACCEPT, RECEIVE, SEND, KIND_MASK = 3 };

struct peer {
  int fd;
  int receives, sends;  // a request is with the kernel
  int ended, lost;      // its end was read; to be freed when no request is left
  uint64_t drop_at;
  tw_conn *conn;
  struct msghdr message;
  tw_view views[VIEW_CAP];
  struct peer *next, **link;  // link: what points here
};

struct server {
  struct io_uring ring;
  struct io_uring_buf_ring *buffers;
  uint8_t *memory;  // of the buffers
  int listen_fd, accepts, stopping;
  uint64_t now, swept;
  struct peer *peers;
  tw_conn_config config;
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int number) { stop_signal = number; }

static struct io_uring_sqe *next_request(struct server *server) {
  struct io_uring_sqe *request = io_uring_get_sqe(&server->ring);
  if (request == NULL) io_uring_submit(&server->ring);
  return request != NULL ? request : io_uring_get_sqe(&server->ring);
}

static void buffer_give(struct server *server, int id) {
  io_uring_buf_ring_add(server->buffers, server->memory + (size_t)id * BUFFER_LEN, BUFFER_LEN, (unsigned short)id,
                        io_uring_buf_ring_mask(BUFFER_COUNT), 0);
  io_uring_buf_ring_advance(server->buffers, 1);
}

// Asks the kernel for what the peer can do next. It is freed when the kernel knows it no more.
static void peer_go(struct server *server, struct peer *peer) {
  uint32_t wants = tw_conn_wants(peer->conn);
  if (wants == TW_WANT_CLOSE && peer->drop_at == TW_NEVER) {
    // To close a socket that has unread input would reset the connection, and the last bytes could get lost.
    shutdown(peer->fd, SHUT_WR);
    peer->drop_at = server->now + LINGER;
  }
  if (server->now >= peer->drop_at || (wants == TW_WANT_CLOSE && peer->ended)) peer->lost = 1;
  if (peer->lost) {
    shutdown(peer->fd, SHUT_RDWR);  // ends what the kernel still has
    if (peer->receives || peer->sends) return;
    if (peer->next != NULL) peer->next->link = peer->link;
    *peer->link = peer->next;
    tw_conn_destroy(peer->conn);
    close(peer->fd);
    free(peer);
    return;
  }
  if (!peer->sends && (wants & TW_WANT_WRITE) != 0) {
    size_t count;
    tw_conn_output(peer->conn, peer->views, VIEW_CAP, &count);
    peer->message = (struct msghdr){.msg_iov = (struct iovec *)peer->views, .msg_iovlen = count};
    struct io_uring_sqe *request = next_request(server);
    io_uring_prep_sendmsg(request, peer->fd, &peer->message, MSG_NOSIGNAL);
    io_uring_sqe_set_data64(request, (uintptr_t)peer | SEND);
    peer->sends = 1;
  }
  if (!peer->receives && !peer->ended && (wants & TW_WANT_PAUSE) == 0) {
    struct io_uring_sqe *request = next_request(server);
    io_uring_prep_recv(request, peer->fd, NULL, BUFFER_LEN, 0);
    request->flags |= IOSQE_BUFFER_SELECT;
    request->buf_group = 0;
    io_uring_sqe_set_data64(request, (uintptr_t)peer | RECEIVE);
    peer->receives = 1;
  }
}

// Replies are copied: what they were read into is given back before they are written. Returns 0 without memory for
// them.
static int peer_echo(struct peer *peer, uint8_t *data, size_t len) {
  tw_status status = TW_NEED_ROOM;
  for (size_t consumed; status == TW_NEED_ROOM; data += consumed, len -= consumed) {
    tw_event events[EVENT_CAP];
    tw_message replies[EVENT_CAP];
    size_t count, reply_count = 0, sent;
    status = tw_conn_receive(peer->conn, data, len, events, EVENT_CAP, &count, &consumed);
    for (size_t i = 0; i < count; i++) {
      if (events[i].type != TW_EVENT_MESSAGE) continue;
      replies[reply_count++] = (tw_message){.data = events[i].data,
                                            .len = (size_t)events[i].len,
                                            .opcode = events[i].opcode,
                                            .flags = TW_SEND_VALID_UTF8};
    }
    tw_status queued = tw_conn_send_batch(peer->conn, replies, reply_count, &sent);
    if (queued != TW_OK && queued != TW_ERR_STATE) return 0;  // TW_ERR_STATE: a close frame of ours is on its way
  }
  size_t count, consumed;
  tw_conn_receive(peer->conn, NULL, 0, NULL, 0, &count, &consumed);  // gives back the memory of the events
  return 1;
}

static void peer_received(struct server *server, struct peer *peer, const struct io_uring_cqe *done) {
  uint64_t deadline;
  tw_conn_tick(peer->conn, server->now, &deadline);
  peer->receives = 0;
  if (done->flags & IORING_CQE_F_BUFFER) {
    int id = (int)(done->flags >> IORING_CQE_BUFFER_SHIFT);
    size_t len = done->res > 0 ? (size_t)done->res : 0;
    if (!peer_echo(peer, server->memory + (size_t)id * BUFFER_LEN, len)) peer->lost = 1;
    buffer_give(server, id);
  }
  if (done->res == 0) {
    peer->ended = 1;
    tw_conn_receive_eof(peer->conn);
  }
  // Without a buffer it is asked again: all that were taken are back by then.
  if (done->res < 0 && done->res != -ENOBUFS && done->res != -EINTR) peer->lost = 1;
}

static void server_accept(struct server *server) {
  struct io_uring_sqe *request = next_request(server);
  io_uring_prep_multishot_accept(request, server->listen_fd, NULL, NULL, SOCK_CLOEXEC);
  io_uring_sqe_set_data64(request, ACCEPT);
  server->accepts = 1;
}

static void peer_add(struct server *server, int fd) {
  struct peer *peer = calloc(1, sizeof *peer);
  if (peer == NULL || tw_conn_create(&server->config, &peer->conn) != TW_OK) {
    free(peer);
    close(fd);
    return;
  }
  peer->fd = fd;
  peer->drop_at = TW_NEVER;
  peer->next = server->peers;
  peer->link = &server->peers;
  if (peer->next != NULL) peer->next->link = &peer->next;
  server->peers = peer;
  peer_go(server, peer);
}

static void server_handle(struct server *server, const struct io_uring_cqe *done) {
  uint64_t kind = done->user_data & KIND_MASK;
  struct peer *peer = (struct peer *)(uintptr_t)(done->user_data - kind);
  if (kind == ACCEPT) {
    if ((done->flags & IORING_CQE_F_MORE) == 0) server->accepts = 0;  // without descriptors: until the next sweep
    if (done->res >= 0) peer_add(server, done->res);
    return;
  }
  if (kind == RECEIVE) {
    peer_received(server, peer, done);
  } else {
    peer->sends = 0;
    if (done->res > 0) tw_conn_output_consume(peer->conn, (size_t)done->res);
    if (done->res < 0 && done->res != -EINTR) peer->lost = 1;
  }
  peer_go(server, peer);
}

static void server_sweep(struct server *server) {
  server->swept = server->now;
  for (struct peer *peer = server->peers, *next; peer != NULL; peer = next) {
    next = peer->next;
    uint64_t deadline;
    if (tw_conn_tick(peer->conn, server->now, &deadline) == TW_ERR_TIMEOUT_CLOSE) peer->lost = 1;
    peer_go(server, peer);
  }
  if (!server->accepts && !server->stopping) server_accept(server);
}

// Says goodbye to everybody.
static void server_stop(struct server *server) {
  server->stopping = 1;
  shutdown(server->listen_fd, SHUT_RD);
  for (struct peer *peer = server->peers; peer != NULL; peer = peer->next) {
    tw_conn_close(peer->conn, 1001, NULL, 0);
    peer->drop_at = server->now + LINGER;
  }
  server_sweep(server);
}

static void server_run(struct server *server) {
  while (!server->stopping || server->peers != NULL) {
    struct __kernel_timespec second = {.tv_sec = 1};
    struct io_uring_cqe *done;
    int status = io_uring_submit_and_wait_timeout(&server->ring, &done, 1, &second, NULL);
    if (status < 0 && status != -ETIME && status != -EINTR) errx(1, "io_uring: %s", strerror(-status));
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    server->now = (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
    unsigned head, count = 0;
    io_uring_for_each_cqe(&server->ring, head, done) {
      server_handle(server, done);
      count++;
    }
    io_uring_cq_advance(&server->ring, count);
    if (server->now - server->swept >= SECOND) server_sweep(server);
    if (stop_signal != 0 && !server->stopping) server_stop(server);
  }
}

static void server_open(struct server *server) {
  int status = io_uring_queue_init(QUEUE_CAP, &server->ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
  if (status == -EINVAL) status = io_uring_queue_init(QUEUE_CAP, &server->ring, 0);  // older than 6.1
  struct io_uring_buf_reg buffers = {.ring_entries = BUFFER_COUNT};
  if (posix_memalign((void **)&server->buffers, (size_t)sysconf(_SC_PAGESIZE),
                     BUFFER_COUNT * sizeof(struct io_uring_buf)) != 0)
    errx(1, "no memory");
  server->memory = malloc((size_t)BUFFER_COUNT * BUFFER_LEN);
  if (server->memory == NULL) errx(1, "no memory");
  buffers.ring_addr = (uintptr_t)server->buffers;
  if (status == 0) status = io_uring_register_buf_ring(&server->ring, &buffers, 0);
  if (status < 0) {
    warnx("io_uring: %s", strerror(-status));
    exit(REFUSED);
  }
  io_uring_buf_ring_init(server->buffers);
  for (int id = 0; id < BUFFER_COUNT; id++) buffer_give(server, id);
  server_accept(server);
}

static int listen_at(const char *host, const char *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
  socklen_t address_len = sizeof address;
  int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
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
  if (argc != 3) errx(2, "usage: uring_echo_server HOST PORT");
  static struct server server = {.config = TW_CONN_CONFIG_INIT};
  if (tw_pool_create(NULL, &server.config.pool) != TW_OK) errx(1, "no memory");
  struct sigaction stop = {.sa_handler = on_signal};
  sigaction(SIGTERM, &stop, NULL);  // without SA_RESTART: it interrupts the wait
  sigaction(SIGINT, &stop, NULL);
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) err(1, "getrlimit");
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  server.listen_fd = listen_at(argv[1], argv[2]);
  server_open(&server);
  server_run(&server);
  io_uring_queue_exit(&server.ring);
  free(server.buffers);
  free(server.memory);
  tw_pool_destroy(server.config.pool);
  return 0;
}
