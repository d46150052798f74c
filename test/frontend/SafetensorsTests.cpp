// safetensors files in memory, right and wrong ones.
#include "frontend/hf/Safetensors.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace lathe;

namespace {

Status read(const std::string &header, size_t dataBytes, WeightTable &weights, std::optional<uint64_t> length = {}) {
  std::vector<uint8_t> bytes(8);
  uint64_t claimed = length.value_or(header.size());
  std::memcpy(bytes.data(), &claimed, 8);
  bytes.insert(bytes.end(), header.begin(), header.end());
  for (size_t i = 0; i < dataBytes; ++i)
    bytes.push_back(static_cast<uint8_t>(i));
  return addSafetensors(MappedFile::ofBytes("m.safetensors", std::move(bytes)), weights);
}

std::string messageOf(const std::string &header, std::optional<uint64_t> length = {}) {
  WeightTable weights;
  return read(header, 16, weights, length).message();
}

TEST(Safetensors, ReadsTensors) {
  WeightTable weights;
  Status status = read(R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},)"
                       R"("b.weight":{"data_offsets":[8,14],"shape":[3],"dtype":"BF16"},)"
                       R"("scalar":{"dtype":"F16","shape":[],"data_offsets":[14,16]}} )",
                       16, weights);
  ASSERT_TRUE(status.ok()) << status.message();
  ASSERT_EQ(weights.size(), 3u);
  EXPECT_EQ(weights.find("a")->shape, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(weights.find("b.weight")->type, LATHE_BF16);
  EXPECT_EQ(weights.find("b.weight")->data()[0], 8);
  EXPECT_TRUE(weights.find("scalar")->shape.empty());
}

struct Wrong {
  const char *name, *header, *message;
};
void PrintTo(const Wrong &wrong, std::ostream *stream) { *stream << wrong.name; }
class SafetensorsRefuses : public testing::TestWithParam<Wrong> {};

TEST_P(SafetensorsRefuses, WithAMessage) {
  std::string message = messageOf(GetParam().header);
  EXPECT_NE(message.find(GetParam().message), std::string::npos) << message;
}

#define TENSOR(TYPE, SHAPE, OFFSETS) "{\"t\":{\"dtype\":\"" TYPE "\",\"shape\":" SHAPE ",\"data_offsets\":" OFFSETS "}}"

INSTANTIATE_TEST_SUITE_P(
    Headers, SafetensorsRefuses,
    testing::Values(Wrong{"no_json", "{\"t\":", "not valid JSON"},
                    Wrong{"no_object", "[1]", "has a list where none belongs"},
                    Wrong{"trailing", "{} {}", "not valid JSON"},
                    Wrong{"type", TENSOR("F8_E4M3", "[2]", "[0,2]"), "'t' has type 'F8_E4M3', which is not supported"},
                    Wrong{"size", TENSOR("F32", "[3]", "[0,8]"), "has 8 bytes, but F32[3] takes 12"},
                    Wrong{"outside", TENSOR("F32", "[8]", "[0,32]"), "cut off"},
                    Wrong{"order", TENSOR("F32", "[1]", "[8,4]"), "ends at 4 before it begins at 8"},
                    Wrong{"large_offset", TENSOR("F32", "[1]", "[9223372036854775800,9223372036854775804]"), "cut off"},
                    Wrong{"too_large", TENSOR("F32", "[1]", "[0,18446744073709551615]"), "too large"},
                    Wrong{"overflow", TENSOR("F32", "[4294967296,4294967296]", "[0,0]"), "too large"},
                    Wrong{"negative", TENSOR("F32", "[-1]", "[0,4]"), "negative number -1"},
                    Wrong{"fraction", TENSOR("F32", "[1.5]", "[0,4]"), "fraction"},
                    Wrong{"rank", TENSOR("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), "more than 8 dimensions"},
                    Wrong{"offsets", TENSOR("F32", "[1]", "[0]"), "has 1 data offsets"},
                    Wrong{"missing", "{\"t\":{\"dtype\":\"F32\",\"shape\":[1]}}", "has no field 'data_offsets'"},
                    Wrong{"field", "{\"t\":{\"color\":1}}", "unknown field 'color'"},
                    Wrong{"field_twice", "{\"t\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", "'dtype' twice"},
                    Wrong{"twice",
                          "{\"t\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                          "\"t\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
                          "appears twice"},
                    Wrong{"nested", "{\"t\":{\"dtype\":{\"a\":{}}}}", "nests objects"}),
    [](const auto &info) { return std::string(info.param.name); });

TEST(Safetensors, ChecksTheLengthOfTheHeader) {
  EXPECT_NE(messageOf("{}", 1ull << 62).find("claims a header of 4611686018427387904 bytes"), std::string::npos);
  EXPECT_NE(messageOf("{}", 1).find("not valid JSON"), std::string::npos);
  WeightTable weights;
  Status status = addSafetensors(MappedFile::ofBytes("m.safetensors", {1, 2, 3}), weights);
  EXPECT_EQ(status.message(), "m.safetensors: has 3 bytes, too few for a safetensors file");
}

} // namespace
