// SPDX-License-Identifier: MIT
// Masking and UTF-8 validation of any buffer.
#include "py_mask.h"

#include <string.h>
#include <tidewire/tidewire.h>

#include "buffer_arg.h"
#include "call_args.h"
#include "py_status.h"

namespace tidewire::python {
namespace {

// Giving the GIL away and taking it back costs 80 ns, which is under a tenth of the work from here on.
constexpr size_t kReleaseGilLen = 32 * 1024;

class MaybeWithoutGil {
 public:
  explicit MaybeWithoutGil(size_t len) : saved_(len >= kReleaseGilLen ? PyEval_SaveThread() : nullptr) {}
  MaybeWithoutGil(const MaybeWithoutGil &) = delete;
  MaybeWithoutGil &operator=(const MaybeWithoutGil &) = delete;
  ~MaybeWithoutGil() {
    if (saved_ != nullptr) PyEval_RestoreThread(saved_);
  }

 private:
  PyThreadState *saved_;
};

struct KeyAndPhase {
  uint8_t key[4];
  uint64_t phase = 0;

  bool read(PyObject *key_object, PyObject *phase_object) {
    BufferArg buffer;
    if (!buffer.read(key_object, "key")) return false;
    if (buffer.len() != sizeof(key)) {
      raise_usage("key must be 4 bytes, not %zu", buffer.len());
      return false;
    }
    memcpy(key, buffer.data(), sizeof(key));
    return number_arg(phase_object, "phase", UINT64_MAX, &phase);
  }
};

tw_status mask_without_gil(uint8_t *dst, const BufferArg &src, const KeyAndPhase &with) {
  const MaybeWithoutGil gil(src.len());
  return tw_mask(dst, src.data(), src.len(), with.key, with.phase);
}

// ---- Bytes that are masked faster than an argument of another kind is looked at ----

bool is_short_bytes(PyObject *object) {
  return PyBytes_CheckExact(object) && PyBytes_GET_SIZE(object) < static_cast<Py_ssize_t>(kReleaseGilLen);
}

bool is_key(PyObject *object) { return PyBytes_CheckExact(object) && PyBytes_GET_SIZE(object) == 4; }

const uint8_t *bytes_of(PyObject *object) { return reinterpret_cast<const uint8_t *>(PyBytes_AS_STRING(object)); }

PyObject *mask_short(PyObject *data, PyObject *key) {
  const Py_ssize_t len = PyBytes_GET_SIZE(data);
  PyObject *result = PyBytes_FromStringAndSize(nullptr, len);
  if (result == nullptr) return nullptr;
  auto *dst = reinterpret_cast<uint8_t *>(PyBytes_AS_STRING(result));
  if (len > 0) tw_mask(dst, bytes_of(data), static_cast<size_t>(len), bytes_of(key), 0);
  return result;
}

PyObject *mask(PyObject *, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"data", "key", "phase"};
  PyObject *values[3];
  if (nargs == 2 && kwnames == nullptr && is_short_bytes(args[0]) && is_key(args[1])) {
    return mask_short(args[0], args[1]);
  }
  if (!bind_args({"mask", kNames, 3, 2, 3}, args, nargs, kwnames, values)) return nullptr;
  BufferArg src;
  KeyAndPhase with;
  if (!src.read(values[0], "data") || !with.read(values[1], values[2])) return nullptr;
  py::object result =
      py::reinterpret_steal<py::object>(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(src.len())));
  if (!result) return nullptr;
  auto *dst = reinterpret_cast<uint8_t *>(PyBytes_AS_STRING(result.ptr()));
  const tw_status status = mask_without_gil(dst, src, with);
  return status == TW_OK ? result.release().ptr() : raise_status(status);
}

PyObject *mask_into(PyObject *, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"dst", "src", "key", "phase"};
  PyObject *values[4];
  if (!bind_args({"mask_into", kNames, 4, 3, 4}, args, nargs, kwnames, values)) return nullptr;
  BufferArg dst;
  BufferArg src;
  KeyAndPhase with;
  if (!dst.write(values[0], "dst") || !src.read(values[1], "src") || !with.read(values[2], values[3])) return nullptr;
  if (dst.len() != src.len()) {
    return raise_usage("dst and src must have the same length, not %zu and %zu bytes", dst.len(), src.len());
  }
  const tw_status status = mask_without_gil(dst.data(), src, with);
  if (status == TW_ERR_ARGUMENT) return raise_usage("dst and src overlap without being the same memory");
  return none_or_raise(status);
}

PyObject *validate_utf8(PyObject *, PyObject *data) {
  BufferArg text;
  if (!text.read(data, "data")) return nullptr;
  tw_status status = TW_OK;
  {
    const MaybeWithoutGil gil(text.len());
    status = tw_utf8_validate(text.data(), text.len(), nullptr);
  }
  return PyBool_FromLong(status == TW_OK);
}

PyMethodDef mask_functions[] = {
    {"mask", as_method(mask), METH_FASTCALL | METH_KEYWORDS,
     "mask(data, key, phase=0)\n--\n\n"
     "Returns data XORed with the 4-byte key, repeated (RFC 6455 5.3). Masking and unmasking are the same operation.\n"
     "`phase` is the number of payload bytes that came before data."},
    {"mask_into", as_method(mask_into), METH_FASTCALL | METH_KEYWORDS,
     "mask_into(dst, src, key, phase=0)\n--\n\n"
     "Like mask, but writes into dst, a writable buffer as long as src. Both may be the same memory."},
    {"validate_utf8", validate_utf8, METH_O, "validate_utf8(data, /)\n--\n\nTells whether data is valid UTF-8."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

void add_mask(py::module_ &m) {
  if (PyModule_AddFunctions(m.ptr(), mask_functions) != 0) throw py::error_already_set();
}

}  // namespace tidewire::python
