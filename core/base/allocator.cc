// SPDX-License-Identifier: MIT
#include "core/base/allocator.h"

#include <stdlib.h>

namespace tidewire {

void *Allocator::allocate(size_t size) const {
  return allocate_fn == nullptr ? malloc(size) : allocate_fn(context, size);
}

void Allocator::release(void *memory, size_t size) const {
  if (memory == nullptr) return;
  if (release_fn == nullptr) {
    free(memory);
  } else {
    release_fn(context, memory, size);
  }
}

}  // namespace tidewire
