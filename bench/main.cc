// SPDX-License-Identifier: MIT
// The entry of every suite. Says in the context of the results what was measured and how it was compiled.
#include <benchmark/benchmark.h>

#include "bench/suite.h"
#include "tidewire/tw_unstable.h"

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("compiler", TW_BENCH_COMPILER);
  benchmark::AddCustomContext("flags", TW_BENCH_FLAGS);
  benchmark::AddCustomContext("tidewire", tw_version_string());
  benchmark::AddCustomContext("kernel", tw_unstable_kernel_selected());
  if (tidewire::bench::floor_row() == nullptr) {
    benchmark::AddCustomContext("floor", "none: it needs AVX2, which this processor lacks");
  }
  if (tidewire::bench::simdutf_row() == nullptr) {
    benchmark::AddCustomContext("simdutf", "none: its sources were not there when this was built");
  }
  tidewire::bench::register_benchmarks();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
