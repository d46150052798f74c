// Models in several ONNX files that a genai_config.json ties together: how values of one reach the next, and what is
// refused. Expected values are worked out by hand.
#include "test/frontend/OnnxRun.h"

#include <filesystem>
#include <gtest/gtest.h>

using namespace lathe;
using namespace lathe::test;
using reference::Tensor;

namespace {

class OnnxParts : public testing::Test {
protected:
  std::string folder = testing::TempDir() + "onnx_parts_tests";
  mlir::MLIRContext context;

  void SetUp() override {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder + "/inner");
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  void part(const std::string &name, const Graph &graph, int64_t opset = 17) {
    writeFile(folder + "/" + name, modelBytes(graph, opset));
  }
  void config(const std::string &decoder) {
    writeFile(folder + "/genai_config.json", R"({"model": {"decoder": {)" + decoder + "}}}");
  }
  std::string problem() {
    auto model = importOnnx(context, folder);
    return model ? "" : model.message();
  }
  /// Names of inputs, a colon, names and values of outputs.
  std::string runOn(const std::vector<Tensor> &inputs) {
    auto model = importOnnx(context, folder);
    if (!model)
      return model.message();
    auto function = model->module->lookupSymbol<mlir::func::FuncOp>("forward");
    reference::EvaluateOptions options;
    options.weights = evaluatorWeights(model->weights);
    auto outputs = reference::evaluate(function, inputs, options);
    if (!outputs)
      return outputs.message();
    std::string text;
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      text += function.getArgAttrOfType<mlir::StringAttr>(i, "llm.name").str() + " ";
    text += ":";
    for (unsigned i = 0; i < function.getNumResults(); ++i) {
      text += " " + function.getResultAttrOfType<mlir::StringAttr>(i, "llm.name").str();
      for (double value : (*outputs)[i].values<double>())
        text += " " + std::to_string(static_cast<int>(value * 100));
    }
    return text;
  }
};

/// y = op(x, w), by way of a value and a weight whose names every part has.
Graph binary(const std::string &op, const std::string &x, const std::string &y, float w) {
  return {{node("Neg", {"w"}, {"t"}), node(op, {x, "t"}, {y})},
          {value(x, onnxFloat, {"n"})},
          {value(y, onnxFloat, {"n"})},
          {floats("w", {1}, {-w})}};
}

const char *twoParts = R"("pipeline": [{"second": {"filename": "inner/b.onnx"}, "first": {"filename": "a.onnx"}}])";

TEST_F(OnnxParts, AreOneGraphWithNamesOfTheirOwn) {
  part("a.onnx", binary("Add", "x", "mid", 2));
  part("inner/b.onnx", binary("Mul", "mid", "y", 3));
  config(twoParts);
  EXPECT_EQ(runOn({floatsOf({2}, {1, 4})}), "x : y 900 1800");
  // What is wanted stays, although the next part takes it.
  config(std::string(R"("outputs": {"hidden_states": "mid"}, )") + twoParts);
  EXPECT_EQ(runOn({floatsOf({2}, {1, 4})}), "x : mid 300 600 y 900 1800");
}

TEST_F(OnnxParts, HandOnUnderOtherNamesAndShareInputs) {
  part("a.onnx", binary("Add", "x", "out", 2));
  Graph second = binary("Mul", "in", "t2", 3);
  second.nodes.push_back(node("Add", {"t2", "x"}, {"y"}));
  second.inputs.push_back(value("x", onnxFloat, {"n"}));
  second.outputs = {value("y", onnxFloat, {"n"})};
  part("b.onnx", second);
  config(
      R"("pipeline": [{"a": {"filename": "a.onnx", "output_names_forwarder": {"out": "in"}}}, {"b": {"filename": "b.onnx"}},
            {"prompt": {"filename": "missing.onnx", "run_on_token_gen": false}}])");
  EXPECT_EQ(runOn({floatsOf({2}, {1, 4})}), "x : y 1000 2200");
}

TEST_F(OnnxParts, KeepTheirOpsets) {
  // Before opset 13 softmax is over all axes from its own on.
  auto softmax = [](const std::string &x, const std::string &y) {
    return Graph{{node("Softmax", {x}, {y}, {attribute("axis", 0)})},
                 {value(x, onnxFloat, {"2", "2"})},
                 {value(y, onnxFloat, {"2", "2"})},
                 {}};
  };
  part("a.onnx", softmax("x", "mid"), 17);
  part("inner/b.onnx", softmax("mid", "y"), 11);
  config(twoParts);
  // Columns of zeros become halves, and four halves a quarter each.
  EXPECT_EQ(runOn({floatsOf({2, 2}, {0, 0, 0, 0})}), "x : y 25 25 25 25");
  part("a.onnx", softmax("x", "mid"), 11);
  part("inner/b.onnx", softmax("mid", "y"), 17);
  EXPECT_EQ(runOn({floatsOf({2, 2}, {0, 0, 0, 0})}), "x : y 50 50 50 50");
}

TEST_F(OnnxParts, NamesOfTheConfigurationHaveRoles) {
  Graph graph = {{node("Cast", {"tokens"}, {"f"}, {attribute("to", 1)}), node("Identity", {"kv_0_k"}, {"kv"})},
                 {value("tokens", onnxInt64, {"a", "b"}), value("kv_0_k", onnxFloat, {"c", "2", "d", "4"})},
                 {value("f", onnxFloat, {"a", "b"}), value("kv", onnxFloat, {"c", "2", "d", "4"})},
                 {}};
  part("m.onnx", graph);
  config(
      R"("filename": "m.onnx", "inputs": {"input_ids": "tokens", "past_key_names": "kv_%d_k"}, "outputs": {"logits": "f"})");
  auto model = importOnnx(context, folder);
  ASSERT_TRUE(model.ok()) << model.message();
  auto function = model->module->lookupSymbol<mlir::func::FuncOp>("forward");
  EXPECT_EQ(function.getArgAttrOfType<mlir::StringAttr>(0, "llm.role").str(), "input_ids");
  EXPECT_EQ(function.getArgAttrOfType<mlir::StringAttr>(1, "llm.role").str(), "past");
  EXPECT_EQ(function.getResultAttrOfType<mlir::StringAttr>(0, "llm.role").str(), "logits");
  auto symbols = function->getAttrOfType<mlir::ArrayAttr>("llm.symbols");
  std::string names;
  for (mlir::Attribute symbol : symbols)
    names += llvm::cast<mlir::StringAttr>(symbol).str() + " ";
  EXPECT_EQ(names, "batch tokens past ");
}

TEST_F(OnnxParts, BadFoldersAreRefusedWithOneMessage) {
  part("a.onnx", binary("Add", "x", "mid", 2));
  auto expect = [&](const std::string &decoder, const std::string &wanted) {
    config(decoder);
    EXPECT_NE(problem().find(wanted), std::string::npos) << problem();
  };
  expect("", "has neither model.decoder.filename nor a pipeline");
  expect(twoParts, "inner/b.onnx");
  expect(R"("pipeline": [{"a": {}}])", "has no filename of the part 'a'");
  expect(R"("pipeline": [{"a": {"filename": "../a.onnx"}}])", "names the model '../a.onnx' of the part 'a'");
  expect(R"("pipeline": [3])", "a part of the pipeline that is no object");
  expect(R"("pipeline": [{"a": {"filename": "a.onnx"}}, {"a": {"filename": "a.onnx"}}])", "names the part 'a' twice");
  expect(R"("pipeline": [{"a": {"filename": "a.onnx"}}, {"b": {"filename": "a.onnx"}}])", "two parts give 'mid'");
  Graph other = {{node("Cast", {"x"}, {"y"}, {attribute("to", 1)})},
                 {value("x", onnxInt64, {"n"})},
                 {value("y", onnxFloat, {"n"})},
                 {}};
  part("inner/b.onnx", other);
  expect(twoParts, "takes 'x' in another element type");
}

} // namespace
