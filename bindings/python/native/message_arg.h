// SPDX-License-Identifier: MIT
// What may be sent, in the engine's terms: a str, a buffer, or an event that was received.
#ifndef TIDEWIRE_PYTHON_MESSAGE_ARG_H_
#define TIDEWIRE_PYTHON_MESSAGE_ARG_H_

#include <tidewire/tidewire.h>

#include "buffer_arg.h"

namespace tidewire::python {

class MessageArg {
 public:
  // These return false with an exception set. The flags are those of tw_conn_send; with TW_SEND_MASK_IN_PLACE the
  // memory must be writable.
  bool any(PyObject *data, uint32_t flags);           // a str or an event as what it is, other buffers as binary
  bool text(PyObject *data, uint32_t flags);          // a str or a buffer
  bool binary(PyObject *data, uint32_t flags);        // a buffer
  bool bytes(PyObject *data, uint32_t flags);         // a str as its UTF-8, or a buffer, as binary
  bool continuation(PyObject *data, uint32_t flags);  // a str or a buffer

  // Its bytes belong to the argument, which the caller holds.
  const tw_message &get() const { return message_; }

  // Has `hold` keep the bytes in place, see BufferArg.
  bool hand_over(BufferHold *hold) { return buffer_.hand_over(hold); }

 private:
  bool read(PyObject *data, uint32_t opcode, uint32_t flags);
  bool borrow(PyObject *data, uint32_t flags);

  BufferArg buffer_;
  tw_message message_ = {};
};

// Adds what the argument `compress` says to *flags. False with an exception set.
bool compress_flags(PyObject *compress, uint32_t *flags);

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_MESSAGE_ARG_H_
