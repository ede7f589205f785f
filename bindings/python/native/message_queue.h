// SPDX-License-Identifier: MIT
// What a session has received and nobody has taken yet: a ring of objects.
#ifndef TIDEWIRE_PYTHON_MESSAGE_QUEUE_H_
#define TIDEWIRE_PYTHON_MESSAGE_QUEUE_H_

#include <pybind11/pybind11.h>
#include <stddef.h>

namespace tidewire::python {

// All bytes zero: empty, without memory.
class MessageQueue {
 public:
  size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }

  // Of all str and bytes in it, as Python holds them.
  size_t bytes() const { return bytes_; }

  // Takes over a reference, also on failure; false with an exception set. nullptr, with an exception set, is passed on.
  bool push(PyObject *item);

  // The oldest, of a queue that is not empty; the caller owns it.
  PyObject *pop();

  // Gives the memory of an empty queue back, unless it is small.
  void shrink();

  void clear();
  int traverse(visitproc visit, void *arg) const;

 private:
  bool grow();

  PyObject **items_;
  size_t cap_;  // a power of two, or 0
  size_t first_;
  size_t count_;
  size_t bytes_;
};

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_MESSAGE_QUEUE_H_
