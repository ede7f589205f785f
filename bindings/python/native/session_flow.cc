// SPDX-License-Identifier: MIT
// The queue of a session between the reading and the consumer: who is woken, and when reading pauses.
#include "call_args.h"
#include "recv_awaitable.h"
#include "session_object.h"

namespace tidewire::python {
namespace {

bool call_hook(SessionObject *session, PyObject *name) {
  PyObject *done = PyObject_CallMethodNoArgs(as_object(session), name);
  Py_XDECREF(done);
  return done != nullptr;
}

// A future that was cancelled is left to its awaitable, which comes to know of it.
bool resolve(PyObject *future) {
  const py::object done = py::reinterpret_steal<py::object>(PyObject_CallMethodNoArgs(future, session_names.done));
  const int is_done = done ? PyObject_IsTrue(done.ptr()) : -1;
  if (is_done != 0) return is_done == 1;
  PyObject *set = PyObject_CallMethodOneArg(future, session_names.set_result, Py_None);
  Py_XDECREF(set);
  return set != nullptr;
}

}  // namespace

bool wake_receiver(SessionObject *session, bool *woke) {
  if (session->future == nullptr || (session->queue.empty() && session->over == 0)) return true;
  const py::object future = py::reinterpret_steal<py::object>(session->future);
  session->future = nullptr;
  if (woke != nullptr) *woke = true;
  return resolve(future.ptr());
}

bool pause_reading(SessionObject *session) {
  if (session->read_paused != 0 || session->over != 0) return true;
  session->read_paused = 1;
  return call_hook(session, session_names.pause_reading);
}

bool resume_reading(SessionObject *session) {
  session->read_paused = 0;
  return call_hook(session, session_names.resume_reading);
}

bool relax(SessionObject *session) {
  if (session->queue.size() > session->low) return true;
  if (session->stalled) {
    if (session->going_on) return true;
    session->going_on = true;
    return call_soon(session, session_names.continue_reading);
  }
  return session->read_paused == 0 || resume_reading(session);
}

PyObject *session_put(PyObject *self, PyObject *item) {
  SessionObject *session = as_session(self);
  if (!is_attached(session)) return nullptr;
  if (session->deaf) Py_RETURN_NONE;
  if (!session->queue.push(Py_NewRef(item))) return nullptr;
  // What is put while input is handled is looked at when it is done.
  if (session->taking) Py_RETURN_NONE;
  if (is_above_high(session) && !pause_reading(session)) return nullptr;
  return wake_receiver(session, nullptr) ? Py_NewRef(Py_None) : nullptr;
}

PyObject *session_pause_receiving(PyObject *self, PyObject *) {
  SessionObject *session = as_session(self);
  return is_attached(session) && pause_reading(session) ? Py_NewRef(Py_None) : nullptr;
}

PyObject *session_discard(PyObject *self, PyObject *) {
  SessionObject *session = as_session(self);
  if (!is_attached(session)) return nullptr;
  session->deaf = true;
  session->queue.clear();
  return relax(session) ? Py_NewRef(Py_None) : nullptr;
}

PyObject *session_end(PyObject *self, PyObject *) {
  SessionObject *session = as_session(self);
  session->over = 1;
  return wake_receiver(session, nullptr) ? Py_NewRef(Py_None) : nullptr;
}

PyObject *session_recv(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"decode"};
  PyObject *decode = nullptr;
  if ((nargs != 0 || kwnames != nullptr) && !bind_args({"recv", kNames, 1, 0, 1}, args, nargs, kwnames, &decode)) {
    return nullptr;
  }
  if (!is_given(decode)) return make_recv(as_session(self), Reading::kMessage);
  bool text = false;
  if (!flag_arg(decode, &text)) return nullptr;
  return make_recv(as_session(self), text ? Reading::kText : Reading::kBytes);
}

PyObject *session_take(PyObject *self, PyObject *) { return make_recv(as_session(self), Reading::kItem); }

PyObject *session_anext(PyObject *self) { return make_recv(as_session(self), Reading::kNext); }

}  // namespace tidewire::python
