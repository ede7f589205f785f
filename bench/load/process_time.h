// SPDX-License-Identifier: MIT
#ifndef TIDEWIRE_BENCH_LOAD_PROCESS_TIME_H_
#define TIDEWIRE_BENCH_LOAD_PROCESS_TIME_H_

#include <sys/types.h>

namespace tidewire::load {

// Processor time that all threads of a process have used, in user and in system mode, in microseconds. Ends the program
// with a message when there is no such process.
double process_time_us(pid_t pid);

}  // namespace tidewire::load

#endif  // TIDEWIRE_BENCH_LOAD_PROCESS_TIME_H_
