// fuse-rope: rotary embeddings that exporters spell out become llm.rope on (batch, tokens, heads, headDim). Relies on
// simplify-graph having made slices of splits, and on Angles.h for where cosines and sines come from.
#include "passes/Passes.h"
#include "passes/fusion/Angles.h"
#include "passes/fusion/FusePatterns.h"
#include "passes/fusion/FusionLog.h"
#include "passes/fusion/NearMiss.h"
#include "passes/fusion/RopePositions.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace lathe {

#define GEN_PASS_DEF_FUSEROPE
#include "passes/Passes.h.inc"

namespace {

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// x[.., begin : end]
struct Columns {
  Value x;
  int64_t begin = 0, end = 0;

  bool operator==(const Columns &other) const { return x == other.x && begin == other.begin && end == other.end; }
  std::string text() const { return std::to_string(begin) + " .. " + std::to_string(end); }
};

class RopePatterns {
public:
  /// `anchor`: the op a near miss is told at (NearMiss.h).
  RopePatterns(const llm::SymbolicShapes &shapes, PatternRewriter &rewriter, Operation *root, Operation *anchor)
      : shapes(shapes), rewriter(rewriter), root(root), anchor(anchor) {}

  /// `value` as columns of what it was sliced from, or all of it.
  Columns columnsOf(Value value) const {
    auto slice = value.getDefiningOp<llm::SliceOp>();
    int64_t axis = tensorOf(value).getRank() - 1;
    if (axis < 0)
      return {value, 0, 0};
    if (slice && slice.getAxes() == ArrayRef<int64_t>{axis} && slice.getSteps() == ArrayRef<int64_t>{1}) {
      auto begin = shapes.integersOf(slice.getStarts()), end = shapes.integersOf(slice.getEnds());
      int64_t size = tensorOf(slice.getX()).getDimSize(axis);
      if (begin && end && !ShapedType::isDynamic(size)) {
        auto place = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + size : at, 0, size); };
        return {slice.getX(), place(begin->front()), place(end->front())};
      }
    }
    return {value, 0, tensorOf(value).getDimSize(axis)};
  }

  /// All columns, or a slice of them.
  Value take(const Columns &columns) {
    auto type = tensorOf(columns.x);
    if (columns.begin == 0 && columns.end == type.getShape().back())
      return columns.x;
    SmallVector<int64_t> shape(type.getShape());
    shape.back() = columns.end - columns.begin;
    return rewriter.create<llm::SliceOp>(root->getLoc(), RankedTensorType::get(shape, type.getElementType()), columns.x,
                                         integers({columns.begin}), integers({columns.end}),
                                         ArrayRef<int64_t>{type.getRank() - 1}, ArrayRef<int64_t>{1});
  }

  /// Replaces the op by rope of these columns of a tensor of 4 axes.
  LogicalResult replace(const Columns &rotated, Value cosines, Value sines, bool isDoubled) {
    std::string why;
    int64_t dims = rotated.end - rotated.begin;
    auto cosine = readAngles(cosines, 4, why);
    auto sine = cosine ? readAngles(sines, 4, why) : std::nullopt;
    if (!cosine || !sine)
      return fail("angles", 3, (cosine ? "of the sines, " : "of the cosines, ") + why);
    if (!cosine->isCosineTo(*sine))
      return fail("one-angle", 4, "cosines and sines are not of the same angles: " + cosine->differenceTo(*sine));
    if (cosine->isDoubled != isDoubled)
      return fail("equal-halves", 5,
                  isDoubled ? "the halves of the cosines are not known to be equal"
                            : "there are cosines for both halves");
    int64_t half = dims / 2;
    if (!cosine->speeds.empty() && static_cast<int64_t>(cosine->speeds.size()) != half)
      return fail("frequency-count", 6,
                  "there are " + std::to_string(cosine->speeds.size()) + " frequencies for " + std::to_string(half) +
                      " pairs of elements");
    if (cosine->table && (tensorOf(cosine->table).getDimSize(1) != half || tensorOf(sine->table).getDimSize(1) != half))
      return fail("table-columns", 6,
                  "the tables have " + std::to_string(tensorOf(cosine->table).getDimSize(1)) + " columns for " +
                      std::to_string(half) + " pairs of elements");
    AffineExpr batch = shapes.sizeOf(rotated.x, 0), tokens = shapes.sizeOf(rotated.x, cosine->tokenAxis);
    Value positions = positionsFor(cosine->positions, batch, tokens, shapes, root->getLoc(), rewriter, why);
    if (!positions)
      return fail("positions", 7, why);

    Location location = root->getLoc();
    bool headsFirst = cosine->tokenAxis == 2;
    Value x = take(rotated);
    if (headsFirst)
      x = swapHeadsAndTokens(rewriter, location, x);
    Value frequencies;
    for (double &speed : cosine->speeds)
      speed *= cosine->speed;
    auto base = cosine->speeds.empty() ? std::optional(10000.0) : baseOf(cosine->speeds);
    if (!base)
      frequencies = constantVector(cosine->speeds);
    if (cosine->frequencies)
      frequencies = asVector(cosine->frequencies, half, cosine->speed);
    Value rope = rewriter.create<llm::RopeOp>(location, x, positions, frequencies, cosine->table, sine->table,
                                              rewriter.getF32FloatAttr(static_cast<float>(base.value_or(10000))),
                                              rewriter.getI64IntegerAttr(dims), UnitAttr(),
                                              rewriter.getF32FloatAttr(static_cast<float>(cosine->factor)));
    if (headsFirst)
      rope = swapHeadsAndTokens(rewriter, location, rope);
    if (tensorOf(rope).getElementType() != tensorOf(root->getResult(0)).getElementType())
      rope = rewriter.create<llm::CastOp>(location, root->getResult(0).getType(), rope);
    rewriter.replaceOp(root, rope);
    return success();
  }

  LogicalResult fail(StringRef condition, int progress, const std::string &why, const std::string &help = "") {
    return nearMiss(rewriter, anchor, {"rope", condition, progress, why, help}, root);
  }

private:
  const llm::SymbolicShapes &shapes;
  PatternRewriter &rewriter;
  Operation *root, *anchor;

  Value constantVector(ArrayRef<double> numbers) {
    SmallVector<float> narrow;
    for (double number : numbers)
      narrow.push_back(static_cast<float>(number));
    auto type = RankedTensorType::get({static_cast<int64_t>(narrow.size())}, rewriter.getF32Type());
    return rewriter.create<llm::ConstantOp>(root->getLoc(), DenseElementsAttr::get(type, ArrayRef<float>(narrow)));
  }

  Value integers(ArrayRef<int64_t> numbers) {
    auto type = RankedTensorType::get({static_cast<int64_t>(numbers.size())}, rewriter.getI64Type());
    return rewriter.create<llm::ConstantOp>(root->getLoc(), DenseIntElementsAttr::get(type, numbers));
  }

  Value asVector(Value frequencies, int64_t size, double speed) {
    Location location = root->getLoc();
    Type element = tensorOf(frequencies).getElementType();
    if (tensorOf(frequencies).getRank() != 1)
      frequencies = rewriter.create<llm::ReshapeOp>(location, RankedTensorType::get({size}, element), frequencies,
                                                    integers({size}));
    if (speed == 1)
      return frequencies;
    auto number = DenseElementsAttr::get(RankedTensorType::get({}, element), rewriter.getFloatAttr(element, speed));
    return rewriter.create<llm::MulOp>(location, frequencies,
                                       rewriter.create<llm::ConstantOp>(location, number).getResult());
  }
};

/// x * cos + concat(-x[half:], x[:half]) * sin => rope
struct FormRope : FusionPattern<llm::AddOp> {
  using FusionPattern::FusionPattern;
  LogicalResult matchAndRewrite(llm::AddOp op, PatternRewriter &rewriter) const override {
    if (tensorOf(op.getResult()).getRank() != 4)
      return failure();
    for (bool swap : {false, true}) {
      auto straight = op->getOperand(swap).getDefiningOp<llm::MulOp>(),
           turned = op->getOperand(!swap).getDefiningOp<llm::MulOp>();
      for (bool swapTurned : {false, true}) {
        auto concat =
            straight && turned ? turned->getOperand(swapTurned).getDefiningOp<llm::ConcatOp>() : llm::ConcatOp();
        if (!concat || concat.getAxis() != 3 || concat.getInputs().size() != 2)
          continue;
        RopePatterns rope(shapes, rewriter, op, concat);
        auto negated = concat.getInputs()[0].getDefiningOp<llm::NegOp>();
        if (!negated) {
          auto other = concat.getInputs()[1].getDefiningOp<llm::NegOp>();
          if (other && rope.columnsOf(other.getX()).x == rope.columnsOf(concat.getInputs()[0]).x)
            return rope.fail("sign", 1, "the first half of a head is negated, not the second: concat(x2, -x1)",
                             "concat(-x2, x1) turns by the angle, this by its negative");
          continue;
        }
        Columns second = rope.columnsOf(negated.getX()), first = rope.columnsOf(concat.getInputs()[1]);
        Columns rotated = {first.x, first.begin, second.end};
        if (first.x != second.x || first.end != second.begin || first.end - first.begin != second.end - second.begin)
          return rope.fail("halves", 1,
                           "columns " + second.text() + " and " + first.text() +
                               " are joined, which are not the second and the first half of a head");
        for (bool swapStraight : {false, true}) {
          Value x = straight->getOperand(swapStraight);
          bool isWhole = x == first.x && rotated == Columns{x, 0, tensorOf(x).getDimSize(3)};
          if (isWhole || rope.columnsOf(x) == rotated)
            return rope.replace(rotated, straight->getOperand(!swapStraight), turned->getOperand(!swapTurned), true);
        }
        return rope.fail("same-tensor", 2, "what is rotated is not what is multiplied by the cosines");
      }
    }
    return failure();
  }
};

/// concat(x1 * cos - x2 * sin, x2 * cos + x1 * sin), of the halves x1 and x2 of a head => rope
struct FormRopeOfHalves : FusionPattern<llm::ConcatOp> {
  using FusionPattern::FusionPattern;

  /// The other factor of a product with x, or null.
  static Value timesOf(Value product, Value x) {
    auto mul = product.getDefiningOp<llm::MulOp>();
    if (!mul)
      return Value();
    return mul.getLhs() == x ? mul.getRhs() : mul.getRhs() == x ? mul.getLhs() : Value();
  }

  LogicalResult matchAndRewrite(llm::ConcatOp op, PatternRewriter &rewriter) const override {
    auto type = tensorOf(op.getResult());
    if (type.getRank() != 4 || op.getAxis() != 3 || op.getInputs().size() != 2)
      return failure();
    auto difference = op.getInputs()[0].getDefiningOp<llm::SubOp>();
    auto sum = op.getInputs()[1].getDefiningOp<llm::AddOp>();
    if (!difference || !sum)
      return failure();
    RopePatterns rope(shapes, rewriter, op, op);
    auto left = difference.getLhs().getDefiningOp<llm::MulOp>(),
         right = difference.getRhs().getDefiningOp<llm::MulOp>();
    if (!left || !right)
      return failure();
    for (Value first : left->getOperands())
      for (Value second : right->getOperands()) {
        Columns firstHalf = rope.columnsOf(first), secondHalf = rope.columnsOf(second);
        if (firstHalf.x != secondHalf.x || firstHalf.end != secondHalf.begin ||
            firstHalf.end - firstHalf.begin != secondHalf.end - secondHalf.begin)
          continue;
        Value cosine = timesOf(left, first), sine = timesOf(right, second);
        bool fits = (timesOf(sum.getLhs(), second) == cosine && timesOf(sum.getRhs(), first) == sine) ||
                    (timesOf(sum.getRhs(), second) == cosine && timesOf(sum.getLhs(), first) == sine);
        if (!fits)
          return rope.fail("one-angle", 2, "the second half is not turned by the same angles as the first",
                           "concat(x1 cos - x2 sin, x2 cos + x1 sin)");
        return rope.replace({firstHalf.x, firstHalf.begin, secondHalf.end}, cosine, sine, false);
      }
    return failure();
  }
};

/// concat(rope(x[.., :dims]), x[.., dims:]) => rope(x) of the first dims elements
struct JoinPartialRope : FusionPattern<llm::ConcatOp> {
  using FusionPattern::FusionPattern;

  static Value beforeSwap(Value value) {
    auto transpose = value.getDefiningOp<llm::TransposeOp>();
    return transpose && transpose.getPermutation() == ArrayRef<int64_t>{0, 2, 1, 3} ? Value(transpose.getX()) : Value();
  }

  LogicalResult matchAndRewrite(llm::ConcatOp op, PatternRewriter &rewriter) const override {
    if (tensorOf(op.getResult()).getRank() != 4 || op.getAxis() != 3 || op.getInputs().size() != 2)
      return failure();
    Value turned = op.getInputs()[0], swapped = beforeSwap(turned);
    auto rope = (swapped ? swapped : turned).getDefiningOp<llm::RopeOp>();
    if (!rope)
      return failure();
    RopePatterns patterns(shapes, rewriter, op, op);
    Value x = swapped ? beforeSwap(rope.getX()) : Value(rope.getX());
    Columns rest = patterns.columnsOf(op.getInputs()[1]);
    Columns rotated = x ? patterns.columnsOf(x) : Columns();
    if (rotated.x != rest.x || rest.begin != rotated.end ||
        rotated.end - rotated.begin != static_cast<int64_t>(rope.getDims()))
      return patterns.fail("columns-after", 8, "the columns left alone, " + rest.text() +
                                                   ", are not those after the rotated ones, " + rotated.text());
    Value head = patterns.take({rest.x, rotated.begin, rest.end});
    if (swapped)
      head = swapHeadsAndTokens(rewriter, rope.getLoc(), head);
    auto joined = rewriter.create<llm::RopeOp>(rope.getLoc(), head, rope.getPositions(), rope.getFrequencies(),
                                               rope.getCosine(), rope.getSine(), rope.getBaseAttr(), rope.getDimsAttr(),
                                               rope.getInterleavedAttr(), rope.getFactorAttr());
    Value result = joined.getResult();
    rewriter.replaceOp(op, swapped ? swapHeadsAndTokens(rewriter, rope.getLoc(), result) : result);
    return success();
  }
};

struct FuseRope : impl::FuseRopeBase<FuseRope> {
  explicit FuseRope(FusionLog *log) : log(log) {}
  FusionLog *log;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    llm::SymbolicShapes shapes(function);
    int64_t before = count();
    RewritePatternSet patterns(&getContext());
    patterns.add<FormRope, FormRopeOfHalves, JoinPartialRope>(&getContext(), shapes);
    addRotationPatterns(patterns, shapes);
    addTidyPatterns(patterns);
    FusionListener listener(getArgument(), log);
    GreedyRewriteConfig config;
    config.listener = &listener;
    if (failed(applyPatternsAndFoldGreedily(function, std::move(patterns), config)))
      function.emitWarning("fuse-rope did not come to an end");
    ropeCount += count() - before;
  }

  int64_t count() {
    int64_t found = 0;
    getOperation().walk([&](llm::RopeOp) { ++found; });
    return found;
  }
};

} // namespace

std::unique_ptr<Pass> createFuseRope(FusionLog *log) { return std::make_unique<FuseRope>(log); }

} // namespace lathe
