// SPDX-License-Identifier: MIT
// Frames.
#include "capi/src/guard.h"
#include "capi/src/seams.h"
#include "core/base/endian.h"
#include "core/wire/close_code.h"
#include "core/wire/frame_batch.h"
#include "core/wire/frame_encode.h"

namespace tidewire {
namespace {

static_assert(sizeof(tw_frame) == sizeof(Frame));
static_assert(offsetof(tw_frame, payload) == offsetof(Frame, payload));
static_assert(offsetof(tw_frame, payload_len) == offsetof(Frame, payload_len));
static_assert(offsetof(tw_frame, reserved) == offsetof(Frame, tag));
static_assert(offsetof(tw_frame, opcode) == offsetof(Frame, opcode));
static_assert(offsetof(tw_frame, flags) == offsetof(Frame, flags));
static_assert(offsetof(tw_frame, header_len) == offsetof(Frame, header_len));
static_assert(offsetof(tw_frame, masking_key) == offsetof(Frame, key));
static_assert(offsetof(tw_frame, offset) == offsetof(Frame, offset));

static_assert(TW_DECODE_REQUIRE_MASKED == kRequireMasked && TW_DECODE_REQUIRE_UNMASKED == kRequireUnmasked);
static_assert(TW_DECODE_VALIDATE_TEXT == kValidateText && TW_DECODE_ALLOW_RSV1 == kAllowRsv1);
static_assert(TW_DECODE_ALLOW_RSV2 == kAllowRsv2 && TW_DECODE_ALLOW_RSV3 == kAllowRsv3);
static_assert(TW_FRAME_FIN == kFin && TW_FRAME_MASKED == kFrameMasked);
static_assert((TW_FRAME_RSV1 | TW_FRAME_RSV2 | TW_FRAME_RSV3) == kRsvBits);
static_assert(TW_FRAME_HEADER_MAX == kMaxHeader && TW_CONTROL_PAYLOAD_MAX == kMaxControlPayload);

constexpr uint32_t kAllRules = kRequireMasked | kRequireUnmasked | kValidateText | kRsvBits;

bool rules_valid(uint32_t rules) {
  constexpr uint32_t kBoth = kRequireMasked | kRequireUnmasked;
  return (rules & ~kAllRules) == 0 && (rules & kBoth) != kBoth;
}

// Without the checks.
TW_ALWAYS_INLINE FrameHeader header_of(const tw_frame &frame) {
  const bool masked = (frame.flags & kFrameMasked) != 0;
  const uint32_t key = masked ? load_raw<uint32_t>(frame.masking_key) : 0;
  return {frame.payload_len, key, static_cast<uint8_t>((frame.flags & (kFin | kRsvBits)) | frame.opcode), 0, masked};
}

// kOk if a receiver may accept the frame.
TW_ALWAYS_INLINE Status check_header(const tw_frame &frame) {
  constexpr uint8_t kKnownFlags = kFin | kRsvBits | kFrameMasked;
  if ((frame.flags & ~kKnownFlags) != 0 || frame.opcode > kOpcodeBits) return Status::kArgument;
  return check_frame(static_cast<uint8_t>((frame.flags & kFin) | frame.opcode), frame.payload_len);
}

struct EncodedLen {
  size_t headers;
  size_t payloads;
};

// The bytes that all frames take, if each of them may be sent.
Status encoded_len(const tw_frame *frames, size_t count, EncodedLen *out) {
  EncodedLen sum{};
  for (const tw_frame *frame = frames; frame != frames + count; frame++) {
    if (Status status = check_header(*frame); status != Status::kOk) return status;
    if (frame->payload == nullptr && frame->payload_len > 0) return Status::kNull;
    sum.headers += frame_header_len(frame->payload_len, (frame->flags & kFrameMasked) != 0);
    if (frame->payload_len > SIZE_MAX - sum.payloads) return Status::kLengthTooLarge;
    sum.payloads += static_cast<size_t>(frame->payload_len);
  }
  if (sum.headers > SIZE_MAX - sum.payloads) return Status::kLengthTooLarge;
  *out = sum;
  return Status::kOk;
}

}  // namespace
}  // namespace tidewire

using namespace tidewire;

extern "C" {

tw_status tw_frame_decode(const uint8_t *data, size_t len, uint32_t rules, tw_frame *out_frame) {
  if (out_frame == nullptr || (data == nullptr && len > 0)) return TW_ERR_NULL;
  if (!rules_valid(rules)) return TW_ERR_ARGUMENT;
  FrameHeader header;
  const Status status = parse_frame_header(data, len, rules, &header);
  if (status != Status::kOk) return to_c(status);
  *out_frame = tw_frame{};
  out_frame->payload_len = header.payload_len;
  out_frame->opcode = header.opcode();
  out_frame->flags = static_cast<uint8_t>((header.first & (kFin | kRsvBits)) | (header.masked ? kFrameMasked : 0));
  out_frame->header_len = header.header_len;
  store_raw(out_frame->masking_key, header.key);
  return TW_OK;
}

tw_status tw_frames_decode(uint8_t *data, size_t len, uint32_t rules, tw_frame *frames, size_t cap, size_t *out_count,
                           size_t *out_consumed) {
  if (out_count == nullptr || out_consumed == nullptr) return TW_ERR_NULL;
  if ((data == nullptr && len > 0) || (frames == nullptr && cap > 0)) return TW_ERR_NULL;
  if (!rules_valid(rules)) return TW_ERR_ARGUMENT;
  FrameBatch batch{};
  batch.data = data;
  batch.len = len;
  batch.frames = reinterpret_cast<Frame *>(frames);
  batch.cap = cap;
  batch.rules = rules;
  batch.max_payload_len = UINT64_MAX;
  const Status status = frame_loops(kernels().isa).frames(&batch);
  *out_count = batch.count;
  *out_consumed = batch.pos;
  return to_c(status);
}

tw_status tw_frame_header_encode(const tw_frame *frame, uint8_t *out, size_t cap, size_t *out_len) {
  if (frame == nullptr || out_len == nullptr || (out == nullptr && cap > 0)) return TW_ERR_NULL;
  const Status status = check_header(*frame);
  if (status != Status::kOk) return to_c(status);
  const FrameHeader header = header_of(*frame);
  *out_len = frame_header_len(header.payload_len, header.masked);
  if (*out_len > cap) return TW_NEED_ROOM;
  write_frame_header(header, out);
  return TW_OK;
}

tw_status tw_frames_encode(const tw_frame *frames, size_t count, uint8_t *out, size_t cap, size_t *out_len) {
  if (out_len == nullptr || (frames == nullptr && count > 0) || (out == nullptr && cap > 0)) return TW_ERR_NULL;
  EncodedLen len;
  const Status status = encoded_len(frames, count, &len);
  if (status != Status::kOk) return to_c(status);
  *out_len = len.headers + len.payloads;
  if (*out_len > cap) return TW_NEED_ROOM;
  const Kernels &row = kernels();
  for (size_t i = 0; i < count; i++) out += write_frame(row, header_of(frames[i]), frames[i].payload, out);
  return TW_OK;
}

tw_status tw_frames_encode_views(const tw_frame *frames, size_t count, uint8_t *headers, size_t cap,
                                 size_t *out_headers_len, tw_view *views, size_t *out_view_count) {
  if (out_headers_len == nullptr || out_view_count == nullptr || (headers == nullptr && cap > 0)) return TW_ERR_NULL;
  if ((frames == nullptr || views == nullptr) && count > 0) return TW_ERR_NULL;
  EncodedLen len;
  const Status status = encoded_len(frames, count, &len);
  if (status != Status::kOk) return to_c(status);
  *out_headers_len = len.headers;
  if (len.headers > cap) return TW_NEED_ROOM;
  const Kernels &row = kernels();
  tw_view *view = views;
  for (size_t i = 0; i < count; i++) {
    const FrameHeader header = header_of(frames[i]);
    const size_t header_len = frame_header_len(header.payload_len, header.masked);
    write_frame_header(header, headers);
    *view++ = {headers, header_len};
    headers += header_len;
    if (header.payload_len == 0) continue;
    uint8_t *const payload = frames[i].payload;
    const size_t payload_len = static_cast<size_t>(header.payload_len);
    if (header.masked) row.mask(payload, payload, payload_len, header.key);
    *view++ = {payload, payload_len};
  }
  *out_view_count = static_cast<size_t>(view - views);
  return TW_OK;
}

tw_status tw_masking_keys(const tw_random *random, uint8_t *keys, size_t count) {
  if (keys == nullptr && count > 0) return TW_ERR_NULL;
  if (count > SIZE_MAX / 4) return TW_ERR_ARGUMENT;
  RandomSource source;
  Status status = read_random(random, &source);
  if (status == Status::kOk && count > 0) status = source.fill(keys, count * 4);
  return to_c(status);
}

int32_t tw_close_code_valid(uint32_t code) { return close_code_valid(code) ? 1 : 0; }

}  // extern "C"
