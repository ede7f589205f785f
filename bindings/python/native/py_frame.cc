// SPDX-License-Identifier: MIT
// Frame, and whole buffers of frames decoded and encoded.
#include "py_frame.h"

#include <string.h>
#include <tidewire/tidewire.h>

#include <new>
#include <vector>

#include "buffer_arg.h"
#include "call_args.h"
#include "py_status.h"
#include "py_types.h"
#include "record.h"

namespace tidewire::python {
namespace {

// From here on a payload is a memoryview: the views take 0.3 us, as copying this many bytes does.
constexpr size_t kViewLen = 32 * 1024;
constexpr size_t kBatch = 64;  // frames, or keys, for one call of the engine
constexpr size_t kKeyLen = 4;

enum FrameField : size_t { kOpcode, kPayload, kFin, kRsv, kMaskingKey, kOffset, kHeaderLen };

PyObject *frame_masked(PyObject *self, void *) {
  return PyBool_FromLong(as_record(self)->slots[kMaskingKey].object != Py_None);
}

PyGetSetDef frame_properties[] = {
    {"masked", frame_masked, nullptr, "Whether it has a masking key.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

constexpr RecordClass kFrame = {
    .name = "tidewire.Frame",
    .doc =
        "Frame(opcode, payload=b'', fin=True, rsv=0, masking_key=None, *, offset=0, header_len=0)\n--\n\n"
        "One frame of RFC 6455 5.2, unmasked. encode_frames masks it if it has a masking key.",
    .field_count = 7,
    .compared = 5,
    .required = 1,
    .fields = {{"opcode", Kind::kOpcode, "What it carries, an Opcode."},
               {"payload", Kind::kBytes,
                "The payload as bytes; a large one from decode_frames is a memoryview of the buffer that was decoded."},
               {"fin", Kind::kFlag, "Whether it is the last of its message.", UINT64_MAX, true},
               {"rsv", Kind::kNumber, "The three reserved bits: RSV1 is 4, RSV2 is 2, RSV3 is 1.", 7},
               {"masking_key", Kind::kOptionalKey, "The 4 bytes that mask it, or None."},
               {"offset", Kind::kNumber, "Where it began in the buffer that was decoded."},
               {"header_len", Kind::kNumber, "The length of its header in the buffer that was decoded.",
                TW_FRAME_HEADER_MAX}},
    .properties = frame_properties,
};

PyTypeObject *frame_type;

// The payloads of one decoded buffer.
class Payloads {
 public:
  explicit Payloads(PyObject *buffer) : buffer_(buffer) {}

  // A new reference; `offset` and `len` lie inside the buffer, whose memory begins at `data`.
  PyObject *slice(const uint8_t *data, size_t offset, size_t len) {
    if (len < kViewLen) {
      return PyBytes_FromStringAndSize(reinterpret_cast<const char *>(data) + offset, static_cast<Py_ssize_t>(len));
    }
    if (!bytes_view_ && !make_bytes_view()) return nullptr;
    return PySequence_GetSlice(bytes_view_.ptr(), static_cast<Py_ssize_t>(offset),
                               static_cast<Py_ssize_t>(offset + len));
  }

 private:
  // The buffer may have items of any size and shape; the payloads are bytes.
  bool make_bytes_view() {
    const py::object view = py::reinterpret_steal<py::object>(PyMemoryView_FromObject(buffer_));
    if (!view) return false;
    bytes_view_ = py::reinterpret_steal<py::object>(PyObject_CallMethod(view.ptr(), "cast", "s", "B"));
    return static_cast<bool>(bytes_view_);
  }

  PyObject *buffer_;
  py::object bytes_view_;
};

PyObject *make_frame(const tw_frame &frame, const uint8_t *data, Payloads *payloads) {
  py::object payload = py::reinterpret_steal<py::object>(
      payloads->slice(data, frame.offset + frame.header_len, static_cast<size_t>(frame.payload_len)));
  if (!payload) return nullptr;
  py::object key = (frame.flags & TW_FRAME_MASKED) == 0
                       ? py::none()
                       : py::reinterpret_steal<py::object>(PyBytes_FromStringAndSize(
                             reinterpret_cast<const char *>(frame.masking_key), sizeof(frame.masking_key)));
  if (!key) return nullptr;
  Record *self = new_record(frame_type);
  if (self == nullptr) return nullptr;
  self->slots[kOpcode].object = Py_NewRef(opcode_member(frame.opcode));
  self->slots[kPayload].object = payload.release().ptr();
  self->slots[kFin].object = Py_NewRef((frame.flags & TW_FRAME_FIN) != 0 ? Py_True : Py_False);
  self->slots[kRsv].number = (frame.flags >> 4) & 7u;
  self->slots[kMaskingKey].object = key.release().ptr();
  self->slots[kOffset].number = frame.offset;
  self->slots[kHeaderLen].number = frame.header_len;
  return reinterpret_cast<PyObject *>(self);
}

bool append_frames(const tw_frame *frames, size_t count, const uint8_t *data, Payloads *payloads, PyObject *list) {
  for (size_t i = 0; i < count; ++i) {
    const py::object frame = py::reinterpret_steal<py::object>(make_frame(frames[i], data, payloads));
    if (!frame || PyList_Append(list, frame.ptr()) != 0) return false;
  }
  return true;
}

PyObject *decode_all(const BufferArg &buffer, PyObject *object, uint32_t rules) {
  const py::object list = py::reinterpret_steal<py::object>(PyList_New(0));
  if (!list) return nullptr;
  Payloads payloads(object);
  tw_frame frames[kBatch];
  size_t done = 0;
  tw_status status = TW_NEED_ROOM;
  while (status == TW_NEED_ROOM) {
    size_t count = 0;
    size_t consumed = 0;
    status = tw_frames_decode(buffer.data() + done, buffer.len() - done, rules, frames, kBatch, &count, &consumed);
    for (size_t i = 0; i < count; ++i) frames[i].offset += done;
    if (!append_frames(frames, count, buffer.data(), &payloads, list.ptr())) return nullptr;
    done += consumed;
  }
  if (status == TW_OK || status == TW_NEED_INPUT) {
    return Py_BuildValue("(On)", list.ptr(), static_cast<Py_ssize_t>(done));
  }
  const uint64_t offset = done;
  Failure failure;
  failure.offset = &offset;
  failure.events = list.ptr();
  return raise_status(status, failure);
}

bool role_rules(PyObject *role, uint32_t *rules) {
  if (role == nullptr || role == Py_None) return true;
  uint64_t number = 0;
  if (!number_arg(role, "role", TW_ROLE_CLIENT, &number)) return false;
  *rules |= number == TW_ROLE_SERVER ? TW_DECODE_REQUIRE_MASKED : TW_DECODE_REQUIRE_UNMASKED;
  return true;
}

PyObject *decode_frames(PyObject *, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static constexpr const char *kNames[] = {"buffer", "role", "allow_rsv", "validate_text"};
  PyObject *values[4];
  if (!bind_args({"decode_frames", kNames, 4, 1, 1}, args, nargs, kwnames, values)) return nullptr;
  uint32_t rules = 0;
  uint64_t allow_rsv = 0;
  bool validate_text = true;
  if (!role_rules(values[1], &rules) || !number_arg(values[2], "allow_rsv", 7, &allow_rsv) ||
      !flag_arg(values[3], &validate_text)) {
    return nullptr;
  }
  rules |= static_cast<uint32_t>(allow_rsv) << 4 | (validate_text ? TW_DECODE_VALIDATE_TEXT : 0);
  BufferArg buffer;
  if (!buffer.write(values[0], "buffer")) return nullptr;
  return decode_all(buffer, values[0], rules);
}

// The frames to encode as the engine sees them, with what keeps their payloads in place.
struct FrameList {
  std::vector<tw_frame> frames;
  std::vector<BufferArg> payloads;

  explicit FrameList(size_t count) : frames(count), payloads(count) {}

  bool set(size_t index, PyObject *object) {
    if (Py_TYPE(object) != frame_type) {
      PyErr_Format(PyExc_TypeError, "frames must hold Frame objects, not %.200s", Py_TYPE(object)->tp_name);
      return false;
    }
    const Slot *slots = as_record(object)->slots;
    BufferArg &payload = payloads[index];
    if (!payload.read(slots[kPayload].object, "payload")) return false;
    tw_frame &frame = frames[index];
    frame.opcode = static_cast<uint8_t>(PyLong_AsLong(slots[kOpcode].object));
    frame.flags = static_cast<uint8_t>(slots[kRsv].number << 4);
    if (slots[kFin].object == Py_True) frame.flags |= TW_FRAME_FIN;
    if (slots[kMaskingKey].object != Py_None) {
      frame.flags |= TW_FRAME_MASKED;
      memcpy(frame.masking_key, PyBytes_AS_STRING(slots[kMaskingKey].object), sizeof(frame.masking_key));
    }
    frame.payload = payload.data();
    frame.payload_len = payload.len();
    return true;
  }
};

PyObject *encode_all(const FrameList &list) {
  size_t len = 0;
  tw_status status = tw_frames_encode(list.frames.data(), list.frames.size(), nullptr, 0, &len);
  if (status == TW_NEED_ROOM) {
    py::object result =
        py::reinterpret_steal<py::object>(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(len)));
    if (!result) return nullptr;
    auto *out = reinterpret_cast<uint8_t *>(PyBytes_AS_STRING(result.ptr()));
    status = tw_frames_encode(list.frames.data(), list.frames.size(), out, len, &len);
    if (status == TW_OK) return result.release().ptr();
  }
  return status == TW_OK ? PyBytes_FromStringAndSize(nullptr, 0) : raise_status(status);
}

PyObject *encode_frames(PyObject *, PyObject *frames) {
  const py::object sequence = py::reinterpret_steal<py::object>(PySequence_Fast(frames, "frames must be iterable"));
  if (!sequence) return nullptr;
  const auto count = static_cast<size_t>(PySequence_Fast_GET_SIZE(sequence.ptr()));
  try {
    FrameList list(count);
    for (size_t i = 0; i < count; ++i) {
      if (!list.set(i, PySequence_Fast_GET_ITEM(sequence.ptr(), static_cast<Py_ssize_t>(i)))) return nullptr;
    }
    return encode_all(list);
  } catch (const std::bad_alloc &) {
    return PyErr_NoMemory();
  }
}

bool append_keys(PyObject *list, const uint8_t *keys, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const py::object key = py::reinterpret_steal<py::object>(
        PyBytes_FromStringAndSize(reinterpret_cast<const char *>(keys + i * kKeyLen), kKeyLen));
    if (!key || PyList_Append(list, key.ptr()) != 0) return false;
  }
  return true;
}

PyObject *masking_keys(PyObject *, PyObject *count) {
  uint64_t left = 0;
  if (!number_arg(count, "count", PY_SSIZE_T_MAX, &left)) return nullptr;
  py::object list = py::reinterpret_steal<py::object>(PyList_New(0));
  if (!list) return nullptr;
  uint8_t keys[kBatch * kKeyLen];
  while (left > 0) {
    const size_t part = left < kBatch ? static_cast<size_t>(left) : kBatch;
    const tw_status status = tw_masking_keys(nullptr, keys, part);
    if (status != TW_OK) return raise_status(status);
    if (!append_keys(list.ptr(), keys, part)) return nullptr;
    left -= part;
  }
  return list.release().ptr();
}

PyObject *close_code_valid(PyObject *, PyObject *code) {
  int overflow = 0;
  const long number = PyLong_AsLongAndOverflow(code, &overflow);
  if (number == -1 && PyErr_Occurred() != nullptr) return nullptr;
  const bool in_range = overflow == 0 && number >= 0 && number <= UINT16_MAX;
  return PyBool_FromLong(in_range && tw_close_code_valid(static_cast<uint32_t>(number)) != 0);
}

PyMethodDef frame_functions[] = {
    {"decode_frames", as_method(decode_frames), METH_FASTCALL | METH_KEYWORDS,
     "decode_frames(buffer, *, role=None, allow_rsv=0, validate_text=True)\n--\n\n"
     "Returns the whole frames at the start of buffer, as a list, and how many bytes they take.\n\n"
     "The payloads are unmasked where they lie, so buffer must be writable. Small ones are returned as bytes; from\n"
     "32 KiB on they are memoryviews of buffer, which cannot be resized while they live.\n\n"
     "`role` is the receiving side: a server takes masked frames alone, a client unmasked ones, None both.\n"
     "`allow_rsv` has the reserved bits that an extension negotiated, as in Frame.rsv. With `validate_text`\n"
     "whole text frames must be UTF-8. The rules between frames are the connection's.\n\n"
     "An Error has the frames before the faulty one in `events`, and its place in `offset`."},
    {"encode_frames", encode_frames, METH_O,
     "encode_frames(frames, /)\n--\n\nReturns the bytes of an iterable of Frame, each masked if it has a masking key."},
    {"masking_keys", masking_keys, METH_O,
     "masking_keys(count, /)\n--\n\n"
     "Returns a list of count unpredictable keys of 4 bytes: a client masks each Frame with a fresh one (RFC 6455 "
     "5.3)."},
    {"close_code_valid", close_code_valid, METH_O,
     "close_code_valid(code, /)\n--\n\nTells whether a close frame may carry this code (RFC 6455 7.4)."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

void add_frame(py::module_ &m) {
  frame_type = make_record_type<kFrame>();
  m.attr("Frame") = py::handle(reinterpret_cast<PyObject *>(frame_type));
  if (PyModule_AddFunctions(m.ptr(), frame_functions) != 0) throw py::error_already_set();
}

}  // namespace tidewire::python
