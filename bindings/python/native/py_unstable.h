// SPDX-License-Identifier: MIT
// What tidewire.unstable shows: the choice of kernels.
#ifndef TIDEWIRE_PYTHON_PY_UNSTABLE_H_
#define TIDEWIRE_PYTHON_PY_UNSTABLE_H_

#include <pybind11/pybind11.h>

namespace py = pybind11;

namespace tidewire::python {

void add_unstable(py::module_ &m);

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_PY_UNSTABLE_H_
