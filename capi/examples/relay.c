// SPDX-License-Identifier: MIT
//
// A WebSocket relay for Linux. Frames are written from where they were read, also in parts: no payload is copied. The
// handshake is between the two ends: both heads go on as they are. What a client sends before the answer is refused, so
// that nothing can pass for a second request. To the upstream the relay is a client, which owes it masking keys that
// nobody else could choose (RFC 6455 10.3). Frame headers are checked; messages, compressed or not, are for the ends.
#define _GNU_SOURCE  // accept4
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <tidewire/tidewire.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER_LEN = 64 << 10, KEY_CAP = 1024, SIDE_CAP = 4096, HANDSHAKE_SECONDS = 10, IDLE_SECONDS = 120 };

// What comes from a side is a row of units: header, which is checked, and payload. The head of HTTP is one as well.
struct side {
  enum { NONE, HEAD, FRAMES } mode;
  int other, is_client, ended;  // other: a descriptor; 0: none yet. ended: the end of its stream was read
  uint32_t watched;             // EPOLLIN, EPOLLOUT
  size_t begin, checked, end;   // from begin: queued for the other side; from checked: a header that is not complete
  uint64_t payload_len, payload_done;
  uint8_t key[4], *buffer;  // of the payload: the client's ^ ours; of what is between begin and end: NULL for nothing
  tw_head head;
  time_t drop_at;
};

static int epoll_fd, listen_fd;
static struct addrinfo *upstream;
static struct timespec now;
static struct side sides[SIDE_CAP];  // by descriptor; 0 is nobody
static tw_pool *pool;

static int is_queued(const struct side *from) { return from->begin < from->checked; }

static void side_watch(int fd) {
  struct side *side = &sides[fd], *other = &sides[side->other];
  if (side->mode == NONE) return;
  int waits = is_queued(side) || side->ended || (side->mode == FRAMES && other->mode == HEAD);
  uint32_t events = (waits ? 0 : EPOLLIN) | (is_queued(other) ? EPOLLOUT : 0);
  struct epoll_event event = {.events = events, .data = {.fd = fd}};
  int op = side->watched == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
  if (events != side->watched) epoll_ctl(epoll_fd, op, fd, &event);
  side->watched = events;
}

static void side_open(int fd, int other, int is_client) {
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  sides[fd] = (struct side){HEAD, other, is_client, .drop_at = now.tv_sec + HANDSHAKE_SECONDS};
  tw_head_init(&sides[fd].head, is_client ? TW_ROLE_SERVER : TW_ROLE_CLIENT, NULL);
  side_watch(fd);
}

static void side_drop(int fd) {
  if (sides[fd].mode == NONE) return;
  sides[fd].mode = NONE;
  tw_pool_release(pool, sides[fd].buffer);
  close(fd);
  side_drop(sides[fd].other);
}

// A request is followed by a connection to the upstream; an answer that is no handshake by all that comes.
static tw_status take_head(int fd, struct side *from) {
  tw_view code;
  size_t head_len;
  tw_status status = tw_head_parse(&from->head, from->buffer, from->end, &head_len);
  if (status != TW_OK) return status;
  int refused = tw_head_status(&from->head, from->buffer, &code) == TW_OK && memcmp(code.data, "101", 3) != 0;
  from->payload_len = refused ? UINT64_MAX : head_len;
  if (from->is_client && head_len < from->end) return TW_ERR_HTTP_BODY;  // RFC 6455 4.1: it waits for the answer
  from->mode = FRAMES;
  if (!from->is_client) return TW_OK;
  int to = socket(upstream->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (to >= 0) side_open(from->other = to, fd, 0);
  return connect(to, upstream->ai_addr, upstream->ai_addrlen) == 0 || errno == EINPROGRESS ? TW_OK : TW_ERR_EOF;
}

static tw_status take_frame_header(struct side *from) {
  static uint8_t keys[KEY_CAP][4];  // drawn together: a system call for each would cost more than most frames
  static size_t key_count;
  uint32_t rules = TW_DECODE_ALLOW_RSV1 | (from->is_client ? TW_DECODE_REQUIRE_MASKED : TW_DECODE_REQUIRE_UNMASKED);
  tw_frame frame;
  tw_status status = tw_frame_decode(from->buffer + from->checked, from->end - from->checked, rules, &frame);
  if (status != TW_OK) return status;
  from->checked += frame.header_len;
  from->payload_len = frame.payload_len;
  if (!from->is_client) return TW_OK;
  if (key_count++ % KEY_CAP == 0) status = tw_masking_keys(NULL, keys[0], KEY_CAP);
  uint8_t *key = memcpy(from->buffer + from->checked - 4, keys[key_count % KEY_CAP], 4);
  for (int i = 0; i < 4; i++) from->key[i] = frame.masking_key[i] ^ key[i];
  return status;
}

// Reads once, checks what came, and masks it anew: one pass takes the client's key off and puts ours on.
static tw_status side_read(int fd, struct side *from) {
  size_t cap;
  if (from->buffer == NULL && tw_pool_acquire(pool, BUFFER_LEN, &from->buffer, &cap) != TW_OK) return TW_ERR_NO_MEMORY;
  ssize_t got = recv(fd, from->buffer + from->end, BUFFER_LEN - from->end, 0);
  if (got < 0) return errno == EAGAIN ? TW_OK : TW_ERR_EOF;
  if (got == 0 && from->mode == HEAD) return TW_ERR_EOF;
  from->ended = got == 0;
  from->end += (size_t)got;
  if (from->mode == FRAMES) from->drop_at = sides[from->other].drop_at = now.tv_sec + IDLE_SECONDS;
  while (from->checked < from->end) {
    if (from->payload_done == from->payload_len) {
      tw_status status = from->mode == HEAD ? take_head(fd, from) : take_frame_header(from);
      if (status != TW_OK) return status == TW_NEED_INPUT ? TW_OK : status;
      from->payload_done = 0;
    }
    uint64_t left = from->payload_len - from->payload_done;
    size_t len = left < from->end - from->checked ? (size_t)left : from->end - from->checked;
    uint8_t *payload = from->buffer + from->checked;
    if (from->is_client) tw_mask(payload, payload, len, from->key, from->payload_done);
    from->payload_done += len;
    from->checked += len;
  }
  return TW_OK;
}

static tw_status side_write(int fd) {
  struct side *from = &sides[fd];
  size_t len = from->checked - from->begin;
  ssize_t sent = len > 0 ? send(from->other, from->buffer + from->begin, len, MSG_NOSIGNAL) : 0;
  if (sent < 0) return errno == EAGAIN ? TW_OK : TW_ERR_EOF;
  from->begin += (size_t)sent;
  if (is_queued(from) || from->buffer == NULL) return TW_OK;
  if (from->ended) shutdown(from->other, SHUT_WR);
  from->end -= from->checked;
  memmove(from->buffer, from->buffer + from->checked, from->end);  // less than a header
  from->begin = from->checked = 0;
  tw_pool_release(pool, from->end == 0 ? from->buffer : NULL);
  if (from->end == 0) from->buffer = NULL;
  return from->ended && sides[from->other].ended && !is_queued(&sides[from->other]) ? TW_ERR_EOF : TW_OK;
}

// Ends both streams. The log tells a breach; a client that waits for an answer gets one.
static void side_fail(int fd, tw_status status) {
  static const char bad_gateway[] = "HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  struct side *side = &sides[fd];
  int client = side->is_client ? fd : side->other;
  uint8_t refusal[512];
  size_t len = 0;
  if (status != TW_ERR_EOF) warnx("%s: %s", side->is_client ? "client" : "upstream", tw_status_message(status));
  if (sides[client].mode == HEAD) tw_refusal_build(status, refusal, sizeof refusal, &len);
  send(client, refusal, len, MSG_NOSIGNAL);
  if (sides[sides[client].other].mode == HEAD) send(client, bad_gateway, sizeof bad_gateway - 1, MSG_NOSIGNAL);
  side_write(fd);  // what came before
  side_drop(client);
}

static void side_serve(int fd, uint32_t ready) {
  struct side *side = &sides[fd];
  if (side->mode == NONE) return;  // the listener, or dropped a moment ago with the other side
  tw_status status = (ready & ~(uint32_t)EPOLLIN) != 0 ? side_write(side->other) : TW_OK;
  if (status == TW_OK && (ready & ~(uint32_t)EPOLLOUT) != 0 && !is_queued(side)) status = side_read(fd, side);
  if (status == TW_OK) status = side_write(fd);
  if (status != TW_OK) side_fail(fd, status);
  side_watch(fd);
  side_watch(side->other);
}

int main(int argc, char **argv) {
  struct addrinfo wanted = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *local;
  if (argc != 4 || getaddrinfo("127.0.0.1", argv[1], &wanted, &local) != 0 ||
      getaddrinfo(argv[2], argv[3], &wanted, &upstream) != 0)
    errx(2, "usage: %s PORT UPSTREAM_HOST UPSTREAM_PORT", argv[0]);
  setrlimit(RLIMIT_NOFILE, &(struct rlimit){SIDE_CAP, SIDE_CAP});
  if (tw_pool_create(NULL, &pool) != TW_OK) errx(1, "no memory");
  epoll_fd = epoll_create1(0);
  listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.fd = listen_fd}};
  if (setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) != 0 ||
      bind(listen_fd, local->ai_addr, local->ai_addrlen) != 0 || listen(listen_fd, SOMAXCONN) != 0 ||
      getsockname(listen_fd, local->ai_addr, &local->ai_addrlen) != 0 ||
      epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &event) != 0)
    err(1, "port %s", argv[1]);
  dprintf(STDOUT_FILENO, "listening on 127.0.0.1:%d\n", ntohs(((struct sockaddr_in *)local->ai_addr)->sin_port));
  for (time_t swept = 0;; swept = now.tv_sec) {
    struct epoll_event ready[256];
    int count = epoll_wait(epoll_fd, ready, 256, 1000);
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    int accepts = swept != now.tv_sec;  // once a second in any case: descriptors may have become free
    for (int i = 0; i < count; i++) {
      accepts |= ready[i].data.fd == listen_fd;
      side_serve(ready[i].data.fd, ready[i].events);
    }
    for (int fd; accepts && (fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK)) >= 0;) side_open(fd, 0, 1);
    for (int fd = 1; swept != now.tv_sec && fd < SIDE_CAP; fd++) {
      tw_status late = sides[fd].mode == HEAD ? TW_ERR_TIMEOUT_HANDSHAKE : TW_ERR_TIMEOUT_IDLE;
      if (sides[fd].mode != NONE && now.tv_sec >= sides[fd].drop_at) side_fail(fd, late);
    }
  }
}
