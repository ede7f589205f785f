// SPDX-License-Identifier: MIT
// Puts the module tidewire._native together.
#include <pybind11/pybind11.h>
#include <tidewire/tidewire.h>

#include "py_conn.h"
#include "py_event.h"
#include "py_frame.h"
#include "py_handshake.h"
#include "py_mask.h"
#include "py_pool.h"
#include "py_prepared.h"
#include "py_session.h"
#include "py_status.h"
#include "py_types.h"
#include "py_unstable.h"

PYBIND11_MODULE(_native, m) {
  using namespace tidewire::python;
  m.doc() = "The engine. Import tidewire instead.";
  import_errors();
  import_types();
  add_mask(m);
  add_frame(m);
  add_handshake(m);
  add_event(m);
  add_conn(m);
  add_pool(m);
  add_prepared(m);
  add_session(m);
  add_unstable(m);
  m.def("engine_version", tw_version_string, "Returns the version of the engine inside, such as \"0.1.0\".");
}
