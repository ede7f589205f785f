// SPDX-License-Identifier: MIT
// The BufferPool type. A heap type made by hand: to acquire a buffer takes less time than pybind11 takes for a call.
#include "py_pool.h"

#include <string.h>

#include <iterator>
#include <string>
#include <vector>

#include "call_args.h"
#include "pool_buffer.h"
#include "py_status.h"
#include "py_types.h"

namespace tidewire::python {
namespace {

struct PoolObject {
  PyObject_HEAD tw_pool *pool;
};

PyTypeObject *pool_type;

bool size_arg(PyObject *object, const char *name, size_t *out) {
  uint64_t number = 0;
  if (!number_arg(object, name, PY_SSIZE_T_MAX, &number)) return false;
  *out = number;
  return true;
}

// ---- Classes ----

// A PoolClass, or any tuple that begins like one, or the length alone.
bool class_arg(PyObject *object, tw_pool_class *out) {
  out->max_idle = 0;
  if (!PyTuple_Check(object)) return range_arg(object, "a class", 1, UINT64_MAX, &out->len);
  if (PyTuple_GET_SIZE(object) < 2) return raise_usage("a class is a len or a PoolClass, not %R", object) != nullptr;
  return range_arg(PyTuple_GET_ITEM(object, 0), "len of a class", 1, UINT64_MAX, &out->len) &&
         number_arg(PyTuple_GET_ITEM(object, 1), "max_idle of a class", UINT64_MAX, &out->max_idle);
}

struct Classes {
  tw_pool_class list[TW_POOL_CLASSES_MAX];
  size_t count = 0;

  bool read(PyObject *object) {
    const py::object items = py::reinterpret_steal<py::object>(PySequence_Tuple(object));
    if (!items) return false;
    const auto given = static_cast<size_t>(PyTuple_GET_SIZE(items.ptr()));
    if (given == 0 || given > TW_POOL_CLASSES_MAX) {
      return raise_usage("classes must be 1 to %d, not %zu", TW_POOL_CLASSES_MAX, given) != nullptr;
    }
    for (; count < given; ++count) {
      if (!class_arg(PyTuple_GET_ITEM(items.ptr(), static_cast<Py_ssize_t>(count)), &list[count])) return false;
      if (count != 0 && list[count].len <= list[count - 1].len) {
        return raise_usage("classes must be in ascending order") != nullptr;
      }
    }
    return true;
  }
};

PyObject *make_class_stats(const tw_pool *pool, size_t index) {
  tw_pool_class_stats stats = TW_POOL_CLASS_STATS_INIT;
  tw_pool_get_class_stats(pool, index, &stats);
  return make_plain(PlainType::kPoolClassStats, "(KKKKKKKK)", stats.len, stats.max_idle, stats.hits, stats.misses,
                    stats.drops, stats.in_use, stats.idle, stats.high_water);
}

PyObject *make_all_class_stats(const tw_pool *pool, uint64_t count) {
  py::object classes = py::reinterpret_steal<py::object>(PyTuple_New(static_cast<Py_ssize_t>(count)));
  for (size_t i = 0; classes && i < count; ++i) {
    PyObject *made = make_class_stats(pool, i);
    if (made == nullptr) return nullptr;
    PyTuple_SET_ITEM(classes.ptr(), static_cast<Py_ssize_t>(i), made);
  }
  return classes.release().ptr();
}

// What tw_pool_advise says: classes, and a line for each of them.
struct Advice {
  tw_pool_class classes[TW_POOL_CLASSES_MAX];
  size_t count = 0;
  std::string text;

  // May throw std::bad_alloc.
  tw_status read(const tw_pool *pool) {
    size_t len = 0;
    text.resize(TW_POOL_CLASSES_MAX * 128);
    for (;;) {
      const tw_status status =
          tw_pool_advise(pool, classes, std::size(classes), &count, text.data(), text.size(), &len);
      if (status == TW_OK) text.resize(len);
      if (status != TW_NEED_ROOM) return status;
      text.resize(len + 1);
    }
  }

  // A list of PoolClass, or nullptr with an exception set.
  PyObject *make() const {
    py::object list = py::reinterpret_steal<py::object>(PyList_New(static_cast<Py_ssize_t>(count)));
    const char *line = text.c_str();
    for (size_t i = 0; list && i < count; ++i) {
      const size_t len = strcspn(line, "\n");
      PyObject *reason = PyUnicode_FromStringAndSize(line, static_cast<Py_ssize_t>(len));
      if (reason == nullptr) return nullptr;
      PyObject *made = make_plain(PlainType::kPoolClass, "(KKN)", classes[i].len, classes[i].max_idle, reason);
      if (made == nullptr) return nullptr;
      PyList_SET_ITEM(list.ptr(), static_cast<Py_ssize_t>(i), made);
      line += len + (line[len] != '\0');
    }
    return list.release().ptr();
  }
};

// ---- Life ----

PyObject *pool_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static constexpr const char *kNames[] = {"max_idle_len", "classes"};
  PyObject *values[2];
  tw_pool_config config = TW_POOL_CONFIG_INIT;
  Classes classes;
  if (!bind_tuple({"BufferPool", kNames, 2, 0, 0}, args, kwargs, values) ||
      !limit_arg(values[0], kNames[0], &config.max_idle_len) || (is_given(values[1]) && !classes.read(values[1]))) {
    return nullptr;
  }
  if (classes.count != 0) {
    config.classes = classes.list;
    config.class_count = classes.count;
  }
  py::object object = py::reinterpret_steal<py::object>(type->tp_alloc(type, 0));
  if (!object) return nullptr;
  const tw_status status = tw_pool_create(&config, &reinterpret_cast<PoolObject *>(object.ptr())->pool);
  return status == TW_OK ? object.release().ptr() : raise_status(status);
}

void pool_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  tw_pool_destroy(pool_of(self));
  type->tp_free(self);
  Py_DECREF(type);
}

// ---- Methods ----

PyObject *pool_acquire(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"len", "exact"};
  PyObject *values[2];
  size_t len = 0;
  bool exact = false;
  if (!bind_args({"acquire", kNames, 2, 1, 1}, args, nargs, kwnames, values) || !size_arg(values[0], "len", &len) ||
      !flag_arg(values[1], &exact)) {
    return nullptr;
  }
  return make_pool_buffer(self, len, exact);
}

PyObject *pool_trim(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"keep_len"};
  PyObject *value;
  uint64_t keep_len = 0;
  if (!bind_args({"trim", kNames, 1, 0, 1}, args, nargs, kwnames, &value) ||
      !number_arg(value, kNames[0], UINT64_MAX, &keep_len)) {
    return nullptr;
  }
  return none_or_raise(tw_pool_trim(pool_of(self), keep_len));
}

PyObject *pool_stats(PyObject *self, PyObject *) {
  tw_pool_stats stats = TW_POOL_STATS_INIT;
  tw_pool_get_stats(pool_of(self), &stats);
  const py::object classes = py::reinterpret_steal<py::object>(make_all_class_stats(pool_of(self), stats.class_count));
  if (!classes) return nullptr;
  return make_plain(PlainType::kPoolStats, "(KKKKKKKO)", stats.hits, stats.misses, stats.drops, stats.in_use_len,
                    stats.idle_len, stats.high_water_len, stats.huge, classes.ptr());
}

PyObject *pool_advise(PyObject *self, PyObject *) {
  try {
    Advice advice;
    const tw_status status = advice.read(pool_of(self));
    return status == TW_OK ? advice.make() : raise_status(status);
  } catch (const std::bad_alloc &) {
    return PyErr_NoMemory();
  }
}

PyMethodDef pool_methods[] = {
    {"acquire", as_method(pool_acquire), METH_FASTCALL | METH_KEYWORDS,
     "acquire($self, /, len, *, exact=False)\n--\n\n"
     "Lends a writable buffer of `len` bytes, with undefined contents. With `exact` its memory has that length, not\n"
     "that of a class, and is kept for those who ask for the same."},
    {"trim", as_method(pool_trim), METH_FASTCALL | METH_KEYWORDS,
     "trim($self, /, keep_len=0)\n--\n\n"
     "Frees idle memory, what this thread keeps first, until at most keep_len bytes are idle. What other threads keep\n"
     "stays, so a thread calls it before it ends."},
    {"stats", pool_stats, METH_NOARGS, "stats($self, /)\n--\n\nReturns the counters so far, a PoolStats."},
    {"advise", pool_advise, METH_NOARGS,
     "advise($self, /)\n--\n\n"
     "Recommends classes for the next pool from what was counted so far: a list of PoolClass, each with its reason,\n"
     "as BufferPool(classes=...) takes it. Under 80 % hits max_idle grows by a fifth; over 95 %, where more than half\n"
     "of the returned buffers were dropped, it shrinks by a fifth."},
    {nullptr, nullptr, 0, nullptr},
};

constexpr char kPoolDoc[] =
    "BufferPool(*, max_idle_len=16777216, classes=None)\n--\n\n"
    "Buffers in size classes, for programs that read into them and for connections. May be shared by threads.\n\n"
    "max_idle_len  bytes kept for reuse\n"
    "classes       at most 16 in ascending order, each a PoolClass or the length of its buffers; None: 256 bytes, 1, "
    "4,\n"
    "              8, 16 and 64 KiB";

PyType_Slot pool_slots[] = {
    {Py_tp_new, reinterpret_cast<void *>(pool_new)},
    {Py_tp_dealloc, reinterpret_cast<void *>(pool_dealloc)},
    {Py_tp_methods, pool_methods},
    {Py_tp_doc, const_cast<char *>(kPoolDoc)},
    {0, nullptr},
};

PyType_Spec pool_spec = {"tidewire.BufferPool", sizeof(PoolObject), 0, Py_TPFLAGS_DEFAULT, pool_slots};

}  // namespace

tw_pool *pool_of(PyObject *pool) { return reinterpret_cast<PoolObject *>(pool)->pool; }

tw_pool *pool_arg(PyObject *object) {
  if (Py_TYPE(object) == pool_type) return pool_of(object);
  PyErr_Format(PyExc_TypeError, "pool must be a BufferPool, not %.200s", Py_TYPE(object)->tp_name);
  return nullptr;
}

void add_pool(py::module_ &m) {
  add_pool_buffer(m);
  pool_type = reinterpret_cast<PyTypeObject *>(PyType_FromSpec(&pool_spec));
  if (pool_type == nullptr) throw py::error_already_set();
  m.attr("BufferPool") = py::handle(reinterpret_cast<PyObject *>(pool_type));
}

}  // namespace tidewire::python
