// SPDX-License-Identifier: MIT
// Construction, repr, comparison and hash of records, driven by the table of their class.
#include "record.h"

#include <string.h>
#include <structmember.h>

#include "buffer_arg.h"
#include "py_status.h"
#include "py_types.h"

namespace tidewire::python {
namespace {

constexpr Py_ssize_t kReprBytes = 64;  // of a longer payload, repr shows this many and the length

py::object number_object(uint64_t number) {
  return py::reinterpret_steal<py::object>(PyLong_FromUnsignedLongLong(number));
}

PyObject *to_bytes(PyObject *value, const char *name) {
  if (PyBytes_CheckExact(value)) return Py_NewRef(value);
  BufferArg buffer;
  if (!buffer.read(value, name)) return nullptr;
  return PyBytes_FromStringAndSize(reinterpret_cast<const char *>(buffer.data()),
                                   static_cast<Py_ssize_t>(buffer.len()));
}

PyObject *to_view(PyObject *value, const char *name) {
  BufferArg buffer;
  return buffer.read(value, name) ? PyMemoryView_FromObject(value) : nullptr;
}

PyObject *to_key(PyObject *value, const char *name) {
  if (value == Py_None) return Py_NewRef(value);
  PyObject *key = to_bytes(value, name);
  if (key == nullptr || PyBytes_GET_SIZE(key) == 4) return key;
  raise_usage("%s must be 4 bytes, not %zd", name, PyBytes_GET_SIZE(key));
  Py_DECREF(key);
  return nullptr;
}

PyObject *to_text(PyObject *value, const char *name) {
  std::string_view text;
  return text_arg(value, name, &text) ? Py_NewRef(value) : nullptr;
}

PyObject *to_pair(PyObject *value, const char *name) {
  PyObject *pair = PySequence_Tuple(value);
  if (pair == nullptr) return nullptr;
  if (PyTuple_GET_SIZE(pair) == 2 && PyUnicode_Check(PyTuple_GET_ITEM(pair, 0)) &&
      PyUnicode_Check(PyTuple_GET_ITEM(pair, 1))) {
    return pair;
  }
  PyErr_Format(PyExc_TypeError, "%s must be pairs of str, not %R", name, pair);
  Py_DECREF(pair);
  return nullptr;
}

PyObject *to_pairs(PyObject *value, const char *name) {
  const py::object items = py::reinterpret_steal<py::object>(PySequence_Tuple(value));
  if (!items) return nullptr;
  const Py_ssize_t count = PyTuple_GET_SIZE(items.ptr());
  py::object pairs = py::reinterpret_steal<py::object>(PyTuple_New(count));
  for (Py_ssize_t i = 0; pairs && i < count; ++i) {
    PyObject *pair = to_pair(PyTuple_GET_ITEM(items.ptr(), i), name);
    if (pair == nullptr) return nullptr;
    PyTuple_SET_ITEM(pairs.ptr(), i, pair);
  }
  return pairs.release().ptr();
}

PyObject *to_opcode(PyObject *value, const char *name) {
  uint64_t number = 0;
  if (!number_arg(value, name, UINT8_MAX, &number)) return nullptr;
  PyObject *member = opcode_member(number);
  return member != nullptr ? Py_NewRef(member) : raise_usage("%s %d is reserved", name, static_cast<int>(number));
}

PyObject *to_flag(PyObject *value) {
  bool on = false;
  return flag_arg(value, &on) ? PyBool_FromLong(on) : nullptr;
}

// A new reference to what the field makes of `value`.
PyObject *convert(const Field &field, PyObject *value) {
  switch (field.kind) {
    case Kind::kNumber: return nullptr;  // set_field keeps it as a number
    case Kind::kFlag: return to_flag(value);
    case Kind::kBytes: return to_bytes(value, field.name);
    case Kind::kView: return to_view(value, field.name);
    case Kind::kOptionalKey: return to_key(value, field.name);
    case Kind::kText: return to_text(value, field.name);
    case Kind::kOptionalText: return value == Py_None ? Py_NewRef(value) : to_text(value, field.name);
    case Kind::kPairs: return to_pairs(value, field.name);
    case Kind::kOpcode: return to_opcode(value, field.name);
  }
  return nullptr;
}

PyObject *empty_value(const Field &field) {
  switch (field.kind) {
    case Kind::kFlag: return PyBool_FromLong(field.on);
    case Kind::kBytes: return PyBytes_FromStringAndSize(nullptr, 0);
    case Kind::kText: return PyUnicode_FromStringAndSize(nullptr, 0);
    case Kind::kPairs: return PyTuple_New(0);
    case Kind::kNumber:
    case Kind::kView:
    case Kind::kOptionalKey:
    case Kind::kOptionalText:
    case Kind::kOpcode: break;
  }
  return Py_NewRef(Py_None);
}

bool set_field(const Field &field, PyObject *value, Slot *slot) {
  if (field.kind == Kind::kNumber) return number_arg(value, field.name, field.max, &slot->number);
  slot->object = value != nullptr ? convert(field, value) : empty_value(field);
  return slot->object != nullptr;
}

// The value of a field as an object, a new reference.
py::object field_object(const Field &field, const Slot &slot) {
  if (field.kind == Kind::kNumber) return number_object(slot.number);
  return py::reinterpret_borrow<py::object>(slot.object);
}

// `data` is bytes or a memoryview.
PyObject *repr_bytes(PyObject *data, const char *name) {
  BufferArg buffer;
  if (!buffer.read(data, name)) return nullptr;
  const auto len = static_cast<Py_ssize_t>(buffer.len());
  const py::object start = py::reinterpret_steal<py::object>(
      PyBytes_FromStringAndSize(reinterpret_cast<const char *>(buffer.data()), len < kReprBytes ? len : kReprBytes));
  if (!start) return nullptr;
  return len <= kReprBytes ? PyObject_Repr(start.ptr()) : PyUnicode_FromFormat("<%zd bytes: %R...>", len, start.ptr());
}

PyObject *repr_field(const Field &field, const Slot &slot) {
  if (field.kind == Kind::kBytes || field.kind == Kind::kView) return repr_bytes(slot.object, field.name);
  const py::object value = field_object(field, slot);
  if (!value) return nullptr;
  if (field.kind != Kind::kOpcode) return PyObject_Repr(value.ptr());
  const py::object name = py::reinterpret_steal<py::object>(PyObject_GetAttrString(value.ptr(), "name"));
  return name ? PyUnicode_FromFormat("Opcode.%U", name.ptr()) : nullptr;
}

// 1, 0, or -1 with an exception set.
int equal_fields(const RecordClass &record_class, const Record *left, const Record *right) {
  for (size_t i = 0; i < record_class.compared; ++i) {
    const Slot &ours = left->slots[i];
    const Slot &theirs = right->slots[i];
    const int same = record_class.fields[i].kind == Kind::kNumber
                         ? ours.number == theirs.number
                         : PyObject_RichCompareBool(ours.object, theirs.object, Py_EQ);
    if (same != 1) return same;
  }
  return 1;
}

const char *short_name(const RecordClass &record_class) { return strchr(record_class.name, '.') + 1; }

}  // namespace

PyObject *record_new(const RecordClass &record_class, PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  const size_t count = record_class.field_count;
  const char *names[kMaxFields];
  for (size_t i = 0; i < count; ++i) names[i] = record_class.fields[i].name;
  const Signature signature{short_name(record_class), names, static_cast<Py_ssize_t>(count),
                            static_cast<Py_ssize_t>(record_class.required),
                            static_cast<Py_ssize_t>(record_class.compared)};
  PyObject *values[kMaxFields];
  if (!bind_tuple(signature, args, kwargs, values)) return nullptr;

  Record *self = as_record(type->tp_alloc(type, 0));  // all slots zero
  if (self == nullptr) return nullptr;
  py::object owner = py::reinterpret_steal<py::object>(reinterpret_cast<PyObject *>(self));
  for (size_t i = 0; i < count; ++i) {
    if (!set_field(record_class.fields[i], values[i], &self->slots[i])) return nullptr;
  }
  return owner.release().ptr();
}

PyObject *record_repr(const RecordClass &record_class, PyObject *self) {
  py::object text = py::reinterpret_steal<py::object>(PyUnicode_FromFormat("%s(", short_name(record_class)));
  for (size_t i = 0; text && i < record_class.field_count; ++i) {
    const Field &field = record_class.fields[i];
    const py::object value = py::reinterpret_steal<py::object>(repr_field(field, as_record(self)->slots[i]));
    if (!value) return nullptr;
    const char *separator = i == 0 ? "" : ", ";
    text = py::reinterpret_steal<py::object>(
        PyUnicode_FromFormat("%U%s%s=%U", text.ptr(), separator, field.name, value.ptr()));
  }
  return text ? PyUnicode_FromFormat("%U)", text.ptr()) : nullptr;
}

PyObject *record_compare(const RecordClass &record_class, PyObject *self, PyObject *other, int operation) {
  if (Py_TYPE(self) != Py_TYPE(other) || (operation != Py_EQ && operation != Py_NE)) Py_RETURN_NOTIMPLEMENTED;
  const int same = equal_fields(record_class, as_record(self), as_record(other));
  return same < 0 ? nullptr : PyBool_FromLong((same == 1) == (operation == Py_EQ));
}

Py_hash_t record_hash(const RecordClass &record_class, PyObject *self) {
  const auto count = static_cast<Py_ssize_t>(record_class.compared);
  const py::object key = py::reinterpret_steal<py::object>(PyTuple_New(count));
  if (!key) return -1;
  for (Py_ssize_t i = 0; i < count; ++i) {
    py::object value = field_object(record_class.fields[i], as_record(self)->slots[i]);
    if (!value) return -1;
    PyTuple_SET_ITEM(key.ptr(), i, value.release().ptr());
  }
  return PyObject_Hash(key.ptr());
}

PyTypeObject *make_type(const RecordClass &record_class, const RecordFunctions &functions) {
  PyMemberDef members[kMaxFields + 1] = {};
  for (size_t i = 0; i < record_class.field_count; ++i) {
    const Field &field = record_class.fields[i];
    const auto offset = static_cast<Py_ssize_t>(offsetof(Record, slots) + i * sizeof(Slot));
    members[i] = {field.name, field.kind == Kind::kNumber ? T_ULONGLONG : T_OBJECT_EX, offset, READONLY, field.doc};
  }
  static PyGetSetDef no_properties[] = {{nullptr, nullptr, nullptr, nullptr, nullptr}};
  PyGetSetDef *properties = record_class.properties != nullptr ? record_class.properties : no_properties;
  PyType_Slot slots[] = {
      {Py_tp_new, reinterpret_cast<void *>(functions.create)},
      {Py_tp_repr, reinterpret_cast<void *>(functions.repr)},
      {Py_tp_hash, reinterpret_cast<void *>(functions.hash)},
      {Py_tp_dealloc, reinterpret_cast<void *>(functions.dealloc)},
      {Py_tp_richcompare, reinterpret_cast<void *>(functions.compare)},
      {Py_tp_members, members},
      {Py_tp_getset, properties},
      {Py_tp_doc, const_cast<char *>(record_class.doc)},
      {0, nullptr},
  };
  const size_t size = offsetof(Record, slots) + record_class.field_count * sizeof(Slot);
  PyType_Spec spec{record_class.name, static_cast<int>(size), 0, Py_TPFLAGS_DEFAULT, slots};
  py::object type = py::reinterpret_steal<py::object>(PyType_FromSpec(&spec));
  if (!type) throw py::error_already_set();
  py::tuple match_args(record_class.compared);
  for (size_t i = 0; i < record_class.compared; ++i) match_args[i] = record_class.fields[i].name;
  type.attr("__match_args__") = match_args;
  return reinterpret_cast<PyTypeObject *>(type.release().ptr());
}

}  // namespace tidewire::python
