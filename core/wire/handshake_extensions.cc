// SPDX-License-Identifier: MIT
#include "core/wire/handshake_extensions.h"

#include "core/wire/handshake_text.h"

namespace tidewire {

bool ExtensionReader::next(ExtensionPart *out) {
  *out = ExtensionPart();
  if (malformed_) return false;
  skip_blanks();
  out->starts_offer = !(inside_offer_ && take(';'));
  if (out->starts_offer) {
    const bool separated = skip_commas();
    if (rest_.empty()) return false;
    malformed_ = inside_offer_ && !separated;
    inside_offer_ = true;
  }
  skip_blanks();
  out->name = take_token();
  if (out->name.empty() || (!out->starts_offer && !take_value(out))) malformed_ = true;
  return !malformed_;
}

void ExtensionReader::skip_blanks() {
  while (!rest_.empty() && is_blank(rest_.data[0])) rest_ = rest_.from(1);
}

// Empty elements of the list do not count (RFC 9110 §5.6.1.2).
bool ExtensionReader::skip_commas() {
  bool any = false;
  while (take(',')) {
    any = true;
    skip_blanks();
  }
  return any;
}

bool ExtensionReader::take(uint8_t byte) {
  if (rest_.empty() || rest_.data[0] != byte) return false;
  rest_ = rest_.from(1);
  return true;
}

ByteView ExtensionReader::take_token() {
  size_t len = 0;
  while (len < rest_.size && is_in(rest_.data[len], kTokenChar)) ++len;
  const ByteView token = rest_.slice(0, len);
  rest_ = rest_.from(len);
  return token;
}

bool ExtensionReader::take_value(ExtensionPart *out) {
  skip_blanks();
  if (!take('=')) return true;
  skip_blanks();
  if (take('"')) return take_quoted(out);
  out->value = take_token();
  return !out->value.empty();
}

// A quoted value is a token as well once its backslashes are gone (RFC 6455 §9.1).
bool ExtensionReader::take_quoted(ExtensionPart *out) {
  size_t len = 0;
  while (len < rest_.size && rest_.data[len] != '"') {
    if (rest_.data[len] == '\\') ++len;
    if (len == rest_.size || !is_in(rest_.data[len], kTokenChar)) return false;
    ++len;
  }
  if (len == 0 || len == rest_.size) return false;
  out->value = rest_.slice(0, len);
  out->quoted = true;
  rest_ = rest_.from(len + 1);
  return true;
}

}  // namespace tidewire
