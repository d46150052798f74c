// cache_append with the ropes of its keys and of the queries that read the cache next, from a fused buffer in place.
#include "kernels-templates/Rotations.h"

using namespace mlir;

namespace lathe::kernels {
namespace {

class RopeAppend : public Kernel {
public:
  StringRef name() const override { return "rope_append"; }
  int benefit() const override { return 10; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto append = dyn_cast<llm::CacheAppendOp>(root);
    if (!append)
      return;
    llm::RopeOp keyRope = ropeBehind(append.getKey(), append), queryRope;
    // The queries that read the cache next: of an attention, or of the launch that has become of it.
    for (Operation *user : append.getResult().getUsers())
      for (Value operand : user->getOperands())
        if (llm::RopeOp rope = ropeBehind(operand, append); rope && rope != keyRope)
          queryRope = rope;
    if (keyRope && queryRope && sameRotation(keyRope, queryRope))
      if (auto launch = build(append, keyRope, queryRope, context))
        launches.push_back(std::move(*launch));
    if (keyRope)
      if (auto launch = build(append, keyRope, {}, context))
        launches.push_back(std::move(*launch));
    if (auto launch = build(append, {}, {}, context))
      launches.push_back(std::move(*launch));
  }

private:
  /// The rope whose result `value` is, in the positions of the append.
  static llm::RopeOp ropeBehind(Value value, llm::CacheAppendOp append) {
    auto rope = behindViews(value, false).getDefiningOp<llm::RopeOp>();
    return rope && canRotate(rope) && rope->getBlock() == append->getBlock() && rope->isBeforeInBlock(append) &&
                   behindViews(rope.getPositions(), true) == behindViews(append.getPositions(), true)
               ? rope
               : llm::RopeOp();
  }

  static std::optional<Launch> build(llm::CacheAppendOp append, llm::RopeOp keyRope, llm::RopeOp queryRope,
                                     const MatchContext &context) {
    Builder builder(append.getContext());
    auto cache = append.getCache().getType();
    int64_t kvHeads = cache.getHeads(), headDim = cache.getHeadDim(), width = kvHeads * headDim;
    std::string element = elementTypeText(cache.getElementType());
    auto tokens = context.shapes.sizeOf(append.getPositions(), 0),
         blocks = context.shapes.sizeOf(append.getBlockTable(), 1);
    bool isInt32 =
        llvm::all_of(ValueRange{append.getPositions(), append.getSequences(), append.getBlockTable()}, [](Value value) {
          return cast<RankedTensorType>(value.getType()).getElementType().isInteger(32);
        });
    if (!tokens || !blocks || !isInt32 || cache.getPageTokens() != 64 || headDim > 1024 ||
        !(cache.getElementType().isF32() || cache.getElementType().isF16() || cache.getElementType().isBF16()))
      return std::nullopt;

    Launch launch;
    launch.ops = {append};
    auto include = [&](ArrayRef<Operation *> ops) {
      addOps(launch.ops, ops);
      launch.recomputed.insert(ops.begin(), ops.end()); // views and slices
    };
    auto rotated = [&](llm::RopeOp rope, Value result, int64_t rowWidth) {
      SmallVector<Operation *> passed;
      behindViews(result, false, &passed);
      include(passed);
      passed.clear();
      behindViews(rope.getPositions(), true, &passed);
      include(passed);
      addOps(launch.ops, {rope});
      return tokenRows(rope.getX(), rowWidth, context.shapes);
    };
    TokenRows key =
        keyRope ? rotated(keyRope, append.getKey(), width) : tokenRows(append.getKey(), width, context.shapes);
    TokenRows value = tokenRows(append.getValue(), width, context.shapes), query;
    int64_t heads = 0;
    if (queryRope) {
      auto type = cast<RankedTensorType>(queryRope.getX().getType());
      heads = type.getDimSize(2);
      if (type.getDimSize(3) != headDim)
        return std::nullopt;
      query = rotated(queryRope, queryRope.getResult(), heads * headDim);
      include(query.passed);
      launch.inputs.push_back(query.base);
      launch.outputs.push_back(queryRope.getResult());
    }
    include(key.passed);
    include(value.passed);
    sortOps(launch.ops);
    launch.inputs.append({key.base, value.base, append.getCache(), append.getPositions(), append.getSequences(),
                          append.getBlockTable()});
    std::string input = floatText(key.base);
    if (input.empty() || floatText(value.base) != input || (queryRope && floatText(query.base) != input))
      return std::nullopt;
    launch.set(builder, "heads", heads);
    launch.set(builder, "kvHeads", kvHeads);
    launch.set(builder, "headDim", headDim);
    launch.set(builder, "query", bool(queryRope));
    launch.set(builder, "queryStride", query.stride);
    launch.set(builder, "queryOffset", query.offset);
    launch.set(builder, "keyStride", key.stride);
    launch.set(builder, "keyOffset", key.offset);
    launch.set(builder, "valueStride", value.stride);
    launch.set(builder, "valueOffset", value.offset);
    setRotation(launch, builder, keyRope);
    launch.setType(builder, "Input", input);
    launch.setType(builder, "Cache", element);
    launch.setType(builder, "Output", queryRope ? floatText(queryRope.getResult()) : "float");
    launch.outputs.push_back(append.getResult());
    launch.params = {tokens, blocks};
    launch.grid = tokens;
    return launch;
  }
};

} // namespace
} // namespace lathe::kernels

LATHE_KERNEL(rope_append, lathe::kernels::RopeAppend)
