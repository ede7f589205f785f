// SPDX-License-Identifier: MIT
// A bytes-like argument for the length of one call. Contiguous memory is taken as it is, everything else is refused
// with a TypeError that names the argument. pybind11's py::buffer costs 120 ns more, which small frames would feel.
#ifndef TIDEWIRE_PYTHON_BUFFER_ARG_H_
#define TIDEWIRE_PYTHON_BUFFER_ARG_H_

#include <pybind11/pybind11.h>
#include <stdint.h>

namespace tidewire::python {

// Keeps the memory of a buffer in place after a call. All bytes zero: of none.
struct BufferHold {
  Py_buffer view;    // obj is nullptr where `object` does it
  PyObject *object;  // owned, or nullptr

  bool empty() const { return view.obj == nullptr && object == nullptr; }

  void release() {
    PyBuffer_Release(&view);
    Py_CLEAR(object);
  }

  int traverse(visitproc visit, void *arg) const {
    Py_VISIT(view.obj);
    Py_VISIT(object);
    return 0;
  }
};

class BufferArg {
 public:
  BufferArg() { view_.obj = nullptr; }
  BufferArg(const BufferArg &) = delete;
  BufferArg &operator=(const BufferArg &) = delete;
  ~BufferArg() {
    if (view_.obj != nullptr) PyBuffer_Release(&view_);
  }

  // All of these return false with an exception set. `text` takes a str, as UTF-8.
  bool read(PyObject *object, const char *name);
  bool write(PyObject *object, const char *name);
  bool text(PyObject *object, const char *name);

  // Has `hold`, which is empty, keep the memory in place from now on.
  bool hand_over(BufferHold *hold);

  // Written to only after write(), or where writable() says so.
  uint8_t *data() const { return data_; }
  size_t len() const { return len_; }
  bool writable() const { return writable_; }

 private:
  bool take(PyObject *object, const char *name);

  Py_buffer view_;              // set where its obj is: 80 bytes that small messages need not clear
  PyObject *lender_ = nullptr;  // borrowed; of memory that needs no view_
  uint8_t *data_ = nullptr;
  size_t len_ = 0;
  bool writable_ = false;
};

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_BUFFER_ARG_H_
