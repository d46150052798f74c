// If, Loop and Scan and sizes that data decides, imported from files and evaluated by the reference. Expected values
// follow from the operator documents, by hand.
#include "test/frontend/OnnxRun.h"

#include <gtest/gtest.h>

using namespace lathe;
using namespace lathe::test;
using reference::Tensor;
using Shape = std::vector<int64_t>;

namespace {

constexpr int64_t onnxInt64 = 7, onnxBool = 9;

Message graphOf(const std::vector<Message> &nodes, const std::vector<std::string> &inputs,
                const std::vector<std::string> &outputs, const std::vector<Message> &initializers = {}) {
  Message graph;
  for (const Message &each : nodes)
    graph.message(1, each);
  graph.text(2, "inner");
  for (const Message &tensor : initializers)
    graph.message(5, tensor);
  for (const std::string &name : inputs)
    graph.message(11, Message().text(1, name));
  for (const std::string &name : outputs)
    graph.message(12, Message().text(1, name));
  return graph;
}
Message graphAttribute(const std::string &name, const Message &graph) {
  return Message().text(1, name).message(6, graph).number(20, 5);
}

Tensor wholes(Shape shape, std::vector<int64_t> values) { return *Tensor::ofValues<int64_t>(LATHE_I64, shape, values); }
Tensor truth(bool value) { return *Tensor::ofValues<int64_t>(LATHE_BOOL, {}, std::vector<int64_t>{value}); }

std::string textOf(const Graph &graph) {
  mlir::MLIRContext context;
  std::string bytes = modelBytes(graph, 18), text;
  auto model = importOnnxGraph(context, MappedFile::ofBytes("m.onnx", std::vector<uint8_t>(bytes.begin(), bytes.end())),
                               "/nonexistent");
  if (!model)
    return model.message();
  llvm::raw_string_ostream(text) << *model->module;
  return text;
}

/// y = c ? x + w : x[1:], with a weight that is an initializer outside and one that only this branch has.
Graph branches(const std::vector<Message> &before, const std::vector<Message> &inputs) {
  Graph graph;
  graph.nodes = before;
  Message then = graphOf({node("Add", {"x", "w"}, {"t"})}, {}, {"t"});
  Message otherwise = graphOf({node("Slice", {"x", "one", "end"}, {"e"})}, {}, {"e"}, {integers("end", {1}, {100})});
  graph.nodes.push_back(
      node("If", {"c"}, {"y"}, {graphAttribute("then_branch", then), graphAttribute("else_branch", otherwise)}));
  graph.inputs = inputs;
  graph.outputs = {value("y", onnxFloat, {"m"})};
  graph.initializers = {floats("w", {1}, {10}), integers("one", {1}, {1})};
  return graph;
}

TEST(OnnxControlFlow, BranchesSeeWhatIsAround) {
  Graph graph = branches({}, {value("x", onnxFloat, {"n"}), value("c", onnxBool, {})});
  Tensor x = floatsOf({3}, {1, 2, 3});
  Answer yes = run(graph, 18, {x, truth(true)}), no = run(graph, 18, {x, truth(false)});
  EXPECT_EQ(yes.values, (Values{11, 12, 13})) << yes.problem;
  EXPECT_EQ(no.values, (Values{2, 3})) << no.problem;
  // Constants are not handed over, the input is.
  std::string text = textOf(graph);
  EXPECT_NE(text.find("llm.if %arg1, %arg0 {"), std::string::npos) << text;
}

TEST(OnnxControlFlow, AKnownConditionChoosesAtImport) {
  // rank(x) == 1 is true of any x.
  Graph graph = branches({node("Shape", {"x"}, {"s"}), node("Shape", {"s"}, {"r"}), node("Equal", {"r", "one"}, {"c1"}),
                          node("Squeeze", {"c1"}, {"c"})},
                         {value("x", onnxFloat, {"n"})});
  EXPECT_EQ(run(graph, 18, {floatsOf({2}, {1, 2})}).values, (Values{11, 12}));
  EXPECT_EQ(textOf(graph).find("llm.if"), std::string::npos);
}

TEST(OnnxControlFlow, BranchesOfOtherRanksAreRefused) {
  Graph graph;
  Message then = graphOf({node("Unsqueeze", {"x", "zero"}, {"t"})}, {}, {"t"}),
          otherwise = graphOf({node("Identity", {"x"}, {"e"})}, {}, {"e"});
  graph.nodes = {
      node("If", {"c"}, {"y"}, {graphAttribute("then_branch", then), graphAttribute("else_branch", otherwise)})};
  graph.inputs = {value("x", onnxFloat, {"n"}), value("c", onnxBool, {})};
  graph.outputs = {value("y", onnxFloat, {"m"})};
  graph.initializers = {integers("zero", {1}, {0})};
  EXPECT_NE(run(graph, 18, {floatsOf({1}, {1}), truth(true)})
                .problem.find("node 'node_y' (If) has branches whose output 0 differs in more than its sizes"),
            std::string::npos);
}

/// l = concat(l, x) and the sum of each, `limit` times, while the sum is below 20.
Graph growing() {
  Graph graph;
  Message body = graphOf({node("Concat", {"l", "x"}, {"next"}, {attribute("axis", 0)}),
                          node("ReduceSum", {"next"}, {"sum"}, {attribute("keepdims", 0)}),
                          node("Less", {"sum", "most"}, {"again"})},
                         {"i", "c", "l"}, {"again", "next", "sum"});
  graph.nodes = {node("Loop", {"limit", "", "x"}, {"last", "sums"}, {graphAttribute("body", body)}),
                 node("Concat", {"last", "sums"}, {"y"}, {attribute("axis", 0)})};
  graph.inputs = {value("x", onnxFloat, {"n"}), value("limit", onnxInt64, {})};
  graph.outputs = {value("y", onnxFloat, {"m"})};
  graph.initializers = {floats("most", {}, {20})};
  return graph;
}

TEST(OnnxControlFlow, CarriedValuesMayGrow) {
  Tensor x = floatsOf({2}, {3, 4});
  EXPECT_EQ(run(growing(), 18, {x, wholes({}, {1})}).values, (Values{3, 4, 3, 4, 14}));
  EXPECT_EQ(run(growing(), 18, {x, wholes({}, {9})}).values, (Values{3, 4, 3, 4, 3, 4, 14, 21}));
  EXPECT_EQ(run(growing(), 18, {x, wholes({}, {0})}).values, (Values{3, 4}));
}

TEST(OnnxControlFlow, SizesThatStayAreKnown) {
  // A recurrence over the rows of x: the state keeps its 2 elements, the parts are as many as x has rows.
  Graph graph;
  Message body =
      graphOf({node("Add", {"s", "e"}, {"next"}), node("Mul", {"next", "e"}, {"o"})}, {"s", "e"}, {"next", "o"});
  graph.nodes = {
      node("Scan", {"s0", "x"}, {"s", "y"}, {graphAttribute("body", body), attribute("num_scan_inputs", 1)})};
  graph.inputs = {value("s0", onnxFloat, {"2"}), value("x", onnxFloat, {"n", "2"})};
  graph.outputs = {value("s", onnxFloat, {"2"}), value("y", onnxFloat, {"n", "2"})};
  Answer answer = run(graph, 18, {floatsOf({2}, {1, 1}), floatsOf({3, 2}, {1, 2, 3, 4, 5, 6})});
  EXPECT_EQ(answer.values, (Values{2, 6, 15, 28, 50, 78})) << answer.problem;
  std::string text = textOf(graph);
  EXPECT_NE(text.find("symbols = []"), std::string::npos) << text;
  EXPECT_NE(text.find("(tensor<2xf32>, tensor<?x2xf32>)"), std::string::npos) << text;
}

TEST(OnnxControlFlow, DataDecidesSizes) {
  Graph graph;
  graph.nodes = {node("NonZero", {"x"}, {"places"}), node("Squeeze", {"places", "zero"}, {"p"}),
                 node("Gather", {"x", "p"}, {"kept"}), node("Reshape", {"kept", "shape"}, {"y"})};
  graph.inputs = {value("x", onnxFloat, {"n"}), value("shape", onnxInt64, {"2"})};
  graph.outputs = {value("y", onnxFloat, {"a", "b"})};
  graph.initializers = {integers("zero", {1}, {0})};
  Tensor x = floatsOf({6}, {0, 1, 2, 0, 3, 4});
  Answer answer = run(graph, 18, {x, wholes({2}, {-1, 2})});
  EXPECT_EQ(answer.values, (Values{1, 2, 3, 4})) << answer.problem;
  EXPECT_EQ(answer.shape, (Shape{2, 2}));
  EXPECT_NE(run(graph, 18, {x, wholes({2}, {3, 2})}).problem.find("does not hold the 4 elements"), std::string::npos);
}

TEST(OnnxControlFlow, OperatorsInsideAreChecked) {
  Graph graph = branches({}, {value("x", onnxFloat, {"n"}), value("c", onnxBool, {})});
  Message inner = graphOf({node("Mystery", {"x"}, {"z"}, {}, "com.example")}, {}, {"z"});
  Message nested =
      graphOf({node("If", {"c"}, {"t"}, {graphAttribute("then_branch", inner), graphAttribute("else_branch", inner)})},
              {}, {"t"});
  graph.nodes = {
      node("If", {"c"}, {"y"}, {graphAttribute("then_branch", nested), graphAttribute("else_branch", nested)})};
  EXPECT_NE(run(graph, 18, {floatsOf({1}, {1}), truth(true)}).problem.find("com.example.Mystery of opset 0, 4 nodes"),
            std::string::npos);
}

TEST(OnnxControlFlow, WrongBodiesAreRefused) {
  Graph graph = growing();
  Message body = graphOf({node("Identity", {"l"}, {"next"})}, {"i", "c"}, {"c", "next"});
  graph.nodes[0] = node("Loop", {"limit", "", "x"}, {"last", "sums"}, {graphAttribute("body", body)});
  EXPECT_NE(run(graph, 18, {floatsOf({1}, {1}), wholes({}, {1})})
                .problem.find("carries 1 values into a body of 2 inputs and 2 outputs"),
            std::string::npos);
  body = graphOf({node("Cast", {"l"}, {"next"}, {attribute("to", onnxInt64)})}, {"i", "c", "l"}, {"c", "next"});
  graph.nodes[0] = node("Loop", {"limit", "", "x"}, {"last", "sums"}, {graphAttribute("body", body)});
  EXPECT_NE(run(graph, 18, {floatsOf({1}, {1}), wholes({}, {1})}).problem.find("becomes another type"),
            std::string::npos);
}

} // namespace
