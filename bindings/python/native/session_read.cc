// SPDX-License-Identifier: MIT
// The way in: asyncio reads into memory of the engine, and what comes of it goes to the callback or into the queue.
#include <string.h>
#include <time.h>

#include <algorithm>

#include "borrowed_message.h"
#include "buffer_arg.h"
#include "call_args.h"
#include "event_list.h"
#include "py_event.h"
#include "py_status.h"
#include "session_object.h"

namespace tidewire::python {
namespace {

// As much may wait in the queue beyond `high` messages before the engine is stopped in the middle of a read, of which
// a few kilobytes may become megabytes.
constexpr size_t kMaxQueuedLen = 256 * 1024;

// One handling of input at a time. The events of it lie in the engine's memory, which therefore takes no other input.
class Taking {
 public:
  explicit Taking(SessionObject *session) : session_(session), engine_(Py_NewRef(session->engine)) {
    session_->taking = true;
    ++as_conn(engine_)->room.exports;
  }
  Taking(const Taking &) = delete;
  Taking &operator=(const Taking &) = delete;
  ~Taking() {
    --as_conn(engine_)->room.exports;
    session_->taking = false;
    Py_DECREF(engine_);
  }

 private:
  SessionObject *session_;
  PyObject *engine_;  // held, whatever the callbacks do
};

PyObject *make_item(const tw_event &event) {
  const auto *data = reinterpret_cast<const char *>(event.data);
  const auto len = static_cast<Py_ssize_t>(event.len);
  return event.opcode == TW_OPCODE_TEXT ? PyUnicode_DecodeUTF8(data, len, "strict")
                                        : PyBytes_FromStringAndSize(data, len);
}

bool call_on_event(SessionObject *session, const tw_event &event) {
  const py::object made = py::reinterpret_steal<py::object>(make_event(event, as_conn(session->engine)->role, Py_None));
  if (!made) return false;
  const py::object done = py::reinterpret_steal<py::object>(
      PyObject_CallMethodOneArg(as_object(session), session_names.on_event, made.ptr()));
  return static_cast<bool>(done);
}

bool deliver(SessionObject *session, const tw_event &event, BorrowedMessage *borrowed) {
  if (event.type != TW_EVENT_MESSAGE) return call_on_event(session, event);
  if (session->deaf) return true;
  if (session->on_message == nullptr) return session->queue.push(make_item(event));
  if (borrowed->call(session, event)) return true;
  session->deaf = true;
  return false;
}

bool deliver_all(SessionObject *session, const tw_event *events, size_t count) {
  BorrowedMessage borrowed;
  for (size_t i = 0; i < count; ++i) {
    if (!deliver(session, events[i], &borrowed) && !report_exception(session)) return false;
  }
  return true;
}

// The exception that is set, as an object, and clears it.
py::object take_exception() {
  PyObject *type = nullptr;
  PyObject *value = nullptr;
  PyObject *traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback != nullptr) PyException_SetTraceback(value, traceback);
  Py_XDECREF(type);
  Py_XDECREF(traceback);
  return py::reinterpret_steal<py::object>(value);
}

bool is_crowded(const SessionObject *session) {
  return is_above_high(session) && session->queue.bytes() > kMaxQueuedLen;
}

// The engine's part of one step, with the time before the first.
tw_status commit(ConnObject *object, size_t len, bool first, tw_event *batch, size_t *count) {
  tw_status late = TW_OK;
  if (first) late = tw_conn_tick(object->conn, monotonic_ns(), &object->deadline_ns);
  const tw_status status = tw_conn_read_commit(object->conn, len, batch, kEventBatch, count);
  return late == TW_OK ? status : late;
}

// All steps. False with an exception set, which is not one for handlers.
bool commit_all(SessionObject *session, size_t len, bool all, tw_status *status) {
  const Taking taking(session);
  tw_event batch[kEventBatch];
  bool first = true;
  bool fine = true;
  do {
    size_t count = 0;
    {
      const UseConn use(session->engine);
      if (!use) return false;
      *status = commit(use.get(), len, first, batch, &count);
    }
    first = false;
    len = 0;
    fine = deliver_all(session, batch, count);
  } while (fine && *status == TW_NEED_ROOM && (all || !is_crowded(session)));
  session->stalled = *status == TW_NEED_ROOM;
  // Nothing is held while nothing comes.
  if (!session->stalled) give_back_events(as_conn(session->engine));
  return fine;
}

// The view that the loop read into. A loop may hold it until this call returns, and does nothing with it: uvloop does.
bool end_loops_room(ConnObject *object) {
  Shown *room = &object->room;
  if (room->views != nullptr && PyList_GET_SIZE(room->views) == 1 && room->exports == 1) {
    PyObject *view = PyList_GET_ITEM(room->views, 0);
    auto *memory = reinterpret_cast<PyMemoryViewObject *>(view);
    if (Py_REFCNT(view) == 2 && memory->exports == 1 && memory->mbuf->exports == 1) {
      Py_CLEAR(room->views);
      ++room->turn;
      return true;
    }
  }
  return end_room(room);
}

// tidewire.h: -1 ... -99 is the caller's mistake, which changes nothing.
bool is_misuse(tw_status status) { return status < 0 && status > -100; }

PyObject *read_room(SessionObject *session) {
  const UseConn use(session->engine);
  if (!use || !end_room(&use->room)) return nullptr;
  uint8_t *data = nullptr;
  size_t cap = 0;
  const tw_status status = tw_conn_read_buffer(use->conn, 0, &data, &cap);
  if (status != TW_OK) return raise_conn(use.get(), status);
  return show_memory(session->engine, &use->room, data, cap, false);
}

// Copies what it can to where a read would have put it, and returns how much that is: 0 with an exception set.
size_t fill_room(SessionObject *session, const uint8_t *data, size_t len) {
  const UseConn use(session->engine);
  if (!use || !end_room(&use->room)) return 0;
  uint8_t *room = nullptr;
  size_t cap = 0;
  const tw_status status = tw_conn_read_buffer(use->conn, len, &room, &cap);
  if (status != TW_OK) return raise_conn(use.get(), status) != nullptr;
  const size_t part = std::min(len, cap);
  memcpy(room, data, part);
  return part;
}

// What is due after input: the consumer runs in the next turn of the loop, and the flush right behind it takes along
// what the consumer sends.
bool settle(SessionObject *session) {
  bool woke = false;
  if (!wake_receiver(session, &woke)) return false;
  if (session->stalled || (is_above_high(session) && !woke)) {
    if (!pause_reading(session)) return false;
  }
  if (woke && (session->answers || is_above_high(session))) return flush_soon(session);
  return flush_now(session);
}

bool is_idle(SessionObject *session) {
  if (!is_attached(session)) return false;
  if (!session->taking) return true;
  PyErr_SetString(PyExc_RuntimeError, "input was given to a session from inside a callback that it has called");
  return false;
}

}  // namespace

uint64_t monotonic_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
}

bool report_exception(SessionObject *session) {
  if (PyErr_ExceptionMatches(PyExc_Exception) == 0) return false;
  const py::object error = take_exception();
  const py::object done = py::reinterpret_steal<py::object>(
      PyObject_CallMethodOneArg(as_object(session), session_names.on_exception, error.ptr()));
  return static_cast<bool>(done);
}

bool report_failure(SessionObject *session, tw_status status) {
  if (session->failed) return true;
  session->failed = true;
  {
    const UseConn use(session->engine);
    if (!use) return false;
    raise_conn(use.get(), status);
  }
  const py::object error = take_exception();
  const py::object done = py::reinterpret_steal<py::object>(
      PyObject_CallMethodOneArg(as_object(session), session_names.on_failure, error.ptr()));
  return static_cast<bool>(done);
}

void give_up_room(SessionObject *session) {
  const UseConn use(session->engine);
  tw_event none;
  size_t count = 0;
  if (use && !session->taking && !session->stalled && end_room(&use->room)) {
    tw_conn_read_commit(use->conn, 0, &none, 1, &count);
  } else {
    PyErr_Clear();  // in use: it stays until the next read
  }
}

bool take_input(SessionObject *session, size_t len, bool all) {
  tw_status status = TW_OK;
  if (!commit_all(session, len, all, &status)) return false;
  if (is_misuse(status)) return raise_conn(as_conn(session->engine), status) != nullptr;
  if (status < 0 && !report_failure(session, status)) return false;
  return settle(session);
}

PyObject *session_get_buffer(PyObject *self, PyObject *) {
  SessionObject *session = as_session(self);
  if (!is_idle(session)) return nullptr;
  if (session->stalled && !take_input(session, 0, true)) return nullptr;
  return read_room(session);
}

PyObject *session_buffer_updated(PyObject *self, PyObject *nbytes) {
  SessionObject *session = as_session(self);
  const Py_ssize_t len = PyLong_AsSsize_t(nbytes);
  if (len == -1 && PyErr_Occurred() != nullptr) return nullptr;
  if (!is_idle(session)) return nullptr;
  if (!end_loops_room(as_conn(session->engine))) return nullptr;
  return take_input(session, static_cast<size_t>(len), false) ? Py_NewRef(Py_None) : nullptr;
}

PyObject *session_feed(PyObject *self, PyObject *object) {
  SessionObject *session = as_session(self);
  BufferArg data;
  if (!is_idle(session) || !data.read(object, "data")) return nullptr;
  if (session->stalled && !take_input(session, 0, true)) return nullptr;
  for (size_t done = 0; done < data.len();) {
    const size_t part = fill_room(session, data.data() + done, data.len() - done);
    if (part == 0) return nullptr;
    done += part;
    if (!take_input(session, part, done < data.len())) return nullptr;
  }
  Py_RETURN_NONE;
}

PyObject *session_drain(PyObject *self, PyObject *) {
  SessionObject *session = as_session(self);
  if (!session->stalled || session->taking) Py_RETURN_NONE;
  return take_input(session, 0, true) ? Py_NewRef(Py_None) : nullptr;
}

PyObject *session_continue_reading(PyObject *self, PyObject *) {
  SessionObject *session = as_session(self);
  session->going_on = false;
  if (!is_idle(session)) return nullptr;
  if (session->stalled && !take_input(session, 0, false)) return nullptr;
  return relax(session) ? Py_NewRef(Py_None) : nullptr;
}

}  // namespace tidewire::python
