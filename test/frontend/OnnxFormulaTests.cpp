// Tables among the initializers that follow a formula (frontend/onnx/FormulaTables.h): the same elements, without a
// weight; and tables that nearly do, which stay weights. Expected values are the tables themselves.
#include "ir/llm/Llm.h"
#include "test/frontend/OnnxRun.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>

#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

using namespace lathe;
using namespace lathe::test;

namespace {

constexpr int64_t size = 12;

/// The graph y = identity of the table `t`.
Graph identityOf(Message table, int32_t type) {
  return {{node("Identity", {"t"}, {"y"})}, {}, {value("y", type, {})}, {std::move(table)}};
}

struct Imported {
  std::string problem;
  bool hasWeight = false;
  int64_t weightElements = 0;
  Values values;
};

Imported import(Message table, int32_t type) {
  mlir::MLIRContext context;
  std::string text = modelBytes(identityOf(std::move(table), type), 18);
  auto model = importOnnxGraph(context, MappedFile::ofBytes("m.onnx", std::vector<uint8_t>(text.begin(), text.end())),
                               "/nonexistent");
  if (!model)
    return {model.message()};
  Imported result;
  auto function = model->module->lookupSymbol<mlir::func::FuncOp>("forward");
  function.walk([&](llm::WeightOp weight) {
    result.hasWeight = true;
    result.weightElements += llvm::cast<mlir::RankedTensorType>(weight.getType()).getNumElements();
  });
  reference::EvaluateOptions options;
  options.weights = evaluatorWeights(model->weights);
  auto outputs = reference::evaluate(function, {}, options);
  if (!outputs)
    return {outputs.message()};
  result.values = outputs->back().values<double>();
  return result;
}

/// `inside` where low <= column - row <= high.
std::vector<float> band(int64_t low, int64_t high, float inside, float outside) {
  std::vector<float> table;
  for (int64_t row = 0; row < size; ++row)
    for (int64_t column = 0; column < size; ++column)
      table.push_back(column - row >= low && column - row <= high ? inside : outside);
  return table;
}

void expectFormula(const std::vector<float> &table, bool isFormula, std::vector<int64_t> shape = {1, 1, size, size}) {
  Imported imported = import(floats("t", shape, table), onnxFloat);
  EXPECT_EQ(imported.problem, "");
  EXPECT_EQ(imported.values, Values(table.begin(), table.end()));
  EXPECT_EQ(imported.hasWeight, !isFormula);
}

TEST(OnnxFormula, TrianglesAndBands) {
  expectFormula(band(-size, 0, 0, -INFINITY), true);
  expectFormula(band(1, size, -1e4f, 0), true);
  expectFormula(band(-3, 0, 1, 0), true);
  expectFormula(band(-3, 2, 0, 1), true);
  auto broken = band(-size, 0, 1, 0);
  broken[5 * size + 6] = 1; // one that is seen too early
  expectFormula(broken, false);
  broken = band(-size, 0, 1, 0);
  broken[4] = 2; // a third value
  expectFormula(broken, false);
}

TEST(OnnxFormula, SlopesTimesDistances) {
  for (int64_t first : {int64_t(1 - 2 * size), int64_t(0)}) {
    std::vector<float> table;
    for (float slope : {0.25f, 0.3f, -1.0f, 0.0625f})
      for (int64_t at = 0; at < 2 * size; ++at)
        table.push_back(slope * static_cast<float>(first + at));
    expectFormula(table, true, {1, 4, 1, 2 * size});
    table[2 * size + 3] *= 1.0000002f;
    expectFormula(table, false, {1, 4, 1, 2 * size});
  }
}

TEST(OnnxFormula, RowsWhoseHalvesAreEqual) {
  std::vector<float> table; // cosines of 1 and 0.1 times the row, twice
  for (int64_t row = 0; row < 2 * size; ++row)
    for (int half = 0; half < 2; ++half)
      for (float speed : {1.0f, 0.1f})
        table.push_back(std::cos(static_cast<float>(row) * speed));
  Imported imported = import(floats("t", {1, 1, 2 * size, 4}, table), onnxFloat);
  EXPECT_EQ(imported.values, Values(table.begin(), table.end()));
  EXPECT_EQ(imported.weightElements, 4 * size);
  table.back() += 1e-6f;
  imported = import(floats("t", {1, 1, 2 * size, 4}, table), onnxFloat);
  EXPECT_EQ(imported.values, Values(table.begin(), table.end()));
  EXPECT_EQ(imported.weightElements, 8 * size);
}

TEST(OnnxFormula, CountedIntegers) {
  for (auto [first, step] :
       {std::pair<int64_t, int64_t>(0, 1), std::pair<int64_t, int64_t>(7, -3), std::pair<int64_t, int64_t>(4, 0)}) {
    std::vector<int64_t> table(100);
    for (int64_t i = 0; i < 100; ++i)
      table[i] = first + step * i;
    Imported imported = import(integers("t", {1, 100}, table), onnxInt64);
    EXPECT_EQ(imported.values, Values(table.begin(), table.end()));
    EXPECT_FALSE(imported.hasWeight);
    table[99] += 1;
    imported = import(integers("t", {1, 100}, table), onnxInt64);
    EXPECT_EQ(imported.values, Values(table.begin(), table.end()));
    EXPECT_TRUE(imported.hasWeight);
  }
}

} // namespace
