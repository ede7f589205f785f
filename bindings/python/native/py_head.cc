// SPDX-License-Identifier: MIT
// Heads are read once per connection, so pybind11 builds the objects.
#include "py_head.h"

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
  size_t cursor = 0;
  while (tw_head_next(&head, data, &cursor, &name, &value) == TW_OK) {
    headers.append(py::make_tuple(latin1(name), latin1(value)));
  }
  return py::tuple(headers);
}

}  // namespace

bool parse_head(const uint8_t *data, size_t len, uint32_t role, const tw_handshake_config &config, tw_head *out) {
  size_t head_len = 0;
  tw_status status = tw_head_init(out, role, &config);
  if (status == TW_OK) status = tw_head_parse(out, data, len, &head_len);
  if (status == TW_NEED_INPUT) return raise_usage("the head does not end with an empty line") != nullptr;
  if (status == TW_OK) return head_len == len || raise_usage("%zu bytes follow the head", len - head_len) != nullptr;
  const uint64_t offset = head_len;
  Failure failure;
  failure.offset = &offset;
  return raise_status(status, failure) != nullptr;
}

bool read_head(const uint8_t *data, size_t len, uint32_t role, py::object *out_target, py::object *out_headers) {
  // The connection has applied its limits already.
  tw_handshake_config config = TW_HANDSHAKE_CONFIG_INIT;
  config.max_head_len = UINT32_MAX;
  config.max_header_count = UINT32_MAX;
  config.max_line_len = UINT32_MAX;
  tw_head head = {};
  if (!parse_head(data, len, role, config, &head)) return false;
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

}  // namespace tidewire::python
