// SPDX-License-Identifier: MIT
// JSON as the vector files have it: checks of what an object has, numbers, words, and DATA of README.md. Whatever the
// format does not have throws std::runtime_error.
#ifndef TIDEWIRE_TESTS_VECTORS_JSON_DATA_H_
#define TIDEWIRE_TESTS_VECTORS_JSON_DATA_H_

#include <stdint.h>

#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "tests/reference/connection_ref.h"

namespace tidewire::test {

[[noreturn]] void refuse(const std::string &what, const nlohmann::json &where);

void require_keys(const nlohmann::json &object, std::initializer_list<std::string_view> known);
std::string text_of(const nlohmann::json &value);
uint64_t number_of(const nlohmann::json &value);
uint64_t number_or(const nlohmann::json &object, const char *key, uint64_t otherwise);
// A number, or UINT64_MAX for "never".
uint64_t time_of(const nlohmann::json &value);
// Whether the key is there; its value must then be true.
bool flag_of(const nlohmann::json &object, const char *key);
// The number of one of the names.
uint32_t one_of(const nlohmann::json &value, const std::map<std::string, uint32_t> &names);

class DataReader {
 public:
  // `named` is the "data" of the file.
  explicit DataReader(nlohmann::json named) : named_(std::move(named)) {}

  reference::Bytes read(const nlohmann::json &data) const;
  reference::Bytes read_or_empty(const nlohmann::json &object, const char *key) const;

 private:
  reference::Bytes join(const nlohmann::json &parts) const;

  nlohmann::json named_;
};

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_VECTORS_JSON_DATA_H_
