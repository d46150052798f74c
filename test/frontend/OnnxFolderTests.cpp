// Which file of a folder is the model.
#include "frontend/onnx/Onnx.h"
#include "test/frontend/OnnxMessages.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <mlir/IR/MLIRContext.h>

using namespace lathe;
using namespace lathe::test;

namespace {

TEST(OnnxFolder, NamesItsModel) {
  std::string folder = testing::TempDir() + "onnx_import_folders";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  mlir::MLIRContext context;
  auto message = [&] {
    auto model = importOnnx(context, folder);
    return model ? std::string("imported") : model.message();
  };
  EXPECT_NE(message().find("neither a genai_config.json nor an .onnx file"), std::string::npos);
  Graph graph = {{node("Neg", {"x"}, {"y"})}, {value("x", onnxFloat, {"n"})}, {value("y", onnxFloat, {"n"})}, {}};
  writeFile(folder + "/a.onnx", modelBytes(graph));
  EXPECT_EQ(message(), "imported");
  writeFile(folder + "/b.onnx", modelBytes(graph));
  EXPECT_NE(message().find("has 2 .onnx files ('a.onnx', 'b.onnx')"), std::string::npos);
  writeFile(folder + "/genai_config.json", R"({"model": {"decoder": {"filename": "b.onnx"}}})");
  EXPECT_EQ(message(), "imported");
  writeFile(folder + "/genai_config.json", R"({"model": {"decoder": {"filename": "../a.onnx"}}})");
  EXPECT_NE(message().find("names the model '../a.onnx'"), std::string::npos);
  writeFile(folder + "/genai_config.json", "[1, 2");
  EXPECT_NE(message().find("genai_config.json: is no JSON object"), std::string::npos);
  std::filesystem::remove_all(folder);
}

} // namespace
