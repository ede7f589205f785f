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
#include "core/simd/small.h"
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

// Two copies that may overlap cover kCount to 2 * kCount blocks of sixteen bytes. All is loaded before anything is
// stored; otherwise as copy_short.
template <size_t kCount>
TW_ALWAYS_INLINE bool copy_ends(uint8_t *dst, const uint8_t *src, size_t len, uint64_t refused) {
  typedef uint64_t Block __attribute__((vector_size(16)));
  constexpr uint64_t kHighBits = 0x8080808080808080u;
  constexpr size_t kSize = sizeof(Block);
  const size_t last_at = len - kCount * kSize;
  Block first[kCount], last[kCount], seen = {};
  for (size_t i = 0; i < kCount; i++) first[i] = load_raw<Block>(src + i * kSize);
  for (size_t i = 0; i < kCount; i++) last[i] = load_raw<Block>(src + last_at + i * kSize);
  for (size_t i = 0; i < kCount; i++) seen |= first[i] | last[i];
  if (TW_UNLIKELY(((seen[0] | seen[1]) & kHighBits & refused) != 0)) return false;
  for (size_t i = 0; i < kCount; i++) store_raw(dst + i * kSize, first[i]);
  for (size_t i = 0; i < kCount; i++) store_raw(dst + last_at + i * kSize, last[i]);
  return true;
}

inline constexpr size_t kShortCopy = 128;  // bytes

// For len <= kShortCopy, without a call. With kRefuseNonAscii it writes nothing and returns false where not all is
// ASCII.
TW_ALWAYS_INLINE bool copy_short(uint8_t *dst, const uint8_t *src, size_t len, uint64_t refused) {
  if (len >= 64) return copy_ends<4>(dst, src, len, refused);
  if (len >= 32) return copy_ends<2>(dst, src, len, refused);
  if (len >= 16) return copy_ends<1>(dst, src, len, refused);
  return xor_below_16(dst, src, len, 0, refused);
}

// memcpy that makes no call for the short payloads that most messages have.
TW_ALWAYS_INLINE void copy_payload(uint8_t *dst, const uint8_t *src, size_t len) {
  if (len > kShortCopy) {
    memcpy(dst, src, len);
  } else {
    copy_short(dst, src, len, kRefuseNothing);
  }
}

// The payload of a whole text message. False when it is not valid UTF-8.
TW_ALWAYS_INLINE bool copy_text(const Kernels &kernels, uint8_t *dst, const uint8_t *src, size_t len) {
  if (len <= kShortCopy && TW_LIKELY(copy_short(dst, src, len, kRefuseNonAscii))) return true;
  if (!utf8_whole(kernels, src, len)) return false;
  memcpy(dst, src, len);
  return true;
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
