// SPDX-License-Identifier: MIT

// Package heap counts what a program takes from both of its heaps: Go's, and that of the C library, whose malloc and
// relatives it replaces.
package heap

// #include "heap.h"
import "C"

import "runtime"

// Allocations of the process since its start. Stops the world for a moment.
func Allocations() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.Mallocs + uint64(C.heap_allocations())
}
