/* SPDX-License-Identifier: MIT
 *
 * The old program's functions without a connection: statuses, kernels, frames and the pool.
 */
#include "tests/abi/old_program.h"

typedef struct known_status {
  tw_status number;
  const char *name;
  uint16_t close_code;
} known_status;

static const known_status kStatuses[] = {
    {0, "TW_OK", 0},
    {1, "TW_NEED_INPUT", 0},
    {2, "TW_NEED_ROOM", 0},
    {-1, "TW_ERR_NULL", 0},
    {-2, "TW_ERR_ARGUMENT", 0},
    {-3, "TW_ERR_STATE", 0},
    {-4, "TW_ERR_UNSUPPORTED", 0},
    {-5, "TW_ERR_TEXT", 0},
    {-6, "TW_ERR_CONTROL_LENGTH", 0},
    {-7, "TW_ERR_SEND_CLOSE_CODE", 0},
    {-8, "TW_ERR_HEADER_INJECTION", 0},
    {-9, "TW_ERR_KERNEL", 0},
    {-100, "TW_ERR_RSV", 1002},
    {-101, "TW_ERR_OPCODE", 1002},
    {-102, "TW_ERR_LENGTH_NOT_MINIMAL", 1002},
    {-103, "TW_ERR_LENGTH_TOO_LARGE", 1002},
    {-104, "TW_ERR_MASK_MISSING", 1002},
    {-105, "TW_ERR_MASK_UNEXPECTED", 1002},
    {-106, "TW_ERR_CONTROL_FRAGMENTED", 1002},
    {-107, "TW_ERR_CONTROL_TOO_LONG", 1002},
    {-108, "TW_ERR_CONTINUATION", 1002},
    {-109, "TW_ERR_INTERLEAVED", 1002},
    {-110, "TW_ERR_UTF8", 1007},
    {-111, "TW_ERR_CLOSE_LENGTH", 1002},
    {-112, "TW_ERR_CLOSE_CODE", 1002},
    {-113, "TW_ERR_CLOSE_REASON", 1007},
    {-114, "TW_ERR_EOF", 1006},
    {-115, "TW_ERR_DEFLATE", 1007},
    {-130, "TW_ERR_HTTP_SYNTAX", 1002},
    {-131, "TW_ERR_HTTP_METHOD", 1002},
    {-132, "TW_ERR_HTTP_VERSION", 1002},
    {-133, "TW_ERR_HTTP_HOST", 1002},
    {-134, "TW_ERR_HTTP_UPGRADE", 1002},
    {-135, "TW_ERR_HTTP_CONNECTION", 1002},
    {-136, "TW_ERR_HTTP_BODY", 1002},
    {-137, "TW_ERR_HTTP_STATUS", 1002},
    {-140, "TW_ERR_KEY", 1002},
    {-141, "TW_ERR_VERSION", 1002},
    {-142, "TW_ERR_ACCEPT", 1002},
    {-143, "TW_ERR_ORIGIN", 1008},
    {-144, "TW_ERR_SUBPROTOCOL", 1002},
    {-145, "TW_ERR_EXTENSION", 1010},
    {-200, "TW_ERR_LIMIT_FRAME", 1009},
    {-201, "TW_ERR_LIMIT_MESSAGE", 1009},
    {-202, "TW_ERR_LIMIT_FRAGMENTS", 1009},
    {-203, "TW_ERR_LIMIT_OUTPUT", 1008},
    {-204, "TW_ERR_LIMIT_CONTROL_RATE", 1008},
    {-205, "TW_ERR_LIMIT_MEMORY", 1009},
    {-206, "TW_ERR_LIMIT_RATIO", 1009},
    {-210, "TW_ERR_LIMIT_HEAD", 1009},
    {-211, "TW_ERR_LIMIT_HEADER_COUNT", 1009},
    {-212, "TW_ERR_LIMIT_LINE", 1009},
    {-220, "TW_ERR_TIMEOUT_HANDSHAKE", 1002},
    {-221, "TW_ERR_TIMEOUT_IDLE", 1001},
    {-222, "TW_ERR_TIMEOUT_PONG", 1011},
    {-223, "TW_ERR_TIMEOUT_MESSAGE", 1008},
    {-224, "TW_ERR_TIMEOUT_CLOSE", 1006},
    {-300, "TW_ERR_NO_MEMORY", 1011},
    {-301, "TW_ERR_RANDOM", 1011},
};

static void test_statuses(void) {
  size_t i;
  for (i = 0; i < COUNT(kStatuses); ++i) {
    const known_status *known = &kStatuses[i];
    CHECK_STR(api->status_name(known->number), known->name);
    CHECK_EQ(api->status_close_code(known->number), known->close_code);
    CHECK(strlen(api->status_message(known->number)) > 5);
  }
  CHECK_STR(api->status_name(-399), "TW_ERR_UNKNOWN");
  CHECK_EQ(api->status_http_status(TW_ERR_VERSION), 426);
  CHECK(api->version() >= 0x000100);
  CHECK(strchr(api->version_string(), '.') != NULL);
  CHECK_EQ(api->close_code_valid(1000), 1);
  CHECK_EQ(api->close_code_valid(1006), 0);
}

static void test_kernels(void) {
  static const uint8_t key[4] = {1, 2, 3, 4};
  static const uint8_t masked[] = {'H' ^ 2, 'i' ^ 3, 0xC3 ^ 4, 0xA4 ^ 1}; /* "Hi\u00E4" from phase 1 on */
  uint8_t *text = (uint8_t *)check_block(masked, sizeof(masked));
  uint8_t *out = EXACT_ARRAY(uint8_t, 4);
  tw_utf8 *utf8 = EXACT_ARRAY(tw_utf8, 1);
  size_t offset = 9;
  CHECK_STATUS(api->mask(out, text, 4, key, 1), TW_OK);
  CHECK_BYTES(out, "Hi\xC3\xA4", 4);
  CHECK_STATUS(api->utf8_validate(out, 3, &offset), TW_ERR_UTF8);
  CHECK_EQ(offset, 2);
  api->utf8_init(utf8);
  CHECK_STATUS(api->utf8_step(utf8, out, 3, &offset), TW_OK);
  CHECK_STATUS(api->utf8_finish(utf8), TW_ERR_UTF8);
  CHECK_STATUS(api->utf8_step(utf8, out + 3, 1, NULL), TW_OK);
  CHECK_STATUS(api->utf8_finish(utf8), TW_OK);
  api->utf8_init(utf8);
  CHECK_STATUS(api->unmask_utf8(text, text, 4, key, 1, utf8, &offset), TW_OK);
  CHECK_BYTES(text, out, 4);
  free(text);
  free(out);
  free(utf8);
}

static void test_frames(void) {
  /* A masked text of one byte, then an unmasked ping without payload. */
  static const uint8_t wire[] = {0x81, 0x81, 1, 2, 3, 4, 'x' ^ 1, 0x89, 0x00};
  uint8_t *data = (uint8_t *)check_block(wire, sizeof(wire));
  uint8_t *out = EXACT_ARRAY(uint8_t, sizeof(wire));
  uint8_t header[TW_FRAME_HEADER_MAX];
  tw_frame *frames = EXACT_ARRAY(tw_frame, 2);
  tw_view *views = EXACT_ARRAY(tw_view, 4);
  const int failures = check_failures;
  size_t count = 0, len = 0;
  CHECK_STATUS(api->frame_decode(data, 9, TW_DECODE_REQUIRE_MASKED, frames), TW_OK);
  CHECK_EQ(frames[0].header_len, 6);
  CHECK_STATUS(api->frame_decode(data, 9, TW_DECODE_REQUIRE_UNMASKED, frames), TW_ERR_MASK_UNEXPECTED);
  CHECK_STATUS(api->frames_decode(data, 9, TW_DECODE_VALIDATE_TEXT, frames, 2, &count, &len), TW_OK);
  CHECK_EQ(count, 2);
  CHECK_EQ(len, 9);
  CHECK(frames[0].payload == data + 6 && data[6] == 'x');
  CHECK_EQ(frames[0].payload_len, 1);
  CHECK_EQ(frames[0].opcode, TW_OPCODE_TEXT);
  CHECK_EQ(frames[0].flags, TW_FRAME_FIN | TW_FRAME_MASKED);
  CHECK_BYTES(frames[0].masking_key, wire + 2, 4);
  CHECK_EQ(frames[1].opcode, TW_OPCODE_PING);
  CHECK_EQ(frames[1].flags, TW_FRAME_FIN);
  CHECK_EQ(frames[1].offset, 7);
  CHECK_STATUS(api->frame_header_encode(frames, header, sizeof(header), &len), TW_OK);
  CHECK_EQ(len, 6);
  CHECK_BYTES(header, wire, 6);
  CHECK_STATUS(api->frames_encode(frames, 2, out, sizeof(wire), &len), TW_OK);
  CHECK_EQ(len, sizeof(wire));
  CHECK_BYTES(out, wire, sizeof(wire));
  CHECK_STATUS(api->frames_encode_views(frames, 2, out, 8, &len, views, &count), TW_OK);
  CHECK_EQ(count, 3);
  CHECK_EQ(views[1].len, 1);
  CHECK_EQ(views[1].data[0], 'x' ^ 1);
  if (check_failures > failures) fprintf(stderr, "    with the tw_frame of 1.0\n");
  free(data);
  free(out);
  free(frames);
  free(views);
}

static void *counted_allocate(void *context, size_t size) {
  ++*(int *)context;
  return malloc(size);
}

static void counted_release(void *context, void *memory, size_t size) {
  (void)size;
  if (memory != NULL) --*(int *)context;
  free(memory);
}

static void check_pool_stats(tw_pool *pool) {
  const tw_pool_stats stats_init = TW_POOL_STATS_INIT;
  const tw_pool_class_stats class_init = TW_POOL_CLASS_STATS_INIT;
  tw_pool_stats *stats = EXACT_COPY(tw_pool_stats, &stats_init);
  tw_pool_class_stats *first = EXACT_COPY(tw_pool_class_stats, &class_init);
  tw_pool_class *classes = EXACT_ARRAY(tw_pool_class, 2);
  char text[512];
  size_t count = 0, len = 0;
  CHECK_STATUS(api->pool_get_stats(pool, stats), TW_OK);
  CHECK_EQ(stats->struct_size, sizeof(*stats));
  CHECK_EQ(stats->misses, 3);
  CHECK_EQ(stats->hits, 1);
  CHECK_EQ(stats->drops, 1);
  CHECK_EQ(stats->in_use_len, 0);
  CHECK_EQ(stats->idle_len, 512 + 300);
  CHECK_EQ(stats->high_water_len, 512 + 300 + 4096);
  CHECK_EQ(stats->huge, 0);
  CHECK_EQ(stats->class_count, 2);
  CHECK_STATUS(api->pool_get_class_stats(pool, 0, first), TW_OK);
  CHECK_EQ(first->len, 512);
  CHECK_EQ(first->max_idle, 7);
  CHECK_EQ(first->hits, 1);
  CHECK_EQ(first->idle, 1);
  CHECK_EQ(first->high_water, 1);
  CHECK_STATUS(api->pool_advise(pool, classes, 2, &count, text, sizeof(text), &len), TW_OK);
  CHECK_EQ(count, 2);
  CHECK_EQ(classes[1].len, 4096);
  CHECK_EQ(strlen(text), len);
  free(stats);
  free(first);
  free(classes);
}

static void test_pool(void) {
  int live = 0;
  const tw_allocator counted = {counted_allocate, counted_release, &live};
  const tw_pool_class wanted[] = {{512, 7}, {4096, 0}};
  const tw_pool_config values = {sizeof(values), &counted, 4200, wanted, 2};
  tw_pool_config *config = EXACT_COPY(tw_pool_config, &values);
  tw_pool *pool = NULL;
  uint8_t *small = NULL, *large = NULL, *exact = NULL;
  size_t cap = 0;
  CHECK_STATUS(api->pool_create(config, &pool), TW_OK);
  free(config);
  if (pool == NULL) return;
  CHECK_STATUS(api->pool_acquire(pool, 100, &small, &cap), TW_OK);
  CHECK_EQ(cap, 512);
  CHECK_STATUS(api->pool_acquire(pool, 4000, &large, &cap), TW_OK);
  CHECK_EQ(cap, 4096);
  CHECK_STATUS(api->pool_acquire_exact(pool, 300, &exact), TW_OK);
  CHECK_STATUS(api->pool_retain(pool, small), TW_OK);
  CHECK_STATUS(api->pool_release(pool, small), TW_OK);
  CHECK_STATUS(api->pool_release(pool, small), TW_OK);
  CHECK_STATUS(api->pool_acquire(pool, 100, &small, &cap), TW_OK);
  CHECK_STATUS(api->pool_release(pool, small), TW_OK);
  CHECK_STATUS(api->pool_release(pool, exact), TW_OK);
  CHECK_STATUS(api->pool_release(pool, large), TW_OK);
  check_pool_stats(pool);
  CHECK_STATUS(api->pool_trim(pool, 0), TW_OK);
  CHECK(live > 0);
  api->pool_destroy(pool);
  CHECK_EQ(live, 0);
}

int old_wire(void) {
  test_statuses();
  test_kernels();
  test_frames();
  test_pool();
  return check_result();
}
