// SPDX-License-Identifier: MIT
#include "core/wire/handshake_origin.h"

#include "core/wire/handshake_text.h"

namespace tidewire {
namespace {

// Every '%' is followed by two hexadecimal digits.
bool escapes_are_whole(ByteView host) {
  for (size_t i = 0; i < host.size; ++i) {
    if (host.data[i] == '%' && (host.size - i < 3 || !all_in(host.slice(i + 1, 2), kHexDigit))) return false;
  }
  return true;
}

// "[" address "]": hexadecimal digits, colons and the dots of an embedded IPv4 address. Whether they make an address is
// left to whoever resolves it.
size_t bracketed_len(ByteView text) {
  size_t len = 1;
  while (len < text.size && (is_in(text.data[len], kHexDigit) || text.data[len] == ':' || text.data[len] == '.')) ++len;
  return len > 1 && len < text.size && text.data[len] == ']' ? len + 1 : 0;
}

// Bytes of the host that text starts with; 0 where there is none.
size_t host_len(ByteView text) {
  if (!text.empty() && text.data[0] == '[') return bracketed_len(text);
  size_t len = 0;
  while (len < text.size && is_in(text.data[len], kHostChar)) ++len;
  return escapes_are_whole(text.slice(0, len)) ? len : 0;
}

// No digits are the same as no port (RFC 3986 §3.2.3).
bool parse_port(ByteView digits, uint32_t *out) {
  if (digits.size > 5 || !all_in(digits, kDigit)) return false;
  uint32_t port = 0;
  for (size_t i = 0; i < digits.size; ++i) port = port * 10 + (digits.data[i] - uint32_t{'0'});
  if (!digits.empty()) *out = port;
  return port <= UINT16_MAX;
}

struct Origin {
  ByteView scheme;
  Authority authority;

  uint32_t port() const {
    if (authority.port != kNoPort) return authority.port;
    if (equal_ignore_case(scheme, "http")) return 80;
    if (equal_ignore_case(scheme, "https")) return 443;
    return kNoPort;
  }
};

// scheme "://" host [":" port] (RFC 6454 §6.1).
bool parse_origin(ByteView text, Origin *out) {
  constexpr size_t kSeparatorLen = 3;
  const size_t scheme_len = find(text, ':');
  if (text.size - scheme_len < kSeparatorLen) return false;
  if (!(text.slice(scheme_len, kSeparatorLen) == ByteView::of("://"))) return false;
  out->scheme = text.slice(0, scheme_len);
  return !out->scheme.empty() && all_in(out->scheme, kSchemeChar) &&
         parse_authority(text.from(scheme_len + kSeparatorLen), &out->authority);
}

bool are_same(const Origin &a, const Origin &b) {
  return equal_ignore_case(a.scheme, b.scheme) && equal_ignore_case(a.authority.host, b.authority.host) &&
         a.port() == b.port();
}

}  // namespace

bool parse_authority(ByteView text, Authority *out) {
  *out = Authority();
  const size_t len = host_len(text);
  if (len == 0) return false;
  out->host = text.slice(0, len);
  if (len == text.size) return true;
  return text.data[len] == ':' && parse_port(text.from(len + 1), &out->port);
}

bool is_same_origin(ByteView origin, const Authority &host) {
  Origin page;
  if (!parse_origin(origin, &page)) return false;
  if (!equal_ignore_case(page.scheme, "http") && !equal_ignore_case(page.scheme, "https")) return false;
  return are_same(page, {page.scheme, host});
}

bool is_listed_origin(ByteView origin, const char *const *list, size_t count) {
  Origin page;
  const bool has_host = parse_origin(origin, &page);
  for (size_t i = 0; i < count; ++i) {
    const ByteView text = ByteView::of(list[i]);
    Origin entry;
    const bool match = has_host ? parse_origin(text, &entry) && are_same(page, entry) : origin == text;
    if (match) return true;
  }
  return false;
}

}  // namespace tidewire
