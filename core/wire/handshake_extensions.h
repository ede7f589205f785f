// SPDX-License-Identifier: MIT
// Reads Sec-WebSocket-Extensions (RFC 6455 §9.1): the offers of one header line and their parameters, in order. Whether
// an extension is accepted is decided elsewhere.
#ifndef TIDEWIRE_CORE_WIRE_HANDSHAKE_EXTENSIONS_H_
#define TIDEWIRE_CORE_WIRE_HANDSHAKE_EXTENSIONS_H_

#include <stdint.h>

#include "core/base/bytes.h"

namespace tidewire {

// The name of an extension, or a parameter of the extension before it.
struct ExtensionPart {
  bool starts_offer = false;
  ByteView name;
  ByteView value;       // of a parameter; data is nullptr where it has none
  bool quoted = false;  // value is what stands between the quotes, with its backslashes
};

class ExtensionReader {
 public:
  explicit ExtensionReader(ByteView value) : rest_(value) {}

  // False at the end, and at the first byte that is not in the grammar: then malformed() is true.
  bool next(ExtensionPart *out);
  bool malformed() const { return malformed_; }

 private:
  void skip_blanks();
  bool skip_commas();
  bool take(uint8_t byte);
  ByteView take_token();
  bool take_value(ExtensionPart *out);
  bool take_quoted(ExtensionPart *out);

  ByteView rest_;
  bool inside_offer_ = false;
  bool malformed_ = false;
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_WIRE_HANDSHAKE_EXTENSIONS_H_
