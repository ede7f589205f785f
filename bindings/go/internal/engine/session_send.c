/* SPDX-License-Identifier: MIT
 *
 * The half of a session that sends. Nothing of Go's memory is kept after a call: what is lent to the engine for the
 * time of one is copied where the socket does not take it. */
#ifdef __linux__
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "session.h"

#define BATCH 64 /* messages, or views of output, of one call */

void tw_session_unstage(tw_session *s) {
  tw_message messages[BATCH];
  uint32_t pos = 0;
  tw_status status = TW_OK;
  while (pos < s->stage_len && status == TW_OK) {
    size_t count = 0;
    for (; count < BATCH && pos < s->stage_len; count++) {
      tw_record record;
      memcpy(&record, s->stage + pos, sizeof record);
      messages[count].data = s->stage + pos + sizeof record;
      messages[count].len = record.len;
      messages[count].opcode = record.flags & 0xff;
      messages[count].flags = record.flags >> 8;
      pos += (uint32_t)sizeof record + ((record.len + 7) & ~7u);
    }
    size_t queued;
    status = tw_conn_send_batch(s->conn, messages, count, &queued);
  }
  s->stage_len = 0;
  if (status != TW_OK) s->send_status = status;
}

size_t tw_session_queued(const tw_session *s) {
  size_t len = 0;
  tw_conn_output_len(s->conn, &len);
  return s->spill_len + len;
}

/* Says that the first `len` bytes of the output were written: the spill, then the engine's. */
static void consume(tw_session *s, size_t len) {
  const size_t spilt = len < s->spill_len ? len : s->spill_len;
  s->consumed += len;
  s->spill_pos += spilt;
  s->spill_len -= spilt;
  if (s->spill_len == 0) {
    free(s->spill);
    s->spill = NULL;
  }
  tw_conn_output_consume(s->conn, len - spilt);
}

/* Shows the output as at most BATCH vectors. */
static size_t gather(tw_session *s, struct iovec *vectors) {
  tw_view views[BATCH];
  size_t count = 0;
  size_t used = 0;
  if (s->spill_len > 0) vectors[used++] = (struct iovec){s->spill + s->spill_pos, s->spill_len};
  tw_conn_output(s->conn, views, BATCH - used, &count);
  for (size_t i = 0; i < count; i++) {
    vectors[used++] = (struct iovec){(void *)(uintptr_t)views[i].data, views[i].len};
  }
  return used;
}

int32_t tw_session_write(tw_session *s, int32_t fd) {
  struct iovec vectors[BATCH];
  struct msghdr message;
  s->blocked = 0;
  memset(&message, 0, sizeof message);
  message.msg_iov = vectors;
  while (s->write_errno == 0) {
    message.msg_iovlen = gather(s, vectors);
    if (message.msg_iovlen == 0) break;
    ssize_t n;
    do {
      s->writes++;
      n = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      s->blocked = 1;
      return TW_STEP_BLOCKED;
    }
    if (n < 0) {
      s->write_errno = errno;
    } else {
      consume(s, (size_t)n);
    }
  }
  return TW_STEP_DONE;
}

/* Whether so much waits that no more is queued now. */
static int full(tw_session *s, int32_t fd) {
  if (s->stage_len > 0) tw_session_unstage(s);
  if (tw_session_queued(s) <= TW_SESSION_FLUSH_LEN) return 0;
  if (fd < 0) return 1;
  return tw_session_write(s, fd) == TW_STEP_BLOCKED && tw_session_queued(s) > TW_SESSION_FLUSH_LEN;
}

int32_t tw_session_flush(tw_session *s, int32_t fd) {
  if (s->stage_len > 0) tw_session_unstage(s);
  return fd >= 0 ? tw_session_write(s, fd) : TW_STEP_DONE;
}

size_t tw_session_output(tw_session *s, uint8_t *out, size_t cap) {
  size_t done = 0;
  if (s->stage_len > 0) tw_session_unstage(s);
  for (;;) {
    tw_view view;
    size_t count = 0;
    tw_conn_output(s->conn, &view, 1, &count); /* also where nothing is to be moved: it adds the close frame */
    if (count == 0 || done == cap) break;
    const size_t n = view.len < cap - done ? view.len : cap - done;
    memcpy(out + done, view.data, n);
    tw_conn_output_consume(s->conn, n);
    done += n;
  }
  s->consumed += done;
  return done;
}

/* Copies the output that the socket did not take, because some of it lies in memory that is lent for this call alone.
 * Without memory for that the connection writes no more, and so does not look at it again. */
static void spill(tw_session *s) {
  const size_t len = tw_session_queued(s);
  uint8_t *copy = (uint8_t *)malloc(len);
  if (copy == NULL) {
    s->write_errno = ENOMEM;
    return;
  }
  size_t pos = s->spill_len;
  if (pos > 0) memcpy(copy, s->spill + s->spill_pos, pos);
  while (pos < len) {
    tw_view view;
    size_t count;
    tw_conn_output(s->conn, &view, 1, &count);
    if (count == 0 || view.len > len - pos) break;
    memcpy(copy + pos, view.data, view.len);
    tw_conn_output_consume(s->conn, view.len);
    pos += view.len;
  }
  free(s->spill);
  s->spill = copy;
  s->spill_pos = 0;
  s->spill_len = pos;
}

/* What follows a message that was queued, or not, with `status`. */
static tw_status pass_on(tw_session *s, int32_t fd, uint8_t *out, size_t cap, tw_status status) {
  if (status == TW_OK && fd >= 0) {
    tw_session_write(s, fd);
  } else if (status >= 0 && cap > 0) {
    s->moved = tw_session_output(s, out, cap);
  }
  return status;
}

tw_status tw_session_send(tw_session *s, int32_t fd, uint8_t *out, size_t cap, uint32_t opcode, const uint8_t *data,
                          size_t len, uint32_t flags) {
  const int lent = fd >= 0 && len >= TW_SESSION_LEND_LEN;
  s->moved = 0;
  if (full(s, fd)) return pass_on(s, fd, out, cap, TW_NEED_ROOM);
  const tw_status status = tw_conn_send(s->conn, opcode, data, len, lent ? flags | TW_SEND_BORROW : flags);
  pass_on(s, fd, out, cap, status);
  if (lent && status == TW_OK && s->blocked) spill(s);
  return status;
}

tw_status tw_session_send_prepared(tw_session *s, int32_t fd, uint8_t *out, size_t cap, tw_prepared *prepared) {
  s->moved = 0;
  const tw_status status = full(s, fd) ? TW_NEED_ROOM : tw_conn_send_prepared(s->conn, prepared);
  return pass_on(s, fd, out, cap, status);
}
