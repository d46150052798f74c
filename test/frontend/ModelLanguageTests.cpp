// What the model language builds from a text.
#include "test/frontend/ModelLanguage.h"

#include <fstream>
#include <set>

using namespace lathe;
using namespace lathe::test;

namespace {

TEST_F(ModelLanguage, BuildsAGraph) {
  auto built = build("model m\n"
                     "parameters { n: int hf \"n\" = 2 }\n"
                     "weights { w: [n + 2, n] hf \"gone\" | \"table\" }\n"
                     "def twice(x) { return x + x }\n"
                     "graph(ids) {\n"
                     "  h = embedding(w, ids)\n"
                     "  for i in 0..n { h = twice(h) * 0.5 }   # a comment\n"
                     "  h = silu(h) if n == 2 else h\n"
                     "  return linear(h, w)\n"
                     "}\n");
  ASSERT_TRUE(built.ok()) << built.message();
  EXPECT_EQ(ops<llm::AddOp>(*built->module).size(), 2u);
  EXPECT_EQ(ops<llm::MulOp>(*built->module).size(), 2u);
  EXPECT_EQ(ops<llm::SiluOp>(*built->module).size(), 1u);
  EXPECT_EQ(ops<llm::WeightOp>(*built->module).size(), 1u);
  EXPECT_TRUE(ops<llm::PositionsOp>(*built->module).empty());
  auto function = built->module->lookupSymbol<mlir::func::FuncOp>("forward");
  EXPECT_EQ(function.getArgAttrOfType<mlir::StringAttr>(0, "llm.name"), "input_ids");
  EXPECT_EQ(function.getResultAttrOfType<mlir::StringAttr>(0, "llm.name"), "logits");
}

TEST_F(ModelLanguage, GivesOptionalOperandsAndAttributes) {
  auto built = build("model m\nweights { w: [4, 2] hf \"table\" }\n"
                     "graph(ids) {\n"
                     "  h = reshape(embedding(w, ids), [batch, tokens, 1, 2])\n"
                     "  h = rope(h, positions, [0.5], dims: 2, interleaved: true, factor: 2)\n"
                     "  a = attention(h, h, h, none, none, none, [1.0], scale: 1, window: 3)\n"
                     "  return linear(reshape(a, [batch, tokens, 2]), w)\n"
                     "}\n");
  ASSERT_TRUE(built.ok()) << built.message();
  llm::RopeOp rope = ops<llm::RopeOp>(*built->module).at(0);
  EXPECT_TRUE(rope.getInterleaved());
  EXPECT_EQ(rope.getFactor().convertToFloat(), 2.0f);
  EXPECT_EQ(llm::constantSplat(rope.getFrequencies()), 0.5);
  llm::AttentionOp attention = ops<llm::AttentionOp>(*built->module).at(0);
  EXPECT_FALSE(attention.getCausal());
  EXPECT_FALSE(attention.getMask());
  EXPECT_TRUE(attention.getSinks());
  EXPECT_EQ(attention.getWindow(), 3u);
}

// The example of the reference is a model file that works.
TEST_F(ModelLanguage, ReferenceHasAValidExample) {
  std::ifstream file(std::string(LATHE_SOURCE_DIR) + "/docs/model-language.md");
  std::string page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  size_t begin = page.find("```\n") + 4, end = page.find("```", begin);
  ASSERT_NE(end, std::string::npos);
  Result<dsl::ModelText> model = dsl::parse({"example.lm", page.substr(begin, end - begin)});
  ASSERT_TRUE(model.ok()) << model.message();
  EXPECT_EQ(model->name, "mistral");
  EXPECT_EQ(model->weights.size(), 12u);
  Status status = dsl::check(*model, context_);
  EXPECT_TRUE(status.ok()) << status.message();
}

TEST_F(ModelLanguage, BuiltInModelsAreValid) {
  auto models = dsl::builtInModels(context_);
  ASSERT_TRUE(models.ok()) << models.message();
  std::set<std::string> names;
  for (const dsl::ModelText &model : *models)
    names.insert(model.name);
  EXPECT_TRUE(names.contains("llama"));
  EXPECT_EQ(names.size(), models->size()); // each name once
}

} // namespace
