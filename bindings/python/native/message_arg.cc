// SPDX-License-Identifier: MIT
// Which kind of message a Python object is.
#include "message_arg.h"

#include "borrowed_message.h"
#include "call_args.h"
#include "py_event.h"

namespace tidewire::python {

bool MessageArg::any(PyObject *data, uint32_t flags) {
  if (PyUnicode_Check(data)) return read(data, TW_OPCODE_TEXT, flags);
  if (is_chunk(data))
    return read(chunk_data(data), chunk_opcode(data), flags | (chunk_is_last(data) ? 0 : TW_SEND_MORE));
  if (is_borrowed_message(data)) return borrow(data, flags);
  if (!is_message(data)) return read(data, TW_OPCODE_BINARY, flags);
  return read(message_data(data), message_is_text(data) ? TW_OPCODE_TEXT : TW_OPCODE_BINARY, flags);
}

bool MessageArg::text(PyObject *data, uint32_t flags) { return read(data, TW_OPCODE_TEXT, flags); }

bool MessageArg::continuation(PyObject *data, uint32_t flags) { return read(data, TW_OPCODE_CONTINUATION, flags); }

bool MessageArg::binary(PyObject *data, uint32_t flags) { return read(data, TW_OPCODE_BINARY, flags); }

bool MessageArg::bytes(PyObject *data, uint32_t flags) {
  if (!PyUnicode_Check(data)) return read(data, TW_OPCODE_BINARY, flags);
  if (!buffer_.text(data, "data")) return false;
  message_ = {buffer_.data(), buffer_.len(), TW_OPCODE_BINARY, flags};
  return true;
}

// What is to be held after the call moves to memory of its own.
bool MessageArg::borrow(PyObject *data, uint32_t flags) {
  bool is_text = false;
  if (!borrowed_content(data, &message_.data, &message_.len, &is_text)) return false;
  message_.opcode = is_text ? TW_OPCODE_TEXT : TW_OPCODE_BINARY;
  message_.flags = flags;
  return (flags & TW_SEND_BORROW) == 0 || read(data, message_.opcode, flags);
}

bool MessageArg::read(PyObject *data, uint32_t opcode, uint32_t flags) {
  if ((flags & TW_SEND_MASK_IN_PLACE) != 0) {
    if (!buffer_.write(data, "data")) return false;
  } else if (PyUnicode_Check(data) && opcode != TW_OPCODE_BINARY) {
    if (!buffer_.text(data, "data")) return false;
    // A str is valid, but fragments beside this one may be anything: the engine takes our word for all or for none.
    if (opcode == TW_OPCODE_TEXT && (flags & TW_SEND_MORE) == 0) flags |= TW_SEND_VALID_UTF8;
  } else if (!buffer_.read(data, "data")) {
    return false;
  }
  message_ = {buffer_.data(), buffer_.len(), opcode, flags};
  return true;
}

bool compress_flags(PyObject *compress, uint32_t *flags) {
  bool on = false;
  if (!is_given(compress)) return true;
  if (!flag_arg(compress, &on)) return false;
  *flags |= on ? TW_SEND_COMPRESS : TW_SEND_NO_COMPRESS;
  return true;
}

}  // namespace tidewire::python
