// SPDX-License-Identifier: MIT
// The events of one call as a list of objects.
#ifndef TIDEWIRE_PYTHON_EVENT_LIST_H_
#define TIDEWIRE_PYTHON_EVENT_LIST_H_

#include "buffer_arg.h"
#include "conn_object.h"

namespace tidewire::python {

inline constexpr size_t kEventBatch = 64;  // events for one call of the engine

class EventList {
 public:
  explicit EventList(ConnObject *object);

  explicit operator bool() const { return static_cast<bool>(list_); }

  // Messages that lie at the start of this memory come as views of the buffer that it belongs to.
  void set_target(const BufferArg &memory, PyObject *buffer) {
    target_ = &memory;
    target_buffer_ = buffer;
  }

  // To be called before the connection takes more input. False with an exception set when Python has no memory.
  bool append(const tw_event *events, size_t count);

  // Has the engine give back the memory of the last events, of which Python has what it needs.
  void finish();

  // The list, or the exception for a status that says that the connection failed.
  PyObject *result(tw_status status);

 private:
  PyObject *make(const tw_event &event);
  bool in_target(const tw_event &event) const;

  ConnObject *object_;
  py::object list_;
  const BufferArg *target_ = nullptr;
  PyObject *target_buffer_ = nullptr;
};

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_EVENT_LIST_H_
