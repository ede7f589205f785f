// SPDX-License-Identifier: MIT
// The object behind such a memoryview. It holds the connection, counts what uses its memory, and knows when its time
// is over: whoever kept it gets no new view then.
#include "conn_memory.h"

namespace py = pybind11;

namespace tidewire::python {
namespace {

struct ConnMemory {
  PyObject_HEAD PyObject *conn;
  Shown *shown;
  uint64_t turn;
  uint8_t *data;
  Py_ssize_t len;
  int readonly;
};

PyTypeObject *conn_memory_type;
PyObject *release_name;

ConnMemory *as_memory(PyObject *self) { return reinterpret_cast<ConnMemory *>(self); }

int memory_get(PyObject *self, Py_buffer *view, int flags) {
  ConnMemory *memory = as_memory(self);
  if (memory->turn != memory->shown->turn) {
    PyErr_SetString(PyExc_ValueError, "the memory went back to its connection");
    view->obj = nullptr;
    return -1;
  }
  if (PyBuffer_FillInfo(view, self, memory->data, memory->len, memory->readonly, flags) != 0) return -1;
  ++memory->shown->exports;
  return 0;
}

void memory_put(PyObject *self, Py_buffer *) { --as_memory(self)->shown->exports; }

// The connection keeps its last memoryviews, so that there is a cycle to be seen.
int memory_traverse(PyObject *self, visitproc visit, void *arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(as_memory(self)->conn);
  return 0;
}

void memory_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  Py_XDECREF(as_memory(self)->conn);
  type->tp_free(self);
  Py_DECREF(type);
}

PyType_Slot memory_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void *>(memory_dealloc)},
    {Py_tp_traverse, reinterpret_cast<void *>(memory_traverse)},
    {Py_bf_getbuffer, reinterpret_cast<void *>(memory_get)},
    {Py_bf_releasebuffer, reinterpret_cast<void *>(memory_put)},
    {0, nullptr},
};

PyType_Spec memory_spec = {"tidewire._native.ConnMemory", sizeof(ConnMemory), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION, memory_slots};

}  // namespace

PyObject *show_memory(PyObject *conn, Shown *shown, const uint8_t *data, size_t len, bool readonly) {
  const py::object object = py::reinterpret_steal<py::object>(conn_memory_type->tp_alloc(conn_memory_type, 0));
  if (!object) return nullptr;
  ConnMemory *memory = as_memory(object.ptr());
  memory->conn = Py_NewRef(conn);
  memory->shown = shown;
  memory->turn = shown->turn;
  memory->data = const_cast<uint8_t *>(data);  // written to only where it is not read-only
  memory->len = static_cast<Py_ssize_t>(len);
  memory->readonly = readonly;
  py::object view = py::reinterpret_steal<py::object>(PyMemoryView_FromObject(object.ptr()));
  if (!view) return nullptr;
  if (shown->views == nullptr) shown->views = PyList_New(0);
  if (shown->views == nullptr || PyList_Append(shown->views, view.ptr()) != 0) return nullptr;
  return view.release().ptr();
}

bool end_views(Shown *shown, const char *name) {
  const py::object views = py::reinterpret_steal<py::object>(shown->views);
  shown->views = nullptr;
  for (Py_ssize_t i = 0; views && i < PyList_GET_SIZE(views.ptr()); ++i) {
    PyObject *done = PyObject_CallMethodNoArgs(PyList_GET_ITEM(views.ptr(), i), release_name);
    if (done == nullptr) PyErr_Clear();  // something took a buffer of the view itself: it counts as an export
    Py_XDECREF(done);
  }
  if (shown->exports != 0) {
    PyErr_Format(PyExc_BufferError, "a view of %s is still in use", name);
    return false;
  }
  ++shown->turn;
  return true;
}

void make_conn_memory_type() {
  conn_memory_type = reinterpret_cast<PyTypeObject *>(PyType_FromSpec(&memory_spec));
  release_name = PyUnicode_InternFromString("release");
  if (conn_memory_type == nullptr || release_name == nullptr) throw py::error_already_set();
}

}  // namespace tidewire::python
