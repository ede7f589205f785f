// SPDX-License-Identifier: MIT
// A linked list: giving a buffer back may run Python code, which must find the queue in order.
#include "conn_loans.h"

#include <new>

namespace tidewire::python {

struct Loans::Loan {
  BufferHold hold = {};
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

BufferHold *Loans::add() {
  auto *loan = new (std::nothrow) Loan;
  if (loan == nullptr) {
    PyErr_NoMemory();
    return nullptr;
  }
  append(loan);
  return &loan->hold;
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
    loan->hold.release();
    delete loan;
  }
}

int Loans::traverse(visitproc visit, void *arg) const {
  for (const Loan *loan = first_; loan != nullptr; loan = loan->next) {
    const int stop = loan->hold.traverse(visit, arg);
    if (stop != 0) return stop;
  }
  return 0;
}

}  // namespace tidewire::python
