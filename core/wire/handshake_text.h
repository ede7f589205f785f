// SPDX-License-Identifier: MIT
// The alphabet of HTTP: which bytes may stand where, comparison that ignores case, and lists separated by commas.
#ifndef TIDEWIRE_CORE_WIRE_HANDSHAKE_TEXT_H_
#define TIDEWIRE_CORE_WIRE_HANDSHAKE_TEXT_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/base/bytes.h"

namespace tidewire {

enum CharClass : uint8_t {
  kTokenChar = 0x01,   // RFC 9110 §5.6.2
  kTextChar = 0x02,    // of a field value or reason phrase: VCHAR, obs-text, SP and HTAB (RFC 9110 §5.5)
  kTargetChar = 0x04,  // visible ASCII without '#', which would start a fragment
  kHostChar = 0x08,    // of a registered name (RFC 3986 §3.2.2); '%' starts an escape
  kSchemeChar = 0x10,  // RFC 3986 §3.1, from the second one on
  kBase64Char = 0x20,  // RFC 4648 §4, without the padding
  kDigit = 0x40,
  kHexDigit = 0x80,
};

struct CharTable {
  uint8_t classes[256];

  consteval CharTable() : classes() {
    add('0', '9', kTokenChar | kHostChar | kSchemeChar | kBase64Char | kDigit | kHexDigit);
    add('A', 'Z', kTokenChar | kHostChar | kSchemeChar | kBase64Char);
    add('a', 'z', kTokenChar | kHostChar | kSchemeChar | kBase64Char);
    add('A', 'F', kHexDigit);
    add('a', 'f', kHexDigit);
    add("!#$%&'*+-.^_`|~", kTokenChar);
    add("-._~!$&'()*+,;=%", kHostChar);
    add("+-.", kSchemeChar);
    add("+/", kBase64Char);
    add("\t ", kTextChar);
    add(0x21, 0x7E, kTextChar);
    add(0x80, 0xFF, kTextChar);
    add(0x21, '#' - 1, kTargetChar);
    add('#' + 1, 0x7E, kTargetChar);
  }

 private:
  consteval void add(int first, int last, int bits) {
    for (int c = first; c <= last; ++c) classes[c] |= static_cast<uint8_t>(bits);
  }
  consteval void add(const char *chars, int bits) {
    for (; *chars != 0; ++chars) classes[static_cast<uint8_t>(*chars)] |= static_cast<uint8_t>(bits);
  }
};

inline constexpr CharTable kCharTable;

inline bool is_in(uint8_t c, uint8_t classes) { return (kCharTable.classes[c] & classes) != 0; }

inline bool all_in(ByteView text, CharClass one) {
  for (size_t i = 0; i < text.size; ++i) {
    if (!is_in(text.data[i], one)) return false;
  }
  return true;
}

inline bool is_token(ByteView text) { return !text.empty() && all_in(text, kTokenChar); }

inline uint8_t lower(uint8_t c) { return c >= 'A' && c <= 'Z' ? static_cast<uint8_t>(c | 0x20) : c; }

inline bool equal_ignore_case(ByteView a, ByteView b) {
  if (a.size != b.size) return false;
  for (size_t i = 0; i < a.size; ++i) {
    if (lower(a.data[i]) != lower(b.data[i])) return false;
  }
  return true;
}

inline bool equal_ignore_case(ByteView a, const char *b) { return equal_ignore_case(a, ByteView::of(b)); }

inline bool is_blank(uint8_t c) { return c == ' ' || c == '\t'; }

inline ByteView trim(ByteView text) {
  while (!text.empty() && is_blank(text.data[0])) text = text.from(1);
  while (!text.empty() && is_blank(text.data[text.size - 1])) --text.size;
  return text;
}

// The position of the first `c`; the size where there is none.
inline size_t find(ByteView text, uint8_t c) {
  const void *at = text.empty() ? nullptr : memchr(text.data, c, text.size);
  return at == nullptr ? text.size : static_cast<size_t>(static_cast<const uint8_t *>(at) - text.data);
}

// The elements of a list without quoted strings. Empty ones do not count (RFC 9110 §5.6.1.2).
class CommaList {
 public:
  explicit CommaList(ByteView value) : rest_(value) {}

  // False when there are no more.
  bool next(ByteView *out_element) {
    while (!rest_.empty()) {
      const size_t comma = find(rest_, ',');
      *out_element = trim(rest_.slice(0, comma));
      rest_ = rest_.from(comma < rest_.size ? comma + 1 : comma);
      if (!out_element->empty()) return true;
    }
    return false;
  }

 private:
  ByteView rest_;
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_WIRE_HANDSHAKE_TEXT_H_
