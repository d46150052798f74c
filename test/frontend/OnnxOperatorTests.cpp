// Operators whose meaning depends on the opset or on attributes, imported from files of a single node and evaluated by
// the reference. Expected values follow from the operator documents, by hand or by their formula.
#include "test/frontend/OnnxRun.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace lathe;
using namespace lathe::test;
using reference::Tensor;

namespace {

Graph oneNode(Message node, std::vector<std::string> dims, std::vector<Message> initializers = {}) {
  return {{std::move(node)}, {value("x", onnxFloat, dims)}, {value("y", onnxFloat, {"n"})}, std::move(initializers)};
}

void expectNear(const Values &got, const Values &wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i], wanted[i], 1e-6) << i;
}

TEST(OnnxOperators, SoftmaxBefore13IsOverAllLaterAxes) {
  Values x = {0, 1, 2, 3, 0, 0, 0, 0};
  Answer old = run(oneNode(node("Softmax", {"x"}, {"y"}), {"b", "2", "2"}), 11, {floatsOf({2, 2, 2}, x)});
  double sum = 1 + std::exp(1) + std::exp(2) + std::exp(3);
  expectNear(old.values, {1 / sum, std::exp(1) / sum, std::exp(2) / sum, std::exp(3) / sum, .25, .25, .25, .25});
  EXPECT_EQ(old.shape, (std::vector<int64_t>{2, 2, 2}));
  Answer now = run(oneNode(node("Softmax", {"x"}, {"y"}), {"b", "2", "2"}), 13, {floatsOf({2, 2, 2}, x)});
  double pair = 1 + std::exp(1);
  expectNear(now.values, {1 / pair, std::exp(1) / pair, 1 / pair, std::exp(1) / pair, .5, .5, .5, .5});
}

TEST(OnnxOperators, AxesAsAttributesAndAsInputs) {
  std::vector<int64_t> expected = {1, 2, 1, 3, 1};
  Tensor x = floatsOf({2, 3}, {1, 2, 3, 4, 5, 6});
  Answer old =
      run(oneNode(node("Unsqueeze", {"x"}, {"y"}, {attribute("axes", std::vector<int64_t>{-1, 0, 2})}), {"a", "b"}), 11,
          {x});
  EXPECT_EQ(old.shape, expected) << old.problem;
  Answer now =
      run(oneNode(node("Unsqueeze", {"x", "axes"}, {"y"}), {"a", "b"}, {integers("axes", {3}, {-1, 0, 2})}), 13, {x});
  EXPECT_EQ(now.shape, expected) << now.problem;
  expectNear(run(oneNode(node("ReduceMean", {"x"}, {"y"},
                              {attribute("axes", std::vector<int64_t>{-1}), attribute("keepdims", 0)}),
                         {"a", "3"}),
                 13, {x})
                 .values,
             {2, 5});
  expectNear(run(oneNode(node("ReduceMean", {"x", "axes"}, {"y"}, {attribute("keepdims", 0)}), {"a", "3"},
                         {integers("axes", {1}, {0})}),
                 18, {x})
                 .values,
             {2.5, 3.5, 4.5});
  expectNear(run(oneNode(node("ReduceSum", {"x"}, {"y"}), {"a", "3"}), 18, {x}).values, {21});
}

TEST(OnnxOperators, SlicesInAnyOrderOfAxes) {
  Tensor x = floatsOf({3, 4}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  std::vector<Message> bounds = {integers("s", {2}, {-1, 2}), integers("e", {2}, {-100, INT64_MAX}),
                                 integers("a", {2}, {1, 0}), integers("t", {2}, {-2, 1})};
  Answer answer = run(oneNode(node("Slice", {"x", "s", "e", "a", "t"}, {"y"}), {"a", "b"}, bounds), 17, {x});
  expectNear(answer.values, {11, 9}); // row 2, columns 3 and 1
}

TEST(OnnxOperators, SplitIntoUnequalParts) {
  Graph graph =
      oneNode(node("Split", {"x"}, {"first", "y"}, {attribute("axis", -1), attribute("num_outputs", 2)}), {"a", "5"});
  expectNear(run(graph, 18, {floatsOf({1, 5}, {0, 1, 2, 3, 4})}).values, {3, 4}); // 3 and 2
}

TEST(OnnxOperators, GatherNdCountsFromTheEnd) {
  Graph graph = oneNode(node("GatherND", {"x", "i"}, {"y"}), {"a", "b", "2"}, {integers("i", {2, 2}, {1, -1, 0, 1})});
  Answer answer = run(graph, 13, {floatsOf({2, 3, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})});
  EXPECT_EQ(answer.shape, (std::vector<int64_t>{2, 2})) << answer.problem;
  expectNear(answer.values, {10, 11, 2, 3});
}

TEST(OnnxOperators, TriluByAComputedDiagonal) {
  Graph graph = oneNode(node("Trilu", {"x", "k"}, {"y"}, {attribute("upper", 1)}), {"a", "b"});
  graph.inputs.push_back(value("k", onnxInt64, {}));
  std::vector<int64_t> k = {1};
  Answer answer = run(graph, 17, {floatsOf({2, 3}, {1, 2, 3, 4, 5, 6}), *Tensor::ofValues<int64_t>(LATHE_I64, {}, k)});
  expectNear(answer.values, {0, 2, 3, 0, 0, 6});
}

TEST(OnnxOperators, GemmTransposesAndScales) {
  Message both = node("Gemm", {"x", "w", "c"}, {"y"},
                      {attribute("transB", 1), Message().text(1, "alpha").real(2, 2).number(20, 1)});
  Graph graph = oneNode(both, {"a", "2"}, {floats("w", {3, 2}, {1, 0, 0, 1, 1, 1}), floats("c", {3}, {10, 20, 30})});
  expectNear(run(graph, 13, {floatsOf({1, 2}, {3, 4})}).values, {16, 28, 44}); // 2 x W^T + c
}

TEST(OnnxOperators, FourBitWeightsWithZeroPoints) {
  // 2 rows of 32 weights in one block each: q = 0, 1, ... 15, 0, ...; zero points 3 and 5 in one byte; scales 0.5
  // and 2.
  std::string nibbles, zeros = "\x03\x05";
  for (int row = 0; row < 2; ++row)
    for (int pair = 0; pair < 16; ++pair)
      nibbles.push_back(static_cast<char>((2 * pair % 16) | (2 * pair + 1) % 16 << 4));
  Message table = tensorHead("w", 2, {2, 1, 16}).text(9, nibbles), zeroPoints = tensorHead("z", 2, {2}).text(9, zeros);
  Message product =
      node("MatMulNBits", {"x", "w", "s", "z"}, {"y"},
           {attribute("K", 32), attribute("N", 2), attribute("bits", 4), attribute("block_size", 32)}, "com.microsoft");
  Graph graph = oneNode(product, {"a", "32"}, {table, floats("s", {2}, {0.5f, 2.0f}), zeroPoints});
  Values x(32, 0.0), wanted = {0.5 * (7 - 3) + 10 * 0.5 * (1 - 3), 2 * (7 - 5) + 10 * 2 * (1 - 5)};
  x[7] = 1, x[17] = 10; // q[7] = 7, q[17] = 1
  Answer answer = run(graph, 21, {floatsOf({1, 32}, x)});
  EXPECT_EQ(answer.problem, "");
  expectNear(answer.values, wanted);
}

} // namespace
