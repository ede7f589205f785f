// SPDX-License-Identifier: MIT
#include "bench/load/process_time.h"

#include <err.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>

namespace tidewire::load {

double process_time_us(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  char line[1024] = {};
  std::FILE *file = std::fopen(path.c_str(), "r");
  if (file == nullptr || std::fgets(line, sizeof line, file) == nullptr) err(1, "%s", path.c_str());
  std::fclose(file);
  // The second field is the program's name in parentheses and may hold anything; utime and stime are fields 14 and 15.
  unsigned long user = 0;
  unsigned long system = 0;
  const char *rest = std::strrchr(line, ')');
  if (rest == nullptr ||
      std::sscanf(rest + 1, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", &user, &system) != 2) {
    errx(1, "%s: not as expected", path.c_str());
  }
  return static_cast<double>(user + system) * 1e6 / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace tidewire::load
