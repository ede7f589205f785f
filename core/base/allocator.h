// SPDX-License-Identifier: MIT
// Where memory comes from: the C library, or two functions of the caller. A value, copied into whoever uses it.
#ifndef TIDEWIRE_CORE_BASE_ALLOCATOR_H_
#define TIDEWIRE_CORE_BASE_ALLOCATOR_H_

#include <stddef.h>
#include <stdint.h>

namespace tidewire {

struct Allocator {
  void *(*allocate_fn)(void *context, size_t size) = nullptr;  // nullptr: the C library
  void (*release_fn)(void *context, void *memory, size_t size) = nullptr;
  void *context = nullptr;

  // Memory for `size` bytes, aligned as malloc aligns; nullptr when there is none.
  void *allocate(size_t size) const;
  // `size` is the one asked for. nullptr is allowed.
  void release(void *memory, size_t size) const;
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_BASE_ALLOCATOR_H_
