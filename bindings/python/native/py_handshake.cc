// SPDX-License-Identifier: MIT
// Each call reads its arguments, makes one call of the engine, and gives bytes or an Agreement.
#include "py_handshake.h"

#include <string.h>
#include <tidewire/tidewire.h>

#include <new>

#include "buffer_arg.h"
#include "call_args.h"
#include "handshake_args.h"
#include "py_deflate.h"
#include "py_head.h"
#include "py_status.h"
#include "py_types.h"

namespace tidewire::python {
namespace {

const uint8_t *bytes_of(std::string_view text) { return reinterpret_cast<const uint8_t *>(text.data()); }

PyObject *str_of(const uint8_t *ascii, size_t len) {
  return PyUnicode_FromStringAndSize(reinterpret_cast<const char *>(ascii), static_cast<Py_ssize_t>(len));
}

// What `build(out, cap, &len)` writes, as bytes. It is called to learn the length, and again with that much room.
template <class Build>
PyObject *built(const Build &build) {
  size_t len = 0;
  tw_status status = build(nullptr, 0, &len);
  if (status != TW_NEED_ROOM) return raise_status(status);
  py::object result =
      py::reinterpret_steal<py::object>(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(len)));
  if (!result) return nullptr;
  status = build(reinterpret_cast<uint8_t *>(PyBytes_AS_STRING(result.ptr())), len, &len);
  return status == TW_OK ? result.release().ptr() : raise_status(status);
}

// HandshakeArgs::read without its exception.
bool read_args(HandshakeArgs *args, const HandshakeValues &values) {
  try {
    return args->read(values);
  } catch (const std::bad_alloc &) {
    return PyErr_NoMemory() != nullptr;
  }
}

bool key_arg(PyObject *object, std::string_view *key) {
  if (!text_arg(object, "key", key)) return false;
  return key->size() == TW_KEY_LEN || raise_status(TW_ERR_KEY) != nullptr;
}

PyObject *make_agreement(const tw_agreement &agreement, const HandshakeArgs &args) {
  PyObject *subprotocol = Py_None;
  if (agreement.subprotocol != 0) {
    subprotocol = PyTuple_GET_ITEM(args.subprotocols().ptr(), static_cast<Py_ssize_t>(agreement.subprotocol) - 1);
  }
  const py::object deflate = py::reinterpret_steal<py::object>(make_deflate(agreement.deflate));
  const py::object accept = py::reinterpret_steal<py::object>(str_of(agreement.accept, TW_ACCEPT_LEN));
  if (!deflate || !accept) return nullptr;
  return make_plain(PlainType::kAgreement, "(OOO)", subprotocol, deflate.ptr(), accept.ptr());
}

PyObject *check_request(PyObject *, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"head",    "subprotocols", "origins",          "any_origin",
                                           "deflate", "max_head_len", "max_header_count", "max_line_len"};
  PyObject *values[8];
  HandshakeArgs handshake;
  if (!bind_args({"check_request", kNames, 8, 1, 1}, args, nargs, kwnames, values) ||
      !read_args(&handshake, {.subprotocols = values[1],
                              .origins = values[2],
                              .any_origin = values[3],
                              .max_head_len = values[5],
                              .max_header_count = values[6],
                              .max_line_len = values[7],
                              .deflate = values[4]})) {
    return nullptr;
  }
  BufferArg request;
  tw_head head = {};
  if (!request.read(values[0], "head") ||
      !parse_head(request.data(), request.len(), TW_ROLE_SERVER, handshake.config(), &head)) {
    return nullptr;
  }
  tw_agreement agreement = {};
  const tw_status status = tw_request_check(&head, request.data(), &handshake.config(), &agreement);
  return status == TW_OK ? make_agreement(agreement, handshake) : raise_status(status);
}

PyObject *check_response(PyObject *, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {
      "head", "key", "subprotocols", "deflate", "max_head_len", "max_header_count", "max_line_len"};
  PyObject *values[7];
  HandshakeArgs handshake;
  std::string_view key;
  if (!bind_args({"check_response", kNames, 7, 2, 2}, args, nargs, kwnames, values) || !key_arg(values[1], &key) ||
      !read_args(&handshake, {.subprotocols = values[2],
                              .max_head_len = values[4],
                              .max_header_count = values[5],
                              .max_line_len = values[6],
                              .deflate = values[3]})) {
    return nullptr;
  }
  BufferArg response;
  tw_head head = {};
  if (!response.read(values[0], "head") ||
      !parse_head(response.data(), response.len(), TW_ROLE_CLIENT, handshake.config(), &head)) {
    return nullptr;
  }
  tw_agreement agreement = {};
  const tw_status status = tw_response_check(&head, response.data(), &handshake.config(), bytes_of(key), &agreement);
  return status == TW_OK ? make_agreement(agreement, handshake) : raise_status(status);
}

PyObject *build_request(PyObject *, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"key", "host", "target", "origin", "subprotocols", "headers", "deflate"};
  PyObject *values[7];
  HandshakeArgs handshake;
  std::string_view key;
  if (!bind_args({"build_request", kNames, 7, 2, 1}, args, nargs, kwnames, values) || !key_arg(values[0], &key) ||
      !read_args(&handshake, {.host = values[1],
                              .target = values[2],
                              .origin = values[3],
                              .subprotocols = values[4],
                              .headers = values[5],
                              .deflate = values[6]})) {
    return nullptr;
  }
  return built([&](uint8_t *out, size_t cap, size_t *len) {
    return tw_request_build(&handshake.config(), bytes_of(key), out, cap, len);
  });
}

// An Agreement in C's terms, but for the subprotocol. False with an exception set.
bool read_agreement(PyObject *object, tw_agreement *out, py::object *subprotocol) {
  if (!plain_arg(object, PlainType::kAgreement, "agreement")) return false;
  *subprotocol = py::reinterpret_steal<py::object>(PyObject_GetAttrString(object, "subprotocol"));
  const py::object deflate = py::reinterpret_steal<py::object>(PyObject_GetAttrString(object, "deflate"));
  const py::object accept = py::reinterpret_steal<py::object>(PyObject_GetAttrString(object, "accept"));
  std::string_view text;
  if (!*subprotocol || !deflate || !accept || !text_arg(accept.ptr(), "accept", &text)) return false;
  if (text.size() != TW_ACCEPT_LEN) {
    return raise_usage("accept must have %d characters, not %zu", TW_ACCEPT_LEN, text.size()) != nullptr;
  }
  memcpy(out->accept, text.data(), TW_ACCEPT_LEN);
  return !is_given(deflate.ptr()) || deflate_arg(deflate.ptr(), "agreement.deflate", &out->deflate);
}

PyObject *build_response(PyObject *, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"agreement", "headers", "deflate"};
  PyObject *values[3];
  tw_agreement agreement = {};
  py::object subprotocol;
  if (!bind_args({"build_response", kNames, 3, 1, 1}, args, nargs, kwnames, values) ||
      !read_agreement(values[0], &agreement, &subprotocol)) {
    return nullptr;
  }
  py::object chosen;
  if (is_given(subprotocol.ptr())) {
    chosen = py::reinterpret_steal<py::object>(PyTuple_Pack(1, subprotocol.ptr()));
    if (!chosen) return nullptr;
    agreement.subprotocol = 1;
  }
  HandshakeArgs handshake;
  if (!read_args(&handshake, {.subprotocols = chosen.ptr(), .headers = values[1], .deflate = values[2]})) {
    return nullptr;
  }
  return built([&](uint8_t *out, size_t cap, size_t *len) {
    return tw_response_build(&handshake.config(), &agreement, out, cap, len);
  });
}

PyObject *build_refusal(PyObject *, PyObject *reason) {
  int overflow = 0;
  const long status = PyLong_AsLongAndOverflow(reason, &overflow);
  if (status == -1 && PyErr_Occurred() != nullptr) return nullptr;
  const bool is_status = overflow == 0 && status >= INT32_MIN && status < 0;
  if (!is_status || tw_status_http_status(static_cast<tw_status>(status)) == 0) {
    return raise_usage("status %S has no HTTP status", reason);
  }
  return built([&](uint8_t *out, size_t cap, size_t *len) {
    return tw_refusal_build(static_cast<tw_status>(status), out, cap, len);
  });
}

PyObject *generate_key(PyObject *, PyObject *) {
  uint8_t key[TW_KEY_LEN];
  const tw_status status = tw_key_generate(nullptr, key);
  return status == TW_OK ? str_of(key, TW_KEY_LEN) : raise_status(status);
}

PyObject *accept_key(PyObject *, PyObject *key) {
  std::string_view text;
  if (!key_arg(key, &text)) return nullptr;
  uint8_t accept[TW_ACCEPT_LEN];
  const tw_status status = tw_accept_key(bytes_of(text), accept);
  return status == TW_OK ? str_of(accept, TW_ACCEPT_LEN) : raise_status(status);
}

PyMethodDef handshake_functions[] = {
    {"check_request", as_method(check_request), METH_FASTCALL | METH_KEYWORDS,
     "check_request(head, /, *, subprotocols=(), origins=(), any_origin=False, deflate=None, max_head_len=16384, "
     "max_header_count=100, max_line_len=8192)\n--\n\n"
     "Server: checks a whole request head (RFC 6455 4.2.1) and returns the Agreement that it leads to.\n\n"
     "The arguments are those of Connection. Whoever answers with build_response goes on with\n"
     "Connection(Role.SERVER, upgraded=True, deflate=..., negotiated=agreement.deflate)."},
    {"build_response", as_method(build_response), METH_FASTCALL | METH_KEYWORDS,
     "build_response(agreement, /, *, headers=(), deflate=None)\n--\n\n"
     "Server: returns the response of status 101 to the request that led to `agreement`, with `deflate` as in\n"
     "check_request."},
    {"build_refusal", build_refusal, METH_O,
     "build_refusal(status, /)\n--\n\n"
     "Server: returns the response that refuses a request because of a status, that of an Error whose http_status is\n"
     "not 0. It closes the HTTP connection."},
    {"generate_key", generate_key, METH_NOARGS, "generate_key()\n--\n\nClient: returns a fresh Sec-WebSocket-Key."},
    {"build_request", as_method(build_request), METH_FASTCALL | METH_KEYWORDS,
     "build_request(key, /, *, host, target='/', origin=None, subprotocols=(), headers=(), deflate=None)\n--\n\n"
     "Client: returns the request. The arguments are those of Connection."},
    {"check_response", as_method(check_response), METH_FASTCALL | METH_KEYWORDS,
     "check_response(head, key, /, *, subprotocols=(), deflate=None, max_head_len=16384, max_header_count=100, "
     "max_line_len=8192)\n--\n\n"
     "Client: checks a whole response head (RFC 6455 4.1, RFC 7692 7.1) against the request that build_request made\n"
     "with the same arguments, and returns the Agreement."},
    {"accept_key", accept_key, METH_O,
     "accept_key(key, /)\n--\n\nReturns the Sec-WebSocket-Accept that answers a Sec-WebSocket-Key (RFC 6455 4.2.2)."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

void add_handshake(py::module_ &m) {
  if (PyModule_AddFunctions(m.ptr(), handshake_functions) != 0) throw py::error_already_set();
}

}  // namespace tidewire::python
