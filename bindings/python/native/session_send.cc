// SPDX-License-Identifier: MIT
// Sending: what is queued leaves with everything else of this turn of the loop.
#include "call_args.h"
#include "done_awaitable.h"
#include "message_arg.h"
#include "session_object.h"

namespace tidewire::python {
namespace {

// Immutable data from here on is held, not copied; below, the copy costs less than the bookkeeping.
constexpr Py_ssize_t kMinHeldLen = 8192;

uint32_t hold_flag(PyObject *message) {
  if (PyBytes_CheckExact(message)) return PyBytes_GET_SIZE(message) >= kMinHeldLen ? TW_SEND_BORROW : 0;
  return PyUnicode_CheckExact(message) && PyUnicode_GET_LENGTH(message) >= kMinHeldLen ? TW_SEND_BORROW : 0;
}

// `text` as send's argument, nullptr for None. False with an exception set.
bool read_message(PyObject *message, PyObject *text, uint32_t flags, MessageArg *out) {
  if (!is_given(text)) return out->any(message, flags);
  bool as_text = false;
  if (!flag_arg(text, &as_text)) return false;
  return as_text ? out->text(message, flags) : out->bytes(message, flags);
}

// Queues a message. False with an exception set where it is no message; otherwise *status says how it went.
bool queue_message(SessionObject *session, PyObject *message, PyObject *text, uint32_t flags, tw_status *status) {
  const UseConn use(session->engine);
  MessageArg read;
  if (!use || !read_message(message, text, flags | hold_flag(message), &read)) return false;
  *status = queue_arg(use.get(), &read);
  if (*status == TW_OK || *status == TW_ERR_STATE) return true;
  return raise_conn(use.get(), *status) != nullptr;
}

// After something was queued: the loop writes it, or the end of the input that is being handled. Whoever sends without
// a pause would never let the loop do it: much is written at once.
bool sent(SessionObject *session) {
  if ((tw_conn_wants(as_conn(session->engine)->conn) & TW_WANT_PAUSE) != 0) return write_all(session);
  if (session->taking) return true;
  session->answers = true;
  return flush_soon(session);
}

PyObject *none_if(bool done) { return done ? Py_NewRef(Py_None) : nullptr; }

// One message of the kinds that need no waiting.
bool is_plain(PyObject *message) {
  return PyBytes_Check(message) || PyUnicode_Check(message) || PyByteArray_Check(message) ||
         PyMemoryView_Check(message);
}

PyObject *send_slowly(SessionObject *session, PyObject *message, PyObject *text) {
  return PyObject_CallMethodObjArgs(as_object(session), session_names.send_slowly, message,
                                    text != nullptr ? text : Py_None, nullptr);
}

PyObject *send_or_wait(SessionObject *session, PyObject *message, PyObject *text) {
  if (session->write_paused != 0 || session->over != 0 || !is_plain(message)) {
    return send_slowly(session, message, text);
  }
  tw_status status = TW_OK;
  if (!queue_message(session, message, text, 0, &status)) return nullptr;
  if (status == TW_ERR_STATE) return send_slowly(session, message, text);
  return sent(session) ? done_awaitable() : nullptr;
}

}  // namespace

PyObject *session_send(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"message", "text"};
  PyObject *values[2] = {};
  SessionObject *session = as_session(self);
  if (!is_attached(session)) return nullptr;
  if (nargs == 1 && kwnames == nullptr) return send_or_wait(session, args[0], nullptr);
  if (!bind_args({"send", kNames, 2, 1, 2}, args, nargs, kwnames, values)) return nullptr;
  return send_or_wait(session, values[0], values[1]);
}

PyObject *session_send_now(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"message", "text", "compress"};
  PyObject *values[3] = {};
  uint32_t flags = 0;
  SessionObject *session = as_session(self);
  if (!is_attached(session)) return nullptr;
  if (nargs == 1 && kwnames == nullptr) {
    values[0] = args[0];
  } else if (!bind_args({"send_now", kNames, 3, 1, 1}, args, nargs, kwnames, values) ||
             !compress_flags(values[2], &flags)) {
    return nullptr;
  }
  tw_status status = TW_OK;
  if (!queue_message(session, values[0], values[1], flags, &status)) return nullptr;
  if (status != TW_OK) return raise_conn(as_conn(session->engine), status);
  return none_if(sent(session));
}

PyObject *session_send_batch(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  SessionObject *session = as_session(self);
  if (!is_attached(session)) return nullptr;
  const py::object done = py::reinterpret_steal<py::object>(conn_send_batch(session->engine, args, nargs, kwnames));
  if (done) return none_if(sent(session));
  // Those before the one that was refused are queued.
  const py::error_scope refused;
  if (!sent(session)) PyErr_WriteUnraisable(self);
  return nullptr;
}

PyObject *session_send_prepared(PyObject *self, PyObject *prepared) {
  SessionObject *session = as_session(self);
  if (!is_attached(session)) return nullptr;
  const py::object done = py::reinterpret_steal<py::object>(conn_send_prepared(session->engine, prepared));
  return done ? none_if(sent(session)) : nullptr;
}

}  // namespace tidewire::python
