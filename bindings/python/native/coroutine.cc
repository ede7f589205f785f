// SPDX-License-Identifier: MIT
#include "coroutine.h"

namespace py = pybind11;

namespace tidewire::python {

PyObject *yielded_or_stop(PySendResult sent, PyObject *result) {
  if (sent == PYGEN_NEXT) return result;
  if (sent == PYGEN_ERROR) return nullptr;
  // Made by a call: PyErr_SetObject would take a tuple for its arguments.
  const py::object value = py::reinterpret_steal<py::object>(result);
  const py::object stop = py::reinterpret_steal<py::object>(PyObject_CallOneArg(PyExc_StopIteration, value.ptr()));
  if (stop) PyErr_SetObject(PyExc_StopIteration, stop.ptr());
  return nullptr;
}

void raise_thrown(PyObject *const *args, Py_ssize_t nargs) {
  if (nargs < 1 || nargs > 3) {
    PyErr_Format(PyExc_TypeError, "throw() takes 1 to 3 arguments (%zd given)", nargs);
  } else if (PyExceptionInstance_Check(args[0])) {
    PyErr_SetObject(PyExceptionInstance_Class(args[0]), args[0]);
  } else if (PyExceptionClass_Check(args[0])) {
    PyObject *value = nargs > 1 && args[1] != Py_None ? Py_NewRef(args[1]) : nullptr;
    PyObject *traceback = nargs > 2 && args[2] != Py_None ? Py_NewRef(args[2]) : nullptr;
    PyErr_Restore(Py_NewRef(args[0]), value, traceback);
  } else {
    PyErr_Format(PyExc_TypeError, "exceptions must be classes or instances deriving from BaseException, not %.200s",
                 Py_TYPE(args[0])->tp_name);
  }
}

}  // namespace tidewire::python
