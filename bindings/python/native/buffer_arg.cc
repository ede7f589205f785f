// SPDX-License-Identifier: MIT
// The buffer protocol's errors are a BufferError or a TypeError that does not say which argument it means: ours do.
#include "buffer_arg.h"

#include "call_args.h"

namespace tidewire::python {

namespace {

// PyBUF_SIMPLE was refused. An object that shows its memory with strides is merely not contiguous; what another one
// says itself (a closed mmap, a released memoryview) is left as it is.
bool explain(PyObject *object, const char *name) {
  PyErr_Clear();
  Py_buffer strided;
  if (PyObject_GetBuffer(object, &strided, PyBUF_FULL_RO) != 0) return false;
  PyBuffer_Release(&strided);
  PyErr_Format(PyExc_TypeError, "%s must be one contiguous piece of memory", name);
  return false;
}

}  // namespace

bool BufferArg::take(PyObject *object, const char *name) {
  // Borrowed from the caller, whose arguments outlive the call.
  if (PyBytes_CheckExact(object)) {
    data_ = reinterpret_cast<uint8_t *>(PyBytes_AS_STRING(object));
    len_ = static_cast<size_t>(PyBytes_GET_SIZE(object));
    lender_ = object;
    return true;
  }
  if (!PyObject_CheckBuffer(object)) {
    PyErr_Format(PyExc_TypeError, "%s must be bytes-like, not %.200s", name, Py_TYPE(object)->tp_name);
    return false;
  }
  if (PyObject_GetBuffer(object, &view_, PyBUF_SIMPLE) != 0) return explain(object, name);
  data_ = static_cast<uint8_t *>(view_.buf);
  len_ = static_cast<size_t>(view_.len);
  writable_ = view_.readonly == 0;
  return true;
}

bool BufferArg::read(PyObject *object, const char *name) { return take(object, name); }

bool BufferArg::write(PyObject *object, const char *name) {
  if (!take(object, name)) return false;
  if (writable_) return true;
  PyErr_Format(PyExc_TypeError, "%s is written to and must be writable, not read-only %.200s", name,
               Py_TYPE(object)->tp_name);
  return false;
}

bool BufferArg::text(PyObject *object, const char *name) {
  std::string_view text;
  if (!text_arg(object, name, &text)) return false;
  data_ = reinterpret_cast<uint8_t *>(const_cast<char *>(text.data()));
  len_ = text.size();
  lender_ = object;
  return true;
}

// A buffer taken of a memoryview must not be part of a cycle: the garbage collector clears such a memoryview while the
// buffer is in use, and CPython crashes when it is released. Another memoryview of the same memory can be.
bool BufferArg::hand_over(BufferHold *hold) {
  if (view_.obj == nullptr) {
    hold->object = Py_NewRef(lender_);
  } else if (PyMemoryView_Check(view_.obj)) {
    hold->object = PyMemoryView_FromObject(view_.obj);
    if (hold->object == nullptr) return false;
    PyBuffer_Release(&view_);
  } else {
    hold->view = view_;
    view_.obj = nullptr;
  }
  return true;
}

}  // namespace tidewire::python
