/* SPDX-License-Identifier: MIT
 *
 * How the runner of the vectors feeds a connection, and what comes of it. For vectors_test.c alone, whose checks count.
 */
#ifndef TIDEWIRE_TESTS_CAPI_VECTOR_FEED_H_
#define TIDEWIRE_TESTS_CAPI_VECTOR_FEED_H_

#include "check.h"
#include "vector_data.h"
#include "vector_file.h"

enum { kEventCap = 64, kMaxRounds = 100000 };

/* What the calls of one step brought; the chunks of a frame are joined. */
struct outcome {
  struct event events[kMaxEvents];
  size_t event_count;
  uint64_t deadline;
};

/* By which call input is taken; kIntoSmall and kIntoAmple: tw_conn_receive_into. */
enum way { kReceive, kReadBuffer, kIntoSmall, kIntoAmple };

/* How the input of a step is fed: in pieces of `piece` bytes, or, that of step number `step`, in two cut at `at`. */
struct cut {
  size_t cap, piece, step, at;
  enum way way;
  uint8_t *dst; /* of tw_conn_receive_into */
  size_t dst_cap;
};

static void note_event(const tw_event *event, struct outcome *outcome) {
  struct event *last = outcome->event_count == 0 ? NULL : &outcome->events[outcome->event_count - 1];
  const int goes_on = last != NULL && event->type == TW_EVENT_CHUNK && event->opcode == TW_OPCODE_CONTINUATION &&
                      last->type == TW_EVENT_CHUNK && last->flags == 0 && last->offset == event->offset;
  CHECK_EQ(event->reserved, 0);
  if (!goes_on) {
    if (!CHECK(outcome->event_count < kMaxEvents)) return;
    last = &outcome->events[outcome->event_count++];
    last->type = event->type;
    last->opcode = event->opcode;
    last->code = event->code;
    last->offset = event->offset;
  }
  last->flags = event->flags;
  bytes_append(&last->data, event->data, (size_t)event->len);
}

static tw_status feed(tw_conn *conn, const struct step *step, size_t from, size_t to, const struct cut *cut,
                      struct outcome *outcome) {
  tw_status status = TW_NEED_ROOM;
  size_t round;
  for (round = 0; round < kMaxRounds && status == TW_NEED_ROOM; ++round) {
    uint8_t *piece = (uint8_t *)check_block(step->data.data + from, to - from);
    tw_event events[kEventCap];
    size_t count = 0, consumed = 0, i;
    if (cut->way == kReceive) {
      status = tw_conn_receive(conn, piece, to - from, events, cut->cap, &count, &consumed);
    } else {
      status =
          tw_conn_receive_into(conn, piece, to - from, cut->dst, cut->dst_cap, events, cut->cap, &count, &consumed);
    }
    for (i = 0; i < count; ++i) {
      note_event(&events[i], outcome);
      if (cut->way == kReceive || events[i].type != TW_EVENT_MESSAGE || events[i].len == 0) continue;
      CHECK_EQ(events[i].data == cut->dst, events[i].len <= cut->dst_cap);
    }
    free(piece);
    if (!CHECK(consumed <= to - from)) return status;
    from += consumed;
  }
  return status;
}

/* The same as if the bytes were read from a socket. */
static tw_status feed_reads(tw_conn *conn, const struct step *step, size_t from, size_t to, const struct cut *cut,
                            struct outcome *outcome) {
  tw_status status = TW_OK;
  while (from < to && status == TW_OK) {
    uint8_t *room = NULL;
    size_t room_len = 0, len, round;
    CHECK_STATUS(tw_conn_read_buffer(conn, 0, &room, &room_len), TW_OK);
    len = to - from < room_len ? to - from : room_len;
    if (!CHECK(len > 0)) return TW_ERR_ARGUMENT;
    memcpy(room, step->data.data + from, len);
    from += len;
    status = TW_NEED_ROOM;
    for (round = 0; round < kMaxRounds && status == TW_NEED_ROOM; ++round) {
      tw_event events[kEventCap];
      size_t count = 0, i;
      status = tw_conn_read_commit(conn, round == 0 ? len : 0, events, cut->cap, &count);
      for (i = 0; i < count; ++i) note_event(&events[i], outcome);
    }
  }
  return status;
}

#endif /* TIDEWIRE_TESTS_CAPI_VECTOR_FEED_H_ */
