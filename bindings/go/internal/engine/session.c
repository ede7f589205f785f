/* SPDX-License-Identifier: MIT
 *
 * The glue between Go and the engine: no rule of the protocol, no clock but for the time-outs, no socket but for the
 * descriptor that a call is given. It never waits. */
#ifdef __linux__
#define _GNU_SOURCE
#endif
#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* What belongs to a session for as long as it lives. */
typedef struct owner {
  tw_session session;
  uint8_t *random; /* of a test */
  size_t random_len;
  size_t random_pos;
} owner;

static int32_t fill(void *context, uint8_t *out, size_t len) {
  owner *o = (owner *)context;
  if (o->random_len == 0) return -1;
  for (size_t i = 0; i < len; i++) {
    out[i] = o->random[o->random_pos];
    o->random_pos = (o->random_pos + 1) % o->random_len;
  }
  return 0;
}

/* Keeps a line until Go comes by: it cannot be called from here. What has no room is dropped. */
static void put_line(void *context, const tw_conn *conn, uint32_t level, const char *line, size_t len) {
  (void)conn;
  tw_session *s = (tw_session *)context;
  if (s->log == NULL) s->log = (uint8_t *)malloc(TW_SESSION_LOG_LEN);
  if (s->log == NULL || len + 3 > TW_SESSION_LOG_LEN - s->log_len) return;
  uint8_t *out = s->log + s->log_len;
  out[0] = (uint8_t)level;
  out[1] = (uint8_t)(len & 0xff);
  out[2] = (uint8_t)(len >> 8);
  memcpy(out + 3, line, len);
  s->log_len += (uint32_t)(len + 3);
}

tw_status tw_session_create(const tw_conn_config *config, const uint8_t *random, size_t random_len, uint32_t log_level,
                            tw_session **out_session) {
  *out_session = NULL;
  owner *o = (owner *)calloc(1, sizeof(owner));
  if (o == NULL) return TW_ERR_NO_MEMORY;
  tw_conn_config own = *config;
  tw_random source = {fill, o};
  tw_log log = {put_line, &o->session, log_level, 0};
  if (random != NULL) {
    o->random = (uint8_t *)malloc(random_len + 1);
    if (o->random == NULL) {
      free(o);
      return TW_ERR_NO_MEMORY;
    }
    memcpy(o->random, random, random_len);
    o->random_len = random_len;
    own.random = &source;
  }
  if (log_level != 0) own.log = &log;
  o->session.pool = config->pool;
  const tw_status status = tw_conn_create(&own, &o->session.conn);
  if (status != TW_OK) {
    tw_session_free(&o->session);
    return status;
  }
  *out_session = &o->session;
  return TW_OK;
}

static void give_back(tw_session *s, uint8_t *buffer) {
  if (s->pool != NULL) {
    tw_pool_release(s->pool, buffer);
  } else {
    free(buffer);
  }
}

static uint8_t *lend(tw_session *s, size_t len) {
  uint8_t *buffer = NULL;
  size_t cap;
  if (s->pool == NULL) return (uint8_t *)malloc(len);
  tw_pool_acquire(s->pool, len, &buffer, &cap);
  return buffer;
}

static void drop_events(tw_session *s) {
  s->event_count = s->message_count = 0;
  if (s->events != NULL) give_back(s, (uint8_t *)s->events);
  s->events = NULL;
}

static void drop_stage(tw_session *s) {
  if (s->stage != NULL) give_back(s, s->stage);
  s->stage = NULL;
  s->stage_len = 0;
}

void tw_session_close(tw_session *s) {
  drop_events(s);
  drop_stage(s);
  tw_conn_destroy(s->conn);
  s->conn = NULL;
}

void tw_session_free(tw_session *s) {
  owner *o = (owner *)s;
  if (s->conn != NULL) tw_session_close(s);
  free(o->random);
  free(s->spill);
  free(s->log);
  free(o);
}

uint64_t tw_session_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

tw_status tw_session_stage(tw_session *s) {
  s->stages = 1;
  if (s->stage == NULL) s->stage = lend(s, TW_SESSION_STAGE_LEN);
  return s->stage == NULL ? TW_ERR_NO_MEMORY : TW_OK;
}

/* Takes the first `len` bytes of the room, or with 0 what TW_NEED_ROOM left. */
static void commit(tw_session *s, size_t len) {
  size_t count = 0;
  s->event_count = s->message_count = 0;
  s->read_status = tw_conn_read_commit(s->conn, len, s->events, TW_SESSION_EVENTS, &count);
  s->event_count = (uint32_t)count;
  uint32_t messages = 0;
  for (size_t i = 0; i < count; i++) messages += s->events[i].type == TW_EVENT_MESSAGE;
  s->message_count = messages;
}

static int32_t ready(const tw_session *s) {
  return s->event_count > 0 || s->read_status < 0 ? TW_STEP_DONE : TW_STEP_AGAIN;
}

/* What comes before reading: the time, what is staged, and what the last read left. */
static int32_t begin(tw_session *s) {
  if (s->stage_len > 0) tw_session_unstage(s);
  s->event_count = s->message_count = 0;
  if (s->read_status < 0) return TW_STEP_DONE;
  while (s->read_status == TW_NEED_ROOM) {
    commit(s, 0);
    if (ready(s) == TW_STEP_DONE) return TW_STEP_DONE;
  }
  if (s->ticks) tw_session_tick(s);
  return ready(s);
}

/* Finds room for the events. */
static int32_t lend_events(tw_session *s) {
  if (s->events == NULL) s->events = (tw_event *)lend(s, TW_SESSION_EVENTS * sizeof(tw_event));
  if (s->events == NULL) s->read_status = TW_ERR_NO_MEMORY;
  return s->events == NULL ? TW_STEP_DONE : TW_STEP_AGAIN;
}

/* Finds room to read into. */
static int32_t lend_room(tw_session *s) {
  s->read_status = tw_conn_read_buffer(s->conn, 0, &s->room, &s->room_cap);
  return s->read_status == TW_OK ? TW_STEP_AGAIN : TW_STEP_DONE;
}

/* A connection that waits holds neither room for events nor a stage. */
static void rest(tw_session *s) {
  drop_events(s);
  if (s->stage_len == 0) drop_stage(s);
}

static void end_of_stream(tw_session *s) {
  commit(s, 0);
  s->read_status = tw_conn_receive_eof(s->conn);
}

int32_t tw_session_turn(tw_session *s, int32_t fd) {
  if (begin(s) == TW_STEP_DONE) return TW_STEP_DONE;
  tw_session_write(s, fd);
  if (lend_events(s) == TW_STEP_DONE || lend_room(s) == TW_STEP_DONE) return TW_STEP_DONE;
  ssize_t n;
  do {
    s->reads++;
    n = recv(fd, s->room, s->room_cap, MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  if (n < 0) {
    const int error = errno;
    commit(s, 0);
    rest(s);
    if (error == EAGAIN || error == EWOULDBLOCK) return TW_STEP_BLOCKED;
    s->read_errno = error;
    return TW_STEP_DONE;
  }
  if (n == 0) {
    end_of_stream(s);
    return TW_STEP_DONE;
  }
  commit(s, (size_t)n);
  if (s->stages && s->stage == NULL) tw_session_stage(s);
  /* A pong leaves at once. The answer to a close frame waits for those to the messages before it. */
  if (tw_conn_state(s->conn) == TW_STATE_OPEN) tw_session_write(s, fd);
  return ready(s);
}

/* Notes whether somebody should write. The answer to a close frame waits for those to the messages before it. */
static void note_output(tw_session *s) {
  s->blocked = tw_conn_state(s->conn) == TW_STATE_OPEN && tw_session_queued(s) > 0;
}

int32_t tw_session_lend(tw_session *s) {
  const int32_t step = begin(s);
  note_output(s);
  if (step == TW_STEP_DONE) return step;
  rest(s);
  return lend_room(s);
}

int32_t tw_session_take(tw_session *s, int64_t len) {
  s->reads++;
  if (lend_events(s) == TW_STEP_DONE) return TW_STEP_DONE;
  if (len < 0) {
    end_of_stream(s);
    return TW_STEP_DONE;
  }
  commit(s, (size_t)len);
  if (s->stages && s->stage == NULL) tw_session_stage(s);
  note_output(s);
  return ready(s);
}

size_t tw_session_feed(tw_session *s, const uint8_t *data, size_t len) {
  size_t pos = 0;
  s->event_count = s->message_count = 0;
  while (s->event_count == 0 && (pos < len || s->read_status == TW_NEED_ROOM)) {
    size_t n = 0;
    if (s->read_status != TW_NEED_ROOM) {
      if (lend_events(s) == TW_STEP_DONE || lend_room(s) == TW_STEP_DONE) break;
      n = len - pos < s->room_cap ? len - pos : s->room_cap;
      memcpy(s->room, data + pos, n);
      pos += n;
    }
    commit(s, n);
    if (s->read_status < 0) break;
  }
  return pos;
}

int32_t tw_session_tick(tw_session *s) {
  const tw_status status = tw_conn_tick(s->conn, tw_session_now(), &s->deadline_ns);
  if (status < 0) s->read_status = status;
  return status < 0 ? TW_STEP_DONE : TW_STEP_AGAIN;
}
