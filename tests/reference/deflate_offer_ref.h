// SPDX-License-Identifier: MIT
// The negotiation of permessage-deflate (RFC 6455 §9.1, RFC 7692 §5 and §7.1): the header is read into lists of
// strings, and each rule looks for what it is about.
#ifndef TIDEWIRE_TESTS_REFERENCE_DEFLATE_OFFER_REF_H_
#define TIDEWIRE_TESTS_REFERENCE_DEFLATE_OFFER_REF_H_

#include <tidewire/tidewire.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tidewire::reference {

using ExtensionParameter = std::pair<std::string, std::optional<std::string>>;

struct Extension {
  std::string name;
  std::vector<ExtensionParameter> parameters;
};

// The elements of one header line; nothing where it breaks the grammar.
std::optional<std::vector<Extension>> read_extensions(const std::string &line);

// What a server with this wish makes of all header lines of a request: nothing where they are a fault, all zero where
// every offer is declined.
std::optional<tw_deflate> accept_deflate(const tw_deflate &wish, const std::vector<std::string> &lines);

// What a client with this wish makes of the header lines of a response: nothing where they are a fault.
std::optional<tw_deflate> check_deflate(const tw_deflate &wish, const std::vector<std::string> &lines);

}  // namespace tidewire::reference

#endif  // TIDEWIRE_TESTS_REFERENCE_DEFLATE_OFFER_REF_H_
