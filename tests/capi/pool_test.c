/* SPDX-License-Identifier: MIT
 *
 * The pool: classes, reuse, counters, struct sizes of other versions, NULL.
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
  test_null();
  return check_result();
}
