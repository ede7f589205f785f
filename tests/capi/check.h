/* SPDX-License-Identifier: MIT
 *
 * Checks for tests in plain C. One that fails says where and goes on; check_result is what main returns.
 */
#ifndef TIDEWIRE_TESTS_CAPI_CHECK_H_
#define TIDEWIRE_TESTS_CAPI_CHECK_H_

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tidewire/tidewire.h>

static int check_failures;
static int check_count;

#define CHECK(condition) check_true((condition) != 0, #condition, __FILE__, __LINE__)
#define CHECK_EQ(got, want) check_equal((long long)(got), (long long)(want), #got, __FILE__, __LINE__)
#define CHECK_STATUS(got, want) check_status((got), (want), #got, __FILE__, __LINE__)
#define CHECK_STR(got, want) check_str((got), (want), #got, __FILE__, __LINE__)
#define CHECK_BYTES(got, want, len) check_true(memcmp((got), (want), (len)) == 0, #got " is " #want, __FILE__, __LINE__)

static inline int check_true(int holds, const char *what, const char *file, int line) {
  ++check_count;
  if (holds) return 1;
  ++check_failures;
  fprintf(stderr, "%s:%d: not true: %s\n", file, line, what);
  return 0;
}

static inline int check_equal(long long got, long long want, const char *what, const char *file, int line) {
  if (check_true(got == want, what, file, line)) return 1;
  fprintf(stderr, "    is %lld, expected %lld\n", got, want);
  return 0;
}

static inline int check_status(tw_status got, tw_status want, const char *what, const char *file, int line) {
  if (check_true(got == want, what, file, line)) return 1;
  fprintf(stderr, "    is %s, expected %s\n", tw_status_name(got), tw_status_name(want));
  return 0;
}

static inline int check_str(const char *got, const char *want, const char *what, const char *file, int line) {
  const int same = got != NULL && strcmp(got, want) == 0;
  if (check_true(same, what, file, line)) return 1;
  fprintf(stderr, "    is %s, expected %s\n", got == NULL ? "NULL" : got, want);
  return 0;
}

/* 0 when checks were made and none failed. */
static inline int check_result(void) {
  if (check_failures > 0) fprintf(stderr, "%d of %d checks failed\n", check_failures, check_count);
  return check_failures == 0 && check_count > 0 ? 0 : 1;
}

/* A block of exactly `len` bytes, so that AddressSanitizer sees an access beyond it. */
static inline void *check_block(const void *contents, size_t len) {
  void *block = malloc(len == 0 ? 1 : len);
  if (block == NULL) abort();
  if (len > 0) memcpy(block, contents, len);
  return block;
}

#endif /* TIDEWIRE_TESTS_CAPI_CHECK_H_ */
