// SPDX-License-Identifier: MIT
// Compressed messages on their way in (RFC 7692 §7.2.2): unmask, inflate, validate, assemble or deliver in chunks. What
// is judged, and when, depends on the bytes of the message alone and not on how the input is cut.
#include "core/connection/codec.h"
#include "core/connection/connection.h"
#include "core/simd/small.h"

namespace tidewire {
namespace {

// The inflater is never fed across a multiple of this many bytes of a message: there its ratio is judged.
constexpr size_t kCheckpointLen = 1024;

// Input is unmasked in pieces of this length: what a call does not inflate is masked again, and must not be much.
constexpr size_t kPieceLen = 64 << 10;

// Output that may still come when all input is taken: the library holds back at most 64 bits, and a match of 258 bytes
// takes two of them.
constexpr uint64_t kPendingLen = 8256;

constexpr uint64_t kLeastRoom = 1024;       // bytes
constexpr uint64_t kLargestRoom = 1 << 16;  // that is guessed

// Text is often a quarter of its length when compressed.
uint64_t guessed_room(uint64_t deflated_len) {
  if (deflated_len > kLargestRoom / 4) return kLargestRoom;
  return deflated_len < kLeastRoom / 4 ? kLeastRoom : 4 * deflated_len;
}

}  // namespace

Status Connection::read_deflated(Input *in) {
  const uint64_t missing = frame_.payload_len - payload_done_;
  const size_t most = in->left() < kPieceLen ? in->left() : kPieceLen;
  const size_t len = most < missing ? most : static_cast<size_t>(missing);
  const uint32_t key = rotate_key(frame_.key, static_cast<size_t>(payload_done_ & 3));
  uint8_t *data = in->data + in->pos;
  kernels().mask(data, data, len, key);
  ByteView from{data, len};
  Assembler piece;  // of a stream
  Status status = Status::kOk;
  if (codec_->inflater == nullptr) status = Inflater::create(&lender_, kInflateWindowBits, &codec_->inflater);
  const bool streamed = assembler_.message().streamed;
  if (status == Status::kOk && streamed) status = start_piece(&piece);
  if (status == Status::kOk) {
    status = inflate(in, &from, frame_.fin() && len == missing, streamed ? &piece : &assembler_);
  }
  const size_t taken = len - from.size;
  kernels().mask(data + taken, data + taken, from.size, rotate_key(key, taken & 3));  // it will be fed again
  const bool frame_ends = status == Status::kOk && taken == missing;
  if (piece.active()) deliver_piece(in, &piece, frame_ends && frame_.fin());
  if (failed(status)) return fail(status, frame_offset(*in));
  advance(in, taken);
  if (!frame_ends) return status;
  if (frame_.fin() && !codec_->receive_takeover()) release_inflater();
  finish_frame(in);
  return Status::kOk;
}

Status Connection::start_piece(Assembler *piece) {
  Assembler::Message message = assembler_.message();
  message.len = 0;
  return piece->start(&lender_, message, 0);
}

void Connection::deliver_piece(Input *in, Assembler *piece, bool last) {
  assembler_.message().len += piece->message().len;
  assembler_.message().utf8 = piece->message().utf8;
  MutBytes data;
  Lease *bytes = piece->finish(&lender_, &data);
  add_chunk(in, data, last);
  deliver(bytes);
}

// kNeedRoom: the call has inflated enough, and there is more in *from.
Status Connection::inflate(Input *in, ByteView *from, bool last, Assembler *to) {
  while (from->size > 0) {
    if (in->inflate_left == 0) return Status::kNeedRoom;
    const size_t after_checkpoint = static_cast<size_t>(assembler_.message().deflated_len % kCheckpointLen);
    const size_t room = kCheckpointLen - after_checkpoint;
    const size_t len = from->size < room ? from->size : room;
    ByteView slice = from->slice(0, len);
    *from = from->from(len);
    Status status = inflate_slice(in, &slice, false, to);
    if (failed(status)) return status;
    assembler_.message().deflated_len += len - slice.size;
    *from = {from->data - slice.size, from->size + slice.size};
    if (len == room && slice.size == 0) status = check_ratio(*to);
    if (status != Status::kOk) return status;
  }
  if (!last) return Status::kOk;
  Status status = check_ratio(*to);
  if (status == Status::kOk) status = inflate_slice(in, from, true, to);
  return status == Status::kOk ? to->commit(kernels(), 0, true) : status;
}

// Inflates all of *slice, or with `finish` the end of the message. kNeedRoom: the call has inflated enough, has taken a
// byte at least, and there is more in *slice.
Status Connection::inflate_slice(Input *in, ByteView *slice, bool finish, Assembler *to) {
  const size_t given = slice->size;
  Status status = Status::kOk;
  do {
    // One byte more than the message may have shows that it has too many.
    const uint64_t len_before = to->message().len;
    const uint64_t max_len = len_before + left_of_message(delivered_len(*to) + len_before);
    const uint64_t allowed = max_len == UINT64_MAX ? max_len : max_len + 1;
    // Memory of the caller's that is full may be just enough.
    if (to->room().size == 0 && (status == Status::kNeedRoom || !to->borrows())) {
      const uint64_t of_piece = len_before + in->inflate_left + kPendingLen;
      const uint64_t most = to == &assembler_ || of_piece > allowed ? allowed : of_piece;
      const uint64_t guess = len_before > 0 ? 1 : guessed_room(frame_.payload_len);
      status = to->grow(&lender_, static_cast<size_t>(guess < most ? guess : most), false, most);
      if (status != Status::kOk) return status;
    }
    MutBytes out = to->room();
    if (out.size > allowed - len_before) out.size = static_cast<size_t>(allowed - len_before);
    const uint64_t of_call = in->inflate_left > 0 ? in->inflate_left : 1;
    if (slice->size > 0 && out.size > of_call) out.size = static_cast<size_t>(of_call);
    const size_t cap = out.size;
    status = finish ? codec_->inflater->finish(&out) : codec_->inflater->inflate(slice, &out);
    size_t len = cap - out.size;
    in->inflate_left -= len < in->inflate_left ? len : in->inflate_left;
    const bool too_long = len > max_len - len_before;
    if (too_long) len--;
    if (to->commit(kernels(), len, false) != Status::kOk) return Status::kUtf8;
    if (too_long) return Status::kLimitMessage;
  } while (status == Status::kNeedRoom && (in->inflate_left > 0 || slice->size == 0 || slice->size == given));
  return status;
}

// Bytes of the message that came before what is in `to`.
uint64_t Connection::delivered_len(const Assembler &to) const {
  return &to == &assembler_ ? 0 : assembler_.message().len;
}

Status Connection::check_ratio(const Assembler &to) const {
  const uint64_t len = delivered_len(to) + to.message().len;
  const uint64_t max_ratio = settings().deflate.max_ratio;
  const uint64_t needed_len = len / max_ratio + (len % max_ratio > 0 ? 1 : 0);
  const bool exceeds = needed_len > assembler_.message().deflated_len;
  return len > kRatioFreeLen && exceeds ? Status::kLimitRatio : Status::kOk;
}

void Connection::release_inflater() {
  Inflater::destroy(&lender_, codec_->inflater);
  codec_->inflater = nullptr;
}

}  // namespace tidewire
