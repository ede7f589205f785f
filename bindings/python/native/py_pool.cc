// SPDX-License-Identifier: MIT
// BufferPool is made by pybind11. PoolBuffer is a type of its own, because only so it learns when a view of its memory
// is gone and the memory may go back.
#include "py_pool.h"

#include "call_args.h"
#include "py_status.h"
#include "py_types.h"

namespace tidewire::python {
namespace {

class BufferPool {
 public:
  explicit BufferPool(uint64_t max_idle_len) {
    tw_pool_config config = TW_POOL_CONFIG_INIT;
    config.max_idle_len = max_idle_len;
    const tw_status status = tw_pool_create(&config, &pool_);
    if (status != TW_OK) {
      raise_status(status);
      throw py::error_already_set();
    }
  }
  BufferPool(const BufferPool &) = delete;
  BufferPool &operator=(const BufferPool &) = delete;
  ~BufferPool() { tw_pool_destroy(pool_); }

  tw_pool *get() const { return pool_; }

 private:
  tw_pool *pool_ = nullptr;
};

struct PoolBuffer {
  PyObject_HEAD PyObject *pool;  // keeps the pool alive while its memory is lent
  uint8_t *data;                 // nullptr when it went back
  Py_ssize_t len;
  Py_ssize_t views;
};

PyTypeObject *pool_buffer_type;

PoolBuffer *as_pool_buffer(PyObject *self) { return reinterpret_cast<PoolBuffer *>(self); }

void give_back(PoolBuffer *buffer) {
  if (buffer->data != nullptr) tw_pool_release(pool_arg(buffer->pool), buffer->data);
  buffer->data = nullptr;
  buffer->len = 0;
}

void buffer_dealloc(PyObject *self) {
  PoolBuffer *buffer = as_pool_buffer(self);
  PyTypeObject *type = Py_TYPE(self);
  give_back(buffer);
  Py_XDECREF(buffer->pool);
  type->tp_free(self);
  Py_DECREF(type);
}

int buffer_get(PyObject *self, Py_buffer *view, int flags) {
  PoolBuffer *buffer = as_pool_buffer(self);
  if (buffer->data == nullptr) {
    PyErr_SetString(PyExc_ValueError, "the buffer was released");
    view->obj = nullptr;
    return -1;
  }
  if (PyBuffer_FillInfo(view, self, buffer->data, buffer->len, 0, flags) != 0) return -1;
  ++buffer->views;
  return 0;
}

void buffer_put(PyObject *self, Py_buffer *) { --as_pool_buffer(self)->views; }

PyObject *buffer_release(PyObject *self, PyObject *) {
  PoolBuffer *buffer = as_pool_buffer(self);
  if (buffer->views != 0) {
    PyErr_Format(PyExc_BufferError, "the buffer has %zd views", buffer->views);
    return nullptr;
  }
  give_back(buffer);
  Py_RETURN_NONE;
}

PyObject *buffer_enter(PyObject *self, PyObject *) { return Py_NewRef(self); }

PyObject *buffer_exit(PyObject *self, PyObject *) { return buffer_release(self, nullptr); }

Py_ssize_t buffer_len(PyObject *self) { return as_pool_buffer(self)->len; }

PyMethodDef buffer_methods[] = {
    {"release", buffer_release, METH_NOARGS,
     "release($self, /)\n--\n\n"
     "Gives the memory back; the buffer is empty then. BufferError while a memoryview of it lives. Happens by itself\n"
     "when the object dies, and at the end of a `with` block."},
    {"__enter__", buffer_enter, METH_NOARGS, "__enter__($self, /)\n--\n\nReturns the buffer itself."},
    {"__exit__", buffer_exit, METH_VARARGS, "__exit__($self, /, *args)\n--\n\nCalls release."},
    {nullptr, nullptr, 0, nullptr},
};

PyType_Slot buffer_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void *>(buffer_dealloc)},
    {Py_bf_getbuffer, reinterpret_cast<void *>(buffer_get)},
    {Py_bf_releasebuffer, reinterpret_cast<void *>(buffer_put)},
    {Py_sq_length, reinterpret_cast<void *>(buffer_len)},
    {Py_tp_methods, buffer_methods},
    {Py_tp_doc, const_cast<char *>("Writable memory lent by a BufferPool. Its first contents are undefined.")},
    {0, nullptr},
};

PyType_Spec buffer_spec = {"tidewire.PoolBuffer", sizeof(PoolBuffer), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, buffer_slots};

uint64_t number_or_throw(const py::object &object, const char *name, uint64_t max) {
  uint64_t number = 0;
  if (!number_arg(object.ptr(), name, max, &number)) throw py::error_already_set();
  return number;
}

py::object acquire(const py::object &self, const py::object &len) {
  const uint64_t size = number_or_throw(len, "len", PY_SSIZE_T_MAX);
  py::object object = py::reinterpret_steal<py::object>(pool_buffer_type->tp_alloc(pool_buffer_type, 0));
  if (!object) throw py::error_already_set();
  PoolBuffer *buffer = as_pool_buffer(object.ptr());
  size_t cap = 0;
  const tw_status status = tw_pool_acquire(pool_arg(self.ptr()), size, &buffer->data, &cap);
  if (status != TW_OK) {
    raise_status(status);
    throw py::error_already_set();
  }
  buffer->pool = Py_NewRef(self.ptr());
  buffer->len = static_cast<Py_ssize_t>(size);
  return object;
}

py::object stats(const BufferPool &pool) {
  tw_pool_stats stats = TW_POOL_STATS_INIT;
  tw_pool_get_stats(pool.get(), &stats);
  return py::handle(plain_type(PlainType::kPoolStats))(stats.hits, stats.misses, stats.drops, stats.in_use_len,
                                                       stats.idle_len);
}

}  // namespace

tw_pool *pool_arg(PyObject *object) {
  if (py::isinstance<BufferPool>(object)) return py::cast<BufferPool &>(py::handle(object)).get();
  PyErr_Format(PyExc_TypeError, "pool must be a BufferPool, not %.200s", Py_TYPE(object)->tp_name);
  return nullptr;
}

void add_pool(py::module_ &m) {
  pool_buffer_type = reinterpret_cast<PyTypeObject *>(PyType_FromSpec(&buffer_spec));
  if (pool_buffer_type == nullptr) throw py::error_already_set();
  m.attr("PoolBuffer") = py::handle(reinterpret_cast<PyObject *>(pool_buffer_type));

  // pybind11's own metaclass serves static properties and subclasses, of which there are none.
  const py::metaclass plain(py::handle(reinterpret_cast<PyObject *>(&PyType_Type)));
  py::class_<BufferPool>(m, "BufferPool", py::is_final(), plain,
                         "Buffers in size classes, for programs that read into them and for connections.\n\n"
                         "`max_idle_len` is how many bytes are kept for reuse.")
      .def(py::init([](const py::object &max_idle_len) {
             const uint64_t len = number_or_throw(max_idle_len, "max_idle_len", UINT64_MAX);
             return std::make_unique<BufferPool>(len);
           }),
           py::kw_only(), py::arg("max_idle_len") = 16 * 1024 * 1024)
      .def("acquire", acquire, py::arg("len"), "Lends a writable buffer of `len` bytes, with undefined contents.")
      .def("stats", stats, "Returns the counters so far.")
      .attr("__module__") = "tidewire";
}

}  // namespace tidewire::python
