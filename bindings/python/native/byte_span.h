// SPDX-License-Identifier: MIT
// The memory of another object as plain bytes, whatever items and shape that object shows.
#ifndef TIDEWIRE_PYTHON_BYTE_SPAN_H_
#define TIDEWIRE_PYTHON_BYTE_SPAN_H_

#include <pybind11/pybind11.h>

namespace tidewire::python {

// A new memoryview of the first `len` bytes of a writable buffer; nullptr with an exception set.
PyObject *make_byte_span(PyObject *buffer, size_t len);

// To be called once, when the module is made. Throws py::error_already_set.
void make_byte_span_type();

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_BYTE_SPAN_H_
