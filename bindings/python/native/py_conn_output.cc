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

}  // namespace

bool consume_output(ConnObject *object, size_t len) {
  if (!end_output(&object->output)) return false;
  const tw_status status = tw_conn_output_consume(object->conn, len);
  if (status != TW_OK) return raise_conn(object, status) != nullptr;
  settle_loans(object);
  return true;
}

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
  return len == 0 || consume_output(use.get(), len) ? data.release().ptr() : nullptr;
}

PyObject *conn_output(PyObject *self, PyObject *) {
  const UseConn use(self);
  QueuedOutput output;
  if (!use || !output.read(use.get())) return nullptr;
  if (!end_output(&use->output)) PyErr_Clear();  // nothing is consumed, so slices that are still in use may stay
  for (const tw_view &view : output) {
    const py::object shown =
        py::reinterpret_steal<py::object>(show_memory(self, &use->output, view.data, view.len, true));
    if (!shown) return nullptr;
  }
  // The list that end_output goes through must not be one that the caller may change.
  return use->output.views != nullptr ? PySequence_List(use->output.views) : PyList_New(0);
}

PyObject *conn_consume(PyObject *self, PyObject *len) {
  const UseConn use(self);
  uint64_t number = 0;
  if (!use || !number_arg(len, "len", SIZE_MAX, &number)) return nullptr;
  return consume_output(use.get(), number) ? Py_NewRef(Py_None) : nullptr;
}

}  // namespace tidewire::python
