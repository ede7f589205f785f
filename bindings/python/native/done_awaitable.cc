// SPDX-License-Identifier: MIT
#include "done_awaitable.h"

#include "call_args.h"
#include "coroutine.h"

namespace tidewire::python {
namespace {

PyObject *the_one;

PySendResult done_send(PyObject *, PyObject *, PyObject **result) {
  *result = Py_NewRef(Py_None);
  return PYGEN_RETURN;
}

PyObject *done_next(PyObject *) { return yielded_or_stop(PYGEN_RETURN, Py_NewRef(Py_None)); }
PyObject *done_send_method(PyObject *self, PyObject *) { return done_next(self); }
PyObject *done_close(PyObject *, PyObject *) { Py_RETURN_NONE; }

PyObject *done_throw(PyObject *, PyObject *const *args, Py_ssize_t nargs) {
  raise_thrown(args, nargs);
  return nullptr;
}

PyMethodDef done_methods[] = {
    {"send", done_send_method, METH_O, nullptr},
    {"throw", as_method(done_throw), METH_FASTCALL, nullptr},
    {"close", done_close, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyType_Slot done_slots[] = {
    {Py_am_await, reinterpret_cast<void *>(PyObject_SelfIter)},
    {Py_am_send, reinterpret_cast<void *>(done_send)},
    {Py_tp_iter, reinterpret_cast<void *>(PyObject_SelfIter)},
    {Py_tp_iternext, reinterpret_cast<void *>(done_next)},
    {Py_tp_methods, done_methods},
    {0, nullptr},
};

PyType_Spec done_spec = {"tidewire._native.Done", sizeof(PyObject), 0,
                         Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, done_slots};

}  // namespace

PyObject *done_awaitable() { return Py_NewRef(the_one); }

void make_done_awaitable() {
  const py::object type = py::reinterpret_steal<py::object>(PyType_FromSpec(&done_spec));
  if (!type) throw py::error_already_set();
  auto *maker = reinterpret_cast<PyTypeObject *>(type.ptr());
  the_one = maker->tp_alloc(maker, 0);
  if (the_one == nullptr) throw py::error_already_set();
}

}  // namespace tidewire::python
