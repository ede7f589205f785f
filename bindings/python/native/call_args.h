// SPDX-License-Identifier: MIT
// Arguments of METH_FASTCALL functions: positions and keywords put in order, numbers and strings converted. Everything
// here returns false with an exception set when an argument does not fit.
#ifndef TIDEWIRE_PYTHON_CALL_ARGS_H_
#define TIDEWIRE_PYTHON_CALL_ARGS_H_

#include <pybind11/pybind11.h>
#include <stdint.h>

#include <string_view>

namespace py = pybind11;

namespace tidewire::python {

struct Signature {
  const char *function;
  const char *const *names;
  Py_ssize_t count;       // of names
  Py_ssize_t required;    // of the first names
  Py_ssize_t positional;  // of the first names; the others are given by keyword alone
};

// Writes signature.count borrowed references to `out`, nullptr for an argument that was not given.
bool bind_args(const Signature &signature, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, PyObject **out);

// The same for a constructor, which is given a tuple and a dict or nullptr.
bool bind_tuple(const Signature &signature, PyObject *args, PyObject *kwargs, PyObject **out);

// Whether an argument that may be None was given.
inline bool is_given(PyObject *object) { return object != nullptr && object != Py_None; }

// An integer of min ... max. nullptr leaves *out as it is.
bool range_arg(PyObject *object, const char *name, uint64_t min, uint64_t max, uint64_t *out);

inline bool number_arg(PyObject *object, const char *name, uint64_t max, uint64_t *out) {
  return range_arg(object, name, 0, max, out);
}

// A limit of at least 1: 0 is the engine's default, which nobody should have to know. A limit that is more than its
// field holds, such as NEVER, is the most that it holds. nullptr leaves *out as it is.
template <class Number>
bool limit_arg(PyObject *object, const char *name, Number *out) {
  constexpr uint64_t kMost = static_cast<Number>(-1);
  uint64_t limit = 1;
  if (!range_arg(object, name, 1, UINT64_MAX, &limit)) return false;
  if (object != nullptr) *out = static_cast<Number>(limit < kMost ? limit : kMost);
  return true;
}

// True or false as Python understands it. nullptr leaves *out as it is.
bool flag_arg(PyObject *object, bool *out);

// A str as UTF-8, which belongs to the str. A lone surrogate is a UnicodeEncodeError.
bool text_arg(PyObject *object, const char *name, std::string_view *out);

// A str of a connection's configuration, which C reads up to its first zero byte: none may be inside.
bool c_string_arg(PyObject *object, const char *name, const char **out);

// A PyMethodDef entry for a METH_FASTCALL function.
template <class Function>
PyCFunction as_method(Function *function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_CALL_ARGS_H_
