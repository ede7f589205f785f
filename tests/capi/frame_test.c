/* SPDX-License-Identifier: MIT
 *
 * Frames in memory: one header, batches, encoding, and what the functions refuse.
 */
#include "check.h"

static const uint8_t kMaskedHello[11] = {0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58};

static void test_decode_header(void) {
  tw_frame frame;
  CHECK_STATUS(tw_frame_decode(kMaskedHello, 5, TW_DECODE_REQUIRE_MASKED, &frame), TW_NEED_INPUT);
  CHECK_STATUS(tw_frame_decode(kMaskedHello, 6, TW_DECODE_REQUIRE_MASKED, &frame), TW_OK);
  CHECK(frame.payload == NULL);
  CHECK_EQ(frame.payload_len, 5);
  CHECK_EQ(frame.opcode, TW_OPCODE_TEXT);
  CHECK_EQ(frame.flags, TW_FRAME_FIN | TW_FRAME_MASKED);
  CHECK_EQ(frame.header_len, 6);
  CHECK_BYTES(frame.masking_key, kMaskedHello + 2, 4);
  CHECK_STATUS(tw_frame_decode(kMaskedHello, 6, TW_DECODE_REQUIRE_UNMASKED, &frame), TW_ERR_MASK_UNEXPECTED);
}

static void test_decode_batch(void) {
  const uint8_t wire[] = {0x81, 0x02, 'h', 'i', 0x89, 0x00, 0x82, 0x03, 1};
  uint8_t *data = (uint8_t *)check_block(wire, sizeof(wire));
  tw_frame frames[4];
  size_t count = 9, consumed = 9;
  CHECK_STATUS(tw_frames_decode(data, sizeof(wire), 0, frames, 4, &count, &consumed), TW_NEED_INPUT);
  CHECK_EQ(count, 2);
  CHECK_EQ(consumed, 6);
  CHECK(frames[0].payload == data + 2);
  CHECK_EQ(frames[1].offset, 4);
  CHECK_STATUS(tw_frames_decode(data, sizeof(wire), 0, frames, 1, &count, &consumed), TW_NEED_ROOM);
  CHECK_EQ(count, 1);
  CHECK_EQ(consumed, 4);
  CHECK_STATUS(tw_frames_decode(data, 6, 0, frames, 2, &count, &consumed), TW_OK);
  CHECK_STATUS(tw_frames_decode(data, 0, 0, frames, 0, &count, &consumed), TW_OK);
  CHECK_EQ(count, 0);
  free(data);
}

static void test_round_trip(void) {
  const size_t lengths[] = {0, 1, 125, 126, 65535, 65536};
  uint8_t *payload = (uint8_t *)calloc(65536, 1), *wire = (uint8_t *)malloc(65536 + TW_FRAME_HEADER_MAX);
  size_t i;
  for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); ++i) {
    tw_frame frame = {NULL, 0, 0, TW_OPCODE_BINARY, TW_FRAME_FIN | TW_FRAME_MASKED, 0, {1, 2, 3, 4}, 0};
    tw_frame back;
    size_t needed = 0, len = 0, count = 0, consumed = 0;
    frame.payload = payload;
    frame.payload_len = lengths[i];
    CHECK_STATUS(tw_frames_encode(&frame, 1, NULL, 0, &needed), TW_NEED_ROOM);
    CHECK_STATUS(tw_frames_encode(&frame, 1, wire, needed - 1, &len), TW_NEED_ROOM);
    CHECK_STATUS(tw_frames_encode(&frame, 1, wire, needed, &len), TW_OK);
    CHECK_EQ(len, needed);
    CHECK_STATUS(tw_frames_decode(wire, len, TW_DECODE_REQUIRE_MASKED, &back, 1, &count, &consumed), TW_OK);
    CHECK_EQ(back.payload_len, lengths[i]);
    CHECK_BYTES(back.payload, payload, lengths[i]);
  }
  free(payload);
  free(wire);
}

/* Joined, the views are what tw_frames_encode writes; payloads stay where they are. */
static void test_encode_views(void) {
  uint8_t text[3] = {'a', 'b', 'c'}, binary[300] = {0}, copied[400], joined[400], headers[2 + 8];
  tw_frame frames[3] = {{NULL, 3, 0, TW_OPCODE_TEXT, TW_FRAME_FIN, 0, {0, 0, 0, 0}, 0},
                        {NULL, 0, 0, TW_OPCODE_PING, TW_FRAME_FIN | TW_FRAME_MASKED, 0, {9, 9, 9, 9}, 0},
                        {NULL, 300, 0, TW_OPCODE_BINARY, TW_FRAME_FIN | TW_FRAME_MASKED, 0, {1, 2, 3, 4}, 0}};
  tw_view views[6];
  size_t copied_len = 0, headers_len = 0, count = 0, joined_len = 0, i;
  uint8_t *const room = (uint8_t *)malloc(2 + 6 + 8);
  frames[0].payload = text;
  frames[2].payload = binary;
  CHECK_STATUS(tw_frames_encode(frames, 3, copied, sizeof(copied), &copied_len), TW_OK);

  CHECK_STATUS(tw_frames_encode_views(frames, 3, headers, sizeof(headers), &headers_len, views, &count), TW_NEED_ROOM);
  CHECK_EQ(headers_len, 2 + 6 + 8);
  CHECK_EQ(binary[0], 0);
  CHECK_STATUS(tw_frames_encode_views(frames, 3, room, headers_len, &headers_len, views, &count), TW_OK);
  CHECK_EQ(count, 5);
  CHECK(views[0].data == room);
  CHECK(views[1].data == text);
  CHECK_EQ(views[2].len, 6); /* the ping has no payload to show */
  CHECK(views[4].data == binary);
  for (i = 0; i < count; ++i) {
    memcpy(joined + joined_len, views[i].data, views[i].len);
    joined_len += views[i].len;
  }
  CHECK_EQ(joined_len, copied_len);
  CHECK_BYTES(joined, copied, copied_len);
  free(room);
}

/* What cannot be sent stops all of it: no payload is masked, nothing is written. */
static void test_encode_views_refused(void) {
  uint8_t payload[1] = {7}, headers[16] = {0};
  tw_frame frames[2] = {{NULL, 1, 0, TW_OPCODE_TEXT, TW_FRAME_FIN | TW_FRAME_MASKED, 0, {1, 1, 1, 1}, 0},
                        {NULL, 0, 0, 3, TW_FRAME_FIN, 0, {0, 0, 0, 0}, 0}};
  tw_view views[4];
  size_t len = 99, count = 99;
  frames[0].payload = payload;
  CHECK_STATUS(tw_frames_encode_views(frames, 2, headers, 16, &len, views, &count), TW_ERR_OPCODE);
  CHECK_EQ(payload[0], 7);
  CHECK_EQ(headers[0], 0);
  CHECK_EQ(len, 99);
  CHECK_EQ(count, 99);
  CHECK_STATUS(tw_frames_encode_views(NULL, 1, headers, 16, &len, views, &count), TW_ERR_NULL);
  CHECK_STATUS(tw_frames_encode_views(frames, 1, NULL, 16, &len, views, &count), TW_ERR_NULL);
  CHECK_STATUS(tw_frames_encode_views(frames, 1, headers, 16, NULL, views, &count), TW_ERR_NULL);
  CHECK_STATUS(tw_frames_encode_views(frames, 1, headers, 16, &len, NULL, &count), TW_ERR_NULL);
  CHECK_STATUS(tw_frames_encode_views(frames, 1, headers, 16, &len, views, NULL), TW_ERR_NULL);
  frames[0].payload = NULL;
  CHECK_STATUS(tw_frames_encode_views(frames, 1, headers, 16, &len, views, &count), TW_ERR_NULL);
  CHECK_STATUS(tw_frames_encode_views(NULL, 0, NULL, 0, &len, NULL, &count), TW_OK);
  CHECK_EQ(len, 0);
  CHECK_EQ(count, 0);
}

static void test_encode_header(void) {
  tw_frame frame = {NULL, 300, 0, TW_OPCODE_TEXT, TW_FRAME_FIN, 0, {0, 0, 0, 0}, 0};
  uint8_t out[TW_FRAME_HEADER_MAX] = {0};
  const uint8_t expected[4] = {0x81, 0x7E, 0x01, 0x2C};
  size_t len = 0;
  CHECK_STATUS(tw_frame_header_encode(&frame, out, 3, &len), TW_NEED_ROOM);
  CHECK_EQ(len, 4);
  CHECK_EQ(out[0], 0);
  CHECK_STATUS(tw_frame_header_encode(&frame, out, sizeof(out), &len), TW_OK);
  CHECK_EQ(len, 4);
  CHECK_BYTES(out, expected, 4);
  frame.opcode = 3;
  CHECK_STATUS(tw_frame_header_encode(&frame, out, sizeof(out), &len), TW_ERR_OPCODE);
  frame.opcode = TW_OPCODE_PING;
  CHECK_STATUS(tw_frame_header_encode(&frame, out, sizeof(out), &len), TW_ERR_CONTROL_LENGTH);
}

static void test_close_codes(void) {
  const uint32_t valid[] = {1000, 1001, 1002, 1003, 1007, 1014, 3000, 3999, 4000, 4999};
  const uint32_t invalid[] = {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535, 66536, UINT32_MAX};
  size_t i;
  for (i = 0; i < sizeof(valid) / sizeof(valid[0]); ++i) CHECK_EQ(tw_close_code_valid(valid[i]), 1);
  for (i = 0; i < sizeof(invalid) / sizeof(invalid[0]); ++i) CHECK_EQ(tw_close_code_valid(invalid[i]), 0);
}

static void test_null(void) {
  tw_frame frame = {NULL, 1, 0, TW_OPCODE_TEXT, TW_FRAME_FIN, 0, {0, 0, 0, 0}, 0};
  uint8_t bytes[16] = {0x81, 0x00};
  size_t count = 0, consumed = 0;
  CHECK_STATUS(tw_frame_decode(NULL, 2, 0, &frame), TW_ERR_NULL);
  CHECK_STATUS(tw_frame_decode(bytes, 2, 0, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_frame_decode(NULL, 0, 0, &frame), TW_NEED_INPUT);
  CHECK_STATUS(tw_frames_decode(NULL, 2, 0, &frame, 1, &count, &consumed), TW_ERR_NULL);
  CHECK_STATUS(tw_frames_decode(bytes, 2, 0, NULL, 1, &count, &consumed), TW_ERR_NULL);
  CHECK_STATUS(tw_frames_decode(bytes, 2, 0, &frame, 1, NULL, &consumed), TW_ERR_NULL);
  CHECK_STATUS(tw_frames_decode(bytes, 2, 0, &frame, 1, &count, NULL), TW_ERR_NULL);
  CHECK_STATUS(tw_frame_header_encode(NULL, bytes, 16, &count), TW_ERR_NULL);
  CHECK_STATUS(tw_frame_header_encode(&frame, NULL, 16, &count), TW_ERR_NULL);
  CHECK_STATUS(tw_frame_header_encode(&frame, bytes, 16, NULL), TW_ERR_NULL);
  frame.payload = NULL;
  frame.payload_len = 1;
  CHECK_STATUS(tw_frames_encode(&frame, 1, bytes, 16, &count), TW_ERR_NULL);
  CHECK_STATUS(tw_frames_encode(NULL, 1, bytes, 16, &count), TW_ERR_NULL);
  CHECK_STATUS(tw_frames_encode(NULL, 0, NULL, 0, &count), TW_OK);
  CHECK_STATUS(tw_frames_encode(NULL, 0, NULL, 0, NULL), TW_ERR_NULL);
}

/* Counts up over all of its calls; fails once it has given `left` bytes. */
typedef struct source {
  size_t given;
  size_t left;
} source;

static int32_t count_up(void *context, uint8_t *out, size_t len) {
  source *from = (source *)context;
  size_t i;
  if (len > from->left) return -1;
  for (i = 0; i < len; ++i) out[i] = (uint8_t)from->given++;
  from->left -= len;
  return 0;
}

static void test_masking_keys(void) {
  source from = {0, 12};
  const tw_random random = {count_up, &from};
  uint8_t *keys = (uint8_t *)check_block("############", 12);
  uint8_t other[8] = {0}, again[8] = {0};
  CHECK_STATUS(tw_masking_keys(&random, keys, 2), TW_OK);
  CHECK_BYTES(keys, "\0\1\2\3\4\5\6\7####", 12);
  CHECK_STATUS(tw_masking_keys(&random, keys + 8, 1), TW_OK);
  CHECK_BYTES(keys + 8, "\10\11\12\13", 4);
  CHECK_STATUS(tw_masking_keys(&random, keys, 1), TW_ERR_RANDOM);
  CHECK_STATUS(tw_masking_keys(&random, NULL, 0), TW_OK);
  CHECK_STATUS(tw_masking_keys(NULL, NULL, 0), TW_OK);
  CHECK_STATUS(tw_masking_keys(NULL, keys, SIZE_MAX / 4 + 1), TW_ERR_ARGUMENT);
  CHECK_STATUS(tw_masking_keys(NULL, NULL, 1), TW_ERR_NULL);
  CHECK_EQ(from.given, 12);
  /* That two draws of 64 bits are equal, or one is 0, happens once in 2^63 runs. */
  CHECK_STATUS(tw_masking_keys(NULL, other, 2), TW_OK);
  CHECK_STATUS(tw_masking_keys(NULL, again, 2), TW_OK);
  CHECK(memcmp(other, again, 8) != 0 && memcmp(other, "\0\0\0\0\0\0\0", 8) != 0);
  free(keys);
}

int main(void) {
  test_decode_header();
  test_decode_batch();
  test_round_trip();
  test_encode_views();
  test_encode_views_refused();
  test_encode_header();
  test_close_codes();
  test_masking_keys();
  test_null();
  return check_result();
}
