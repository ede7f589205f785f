// SPDX-License-Identifier: MIT
// The Connection type: sending, and its life. A heap type made by hand, since its methods are called for each read and
// each message, and pybind11's take ten times as long to be called.
#include "py_conn.h"

#include <structmember.h>

#include "buffer_arg.h"
#include "call_args.h"
#include "conn_object.h"
#include "py_event.h"
#include "py_status.h"

namespace tidewire::python {
namespace {

// ---- Sending ----

PyObject *send_buffer(ConnObject *object, uint32_t opcode, PyObject *data, uint32_t flags) {
  BufferArg buffer;
  if (!buffer.read(data, "data")) return nullptr;
  return none_or_raise_conn(object, tw_conn_send(object->conn, opcode, buffer.data(), buffer.len(), flags));
}

PyObject *send_str(ConnObject *object, uint32_t opcode, PyObject *data, uint32_t flags) {
  std::string_view text;
  if (!text_arg(data, "data", &text)) return nullptr;
  // A str is valid, but the fragments beside this one may be anything: the engine takes our word for all or for none.
  if (opcode == TW_OPCODE_TEXT && (flags & TW_SEND_MORE) == 0) flags |= TW_SEND_VALID_UTF8;
  const auto *bytes = reinterpret_cast<const uint8_t *>(text.data());
  return none_or_raise_conn(object, tw_conn_send(object->conn, opcode, bytes, text.size(), flags));
}

PyObject *send_chunk(ConnObject *object, PyObject *chunk, uint32_t flags) {
  if (!chunk_is_last(chunk)) flags |= TW_SEND_MORE;
  return send_buffer(object, chunk_opcode(chunk), chunk_data(chunk), flags);
}

PyObject *send_any(ConnObject *object, PyObject *data, uint32_t flags) {
  if (PyUnicode_Check(data)) return send_str(object, TW_OPCODE_TEXT, data, flags);
  if (is_chunk(data)) return send_chunk(object, data, flags);
  if (!is_message(data)) return send_buffer(object, TW_OPCODE_BINARY, data, flags);
  const uint32_t opcode = message_is_text(data) ? TW_OPCODE_TEXT : TW_OPCODE_BINARY;
  return send_buffer(object, opcode, message_data(data), flags);
}

PyObject *send_text(ConnObject *object, PyObject *data, uint32_t flags) {
  return PyUnicode_Check(data) ? send_str(object, TW_OPCODE_TEXT, data, flags)
                               : send_buffer(object, TW_OPCODE_TEXT, data, flags);
}

PyObject *send_binary(ConnObject *object, PyObject *data, uint32_t flags) {
  return send_buffer(object, TW_OPCODE_BINARY, data, flags);
}

PyObject *send_continuation(ConnObject *object, PyObject *data, uint32_t flags) {
  return PyUnicode_Check(data) ? send_str(object, TW_OPCODE_CONTINUATION, data, flags)
                               : send_buffer(object, TW_OPCODE_CONTINUATION, data, flags);
}

using Sender = PyObject *(*)(ConnObject *object, PyObject *data, uint32_t flags);

constexpr char kSend[] = "send";
constexpr char kSendText[] = "send_text";
constexpr char kSendBinary[] = "send_binary";
constexpr char kSendContinuation[] = "send_continuation";

bool send_flags(PyObject *more, PyObject *compress, uint32_t *flags) {
  bool on = false;
  if (!flag_arg(more, &on)) return false;
  if (on) *flags |= TW_SEND_MORE;
  if (!is_given(compress)) return true;
  if (!flag_arg(compress, &on)) return false;
  *flags |= on ? TW_SEND_COMPRESS : TW_SEND_NO_COMPRESS;
  return true;
}

// The first fragment decides about compression, so a continuation is not asked.
template <const char *kName, Sender kSender>
PyObject *conn_send(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"data", "more", "compress"};
  constexpr Py_ssize_t kCount = kSender == send_continuation ? 2 : 3;
  PyObject *values[3] = {};
  uint32_t flags = 0;
  if (!bind_args({kName, kNames, kCount, 1, 1}, args, nargs, kwnames, values) ||
      !send_flags(values[1], values[2], &flags)) {
    return nullptr;
  }
  const UseConn use(self);
  return use ? kSender(use.get(), values[0], flags) : nullptr;
}

using ControlSender = tw_status (*)(tw_conn *conn, const uint8_t *data, size_t len);

constexpr char kPing[] = "ping";
constexpr char kPong[] = "pong";

template <const char *kName, ControlSender kSender>
PyObject *conn_control(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
  static constexpr const char *kNames[] = {"data"};
  PyObject *data = nullptr;
  if (!bind_args({kName, kNames, 1, 0, 1}, args, nargs, nullptr, &data)) return nullptr;
  BufferArg buffer;
  if (data != nullptr && !buffer.read(data, "data")) return nullptr;
  const UseConn use(self);
  return use ? none_or_raise_conn(use.get(), kSender(use->conn, buffer.data(), buffer.len())) : nullptr;
}

PyObject *conn_close(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"code", "reason"};
  PyObject *values[2];
  uint64_t code = 1000;
  std::string_view reason = "";
  if (!bind_args({"close", kNames, 2, 0, 2}, args, nargs, kwnames, values) ||
      !number_arg(values[0], "code", UINT32_MAX, &code) ||
      (values[1] != nullptr && !text_arg(values[1], "reason", &reason))) {
    return nullptr;
  }
  const UseConn use(self);
  if (!use) return nullptr;
  const auto *bytes = reinterpret_cast<const uint8_t *>(reason.data());
  return none_or_raise_conn(use.get(), tw_conn_close(use->conn, static_cast<uint32_t>(code), bytes, reason.size()));
}

// ---- Life ----

PyObject *conn_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  PyObject *self = PyType_GenericNew(type, args, kwargs);
  if (self != nullptr) as_conn(self)->deadline_ns = TW_NEVER;
  return self;
}

int conn_traverse(PyObject *self, visitproc visit, void *arg) {
  const ConnObject *object = as_conn(self);
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(object->pool);
  Py_VISIT(object->random);
  Py_VISIT(object->random_error);
  Py_VISIT(object->views);
  return 0;
}

// Every cycle goes through one of these; the pool stays for the engine's sake.
int conn_clear(PyObject *self) {
  ConnObject *object = as_conn(self);
  Py_CLEAR(object->random);
  Py_CLEAR(object->random_error);
  Py_CLEAR(object->views);
  return 0;
}

void conn_dealloc(PyObject *self) {
  ConnObject *object = as_conn(self);
  PyTypeObject *type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  if (object->weak_references != nullptr) PyObject_ClearWeakRefs(self);
  conn_clear(self);
  tw_conn_destroy(object->conn);
  Py_XDECREF(object->pool);
  Py_XDECREF(object->subprotocols);
  Py_XDECREF(object->subprotocol);
  type->tp_free(self);
  Py_DECREF(type);
}

PyMethodDef conn_methods[] = {
    {"receive", conn_receive, METH_O,
     "receive($self, data, /)\n--\n\n"
     "Takes bytes that were read from the socket and returns the list of events that they complete. Pings and\n"
     "close frames are answered without further ado, unless manual_pong and manual_close say otherwise.\n\n"
     "A writable buffer is unmasked in place, and its contents are undefined afterwards; a read-only one is copied\n"
     "first. The events own their data. An Error is raised when the connection fails, with the events before it in\n"
     "`events`: they may still be answered. Then write data_to_send() to the socket and close it."},
    {"receive_some", as_method(conn_receive_some), METH_FASTCALL | METH_KEYWORDS,
     "receive_some($self, data, /, max_events=64)\n--\n\n"
     "Like receive, but returns after one call of the engine, with the events, at most max_events or 64 of them, and\n"
     "the number of bytes that were taken, which may be 0; call again with the rest.\n\n"
     "Compressed data may become a thousand times as long: receive returns all of it, this no more than about\n"
     "DeflateConfig.max_call_len and the messages that are complete."},
    {"receive_eof", conn_receive_eof, METH_NOARGS,
     "receive_eof($self, /)\n--\n\n"
     "Says that the peer ended its direction of the stream. ProtocolError before the closing handshake is done."},
    {"tick", conn_tick, METH_O,
     "tick($self, now_ns, /)\n--\n\n"
     "Tells the time, of any clock that does not go back, such as time.monotonic_ns(): call it before receive, and at\n"
     "the deadline that it returns, None where nothing is awaited. Every call of the connection may bring that\n"
     "nearer.\n\n"
     "Pings, and raises a LimitError when a time-out has passed: the connection has failed then, as after receive.\n"
     "Without ticks there are no time-outs, pings and rates."},
    {"send", as_method(conn_send<kSend, send_any>), METH_FASTCALL | METH_KEYWORDS,
     "send($self, data, /, *, more=False, compress=None)\n--\n\n"
     "Queues a message: str as text, a Message or Chunk as what it is, any other buffer as binary.\n\n"
     "`more` says that this is the first fragment, and that send_continuation sends the others. `compress`: whether\n"
     "the message is compressed, if that was negotiated; None: if it, or its first fragment, is long enough."},
    {"send_text", as_method(conn_send<kSendText, send_text>), METH_FASTCALL | METH_KEYWORDS,
     "send_text($self, data, /, *, more=False, compress=None)\n--\n\n"
     "Queues a text message: str, or a buffer that holds UTF-8. `more` and `compress` as in send."},
    {"send_binary", as_method(conn_send<kSendBinary, send_binary>), METH_FASTCALL | METH_KEYWORDS,
     "send_binary($self, data, /, *, more=False, compress=None)\n--\n\n"
     "Queues a binary message. `more` and `compress` as in send."},
    {"send_continuation", as_method(conn_send<kSendContinuation, send_continuation>), METH_FASTCALL | METH_KEYWORDS,
     "send_continuation($self, data, /, *, more=False)\n--\n\n"
     "Queues the next fragment of a message, the last one unless `more`. A character may be cut by the end of a\n"
     "buffer and go on in the next fragment."},
    {"ping", as_method(conn_control<kPing, tw_conn_ping>), METH_FASTCALL,
     "ping($self, data=b'', /)\n--\n\n"
     "Queues a ping of at most 125 bytes. tick sends pings of its own."},
    {"pong", as_method(conn_control<kPong, tw_conn_pong>), METH_FASTCALL,
     "pong($self, data=b'', /)\n--\n\n"
     "Queues a pong, which answers a ping with manual_pong and none otherwise."},
    {"close", as_method(conn_close), METH_FASTCALL | METH_KEYWORDS,
     "close($self, code=1000, reason='')\n--\n\n"
     "Starts the closing handshake, after which events go on until the peer answers; or answers the peer's close\n"
     "frame. Code 0 sends none. The reason takes at most 123 bytes as UTF-8."},
    {"data_to_send", conn_data_to_send, METH_NOARGS,
     "data_to_send($self, /)\n--\n\n"
     "Returns all queued output as bytes and regards it as written. The close frame that answers the peer's, or a\n"
     "failure, comes at its end: from then on nothing can be sent."},
    {"output", conn_output, METH_NOARGS,
     "output($self, /)\n--\n\n"
     "Returns the queued output as a list of read-only memoryviews, oldest byte first, for socket.sendmsg. Nothing is\n"
     "copied or consumed. They can be used until the next call of output, consume or data_to_send. A close frame is\n"
     "added as by data_to_send."},
    {"consume", conn_consume, METH_O,
     "consume($self, len, /)\n--\n\n"
     "Says that the first `len` bytes of the output were written. Ends the memoryviews that output returned;\n"
     "BufferError while a slice of one is in use."},
    {"stats", conn_stats, METH_NOARGS, "stats($self, /)\n--\n\nReturns the counters so far, a ConnectionStats."},
    {nullptr, nullptr, 0, nullptr},
};

PyMemberDef conn_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(ConnObject, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

PyType_Slot conn_slots[] = {
    {Py_tp_new, reinterpret_cast<void *>(conn_new)},
    {Py_tp_init, reinterpret_cast<void *>(conn_init)},
    {Py_tp_dealloc, reinterpret_cast<void *>(conn_dealloc)},
    {Py_tp_traverse, reinterpret_cast<void *>(conn_traverse)},
    {Py_tp_clear, reinterpret_cast<void *>(conn_clear)},
    {Py_tp_repr, reinterpret_cast<void *>(conn_repr)},
    {Py_tp_methods, conn_methods},
    {Py_tp_getset, conn_properties},
    {Py_tp_members, conn_members},
    {Py_tp_doc, const_cast<char *>(kConnDoc)},
    {0, nullptr},
};

PyType_Spec conn_spec = {"tidewire.Connection", sizeof(ConnObject), 0,
                         Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE, conn_slots};

}  // namespace

void add_conn(py::module_ &m) {
  make_output_type();
  const py::object type = py::reinterpret_steal<py::object>(PyType_FromSpec(&conn_spec));
  if (!type) throw py::error_already_set();
  m.attr("Connection") = type;
}

}  // namespace tidewire::python
