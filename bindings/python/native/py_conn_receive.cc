// SPDX-License-Identifier: MIT
// Connection.receive: one engine call for a read buffer, whatever it holds, and more where it holds much.
#include <string.h>

#include <algorithm>

#include "buffer_arg.h"
#include "call_args.h"
#include "conn_object.h"
#include "py_event.h"
#include "py_status.h"

namespace tidewire::python {
namespace {

constexpr size_t kEventBatch = 64;         // events for one call of the engine
constexpr size_t kScratchLen = 16 * 1024;  // of read-only input, how much is copied at a time: it lies on the stack

class Receiver {
 public:
  Receiver(ConnObject *object, PyObject *events) : object_(object), events_(events) {}

  // These feed bytes, and return false with an exception set when Python has no memory for the events.
  bool feed(const BufferArg &input) {
    return input.writable() ? feed_all(input.data(), input.len()) : feed_copy(input.data(), input.len());
  }

  // One call of the engine; *consumed is what it took of the input.
  bool feed_some(const BufferArg &input, size_t max_events, size_t *consumed) {
    if (input.writable()) return feed_once(input.data(), input.len(), max_events, consumed);
    uint8_t scratch[kScratchLen];
    const size_t part = copy_part(input.data(), input.len(), scratch);
    return feed_once(scratch, part, max_events, consumed);
  }

  // Has the engine give back the memory of the last events, of which Python has copies.
  void finish() {
    size_t count = 0;
    size_t consumed = 0;
    tw_event none;
    tw_conn_receive(object_->conn, nullptr, 0, &none, 1, &count, &consumed);
  }

  tw_status status() const { return status_; }

 private:
  bool feed_once(uint8_t *data, size_t len, size_t max_events, size_t *consumed) {
    tw_event batch[kEventBatch];
    size_t count = 0;
    status_ = tw_conn_receive(object_->conn, data, len, batch, max_events, &count, consumed);
    for (size_t i = 0; i < count; ++i) {
      if (!append(batch[i])) return false;
    }
    return true;
  }

  // Bytes that may be written to.
  bool feed_all(uint8_t *data, size_t len) {
    do {
      size_t consumed = 0;
      if (!feed_once(data, len, kEventBatch, &consumed)) return false;
      data += consumed;
      len -= consumed;
    } while (status_ == TW_NEED_ROOM);
    return true;
  }

  // Bytes that may not: the engine unmasks in place, hence the copy.
  bool feed_copy(const uint8_t *data, size_t len) {
    uint8_t scratch[kScratchLen];
    do {
      const size_t part = copy_part(data, len, scratch);
      if (!feed_all(scratch, part)) return false;
      data += part;
      len -= part;
    } while (len != 0 && status_ == TW_OK);
    return true;
  }

  static size_t copy_part(const uint8_t *data, size_t len, uint8_t *scratch) {
    const size_t part = len < kScratchLen ? len : kScratchLen;
    if (part != 0) memcpy(scratch, data, part);
    return part;
  }

  bool append(const tw_event &event) {
    if (event.type == TW_EVENT_OPEN && event.code != 0) {
      PyObject *chosen = PyTuple_GET_ITEM(object_->subprotocols, static_cast<Py_ssize_t>(event.code) - 1);
      object_->subprotocol = Py_NewRef(chosen);
    }
    PyObject *subprotocol = object_->subprotocol != nullptr ? object_->subprotocol : Py_None;
    const py::object made = py::reinterpret_steal<py::object>(make_event(event, object_->role, subprotocol));
    return made && PyList_Append(events_, made.ptr()) == 0;
  }

  ConnObject *object_;
  PyObject *events_;
  tw_status status_ = TW_OK;
};

}  // namespace

PyObject *conn_receive(PyObject *self, PyObject *data) {
  const UseConn use(self);
  if (!use) return nullptr;
  BufferArg input;
  if (!input.read(data, "data")) return nullptr;
  py::object events = py::reinterpret_steal<py::object>(PyList_New(0));
  if (!events) return nullptr;
  Receiver receiver(use.get(), events.ptr());
  const bool fed = receiver.feed(input);
  receiver.finish();
  if (!fed) return nullptr;
  return receiver.status() == TW_OK ? events.release().ptr() : raise_conn(use.get(), receiver.status(), events.ptr());
}

PyObject *conn_receive_some(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"data", "max_events"};
  PyObject *values[2];
  size_t max_events = kEventBatch;
  if (!bind_args({"receive_some", kNames, 2, 1, 2}, args, nargs, kwnames, values) ||
      !limit_arg(values[1], kNames[1], &max_events)) {
    return nullptr;
  }
  const UseConn use(self);
  if (!use) return nullptr;
  BufferArg input;
  if (!input.read(values[0], "data")) return nullptr;
  const py::object events = py::reinterpret_steal<py::object>(PyList_New(0));
  if (!events) return nullptr;
  Receiver receiver(use.get(), events.ptr());
  size_t consumed = 0;
  const bool fed = receiver.feed_some(input, std::min(max_events, kEventBatch), &consumed);
  receiver.finish();
  if (!fed) return nullptr;
  if (receiver.status() < 0) return raise_conn(use.get(), receiver.status(), events.ptr());
  return Py_BuildValue("(On)", events.ptr(), static_cast<Py_ssize_t>(consumed));
}

PyObject *conn_receive_eof(PyObject *self, PyObject *) {
  const UseConn use(self);
  return use ? none_or_raise_conn(use.get(), tw_conn_receive_eof(use->conn)) : nullptr;
}

}  // namespace tidewire::python
