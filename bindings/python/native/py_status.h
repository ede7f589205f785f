// SPDX-License-Identifier: MIT
// From a tw_status to a Python exception. The classes and their texts live in tidewire/_errors.py.
#ifndef TIDEWIRE_PYTHON_PY_STATUS_H_
#define TIDEWIRE_PYTHON_PY_STATUS_H_

#include <pybind11/pybind11.h>
#include <tidewire/tidewire.h>

namespace py = pybind11;

namespace tidewire::python {

// What is known beside the status. All references are borrowed.
struct Failure {
  const tw_error *error = nullptr;   // what the connection says
  const uint64_t *offset = nullptr;  // the place, where no connection is involved
  PyObject *message = nullptr;       // nullptr: the status' own
  PyObject *events = nullptr;        // what came before
  PyObject *cause = nullptr;         // the exception that led to this one
};

// The exception as an object; empty, with an exception set, when it cannot be made.
py::object make_error(tw_status status, const Failure &failure = {});

// These set an exception and return nullptr. The formats are those of PyUnicode_FromFormat.
PyObject *raise_status(tw_status status, const Failure &failure = {});
PyObject *raise_saying(tw_status status, const char *format, ...);

template <class... Arguments>
PyObject *raise_usage(const char *format, Arguments... arguments) {
  return raise_saying(TW_ERR_ARGUMENT, format, arguments...);
}

// For a method that returns nothing: None or the exception.
inline PyObject *none_or_raise(tw_status status) { return status == TW_OK ? Py_NewRef(Py_None) : raise_status(status); }

// Looks up what raise_status needs. To be called once, when the module is made.
void import_errors();

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_PY_STATUS_H_
