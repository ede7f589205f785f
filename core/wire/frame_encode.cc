// SPDX-License-Identifier: MIT
#include "core/wire/frame_encode.h"

namespace tidewire {

Status check_control_frame(uint8_t first, uint64_t payload_len) {
  if ((first & kFin) == 0) return Status::kControlFragmented;
  return payload_len > kMaxControlPayload ? Status::kControlLength : Status::kOk;
}

}  // namespace tidewire
