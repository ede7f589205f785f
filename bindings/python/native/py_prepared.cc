// SPDX-License-Identifier: MIT
// The PreparedMessage type.
#include "py_prepared.h"

#include "call_args.h"
#include "message_arg.h"
#include "py_pool.h"
#include "py_status.h"

namespace tidewire::python {
namespace {

struct PreparedObject {
  PyObject_HEAD tw_prepared *prepared;
  PyObject *pool;  // BufferPool or nullptr
};

PyTypeObject *prepared_type;

PreparedObject *as_prepared(PyObject *self) { return reinterpret_cast<PreparedObject *>(self); }

bool create(PreparedObject *object, const tw_message &message, PyObject *pool) {
  tw_pool *lender = nullptr;
  if (is_given(pool)) {
    lender = pool_arg(pool);
    if (lender == nullptr) return false;
    object->pool = Py_NewRef(pool);
  }
  const tw_status status =
      tw_prepared_create(message.opcode, message.data, message.len, message.flags, lender, &object->prepared);
  return status == TW_OK || raise_status(status) != nullptr;
}

PyObject *prepared_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static constexpr const char *kNames[] = {"data", "is_text", "compress", "pool"};
  PyObject *values[4];
  bool is_text = false;
  uint32_t flags = 0;
  MessageArg message;
  if (!bind_tuple({"PreparedMessage", kNames, 4, 1, 2}, args, kwargs, values) || !flag_arg(values[1], &is_text) ||
      !compress_flags(values[2], &flags) ||
      !(is_text ? message.text(values[0], flags) : message.any(values[0], flags))) {
    return nullptr;
  }
  py::object object = py::reinterpret_steal<py::object>(type->tp_alloc(type, 0));
  return object && create(as_prepared(object.ptr()), message.get(), values[3]) ? object.release().ptr() : nullptr;
}

void prepared_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  tw_prepared_destroy(as_prepared(self)->prepared);
  Py_XDECREF(as_prepared(self)->pool);
  type->tp_free(self);
  Py_DECREF(type);
}

constexpr char kPreparedDoc[] =
    "PreparedMessage(data, is_text=False, *, compress=None, pool=None)\n--\n\n"
    "A message that is encoded once, and compressed once for each way of compression, to be sent by many connections\n"
    "with send_prepared. May be shared by threads.\n\n"
    "data      str as text, a Message as what it is, any other buffer as binary; copied\n"
    "is_text   whether a buffer holds UTF-8 text\n"
    "compress  whether it is compressed, if a connection negotiated that; None: if it is long enough\n"
    "pool      a BufferPool to take memory from";

PyType_Slot prepared_slots[] = {
    {Py_tp_new, reinterpret_cast<void *>(prepared_new)},
    {Py_tp_dealloc, reinterpret_cast<void *>(prepared_dealloc)},
    {Py_tp_doc, const_cast<char *>(kPreparedDoc)},
    {0, nullptr},
};

PyType_Spec prepared_spec = {"tidewire.PreparedMessage", sizeof(PreparedObject), 0, Py_TPFLAGS_DEFAULT, prepared_slots};

}  // namespace

tw_prepared *prepared_arg(PyObject *object) {
  if (Py_TYPE(object) == prepared_type) return as_prepared(object)->prepared;
  PyErr_Format(PyExc_TypeError, "prepared must be a PreparedMessage, not %.200s", Py_TYPE(object)->tp_name);
  return nullptr;
}

PyObject *prepared_pool(PyObject *prepared) { return as_prepared(prepared)->pool; }

void add_prepared(py::module_ &m) {
  prepared_type = reinterpret_cast<PyTypeObject *>(PyType_FromSpec(&prepared_spec));
  if (prepared_type == nullptr) throw py::error_already_set();
  m.attr("PreparedMessage") = py::handle(reinterpret_cast<PyObject *>(prepared_type));
}

}  // namespace tidewire::python
