// SPDX-License-Identifier: MIT
// Heads are read once per connection, so pybind11 builds the objects.
#include "py_head.h"

#include <tidewire/tidewire.h>

#include "call_args.h"
#include "py_status.h"

namespace tidewire::python {
namespace {

// ISO 8859-1 gives every byte a character, so that nothing of a header is lost.
py::object latin1(const tw_view &view) {
  PyObject *text =
      PyUnicode_DecodeLatin1(reinterpret_cast<const char *>(view.data), static_cast<Py_ssize_t>(view.len), nullptr);
  if (text == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(text);
}

py::tuple headers_of(const tw_head &head, const uint8_t *data) {
  py::list headers;
  tw_view name = {};
  tw_view value = {};
  for (size_t i = 0; tw_head_header(&head, data, nullptr, i, &name, &value) == TW_OK; ++i) {
    headers.append(py::make_tuple(latin1(name), latin1(value)));
  }
  return py::tuple(headers);
}

PyObject *accept_key(PyObject *, PyObject *key) {
  std::string_view text;
  if (!text_arg(key, "key", &text)) return nullptr;
  if (text.size() != TW_KEY_LEN) return raise_status(TW_ERR_KEY);
  uint8_t accept[TW_ACCEPT_LEN];
  const tw_status status = tw_accept_key(reinterpret_cast<const uint8_t *>(text.data()), accept);
  if (status != TW_OK) return raise_status(status);
  return PyUnicode_FromStringAndSize(reinterpret_cast<const char *>(accept), TW_ACCEPT_LEN);
}

PyMethodDef head_functions[] = {
    {"accept_key", accept_key, METH_O,
     "accept_key(key, /)\n--\n\nReturns the Sec-WebSocket-Accept that answers a Sec-WebSocket-Key (RFC 6455 4.2.2)."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

bool read_head(const uint8_t *data, size_t len, uint32_t role, py::object *out_target, py::object *out_headers) {
  // The connection has applied its limits already.
  tw_handshake_config config = TW_HANDSHAKE_CONFIG_INIT;
  config.max_head_len = UINT32_MAX;
  config.max_header_count = UINT32_MAX;
  config.max_line_len = UINT32_MAX;
  tw_head head = {};
  size_t head_len = 0;
  tw_status status = tw_head_init(&head, role, &config);
  if (status == TW_OK) status = tw_head_parse(&head, data, len, &head_len);
  if (status != TW_OK) return raise_status(status) != nullptr;
  try {
    tw_view target = {};
    const bool has_target = tw_head_target(&head, data, &target) == TW_OK;
    *out_target = has_target ? latin1(target) : py::none();
    *out_headers = headers_of(head, data);
    return true;
  } catch (py::error_already_set &raised) {
    raised.restore();
    return false;
  }
}

void add_head(py::module_ &m) {
  if (PyModule_AddFunctions(m.ptr(), head_functions) != 0) throw py::error_already_set();
}

}  // namespace tidewire::python
