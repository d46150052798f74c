// Lists as parameters, and the functions of integers: what files of layers that differ need.
#include "test/frontend/ModelLanguage.h"

using namespace lathe;
using namespace lathe::test;

namespace {

class ModelLanguageLists : public ModelLanguage {
protected:
  using Items = std::vector<ParameterItem>;

  /// How often each of two layers doubles its input, for a parameter declared so.
  std::string doubling(const std::string &declaration, const std::string &times) {
    auto built = build("model m\nparameters { " + declaration + " }\nweights { w: [4, 2] hf \"table\" }\n" +
                       "graph(ids) {\n  h = embedding(w, ids)\n  for layer in 0..2 {\n    for i in 0.." + times +
                       " { h = h + h }\n    h = silu(h)\n  }\n  return linear(h, w)\n}\n");
    if (!built)
      return built.message();
    std::string found = "0";
    built->module->walk([&](mlir::Operation *op) {
      if (mlir::isa<llm::AddOp>(op))
        ++found.back();
      if (mlir::isa<llm::SiluOp>(op))
        found += "0";
    });
    return found.substr(0, 2);
  }
};

TEST_F(ModelLanguageLists, ComeFromTheFile) {
  config_["times"] = ParameterValue(Items{int64_t(3), int64_t(1)});
  EXPECT_EQ(doubling("times: [int] hf \"times\"", "times[layer]"), "31");
  config_["kinds"] = ParameterValue(Items{std::string("wide"), std::string("narrow")});
  EXPECT_EQ(doubling("kinds: [text] hf \"kinds\"", "(2 if kinds[layer] == \"narrow\" else 0)"), "02");
}

TEST_F(ModelLanguageLists, HaveDefaults) {
  EXPECT_EQ(doubling("times: [int] hf \"gone\" = [4 - 3 * mod(i, 2) for i in 0..2]", "times[layer]"), "41");
  EXPECT_EQ(doubling("times: [float] hf \"gone\" = [2.9, 0.5]", "int(times[layer])"), "20");
  EXPECT_NE(doubling("times: [int] hf \"gone\" = [1, 0.5]", "times[layer]").find("which is not the type of 'times'"),
            std::string::npos);
}

TEST_F(ModelLanguageLists, AndSingleValuesStandForEachOther) {
  config_["times"] = ParameterValue(Items{int64_t(2), int64_t(2)});
  EXPECT_EQ(doubling("times: int hf \"times\"", "times"), "22");
  config_["times"] = ParameterValue(int64_t(3));
  EXPECT_EQ(doubling("times: [int] hf \"times\"", "times[0] * length(times)"), "33");
}

TEST_F(ModelLanguageLists, SayWhatDoesNotFit) {
  config_["times"] = ParameterValue(Items{int64_t(2), int64_t(1)});
  EXPECT_EQ(doubling("times: int hf \"times\"", "times"),
            "folder: 'times' is a list of 2 values that differ, where one value is expected");
  config_["times"] = ParameterValue(Items{});
  EXPECT_EQ(doubling("times: int hf \"times\"", "times"),
            "folder: 'times' is a list of 0 values, where one value is expected");
  config_["times"] = ParameterValue(Items{int64_t(2), std::string("x")});
  EXPECT_EQ(doubling("times: [int] hf \"times\"", "times[0]"), "folder: 'times' holds a text, expected an integer");
  EXPECT_NE(message("", "h = embedding(w, ids)\nfor i in 0..mod(3, 0) { h = silu(h) }\nreturn linear(h, w)")
                .find("'mod' takes"),
            std::string::npos);
}

} // namespace
