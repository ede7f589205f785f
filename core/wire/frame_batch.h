// SPDX-License-Identifier: MIT
// All whole frames of a read buffer in one call: headers checked, payloads unmasked in place, text validated.
// The loop exists once for each instruction set, so that nothing is dispatched per frame.
#ifndef TIDEWIRE_CORE_WIRE_FRAME_BATCH_H_
#define TIDEWIRE_CORE_WIRE_FRAME_BATCH_H_

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "core/simd/kernels.h"
#include "core/wire/frame_header.h"

namespace tidewire {

inline constexpr uint8_t kFrameMasked = 0x01;  // in Frame::flags, beside kFin and the RSV bits

// A frame whose payload lies in the buffer. tw_frame and tw_event have the same layout, so that both are written
// directly to the caller's array.
struct __attribute__((may_alias)) Frame {
  uint8_t *payload;
  uint64_t payload_len;
  uint8_t tag;  // FrameBatch::tag
  uint8_t opcode;
  uint8_t flags;
  uint8_t header_len;  // 0 from a message loop
  uint32_t key;        // 0 from a message loop
  uint64_t offset;     // FrameBatch::base_offset + where the frame starts in data
};
static_assert(sizeof(Frame) == 32);

struct FrameBatch {
  uint8_t *data;
  size_t len;
  size_t pos;  // in: where to start; out: the first frame that was not read
  Frame *frames;
  size_t cap;
  size_t count;  // in and out
  uint32_t rules;
  uint8_t tag;
  uint64_t max_payload_len;
  uint64_t base_offset;
  size_t error_offset;  // out, with kUtf8: in data, of the first bad byte
};

// Reads frames until data or frames ends. kOk when data is used up; kNeedInput: the frame at pos is cut; kNeedRoom:
// frames is full; errors as parse_frame_header, kLimitFrame, kUtf8: the frame at pos is at fault, and untouched.
using FrameLoop = Status (*)(FrameBatch *batch);

struct FrameLoops {
  FrameLoop frames;  // every frame; with kValidateText whole text messages of one frame are checked
  // Only messages of one frame; stops with kOk before a frame that is anything else, is cut or is at fault (but for
  // kUtf8), and leaves the judgement to parse_frame_header.
  FrameLoop messages;
};

const FrameLoops &frame_loops(Isa isa);

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_WIRE_FRAME_BATCH_H_
