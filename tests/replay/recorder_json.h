/* SPDX-License-Identifier: MIT
 *
 * What recorder.h is made of: its state, and how a vector's parts are written.
 */
#ifndef TIDEWIRE_TESTS_REPLAY_RECORDER_JSON_H_
#define TIDEWIRE_TESTS_REPLAY_RECORDER_JSON_H_

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tidewire/tidewire.h>

typedef struct recorder_bytes {
  uint8_t *data;
  size_t len;
  size_t cap;
} recorder_bytes;

typedef struct recorder {
  FILE *file;
  tw_conn *conn;
  tw_random source;       /* the caller's; fill is NULL where it gave none */
  FILE *system_source;    /* stands in for it */
  const char *untellable; /* why the vector is not the session; NULL: it is */
  recorder_bytes random;  /* all that the source has yielded */
  recorder_bytes input;   /* of the step under way */
  recorder_bytes events;  /* of the step under way, as JSON */
  recorder_bytes shown;   /* the output that was looked at last, and not consumed */
  uint64_t first_second;  /* of the clock, in ns: times are told from there. TW_NEVER: no tick yet */
  uint64_t chunk_offset;  /* of the last event, where that is a chunk */
  int is_compressed;      /* with it, or in chunks, a part of an input may be no step of its own */
  int is_stream;
  int is_waiting;     /* the step under way has brought TW_NEED_ROOM, and its input goes on */
  int has_open_event; /* the last of events lacks its end */
  int is_seen;        /* the output was looked at, and nothing happened since */
} recorder;

/* ---- Text ---- */

static inline void recorder_append(recorder_bytes *to, const void *data, size_t len) {
  if (len == 0) return;
  if (to->cap - to->len < len) {
    to->cap = (to->len + len) * 2;
    to->data = (uint8_t *)realloc(to->data, to->cap);
    if (to->data == NULL) abort();
  }
  memcpy(to->data + to->len, data, len);
  to->len += len;
}

static inline void recorder_append_text(recorder_bytes *to, const char *text) {
  recorder_append(to, text, strlen(text));
}

static inline void recorder_append_hex(recorder_bytes *to, const uint8_t *data, size_t len) {
  char digits[3];
  size_t i;
  for (i = 0; i < len; ++i) {
    snprintf(digits, sizeof(digits), "%02x", data[i]);
    recorder_append(to, digits, 2);
  }
}

static inline void recorder_hex(recorder *r, const uint8_t *data, size_t len) {
  size_t i;
  fputc('"', r->file);
  for (i = 0; i < len; ++i) fprintf(r->file, "%02x", data[i]);
  fputc('"', r->file);
}

static inline void recorder_string(recorder *r, const char *text) {
  fputc('"', r->file);
  for (; *text != '\0'; ++text) {
    const unsigned char c = (unsigned char)*text;
    if (c < ' ' || c == '"' || c == '\\') {
      fprintf(r->file, "\\u%04x", c);
    } else {
      fputc(c, r->file);
    }
  }
  fputc('"', r->file);
}

/* A number that a double holds exactly; "never" is for times. */
static inline void recorder_number(recorder *r, uint64_t value, int is_time) {
  if (value == TW_NEVER && is_time) {
    fprintf(r->file, "\"never\"");
    return;
  }
  if (value > (uint64_t)1 << 53) r->untellable = "a number is too large for JSON";
  fprintf(r->file, "%llu", (unsigned long long)value);
}

/* A member that is left out where it is 0. */
static inline void recorder_member(recorder *r, int *count, const char *name, uint64_t value) {
  const size_t len = strlen(name);
  if (value == 0) return;
  fprintf(r->file, "%s\"%s\": ", (*count)++ == 0 ? "" : ", ", name);
  recorder_number(r, value, len > 3 && strcmp(name + len - 3, "_ns") == 0);
}

static inline void recorder_flag(recorder *r, int *count, const char *name, int is_set) {
  if (is_set) fprintf(r->file, "%s\"%s\": true", (*count)++ == 0 ? "" : ", ", name);
}

static inline void recorder_text_member(recorder *r, int *count, const char *name, const char *text) {
  if (text == NULL) return;
  fprintf(r->file, "%s\"%s\": ", (*count)++ == 0 ? "" : ", ", name);
  recorder_string(r, text);
}

/* ---- Configuration ---- */

static inline void recorder_config(recorder *r, const tw_conn_config *c) {
  int n = 0;
  fprintf(r->file, ",\n      \"config\": {");
  recorder_member(r, &n, "max_frame_len", c->max_frame_len);
  recorder_member(r, &n, "max_message_len", c->max_message_len);
  recorder_member(r, &n, "max_output_len", c->max_output_len);
  recorder_member(r, &n, "max_memory_len", c->max_memory_len);
  recorder_member(r, &n, "output_high_len", c->output_high_len);
  recorder_member(r, &n, "output_low_len", c->output_low_len);
  recorder_member(r, &n, "max_fragments", c->max_fragments);
  recorder_member(r, &n, "max_control_rate", c->max_control_rate);
  recorder_member(r, &n, "handshake_timeout_ns", c->handshake_timeout_ns);
  recorder_member(r, &n, "idle_timeout_ns", c->idle_timeout_ns);
  recorder_member(r, &n, "ping_interval_ns", c->ping_interval_ns);
  recorder_member(r, &n, "pong_timeout_ns", c->pong_timeout_ns);
  recorder_member(r, &n, "message_timeout_ns", c->message_timeout_ns);
  recorder_member(r, &n, "close_timeout_ns", c->close_timeout_ns);
  recorder_flag(r, &n, "stream", (c->flags & TW_CONN_STREAM) != 0);
  recorder_flag(r, &n, "stream_fragmented", (c->flags & TW_CONN_STREAM_FRAGMENTED) != 0);
  recorder_flag(r, &n, "manual_pong", (c->flags & TW_CONN_MANUAL_PONG) != 0);
  recorder_flag(r, &n, "manual_close", (c->flags & TW_CONN_MANUAL_CLOSE) != 0);
  recorder_flag(r, &n, "trusted", (c->flags & TW_CONN_TRUSTED) != 0);
  fputc('}', r->file);
}

static inline void recorder_strings(recorder *r, int *count, const char *name, const char *const *list, size_t len) {
  size_t i;
  if (len == 0) return;
  fprintf(r->file, "%s\"%s\": [", (*count)++ == 0 ? "" : ", ", name);
  for (i = 0; i < len; ++i) {
    if (i > 0) fprintf(r->file, ", ");
    recorder_string(r, list[i]);
  }
  fputc(']', r->file);
}

static inline void recorder_handshake(recorder *r, const tw_handshake_config *h) {
  int n = 0;
  size_t i;
  fprintf(r->file, ",\n      \"handshake\": {");
  if (h != NULL) {
    recorder_member(r, &n, "max_head_len", h->max_head_len);
    recorder_member(r, &n, "max_header_count", h->max_header_count);
    recorder_member(r, &n, "max_line_len", h->max_line_len);
    recorder_text_member(r, &n, "host", h->host);
    recorder_text_member(r, &n, "target", h->target);
    recorder_text_member(r, &n, "origin", h->origin);
    recorder_strings(r, &n, "subprotocols", h->subprotocols, h->subprotocol_count);
    recorder_strings(r, &n, "origins", h->origins, h->origin_count);
    for (i = 0; i < h->header_count; ++i) {
      fprintf(r->file, i > 0 ? ", [" : n++ > 0 ? ", \"headers\": [[" : "\"headers\": [[");
      recorder_string(r, h->headers[i].name);
      fprintf(r->file, ", ");
      recorder_string(r, h->headers[i].value);
      fprintf(r->file, i + 1 < h->header_count ? "]" : "]]");
    }
    recorder_flag(r, &n, "any_origin", (h->flags & TW_HANDSHAKE_ANY_ORIGIN) != 0);
  }
  fputc('}', r->file);
}

static inline void recorder_deflate(recorder *r, const tw_deflate_config *d) {
  int n = 0;
  fprintf(r->file, ",\n      \"deflate\": {");
  recorder_member(r, &n, "level", d->level);
  recorder_member(r, &n, "memory_level", d->memory_level);
  recorder_member(r, &n, "send_window_bits", d->send_window_bits);
  recorder_member(r, &n, "receive_window_bits", d->receive_window_bits);
  recorder_member(r, &n, "max_context_len", d->max_context_len);
  recorder_member(r, &n, "min_len", d->min_len);
  recorder_member(r, &n, "max_call_len", d->max_call_len);
  recorder_member(r, &n, "max_ratio", d->max_ratio);
  fputc('}', r->file);
}

static inline void recorder_terms(recorder *r, const char *name, const tw_deflate *terms) {
  int n = 0;
  fprintf(r->file, ",\n      \"%s\": ", name);
  if (!terms->enabled) {
    fprintf(r->file, "\"none\"");
    return;
  }
  fputc('{', r->file);
  recorder_member(r, &n, "send_window_bits", terms->send_window_bits);
  recorder_member(r, &n, "receive_window_bits", terms->receive_window_bits);
  recorder_flag(r, &n, "send_takeover", (terms->flags & TW_DEFLATE_SEND_TAKEOVER) != 0);
  recorder_flag(r, &n, "receive_takeover", (terms->flags & TW_DEFLATE_RECEIVE_TAKEOVER) != 0);
  fputc('}', r->file);
}

/* ---- End ---- */

/* What the getters tell. Of a failed connection the lengths of compressed messages depend on how input was cut. */
static inline void recorder_stats(recorder *r, int has_failed) {
  tw_conn_stats stats = TW_CONN_STATS_INIT;
  int n = 0;
  tw_conn_get_stats(r->conn, &stats);
  fprintf(r->file, ",\n      \"stats\": {");
  recorder_member(r, &n, "bytes_received", stats.bytes_received);
  recorder_member(r, &n, "bytes_sent", stats.bytes_sent);
  recorder_member(r, &n, "messages_received", stats.messages_received);
  recorder_member(r, &n, "messages_sent", stats.messages_sent);
  recorder_member(r, &n, "frames_received", stats.frames_received);
  recorder_member(r, &n, "frames_sent", stats.frames_sent);
  recorder_member(r, &n, "control_frames_received", stats.control_frames_received);
  recorder_member(r, &n, "control_frames_sent", stats.control_frames_sent);
  if (!has_failed) {
    recorder_member(r, &n, "deflated_received_len", stats.deflated_received_len);
    recorder_member(r, &n, "inflated_received_len", stats.inflated_received_len);
  }
  recorder_member(r, &n, "deflated_sent_len", stats.deflated_sent_len);
  recorder_member(r, &n, "inflated_sent_len", stats.inflated_sent_len);
  recorder_member(r, &n, "rtt_ns", stats.rtt_ns);
  fputc('}', r->file);
}

static inline void recorder_end(recorder *r) {
  static const char *const kStates[] = {"connecting", "open", "closing", "closed"};
  static const char *const kCauses[] = {"nobody", "us", "peer", "error"};
  tw_error error = TW_ERROR_INIT;
  tw_close close = {0, 0, 0};
  tw_deflate agreed = {0, 0, 0, 0, {0, 0, 0, 0}};
  int n = 0;
  fprintf(r->file, ",\n      \"state\": \"%s\"", kStates[tw_conn_state(r->conn)]);
  if (r->conn == NULL) return;
  tw_conn_get_error(r->conn, &error);
  if (error.status != TW_OK) {
    fprintf(r->file, ",\n      \"error\": {");
    recorder_text_member(r, &n, "status", tw_status_name(error.status));
    recorder_member(r, &n, "offset", error.offset);
    recorder_member(r, &n, "close_code", error.close_code);
    recorder_text_member(r, &n, "limit", error.limit);
    fputc('}', r->file);
  }
  tw_conn_get_close(r->conn, &close);
  n = 0;
  fprintf(r->file, ",\n      \"close_info\": {");
  recorder_text_member(r, &n, "cause", kCauses[close.cause]);
  recorder_member(r, &n, "local_code", close.local_code);
  recorder_member(r, &n, "remote_code", close.remote_code);
  fputc('}', r->file);
  tw_conn_get_deflate(r->conn, &agreed);
  recorder_terms(r, "agreed", &agreed);
  recorder_stats(r, error.status != TW_OK);
}

#endif /* TIDEWIRE_TESTS_REPLAY_RECORDER_JSON_H_ */
