// SPDX-License-Identifier: MIT
// PoolBuffer: memory that a BufferPool lends.
#ifndef TIDEWIRE_PYTHON_POOL_BUFFER_H_
#define TIDEWIRE_PYTHON_POOL_BUFFER_H_

#include <pybind11/pybind11.h>

namespace py = pybind11;

namespace tidewire::python {

// A new buffer of `len` bytes from a BufferPool; nullptr with an exception set. `exact`: of a size of its own.
PyObject *make_pool_buffer(PyObject *pool, size_t len, bool exact);

void add_pool_buffer(py::module_ &m);

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_POOL_BUFFER_H_
