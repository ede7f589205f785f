// SPDX-License-Identifier: MIT
// What a connection holds where compression was negotiated. The states come and go with messages, unless their context
// is taken over.
#ifndef TIDEWIRE_CORE_CONNECTION_CODEC_H_
#define TIDEWIRE_CORE_CONNECTION_CODEC_H_

#include <stdint.h>

#include "core/message/deflate.h"
#include "core/wire/deflate_terms.h"

namespace tidewire {

// Of every inflater, whatever was negotiated: with a smaller window, the library's verdict on a match that reaches too
// far depends on how the input is cut.
inline constexpr uint8_t kInflateWindowBits = kMaxWindowBits;

// Lives at the start of a lease.
struct Codec {
  DeflateTerms terms;
  Inflater *inflater = nullptr;
  Deflater *deflater = nullptr;
  uint64_t deflated_received_len = 0;
  uint64_t inflated_received_len = 0;
  uint64_t deflated_sent_len = 0;
  uint64_t inflated_sent_len = 0;

  bool send_takeover() const { return (terms.flags & kDeflateSendTakeover) != 0; }
  bool receive_takeover() const { return (terms.flags & kDeflateReceiveTakeover) != 0; }
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_CONNECTION_CODEC_H_
