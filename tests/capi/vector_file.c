/* SPDX-License-Identifier: MIT */
#include "vector_file.h"

#include <stddef.h>
#include <string.h>

/* A number of a struct, 8 bytes wide or 4. */
struct field {
  const char *name;
  size_t offset;
  size_t size;
};
#define FIELD(type, name) \
  { #name, offsetof(type, name), sizeof(((type *)0)->name) }

static const struct field kConfigFields[] = {FIELD(tw_conn_config, max_frame_len),
                                             FIELD(tw_conn_config, max_message_len),
                                             FIELD(tw_conn_config, max_output_len),
                                             FIELD(tw_conn_config, max_memory_len),
                                             FIELD(tw_conn_config, output_high_len),
                                             FIELD(tw_conn_config, output_low_len),
                                             FIELD(tw_conn_config, max_fragments),
                                             FIELD(tw_conn_config, max_control_rate),
                                             FIELD(tw_conn_config, idle_timeout_ns),
                                             FIELD(tw_conn_config, handshake_timeout_ns),
                                             FIELD(tw_conn_config, ping_interval_ns),
                                             FIELD(tw_conn_config, pong_timeout_ns),
                                             FIELD(tw_conn_config, message_timeout_ns),
                                             FIELD(tw_conn_config, close_timeout_ns),
                                             {NULL, 0, 0}};

static const struct field kDeflateFields[] = {FIELD(tw_deflate_config, level),
                                              FIELD(tw_deflate_config, memory_level),
                                              FIELD(tw_deflate_config, send_window_bits),
                                              FIELD(tw_deflate_config, receive_window_bits),
                                              FIELD(tw_deflate_config, max_context_len),
                                              FIELD(tw_deflate_config, min_len),
                                              FIELD(tw_deflate_config, max_call_len),
                                              FIELD(tw_deflate_config, max_ratio),
                                              {NULL, 0, 0}};

/* Whether the item is one of the fields, which is then set. */
static int set_field(const cJSON *item, const struct field *fields, void *out) {
  for (; fields->name != NULL; ++fields) {
    const size_t len = strlen(fields->name);
    const int is_time = len > 3 && strcmp(fields->name + len - 3, "_ns") == 0;
    uint8_t *at = (uint8_t *)out + fields->offset;
    uint64_t wide;
    uint32_t narrow;
    if (strcmp(fields->name, item->string) != 0) continue;
    wide = is_time ? time_of(item) : number_of(item);
    narrow = (uint32_t)wide;
    if (fields->size == sizeof(wide)) {
      memcpy(at, &wide, sizeof(wide));
    } else {
      memcpy(at, &narrow, sizeof(narrow));
    }
    return 1;
  }
  return 0;
}

static void read_event(const cJSON *named, const cJSON *json, struct event *event) {
  static const char *const kKeys[] = {"type", "data", "code", "offset", "fin", NULL};
  static const char *const kTypes[] = {
      "open", "text", "binary", "ping", "pong", "close", "chunk_text", "chunk_binary", "chunk_continuation", NULL};
  static const uint8_t kEvents[] = {TW_EVENT_OPEN,  TW_EVENT_MESSAGE, TW_EVENT_MESSAGE, TW_EVENT_PING, TW_EVENT_PONG,
                                    TW_EVENT_CLOSE, TW_EVENT_CHUNK,   TW_EVENT_CHUNK,   TW_EVENT_CHUNK};
  static const uint8_t kOpcodes[] = {0,
                                     TW_OPCODE_TEXT,
                                     TW_OPCODE_BINARY,
                                     TW_OPCODE_PING,
                                     TW_OPCODE_PONG,
                                     TW_OPCODE_CLOSE,
                                     TW_OPCODE_TEXT,
                                     TW_OPCODE_BINARY,
                                     TW_OPCODE_CONTINUATION};
  uint32_t type;
  require_keys(json, kKeys);
  type = index_of(member(json, "type"), kTypes);
  event->type = kEvents[type];
  event->opcode = kOpcodes[type];
  if (event->type == TW_EVENT_CHUNK) {
    event->flags = is_true(json, "fin") ? TW_FRAME_FIN : 0;
  } else {
    event->flags = event->type == TW_EVENT_OPEN ? 0 : TW_FRAME_FIN;
    if (is_true(json, "fin")) refuse("only chunks say fin", json);
  }
  event->code = (uint32_t)number_or_zero(json, "code");
  event->offset = number_or_zero(json, "offset");
  append_member(&event->data, named, json, "data");
}

static void read_frame(const cJSON *named, const cJSON *json, struct frame *frame) {
  static const char *const kKeys[] = {"first", "key", "data", NULL};
  require_keys(json, kKeys);
  append_member(&frame->first, named, json, "first");
  append_member(&frame->key, named, json, "key");
  append_member(&frame->data, named, json, "data");
  if (frame->first.len != 1 || (frame->key.len != 4 && frame->key.len != 0)) refuse("not a frame", json);
}

static void read_action(const cJSON *named, const cJSON *json, struct step *step) {
  static const char *const kActions[] = {"create", "input", "eof",  "send",    "ping",
                                         "pong",   "close", "tick", "consume", NULL};
  size_t i;
  step->action = "";
  for (i = 0; kActions[i] != NULL; ++i) {
    const cJSON *value = member(json, kActions[i]);
    const char *action = kActions[i];
    if (value == NULL) continue;
    if (step->action[0] != '\0') refuse("two actions", json);
    step->action = action;
    if (strcmp(action, "create") == 0 || strcmp(action, "eof") == 0) {
      is_true(json, action);
    } else if (strcmp(action, "close") == 0) {
      step->code = (uint32_t)number_of(value);
      append_member(&step->data, named, json, "reason");
    } else if (strcmp(action, "tick") == 0 || strcmp(action, "consume") == 0) {
      step->number = number_of(value);
    } else {
      append_data(&step->data, named, value);
    }
  }
  if (strcmp(step->action, "tick") == 0) step->deadline = time_of(member(json, "deadline"));
}

static void read_send(const cJSON *json, struct step *step) {
  static const char *const kOpcodes[] = {"continuation", "text", "binary", NULL};
  const cJSON *compress = member(json, "compress");
  if (strcmp(step->action, "send") != 0) return;
  step->opcode = index_of(member(json, "opcode"), kOpcodes);
  step->flags = is_true(json, "more") ? TW_SEND_MORE : 0;
  if (compress == NULL) return;
  if (!cJSON_IsBool(compress)) refuse("not true or false", json);
  step->flags |= cJSON_IsTrue(compress) ? TW_SEND_COMPRESS : TW_SEND_NO_COMPRESS;
}

static void read_output(const cJSON *named, const cJSON *json, struct step *step) {
  static const char *const kForms[] = {"output", "output_prefix", "deflated_output", "keep_output", NULL};
  const cJSON *frame;
  size_t i, count = 0;
  for (i = 0; kForms[i] != NULL; ++i) {
    if (member(json, kForms[i]) == NULL) continue;
    if (++count > 1) refuse("two forms of output", json);
    step->form = (enum output_form)i;
  }
  if (step->form == kExact) append_member(&step->output, named, json, "output");
  if (step->form == kPrefix) append_member(&step->output, named, json, "output_prefix");
  if (step->form == kKept) is_true(json, "keep_output");
  if (step->form != kFrames) return;
  cJSON_ArrayForEach(frame, member(json, "deflated_output")) {
    if (step->frame_count == kMaxFrames) refuse("too many frames", json);
    read_frame(named, frame, &step->frames[step->frame_count++]);
  }
}

static void read_step(const cJSON *named, const cJSON *json, struct step *step) {
  static const char *const kKeys[] = {
      "create",          "input",       "eof",      "send",   "ping",   "pong",   "close",    "tick",   "consume",
      "opcode",          "more",        "compress", "reason", "status", "events", "deadline", "output", "output_prefix",
      "deflated_output", "keep_output", "wants",    NULL};
  const cJSON *event;
  require_keys(json, kKeys);
  read_action(named, json, step);
  read_send(json, step);
  step->status = member(json, "status") == NULL ? "TW_OK" : string_of(member(json, "status"));
  cJSON_ArrayForEach(event, member(json, "events")) {
    if (step->event_count == kMaxEvents) refuse("too many events", json);
    read_event(named, event, &step->events[step->event_count++]);
  }
  read_output(named, json, step);
  step->wants = member(json, "wants");
}

static size_t read_strings(const cJSON *list, const char **out) {
  const cJSON *item;
  size_t count = 0;
  cJSON_ArrayForEach(item, list) {
    if (count == kMaxStrings) refuse("too many strings", list);
    out[count++] = string_of(item);
  }
  return count;
}

static void read_handshake(const cJSON *json, struct vector *vector) {
  static const char *const kKeys[] = {
      "max_head_len", "max_header_count", "max_line_len", "host",       "target", "origin",
      "subprotocols", "origins",          "headers",      "any_origin", NULL};
  tw_handshake_config *config = &vector->handshake;
  const cJSON *header;
  require_keys(json, kKeys);
  config->struct_size = sizeof(*config);
  config->flags = is_true(json, "any_origin") ? TW_HANDSHAKE_ANY_ORIGIN : 0;
  config->max_head_len = (uint32_t)number_or_zero(json, "max_head_len");
  config->max_header_count = (uint32_t)number_or_zero(json, "max_header_count");
  config->max_line_len = (uint32_t)number_or_zero(json, "max_line_len");
  if (member(json, "host") != NULL) config->host = string_of(member(json, "host"));
  if (member(json, "target") != NULL) config->target = string_of(member(json, "target"));
  if (member(json, "origin") != NULL) config->origin = string_of(member(json, "origin"));
  config->subprotocols = vector->subprotocols;
  config->subprotocol_count = read_strings(member(json, "subprotocols"), vector->subprotocols);
  config->origins = vector->origins;
  config->origin_count = read_strings(member(json, "origins"), vector->origins);
  config->headers = vector->headers;
  cJSON_ArrayForEach(header, member(json, "headers")) {
    if (config->header_count == kMaxStrings) refuse("too many headers", json);
    vector->headers[config->header_count].name = string_of(cJSON_GetArrayItem(header, 0));
    vector->headers[config->header_count++].value = string_of(cJSON_GetArrayItem(header, 1));
  }
}

static void read_config(const cJSON *json, tw_conn_config *config) {
  static const char *const kFlagNames[] = {"stream",       "stream_fragmented", "manual_pong",
                                           "manual_close", "trusted",           NULL};
  static const uint32_t kFlags[] = {TW_CONN_STREAM, TW_CONN_STREAM_FRAGMENTED, TW_CONN_MANUAL_PONG,
                                    TW_CONN_MANUAL_CLOSE, TW_CONN_TRUSTED};
  const cJSON *item;
  cJSON_ArrayForEach(item, json) {
    size_t i = 0;
    if (set_field(item, kConfigFields, config)) continue;
    while (kFlagNames[i] != NULL && strcmp(kFlagNames[i], item->string) != 0) ++i;
    if (kFlagNames[i] == NULL) refuse("unknown key", json);
    if (is_true(json, kFlagNames[i])) config->flags |= kFlags[i];
  }
}

void read_terms(const cJSON *json, tw_deflate *terms) {
  static const char *const kKeys[] = {"send_window_bits", "receive_window_bits", "send_takeover", "receive_takeover",
                                      NULL};
  const cJSON *send = member(json, kKeys[0]), *receive = member(json, kKeys[1]);
  require_keys(json, kKeys);
  terms->enabled = 1;
  terms->send_window_bits = (uint8_t)(send == NULL ? 15 : number_of(send));
  terms->receive_window_bits = (uint8_t)(receive == NULL ? 15 : number_of(receive));
  if (is_true(json, "send_takeover")) terms->flags |= TW_DEFLATE_SEND_TAKEOVER;
  if (is_true(json, "receive_takeover")) terms->flags |= TW_DEFLATE_RECEIVE_TAKEOVER;
}

static void read_deflate(const cJSON *json, struct vector *vector) {
  const cJSON *item, *terms = member(vector->json, "negotiated");
  if (json != NULL) {
    vector->deflate.struct_size = sizeof(vector->deflate);
    vector->config.deflate = &vector->deflate;
  }
  cJSON_ArrayForEach(item, json) {
    if (!set_field(item, kDeflateFields, &vector->deflate)) refuse("unknown key", json);
  }
  if (terms == NULL) return;
  read_terms(terms, &vector->negotiated);
  vector->config.negotiated = &vector->negotiated;
}

/* Where the vector says nothing else: 00 to ff. */
static void read_random(const cJSON *named, struct vector *vector) {
  int byte;
  append_member(&vector->random, named, vector->json, "random");
  if (member(vector->json, "random") != NULL) return;
  for (byte = 0; byte < 256; ++byte) {
    const uint8_t next = (uint8_t)byte;
    bytes_append(&vector->random, &next, 1);
  }
}

void read_vector(const cJSON *json, const cJSON *named, struct vector *vector) {
  static const char *const kKeys[] = {"name",       "section", "role",    "config", "handshake", "deflate",
                                      "negotiated", "random",  "steps",   "state",  "error",     "close_info",
                                      "agreed",     "stats",   "comment", NULL};
  static const char *const kRoles[] = {"server", "client", NULL};
  const cJSON *handshake = member(json, "handshake"), *step;
  require_keys(json, kKeys);
  memset(vector, 0, sizeof(*vector));
  vector->json = json;
  vector->config.struct_size = sizeof(vector->config);
  vector->config.role = index_of(member(json, "role"), kRoles);
  vector->config.flags = handshake == NULL ? TW_CONN_UPGRADED : 0;
  read_config(member(json, "config"), &vector->config);
  read_deflate(member(json, "deflate"), vector);
  read_random(named, vector);
  if (handshake != NULL) {
    read_handshake(handshake, vector);
    vector->config.handshake = &vector->handshake;
  }
  cJSON_ArrayForEach(step, member(json, "steps")) {
    if (vector->step_count == kMaxSteps) refuse("too many steps", json);
    read_step(named, step, &vector->steps[vector->step_count++]);
  }
  if (vector->step_count == 0) refuse("no steps", json);
}

void clear_vector(struct vector *vector) {
  size_t i, j;
  for (i = 0; i < vector->step_count; ++i) {
    struct step *step = &vector->steps[i];
    for (j = 0; j < step->event_count; ++j) bytes_clear(&step->events[j].data);
    for (j = 0; j < step->frame_count; ++j) {
      bytes_clear(&step->frames[j].first);
      bytes_clear(&step->frames[j].key);
      bytes_clear(&step->frames[j].data);
    }
    bytes_clear(&step->data);
    bytes_clear(&step->output);
  }
  bytes_clear(&vector->random);
}
