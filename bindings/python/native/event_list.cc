// SPDX-License-Identifier: MIT
// How each event becomes an object: with data of its own, with memory of the engine, or in the caller's buffer.
#include "event_list.h"

#include "byte_span.h"
#include "lease_memory.h"
#include "py_event.h"

namespace tidewire::python {

EventList::EventList(ConnObject *object) : object_(object), list_(py::reinterpret_steal<py::object>(PyList_New(0))) {}

bool EventList::append(const tw_event *events, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const py::object made = py::reinterpret_steal<py::object>(make(events[i]));
    if (!made || PyList_Append(list_.ptr(), made.ptr()) != 0) return false;
  }
  return true;
}

PyObject *EventList::make(const tw_event &event) {
  if (event.type == TW_EVENT_MESSAGE) {
    if (in_target(event)) return make_message_view(event, make_byte_span(target_buffer_, event.len));
    if (event.len >= object_->min_view_len) {
      return make_message_view(event, make_lease_view(object_->conn, event, object_->pool));
    }
  }
  if (event.type == TW_EVENT_OPEN && event.code != 0) {
    PyObject *chosen = PyTuple_GET_ITEM(object_->subprotocols, static_cast<Py_ssize_t>(event.code) - 1);
    object_->subprotocol = Py_NewRef(chosen);
  }
  return make_event(event, object_->role, object_->subprotocol != nullptr ? object_->subprotocol : Py_None);
}

bool EventList::in_target(const tw_event &event) const {
  return target_ != nullptr && event.len <= target_->len() && (event.data == target_->data() || event.len == 0);
}

void EventList::finish() { give_back_events(object_); }

PyObject *EventList::result(tw_status status) {
  return status >= 0 ? list_.release().ptr() : raise_conn(object_, status, list_.ptr());
}

}  // namespace tidewire::python
