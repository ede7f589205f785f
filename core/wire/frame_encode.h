// SPDX-License-Identifier: MIT
// Whole frames written to a buffer: header, then the payload, masked while it is copied.
#ifndef TIDEWIRE_CORE_WIRE_FRAME_ENCODE_H_
#define TIDEWIRE_CORE_WIRE_FRAME_ENCODE_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/endian.h"
#include "core/base/macros.h"
#include "core/base/status.h"
#include "core/simd/kernels.h"
#include "core/wire/frame_header.h"

namespace tidewire {

// check_frame() for control frames.
Status check_control_frame(uint8_t first, uint64_t payload_len);

// Whether a receiver could accept this header: kOpcode, kControlFragmented, kControlLength, kLengthTooLarge otherwise.
inline Status check_frame(uint8_t first, uint64_t payload_len) {
  const uint8_t opcode = first & kOpcodeBits;
  if (!is_defined(opcode)) return Status::kOpcode;
  if (is_control(opcode)) return check_control_frame(first, payload_len);
  return payload_len >> 63 != 0 ? Status::kLengthTooLarge : Status::kOk;
}

// Two copies that may overlap cover as much as kCount words to twice that. All is loaded before anything is stored.
template <class Word, size_t kCount = 1>
TW_ALWAYS_INLINE void copy_ends(uint8_t *dst, const uint8_t *src, size_t len) {
  const size_t last_at = len - kCount * sizeof(Word);
  Word first[kCount], last[kCount];
  for (size_t i = 0; i < kCount; i++) first[i] = load_raw<Word>(src + i * sizeof(Word));
  for (size_t i = 0; i < kCount; i++) last[i] = load_raw<Word>(src + last_at + i * sizeof(Word));
  for (size_t i = 0; i < kCount; i++) store_raw(dst + i * sizeof(Word), first[i]);
  for (size_t i = 0; i < kCount; i++) store_raw(dst + last_at + i * sizeof(Word), last[i]);
}

// memcpy that makes no call for the short payloads that most messages have.
TW_ALWAYS_INLINE void copy_payload(uint8_t *dst, const uint8_t *src, size_t len) {
  typedef uint64_t Block __attribute__((vector_size(16)));
  if (len > 128) {
    memcpy(dst, src, len);
  } else if (len >= 64) {
    copy_ends<Block, 4>(dst, src, len);
  } else if (len >= 32) {
    copy_ends<Block, 2>(dst, src, len);
  } else if (len >= 16) {
    copy_ends<Block>(dst, src, len);
  } else if (len >= 8) {
    copy_ends<uint64_t>(dst, src, len);
  } else if (len >= 4) {
    copy_ends<uint32_t>(dst, src, len);
  } else if (len > 0) {
    const uint8_t first = src[0], middle = src[len / 2], last = src[len - 1];
    dst[0] = first;
    dst[len / 2] = middle;
    dst[len - 1] = last;
  }
}

// Writes header and payload to `out`, which has frame_header_len(...) + payload_len bytes. The two do not overlap.
// Returns the bytes written.
TW_ALWAYS_INLINE size_t write_frame(const Kernels &kernels, const FrameHeader &header, const uint8_t *payload,
                                    uint8_t *out) {
  const size_t header_len = frame_header_len(header.payload_len, header.masked);
  const size_t payload_len = static_cast<size_t>(header.payload_len);
  write_frame_header(header, out);
  if (!header.masked) {
    copy_payload(out + header_len, payload, payload_len);
  } else if (payload_len > 0) {
    kernels.mask(out + header_len, payload, payload_len, header.key);
  }
  return header_len + payload_len;
}

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_WIRE_FRAME_ENCODE_H_
