// The form in which ONNX exports become modules: arguments and their sizes, the attention normal form, weights and
// metadata. Counts of operators are those of the files (meta.json beside them).
#include "frontend/onnx/Onnx.h"
#include "ir/llm/IndexOps.h"
#include "ir/llm/Llm.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>

using namespace lathe;

namespace {

std::string exportFolder(const std::string &name) { return std::string(LATHE_SHARED_DATA) + "/exports/" + name; }

template <class Op> size_t count(const Model &model) {
  size_t found = 0;
  model.module.get()->walk([&](Op) { ++found; });
  return found;
}

mlir::func::FuncOp forwardOf(const Model &model) {
  return model.module.get().lookupSymbol<mlir::func::FuncOp>("forward");
}

/// "input_ids: batch, tokens" for every argument.
std::vector<std::string> argumentTexts(const Model &model) {
  mlir::func::FuncOp forward = forwardOf(model);
  auto symbols = forward->getAttrOfType<mlir::ArrayAttr>("llm.symbols");
  std::vector<std::string> texts;
  for (unsigned i = 0; i < forward.getNumArguments(); ++i) {
    std::string text = forward.getArgAttrOfType<mlir::StringAttr>(i, "llm.name").str() + ":";
    for (mlir::AffineExpr size : forward.getArgAttrOfType<mlir::AffineMapAttr>(i, "llm.dims").getValue().getResults()) {
      std::string sum;
      size.walk([&](mlir::AffineExpr part) {
        if (auto symbol = llvm::dyn_cast<mlir::AffineSymbolExpr>(part))
          sum += (sum.empty() ? "" : "+") + llvm::cast<mlir::StringAttr>(symbols[symbol.getPosition()]).str();
        if (auto number = llvm::dyn_cast<mlir::AffineConstantExpr>(part))
          sum += std::to_string(number.getValue());
      });
      text += " " + sum;
    }
    texts.push_back(text);
  }
  return texts;
}

class OnnxImport : public testing::Test {
protected:
  mlir::MLIRContext context;

  std::optional<Model> import(const std::string &name) {
    if (!std::filesystem::exists(exportFolder(name)))
      return std::nullopt;
    auto model = importOnnx(context, exportFolder(name));
    EXPECT_TRUE(model.ok()) << model.message();
    return model ? std::optional<Model>(std::move(*model)) : std::nullopt;
  }
};

#define IMPORT_OR_SKIP(MODEL, NAME)                                                                                    \
  if (!std::filesystem::exists(exportFolder(NAME)))                                                                    \
    GTEST_SKIP() << NAME << " is not there";                                                                           \
  auto MODEL = import(NAME);                                                                                           \
  ASSERT_TRUE(MODEL.has_value())

TEST_F(OnnxImport, ExportersAgreeOnTheSizesOfArguments) {
  std::vector<std::string> expected = {"input_ids: batch tokens",
                                       "attention_mask: batch past+tokens",
                                       "position_ids: batch tokens",
                                       "past_key_values.0.key: batch 2 past 16",
                                       "past_key_values.0.value: batch 2 past 16",
                                       "past_key_values.1.key: batch 2 past 16",
                                       "past_key_values.1.value: batch 2 past 16"};
  for (const char *name : {"llama-ts", "llama-optimum", "llama-dynamo", "llama-dynamo23"}) {
    IMPORT_OR_SKIP(model, name);
    EXPECT_EQ(argumentTexts(*model), expected) << name;
    EXPECT_EQ(forwardOf(*model)->getAttrOfType<mlir::ArrayAttr>("llm.symbols").size(), 3u) << name;
  }
}

TEST_F(OnnxImport, HeadSizeOfACacheFollowsFromTheOperator) {
  IMPORT_OR_SKIP(model, "llama-genai-fp32"); // the file says kv_cache_dim
  std::vector<std::string> texts = argumentTexts(*model);
  EXPECT_EQ(texts[1], "attention_mask: batch past+tokens");
  EXPECT_EQ(texts[2], "past_key_values.0.key: batch 2 past 16");
}

TEST_F(OnnxImport, GroupQueryAttentionIsInNormalForm) {
  IMPORT_OR_SKIP(model, "llama-genai-fp32");
  EXPECT_EQ(count<llm::AttentionOp>(*model), 2u);
  EXPECT_EQ(count<llm::RopeOp>(*model), 4u);
  EXPECT_EQ(count<llm::RmsNormOp>(*model), 5u);
  mlir::Operation *returned = forwardOf(*model).getBody().front().getTerminator();
  model->module->walk([&](llm::AttentionOp attention) {
    EXPECT_TRUE(attention.getCausal());
    EXPECT_TRUE(attention.getLengths() && !attention.getMask());
    // The own part is written behind what each sequence has: the end of the cache unless a prompt was shorter.
    auto written = attention.getKey().getDefiningOp<llm::TensorScatterOp>();
    ASSERT_TRUE(written && written.getAxis() == 1 && written.getStarts());
    auto longer = written.getX().getDefiningOp<llm::ConcatOp>();
    ASSERT_TRUE(longer && longer.getAxis() == 1 && longer.getInputs().size() == 2);
    EXPECT_EQ(longer.getInputs()[1], written.getUpdate());
    auto past = longer.getInputs()[0].getDefiningOp<llm::TransposeOp>();
    ASSERT_TRUE(past && llvm::isa<mlir::BlockArgument>(past.getX()));
    EXPECT_TRUE(written.getUpdate().getDefiningOp<llm::RopeOp>());
    bool isPresent = false;
    for (mlir::Operation *user : written->getUsers())
      isPresent |= llvm::isa<llm::TransposeOp>(user) && llvm::is_contained(user->getUsers(), returned);
    EXPECT_TRUE(isPresent);
  });
}

TEST_F(OnnxImport, PrimitiveGraphsHaveStaticSizesAndNoDeadNodes) {
  IMPORT_OR_SKIP(model, "llama-ts");
  EXPECT_EQ(count<llm::MatmulOp>(*model), 20u); // as the file
  EXPECT_EQ(count<llm::SoftmaxOp>(*model), 2u);
  model->module->walk([&](llm::MatmulOp product) {
    auto type = llvm::cast<mlir::RankedTensorType>(product.getResult().getType());
    EXPECT_TRUE(type.getRank() == 3 ? true : type.getDimSize(1) == 4) << "heads are known";
  });
  model->module->walk([&](mlir::Operation *op) {
    EXPECT_FALSE(mlir::isOpTriviallyDead(op));
    EXPECT_TRUE(llvm::isa<mlir::ModuleOp>(op) || llvm::isa<mlir::NameLoc>(op->getLoc()))
        << op->getName().getStringRef().str();
  });
}

TEST_F(OnnxImport, FourBitWeightsAndMetadata) {
  IMPORT_OR_SKIP(model, "llama-genai-int4");
  EXPECT_EQ(count<llm::LinearOp>(*model), 11u);
  size_t packed = 0;
  for (const Weight &weight : model->weights)
    packed += weight.type == LATHE_INT4;
  EXPECT_EQ(packed, 11u);
  EXPECT_EQ(model->metadata["architecture"], "llama");
  EXPECT_EQ(model->metadata["context_length"], 256);
  EXPECT_EQ(model->metadata["vocabulary"], 256);
  EXPECT_EQ(model->metadata["eos_ids"], nlohmann::json::array({0}));
}

} // namespace
