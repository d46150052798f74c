// embedding from a table of weights: packed in lanes where its elements are blocks or a linear reads the same table.
#include "kernels-templates/TokenRows.h"

using namespace mlir;

namespace lathe::kernels {
namespace {

class Embedding : public Kernel {
public:
  StringRef name() const override { return "embedding"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto embedding = dyn_cast<llm::EmbeddingOp>(root);
    if (!embedding)
      return;
    Builder builder(root->getContext());
    auto table = cast<RankedTensorType>(embedding.getTable().getType());
    AffineExpr count = leadingSize(embedding.getResult(), 1, context.shapes);
    std::string weight = weightText(table.getElementType()), output = floatText(embedding.getResult());
    if (!isWeight(embedding.getTable()) || !table.hasStaticShape() || table.getRank() != 2 ||
        table.getDimSize(0) == 0 || table.getDimSize(1) == 0 || weight.empty() || output.empty() || !count)
      return;
    bool blocks = isa<llm::BlockType>(table.getElementType());
    bool shared = llvm::any_of(embedding.getTable().getUsers(), [&](Operation *user) {
      auto linear = dyn_cast<llm::LinearOp>(user);
      return linear && linear.getWeight() == embedding.getTable();
    });
    // Once with the conversion of the ids inside, once without.
    for (bool casts : {true, false}) {
      Launch launch;
      SmallVector<Operation *> passed;
      Value ids = casts ? behindViews(embedding.getIndices(), true, &passed) : Value(embedding.getIndices());
      if (casts && passed.empty())
        continue;
      auto type = cast<RankedTensorType>(ids.getType()).getElementType();
      if (!type.isInteger(32) && !type.isInteger(64))
        continue;
      launch.ops = {embedding};
      addOps(launch.ops, passed);
      sortOps(launch.ops);
      launch.recomputed.insert(passed.begin(), passed.end());
      launch.inputs = {embedding.getTable(), ids};
      launch.outputs = {embedding.getResult()};
      launch.packing = {blocks || shared ? Packing::Lanes : Packing::Plain, Packing::Plain};
      launch.set(builder, "rows", table.getDimSize(0));
      launch.set(builder, "columns", table.getDimSize(1));
      launch.set(builder, "packed", blocks || shared);
      launch.setType(builder, "Weight", weight);
      launch.setType(builder, "Index", elementTypeText(type));
      launch.setType(builder, "Output", output);
      launch.params = {count};
      launch.grid = count;
      launches.push_back(std::move(launch));
    }
  }
};

} // namespace
} // namespace lathe::kernels

LATHE_KERNEL(embedding, lathe::kernels::Embedding)
