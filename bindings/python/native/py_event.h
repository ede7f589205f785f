// SPDX-License-Identifier: MIT
// Open, Message, MessageView, Chunk, Ping, Pong and Close: what Connection.receive returns.
#ifndef TIDEWIRE_PYTHON_PY_EVENT_H_
#define TIDEWIRE_PYTHON_PY_EVENT_H_

#include <pybind11/pybind11.h>
#include <tidewire/tidewire.h>

namespace py = pybind11;

namespace tidewire::python {

// A new event, which owns its data. `role` is ours and `subprotocol` a str or None: OPEN needs them.
PyObject *make_event(const tw_event &event, uint32_t role, PyObject *subprotocol);

// A new MessageView. Takes `view` over, also on failure; nullptr, with an exception set, is passed on.
PyObject *make_message_view(const tw_event &event, PyObject *view);

// Whether `object` is a Message or a MessageView, and its data and kind.
bool is_message(PyObject *object);
PyObject *message_data(PyObject *message);  // borrowed
bool message_is_text(PyObject *message);

// The same for a Chunk.
bool is_chunk(PyObject *object);
PyObject *chunk_data(PyObject *chunk);  // borrowed
uint32_t chunk_opcode(PyObject *chunk);
bool chunk_is_last(PyObject *chunk);

void add_event(py::module_ &m);

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_PY_EVENT_H_
