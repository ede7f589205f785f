// SPDX-License-Identifier: MIT
// The object behind the memoryview of a MessageView: it gives the lease back when the last view of it is gone.
#include "lease_memory.h"

#include "py_status.h"

namespace tidewire::python {
namespace {

struct LeaseMemory {
  PyObject_HEAD tw_lease *lease;
  PyObject *pool;  // which must stay for the lease's sake, or nullptr
  uint8_t *data;
  Py_ssize_t len;
};

PyTypeObject *lease_type;

LeaseMemory *as_lease(PyObject *self) { return reinterpret_cast<LeaseMemory *>(self); }

int lease_get(PyObject *self, Py_buffer *view, int flags) {
  return PyBuffer_FillInfo(view, self, as_lease(self)->data, as_lease(self)->len, 0, flags);
}

void lease_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  tw_lease_release(as_lease(self)->lease);
  Py_XDECREF(as_lease(self)->pool);
  type->tp_free(self);
  Py_DECREF(type);
}

PyType_Slot lease_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void *>(lease_dealloc)},
    {Py_bf_getbuffer, reinterpret_cast<void *>(lease_get)},
    {0, nullptr},
};

PyType_Spec lease_spec = {"tidewire._native.LeaseMemory", sizeof(LeaseMemory), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, lease_slots};

}  // namespace

PyObject *make_lease_view(tw_conn *conn, const tw_event &event, PyObject *pool) {
  const py::object object = py::reinterpret_steal<py::object>(lease_type->tp_alloc(lease_type, 0));
  if (!object) return nullptr;
  LeaseMemory *memory = as_lease(object.ptr());
  const tw_status status = tw_conn_detach(conn, &event, &memory->lease, &memory->data);
  if (status != TW_OK) return raise_status(status);
  memory->pool = Py_XNewRef(pool);
  memory->len = static_cast<Py_ssize_t>(event.len);
  return PyMemoryView_FromObject(object.ptr());
}

void make_lease_type() {
  lease_type = reinterpret_cast<PyTypeObject *>(PyType_FromSpec(&lease_spec));
  if (lease_type == nullptr) throw py::error_already_set();
}

}  // namespace tidewire::python
