// SPDX-License-Identifier: MIT
// The way out of a Connection: everything as bytes, or views of the queue with partial consumption.
#include <string.h>

#include <new>
#include <vector>

#include "call_args.h"
#include "conn_object.h"
#include "py_status.h"

namespace tidewire::python {
namespace {

constexpr size_t kFewViews = 64;

// All queued output, however many views it takes.
class QueuedOutput {
 public:
  // False with an exception set.
  bool read(ConnObject *object) {
    for (;;) {
      const tw_status status = tw_conn_output(object->conn, data_, cap_, &count_);
      if (status != TW_OK) return raise_conn(object, status) != nullptr;
      if (count_ < cap_) return true;
      try {
        many_.resize(cap_ * 2);
      } catch (const std::bad_alloc &) {
        return PyErr_NoMemory() != nullptr;
      }
      data_ = many_.data();
      cap_ = many_.size();
    }
  }

  const tw_view *begin() const { return data_; }
  const tw_view *end() const { return data_ + count_; }
  size_t count() const { return count_; }

 private:
  tw_view few_[kFewViews];
  std::vector<tw_view> many_;
  tw_view *data_ = few_;
  size_t cap_ = kFewViews;
  size_t count_ = 0;
};

// What a memoryview of queued output holds on to: the connection, and the count that keeps the output queued.
struct OutputSource {
  PyObject_HEAD PyObject *conn;
  tw_view view;
};

PyTypeObject *output_source_type;

OutputSource *as_source(PyObject *self) { return reinterpret_cast<OutputSource *>(self); }

int source_get(PyObject *self, Py_buffer *view, int flags) {
  OutputSource *source = as_source(self);
  auto *data = const_cast<uint8_t *>(source->view.data);  // marked as read-only
  if (PyBuffer_FillInfo(view, self, data, static_cast<Py_ssize_t>(source->view.len), 1, flags) != 0) return -1;
  ++as_conn(source->conn)->exports;
  return 0;
}

void source_put(PyObject *self, Py_buffer *) { --as_conn(as_source(self)->conn)->exports; }

// The connection keeps its last memoryviews, so that there is a cycle to be seen.
int source_traverse(PyObject *self, visitproc visit, void *arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(as_source(self)->conn);
  return 0;
}

void source_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  Py_XDECREF(as_source(self)->conn);
  type->tp_free(self);
  Py_DECREF(type);
}

PyType_Slot source_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void *>(source_dealloc)},
    {Py_tp_traverse, reinterpret_cast<void *>(source_traverse)},
    {Py_bf_getbuffer, reinterpret_cast<void *>(source_get)},
    {Py_bf_releasebuffer, reinterpret_cast<void *>(source_put)},
    {0, nullptr},
};

PyType_Spec source_spec = {"tidewire._native.OutputSource", sizeof(OutputSource), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION, source_slots};

PyObject *make_view(ConnObject *object, const tw_view &view) {
  const py::object source = py::reinterpret_steal<py::object>(output_source_type->tp_alloc(output_source_type, 0));
  if (!source) return nullptr;
  as_source(source.ptr())->conn = Py_NewRef(reinterpret_cast<PyObject *>(object));
  as_source(source.ptr())->view = view;
  return PyMemoryView_FromObject(source.ptr());
}

// Ends the memoryviews of the last output(): using one of them is a ValueError then. Slices of them live on, and count.
void release_views(ConnObject *object) {
  const py::object views = py::reinterpret_steal<py::object>(object->views);
  object->views = nullptr;
  for (Py_ssize_t i = 0; views && i < PyList_GET_SIZE(views.ptr()); ++i) {
    PyObject *done = PyObject_CallMethod(PyList_GET_ITEM(views.ptr(), i), "release", nullptr);
    if (done == nullptr) PyErr_Clear();
    Py_XDECREF(done);
  }
}

bool consume(ConnObject *object, size_t len) {
  release_views(object);
  if (object->exports != 0) {
    PyErr_SetString(PyExc_BufferError, "a view of the queued output is still in use");
    return false;
  }
  const tw_status status = tw_conn_output_consume(object->conn, len);
  return status == TW_OK || raise_conn(object, status) != nullptr;
}

}  // namespace

PyObject *conn_data_to_send(PyObject *self, PyObject *) {
  const UseConn use(self);
  QueuedOutput output;
  if (!use || !output.read(use.get())) return nullptr;
  size_t len = 0;
  for (const tw_view &view : output) len += view.len;
  py::object data = py::reinterpret_steal<py::object>(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(len)));
  if (!data) return nullptr;
  char *to = PyBytes_AS_STRING(data.ptr());
  for (const tw_view &view : output) {
    memcpy(to, view.data, view.len);
    to += view.len;
  }
  return len == 0 || consume(use.get(), len) ? data.release().ptr() : nullptr;
}

PyObject *conn_output(PyObject *self, PyObject *) {
  const UseConn use(self);
  QueuedOutput output;
  if (!use || !output.read(use.get())) return nullptr;
  release_views(use.get());
  // The list that consume goes through must not be one that the caller may change.
  py::object kept = py::reinterpret_steal<py::object>(PyList_New(0));
  if (!kept) return nullptr;
  for (const tw_view &view : output) {
    const py::object made = py::reinterpret_steal<py::object>(make_view(use.get(), view));
    if (!made || PyList_Append(kept.ptr(), made.ptr()) != 0) return nullptr;
  }
  PyObject *views = PySequence_List(kept.ptr());
  if (views != nullptr) use->views = kept.release().ptr();
  return views;
}

PyObject *conn_consume(PyObject *self, PyObject *len) {
  const UseConn use(self);
  uint64_t number = 0;
  if (!use || !number_arg(len, "len", SIZE_MAX, &number)) return nullptr;
  return consume(use.get(), number) ? Py_NewRef(Py_None) : nullptr;
}

void make_output_type() {
  output_source_type = reinterpret_cast<PyTypeObject *>(PyType_FromSpec(&source_spec));
  if (output_source_type == nullptr) throw py::error_already_set();
}

}  // namespace tidewire::python
