// SPDX-License-Identifier: MIT
// What awaitables made in C have in common: the methods of collections.abc.Coroutine, so that asyncio.create_task takes
// them too.
#ifndef TIDEWIRE_PYTHON_COROUTINE_H_
#define TIDEWIRE_PYTHON_COROUTINE_H_

#include <pybind11/pybind11.h>

namespace tidewire::python {

// The result of tp_iternext and of the method `send` from that of am_send: StopIteration carries what is returned.
PyObject *yielded_or_stop(PySendResult sent, PyObject *result);

// Sets the exception that the arguments of `throw` name: an exception, or its type, value and traceback.
void raise_thrown(PyObject *const *args, Py_ssize_t nargs);

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_COROUTINE_H_
