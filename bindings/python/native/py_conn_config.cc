// SPDX-License-Identifier: MIT
// Connection.__init__: keyword arguments to a tw_conn_config.
#include <string.h>

#include <new>
#include <vector>

#include "buffer_arg.h"
#include "call_args.h"
#include "conn_object.h"
#include "py_pool.h"
#include "py_status.h"

namespace tidewire::python {

const char kConnDoc[] =
    "Connection(role, *, upgraded=False, host=None, target='/', origin=None, subprotocols=(), origins=(), "
    "any_origin=False, headers=(), max_message_len=16777216, max_frame_len=16777216, max_fragments=1024, "
    "max_output_len=67108864, max_head_len=16384, max_header_count=100, max_line_len=8192, pool=None, random=None)\n"
    "--\n\n"
    "One side of a WebSocket connection, without I/O. Give receive() what was read from the socket, look at the\n"
    "events that it returns, send, and write data_to_send() to the socket.\n\n"
    "role          Role.SERVER or Role.CLIENT\n"
    "upgraded      the opening handshake was done elsewhere: the stream starts with frames, and the arguments from\n"
    "              host to headers play no part\n"
    "host          client: the Host header, such as 'example.com:8080'; a client needs it\n"
    "target        client: what is requested\n"
    "origin        client: the Origin header; None sends none\n"
    "subprotocols  client: offered; server: supported; in order of preference\n"
    "origins       server: allowed besides the same origin and requests without one: 'https://example.com'\n"
    "any_origin    server: every Origin is allowed\n"
    "headers       pairs or a mapping of str, added to the request or response\n"
    "max_...       limits: bytes of a received message and frame, frames of a message, bytes of queued output,\n"
    "              bytes and headers of the peer's head, bytes of one of its lines\n"
    "pool          a BufferPool to take memory from, which connections may share\n"
    "random        for tests: called with a number, returns that many bytes in place of the system's CSPRNG\n\n"
    "A connection is used by one thread at a time, and not from inside a call on it: UsageError. No call gives\n"
    "the GIL away.";

namespace {

enum Argument : size_t {
  kRole,
  kUpgraded,
  kHost,
  kTarget,
  kOrigin,
  kSubprotocols,
  kOrigins,
  kAnyOrigin,
  kHeaders,
  kMaxMessageLen,
  kMaxFrameLen,
  kMaxFragments,
  kMaxOutputLen,
  kMaxHeadLen,
  kMaxHeaderCount,
  kMaxLineLen,
  kPool,
  kRandom,
  kArgumentCount
};

constexpr const char *kArgumentNames[kArgumentCount] = {
    "role",          "upgraded",      "host",           "target",       "origin",
    "subprotocols",  "origins",       "any_origin",     "headers",      "max_message_len",
    "max_frame_len", "max_fragments", "max_output_len", "max_head_len", "max_header_count",
    "max_line_len",  "pool",          "random"};

constexpr Signature kSignature = {"Connection", kArgumentNames, kArgumentCount, 1, 1};

// An iterable as a tuple. A str is one too, but never what was meant.
bool read_tuple(PyObject *object, const char *name, py::object *out) {
  if (PyUnicode_Check(object)) {
    PyErr_Format(PyExc_TypeError, "%s must be an iterable, not a str", name);
    return false;
  }
  *out = py::reinterpret_steal<py::object>(PySequence_Tuple(object));
  return static_cast<bool>(*out);
}

// The configuration in C's terms, with the objects that keep its strings alive until the connection has copied them.
class Config {
 public:
  // False with an exception set. May throw std::bad_alloc.
  bool read(PyObject *const *values);

  tw_conn_config conn = TW_CONN_CONFIG_INIT;
  py::object subprotocols = py::reinterpret_steal<py::object>(PyTuple_New(0));

 private:
  bool read_role(PyObject *const *values);
  bool read_limits(PyObject *const *values);
  bool read_handshake(PyObject *const *values);
  bool read_headers(PyObject *object);
  bool read_optional(PyObject *object, const char *name, const char **out);
  bool read_strings(PyObject *object, const char *name, std::vector<const char *> *strings, py::object *tuple);

  tw_handshake_config handshake_ = TW_HANDSHAKE_CONFIG_INIT;
  std::vector<const char *> subprotocol_strings_;
  std::vector<const char *> origin_strings_;
  std::vector<tw_header> header_strings_;
  std::vector<py::object> alive_;
};

bool Config::read(PyObject *const *values) {
  return static_cast<bool>(subprotocols) && read_role(values) && read_limits(values) && read_handshake(values);
}

bool Config::read_role(PyObject *const *values) {
  uint64_t role = 0;
  bool upgraded = false;
  if (!number_arg(values[kRole], "role", TW_ROLE_CLIENT, &role)) return false;
  if (!flag_arg(values[kUpgraded], &upgraded)) return false;
  conn.role = static_cast<uint32_t>(role);
  if (upgraded) conn.flags |= TW_CONN_UPGRADED;
  if (values[kPool] == nullptr || values[kPool] == Py_None) return true;
  conn.pool = pool_arg(values[kPool]);
  return conn.pool != nullptr;
}

// 0 is the engine's default, which nobody should have to know: an explicit limit is at least 1.
template <class Number>
bool read_limit(PyObject *const *values, Argument argument, Number *out) {
  uint64_t limit = 1;
  if (!number_arg(values[argument], kArgumentNames[argument], static_cast<Number>(-1), &limit)) return false;
  if (limit == 0) return raise_usage("%s must be at least 1", kArgumentNames[argument]) != nullptr;
  if (values[argument] != nullptr) *out = static_cast<Number>(limit);
  return true;
}

bool Config::read_limits(PyObject *const *values) {
  return read_limit(values, kMaxMessageLen, &conn.max_message_len) &&
         read_limit(values, kMaxFrameLen, &conn.max_frame_len) &&
         read_limit(values, kMaxFragments, &conn.max_fragments) &&
         read_limit(values, kMaxOutputLen, &conn.max_output_len) &&
         read_limit(values, kMaxHeadLen, &handshake_.max_head_len) &&
         read_limit(values, kMaxHeaderCount, &handshake_.max_header_count) &&
         read_limit(values, kMaxLineLen, &handshake_.max_line_len);
}

bool Config::read_optional(PyObject *object, const char *name, const char **out) {
  return object == nullptr || object == Py_None || c_string_arg(object, name, out);
}

bool Config::read_strings(PyObject *object, const char *name, std::vector<const char *> *strings, py::object *tuple) {
  if (object == nullptr) return true;
  if (!read_tuple(object, name, tuple)) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple->ptr()); ++i) {
    const char *text = nullptr;
    if (!c_string_arg(PyTuple_GET_ITEM(tuple->ptr(), i), name, &text)) return false;
    strings->push_back(text);
  }
  return true;
}

bool Config::read_headers(PyObject *object) {
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
    alive_.push_back(std::move(pair));
  }
  return true;
}

bool Config::read_handshake(PyObject *const *values) {
  bool any_origin = false;
  py::object origins;
  if (!read_optional(values[kHost], "host", &handshake_.host) ||
      !read_optional(values[kTarget], "target", &handshake_.target) ||
      !read_optional(values[kOrigin], "origin", &handshake_.origin) ||
      !read_strings(values[kSubprotocols], "subprotocols", &subprotocol_strings_, &subprotocols) ||
      !read_strings(values[kOrigins], "origins", &origin_strings_, &origins) ||
      !flag_arg(values[kAnyOrigin], &any_origin) || !read_headers(values[kHeaders])) {
    return false;
  }
  alive_.push_back(std::move(origins));
  if ((conn.flags & TW_CONN_UPGRADED) != 0) return true;
  if (conn.role == TW_ROLE_CLIENT && handshake_.host == nullptr) {
    return raise_saying(TW_ERR_NULL, "a client needs host") != nullptr;
  }
  if (any_origin) handshake_.flags |= TW_HANDSHAKE_ANY_ORIGIN;
  handshake_.subprotocols = subprotocol_strings_.data();
  handshake_.subprotocol_count = subprotocol_strings_.size();
  handshake_.origins = origin_strings_.data();
  handshake_.origin_count = origin_strings_.size();
  handshake_.headers = header_strings_.data();
  handshake_.header_count = header_strings_.size();
  conn.handshake = &handshake_;
  return true;
}

// Calls the `random` argument. Its exception waits in random_error until the engine's call has come back.
bool fill_from(ConnObject *object, uint8_t *out, size_t len) {
  const py::object bytes =
      py::reinterpret_steal<py::object>(PyObject_CallFunction(object->random, "n", static_cast<Py_ssize_t>(len)));
  BufferArg buffer;
  if (!bytes || !buffer.read(bytes.ptr(), "what random returns")) return false;
  if (buffer.len() != len) {
    raise_usage("random was asked for %zu bytes and returned %zu", len, buffer.len());
    return false;
  }
  memcpy(out, buffer.data(), len);
  return true;
}

int32_t fill_random(void *context, uint8_t *out, size_t len) {
  auto *object = static_cast<ConnObject *>(context);
  if (object->random == nullptr) return -1;  // the garbage collector has taken it
  if (fill_from(object, out, len)) return 0;
  const py::error_already_set raised;
  if (raised.trace()) PyException_SetTraceback(raised.value().ptr(), raised.trace().ptr());
  Py_XSETREF(object->random_error, Py_NewRef(raised.value().ptr()));
  return -1;
}

bool create(ConnObject *object, PyObject *const *values) {
  Config config;
  if (!config.read(values)) return false;
  tw_random random = {fill_random, object};
  if (values[kRandom] != nullptr && values[kRandom] != Py_None) {
    if (!PyCallable_Check(values[kRandom])) {
      PyErr_SetString(PyExc_TypeError, "random must be callable");
      return false;
    }
    Py_XSETREF(object->random, Py_NewRef(values[kRandom]));
    config.conn.random = &random;
  }
  if (config.conn.pool != nullptr) Py_XSETREF(object->pool, Py_NewRef(values[kPool]));
  Py_XSETREF(object->subprotocols, config.subprotocols.release().ptr());
  object->role = config.conn.role;
  const tw_status status = tw_conn_create(&config.conn, &object->conn);
  return status == TW_OK || raise_conn(object, status) != nullptr;
}

}  // namespace

int conn_init(PyObject *self, PyObject *args, PyObject *kwargs) {
  ConnObject *object = as_conn(self);
  if (object->conn != nullptr || object->busy) {
    raise_saying(TW_ERR_STATE, "Connection.__init__ was called already");
    return -1;
  }
  PyObject *values[kArgumentCount];
  if (!bind_tuple(kSignature, args, kwargs, values)) return -1;
  object->busy = true;
  bool created = false;
  try {
    created = create(object, values);
  } catch (const std::bad_alloc &) {
    PyErr_NoMemory();
  }
  object->busy = false;
  return created ? 0 : -1;
}

}  // namespace tidewire::python
