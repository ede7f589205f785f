// SPDX-License-Identifier: MIT
// Binding and conversion of arguments, with the messages that CPython gives for its own functions.
#include "call_args.h"

#include <string.h>

#include "py_status.h"

namespace tidewire::python {
namespace {

Py_ssize_t index_of(const Signature &signature, PyObject *keyword) {
  for (Py_ssize_t i = 0; i < signature.count; ++i) {
    if (PyUnicode_CompareWithASCIIString(keyword, signature.names[i]) == 0) return i;
  }
  return -1;
}

bool place_positional(const Signature &signature, PyObject *const *args, Py_ssize_t nargs, PyObject **out) {
  if (nargs > signature.positional) {
    PyErr_Format(PyExc_TypeError, "%s() takes at most %zd positional arguments (%zd given)", signature.function,
                 signature.positional, nargs);
    return false;
  }
  for (Py_ssize_t i = 0; i < signature.count; ++i) out[i] = i < nargs ? args[i] : nullptr;
  return true;
}

bool place_keyword(const Signature &signature, PyObject *keyword, PyObject *value, PyObject **out) {
  const Py_ssize_t index = index_of(signature, keyword);
  if (index < 0) {
    PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", signature.function, keyword);
    return false;
  }
  if (out[index] != nullptr) {
    PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'", signature.function, keyword);
    return false;
  }
  out[index] = value;
  return true;
}

bool check_required(const Signature &signature, PyObject *const *out) {
  for (Py_ssize_t i = 0; i < signature.required; ++i) {
    if (out[i] != nullptr) continue;
    PyErr_Format(PyExc_TypeError, "%s() missing required argument '%s'", signature.function, signature.names[i]);
    return false;
  }
  return true;
}

}  // namespace

bool bind_args(const Signature &signature, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, PyObject **out) {
  if (!place_positional(signature, args, nargs, out)) return false;
  const Py_ssize_t keywords = kwnames != nullptr ? PyTuple_GET_SIZE(kwnames) : 0;
  for (Py_ssize_t i = 0; i < keywords; ++i) {
    if (!place_keyword(signature, PyTuple_GET_ITEM(kwnames, i), args[nargs + i], out)) return false;
  }
  return check_required(signature, out);
}

bool bind_tuple(const Signature &signature, PyObject *args, PyObject *kwargs, PyObject **out) {
  if (!place_positional(signature, PySequence_Fast_ITEMS(args), PyTuple_GET_SIZE(args), out)) return false;
  PyObject *keyword = nullptr;
  PyObject *value = nullptr;
  Py_ssize_t position = 0;
  while (kwargs != nullptr && PyDict_Next(kwargs, &position, &keyword, &value)) {
    if (!place_keyword(signature, keyword, value, out)) return false;
  }
  return check_required(signature, out);
}

bool range_arg(PyObject *object, const char *name, uint64_t min, uint64_t max, uint64_t *out) {
  if (object == nullptr) return true;
  const py::object index = py::reinterpret_steal<py::object>(PyNumber_Index(object));
  if (!index) {
    if (!PyErr_ExceptionMatches(PyExc_TypeError)) return false;
    PyErr_Format(PyExc_TypeError, "%s must be an int, not %.200s", name, Py_TYPE(object)->tp_name);
    return false;
  }
  const unsigned long long value = PyLong_AsUnsignedLongLong(index.ptr());
  const bool failed = value == static_cast<unsigned long long>(-1) && PyErr_Occurred() != nullptr;
  if (failed) PyErr_Clear();
  if (failed || value < min || value > max) {
    raise_usage("%s must be between %llu and %llu, not %S", name, static_cast<unsigned long long>(min),
                static_cast<unsigned long long>(max), index.ptr());
    return false;
  }
  *out = value;
  return true;
}

bool flag_arg(PyObject *object, bool *out) {
  if (object == nullptr) return true;
  const int truth = PyObject_IsTrue(object);
  if (truth < 0) return false;
  *out = truth != 0;
  return true;
}

bool text_arg(PyObject *object, const char *name, std::string_view *out) {
  if (!PyUnicode_Check(object)) {
    PyErr_Format(PyExc_TypeError, "%s must be str, not %.200s", name, Py_TYPE(object)->tp_name);
    return false;
  }
  Py_ssize_t len = 0;
  const char *text = PyUnicode_AsUTF8AndSize(object, &len);
  if (text == nullptr) return false;
  *out = {text, static_cast<size_t>(len)};
  return true;
}

bool c_string_arg(PyObject *object, const char *name, const char **out) {
  std::string_view text;
  if (!text_arg(object, name, &text)) return false;
  if (strlen(text.data()) != text.size()) {
    raise_usage("%s must not contain a zero byte", name);
    return false;
  }
  *out = text.data();
  return true;
}

}  // namespace tidewire::python
