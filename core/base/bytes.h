// SPDX-License-Identifier: MIT
// Pointer and size pairs. They own nothing.
#ifndef TIDEWIRE_CORE_BASE_BYTES_H_
#define TIDEWIRE_CORE_BASE_BYTES_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace tidewire {

struct ByteView {
  const uint8_t *data = nullptr;
  size_t size = 0;

  static ByteView of(const char *text) {
    return {reinterpret_cast<const uint8_t *>(text), text == nullptr ? 0 : strlen(text)};
  }
  bool empty() const { return size == 0; }
  ByteView slice(size_t from, size_t count) const { return {data + from, count}; }
  ByteView from(size_t offset) const { return {data + offset, size - offset}; }
  bool operator==(ByteView other) const {
    return size == other.size && (size == 0 || memcmp(data, other.data, size) == 0);
  }
};

struct MutBytes {
  uint8_t *data = nullptr;
  size_t size = 0;

  operator ByteView() const { return {data, size}; }
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_BASE_BYTES_H_
