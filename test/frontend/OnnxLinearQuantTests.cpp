// Weights behind DequantizeLinear as weights of linear maps: which forms they take, and that they compute what the
// operators say: y = x times ((q - zero) * scale), evaluated here in double.
#include "test/frontend/OnnxRun.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>

#include <gtest/gtest.h>

using namespace lathe;
using namespace lathe::test;

namespace {

constexpr int64_t onnxUint8 = 2, onnxInt8 = 3, onnxUint4 = 21;
constexpr int64_t inputs = 64, outputs = 3;

Message bytes(const std::string &name, int64_t type, const std::vector<int64_t> &dims, const std::vector<int> &values) {
  std::string raw;
  for (int value : values)
    raw.push_back(static_cast<char>(value));
  return tensorHead(name, type, dims).text(9, raw);
}

/// Numbers that look random: a multiplicative sequence.
int number(int64_t i, int low, int high) {
  return low + static_cast<int>((i * 7919 + 104729) % 10007 % (high - low + 1));
}

struct Case {
  int64_t type;                    // of q, (inputs, outputs)
  int low, high, zero;             // q in [low, high]; zero point of all outputs
  std::vector<int64_t> scaleShape; // {}: one for all
  std::vector<Message> attributes;
  bool transposed = false; // q is (outputs, inputs), and the graph transposes what it dequantises
};

struct Imported {
  Answer answer;
  std::string weightType; // of llm.linear; empty without one
  Values expected;
};

Imported import(const Case &c) {
  std::vector<int> q(inputs * outputs);
  for (int64_t i = 0; i < inputs * outputs; ++i)
    q[i] = number(i, c.low, c.high);
  int64_t scaleCount = 1;
  for (int64_t size : c.scaleShape)
    scaleCount *= size;
  std::vector<float> scales(scaleCount);
  for (int64_t i = 0; i < scaleCount; ++i)
    scales[i] = 0.01f * static_cast<float>(i + 1);
  std::vector<int> zeros(scaleCount, c.zero);
  Values x(2 * inputs);
  for (int64_t i = 0; i < 2 * inputs; ++i)
    x[i] = number(i, -20, 20) / 16.0;

  Imported result;
  for (int64_t row = 0; row < 2; ++row)
    for (int64_t n = 0; n < outputs; ++n) {
      double sum = 0;
      for (int64_t k = 0; k < inputs; ++k) {
        int64_t block = c.scaleShape.size() == 2 ? (c.transposed ? n * c.scaleShape[1] + k / 32 : k / 32 * outputs + n)
                        : scaleCount == outputs  ? n
                                                 : 0;
        sum +=
            x[row * inputs + k] * (q[c.transposed ? n * inputs + k : k * outputs + n] - c.zero) * double(scales[block]);
      }
      result.expected.push_back(sum);
    }

  if (c.type == onnxUint4) { // two in a byte, the first one low
    std::vector<int> packed;
    for (size_t i = 0; i < q.size(); i += 2)
      packed.push_back(q[i] | q[i + 1] << 4);
    q = packed;
    std::vector<int> packedZeros;
    for (int64_t i = 0; i < scaleCount; i += 2)
      packedZeros.push_back(zeros[i] | (i + 1 < scaleCount ? zeros[i + 1] << 4 : 0));
    zeros = packedZeros;
  }
  std::vector<int64_t> shape = {inputs, outputs};
  if (c.transposed)
    std::swap(shape[0], shape[1]);
  Graph graph{
      {node("DequantizeLinear", {"q", "s", "z"}, {"w"}, c.attributes)},
      {value("x", onnxFloat, {"n", "64"})},
      {value("y", onnxFloat, {"n", "3"})},
      {bytes("q", c.type, shape, q), floats("s", c.scaleShape, scales), bytes("z", c.type, c.scaleShape, zeros)}};
  if (c.transposed)
    graph.nodes.push_back(node("Transpose", {"w"}, {"t"}, {attribute("perm", std::vector<int64_t>{1, 0})}));
  graph.nodes.push_back(node("MatMul", {"x", c.transposed ? "t" : "w"}, {"y"}));
  result.answer = run(graph, 21, {floatsOf({2, inputs}, x)});

  mlir::MLIRContext context;
  std::string text = modelBytes(graph, 21);
  auto model = importOnnxGraph(context, MappedFile::ofBytes("m.onnx", std::vector<uint8_t>(text.begin(), text.end())),
                               "/nonexistent");
  if (model)
    model->module->walk([&](llm::LinearOp linear) {
      llvm::raw_string_ostream(result.weightType)
          << llvm::cast<mlir::RankedTensorType>(linear.getWeight().getType()).getElementType();
    });
  return result;
}

void expectNear(const Imported &got) {
  ASSERT_EQ(got.answer.values.size(), got.expected.size()) << got.answer.problem;
  for (size_t i = 0; i < got.expected.size(); ++i)
    EXPECT_NEAR(got.answer.values[i], got.expected[i], 2e-5 * std::max(1.0, std::abs(got.expected[i]))) << i;
}

TEST(OnnxLinearQuant, BytesWithAScaleForEachOutput) {
  Imported columns = import({onnxInt8, -127, 127, 0, {outputs}, {attribute("axis", 1)}});
  EXPECT_EQ(columns.weightType, "!llm.block<q8_0>");
  expectNear(columns);
  Imported rows = import({onnxUint8, 0, 255, 128, {outputs}, {attribute("axis", 0)}, true});
  EXPECT_EQ(rows.weightType, "!llm.block<q8_0>");
  expectNear(rows);
  Imported one = import({onnxInt8, -127, 127, 0, {}, {}});
  EXPECT_EQ(one.weightType, "!llm.block<q8_0>");
  expectNear(one);
}

TEST(OnnxLinearQuant, NibblesInBlocks) {
  Imported blocked =
      import({onnxUint4, 0, 15, 7, {inputs / 32, outputs}, {attribute("axis", 0), attribute("block_size", 32)}});
  EXPECT_EQ(blocked.weightType, "!llm.block<int4>");
  expectNear(blocked);
  Imported rows =
      import({onnxUint4, 0, 15, 8, {outputs, inputs / 32}, {attribute("axis", 1), attribute("block_size", 32)}, true});
  EXPECT_EQ(rows.weightType, "!llm.block<int4>");
  expectNear(rows);
}

TEST(OnnxLinearQuant, WhatNoBlockTypeHoldsIsComputed) {
  // q - zero does not fit into a signed byte, or the scales of blocks are no halves.
  Imported wide = import({onnxUint8, 0, 255, 3, {outputs}, {attribute("axis", 1)}});
  EXPECT_EQ(wide.weightType, "");
  expectNear(wide);
  Imported blocks =
      import({onnxInt8, -127, 127, 0, {inputs / 32, outputs}, {attribute("axis", 0), attribute("block_size", 32)}});
  EXPECT_EQ(blocks.weightType, "");
  expectNear(blocks);
}

} // namespace
