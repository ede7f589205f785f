// SPDX-License-Identifier: MIT
// One received message, plain or compressed (RFC 7692 §7.2.2): keeps all payload and reads it anew from the first byte.
#ifndef TIDEWIRE_TESTS_REFERENCE_MESSAGE_REF_H_
#define TIDEWIRE_TESTS_REFERENCE_MESSAGE_REF_H_

#include <stddef.h>
#include <stdint.h>
#include <tidewire/tidewire.h>

#include "tests/reference/inflate_ref.h"

namespace tidewire::reference {

struct MessageRules {
  uint64_t max_len;  // bytes, inflated
  uint32_t max_ratio;
  bool validate_text;
};

// What the payload so far means. With a fault, the bytes are those that come before it.
struct Reading {
  Bytes bytes;
  tw_status fault = TW_OK;
};

class Message {
 public:
  void begin(uint8_t opcode, bool compressed);

  bool active() const { return opcode_ != 0; }
  uint8_t opcode() const { return opcode_; }
  bool compressed() const { return compressed_; }
  uint32_t frames() const { return frames_; }
  size_t len() const { return payload_.size(); }  // bytes of the frames that were added

  // The message with `part`, what is there of the next frame's payload. `whole`: the message ends with it.
  Reading read(const Bytes &part, bool whole, const Bytes &window, const MessageRules &rules) const;
  void add_frame(const Bytes &payload);

 private:
  uint8_t opcode_ = 0;  // 0: no message under way
  bool compressed_ = false;
  uint32_t frames_ = 0;
  Bytes payload_;
};

}  // namespace tidewire::reference

#endif  // TIDEWIRE_TESTS_REFERENCE_MESSAGE_REF_H_
