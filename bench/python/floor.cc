// SPDX-License-Identifier: MIT
// The least that an echo server on asyncio can do: a protocol that parses and unmasks whole frames in C++, calls back
// with each message as bytes, and writes what was sent meanwhile once per read. No fragments, no control frames, no
// limits, no validation. bench/python.py compiles it for the interpreter that runs the servers.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

namespace {

constexpr Py_ssize_t kRoom = 256 * 1024;

struct Floor {
  PyObject_HEAD PyObject *room;  // a view of all of `data`
  PyObject *write;               // the transport's method
  PyObject *on_message;
  std::vector<char> *out;
  uint8_t *data;
  Py_ssize_t held_len;  // of a frame that is not whole yet
  uint8_t opcode;       // of the message that is under way
};

Floor *floor_of(PyObject *self) { return reinterpret_cast<Floor *>(self); }

PyObject *floor_new(PyTypeObject *type, PyObject *, PyObject *) {
  PyObject *self = type->tp_alloc(type, 0);
  if (self == nullptr) return nullptr;
  Floor *floor = floor_of(self);
  floor->data = static_cast<uint8_t *>(std::malloc(kRoom));
  floor->out = new (std::nothrow) std::vector<char>();
  if (floor->data == nullptr || floor->out == nullptr) {
    Py_DECREF(self);
    return PyErr_NoMemory();
  }
  floor->room = PyMemoryView_FromMemory(reinterpret_cast<char *>(floor->data), kRoom, PyBUF_WRITE);
  if (floor->room == nullptr) Py_CLEAR(self);
  return self;
}

void floor_dealloc(PyObject *self) {
  Floor *floor = floor_of(self);
  PyTypeObject *type = Py_TYPE(self);
  Py_CLEAR(floor->room);
  Py_CLEAR(floor->write);
  Py_CLEAR(floor->on_message);
  std::free(floor->data);
  delete floor->out;
  type->tp_free(self);
  Py_DECREF(type);
}

// begin(write, on_message)
PyObject *begin(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
  if (count != 2) return PyErr_Format(PyExc_TypeError, "begin takes write and on_message");
  Floor *floor = floor_of(self);
  Py_XSETREF(floor->write, Py_NewRef(arguments[0]));
  Py_XSETREF(floor->on_message, Py_NewRef(arguments[1]));
  Py_RETURN_NONE;
}

PyObject *get_buffer(PyObject *self, PyObject *) {
  Floor *floor = floor_of(self);
  if (floor->held_len == 0) return Py_NewRef(floor->room);
  return PySequence_GetSlice(floor->room, floor->held_len, kRoom);
}

void unmask(uint8_t *data, size_t len, const uint8_t *key) {
  uint32_t pattern;
  std::memcpy(&pattern, key, 4);
  size_t i = 0;
  for (; i + 4 <= len; i += 4) {
    uint32_t word;
    std::memcpy(&word, data + i, 4);
    word ^= pattern;
    std::memcpy(data + i, &word, 4);
  }
  for (; i < len; i++) data[i] ^= key[i & 3];
}

// How many bytes of `data` the first frame takes, with its payload unmasked; 0 when it is not whole.
size_t take_frame(uint8_t *data, size_t len, uint8_t **payload, size_t *payload_len) {
  if (len < 6) return 0;
  size_t header_len = 2;
  *payload_len = data[1] & 0x7f;
  if (*payload_len >= 126) {
    header_len += *payload_len == 126 ? 2 : 8;
    if (len < header_len) return 0;
    *payload_len = 0;
    for (size_t i = 2; i < header_len; i++) *payload_len = *payload_len << 8 | data[i];
  }
  *payload = data + header_len + 4;
  const size_t frame_len = header_len + 4 + *payload_len;
  if (len < frame_len) return 0;
  unmask(*payload, *payload_len, data + header_len);
  return frame_len;
}

PyObject *buffer_updated(PyObject *self, PyObject *nbytes) {
  Floor *floor = floor_of(self);
  uint8_t *next = floor->data;
  uint8_t *end = next + floor->held_len + PyLong_AsSsize_t(nbytes);
  uint8_t *payload;
  size_t payload_len;
  while (const size_t frame_len = take_frame(next, static_cast<size_t>(end - next), &payload, &payload_len)) {
    floor->opcode = next[0] & 0x0f;
    next += frame_len;
    PyObject *message =
        PyBytes_FromStringAndSize(reinterpret_cast<char *>(payload), static_cast<Py_ssize_t>(payload_len));
    if (message == nullptr) return nullptr;
    PyObject *result = PyObject_CallOneArg(floor->on_message, message);
    Py_DECREF(message);
    if (result == nullptr) return nullptr;
    Py_DECREF(result);
  }
  floor->held_len = end - next;
  if (next != floor->data) std::memmove(floor->data, next, static_cast<size_t>(floor->held_len));
  if (floor->out->empty()) Py_RETURN_NONE;
  PyObject *out = PyBytes_FromStringAndSize(floor->out->data(), static_cast<Py_ssize_t>(floor->out->size()));
  floor->out->clear();
  if (out == nullptr) return nullptr;
  PyObject *result = PyObject_CallOneArg(floor->write, out);
  Py_DECREF(out);
  return result;
}

// Queues a message of the kind that came last.
PyObject *send(PyObject *self, PyObject *message) {
  if (!PyBytes_Check(message)) return PyErr_Format(PyExc_TypeError, "send takes bytes");
  Floor *floor = floor_of(self);
  const auto len = static_cast<size_t>(PyBytes_GET_SIZE(message));
  char header[10] = {static_cast<char>(0x80 | floor->opcode)};
  const size_t length_len = len < 126 ? 0 : len < 65536 ? 2 : 8;
  header[1] = static_cast<char>(length_len == 0 ? len : length_len == 2 ? 126 : 127);
  for (size_t i = 0; i < length_len; i++) header[2 + i] = static_cast<char>(len >> (8 * (length_len - 1 - i)));
  const char *payload = PyBytes_AS_STRING(message);
  floor->out->insert(floor->out->end(), header, header + 2 + length_len);
  floor->out->insert(floor->out->end(), payload, payload + len);
  Py_RETURN_NONE;
}

PyMethodDef methods[] = {
    {"begin", reinterpret_cast<PyCFunction>(reinterpret_cast<void *>(begin)), METH_FASTCALL, nullptr},
    {"get_buffer", get_buffer, METH_O, nullptr},
    {"buffer_updated", buffer_updated, METH_O, nullptr},
    {"send", send, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_new, reinterpret_cast<void *>(floor_new)},
    {Py_tp_dealloc, reinterpret_cast<void *>(floor_dealloc)},
    {Py_tp_methods, methods},
    {0, nullptr},
};
PyType_Spec spec = {"tw_floor.Floor", sizeof(Floor), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
PyModuleDef definition = {PyModuleDef_HEAD_INIT, "tw_floor", nullptr, -1, nullptr, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit_tw_floor() {
  PyObject *module = PyModule_Create(&definition);
  if (module == nullptr) return nullptr;
  PyObject *type = PyType_FromSpec(&spec);
  if (type == nullptr || PyModule_AddObjectRef(module, "Floor", type) < 0) Py_CLEAR(module);
  Py_XDECREF(type);
  return module;
}
