// SPDX-License-Identifier: MIT
// Hosts and origins (RFC 3986 §3.2, RFC 6454): their syntax, and whether two of them are the same although they are
// written differently.
#ifndef TIDEWIRE_CORE_WIRE_HANDSHAKE_ORIGIN_H_
#define TIDEWIRE_CORE_WIRE_HANDSHAKE_ORIGIN_H_

#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"

namespace tidewire {

inline constexpr uint32_t kNoPort = UINT32_MAX;

// host [":" port], as in the Host header.
struct Authority {
  ByteView host;  // of an IPv6 address with its brackets
  uint32_t port = kNoPort;
};

// False where the host is missing or malformed, or the port is not one.
bool parse_authority(ByteView text, Authority *out);

// Whether a page of this Origin was served by `host`: http or https, and the same host and port. A port that is missing
// on either side is the default of the Origin's scheme.
bool is_same_origin(ByteView origin, const Authority &host);

// Whether the list has this Origin, written with any case and with or without its default port. What has no host, such
// as "null", must be there to the letter. A list entry that is not an origin, such as one with a path, matches nothing.
bool is_listed_origin(ByteView origin, const char *const *list, size_t count);

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_WIRE_HANDSHAKE_ORIGIN_H_
