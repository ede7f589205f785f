// SPDX-License-Identifier: MIT
// Runs vector files.
//
//   vectors_test FILE...                  without digests
//   vectors_test --digests FILE...        with those of digests.txt beside each file
//   vectors_test --write-digests FILE...  writes that file, of what the engine does
#include <gtest/gtest.h>

#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/vectors/digest.h"
#include "tests/vectors/vector_file.h"
#include "tests/vectors/vector_runs.h"

namespace tidewire::test {
namespace {

class VectorTest : public ::testing::Test {
 public:
  using Run = void (*)(const Vector &);
  VectorTest(const Vector &vector, Run run) : vector_(vector), run_(run) {}
  void TestBody() override { run_(vector_); }

 private:
  const Vector &vector_;
  Run run_;
};

using Vectors = std::vector<std::unique_ptr<Vector>>;

std::string topic_of(const std::string &path) { return std::filesystem::path(path).stem(); }

std::string digests_beside(const std::string &path) {
  return std::filesystem::path(path).replace_filename("digests.txt");
}

// Each vector of a file has its line, and each line its vector.
void set_digests(const std::string &path, const Vectors &vectors) {
  Digests digests = load_digests(digests_beside(path));
  const std::string topic = topic_of(path) + "/";
  for (const std::unique_ptr<Vector> &vector : vectors) {
    const auto digest = digests.find(topic + vector->name);
    if (digest == digests.end()) throw std::runtime_error(vector->name + " has no line in digests.txt");
    vector->digest = digest->second;
    digests.erase(digest);
  }
  const auto left = digests.lower_bound(topic);
  if (left != digests.end() && left->first.starts_with(topic)) {
    throw std::runtime_error("digests.txt has a line for no vector: " + left->first);
  }
}

void register_vectors(const std::string &path, const Vectors &vectors) {
  const std::string topic = topic_of(path);
  const std::pair<std::string, VectorTest::Run> suites[] = {
      {topic, run_each_kernel}, {topic + "_reference", run_reference}, {topic + "_no_memory", run_each_allocation}};
  for (const std::unique_ptr<Vector> &each : vectors) {
    const Vector &vector = *each;
    for (const auto &[suite, run] : suites) {
      const auto factory = [&vector, run = run]() -> VectorTest * { return new VectorTest(vector, run); };
      ::testing::RegisterTest(suite.c_str(), vector.name.c_str(), nullptr, nullptr, path.c_str(), 1, factory);
    }
  }
}

void write_digests(const std::vector<std::string> &paths) {
  std::map<std::string, Digests> files;
  for (const std::string &path : paths) {
    for (const std::unique_ptr<Vector> &vector : load_vectors(path)) {
      files[digests_beside(path)][topic_of(path) + "/" + vector->name] = digest_of(*vector);
    }
  }
  for (const auto &[path, digests] : files) save_digests(path, digests);
}

}  // namespace
}  // namespace tidewire::test

int main(int argc, char **argv) {
  using namespace tidewire::test;
  ::testing::InitGoogleTest(&argc, argv);
  const std::string option = argc > 1 && argv[1][0] == '-' ? argv[1] : "";
  const std::vector<std::string> paths(argv + (option.empty() ? 1 : 2), argv + argc);
  if (paths.empty() || (option != "" && option != "--digests" && option != "--write-digests")) {
    fprintf(stderr, "usage: vectors_test [--digests | --write-digests] FILE...\n");
    return 1;
  }
  std::list<Vectors> files;
  for (const std::string &path : paths) {
    try {
      files.push_back(load_vectors(path));
      if (option == "--digests") set_digests(path, files.back());
      if (option != "--write-digests") register_vectors(path, files.back());
    } catch (const std::exception &error) {
      fprintf(stderr, "%s: %s\n", path.c_str(), error.what());
      return 1;
    }
  }
  if (option == "--write-digests") {
    write_digests(paths);
    return 0;
  }
  return RUN_ALL_TESTS();
}
