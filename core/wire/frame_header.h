// SPDX-License-Identifier: MIT
// One frame header: read with every check that a single header allows, and written. Stateless.
#ifndef TIDEWIRE_CORE_WIRE_FRAME_HEADER_H_
#define TIDEWIRE_CORE_WIRE_FRAME_HEADER_H_

#include <stddef.h>
#include <stdint.h>

#include "core/base/endian.h"
#include "core/base/status.h"
#include "core/wire/opcode.h"

namespace tidewire {

// What a receiver accepts; the values of TW_DECODE_... in tidewire.h. The RSV bits have their wire positions.
enum FrameRule : uint32_t {
  kRequireMasked = 0x01,
  kRequireUnmasked = 0x02,
  kValidateText = 0x04,
  kAllowRsv1 = 0x40,
  kAllowRsv2 = 0x20,
  kAllowRsv3 = 0x10,
};

struct FrameHeader {
  uint64_t payload_len;
  uint32_t key;        // masking key, first wire byte lowest; 0 when not masked, which is the identity
  uint8_t first;       // FIN, RSV and opcode as on the wire
  uint8_t header_len;  // bytes
  bool masked;

  uint8_t opcode() const { return first & kOpcodeBits; }
  bool fin() const { return (first & kFin) != 0; }
  bool control() const { return is_control(opcode()); }
};

// Reads the header at data[0]. A fault is reported as soon as the bytes that show it are there; kNeedInput otherwise
// until the header is whole.
Status parse_frame_header(const uint8_t *data, size_t len, uint32_t rules, FrameHeader *out);

// Bytes that the header of a frame takes.
inline size_t frame_header_len(uint64_t payload_len, bool masked) {
  const size_t length_bytes = payload_len < kLength16 ? 0 : payload_len <= UINT16_MAX ? 2 : 8;
  return 2 + length_bytes + (masked ? 4 : 0);
}

// Writes frame_header_len(...) bytes. `first` and payload_len must be valid together (kControlTooLong, ... are the
// caller's to prevent); header_len is ignored.
inline void write_frame_header(const FrameHeader &header, uint8_t *out) {
  const uint8_t mask_bit = header.masked ? kMaskBit : 0;
  out[0] = header.first;
  size_t at = 2;
  if (header.payload_len < kLength16) {
    out[1] = static_cast<uint8_t>(mask_bit | header.payload_len);
  } else if (header.payload_len <= UINT16_MAX) {
    out[1] = mask_bit | kLength16;
    store_be16(out + 2, static_cast<uint16_t>(header.payload_len));
    at = 4;
  } else {
    out[1] = mask_bit | kLength64;
    store_be64(out + 2, header.payload_len);
    at = 10;
  }
  if (header.masked) store_raw(out + at, header.key);
}

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_WIRE_FRAME_HEADER_H_
