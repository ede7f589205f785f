/* SPDX-License-Identifier: MIT
 *
 * Runs the vector files given as arguments, as tests/vectors/README.md says, through the public interface alone.
 */
#include "check.h"
#include "vector_data.h"
#include "vector_feed.h"
#include "vector_file.h"
#include "vector_frames.h"

enum { kEverySplitMax = 2048, kSmallLen = 5, kAmpleLen = 1 << 18 };

/* A random source: its bytes, again and again. */
struct cycle {
  const bytes *yields;
  size_t next;
};

static int32_t fill(void *context, uint8_t *out, size_t len) {
  struct cycle *cycle = (struct cycle *)context;
  size_t i;
  if (cycle->yields->len == 0) return -1;
  for (i = 0; i < len; ++i) out[i] = cycle->yields->data[cycle->next++ % cycle->yields->len];
  return 0;
}

/* ---- Events ---- */

static void check_events(const struct step *step, const struct outcome *outcome) {
  size_t i;
  if (!CHECK_EQ(outcome->event_count, step->event_count)) return;
  for (i = 0; i < step->event_count; ++i) {
    const struct event *got = &outcome->events[i], *want = &step->events[i];
    CHECK_EQ(got->type, want->type);
    CHECK_EQ(got->opcode, want->opcode);
    CHECK_EQ(got->flags, want->flags);
    CHECK_EQ(got->code, want->code);
    CHECK_EQ(got->offset, want->offset);
    if (CHECK_EQ(got->data.len, want->data.len) && want->data.len > 0) {
      CHECK_BYTES(got->data.data, want->data.data, want->data.len);
    }
  }
}

static void clear_outcome(struct outcome *outcome) {
  size_t i;
  for (i = 0; i < outcome->event_count; ++i) bytes_clear(&outcome->events[i].data);
}

/* ---- Steps ---- */

static tw_status feed_cut(tw_conn *conn, const struct step *step, size_t index, const struct cut *cut,
                          struct outcome *outcome) {
  const size_t len = step->data.len;
  size_t from = 0;
  tw_status status = TW_OK;
  while (from < len && status == TW_OK) {
    size_t to = len - from > cut->piece ? from + cut->piece : len;
    if (index == cut->step) to = from == 0 ? cut->at : len;
    status = (cut->way == kReadBuffer ? feed_reads : feed)(conn, step, from, to, cut, outcome);
    from = to;
  }
  return status;
}

static tw_status act(tw_conn *conn, const struct step *step, size_t index, const struct cut *cut,
                     struct outcome *outcome) {
  const char *action = step->action;
  const uint8_t *data = step->data.data;
  const size_t len = step->data.len;
  if (strcmp(action, "input") == 0) return feed_cut(conn, step, index, cut, outcome);
  if (strcmp(action, "eof") == 0) return tw_conn_receive_eof(conn);
  if (strcmp(action, "send") == 0) return tw_conn_send(conn, step->opcode, data, len, step->flags);
  if (strcmp(action, "ping") == 0) return tw_conn_ping(conn, data, len);
  if (strcmp(action, "pong") == 0) return tw_conn_pong(conn, data, len);
  if (strcmp(action, "close") == 0) return tw_conn_close(conn, step->code, data, len);
  if (strcmp(action, "tick") == 0) return tw_conn_tick(conn, step->number, &outcome->deadline);
  return TW_OK;
}

/* At most `most` bytes of the output, which are consumed. */
static void take_output(tw_conn *conn, uint64_t most, bytes *output) {
  tw_view view;
  size_t count = 0;
  while (tw_conn_output(conn, &view, 1, &count) == TW_OK && count > 0 && output->len < most) {
    const size_t len = view.len < most - output->len ? view.len : (size_t)(most - output->len);
    bytes_append(output, view.data, len);
    CHECK_STATUS(tw_conn_output_consume(conn, len), TW_OK);
  }
}

static void check_output(tw_conn *conn, const struct step *step, struct frame_inflater *inflater) {
  const size_t want_len = step->output.len;
  bytes output = {NULL, 0, 0};
  if (step->form == kKept) return;
  take_output(conn, strcmp(step->action, "consume") == 0 ? step->number : UINT64_MAX, &output);
  if (step->form == kFrames) {
    tw_deflate terms;
    CHECK_STATUS(tw_conn_get_deflate(conn, &terms), TW_OK);
    const char *difference = compare_frames(inflater, step, &output, &terms);
    if (!CHECK(difference == NULL)) fprintf(stderr, "    %s\n", difference);
  } else {
    if (step->form == kPrefix && output.len > want_len) output.len = want_len;
    if (CHECK_EQ(output.len, want_len) && want_len > 0) CHECK_BYTES(output.data, step->output.data, want_len);
  }
  bytes_clear(&output);
}

/* `words` is NULL or a list of words. */
static void check_wants(const tw_conn *conn, const cJSON *words) {
  static const char *const kWords[] = {"read", "write", "close", "pause", NULL};
  static const uint32_t kWants[] = {TW_WANT_READ, TW_WANT_WRITE, TW_WANT_CLOSE, TW_WANT_PAUSE};
  const cJSON *word;
  uint32_t wants = 0;
  cJSON_ArrayForEach(word, words) wants |= kWants[index_of(word, kWords)];
  CHECK_EQ(tw_conn_wants(conn), wants);
}

static void check_held_len(const tw_conn *conn, const struct vector *vector) {
  tw_conn_stats stats = TW_CONN_STATS_INIT;
  if (vector->config.max_memory_len == 0) return;
  CHECK_STATUS(tw_conn_get_stats(conn, &stats), TW_OK);
  CHECK(stats.held_len <= vector->config.max_memory_len);
}

/* ---- The end ---- */

static void check_error(const tw_conn *conn, const cJSON *want) {
  static const char *const kKeys[] = {"status", "offset", "close_code", "limit", "http_status", NULL};
  tw_error error = TW_ERROR_INIT;
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

static void check_close_info(const tw_conn *conn, const cJSON *want) {
  static const char *const kKeys[] = {"local_code", "remote_code", "cause", NULL};
  static const char *const kCauses[] = {"nobody", "us", "peer", "error", NULL};
  tw_close got;
  if (want == NULL) return;
  require_keys(want, kKeys);
  CHECK_STATUS(tw_conn_get_close(conn, &got), TW_OK);
  CHECK_EQ(got.local_code, number_or_zero(want, "local_code"));
  CHECK_EQ(got.remote_code, number_or_zero(want, "remote_code"));
  CHECK_EQ(got.cause, index_of(member(want, "cause"), kCauses));
}

static void check_agreed(const tw_conn *conn, const cJSON *want) {
  tw_deflate expected, got;
  if (want == NULL) return;
  memset(&expected, 0, sizeof(expected));
  if (cJSON_IsObject(want)) {
    read_terms(want, &expected);
  } else if (strcmp(string_of(want), "none") != 0) {
    refuse("not TERMS", want);
  }
  CHECK_STATUS(tw_conn_get_deflate(conn, &got), TW_OK);
  CHECK_BYTES(&got, &expected, sizeof(got));
}

static void check_stats(const tw_conn *conn, const cJSON *want) {
  tw_conn_stats got = TW_CONN_STATS_INIT;
  const struct {
    const char *name;
    const uint64_t *value;
  } numbers[] = {{"bytes_received", &got.bytes_received},
                 {"bytes_sent", &got.bytes_sent},
                 {"messages_received", &got.messages_received},
                 {"messages_sent", &got.messages_sent},
                 {"frames_received", &got.frames_received},
                 {"frames_sent", &got.frames_sent},
                 {"control_frames_received", &got.control_frames_received},
                 {"control_frames_sent", &got.control_frames_sent},
                 {"deflated_received_len", &got.deflated_received_len},
                 {"inflated_received_len", &got.inflated_received_len},
                 {"deflated_sent_len", &got.deflated_sent_len},
                 {"inflated_sent_len", &got.inflated_sent_len},
                 {"rtt_ns", &got.rtt_ns}};
  const size_t count = sizeof(numbers) / sizeof(numbers[0]);
  const cJSON *item;
  CHECK_STATUS(tw_conn_get_stats(conn, &got), TW_OK);
  cJSON_ArrayForEach(item, want) {
    size_t i = 0;
    while (i < count && strcmp(numbers[i].name, item->string) != 0) ++i;
    if (i == count) {
      refuse("unknown key", want);
    } else if (!CHECK_EQ(*numbers[i].value, number_of(item))) {
      fprintf(stderr, "    this is %s\n", item->string);
    }
  }
}

static void check_end(tw_conn *conn, const struct vector *vector) {
  static const char *const kStates[] = {"connecting", "open", "closing", "closed", NULL};
  const uint32_t state = index_of(member(vector->json, "state"), kStates);
  CHECK_EQ(tw_conn_state(conn), state);
  if (vector->steps[vector->step_count - 1].wants == NULL) {
    CHECK_EQ(tw_conn_wants(conn), state == TW_STATE_CLOSED ? TW_WANT_CLOSE : TW_WANT_READ);
  }
  check_error(conn, member(vector->json, "error"));
  check_close_info(conn, member(vector->json, "close_info"));
  check_agreed(conn, member(vector->json, "agreed"));
  check_stats(conn, member(vector->json, "stats"));
}

/* There is no connection: the vector may not tell of one. */
static void check_nothing_created(const struct vector *vector) {
  const struct step *step = &vector->steps[0];
  CHECK(vector->step_count == 1 && step->event_count == 0 && step->output.len == 0);
  CHECK_STR(string_of(member(vector->json, "state")), "closed");
  CHECK(member(vector->json, "error") == NULL);
}

static void run_step(tw_conn *conn, const struct vector *vector, size_t index, const struct cut *cut,
                     struct frame_inflater *inflater) {
  const struct step *step = &vector->steps[index];
  struct outcome outcome;
  memset(&outcome, 0, sizeof(outcome));
  CHECK_STR(tw_status_name(act(conn, step, index, cut, &outcome)), step->status);
  check_events(step, &outcome);
  CHECK_EQ(outcome.deadline, step->deadline);
  check_output(conn, step, inflater);
  if (step->wants != NULL) check_wants(conn, step->wants);
  check_held_len(conn, vector);
  clear_outcome(&outcome);
}

static void run(struct vector *vector, const struct cut *cut) {
  const int failures = check_failures;
  struct cycle cycle = {&vector->random, 0};
  const tw_random random = {fill, &cycle};
  const int has_create = strcmp(vector->steps[0].action, "create") == 0;
  struct frame_inflater inflater;
  tw_conn *conn = NULL;
  size_t i;
  memset(&inflater, 0, sizeof(inflater));
  vector->config.random = &random;
  CHECK_STR(tw_status_name(tw_conn_create(&vector->config, &conn)), has_create ? vector->steps[0].status : "TW_OK");
  if (conn == NULL) check_nothing_created(vector);
  if (conn != NULL && !has_create) {
    bytes output = {NULL, 0, 0};
    take_output(conn, UINT64_MAX, &output);
    CHECK_EQ(output.len, 0);
    bytes_clear(&output);
  }
  for (i = 0; conn != NULL && i < vector->step_count && check_failures == failures; ++i) {
    run_step(conn, vector, i, cut, &inflater);
  }
  if (conn != NULL && check_failures == failures) check_end(conn, vector);
  frame_inflater_end(&inflater);
  tw_conn_destroy(conn);
  if (check_failures == failures) return;
  fprintf(stderr, "in vector %s, step %d, way %d, pieces of %zu, step %zu cut at %zu, room for %zu events\n",
          string_of(member(vector->json, "name")), (int)i - 1, (int)cut->way, cut->piece, cut->step, cut->at, cut->cap);
}

static void run_every_cut(struct vector *vector, struct cut cut) {
  const int failures = check_failures;
  cut.cap = kEventCap;
  cut.piece = cut.step = SIZE_MAX;
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
      const int between = cut.at % 251 == 0 && cut.way == kReceive;
      if (len <= kEverySplitMax || cut.at <= 64 || between || cut.at >= len - 64) run(vector, &cut);
    }
  }
}

static void run_every_way(struct vector *vector) {
  static uint8_t dst[kAmpleLen];
  /* tw_conn_receive_into is refused. */
  const int streams = (vector->config.flags & (TW_CONN_STREAM | TW_CONN_STREAM_FRAGMENTED)) != 0;
  struct cut cut;
  memset(&cut, 0, sizeof(cut));
  vector->config.read_len = 256; /* so that every read buffer is too small at some time */
  vector->config.max_read_len = 1024;
  run_every_cut(vector, cut);
  cut.way = kReadBuffer;
  run_every_cut(vector, cut);
  cut.way = kIntoSmall;
  cut.dst = dst;
  cut.dst_cap = kSmallLen;
  if (!streams) run_every_cut(vector, cut);
  cut.way = kIntoAmple;
  cut.dst_cap = kAmpleLen;
  /* Memory of the caller's has no limit. */
  if (!streams && vector->config.max_memory_len == 0) run_every_cut(vector, cut);
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
    run_every_way(&vector);
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
