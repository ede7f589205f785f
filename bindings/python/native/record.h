// SPDX-License-Identifier: MIT
// Small immutable objects with named fields: what a frozen dataclass is to Python, at the price of one allocation.
// Serves the events and Frame, which come by the million. The garbage collector does not track them: their fields hold
// built-in types that lead nowhere, but for a view of a buffer object that was given attributes.
#ifndef TIDEWIRE_PYTHON_RECORD_H_
#define TIDEWIRE_PYTHON_RECORD_H_

#include <pybind11/pybind11.h>
#include <stdint.h>

#include "call_args.h"

namespace tidewire::python {

// What a field holds, and what the constructor takes for it.
enum class Kind : uint8_t {
  kNumber,        // uint64_t, the one kind that is no object
  kFlag,          // bool
  kBytes,         // bytes; the constructor copies another buffer
  kView,          // memoryview; the constructor makes one of another buffer
  kOptionalKey,   // four bytes, or None
  kText,          // str
  kOptionalText,  // str or None
  kPairs,         // tuple of pairs of str
  kOpcode,        // Opcode; an int is converted
};

struct Field {
  const char *name;
  Kind kind;
  const char *doc;
  uint64_t max = UINT64_MAX;  // of a number
  bool on = false;            // what a flag is by default; everything else is empty, 0 or None
};

inline constexpr size_t kMaxFields = 7;

struct RecordClass {
  const char *name;  // with the module, "tidewire.Message"
  const char *doc;   // begins with the signature
  size_t field_count;
  size_t compared;  // of the first fields: seen by ==, hash and patterns, and taken by position
  size_t required;  // of the first fields
  Field fields[kMaxFields];
  PyGetSetDef *properties = nullptr;
};

union Slot {
  PyObject *object;
  uint64_t number;
};

struct Record {
  PyObject_HEAD Slot slots[kMaxFields];  // as many as the class has fields
};

inline Record *as_record(PyObject *self) { return reinterpret_cast<Record *>(self); }

// An instance whose slots the caller fills at once with references that it owns; nullptr with an exception set.
inline Record *new_record(PyTypeObject *type) { return PyObject_New(Record, type); }

// What the type's slots do, with the class made known by make_record_type.
PyObject *record_new(const RecordClass &record_class, PyTypeObject *type, PyObject *args, PyObject *kwargs);
PyObject *record_repr(const RecordClass &record_class, PyObject *self);
PyObject *record_compare(const RecordClass &record_class, PyObject *self, PyObject *other, int operation);
Py_hash_t record_hash(const RecordClass &record_class, PyObject *self);

inline void record_dealloc(const RecordClass &record_class, PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  for (size_t i = 0; i < record_class.field_count; ++i) {
    if (record_class.fields[i].kind != Kind::kNumber) Py_XDECREF(as_record(self)->slots[i].object);
  }
  type->tp_free(self);
  Py_DECREF(type);
}

struct RecordFunctions {
  newfunc create;
  reprfunc repr;
  hashfunc hash;
  destructor dealloc;
  richcmpfunc compare;
};

// Throws py::error_already_set.
PyTypeObject *make_type(const RecordClass &record_class, const RecordFunctions &functions);

template <const RecordClass &kClass>
PyTypeObject *make_record_type() {
  return make_type(
      kClass,
      {
          [](PyTypeObject *type, PyObject *args, PyObject *kwargs) { return record_new(kClass, type, args, kwargs); },
          [](PyObject *self) { return record_repr(kClass, self); },
          [](PyObject *self) { return record_hash(kClass, self); },
          [](PyObject *self) { record_dealloc(kClass, self); },
          [](PyObject *self, PyObject *other, int op) { return record_compare(kClass, self, other, op); },
      });
}

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_RECORD_H_
