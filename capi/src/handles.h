// SPDX-License-Identifier: MIT
// The objects behind the handles of tidewire.h.
#ifndef TIDEWIRE_CAPI_SRC_HANDLES_H_
#define TIDEWIRE_CAPI_SRC_HANDLES_H_

#include <tidewire/tidewire.h>

#include "core/buffer/pool.h"
#include "core/connection/connection.h"

namespace tidewire {

inline Connection *from_c(tw_conn *conn) { return reinterpret_cast<Connection *>(conn); }
inline const Connection *from_c(const tw_conn *conn) { return reinterpret_cast<const Connection *>(conn); }

inline Pool *from_c(tw_pool *pool) { return reinterpret_cast<Pool *>(pool); }
inline const Pool *from_c(const tw_pool *pool) { return reinterpret_cast<const Pool *>(pool); }

}  // namespace tidewire

#endif  // TIDEWIRE_CAPI_SRC_HANDLES_H_
