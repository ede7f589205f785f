// SPDX-License-Identifier: MIT
// The Session type: its life, and its tables. What happens for each read and each message is C; hooks, whose names
// begin with `_`, and everything rare are Python, in subclasses.
#include "py_session.h"

#include <structmember.h>

#include "borrowed_message.h"
#include "call_args.h"
#include "done_awaitable.h"
#include "py_conn.h"
#include "py_status.h"
#include "recv_awaitable.h"
#include "session_object.h"

namespace tidewire::python {

SessionNames session_names;

bool is_attached(SessionObject *session) {
  if (session->loop != nullptr) return true;
  raise_saying(TW_ERR_STATE, "the session was not attached to a transport");
  return false;
}

namespace {

PyObject *session_new(PyTypeObject *type, PyObject *, PyObject *) {
  PyObject *self = type->tp_alloc(type, 0);
  if (self == nullptr) return nullptr;
  SessionObject *session = as_session(self);
  session->armed_ns = TW_NEVER;
  session->fd = -1;
  session->answers = true;
  session->spilled = true;  // what was written before the session began
  return self;
}

// The arguments belong to subclasses.
int session_init(PyObject *, PyObject *, PyObject *) { return 0; }

bool read_limit(PyObject *value, const char *name, size_t *out) {
  uint64_t limit = *out;
  if (value == Py_None) {
    limit = SIZE_MAX;
  } else if (!number_arg(value, name, SIZE_MAX, &limit)) {
    return false;
  }
  *out = limit;
  return true;
}

PyObject *session_attach(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"engine", "transport", "loop", "on_message", "high", "low"};
  PyObject *values[6];
  SessionObject *session = as_session(self);
  size_t high = 16;
  size_t low = 4;
  if (!bind_args({"attach", kNames, 6, 3, 3}, args, nargs, kwnames, values) || !read_limit(values[4], "high", &high) ||
      !read_limit(values[5], "low", &low)) {
    return nullptr;
  }
  if (session->loop != nullptr) return raise_saying(TW_ERR_STATE, "the session is attached already");
  if (!is_conn(values[0])) {
    PyErr_Format(PyExc_TypeError, "engine must be a Connection, not %.200s", Py_TYPE(values[0])->tp_name);
    return nullptr;
  }
  if (is_given(values[3]) && PyCallable_Check(values[3]) == 0) {
    PyErr_Format(PyExc_TypeError, "on_message must be callable, not %.200s", Py_TYPE(values[3])->tp_name);
    return nullptr;
  }
  const int fd = find_fd(values[1]);
  if (fd == -2) return nullptr;
  Py_XSETREF(session->engine, Py_NewRef(values[0]));
  Py_XSETREF(session->transport, Py_NewRef(values[1]));
  session->loop = Py_NewRef(values[2]);
  if (is_given(values[3])) session->on_message = Py_NewRef(values[3]);
  session->high = high;
  session->low = low;
  session->fd = fd;
  return flush_now(session) ? Py_NewRef(Py_None) : nullptr;
}

// What the session needs no longer, and what would hold it in turn.
PyObject *session_detach(PyObject *self, PyObject *) {
  SessionObject *session = as_session(self);
  session->fd = -1;
  session->finished = 1;
  session->write_paused = 0;
  session->deaf |= session->on_message != nullptr;
  session->over = 1;
  if (!wake_receiver(session, nullptr)) return nullptr;
  Py_CLEAR(session->on_message);
  if (session->engine != nullptr) give_up_room(session);
  Py_RETURN_NONE;
}

int session_traverse(PyObject *self, visitproc visit, void *arg) {
  const SessionObject *session = as_session(self);
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(session->engine);
  Py_VISIT(session->transport);
  Py_VISIT(session->loop);
  Py_VISIT(session->on_message);
  Py_VISIT(session->future);
  return session->queue.traverse(visit, arg);
}

// Whoever has a view of the engine's memory holds the engine.
int session_clear(PyObject *self) {
  SessionObject *session = as_session(self);
  session->fd = -1;
  session->finished = 1;
  Py_CLEAR(session->transport);
  Py_CLEAR(session->on_message);
  Py_CLEAR(session->future);
  Py_CLEAR(session->loop);
  Py_CLEAR(session->engine);
  session->queue.clear();
  return 0;
}

void session_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  if (as_session(self)->weak_references != nullptr) PyObject_ClearWeakRefs(self);
  session_clear(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject *get_transport(PyObject *self, void *) {
  PyObject *transport = as_session(self)->transport;
  if (transport == nullptr) PyErr_SetString(PyExc_AttributeError, "the session has no transport yet");
  return Py_XNewRef(transport);
}

int set_transport(PyObject *self, PyObject *value, void *) {
  if (value == nullptr || as_session(self)->loop != nullptr) {
    PyErr_SetString(PyExc_AttributeError, "the transport can only be set before attach");
    return -1;
  }
  Py_XSETREF(as_session(self)->transport, Py_NewRef(value));
  return 0;
}

PyObject *get_queued(PyObject *self, void *) { return PyLong_FromSize_t(as_session(self)->queue.size()); }

PyObject *get_waiting(PyObject *self, void *) { return PyBool_FromLong(as_session(self)->receiver != nullptr); }

PyMethodDef session_methods[] = {
    {"attach", as_method(session_attach), METH_FASTCALL | METH_KEYWORDS,
     "attach($self, engine, transport, loop, /, *, on_message=None, high=16, low=4)\n--\n\n"
     "Begins: `engine` is a Connection that is upgraded. Messages go to on_message(session, message), where `message`\n"
     "is a BorrowedMessage, or without it into the queue: more than `high` of them pause the reading, and `low` "
     "resume\n"
     "it; None is no limit."},
    {"detach", session_detach, METH_NOARGS,
     "detach($self, /)\n--\n\n"
     "Ends: the transport is lost. What is queued can still be received."},
    {"get_buffer", session_get_buffer, METH_O,
     "get_buffer($self, sizehint, /)\n--\n\n"
     "Returns the room for the next read, a memoryview of the engine's memory: that of the message under way, where "
     "it\n"
     "is large. It ends with buffer_updated, which is a BufferError while slices of it are in use."},
    {"buffer_updated", session_buffer_updated, METH_O,
     "buffer_updated($self, nbytes, /)\n--\n\nTakes what was read into it, and delivers what it brought."},
    {"feed", session_feed, METH_O, "feed($self, data, /)\n--\n\nTakes bytes that were read elsewhere."},
    {"drain", session_drain, METH_NOARGS,
     "drain($self, /)\n--\n\nQueues what is left of a read of which the queue could not take everything."},
    {"_continue_reading", session_continue_reading, METH_NOARGS,
     "_continue_reading($self, /)\n--\n\nGoes on with such a read."},
    {"put", session_put, METH_O,
     "put($self, item, /)\n--\n\n"
     "Queues something as if it were a message. recv passes what is neither str nor bytes through `_unpack`."},
    {"pause_receiving", session_pause_receiving, METH_NOARGS,
     "pause_receiving($self, /)\n--\n\nReads no more until recv takes or awaits something."},
    {"discard", session_discard, METH_NOARGS,
     "discard($self, /)\n--\n\n"
     "Throws the queue away, and all messages that will come: nobody waits for them, and they must not keep the "
     "peer's\n"
     "close frame from being read."},
    {"end", session_end, METH_NOARGS,
     "end($self, /)\n--\n\nSays that nothing more will be received: recv raises once the queue is empty."},
    {"recv", as_method(session_recv), METH_FASTCALL | METH_KEYWORDS,
     "recv($self, /, decode=None)\n--\n\n"
     "Awaits the next message: text as str, binary as bytes; with `decode`, both as str or both as bytes. Nothing is\n"
     "lost when it is cancelled. After the end it raises what _closed_exception returns; ConcurrencyError while "
     "another\n"
     "recv waits."},
    {"take", session_take, METH_NOARGS,
     "take($self, /)\n--\n\nLike recv, but returns the item as it was queued, also while `reserved`."},
    {"send", as_method(session_send), METH_FASTCALL | METH_KEYWORDS,
     "send($self, /, message, text=None)\n--\n\n"
     "Queues a message, and waits while the peer reads too slowly: str as text, a buffer as binary; `text` decides\n"
     "otherwise. What cannot be queued at once goes to _send_slowly."},
    {"send_now", as_method(session_send_now), METH_FASTCALL | METH_KEYWORDS,
     "send_now($self, message, /, *, text=None, compress=None)\n--\n\n"
     "Queues a message, also a BorrowedMessage. It leaves with all others of this turn of the loop. `compress` as of\n"
     "Connection.send; UsageError when the connection is not open."},
    {"send_batch", as_method(session_send_batch), METH_FASTCALL | METH_KEYWORDS,
     "send_batch($self, messages, /, *, compress=None, borrow=False, mask_in_place=False)\n--\n\n"
     "Queues many messages, like Connection.send_batch."},
    {"send_prepared", session_send_prepared, METH_O,
     "send_prepared($self, prepared, /)\n--\n\nQueues a PreparedMessage."},
    {"flush", session_flush, METH_NOARGS, "flush($self, /)\n--\n\nWrites what is queued, at once."},
    {"timer_fired", session_timer_fired, METH_NOARGS,
     "timer_fired($self, /)\n--\n\nTells the engine that the time has come that _arm was called with."},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef session_properties[] = {
    {"transport", get_transport, set_transport, "The asyncio transport, which may be known before attach.", nullptr},
    {"queued", get_queued, nullptr, "The number of messages in the queue.", nullptr},
    {"waiting", get_waiting, nullptr, "Whether recv or take awaits something.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMemberDef session_members[] = {
    {"engine", T_OBJECT_EX, offsetof(SessionObject, engine), READONLY, "The Connection."},
    {"_loop", T_OBJECT_EX, offsetof(SessionObject, loop), READONLY, "Its loop."},
    {"_over", T_BOOL, offsetof(SessionObject, over), READONLY, "Whether nothing more is received."},
    {"_write_paused", T_BOOL, offsetof(SessionObject, write_paused), 0, "Whether send has to wait."},
    {"_read_paused", T_BOOL, offsetof(SessionObject, read_paused), READONLY, "Whether reading is paused."},
    {"_finished", T_BOOL, offsetof(SessionObject, finished), READONLY, "Whether nothing more is written."},
    {"reserved", T_BOOL, offsetof(SessionObject, reserved), 0, "Whether recv is refused, since somebody uses take."},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(SessionObject, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

constexpr char kSessionDoc[] =
    "Session(*args, **kwargs)\n--\n\n"
    "An engine joined to an asyncio transport: the base of tidewire.asyncio.session.Session, which see. The arguments\n"
    "are for subclasses.";

PyType_Slot session_slots[] = {
    {Py_tp_new, reinterpret_cast<void *>(session_new)},
    {Py_tp_init, reinterpret_cast<void *>(session_init)},
    {Py_tp_dealloc, reinterpret_cast<void *>(session_dealloc)},
    {Py_tp_traverse, reinterpret_cast<void *>(session_traverse)},
    {Py_tp_clear, reinterpret_cast<void *>(session_clear)},
    {Py_am_aiter, reinterpret_cast<void *>(PyObject_SelfIter)},
    {Py_am_anext, reinterpret_cast<void *>(session_anext)},
    {Py_tp_methods, session_methods},
    {Py_tp_getset, session_properties},
    {Py_tp_members, session_members},
    {Py_tp_doc, const_cast<char *>(kSessionDoc)},
    {0, nullptr},
};

PyType_Spec session_spec = {"tidewire._native.Session", sizeof(SessionObject), 0,
                            Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE, session_slots};

void import_names() {
  const struct {
    PyObject **place;
    const char *name;
  } kNames[] = {
      {&session_names.arm, "_arm"},
      {&session_names.call_soon, "call_soon"},
      {&session_names.closed_exception, "_closed_exception"},
      {&session_names.continue_reading, "_continue_reading"},
      {&session_names.create_future, "create_future"},
      {&session_names.done, "done"},
      {&session_names.finish, "_finish"},
      {&session_names.flush, "flush"},
      {&session_names.get_write_buffer_size, "get_write_buffer_size"},
      {&session_names.is_closing, "is_closing"},
      {&session_names.on_event, "_on_event"},
      {&session_names.on_exception, "_on_exception"},
      {&session_names.on_failure, "_on_failure"},
      {&session_names.pause_reading, "_pause_reading"},
      {&session_names.resume_reading, "_resume_reading"},
      {&session_names.send_slowly, "_send_slowly"},
      {&session_names.set_result, "set_result"},
      {&session_names.unpack, "_unpack"},
      {&session_names.write, "write"},
  };
  for (const auto &row : kNames) {
    *row.place = PyUnicode_InternFromString(row.name);
    if (*row.place == nullptr) throw py::error_already_set();
  }
}

}  // namespace

void add_session(py::module_ &m) {
  import_names();
  make_done_awaitable();
  make_recv_type();
  add_borrowed_message(m);
  const py::object type = py::reinterpret_steal<py::object>(PyType_FromSpec(&session_spec));
  if (!type) throw py::error_already_set();
  m.attr("Session") = type;
}

}  // namespace tidewire::python
