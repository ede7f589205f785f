// SPDX-License-Identifier: MIT
// Python objects whose memory the engine sends without a copy: held until the output up to its end was consumed.
#ifndef TIDEWIRE_PYTHON_CONN_LOANS_H_
#define TIDEWIRE_PYTHON_CONN_LOANS_H_

#include <pybind11/pybind11.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer_arg.h"

namespace tidewire::python {

// A queue, oldest first. All bytes zero: empty.
class Loans {
 public:
  Loans() = default;
  Loans(const Loans &) = delete;
  Loans &operator=(const Loans &) = delete;
  ~Loans() { give_back(UINT64_MAX); }

  bool empty() const { return first_ == nullptr; }

  // Makes a place for one more, which the caller fills; nullptr with an exception set.
  BufferHold *add();

  // Moves the first `count` of `other` here. They end at `end` bytes of output.
  void take(Loans *other, size_t count, uint64_t end);

  // Gives back what ends at `consumed` bytes of output or before.
  void give_back(uint64_t consumed);

  int traverse(visitproc visit, void *arg) const;

 private:
  struct Loan;

  void append(Loan *loan);
  Loan *pop();

  Loan *first_ = nullptr;
  Loan *last_ = nullptr;
};

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_CONN_LOANS_H_
