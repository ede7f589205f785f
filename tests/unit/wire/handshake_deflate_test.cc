// SPDX-License-Identifier: MIT
// RFC 7692 §5 and §7.1 rule by rule. Terms are written as "15+ 12": the window this side sends with, then that of the
// peer, "+" where context takeover is kept; "!" follows where the client has asked for the server's window.
#include "core/wire/handshake_deflate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/test_bytes.h"

namespace tidewire {
namespace {

using Strings = std::vector<std::string>;

// Memory of exactly this size, so that a sanitizer sees a read behind it.
class Line {
 public:
  explicit Line(const std::string &text) : bytes_(text.begin(), text.end()) {}
  ByteView view() const { return {bytes_.data(), bytes_.size()}; }

 private:
  test::Bytes bytes_;
};

std::string text_of(const DeflateText &text) { return std::string(text.data, text.data + text.len); }

std::string text_of(const DeflateTerms &terms) {
  if (terms.enabled == 0) return "declined";
  const auto has = [&terms](uint8_t flag, const char *text) { return (terms.flags & flag) != 0 ? text : ""; };
  return std::to_string(terms.send_window_bits) + has(kDeflateSendTakeover, "+") + " " +
         std::to_string(terms.receive_window_bits) + has(kDeflateReceiveTakeover, "+") + has(kDeflateWindowAsked, "!");
}

DeflateTerms terms_of(uint8_t send, bool send_takeover, uint8_t receive, bool receive_takeover) {
  DeflateTerms out;
  out.enabled = 1;
  out.flags = static_cast<uint8_t>((send_takeover ? kDeflateSendTakeover : 0) |
                                   (receive_takeover ? kDeflateReceiveTakeover : 0));
  out.send_window_bits = send;
  out.receive_window_bits = receive;
  return out;
}

const DeflateTerms kAll = terms_of(15, true, 15, true);
const DeflateTerms kNoTakeover = terms_of(15, false, 15, false);
const DeflateTerms kSmall = terms_of(10, true, 11, true);

// What a server makes of the header lines: "malformed", "declined", or the terms and the answer to them.
std::string server(const DeflateTerms &wish, const Strings &lines) {
  DeflateOffers offers(wish);
  for (const std::string &line : lines) offers.add(Line(line).view());
  if (!offers.valid()) return "malformed";
  const DeflateTerms &terms = offers.accepted();
  EXPECT_TRUE(is_acceptable(wish, terms));
  return text_of(terms) + (terms.enabled != 0 ? ": " + text_of(deflate_answer(terms)) : "");
}

std::string server(const DeflateTerms &wish, const std::string &parameters) {
  return server(wish, Strings{"permessage-deflate" + parameters});
}

// What a client makes of the answer: "refused" or the terms.
std::string client(const DeflateTerms &wish, const std::string &line) {
  DeflateTerms out = terms_of(1, false, 1, false);
  if (check_deflate_answer(wish, Line(line).view(), &out)) return text_of(out);
  EXPECT_EQ(text_of(out), "1 1");
  return "refused";
}

std::string client_given(const DeflateTerms &wish, const std::string &parameters) {
  return client(wish, "permessage-deflate" + parameters);
}

TEST(DeflateOffers, OfferWithoutParametersGivesWhatTheServerWants) {
  EXPECT_EQ(server(kAll, ""), "15+ 15+: permessage-deflate");
  EXPECT_EQ(server(kNoTakeover, ""),
            "15 15: permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  EXPECT_EQ(server(terms_of(15, true, 15, false), ""), "15+ 15: permessage-deflate; client_no_context_takeover");
  EXPECT_EQ(server(terms_of(15, false, 15, true), ""), "15 15+: permessage-deflate; server_no_context_takeover");
  EXPECT_EQ(server(terms_of(9, true, 15, true), ""), "9+ 15+: permessage-deflate; server_max_window_bits=9");
}

TEST(DeflateOffers, WithoutAWishEveryOfferIsDeclined) {
  EXPECT_EQ(server({}, ""), "declined");
  EXPECT_EQ(server({}, "; client_max_window_bits"), "declined");
}

TEST(DeflateOffers, TakeoverThatTheClientRulesOutIsNotKept) {
  EXPECT_EQ(server(kAll, "; server_no_context_takeover"), "15 15+: permessage-deflate; server_no_context_takeover");
  EXPECT_EQ(server(kAll, "; client_no_context_takeover"), "15+ 15: permessage-deflate; client_no_context_takeover");
  EXPECT_EQ(server(kAll, "; client_no_context_takeover; server_no_context_takeover"),
            "15 15: permessage-deflate; server_no_context_takeover; client_no_context_takeover");
}

TEST(DeflateOffers, WindowOfTheServerIsTheSmallerOneAndNamedWhereItWasAskedFor) {
  EXPECT_EQ(server(kAll, "; server_max_window_bits=15"), "15+ 15+!: permessage-deflate; server_max_window_bits=15");
  EXPECT_EQ(server(kAll, "; server_max_window_bits=8"), "8+ 15+!: permessage-deflate; server_max_window_bits=8");
  const DeflateTerms ten = terms_of(10, true, 15, true);
  EXPECT_EQ(server(ten, "; server_max_window_bits=12"), "10+ 15+!: permessage-deflate; server_max_window_bits=10");
  EXPECT_EQ(server(ten, "; server_max_window_bits=9"), "9+ 15+!: permessage-deflate; server_max_window_bits=9");
}

TEST(DeflateOffers, WindowOfTheClientIsTheSmallerOneAndNamedOnlyWhereItMayBe) {
  EXPECT_EQ(server(kAll, "; client_max_window_bits"), "15+ 15+: permessage-deflate");
  EXPECT_EQ(server(kAll, "; client_max_window_bits=15"), "15+ 15+: permessage-deflate");
  EXPECT_EQ(server(kAll, "; client_max_window_bits=12"), "15+ 12+: permessage-deflate; client_max_window_bits=12");
  const DeflateTerms eleven = terms_of(15, true, 11, true);
  EXPECT_EQ(server(eleven, "; client_max_window_bits"), "15+ 11+: permessage-deflate; client_max_window_bits=11");
  EXPECT_EQ(server(eleven, "; client_max_window_bits=15"), "15+ 11+: permessage-deflate; client_max_window_bits=11");
  EXPECT_EQ(server(eleven, "; client_max_window_bits=8"), "15+ 8+: permessage-deflate; client_max_window_bits=8");
}

TEST(DeflateOffers, ClientWhoseWindowCannotBeLimitedIsDeclinedByWhoNeedsASmallerOne) {
  EXPECT_EQ(server(terms_of(15, true, 14, true), ""), "declined");
  EXPECT_EQ(server(kSmall, "; server_max_window_bits=8; client_no_context_takeover"), "declined");
}

TEST(DeflateOffers, FaultyParameterDeclinesTheOffer) {
  for (const char *parameters :
       {"; x", "; x=1", "; Server_no_context_takeover", "; server_no_context_takeover=1",
        "; server_no_context_takeover=true", "; client_no_context_takeover=0", "; client_no_context_takeover=\"a\"",
        "; server_no_context_takeover; server_no_context_takeover",
        "; client_no_context_takeover; client_no_context_takeover", "; server_max_window_bits",
        "; server_max_window_bits=12; server_max_window_bits=12", "; client_max_window_bits; client_max_window_bits",
        "; client_max_window_bits=12; client_max_window_bits", "; client_max_window_bits; client_max_window_bits=12"}) {
    EXPECT_EQ(server(kAll, parameters), "declined") << parameters;
  }
}

TEST(DeflateOffers, WindowIsEightToFifteenInPlainDecimal) {
  for (const std::string name : {"; server_max_window_bits=", "; client_max_window_bits="}) {
    for (int bits = 8; bits <= 15; ++bits) EXPECT_NE(server(kAll, name + std::to_string(bits)), "declined") << bits;
    for (const char *value : {"0",
                              "1",
                              "7",
                              "16",
                              "08",
                              "012",
                              "00012",
                              "80",
                              "100",
                              "150",
                              "1.5",
                              "-9",
                              "+9",
                              "0x9",
                              "9a",
                              "a9",
                              "''",
                              "4294967304",
                              "18446744073709551624",
                              "\"16\"",
                              "\"08\"",
                              "\"\\7\""}) {
      EXPECT_EQ(server(kAll, name + value), "declined") << value;
    }
  }
}

TEST(DeflateOffers, QuotedValueMeansTheSame) {
  for (const char *value : {"\"12\"", "\"\\12\"", "\"1\\2\"", "\"\\1\\2\""}) {
    EXPECT_EQ(server(kAll, std::string("; client_max_window_bits=") + value),
              "15+ 12+: permessage-deflate; client_max_window_bits=12")
        << value;
  }
}

TEST(DeflateOffers, FirstAcceptableOfferWins) {
  const std::string small = "permessage-deflate; server_max_window_bits=9";
  EXPECT_EQ(server(kAll, Strings{small + ", permessage-deflate"}),
            "9+ 15+!: permessage-deflate; server_max_window_bits=9");
  EXPECT_EQ(server(kAll, Strings{"permessage-deflate, " + small}), "15+ 15+: permessage-deflate");
  EXPECT_EQ(server(kAll, Strings{"permessage-deflate; x, " + small}),
            "9+ 15+!: permessage-deflate; server_max_window_bits=9");
  EXPECT_EQ(server(kSmall, Strings{small, "permessage-deflate; client_max_window_bits"}),
            "10+ 11+: permessage-deflate; server_max_window_bits=10; client_max_window_bits=11");
  EXPECT_EQ(server(kAll, Strings{"x-webkit-deflate-frame, permessage-bzip2; client_max_window_bits", "", small}),
            "9+ 15+!: permessage-deflate; server_max_window_bits=9");
}

TEST(DeflateOffers, ParametersBelongToTheOfferBeforeThem) {
  EXPECT_EQ(server(kAll, Strings{"permessage-deflate, x; server_max_window_bits=9"}), "15+ 15+: permessage-deflate");
  EXPECT_EQ(server(kAll, Strings{"x; y, permessage-deflate"}), "15+ 15+: permessage-deflate");
  EXPECT_EQ(server(kAll, Strings{"permessage-deflate; server_no_context_takeover; x, permessage-deflate"}),
            "15+ 15+: permessage-deflate");
  EXPECT_EQ(server(kSmall, Strings{"permessage-deflate", "x; client_max_window_bits"}), "declined");
}

TEST(DeflateOffers, NameOfAnotherExtensionIsDeclined) {
  for (const char *name : {"deflate", "permessage-deflat", "permessage-deflate2", "Permessage-Deflate", "x"}) {
    EXPECT_EQ(server(kAll, Strings{name}), "declined") << name;
  }
}

TEST(DeflateOffers, BrokenGrammarIsAFaultWhereverItIs) {
  for (const Strings &lines : {Strings{""},
                               {},
                               {",", " , "},
                               {"permessage-deflate;"},
                               {"permessage-deflate; client_max_window_bits="},
                               {"permessage-deflate; client_max_window_bits=\"\""},
                               {"permessage-deflate; client_max_window_bits=\"1 2\""},
                               {"permessage-deflate", "a b"},
                               {"a b", "permessage-deflate"},
                               {"permessage-deflate, ;"}}) {
    EXPECT_EQ(server(kAll, lines), "malformed") << lines.size();
    EXPECT_EQ(server({}, lines), "malformed") << lines.size();
  }
}

TEST(DeflateOffer, AsksForWhatTheClientWants) {
  EXPECT_EQ(text_of(deflate_offer(kAll)), "permessage-deflate; client_max_window_bits");
  EXPECT_EQ(text_of(deflate_offer(kNoTakeover)),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits");
  EXPECT_EQ(text_of(deflate_offer(kSmall)), "permessage-deflate; server_max_window_bits=11; client_max_window_bits=10");
  EXPECT_EQ(text_of(deflate_offer(terms_of(8, false, 9, false))),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; "
            "client_max_window_bits=8");
}

// The longest value fills its room to the byte.
TEST(DeflateText, LongestValueFits) {
  DeflateTerms terms = terms_of(15, false, 14, false);
  terms.flags |= kDeflateWindowAsked;
  EXPECT_EQ(deflate_answer(terms).len, sizeof(DeflateText::data));
  EXPECT_EQ(deflate_offer(terms_of(14, false, 14, false)).len, sizeof(DeflateText::data));
}

TEST(DeflateAnswer, MayBeStricterThanTheOffer) {
  EXPECT_EQ(client_given(kAll, ""), "15+ 15+");
  EXPECT_EQ(client_given(kAll, "; server_no_context_takeover"), "15+ 15");
  EXPECT_EQ(client_given(kAll, "; client_no_context_takeover"), "15 15+");
  EXPECT_EQ(client_given(kAll, "; server_max_window_bits=8"), "15+ 8+");
  EXPECT_EQ(client_given(kAll, "; client_max_window_bits=8"), "8+ 15+");
  EXPECT_EQ(client_given(kAll, "; client_max_window_bits=15;server_max_window_bits=15"), "15+ 15+");
  EXPECT_EQ(client_given(kAll, " ;\tclient_max_window_bits = \"1\\0\""), "10+ 15+");
}

TEST(DeflateAnswer, MayLeaveOutWhatTheClientOnlyAnnounced) {
  EXPECT_EQ(client_given(terms_of(15, false, 15, true), ""), "15 15+");
  EXPECT_EQ(client_given(terms_of(10, true, 15, true), ""), "10+ 15+");
}

TEST(DeflateAnswer, MustHaveWhatTheClientAskedFor) {
  const DeflateTerms no_receive_takeover = terms_of(15, true, 15, false);
  EXPECT_EQ(client_given(no_receive_takeover, ""), "refused");
  EXPECT_EQ(client_given(no_receive_takeover, "; client_no_context_takeover"), "refused");
  EXPECT_EQ(client_given(no_receive_takeover, "; server_no_context_takeover"), "15+ 15");
  const DeflateTerms small_receive = terms_of(15, true, 10, true);
  EXPECT_EQ(client_given(small_receive, ""), "refused");
  EXPECT_EQ(client_given(small_receive, "; server_max_window_bits=11"), "refused");
  EXPECT_EQ(client_given(small_receive, "; server_max_window_bits=15"), "refused");
  EXPECT_EQ(client_given(small_receive, "; server_max_window_bits=10"), "15+ 10+");
  EXPECT_EQ(client_given(small_receive, "; server_max_window_bits=8"), "15+ 8+");
}

TEST(DeflateAnswer, WindowOfTheClientIsNoLargerThanOffered) {
  const DeflateTerms ten = terms_of(10, true, 15, true);
  EXPECT_EQ(client_given(ten, "; client_max_window_bits=11"), "refused");
  EXPECT_EQ(client_given(ten, "; client_max_window_bits=10"), "10+ 15+");
  EXPECT_EQ(client_given(ten, "; client_max_window_bits=9"), "9+ 15+");
}

TEST(DeflateAnswer, FaultyParameterIsRefused) {
  for (const char *parameters : {"; x", "; x=1", "; server_no_context_takeover=1", "; client_no_context_takeover=\"1\"",
                                 "; server_no_context_takeover; server_no_context_takeover",
                                 "; client_no_context_takeover; client_no_context_takeover", "; server_max_window_bits",
                                 "; client_max_window_bits", "; server_max_window_bits=9; server_max_window_bits=9",
                                 "; client_max_window_bits=9; client_max_window_bits=9", "; server_max_window_bits=7",
                                 "; server_max_window_bits=16", "; client_max_window_bits=08",
                                 "; client_max_window_bits=0", ";", "; client_max_window_bits=", " x"}) {
    EXPECT_EQ(client_given(kAll, parameters), "refused") << parameters;
  }
}

TEST(DeflateAnswer, IsOneElementOfPermessageDeflate) {
  for (const char *line :
       {"", ",", "x", "Permessage-Deflate", "permessage-deflate, permessage-deflate", "permessage-deflate, x",
        "x, permessage-deflate", "permessage-deflate, server_no_context_takeover"}) {
    EXPECT_EQ(client(kAll, line), "refused") << line;
  }
  EXPECT_EQ(client(kAll, ", permessage-deflate ,"), "15+ 15+");
}

TEST(DeflateAnswer, IsRefusedWhereNothingWasOffered) {
  DeflateTerms disabled = kAll;
  disabled.enabled = 0;
  for (const DeflateTerms &wish : {DeflateTerms(), disabled}) {
    EXPECT_EQ(client_given(wish, ""), "refused");
    EXPECT_EQ(client_given(wish, "; server_no_context_takeover"), "refused");
  }
}

// Calls visit(terms) for each of the 256 wishes.
template <class Visit>
void for_each_wish(Visit visit) {
  for (uint8_t send = kMinWindowBits; send <= kMaxWindowBits; ++send) {
    for (uint8_t receive = kMinWindowBits; receive <= kMaxWindowBits; ++receive) {
      for (int takeover = 0; takeover < 4; ++takeover) {
        visit(terms_of(send, (takeover & 1) != 0, receive, (takeover & 2) != 0));
      }
    }
  }
}

// Whatever the two want, they agree, on the most that both permit.
TEST(Deflate, EveryPairOfWishesAgrees) {
  for_each_wish([](const DeflateTerms &ours) {
    const Line offer(text_of(deflate_offer(ours)));
    for_each_wish([&](const DeflateTerms &theirs) {
      DeflateOffers offers(theirs);
      offers.add(offer.view());
      const Line answer(text_of(deflate_answer(offers.accepted())));
      DeflateTerms agreed;
      ASSERT_TRUE(offers.valid() && is_acceptable(theirs, offers.accepted()));
      ASSERT_TRUE(check_deflate_answer(ours, answer.view(), &agreed)) << text_of(ours) << " and " << text_of(theirs);
      const bool send_takeover = (ours.flags & kDeflateSendTakeover) && (theirs.flags & kDeflateReceiveTakeover);
      const bool receive_takeover = (ours.flags & kDeflateReceiveTakeover) && (theirs.flags & kDeflateSendTakeover);
      const uint8_t send = std::min(ours.send_window_bits, theirs.receive_window_bits);
      const uint8_t receive = std::min(ours.receive_window_bits, theirs.send_window_bits);
      ASSERT_EQ(text_of(agreed), text_of(terms_of(send, send_takeover, receive, receive_takeover)));
      DeflateTerms mirrored = terms_of(receive, receive_takeover, send, send_takeover);
      mirrored.flags |= ours.receive_window_bits < kMaxWindowBits ? kDeflateWindowAsked : 0;
      ASSERT_EQ(text_of(offers.accepted()), text_of(mirrored));
    });
  });
}

TEST(DeflateTerms, OnlyThoseOfTheWishAreAcceptable) {
  const DeflateTerms wish = terms_of(12, true, 10, false);
  EXPECT_TRUE(is_acceptable(wish, {}));
  EXPECT_TRUE(is_acceptable({}, {}));
  EXPECT_TRUE(is_acceptable(wish, wish));
  EXPECT_TRUE(is_acceptable(wish, terms_of(8, false, 8, false)));
  EXPECT_FALSE(is_acceptable({}, wish));
  EXPECT_FALSE(is_acceptable(wish, terms_of(13, true, 10, false)));
  EXPECT_FALSE(is_acceptable(wish, terms_of(12, true, 11, false)));
  EXPECT_FALSE(is_acceptable(wish, terms_of(7, true, 10, false)));
  EXPECT_FALSE(is_acceptable(wish, terms_of(12, true, 7, false)));
  EXPECT_FALSE(is_acceptable(wish, terms_of(12, true, 10, true)));

  const auto with = [&wish](auto change) {
    DeflateTerms terms = wish;
    change(terms);
    return is_acceptable(wish, terms);
  };
  DeflateTerms disabled = wish;
  disabled.enabled = 0;
  EXPECT_FALSE(is_acceptable(disabled, wish));
  EXPECT_TRUE(with([](DeflateTerms &terms) { terms.flags |= kDeflateWindowAsked; }));
  EXPECT_FALSE(with([](DeflateTerms &terms) { terms.flags |= 8; }));
  EXPECT_FALSE(with([](DeflateTerms &terms) { terms.enabled = 2; }));
  EXPECT_FALSE(with([](DeflateTerms &terms) { terms.enabled = 0; }));
  EXPECT_FALSE(with([](DeflateTerms &terms) { terms.reserved[3] = 1; }));
}

}  // namespace
}  // namespace tidewire
