// Damaged and hostile ONNX files end in a message: nothing crashes, hangs, allocates what the file does not hold, or
// reads outside the model's folder.
#include "frontend/onnx/Onnx.h"
#include "test/frontend/OnnxMessages.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <mlir/IR/MLIRContext.h>

using namespace lathe;
using namespace lathe::test;

namespace {

class OnnxFile : public testing::Test {
protected:
  void SetUp() override {
    folder = testing::TempDir() + "onnx_file_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  Result<Model> import(const std::string &bytes) {
    writeFile(folder + "/model.onnx", bytes);
    return importOnnx(context, folder);
  }
  std::string messageOf(const std::string &bytes) {
    Result<Model> model = import(bytes);
    return model ? "imported" : model.message();
  }

  std::string folder;
  mlir::MLIRContext context;
};

Graph addOfWeight(Message weight) {
  return {{node("Add", {"x", "w"}, {"y"})},
          {value("x", onnxFloat, {"rows", "80"})},
          {value("y", onnxFloat, {"rows", "80"})},
          {std::move(weight)}};
}
Graph small() { return addOfWeight(floats("w", {80}, std::vector<float>(80, 0.5f))); }

TEST_F(OnnxFile, InlineWeightsStayInTheFile) {
  auto model = import(modelBytes(small()));
  ASSERT_TRUE(model.ok()) << model.message();
  ASSERT_EQ(model->weights.size(), 1u);
  EXPECT_FALSE(model->weights[0].inMemory());
  EXPECT_EQ(model->weights[0].bytes, 320u);
  float first;
  std::memcpy(&first, model->weights[0].data().data(), 4);
  EXPECT_EQ(first, 0.5f);
}

TEST_F(OnnxFile, CutFilesFail) {
  std::string bytes = modelBytes(small());
  for (size_t size = 0; size < bytes.size() - 60; size += 3) // the end is opset_import, without which it fails as well
    EXPECT_NE(messageOf(bytes.substr(0, size)), "imported") << size;
}

TEST_F(OnnxFile, FlippedBytesDoNotCrash) {
  std::string bytes = modelBytes(small());
  int failed = 0;
  for (size_t i = 0; i < bytes.size(); i += i > 60 && i + 200 < bytes.size() ? 40 : 1)
    for (char flip : {char(1), char(-128), char(-1)}) {
      std::string damaged = bytes;
      damaged[i] ^= flip;
      failed += messageOf(damaged) != "imported";
    }
  EXPECT_GT(failed, 100);
}

TEST_F(OnnxFile, ExternalDataStaysInTheFolder) {
  writeFile(folder + "/weights.bin", std::string(400, '\0'));
  writeFile(testing::TempDir() + "onnx_outside.bin", std::string(400, '\0'));
  std::filesystem::create_symlink(testing::TempDir() + "onnx_outside.bin", folder + "/link.bin");
  auto model = import(modelBytes(addOfWeight(externalFloats("w", {80}, "weights.bin", 64))));
  ASSERT_TRUE(model.ok()) << model.message();
  EXPECT_EQ(model->weights[0].offset, 64u);
  EXPECT_FALSE(model->weights[0].inMemory());
  for (std::string location :
       {std::string("../onnx_outside.bin"), testing::TempDir() + "onnx_outside.bin", std::string("link.bin"),
        std::string("absent.bin"), std::string(""), std::string("weights.bin/../weights.bin")})
    EXPECT_NE(messageOf(modelBytes(addOfWeight(externalFloats("w", {80}, location, 0)))).find("has external data in"),
              std::string::npos)
        << location;
  EXPECT_NE(messageOf(modelBytes(addOfWeight(externalFloats("w", {80}, "weights.bin", 100)))).find("has 400"),
            std::string::npos);
  EXPECT_NE(messageOf(modelBytes(addOfWeight(externalFloats("w", {80}, "weights.bin", UINT64_MAX)))).find("has 400"),
            std::string::npos);
}

TEST_F(OnnxFile, FunctionsAndDeepNesting) {
  Message loop;
  loop.text(1, "Loop").text(4, "a").text(5, "b").message(7, node("Loop", {"a"}, {"b"}, {}, "mine")).text(10, "mine");
  Graph graph = {
      {node("Loop", {"x"}, {"y"}, {}, "mine")}, {value("x", onnxFloat, {"2"})}, {value("y", onnxFloat, {"2"})}, {}};
  EXPECT_NE(messageOf(modelBytes(graph, 17, {loop})).find("which calls itself"), std::string::npos);
  Message nested = Message().text(2, "inner");
  for (int i = 0; i < 500; ++i)
    nested = Message().message(
        1, node("If", {"c"}, {"y"}, {Message().text(1, "then_branch").message(6, nested).number(20, 5)}));
  EXPECT_NE(messageOf(Message().message(7, nested).bytes).find("nested too deeply"), std::string::npos);
}

} // namespace
