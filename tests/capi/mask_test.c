/* SPDX-License-Identifier: MIT
 *
 * tw_mask: the example of RFC 6455 5.7, phases, overlap, NULL.
 */
#include "check.h"

static const uint8_t kKey[4] = {0x37, 0xFA, 0x21, 0x3D};

static void test_rfc_example(void) {
  const uint8_t masked[5] = {0x7F, 0x9F, 0x4D, 0x51, 0x58};
  uint8_t out[5];
  CHECK_STATUS(tw_mask(out, masked, 5, kKey, 0), TW_OK);
  CHECK_BYTES(out, "Hello", 5);
}

static void test_in_place_and_back(void) {
  uint8_t data[300], copy[300];
  size_t i;
  for (i = 0; i < sizeof(data); ++i) data[i] = copy[i] = (uint8_t)(i % 251);
  CHECK_STATUS(tw_mask(data, data, sizeof(data), kKey, 0), TW_OK);
  for (i = 0; i < sizeof(data); ++i) CHECK_EQ(data[i], copy[i] ^ kKey[i % 4]);
  CHECK_STATUS(tw_mask(data, data, sizeof(data), kKey, 0), TW_OK);
  CHECK_BYTES(data, copy, sizeof(data));
}

static void test_pieces_with_phase(void) {
  uint8_t whole[97] = {0}, pieces[97] = {0};
  size_t cut;
  CHECK_STATUS(tw_mask(whole, whole, sizeof(whole), kKey, 0), TW_OK);
  for (cut = 0; cut <= sizeof(pieces); ++cut) {
    memset(pieces, 0, sizeof(pieces));
    CHECK_STATUS(tw_mask(pieces, pieces, cut, kKey, 0), TW_OK);
    CHECK_STATUS(tw_mask(pieces + cut, pieces + cut, sizeof(pieces) - cut, kKey, cut), TW_OK);
    CHECK_BYTES(pieces, whole, sizeof(whole));
  }
  memset(pieces, 0, sizeof(pieces));
  CHECK_STATUS(tw_mask(pieces, pieces, 8, kKey, UINT64_MAX), TW_OK);
  CHECK_EQ(pieces[0], kKey[3]);
  CHECK_EQ(pieces[1], kKey[0]);
}

static void test_overlap(void) {
  uint8_t data[16] = {0};
  CHECK_STATUS(tw_mask(data + 1, data, 8, kKey, 0), TW_ERR_ARGUMENT);
  CHECK_STATUS(tw_mask(data, data + 1, 8, kKey, 0), TW_ERR_ARGUMENT);
  CHECK_STATUS(tw_mask(data + 8, data, 8, kKey, 0), TW_OK);
}

static void test_null(void) {
  uint8_t byte = 0;
  CHECK_STATUS(tw_mask(NULL, NULL, 0, kKey, 0), TW_OK);
  CHECK_STATUS(tw_mask(NULL, &byte, 1, kKey, 0), TW_ERR_NULL);
  CHECK_STATUS(tw_mask(&byte, NULL, 1, kKey, 0), TW_ERR_NULL);
  CHECK_STATUS(tw_mask(&byte, &byte, 1, NULL, 0), TW_ERR_NULL);
  CHECK_STATUS(tw_mask(NULL, NULL, 0, NULL, 0), TW_ERR_NULL);
}

int main(void) {
  test_rfc_example();
  test_in_place_and_back();
  test_pieces_with_phase();
  test_overlap();
  test_null();
  return check_result();
}
