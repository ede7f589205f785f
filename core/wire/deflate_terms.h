// SPDX-License-Identifier: MIT
// The terms of permessage-deflate (RFC 7692 §7.1), seen from one side: what it wants before the handshake, and what
// both sides agreed on after it.
#ifndef TIDEWIRE_CORE_WIRE_DEFLATE_TERMS_H_
#define TIDEWIRE_CORE_WIRE_DEFLATE_TERMS_H_

#include <stdint.h>

namespace tidewire {

// DeflateTerms::flags
inline constexpr uint8_t kDeflateSendTakeover = 1;     // this side may refer to its earlier messages
inline constexpr uint8_t kDeflateReceiveTakeover = 2;  // the peer may
inline constexpr uint8_t kDeflateWindowAsked = 4;      // server: the offer names its window, so the answer must too

inline constexpr uint8_t kMinWindowBits = 8;
inline constexpr uint8_t kMaxWindowBits = 15;

// Laid out as tw_deflate. As a wish: the most that this side does itself (send) and permits the peer (receive).
// All zero: no compression.
struct DeflateTerms {
  uint8_t enabled = 0;
  uint8_t flags = 0;
  uint8_t send_window_bits = 0;
  uint8_t receive_window_bits = 0;
  uint8_t reserved[4] = {};
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_WIRE_DEFLATE_TERMS_H_
