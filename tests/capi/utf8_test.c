/* SPDX-License-Identifier: MIT
 *
 * UTF-8 at one go, as a stream, and fused with unmasking.
 */
#include "check.h"

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static void test_whole(void) {
  size_t valid_len = 0;
  CHECK_STATUS(tw_utf8_validate(BYTES("Gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80"), &valid_len), TW_OK);
  CHECK_EQ(valid_len, 15);
  CHECK_STATUS(tw_utf8_validate(BYTES("ab\xC0\x80"), &valid_len), TW_ERR_UTF8);
  CHECK_EQ(valid_len, 2);
  CHECK_STATUS(tw_utf8_validate(BYTES("ab\xE2\x82"), &valid_len), TW_ERR_UTF8);
  CHECK_EQ(valid_len, 2);
  CHECK_STATUS(tw_utf8_validate(BYTES("ab\xE2\x41"), NULL), TW_ERR_UTF8);
  CHECK_STATUS(tw_utf8_validate(NULL, 0, &valid_len), TW_OK);
  CHECK_EQ(valid_len, 0);
}

static void test_stream(void) {
  const uint8_t euro[3] = {0xE2, 0x82, 0xAC};
  tw_utf8 utf8 = {0}, copy;
  size_t offset = 99;
  CHECK_STATUS(tw_utf8_step(&utf8, euro, 2, &offset), TW_OK);
  CHECK_EQ(offset, 99);
  CHECK_STATUS(tw_utf8_finish(&utf8), TW_ERR_UTF8);
  copy = utf8;
  CHECK_STATUS(tw_utf8_step(&utf8, euro + 2, 1, NULL), TW_OK);
  CHECK_STATUS(tw_utf8_finish(&utf8), TW_OK);
  CHECK_STATUS(tw_utf8_step(&copy, BYTES("a"), &offset), TW_ERR_UTF8);
  CHECK_EQ(offset, 0);
  tw_utf8_init(&copy);
  CHECK_STATUS(tw_utf8_step(&copy, BYTES("ab\xFF"), &offset), TW_ERR_UTF8);
  CHECK_EQ(offset, 2);
}

static void test_fused(void) {
  const uint8_t key[4] = {1, 2, 3, 4};
  uint8_t masked[5], out[5];
  tw_utf8 utf8;
  size_t offset = 0;
  tw_utf8_init(&utf8);
  tw_mask(masked, (const uint8_t *)"a\xC3\xBC\xFFz", 5, key, 6);
  CHECK_STATUS(tw_unmask_utf8(out, masked, 2, key, 6, &utf8, &offset), TW_OK);
  CHECK_STATUS(tw_unmask_utf8(out + 2, masked + 2, 3, key, 8, &utf8, &offset), TW_ERR_UTF8);
  CHECK_EQ(offset, 1);
  CHECK_BYTES(out, "a\xC3\xBC\xFFz", 5);
}

/* A state that no call has written once left the middle of dst as it was. */
static void test_state_of_garbage(void) {
  const uint8_t key[4] = {0};
  uint8_t continuations[64], out[64] = {0};
  tw_utf8 utf8 = {0xFFBF80FF};
  size_t i;
  for (i = 0; i < sizeof continuations; i++) continuations[i] = 0x80;
  CHECK_STATUS(tw_unmask_utf8(out, continuations, sizeof out, key, 0, &utf8, NULL), TW_ERR_UTF8);
  CHECK_BYTES(out, continuations, sizeof out);
}

static void test_null(void) {
  const uint8_t key[4] = {0};
  uint8_t byte = 0;
  tw_utf8 utf8 = {0};
  tw_utf8_init(NULL);
  CHECK_STATUS(tw_utf8_validate(NULL, 1, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_utf8_step(NULL, &byte, 1, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_utf8_step(&utf8, NULL, 1, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_utf8_step(&utf8, NULL, 0, NULL), TW_OK);
  CHECK_STATUS(tw_utf8_finish(NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_unmask_utf8(&byte, &byte, 1, key, 0, NULL, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_unmask_utf8(&byte, NULL, 1, key, 0, &utf8, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_unmask_utf8(&byte, &byte, 1, NULL, 0, &utf8, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_unmask_utf8(NULL, NULL, 0, key, 0, &utf8, NULL), TW_OK);
}

int main(void) {
  test_whole();
  test_stream();
  test_fused();
  test_state_of_garbage();
  test_null();
  return check_result();
}
