// Type inference, verifiers, folds and symbolic sizes of ir/llm/MoeOps.td.
#include "ir/llm/MoeOps.h"
#include "ir/llm/SymbolicShapes.h"

using namespace mlir;

namespace lathe::llm {

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }
static bool fits(int64_t size, int64_t wanted) {
  return size == wanted || ShapedType::isDynamic(size) || ShapedType::isDynamic(wanted);
}

#define LATHE_INFER(OP)                                                                                                \
  LogicalResult OP::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,          \
                                     SmallVectorImpl<Type> &types)

/// What route and moe have in common: the choice of `top` of the last axis of logits.
template <class Adaptor> static LogicalResult checkRouting(std::optional<Location> location, Value bias, Adaptor op) {
  auto logits = tensorOf(op.getLogits());
  if (logits.getRank() == 0)
    return emitOptionalError(location, "the logits have an axis of experts, got ", logits);
  int64_t experts = logits.getShape().back(), top = op.getTop(), groups = op.getGroups(), kept = op.getTopGroups(),
          best = op.getGroupBest();
  if (ShapedType::isDynamic(experts))
    return emitOptionalError(location, "the number of experts must be known, got logits of ", logits);
  if (top < 1 || top > experts)
    return emitOptionalError(location, "cannot choose ", top, " of ", experts, " experts");
  if (groups < 1 || experts % groups != 0 || kept < 1 || kept > groups)
    return emitOptionalError(location, "cannot choose from ", kept, " of ", groups, " groups of ", experts, " experts");
  if (best < 1 || best > experts / groups)
    return emitOptionalError(location, "cannot judge a group of ", experts / groups, " experts by its best ", best);
  if (top > experts / groups * kept)
    return emitOptionalError(location, "cannot choose ", top, " experts from ", kept, " groups of ", experts / groups);
  if (bias && (tensorOf(bias).getRank() != 1 || !fits(tensorOf(bias).getDimSize(0), experts)))
    return emitOptionalError(location, "needs a bias of ", experts, " elements, got ", tensorOf(bias));
  return success();
}

/// The matrices of E experts, (E, N, K), with their bias.
static LogicalResult checkExperts(std::optional<Location> location, StringRef name, Value weight, Value bias,
                                  int64_t experts, int64_t rows, int64_t columns) {
  auto type = tensorOf(weight);
  if (type.getRank() != 3 || !type.hasStaticShape() || type.getDimSize(0) == 0 || !fits(type.getDimSize(0), experts) ||
      !fits(type.getDimSize(1), rows) || !fits(type.getDimSize(2), columns))
    return emitOptionalError(location, "the ", name, " weight is (experts, rows, columns), got ", type, " where ",
                             experts == ShapedType::kDynamic ? 0 : experts, " experts, ",
                             rows == ShapedType::kDynamic ? 0 : rows, " rows and ",
                             columns == ShapedType::kDynamic ? 0 : columns, " columns are needed (0: any)");
  if (!bias)
    return success();
  auto biasType = tensorOf(bias);
  if (biasType.getRank() != 2 || !fits(biasType.getDimSize(0), type.getDimSize(0)) ||
      !fits(biasType.getDimSize(1), type.getDimSize(1)))
    return emitOptionalError(location, "the ", name, " bias is (", type.getDimSize(0), ", ", type.getDimSize(1),
                             "), got ", biasType);
  return success();
}

/// The gate's side of expert_linear and moe; `rows` gets the number of rows of its result.
template <class Adaptor>
static LogicalResult checkGate(std::optional<Location> location, Value gate, Value gateBias, Adaptor op,
                               int64_t experts, int64_t columns, int64_t &rows) {
  if (failed(checkExperts(location, "gate", gate, gateBias, experts, ShapedType::kDynamic, columns)))
    return failure();
  auto type = tensorOf(gate);
  rows = type.getDimSize(1);
  if (op.getInterleaved() && (op.getUp() || rows % 2 != 0))
    return emitOptionalError(location, "interleaved gates stand in one weight with an even number of rows, got ", rows,
                             op.getUp() ? " and a weight of their own for the factors" : "");
  bool isGated = op.getUp() || op.getInterleaved();
  if (isGated && !op.getActivation())
    return emitOptionalError(location, "a gated unit needs an activation");
  if (!isGated && (op.getOffset().convertToFloat() != 0 || op.getUpBias()))
    return emitOptionalError(location, "an offset or bias of the other factor needs one");
  if (op.getInterleaved())
    rows /= 2;
  if (op.getInt8Activations() && !isa<BlockType>(type.getElementType()))
    return emitOptionalError(location, "int8 activations need a weight of a block type, got ", type);
  if (!op.getUp())
    return success();
  if (tensorOf(op.getUp()).getElementType() != type.getElementType())
    return emitOptionalError(location, "gate and up have one element type, got ", type, " and ", tensorOf(op.getUp()));
  return checkExperts(location, "up", op.getUp(), op.getUpBias(), type.getDimSize(0), rows, type.getDimSize(2));
}

LATHE_INFER(RouteOp) {
  if (failed(checkRouting(location, adaptor.getBias(), adaptor)))
    return failure();
  auto logits = tensorOf(adaptor.getLogits());
  SmallVector<int64_t> shape(logits.getShape());
  shape.back() = adaptor.getTop();
  types.push_back(RankedTensorType::get(shape, logits.getElementType()));
  types.push_back(RankedTensorType::get(shape, IntegerType::get(context, 32)));
  return success();
}

LATHE_INFER(ExpertLinearOp) {
  auto x = tensorOf(adaptor.getX()), experts = tensorOf(adaptor.getExperts());
  int64_t rank = experts.getRank();
  if (rank == 0 || ShapedType::isDynamic(experts.getShape().back()) || (x.getRank() != rank && x.getRank() != rank + 1))
    return emitOptionalError(location, "maps (.., K) or (.., S, K) by experts (.., S), got ", x, " and ", experts);
  for (int64_t axis = 0; axis + 1 < x.getRank(); ++axis)
    if (!fits(x.getDimSize(axis), experts.getDimSize(axis)))
      return emitOptionalError(location, "x and experts have different rows: ", x, " and ", experts);
  int64_t rows;
  if (failed(checkGate(location, adaptor.getWeight(), adaptor.getBias(), adaptor, ShapedType::kDynamic,
                       x.getShape().back(), rows)))
    return failure();
  SmallVector<int64_t> shape(experts.getShape());
  shape.push_back(rows);
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  return success();
}

LATHE_INFER(MoeOp) {
  auto x = tensorOf(adaptor.getX()), logits = tensorOf(adaptor.getLogits());
  if (failed(checkRouting(location, adaptor.getChoiceBias(), adaptor)))
    return failure();
  if (x.getRank() != logits.getRank())
    return emitOptionalError(location, "x and logits have the same rows, got ", x, " and ", logits);
  for (int64_t axis = 0; axis + 1 < x.getRank(); ++axis)
    if (!fits(x.getDimSize(axis), logits.getDimSize(axis)))
      return emitOptionalError(location, "x and logits have the same rows, got ", x, " and ", logits);
  int64_t rows, experts = logits.getShape().back();
  if (failed(
          checkGate(location, adaptor.getGate(), adaptor.getGateBias(), adaptor, experts, x.getShape().back(), rows)) ||
      failed(
          checkExperts(location, "down", adaptor.getDown(), adaptor.getDownBias(), experts, x.getShape().back(), rows)))
    return failure();
  if (adaptor.getInt8Activations() && !isa<BlockType>(tensorOf(adaptor.getDown()).getElementType()))
    return emitOptionalError(location, "int8 activations need weights of block types, got ",
                             tensorOf(adaptor.getDown()));
  types.push_back(x);
  return success();
}

using Sizes = SmallVector<AffineExpr>;

Sizes RouteOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) {
  Sizes result = shapes.sizesOf(getLogits());
  if (!result.empty())
    result.back() = shapes.sizes().constant(getTop());
  return result;
}
Sizes ExpertLinearOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) {
  Sizes result = shapes.sizesOf(getExperts());
  result.push_back(shapes.sizes().constant(getType().getShape().back()));
  return result;
}
Sizes MoeOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) { return shapes.sizesOf(getX()); }

} // namespace lathe::llm

#define GET_OP_CLASSES
#include "ir/llm/MoeOps.cpp.inc"
