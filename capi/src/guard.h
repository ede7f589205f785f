// SPDX-License-Identifier: MIT
// What every file of the C interface does with its arguments: statuses, and structs that carry their own size because
// the caller may have been compiled against an older or a newer header.
#ifndef TIDEWIRE_CAPI_SRC_GUARD_H_
#define TIDEWIRE_CAPI_SRC_GUARD_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <tidewire/tidewire.h>

#include "core/base/status.h"

namespace tidewire {

inline tw_status to_c(Status status) { return static_cast<tw_status>(status); }

// Copies the caller's struct over defaults, which are zero. size_1_0 is what the struct measured in its first release;
// less is kArgument. A longer one is accepted while the fields unknown here have their defaults, else kUnsupported.
template <class T>
Status read_struct(const T *theirs, size_t size_1_0, T *out) {
  static_assert(offsetof(T, struct_size) == 0);
  *out = T{};
  if (theirs != nullptr) {
    const size_t size = theirs->struct_size;
    if (size < size_1_0) return Status::kArgument;
    const uint8_t *bytes = reinterpret_cast<const uint8_t *>(theirs);
    for (size_t i = sizeof(T); i < size; ++i) {
      if (bytes[i] != 0) return Status::kUnsupported;
    }
    memcpy(out, theirs, size < sizeof(T) ? size : sizeof(T));
  }
  out->struct_size = sizeof(T);
  return Status::kOk;
}

// 0 leaves the default that is there.
template <class T>
void take(T value, T *setting) {
  if (value != 0) *setting = value;
}

// Copies as much of `ours` as the caller's struct has room for, and zeroes the fields unknown here. struct_size stays.
template <class T>
Status write_struct(const T &ours, size_t size_1_0, T *theirs) {
  static_assert(offsetof(T, struct_size) == 0);
  const size_t size = theirs->struct_size;
  if (size < size_1_0) return Status::kArgument;
  uint8_t *bytes = reinterpret_cast<uint8_t *>(theirs);
  memcpy(bytes, &ours, size < sizeof(T) ? size : sizeof(T));
  for (size_t i = sizeof(T); i < size; ++i) bytes[i] = 0;
  memcpy(bytes, &size, sizeof(size));
  return Status::kOk;
}

}  // namespace tidewire

#endif  // TIDEWIRE_CAPI_SRC_GUARD_H_
