// SPDX-License-Identifier: MIT
#include "tests/reference/frame_ref.h"

#include <utility>

#include "tests/reference/mask_ref.h"
#include "tests/reference/utf8_ref.h"

namespace tidewire::reference {
namespace {

bool is_known(uint8_t opcode) { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }
bool is_control(uint8_t opcode) { return opcode >= 8; }

tw_status check_first_byte(const FrameHeader &header, uint32_t rules) {
  // §5.2: RSV bits are 0 unless an extension is negotiated that defines them.
  if (header.rsv1 && !(rules & TW_DECODE_ALLOW_RSV1)) return TW_ERR_RSV;
  if (header.rsv2 && !(rules & TW_DECODE_ALLOW_RSV2)) return TW_ERR_RSV;
  if (header.rsv3 && !(rules & TW_DECODE_ALLOW_RSV3)) return TW_ERR_RSV;
  // §5.2: an unknown opcode fails the connection.
  if (!is_known(header.opcode)) return TW_ERR_OPCODE;
  // §5.5: control frames are not fragmented.
  if (is_control(header.opcode) && !header.fin) return TW_ERR_CONTROL_FRAGMENTED;
  return TW_OK;
}

// `len7` is the payload length as it stands in the second byte.
tw_status check_second_byte(const FrameHeader &header, uint8_t len7, uint32_t rules) {
  // §5.1: clients mask, servers do not.
  if (!header.masked && (rules & TW_DECODE_REQUIRE_MASKED)) return TW_ERR_MASK_MISSING;
  if (header.masked && (rules & TW_DECODE_REQUIRE_UNMASKED)) return TW_ERR_MASK_UNEXPECTED;
  // §5.5: control frames carry at most 125 bytes.
  if (is_control(header.opcode) && len7 > 125) return TW_ERR_CONTROL_TOO_LONG;
  return TW_OK;
}

uint64_t big_endian(const uint8_t *data, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) value = value * 256 + data[i];
  return value;
}

// §5.2: the minimal number of bytes must be used, and the most significant bit must be 0.
tw_status check_length(uint8_t len7, uint64_t payload_len) {
  if (len7 == 126 && payload_len < 126) return TW_ERR_LENGTH_NOT_MINIMAL;
  if (len7 == 127 && payload_len < 65536) return TW_ERR_LENGTH_NOT_MINIMAL;
  if (payload_len > INT64_MAX) return TW_ERR_LENGTH_TOO_LARGE;
  return TW_OK;
}

bool is_text_to_validate(const FrameHeader &header, uint32_t rules) {
  return (rules & TW_DECODE_VALIDATE_TEXT) && header.opcode == 1 && header.fin && !header.rsv1 && !header.rsv2 &&
         !header.rsv3;
}

}  // namespace

tw_status frame_header(const uint8_t *data, size_t len, uint32_t rules, FrameHeader *out) {
  if (len < 1) return TW_NEED_INPUT;
  FrameHeader header = {};
  header.fin = (data[0] & 0x80) != 0;
  header.rsv1 = (data[0] & 0x40) != 0;
  header.rsv2 = (data[0] & 0x20) != 0;
  header.rsv3 = (data[0] & 0x10) != 0;
  header.opcode = data[0] & 0x0F;
  const tw_status first = check_first_byte(header, rules);
  if (first != TW_OK) return first;

  if (len < 2) return TW_NEED_INPUT;
  header.masked = (data[1] & 0x80) != 0;
  const uint8_t len7 = data[1] & 0x7F;
  const tw_status second = check_second_byte(header, len7, rules);
  if (second != TW_OK) return second;

  size_t at = 2;
  const size_t extended = len7 == 127 ? 8 : len7 == 126 ? 2 : 0;
  if (len - at < extended) return TW_NEED_INPUT;
  header.payload_len = extended == 0 ? len7 : big_endian(data + at, extended);
  at += extended;
  const tw_status length = check_length(len7, header.payload_len);
  if (length != TW_OK) return length;

  if (header.masked) {
    if (len - at < 4) return TW_NEED_INPUT;
    for (size_t i = 0; i < 4; ++i) header.masking_key[i] = data[at + i];
    at += 4;
  }
  header.len = at;
  *out = header;
  return TW_OK;
}

Frames frames(const uint8_t *data, size_t len, uint32_t rules, size_t cap) {
  Frames result = {TW_OK, {}, 0};
  while (result.consumed < len) {
    if (result.frames.size() == cap) {
      result.status = TW_NEED_ROOM;
      break;
    }
    Frame frame = {{}, result.consumed, {}};
    result.status = frame_header(data + frame.offset, len - frame.offset, rules, &frame.header);
    if (result.status != TW_OK) break;
    const uint8_t *payload = data + frame.offset + frame.header.len;
    if (frame.header.payload_len > len - frame.offset - frame.header.len) {
      result.status = TW_NEED_INPUT;
      break;
    }
    frame.payload.resize(static_cast<size_t>(frame.header.payload_len));
    mask(frame.payload.data(), payload, frame.payload.size(), frame.header.masking_key.data(), 0);
    if (is_text_to_validate(frame.header, rules) &&
        !utf8(frame.payload.data(), frame.payload.size()).is_text(frame.payload.size())) {
      result.status = TW_ERR_UTF8;
      break;
    }
    result.consumed += frame.header.len + frame.payload.size();
    result.frames.push_back(std::move(frame));
  }
  return result;
}

}  // namespace tidewire::reference
