// SPDX-License-Identifier: MIT
#include "core/wire/frame_encode.h"

#include <string.h>

namespace tidewire {

Status check_frame(uint8_t first, uint64_t payload_len) {
  const uint8_t opcode = first & kOpcodeBits;
  if (!is_defined(opcode)) return Status::kOpcode;
  if (is_control(opcode)) {
    if ((first & kFin) == 0) return Status::kControlFragmented;
    if (payload_len > kMaxControlPayload) return Status::kControlLength;
  }
  if (payload_len >> 63 != 0) return Status::kLengthTooLarge;
  return Status::kOk;
}

size_t write_frame(const Kernels &kernels, const FrameHeader &header, const uint8_t *payload, uint8_t *out) {
  const size_t header_len = frame_header_len(header.payload_len, header.masked);
  const size_t payload_len = static_cast<size_t>(header.payload_len);
  write_frame_header(header, out);
  if (payload_len == 0) return header_len;
  if (header.masked) {
    kernels.mask(out + header_len, payload, payload_len, header.key);
  } else {
    memcpy(out + header_len, payload, payload_len);
  }
  return header_len + payload_len;
}

}  // namespace tidewire
