// SPDX-License-Identifier: MIT
// A C++ host with a run time of its own: several threads throw and catch exceptions and print, while the library that
// they loaded talks for them. Neither may disturb the other, and the library brings no C++ run time into the process.
//
// usage: cxx_host LIBRARY [FORBIDDEN]     FORBIDDEN: part of the name of a library that must not be loaded
#include <dlfcn.h>
#include <link.h>
#include <tidewire/tw_table.h>

#include <cstring>
#include <exception>
#include <future>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int kThreads = 4;
constexpr int kRounds = 50;

class EngineError : public std::runtime_error {
 public:
  EngineError(const tw_api *api, tw_status failure)
      : std::runtime_error(api->status_message(failure)), status(failure) {}
  tw_status status;
};

// One side, whose output is the other side's input.
class Side {
 public:
  Side(const tw_api *api, uint32_t role) : api_(api) {
    tw_conn_config config = TW_CONN_CONFIG_INIT;
    tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
    handshake.host = "localhost";
    config.role = role;
    config.handshake = &handshake;
    expect(api->conn_create(&config, &conn_));
  }
  Side(const Side &) = delete;
  ~Side() { api_->conn_destroy(conn_); }

  void say(const std::string &text) {
    const auto *data = reinterpret_cast<const uint8_t *>(text.data());
    expect(api_->conn_send(conn_, TW_OPCODE_TEXT, data, text.size(), 0));
  }

  std::string take_output() {
    std::string output;
    tw_view view;
    size_t count;
    while (api_->conn_output(conn_, &view, 1, &count) == TW_OK && count > 0) {
      output.append(reinterpret_cast<const char *>(view.data), view.len);
      expect(api_->conn_output_consume(conn_, view.len));
    }
    return output;
  }

  // The messages that came, one after the other.
  std::string feed(std::string input) {
    std::ostringstream messages;
    tw_event events[8];
    size_t count, consumed;
    auto *data = reinterpret_cast<uint8_t *>(input.data());
    expect(api_->conn_receive(conn_, data, input.size(), events, 8, &count, &consumed));
    for (size_t i = 0; i < count; i++) {
      if (events[i].type != TW_EVENT_MESSAGE) continue;
      messages.write(reinterpret_cast<const char *>(events[i].data), static_cast<std::streamsize>(events[i].len));
    }
    return messages.str();
  }

 private:
  void expect(tw_status status) const {
    if (status < TW_OK) throw EngineError(api_, status);
  }

  const tw_api *api_;
  tw_conn *conn_ = nullptr;
};

// What a conversation and its failure look like to the host; throws where it is anything else.
void converse(const tw_api *api, int thread) {
  for (int round = 0; round < kRounds; round++) {
    Side client(api, TW_ROLE_CLIENT), server(api, TW_ROLE_SERVER);
    server.feed(client.take_output());
    client.feed(server.take_output());
    std::ostringstream text;
    text << "thread " << thread << ", round " << round << ": " << std::string(1000, '.');
    client.say(text.str());
    server.say(server.feed(client.take_output()));
    if (client.feed(server.take_output()) != text.str()) throw std::logic_error("the echo is another");
    try {
      server.feed("\x81\x01!");  // not masked
      throw std::logic_error("a broken rule was not noticed");
    } catch (const EngineError &error) {
      if (error.status != TW_ERR_MASK_MISSING) throw;
    }
  }
}

// So that the other threads unwind their stacks at the same time.
void converse_and_throw(const tw_api *api, int thread) {
  converse(api, thread);
  throw std::out_of_range("thread " + std::to_string(thread) + " is done");
}

// Whether a library with this in its name is in the process.
bool is_loaded(const char *name) {
  const auto look = [](dl_phdr_info *info, size_t, void *wanted) {
    return std::strstr(info->dlpi_name, static_cast<const char *>(wanted)) != nullptr ? 1 : 0;
  };
  return dl_iterate_phdr(look, const_cast<char *>(name)) != 0;
}

void run(const char *path, const char *forbidden) {
  const std::unique_ptr<void, int (*)(void *)> library(dlopen(path, RTLD_NOW | RTLD_LOCAL), dlclose);
  if (library == nullptr) throw std::runtime_error(dlerror());
  const auto get_api = reinterpret_cast<tw_get_api_fn>(dlsym(library.get(), "tw_get_api"));
  const tw_api *api = get_api == nullptr ? nullptr : get_api(TW_ABI_MAJOR);
  if (api == nullptr) throw std::runtime_error("not a library of this version");
  std::vector<std::future<void>> threads;
  for (int i = 0; i < kThreads; i++) threads.push_back(std::async(std::launch::async, converse_and_throw, api, i));
  for (auto &thread : threads) {
    try {
      thread.get();
    } catch (const std::out_of_range &done) {
      std::cout << done.what() << std::endl;
    }
  }
  if (!is_loaded(path)) throw std::logic_error("what is loaded is not found");
  if (forbidden != nullptr && is_loaded(forbidden)) throw std::runtime_error(std::string(forbidden) + " is loaded");
}

}  // namespace

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  try {
    run(argv[1], argc > 2 ? argv[2] : nullptr);
    run(argv[1], argc > 2 ? argv[2] : nullptr);  // the library was unloaded between
  } catch (const std::exception &error) {
    std::cerr << argv[0] << ": " << error.what() << std::endl;
    return 1;
  }
}
