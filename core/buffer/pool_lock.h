// SPDX-License-Identifier: MIT
// Holds a pool's lock as long as it lives.
#ifndef TIDEWIRE_CORE_BUFFER_POOL_LOCK_H_
#define TIDEWIRE_CORE_BUFFER_POOL_LOCK_H_

#include <pthread.h>

namespace tidewire {

class PoolLock {
 public:
  explicit PoolLock(pthread_mutex_t *mutex) : mutex_(mutex) { pthread_mutex_lock(mutex_); }
  ~PoolLock() { pthread_mutex_unlock(mutex_); }
  PoolLock(const PoolLock &) = delete;
  PoolLock &operator=(const PoolLock &) = delete;

 private:
  pthread_mutex_t *mutex_;
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_BUFFER_POOL_LOCK_H_
