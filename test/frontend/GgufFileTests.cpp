// GGUF files that tests write themselves: values of every type, tensors, and each way in which a file can be wrong.
#include "test/frontend/GgufBytes.h"

#include <gtest/gtest.h>

using namespace lathe;
using namespace lathe::test;

namespace {

using Bytes = std::vector<uint8_t>;

TEST(GgufFile, ReadsValuesOfEveryType) {
  auto file = GgufBytes(2)
                  .key<uint8_t>("u8", GgufType::U8, 200)
                  .key<int16_t>("i16", GgufType::I16, -7)
                  .key<uint64_t>("u64", GgufType::U64, 1ull << 63)
                  .key<float>("f32", GgufType::F32, 0.5f)
                  .key<double>("f64", GgufType::F64, 0.25)
                  .key<uint8_t>("bool", GgufType::Bool, 1)
                  .key<std::string_view>("text", GgufType::String, "hello")
                  .read();
  ASSERT_TRUE(file.ok()) << file.message();
  EXPECT_EQ(file->version(), 2u);
  EXPECT_EQ(file->find("u8")->integer(), 200);
  EXPECT_EQ(file->find("i16")->integer(), -7);
  EXPECT_EQ(file->find("u64")->integer(), std::nullopt); // does not fit
  EXPECT_EQ(file->find("u64")->number(), 9223372036854775808.0);
  EXPECT_EQ(file->find("f32")->number(), 0.5);
  EXPECT_EQ(file->find("f32")->integer(), std::nullopt);
  EXPECT_EQ(file->find("f64")->number(), 0.25);
  EXPECT_EQ(file->find("bool")->boolean(), true);
  EXPECT_EQ(file->find("bool")->integer(), std::nullopt);
  EXPECT_EQ(file->string("text"), "hello");
  EXPECT_EQ(file->find("text")->number(), std::nullopt);
  EXPECT_EQ(file->find("other"), nullptr);
}

TEST(GgufFile, ReadsArrays) {
  auto file = GgufBytes()
                  .raw("numbers", GgufType::Array,
                       [](Bytes &out) {
                         GgufBytes::put<uint32_t>(out, static_cast<uint32_t>(GgufType::I32));
                         GgufBytes::put<uint64_t>(out, 3);
                         for (int32_t value : {1, -2, 3})
                           GgufBytes::put(out, value);
                       })
                  .raw("texts", GgufType::Array,
                       [](Bytes &out) {
                         GgufBytes::put<uint32_t>(out, static_cast<uint32_t>(GgufType::String));
                         GgufBytes::put<uint64_t>(out, 2);
                         GgufBytes::put(out, std::string_view("a b"));
                         GgufBytes::put(out, std::string_view(""));
                       })
                  .read();
  ASSERT_TRUE(file.ok()) << file.message();
  EXPECT_EQ(file->find("numbers")->integers(), (std::vector<int64_t>{1, -2, 3}));
  EXPECT_EQ(file->find("numbers")->numbers(), (std::vector<double>{1, -2, 3}));
  EXPECT_EQ(file->find("numbers")->strings(), std::nullopt);
  EXPECT_EQ(file->find("texts")->strings(), (std::vector<std::string_view>{"a b", ""}));
  EXPECT_EQ(file->find("texts")->integers(), std::nullopt);
}

TEST(GgufFile, ReadsTensorsOutermostFirst) {
  Bytes data(32 + 18 * 3);
  data[32] = 77;
  auto file = GgufBytes().tensor("a", {2}, 0, 0).tensor("b", {32, 3}, 2, 32).data(data).read();
  ASSERT_TRUE(file.ok()) << file.message();
  const Weight *b = file->weights().find("b");
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->shape, (std::vector<int64_t>{3, 32}));
  EXPECT_EQ(b->type, LATHE_Q4_0);
  EXPECT_EQ(b->bytes, 54u);
  EXPECT_EQ(b->data()[0], 77);
}

TEST(GgufFile, FollowsTheAlignment) {
  Bytes data(256);
  data[128] = 9;
  GgufBytes builder;
  builder.key<uint32_t>("general.alignment", GgufType::U32, 128).tensor("a", {4}, 0, 128).data(data);
  auto file = GgufFile::read(MappedFile::ofBytes("m.gguf", builder.bytes(128)));
  ASSERT_TRUE(file.ok()) << file.message();
  EXPECT_EQ(file->weights().find("a")->data()[0], 9);
  builder.tensor("b", {4}, 0, 64);
  EXPECT_NE(builder.message().find("offset 64, which is not a multiple of the alignment 128"), std::string::npos);
}

TEST(GgufFile, ListsSupportedTypes) {
  EXPECT_EQ(GgufBytes().tensor("blk.3.attn_q.weight", {256}, 17, 0).data(Bytes(256)).message(),
            "m.gguf: tensor 'blk.3.attn_q.weight' has type IQ2_XS, which is not supported; supported: F32, F16, Q4_0, "
            "Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K, BF16");
  EXPECT_NE(GgufBytes().tensor("x", {4}, 999, 0).message().find("has type 999"), std::string::npos);
}

struct Wrong {
  const char *name;
  GgufBytes bytes;
  const char *message;
};
void PrintTo(const Wrong &wrong, std::ostream *stream) { *stream << wrong.name; }
class GgufRefuses : public testing::TestWithParam<Wrong> {};

TEST_P(GgufRefuses, WithAMessage) {
  EXPECT_NE(GetParam().bytes.message().find(GetParam().message), std::string::npos) << GetParam().bytes.message();
}

std::function<void(Bytes &)> arrayOf(GgufType type, uint64_t count) {
  return [=](Bytes &out) {
    GgufBytes::put(out, static_cast<uint32_t>(type));
    GgufBytes::put(out, count);
  };
}
void nestedArrays(Bytes &out) {
  for (int i = 0; i < 20; ++i)
    arrayOf(GgufType::Array, 1)(out);
}
constexpr uint64_t huge = 1ull << 60;

INSTANTIATE_TEST_SUITE_P(
    Files, GgufRefuses,
    testing::Values(
        Wrong{"version", GgufBytes(1), "has GGUF version 1; supported: 2, 3"},
        Wrong{"big_endian", GgufBytes(0x03000000), "big-endian"},
        Wrong{"keys", GgufBytes().counts(0, huge), "claims 1152921504606846976 metadata keys"},
        Wrong{"tensors", GgufBytes().counts(huge, 0), "claims 1152921504606846976 tensors"},
        Wrong{"string_length",
              GgufBytes().raw("k", GgufType::String, [](Bytes &out) { GgufBytes::put<uint64_t>(out, UINT64_MAX - 3); }),
              "cut off"},
        Wrong{"array_count", GgufBytes().raw("k", GgufType::Array, arrayOf(GgufType::F64, huge)), "claims 11529"},
        Wrong{"array_type", GgufBytes().raw("k", GgufType::Array, arrayOf(GgufType(77), 1)), "unknown type 77"},
        Wrong{"nesting", GgufBytes().raw("k", GgufType::Array, nestedArrays), "nests arrays more than 8 deep"},
        Wrong{"value_type", GgufBytes().key<uint32_t>("k", GgufType(13), 1), "unknown type 13"},
        Wrong{"twice", GgufBytes().key<uint8_t>("k", GgufType::U8, 1).key<uint8_t>("k", GgufType::U8, 2),
              "'k' appears twice"},
        Wrong{"alignment", GgufBytes().key<uint32_t>("general.alignment", GgufType::U32, 48), "not a power of two: 48"},
        Wrong{"split", GgufBytes().key<uint16_t>("split.count", GgufType::U16, 4), "one of 4 parts"},
        Wrong{"rank", GgufBytes().tensor("t", {1, 1, 1, 1, 1}, 0, 0), "has 5 dimensions"},
        Wrong{"overflow", GgufBytes().tensor("t", {1ull << 40, 1ull << 40}, 0, 0), "too large"},
        Wrong{"size", GgufBytes().tensor("t", {UINT64_MAX}, 0, 0), "too large"},
        Wrong{"block", GgufBytes().tensor("t", {33}, 2, 0), "not a multiple of its block of 32"},
        Wrong{"offset", GgufBytes().tensor("t", {1}, 0, huge), "cut off"},
        Wrong{"beyond", GgufBytes().tensor("t", {1000}, 0, 0).data(Bytes(64)), "cut off"},
        Wrong{"tensor_twice", GgufBytes().tensor("t", {1}, 0, 0).tensor("t", {1}, 0, 0).data(Bytes(4)),
              "appears twice"}),
    [](const auto &info) { return std::string(info.param.name); });

} // namespace
