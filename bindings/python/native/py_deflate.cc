// SPDX-License-Identifier: MIT
// What a side wants of compression is read once per connection, so by the names of its fields.
#include "py_deflate.h"

#include "call_args.h"
#include "py_types.h"

namespace tidewire::python {
namespace {

py::object field_of(PyObject *object, const char *name) {
  return py::reinterpret_steal<py::object>(PyObject_GetAttrString(object, name));
}

template <class Number>
bool read_choice(PyObject *object, const char *name, uint64_t min, uint64_t max, Number *out) {
  const py::object value = field_of(object, name);
  uint64_t number = 0;
  if (!value || !range_arg(value.ptr(), name, min, max, &number)) return false;
  *out = static_cast<Number>(number);
  return true;
}

template <class Number>
bool read_bound(PyObject *object, const char *name, Number *out) {
  const py::object value = field_of(object, name);
  return value && limit_arg(value.ptr(), name, out);
}

bool read_flag(PyObject *object, const char *name, uint8_t flag, uint8_t *flags) {
  const py::object value = field_of(object, name);
  bool on = false;
  if (!value || !flag_arg(value.ptr(), &on)) return false;
  if (on) *flags |= flag;
  return true;
}

}  // namespace

bool deflate_config_arg(PyObject *object, tw_deflate_config *out) {
  return plain_arg(object, PlainType::kDeflateConfig, "deflate") && read_choice(object, "level", 1, 9, &out->level) &&
         read_choice(object, "memory_level", 1, 9, &out->memory_level) &&
         read_choice(object, "send_window_bits", 8, 15, &out->send_window_bits) &&
         read_choice(object, "receive_window_bits", 8, 15, &out->receive_window_bits) &&
         read_choice(object, "max_context_len", 0, UINT64_MAX, &out->max_context_len) &&
         read_bound(object, "min_len", &out->min_len) && read_bound(object, "max_call_len", &out->max_call_len) &&
         read_bound(object, "max_ratio", &out->max_ratio);
}

bool deflate_arg(PyObject *object, const char *name, tw_deflate *out) {
  out->enabled = 1;
  return plain_arg(object, PlainType::kDeflate, name) &&
         read_choice(object, "send_window_bits", 8, 15, &out->send_window_bits) &&
         read_choice(object, "receive_window_bits", 8, 15, &out->receive_window_bits) &&
         read_flag(object, "send_takeover", TW_DEFLATE_SEND_TAKEOVER, &out->flags) &&
         read_flag(object, "receive_takeover", TW_DEFLATE_RECEIVE_TAKEOVER, &out->flags) &&
         read_flag(object, "window_asked", TW_DEFLATE_WINDOW_ASKED, &out->flags);
}

PyObject *make_deflate(const tw_deflate &terms) {
  if (terms.enabled == 0) return Py_NewRef(Py_None);
  const auto flag = [&](uint8_t bit) { return (terms.flags & bit) != 0 ? Py_True : Py_False; };
  return make_plain(PlainType::kDeflate, "(IIOOO)", static_cast<unsigned>(terms.send_window_bits),
                    static_cast<unsigned>(terms.receive_window_bits), flag(TW_DEFLATE_SEND_TAKEOVER),
                    flag(TW_DEFLATE_RECEIVE_TAKEOVER), flag(TW_DEFLATE_WINDOW_ASKED));
}

}  // namespace tidewire::python
