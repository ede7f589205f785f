// SPDX-License-Identifier: MIT
// BufferPool: buffers in size classes.
#ifndef TIDEWIRE_PYTHON_PY_POOL_H_
#define TIDEWIRE_PYTHON_PY_POOL_H_

#include <pybind11/pybind11.h>
#include <tidewire/tidewire.h>

namespace py = pybind11;

namespace tidewire::python {

// The pool behind a BufferPool object, which owns it.
tw_pool *pool_of(PyObject *pool);

// The same of an argument: nullptr with a TypeError set for anything that is no BufferPool.
tw_pool *pool_arg(PyObject *object);

void add_pool(py::module_ &m);

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_PY_POOL_H_
