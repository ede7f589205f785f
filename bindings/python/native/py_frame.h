// SPDX-License-Identifier: MIT
// Frame, decode_frames, encode_frames and close_code_valid.
#ifndef TIDEWIRE_PYTHON_PY_FRAME_H_
#define TIDEWIRE_PYTHON_PY_FRAME_H_

#include <pybind11/pybind11.h>

namespace py = pybind11;

namespace tidewire::python {

void add_frame(py::module_ &m);

}  // namespace tidewire::python

#endif  // TIDEWIRE_PYTHON_PY_FRAME_H_
