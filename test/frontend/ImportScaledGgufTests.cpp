// GGUF files whose matrices have scales, written by llama.cpp's tests. Expected: transformers 5.24.0 in float32
// (GPT2LMHeadModel, Qwen2ForCausalLM, plus the file's output.bias) with gguf-py's values, where those of the
// attention's matrices are multiplied by their scale: the first logits of the last of the tokens 3, 8, 13, ... 58.
#include "test/frontend/ModelLogits.h"
#include "test/frontend/SharedData.h"

#include <gtest/gtest.h>

using namespace lathe;
using namespace lathe::test;

namespace {

void expectLast(const char *path, const std::vector<double> &expected) {
  if (!hasSharedData(path))
    GTEST_SKIP() << path << " is not there";
  std::vector<int64_t> ids;
  for (int64_t i = 0; i < 12; ++i)
    ids.push_back(5 * i + 3);
  Result<ModelLogits> logits = logitsOf(sharedData(path), ids);
  ASSERT_TRUE(logits.ok()) << logits.message();
  ASSERT_EQ(logits->values.size(), 12u * 128u);
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(logits->values[11 * 128 + i], expected[i], 1e-5) << i;
}

TEST(ImportScaledGguf, Gpt2) {
  expectLast("gguf/gpt2-dense.gguf",
             {0.0939968, 0.2537884, 0.0126756, -0.3482201, -0.0113949, 0.4106178, 0.1079859, 0.1072227});
}

TEST(ImportScaledGguf, Qwen2) {
  expectLast("gguf/qwen2-dense.gguf",
             {-0.2640225, 0.2175069, 0.0235041, -0.1847534, 0.0938618, 0.0457460, 0.2436803, -0.0554218});
}

} // namespace
