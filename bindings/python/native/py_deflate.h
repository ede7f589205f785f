// SPDX-License-Identifier: MIT
// DeflateConfig and Deflate of tidewire/_types.py in C's terms.
#ifndef TIDEWIRE_PYTHON_PY_DEFLATE_H_
#define TIDEWIRE_PYTHON_PY_DEFLATE_H_

#include <pybind11/pybind11.h>
#include <tidewire/tidewire.h>

namespace tidewire::python {

// Both return false with an exception set.
bool deflate_config_arg(PyObject *object, tw_deflate_config *out);
bool deflate_arg(PyObject *object, const char *name, tw_deflate *out);

// A new Deflate, or None where there is no compression; nullptr with an exception set.
PyObject *make_deflate(const tw_deflate &terms);

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_PY_DEFLATE_H_
