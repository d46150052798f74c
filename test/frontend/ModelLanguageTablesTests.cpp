// rope_frequencies against transformers' ROPE_INIT_FUNCTIONS (5.24.0, base 5000, heads of 16), lists of tensors as
// operands, and shapes that say what a layer has.
#include "test/frontend/ModelLanguage.h"

using namespace lathe;
using namespace lathe::test;

namespace {

class ModelLanguageTables : public ModelLanguage {
protected:
  static std::string text(const std::string &arguments) {
    return "model m\nweights { w: [4, 2] hf \"table\" }\ngraph(ids) {\n  h = embedding(w, ids)\n"
           "  table = rope_frequencies(base: 5000, dims: 16" +
           arguments + ")\n  if table != none { h = h + table }\n  return h\n}\n";
  }
  /// The numbers of the only constant of a graph; empty when there is none.
  std::vector<double> table(const std::string &arguments) {
    auto built = build("model m\nweights { w: [4, 2] hf \"table\" }\ngraph(ids) {\n"
                       "  h = cast(embedding(w, ids), f32)\n"
                       "  x = reshape(concat([h for i in 0..8], axis: 2), [batch, tokens, 1, 16])\n"
                       "  y = rope(x, positions, rope_frequencies(base: 5000, dims: 16" +
                       arguments +
                       "), dims: 16)\n  return slice(reshape(y, [batch, tokens, 16]), axis: 2, from: 0, to: 4)\n}\n");
    EXPECT_TRUE(built.ok()) << built.message();
    std::vector<double> numbers;
    if (built)
      for (llm::RopeOp rope : ops<llm::RopeOp>(*built->module))
        if (auto constant =
                rope.getFrequencies() ? rope.getFrequencies().getDefiningOp<llm::ConstantOp>() : llm::ConstantOp())
          for (float number : constant.getValue().getValues<float>())
            numbers.push_back(number);
    return numbers;
  }
  void expect(const std::string &arguments, const std::vector<double> &wanted) {
    std::vector<double> numbers = table(arguments);
    ASSERT_EQ(numbers.size(), wanted.size()) << arguments;
    for (size_t i = 0; i < wanted.size(); ++i)
      EXPECT_NEAR(numbers[i], wanted[i], 1e-6 * wanted[i]) << arguments << " " << i;
  }
};

TEST_F(ModelLanguageTables, StretchFrequencies) {
  expect(", scaling: \"linear\", factor: 4",
         {0.25, 0.08621221, 0.02973018, 0.01025242, 0.003535534, 0.001219225, 0.0004204482, 0.0001449911});
  expect(", scaling: \"llama3\", factor: 8, original: 256, low: 1, high: 4",
         {1.0, 0.3448488, 0.1189207, 0.01315076, 0.001767767, 0.0006096123, 0.0002102241, 7.249553e-05});
  expect(", scaling: \"yarn\", factor: 4, original: 512",
         {1.0, 0.2931215, 0.0832445, 0.02255532, 0.005656854, 0.001219225, 0.0004204482, 0.0001449911});
  expect(", scaling: \"yarn\", factor: 4, original: 512, fast: 16, slow: 2, truncate: false",
         {1.0, 0.3448488, 0.09741319, 0.01784548, 0.003535534, 0.001219225, 0.0004204482, 0.0001449911});
}

TEST_F(ModelLanguageTables, AreNoneWhereTheBaseSaysItAll) {
  EXPECT_TRUE(table("").empty());
  EXPECT_TRUE(table(", scaling: \"default\", factor: 4").empty());
  EXPECT_TRUE(table(", scaling: \"linear\", factor: 0").empty());
  EXPECT_TRUE(table(", scaling: \"dynamic\", factor: 2").empty()); // within the trained context
}

TEST_F(ModelLanguageTables, RefuseWhatTheyDoNotKnow) {
  auto failure = [&](const std::string &arguments) {
    auto built = build(text(arguments));
    return built ? std::string() : built.message();
  };
  EXPECT_EQ(failure(", scaling: \"other\""),
            "folder: the rope scaling 'other' is not supported by the model m; supported: 'dynamic', 'linear', 'llama3', "
            "'yarn'");
  EXPECT_NE(failure(", scaling: \"yarn\", factor: 4").find("an original context of 0.000000 makes no sense"),
            std::string::npos);
  EXPECT_NE(failure(", scaling: 3").find("'scaling' of 'rope_frequencies' cannot be an integer"), std::string::npos);
  EXPECT_NE(failure(", scale: 3").find("'rope_frequencies' has no attribute 'scale'"), std::string::npos);
}

TEST_F(ModelLanguageTables, ShapesUseTheVariablesOfNames) {
  config_["rows"] = ParameterValue(std::vector<ParameterItem>{int64_t(4), int64_t(3)});
  auto last = [&](const std::string &layer) {
    auto built = build("model m\nparameters { rows: [int] hf \"rows\" }\nweights { w: [rows[part], 2] hf "
                       "\"tab{part}e\" | \"table\" }\n"
                       "graph(ids) {\n  part = " +
                       layer + "\n  return linear(embedding(w, ids), w)\n}\n");
    return built ? std::string() : built.message();
  };
  EXPECT_EQ(last("0"), "");
  EXPECT_EQ(last("1"),
            "folder: tensor 'table' has the shape [4, 2], but the model m with these parameters needs [3, 2]");
}

} // namespace
