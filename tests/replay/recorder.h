/* SPDX-License-Identifier: MIT
 *
 * Writes what happens to one connection as a vector (tests/vectors/README.md), so that a session that went wrong can be
 * run again by a runner of vectors, cut in every way. Make each tw_conn call on the connection through its namesake
 * here. For debugging and tests: it ends the program where memory runs out.
 */
#ifndef TIDEWIRE_TESTS_REPLAY_RECORDER_H_
#define TIDEWIRE_TESTS_REPLAY_RECORDER_H_

#include "recorder_json.h"

/* ---- Events ---- */

/* Ends the last of events. */
static inline void recorder_end_event(recorder *r, int is_fin) {
  if (!r->has_open_event) return;
  recorder_append_text(&r->events, is_fin ? "\", \"fin\": true}" : "\"}");
  r->has_open_event = 0;
}

static inline const char *recorder_event_name(const tw_event *event) {
  const int is_text = event->opcode == TW_OPCODE_TEXT;
  switch (event->type) {
    case TW_EVENT_OPEN: return "open";
    case TW_EVENT_PING: return "ping";
    case TW_EVENT_PONG: return "pong";
    case TW_EVENT_CLOSE: return "close";
    case TW_EVENT_MESSAGE: return is_text ? "text" : "binary";
    default: break;
  }
  if (event->opcode == TW_OPCODE_CONTINUATION) return "chunk_continuation";
  return is_text ? "chunk_text" : "chunk_binary";
}

/* The chunks of a frame become one event. */
static inline void recorder_event(recorder *r, const tw_event *event) {
  const int is_chunk = event->type == TW_EVENT_CHUNK;
  const int is_fin = is_chunk && (event->flags & TW_FRAME_FIN) != 0;
  const int goes_on =
      r->has_open_event && is_chunk && event->opcode == TW_OPCODE_CONTINUATION && event->offset == r->chunk_offset;
  char head[128];
  if (!goes_on) {
    recorder_end_event(r, 0);
    snprintf(head, sizeof(head), "%s\n          {\"type\": \"%s\", \"code\": %u, \"offset\": %llu, \"data\": \"",
             r->events.len == 0 ? "" : ",", recorder_event_name(event), (unsigned)event->code,
             (unsigned long long)event->offset);
    recorder_append_text(&r->events, head);
  }
  recorder_append_hex(&r->events, event->data, (size_t)event->len);
  r->has_open_event = 1;
  r->chunk_offset = event->offset;
  if (!is_chunk || is_fin) recorder_end_event(r, is_fin);
}

/* ---- Steps ---- */

static inline void recorder_end_step(recorder *r, tw_status status) {
  static const char *const kWants[] = {"read", "write", "close", "pause"};
  const uint32_t wants = tw_conn_wants(r->conn);
  int i, count = 0;
  fprintf(r->file, ", \"status\": \"%s\", \"wants\": [", tw_status_name(status));
  for (i = 0; i < 4; ++i) {
    if ((wants >> i & 1u) != 0) fprintf(r->file, "%s\"%s\"", count++ == 0 ? "" : ", ", kWants[i]);
  }
  fprintf(r->file, "]}");
}

static inline void recorder_end_input(recorder *r, tw_status status) {
  recorder_end_event(r, 0);
  fprintf(r->file, ",\n        {\"input\": ");
  recorder_hex(r, r->input.data, r->input.len);
  fprintf(r->file, ", \"keep_output\": true, \"events\": [");
  if (r->events.len > 0) fwrite(r->events.data, 1, r->events.len, r->file);
  fputc(']', r->file);
  recorder_end_step(r, status);
  r->input.len = 0;
  r->events.len = 0;
  r->is_waiting = 0;
}

/* An input that was not taken whole before something else happens ends where it was left. */
static inline void recorder_begin_step(recorder *r, const char *key) {
  if (r->is_waiting) {
    if (r->is_compressed || r->is_stream) r->untellable = "TW_NEED_ROOM was not followed by the rest of the input";
    recorder_end_input(r, TW_OK);
  }
  r->is_seen = 0;
  fprintf(r->file, ",\n        {\"%s\": ", key);
}

static inline tw_status recorder_end_call(recorder *r, tw_status status) {
  fprintf(r->file, ", \"keep_output\": true");
  recorder_end_step(r, status);
  return status;
}

static inline int32_t recorder_fill(void *context, uint8_t *out, size_t len) {
  recorder *r = (recorder *)context;
  if (r->source.fill != NULL ? r->source.fill(r->source.context, out, len) != 0
                             : fread(out, 1, len, r->system_source) != len) {
    r->untellable = "the random source failed";
    return -1;
  }
  recorder_append(&r->random, out, len);
  return 0;
}

/* ---- Calls ---- */

/* tw_conn_create. `r` stays where it is until recorder_finish; `name` is the vector's, [a-z0-9_]+; the file is empty.
 * config has the sizes of this header's structs. */
static inline tw_status recorder_create(recorder *r, FILE *file, const char *name, const tw_conn_config *config) {
  tw_conn_config copy = *config;
  tw_random random;
  tw_status status;
  memset(r, 0, sizeof(*r));
  r->file = file;
  r->first_second = TW_NEVER;
  r->is_compressed = config->deflate != NULL;
  r->is_stream = (config->flags & (TW_CONN_STREAM | TW_CONN_STREAM_FRAGMENTED)) != 0;
  if (config->random != NULL) {
    r->source = *config->random;
  } else if ((r->system_source = fopen("/dev/urandom", "rb")) == NULL) {
    r->untellable = "there is no random source";
    return TW_ERR_RANDOM;
  }
  random.fill = recorder_fill;
  random.context = r;
  copy.random = &random;
  fprintf(file, "{\n  \"about\": \"A recorded session.\",\n  \"vectors\": [\n    {\n      \"name\": \"%s\"", name);
  fprintf(file, ",\n      \"section\": \"RFC 6455\",\n      \"role\": \"%s\"",
          config->role == TW_ROLE_CLIENT ? "client" : "server");
  recorder_config(r, config);
  if ((config->flags & TW_CONN_UPGRADED) == 0) recorder_handshake(r, config->handshake);
  if (config->deflate != NULL) recorder_deflate(r, config->deflate);
  if (config->negotiated != NULL) recorder_terms(r, "negotiated", config->negotiated);
  status = tw_conn_create(&copy, &r->conn);
  fprintf(file, ",\n      \"steps\": [\n        {\"create\": true");
  return recorder_end_call(r, status);
}

/* tw_conn_receive */
static inline tw_status recorder_receive(recorder *r, uint8_t *data, size_t len, tw_event *events, size_t cap,
                                         size_t *out_count, size_t *out_consumed) {
  const size_t before = r->input.len;
  tw_status status;
  size_t i;
  recorder_append(&r->input, data, len); /* before it is unmasked */
  status = tw_conn_receive(r->conn, data, len, events, cap, out_count, out_consumed);
  r->input.len = before + *out_consumed;
  r->is_seen = 0;
  for (i = 0; i < *out_count; ++i) recorder_event(r, &events[i]);
  if (status == TW_NEED_ROOM) {
    r->is_waiting = 1;
  } else {
    recorder_end_input(r, status);
  }
  return status;
}

static inline tw_status recorder_receive_eof(recorder *r) {
  recorder_begin_step(r, "eof");
  fprintf(r->file, "true");
  return recorder_end_call(r, tw_conn_receive_eof(r->conn));
}

/* tw_conn_send. That the caller vouches for a text is not told. */
static inline tw_status recorder_send(recorder *r, uint32_t opcode, const uint8_t *data, size_t len, uint32_t flags) {
  static const char *const kOpcodes[] = {"continuation", "text", "binary"};
  if (opcode > TW_OPCODE_BINARY) r->untellable = "a message was sent with the opcode of none";
  recorder_begin_step(r, "send");
  recorder_hex(r, data, len);
  fprintf(r->file, ", \"opcode\": \"%s\"", kOpcodes[opcode % 3]);
  if ((flags & TW_SEND_MORE) != 0) fprintf(r->file, ", \"more\": true");
  if ((flags & TW_SEND_COMPRESS) != 0) fprintf(r->file, ", \"compress\": true");
  if ((flags & TW_SEND_NO_COMPRESS) != 0) fprintf(r->file, ", \"compress\": false");
  return recorder_end_call(r, tw_conn_send(r->conn, opcode, data, len, flags));
}

static inline tw_status recorder_ping(recorder *r, const uint8_t *data, size_t len) {
  recorder_begin_step(r, "ping");
  recorder_hex(r, data, len);
  return recorder_end_call(r, tw_conn_ping(r->conn, data, len));
}

static inline tw_status recorder_pong(recorder *r, const uint8_t *data, size_t len) {
  recorder_begin_step(r, "pong");
  recorder_hex(r, data, len);
  return recorder_end_call(r, tw_conn_pong(r->conn, data, len));
}

static inline tw_status recorder_close(recorder *r, uint32_t code, const uint8_t *reason, size_t len) {
  recorder_begin_step(r, "close");
  fprintf(r->file, "%u, \"reason\": ", (unsigned)code);
  recorder_hex(r, reason, len);
  return recorder_end_call(r, tw_conn_close(r->conn, code, reason, len));
}

/* tw_conn_tick. The vector's clock starts in the second of the first tick, so that a double holds its times. */
static inline tw_status recorder_tick(recorder *r, uint64_t now_ns, uint64_t *out_next_deadline_ns) {
  tw_status status;
  if (r->first_second == TW_NEVER) r->first_second = now_ns - now_ns % 1000000000u;
  recorder_begin_step(r, "tick");
  recorder_number(r, now_ns > r->first_second ? now_ns - r->first_second : 0, 0);
  status = tw_conn_tick(r->conn, now_ns, out_next_deadline_ns);
  fprintf(r->file, ", \"deadline\": ");
  recorder_number(r, *out_next_deadline_ns - (*out_next_deadline_ns == TW_NEVER ? 0 : r->first_second), 1);
  return recorder_end_call(r, status);
}

/* A look at the output is told because it may add the last close frame. */
static inline tw_status recorder_output(recorder *r, tw_view *views, size_t cap, size_t *out_count) {
  tw_status status;
  size_t i;
  if (!r->is_seen) recorder_begin_step(r, "consume");
  status = tw_conn_output(r->conn, views, cap, out_count);
  if (!r->is_seen) {
    fprintf(r->file, "0");
    recorder_end_step(r, TW_OK);
  }
  r->shown.len = 0;
  for (i = 0; i < *out_count; ++i) recorder_append(&r->shown, views[i].data, views[i].len);
  r->is_seen = 1;
  return status;
}

/* tw_conn_output_consume. The runner looks at the output once more, which must not add a close frame. */
static inline tw_status recorder_output_consume(recorder *r, size_t len) {
  const int is_seen = r->is_seen;
  const tw_status status = tw_conn_output_consume(r->conn, len);
  if (status != TW_OK || len == 0) return status;
  if (len > r->shown.len) {
    r->untellable = "output was consumed that nobody has looked at";
    return status;
  }
  if (!is_seen && tw_conn_state(r->conn) != TW_STATE_OPEN) {
    r->untellable = "output was consumed while closing, without a look at it after the call before";
  }
  recorder_begin_step(r, "consume");
  fprintf(r->file, "%llu, \"output\": ", (unsigned long long)len);
  recorder_hex(r, r->shown.data, len);
  recorder_end_step(r, TW_OK);
  memmove(r->shown.data, r->shown.data + len, r->shown.len - len);
  r->shown.len -= len;
  r->is_seen = is_seen;
  return status;
}

/* ---- End ---- */

/* Writes how it ended, destroys the connection and frees all but the file. NULL, or why a runner would not see what
 * happened here. */
static inline const char *recorder_finish(recorder *r) {
  if (r->is_waiting) recorder_end_input(r, TW_OK);
  fprintf(r->file, "\n      ]");
  recorder_end(r);
  /* The reference, which the runner asks only where masking keys are the usual ones, compresses in another way. */
  if (r->is_compressed && r->random.len == 0) recorder_append(&r->random, "", 1);
  if (r->random.len > 0) {
    fprintf(r->file, ",\n      \"random\": ");
    recorder_hex(r, r->random.data, r->random.len);
  }
  fprintf(r->file, "\n    }\n  ]\n}\n");
  if (ferror(r->file)) r->untellable = "the file could not be written";
  tw_conn_destroy(r->conn);
  free(r->random.data);
  free(r->input.data);
  free(r->events.data);
  free(r->shown.data);
  if (r->system_source != NULL) fclose(r->system_source);
  return r->untellable;
}

#endif /* TIDEWIRE_TESTS_REPLAY_RECORDER_H_ */
