// SPDX-License-Identifier: MIT
// A message that is encoded once, compressed once for each way of compression, and sent by many connections, which may
// be in different threads.
#ifndef TIDEWIRE_CORE_MESSAGE_PREPARED_H_
#define TIDEWIRE_CORE_MESSAGE_PREPARED_H_

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/status.h"
#include "core/buffer/lease.h"
#include "core/buffer/shared_lease.h"

namespace tidewire {

// On what a compressed message depends besides its bytes, where no context is taken over.
struct DeflateProfile {
  uint32_t level;
  uint32_t memory_level;
  uint32_t window_bits;

  bool operator==(const DeflateProfile &) const = default;
};

// A whole message as one frame, as a server sends it.
struct PreparedFrame {
  SharedLease *lease;  // where the bytes live
  ByteView bytes;      // header and payload
  size_t header_len;
  bool deflated;

  uint8_t first() const { return bytes.data[0]; }
  ByteView payload() const { return bytes.from(header_len); }
};

class Prepared {
 public:
  // `opcode` is kText or kBinary. kArgument, kText, kNoMemory; all write nullptr.
  static Status create(const LeaseSource &source, uint8_t opcode, ByteView payload, uint32_t flags, Prepared **out);
  // Frames stay with the holders of their leases. nullptr is allowed.
  static void destroy(Prepared *prepared);

  uint8_t opcode() const { return opcode_; }
  uint32_t flags() const { return flags_; }
  const PreparedFrame &plain() const { return plain_; }
  // plain() where compression gains nothing, or there is no memory for it. The first call compresses.
  const PreparedFrame &deflated(const DeflateProfile &profile);

 private:
  // At the start of a lease, before the bytes of its frame. Never changed once it is in the list.
  struct Form {
    Form *next;
    DeflateProfile profile;
    SharedLease *lease;   // of this form
    PreparedFrame frame;  // plain_ where compression gains nothing
  };

  Prepared(const LeaseSource &source, SharedLease *lease, uint8_t opcode, uint32_t flags);

  Form *compress(const DeflateProfile &profile);
  Form *make_form(const DeflateProfile &profile, ByteView deflated);

  LeaseSource source_;
  PreparedFrame plain_;
  uint32_t flags_;  // SendFlag
  uint8_t opcode_;
  pthread_mutex_t lock_;  // over forms_
  Form *forms_ = nullptr;
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_MESSAGE_PREPARED_H_
