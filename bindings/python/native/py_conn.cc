// SPDX-License-Identifier: MIT
// The Connection type: its life, and its tables. A heap type made by hand, since its methods are called for each read
// and each message, and pybind11's take ten times as long to be called.
#include "py_conn.h"

#include <structmember.h>

#include "byte_span.h"
#include "call_args.h"
#include "conn_object.h"
#include "lease_memory.h"

namespace tidewire::python {
namespace {

PyTypeObject *conn_type;

PyObject *conn_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  PyObject *self = PyType_GenericNew(type, args, kwargs);
  if (self == nullptr) return nullptr;
  as_conn(self)->deadline_ns = TW_NEVER;
  as_conn(self)->min_view_len = UINT64_MAX;
  return self;
}

int conn_traverse(PyObject *self, visitproc visit, void *arg) {
  const ConnObject *object = as_conn(self);
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(object->pool);
  Py_VISIT(object->random);
  Py_VISIT(object->random_error);
  Py_VISIT(object->logger);
  Py_VISIT(object->output.views);
  Py_VISIT(object->room.views);
  const int stop = object->target.traverse(visit, arg);
  return stop != 0 ? stop : object->loans.traverse(visit, arg);
}

// Every cycle goes through one of these; the pool stays for the sake of those who still have its memory. The engine's
// connection goes before what it uses. Views of its memory are garbage too, and nobody gets a new one.
int conn_clear(PyObject *self) {
  ConnObject *object = as_conn(self);
  ++object->output.turn;
  ++object->room.turn;
  tw_conn *const conn = object->conn;
  object->conn = nullptr;  // the logger may reach this object
  tw_conn_destroy(conn);
  Py_CLEAR(object->random);
  Py_CLEAR(object->random_error);
  Py_CLEAR(object->logger);
  Py_CLEAR(object->output.views);
  Py_CLEAR(object->room.views);
  object->target.release();
  object->loans.give_back(UINT64_MAX);
  return 0;
}

void conn_dealloc(PyObject *self) {
  ConnObject *object = as_conn(self);
  PyTypeObject *type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  if (object->weak_references != nullptr) PyObject_ClearWeakRefs(self);
  conn_clear(self);
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
    {"receive_into", as_method(conn_receive_into), METH_FASTCALL | METH_KEYWORDS,
     "receive_into($self, data, buffer, /, max_events=64)\n--\n\n"
     "Like receive_some, but puts the bytes of a message together in a writable buffer of yours, and stops after it.\n"
     "It comes as a MessageView of the buffer, or as ever where it is longer than that.\n\n"
     "While a message is cut, the buffer belongs to the connection: it cannot be resized or closed, and calls that\n"
     "take input must be this one with the same buffer (UsageError). Not with stream=True."},
    {"receive_eof", conn_receive_eof, METH_NOARGS,
     "receive_eof($self, /)\n--\n\n"
     "Says that the peer ended its direction of the stream. ProtocolError before the closing handshake is done."},
    {"read_buffer", as_method(conn_read_buffer), METH_FASTCALL | METH_KEYWORDS,
     "read_buffer($self, /, hint=0)\n--\n\n"
     "Returns a writable memoryview to read the socket into, for socket.recv_into: the place of a large message that\n"
     "is under way, or else as many bytes as the last reads suggest. `hint` is how many are known to wait.\n\n"
     "The memoryview ends with the next call that takes input, which raises BufferError while a slice of it is in\n"
     "use, and with the next read_buffer."},
    {"read_commit", conn_read_commit, METH_O,
     "read_commit($self, len, /)\n--\n\n"
     "Like receive, of the first `len` bytes of what read_buffer returned. 0 gives its memory back."},
    {"read_commit_some", as_method(conn_read_commit_some), METH_FASTCALL | METH_KEYWORDS,
     "read_commit_some($self, len, /, max_events=64)\n--\n\n"
     "Like read_commit, but returns after one call of the engine, with the events, at most max_events or 64 of them,\n"
     "and whether there is more: then call it with 0, before any other input."},
    {"tick", conn_tick, METH_O,
     "tick($self, now_ns, /)\n--\n\n"
     "Tells the time, of any clock that does not go back, such as time.monotonic_ns(): call it before receive, and at\n"
     "the deadline that it returns, None where nothing is awaited. Every call of the connection may bring that\n"
     "nearer.\n\n"
     "Pings, and raises a LimitError when a time-out has passed: the connection has failed then, as after receive.\n"
     "Without ticks there are no time-outs, pings and rates."},
    {"set_max_message_len", conn_set_max_message_len, METH_O,
     "set_max_message_len($self, max_message_len, /)\n--\n\n"
     "Sets max_message_len for what comes from now on. A message under way that already has more fails with\n"
     "its next data."},
    {"send", as_method(conn_send), METH_FASTCALL | METH_KEYWORDS,
     "send($self, data, /, *, more=False, compress=None, borrow=False, mask_in_place=False)\n--\n\n"
     "Queues a message: str as text, an event as what it is, any other buffer as binary.\n\n"
     "`more` says that this is the first fragment, and that send_continuation sends the others. `compress`: whether\n"
     "the message is compressed, if that was negotiated; None: if it, or its first fragment, is long enough.\n\n"
     "`borrow`: from min_borrow_len on, data is sent from where it lies, unless it is masked or compressed. It is\n"
     "held, and a bytearray cannot be resized, until its last byte was consumed; do not change it before.\n"
     "`mask_in_place`, of a client with borrow: data is masked where it lies, which must be writable."},
    {"send_text", as_method(conn_send_text), METH_FASTCALL | METH_KEYWORDS,
     "send_text($self, data, /, *, more=False, compress=None, borrow=False, mask_in_place=False)\n--\n\n"
     "Queues a text message: str, or a buffer that holds UTF-8. The options are those of send."},
    {"send_binary", as_method(conn_send_binary), METH_FASTCALL | METH_KEYWORDS,
     "send_binary($self, data, /, *, more=False, compress=None, borrow=False, mask_in_place=False)\n--\n\n"
     "Queues a binary message. The options are those of send."},
    {"send_continuation", as_method(conn_send_continuation), METH_FASTCALL | METH_KEYWORDS,
     "send_continuation($self, data, /, *, more=False, borrow=False, mask_in_place=False)\n--\n\n"
     "Queues the next fragment of a message, the last one unless `more`. A character may be cut by the end of a\n"
     "buffer and go on in the next fragment."},
    {"send_batch", as_method(conn_send_batch), METH_FASTCALL | METH_KEYWORDS,
     "send_batch($self, messages, /, *, compress=None, borrow=False, mask_in_place=False)\n--\n\n"
     "Queues many messages in one call of the engine, each as send does. Where one is refused, `offset` of the\n"
     "exception is its index: those before it are queued."},
    {"send_prepared", conn_send_prepared, METH_O,
     "send_prepared($self, prepared, /)\n--\n\n"
     "Queues a PreparedMessage. A server shares its bytes from min_borrow_len on, unless its compressor keeps a\n"
     "context; a client copies and masks them."},
    {"ping", as_method(conn_ping), METH_FASTCALL,
     "ping($self, data=b'', /)\n--\n\n"
     "Queues a ping of at most 125 bytes. tick sends pings of its own."},
    {"pong", as_method(conn_pong), METH_FASTCALL,
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

bool is_conn(PyObject *object) { return PyObject_TypeCheck(object, conn_type) && as_conn(object)->conn != nullptr; }

void add_conn(py::module_ &m) {
  make_byte_span_type();
  make_conn_memory_type();
  make_lease_type();
  const py::object type = py::reinterpret_steal<py::object>(PyType_FromSpec(&conn_spec));
  if (!type) throw py::error_already_set();
  m.attr("Connection") = type;
  conn_type = reinterpret_cast<PyTypeObject *>(type.inc_ref().ptr());
}

}  // namespace tidewire::python
