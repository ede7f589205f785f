// SPDX-License-Identifier: MIT
// One message in one buffer, from pieces that arrive masked: they are unmasked, and text is validated, on the way in.
// Limits and the order of frames are the connection's.
#ifndef TIDEWIRE_CORE_MESSAGE_ASSEMBLER_H_
#define TIDEWIRE_CORE_MESSAGE_ASSEMBLER_H_

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "core/buffer/lease.h"
#include "core/simd/kernels.h"
#include "core/wire/opcode.h"

namespace tidewire {

class Assembler {
 public:
  // Between the first frame of a message and the end of its last.
  bool active() const { return opcode_ != 0; }
  uint8_t opcode() const { return opcode_; }
  size_t len() const { return len_; }                // bytes so far
  uint32_t fragments() const { return fragments_; }  // frames so far

  // Starts a frame of a message of this opcode: room for all of its payload. `last`: no frame follows; otherwise the
  // message may grow to max_len, and room is made for more than was asked. kNoMemory changes nothing.
  Status add_frame(const LeaseSource &source, uint8_t opcode, size_t payload_len, bool last, uint64_t max_len);

  // Appends payload of the frame, within what was announced. `key` belongs to src[0]; 0 is not masked. `last`: the
  // message ends with it. kUtf8 changes nothing, and writes to *out_error the position in src of the first bad byte, or
  // `len` where text ends inside a code point (RFC 6455 §8.1).
  Status append(const Kernels &kernels, const uint8_t *src, size_t len, uint32_t key, bool last, size_t *out_error);

  // Ends the message and hands its buffer over (nullptr for an empty message), with *out_len bytes.
  Lease *finish(size_t *out_len);

  void reset(const LeaseSource &source);

 private:
  Lease *buffer_ = nullptr;
  size_t len_ = 0;
  uint32_t fragments_ = 0;
  uint8_t opcode_ = 0;
  Utf8State utf8_;
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_MESSAGE_ASSEMBLER_H_
