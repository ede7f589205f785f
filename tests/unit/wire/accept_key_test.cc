// SPDX-License-Identifier: MIT
#include "core/wire/accept_key.h"

#include <gtest/gtest.h>
#include <string.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/test_bytes.h"

namespace tidewire {
namespace {

using test::Bytes;

// FIPS 180-4 §5 and §6.1, for a message of any length.
Bytes sha1_ref(Bytes message) {
  const uint64_t bit_len = message.size() * 8;
  message.push_back(0x80);
  while (message.size() % 64 != 56) message.push_back(0);
  for (int shift = 56; shift >= 0; shift -= 8) message.push_back(static_cast<uint8_t>(bit_len >> shift));

  const auto rotl = [](uint32_t x, int n) { return (x << n) | (x >> (32 - n)); };
  uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  for (size_t block = 0; block < message.size(); block += 64) {
    uint32_t w[80];
    for (int t = 0; t < 16; ++t) {
      w[t] = 0;
      for (int i = 0; i < 4; ++i) w[t] = w[t] << 8 | message[block + static_cast<size_t>(4 * t + i)];
    }
    for (int t = 16; t < 80; ++t) w[t] = rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (int t = 0; t < 80; ++t) {
      const uint32_t f = t < 20   ? (b & c) ^ (~b & d)
                         : t < 40 ? b ^ c ^ d
                         : t < 60 ? (b & c) ^ (b & d) ^ (c & d)
                                  : b ^ c ^ d;
      const uint32_t k = t < 20 ? 0x5A827999 : t < 40 ? 0x6ED9EBA1 : t < 60 ? 0x8F1BBCDC : 0xCA62C1D6;
      const uint32_t next = rotl(a, 5) + f + e + k + w[t];
      e = d, d = c, c = rotl(b, 30), b = a, a = next;
    }
    h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
  }
  Bytes digest;
  for (const uint32_t word : h) {
    for (int shift = 24; shift >= 0; shift -= 8) digest.push_back(static_cast<uint8_t>(word >> shift));
  }
  return digest;
}

const std::string kBase64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// RFC 4648 §4, bit by bit.
std::string base64_ref(const Bytes &data) {
  std::string bits;
  for (const uint8_t byte : data) {
    for (int i = 7; i >= 0; --i) bits += (byte >> i & 1) != 0 ? '1' : '0';
  }
  while (bits.size() % 6 != 0) bits += '0';
  std::string out;
  for (size_t i = 0; i < bits.size(); i += 6) out += kBase64Digits[std::stoul(bits.substr(i, 6), nullptr, 2)];
  while (out.size() % 4 != 0) out += '=';
  return out;
}

std::string accept_ref(const std::string &key) {
  return base64_ref(sha1_ref(test::text(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
}

const uint8_t *bytes_of(const std::string &text) { return reinterpret_cast<const uint8_t *>(text.data()); }

// The accept value, or the name of the status.
std::string accept_of(const std::string &key) {
  std::string out(kAcceptLen, '?');
  const Status status = accept_key(bytes_of(key), reinterpret_cast<uint8_t *>(out.data()));
  if (status == Status::kOk) return out;
  EXPECT_EQ(out, std::string(kAcceptLen, '?'));
  return status_info(status).name;
}

TEST(AcceptKey, ReferenceGivesTheValuesOfTheStandards) {
  EXPECT_EQ(sha1_ref(test::text("abc")), test::hex("a9993e364706816aba3e25717850c26c9cd0d89d"));
  EXPECT_EQ(sha1_ref(test::text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            test::hex("84983e441c3bd26ebaae4aa1f95129e5e54670f1"));
  EXPECT_EQ(base64_ref(test::text("foob")), "Zm9vYg==");
  EXPECT_EQ(base64_ref(test::text("fooba")), "Zm9vYmE=");
}

TEST(AcceptKey, ExampleOfTheRfc) {
  EXPECT_EQ(accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");  // RFC 6455 §1.3
}

TEST(AcceptKey, RandomKeysGiveTheValueOfTheReference) {
  test::Rng rng(1);
  for (int i = 0; i < 20000; ++i) {
    const std::string key = base64_ref(test::random_bytes(rng, 16));
    ASSERT_EQ(accept_of(key), accept_ref(key)) << key;
  }
}

TEST(AcceptKey, EveryByteInEveryPlaceIsJudged) {
  const std::string good = "dGhlIHNhbXBsZSBub25jZQ==";
  for (size_t at = 0; at < kKeyLen; ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string key = good;
      key[at] = static_cast<char>(byte);
      // The last digit carries two bits of the 16 bytes; the other four are zero in one spelling only.
      const std::string allowed = at < 21 ? kBase64Digits : at == 21 ? "AQgw" : "=";
      const bool valid = byte != 0 && allowed.find(key[at]) != std::string::npos;
      EXPECT_EQ(is_key(bytes_of(key)), valid) << at << " " << byte;
      EXPECT_EQ(accept_of(key), valid ? accept_ref(key) : "TW_ERR_KEY") << at << " " << byte;
    }
  }
}

TEST(AcceptKey, OnlyBase64IsAnAccept) {
  const std::string good = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
  EXPECT_TRUE(is_accept(bytes_of(good)));
  for (size_t at = 0; at < kAcceptLen; ++at) {
    std::string accept = good;
    accept[at] = '\r';
    EXPECT_FALSE(is_accept(bytes_of(accept))) << at;
  }
}

int32_t counting_bytes(void *, uint8_t *out, size_t len) {
  for (size_t i = 0; i < len; ++i) out[i] = static_cast<uint8_t>(i);
  return 0;
}

int32_t no_bytes(void *, uint8_t *, size_t) { return 1; }

TEST(KeyGenerate, IsBase64OfSixteenBytesOfTheSource) {
  std::string key(kKeyLen, '?');
  ASSERT_EQ(key_generate({counting_bytes, nullptr}, reinterpret_cast<uint8_t *>(key.data())), Status::kOk);
  EXPECT_EQ(key, "AAECAwQFBgcICQoLDA0ODw==");
}

TEST(KeyGenerate, FailingSourceLeavesTheKeyAlone) {
  std::string key(kKeyLen, '?');
  EXPECT_EQ(key_generate({no_bytes, nullptr}, reinterpret_cast<uint8_t *>(key.data())), Status::kRandom);
  EXPECT_EQ(key, std::string(kKeyLen, '?'));
}

TEST(KeyGenerate, SystemSourceDoesNotRepeat) {
  std::set<std::string> keys;
  for (int i = 0; i < 1000; ++i) {
    std::string key(kKeyLen, '?');
    ASSERT_EQ(key_generate({}, reinterpret_cast<uint8_t *>(key.data())), Status::kOk);
    EXPECT_TRUE(is_key(bytes_of(key)));
    EXPECT_TRUE(keys.insert(key).second) << key;
  }
}

}  // namespace
}  // namespace tidewire
