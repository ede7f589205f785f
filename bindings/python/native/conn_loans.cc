// SPDX-License-Identifier: MIT
// A linked list: giving a buffer back may run Python code, which must find the queue in order.
#include "conn_loans.h"

#include <new>

namespace tidewire::python {

struct Loans::Loan {
  Py_buffer held;
  uint64_t end = 0;  // in the stream of output; 0 before it is sent
  Loan *next = nullptr;
};

void Loans::append(Loan *loan) {
  (first_ == nullptr ? first_ : last_->next) = loan;
  last_ = loan;
}

Loans::Loan *Loans::pop() {
  Loan *loan = first_;
  first_ = loan->next;
  loan->next = nullptr;
  return loan;
}

bool Loans::add(Py_buffer held) {
  auto *loan = new (std::nothrow) Loan{held};
  if (loan == nullptr) {
    PyBuffer_Release(&held);
    return PyErr_NoMemory() != nullptr;
  }
  append(loan);
  return true;
}

void Loans::take(Loans *other, size_t count, uint64_t end) {
  for (; count > 0; --count) {
    Loan *loan = other->pop();
    loan->end = end;
    append(loan);
  }
}

void Loans::give_back(uint64_t consumed) {
  while (first_ != nullptr && first_->end <= consumed) {
    Loan *loan = pop();
    PyBuffer_Release(&loan->held);
    delete loan;
  }
}

int Loans::traverse(visitproc visit, void *arg) const {
  for (const Loan *loan = first_; loan != nullptr; loan = loan->next) Py_VISIT(loan->held.obj);
  return 0;
}

}  // namespace tidewire::python
