// SPDX-License-Identifier: MIT
// One message in one buffer, from pieces: text is validated on the way in, masked pieces are unmasked. What is known of
// the message stands in front of its bytes, so that nothing is held between messages. Limits and the order of frames
// are the connection's.
#ifndef TIDEWIRE_CORE_MESSAGE_ASSEMBLER_H_
#define TIDEWIRE_CORE_MESSAGE_ASSEMBLER_H_

#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/status.h"
#include "core/buffer/lease.h"
#include "core/simd/kernels.h"
#include "core/wire/opcode.h"

namespace tidewire {

class Assembler {
 public:
  // In front of the bytes of a message under way.
  struct Message {
    uint64_t since = 0;         // the time at which it started, in ns
    uint64_t deflated_len = 0;  // bytes of its payload that were inflated
    size_t len = 0;             // bytes so far, delivered chunks included
    uint32_t fragments = 0;     // frames so far
    uint8_t opcode = 0;
    bool validated = false;   // it is text, and must be UTF-8
    bool compressed = false;  // RSV1 of its first frame
    bool reported = false;    // a chunk of it was delivered
    Utf8State utf8;
  };

  // Between the first frame of a message and the end of its last.
  bool active() const { return buffer_ != nullptr; }
  // While active.
  Message &message() { return *reinterpret_cast<Message *>(buffer_->bytes()); }
  const Message &message() const { return *reinterpret_cast<const Message *>(buffer_->bytes()); }

  // Starts a message with room for `room` bytes. The statuses are Lender::acquire's.
  Status start(Lender *lender, const Message &message, size_t room);
  // Makes room for `more` bytes after what is there. `last`: nothing follows them; otherwise the message may grow to
  // max_len, and room is made for more than was asked. An error changes nothing.
  Status grow(Lender *lender, size_t more, bool last, uint64_t max_len);

  // Appends a masked piece, within the room. `key` belongs to src[0]; 0 is not masked. `last`: the message ends with
  // it. kUtf8 changes nothing, and writes to *out_error the position in src of the first bad byte, or `len` where text
  // ends inside a code point (RFC 6455 §8.1).
  Status append(const Kernels &kernels, const uint8_t *src, size_t len, uint32_t key, bool last, size_t *out_error);
  // The same in place, for a piece that is delivered from where it lies.
  Status pass(const Kernels &kernels, uint8_t *data, size_t len, uint32_t key, bool last, size_t *out_error);

  // The room that is left, to be filled with bytes of the message that are then taken over by commit.
  MutBytes room();
  // kUtf8: they are no text, and those before the first bad one are taken over; or `last` and they end inside a code
  // point.
  Status commit(const Kernels &kernels, size_t len, bool last);

  // Ends the message and hands its buffer over, with its bytes (nullptr where there are none).
  Lease *finish(MutBytes *out);

  void reset(Lender *lender);

 private:
  uint8_t *bytes() { return buffer_->bytes() + sizeof(Message); }
  Status unmask(const Kernels &kernels, uint8_t *dst, const uint8_t *src, size_t len, uint32_t key, bool last,
                size_t *out_error);

  Lease *buffer_ = nullptr;
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_MESSAGE_ASSEMBLER_H_
