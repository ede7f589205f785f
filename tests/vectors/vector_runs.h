// SPDX-License-Identifier: MIT
// A vector through the engine and the reference, in every way of README.md. What is not as the vector has it is a
// failure of the GoogleTest test under way.
#ifndef TIDEWIRE_TESTS_VECTORS_VECTOR_RUNS_H_
#define TIDEWIRE_TESTS_VECTORS_VECTOR_RUNS_H_

#include <stdint.h>

#include "tests/vectors/vector_file.h"

namespace tidewire::test {

// The engine with every kernel row, by every call that takes input, cut in every way.
void run_each_kernel(const Vector &vector);

// The reference, which must agree with what is written there, where it models what the vector is about.
void run_reference(const Vector &vector);

// The engine with each allocation failing.
void run_each_allocation(const Vector &vector);

// What the engine's digest is, in one piece.
uint32_t digest_of(const Vector &vector);

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_VECTORS_VECTOR_RUNS_H_
