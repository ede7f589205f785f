// SPDX-License-Identifier: MIT
// mask, mask_into and validate_utf8.
#ifndef TIDEWIRE_PYTHON_PY_MASK_H_
#define TIDEWIRE_PYTHON_PY_MASK_H_

#include <pybind11/pybind11.h>

namespace py = pybind11;

namespace tidewire::python {

void add_mask(py::module_ &m);

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_PY_MASK_H_
