// SPDX-License-Identifier: MIT
// Connection.receive: one engine call for a read buffer, whatever it holds, and more where it holds much.
#include <string.h>

#include <algorithm>
#include <utility>

#include "call_args.h"
#include "event_list.h"
#include "py_status.h"

namespace tidewire::python {
namespace {

constexpr size_t kScratchLen = 16 * 1024;  // of read-only input, how much is copied at a time: it lies on the stack

class Receiver {
 public:
  Receiver(ConnObject *object, EventList *events) : object_(object), events_(events) {}

  // Messages are to be put together in `target`, which is the memory of `buffer`; `hold` keeps it in place.
  void into(const BufferArg &target, PyObject *buffer, BufferHold *hold) {
    target_ = &target;
    hold_ = hold;
    events_->set_target(target, buffer);
  }

  // These feed bytes, and return false with an exception set when Python has no memory for the events.
  bool feed(const BufferArg &input) {
    return input.writable() ? feed_all(input.data(), input.len()) : feed_copy(input.data(), input.len());
  }

  // One call of the engine; *consumed is what it took of the input.
  bool feed_some(const BufferArg &input, size_t max_events, size_t *consumed) {
    if (input.writable()) return feed_once(input.data(), input.len(), max_events, consumed);
    uint8_t scratch[kScratchLen];
    const size_t part = copy_part(input.data(), input.len(), scratch);
    return feed_once(scratch, part, max_events, consumed);
  }

  tw_status status() const { return status_; }

 private:
  bool feed_once(uint8_t *data, size_t len, size_t max_events, size_t *consumed) {
    tw_event batch[kEventBatch];
    size_t count = 0;
    if (target_ == nullptr) {
      status_ = tw_conn_receive(object_->conn, data, len, batch, max_events, &count, consumed);
    } else {
      status_ = tw_conn_receive_into(object_->conn, data, len, target_->data(), target_->len(), batch, max_events,
                                     &count, consumed);
    }
    const bool made = events_->append(batch, count);
    if (target_ != nullptr || !object_->target.empty()) {
      settle_target(*consumed, count != 0 && batch[count - 1].type == TW_EVENT_MESSAGE);
    }
    return made;
  }

  // A message may be cut as long as none is whole. Input that the engine takes otherwise shows that none is.
  void settle_target(size_t consumed, bool whole) {
    if (target_ != nullptr && status_ >= 0 && !whole) {
      std::swap(object_->target, *hold_);
    } else if (whole || consumed != 0) {
      object_->target.release();
    }
  }

  // Bytes that may be written to.
  bool feed_all(uint8_t *data, size_t len) {
    do {
      size_t consumed = 0;
      if (!feed_once(data, len, kEventBatch, &consumed)) return false;
      data += consumed;
      len -= consumed;
    } while (status_ == TW_NEED_ROOM);
    return true;
  }

  // Bytes that may not: the engine unmasks in place, hence the copy.
  bool feed_copy(const uint8_t *data, size_t len) {
    uint8_t scratch[kScratchLen];
    do {
      const size_t part = copy_part(data, len, scratch);
      if (!feed_all(scratch, part)) return false;
      data += part;
      len -= part;
    } while (len != 0 && status_ == TW_OK);
    return true;
  }

  static size_t copy_part(const uint8_t *data, size_t len, uint8_t *scratch) {
    const size_t part = len < kScratchLen ? len : kScratchLen;
    if (part != 0) memcpy(scratch, data, part);
    return part;
  }

  ConnObject *object_;
  EventList *events_;
  const BufferArg *target_ = nullptr;
  BufferHold *hold_ = nullptr;  // of the target, and after the call of an earlier one
  tw_status status_ = TW_OK;
};

struct ScopedHold : BufferHold {
  ScopedHold() : BufferHold{} {}
  ScopedHold(const ScopedHold &) = delete;
  ScopedHold &operator=(const ScopedHold &) = delete;
  ~ScopedHold() { release(); }
};

bool overlap(const BufferArg &a, const BufferArg &b) {
  return a.data() < b.data() + b.len() && b.data() < a.data() + a.len();
}

// The events of one call of the engine, and how many bytes it took.
PyObject *receive_once(Receiver *receiver, EventList *events, const BufferArg &input, size_t max_events) {
  size_t consumed = 0;
  const bool fed = receiver->feed_some(input, std::min(max_events, kEventBatch), &consumed);
  events->finish();
  if (!fed) return nullptr;
  PyObject *list = events->result(receiver->status());
  return list != nullptr ? Py_BuildValue("(Nn)", list, static_cast<Py_ssize_t>(consumed)) : nullptr;
}

}  // namespace

PyObject *conn_receive(PyObject *self, PyObject *data) {
  const UseConn use(self);
  if (!use) return nullptr;
  BufferArg input;
  EventList events(use.get());
  if (!events || !input.read(data, "data") || !end_room(&use->room)) return nullptr;
  Receiver receiver(use.get(), &events);
  const bool fed = receiver.feed(input);
  events.finish();
  return fed ? events.result(receiver.status()) : nullptr;
}

PyObject *conn_receive_some(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"data", "max_events"};
  PyObject *values[2];
  size_t max_events = kEventBatch;
  if (!bind_args({"receive_some", kNames, 2, 1, 2}, args, nargs, kwnames, values) ||
      !limit_arg(values[1], kNames[1], &max_events)) {
    return nullptr;
  }
  const UseConn use(self);
  if (!use) return nullptr;
  BufferArg input;
  EventList events(use.get());
  if (!events || !input.read(values[0], "data") || !end_room(&use->room)) return nullptr;
  Receiver receiver(use.get(), &events);
  return receive_once(&receiver, &events, input, max_events);
}

PyObject *conn_receive_into(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"data", "buffer", "max_events"};
  PyObject *values[3];
  size_t max_events = kEventBatch;
  if (!bind_args({"receive_into", kNames, 3, 2, 3}, args, nargs, kwnames, values) ||
      !limit_arg(values[2], kNames[2], &max_events)) {
    return nullptr;
  }
  const UseConn use(self);
  if (!use) return nullptr;
  BufferArg input;
  BufferArg target;
  EventList events(use.get());
  if (!events || !input.read(values[0], "data") || !target.write(values[1], "buffer")) return nullptr;
  if (overlap(input, target)) return raise_usage("data and buffer must not overlap");
  if (!end_room(&use->room)) return nullptr;
  Receiver receiver(use.get(), &events);
  ScopedHold hold;
  if (!target.hand_over(&hold)) return nullptr;
  receiver.into(target, values[1], &hold);
  return receive_once(&receiver, &events, input, max_events);
}

PyObject *conn_receive_eof(PyObject *self, PyObject *) {
  const UseConn use(self);
  return use ? none_or_raise_conn(use.get(), tw_conn_receive_eof(use->conn)) : nullptr;
}

}  // namespace tidewire::python
