// SPDX-License-Identifier: MIT
// Memory of a connection that Python sees for a while: queued output, and the room to read into.
#ifndef TIDEWIRE_PYTHON_CONN_MEMORY_H_
#define TIDEWIRE_PYTHON_CONN_MEMORY_H_

#include <pybind11/pybind11.h>
#include <stdint.h>

namespace tidewire::python {

// What is shown of one kind. Views end with the next turn; the memory must not go before.
struct Shown {
  PyObject *views;     // list of the memoryviews that were made in this turn, or nullptr
  Py_ssize_t exports;  // buffers of this memory that are in use: by those views, slices of them and other objects
  uint64_t turn;
};

// A new memoryview, which is also added to shown->views. `shown` lies in the Connection object `conn`.
PyObject *show_memory(PyObject *conn, Shown *shown, const uint8_t *data, size_t len, bool readonly);

// The work of end_shown.
bool end_views(Shown *shown, const char *name);

// Ends all views: to use one is a ValueError then. BufferError, and false, where a slice of one is still in use.
inline bool end_shown(Shown *shown, const char *name) {
  return (shown->views == nullptr && shown->exports == 0) || end_views(shown, name);
}

inline bool end_output(Shown *output) { return end_shown(output, "the queued output"); }
inline bool end_room(Shown *room) { return end_shown(room, "the read buffer"); }

// To be called once, when the module is made. Throws py::error_already_set.
void make_conn_memory_type();

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_CONN_MEMORY_H_
