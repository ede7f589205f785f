// SPDX-License-Identifier: MIT
// Members of enumerations by their numbers, and classes by their names. What is looked up here lives as long as the
// interpreter.
#include "py_types.h"

#include <iterator>

namespace py = pybind11;

namespace tidewire::python {
namespace {

constexpr size_t kMaxMembers = 16;

struct Members {
  PyObject *by_number[kMaxMembers];

  // Want is a set of flags: its combinations are members too.
  void load(const py::module_ &types, const char *name, size_t count) {
    for (size_t i = 0; i < count; ++i) by_number[i] = types.attr(name)(i).release().ptr();
  }
};

Members opcodes;
Members roles;
Members states;
Members wants_sets;
Members close_causes;

// In the order of PlainType.
constexpr const char *kPlainNames[] = {"Agreement",     "CloseInfo", "ConnectionStats", "Deflate",
                                       "DeflateConfig", "PoolClass", "PoolClassStats",  "PoolStats"};
PyObject *plain_types[std::size(kPlainNames)];

}  // namespace

PyObject *opcode_member(uint64_t opcode) { return opcode < kMaxMembers ? opcodes.by_number[opcode] : nullptr; }
PyObject *role_member(uint32_t role) { return Py_NewRef(roles.by_number[role]); }
PyObject *state_member(uint32_t state) { return Py_NewRef(states.by_number[state]); }
PyObject *want_member(uint32_t wants) { return Py_NewRef(wants_sets.by_number[wants]); }
PyObject *close_cause_member(uint32_t cause) { return Py_NewRef(close_causes.by_number[cause]); }

PyObject *plain_type(PlainType type) {
  const size_t index = static_cast<size_t>(type);
  if (plain_types[index] == nullptr) {
    PyObject *types = PyImport_ImportModule("tidewire._types");
    if (types == nullptr) return nullptr;
    plain_types[index] = PyObject_GetAttrString(types, kPlainNames[index]);
    Py_DECREF(types);
  }
  return plain_types[index];
}

bool plain_arg(PyObject *object, PlainType type, const char *name) {
  PyObject *wanted = plain_type(type);
  const int is = wanted == nullptr ? -1 : PyObject_IsInstance(object, wanted);
  if (is == 0) {
    PyErr_Format(PyExc_TypeError, "%s must be %s, not %.200s", name, kPlainNames[static_cast<size_t>(type)],
                 Py_TYPE(object)->tp_name);
  }
  return is == 1;
}

void import_types() {
  const py::module_ types = py::module_::import("tidewire._types");
  roles.load(types, "Role", 2);
  states.load(types, "State", 4);
  wants_sets.load(types, "Want", 16);
  close_causes.load(types, "CloseCause", 4);
  for (py::handle opcode : types.attr("Opcode")) {
    opcodes.by_number[py::cast<size_t>(opcode)] = py::reinterpret_borrow<py::object>(opcode).release().ptr();
  }
}

}  // namespace tidewire::python
