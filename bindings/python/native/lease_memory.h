// SPDX-License-Identifier: MIT
// A message that the engine put together and handed over: memory that outlives its connection.
#ifndef TIDEWIRE_PYTHON_LEASE_MEMORY_H_
#define TIDEWIRE_PYTHON_LEASE_MEMORY_H_

#include <pybind11/pybind11.h>
#include <tidewire/tidewire.h>

namespace tidewire::python {

// A new writable memoryview of an event's bytes, which it takes out of the connection; nullptr with an exception set.
// `pool` is the connection's BufferPool, or nullptr.
PyObject *make_lease_view(tw_conn *conn, const tw_event &event, PyObject *pool);

// To be called once, when the module is made. Throws py::error_already_set.
void make_lease_type();

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_LEASE_MEMORY_H_
