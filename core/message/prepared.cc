// SPDX-License-Identifier: MIT
#include "core/message/prepared.h"

#include <string.h>

#include <new>

#include "core/message/deflate.h"
#include "core/message/send_flags.h"
#include "core/simd/kernels.h"
#include "core/wire/frame_encode.h"

namespace tidewire {
namespace {

constexpr uint32_t kPreparedFlags = kSendValidUtf8 | kCompressionChoice;

// Writes an unmasked frame behind the first `offset` bytes of the lease.
PreparedFrame write_prepared(SharedLease *lease, size_t offset, uint8_t first, ByteView payload) {
  const FrameHeader header{payload.size, 0, first, 0, false};
  uint8_t *out = lease->bytes() + offset;
  const size_t len = write_frame(kernels(), header, payload.data, out);
  return {lease, {out, len}, len - payload.size, (first & kRsv1) != 0};
}

SharedLease *lend_prepared(const LeaseSource &source, size_t offset, size_t payload_len) {
  const size_t header_len = frame_header_len(payload_len, false);
  if (payload_len > SIZE_MAX - offset - header_len) return nullptr;
  return SharedLease::create(source, offset + header_len + payload_len);
}

}  // namespace

Prepared::Prepared(const LeaseSource &source, SharedLease *lease, uint8_t opcode, uint32_t flags)
    : source_(source), flags_(flags), opcode_(opcode) {
  plain_.lease = lease;
  pthread_mutex_init(&lock_, nullptr);
}

Status Prepared::create(const LeaseSource &source, uint8_t opcode, ByteView payload, uint32_t flags, Prepared **out) {
  *out = nullptr;
  if (!send_flags_valid(flags, kPreparedFlags)) return Status::kArgument;
  const bool unchecked = opcode == kText && (flags & kSendValidUtf8) == 0;
  if (unchecked && !utf8_whole(kernels(), payload.data, payload.size)) return Status::kText;
  SharedLease *lease = lend_prepared(source, sizeof(Prepared), payload.size);
  if (lease == nullptr) return Status::kNoMemory;
  Prepared *prepared = new (lease->bytes()) Prepared(source, lease, opcode, flags);
  prepared->plain_ = write_prepared(lease, sizeof(Prepared), static_cast<uint8_t>(kFin | opcode), payload);
  *out = prepared;
  return Status::kOk;
}

void Prepared::destroy(Prepared *prepared) {
  if (prepared == nullptr) return;
  for (Form *form = prepared->forms_; form != nullptr;) {
    Form *next = form->next;
    form->lease->release();
    form = next;
  }
  pthread_mutex_destroy(&prepared->lock_);
  prepared->plain_.lease->release();
}

const PreparedFrame &Prepared::deflated(const DeflateProfile &profile) {
  pthread_mutex_lock(&lock_);
  Form *form = forms_;
  while (form != nullptr && !(form->profile == profile)) form = form->next;
  if (form == nullptr) {
    form = compress(profile);
    if (form != nullptr) {
      form->next = forms_;
      forms_ = form;
    }
  }
  pthread_mutex_unlock(&lock_);
  return form == nullptr ? plain_ : form->frame;
}

// nullptr without memory.
Prepared::Form *Prepared::compress(const DeflateProfile &profile) {
  const ByteView payload = plain_.payload();
  Lender lender(&source_);
  Deflater *deflater = nullptr;
  Lease *room = nullptr;
  Form *form = nullptr;
  Status status = Deflater::create(&lender, profile.level, profile.memory_level, profile.window_bits, &deflater);
  if (status == Status::kOk) status = lender.acquire(Deflater::bound(payload.size), &room);
  if (status == Status::kOk) {
    size_t len = 0;
    status = deflater->deflate(payload, true, {room->bytes(), room->cap}, &len);
    if (status == Status::kOk) form = make_form(profile, {room->bytes(), len});
  }
  lender.release(room);
  Deflater::destroy(&lender, deflater);
  return form;
}

// nullptr without memory.
Prepared::Form *Prepared::make_form(const DeflateProfile &profile, ByteView deflated) {
  const bool gains = deflation_gains(plain_.payload().size, deflated.size);
  SharedLease *lease = lend_prepared(source_, sizeof(Form), gains ? deflated.size : 0);
  if (lease == nullptr) return nullptr;
  Form *form = new (lease->bytes()) Form{nullptr, profile, lease, plain_};
  if (gains) form->frame = write_prepared(lease, sizeof(Form), plain_.first() | kRsv1, deflated);
  return form;
}

}  // namespace tidewire
