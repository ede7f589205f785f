/* SPDX-License-Identifier: MIT */
#include "vector_frames.h"

#include <string.h>

enum { kBlockBoundary = 128 }; /* in z_stream.data_type */

void frame_inflater_end(struct frame_inflater *inflater) {
  if (inflater->is_ready) inflateEnd(&inflater->stream);
}

static int begin_message(struct frame_inflater *inflater, const tw_deflate *terms) {
  if (!terms->enabled) return 0;
  inflater->in_compressed_message = 1;
  if (inflater->is_ready) {
    return (terms->flags & TW_DEFLATE_SEND_TAKEOVER) != 0 || inflateReset(&inflater->stream) == Z_OK;
  }
  inflater->is_ready = inflateInit2(&inflater->stream, -terms->send_window_bits) == Z_OK;
  return inflater->is_ready;
}

/* One byte of output a call: zlib does not check distances within the output of a call against the window. */
static int inflate_all(struct frame_inflater *inflater, const bytes *payload, bytes *out) {
  z_stream *stream = &inflater->stream;
  stream->next_in = payload->data;
  stream->avail_in = (uInt)payload->len;
  for (;;) {
    uint8_t byte = 0;
    const uInt before = stream->avail_in;
    int result;
    stream->next_out = &byte;
    stream->avail_out = 1;
    result = inflate(stream, Z_SYNC_FLUSH);
    if (result != Z_OK && result != Z_BUF_ERROR) return 0;
    /* Only a call that takes input tells where it stands. */
    if (stream->avail_in != before) inflater->at_block_boundary = (stream->data_type & kBlockBoundary) != 0;
    if (stream->avail_out != 0) return stream->avail_in == 0;
    bytes_append(out, &byte, 1);
  }
}

static const char *compare_inflated(struct frame_inflater *inflater, const tw_frame *frame, const bytes *want) {
  const int is_last = (frame->flags & TW_FRAME_FIN) != 0;
  bytes payload = {NULL, 0, 0}, inflated = {NULL, 0, 0};
  const char *difference = NULL;
  bytes_append(&payload, frame->payload, (size_t)frame->payload_len);
  if (is_last) bytes_append(&payload, "\x00\x00\xff\xff", 4);
  if (!inflate_all(inflater, &payload, &inflated)) {
    difference = "the payload cannot be inflated";
  } else if (is_last && !inflater->at_block_boundary) {
    difference = "the message ends inside a block";
  } else if (inflated.len != want->len || (want->len > 0 && memcmp(inflated.data, want->data, want->len) != 0)) {
    difference = "another inflated payload";
  }
  inflater->in_compressed_message = !is_last;
  bytes_clear(&payload);
  bytes_clear(&inflated);
  return difference;
}

static const char *compare_frame(struct frame_inflater *inflater, const tw_frame *frame, const struct frame *want,
                                 const tw_deflate *terms) {
  if (((frame->flags & 0xF0) | frame->opcode) != want->first.data[0]) return "another first byte";
  if (want->key.len > 0 && memcmp(frame->masking_key, want->key.data, 4) != 0) return "another key";
  if ((frame->flags & TW_FRAME_RSV1) != 0 && !begin_message(inflater, terms)) return "no compression was agreed on";
  if (inflater->in_compressed_message && frame->opcode < TW_OPCODE_CLOSE) {
    return compare_inflated(inflater, frame, &want->data);
  }
  if (frame->payload_len != want->data.len) return "another length";
  return want->data.len > 0 && memcmp(frame->payload, want->data.data, want->data.len) != 0 ? "another payload" : NULL;
}

const char *compare_frames(struct frame_inflater *inflater, const struct step *step, bytes *output,
                           const tw_deflate *terms) {
  const int is_client = step->frame_count > 0 && step->frames[0].key.len > 0;
  const uint32_t rules = TW_DECODE_ALLOW_RSV1 | (is_client ? TW_DECODE_REQUIRE_MASKED : TW_DECODE_REQUIRE_UNMASKED);
  tw_frame frames[kMaxFrames + 1];
  size_t count = 0, consumed = 0, i;
  const char *difference = NULL;
  const tw_status status =
      tw_frames_decode(output->data, output->len, rules, frames, kMaxFrames + 1, &count, &consumed);
  if (status != TW_OK) return "the output is not frames";
  if (count != step->frame_count) return "another number of frames";
  for (i = 0; i < count && difference == NULL; ++i) {
    difference = compare_frame(inflater, &frames[i], &step->frames[i], terms);
  }
  return difference;
}
