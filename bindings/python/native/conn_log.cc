// SPDX-License-Identifier: MIT
#include "conn_log.h"

namespace tidewire::python {
namespace {

// The most detailed first. The numbers are those of logging.DEBUG, INFO and ERROR, which never change.
constexpr struct {
  uint32_t level;
  int python_level;
} kLevels[] = {{TW_LOG_DEBUG, 10}, {TW_LOG_INFO, 20}, {TW_LOG_ERROR, 40}};

int python_level_of(uint32_t level) {
  for (const auto &row : kLevels) {
    if (row.level == level) return row.python_level;
  }
  return kLevels[0].python_level;
}

// Within a call of the engine, which is not to be left: what the logger raises goes to sys.unraisablehook. An exception
// may be set already, where a connection is destroyed on its way.
void log_line(void *context, const tw_conn *, uint32_t level, const char *line, size_t) {
  auto *logger = static_cast<PyObject *>(context);
  const py::error_scope kept;
  const py::object result =
      py::reinterpret_steal<py::object>(PyObject_CallMethod(logger, "log", "iss", python_level_of(level), "%s", line));
  if (!result) PyErr_WriteUnraisable(logger);
}

}  // namespace

bool log_arg(PyObject *logger, tw_log *out) {
  *out = {log_line, logger, 0, 0};
  for (const auto &row : kLevels) {
    const py::object enabled =
        py::reinterpret_steal<py::object>(PyObject_CallMethod(logger, "isEnabledFor", "i", row.python_level));
    if (!enabled && PyErr_ExceptionMatches(PyExc_AttributeError) != 0) {
      PyErr_Format(PyExc_TypeError, "logger must be a logging.Logger, not %.100s", Py_TYPE(logger)->tp_name);
    }
    const int wanted = enabled ? PyObject_IsTrue(enabled.ptr()) : -1;
    if (wanted < 0) return false;
    if (wanted == 0) continue;
    out->level = row.level;
    return true;
  }
  return true;
}

}  // namespace tidewire::python
