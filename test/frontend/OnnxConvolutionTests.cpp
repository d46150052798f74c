// ONNX operators of convolution, pooling, images and signals: what depends on the opset, on sizes that are not known
// and on attributes that a graph gets wrong. Evaluated by the reference; expected values by hand, by the operator
// documents' formulas.
#include "test/frontend/OnnxRun.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace lathe;
using namespace lathe::test;
using reference::Tensor;

namespace {

using Integers = std::vector<int64_t>;

Graph oneNode(Message node, std::vector<std::string> dims, std::vector<Message> initializers = {}) {
  return {{std::move(node)}, {value("x", onnxFloat, dims)}, {value("y", onnxFloat, {"n"})}, std::move(initializers)};
}

void expectNear(const Answer &got, const Values &wanted) {
  ASSERT_EQ(got.problem, "");
  ASSERT_EQ(got.values.size(), wanted.size());
  for (size_t i = 0; i < got.values.size(); ++i)
    EXPECT_NEAR(got.values[i], wanted[i], 1e-4) << i; // an epsilon of 1e-5 in norms
}

/// The sizes of y for x of sizes that the file does not tell, as the import has them.
std::string typeOf(const Graph &graph, int64_t opset) {
  mlir::MLIRContext context;
  std::string bytes = modelBytes(graph, opset), text;
  auto model = importOnnxGraph(context, MappedFile::ofBytes("m.onnx", std::vector<uint8_t>(bytes.begin(), bytes.end())),
                               "/nonexistent");
  if (!model)
    return model.message();
  llvm::raw_string_ostream(text) << model->module->lookupSymbol<mlir::func::FuncOp>("forward").getResultTypes().front();
  return text;
}

TEST(OnnxConvolution, SizesThatTheInputTells) {
  Tensor x = floatsOf({1, 1, 5}, {1, 2, 3, 4, 5});
  Graph graph =
      oneNode(node("Conv", {"x", "w"}, {"y"}, {attribute("strides", Integers{2}), attribute("pads", Integers{1, 1})}),
              {"b", "1", "t"}, {floats("w", {1, 1, 3}, {1, 10, 100})});
  EXPECT_EQ(typeOf(graph, 17), "tensor<?x1x?xf32>");
  Answer answer = run(graph, 17, {x});
  expectNear(answer, {210, 432, 54});
  EXPECT_EQ(answer.shape, (Integers{1, 1, 3}));
}

TEST(OnnxConvolution, OutputShapeSplitsThePadding) {
  // A result of 5 from one of 7: one element is cut at each end; of 6, where the odd one is at the begin unless
  // SAME_UPPER.
  Tensor x = floatsOf({1, 1, 3}, {1, 2, 3});
  auto transposed = [&](int64_t size, const char *how) {
    return run(oneNode(node("ConvTranspose", {"x", "w"}, {"y"},
                            {attribute("strides", Integers{2}), attribute("output_shape", Integers{size}),
                             attribute("auto_pad", how)}),
                       {"1", "1", "3"}, {floats("w", {1, 1, 3}, {1, 10, 100})}),
               17, {x});
  };
  expectNear(transposed(7, "NOTSET"), {1, 10, 102, 20, 203, 30, 300});
  expectNear(transposed(5, "NOTSET"), {10, 102, 20, 203, 30});
  expectNear(transposed(6, "NOTSET"), {10, 102, 20, 203, 30, 300});
  expectNear(transposed(6, "SAME_UPPER"), {1, 10, 102, 20, 203, 30});
}

TEST(OnnxConvolution, GroupNormScalesGroupsBefore21) {
  // Two groups of two channels of one element: (0, 2) and (10, 14) are -1, 1 of their means and deviations.
  Tensor x = floatsOf({1, 4, 1}, {0, 2, 10, 14});
  auto norm = [&](int64_t opset, Integers size, std::vector<float> scale, std::vector<float> bias) {
    return run(oneNode(node("GroupNormalization", {"x", "s", "b"}, {"y"}, {attribute("num_groups", 2)}),
                       {"n", "4", "1"}, {floats("s", size, scale), floats("b", size, bias)}),
               opset, {x});
  };
  expectNear(norm(18, {2}, {1, 10}, {0, 100}), {-1, 1, 90, 110});
  expectNear(norm(21, {4}, {1, 2, 3, 4}, {0, 0, 0, 100}), {-1, 2, -3, 104});
}

TEST(OnnxConvolution, ResizeByTheOpset) {
  Tensor x = floatsOf({1, 1, 1, 2}, {1, 3});
  Message scales = floats("scales", {4}, {1, 1, 1, 2}), none = floats("none", {0}, {});
  // Places 0, 0.5, 1, 1.5 before opset 11, -0.25, 0.25, 0.75, 1.25 from then on.
  expectNear(run(oneNode(node("Resize", {"x", "scales"}, {"y"}, {attribute("mode", "linear")}), {"1", "1", "1", "w"},
                         {scales}),
                 10, {x}),
             {1, 2, 3, 3});
  expectNear(run(oneNode(node("Resize", {"x", "none", "scales"}, {"y"}, {attribute("mode", "linear")}),
                         {"1", "1", "1", "w"}, {scales, none}),
                 13, {x}),
             {1, 1.5, 2.5, 3});
}

TEST(OnnxConvolution, TrainingGivesStatistics) {
  // The mean of 1, 3 is 2, their variance 1; a tenth of them joins the running ones.
  Graph graph = oneNode(
      node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y", "mean", "variance"}, {attribute("training_mode", 1)}),
      {"2", "1"}, {floats("s", {1}, {1}), floats("b", {1}, {0}), floats("m", {1}, {10}), floats("v", {1}, {5})});
  graph.outputs.push_back(value("mean", onnxFloat, {"1"}));
  expectNear(run(graph, 15, {floatsOf({2, 1}, {1, 3})}), {9.2});
}

TEST(OnnxConvolution, WhatIsWrongIsNamed) {
  Tensor x = floatsOf({1, 2, 3}, {1, 2, 3, 4, 5, 6});
  Message weight = floats("w", {3, 2, 2}, std::vector<float>(12, 1));
  auto problem = [&](std::vector<Message> attributes) {
    return run(oneNode(node("Conv", {"x", "w"}, {"y"}, attributes), {"1", "2", "3"}, {weight}), 17, {x}).problem;
  };
  auto names = [](const std::string &text, const char *part) { return text.find(part) != std::string::npos; };
  EXPECT_PRED2(names, problem({attribute("group", 2)}), "2 groups");
  EXPECT_PRED2(names, problem({attribute("strides", Integers{0})}), "strides of 0");
  EXPECT_PRED2(names, problem({attribute("pads", Integers{0, 0, 0})}), "has 3 pads, but needs 2");
  EXPECT_PRED2(names, problem({attribute("kernel_shape", Integers{3})}), "kernel_shape that is not that of its weight");
  EXPECT_PRED2(names, problem({attribute("dilations", Integers{9})}),
               "windows of 10 elements along axis 2, which is shorter");
  EXPECT_PRED2(names, problem({attribute("auto_pad", "SOME")}), "'SOME'");
  EXPECT_PRED2(names, problem({attribute("dilations", Integers{INT64_MAX})}), "dilations of 9223372036854775807");
}

} // namespace
