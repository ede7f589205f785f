// SPDX-License-Identifier: MIT
// Connection.send and its kin: messages, fragments, control frames and the closing handshake.
#include <new>
#include <vector>

#include "call_args.h"
#include "conn_object.h"
#include "message_arg.h"
#include "py_prepared.h"
#include "py_status.h"

namespace tidewire::python {
namespace {

// ---- Messages ----

// Arguments by keyword, nullptr where they are not given.
struct SendOptions {
  PyObject *more;
  PyObject *compress;
  PyObject *borrow;
  PyObject *mask_in_place;
};

bool add_flag(PyObject *value, uint32_t flag, uint32_t *flags) {
  bool on = false;
  if (!flag_arg(value, &on)) return false;
  if (on) *flags |= flag;
  return true;
}

// The options as tw_conn_send has them. False with an exception set.
bool send_flags(const SendOptions &options, uint32_t *flags) {
  if (!add_flag(options.more, TW_SEND_MORE, flags) || !compress_flags(options.compress, flags) ||
      !add_flag(options.borrow, TW_SEND_BORROW, flags) ||
      !add_flag(options.mask_in_place, TW_SEND_MASK_IN_PLACE, flags)) {
    return false;
  }
  const bool fits = (*flags & TW_SEND_BORROW) != 0 || (*flags & TW_SEND_MASK_IN_PLACE) == 0;
  return fits || raise_usage("mask_in_place needs borrow") != nullptr;
}

// Has the connection hold the first `count` of what was sent until the output so far is consumed.
void hold(ConnObject *object, Loans *sent, size_t count) {
  tw_conn_stats stats = TW_CONN_STATS_INIT;
  tw_conn_get_stats(object->conn, &stats);
  object->loans.take(sent, count, stats.bytes_sent);
}

bool lend(MessageArg *message, Loans *held) {
  BufferHold *hold = held->add();
  return hold != nullptr && message->hand_over(hold);
}

using Reader = bool (MessageArg::*)(PyObject *data, uint32_t flags);

template <Reader kReader>
PyObject *send_message(PyObject *self, PyObject *data, uint32_t flags) {
  const UseConn use(self);
  MessageArg message;
  if (!use || !(message.*kReader)(data, flags)) return nullptr;
  return none_or_raise_conn(use.get(), queue_arg(use.get(), &message));
}

template <Reader kReader>
PyObject *send_first(const char *name, PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"data", "more", "compress", "borrow", "mask_in_place"};
  if (nargs == 1 && kwnames == nullptr) return send_message<kReader>(self, args[0], 0);
  PyObject *values[5];
  uint32_t flags = 0;
  if (!bind_args({name, kNames, 5, 1, 1}, args, nargs, kwnames, values) ||
      !send_flags({values[1], values[2], values[3], values[4]}, &flags)) {
    return nullptr;
  }
  return send_message<kReader>(self, values[0], flags);
}

// ---- Batches ----

// The messages of a tuple, which the caller holds.
class Batch {
 public:
  // May throw std::bad_alloc.
  explicit Batch(PyObject *items)
      : items_(items), messages_(static_cast<size_t>(PyTuple_GET_SIZE(items))), args_(messages_.size()) {}

  // These return false with an exception set.
  bool read(uint32_t flags) {
    for (size_t i = 0; i < size(); ++i) {
      if (!args_[i].any(PyTuple_GET_ITEM(items_, static_cast<Py_ssize_t>(i)), flags)) return false;
      messages_[i] = args_[i].get();
    }
    return true;
  }

  bool lend_all(Loans *held) {
    for (MessageArg &arg : args_) {
      if (!lend(&arg, held)) return false;
    }
    return true;
  }

  const tw_message *messages() const { return messages_.data(); }
  size_t size() const { return messages_.size(); }

 private:
  PyObject *items_;
  std::vector<tw_message> messages_;
  std::vector<MessageArg> args_;
};

// May throw std::bad_alloc.
PyObject *send_items(ConnObject *object, PyObject *items, uint32_t flags) {
  Batch batch(items);
  Loans held;
  const bool borrow = (flags & TW_SEND_BORROW) != 0;
  if (!batch.read(flags) || (borrow && !batch.lend_all(&held))) return nullptr;
  size_t count = 0;
  const tw_status status = tw_conn_send_batch(object->conn, batch.messages(), batch.size(), &count);
  if (borrow) hold(object, &held, count);
  if (status == TW_OK) return Py_NewRef(Py_None);
  const uint64_t refused = count;
  return raise_conn(object, status, nullptr, &refused);
}

// ---- Control frames ----

using ControlSender = tw_status (*)(tw_conn *conn, const uint8_t *data, size_t len);

PyObject *send_control(const char *name, ControlSender sender, PyObject *self, PyObject *const *args,
                       Py_ssize_t nargs) {
  static constexpr const char *kNames[] = {"data"};
  PyObject *data = nullptr;
  if (!bind_args({name, kNames, 1, 0, 1}, args, nargs, nullptr, &data)) return nullptr;
  BufferArg buffer;
  if (data != nullptr && !buffer.read(data, "data")) return nullptr;
  const UseConn use(self);
  return use ? none_or_raise_conn(use.get(), sender(use->conn, buffer.data(), buffer.len())) : nullptr;
}

}  // namespace

tw_status queue_arg(ConnObject *object, MessageArg *message) {
  const tw_message &m = message->get();
  if ((m.flags & TW_SEND_BORROW) == 0) return tw_conn_send(object->conn, m.opcode, m.data, m.len, m.flags);
  Loans held;
  if (!lend(message, &held)) {
    PyErr_Clear();  // a MemoryError
    return TW_ERR_NO_MEMORY;
  }
  const tw_status status = tw_conn_send(object->conn, m.opcode, m.data, m.len, m.flags);
  if (status == TW_OK) hold(object, &held, 1);
  return status;
}

PyObject *conn_send(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  return send_first<&MessageArg::any>("send", self, args, nargs, kwnames);
}

PyObject *conn_send_text(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  return send_first<&MessageArg::text>("send_text", self, args, nargs, kwnames);
}

PyObject *conn_send_binary(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  return send_first<&MessageArg::binary>("send_binary", self, args, nargs, kwnames);
}

// The first fragment decides about compression, so a continuation is not asked.
PyObject *conn_send_continuation(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"data", "more", "borrow", "mask_in_place"};
  PyObject *values[4];
  uint32_t flags = 0;
  if (!bind_args({"send_continuation", kNames, 4, 1, 1}, args, nargs, kwnames, values) ||
      !send_flags({values[1], nullptr, values[2], values[3]}, &flags)) {
    return nullptr;
  }
  return send_message<&MessageArg::continuation>(self, values[0], flags);
}

PyObject *conn_send_batch(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"messages", "compress", "borrow", "mask_in_place"};
  PyObject *values[4];
  uint32_t flags = 0;
  if (!bind_args({"send_batch", kNames, 4, 1, 1}, args, nargs, kwnames, values) ||
      !send_flags({nullptr, values[1], values[2], values[3]}, &flags)) {
    return nullptr;
  }
  if (PyUnicode_Check(values[0]) || PyObject_CheckBuffer(values[0])) {  // iterable, but surely meant as one message
    PyErr_Format(PyExc_TypeError, "messages must be an iterable of messages, not %.200s", Py_TYPE(values[0])->tp_name);
    return nullptr;
  }
  // A tuple, since code that runs meanwhile may change a list.
  const py::object items = py::reinterpret_steal<py::object>(PySequence_Tuple(values[0]));
  if (!items) return nullptr;
  const UseConn use(self);
  if (!use) return nullptr;
  try {
    return send_items(use.get(), items.ptr(), flags);
  } catch (const std::bad_alloc &) {
    return PyErr_NoMemory();
  }
}

PyObject *conn_send_prepared(PyObject *self, PyObject *object) {
  tw_prepared *prepared = prepared_arg(object);
  if (prepared == nullptr) return nullptr;
  const UseConn use(self);
  if (!use) return nullptr;
  PyObject *pool = prepared_pool(object);
  if (pool == nullptr || pool == use->pool) {
    return none_or_raise_conn(use.get(), tw_conn_send_prepared(use->conn, prepared));
  }
  // What is queued lies in a pool that nobody else might keep.
  Loans held;
  BufferHold *place = held.add();
  if (place == nullptr) return nullptr;
  place->object = Py_NewRef(pool);
  const tw_status status = tw_conn_send_prepared(use->conn, prepared);
  if (status == TW_OK) hold(use.get(), &held, 1);
  return none_or_raise_conn(use.get(), status);
}

PyObject *conn_ping(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
  return send_control("ping", tw_conn_ping, self, args, nargs);
}

PyObject *conn_pong(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
  return send_control("pong", tw_conn_pong, self, args, nargs);
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

}  // namespace tidewire::python
