// SPDX-License-Identifier: MIT
// One message in one buffer, from pieces: text is validated on the way in, masked pieces are unmasked. What is known of
// the message stands in front of its bytes, or alone where these are in memory of the caller, so that nothing is held
// between messages. Limits and the order of frames are the connection's.
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
  // At the start of the lease of a message under way. Its size keeps the bytes behind it aligned.
  struct alignas(16) Message {
    uint64_t since = 0;         // the time at which it started, in ns
    uint64_t deflated_len = 0;  // bytes of its payload that were inflated
    uint8_t *data = nullptr;    // its bytes; set by start
    size_t cap = 0;             // the room that they have; set by start
    size_t len = 0;             // bytes so far, delivered chunks included
    size_t unread_len = 0;      // bytes that were read into the room and are still masked
    uint32_t fragments = 0;     // frames so far
    uint8_t opcode = 0;
    bool validated = false;   // it is text, and must be UTF-8
    bool compressed = false;  // RSV1 of its first frame
    bool streamed = false;    // it is delivered in chunks, and its bytes are not kept
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
  // Starts a message in memory of the caller, which it leaves when it outgrows it.
  Status start_in(Lender *lender, const Message &message, MutBytes dst);
  // While active: whether the bytes are in memory of the caller.
  bool borrows() const { return message().data != own_bytes(); }
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

  // Ends the message and tells its bytes (nullptr where there are none). Hands over the lease that they are in; nullptr
  // where it is the caller's memory.
  Lease *finish(Lender *lender, MutBytes *out);
  // Where the bytes of a message start in the lease that finish() handed over.
  static uint8_t *bytes_of(Lease *lease) { return lease->bytes() + sizeof(Message); }
  // Gives the message up but hands over its lease, as somebody may still write to the room.
  Lease *abandon();

  void reset(Lender *lender);

 private:
  uint8_t *own_bytes() const { return bytes_of(buffer_); }
  void move_to(Lease *lease, const Message &message);
  Status unmask(const Kernels &kernels, uint8_t *dst, const uint8_t *src, size_t len, uint32_t key, bool last,
                size_t *out_error);

  Lease *buffer_ = nullptr;
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_MESSAGE_ASSEMBLER_H_
