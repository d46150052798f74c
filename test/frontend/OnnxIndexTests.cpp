// Operators that move elements by computed places: what the operator documents say of attributes, opsets and corner
// cases. Files of a single node, evaluated by the reference; expected values by hand.
#include "test/frontend/OnnxRun.h"

#include <gtest/gtest.h>
#include <numeric>

using namespace lathe;
using namespace lathe::test;
using reference::Tensor;

namespace {

using Shape = std::vector<int64_t>;

Graph oneNode(Message node, std::vector<std::string> dims, std::vector<Message> initializers = {}) {
  return {{std::move(node)}, {value("x", onnxFloat, dims)}, {value("y", onnxFloat, {})}, std::move(initializers)};
}

Tensor counted(Shape shape) {
  Values values(std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<int64_t>()));
  std::iota(values.begin(), values.end(), 0);
  return floatsOf(shape, values);
}

void expectAnswer(const Answer &answer, const Shape &shape, const Values &values) {
  EXPECT_EQ(answer.problem, "");
  EXPECT_EQ(answer.shape, shape);
  EXPECT_EQ(answer.values, values);
}

Message flag(const std::string &name) { return attribute(name, 1); }

TEST(OnnxIndex, CumulativeSumsOfAllKinds) {
  auto sums = [&](const char *op, std::vector<Message> attributes, Values x) {
    return run(oneNode(node(op, {"x", "a"}, {"y"}, attributes), {"n"}, {integers("a", {}, {-1})}), 26,
               {floatsOf({static_cast<int64_t>(x.size())}, x)})
        .values;
  };
  EXPECT_EQ(sums("CumSum", {}, {1, 2, 3}), (Values{1, 3, 6}));
  EXPECT_EQ(sums("CumSum", {flag("exclusive")}, {1, 2, 3}), (Values{0, 1, 3}));
  EXPECT_EQ(sums("CumSum", {flag("reverse")}, {1, 2, 3}), (Values{6, 5, 3}));
  EXPECT_EQ(sums("CumSum", {flag("reverse"), flag("exclusive")}, {1, 2, 3}), (Values{5, 3, 0}));
  EXPECT_EQ(sums("CumSum", {flag("exclusive")}, {1, INFINITY}), (Values{0, 1})); // not infinity - infinity
  EXPECT_EQ(sums("CumProd", {}, {1, 2, 3}), (Values{1, 2, 6}));
  EXPECT_EQ(sums("CumProd", {flag("exclusive")}, {4, 2, 3}), (Values{1, 4, 8}));
  EXPECT_EQ(sums("CumProd", {flag("reverse")}, {1, 2, 3}), (Values{6, 6, 3}));
}

TEST(OnnxIndex, CumulativeSumsAlongAComputedAxis) {
  Graph graph = oneNode(node("CumSum", {"x", "a"}, {"y"}), {"m", "n"});
  graph.inputs.push_back(value("a", onnxInt64, {}));
  for (int64_t axis : {0, 1, -1, -2}) {
    std::vector<int64_t> a = {axis};
    expectAnswer(run(graph, 14, {counted({2, 3}), *Tensor::ofValues<int64_t>(LATHE_I64, {}, a)}), {2, 3},
                 axis == 0 || axis == -2 ? Values{0, 1, 2, 3, 5, 7} : Values{0, 1, 3, 3, 7, 12});
  }
}

TEST(OnnxIndex, PadsNamedAxes) {
  Graph graph = oneNode(node("Pad", {"x", "p", "", "a"}, {"y"}), {"m", "n"},
                        {integers("p", {2}, {1, 2}), integers("a", {1}, {-1})});
  expectAnswer(run(graph, 18, {counted({2, 2})}), {2, 5}, {0, 0, 1, 0, 0, 0, 2, 3, 0, 0});
  Message old = node("Pad", {"x"}, {"y"},
                     {attribute("pads", std::vector<int64_t>{0, 1, 0, -1}), attribute("mode", std::string("edge"))});
  expectAnswer(run(oneNode(old, {"m", "3"}), 10, {counted({2, 3})}), {2, 3}, {0, 0, 1, 3, 3, 4});
  Message strange = node("Pad", {"x", "p"}, {"y"}, {attribute("mode", std::string("mirror"))});
  EXPECT_NE(
      run(oneNode(strange, {"2"}, {integers("p", {2}, {1, 1})}), 18, {counted({2})}).problem.find("none of constant"),
      std::string::npos);
}

TEST(OnnxIndex, TilesNamedSizes) {
  Graph graph = oneNode(node("Tile", {"x", "r"}, {"y"}), {"m", "n"}, {integers("r", {2}, {2, 3})});
  expectAnswer(run(graph, 13, {counted({2, 1})}), {4, 3}, {0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1});
  expectAnswer(run(graph, 13, {counted({1, 2})}), {2, 6}, {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1});
  Graph none = oneNode(node("Tile", {"x", "r"}, {"y"}), {"m", "n"}, {integers("r", {2}, {0, 2})});
  expectAnswer(run(none, 13, {counted({2, 1})}), {0, 2}, {});
}

TEST(OnnxIndex, ArgMaxOfAllKinds) {
  auto places = [&](const char *op, std::vector<Message> attributes) {
    return run(oneNode(node(op, {"x"}, {"y"}, attributes), {"m", "n"}), 13, {floatsOf({2, 3}, {5, 1, 5, 2, 2, 7})});
  };
  expectAnswer(places("ArgMax", {}), {1, 3}, {0, 1, 1});
  expectAnswer(places("ArgMax", {attribute("axis", 1), attribute("keepdims", 0)}), {2}, {0, 2});
  expectAnswer(places("ArgMax", {attribute("axis", -1), flag("select_last_index")}), {2, 1}, {2, 2});
  expectAnswer(places("ArgMin", {attribute("axis", -1)}), {2, 1}, {1, 0});
}

TEST(OnnxIndex, TopKByAttributeAndByInput) {
  Tensor x = floatsOf({2, 3}, {5, 1, 6, 2, 2, 7});
  Graph old = oneNode(node("TopK", {"x"}, {"v", "y"}, {attribute("k", 2)}), {"m", "n"});
  expectAnswer(run(old, 9, {x}), {2, 2}, {2, 0, 2, 0});
  Graph now = oneNode(node("TopK", {"x", "k"}, {"v", "y"}, {attribute("largest", 0), attribute("axis", 0)}), {"2", "n"},
                      {integers("k", {1}, {1})});
  expectAnswer(run(now, 11, {x}), {1, 3}, {1, 0, 0});
  Graph many = oneNode(node("TopK", {"x", "k"}, {"v", "y"}), {"2", "3"}, {integers("k", {1}, {4})});
  EXPECT_NE(run(many, 11, {x}).problem.find("takes 4 elements of an axis of 3"), std::string::npos);
}

TEST(OnnxIndex, OneHotCountsFromTheEndAndIgnoresTheRest) {
  Graph graph = oneNode(node("OneHot", {"x", "d", "v"}, {"y"}, {attribute("axis", 0)}), {"n"},
                        {integers("d", {1}, {3}), floats("v", {2}, {-1, 2})});
  expectAnswer(run(graph, 11, {floatsOf({4}, {0, -1, 3, -4})}), {3, 4}, {2, -1, -1, -1, -1, -1, -1, -1, -1, 2, -1, -1});
}

TEST(OnnxIndex, HardmaxBefore13IsOverAllLaterAxes) {
  Tensor x = floatsOf({1, 2, 2}, {0, 3, 3, 1});
  expectAnswer(run(oneNode(node("Hardmax", {"x"}, {"y"}), {"b", "m", "n"}), 11, {x}), {1, 2, 2}, {0, 1, 0, 0});
  expectAnswer(run(oneNode(node("Hardmax", {"x"}, {"y"}), {"b", "m", "n"}), 13, {x}), {1, 2, 2}, {0, 1, 1, 0});
}

TEST(OnnxIndex, GatherNdOfBatches) {
  Graph graph = oneNode(node("GatherND", {"x", "i"}, {"y"}, {attribute("batch_dims", 1)}), {"b", "m", "n"},
                        {integers("i", {2, 1, 2}, {1, -1, 0, 0})});
  expectAnswer(run(graph, 13, {counted({2, 2, 3})}), {2, 1}, {5, 6});
}

TEST(OnnxIndex, ReversesPartsOfSequences) {
  Graph graph =
      oneNode(node("ReverseSequence", {"x", "l"}, {"y"}, {attribute("time_axis", 1), attribute("batch_axis", 0)}),
              {"b", "t"}, {integers("l", {2}, {3, 1})});
  expectAnswer(run(graph, 10, {counted({2, 4})}), {2, 4}, {2, 1, 0, 3, 4, 5, 6, 7});
}

TEST(OnnxIndex, SplitsANamedSize) {
  Graph graph =
      oneNode(node("Split", {"x"}, {"first", "y"}, {attribute("axis", 0), attribute("num_outputs", 2)}), {"n"});
  expectAnswer(run(graph, 18, {counted({5})}), {2}, {3, 4});
  expectAnswer(run(graph, 18, {counted({4})}), {2}, {2, 3});
}

TEST(OnnxIndex, EyesOfOtherTypes) {
  Graph graph = oneNode(node("EyeLike", {"x"}, {"y"}, {attribute("k", -1), attribute("dtype", 6)}), {"m", "n"});
  expectAnswer(run(graph, 9, {counted({3, 2})}), {3, 2}, {0, 0, 1, 0, 0, 1});
}

TEST(OnnxIndex, ScattersTensorsInACircle) {
  Graph graph = oneNode(
      node("TensorScatter", {"x", "u", "w"}, {"y"}, {attribute("mode", std::string("circular")), attribute("axis", 1)}),
      {"b", "3", "1"}, {floats("u", {1, 2, 1}, {7, 8}), integers("w", {1}, {2})});
  expectAnswer(run(graph, 24, {counted({1, 3, 1})}), {1, 3, 1}, {8, 1, 7});
}

} // namespace
