// SPDX-License-Identifier: MIT
// Frames as RFC 6455 §5.2 draws them: one field after the other, each payload copied. Takes the rules and gives the
// statuses of tw_frames_decode, and is what it is compared with.
#ifndef TIDEWIRE_TESTS_REFERENCE_FRAME_REF_H_
#define TIDEWIRE_TESTS_REFERENCE_FRAME_REF_H_

#include <stddef.h>
#include <stdint.h>
#include <tidewire/tidewire.h>

#include <array>
#include <vector>

namespace tidewire::reference {

struct FrameHeader {
  bool fin;
  bool rsv1;
  bool rsv2;
  bool rsv3;
  uint8_t opcode;
  bool masked;
  uint64_t payload_len;
  std::array<uint8_t, 4> masking_key;  // zero where the frame is not masked
  size_t len;                          // bytes of the header itself
};

struct Frame {
  FrameHeader header;
  size_t offset;                 // of the frame's first byte in the data
  std::vector<uint8_t> payload;  // unmasked
};

struct Frames {
  tw_status status;
  std::vector<Frame> frames;
  size_t consumed;
};

// TW_OK, TW_NEED_INPUT or the rule that is broken. A header that breaks several gives the one whose bits come first on
// the wire, as soon as the field that shows it is whole.
tw_status frame_header(const uint8_t *data, size_t len, uint32_t rules, FrameHeader *out);

// As tw_frames_decode, but data stays as it is.
Frames frames(const uint8_t *data, size_t len, uint32_t rules, size_t cap);

}  // namespace tidewire::reference

#endif  // TIDEWIRE_TESTS_REFERENCE_FRAME_REF_H_
