// SPDX-License-Identifier: MIT
// The log of a connection as the standard module `logging` has it.
#ifndef TIDEWIRE_PYTHON_CONN_LOG_H_
#define TIDEWIRE_PYTHON_CONN_LOG_H_

#include <pybind11/pybind11.h>
#include <tidewire/tidewire.h>

namespace py = pybind11;

namespace tidewire::python {

// A Logger or LoggerAdapter, which is asked once what it wants: level 0 where that is nothing. It is borrowed, and must
// outlive the connection. False with an exception set.
bool log_arg(PyObject *logger, tw_log *out);

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_CONN_LOG_H_
