// cached_attention, with queries read in place where they are a slice of a fused buffer.
#include "kernels-templates/KeyPattern.h"
#include "kernels-templates/TokenRows.h"

using namespace mlir;

namespace lathe::kernels {
namespace {

class CachedAttention : public Kernel {
public:
  StringRef name() const override { return "cached_attention"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto attention = dyn_cast<llm::CachedAttentionOp>(root);
    if (!attention)
      return;
    for (bool slices : {true, false})
      if (auto launch = build(attention, slices, context))
        launches.push_back(std::move(*launch));
  }

private:
  // As in the template.
  static constexpr int64_t splitTokens = 4, blockTokens = 8, mostQueries = 8;

  static std::optional<Launch> build(llm::CachedAttentionOp attention, bool slices, const MatchContext &context) {
    Builder builder(attention.getContext());
    auto cache = attention.getCache().getType();
    auto type = cast<RankedTensorType>(attention.getQuery().getType());
    if (type.getRank() != 4 || type.isDynamicDim(2) || type.getDimSize(3) != cache.getHeadDim() ||
        type.getDimSize(2) % cache.getHeads() != 0)
      return std::nullopt;
    int64_t heads = type.getDimSize(2), kvHeads = cache.getHeads(), headDim = cache.getHeadDim(),
            width = heads * headDim;
    auto tokens = context.shapes.sizeOf(attention.getPositions(), 0),
         blocks = context.shapes.sizeOf(attention.getBlockTable(), 1);
    bool isInt32 = llvm::all_of(
        ValueRange{attention.getPositions(), attention.getSequences(), attention.getBlockTable()},
        [](Value value) { return cast<RankedTensorType>(value.getType()).getElementType().isInteger(32); });
    auto isFloat = [](Value value) { return !value || !floatText(value).empty(); };
    TokenRows query =
        slices ? tokenRows(attention.getQuery(), width, context.shapes) : TokenRows{attention.getQuery(), 0, width, {}};
    if ((slices && query.passed.empty()) || !tokens || !blocks || !isInt32 || cache.getPageTokens() != 64 ||
        floatText(query.base).empty() || floatText(attention.getResult()).empty() || !isFloat(attention.getSlopes()) ||
        !isFloat(attention.getSinks()) ||
        !(cache.getElementType().isF32() || cache.getElementType().isF16() || cache.getElementType().isBF16()))
      return std::nullopt;

    int64_t distances = 0;
    if (auto slopes = attention.getSlopes(); slopes && cast<RankedTensorType>(slopes.getType()).getRank() == 2)
      distances = cast<RankedTensorType>(slopes.getType()).getDimSize(1);
    if (distances < 0)
      return std::nullopt;

    Launch launch;
    launch.ops = {attention};
    addOps(launch.ops, query.passed);
    sortOps(launch.ops);
    launch.recomputed.insert(query.passed.begin(), query.passed.end());
    launch.inputs = {query.base, attention.getCache(), attention.getPositions(), attention.getSequences(),
                     attention.getBlockTable()};
    if (attention.getSlopes())
      launch.inputs.push_back(attention.getSlopes());
    if (attention.getSinks())
      launch.inputs.push_back(attention.getSinks());
    launch.outputs = {attention.getResult()};

    launch.set(builder, "heads", heads);
    launch.set(builder, "kvHeads", kvHeads);
    launch.set(builder, "headDim", headDim);
    launch.set(builder, "queryStride", query.stride);
    launch.set(builder, "queryOffset", query.offset);
    launch.set(builder, "window", int64_t(attention.getWindow()));
    setPattern(attention, launch, builder, /*lastBlocks=*/0, /*denseLength=*/0);
    launch.set(builder, "scale", attention.getScale().convertToFloat());
    launch.set(builder, "softcap", attention.getSoftcap().convertToFloat());
    launch.set(builder, "slopes", bool(attention.getSlopes()));
    launch.set(builder, "sinks", bool(attention.getSinks()));
    launch.set(builder, "distances", distances);
    launch.setType(builder, "Query", floatText(query.base));
    launch.setType(builder, "Cache", elementTypeText(cache.getElementType()));
    launch.setType(builder, "Slopes", attention.getSlopes() ? floatText(attention.getSlopes()) : "float");
    launch.setType(builder, "Sinks", attention.getSinks() ? floatText(attention.getSinks()) : "float");
    launch.setType(builder, "Output", floatText(attention.getResult()));

    int64_t partialFloats = (headDim + 2 + 15) / 16 * 16, rowFloats = (headDim + 15) / 16 * 16;
    int64_t queries = blockTokens * (heads / kvHeads);
    AffineExpr chunks = blocks.ceilDiv(2);
    launch.params = {tokens, blocks};
    launch.grid = tokens * chunks * kvHeads;
    launch.threadScratch = builder.getAffineConstantExpr(
        4 * (16 + queries * (rowFloats + partialFloats) + mostQueries * (128 + partialFloats)));
    launch.workspaces = {{chunks * (splitTokens * heads * partialFloats * 4), false},
                         {builder.getAffineConstantExpr(splitTokens * kvHeads * 64), true}};
    int64_t perBlock = 2 * 64 * kvHeads * bytesOfElements(cache.getElementType(), headDim);
    launch.bytesRead = blocks * perBlock;
    return launch;
  }
};

} // namespace
} // namespace lathe::kernels

LATHE_KERNEL(cached_attention, lathe::kernels::CachedAttention)
