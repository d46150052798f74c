// Values that no type can rule out: every op says what is wrong with them and reads nothing outside its operands.
#include "ParsedFunction.h"

namespace lathe::reference {
namespace {

class OpFailureTest : public EvaluatorTest {
protected:
  /// The message with which `body` fails for the inputs; "" when it does not.
  std::string failureOf(const std::string &body, std::span<const Tensor> inputs) {
    std::string text = "func.func @f(" + body + "\n}";
    auto result = evaluate(parse(text.c_str()), inputs);
    if (result)
      return "";
    size_t place = result.message().find("): ");
    return place == std::string::npos ? result.message() : result.message().substr(place + 3);
  }
};

TEST_F(OpFailureTest, Indices) {
  std::vector inputs{floats({2, 2}, {1, 2, 3, 4}), integers({1}, {2})};
  const char *gather = R"(%x: tensor<2x2xf32>, %i: tensor<1xi64>) -> tensor<1x2xf32> {
    %y = llm.gather %x, %i {axis = 0 : i64} : (tensor<2x2xf32>, tensor<1xi64>) -> tensor<1x2xf32>
    return %y : tensor<1x2xf32>)";
  EXPECT_EQ(failureOf(gather, inputs), "index 2 is not in axis 0 of F32[2, 2]");
  inputs[1] = integers({1}, {-3});
  EXPECT_EQ(failureOf(gather, inputs), "index -3 is not in axis 0 of F32[2, 2]");
  inputs[1] = integers({1}, {-1});
  EXPECT_EQ(failureOf(R"(%x: tensor<2x2xf32>, %i: tensor<1xi64>) -> tensor<1x2xf32> {
    %y = llm.embedding %x, %i : (tensor<2x2xf32>, tensor<1xi64>) -> tensor<1x2xf32>
    return %y : tensor<1x2xf32>)",
                      inputs),
            "index -1 is not in [0, 2)");
}

TEST_F(OpFailureTest, Shapes) {
  const char *reshape = R"(%x: tensor<?xf32>, %s: tensor<2xi64>) -> tensor<?x?xf32> {
    %y = llm.reshape %x, %s : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
    return %y : tensor<?x?xf32>)";
  Tensor x = floats({4}, {1, 2, 3, 4});
  EXPECT_EQ(failureOf(reshape, std::vector{x, integers({2}, {3, -1})}),
            "shape [3, 1] does not hold the 4 elements of F32[4]");
  EXPECT_EQ(failureOf(reshape, std::vector{x, integers({2}, {-1, -1})}), "shape [-1, -1] leaves two sizes open");
  EXPECT_EQ(failureOf(reshape, std::vector{x, integers({2}, {2, 0})}), "shape [2, 0] keeps axis 1 of F32[4]");
  EXPECT_EQ(failureOf(reshape, std::vector{x, integers({2}, {int64_t(1) << 40, int64_t(1) << 40})}),
            "shape [1099511627776, 1099511627776] has a negative size or is too large");
  const char *expand = R"(%x: tensor<?xf32>, %s: tensor<2xi64>) -> tensor<?x?xf32> {
    %y = llm.expand %x, %s : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
    return %y : tensor<?x?xf32>)";
  EXPECT_EQ(failureOf(expand, std::vector{x, integers({2}, {3, 5})}), "sizes 4 and 5 do not broadcast");
  EXPECT_EQ(failureOf(expand, std::vector{x, integers({2}, {int64_t(1) << 40, 4})}),
            "a tensor F32[1099511627776, 4] is too large; the evaluator computes at most 4 GiB in one");
  const char *add = R"(%x: tensor<?xf32>, %s: tensor<?xf32>) -> tensor<?xf32> {
    %y = llm.add %x, %s : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
    return %y : tensor<?xf32>)";
  EXPECT_EQ(failureOf(add, std::vector{x, floats({3}, {1, 2, 3})}), "sizes 4 and 3 do not broadcast");
}

TEST_F(OpFailureTest, Squeezes) {
  EXPECT_EQ(failureOf(R"(%x: tensor<?x2xf32>) -> tensor<2xf32> {
    %y = llm.squeeze %x {axes = array<i64: 0>} : (tensor<?x2xf32>) -> tensor<2xf32>
    return %y : tensor<2xf32>)",
                      std::vector{floats({2, 2}, {1, 2, 3, 4})}),
            "axis 0 of F32[2, 2] is not of size 1");
  EXPECT_EQ(failureOf(R"(%x: tensor<2x?xf32>, %z: tensor<2x?xf32>) -> tensor<?x?xf32> {
    %y = llm.concat %x, %z {axis = 0 : i64} : (tensor<2x?xf32>, tensor<2x?xf32>) -> tensor<?x?xf32>
    return %y : tensor<?x?xf32>)",
                      std::vector{floats({2, 1}, {1, 2}), floats({2, 2}, {1, 2, 3, 4})}),
            "sizes 1 and 2 differ on axis 1");
}

TEST_F(OpFailureTest, Ranges) {
  const char *range = R"(%a: tensor<i64>, %b: tensor<i64>, %d: tensor<i64>) -> tensor<?xi64> {
    %y = llm.range %a, %b, %d : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
    return %y : tensor<?xi64>)";
  auto scalar = [&](int64_t value) { return integers({}, {value}); };
  EXPECT_EQ(failureOf(range, std::vector{scalar(0), scalar(3), scalar(0)}), "delta is 0");
  EXPECT_NE(failureOf(range, std::vector{scalar(0), scalar(int64_t(1) << 62), scalar(1)}).find("which is too many"),
            std::string::npos);
  EXPECT_EQ(failureOf(range, std::vector{scalar(0), scalar(int64_t(1) << 34), scalar(1)}),
            "a tensor I64[17179869184] is too large; the evaluator computes at most 4 GiB in one");
}

TEST_F(OpFailureTest, Products) {
  Tensor x = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(failureOf(R"(%a: tensor<2x?xf32>, %b: tensor<?x3xf32>) -> tensor<2x3xf32> {
    %y = llm.matmul %a, %b : (tensor<2x?xf32>, tensor<?x3xf32>) -> tensor<2x3xf32>
    return %y : tensor<2x3xf32>)",
                      std::vector{x, x}),
            "inner sizes 3 and 2 differ: F32[2, 3] times F32[2, 3]");
  EXPECT_EQ(failureOf(R"(%a: tensor<2x?xf32>, %w: tensor<?x?xf32>, %b: tensor<?xf32>) -> tensor<2x?xf32> {
    %y = llm.linear %a, %w, %b : (tensor<2x?xf32>, tensor<?x?xf32>, tensor<?xf32>) -> tensor<2x?xf32>
    return %y : tensor<2x?xf32>)",
                      std::vector{x, x, floats({3}, {1, 2, 3})}),
            "needs a bias of 2 elements, got F32[3]");
  EXPECT_EQ(failureOf(R"(%x: tensor<2x?xf32>, %w: tensor<?xf32>) -> tensor<2x?xf32> {
    %y = llm.rms_norm %x, %w {epsilon = 1.0e-5 : f32} : (tensor<2x?xf32>, tensor<?xf32>) -> tensor<2x?xf32>
    return %y : tensor<2x?xf32>)",
                      std::vector{x, floats({2}, {1, 2})}),
            "x has 3 columns, the weight or bias is F32[2]");
}

TEST_F(OpFailureTest, IntegersWhereFloatsBelong) {
  EXPECT_EQ(failureOf(R"(%x: tensor<2xi64>) -> tensor<2xi64> {
    %y = llm.exp %x : (tensor<2xi64>) -> tensor<2xi64>
    return %y : tensor<2xi64>)",
                      std::vector{integers({2}, {1, 2})}),
            "is computed on floats, got I64[2]");
  EXPECT_EQ(failureOf(R"(%x: tensor<1xi64>, %z: tensor<1xi64>) -> tensor<1xi64> {
    %y = llm.mod %x, %z : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
    return %y : tensor<1xi64>)",
                      std::vector{integers({1}, {1}), integers({1}, {0})}),
            "divides an integer by 0");
}

TEST_F(OpFailureTest, PositionsBeyondATable) {
  Tensor x = *Tensor::zeros(LATHE_F32, {1, 1, 1, 4}), table = *Tensor::zeros(LATHE_F32, {3, 2});
  EXPECT_EQ(failureOf(R"(%x: tensor<1x1x1x4xf32>, %p: tensor<1x1xi64>, %c: tensor<3x2xf32>) -> tensor<1x1x1x4xf32> {
    %y = llm.rope %x, %p, %c, %c {dims = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 0, 1, 1>}
        : (tensor<1x1x1x4xf32>, tensor<1x1xi64>, tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<1x1x1x4xf32>
    return %y : tensor<1x1x1x4xf32>)",
                      std::vector{x, integers({1, 1}, {3}), table}),
            "position 3 is not in the table F32[3, 2]");
}

TEST_F(OpFailureTest, PagesThatAreNotThere) {
  const char *append =
      R"(%c: !llm.kv_cache<1 x 2 x f32, page 64>, %k: tensor<1x1x1x2xf32>, %p: tensor<1xi64>, %b: tensor<?x?xi64>)
      -> !llm.kv_cache<1 x 2 x f32, page 64> {
    %y = llm.cache_append %c, %k, %k, %p, %p, %b : (!llm.kv_cache<1 x 2 x f32, page 64>, tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32>,
        tensor<1xi64>, tensor<1xi64>, tensor<?x?xi64>) -> !llm.kv_cache<1 x 2 x f32, page 64>
    return %y : !llm.kv_cache<1 x 2 x f32, page 64>)";
  Tensor cache = *Tensor::zeros(LATHE_F32, {2, 2, 1, 64, 2}), key = *Tensor::zeros(LATHE_F32, {1, 1, 1, 2});
  EXPECT_EQ(failureOf(append, std::vector{cache, key, integers({1}, {0}), integers({1, 1}, {2})}),
            "page 2 of sequence 0 is not in the cache, which has 2");
  EXPECT_EQ(failureOf(append, std::vector{cache, key, integers({1}, {1}), integers({1, 1}, {0})}),
            "token 0 has position 1 of sequence 1, but the block table is [1, 1] with pages of 64");
  Tensor wrong = *Tensor::zeros(LATHE_F32, {2, 2, 1, 32, 2});
  EXPECT_EQ(failureOf(append, std::vector{wrong, key, integers({1}, {0}), integers({1, 1}, {0})}),
            "@f: input 0 is a cache (pages, 2, heads, page, headDim), got F32[2, 2, 1, 32, 2]");
}

} // namespace
} // namespace lathe::reference
