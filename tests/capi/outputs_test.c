/* SPDX-License-Identifier: MIT
 *
 * What calls that do not succeed write: nothing, but for what their comments in tidewire.h say. That of TW_ERR_NULL is
 * in null_test.c.
 */
#include "call_fixture.h"

/* Calls a function of the table with arguments out of a fresh fixture `f`, after `setup`, and expects a status,
 * untouched outputs, and so many objects written as NULL. */
#define CHECK_CALL(setup, want, nulls, function, ...) \
  do {                                                \
    fixture f;                                        \
    outputs before;                                   \
    begin(&f);                                        \
    setup;                                            \
    memcpy(&before, &f.out, sizeof before);           \
    CHECK_STATUS(f.api->function(__VA_ARGS__), want); \
    CHECK_BYTES(&f.out, &before, sizeof before);      \
    CHECK_EQ(null_count(&f.made), nulls);             \
    end(&f);                                          \
  } while (0)
#define CHECK_NOTHING_WRITTEN(setup, want, ...) CHECK_CALL(setup, want, 0, __VA_ARGS__)
#define CHECK_NULL_WRITTEN(setup, want, ...) CHECK_CALL(setup, want, 1, __VA_ARGS__)
#define AS_IT_IS (void)0

static int32_t fail_to_fill(void *context, uint8_t *out, size_t len) {
  (void)context, (void)out, (void)len;
  return 1;
}

static const tw_random kNoRandom = {fail_to_fill, NULL};

static void test_frames(void) {
  const uint32_t both = TW_DECODE_REQUIRE_MASKED | TW_DECODE_REQUIRE_UNMASKED;
  CHECK_NOTHING_WRITTEN(AS_IT_IS, TW_NEED_INPUT, frame_decode, f.wire, 1, 0, &f.out.frame);
  CHECK_NOTHING_WRITTEN(AS_IT_IS, TW_ERR_ARGUMENT, frame_decode, f.wire, LEN, both, &f.out.frame);
  CHECK_NOTHING_WRITTEN(AS_IT_IS, TW_ERR_MASK_UNEXPECTED, frame_decode, f.wire, LEN, TW_DECODE_REQUIRE_UNMASKED,
                        &f.out.frame);
  CHECK_NOTHING_WRITTEN(AS_IT_IS, TW_ERR_ARGUMENT, frames_decode, f.wire, LEN, both, f.out.frames, 4, f.out.sizes,
                        f.out.sizes + 1);
  CHECK_NOTHING_WRITTEN(f.frame.opcode = 3, TW_ERR_OPCODE, frame_header_encode, &f.frame, f.out.bytes, 512,
                        f.out.sizes);
  CHECK_NOTHING_WRITTEN(f.frame.flags = 2, TW_ERR_ARGUMENT, frame_header_encode, &f.frame, f.out.bytes, 512,
                        f.out.sizes);
  CHECK_NOTHING_WRITTEN(f.frame.opcode = 3, TW_ERR_OPCODE, frames_encode, &f.frame, 1, f.out.bytes, 512, f.out.sizes);
  CHECK_NOTHING_WRITTEN(f.frame.opcode = 3, TW_ERR_OPCODE, frames_encode_views, &f.frame, 1, f.out.bytes, 512,
                        f.out.sizes, f.out.views, f.out.sizes + 1);
  CHECK_NOTHING_WRITTEN(AS_IT_IS, TW_ERR_ARGUMENT, masking_keys, NULL, f.out.bytes, SIZE_MAX);
}

static void test_pool(void) {
  const tw_pool_class same[2] = {{64, 0}, {64, 0}};
  tw_pool_config config = TW_POOL_CONFIG_INIT;
  config.classes = same;
  config.class_count = 2;
  CHECK_NULL_WRITTEN(AS_IT_IS, TW_ERR_ARGUMENT, pool_create, &config, &f.made.pool);
  CHECK_NOTHING_WRITTEN(AS_IT_IS, TW_ERR_ARGUMENT, pool_get_class_stats, f.own.pool, 99, &f.out.class_stats);
  CHECK_NOTHING_WRITTEN(f.out.class_stats.struct_size = 8, TW_ERR_ARGUMENT, pool_get_class_stats, f.own.pool, 0,
                        &f.out.class_stats);
  CHECK_NOTHING_WRITTEN(f.out.pool_stats.struct_size = 8, TW_ERR_ARGUMENT, pool_get_stats, f.own.pool,
                        &f.out.pool_stats);
}

static void test_heads(void) {
  CHECK_NOTHING_WRITTEN(AS_IT_IS, TW_NEED_INPUT, head_parse, &f.fresh, request_data, 4, f.out.sizes);
  CHECK_NOTHING_WRITTEN(AS_IT_IS, TW_ERR_ARGUMENT, head_parse, &f.request, request_data, 4, f.out.sizes);
  CHECK_NOTHING_WRITTEN(memset(&f.fresh, 0, sizeof f.fresh), TW_ERR_STATE, head_parse, &f.fresh, request_data, 4,
                        f.out.sizes);
  CHECK_NOTHING_WRITTEN(AS_IT_IS, TW_ERR_STATE, head_method, &f.response, response_data, &f.out.value);
  CHECK_NOTHING_WRITTEN(AS_IT_IS, TW_ERR_STATE, head_target, &f.fresh, request_data, &f.out.value);
  CHECK_NOTHING_WRITTEN(AS_IT_IS, TW_ERR_STATE, head_status, &f.request, request_data, &f.out.value);
  CHECK_NOTHING_WRITTEN(AS_IT_IS, TW_ERR_STATE, head_header, &f.fresh, request_data, NULL, 0, &f.out.name,
                        &f.out.value);
  CHECK_NOTHING_WRITTEN(AS_IT_IS, TW_NEED_INPUT, head_header, &f.request, request_data, NULL, 5, &f.out.name,
                        &f.out.value);
  CHECK_NOTHING_WRITTEN(AS_IT_IS, TW_ERR_STATE, head_next, &f.fresh, request_data, &f.cursor, &f.out.name,
                        &f.out.value);
}

static void test_handshake(void) {
  const tw_header own = {"Upgrade", "other"};
  CHECK_NOTHING_WRITTEN(AS_IT_IS, TW_ERR_STATE, request_check, &f.fresh, request_data, NULL, &f.out.agreement);
  CHECK_NOTHING_WRITTEN(f.agreement.subprotocol = 5, TW_ERR_ARGUMENT, response_build, NULL, &f.agreement, f.out.bytes,
                        512, f.out.sizes);
  CHECK_NOTHING_WRITTEN((f.client.headers = &own, f.client.header_count = 1), TW_ERR_HEADER_INJECTION, response_build,
                        &f.client, &f.agreement, f.out.bytes, 512, f.out.sizes);
  CHECK_NOTHING_WRITTEN(AS_IT_IS, TW_ERR_ARGUMENT, refusal_build, TW_OK, f.out.bytes, 512, f.out.sizes);
  CHECK_NOTHING_WRITTEN(AS_IT_IS, TW_ERR_RANDOM, key_generate, &kNoRandom, f.out.key);
  CHECK_NOTHING_WRITTEN(f.key[0] = '!', TW_ERR_KEY, request_build, &f.client, f.key, f.out.bytes, 512, f.out.sizes);
  CHECK_NOTHING_WRITTEN(f.client.host = "a:b", TW_ERR_ARGUMENT, request_build, &f.client, f.key, f.out.bytes, 512,
                        f.out.sizes);
  CHECK_NOTHING_WRITTEN(f.key[0] = 'A', TW_ERR_ACCEPT, response_check, &f.response, response_data, NULL, f.key,
                        &f.out.agreement);
  CHECK_NOTHING_WRITTEN(f.key[0] = '!', TW_ERR_KEY, accept_key, f.key, f.out.accept);
}

static void test_connection(void) {
  const uint8_t half = 0xc3; /* of a code point */
  CHECK_NULL_WRITTEN(f.config.role = 9, TW_ERR_ARGUMENT, conn_create, &f.config, &f.made.conn);
  CHECK_NULL_WRITTEN(f.config.flags = 1u << 31, TW_ERR_UNSUPPORTED, conn_create, &f.config, &f.made.conn);
  CHECK_NULL_WRITTEN(AS_IT_IS, TW_ERR_ARGUMENT, prepared_create, TW_OPCODE_PING, NULL, 0, 0, NULL, &f.made.prepared);
  CHECK_NULL_WRITTEN(AS_IT_IS, TW_ERR_TEXT, prepared_create, TW_OPCODE_TEXT, &half, 1, 0, NULL, &f.made.prepared);
  CHECK_NOTHING_WRITTEN(f.out.error.struct_size = 8, TW_ERR_ARGUMENT, conn_get_error, f.own.conn, &f.out.error);
  CHECK_NOTHING_WRITTEN(f.out.conn_stats.struct_size = 8, TW_ERR_ARGUMENT, conn_get_stats, f.own.conn,
                        &f.out.conn_stats);
}

/* The comments name what these write. */
static void test_what_is_written_all_the_same(void) {
  fixture f;
  size_t count, cap, i;
  uint8_t *room = f.wire;
  begin(&f);
  CHECK_STATUS(tw_pool_acquire_exact(f.own.pool, SIZE_MAX, &room), TW_ERR_NO_MEMORY);
  CHECK(room == NULL);
  room = f.wire;
  CHECK_STATUS(tw_pool_acquire(f.own.pool, SIZE_MAX, &room, &cap), TW_ERR_NO_MEMORY);
  CHECK(room == NULL);

  CHECK_STATUS(tw_conn_read_commit(f.own.conn, 1, f.out.events, 4, f.out.sizes), TW_ERR_ARGUMENT);
  CHECK_EQ(f.out.sizes[0], 0);
  CHECK_STATUS(tw_conn_read_buffer(f.own.conn, 0, &room, &cap), TW_OK);
  for (i = 0; i < LEN; ++i) room[i] = kFrame[i];
  CHECK_STATUS(tw_conn_read_commit(f.own.conn, LEN, NULL, 0, &count), TW_NEED_ROOM);
  CHECK_STATUS(tw_conn_read_buffer(f.own.conn, 0, &room, &cap), TW_ERR_STATE);
  CHECK(room == NULL && cap == 0);
  CHECK_STATUS(tw_conn_receive(f.own.conn, f.wire, LEN, f.out.events, 4, f.out.sizes, f.out.sizes + 1), TW_ERR_STATE);
  CHECK(f.out.sizes[0] == 0 && f.out.sizes[1] == 0);
  CHECK_STATUS(tw_conn_read_commit(f.own.conn, 0, f.out.events, 4, &count), TW_OK);
  CHECK_EQ(count, 1);
  end(&f);
}

int main(void) {
  test_frames();
  test_pool();
  test_heads();
  test_handshake();
  test_connection();
  test_what_is_written_all_the_same();
  return check_result();
}
