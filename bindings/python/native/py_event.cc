// SPDX-License-Identifier: MIT
// The event classes. Data is copied into bytes, since the engine's own is gone with the next call on the connection,
// but for messages that are handed over, or that lie in the caller's memory.
#include "py_event.h"

#include "buffer_arg.h"
#include "py_head.h"
#include "py_types.h"
#include "record.h"

namespace tidewire::python {
namespace {

constexpr char kOffsetDoc[] = "Where in the received stream the frame began that completed the event.";

constexpr Field kOffset = {"offset", Kind::kNumber, kOffsetDoc};

PyObject *message_text(PyObject *self, void *) {
  if (!message_is_text(self)) {
    PyErr_SetString(PyExc_TypeError, "a binary message has no text");
    return nullptr;
  }
  BufferArg data;
  if (!data.read(message_data(self), "data")) return nullptr;
  return PyUnicode_DecodeUTF8(reinterpret_cast<const char *>(data.data()), static_cast<Py_ssize_t>(data.len()),
                              "strict");
}

PyGetSetDef message_properties[] = {
    {"text", message_text, nullptr, "The data of a text message as str, decoded each time; TypeError if binary.",
     nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

constexpr RecordClass kMessage = {
    .name = "tidewire.Message",
    .doc =
        "Message(data, is_text=False, *, offset=0)\n--\n\n"
        "A whole message. `data` is bytes for text too, since many programs pass it on or parse it without ever\n"
        "needing a str; `text` decodes it.",
    .field_count = 3,
    .compared = 2,
    .required = 1,
    .fields = {{"data", Kind::kBytes, "The message, as bytes."},
               {"is_text", Kind::kFlag, "Whether it was sent as text. It is valid UTF-8 then."},
               kOffset},
    .properties = message_properties,
};

constexpr RecordClass kMessageView = {
    .name = "tidewire.MessageView",
    .doc =
        "MessageView(data, is_text=False, *, offset=0)\n--\n\n"
        "A whole message that is not copied. `data` is a memoryview: of the engine's own memory, which it hands over\n"
        "to you (see min_view_len of Connection), or of the buffer that was given to receive_into.",
    .field_count = 3,
    .compared = 2,
    .required = 1,
    .fields = {{"data", Kind::kView, "The message, as a memoryview."},
               {"is_text", Kind::kFlag, "Whether it was sent as text. It is valid UTF-8 then."},
               kOffset},
    .properties = message_properties,
};

constexpr RecordClass kChunk = {
    .name = "tidewire.Chunk",
    .doc =
        "Chunk(data, opcode, fin=False, *, offset=0)\n--\n\n"
        "The next bytes of a message, from a connection with stream=True. Those of a text may end inside a character.",
    .field_count = 4,
    .compared = 3,
    .required = 2,
    .fields = {{"data", Kind::kBytes, "The bytes."},
               {"opcode", Kind::kOpcode, "Opcode.TEXT or BINARY in the first chunk of a message, else CONTINUATION."},
               {"fin", Kind::kFlag, "Whether it is the last of its message."},
               kOffset},
};

constexpr RecordClass kPing = {
    .name = "tidewire.Ping",
    .doc =
        "Ping(data=b'', *, offset=0)\n--\n\n"
        "The peer asks for a sign of life. The pong is queued, unless we sent a close frame or pongs are manual.\n"
        "While Want.PAUSE is on, only the latest ping is answered, later.",
    .field_count = 2,
    .compared = 1,
    .required = 0,
    .fields = {{"data", Kind::kBytes, "The payload."}, kOffset},
};

constexpr RecordClass kPong = {
    .name = "tidewire.Pong",
    .doc =
        "Pong(data=b'', *, offset=0)\n--\n\n"
        "The answer to a ping, or unasked for. Those to the pings of Connection.tick are not reported.",
    .field_count = 2,
    .compared = 1,
    .required = 0,
    .fields = {{"data", Kind::kBytes, "The payload."}, kOffset},
};

constexpr RecordClass kClose = {
    .name = "tidewire.Close",
    .doc =
        "Close(code, reason='', *, offset=0)\n--\n\n"
        "The peer's close frame. Ours follows when the output is taken, after what is sent until then; with\n"
        "manual_close it is up to you.",
    .field_count = 3,
    .compared = 2,
    .required = 1,
    .fields = {{"code", Kind::kNumber, "The close code, 1005 where the peer sent none.", UINT32_MAX},
               {"reason", Kind::kText, "The reason for people."},
               kOffset},
};

constexpr RecordClass kOpen = {
    .name = "tidewire.Open",
    .doc =
        "Open(target=None, headers=(), subprotocol=None, head=b'', *, offset=0)\n--\n\n"
        "The opening handshake is done.",
    .field_count = 5,
    .compared = 4,
    .required = 0,
    .fields = {{"target", Kind::kOptionalText, "What the client requested, such as '/chat'. None for a client."},
               {"headers", Kind::kPairs,
                "The peer's headers in order, as pairs of str. Bytes are taken as ISO 8859-1."},
               {"subprotocol", Kind::kOptionalText, "The chosen subprotocol."},
               {"head", Kind::kBytes, "The peer's whole request or response head."},
               kOffset},
};

PyTypeObject *message_type;
PyTypeObject *message_view_type;
PyTypeObject *chunk_type;
PyTypeObject *ping_type;
PyTypeObject *pong_type;
PyTypeObject *close_type;
PyTypeObject *open_type;

py::object bytes_of(const tw_event &event) {
  return py::reinterpret_steal<py::object>(
      PyBytes_FromStringAndSize(reinterpret_cast<const char *>(event.data), static_cast<Py_ssize_t>(event.len)));
}

PyObject *make_message(const tw_event &event, PyTypeObject *type, py::object data) {
  if (!data) return nullptr;
  Record *message = new_record(type);
  if (message == nullptr) return nullptr;
  message->slots[0].object = data.release().ptr();
  message->slots[1].object = Py_NewRef(event.opcode == TW_OPCODE_TEXT ? Py_True : Py_False);
  message->slots[2].number = event.offset;
  return reinterpret_cast<PyObject *>(message);
}

PyObject *make_chunk(const tw_event &event) {
  py::object data = bytes_of(event);
  if (!data) return nullptr;
  Record *chunk = new_record(chunk_type);
  if (chunk == nullptr) return nullptr;
  chunk->slots[0].object = data.release().ptr();
  chunk->slots[1].object = Py_NewRef(opcode_member(event.opcode));
  chunk->slots[2].object = Py_NewRef((event.flags & TW_FRAME_FIN) != 0 ? Py_True : Py_False);
  chunk->slots[3].number = event.offset;
  return reinterpret_cast<PyObject *>(chunk);
}

PyObject *make_ping_or_pong(const tw_event &event, PyTypeObject *type) {
  py::object data = bytes_of(event);
  if (!data) return nullptr;
  Record *control = new_record(type);
  if (control == nullptr) return nullptr;
  control->slots[0].object = data.release().ptr();
  control->slots[1].number = event.offset;
  return reinterpret_cast<PyObject *>(control);
}

PyObject *make_close(const tw_event &event) {
  py::object reason = py::reinterpret_steal<py::object>(
      PyUnicode_DecodeUTF8(reinterpret_cast<const char *>(event.data), static_cast<Py_ssize_t>(event.len), "strict"));
  if (!reason) return nullptr;
  Record *close = new_record(close_type);
  if (close == nullptr) return nullptr;
  close->slots[0].number = event.code;
  close->slots[1].object = reason.release().ptr();
  close->slots[2].number = event.offset;
  return reinterpret_cast<PyObject *>(close);
}

PyObject *make_open(const tw_event &event, uint32_t role, PyObject *subprotocol) {
  py::object target;
  py::object headers;
  if (!read_head(event.data, event.len, role, &target, &headers)) return nullptr;
  py::object head = bytes_of(event);
  if (!head) return nullptr;
  Record *open = new_record(open_type);
  if (open == nullptr) return nullptr;
  open->slots[0].object = target.release().ptr();
  open->slots[1].object = headers.release().ptr();
  open->slots[2].object = Py_NewRef(subprotocol);
  open->slots[3].object = head.release().ptr();
  open->slots[4].number = event.offset;
  return reinterpret_cast<PyObject *>(open);
}

}  // namespace

PyObject *make_event(const tw_event &event, uint32_t role, PyObject *subprotocol) {
  switch (event.type) {
    case TW_EVENT_MESSAGE: return make_message(event, message_type, bytes_of(event));
    case TW_EVENT_CHUNK: return make_chunk(event);
    case TW_EVENT_PING: return make_ping_or_pong(event, ping_type);
    case TW_EVENT_PONG: return make_ping_or_pong(event, pong_type);
    case TW_EVENT_CLOSE: return make_close(event);
    case TW_EVENT_OPEN: return make_open(event, role, subprotocol);
    default: PyErr_Format(PyExc_SystemError, "unknown event type %d", event.type); return nullptr;
  }
}

PyObject *make_message_view(const tw_event &event, PyObject *view) {
  return make_message(event, message_view_type, py::reinterpret_steal<py::object>(view));
}

bool is_message(PyObject *object) { return Py_TYPE(object) == message_type || Py_TYPE(object) == message_view_type; }
PyObject *message_data(PyObject *message) { return as_record(message)->slots[0].object; }
bool message_is_text(PyObject *message) { return as_record(message)->slots[1].object == Py_True; }

bool is_chunk(PyObject *object) { return Py_TYPE(object) == chunk_type; }
PyObject *chunk_data(PyObject *chunk) { return as_record(chunk)->slots[0].object; }
uint32_t chunk_opcode(PyObject *chunk) {
  return static_cast<uint32_t>(PyLong_AsLong(as_record(chunk)->slots[1].object));
}
bool chunk_is_last(PyObject *chunk) { return as_record(chunk)->slots[2].object == Py_True; }

void add_event(py::module_ &m) {
  message_type = make_record_type<kMessage>();
  message_view_type = make_record_type<kMessageView>();
  chunk_type = make_record_type<kChunk>();
  ping_type = make_record_type<kPing>();
  pong_type = make_record_type<kPong>();
  close_type = make_record_type<kClose>();
  open_type = make_record_type<kOpen>();
  for (PyTypeObject *type :
       {message_type, message_view_type, chunk_type, ping_type, pong_type, close_type, open_type}) {
    const py::handle handle(reinterpret_cast<PyObject *>(type));
    m.attr(handle.attr("__name__")) = handle;
  }
}

}  // namespace tidewire::python
