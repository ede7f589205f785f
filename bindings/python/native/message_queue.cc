// SPDX-License-Identifier: MIT
#include "message_queue.h"

#include <string.h>

namespace tidewire::python {
namespace {

constexpr size_t kLeastCap = 16;

// By the type alone, so that an item weighs the same when it leaves.
size_t weight(PyObject *item) {
  if (PyBytes_Check(item)) return static_cast<size_t>(PyBytes_GET_SIZE(item));
  if (PyUnicode_Check(item)) return static_cast<size_t>(PyUnicode_GET_LENGTH(item)) * PyUnicode_KIND(item);
  return 0;
}

}  // namespace

bool MessageQueue::push(PyObject *item) {
  if (item == nullptr) return false;
  if (count_ == cap_ && !grow()) {
    Py_DECREF(item);
    return false;
  }
  items_[(first_ + count_) & (cap_ - 1)] = item;
  ++count_;
  bytes_ += weight(item);
  return true;
}

PyObject *MessageQueue::pop() {
  PyObject *item = items_[first_];
  first_ = (first_ + 1) & (cap_ - 1);
  --count_;
  bytes_ -= weight(item);
  return item;
}

bool MessageQueue::grow() {
  const size_t cap = cap_ == 0 ? kLeastCap : cap_ * 2;
  auto **items = PyMem_New(PyObject *, cap);
  if (items == nullptr) {
    PyErr_NoMemory();
    return false;
  }
  const size_t tail = cap_ - first_;  // the ring is full: from the first item to the end, and then the rest
  if (cap_ != 0) {
    memcpy(items, items_ + first_, tail * sizeof(*items));
    memcpy(items + tail, items_, first_ * sizeof(*items));
  }
  PyMem_Free(items_);
  items_ = items;
  cap_ = cap;
  first_ = 0;
  return true;
}

void MessageQueue::shrink() {
  if (cap_ <= kLeastCap || count_ != 0) return;
  PyMem_Free(items_);
  items_ = nullptr;
  cap_ = first_ = 0;
}

// An item that goes may run Python code, which must find the queue in order.
void MessageQueue::clear() {
  while (!empty()) Py_DECREF(pop());
  PyMem_Free(items_);
  items_ = nullptr;
  cap_ = first_ = 0;
}

int MessageQueue::traverse(visitproc visit, void *arg) const {
  for (size_t i = 0; i < count_; ++i) Py_VISIT(items_[(first_ + i) & (cap_ - 1)]);
  return 0;
}

}  // namespace tidewire::python
