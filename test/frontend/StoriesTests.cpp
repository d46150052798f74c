// A trained model, evaluated by the reference: the text and the perplexities that others publish for it.
#include "frontend/Frontend.h"
#include "frontend/ReferenceWeights.h"
#include "runtime/tokenizer/Tokenizer.h"
#include "test/frontend/SharedData.h"

#include <cmath>
#include <fstream>
#include <gtest/gtest.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <sstream>

using namespace lathe;
using namespace lathe::test;
using reference::Tensor;

namespace {

class Stories : public testing::Test {
protected:
  void load(const std::string &file) {
    Result<Model> imported = importModel(context, sharedData("stories260K/" + file));
    ASSERT_TRUE(imported.ok()) << imported.message();
    model.emplace(std::move(*imported));
    auto created = Tokenizer::create(*model->tokenizer);
    ASSERT_TRUE(created.ok()) << created.message();
    tokenizer = *created;
    function = model->module->lookupSymbol<mlir::func::FuncOp>("forward");
    options.weights = evaluatorWeights(model->weights);
  }

  /// The logits of every token, one row after another.
  std::vector<double> logitsOf(const std::vector<int64_t> &ids) {
    std::vector inputs{*Tensor::ofValues<int64_t>(LATHE_I64, {1, static_cast<int64_t>(ids.size())}, ids)};
    auto results = reference::evaluate(function, inputs, options);
    EXPECT_TRUE(results.ok()) << results.message();
    return results.ok() ? results->front().values<double>() : std::vector<double>(ids.size() * vocabulary);
  }

  static constexpr int64_t vocabulary = 512;
  mlir::MLIRContext context;
  std::optional<Model> model;
  std::shared_ptr<const Tokenizer> tokenizer;
  mlir::func::FuncOp function;
  reference::EvaluateOptions options;
};

// llama2.c's text, greedy from the start token.
TEST_F(Stories, GreedyText) {
  if (!hasSharedData("stories260K/stories260K-f32.gguf"))
    GTEST_SKIP() << "stories260K is not there";
  ASSERT_NO_FATAL_FAILURE(load("stories260K-f32.gguf"));
  const std::string expected = "Once upon a time, there was a little girl named Lily. She loved to play outside in the "
                               "park. One day, she saw a big, red "
                               "ball. She wanted to play with it, but it was too high.\nLily's mom said, \"Lily, let's "
                               "go to the park.\" Lily was sad and "
                               "didn't know what to do.";
  std::vector<int64_t> ids = {1};
  std::string text;
  while (text.size() < expected.size() && ids.size() < 200) {
    std::vector<double> logits = logitsOf(ids);
    auto last = logits.end() - vocabulary;
    ids.push_back(std::max_element(last, logits.end()) - last);
    std::vector<int32_t> narrow(ids.begin(), ids.end());
    text = tokenizer->decode(narrow, true);
  }
  EXPECT_EQ(text.substr(0, expected.size()), expected);
}

// llama.cpp's figures and its rule: BOS in front of the text and of each window of 128, the second half of a window is
// scored.
TEST_F(Stories, Perplexity) {
  struct Published {
    const char *file;
    double perplexity;
  };
  for (auto [file, perplexity] : {Published{"stories260K-f32.gguf", 4.1503}, Published{"stories260K-Q8_0.gguf", 4.1617},
                                  Published{"stories260K-Q4_0.gguf", 4.3810}}) {
    if (!hasSharedData(std::string("stories260K/") + file))
      GTEST_SKIP() << file << " is not there";
    ASSERT_NO_FATAL_FAILURE(load(file));
    std::ifstream stream(sharedData("text/tinystories_plain.txt"));
    std::stringstream text;
    text << stream.rdbuf();
    auto ids = tokenizer->encode(text.str(), true, false);
    ASSERT_TRUE(ids.ok()) << ids.message();
    double sum = 0;
    size_t count = 0;
    for (size_t first = 0; first + 128 <= ids->size(); first += 128) {
      std::vector<int64_t> window(ids->begin() + first, ids->begin() + first + 128);
      window[0] = 1;
      std::vector<double> logits = logitsOf(window);
      for (size_t token = 64; token + 1 < window.size(); ++token, ++count) {
        const double *row = logits.data() + token * vocabulary;
        double largest = *std::max_element(row, row + vocabulary), total = 0;
        for (int64_t i = 0; i < vocabulary; ++i)
          total += std::exp(row[i] - largest);
        sum += std::log(total) + largest - row[window[token + 1]];
      }
    }
    ASSERT_GT(count, 0u);
    // The quantised figures are of int8 activations, ours of exact ones.
    EXPECT_NEAR(std::exp(sum / count), perplexity, std::string(file).find("f32") != std::string::npos ? 1e-3 : 2e-2)
        << file;
  }
}

} // namespace
