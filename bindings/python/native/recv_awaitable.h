// SPDX-License-Identifier: MIT
// What recv, take and __anext__ of a session return. It completes at once where something is queued, and otherwise
// waits by means of a future of the loop. It takes from the queue only when it completes, so that cancellation loses
// nothing.
#ifndef TIDEWIRE_PYTHON_RECV_AWAITABLE_H_
#define TIDEWIRE_PYTHON_RECV_AWAITABLE_H_

#include <pybind11/pybind11.h>
#include <stdint.h>

#include "session_object.h"

namespace tidewire::python {

enum class Reading : uint8_t {
  kMessage,  // as it came: str or bytes
  kText,     // always str
  kBytes,    // always bytes
  kNext,     // like kMessage; StopAsyncIteration after an orderly end
  kItem      // as it was queued, for whoever has reserved the session
};

// A new awaitable, nullptr with an exception set.
PyObject *make_recv(SessionObject *session, Reading reading);

// To be called once, when the module is made. Throws py::error_already_set.
void make_recv_type();

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_RECV_AWAITABLE_H_
