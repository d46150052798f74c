// Functions of a model in place of the nodes that call them: names, attributes, nesting, opsets, and what is refused.
// Expected values follow from the functions' formulas.
#include "test/frontend/OnnxRun.h"

#include <gtest/gtest.h>

using namespace lathe;
using namespace lathe::test;

namespace {

constexpr const char *ours = "our.functions";

Message function(const std::string &name, const std::vector<std::string> &inputs,
                 const std::vector<std::string> &outputs, const std::vector<Message> &nodes,
                 const std::vector<Message> &defaults = {}, int64_t opset = 17) {
  Message result, version, own;
  result.text(1, name);
  for (const std::string &input : inputs)
    result.text(4, input);
  for (const std::string &output : outputs)
    result.text(5, output);
  for (const Message &node : nodes)
    result.message(7, node);
  result.message(9, version.text(1, "").number(2, opset)).message(9, own.text(1, ours).number(2, 1)).text(10, ours);
  for (const Message &attribute : defaults)
    result.message(11, attribute);
  return result;
}

Message real(const std::string &name, float value) { return Message().text(1, name).real(2, value).number(20, 1); }
Message reference(const std::string &name, const std::string &to, int64_t type) {
  return Message().text(1, name).number(20, type).text(21, to);
}

Answer runWith(const std::vector<Message> &nodes, const std::vector<Message> &functions,
               const std::vector<reference::Tensor> &inputs, int64_t opset = 17) {
  Graph graph{nodes, {value("x", onnxFloat, {"n"})}, {value("y", onnxFloat, {"n"})}, {}};
  mlir::MLIRContext context;
  std::string text = modelBytes(graph, opset, functions);
  auto model = importOnnxGraph(context, MappedFile::ofBytes("m.onnx", std::vector<uint8_t>(text.begin(), text.end())),
                               "/nonexistent");
  if (!model)
    return {model.message(), {}, {}};
  reference::EvaluateOptions options;
  options.weights = evaluatorWeights(model->weights);
  auto outputs = reference::evaluate(model->module->lookupSymbol<mlir::func::FuncOp>("forward"), inputs, options);
  return outputs ? Answer{"", outputs->back().shape(), outputs->back().values<double>()}
                 : Answer{outputs.message(), {}, {}};
}

/// leaky(x) with the slope `a`, given or its default; "inside" is a name that the graph has too.
Message leaky() {
  return function(
      "Leaky", {"v"}, {"out"},
      {node("LeakyRelu", {"v"}, {"inside"}, {reference("alpha", "a", 1)}), node("Identity", {"inside"}, {"out"})},
      {real("a", 0.5f)});
}

TEST(OnnxFunctions, AttributesAreTheCallsOrTheDefault) {
  reference::Tensor x = floatsOf({3}, {-2, 0, 4});
  Answer given = runWith({node("Leaky", {"x"}, {"inside"}, {real("a", 0.25f)}, ours), node("Neg", {"inside"}, {"y"})},
                         {leaky()}, {x});
  EXPECT_EQ(given.values, (Values{0.5, 0, -4})) << given.problem;
  Answer otherwise = runWith({node("Leaky", {"x"}, {"y"}, {}, ours)}, {leaky()}, {x});
  EXPECT_EQ(otherwise.values, (Values{-1, 0, 4})) << otherwise.problem;
}

TEST(OnnxFunctions, TwoCallsAndCallsInCalls) {
  Message twice = function("Twice", {"v"}, {"w"},
                           {node("Leaky", {"v"}, {"one"}, {}, ours), node("Leaky", {"one"}, {"w"}, {}, ours)});
  Answer answer = runWith({node("Twice", {"x"}, {"z"}, {}, ours), node("Twice", {"z"}, {"y"}, {}, ours)},
                          {leaky(), twice}, {floatsOf({2}, {-16, 3})});
  EXPECT_EQ(answer.values, (Values{-1, 3})) << answer.problem;
}

TEST(OnnxFunctions, OptionalInputsAndAnInputAsOutput) {
  Message clamp =
      function("Clamp", {"v", "low", "high"}, {"out", "same"}, {node("Clip", {"v", "low", "high"}, {"out"})});
  Answer answer = runWith({node("Constant", {}, {"three"}, {real("value_float", 3)}),
                           node("Clamp", {"x", "", "three"}, {"z"}, {}, ours), node("Neg", {"z"}, {"y"})},
                          {clamp}, {floatsOf({2}, {-5, 5})});
  EXPECT_EQ(answer.values, (Values{5, -3})) << answer.problem;
  Message through = function("Through", {"v"}, {"v"}, {node("Neg", {"v"}, {"unused"})});
  answer = runWith({node("Through", {"x"}, {"y"}, {}, ours)}, {through}, {floatsOf({2}, {1, 2})});
  EXPECT_EQ(answer.values, (Values{1, 2})) << answer.problem;
}

TEST(OnnxFunctions, AnOpsetOfTheirOwn) {
  // Before opset 13 Softmax is over all axes from 1 on: of a vector that is viewed as (1, n).
  Message softmax = function("Old", {"v", "axes"}, {"out"},
                             {node("Unsqueeze", {"v"}, {"m"}, {attribute("axes", std::vector<int64_t>{0})}),
                              node("Softmax", {"m"}, {"s"}, {attribute("axis", 0)}),
                              node("Squeeze", {"s"}, {"out"}, {attribute("axes", std::vector<int64_t>{0})})},
                             {}, 11);
  Answer answer = runWith({node("Old", {"x"}, {"y"}, {}, ours)}, {softmax}, {floatsOf({4}, {1, 1, 1, 1})});
  EXPECT_EQ(answer.values, (Values{0.25, 0.25, 0.25, 0.25})) << answer.problem;
}

TEST(OnnxFunctions, WhatIsRefused) {
  reference::Tensor x = floatsOf({1}, {1});
  Message endless = function("Endless", {"v"}, {"w"}, {node("Endless", {"v"}, {"w"}, {}, ours)});
  EXPECT_EQ(runWith({node("Endless", {"x"}, {"y"}, {}, ours)}, {endless}, {x}).problem,
            "m.onnx: has the function 'Endless', which calls itself, or calls that are nested more than 64 deep");
  EXPECT_EQ(runWith({node("Leaky", {"x", "x"}, {"y"}, {}, ours)}, {leaky()}, {x}).problem,
            "m.onnx: calls the function 'Leaky' with 2 inputs and 1 outputs; it has 1 and 1");
  // Each calls the one before twice: 2^40 nodes.
  std::vector<Message> doubling = {leaky()};
  std::string last = "Leaky";
  for (int i = 0; i < 40; ++i) {
    std::string name = "F" + std::to_string(i);
    doubling.push_back(
        function(name, {"v"}, {"w"}, {node(last, {"v"}, {"t"}, {}, ours), node(last, {"t"}, {"w"}, {}, ours)}));
    last = name;
  }
  EXPECT_EQ(runWith({node(last, {"x"}, {"y"}, {}, ours)}, doubling, {x}).problem,
            "m.onnx: has functions that make a graph of more than 1048576 nodes or 256 MiB");
}

} // namespace
