// SPDX-License-Identifier: MIT
// The way out. A plain socket is written to directly, with all that one turn of the loop has queued and without a copy;
// what it does not take goes to the transport, which also serves TLS. Ours goes on when the transport is empty again.
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "session_object.h"

namespace tidewire::python {
namespace {

constexpr size_t kViews = 64;  // for one system call

bool wants(const SessionObject *session, uint32_t want) {
  return (tw_conn_wants(as_conn(session->engine)->conn) & want) != 0;
}

py::object call_method(PyObject *object, PyObject *name) {
  return py::reinterpret_steal<py::object>(PyObject_CallMethodNoArgs(object, name));
}

// 1 or 0, -1 with an exception set.
int ask_transport(SessionObject *session, PyObject *name) {
  const py::object answer = call_method(session->transport, name);
  return answer ? PyObject_IsTrue(answer.ptr()) : -1;
}

// Whether the socket may be written to now: neither before what the transport still holds, nor when it may be closed.
int may_write(SessionObject *session) {
  if (session->fd < 0) return 0;
  const int closing = ask_transport(session, session_names.is_closing);
  if (closing != 0) return closing < 0 ? -1 : 0;
  if (!session->spilled) return 1;
  const int holds = ask_transport(session, session_names.get_write_buffer_size);
  if (holds == 0) session->spilled = false;
  return holds < 0 ? -1 : 1 - holds;
}

// How many bytes the socket took. An error is left to the transport, which meets it too and knows what is to be done.
size_t write_views(int fd, const tw_view *views, size_t count) {
  constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
  iovec parts[kViews];
  for (size_t i = 0; i < count; ++i) parts[i] = {const_cast<uint8_t *>(views[i].data), views[i].len};
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  ssize_t sent = 0;
  Py_BEGIN_ALLOW_THREADS;
  do {
    sent = count == 1 ? send(fd, views->data, views->len, kFlags) : sendmsg(fd, &message, kFlags);
  } while (sent < 0 && errno == EINTR);
  Py_END_ALLOW_THREADS;
  return sent < 0 ? 0 : static_cast<size_t>(sent);
}

// The views without their first `skip` bytes.
py::object join(const tw_view *views, size_t count, size_t len, size_t skip) {
  py::object data =
      py::reinterpret_steal<py::object>(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(len - skip)));
  if (!data) return data;
  char *to = PyBytes_AS_STRING(data.ptr());
  for (size_t i = 0; i < count; ++i) {
    const size_t skipped = skip < views[i].len ? skip : views[i].len;
    skip -= skipped;
    memcpy(to, views[i].data + skipped, views[i].len - skipped);
    to += views[i].len - skipped;
  }
  return data;
}

// Writes what one system call takes. What the socket leaves of it is in *rest. False with an exception set.
bool write_some(SessionObject *session, bool direct, py::object *rest) {
  const UseConn use(session->engine);
  if (!use || !end_output(&use->output)) return false;
  tw_view views[kViews];
  size_t count = 0;
  const tw_status status = tw_conn_output(use->conn, views, kViews, &count);
  if (status != TW_OK) return raise_conn(use.get(), status) != nullptr;
  size_t len = 0;
  for (size_t i = 0; i < count; ++i) len += views[i].len;
  const size_t sent = direct ? write_views(session->fd, views, count) : 0;
  if (sent < len) *rest = join(views, count, len, sent);
  // Without memory for the rest, it stays where it is.
  const bool whole = sent == len || *rest;
  return consume_output(use.get(), whole ? len : sent) && whole;
}

bool tell_time(SessionObject *session) {
  tw_status status = TW_OK;
  {
    const UseConn use(session->engine);
    if (!use) return false;
    status = tw_conn_tick(use->conn, monotonic_ns(), &use->deadline_ns);
  }
  return status == TW_OK || report_failure(session, status);
}

bool arm_timer(SessionObject *session) {
  const uint64_t deadline = as_conn(session->engine)->deadline_ns;
  if (deadline >= session->armed_ns) return true;
  session->armed_ns = deadline;
  const py::object when = py::reinterpret_steal<py::object>(PyLong_FromUnsignedLongLong(deadline));
  if (!when) return false;
  const py::object done =
      py::reinterpret_steal<py::object>(PyObject_CallMethodOneArg(as_object(session), session_names.arm, when.ptr()));
  return static_cast<bool>(done);
}

bool finish_writing(SessionObject *session) {
  if (session->finished != 0 || !wants(session, TW_WANT_CLOSE)) return true;
  session->finished = 1;
  return static_cast<bool>(call_method(as_object(session), session_names.finish));
}

}  // namespace

int find_fd(PyObject *transport) {
  for (const char *name : {"sslcontext", "ssl_object"}) {
    const py::object tls =
        py::reinterpret_steal<py::object>(PyObject_CallMethod(transport, "get_extra_info", "s", name));
    if (!tls) return -2;
    if (!tls.is_none()) return -1;
  }
  const py::object socket =
      py::reinterpret_steal<py::object>(PyObject_CallMethod(transport, "get_extra_info", "s", "socket"));
  if (!socket) return -2;
  if (socket.is_none()) return -1;
  const py::object number = py::reinterpret_steal<py::object>(PyObject_CallMethod(socket.ptr(), "fileno", nullptr));
  if (!number) return -2;
  const long fd = PyLong_AsLong(number.ptr());
  if (fd == -1 && PyErr_Occurred() != nullptr) return -2;
  return static_cast<int>(fd);
}

bool call_soon(SessionObject *session, PyObject *name) {
  const py::object method = py::reinterpret_steal<py::object>(PyObject_GetAttr(as_object(session), name));
  if (!method) return false;
  PyObject *done = PyObject_CallMethodOneArg(session->loop, session_names.call_soon, method.ptr());
  Py_XDECREF(done);
  return done != nullptr;
}

bool write_all(SessionObject *session) {
  if (session->finished != 0 || !wants(session, TW_WANT_WRITE)) return true;
  session->wrote = true;
  int direct = may_write(session);
  while (wants(session, TW_WANT_WRITE)) {
    py::object rest;
    if (direct < 0 || !write_some(session, direct == 1, &rest)) return false;
    if (!rest) continue;
    direct = 0;
    session->spilled = true;
    const py::object done = py::reinterpret_steal<py::object>(
        PyObject_CallMethodOneArg(session->transport, session_names.write, rest.ptr()));
    if (!done) return false;
  }
  return true;
}

bool flush_soon(SessionObject *session) {
  if (session->flush_due) return true;
  session->flush_due = true;
  return call_soon(session, session_names.flush);
}

bool flush_now(SessionObject *session) {
  if (session->finished != 0) return true;
  session->wrote = false;
  return tell_time(session) && write_all(session) && arm_timer(session) && finish_writing(session);
}

// Called by the loop behind a consumer: what it has not taken is too much.
PyObject *session_flush(PyObject *self, PyObject *) {
  SessionObject *session = as_session(self);
  if (!is_attached(session)) return nullptr;
  session->flush_due = false;
  if (is_above_high(session) && session->future == nullptr && !pause_reading(session)) return nullptr;
  // A loop that asked for room and then found nothing to read, as uvloop may.
  if (as_conn(session->engine)->room.views != nullptr) give_up_room(session);
  if (!flush_now(session)) return nullptr;
  session->answers = session->wrote;
  Py_RETURN_NONE;
}

PyObject *session_timer_fired(PyObject *self, PyObject *) {
  SessionObject *session = as_session(self);
  if (!is_attached(session)) return nullptr;
  session->armed_ns = TW_NEVER;
  return flush_now(session) ? Py_NewRef(Py_None) : nullptr;
}

}  // namespace tidewire::python
