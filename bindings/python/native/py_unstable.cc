// SPDX-License-Identifier: MIT
// The choice of kernels, for tests and benchmarks.
#include "py_unstable.h"

#include <tidewire/tw_unstable.h>

#include "call_args.h"
#include "py_status.h"

namespace tidewire::python {
namespace {

PyObject *kernel_names(PyObject *, PyObject *) {
  const auto count = static_cast<Py_ssize_t>(tw_unstable_kernel_count());
  py::object names = py::reinterpret_steal<py::object>(PyTuple_New(count));
  if (!names) return nullptr;
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject *name = PyUnicode_FromString(tw_unstable_kernel_name(static_cast<size_t>(i)));
    if (name == nullptr) return nullptr;
    PyTuple_SET_ITEM(names.ptr(), i, name);
  }
  return names.release().ptr();
}

PyObject *kernel_selected(PyObject *, PyObject *) { return PyUnicode_FromString(tw_unstable_kernel_selected()); }

PyObject *kernel_select(PyObject *, PyObject *name) {
  const char *text = nullptr;
  return c_string_arg(name, "name", &text) ? none_or_raise(tw_unstable_kernel_select(text)) : nullptr;
}

PyMethodDef unstable_functions[] = {
    {"kernel_names", kernel_names, METH_NOARGS,
     "kernel_names()\n--\n\nReturns the names of the kernels that this processor can run, best first."},
    {"kernel_selected", kernel_selected, METH_NOARGS, "kernel_selected()\n--\n\nReturns the name of those in use."},
    {"kernel_select", kernel_select, METH_O,
     "kernel_select(name, /)\n--\n\nUses others from now on, for functions and for connections created later."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

void add_unstable(py::module_ &m) {
  if (PyModule_AddFunctions(m.ptr(), unstable_functions) != 0) throw py::error_already_set();
}

}  // namespace tidewire::python
