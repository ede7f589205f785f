// SPDX-License-Identifier: MIT
// Writes text into memory of the caller, without a locale or an allocation. What finds no room is counted and left out.
#ifndef TIDEWIRE_CORE_BASE_TEXT_WRITER_H_
#define TIDEWIRE_CORE_BASE_TEXT_WRITER_H_

#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"

namespace tidewire {

// Text that somebody else chose: shown between quotes, in printable ASCII, as much of it as max_len characters hold.
struct Quoted {
  ByteView text;
  size_t max_len;
};

class TextWriter {
 public:
  TextWriter(char *out, size_t cap) : out_(out), cap_(cap) {}

  size_t len() const { return len_; }  // of all that was written, also where there was no room for it

  TextWriter &operator<<(const char *text) {
    for (; *text != 0; ++text) add(*text);
    return *this;
  }
  TextWriter &operator<<(uint64_t number) {
    char digits[20];
    size_t count = 0;
    for (; number != 0 || count == 0; number /= 10) digits[count++] = static_cast<char>('0' + number % 10);
    while (count > 0) add(digits[--count]);
    return *this;
  }
  // Quote and backslash get a backslash, everything but printable ASCII becomes \x and two digits; "..." follows what
  // was cut.
  TextWriter &operator<<(const Quoted &quoted) {
    size_t i = 0;
    add('"');
    for (size_t left = quoted.max_len; i < quoted.text.size; ++i) {
      const size_t len = escaped_len(quoted.text.data[i]);
      if (len > left) break;
      add_escaped(quoted.text.data[i]);
      left -= len;
    }
    add('"');
    return i == quoted.text.size ? *this : *this << "...";
  }

 private:
  static bool is_printable(uint8_t c) { return c >= ' ' && c <= '~'; }
  static bool is_special(uint8_t c) { return c == '"' || c == '\\'; }
  static size_t escaped_len(uint8_t c) { return !is_printable(c) ? 4 : is_special(c) ? 2 : 1; }

  void add_escaped(uint8_t c) {
    constexpr char kHexDigits[] = "0123456789abcdef";
    if (!is_printable(c)) {
      *this << "\\x";
      add(kHexDigits[c >> 4]);
      add(kHexDigits[c & 15]);
    } else {
      if (is_special(c)) add('\\');
      add(static_cast<char>(c));
    }
  }
  void add(char c) {
    if (len_ < cap_) out_[len_] = c;
    len_++;
  }

  char *out_;
  size_t cap_;
  size_t len_ = 0;
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_BASE_TEXT_WRITER_H_
