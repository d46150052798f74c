// Operators whose pads, bounds, axes or counts are inputs of the graph: they run where other runtimes take them, with
// sizes that data decides. Files of a single node, evaluated by the reference; expected values by hand.
#include "test/frontend/OnnxRun.h"

#include <gtest/gtest.h>
#include <numeric>

using namespace lathe;
using namespace lathe::test;
using reference::Tensor;

namespace {

using Shape = std::vector<int64_t>;
using Numbers = std::vector<int64_t>;

/// Runs a node over x (0, 1, 2, ...) and vectors of int64, all of them inputs.
Answer compute(Message node, int64_t opset, Shape shape, const std::vector<std::pair<std::string, Numbers>> &vectors) {
  Graph graph{{std::move(node)}, {}, {value("y", onnxFloat, {})}, {}};
  std::vector<std::string> dims;
  for (size_t axis = 0; axis < shape.size(); ++axis)
    dims.push_back("n" + std::to_string(axis));
  graph.inputs.push_back(value("x", onnxFloat, dims));
  Values x(std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<int64_t>()));
  std::iota(x.begin(), x.end(), 0);
  std::vector<Tensor> inputs = {floatsOf(shape, x)};
  for (const auto &[name, numbers] : vectors) {
    graph.inputs.push_back(value(name, onnxInt64, {std::to_string(numbers.size())}));
    inputs.push_back(*Tensor::ofValues<int64_t>(LATHE_I64, {static_cast<int64_t>(numbers.size())}, numbers));
  }
  return run(graph, opset, inputs);
}

void expectAnswer(const Answer &answer, const Shape &shape, const Values &values) {
  EXPECT_EQ(answer.problem, "");
  EXPECT_EQ(answer.shape, shape);
  EXPECT_EQ(answer.values, values);
}

TEST(OnnxComputedIndex, Pads) {
  auto padded = [](const std::string &mode, Shape shape, Numbers pads) {
    return compute(node("Pad", {"x", "p"}, {"y"}, {attribute("mode", mode)}), 19, shape, {{"p", pads}});
  };
  expectAnswer(padded("constant", {2, 2}, {0, 1, 1, -1}), {3, 2}, {0, 0, 0, 2, 0, 0});
  expectAnswer(padded("edge", {3}, {2, 1}), {6}, {0, 0, 0, 1, 2, 2});
  expectAnswer(padded("reflect", {3}, {3, 3}), {9}, {1, 2, 1, 0, 1, 2, 1, 0, 1});
  expectAnswer(padded("wrap", {3}, {-1, 3}), {5}, {1, 2, 1, 2, 1});
  Message named = node("Pad", {"x", "p", "", "a"}, {"y"});
  expectAnswer(compute(named, 18, {1, 2}, {{"p", {1, 1}}, {"a", {-1}}}), {1, 4}, {0, 0, 1, 0});
}

TEST(OnnxComputedIndex, Slices) {
  Message slice = node("Slice", {"x", "s", "e", "a", "t"}, {"y"});
  expectAnswer(compute(slice, 13, {3, 4}, {{"s", {-1, 2}}, {"e", {-100, INT64_MAX}}, {"a", {1, 0}}, {"t", {-2, 1}}}),
               {1, 2}, {11, 9});
  expectAnswer(compute(slice, 13, {4}, {{"s", {-9}}, {"e", {INT64_MIN}}, {"a", {0}}, {"t", {-3}}}), {1}, {0});
  expectAnswer(compute(slice, 13, {4}, {{"s", {3}}, {"e", {1}}, {"a", {-1}}, {"t", {2}}}), {0}, {});
  EXPECT_NE(compute(slice, 13, {4}, {{"s", {0}}, {"e", {4}}, {"a", {0}}, {"t", {0}}}).problem, ""); // a step of 0
  EXPECT_NE(compute(slice, 13, {4}, {{"s", {0}}, {"e", {4}}, {"a", {1}}, {"t", {1}}}).problem, ""); // no such axis
}

TEST(OnnxComputedIndex, AxesOfSizeOne) {
  expectAnswer(compute(node("Unsqueeze", {"x", "a"}, {"y"}), 13, {2, 2}, {{"a", {-1, 1}}}), {2, 1, 2, 1}, {0, 1, 2, 3});
  expectAnswer(compute(node("Squeeze", {"x", "a"}, {"y"}), 13, {1, 2, 1, 2}, {{"a", {2, 0}}}), {2, 2}, {0, 1, 2, 3});
  EXPECT_NE(compute(node("Squeeze", {"x", "a"}, {"y"}), 13, {1, 2}, {{"a", {1}}}).problem, ""); // an axis of size 2
}

TEST(OnnxComputedIndex, CountsAndParts) {
  expectAnswer(compute(node("Tile", {"x", "r"}, {"y"}), 13, {1, 2}, {{"r", {2, 2}}}), {2, 4}, {0, 1, 0, 1, 0, 1, 0, 1});
  expectAnswer(compute(node("Tile", {"x", "r"}, {"y"}), 13, {1, 2}, {{"r", {3, 0}}}), {3, 0}, {});
  expectAnswer(compute(node("TopK", {"x", "k"}, {"y", "i"}), 11, {1, 3}, {{"k", {2}}}), {1, 2}, {2, 1});
  EXPECT_NE(compute(node("TopK", {"x", "k"}, {"y", "i"}), 11, {1, 3}, {{"k", {4}}}).problem, "");
  expectAnswer(compute(node("Split", {"x", "s"}, {"first", "y"}), 13, {5}, {{"s", {2, 3}}}), {3}, {2, 3, 4});
}

} // namespace
