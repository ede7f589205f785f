// SPDX-License-Identifier: MIT
// Room to read into, messages in the caller's memory, and messages that outlive the connection.
#include <string.h>

#include <new>

#include "core/buffer/shared_lease.h"
#include "core/connection/connection.h"

namespace tidewire {
namespace {

constexpr uint64_t kLeastReadBuffer = 256;  // bytes, the smallest size class
constexpr unsigned kMaxReadGrowth = 15;     // what read_growth_ can count to
constexpr unsigned kMaxSmallReads = 3;      // what small_reads_ can count to

// At the start of the lease that is read into; the room follows.
struct ReadBuffer {
  MutBytes unread;  // bytes in the room that were not looked at yet
};

constexpr size_t kReadOverhead = sizeof(Lease) + sizeof(ReadBuffer);

ReadBuffer *read_buffer_of(Lease *lease) { return reinterpret_cast<ReadBuffer *>(lease->bytes()); }

MutBytes room_of(Lease *lease) { return {lease->bytes() + sizeof(ReadBuffer), lease->cap - sizeof(ReadBuffer)}; }

// What SharedLease::adopt overwrites are no bytes of the message.
static_assert(sizeof(Assembler::Message) >= SharedLease::kOverhead);

}  // namespace

Status Connection::read_buffer(size_t hint, MutBytes *out) {
  *out = {};
  Status status = make_way({});
  if (status != Status::kOk) return status;
  if (!reads_into_message()) {
    while (read_buffer_len() - kReadOverhead < hint && grow_reads()) continue;
    status = lender_.acquire(static_cast<size_t>(read_buffer_len()) - sizeof(Lease), &read_);
    if (status != Status::kOk) return status;
    new (read_->bytes()) ReadBuffer();
  }
  reading_ = true;
  *out = room();
  return Status::kOk;
}

Status Connection::read_commit(size_t len, Event *events, size_t cap, size_t *out_count) {
  *out_count = 0;
  MutBytes bytes = unread();
  const bool goes_on = bytes.size > 0;
  if (!goes_on) bytes = room();
  if (len > (goes_on ? 0 : bytes.size)) return Status::kArgument;
  lender_.release_list(delivered_);
  delivered_ = nullptr;
  if (goes_on) {
    keep_unread({});
  } else {
    if (read_ != nullptr && len > 0) follow_reads(len, bytes.size);
    bytes.size = len;
  }
  reading_ = false;
  Input in{bytes.data, bytes.size, 0, events, cap, 0, settings().deflate.max_call_len, false, {}};
  const Status status = read(&in);
  if (status == Status::kNeedRoom) {
    reading_ = true;
    keep_unread({in.data + in.pos, in.left()});
  } else if (in.count == 0) {
    release_room();
  }
  *out_count = in.count;
  return status;
}

Status Connection::receive_into(MutBytes data, MutBytes dst, Event *events, size_t cap, size_t *out_count,
                                size_t *out_consumed) {
  *out_count = *out_consumed = 0;
  if (has(kConnStream) || has(kConnStreamFragmented)) return Status::kState;
  const Status ready = make_way(dst);
  if (ready != Status::kOk) return ready;
  Input in{data.data, data.size, 0, events, cap, 0, settings().deflate.max_call_len, true, dst};
  const Status status = read(&in);
  *out_count = in.count;
  *out_consumed = in.pos;
  return status;
}

// The lease of a message is known by where its bytes are. Payloads in other leases never stand in their place: what is
// read into, read_ holds, and that of a control frame is at the very start.
Status Connection::detach(const Event &event, SharedLease **out_lease, uint8_t **out_data) {
  Lease **link = &delivered_;
  while (*link != nullptr && Assembler::bytes_of(*link) != event.data) link = &(*link)->next;
  if (Lease *lease = *link) {
    *link = lease->next;
    lender_.detach(lease);
    *out_lease = SharedLease::adopt(settings(), lease);
    *out_data = event.data;
    return Status::kOk;
  }
  const size_t len = static_cast<size_t>(event.len);
  *out_lease = SharedLease::create(settings(), len);
  *out_data = nullptr;
  if (*out_lease == nullptr) return Status::kNoMemory;
  *out_data = (*out_lease)->bytes();
  if (len > 0) memcpy(*out_data, event.data, len);
  return Status::kOk;
}

// Whether the message under way is in memory of a caller that must go on with it.
bool Connection::is_bound_to_other(MutBytes dst) const {
  if (!assembler_.active() || !assembler_.borrows()) return false;
  return assembler_.message().data != dst.data || assembler_.message().cap != dst.size;
}

void Connection::release_room() {
  lender_.release(read_);
  read_ = nullptr;
  reading_ = false;
}

// Where the rest of a frame fills a read buffer, no other frame could come with it, and its copy is saved for nothing.
bool Connection::reads_into_message() const {
  if (!in_payload_ || frame_.control()) return false;
  const Assembler::Message &message = assembler_.message();
  const bool assembles = !message.streamed && !message.compressed;
  return assembles && frame_.payload_len - payload_done_ >= read_buffer_len();
}

// The room that was handed out.
MutBytes Connection::room() {
  if (!reading_) return {};
  if (read_ != nullptr) return room_of(read_);
  return {assembler_.room().data, static_cast<size_t>(frame_.payload_len - payload_done_)};
}

// What is left of the last commit. What a failure leaves is discarded.
MutBytes Connection::unread() {
  if (!reading_ || error_ != Status::kOk) return {};
  if (read_ != nullptr) return read_buffer_of(read_)->unread;
  return {assembler_.room().data, assembler_.message().unread_len};
}

void Connection::keep_unread(MutBytes bytes) {
  if (read_ != nullptr) {
    read_buffer_of(read_)->unread = bytes;
  } else {
    assembler_.message().unread_len = bytes.size;
  }
}

// With the lease's own bytes, so that a length of a size class wastes nothing.
uint64_t Connection::read_buffer_len() const {
  const uint64_t grown = uint64_t{settings().read_len} << read_growth_;
  const uint64_t len = grown < settings().max_read_len ? grown : settings().max_read_len;
  return len < kLeastReadBuffer ? kLeastReadBuffer : len;
}

bool Connection::grow_reads() {
  if (read_growth_ == kMaxReadGrowth || read_buffer_len() >= settings().max_read_len) return false;
  read_growth_ = (read_growth_ + 1) & kMaxReadGrowth;
  return true;
}

// After a read of `len` bytes into `cap`: doubles what it filled, halves what several in a row filled to a quarter at
// most. One alone may be the rest of what filled the last.
void Connection::follow_reads(size_t len, size_t cap) {
  if (len == cap) grow_reads();
  small_reads_ = len > cap / 4 ? 0 : (small_reads_ + 1) & kMaxSmallReads;
  if (len <= cap / 4 && small_reads_ == 0 && read_growth_ > 0) read_growth_ = (read_growth_ - 1) & kMaxReadGrowth;
}

// Gives the message under way up. Room in it that was handed out may still be written to, until input is taken.
void Connection::drop_message() {
  if (reading_ && read_ == nullptr) {
    read_ = assembler_.abandon();
  } else {
    assembler_.reset(&lender_);
  }
}

}  // namespace tidewire
