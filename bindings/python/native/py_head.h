// SPDX-License-Identifier: MIT
// A request or response head: parsed, and as Python objects.
#ifndef TIDEWIRE_PYTHON_PY_HEAD_H_
#define TIDEWIRE_PYTHON_PY_HEAD_H_

#include <pybind11/pybind11.h>
#include <stdint.h>
#include <tidewire/tidewire.h>

namespace py = pybind11;

namespace tidewire::python {

// Parses a whole head within the limits of config. False with an exception set.
bool parse_head(const uint8_t *data, size_t len, uint32_t role, const tw_handshake_config &config, tw_head *out);

// Reads a complete head that the connection has accepted. *out_target is a str, or None for a client; *out_headers a
// tuple of pairs of str. False with an exception set.
bool read_head(const uint8_t *data, size_t len, uint32_t role, py::object *out_target, py::object *out_headers);

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_PY_HEAD_H_
