// SPDX-License-Identifier: MIT
// Which close codes a close frame may carry (RFC 6455 §7.4 and the IANA registry).
#ifndef TIDEWIRE_CORE_WIRE_CLOSE_CODE_H_
#define TIDEWIRE_CORE_WIRE_CLOSE_CODE_H_

#include <stdint.h>

namespace tidewire {

enum CloseCode : uint16_t {
  kCloseNormal = 1000,
  kCloseGoingAway = 1001,
  kCloseProtocolError = 1002,
  kCloseNoCode = 1005,    // never on the wire: the close frame was empty
  kCloseAbnormal = 1006,  // never on the wire: there was no close frame
  kCloseInvalidData = 1007,
  kCloseTooBig = 1009,
};

// The same codes may be sent and received.
bool close_code_valid(uint32_t code);

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_WIRE_CLOSE_CODE_H_
