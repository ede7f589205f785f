// SPDX-License-Identifier: MIT
#include "recv_awaitable.h"

#include "call_args.h"
#include "coroutine.h"

namespace tidewire::python {
namespace {

struct RecvObject {
  PyObject_HEAD SessionObject *session;  // nullptr when done
  PyObject *iterator;                    // of the future that is awaited, or nullptr
  Reading reading;
};

PyTypeObject *recv_type;

RecvObject *as_recv(PyObject *self) { return reinterpret_cast<RecvObject *>(self); }

// ---- Exceptions ----

py::object exception_class(const char *name) {
  try {
    return py::module_::import("tidewire.exceptions").attr(name);
  } catch (py::error_already_set &error) {
    error.restore();
    return {};
  }
}

void raise_concurrency() {
  const py::object type = exception_class("ConcurrencyError");
  if (!type) return;
  PyErr_SetString(type.ptr(), "cannot call recv while another coroutine is already running recv or recv_streaming");
}

void raise_closed(const RecvObject *recv) {
  const py::object error = py::reinterpret_steal<py::object>(
      PyObject_CallMethodNoArgs(as_object(recv->session), session_names.closed_exception));
  if (!error) return;
  if (recv->reading == Reading::kNext) {
    const py::object orderly = exception_class("ConnectionClosedOK");
    const int is = orderly ? PyObject_IsInstance(error.ptr(), orderly.ptr()) : -1;
    if (is == 1) PyErr_SetNone(PyExc_StopAsyncIteration);
    if (is != 0) return;
  }
  if (PyExceptionInstance_Check(error.ptr())) {
    PyErr_SetObject(PyExceptionInstance_Class(error.ptr()), error.ptr());
  } else {
    PyErr_Format(PyExc_TypeError, "_closed_exception must return an exception, not %.200s",
                 Py_TYPE(error.ptr())->tp_name);
  }
}

// ---- Taking and waiting ----

// No longer the one that the session wakes.
void leave(RecvObject *recv) {
  Py_CLEAR(recv->iterator);
  SessionObject *session = recv->session;
  if (session == nullptr || session->receiver != reinterpret_cast<PyObject *>(recv)) return;
  session->receiver = nullptr;
  Py_CLEAR(session->future);
}

void finish(RecvObject *recv) {
  leave(recv);
  Py_CLEAR(recv->session);
}

// What recv's argument `decode` asks for. Takes `item` over.
PyObject *convert(const RecvObject *recv, PyObject *item) {
  if (recv->reading == Reading::kItem) return item;
  py::object message = py::reinterpret_steal<py::object>(item);
  if (!PyUnicode_Check(item) && !PyBytes_Check(item)) {
    message = py::reinterpret_steal<py::object>(
        PyObject_CallMethodOneArg(as_object(recv->session), session_names.unpack, item));
    if (!message) return nullptr;
  }
  if (recv->reading == Reading::kText && PyBytes_Check(message.ptr())) {
    return PyUnicode_DecodeUTF8(PyBytes_AS_STRING(message.ptr()), PyBytes_GET_SIZE(message.ptr()), "strict");
  }
  if (recv->reading == Reading::kBytes && PyUnicode_Check(message.ptr())) {
    return PyUnicode_AsUTF8String(message.ptr());
  }
  return message.release().ptr();
}

PyObject *take_item(const RecvObject *recv) {
  SessionObject *session = recv->session;
  PyObject *item = session->queue.pop();
  if ((session->read_paused || session->stalled) && !relax(session)) {
    Py_DECREF(item);
    return nullptr;
  }
  return convert(recv, item);
}

// Has the session wake this awaitable.
bool start_waiting(RecvObject *recv) {
  SessionObject *session = recv->session;
  if (session->receiver != nullptr) {
    raise_concurrency();
    return false;
  }
  session->queue.shrink();
  if (!relax(session)) return false;
  const py::object future =
      py::reinterpret_steal<py::object>(PyObject_CallMethodNoArgs(session->loop, session_names.create_future));
  if (!future) return false;
  const PyAsyncMethods *async = Py_TYPE(future.ptr())->tp_as_async;
  if (async == nullptr || async->am_await == nullptr) {
    PyErr_Format(PyExc_TypeError, "create_future() returned %.200s, which cannot be awaited",
                 Py_TYPE(future.ptr())->tp_name);
    return false;
  }
  recv->iterator = async->am_await(future.ptr());
  if (recv->iterator == nullptr) return false;
  session->receiver = reinterpret_cast<PyObject *>(recv);
  session->future = future.inc_ref().ptr();
  return true;
}

// Before the first step.
bool may_start(const RecvObject *recv) {
  const SessionObject *session = recv->session;
  if (session->reserved != 0 && recv->reading != Reading::kItem) {
    raise_concurrency();
    return false;
  }
  return is_attached(recv->session);
}

// The step when nothing is awaited: PYGEN_NEXT with *result nullptr says that now something is.
PySendResult try_to_take(RecvObject *recv, PyObject **result) {
  *result = nullptr;
  if (!recv->session->queue.empty()) {
    *result = take_item(recv);
    return *result != nullptr ? PYGEN_RETURN : PYGEN_ERROR;
  }
  if (recv->session->over != 0) {
    raise_closed(recv);
    return PYGEN_ERROR;
  }
  return start_waiting(recv) ? PYGEN_NEXT : PYGEN_ERROR;
}

PySendResult go_on(RecvObject *recv, PyObject *arg, PyObject **result) {
  for (;;) {
    if (recv->iterator == nullptr) {
      const PySendResult taken = try_to_take(recv, result);
      if (taken != PYGEN_NEXT) return taken;
    }
    const PySendResult sent = PyIter_Send(recv->iterator, arg, result);
    if (sent == PYGEN_NEXT) return sent;
    leave(recv);
    if (sent == PYGEN_ERROR) return sent;
    Py_CLEAR(*result);  // the future says no more than that there is something
    arg = Py_None;
  }
}

PySendResult recv_send(PyObject *self, PyObject *arg, PyObject **result) {
  RecvObject *recv = as_recv(self);
  *result = nullptr;
  if (recv->session == nullptr) {
    PyErr_SetString(PyExc_RuntimeError, "cannot reuse already awaited recv()");
    return PYGEN_ERROR;
  }
  PySendResult sent = PYGEN_ERROR;
  if (recv->iterator != nullptr || may_start(recv)) sent = go_on(recv, arg, result);
  if (sent != PYGEN_NEXT) finish(recv);
  return sent;
}

PyObject *recv_next(PyObject *self) {
  PyObject *result = nullptr;
  const PySendResult sent = recv_send(self, Py_None, &result);
  return yielded_or_stop(sent, result);
}

PyObject *recv_send_method(PyObject *self, PyObject *arg) {
  PyObject *result = nullptr;
  const PySendResult sent = recv_send(self, arg, &result);
  return yielded_or_stop(sent, result);
}

// Whatever is thrown, a future answers by raising it.
PyObject *recv_throw(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
  finish(as_recv(self));
  raise_thrown(args, nargs);
  return nullptr;
}

PyObject *recv_close(PyObject *self, PyObject *) {
  finish(as_recv(self));
  Py_RETURN_NONE;
}

int recv_traverse(PyObject *self, visitproc visit, void *arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(as_recv(self)->session);
  Py_VISIT(as_recv(self)->iterator);
  return 0;
}

int recv_clear(PyObject *self) {
  finish(as_recv(self));
  return 0;
}

void recv_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  finish(as_recv(self));
  type->tp_free(self);
  Py_DECREF(type);
}

PyMethodDef recv_methods[] = {
    {"send", recv_send_method, METH_O, nullptr},
    {"throw", as_method(recv_throw), METH_FASTCALL, nullptr},
    {"close", recv_close, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyType_Slot recv_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void *>(recv_dealloc)},
    {Py_tp_traverse, reinterpret_cast<void *>(recv_traverse)},
    {Py_tp_clear, reinterpret_cast<void *>(recv_clear)},
    {Py_am_await, reinterpret_cast<void *>(PyObject_SelfIter)},
    {Py_am_send, reinterpret_cast<void *>(recv_send)},
    {Py_tp_iter, reinterpret_cast<void *>(PyObject_SelfIter)},
    {Py_tp_iternext, reinterpret_cast<void *>(recv_next)},
    {Py_tp_methods, recv_methods},
    {0, nullptr},
};

PyType_Spec recv_spec = {"tidewire._native.Recv", sizeof(RecvObject), 0,
                         Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION, recv_slots};

}  // namespace

PyObject *make_recv(SessionObject *session, Reading reading) {
  PyObject *self = recv_type->tp_alloc(recv_type, 0);
  if (self == nullptr) return nullptr;
  as_recv(self)->session = session;
  Py_INCREF(as_object(session));
  as_recv(self)->reading = reading;
  return self;
}

void make_recv_type() {
  recv_type = reinterpret_cast<PyTypeObject *>(PyType_FromSpec(&recv_spec));
  if (recv_type == nullptr) throw py::error_already_set();
}

}  // namespace tidewire::python
