// SPDX-License-Identifier: MIT
// UTF-8 as the grammar of RFC 3629 §4, one row at a time. What every kernel is compared with. A text that comes in
// pieces is resumed by putting the pieces together and reading them again from the start.
#ifndef TIDEWIRE_TESTS_REFERENCE_UTF8_REF_H_
#define TIDEWIRE_TESTS_REFERENCE_UTF8_REF_H_

#include <stddef.h>
#include <stdint.h>

namespace tidewire::reference {

struct Utf8Result {
  size_t error_offset;  // of the first byte that no valid text can have there; the length where there is none
  size_t valid_len;     // bytes of the longest prefix of whole, valid code points

  // Valid from the first byte to the last, and no code point is cut.
  bool is_text(size_t len) const { return valid_len == len; }
  // No byte is wrong so far; the last code point may be cut.
  bool is_prefix(size_t len) const { return error_offset == len; }
};

Utf8Result utf8(const uint8_t *data, size_t len);

}  // namespace tidewire::reference

#endif  // TIDEWIRE_TESTS_REFERENCE_UTF8_REF_H_
