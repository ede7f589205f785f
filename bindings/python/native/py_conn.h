// SPDX-License-Identifier: MIT
// Connection: one side of a WebSocket connection, without I/O.
#ifndef TIDEWIRE_PYTHON_PY_CONN_H_
#define TIDEWIRE_PYTHON_PY_CONN_H_

#include <pybind11/pybind11.h>

namespace py = pybind11;

namespace tidewire::python {

// Whether `object` is a Connection on which __init__ was called.
bool is_conn(PyObject *object);

void add_conn(py::module_ &m);

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_PY_CONN_H_
