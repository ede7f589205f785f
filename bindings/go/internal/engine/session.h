/* SPDX-License-Identifier: MIT
 *
 * What makes one call from Go do a whole step: a connection of the engine, the events of its last read, and messages
 * that wait to be sent. A session is used under its owner's lock, but for the events, which are its reader's. */
#ifndef TIDEWIRE_SESSION_H_
#define TIDEWIRE_SESSION_H_

#ifdef TW_SYSTEM
#include <tidewire/tidewire.h>
#else
#include "tidewire.h"
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define TW_SESSION_EVENTS 128       /* of one read */
#define TW_SESSION_STAGE_LEN 16384  /* bytes of messages that wait for one call */
#define TW_SESSION_STAGE_MAX 4096   /* bytes of the longest of them */
#define TW_SESSION_LEND_LEN 262144  /* bytes of a message from which on it is not copied: a tenth of the time at 1 MiB \
                                     */
#define TW_SESSION_FLUSH_LEN 131072 /* bytes of queued output from which on they are written before more is queued */
#define TW_SESSION_LOG_LEN 2048     /* bytes of lines that wait to be logged */

/* What a step came to. */
#define TW_STEP_DONE 0    /* events or a failure are there; all is written */
#define TW_STEP_AGAIN 1   /* no message is whole yet: read on */
#define TW_STEP_BLOCKED 2 /* the socket is not ready: wait */

/* A message in the stage: this, then its bytes, then what is missing to a multiple of 8. */
typedef struct tw_record {
  uint32_t len;   /* bytes */
  uint32_t flags; /* opcode, and TW_SEND_... from bit 8 on */
} tw_record;

typedef struct tw_session {
  tw_conn *conn;
  tw_pool *pool;          /* of stage and events */
  tw_event *events;       /* of the last read; NULL: none */
  uint32_t event_count;   /* of events */
  uint32_t message_count; /* how many of them are messages */
  uint8_t *stage;         /* records; NULL: none */
  uint32_t stage_len;     /* bytes of records */
  uint32_t stages;        /* 1: the stage is used now and then, lend one with every read */
  tw_status read_status;  /* of the last call that took input or told the time; an error stays */
  tw_status send_status;  /* of staged messages that were refused; stays until it is looked at */
  int32_t read_errno;     /* of recv; 0: none */
  int32_t write_errno;    /* of sendmsg; 0: none; stays */
  uint32_t blocked;       /* 1: output is queued that the socket does not take */
  uint32_t ticks;         /* 1: time is told */
  uint32_t log_len;       /* bytes of log */
  uint64_t deadline_ns;   /* when to tell it again, on the clock of tw_session_now */
  uint64_t reads;         /* system calls */
  uint64_t writes;        /* system calls */
  uint64_t consumed;      /* bytes of output that left */
  uint8_t *spill;         /* output that the socket did not take and the engine does not hold; NULL: none */
  size_t spill_pos;       /* bytes of it that left */
  size_t spill_len;       /* bytes of it that did not */
  uint8_t *room;          /* to read into, of a stream that is no socket */
  size_t room_cap;        /* bytes */
  size_t moved;           /* bytes that the last tw_session_send moved */
  uint8_t *log;           /* lines: level, length in two bytes, the line; NULL: none yet */
} tw_session;

/* Creates a session. random_len: bytes of `random`, which the connection draws again and again (for tests; 0 with
 * random set: it fails); random NULL: those of config. log_level 0: nothing is logged. */
tw_status tw_session_create(const tw_conn_config *config, const uint8_t *random, size_t random_len, uint32_t log_level,
                            tw_session **out_session);

/* Frees the connection; then `log` has its last lines, until tw_session_free. */
void tw_session_close(tw_session *session);
void tw_session_free(tw_session *session);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t tw_session_now(void);

/* The reader's step on a socket: queues what is staged, takes what the last step left, or else writes the output and
 * reads once. TW_STEP_... */
int32_t tw_session_turn(tw_session *session, int32_t fd);

/* The same cut in two for streams that are no sockets: queues what is staged and takes what the last step left
 * (TW_STEP_DONE), or else lends room (TW_STEP_AGAIN), of which `len` bytes were then read; -1: the stream has ended. */
int32_t tw_session_lend(tw_session *session);
int32_t tw_session_take(tw_session *session, int64_t len);

/* Takes bytes that were read elsewhere, as many as become at most TW_SESSION_EVENTS events. */
size_t tw_session_feed(tw_session *session, const uint8_t *data, size_t len);

/* Tells the time. TW_STEP_DONE: a time-out has passed. */
int32_t tw_session_tick(tw_session *session);

/* Queues a message behind what is staged, and writes what the socket takes, or where fd is -1 moves output to `out`,
 * session->moved bytes of it. TW_OK, or the status that refuses it. TW_NEED_ROOM: more than TW_SESSION_FLUSH_LEN bytes
 * wait; nothing is queued, but output is written or moved all the same. */
tw_status tw_session_send(tw_session *session, int32_t fd, uint8_t *out, size_t cap, uint32_t opcode,
                          const uint8_t *data, size_t len, uint32_t flags);
tw_status tw_session_send_prepared(tw_session *session, int32_t fd, uint8_t *out, size_t cap, tw_prepared *prepared);

/* Lends a stage: TW_OK or TW_ERR_NO_MEMORY. */
tw_status tw_session_stage(tw_session *session);

/* Queues what is staged, and writes what the socket takes: TW_STEP_DONE (also after write_errno) or TW_STEP_BLOCKED. */
int32_t tw_session_flush(tw_session *session, int32_t fd);

/* Queues what is staged, and moves output to `out`: bytes written there. */
size_t tw_session_output(tw_session *session, uint8_t *out, size_t cap);

/* Bytes of output that wait. */
size_t tw_session_queued(const tw_session *session);

/* Parts of the above: queues what is staged; writes what the socket takes, TW_STEP_DONE or TW_STEP_BLOCKED. A staged
 * message that is refused leaves send_status and is dropped with those behind it, which would fare no better: their
 * text was checked when they were staged. */
void tw_session_unstage(tw_session *session);
int32_t tw_session_write(tw_session *session, int32_t fd);

#ifdef __cplusplus
}
#endif

#endif /* TIDEWIRE_SESSION_H_ */
