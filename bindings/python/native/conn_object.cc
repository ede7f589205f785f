// SPDX-License-Identifier: MIT
// The guard of a connection, and its failures as exceptions.
#include "conn_object.h"

#include "py_status.h"

namespace tidewire::python {

UseConn::UseConn(PyObject *self) {
  ConnObject *object = as_conn(self);
  if (object->conn == nullptr) {
    raise_saying(TW_ERR_STATE, "Connection.__init__ was not called");
  } else if (object->busy) {
    raise_saying(TW_ERR_STATE, "the connection is in use by another call");
  } else {
    object->busy = true;
    object_ = object;
  }
}

UseConn::~UseConn() {
  if (object_ == nullptr) return;
  object_->busy = false;
  Py_CLEAR(object_->random_error);  // a ping or pong that cannot be masked is left out, and the call succeeds
}

PyObject *raise_conn(ConnObject *object, tw_status status, PyObject *events, const uint64_t *offset) {
  tw_error error = TW_ERROR_INIT;
  tw_conn_get_error(object->conn, &error);
  if (error.status != TW_OK) object->target.release();  // a connection that failed receives nothing more
  const py::object cause = py::reinterpret_steal<py::object>(object->random_error);
  object->random_error = nullptr;
  Failure failure;
  failure.error = error.status == status ? &error : nullptr;
  failure.offset = offset;
  failure.events = events;
  failure.cause = cause.ptr();
  return raise_status(status, failure);
}

void give_back_events(ConnObject *object) {
  size_t count = 0;
  size_t consumed = 0;
  tw_event none;
  tw_conn_receive(object->conn, nullptr, 0, &none, 1, &count, &consumed);
}

PyObject *conn_error(ConnObject *object) {
  tw_error error = TW_ERROR_INIT;
  tw_conn_get_error(object->conn, &error);
  if (error.status == TW_OK) return Py_NewRef(Py_None);
  Failure failure;
  failure.error = &error;
  return make_error(error.status, failure).release().ptr();
}

void settle_loans(ConnObject *object) {
  if (object->loans.empty()) return;
  tw_conn_stats stats = TW_CONN_STATS_INIT;
  size_t queued = 0;
  tw_conn_get_stats(object->conn, &stats);
  tw_conn_output_len(object->conn, &queued);
  object->loans.give_back(stats.bytes_sent - queued);
}

}  // namespace tidewire::python
