// SPDX-License-Identifier: MIT
// Strings, lists and headers of a handshake: converted, and kept in place until C has read them.
#include "handshake_args.h"

#include <utility>

#include "call_args.h"
#include "py_deflate.h"
#include "py_status.h"

namespace tidewire::python {
namespace {

// An iterable as a tuple. A str is one too, but never what was meant.
bool read_tuple(PyObject *object, const char *name, py::object *out) {
  if (PyUnicode_Check(object)) {
    PyErr_Format(PyExc_TypeError, "%s must be an iterable, not a str", name);
    return false;
  }
  *out = py::reinterpret_steal<py::object>(PySequence_Tuple(object));
  return static_cast<bool>(*out);
}

}  // namespace

bool HandshakeArgs::read(const HandshakeValues &values) {
  bool any_origin = false;
  if (!limit_arg(values.max_head_len, "max_head_len", &config_.max_head_len) ||
      !limit_arg(values.max_header_count, "max_header_count", &config_.max_header_count) ||
      !limit_arg(values.max_line_len, "max_line_len", &config_.max_line_len) ||
      !read_optional(values.host, "host", &config_.host) || !read_optional(values.target, "target", &config_.target) ||
      !read_optional(values.origin, "origin", &config_.origin) ||
      !read_strings(values.subprotocols, "subprotocols", &subprotocol_strings_, &subprotocols_) ||
      !read_strings(values.origins, "origins", &origin_strings_, &origins_) ||
      !flag_arg(values.any_origin, &any_origin) || !read_headers(values.headers) || !read_deflate(values.deflate)) {
    return false;
  }
  if (any_origin) config_.flags |= TW_HANDSHAKE_ANY_ORIGIN;
  config_.subprotocols = subprotocol_strings_.data();
  config_.subprotocol_count = subprotocol_strings_.size();
  config_.origins = origin_strings_.data();
  config_.origin_count = origin_strings_.size();
  config_.headers = header_strings_.data();
  config_.header_count = header_strings_.size();
  return true;
}

bool HandshakeArgs::read_optional(PyObject *object, const char *name, const char **out) {
  return !is_given(object) || c_string_arg(object, name, out);
}

bool HandshakeArgs::read_strings(PyObject *object, const char *name, std::vector<const char *> *strings,
                                 py::object *tuple) {
  if (object == nullptr) {
    *tuple = py::reinterpret_steal<py::object>(PyTuple_New(0));
    return static_cast<bool>(*tuple);
  }
  if (!read_tuple(object, name, tuple)) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple->ptr()); ++i) {
    const char *text = nullptr;
    if (!c_string_arg(PyTuple_GET_ITEM(tuple->ptr(), i), name, &text)) return false;
    strings->push_back(text);
  }
  return true;
}

bool HandshakeArgs::read_headers(PyObject *object) {
  if (object == nullptr) return true;
  py::object items = py::reinterpret_borrow<py::object>(object);
  if (py::hasattr(items, "items")) {
    items = py::reinterpret_steal<py::object>(PyMapping_Items(object));
    if (!items) return false;
  }
  py::object pairs;
  if (!read_tuple(items.ptr(), "headers", &pairs)) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(pairs.ptr()); ++i) {
    py::object pair;
    if (!read_tuple(PyTuple_GET_ITEM(pairs.ptr(), i), "headers", &pair)) return false;
    if (PyTuple_GET_SIZE(pair.ptr()) != 2) return raise_usage("headers must be pairs of name and value") != nullptr;
    tw_header header = {};
    if (!c_string_arg(PyTuple_GET_ITEM(pair.ptr(), 0), "header name", &header.name) ||
        !c_string_arg(PyTuple_GET_ITEM(pair.ptr(), 1), "header value", &header.value)) {
      return false;
    }
    header_strings_.push_back(header);
    pairs_.push_back(std::move(pair));
  }
  return true;
}

bool HandshakeArgs::read_deflate(PyObject *object) {
  if (!is_given(object)) return true;
  config_.deflate = &deflate_;
  return deflate_config_arg(object, &deflate_);
}

}  // namespace tidewire::python
