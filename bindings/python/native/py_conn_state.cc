// SPDX-License-Identifier: MIT
// What a Connection tells of itself, and the time that it is told. Reading changes nothing, so it needs no guard.
#include <tidewire/tidewire.h>

#include "call_args.h"
#include "conn_object.h"
#include "py_deflate.h"
#include "py_types.h"

namespace tidewire::python {
namespace {

PyObject *get_role(PyObject *self, void *) { return role_member(as_conn(self)->role); }
PyObject *get_state(PyObject *self, void *) { return state_member(tw_conn_state(as_conn(self)->conn)); }
PyObject *get_wants(PyObject *self, void *) { return want_member(tw_conn_wants(as_conn(self)->conn)); }
PyObject *get_error(PyObject *self, void *) { return conn_error(as_conn(self)); }

PyObject *get_subprotocol(PyObject *self, void *) {
  PyObject *chosen = as_conn(self)->subprotocol;
  return Py_NewRef(chosen != nullptr ? chosen : Py_None);
}

PyObject *get_deflate(PyObject *self, void *) {
  tw_deflate terms = {};
  tw_conn_get_deflate(as_conn(self)->conn, &terms);
  return make_deflate(terms);
}

PyObject *get_close_info(PyObject *self, void *) {
  tw_close close = {};
  tw_conn_get_close(as_conn(self)->conn, &close);
  return make_plain(PlainType::kCloseInfo, "(IIN)", static_cast<unsigned>(close.local_code),
                    static_cast<unsigned>(close.remote_code), close_cause_member(close.cause));
}

PyObject *get_deadline(PyObject *self, void *) {
  const uint64_t deadline = as_conn(self)->deadline_ns;
  return deadline == TW_NEVER ? Py_NewRef(Py_None) : PyLong_FromUnsignedLongLong(deadline);
}

}  // namespace

PyObject *conn_tick(PyObject *self, PyObject *now_ns) {
  uint64_t now = 0;
  if (!number_arg(now_ns, "now_ns", UINT64_MAX, &now)) return nullptr;
  const UseConn use(self);
  if (!use) return nullptr;
  const tw_status status = tw_conn_tick(use->conn, now, &use->deadline_ns);
  return status == TW_OK ? get_deadline(self, nullptr) : raise_conn(use.get(), status);
}

PyObject *conn_set_max_message_len(PyObject *self, PyObject *max_message_len) {
  uint64_t len = 0;
  if (!limit_arg(max_message_len, "max_message_len", &len)) return nullptr;
  const UseConn use(self);
  if (!use) return nullptr;
  const tw_status status = tw_conn_set_max_message_len(use->conn, len);
  if (status != TW_OK) return raise_conn(use.get(), status);
  Py_RETURN_NONE;
}

PyObject *conn_stats(PyObject *self, PyObject *) {
  tw_conn_stats stats = TW_CONN_STATS_INIT;
  tw_conn_get_stats(as_conn(self)->conn, &stats);
  return make_plain(PlainType::kConnectionStats, "(KKKKKKKKKKKKKKK)", stats.bytes_received, stats.bytes_sent,
                    stats.messages_received, stats.messages_sent, stats.frames_received, stats.frames_sent,
                    stats.control_frames_received, stats.control_frames_sent, stats.deflated_received_len,
                    stats.inflated_received_len, stats.deflated_sent_len, stats.inflated_sent_len, stats.held_len,
                    stats.context_len, stats.rtt_ns);
}

PyObject *conn_repr(PyObject *self) {
  const py::object role = py::reinterpret_steal<py::object>(get_role(self, nullptr));
  const py::object state = py::reinterpret_steal<py::object>(get_state(self, nullptr));
  return role && state ? PyUnicode_FromFormat("<Connection %R %R>", role.ptr(), state.ptr()) : nullptr;
}

PyGetSetDef conn_properties[] = {
    {"role", get_role, nullptr, "Our side.", nullptr},
    {"state", get_state, nullptr, "How far the connection is.", nullptr},
    {"wants", get_wants, nullptr,
     "What the connection waits for. Want.CLOSE: nothing is left to read or write. A client waits a while for the\n"
     "server to close the socket first (RFC 6455 7.1.1).",
     nullptr},
    {"error", get_error, nullptr, "Why the connection failed, an Error, or None.", nullptr},
    {"subprotocol", get_subprotocol, nullptr, "The subprotocol that the handshake chose, or None.", nullptr},
    {"deflate", get_deflate, nullptr, "The compression that was agreed on, a Deflate, or None.", nullptr},
    {"close_info", get_close_info, nullptr,
     "The close codes of both directions and what began the closing, a CloseInfo.", nullptr},
    {"deadline_ns", get_deadline, nullptr,
     "When to call tick at the latest, as the last tick said, also one that raised; None: never.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

}  // namespace tidewire::python
