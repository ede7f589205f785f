// SPDX-License-Identifier: MIT
// Connection.__init__: keyword arguments to a tw_conn_config.
#include <string.h>

#include <new>

#include "buffer_arg.h"
#include "call_args.h"
#include "conn_log.h"
#include "conn_object.h"
#include "handshake_args.h"
#include "py_deflate.h"
#include "py_pool.h"
#include "py_status.h"

namespace tidewire::python {

const char kConnDoc[] =
    "Connection(role, *, upgraded=False, stream=False, stream_fragmented=False, manual_pong=False, "
    "manual_close=False, trusted=False, "
    "host=None, target='/', origin=None, subprotocols=(), origins=(), any_origin=False, headers=(), "
    "max_message_len=16777216, max_frame_len=16777216, max_fragments=1024, max_control_rate=1000, "
    "max_output_len=67108864, max_memory_len=134217728, max_head_len=16384, max_header_count=100, max_line_len=8192, "
    "output_high_len=1048576, output_low_len=None, handshake_timeout_ns=10000000000, idle_timeout_ns=120000000000, "
    "ping_interval_ns=20000000000, pong_timeout_ns=20000000000, message_timeout_ns=60000000000, "
    "close_timeout_ns=10000000000, read_len=8192, max_read_len=None, write_len=4096, min_borrow_len=8192, "
    "min_view_len=None, deflate=None, negotiated=None, pool=None, random=None, logger=None)\n"
    "--\n\n"
    "One side of a WebSocket connection, without I/O. Give receive() what was read from the socket, look at the\n"
    "events that it returns, send, write data_to_send() to the socket, and call tick() now and then.\n\n"
    "role          Role.SERVER or Role.CLIENT\n"
    "upgraded      the opening handshake was done elsewhere: the stream starts with frames, and the arguments from\n"
    "              host to headers play no part\n"
    "stream        messages are not assembled: Chunk events instead of Message\n"
    "stream_fra... the same for messages of several frames alone: one of a single frame comes as a Message\n"
    "manual_pong   pings are not answered: call pong()\n"
    "manual_close  a close frame is not answered: call close()\n"
    "trusted       against RFC 6455, for peers under the same control: text is not validated, and a frame may be\n"
    "              masked or not whatever the role of its sender\n"
    "host          client: the Host header, such as 'example.com:8080'; a client needs it\n"
    "target        client: what is requested\n"
    "origin        client: the Origin header; None sends none\n"
    "subprotocols  client: offered; server: supported; in order of preference\n"
    "origins       server: allowed besides the same origin and requests without one: 'https://example.com'\n"
    "any_origin    server: every Origin is allowed\n"
    "headers       pairs or a mapping of str, added to the request or response\n"
    "max_...       limits: bytes of a received message and frame, frames of a message, control frames received in\n"
    "              one second of tick(), bytes of queued output, bytes held for the connection, bytes and headers\n"
    "              of the peer's head, bytes of one of its lines\n"
    "output_...    Want.PAUSE comes with high_len queued bytes and goes with low_len, which is a quarter of it\n"
    "..._ns        nanoseconds of the clock of tick(): from the first tick to Open; without input; between two pings\n"
    "              of the engine; for the answer to one; from the first byte of a message to its last; from the\n"
    "              first close frame until all is read and written\n"
    "read_len      bytes of read_buffer() at first, and while reads fill it at most max_read_len: 256 KiB, or "
    "read_len\n"
    "              where that is more\n"
    "write_len     bytes of the first buffer of output\n"
    "min_borrow... bytes from which on send(borrow=True) and send_prepared() do not copy\n"
    "min_view_len  bytes from which on a message comes as a MessageView: one that arrived in pieces is not copied\n"
    "              again, but handed over; None: each comes as a Message\n"
    "deflate       a DeflateConfig: compression is offered or accepted; None: neither\n"
    "negotiated    a Deflate: what a handshake done elsewhere agreed on; only with upgraded and deflate\n"
    "pool          a BufferPool to take memory from, which connections may share\n"
    "random        for tests: called with a number, returns that many bytes in place of the system's CSPRNG\n"
    "logger        a logging.Logger or LoggerAdapter: gets a line at level ERROR that explains a failure, at INFO of\n"
    "              the connection's opening and closing, at DEBUG of control frames and pauses. It is asked now, and\n"
    "              not again, which of the three are enabled; what it raises goes to sys.unraisablehook\n\n"
    "Limits and times are at least 1; NEVER turns one off. A connection is used by one thread at a time, and not\n"
    "from inside a call on it: UsageError. No call gives the GIL away.";

namespace {

enum Argument : size_t {
  kRole,
  kUpgraded,
  kStream,
  kStreamFragmented,
  kManualPong,
  kManualClose,
  kTrusted,
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
  kMaxControlRate,
  kMaxOutputLen,
  kMaxMemoryLen,
  kMaxHeadLen,
  kMaxHeaderCount,
  kMaxLineLen,
  kOutputHighLen,
  kOutputLowLen,
  kHandshakeTimeout,
  kIdleTimeout,
  kPingInterval,
  kPongTimeout,
  kMessageTimeout,
  kCloseTimeout,
  kReadLen,
  kMaxReadLen,
  kWriteLen,
  kMinBorrowLen,
  kMinViewLen,
  kDeflate,
  kNegotiated,
  kPool,
  kRandom,
  kLogger,
  kArgumentCount
};

constexpr const char *kArgumentNames[kArgumentCount] = {
    "role",
    "upgraded",
    "stream",
    "stream_fragmented",
    "manual_pong",
    "manual_close",
    "trusted",
    "host",
    "target",
    "origin",
    "subprotocols",
    "origins",
    "any_origin",
    "headers",
    "max_message_len",
    "max_frame_len",
    "max_fragments",
    "max_control_rate",
    "max_output_len",
    "max_memory_len",
    "max_head_len",
    "max_header_count",
    "max_line_len",
    "output_high_len",
    "output_low_len",
    "handshake_timeout_ns",
    "idle_timeout_ns",
    "ping_interval_ns",
    "pong_timeout_ns",
    "message_timeout_ns",
    "close_timeout_ns",
    "read_len",
    "max_read_len",
    "write_len",
    "min_borrow_len",
    "min_view_len",
    "deflate",
    "negotiated",
    "pool",
    "random",
    "logger",
};

constexpr Signature kSignature = {"Connection", kArgumentNames, kArgumentCount, 1, 1};

// The configuration in C's terms, with what it points to.
class Config {
 public:
  // False with an exception set. May throw std::bad_alloc.
  bool read(PyObject *const *values) {
    return read_role(values) && read_flags(values) && read_limits(values) && read_times(values) &&
           read_buffers(values) && read_handshake(values) && read_deflate(values);
  }

  tw_conn_config conn = TW_CONN_CONFIG_INIT;
  HandshakeArgs handshake;
  uint64_t min_view_len = UINT64_MAX;

 private:
  bool read_role(PyObject *const *values);
  bool read_flags(PyObject *const *values);
  bool read_limits(PyObject *const *values);
  bool read_times(PyObject *const *values);
  bool read_buffers(PyObject *const *values);
  bool read_handshake(PyObject *const *values);
  bool read_deflate(PyObject *const *values);

  tw_deflate negotiated_ = {};
};

bool Config::read_role(PyObject *const *values) {
  uint64_t role = 0;
  if (!number_arg(values[kRole], "role", TW_ROLE_CLIENT, &role)) return false;
  conn.role = static_cast<uint32_t>(role);
  if (!is_given(values[kPool])) return true;
  conn.pool = pool_arg(values[kPool]);
  return conn.pool != nullptr;
}

bool Config::read_flags(PyObject *const *values) {
  constexpr struct {
    Argument argument;
    uint32_t flag;
  } kFlags[] = {{kUpgraded, TW_CONN_UPGRADED},
                {kStream, TW_CONN_STREAM},
                {kStreamFragmented, TW_CONN_STREAM_FRAGMENTED},
                {kManualPong, TW_CONN_MANUAL_PONG},
                {kManualClose, TW_CONN_MANUAL_CLOSE},
                {kTrusted, TW_CONN_TRUSTED}};
  for (const auto &row : kFlags) {
    bool on = false;
    if (!flag_arg(values[row.argument], &on)) return false;
    if (on) conn.flags |= row.flag;
  }
  return true;
}

template <class Number>
bool read_limit(PyObject *const *values, Argument argument, Number *out) {
  return limit_arg(values[argument], kArgumentNames[argument], out);
}

bool Config::read_limits(PyObject *const *values) {
  return read_limit(values, kMaxMessageLen, &conn.max_message_len) &&
         read_limit(values, kMaxFrameLen, &conn.max_frame_len) &&
         read_limit(values, kMaxFragments, &conn.max_fragments) &&
         read_limit(values, kMaxControlRate, &conn.max_control_rate) &&
         read_limit(values, kMaxOutputLen, &conn.max_output_len) &&
         read_limit(values, kMaxMemoryLen, &conn.max_memory_len) &&
         read_limit(values, kOutputHighLen, &conn.output_high_len) &&
         (!is_given(values[kOutputLowLen]) || read_limit(values, kOutputLowLen, &conn.output_low_len));
}

bool Config::read_times(PyObject *const *values) {
  return read_limit(values, kHandshakeTimeout, &conn.handshake_timeout_ns) &&
         read_limit(values, kIdleTimeout, &conn.idle_timeout_ns) &&
         read_limit(values, kPingInterval, &conn.ping_interval_ns) &&
         read_limit(values, kPongTimeout, &conn.pong_timeout_ns) &&
         read_limit(values, kMessageTimeout, &conn.message_timeout_ns) &&
         read_limit(values, kCloseTimeout, &conn.close_timeout_ns);
}

bool Config::read_buffers(PyObject *const *values) {
  return read_limit(values, kReadLen, &conn.read_len) &&
         (!is_given(values[kMaxReadLen]) || read_limit(values, kMaxReadLen, &conn.max_read_len)) &&
         read_limit(values, kWriteLen, &conn.write_len) && read_limit(values, kMinBorrowLen, &conn.min_borrow_len) &&
         (!is_given(values[kMinViewLen]) || read_limit(values, kMinViewLen, &min_view_len));
}

bool Config::read_handshake(PyObject *const *values) {
  if (!handshake.read({.host = values[kHost],
                       .target = values[kTarget],
                       .origin = values[kOrigin],
                       .subprotocols = values[kSubprotocols],
                       .origins = values[kOrigins],
                       .any_origin = values[kAnyOrigin],
                       .headers = values[kHeaders],
                       .max_head_len = values[kMaxHeadLen],
                       .max_header_count = values[kMaxHeaderCount],
                       .max_line_len = values[kMaxLineLen],
                       .deflate = values[kDeflate]})) {
    return false;
  }
  conn.deflate = handshake.config().deflate;
  if ((conn.flags & TW_CONN_UPGRADED) != 0) return true;
  if (conn.role == TW_ROLE_CLIENT && handshake.config().host == nullptr) {
    return raise_saying(TW_ERR_NULL, "a client needs host") != nullptr;
  }
  conn.handshake = &handshake.config();
  return true;
}

bool Config::read_deflate(PyObject *const *values) {
  if (!is_given(values[kNegotiated])) return true;
  if (!deflate_arg(values[kNegotiated], "negotiated", &negotiated_)) return false;
  if ((conn.flags & TW_CONN_UPGRADED) == 0 || conn.deflate == nullptr) {
    return raise_usage("negotiated needs upgraded and deflate") != nullptr;
  }
  conn.negotiated = &negotiated_;
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
  if (is_given(values[kRandom])) {
    if (!PyCallable_Check(values[kRandom])) {
      PyErr_SetString(PyExc_TypeError, "random must be callable");
      return false;
    }
    Py_XSETREF(object->random, Py_NewRef(values[kRandom]));
    config.conn.random = &random;
  }
  tw_log log;
  if (is_given(values[kLogger])) {
    if (!log_arg(values[kLogger], &log)) return false;
    if (log.level != 0) config.conn.log = &log;
    Py_XSETREF(object->logger, Py_NewRef(values[kLogger]));
  }
  if (config.conn.pool != nullptr) Py_XSETREF(object->pool, Py_NewRef(values[kPool]));
  Py_XSETREF(object->subprotocols, Py_NewRef(config.handshake.subprotocols().ptr()));
  object->role = config.conn.role;
  object->min_view_len = config.min_view_len;
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
