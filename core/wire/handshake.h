// SPDX-License-Identifier: MIT
// The opening handshake of both roles (RFC 6455 §4) over memory of the caller: checks of a parsed head, and the heads
// that answer or start it. The only extension is permessage-deflate.
#ifndef TIDEWIRE_CORE_WIRE_HANDSHAKE_H_
#define TIDEWIRE_CORE_WIRE_HANDSHAKE_H_

#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/status.h"
#include "core/wire/accept_key.h"
#include "core/wire/deflate_terms.h"
#include "core/wire/http_head.h"

namespace tidewire {

// HandshakeConfig::flags
inline constexpr uint32_t kHandshakeAnyOrigin = 0x1;

// Laid out as tw_header, whose arrays are read in place.
struct __attribute__((may_alias)) Header {
  const char *name;
  const char *value;
};

// tw_handshake_config without its size. The pointers inside the arrays are not null; a wish that is enabled has windows
// of 8 ... 15 bits.
struct HandshakeConfig {
  uint32_t flags = 0;
  HttpLimits limits;
  const char *host = nullptr;
  const char *target = nullptr;
  const char *origin = nullptr;
  const char *const *subprotocols = nullptr;
  size_t subprotocol_count = 0;
  const char *const *origins = nullptr;
  size_t origin_count = 0;
  const Header *headers = nullptr;
  size_t header_count = 0;
  DeflateTerms deflate;  // the wish; not enabled: nothing is offered, every offer is declined
};

// What the opening handshake led to. Laid out as tw_agreement.
struct Agreement {
  uint32_t subprotocol = 0;  // position in HandshakeConfig::subprotocols plus 1; 0: none
  DeflateTerms deflate;      // seen from this side; all zero: no compression
  uint8_t accept[kAcceptLen] = {};
};

// Server: checks a complete request (RFC 6455 §4.2.1), and chooses the first subprotocol of the config that was offered
// and the first acceptable offer of permessage-deflate. *out is written only with kOk.
Status check_request(const HttpHead &head, const uint8_t *data, const HandshakeConfig &config, Agreement *out);

// Client: checks a complete response (RFC 6455 §4.1, RFC 7692 §7.1) to the request that `config` and `key` made. *out
// is written only with kOk.
Status check_response(const HttpHead &head, const uint8_t *data, const HandshakeConfig &config,
                      const uint8_t key[kKeyLen], Agreement *out);

// The builders write the length of the head to *out_len. kNeedRoom means that `out` is smaller and was left alone, so a
// call without room measures. What would break the head is kHeaderInjection, what is merely malformed kArgument.

// Server: the response of status 101. kArgument when check_request with this config cannot have led to `agreement`.
Status build_response(const HandshakeConfig &config, const Agreement &agreement, MutBytes out, size_t *out_len);

// Server: the whole response, body included, that refuses a request because of `reason` and closes the HTTP connection.
// kArgument when `reason` has no HTTP status.
Status build_refusal(Status reason, MutBytes out, size_t *out_len);

// Client: the request. kNull without a host.
Status build_request(const HandshakeConfig &config, const uint8_t key[kKeyLen], MutBytes out, size_t *out_len);

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_WIRE_HANDSHAKE_H_
