// SPDX-License-Identifier: MIT
// Counts what the program, with all the libraries in it, takes from the heap: a program that links heap.cc has malloc
// and its relatives replaced.
#ifndef TIDEWIRE_BENCH_HEAP_H_
#define TIDEWIRE_BENCH_HEAP_H_

#include <stdint.h>

namespace tidewire::bench {

struct Heap {
  uint64_t allocations;  // since the start
  int64_t len;           // bytes in use, rounded up as malloc does
};

Heap heap_now();

}  // namespace tidewire::bench

#endif  // TIDEWIRE_BENCH_HEAP_H_
