// SPDX-License-Identifier: MIT
#include "bench/load/process_time.h"

#include <err.h>

#include <cerrno>
#include <ctime>

namespace tidewire::load {

double process_time_us(pid_t pid) {
  clockid_t clock;
  timespec time;
  errno = clock_getcpuclockid(pid, &clock);
  if (errno != 0 || clock_gettime(clock, &time) != 0) err(1, "process %d", pid);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

}  // namespace tidewire::load
