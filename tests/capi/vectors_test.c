/* SPDX-License-Identifier: MIT
 *
 * Runs the vector files given as arguments, as tests/vectors/README.md says, through the public interface alone.
 */
#include "check.h"
#include "vector_data.h"

enum { kMaxSteps = 16, kMaxEvents = 32, kEventCap = 64, kEverySplitMax = 2048, kMaxStrings = 8 };

struct expected_event {
  uint32_t type, opcode, flags, code;
  uint64_t offset;
  bytes data;
};

struct step {
  const char *action; /* its key; "" for none */
  bytes data;
  uint32_t opcode, flags, code;
  const char *status;
  struct expected_event events[kMaxEvents];
  size_t event_count;
  bytes output;
  int output_is_prefix;
};

struct vector {
  const cJSON *json;
  const cJSON *named;
  tw_conn_config config;
  tw_handshake_config handshake;
  const char *subprotocols[kMaxStrings], *origins[kMaxStrings];
  tw_header headers[kMaxStrings];
  struct step steps[kMaxSteps];
  size_t step_count;
};

/* How the input of a step is fed: in pieces of `piece` bytes, or, that of step number `step`, in two cut at `at`. */
struct cut {
  size_t cap, piece, step, at;
};

static int32_t count_up(void *context, uint8_t *out, size_t len) {
  size_t i;
  for (i = 0; i < len; ++i) out[i] = (*(uint8_t *)context)++;
  return 0;
}

/* ---- Reading ---- */

static int is_true(const cJSON *object, const char *key) {
  const cJSON *value = member(object, key);
  if (value != NULL && !cJSON_IsTrue(value)) refuse("only true can be said", object);
  return value != NULL;
}

static uint32_t index_of(const cJSON *word, const char *const *words) {
  uint32_t i;
  for (i = 0; words[i] != NULL; ++i) {
    if (strcmp(words[i], string_of(word)) == 0) return i;
  }
  refuse("unknown word", word);
  return 0;
}

static void read_event(const struct vector *vector, const cJSON *json, struct expected_event *event) {
  static const char *const kKeys[] = {"type", "data", "code", "offset", NULL};
  static const char *const kTypes[] = {"open", "text", "binary", "ping", "pong", "close", NULL};
  static const uint8_t kEvents[] = {TW_EVENT_OPEN, TW_EVENT_MESSAGE, TW_EVENT_MESSAGE,
                                    TW_EVENT_PING, TW_EVENT_PONG,    TW_EVENT_CLOSE};
  static const uint8_t kOpcodes[] = {
      0, TW_OPCODE_TEXT, TW_OPCODE_BINARY, TW_OPCODE_PING, TW_OPCODE_PONG, TW_OPCODE_CLOSE};
  uint32_t type;
  require_keys(json, kKeys);
  type = index_of(member(json, "type"), kTypes);
  event->type = kEvents[type];
  event->opcode = kOpcodes[type];
  event->flags = type == 0 ? 0 : TW_FRAME_FIN;
  event->code = (uint32_t)number_or_zero(json, "code");
  event->offset = number_or_zero(json, "offset");
  append_member(&event->data, vector->named, json, "data");
}

static void read_action(const struct vector *vector, const cJSON *json, struct step *step) {
  static const char *const kActions[] = {"create", "input", "eof", "send", "ping", "pong", "close", NULL};
  static const char *const kOpcodes[] = {"continuation", "text", "binary", NULL};
  size_t i;
  step->action = "";
  for (i = 0; kActions[i] != NULL; ++i) {
    const cJSON *value = member(json, kActions[i]);
    if (value == NULL) continue;
    if (step->action[0] != '\0') refuse("two actions", json);
    step->action = kActions[i];
    if (strcmp(kActions[i], "create") == 0 || strcmp(kActions[i], "eof") == 0) {
      is_true(json, kActions[i]);
    } else if (strcmp(kActions[i], "close") == 0) {
      step->code = (uint32_t)number_of(value);
      append_member(&step->data, vector->named, json, "reason");
    } else {
      append_data(&step->data, vector->named, value);
    }
  }
  if (strcmp(step->action, "send") == 0) {
    step->opcode = index_of(member(json, "opcode"), kOpcodes);
    step->flags = is_true(json, "more") ? TW_SEND_MORE : 0;
  }
}

static void read_step(const struct vector *vector, const cJSON *json, struct step *step) {
  static const char *const kKeys[] = {"create", "input",  "eof",    "send",          "ping",
                                      "pong",   "close",  "opcode", "more",          "reason",
                                      "status", "events", "output", "output_prefix", NULL};
  const cJSON *event;
  require_keys(json, kKeys);
  read_action(vector, json, step);
  step->status = member(json, "status") == NULL ? "TW_OK" : string_of(member(json, "status"));
  cJSON_ArrayForEach(event, member(json, "events")) {
    if (step->event_count == kMaxEvents) refuse("too many events", json);
    read_event(vector, event, &step->events[step->event_count++]);
  }
  step->output_is_prefix = member(json, "output_prefix") != NULL;
  append_member(&step->output, vector->named, json, step->output_is_prefix ? "output_prefix" : "output");
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

static void read_vector(const cJSON *json, const cJSON *named, struct vector *vector) {
  static const char *const kKeys[] = {"name",  "section", "role",  "config",  "handshake",
                                      "steps", "state",   "error", "comment", NULL};
  static const char *const kConfigKeys[] = {"max_frame_len", "max_message_len", "max_fragments", "max_output_len",
                                            NULL};
  static const char *const kRoles[] = {"server", "client", NULL};
  const cJSON *config = member(json, "config"), *handshake = member(json, "handshake"), *step;
  require_keys(json, kKeys);
  memset(vector, 0, sizeof(*vector));
  vector->json = json;
  vector->named = named;
  vector->config.struct_size = sizeof(vector->config);
  vector->config.role = index_of(member(json, "role"), kRoles);
  vector->config.flags = handshake == NULL ? TW_CONN_UPGRADED : 0;
  if (config != NULL) require_keys(config, kConfigKeys);
  vector->config.max_frame_len = number_or_zero(config, "max_frame_len");
  vector->config.max_message_len = number_or_zero(config, "max_message_len");
  vector->config.max_fragments = (uint32_t)number_or_zero(config, "max_fragments");
  vector->config.max_output_len = number_or_zero(config, "max_output_len");
  if (handshake != NULL) {
    read_handshake(handshake, vector);
    vector->config.handshake = &vector->handshake;
  }
  cJSON_ArrayForEach(step, member(json, "steps")) {
    if (vector->step_count == kMaxSteps) refuse("too many steps", json);
    read_step(vector, step, &vector->steps[vector->step_count++]);
  }
  if (vector->step_count == 0) refuse("no steps", json);
}

static void clear_vector(struct vector *vector) {
  size_t i, j;
  for (i = 0; i < vector->step_count; ++i) {
    struct step *step = &vector->steps[i];
    for (j = 0; j < step->event_count; ++j) bytes_clear(&step->events[j].data);
    bytes_clear(&step->data);
    bytes_clear(&step->output);
  }
}

/* ---- Running ---- */

static void check_event(const struct step *step, size_t index, const tw_event *event) {
  const struct expected_event *want = &step->events[index];
  if (!CHECK(index < step->event_count)) return;
  CHECK_EQ(event->type, want->type);
  CHECK_EQ(event->opcode, want->opcode);
  CHECK_EQ(event->flags, want->flags);
  CHECK_EQ(event->code, want->code);
  CHECK_EQ(event->offset, want->offset);
  CHECK_EQ(event->reserved, 0);
  if (CHECK_EQ(event->len, want->data.len) && event->len > 0) CHECK_BYTES(event->data, want->data.data, want->data.len);
}

static tw_status feed(tw_conn *conn, const struct step *step, size_t from, size_t to, size_t cap, size_t *seen) {
  tw_status status = TW_NEED_ROOM;
  while (status == TW_NEED_ROOM) {
    uint8_t *piece = (uint8_t *)check_block(step->data.data + from, to - from);
    tw_event events[kEventCap];
    size_t count = 0, consumed = 0, i;
    status = tw_conn_receive(conn, piece, to - from, events, cap, &count, &consumed);
    for (i = 0; i < count; ++i) check_event(step, (*seen)++, &events[i]);
    free(piece);
    if (!CHECK(consumed <= to - from && consumed + count > 0)) return status;
    from += consumed;
  }
  return status;
}

static tw_status feed_cut(tw_conn *conn, const struct step *step, size_t index, const struct cut *cut, size_t *seen) {
  const size_t len = step->data.len;
  size_t from = 0;
  tw_status status = TW_OK;
  while (from < len && status == TW_OK) {
    size_t to = len - from > cut->piece ? from + cut->piece : len;
    if (index == cut->step) to = from == 0 ? cut->at : len;
    status = feed(conn, step, from, to, cut->cap, seen);
    from = to;
  }
  return status;
}

static tw_status act(tw_conn *conn, const struct step *step, size_t index, const struct cut *cut, size_t *seen) {
  const char *action = step->action;
  const uint8_t *data = step->data.data;
  const size_t len = step->data.len;
  if (strcmp(action, "input") == 0) return feed_cut(conn, step, index, cut, seen);
  if (strcmp(action, "eof") == 0) return tw_conn_receive_eof(conn);
  if (strcmp(action, "send") == 0) return tw_conn_send(conn, step->opcode, data, len, step->flags);
  if (strcmp(action, "ping") == 0) return tw_conn_ping(conn, data, len);
  if (strcmp(action, "pong") == 0) return tw_conn_pong(conn, data, len);
  if (strcmp(action, "close") == 0) return tw_conn_close(conn, step->code, data, len);
  return TW_OK;
}

static void take_output(tw_conn *conn, bytes *output) {
  tw_view view;
  size_t count = 0;
  while (tw_conn_output(conn, &view, 1, &count) == TW_OK && count > 0) {
    bytes_append(output, view.data, view.len);
    CHECK_STATUS(tw_conn_output_consume(conn, view.len), TW_OK);
  }
}

static void check_output(tw_conn *conn, const struct step *step) {
  const size_t want_len = step == NULL ? 0 : step->output.len;
  bytes output = {NULL, 0, 0};
  take_output(conn, &output);
  if (step != NULL && step->output_is_prefix && output.len > want_len) output.len = want_len;
  if (CHECK_EQ(output.len, want_len) && want_len > 0) CHECK_BYTES(output.data, step->output.data, want_len);
  bytes_clear(&output);
}

static void check_end(tw_conn *conn, const struct vector *vector) {
  static const char *const kKeys[] = {"status", "offset", "close_code", "limit", "http_status", NULL};
  static const char *const kStates[] = {"connecting", "open", "closing", "closed", NULL};
  const cJSON *want = member(vector->json, "error");
  tw_error error = TW_ERROR_INIT;
  CHECK_EQ(tw_conn_state(conn), index_of(member(vector->json, "state"), kStates));
  CHECK_EQ(tw_conn_wants(conn), tw_conn_state(conn) == TW_STATE_CLOSED ? TW_WANT_CLOSE : TW_WANT_READ);
  CHECK_STATUS(tw_conn_get_error(conn, &error), TW_OK);
  if (want != NULL) require_keys(want, kKeys);
  CHECK_STR(tw_status_name(error.status), want == NULL ? "TW_OK" : string_of(member(want, "status")));
  CHECK_EQ(error.offset, number_or_zero(want, "offset"));
  CHECK_EQ(error.close_code, number_or_zero(want, "close_code"));
  if (member(want, "limit") == NULL) {
    CHECK(error.limit == NULL);
  } else {
    CHECK_STR(error.limit, string_of(member(want, "limit")));
  }
  if (member(want, "http_status") != NULL) {
    CHECK_EQ(tw_status_http_status(error.status), number_or_zero(want, "http_status"));
  }
}

/* There is no connection: the vector may not tell of one. */
static void check_nothing_created(const struct vector *vector) {
  const struct step *step = &vector->steps[0];
  CHECK(vector->step_count == 1 && step->event_count == 0 && step->output.len == 0);
  CHECK_STR(string_of(member(vector->json, "state")), "closed");
  CHECK(member(vector->json, "error") == NULL);
}

static void run(struct vector *vector, const struct cut *cut) {
  const int failures = check_failures;
  uint8_t next = 0;
  const tw_random random = {count_up, &next};
  const int has_create = strcmp(vector->steps[0].action, "create") == 0;
  tw_conn *conn = NULL;
  size_t i;
  vector->config.random = &random;
  CHECK_STR(tw_status_name(tw_conn_create(&vector->config, &conn)), has_create ? vector->steps[0].status : "TW_OK");
  if (conn == NULL) check_nothing_created(vector);
  if (conn != NULL && !has_create) check_output(conn, NULL);
  for (i = 0; conn != NULL && i < vector->step_count && check_failures == failures; ++i) {
    size_t seen = 0;
    const tw_status status = act(conn, &vector->steps[i], i, cut, &seen);
    CHECK_STR(tw_status_name(status), vector->steps[i].status);
    CHECK_EQ(seen, vector->steps[i].event_count);
    check_output(conn, &vector->steps[i]);
  }
  if (conn != NULL && check_failures == failures) check_end(conn, vector);
  tw_conn_destroy(conn);
  if (check_failures == failures) return;
  fprintf(stderr, "in vector %s, step %d, pieces of %zu, step %zu cut at %zu, room for %zu events\n",
          string_of(member(vector->json, "name")), (int)i - 1, cut->piece, cut->step, cut->at, cut->cap);
}

static void run_every_cut(struct vector *vector) {
  const int failures = check_failures;
  struct cut cut = {kEventCap, SIZE_MAX, SIZE_MAX, 0};
  run(vector, &cut);
  cut.cap = 1;
  run(vector, &cut);
  cut.cap = kEventCap;
  cut.piece = 1;
  run(vector, &cut);
  cut.piece = SIZE_MAX;
  for (cut.step = 0; cut.step < vector->step_count; ++cut.step) {
    const size_t len = vector->steps[cut.step].data.len;
    if (strcmp(vector->steps[cut.step].action, "input") != 0) continue;
    for (cut.at = 1; cut.at < len && check_failures == failures; ++cut.at) {
      if (len <= kEverySplitMax || cut.at <= 64 || cut.at % 251 == 0 || cut.at >= len - 64) run(vector, &cut);
    }
  }
}

static int run_file(const char *path) {
  static const char *const kKeys[] = {"about", "data", "vectors", NULL};
  static struct vector vector;
  bytes text = {NULL, 0, 0};
  char buffer[4096];
  size_t len;
  cJSON *file;
  const cJSON *json;
  FILE *stream = fopen(path, "rb");
  if (stream == NULL) return 0;
  while ((len = fread(buffer, 1, sizeof(buffer), stream)) > 0) bytes_append(&text, buffer, len);
  fclose(stream);
  file = cJSON_ParseWithLength((const char *)text.data, text.len);
  require_keys(file, kKeys);
  cJSON_ArrayForEach(json, member(file, "vectors")) {
    read_vector(json, member(file, "data"), &vector);
    run_every_cut(&vector);
    clear_vector(&vector);
  }
  cJSON_Delete(file);
  bytes_clear(&text);
  return 1;
}

int main(int argc, char **argv) {
  int i;
  for (i = 1; i < argc; ++i) {
    if (!run_file(argv[i])) {
      fprintf(stderr, "cannot read %s\n", argv[i]);
      return 1;
    }
  }
  return check_result();
}
