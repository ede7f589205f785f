// SPDX-License-Identifier: MIT
//
// A WebSocket relay for Linux. Frames are written from where they were read, also in parts: no payload is copied.
//
// The handshake is between the two ends: a valid request goes on as it is, and so does the answer; origin, subprotocol
// and compression are the upstream's to judge. Frames follow status 101. Nothing else of a client reaches the upstream,
// so that what follows a request cannot pass for a second one. To the upstream the relay is a client, which owes it
// masking keys that nobody else could choose (RFC 6455 10.3). Frame headers are checked, so that all agree on where
// frames begin; what messages mean is for the ends.
#define _GNU_SOURCE  // accept4
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <tidewire/tidewire.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER_LEN = 128 << 10, READ_LEN = BUFFER_LEN - 16, KEY_CAP = 1024, READY_CAP = 256, TURN_CAP = 8 };
enum { HANDSHAKE_SECONDS = 10, IDLE_SECONDS = 120, LINGER_SECONDS = 5 };

// WASTE: nothing but the end is awaited. To close a socket that has unread input resets the connection, and the last
// words to that side could get lost.
enum mode { HEAD, FRAMES, WASTE };

// What comes from a side is a row of units: header, which is checked, and payload. The head of HTTP is one as well.
struct side {
  int fd;  // -1: none
  enum mode mode;
  uint32_t ready;              // EPOLLIN, EPOLLOUT: until a read or a write shows that it is not
  int ended, last, closed;     // its end was read; nothing follows what is queued; a close frame was relayed
  uint8_t *buffer;             // NULL: it would be empty
  size_t begin, checked, end;  // from begin: queued for the other side; from checked: a header that is not complete
  uint64_t payload_len, payload_done;
  uint8_t key[4];  // of the payload: the sender's ^ ours; zero where it stays as it is
  uint32_t rules;  // TW_DECODE_...
  struct pair *pair;
  struct side *other;
};

struct pair {
  struct side client, upstream;
  tw_head head;
  time_t drop_at;
  struct pair *next;
};

struct relay {
  int epoll_fd, listen_fd;
  time_t now, swept;
  struct addrinfo *upstream;
  tw_pool *pool;
  struct pair *pairs;
  size_t key_count;
  uint8_t keys[KEY_CAP][4];  // drawn together: a system call for each would cost more than most frames
};

static tw_status draw_key(struct relay *relay, uint8_t key[4]) {
  size_t next = relay->key_count++ % KEY_CAP;
  tw_status status = next == 0 ? tw_masking_keys(NULL, relay->keys[0], KEY_CAP) : TW_OK;
  memcpy(key, relay->keys[next], 4);
  return status;
}

static int watch(struct relay *relay, int op, int fd, struct side *side) {  // the listener has no side
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = side}};
  return epoll_ctl(relay->epoll_fd, op, fd, &event) == 0;
}

static tw_status take_request(struct relay *relay, struct pair *pair, size_t head_len) {
  static const tw_handshake_config config = {.struct_size = sizeof config, .flags = TW_HANDSHAKE_ANY_ORIGIN};
  const struct addrinfo *to = relay->upstream;
  tw_agreement agreement;
  tw_status status = tw_request_check(&pair->head, pair->client.buffer, &config, &agreement);
  if (status != TW_OK) return status;
  if (head_len < pair->client.end) return TW_ERR_HTTP_BODY;  // RFC 6455 4.1: a client waits for the answer
  tw_head_init(&pair->head, TW_ROLE_CLIENT, NULL);
  pair->client.mode = FRAMES;
  int on = 1, fd = pair->upstream.fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) return TW_ERR_EOF;
  if (connect(fd, to->ai_addr, to->ai_addrlen) != 0 && errno != EINPROGRESS) return TW_ERR_EOF;
  return watch(relay, EPOLL_CTL_ADD, fd, &pair->upstream) ? TW_OK : TW_ERR_EOF;
}

// Of an answer that is no handshake all that follows is passed on, and what the client sends is not.
static size_t take_answer(struct pair *pair, size_t head_len) {
  struct side *client = &pair->client, *upstream = &pair->upstream;
  tw_view code, terms = {NULL, 0};
  tw_head_status(&pair->head, upstream->buffer, &code);
  tw_head_header(&pair->head, upstream->buffer, "Sec-WebSocket-Extensions", 0, NULL, &terms);
  int open = memcmp(code.data, "101", 3) == 0;
  int deflate = terms.len >= 18 && strncasecmp((const char *)terms.data, "permessage-deflate", 18) == 0;
  client->mode = open ? FRAMES : WASTE;
  upstream->mode = FRAMES;
  client->rules = TW_DECODE_REQUIRE_MASKED | (deflate ? TW_DECODE_ALLOW_RSV1 : 0);
  upstream->rules = TW_DECODE_REQUIRE_UNMASKED | (deflate ? TW_DECODE_ALLOW_RSV1 : 0);
  return open ? head_len : SIZE_MAX;
}

static tw_status take_head(struct relay *relay, struct side *from) {
  struct pair *pair = from->pair;
  size_t head_len;
  tw_status status = tw_head_parse(&pair->head, from->buffer, from->end, &head_len);
  if (status == TW_OK && from == &pair->client) status = take_request(relay, pair, head_len);
  if (status == TW_OK) from->payload_len = from == &pair->client ? head_len : take_answer(pair, head_len);
  return status;
}

static tw_status take_frame_header(struct relay *relay, struct side *from) {
  tw_frame frame;
  tw_status status = tw_frame_decode(from->buffer + from->checked, from->end - from->checked, from->rules, &frame);
  if (status != TW_OK) return status;
  if ((frame.flags & TW_FRAME_MASKED) != 0) {
    uint8_t *key = from->buffer + from->checked + frame.header_len - 4;
    status = draw_key(relay, key);
    for (int i = 0; i < 4; i++) from->key[i] = frame.masking_key[i] ^ key[i];
  }
  from->checked += frame.header_len;
  from->payload_len = frame.payload_len;
  from->closed |= frame.opcode == TW_OPCODE_CLOSE;
  return status;
}

// Checks what was read, and masks it anew: one pass takes the client's key off and puts ours on.
static tw_status side_check(struct relay *relay, struct side *from) {
  static const uint8_t none[4];
  while (from->checked < from->end) {
    if (from->payload_done == from->payload_len) {
      from->payload_done = from->payload_len = 0;
      tw_status status = from->mode == HEAD ? take_head(relay, from) : take_frame_header(relay, from);
      if (status != TW_OK) return status == TW_NEED_INPUT ? TW_OK : status;
    }
    uint64_t left = from->payload_len - from->payload_done;
    size_t len = left < from->end - from->checked ? (size_t)left : from->end - from->checked;
    uint8_t *payload = from->buffer + from->checked;
    if (memcmp(from->key, none, 4) != 0) tw_mask(payload, payload, len, from->key, from->payload_done);
    from->payload_done += len;
    from->checked += len;
  }
  return TW_OK;
}

static int acquire(struct relay *relay, struct side *side) {
  size_t cap;
  return side->buffer != NULL || tw_pool_acquire(relay->pool, BUFFER_LEN, &side->buffer, &cap) == TW_OK;
}

// Reads once. TW_ERR_EOF, here and below: one of the two sides is lost.
static tw_status side_read(struct relay *relay, struct side *from) {
  if (!acquire(relay, from)) return TW_ERR_NO_MEMORY;
  size_t cap = (from->mode == WASTE ? BUFFER_LEN : READ_LEN) - from->end;
  ssize_t got = recv(from->fd, from->buffer + from->end, cap, 0);
  if (got < 0 && errno != EAGAIN) return TW_ERR_EOF;
  // Less than there is room for is all that there is, unless the end of the stream follows (epoll(7)).
  if (got < (ssize_t)cap && (from->ready & EPOLLRDHUP) == 0) from->ready &= ~(uint32_t)EPOLLIN;
  if (got == 0) from->ended = from->last = 1;
  if (got == 0 && from->mode == HEAD) return TW_ERR_EOF;
  if (got <= 0 || from->mode == WASTE) return TW_OK;
  if (from->other->mode == FRAMES) from->pair->drop_at = relay->now + IDLE_SECONDS;
  from->end += (size_t)got;
  return side_check(relay, from);
}

static tw_status side_write(struct relay *relay, struct side *from) {
  struct side *to = from->other;
  if (from->begin < from->checked && (to->ready & EPOLLOUT) != 0) {
    ssize_t sent = send(to->fd, from->buffer + from->begin, from->checked - from->begin, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return TW_ERR_EOF;
    if (sent > 0) from->begin += (size_t)sent;
    if (from->begin < from->checked) to->ready &= ~(uint32_t)EPOLLOUT;
  }
  if (from->begin < from->checked || from->buffer == NULL) return TW_OK;
  if (from->last) shutdown(to->fd, SHUT_WR);
  from->end -= from->checked;
  memmove(from->buffer, from->buffer + from->checked, from->end);  // less than a header
  from->begin = from->checked = 0;
  if (from->end > 0) return TW_OK;
  tw_pool_release(relay->pool, from->buffer);
  from->buffer = NULL;
  return TW_OK;
}

// Moves what one side has to say to the other, while both are ready. A busy one is put off in favour of the others.
static tw_status side_pump(struct relay *relay, struct side *from) {
  for (int turn = 0; turn < TURN_CAP; turn++) {
    tw_status status = side_write(relay, from);
    int waits = from->mode == FRAMES && (from->begin < from->checked || from->other->mode == HEAD);
    if (status != TW_OK || waits || from->ended || (from->ready & EPOLLIN) == 0) return status;
    status = side_read(relay, from);
    if (status != TW_OK) return status;
  }
  return watch(relay, EPOLL_CTL_MOD, from->fd, from) ? TW_OK : TW_ERR_EOF;
}

// Queues a close frame for the other side, but not after another one or inside a frame: then the end of the stream
// tells.
static void side_close(struct relay *relay, struct side *from, uint16_t code) {
  uint8_t masked = from == &from->pair->client, payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
  tw_frame frame = {.payload = payload, .payload_len = 2, .opcode = TW_OPCODE_CLOSE, .flags = TW_FRAME_FIN | masked};
  int between = !from->closed && from->payload_done == from->payload_len;
  size_t len = 0;
  if (between && acquire(relay, from) && draw_key(relay, frame.masking_key) == TW_OK)
    tw_frames_encode(&frame, 1, from->buffer + from->checked, BUFFER_LEN - from->checked, &len);
  from->end = from->checked += len;
  from->mode = WASTE;
  from->last = 1;
}

static void pair_close(struct relay *relay, struct pair *pair) {
  if (pair->upstream.fd >= 0) close(pair->upstream.fd);
  close(pair->client.fd);
  pair->client.fd = -1;  // the sweep frees it: the events at hand may name it
  tw_pool_release(relay->pool, pair->client.buffer);
  tw_pool_release(relay->pool, pair->upstream.buffer);
}

static void pair_refuse(struct pair *pair, tw_status reason) {
  static const char bad_gateway[] = "HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  uint8_t answer[1024];
  size_t len = 0;
  if (pair->client.mode == FRAMES)  // its request was in order
    memcpy(answer, bad_gateway, len = sizeof bad_gateway - 1);
  else
    tw_refusal_build(reason, answer, sizeof answer, &len);
  send(pair->client.fd, answer, len, MSG_NOSIGNAL);
}

// A side broke a rule, or is lost.
static void pair_fail(struct relay *relay, struct side *side, tw_status status) {
  struct pair *pair = side->pair;
  int open = pair->client.mode == FRAMES && pair->upstream.mode == FRAMES;
  if (pair->upstream.mode == HEAD) pair_refuse(pair, status);
  if (!open || status == TW_ERR_EOF) {
    pair_close(relay, pair);
    return;
  }
  side_close(relay, side->other, tw_status_close_code(status));
  side_close(relay, side, side == &pair->client ? 1001 : 1014);
  pair->drop_at = relay->now + LINGER_SECONDS;
  if (side_write(relay, side) != TW_OK || side_write(relay, side->other) != TW_OK) pair_close(relay, pair);
}

static void pair_serve(struct relay *relay, struct pair *pair) {
  struct side *client = &pair->client, *upstream = &pair->upstream;
  struct side *order[] = {client, upstream, client};  // again: the answer lets it speak
  for (int i = 0; i < 3 && client->fd >= 0; i++) {
    tw_status status = side_pump(relay, order[i]);
    if (status != TW_OK) pair_fail(relay, order[i], status);
  }
  int over =
      client->ended && upstream->ended && client->begin == client->checked && upstream->begin == upstream->checked;
  if (client->fd >= 0 && over) pair_close(relay, pair);
}

// Without descriptors or memory the rest waits for the next sweep.
static void relay_accept(struct relay *relay) {
  for (int fd; (fd = accept4(relay->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    struct pair *pair = calloc(1, sizeof *pair);
    if (pair == NULL || !watch(relay, EPOLL_CTL_ADD, fd, &pair->client)) {
      free(pair);
      close(fd);
      continue;
    }
    pair->client = (struct side){.fd = fd, .pair = pair, .other = &pair->upstream};
    pair->upstream = (struct side){.fd = -1, .pair = pair, .other = &pair->client};
    pair->drop_at = relay->now + HANDSHAKE_SECONDS;
    pair->next = relay->pairs;
    relay->pairs = pair;
    tw_head_init(&pair->head, TW_ROLE_SERVER, NULL);
  }
}

static void relay_sweep(struct relay *relay) {
  relay->swept = relay->now;
  for (struct pair **link = &relay->pairs, *pair; (pair = *link) != NULL;) {
    tw_status status = pair->upstream.mode == HEAD ? TW_ERR_TIMEOUT_HANDSHAKE : TW_ERR_TIMEOUT_IDLE;
    if (pair->client.fd >= 0 && relay->now >= pair->drop_at) pair_fail(relay, &pair->client, status);
    if (pair->client.fd >= 0) {
      link = &pair->next;
    } else {
      *link = pair->next;
      free(pair);
    }
  }
  relay_accept(relay);
}

static void relay_run(struct relay *relay) {
  for (;;) {
    struct epoll_event ready[READY_CAP];
    int count = epoll_wait(relay->epoll_fd, ready, READY_CAP, 1000);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    relay->now = now.tv_sec;
    for (int i = 0; i < count; i++) {
      struct side *side = ready[i].data.ptr;
      if (side == NULL) relay_accept(relay);
      if (side != NULL) side->ready |= ready[i].events;
      if (side != NULL) pair_serve(relay, side->pair);
    }
    if (relay->now != relay->swept) relay_sweep(relay);
  }
}

int main(int argc, char **argv) {
  uint16_t port;
  if (argc != 4 || sscanf(argv[1], "%" SCNu16, &port) != 1)
    errx(2, "usage: %s PORT UPSTREAM_HOST UPSTREAM_PORT", argv[0]);
  static struct relay relay;
  tw_pool_class buffers = {.len = BUFFER_LEN};
  tw_pool_config pool = TW_POOL_CONFIG_INIT;
  pool.classes = &buffers;
  pool.class_count = 1;
  pool.max_idle_len = 64 << 20;  // what a few hundred pairs under way read into
  if (tw_pool_create(&pool, &relay.pool) != TW_OK) errx(1, "no memory");
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  int failure = getaddrinfo(argv[2], argv[3], &hints, &relay.upstream);
  if (failure != 0) errx(1, "%s:%s: %s", argv[2], argv[3], gai_strerror(failure));
  struct sockaddr_in address = {AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {0}};
  socklen_t address_len = sizeof address;
  int on = 1, fd = relay.listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  relay.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||  // accepted sockets inherit it
      bind(fd, (struct sockaddr *)&address, address_len) != 0 || listen(fd, SOMAXCONN) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &address_len) != 0 || !watch(&relay, EPOLL_CTL_ADD, fd, NULL))
    err(1, "port %u", port);
  dprintf(STDOUT_FILENO, "listening on 127.0.0.1:%u\n", ntohs(address.sin_port));
  relay_run(&relay);
}
