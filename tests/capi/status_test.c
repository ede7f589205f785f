/* SPDX-License-Identifier: MIT
 *
 * Versions, and what is known of every status.
 */
#include "check.h"

static void test_version(void) {
  char text[32];
  CHECK_EQ(tw_version(), TW_VERSION_MAJOR * 65536 + TW_VERSION_MINOR * 256 + TW_VERSION_PATCH);
  snprintf(text, sizeof(text), "%d.%d.%d", TW_VERSION_MAJOR, TW_VERSION_MINOR, TW_VERSION_PATCH);
  CHECK_STR(tw_version_string(), text);
  CHECK_STR(TW_VERSION_STRING, text);
}

static void test_names(void) {
  CHECK_STR(tw_status_name(TW_OK), "TW_OK");
  CHECK_STR(tw_status_name(TW_NEED_ROOM), "TW_NEED_ROOM");
  CHECK_STR(tw_status_name(TW_ERR_NULL), "TW_ERR_NULL");
  CHECK_STR(tw_status_name(TW_ERR_MASK_MISSING), "TW_ERR_MASK_MISSING");
  CHECK_STR(tw_status_name(TW_ERR_RANDOM), "TW_ERR_RANDOM");
}

static void test_numbers_without_a_status(void) {
  const tw_status numbers[] = {99, -99, -199, -299, -399, INT32_MAX, INT32_MIN};
  size_t i;
  for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); ++i) {
    CHECK_STR(tw_status_name(numbers[i]), "TW_ERR_UNKNOWN");
    CHECK(tw_status_message(numbers[i]) != NULL && tw_status_message(numbers[i])[0] != '\0');
    CHECK_EQ(tw_status_close_code(numbers[i]), 0);
    CHECK_EQ(tw_status_http_status(numbers[i]), 0);
  }
}

static void test_answers(void) {
  CHECK_EQ(tw_status_close_code(TW_OK), 0);
  CHECK_EQ(tw_status_close_code(TW_ERR_RSV), 1002);
  CHECK_EQ(tw_status_close_code(TW_ERR_UTF8), 1007);
  CHECK_EQ(tw_status_close_code(TW_ERR_CLOSE_REASON), 1007);
  CHECK_EQ(tw_status_close_code(TW_ERR_LIMIT_MESSAGE), 1009);
  CHECK_EQ(tw_status_close_code(TW_ERR_NO_MEMORY), 1011);
  CHECK_EQ(tw_status_close_code(TW_ERR_EOF), 1006);
  CHECK_EQ(tw_status_http_status(TW_ERR_RSV), 0);
  CHECK_EQ(tw_status_http_status(TW_ERR_HTTP_SYNTAX), 400);
  CHECK_EQ(tw_status_http_status(TW_ERR_ORIGIN), 403);
  CHECK_EQ(tw_status_http_status(TW_ERR_VERSION), 426);
  CHECK_EQ(tw_status_http_status(TW_ERR_LIMIT_HEAD), 431);
}

/* Whoever fails has broken a rule of an RFC or reached a limit, but for those without memory or randomness. */
static void test_sections_and_limits(void) {
  tw_status status;
  CHECK_STR(tw_status_section(TW_ERR_RSV), "RFC 6455 5.2");
  CHECK_STR(tw_status_section(TW_ERR_DEFLATE), "RFC 7692 7.2.2");
  CHECK(tw_status_limit(TW_ERR_RSV) == NULL);
  CHECK_STR(tw_status_limit(TW_ERR_LIMIT_FRAME), "max_frame_len");
  CHECK_STR(tw_status_limit(TW_ERR_LIMIT_RATIO), "max_ratio");
  CHECK_STR(tw_status_limit(TW_ERR_LIMIT_HEAD), "max_head_len");
  CHECK_STR(tw_status_limit(TW_ERR_TIMEOUT_PONG), "pong_timeout_ns");
  CHECK(tw_status_section(TW_ERR_LIMIT_FRAME) == NULL);
  CHECK(tw_status_section(TW_OK) == NULL && tw_status_limit(TW_OK) == NULL);
  CHECK(tw_status_section(INT32_MIN) == NULL && tw_status_limit(INT32_MAX) == NULL);
  for (status = -100; status > -300; --status) {
    const char *section = tw_status_section(status), *limit = tw_status_limit(status);
    if (strcmp(tw_status_name(status), "TW_ERR_UNKNOWN") == 0) continue;
    CHECK((section != NULL) == (status > -200));
    CHECK((limit != NULL) == (status <= -200));
    if (section != NULL) CHECK(strncmp(section, "RFC ", 4) == 0);
  }
}

int main(void) {
  test_version();
  test_names();
  test_numbers_without_a_status();
  test_answers();
  test_sections_and_limits();
  return check_result();
}
