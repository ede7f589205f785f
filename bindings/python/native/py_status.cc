// SPDX-License-Identifier: MIT
// Builds the exceptions of tidewire/_errors.py. Raising is not a hot path, so pybind11 does it.
#include "py_status.h"

#include <stdarg.h>

namespace tidewire::python {
namespace {

// Owned by the interpreter for its lifetime, as the module is.
PyObject *from_status = nullptr;

py::object optional_text(const char *text) {
  if (text == nullptr) return py::none();
  return py::str(text);
}

py::object build(tw_status status, const Failure &failure) {
  const tw_error *known = failure.error;
  py::object offset = py::none();
  if (known != nullptr) offset = py::int_(known->offset);
  if (failure.offset != nullptr) offset = py::int_(*failure.offset);
  const py::object message = failure.message != nullptr ? py::reinterpret_borrow<py::object>(failure.message)
                                                        : py::object(py::str(tw_status_message(status)));
  const py::object events =
      failure.events != nullptr ? py::reinterpret_borrow<py::object>(failure.events) : py::object(py::tuple());
  return py::handle(from_status)(
      status, message, py::arg("name") = tw_status_name(status), py::arg("offset") = offset,
      py::arg("close_code") = known != nullptr ? known->close_code : tw_status_close_code(status),
      py::arg("http_status") = tw_status_http_status(status),
      py::arg("section") = optional_text(tw_status_section(status)),
      py::arg("limit") = optional_text(tw_status_limit(status)), py::arg("events") = events);
}

}  // namespace

py::object make_error(tw_status status, const Failure &failure) {
  try {
    py::object error = build(status, failure);
    if (failure.cause != nullptr) PyException_SetCause(error.ptr(), Py_NewRef(failure.cause));
    return error;
  } catch (py::error_already_set &raised) {
    raised.restore();
    return {};
  }
}

PyObject *raise_status(tw_status status, const Failure &failure) {
  const py::object error = make_error(status, failure);
  if (error) PyErr_SetObject(py::type::handle_of(error).ptr(), error.ptr());
  return nullptr;
}

PyObject *raise_saying(tw_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const py::object message = py::reinterpret_steal<py::object>(PyUnicode_FromFormatV(format, arguments));
  va_end(arguments);
  if (!message) return nullptr;
  Failure failure;
  failure.message = message.ptr();
  return raise_status(status, failure);
}

void import_errors() {
  py::object function = py::module_::import("tidewire._errors").attr("from_status");
  from_status = function.release().ptr();
}

}  // namespace tidewire::python
