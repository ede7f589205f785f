// SPDX-License-Identifier: MIT
// The peer's request or response head as Python objects, and the accept key.
#ifndef TIDEWIRE_PYTHON_PY_HEAD_H_
#define TIDEWIRE_PYTHON_PY_HEAD_H_

#include <pybind11/pybind11.h>
#include <stdint.h>

namespace py = pybind11;

namespace tidewire::python {

// Reads a complete head that the connection has accepted. *out_target is a str, or None for a client; *out_headers a
// tuple of pairs of str. False with an exception set.
bool read_head(const uint8_t *data, size_t len, uint32_t role, py::object *out_target, py::object *out_headers);

void add_head(py::module_ &m);

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_PY_HEAD_H_
