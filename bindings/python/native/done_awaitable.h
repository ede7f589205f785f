// SPDX-License-Identifier: MIT
// An awaitable that is done: what send returns where it need not wait. It has no state, so that one serves all.
#ifndef TIDEWIRE_PYTHON_DONE_AWAITABLE_H_
#define TIDEWIRE_PYTHON_DONE_AWAITABLE_H_

#include <pybind11/pybind11.h>

namespace tidewire::python {

// A new reference.
PyObject *done_awaitable();

// To be called once, when the module is made. Throws py::error_already_set.
void make_done_awaitable();

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_DONE_AWAITABLE_H_
