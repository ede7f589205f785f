/* SPDX-License-Identifier: MIT
 *
 * The pool: classes, reuse, holders, misuse, counters, trim, advice, struct sizes of other versions, NULL.
 */
#include "check.h"

static void test_classes(void) {
  const struct {
    size_t len, cap;
  } classes[] = {{0, 256},     {1, 256},      {256, 256},     {257, 1024},    {1025, 4096},
                 {4097, 8192}, {8193, 16384}, {16385, 65536}, {65536, 65536}, {65537, 73728}};
  tw_pool *pool = NULL;
  size_t i;
  CHECK_STATUS(tw_pool_create(NULL, &pool), TW_OK);
  for (i = 0; i < sizeof(classes) / sizeof(classes[0]); ++i) {
    uint8_t *data = NULL;
    size_t cap = 0;
    CHECK_STATUS(tw_pool_acquire(pool, classes[i].len, &data, &cap), TW_OK);
    CHECK_EQ(cap, classes[i].cap);
    CHECK_EQ((uintptr_t)data % 16, 0);
    memset(data, 0xAB, cap);
    tw_pool_release(pool, data);
  }
  tw_pool_destroy(pool);
}

static void test_reuse(void) {
  tw_pool *pool = NULL;
  tw_pool_stats stats = TW_POOL_STATS_INIT;
  uint8_t *first = NULL, *second = NULL;
  size_t cap = 0;
  CHECK_STATUS(tw_pool_create(NULL, &pool), TW_OK);
  CHECK_STATUS(tw_pool_acquire(pool, 1000, &first, &cap), TW_OK);
  tw_pool_release(pool, first);
  CHECK_STATUS(tw_pool_acquire(pool, 900, &second, &cap), TW_OK);
  CHECK(first == second);
  CHECK_STATUS(tw_pool_get_stats(pool, &stats), TW_OK);
  CHECK_EQ(stats.hits, 1);
  CHECK_EQ(stats.misses, 1);
  CHECK_EQ(stats.in_use_len, 1024);
  CHECK_EQ(stats.idle_len, 0);
  tw_pool_release(pool, second);
  tw_pool_destroy(pool);
}

static void test_no_memory(void) {
  tw_pool *pool = NULL;
  uint8_t byte = 0, *data = &byte;
  size_t cap = 0;
  CHECK_STATUS(tw_pool_create(NULL, &pool), TW_OK);
  CHECK_STATUS(tw_pool_acquire(pool, SIZE_MAX, &data, &cap), TW_ERR_NO_MEMORY);
  CHECK(data == NULL);
  tw_pool_destroy(pool);
}

static void test_config_of_another_version(void) {
  struct {
    tw_pool_config config;
    uint64_t later;
  } newer = {TW_POOL_CONFIG_INIT, 0};
  tw_pool_config config = TW_POOL_CONFIG_INIT;
  tw_pool *pool = NULL;
  config.struct_size = sizeof(config) - 1;
  CHECK_STATUS(tw_pool_create(&config, &pool), TW_ERR_ARGUMENT);
  config.struct_size = 0;
  CHECK_STATUS(tw_pool_create(&config, &pool), TW_ERR_ARGUMENT);
  CHECK(pool == NULL);
  newer.config.struct_size = sizeof(newer);
  CHECK_STATUS(tw_pool_create(&newer.config, &pool), TW_OK);
  tw_pool_destroy(pool);
  newer.later = 1;
  CHECK_STATUS(tw_pool_create(&newer.config, &pool), TW_ERR_UNSUPPORTED);
  CHECK(pool == NULL);
}

static void test_stats_of_another_version(void) {
  struct {
    tw_pool_stats stats;
    uint64_t later;
  } newer = {TW_POOL_STATS_INIT, 77};
  tw_pool_stats stats = TW_POOL_STATS_INIT;
  tw_pool *pool = NULL;
  CHECK_STATUS(tw_pool_create(NULL, &pool), TW_OK);
  stats.struct_size = sizeof(stats) - 8;
  CHECK_STATUS(tw_pool_get_stats(pool, &stats), TW_ERR_ARGUMENT);
  newer.stats.struct_size = sizeof(newer);
  CHECK_STATUS(tw_pool_get_stats(pool, &newer.stats), TW_OK);
  CHECK_EQ(newer.stats.struct_size, sizeof(newer));
  CHECK_EQ(newer.later, 0);
  tw_pool_destroy(pool);
}

static void test_exact(void) {
  tw_pool *pool = NULL;
  tw_pool_stats stats = TW_POOL_STATS_INIT;
  uint8_t *first = NULL, *second = NULL;
  CHECK_STATUS(tw_pool_create(NULL, &pool), TW_OK);
  CHECK_STATUS(tw_pool_acquire_exact(pool, 1000, &first), TW_OK);
  memset(first, 0xAB, 1000);
  CHECK_STATUS(tw_pool_get_stats(pool, &stats), TW_OK);
  CHECK_EQ(stats.in_use_len, 1000);
  CHECK_STATUS(tw_pool_release(pool, first), TW_OK);
  CHECK_STATUS(tw_pool_acquire_exact(pool, 1000, &second), TW_OK);
  CHECK(first == second);
  CHECK_STATUS(tw_pool_release(pool, second), TW_OK);
  CHECK_STATUS(tw_pool_acquire_exact(pool, SIZE_MAX, &second), TW_ERR_NO_MEMORY);
  CHECK(second == NULL);
  CHECK_STATUS(tw_pool_acquire_exact(NULL, 1, &first), TW_ERR_NULL);
  CHECK_STATUS(tw_pool_acquire_exact(pool, 1, NULL), TW_ERR_NULL);
  tw_pool_destroy(pool);
}

static void test_holders_and_misuse(void) {
  tw_pool *pool = NULL, *other = NULL;
  uint8_t *data = NULL, *foreign = NULL;
  uint8_t own[256] = {0};
  size_t cap = 0;
  CHECK_STATUS(tw_pool_create(NULL, &pool), TW_OK);
  CHECK_STATUS(tw_pool_create(NULL, &other), TW_OK);
  CHECK_STATUS(tw_pool_acquire(pool, 1, &data, &cap), TW_OK);
  CHECK_STATUS(tw_pool_acquire(other, 1, &foreign, &cap), TW_OK);
  CHECK_STATUS(tw_pool_retain(pool, data), TW_OK);
  CHECK_STATUS(tw_pool_release(pool, data), TW_OK);
  data[cap - 1] = 1;
  CHECK_STATUS(tw_pool_release(pool, data), TW_OK);
  CHECK_STATUS(tw_pool_release(pool, data), TW_ERR_STATE);
  CHECK_STATUS(tw_pool_retain(pool, data), TW_ERR_STATE);
  CHECK_STATUS(tw_pool_release(pool, foreign), TW_ERR_ARGUMENT);
  CHECK_STATUS(tw_pool_retain(pool, foreign), TW_ERR_ARGUMENT);
  CHECK_STATUS(tw_pool_release(pool, own + 128), TW_ERR_ARGUMENT);
  CHECK_STATUS(tw_pool_release(pool, NULL), TW_OK);
  CHECK_STATUS(tw_pool_retain(pool, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_pool_retain(NULL, data), TW_ERR_NULL);
  CHECK_STATUS(tw_pool_release(NULL, data), TW_ERR_NULL);
  CHECK_STATUS(tw_pool_release(other, foreign), TW_OK);
  tw_pool_destroy(other);
  tw_pool_destroy(pool);
}

static void test_trim(void) {
  const size_t lens[] = {256, 4096, 100000};
  tw_pool *pool = NULL;
  tw_pool_stats stats = TW_POOL_STATS_INIT;
  uint8_t *buffers[3];
  size_t i, cap = 0;
  CHECK_STATUS(tw_pool_create(NULL, &pool), TW_OK);
  for (i = 0; i < 3; ++i) CHECK_STATUS(tw_pool_acquire(pool, lens[i], &buffers[i], &cap), TW_OK);
  for (i = 0; i < 3; ++i) CHECK_STATUS(tw_pool_release(pool, buffers[i]), TW_OK);
  CHECK_STATUS(tw_pool_trim(pool, 5000), TW_OK);
  CHECK_STATUS(tw_pool_get_stats(pool, &stats), TW_OK);
  CHECK_EQ(stats.idle_len, 256 + 4096);
  CHECK_STATUS(tw_pool_trim(pool, 0), TW_OK);
  CHECK_STATUS(tw_pool_get_stats(pool, &stats), TW_OK);
  CHECK_EQ(stats.idle_len, 0);
  CHECK_EQ(stats.drops, 0);
  CHECK_STATUS(tw_pool_trim(NULL, 0), TW_ERR_NULL);
  tw_pool_destroy(pool);
}

static void test_class_stats(void) {
  const tw_pool_class classes[] = {{100, 1}, {5000, 0}};
  tw_pool_config config = TW_POOL_CONFIG_INIT;
  tw_pool_stats all = TW_POOL_STATS_INIT;
  tw_pool_class_stats stats = TW_POOL_CLASS_STATS_INIT;
  tw_pool *pool = NULL;
  uint8_t *buffers[3];
  size_t i, cap = 0;
  config.classes = classes;
  config.class_count = 2;
  CHECK_STATUS(tw_pool_create(&config, &pool), TW_OK);
  for (i = 0; i < 3; ++i) CHECK_STATUS(tw_pool_acquire(pool, 100, &buffers[i], &cap), TW_OK);
  for (i = 1; i < 3; ++i) CHECK_STATUS(tw_pool_release(pool, buffers[i]), TW_OK);
  CHECK_STATUS(tw_pool_release(pool, buffers[0]), TW_OK);
  CHECK_STATUS(tw_pool_acquire(pool, 1, &buffers[0], &cap), TW_OK);
  CHECK_EQ(cap, 100);
  CHECK_STATUS(tw_pool_get_stats(pool, &all), TW_OK);
  CHECK_EQ(all.class_count, 2);
  CHECK_STATUS(tw_pool_get_class_stats(pool, 0, &stats), TW_OK);
  CHECK_EQ(stats.len, 100);
  CHECK_EQ(stats.max_idle, 1);
  CHECK_EQ(stats.hits, 1);
  CHECK_EQ(stats.misses, 3);
  CHECK_EQ(stats.drops, 2);
  CHECK_EQ(stats.in_use, 1);
  CHECK_EQ(stats.idle, 0);
  CHECK_EQ(stats.high_water, 3);
  CHECK_STATUS(tw_pool_get_class_stats(pool, 1, &stats), TW_OK);
  CHECK_EQ(stats.len, 5000);
  CHECK_EQ(stats.misses, 0);
  CHECK_STATUS(tw_pool_get_class_stats(pool, 2, &stats), TW_ERR_ARGUMENT);
  CHECK_STATUS(tw_pool_get_class_stats(NULL, 0, &stats), TW_ERR_NULL);
  CHECK_STATUS(tw_pool_get_class_stats(pool, 0, NULL), TW_ERR_NULL);
  stats.struct_size = sizeof(size_t);
  CHECK_STATUS(tw_pool_get_class_stats(pool, 0, &stats), TW_ERR_ARGUMENT);
  CHECK_STATUS(tw_pool_release(pool, buffers[0]), TW_OK);
  tw_pool_destroy(pool);
}

/* Room of exactly what is said to be needed does, and no byte less. */
static void test_advise(void) {
  tw_pool *pool = NULL;
  tw_pool_class classes[TW_POOL_CLASSES_MAX];
  size_t count = 0, text_len = 0, needed = 0;
  char *text;
  uint8_t *data = NULL;
  size_t cap = 0;
  CHECK_STATUS(tw_pool_create(NULL, &pool), TW_OK);
  CHECK_STATUS(tw_pool_acquire(pool, 1, &data, &cap), TW_OK);
  CHECK_STATUS(tw_pool_release(pool, data), TW_OK);
  CHECK_STATUS(tw_pool_advise(pool, NULL, 0, &count, NULL, 0, &needed), TW_NEED_ROOM);
  CHECK_EQ(count, 6);
  CHECK(needed > 0);
  text = (char *)malloc(needed + 1);
  if (text == NULL) abort();
  memset(text, 'x', needed + 1);
  CHECK_STATUS(tw_pool_advise(pool, classes, 5, &count, text, needed + 1, &text_len), TW_NEED_ROOM);
  CHECK_STATUS(tw_pool_advise(pool, classes, 6, &count, text, needed, &text_len), TW_NEED_ROOM);
  CHECK_EQ(text_len, needed);
  CHECK_EQ(strlen(text), needed - 1);
  CHECK_STATUS(tw_pool_advise(pool, classes, 6, &count, text, needed + 1, &text_len), TW_OK);
  CHECK_EQ(strlen(text), needed);
  CHECK(strstr(text, "256 bytes: 0.0 % of 1 acquisitions were hits") == text);
  CHECK_EQ(classes[0].len, 256);
  CHECK_EQ(classes[0].max_idle, 2);
  CHECK_EQ(classes[5].len, 65536);
  CHECK_EQ(classes[5].max_idle, 0);
  CHECK_STATUS(tw_pool_advise(NULL, classes, 6, &count, text, needed + 1, &text_len), TW_ERR_NULL);
  CHECK_STATUS(tw_pool_advise(pool, classes, 6, NULL, text, needed + 1, &text_len), TW_ERR_NULL);
  CHECK_STATUS(tw_pool_advise(pool, classes, 6, &count, text, needed + 1, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_pool_advise(pool, NULL, 6, &count, text, needed + 1, &text_len), TW_ERR_NULL);
  CHECK_STATUS(tw_pool_advise(pool, classes, 6, &count, NULL, 1, &text_len), TW_ERR_NULL);
  free(text);
  tw_pool_destroy(pool);
}

static void test_null(void) {
  tw_pool *pool = NULL;
  tw_pool_stats stats = TW_POOL_STATS_INIT;
  uint8_t *data = NULL;
  size_t cap = 0;
  CHECK_STATUS(tw_pool_create(NULL, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_pool_create(NULL, &pool), TW_OK);
  CHECK_STATUS(tw_pool_acquire(NULL, 1, &data, &cap), TW_ERR_NULL);
  CHECK_STATUS(tw_pool_acquire(pool, 1, NULL, &cap), TW_ERR_NULL);
  CHECK_STATUS(tw_pool_acquire(pool, 1, &data, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_pool_get_stats(NULL, &stats), TW_ERR_NULL);
  CHECK_STATUS(tw_pool_get_stats(pool, NULL), TW_ERR_NULL);
  tw_pool_release(pool, NULL);
  tw_pool_destroy(pool);
  tw_pool_destroy(NULL);
}

int main(void) {
  test_classes();
  test_reuse();
  test_no_memory();
  test_config_of_another_version();
  test_stats_of_another_version();
  test_exact();
  test_holders_and_misuse();
  test_trim();
  test_class_stats();
  test_advise();
  test_null();
  return check_result();
}
