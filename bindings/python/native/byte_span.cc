// SPDX-License-Identifier: MIT
// memoryview.cast knows the formats of the array module alone: ctypes and records of NumPy need an exporter in between.
#include "byte_span.h"

#include "buffer_arg.h"

namespace py = pybind11;

namespace tidewire::python {
namespace {

struct ByteSpan {
  PyObject_HEAD BufferHold source;
  uint8_t *data;  // nullptr when the garbage collector has taken it
  Py_ssize_t len;
  Py_ssize_t views;
};

PyTypeObject *byte_span_type;

ByteSpan *as_span(PyObject *self) { return reinterpret_cast<ByteSpan *>(self); }

int span_get(PyObject *self, Py_buffer *view, int flags) {
  ByteSpan *span = as_span(self);
  if (span->data == nullptr) {
    PyErr_SetString(PyExc_ValueError, "the buffer is gone");
    view->obj = nullptr;
    return -1;
  }
  if (PyBuffer_FillInfo(view, self, span->data, span->len, 0, flags) != 0) return -1;
  ++span->views;
  return 0;
}

void span_put(PyObject *self, Py_buffer *) { --as_span(self)->views; }

int span_traverse(PyObject *self, visitproc visit, void *arg) {
  Py_VISIT(Py_TYPE(self));
  return as_span(self)->source.traverse(visit, arg);
}

int span_clear(PyObject *self) {
  if (as_span(self)->views != 0) return 0;
  as_span(self)->data = nullptr;
  as_span(self)->source.release();
  return 0;
}

void span_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  as_span(self)->source.release();
  type->tp_free(self);
  Py_DECREF(type);
}

PyType_Slot span_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void *>(span_dealloc)},
    {Py_tp_traverse, reinterpret_cast<void *>(span_traverse)},
    {Py_tp_clear, reinterpret_cast<void *>(span_clear)},
    {Py_bf_getbuffer, reinterpret_cast<void *>(span_get)},
    {Py_bf_releasebuffer, reinterpret_cast<void *>(span_put)},
    {0, nullptr},
};

PyType_Spec span_spec = {"tidewire._native.ByteSpan", sizeof(ByteSpan), 0,
                         Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION, span_slots};

}  // namespace

PyObject *make_byte_span(PyObject *buffer, size_t len) {
  const py::object object = py::reinterpret_steal<py::object>(byte_span_type->tp_alloc(byte_span_type, 0));
  if (!object) return nullptr;
  ByteSpan *span = as_span(object.ptr());
  BufferArg memory;
  if (!memory.write(buffer, "buffer") || !memory.hand_over(&span->source)) return nullptr;
  span->data = memory.data();
  span->len = static_cast<Py_ssize_t>(len);
  return PyMemoryView_FromObject(object.ptr());
}

void make_byte_span_type() {
  byte_span_type = reinterpret_cast<PyTypeObject *>(PyType_FromSpec(&span_spec));
  if (byte_span_type == nullptr) throw py::error_already_set();
}

}  // namespace tidewire::python
