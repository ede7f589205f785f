// SPDX-License-Identifier: MIT
// Bytes on their way to the socket, in segments that never move: what was shown as a view stays where it is while more
// is queued. Bytes that lie elsewhere are queued by reference. Holds nothing when empty.
#ifndef TIDEWIRE_CORE_BUFFER_OUTPUT_QUEUE_H_
#define TIDEWIRE_CORE_BUFFER_OUTPUT_QUEUE_H_

#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/buffer/lease.h"
#include "core/buffer/shared_lease.h"

namespace tidewire {

class OutputQueue {
 public:
  // Room for `len` contiguous bytes after what is queued, to be filled and then committed. The first segment has
  // first_len bytes, its own included. Statuses of Lender::acquire.
  Status reserve(Lender *lender, size_t len, size_t first_len, uint8_t **out) {
    if (tail_ == nullptr || tail_->room_end - tail_->end < len) return add_segment(lender, len, first_len, out);
    *out = tail_->bytes() + tail_->end;
    return Status::kOk;
  }
  // All the room that is there where some was reserved last.
  size_t room() const { return tail_->room_end - tail_->end; }
  // Queues the first `len` of the bytes that were reserved last.
  void commit(size_t len) {
    tail_->end += len;
    size_ += len;
  }

  // Like reserve, of room that may be followed by a reference. `len` is small, and may be 0.
  Status reserve_before_reference(Lender *lender, size_t len, uint8_t **out);
  // Queues a reference to bytes, after what was committed to that room: to the caller's memory, or into a lease, of
  // which the queue becomes one more holder until they are consumed.
  void refer(ByteView bytes, SharedLease *lease = nullptr);

  // Writes at most `cap` views of what is queued, oldest first. Returns how many.
  size_t views(ByteView *out, size_t cap) const;
  // Drops the `len` oldest bytes, at most size().
  void consume(Lender *lender, size_t len);
  void clear(Lender *lender);

  size_t size() const { return size_; }

 private:
  // At the start of a lease; its bytes follow. Linked by the lease's own pointer.
  struct Segment {
    Lease lease;
    size_t begin;  // of the queued bytes, in bytes()
    size_t end;
    size_t room_end;          // `end` once there is a reference
    ByteView reference;       // queued after the bytes
    SharedLease *referenced;  // nullptr: the reference is to the caller's memory, or there is none

    uint8_t *bytes() { return reinterpret_cast<uint8_t *>(this + 1); }
    Segment *next() const { return reinterpret_cast<Segment *>(lease.next); }
  };

  Status add_segment(Lender *lender, size_t len, size_t first_len, uint8_t **out);
  Status append_segment(Lender *lender, size_t lease_len, uint8_t **out);

  Segment *head_ = nullptr;
  Segment *tail_ = nullptr;
  size_t size_ = 0;  // bytes queued
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_BUFFER_OUTPUT_QUEUE_H_
