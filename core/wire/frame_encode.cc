// SPDX-License-Identifier: MIT
#include "core/wire/frame_encode.h"

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

}  // namespace tidewire
