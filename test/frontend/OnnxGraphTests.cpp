// Graphs that are wrong although the file is whole: cycles, missing values, absurd sizes, operators that are not
// supported.
#include "frontend/onnx/Onnx.h"
#include "test/frontend/OnnxMessages.h"

#include <gtest/gtest.h>
#include <mlir/IR/MLIRContext.h>

using namespace lathe;
using namespace lathe::test;

namespace {

/// "imported", or what the import says.
std::string messageOf(const std::string &bytes) {
  mlir::MLIRContext context;
  auto file = MappedFile::ofBytes("model.onnx", std::vector<uint8_t>(bytes.begin(), bytes.end()));
  Result<Model> model = importOnnxGraph(context, file, "/nonexistent");
  return model ? "imported" : model.message();
}

Graph addOfWeight(Message weight) {
  return {{node("Add", {"x", "w"}, {"y"})},
          {value("x", onnxFloat, {"rows", "80"})},
          {value("y", onnxFloat, {"rows", "80"})},
          {std::move(weight)}};
}

TEST(OnnxGraph, CyclesAndMissingInputs) {
  Graph cyclic = {{node("Add", {"x", "b"}, {"a"}), node("Neg", {"a"}, {"b"})},
                  {value("x", onnxFloat, {"2"})},
                  {value("a", onnxFloat, {"2"})},
                  {}};
  EXPECT_NE(messageOf(modelBytes(cyclic)).find("cyclic"), std::string::npos);
  Graph missing = {{node("Neg", {"nothing"}, {"y"})}, {}, {value("y", onnxFloat, {"2"})}, {}};
  EXPECT_NE(messageOf(modelBytes(missing)).find("node 'node_y' (Neg) uses 'nothing'"), std::string::npos);
  Graph twice = {{node("Neg", {"x"}, {"y"}), node("Abs", {"x"}, {"y"})},
                 {value("x", onnxFloat, {"2"})},
                 {value("y", onnxFloat, {"2"})},
                 {}};
  EXPECT_NE(messageOf(modelBytes(twice)).find("exists already"), std::string::npos);
}

TEST(OnnxGraph, NodesOutOfOrderAreFine) {
  Graph graph = {{node("Neg", {"a"}, {"y"}), node("Abs", {"x"}, {"a"})},
                 {value("x", onnxFloat, {"2"})},
                 {value("y", onnxFloat, {"2"})},
                 {}};
  EXPECT_EQ(messageOf(modelBytes(graph)), "imported");
}

TEST(OnnxGraph, AbsurdSizes) {
  int64_t huge = int64_t(1) << 62;
  EXPECT_NE(messageOf(modelBytes(addOfWeight(tensorHead("w", onnxFloat, {huge, huge})))).find("tensor 'w'"),
            std::string::npos);
  EXPECT_NE(messageOf(modelBytes(addOfWeight(tensorHead("w", onnxFloat, {huge})))).find("tensor 'w'"),
            std::string::npos);
  EXPECT_NE(messageOf(modelBytes(addOfWeight(tensorHead("w", onnxFloat, {-80})))).find("tensor 'w'"),
            std::string::npos);
  EXPECT_NE(messageOf(modelBytes(addOfWeight(floats("w", {80}, {1, 2, 3})))).find("has 12 bytes"), std::string::npos);
  Graph filled = {
      {node("ConstantOfShape", {"s"}, {"y"})}, {}, {value("y", onnxFloat, {"n"})}, {integers("s", {2}, {huge, huge})}};
  messageOf(modelBytes(filled)); // a shape alone takes no memory
  Graph negative = {{node("Expand", {"x", "s"}, {"y"})},
                    {value("x", onnxFloat, {"1"})},
                    {value("y", onnxFloat, {"n"})},
                    {integers("s", {1}, {-7})}};
  EXPECT_NE(messageOf(modelBytes(negative)).find("size -7"), std::string::npos);
}

TEST(OnnxGraph, SquaredSizesDoNotHang) {
  Graph graph = {{node("Shape", {"x"}, {"v0"})}, {value("x", onnxFloat, {"rows"})}, {}, {}};
  for (int i = 0; i < 200; ++i)
    graph.nodes.push_back(
        node(i % 2 ? "Mul" : "Add", {"v" + std::to_string(i), "v" + std::to_string(i)}, {"v" + std::to_string(i + 1)}));
  graph.outputs.push_back(value("v200", onnxInt64, {"1"}));
  EXPECT_EQ(messageOf(modelBytes(graph)), "imported");
}

TEST(OnnxGraph, AllMissingOperatorsAreListed) {
  Graph graph = {{node("LSTM", {"x"}, {"a"}), node("LSTM", {"a"}, {"b"}), node("Det", {"b"}, {"y"}, {}, "com.example"),
                  node("Unheard", {"x"}, {"dead"})},
                 {value("x", onnxFloat, {"2"})},
                 {value("y", onnxFloat, {"2"})},
                 {}};
  std::string message = messageOf(modelBytes(graph));
  EXPECT_NE(message.find(
                "ai.onnx.LSTM of opset 17, 2 nodes, the first 'node_a' (recurrent cells are not supported); com.example.Det of opset 0, "
                "1 node 'node_y'"),
            std::string::npos)
      << message;
  EXPECT_EQ(message.find("Unheard"), std::string::npos) << "dead nodes do not matter";
  EXPECT_NE(messageOf(modelBytes(addOfWeight(floats("w", {80}, std::vector<float>(80))), 99)).find("uses opset 99"),
            std::string::npos);
}

} // namespace
