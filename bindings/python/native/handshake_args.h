// SPDX-License-Identifier: MIT
// The arguments of an opening handshake in C's terms, with what keeps their strings alive.
#ifndef TIDEWIRE_PYTHON_HANDSHAKE_ARGS_H_
#define TIDEWIRE_PYTHON_HANDSHAKE_ARGS_H_

#include <pybind11/pybind11.h>
#include <tidewire/tidewire.h>

#include <vector>

namespace py = pybind11;

namespace tidewire::python {

// As the caller gave them, borrowed; nullptr for those that were not given.
struct HandshakeValues {
  PyObject *host = nullptr;
  PyObject *target = nullptr;
  PyObject *origin = nullptr;
  PyObject *subprotocols = nullptr;
  PyObject *origins = nullptr;
  PyObject *any_origin = nullptr;
  PyObject *headers = nullptr;
  PyObject *max_head_len = nullptr;
  PyObject *max_header_count = nullptr;
  PyObject *max_line_len = nullptr;
  PyObject *deflate = nullptr;
};

class HandshakeArgs {
 public:
  // False with an exception set. May throw std::bad_alloc. To be called once.
  bool read(const HandshakeValues &values);

  // Points into this object and into the caller's strings.
  const tw_handshake_config &config() const { return config_; }

  // A tuple of str.
  const py::object &subprotocols() const { return subprotocols_; }

 private:
  bool read_optional(PyObject *object, const char *name, const char **out);
  bool read_strings(PyObject *object, const char *name, std::vector<const char *> *strings, py::object *tuple);
  bool read_headers(PyObject *object);
  bool read_deflate(PyObject *object);

  tw_handshake_config config_ = TW_HANDSHAKE_CONFIG_INIT;
  tw_deflate_config deflate_ = TW_DEFLATE_CONFIG_INIT;
  std::vector<const char *> subprotocol_strings_;
  std::vector<const char *> origin_strings_;
  std::vector<tw_header> header_strings_;
  py::object subprotocols_;
  py::object origins_;
  std::vector<py::object> pairs_;
};

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_HANDSHAKE_ARGS_H_
