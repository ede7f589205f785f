// SPDX-License-Identifier: MIT
// BorrowedMessage: a message in the engine's memory, for the time of one call of on_message.
#ifndef TIDEWIRE_PYTHON_BORROWED_MESSAGE_H_
#define TIDEWIRE_PYTHON_BORROWED_MESSAGE_H_

#include <pybind11/pybind11.h>
#include <tidewire/tidewire.h>

#include "session_object.h"

namespace tidewire::python {

// Calls on_message with one message after another, by means of one object as long as nobody keeps it.
class BorrowedMessage {
 public:
  BorrowedMessage() = default;
  BorrowedMessage(const BorrowedMessage &) = delete;
  BorrowedMessage &operator=(const BorrowedMessage &) = delete;
  ~BorrowedMessage();

  // False with the exception set that on_message raised.
  bool call(SessionObject *session, const tw_event &event);

 private:
  PyObject *object_ = nullptr;
};

bool is_borrowed_message(PyObject *object);

// Its bytes and kind; false with a ValueError set when its time is over.
bool borrowed_content(PyObject *message, const uint8_t **data, size_t *len, bool *is_text);

void add_borrowed_message(py::module_ &m);

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_BORROWED_MESSAGE_H_
