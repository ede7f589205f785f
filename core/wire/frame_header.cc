// SPDX-License-Identifier: MIT
#include "core/wire/frame_header.h"

#include "core/base/endian.h"

namespace tidewire {
namespace {

Status check_first_byte(uint8_t first, uint32_t rules) {
  if ((first & kRsvBits & ~rules) != 0) return Status::kRsv;                        // §5.2
  if (!is_defined(first & kOpcodeBits)) return Status::kOpcode;                     // §5.2
  if (is_control(first) && (first & kFin) == 0) return Status::kControlFragmented;  // §5.5
  return Status::kOk;
}

Status check_second_byte(uint8_t first, uint8_t second, uint32_t rules) {
  const bool masked = (second & kMaskBit) != 0;
  if (!masked && (rules & kRequireMasked) != 0) return Status::kMaskMissing;                           // §5.1
  if (masked && (rules & kRequireUnmasked) != 0) return Status::kMaskUnexpected;                       // §5.1
  if (is_control(first) && (second & ~kMaskBit) > kMaxControlPayload) return Status::kControlTooLong;  // §5.5
  return Status::kOk;
}

}  // namespace

Status parse_frame_header(const uint8_t *data, size_t len, uint32_t rules, FrameHeader *out) {
  if (len < 1) return Status::kNeedInput;
  const uint8_t first = data[0];
  if (Status status = check_first_byte(first, rules); status != Status::kOk) return status;
  if (len < 2) return Status::kNeedInput;
  const uint8_t second = data[1];
  if (Status status = check_second_byte(first, second, rules); status != Status::kOk) return status;

  const bool masked = (second & kMaskBit) != 0;
  uint64_t payload_len = second & ~kMaskBit;
  size_t at = 2;
  if (payload_len == kLength16) {
    if (len < 4) return Status::kNeedInput;
    payload_len = load_be16(data + 2);
    if (payload_len < kLength16) return Status::kLengthNotMinimal;
    at = 4;
  } else if (payload_len == kLength64) {
    if (len < 10) return Status::kNeedInput;
    payload_len = load_be64(data + 2);
    if (payload_len >> 63 != 0) return Status::kLengthTooLarge;
    if (payload_len <= UINT16_MAX) return Status::kLengthNotMinimal;
    at = 10;
  }
  uint32_t key = 0;
  if (masked) {
    if (len < at + 4) return Status::kNeedInput;
    key = load_raw<uint32_t>(data + at);
    at += 4;
  }
  *out = {payload_len, key, first, static_cast<uint8_t>(at), masked};
  return Status::kOk;
}

}  // namespace tidewire
