// SPDX-License-Identifier: MIT
// Close codes as tables: which may be sent, and which one tells the peer of a failure.
#ifndef TIDEWIRE_TESTS_REFERENCE_CLOSE_CODE_REF_H_
#define TIDEWIRE_TESTS_REFERENCE_CLOSE_CODE_REF_H_

#include <stdint.h>
#include <tidewire/tidewire.h>

namespace tidewire::reference {

// RFC 6455 §7.4 and the IANA registry.
inline bool may_be_sent(uint32_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

inline uint16_t close_code(tw_status status) {
  switch (status) {
    case TW_ERR_TIMEOUT_IDLE: return 1001;
    case TW_ERR_UTF8:
    case TW_ERR_CLOSE_REASON:
    case TW_ERR_DEFLATE: return 1007;
    case TW_ERR_LIMIT_OUTPUT:
    case TW_ERR_LIMIT_CONTROL_RATE:
    case TW_ERR_TIMEOUT_MESSAGE: return 1008;
    case TW_ERR_LIMIT_FRAME:
    case TW_ERR_LIMIT_MESSAGE:
    case TW_ERR_LIMIT_FRAGMENTS:
    case TW_ERR_LIMIT_RATIO: return 1009;
    case TW_ERR_TIMEOUT_PONG: return 1011;
    default: return 1002;
  }
}

}  // namespace tidewire::reference

#endif  // TIDEWIRE_TESTS_REFERENCE_CLOSE_CODE_REF_H_
