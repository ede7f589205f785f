// SPDX-License-Identifier: MIT
// The ways to send that mean the same: one call or one batch, bytes copied, borrowed or prepared.
#ifndef TIDEWIRE_TESTS_VECTORS_ANY_SEND_H_
#define TIDEWIRE_TESTS_VECTORS_ANY_SEND_H_

#include <stddef.h>
#include <stdint.h>
#include <tidewire/tidewire.h>

#include <vector>

#include "tests/vectors/engine_session.h"
#include "tests/vectors/session_script.h"

namespace tidewire::test {

// From this length on bytes are borrowed.
inline constexpr uint32_t kAnySendMinBorrowLen = 20;

class AnySender {
 public:
  struct Result {
    size_t count;      // steps that were carried out
    tw_status status;  // of the last one; the others were good
  };

  // Carries out the first steps, which are sends: at least one.
  Result send(EngineSession *engine, const SessionStep *steps, size_t count, Cuts *cuts) {
    if (count > 1 && cuts->next(3) == 1) return send_batch(engine, steps, count, cuts);
    if (cuts->next(4) == 1 && send_prepared(engine, steps[0])) return {1, TW_OK};
    const tw_message message = keep(steps[0], cuts);
    return {1, tw_conn_send(engine->get(), message.opcode, message.data, message.len, message.flags)};
  }

  // Frees what was borrowed. To be called when there is no output.
  void release() { kept_.clear(); }

 private:
  Result send_batch(EngineSession *engine, const SessionStep *steps, size_t count, Cuts *cuts) {
    std::vector<tw_message> messages;
    for (size_t i = 0; i < count; ++i) messages.push_back(keep(steps[i], cuts));
    size_t done = count + 1;
    const tw_status status = tw_conn_send_batch(engine->get(), messages.data(), count, &done);
    require(status == TW_OK ? done == count : done < count, "a batch ends with the first message that is refused");
    return {status == TW_OK ? count : done + 1, status};
  }

  // False where the message is none to be prepared, or is refused, which shall be seen otherwise.
  static bool send_prepared(EngineSession *engine, const SessionStep &step) {
    tw_prepared *prepared = nullptr;
    if (tw_prepared_create(step.opcode, step.data.data(), step.data.size(), step.flags, nullptr, &prepared) != TW_OK) {
      return false;
    }
    const tw_status status = tw_conn_send_prepared(engine->get(), prepared);
    tw_prepared_destroy(prepared);
    return status == TW_OK;
  }

  // A copy, which may be masked where it lies.
  tw_message keep(const SessionStep &step, Cuts *cuts) {
    constexpr uint32_t kWays[] = {0, TW_SEND_BORROW, TW_SEND_BORROW | TW_SEND_MASK_IN_PLACE};
    kept_.push_back(step.data);
    const reference::Bytes &data = kept_.back();
    return {data.data(), data.size(), step.opcode, step.flags | kWays[cuts->next(4) - 1]};
  }

  std::vector<reference::Bytes> kept_;
};

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_VECTORS_ANY_SEND_H_
