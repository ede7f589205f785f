// SPDX-License-Identifier: MIT
// PreparedMessage: encoded once, sent by many connections.
#ifndef TIDEWIRE_PYTHON_PY_PREPARED_H_
#define TIDEWIRE_PYTHON_PY_PREPARED_H_

#include <pybind11/pybind11.h>
#include <tidewire/tidewire.h>

namespace py = pybind11;

namespace tidewire::python {

// The message behind a PreparedMessage, which owns it; nullptr with a TypeError set for anything else.
tw_prepared *prepared_arg(PyObject *object);

// The BufferPool that its bytes lie in, borrowed, or nullptr.
PyObject *prepared_pool(PyObject *prepared);

void add_prepared(py::module_ &m);

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_PY_PREPARED_H_
