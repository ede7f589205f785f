// SPDX-License-Identifier: MIT
// The message is not copied before somebody takes a buffer of it: then it moves to memory of its own, since nobody
// knows how long that buffer will be used. A message that the engine put together from pieces moves without a copy.
#include "borrowed_message.h"

#include <utility>

#include "lease_memory.h"

namespace tidewire::python {
namespace {

struct BorrowedObject {
  PyObject_HEAD ConnObject *conn;  // held by the caller of on_message; nullptr when the time is over
  const tw_event *event;
  PyObject *view;  // memoryview, once somebody has asked for a buffer
};

PyTypeObject *borrowed_type;
PyObject *spare;  // the object that was used last, or nullptr

BorrowedObject *as_borrowed(PyObject *self) { return reinterpret_cast<BorrowedObject *>(self); }

bool is_valid(PyObject *self) {
  if (as_borrowed(self)->conn != nullptr) return true;
  PyErr_SetString(PyExc_ValueError, "a message of a callback is void when the callback has returned");
  return false;
}

bool is_text(PyObject *self) { return as_borrowed(self)->event->opcode == TW_OPCODE_TEXT; }
const char *data_of(PyObject *self) { return reinterpret_cast<const char *>(as_borrowed(self)->event->data); }
Py_ssize_t len_of(PyObject *self) { return static_cast<Py_ssize_t>(as_borrowed(self)->event->len); }

// Borrowed; nullptr with an exception set.
PyObject *view_of(PyObject *self) {
  if (!is_valid(self)) return nullptr;
  BorrowedObject *message = as_borrowed(self);
  if (message->view == nullptr) {
    message->view = make_lease_view(message->conn->conn, *message->event, message->conn->pool);
  }
  return message->view;
}

int borrowed_get(PyObject *self, Py_buffer *buffer, int flags) {
  buffer->obj = nullptr;
  PyObject *view = view_of(self);
  return view != nullptr ? PyObject_GetBuffer(view, buffer, flags) : -1;
}

PyObject *get_data(PyObject *self, void *) { return Py_XNewRef(view_of(self)); }

PyObject *get_is_text(PyObject *self, void *) { return is_valid(self) ? PyBool_FromLong(is_text(self)) : nullptr; }

PyObject *get_text(PyObject *self, void *) {
  if (!is_valid(self)) return nullptr;
  if (is_text(self)) return PyUnicode_DecodeUTF8(data_of(self), len_of(self), "strict");
  PyErr_SetString(PyExc_TypeError, "a binary message has no text");
  return nullptr;
}

PyObject *get_bytes(PyObject *self, PyObject *) {
  return is_valid(self) ? PyBytes_FromStringAndSize(data_of(self), len_of(self)) : nullptr;
}

Py_ssize_t borrowed_len(PyObject *self) { return is_valid(self) ? len_of(self) : -1; }

PyObject *borrowed_repr(PyObject *self) {
  if (as_borrowed(self)->conn == nullptr) return PyUnicode_FromString("<BorrowedMessage, void>");
  return PyUnicode_FromFormat("<BorrowedMessage, %s, %zd bytes>", is_text(self) ? "text" : "binary", len_of(self));
}

void borrowed_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  Py_XDECREF(as_borrowed(self)->view);
  type->tp_free(self);
  Py_DECREF(type);
}

PyMethodDef borrowed_methods[] = {
    {"tobytes", get_bytes, METH_NOARGS,
     "tobytes($self, /)\n--\n\nReturns a copy of the data, in half the time of bytes(message)."},
    {"__bytes__", get_bytes, METH_NOARGS, "__bytes__($self, /)\n--\n\nReturns a copy of the data."},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef borrowed_properties[] = {
    {"is_text", get_is_text, nullptr, "Whether it was sent as text.", nullptr},
    {"text", get_text, nullptr, "The data of a text message as str, decoded each time; TypeError if binary.", nullptr},
    {"data", get_data, nullptr,
     "The data as a memoryview, which stays valid for as long as somebody has it: the first one copies the message,\n"
     "unless the engine has put it together from pieces. tobytes and text copy too, but send does not.",
     nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

constexpr char kBorrowedDoc[] =
    "A message in the engine's memory, as on_message gets it. When on_message has returned, it is void: ValueError.\n"
    "It may be sent as it is, and has the buffer protocol.";

PyType_Slot borrowed_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void *>(borrowed_dealloc)},
    {Py_tp_repr, reinterpret_cast<void *>(borrowed_repr)},
    {Py_tp_methods, borrowed_methods},
    {Py_tp_getset, borrowed_properties},
    {Py_sq_length, reinterpret_cast<void *>(borrowed_len)},
    {Py_bf_getbuffer, reinterpret_cast<void *>(borrowed_get)},
    {Py_tp_doc, const_cast<char *>(kBorrowedDoc)},
    {0, nullptr},
};

PyType_Spec borrowed_spec = {"tidewire.BorrowedMessage", sizeof(BorrowedObject), 0,
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, borrowed_slots};

// The object for the next message: the last one, if nobody else has it.
bool prepare(PyObject **object) {
  if (*object == nullptr) *object = std::exchange(spare, nullptr);
  if (*object != nullptr && Py_REFCNT(*object) == 1) return true;
  Py_CLEAR(*object);
  *object = borrowed_type->tp_alloc(borrowed_type, 0);
  return *object != nullptr;
}

void make_void(PyObject *object) {
  as_borrowed(object)->conn = nullptr;
  as_borrowed(object)->event = nullptr;
  Py_CLEAR(as_borrowed(object)->view);
}

}  // namespace

BorrowedMessage::~BorrowedMessage() {
  PyObject *replaced = object_ != nullptr ? std::exchange(spare, object_) : nullptr;
  Py_XDECREF(replaced);
}

bool BorrowedMessage::call(SessionObject *session, const tw_event &event) {
  if (!prepare(&object_)) return false;
  as_borrowed(object_)->conn = as_conn(session->engine);
  as_borrowed(object_)->event = &event;
  PyObject *arguments[] = {nullptr, as_object(session), object_};
  const py::object callback = py::reinterpret_borrow<py::object>(session->on_message);
  PyObject *done = PyObject_Vectorcall(callback.ptr(), arguments + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr);
  make_void(object_);
  Py_XDECREF(done);
  return done != nullptr;
}

bool is_borrowed_message(PyObject *object) { return Py_TYPE(object) == borrowed_type; }

bool borrowed_content(PyObject *message, const uint8_t **data, size_t *len, bool *text) {
  if (!is_valid(message)) return false;
  *data = as_borrowed(message)->event->data;
  *len = static_cast<size_t>(as_borrowed(message)->event->len);
  *text = is_text(message);
  return true;
}

void add_borrowed_message(py::module_ &m) {
  borrowed_type = reinterpret_cast<PyTypeObject *>(PyType_FromSpec(&borrowed_spec));
  if (borrowed_type == nullptr) throw py::error_already_set();
  m.attr("BorrowedMessage") = py::handle(reinterpret_cast<PyObject *>(borrowed_type));
}

}  // namespace tidewire::python
