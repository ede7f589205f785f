// SPDX-License-Identifier: MIT
// The two directions of permessage-deflate (RFC 7692 §7.2) over the compression library, which only deflate.cc knows.
// Each codec lives in one lease with all the library's memory; it keeps no pointer into the bytes of its callers.
#ifndef TIDEWIRE_CORE_MESSAGE_DEFLATE_H_
#define TIDEWIRE_CORE_MESSAGE_DEFLATE_H_

#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/status.h"
#include "core/buffer/lease.h"

namespace tidewire {

// What a codec of these settings takes of a Lender where there is no pool: its lease and all behind it.
size_t inflate_context_len(unsigned window_bits);
size_t deflate_context_len(unsigned window_bits, unsigned memory_level);

// Whether a whole message of `len` bytes is better sent compressed, where no context is to be kept. An empty one always
// is: it was asked for.
constexpr bool deflation_gains(size_t len, size_t deflated_len) { return deflated_len < len || len == 0; }

struct CodecStream;

// Window bits are 8 ... 15. The library follows a match that reaches back further than the window as far as it can:
// into the bytes that it wrote in the same call. Where a peer must not have that, give it 15, which no match exceeds.
class Inflater {
 public:
  // Statuses are Lender::acquire's, and write nullptr; kNoMemory also where the library wants more than is known of it.
  static Status create(Lender *lender, unsigned window_bits, Inflater **out);
  // nullptr is allowed.
  static void destroy(Lender *lender, Inflater *inflater);

  // Inflates from *in to *out and moves both on. kOk: all of *in is taken, and all that it means so far is written.
  // kNeedRoom: *out is full, and at least one more byte is to come: call again with what is left of *in. kDeflate:
  // these bytes are no DEFLATE; what came before is written. After an error only reset() and destroy() make sense.
  Status inflate(ByteView *in, MutBytes *out);

  // After the last byte of a message: inflates the four bytes that its sender left out (RFC 7692 §7.2.2), as inflate().
  // kDeflate also where the message does not end between two blocks. It goes on after kNeedRoom.
  Status finish(MutBytes *out);

  // Forgets all messages so far: no context takeover.
  void reset();

  size_t held_len() const;  // bytes that destroy() gives back

 private:
  explicit Inflater(CodecStream *stream) : stream_(stream) {}

  Status step(ByteView *in, MutBytes *out);

  CodecStream *stream_;
  uint8_t tail_len_ = 0;  // bytes of the tail that finish() has given to the library
  uint8_t ahead_ = 0;     // a byte that was inflated when *out was full
  bool has_ahead_ = false;
  bool between_blocks_ = true;  // all that was taken ends with a block, and at a byte's end
};

class Deflater {
 public:
  // Level 1 ... 9, memory level 1 ... 9, window bits 8 ... 15. Statuses as Inflater::create.
  static Status create(Lender *lender, unsigned level, unsigned memory_level, unsigned window_bits, Deflater **out);
  // nullptr is allowed.
  static void destroy(Lender *lender, Deflater *deflater);

  // Room that deflate() always finds sufficient for `len` bytes; SIZE_MAX where there is no such length.
  static size_t bound(size_t len);

  // Compresses a fragment of a message up to a byte's end. `last`: the message ends with it, without the four bytes
  // that every message ends with (RFC 7692 §7.2.1); an empty one gives 00 (RFC 7692 §7.2.3.6). kNeedRoom: out is
  // smaller than bound(), and too small; the message is lost, and only reset() and destroy() make sense.
  Status deflate(ByteView in, bool last, MutBytes out, size_t *out_len);

  // Forgets all messages so far: no context takeover.
  void reset();

  size_t held_len() const;  // bytes that destroy() gives back

 private:
  explicit Deflater(CodecStream *stream) : stream_(stream) {}

  CodecStream *stream_;
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_MESSAGE_DEFLATE_H_
