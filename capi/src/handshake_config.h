// SPDX-License-Identifier: MIT
// Turns the caller's tw_handshake_config into the engine's; the pointers in it stay the caller's.
#ifndef TIDEWIRE_CAPI_SRC_HANDSHAKE_CONFIG_H_
#define TIDEWIRE_CAPI_SRC_HANDSHAKE_CONFIG_H_

#include <stddef.h>

#include "capi/src/deflate_config.h"
#include "capi/src/guard.h"
#include "core/wire/handshake.h"

namespace tidewire {

inline constexpr size_t kHandshakeConfigSize10 =
    offsetof(tw_handshake_config, deflate) + sizeof(tw_handshake_config::deflate);

static_assert(kHandshakeAnyOrigin == TW_HANDSHAKE_ANY_ORIGIN);
static_assert(sizeof(Header) == sizeof(tw_header) && offsetof(Header, value) == offsetof(tw_header, value));

inline Status require_strings(const char *const *strings, size_t count) {
  if (strings == nullptr && count > 0) return Status::kNull;
  for (size_t i = 0; i < count; ++i) {
    if (strings[i] == nullptr) return Status::kNull;
  }
  return Status::kOk;
}

inline Status require_headers(const tw_header *headers, size_t count) {
  if (headers == nullptr && count > 0) return Status::kNull;
  for (size_t i = 0; i < count; ++i) {
    if (headers[i].name == nullptr || headers[i].value == nullptr) return Status::kNull;
  }
  return Status::kOk;
}

// nullptr gives the defaults. kNull: an array of the config, or an element of one, is missing.
inline Status read_handshake_config(const tw_handshake_config *theirs, HandshakeConfig *out) {
  tw_handshake_config config;
  Status status = read_struct(theirs, kHandshakeConfigSize10, &config);
  if (status == Status::kOk && (config.flags & ~TW_HANDSHAKE_ANY_ORIGIN) != 0) status = Status::kUnsupported;
  if (status == Status::kOk) status = require_strings(config.subprotocols, config.subprotocol_count);
  if (status == Status::kOk) status = require_strings(config.origins, config.origin_count);
  if (status == Status::kOk) status = require_headers(config.headers, config.header_count);
  if (status == Status::kOk) status = read_deflate_wish(config.deflate, &out->deflate);
  if (status != Status::kOk) return status;

  out->flags = config.flags;
  out->limits = {config.max_head_len, config.max_header_count, config.max_line_len};
  out->host = config.host;
  out->target = config.target;
  out->origin = config.origin;
  out->subprotocols = config.subprotocols;
  out->subprotocol_count = config.subprotocol_count;
  out->origins = config.origins;
  out->origin_count = config.origin_count;
  out->headers = reinterpret_cast<const Header *>(config.headers);
  out->header_count = config.header_count;
  return Status::kOk;
}

}  // namespace tidewire

#endif  // TIDEWIRE_CAPI_SRC_HANDSHAKE_CONFIG_H_
