// SPDX-License-Identifier: MIT
// Connection.read_buffer and read_commit: the socket is read into the engine's memory.
#include <algorithm>

#include "call_args.h"
#include "event_list.h"

namespace tidewire::python {
namespace {

// One call of the engine. False with an exception set when Python has no memory for the events.
bool commit_once(ConnObject *object, size_t len, size_t max_events, EventList *events, tw_status *status) {
  tw_event batch[kEventBatch];
  size_t count = 0;
  *status = tw_conn_read_commit(object->conn, len, batch, std::min(max_events, kEventBatch), &count);
  return events->append(batch, count);
}

}  // namespace

PyObject *conn_read_buffer(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"hint"};
  PyObject *value = nullptr;
  uint64_t hint = 0;
  if (!bind_args({"read_buffer", kNames, 1, 0, 1}, args, nargs, kwnames, &value) ||
      !number_arg(value, kNames[0], PY_SSIZE_T_MAX, &hint)) {
    return nullptr;
  }
  const UseConn use(self);
  if (!use || !end_room(&use->room)) return nullptr;
  uint8_t *data = nullptr;
  size_t cap = 0;
  const tw_status status = tw_conn_read_buffer(use->conn, hint, &data, &cap);
  return status == TW_OK ? show_memory(self, &use->room, data, cap, false) : raise_conn(use.get(), status);
}

PyObject *conn_read_commit(PyObject *self, PyObject *len) {
  uint64_t left = 0;
  if (!number_arg(len, "len", SIZE_MAX, &left)) return nullptr;
  const UseConn use(self);
  if (!use) return nullptr;
  EventList events(use.get());
  if (!events || !end_room(&use->room)) return nullptr;
  tw_status status = TW_NEED_ROOM;
  for (; status == TW_NEED_ROOM; left = 0) {
    if (!commit_once(use.get(), left, kEventBatch, &events, &status)) return nullptr;
  }
  events.finish();
  return events.result(status);
}

PyObject *conn_read_commit_some(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"len", "max_events"};
  PyObject *values[2];
  uint64_t len = 0;
  size_t max_events = kEventBatch;
  if (!bind_args({"read_commit_some", kNames, 2, 1, 2}, args, nargs, kwnames, values) ||
      !number_arg(values[0], kNames[0], SIZE_MAX, &len) || !limit_arg(values[1], kNames[1], &max_events)) {
    return nullptr;
  }
  const UseConn use(self);
  if (!use) return nullptr;
  EventList events(use.get());
  if (!events || !end_room(&use->room)) return nullptr;
  tw_status status = TW_OK;
  if (!commit_once(use.get(), len, max_events, &events, &status)) return nullptr;
  const bool more = status == TW_NEED_ROOM;
  if (!more) events.finish();
  PyObject *list = events.result(status);
  return list != nullptr ? Py_BuildValue("(NO)", list, more ? Py_True : Py_False) : nullptr;
}

}  // namespace tidewire::python
