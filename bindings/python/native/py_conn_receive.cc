// SPDX-License-Identifier: MIT
// Connection.receive: one engine call for a read buffer, whatever it holds.
#include <string.h>

#include "buffer_arg.h"
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

  // Feeds bytes that may be written to. False with an exception set when Python has no memory for the events.
  bool feed(uint8_t *data, size_t len) {
    do {
      tw_event batch[kEventBatch];
      size_t count = 0;
      size_t consumed = 0;
      status_ = tw_conn_receive(object_->conn, data, len, batch, kEventBatch, &count, &consumed);
      for (size_t i = 0; i < count; ++i) {
        if (!append(batch[i])) return false;
      }
      data += consumed;
      len -= consumed;
    } while (status_ == TW_NEED_ROOM);
    return true;
  }

  // Has the engine give back the memory of the last events, of which Python has copies.
  void finish() {
    size_t count = 0;
    size_t consumed = 0;
    tw_event none;
    tw_conn_receive(object_->conn, nullptr, 0, &none, 1, &count, &consumed);
  }

  // Feeds bytes that may not. The engine unmasks in place, hence the copy.
  bool feed_copy(const uint8_t *data, size_t len) {
    uint8_t scratch[kScratchLen];
    do {
      const size_t part = len < kScratchLen ? len : kScratchLen;
      if (part != 0) memcpy(scratch, data, part);
      if (!feed(scratch, part)) return false;
      data += part;
      len -= part;
    } while (len != 0 && status_ == TW_OK);
    return true;
  }

  tw_status status() const { return status_; }

 private:
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
  const bool fed =
      input.writable() ? receiver.feed(input.data(), input.len()) : receiver.feed_copy(input.data(), input.len());
  receiver.finish();
  if (!fed) return nullptr;
  return receiver.status() == TW_OK ? events.release().ptr() : raise_conn(use.get(), receiver.status(), events.ptr());
}

PyObject *conn_receive_eof(PyObject *self, PyObject *) {
  const UseConn use(self);
  return use ? none_or_raise_conn(use.get(), tw_conn_receive_eof(use->conn)) : nullptr;
}

}  // namespace tidewire::python
