// SPDX-License-Identifier: MIT
// What a Connection object holds, and the guard that every call of the engine stands under.
#ifndef TIDEWIRE_PYTHON_CONN_OBJECT_H_
#define TIDEWIRE_PYTHON_CONN_OBJECT_H_

#include <pybind11/pybind11.h>
#include <tidewire/tidewire.h>

#include "conn_loans.h"
#include "conn_memory.h"

namespace py = pybind11;

namespace tidewire::python {

class MessageArg;

struct ConnObject {
  PyObject_HEAD tw_conn *conn;  // nullptr until __init__ is through
  PyObject *pool;               // BufferPool or nullptr
  PyObject *random;             // callable or nullptr
  PyObject *random_error;       // what it raised in the call that is under way
  PyObject *logger;             // logging.Logger, or the like, or nullptr
  PyObject *subprotocols;       // tuple of str, as configured
  PyObject *subprotocol;        // str when one was chosen
  PyObject *weak_references;
  Shown output;           // it cannot be consumed while views of it are in use
  Shown room;             // of read_buffer: no input can be taken meanwhile
  Loans loans;            // what was sent without a copy
  BufferHold target;      // of receive_into, while a message in it may be cut
  uint64_t min_view_len;  // bytes of a message from which on it comes as a MessageView
  uint64_t deadline_ns;   // as the last tick said
  uint32_t role;
  bool busy;  // an engine call is under way
};

inline ConnObject *as_conn(PyObject *self) { return reinterpret_cast<ConnObject *>(self); }

// Holds a connection for one call. Python code that runs inside a call (the `random` callable, the logger, a finaliser)
// may try to use the same connection: that is refused, since the engine is in the middle of its work.
class UseConn {
 public:
  // Empty, with an exception set, when the connection cannot be used.
  explicit UseConn(PyObject *self);
  UseConn(const UseConn &) = delete;
  UseConn &operator=(const UseConn &) = delete;
  ~UseConn();

  explicit operator bool() const { return object_ != nullptr; }
  ConnObject *operator->() const { return object_; }
  ConnObject *get() const { return object_; }

 private:
  ConnObject *object_ = nullptr;
};

// Sets the exception for a status that the connection returned, with what it knows of its failure. Returns nullptr.
// `events` may be nullptr; so may `offset`, the place in the argument that was refused.
PyObject *raise_conn(ConnObject *object, tw_status status, PyObject *events = nullptr,
                     const uint64_t *offset = nullptr);

// None, or the exception.
inline PyObject *none_or_raise_conn(ConnObject *object, tw_status status) {
  return status == TW_OK ? Py_NewRef(Py_None) : raise_conn(object, status);
}

// Has the engine give back the memory of the last events.
void give_back_events(ConnObject *object);

// The failure as an exception object, or None.
PyObject *conn_error(ConnObject *object);

// Connection.__init__.
int conn_init(PyObject *self, PyObject *args, PyObject *kwargs);
extern const char kConnDoc[];

// Says that so much of the output was written, which ends the views of it. False with an exception set.
bool consume_output(ConnObject *object, size_t len);

// Queues a message, and with TW_SEND_BORROW holds the memory that it lies in.
tw_status queue_arg(ConnObject *object, MessageArg *message);

// Gives back what was sent without a copy and is consumed.
void settle_loans(ConnObject *object);

// Methods and properties, for the tables in py_conn.cc.
using FastCall = PyObject *(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
using PositionalCall = PyObject *(PyObject *self, PyObject *const *args, Py_ssize_t nargs);

PyObject *conn_receive(PyObject *self, PyObject *data);
FastCall conn_receive_some;
FastCall conn_receive_into;
PyObject *conn_receive_eof(PyObject *self, PyObject *);
FastCall conn_read_buffer;
PyObject *conn_read_commit(PyObject *self, PyObject *len);
FastCall conn_read_commit_some;
FastCall conn_send;
FastCall conn_send_text;
FastCall conn_send_binary;
FastCall conn_send_continuation;
FastCall conn_send_batch;
PyObject *conn_send_prepared(PyObject *self, PyObject *prepared);
PositionalCall conn_ping;
PositionalCall conn_pong;
FastCall conn_close;
PyObject *conn_data_to_send(PyObject *self, PyObject *);
PyObject *conn_output(PyObject *self, PyObject *);
PyObject *conn_consume(PyObject *self, PyObject *len);
PyObject *conn_tick(PyObject *self, PyObject *now_ns);
PyObject *conn_set_max_message_len(PyObject *self, PyObject *max_message_len);
PyObject *conn_stats(PyObject *self, PyObject *);
PyObject *conn_repr(PyObject *self);
extern PyGetSetDef conn_properties[];

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_CONN_OBJECT_H_
