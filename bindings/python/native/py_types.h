// SPDX-License-Identifier: MIT
// The enumerations and plain types of tidewire/_types.py. Enumerations are looked up once, so that no call pays for it;
// plain types when they are first needed, so that the import does not pay for them.
#ifndef TIDEWIRE_PYTHON_PY_TYPES_H_
#define TIDEWIRE_PYTHON_PY_TYPES_H_

#include <pybind11/pybind11.h>
#include <stdint.h>

namespace tidewire::python {

// Borrowed; nullptr for a number that is no opcode.
PyObject *opcode_member(uint64_t opcode);

// New references.
PyObject *role_member(uint32_t role);
PyObject *state_member(uint32_t state);
PyObject *want_member(uint32_t wants);
PyObject *close_cause_member(uint32_t cause);

// The classes that are made, or read, by their fields.
enum class PlainType {
  kAgreement,
  kCloseInfo,
  kConnectionStats,
  kDeflate,
  kDeflateConfig,
  kPoolClass,
  kPoolClassStats,
  kPoolStats
};

// Borrowed; nullptr with an exception set.
PyObject *plain_type(PlainType type);

// Whether an argument is an instance; otherwise false with an exception set that calls it `name`.
bool plain_arg(PyObject *object, PlainType type, const char *name);

// A new instance of a class, by the format of Py_BuildValue for its fields as a tuple; nullptr with an exception set.
template <class... Fields>
PyObject *make_plain(PlainType type, const char *format, Fields... fields) {
  PyObject *arguments = Py_BuildValue(format, fields...);
  if (arguments == nullptr) return nullptr;
  PyObject *wanted = plain_type(type);
  PyObject *made = wanted == nullptr ? nullptr : PyObject_CallObject(wanted, arguments);
  Py_DECREF(arguments);
  return made;
}

// To be called once, when the module is made. Throws py::error_already_set.
void import_types();

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_PY_TYPES_H_
