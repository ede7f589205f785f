// SPDX-License-Identifier: MIT
// Session: an engine joined to an asyncio transport.
#ifndef TIDEWIRE_PYTHON_PY_SESSION_H_
#define TIDEWIRE_PYTHON_PY_SESSION_H_

#include <pybind11/pybind11.h>

namespace py = pybind11;

namespace tidewire::python {

void add_session(py::module_ &m);

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_PY_SESSION_H_
