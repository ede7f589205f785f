// SPDX-License-Identifier: MIT
// Runs a fuzz target over every file of the directories given as arguments, and over every prefix of each file, so that
// what a fuzzer once found stays found without libFuzzer.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

namespace {

constexpr size_t kEveryPrefixMax = 4096;  // bytes; of a longer file only this many prefixes are run

std::vector<std::filesystem::path> files_below(const char *directory) {
  std::vector<std::filesystem::path> files;
  for (const auto &entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// A copy of exactly the prefix's length, so that AddressSanitizer sees a read beyond it.
void run_prefix(const std::vector<char> &bytes, size_t len) {
  const std::vector<uint8_t> exact(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(len));
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

void run_file(const std::filesystem::path &path) {
  std::ifstream stream(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  run_prefix(bytes, bytes.size());
  for (size_t len = 0; len < std::min(bytes.size(), kEveryPrefixMax); ++len) run_prefix(bytes, len);
}

}  // namespace

int main(int argc, char **argv) {
  size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    for (const std::filesystem::path &path : files_below(argv[i])) {
      printf("%s\n", path.c_str());
      fflush(stdout);  // the last line names the file that ends the program
      run_file(path);
      ++count;
    }
  }
  printf("%zu files\n", count);
  return count > 0 ? 0 : 1;  // a corpus that is not found proves nothing
}
