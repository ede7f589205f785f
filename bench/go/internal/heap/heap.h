// SPDX-License-Identifier: MIT
#ifndef TIDEWIRE_BENCH_GO_HEAP_H_
#define TIDEWIRE_BENCH_GO_HEAP_H_

#include <stdint.h>

// Calls of malloc, calloc, realloc and aligned_alloc since the start, of all threads.
uint64_t heap_allocations(void);

#endif  // TIDEWIRE_BENCH_GO_HEAP_H_
