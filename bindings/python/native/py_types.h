// SPDX-License-Identifier: MIT
// The enumerations and plain types of tidewire/_types.py, looked up once so that no call pays for it.
#ifndef TIDEWIRE_PYTHON_PY_TYPES_H_
#define TIDEWIRE_PYTHON_PY_TYPES_H_

#include <pybind11/pybind11.h>
#include <stdint.h>

namespace tidewire::python {

// Borrowed; nullptr for a number that is no opcode.
PyObject *opcode_member(uint64_t opcode);

// New references.
PyObject *role_member(uint32_t role);
PyObject *state_member(uint32_t state);
PyObject *want_member(uint32_t wants);

// tidewire._types.PoolStats, borrowed.
PyObject *pool_stats_type();

// To be called once, when the module is made. Throws py::error_already_set.
void import_types();

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_PY_TYPES_H_
