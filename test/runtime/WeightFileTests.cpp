// Weights by reference: packed at load from the model's file, which must be the one the plan was made for.
#include "runtime/LoadedModel.h"
#include "test/runtime/ToyModel.h"

#include <gtest/gtest.h>

#include <functional>

using namespace lathe;

namespace {

constexpr uint64_t rows = 40, columns = 24, before = 100;

class WeightFileTest : public testing::Test {
protected:
  void SetUp() override {
    static std::string compiled = compileTestCode(toy::source);
    if (compiled.empty())
      GTEST_SKIP() << "no C compiler";
    code = compiled;
    for (uint64_t i = 0; i < rows * columns; ++i)
      values.push_back(float(i) * 0.25f - 100);
    file = std::string(before, 'x') + std::string(reinterpret_cast<const char *>(values.data()), values.size() * 4);
    writeTestFile(folder.path + "/model.bin", file);
  }
  /// A model whose weight is the two halves of the file's matrix, the second half first.
  Result<std::shared_ptr<const LoadedModel>> load(const std::string &fileName, bool hashed,
                                                  const std::function<void(PlanBuilder &)> &change = {}) {
    PlanBuilder b = toy::plan();
    b.files.push_back(b.name(fileName));
    uint64_t half = rows / 2 * columns * 4;
    for (uint64_t begin : {half, uint64_t(0)}) {
      LatheWeightPiece piece{0, LATHE_F32, before + begin, half, rows / 2, columns, 0, 0, 0};
      if (hashed)
        piece.hash = contentHash(std::as_bytes(std::span(file).subspan(before + begin, half)));
      b.pieces.push_back(piece);
    }
    b.weights.push_back(
        {b.name("w"), LATHE_F32, LATHE_LAYOUT_PLAIN, 0, rows, columns, UINT64_MAX, rows * columns * 4, {0, 2}});
    if (change)
      change(b);
    std::string path = folder.path + "/m.lathe";
    writeTestFile(path,
                  artifactBytes({{LATHE_SECTION_CODE, "cpu:x86-64", code}, {LATHE_SECTION_PLAN, "", b.planBytes()}}));
    auto artifact = Artifact::open(path);
    if (!artifact)
      return artifact.status();
    ThreadPool pool(2);
    return LoadedModel::load(*artifact, &pool);
  }
  TestFolder folder;
  std::string code, file;
  std::vector<float> values;
};

TEST_F(WeightFileTest, PiecesAreStacked) {
  for (const std::string &name : {std::string("model.bin"), folder.path + "/model.bin"})
    for (bool hashed : {false, true}) {
      auto model = load(name, hashed);
      ASSERT_TRUE(model.ok()) << model.message();
      const auto *got = reinterpret_cast<const float *>((*model)->weight(0));
      EXPECT_EQ(reinterpret_cast<uintptr_t>(got) % 64, 0u);
      size_t half = values.size() / 2;
      for (size_t i = 0; i < values.size(); ++i)
        ASSERT_EQ(got[i], values[i < half ? i + half : i - half]) << i;
    }
}

TEST_F(WeightFileTest, AnotherFileIsRefused) {
  std::string changed = file;
  changed[before + 5] ^= 1;
  writeTestFile(folder.path + "/model.bin", changed);
  EXPECT_TRUE(load("model.bin", false).ok());
  EXPECT_EQ(load("model.bin", true).message(),
            folder.path +
                "/m.lathe: model.bin is not the file the model was compiled from: the bytes of weight 'w' differ; "
                "compile the model again");
  writeTestFile(folder.path + "/model.bin", file.substr(0, file.size() - 1));
  EXPECT_NE(load("model.bin", false).message().find("is not the file the model was compiled from"), std::string::npos);
  EXPECT_NE(load("none.bin", false).message().find("none.bin: cannot be opened"), std::string::npos);
}

TEST_F(WeightFileTest, SizesThatContradictEachOtherAreRefused) {
  using Change = std::function<void(PlanBuilder &)>;
  const Change changes[] = {
      [](PlanBuilder &b) { b.weights[0].bytes -= 4; },
      [](PlanBuilder &b) { b.weights[0].bytes = uint64_t(1) << 62; },
      [](PlanBuilder &b) { b.weights[0].rows += 1; },
      [](PlanBuilder &b) { b.weights[0].rows = uint64_t(1) << 63; },
      [](PlanBuilder &b) { b.weights[0].columns = 0; },
      [](PlanBuilder &b) { b.weights[0].type = LATHE_Q4_K; },
      [](PlanBuilder &b) { b.weights[0].interleave = 7; },
      [](PlanBuilder &b) { b.weights[0].pieces.count = 3; },
      [](PlanBuilder &b) { b.pieces[0].offset = UINT64_MAX - 7; },
      [](PlanBuilder &b) { b.pieces[1].bytes += 1; },
      [](PlanBuilder &b) { b.pieces[1].file = 1; },
      [](PlanBuilder &b) { b.pieces[1].type = LATHE_I64; },
  };
  for (size_t i = 0; i < std::size(changes); ++i) {
    auto model = load("model.bin", false, changes[i]);
    EXPECT_FALSE(model.ok()) << "change " << i;
    EXPECT_NE(model.message(), "") << "change " << i;
  }
}

} // namespace
