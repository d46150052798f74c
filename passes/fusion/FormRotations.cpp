// Rotary embeddings in spellings that FuseRope.cpp has no pattern for (pairs side by side, stacks, complex numbers):
// what RotatedColumns.h proves of the columns of a head becomes llm.rope.
#include "passes/fusion/Angles.h"
#include "passes/fusion/FusePatterns.h"
#include "passes/fusion/NearMiss.h"
#include "passes/fusion/RopePositions.h"
#include "passes/fusion/RotatedColumns.h"

using namespace mlir;

namespace lathe {

namespace {

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

template <class Op> struct FormRotation : FusionPattern<Op> {
  using FusionPattern<Op>::FusionPattern;

  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto type = tensorOf(op->getResult(0));
    if (type.getRank() != 4 || !isa<FloatType>(type.getElementType()) || !mayRotate(op))
      return failure();
    std::string why;
    auto rotation = readRotation(op->getResult(0), this->shapes, why);
    // What the patterns of FuseRope.cpp say of the same ops is more to the point.
    auto fail = [&](const std::string &reason) { return nearMiss(rewriter, op, {"rope", "rotation", 0, reason}); };
    if (!rotation)
      return why.empty() ? failure() : fail(why);
    Location location = op->getLoc();
    AffineExpr batch = this->shapes.sizeOf(rotation->x, 0),
               tokens = this->shapes.sizeOf(rotation->x, rotation->tokenAxis);
    Value positions = positionsFor(rotation->positions, batch, tokens, this->shapes, location, rewriter, why);
    if (!positions)
      return fail(why);
    bool headsFirst = rotation->tokenAxis == 2;
    Value x = columns(rotation->x, rotation->first, rotation->columns, location, rewriter);
    if (headsFirst)
      x = swapHeadsAndTokens(rewriter, location, x);
    if (tensorOf(x).getElementType() != type.getElementType())
      x = rewriter.create<llm::CastOp>(location, RankedTensorType::get(tensorOf(x).getShape(), type.getElementType()),
                                       x);
    Value frequencies, cosine, sine;
    auto base = rotation->speeds.empty() ? std::optional(10000.0) : baseOf(rotation->speeds);
    if (!base)
      frequencies = constant(rotation->speeds, location, rewriter);
    if (rotation->frequencies)
      frequencies = frequenciesOf(*rotation, location, rewriter);
    if (rotation->cosine) {
      cosine = pick(rotation->cosine, rotation->cosineColumns, location, rewriter);
      sine = pick(rotation->sine, rotation->sineColumns, location, rewriter);
    }
    Value rope = rewriter.create<llm::RopeOp>(location, x, positions, frequencies, cosine, sine,
                                              rewriter.getF32FloatAttr(static_cast<float>(base.value_or(10000))),
                                              rewriter.getI64IntegerAttr(rotation->dims),
                                              rotation->interleaved ? rewriter.getUnitAttr() : UnitAttr(),
                                              rewriter.getF32FloatAttr(static_cast<float>(rotation->factor)));
    if (headsFirst)
      rope = swapHeadsAndTokens(rewriter, location, rope);
    rewriter.replaceOp(op, rope);
    return success();
  }

private:
  /// A sum, or a concat or reshape over sums: anything else is not looked into.
  static bool mayRotate(Operation *op) {
    if (isa<llm::AddOp>(op))
      return true;
    if (auto concat = dyn_cast<llm::ConcatOp>(op); concat && concat.getAxis() != 3)
      return false;
    for (int steps = 0; op && steps < 6; ++steps) {
      if (isa<llm::AddOp, llm::SubOp>(op))
        return true;
      if (!isa<llm::ConcatOp, llm::ReshapeOp, llm::UnsqueezeOp, llm::CastOp>(op))
        return false;
      op = op->getOperand(0).getDefiningOp();
    }
    return false;
  }

  static Value integers(ArrayRef<int64_t> numbers, Location location, PatternRewriter &rewriter) {
    auto type = RankedTensorType::get({static_cast<int64_t>(numbers.size())}, rewriter.getI64Type());
    return rewriter.create<llm::ConstantOp>(location, DenseIntElementsAttr::get(type, numbers));
  }
  static Value constant(ArrayRef<double> numbers, Location location, PatternRewriter &rewriter) {
    SmallVector<float> narrow;
    for (double number : numbers)
      narrow.push_back(static_cast<float>(number));
    auto type = RankedTensorType::get({static_cast<int64_t>(narrow.size())}, rewriter.getF32Type());
    return rewriter.create<llm::ConstantOp>(location, DenseElementsAttr::get(type, ArrayRef<float>(narrow)));
  }

  /// x[.., first : first + count]
  static Value columns(Value x, int64_t first, int64_t count, Location location, PatternRewriter &rewriter) {
    auto type = tensorOf(x);
    if (first == 0 && type.getShape().back() == count)
      return x;
    SmallVector<int64_t> shape(type.getShape());
    shape.back() = count;
    return rewriter.create<llm::SliceOp>(
        location, RankedTensorType::get(shape, type.getElementType()), x, integers({first}, location, rewriter),
        integers({first + count}, location, rewriter), ArrayRef<int64_t>{type.getRank() - 1}, ArrayRef<int64_t>{1});
  }

  /// The columns of a table; it itself where they are all of it, in order.
  static Value pick(Value table, ArrayRef<int64_t> columns, Location location, PatternRewriter &rewriter) {
    int64_t axis = tensorOf(table).getRank() - 1;
    bool isWhole = tensorOf(table).getShape().back() == static_cast<int64_t>(columns.size());
    for (auto [index, column] : ::llvm::enumerate(columns))
      isWhole &= column == static_cast<int64_t>(index);
    return isWhole ? table
                   : rewriter.create<llm::GatherOp>(location, table, integers(columns, location, rewriter), axis)
                         .getResult();
  }

  static Value frequenciesOf(const Rotation &rotation, Location location, PatternRewriter &rewriter) {
    Value frequencies = rotation.frequencies;
    auto type = tensorOf(frequencies);
    if (type.getRank() != 1)
      frequencies = rewriter.create<llm::ReshapeOp>(
          location, RankedTensorType::get({type.getNumElements()}, type.getElementType()), frequencies,
          integers({type.getNumElements()}, location, rewriter));
    frequencies = pick(frequencies, rotation.cosineColumns, location, rewriter);
    if (rotation.speed == 1)
      return frequencies;
    auto number = DenseElementsAttr::get(RankedTensorType::get({}, type.getElementType()),
                                         rewriter.getFloatAttr(type.getElementType(), rotation.speed));
    return rewriter.create<llm::MulOp>(location, frequencies,
                                       rewriter.create<llm::ConstantOp>(location, number).getResult());
  }
};

} // namespace

Value positionsFor(Value positions, AffineExpr batch, AffineExpr tokens, const llm::SymbolicShapes &shapes,
                   Location location, PatternRewriter &rewriter, std::string &why) {
  auto sizes = shapes.shapeOf(positions);
  if (!sizes || !batch || !tokens || sizes->back() != tokens) {
    why = "the positions are not one for each token";
    return Value();
  }
  if (sizes->size() == 2 && sizes->front() == batch)
    return positions;
  if (sizes->size() == 2 && llm::constantValue(sizes->front()) != 1) {
    why = "the positions are of another batch size";
    return Value();
  }
  auto size = [](AffineExpr expression) { return llm::constantValue(expression).value_or(ShapedType::kDynamic); };
  auto type = RankedTensorType::get({size(batch), size(tokens)}, tensorOf(positions).getElementType());
  if (auto counted = positions.getDefiningOp<llm::PositionsOp>()) {
    AffineMap map = counted.getSizes();
    return rewriter.create<llm::PositionsOp>(location, type,
                                             AffineMapAttr::get(shapes.map({batch, tokens, map.getResult(2)})));
  }
  auto vector = RankedTensorType::get({2}, rewriter.getI64Type());
  Value shape = rewriter.create<llm::DimsOp>(location, vector, AffineMapAttr::get(shapes.map({batch, tokens})));
  return rewriter.create<llm::ExpandOp>(location, type, positions, shape);
}

void addRotationPatterns(RewritePatternSet &patterns, const llm::SymbolicShapes &shapes) {
  patterns.add<FormRotation<llm::AddOp>, FormRotation<llm::ConcatOp>, FormRotation<llm::ReshapeOp>>(
      patterns.getContext(), shapes);
}

} // namespace lathe
