// SPDX-License-Identifier: MIT
// The opening handshake by itself, for programs that speak HTTP on their own: requests and responses checked and built.
#ifndef TIDEWIRE_PYTHON_PY_HANDSHAKE_H_
#define TIDEWIRE_PYTHON_PY_HANDSHAKE_H_

#include <pybind11/pybind11.h>

namespace py = pybind11;

namespace tidewire::python {

void add_handshake(py::module_ &m);

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_PY_HANDSHAKE_H_
