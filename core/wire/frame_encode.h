// SPDX-License-Identifier: MIT
// Whole frames written to a buffer: header, then the payload, masked while it is copied.
#ifndef TIDEWIRE_CORE_WIRE_FRAME_ENCODE_H_
#define TIDEWIRE_CORE_WIRE_FRAME_ENCODE_H_

#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/status.h"
#include "core/simd/kernels.h"
#include "core/wire/frame_header.h"

namespace tidewire {

// Whether a receiver could accept this header: kOpcode, kControlFragmented, kControlLength, kLengthTooLarge otherwise.
Status check_frame(uint8_t first, uint64_t payload_len);

// Writes header and payload to `out`, which has frame_header_len(...) + payload_len bytes. The two do not overlap.
// Returns the bytes written.
size_t write_frame(const Kernels &kernels, const FrameHeader &header, const uint8_t *payload, uint8_t *out);

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_WIRE_FRAME_ENCODE_H_
