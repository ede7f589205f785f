// SPDX-License-Identifier: MIT
// The functions go on to those of the GNU C library behind them.
#include "bench/heap.h"

#include <malloc.h>
#include <stddef.h>

extern "C" {
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);
}

namespace tidewire::bench {
namespace {

Heap heap;  // the suites have one thread

void *counted(void *memory) {
  ++heap.allocations;
  heap.len += static_cast<int64_t>(malloc_usable_size(memory));
  return memory;
}

}  // namespace

Heap heap_now() { return heap; }

}  // namespace tidewire::bench

extern "C" {

void *malloc(size_t size) { return tidewire::bench::counted(__libc_malloc(size)); }

void *calloc(size_t count, size_t size) { return tidewire::bench::counted(__libc_calloc(count, size)); }

void *realloc(void *memory, size_t size) {
  tidewire::bench::heap.len -= static_cast<int64_t>(malloc_usable_size(memory));
  return tidewire::bench::counted(__libc_realloc(memory, size));
}

void *aligned_alloc(size_t alignment, size_t size) {
  return tidewire::bench::counted(__libc_memalign(alignment, size));
}

void free(void *memory) {
  tidewire::bench::heap.len -= static_cast<int64_t>(malloc_usable_size(memory));
  __libc_free(memory);
}

}  // extern "C"
