// SPDX-License-Identifier: MIT
// What a Session object holds: an engine, an asyncio transport, and what lies between them. See py_session.cc for what
// it does.
#ifndef TIDEWIRE_PYTHON_SESSION_OBJECT_H_
#define TIDEWIRE_PYTHON_SESSION_OBJECT_H_

#include <pybind11/pybind11.h>
#include <stdint.h>

#include "conn_object.h"
#include "message_queue.h"

namespace py = pybind11;

namespace tidewire::python {

struct SessionObject {
  PyObject_HEAD PyObject *engine;  // Connection; nullptr before attach
  PyObject *transport;
  PyObject *loop;
  PyObject *on_message;  // callable; nullptr: messages are queued
  PyObject *future;      // what recv awaits, or nullptr
  PyObject *receiver;    // the awaitable that does; borrowed, since it tells the session when it goes
  PyObject *weak_references;
  MessageQueue queue;
  size_t high;        // more than so many messages in the queue pause the reading
  size_t low;         // so many resume it
  uint64_t armed_ns;  // the deadline that the timer waits for
  int fd;             // of the socket that is written to directly, or -1
  char over;          // nothing more is received. `char`: Python sees these
  char write_paused;
  char read_paused;
  char finished;   // nothing more is written
  char reserved;   // recv is refused
  bool failed;     // the engine's failure was reported
  bool taking;     // what was read is being handled
  bool stalled;    // the engine has input left that would be too much for the queue
  bool going_on;   // the loop will go on after a stall
  bool wrote;      // the last flush had something to write
  bool flush_due;  // the loop will call flush
  bool spilled;    // the transport may hold output, which ours must not overtake
  bool answers;    // the consumer that was woken last has sent something
  bool deaf;       // messages are thrown away
};

inline SessionObject *as_session(PyObject *self) { return reinterpret_cast<SessionObject *>(self); }
inline PyObject *as_object(SessionObject *session) { return reinterpret_cast<PyObject *>(session); }

// Names of Python methods that a session calls, as str objects.
struct SessionNames {
  PyObject *arm, *call_soon, *closed_exception, *create_future, *continue_reading, *done, *finish, *flush,
      *get_write_buffer_size, *is_closing, *on_event, *on_exception, *on_failure, *pause_reading, *resume_reading,
      *send_slowly, *set_result, *unpack, *write;
};
extern SessionNames session_names;

// False with an exception set when attach was not called.
bool is_attached(SessionObject *session);

// ---- session_read.cc ----

// The clock of the engines: that of time.monotonic_ns().
uint64_t monotonic_ns();

// Takes `len` bytes of the room, or what a stall has left, and delivers what is in them; `all`: whatever the queue
// holds. False with an exception set.
bool take_input(SessionObject *session, size_t len, bool all);

// Gives back the room of a read that will not come, and the view of it, which holds the engine.
void give_up_room(SessionObject *session);

// Says on_failure what the engine says, once.
bool report_failure(SessionObject *session, tw_status status);

// Hands the exception that is set to the hook _on_exception. False, with it set, where it is not one for handlers.
bool report_exception(SessionObject *session);

// ---- session_flow.cc: the queue, and who reads from it ----

// Wakes the awaitable that waits, if there is something for it. *woke, which may be nullptr, says so. False with an
// exception set.
bool wake_receiver(SessionObject *session, bool *woke);

// Pauses the reading, resumes it, or goes on after a stall, by what the queue holds. False with an exception set.
bool pause_reading(SessionObject *session);
bool resume_reading(SessionObject *session);
bool relax(SessionObject *session);

inline bool is_above_high(const SessionObject *session) { return session->queue.size() > session->high; }

// ---- session_output.cc ----

// Writes what is queued, arms the timer and ends what is at its end. False with an exception set.
bool flush_now(SessionObject *session);

// Writes what is queued, and no more. False with an exception set.
bool write_all(SessionObject *session);

// Has the loop call a method in its next turn.
bool call_soon(SessionObject *session, PyObject *name);

// The same for flush.
bool flush_soon(SessionObject *session);

// The socket that may be written to beside a transport, or -1; -2 with an exception set.
int find_fd(PyObject *transport);

// ---- Methods, for the tables in py_session.cc ----

PyObject *session_get_buffer(PyObject *self, PyObject *sizehint);
PyObject *session_buffer_updated(PyObject *self, PyObject *nbytes);
PyObject *session_feed(PyObject *self, PyObject *data);
PyObject *session_drain(PyObject *self, PyObject *);
PyObject *session_continue_reading(PyObject *self, PyObject *);
PyObject *session_put(PyObject *self, PyObject *item);
PyObject *session_pause_receiving(PyObject *self, PyObject *);
PyObject *session_discard(PyObject *self, PyObject *);
PyObject *session_end(PyObject *self, PyObject *);
FastCall session_send;
FastCall session_send_now;
FastCall session_send_batch;
PyObject *session_send_prepared(PyObject *self, PyObject *prepared);
PyObject *session_flush(PyObject *self, PyObject *);
PyObject *session_timer_fired(PyObject *self, PyObject *);
FastCall session_recv;
PyObject *session_take(PyObject *self, PyObject *);
PyObject *session_anext(PyObject *self);

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_SESSION_OBJECT_H_
