// SPDX-License-Identifier: MIT
// A type of its own, because only so it learns when the last view of its memory is gone and the memory may go back.
#include "pool_buffer.h"

#include <tidewire/tidewire.h>

#include "py_pool.h"
#include "py_status.h"

namespace tidewire::python {
namespace {

struct PoolBuffer {
  PyObject_HEAD PyObject *pool;  // keeps the pool alive while its memory is lent
  uint8_t *data;                 // nullptr when it went back
  Py_ssize_t len;
  Py_ssize_t views;
};

PyTypeObject *pool_buffer_type;

PoolBuffer *as_pool_buffer(PyObject *self) { return reinterpret_cast<PoolBuffer *>(self); }

void give_back(PoolBuffer *buffer) {
  if (buffer->data != nullptr) tw_pool_release(pool_of(buffer->pool), buffer->data);
  buffer->data = nullptr;
  buffer->len = 0;
}

void buffer_dealloc(PyObject *self) {
  PoolBuffer *buffer = as_pool_buffer(self);
  PyTypeObject *type = Py_TYPE(self);
  give_back(buffer);
  Py_XDECREF(buffer->pool);
  type->tp_free(self);
  Py_DECREF(type);
}

int buffer_get(PyObject *self, Py_buffer *view, int flags) {
  PoolBuffer *buffer = as_pool_buffer(self);
  if (buffer->data == nullptr) {
    PyErr_SetString(PyExc_ValueError, "the buffer was released");
    view->obj = nullptr;
    return -1;
  }
  if (PyBuffer_FillInfo(view, self, buffer->data, buffer->len, 0, flags) != 0) return -1;
  ++buffer->views;
  return 0;
}

void buffer_put(PyObject *self, Py_buffer *) { --as_pool_buffer(self)->views; }

PyObject *buffer_release(PyObject *self, PyObject *) {
  PoolBuffer *buffer = as_pool_buffer(self);
  if (buffer->views != 0) {
    PyErr_Format(PyExc_BufferError, "the buffer has %zd views", buffer->views);
    return nullptr;
  }
  give_back(buffer);
  Py_RETURN_NONE;
}

PyObject *buffer_enter(PyObject *self, PyObject *) { return Py_NewRef(self); }

PyObject *buffer_exit(PyObject *self, PyObject *) { return buffer_release(self, nullptr); }

Py_ssize_t buffer_len(PyObject *self) { return as_pool_buffer(self)->len; }

PyMethodDef buffer_methods[] = {
    {"release", buffer_release, METH_NOARGS,
     "release($self, /)\n--\n\n"
     "Gives the memory back; the buffer is empty then, and releasing it again does nothing. BufferError while a\n"
     "memoryview of it lives. Happens by itself when the object dies, and at the end of a `with` block."},
    {"__enter__", buffer_enter, METH_NOARGS, "__enter__($self, /)\n--\n\nReturns the buffer itself."},
    {"__exit__", buffer_exit, METH_VARARGS, "__exit__($self, /, *args)\n--\n\nCalls release."},
    {nullptr, nullptr, 0, nullptr},
};

PyType_Slot buffer_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void *>(buffer_dealloc)},
    {Py_bf_getbuffer, reinterpret_cast<void *>(buffer_get)},
    {Py_bf_releasebuffer, reinterpret_cast<void *>(buffer_put)},
    {Py_sq_length, reinterpret_cast<void *>(buffer_len)},
    {Py_tp_methods, buffer_methods},
    {Py_tp_doc, const_cast<char *>("Writable memory lent by a BufferPool. Its first contents are undefined.")},
    {0, nullptr},
};

PyType_Spec buffer_spec = {"tidewire.PoolBuffer", sizeof(PoolBuffer), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, buffer_slots};

}  // namespace

PyObject *make_pool_buffer(PyObject *pool, size_t len, bool exact) {
  py::object object = py::reinterpret_steal<py::object>(pool_buffer_type->tp_alloc(pool_buffer_type, 0));
  if (!object) return nullptr;
  PoolBuffer *buffer = as_pool_buffer(object.ptr());
  size_t cap = 0;
  const tw_status status = exact ? tw_pool_acquire_exact(pool_of(pool), len, &buffer->data)
                                 : tw_pool_acquire(pool_of(pool), len, &buffer->data, &cap);
  if (status != TW_OK) return raise_status(status);
  buffer->pool = Py_NewRef(pool);
  buffer->len = static_cast<Py_ssize_t>(len);
  return object.release().ptr();
}

void add_pool_buffer(py::module_ &m) {
  pool_buffer_type = reinterpret_cast<PyTypeObject *>(PyType_FromSpec(&buffer_spec));
  if (pool_buffer_type == nullptr) throw py::error_already_set();
  m.attr("PoolBuffer") = py::handle(reinterpret_cast<PyObject *>(pool_buffer_type));
}

}  // namespace tidewire::python
