// Contents: the elements of small integer tensors as expressions of sizes. Floats whose values are whole numbers (an
// exporter's detour over Cast) are followed too, but never handed out.
#include "ir/llm/Llm.h"
#include "ir/llm/SymbolicShapesEntry.h"

#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;

namespace lathe::llm {

namespace {

constexpr int64_t maxElements = 64;
constexpr double largestExact = 1 << 24; // integers up to here are exact in f32

/// The sizes when all are numbers and make at most maxElements elements.
std::optional<SmallVector<int64_t>> smallShape(ArrayRef<AffineExpr> dims) {
  SmallVector<int64_t> shape;
  int64_t count = 1;
  for (AffineExpr size : dims) {
    auto number = constantValue(size);
    if (!number || *number < 0 || *number > maxElements)
      return std::nullopt;
    count *= *number;
    if (count > maxElements)
      return std::nullopt;
    shape.push_back(*number);
  }
  return shape;
}

int64_t countOf(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

/// Calls visit(position, coordinates) for all elements in row-major order.
template <class F> void forEach(ArrayRef<int64_t> shape, F visit) {
  SmallVector<int64_t> coordinates(shape.size(), 0);
  for (int64_t i = 0, count = countOf(shape); i < count; ++i) {
    visit(i, ArrayRef<int64_t>(coordinates));
    for (size_t axis = shape.size(); axis-- > 0;) {
      if (++coordinates[axis] < shape[axis])
        break;
      coordinates[axis] = 0;
    }
  }
}

int64_t offsetOf(ArrayRef<int64_t> coordinates, ArrayRef<int64_t> shape) {
  int64_t offset = 0;
  for (auto [at, size] : ::llvm::zip(coordinates, shape))
    offset = offset * size + at;
  return offset;
}
/// The element of a tensor of `shape` that broadcasting puts at `coordinates` of a tensor of at least its rank.
int64_t broadcastOffset(ArrayRef<int64_t> coordinates, ArrayRef<int64_t> shape) {
  int64_t offset = 0;
  coordinates = coordinates.take_back(shape.size());
  for (auto [at, size] : ::llvm::zip(coordinates, shape))
    offset = offset * size + (size == 1 ? 0 : at);
  return offset;
}

Type elementOf(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }

} // namespace

std::optional<SymbolicShapes::Expressions> SymbolicShapes::computeContent(Value value,
                                                                          ArrayRef<AffineExpr> dims) const {
  Operation *op = value.getDefiningOp();
  Type element = elementOf(value);
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    Operation *parent = argument.getOwner()->getParentOp();
    return !isa<func::FuncOp>(parent) && parent->getNumOperands() == argument.getOwner()->getNumArguments()
               ? content(parent->getOperand(argument.getArgNumber()))
               : std::nullopt;
  }
  if (auto own = dyn_cast_or_null<SymbolicSizes>(op))
    return own.symbolicContent(cast<OpResult>(value).getResultNumber(), *this);
  if (op && op->getNumRegions() == 1 && op->getRegion(0).hasOneBlock()) { // plan.group
    Operation &last = op->getRegion(0).front().back();
    if (last.hasTrait<OpTrait::IsTerminator>() && last.getNumOperands() == op->getNumResults())
      return content(last.getOperand(cast<OpResult>(value).getResultNumber()));
  }
  if (!op || op->getNumResults() != 1 || !isa<IntegerType, FloatType>(element))
    return std::nullopt;
  if (auto shape = dyn_cast<DimsOp>(op)) {
    Expressions result;
    for (AffineExpr expression : shape.getExpressions().getResults())
      result.push_back(sizes_.canonical(expression));
    return result;
  }
  if (auto shapeOf = dyn_cast<ShapeOfOp>(op))
    return this->dims(shapeOf.getX());
  auto shape = smallShape(dims);
  if (!shape)
    return std::nullopt;
  if (auto constantOp = dyn_cast<ConstantOp>(op)) {
    auto elements = dyn_cast<DenseElementsAttr>(constantOp.getValue());
    if (!elements)
      return std::nullopt;
    Expressions result;
    if (isa<IntegerType>(element)) {
      for (APInt number : elements.getValues<APInt>())
        result.push_back(number.getBitWidth() > 64 ? AffineExpr()
                         : element.isInteger(1) || element.isUnsignedInteger()
                             ? (number.getActiveBits() < 64 ? constant(number.getZExtValue()) : AffineExpr())
                             : constant(number.getSExtValue()));
    } else {
      for (APFloat number : elements.getValues<APFloat>()) {
        bool loses = false;
        number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &loses);
        double plain = number.convertToDouble();
        result.push_back(std::fabs(plain) <= largestExact && plain == std::floor(plain)
                             ? constant(static_cast<int64_t>(plain))
                             : AffineExpr());
      }
    }
    return result;
  }
  std::optional<Expressions> result = isa<Pointwise>(op) ? pointwiseContent(op, *shape) : movedContent(op, *shape);
  if (result && ::llvm::all_of(*result, [](AffineExpr element) { return !element; }) && !result->empty())
    return std::nullopt;
  return result;
}

std::optional<SymbolicShapes::Expressions> SymbolicShapes::movedContent(Operation *op, ArrayRef<int64_t> shape) const {
  Expressions result(countOf(shape));
  auto contentOfOperand = [&](unsigned index) -> const Expressions * {
    const std::optional<Expressions> &known = content(op->getOperand(index));
    return known ? &*known : nullptr;
  };
  if (isa<ReshapeOp, UnsqueezeOp, SqueezeOp>(op)) {
    const Expressions *from = contentOfOperand(0);
    return from && from->size() == result.size() ? std::optional(*from) : std::nullopt;
  }
  if (isa<RangeOp>(op)) {
    const Expressions *start = contentOfOperand(0), *delta = contentOfOperand(2);
    if (!start || !delta || start->size() != 1 || delta->size() != 1)
      return std::nullopt;
    for (auto [index, element] : ::llvm::enumerate(result))
      element = sizes_.add(start->front(), sizes_.mul(constant(index), delta->front()));
    return result;
  }
  if (auto concat = dyn_cast<ConcatOp>(op)) {
    int64_t axis = concat.getAxis(), first = 0;
    for (Value input : concat.getInputs()) {
      auto part = smallShape(dims(input));
      if (!part)
        return std::nullopt;
      if (const std::optional<Expressions> &known = content(input))
        forEach(*part, [&](int64_t index, ArrayRef<int64_t> at) {
          SmallVector<int64_t> to(at);
          to[axis] += first;
          if (int64_t offset = offsetOf(to, shape);
              index < static_cast<int64_t>(known->size()) && offset < static_cast<int64_t>(result.size()))
            result[offset] = (*known)[index];
        });
      first += (*part)[axis];
    }
    return result;
  }
  // The others read one operand whose elements must be there in full.
  const Expressions *from = op->getNumOperands() ? contentOfOperand(0) : nullptr;
  auto fromShape = from ? smallShape(dims(op->getOperand(0))) : std::nullopt;
  if (!fromShape || countOf(*fromShape) != static_cast<int64_t>(from->size()))
    return std::nullopt;
  if (auto transpose = dyn_cast<TransposeOp>(op)) {
    forEach(shape, [&](int64_t index, ArrayRef<int64_t> at) {
      SmallVector<int64_t> source(at.size());
      for (auto [to, axis] : ::llvm::enumerate(transpose.getPermutation()))
        source[axis] = at[to];
      result[index] = (*from)[offsetOf(source, *fromShape)];
    });
    return result;
  }
  if (isa<ExpandOp>(op)) {
    if (fromShape->size() > shape.size())
      return std::nullopt;
    forEach(shape,
            [&](int64_t index, ArrayRef<int64_t> at) { result[index] = (*from)[broadcastOffset(at, *fromShape)]; });
    return result;
  }
  if (auto gather = dyn_cast<GatherOp>(op)) {
    const Expressions *indices = contentOfOperand(1);
    int64_t axis = gather.getAxis();
    auto indexShape = smallShape(dims(gather.getIndices()));
    if (!indices || !indexShape || countOf(*indexShape) != static_cast<int64_t>(indices->size()))
      return std::nullopt;
    forEach(shape, [&](int64_t index, ArrayRef<int64_t> at) {
      auto number = constantValue((*indices)[offsetOf(at.slice(axis, indexShape->size()), *indexShape)]);
      if (!number)
        return;
      int64_t chosen = *number < 0 ? *number + (*fromShape)[axis] : *number;
      if (chosen < 0 || chosen >= (*fromShape)[axis])
        return;
      SmallVector<int64_t> source(at.take_front(axis));
      source.push_back(chosen);
      source.append(at.begin() + axis + indexShape->size(), at.end());
      result[index] = (*from)[offsetOf(source, *fromShape)];
    });
    return result;
  }
  if (auto slice = dyn_cast<SliceOp>(op)) {
    auto starts = integersOf(slice.getStarts());
    if (!starts)
      return std::nullopt;
    SmallVector<int64_t> first(shape.size(), 0), step(shape.size(), 1);
    for (auto [index, axis] : ::llvm::enumerate(slice.getAxes())) {
      int64_t size = (*fromShape)[axis], start = (*starts)[index];
      step[axis] = slice.getSteps()[index];
      start = start < 0 ? std::max<int64_t>(start, -size - 1) + size : start;
      first[axis] = step[axis] > 0 ? std::clamp<int64_t>(start, 0, size) : std::min(std::max<int64_t>(start, 0), size - 1);
    }
    forEach(shape, [&](int64_t index, ArrayRef<int64_t> at) {
      SmallVector<int64_t> source(at);
      for (auto [axis, coordinate] : ::llvm::enumerate(source)) {
        coordinate = first[axis] + coordinate * step[axis];
        if (coordinate < 0 || coordinate >= (*fromShape)[axis])
          return;
      }
      result[index] = (*from)[offsetOf(source, *fromShape)];
    });
    return result;
  }
  if (auto cumsum = dyn_cast<CumSumOp>(op)) {
    if (fromShape->size() != 1)
      return std::nullopt;
    AffineExpr sum = constant(0);
    for (auto [index, element] : ::llvm::enumerate(*from))
      result[index] = sum = sizes_.add(sum, element);
    return result;
  }
  if (auto reduce = dyn_cast<ReduceOp>(op)) {
    if (result.size() != 1 || from->empty() || reduce.getKind() == Reduction::mean)
      return std::nullopt;
    AffineExpr all = from->front();
    for (AffineExpr element : ArrayRef<AffineExpr>(*from).drop_front())
      all = reduce.getKind() == Reduction::sum    ? sizes_.add(all, element)
            : reduce.getKind() == Reduction::prod ? sizes_.mul(all, element)
            : reduce.getKind() == Reduction::max  ? sizes_.max(all, element)
                                                  : sizes_.min(all, element);
    result[0] = all;
    return result;
  }
  return std::nullopt;
}

std::optional<SymbolicShapes::Expressions> SymbolicShapes::pointwiseContent(Operation *op,
                                                                            ArrayRef<int64_t> shape) const {
  Expressions result(countOf(shape));
  SmallVector<SmallVector<int64_t>> shapes;
  SmallVector<const Expressions *> contents;
  bool any = false;
  for (Value operand : op->getOperands()) {
    auto operandShape = smallShape(dims(operand));
    if (!operandShape || operandShape->size() > shape.size())
      return std::nullopt;
    const std::optional<Expressions> &known = content(operand);
    bool whole = known && static_cast<int64_t>(known->size()) == countOf(*operandShape);
    contents.push_back(whole ? &*known : nullptr);
    any |= whole;
    shapes.push_back(std::move(*operandShape));
  }
  if (!any)
    return std::nullopt;
  forEach(shape, [&](int64_t index, ArrayRef<int64_t> at) {
    SmallVector<AffineExpr, 3> elements;
    for (auto [known, operandShape] : ::llvm::zip(contents, shapes))
      elements.push_back(known ? (*known)[broadcastOffset(at, operandShape)] : AffineExpr());
    result[index] = pointwiseElement(op, elements);
  });
  return result;
}

AffineExpr SymbolicShapes::pointwiseElement(Operation *op, ArrayRef<AffineExpr> x) const {
  bool isFloat = isa<FloatType>(elementOf(op->getOperand(0)));
  auto truth = [&](bool value) { return constant(value); };
  if (auto select = dyn_cast<SelectOp>(op)) {
    if (auto condition = constantValue(x[0]))
      return *condition ? x[1] : x[2];
    return x[1] && x[1] == x[2] ? x[1] : AffineExpr();
  }
  // A logical op is known as soon as one side decides.
  if (isa<AndOp>(op) || (isa<MulOp>(op) && elementOf(op->getResult(0)).isInteger(1))) {
    auto a = constantValue(x[0]), b = constantValue(x[1]);
    return a == 0 || b == 0 ? truth(false) : a && b ? truth(true) : AffineExpr();
  }
  if (isa<OrOp>(op)) {
    auto a = constantValue(x[0]), b = constantValue(x[1]);
    return (a && *a != 0) || (b && *b != 0) ? truth(true) : a && b ? truth(false) : AffineExpr();
  }
  for (AffineExpr element : x)
    if (!element)
      return AffineExpr();
  if (auto compare = dyn_cast<CompareOp>(op)) {
    Order order = sizes_.compare(x[0], x[1]);
    bool below = order == Order::Less, above = order == Order::Greater, equal = order == Order::Equal;
    bool notAbove = below || equal || order == Order::LessEqual,
         notBelow = above || equal || order == Order::GreaterEqual;
    auto decide = [&](bool yes, bool no) { return yes ? truth(true) : no ? truth(false) : AffineExpr(); };
    switch (compare.getPredicate()) {
    case Predicate::eq:
      return decide(equal, below || above);
    case Predicate::ne:
      return decide(below || above, equal);
    case Predicate::lt:
      return decide(below, notBelow);
    case Predicate::le:
      return decide(notAbove, above);
    case Predicate::gt:
      return decide(above, notAbove);
    case Predicate::ge:
      return decide(notBelow, below);
    }
  }
  if (isa<NotOp>(op)) {
    auto a = constantValue(x[0]);
    return a ? truth(*a == 0) : AffineExpr();
  }
  if (isa<CastOp>(op)) {
    if (!elementOf(op->getResult(0)).isInteger(1))
      return x[0]; // sizes fit every integer type an exporter casts them to
    Order order = sizes_.compare(x[0], constant(0));
    return order == Order::Equal                             ? truth(false)
           : order == Order::Less || order == Order::Greater ? truth(true)
                                                             : AffineExpr();
  }
  if (isa<NegOp>(op))
    return sizes_.sub(constant(0), x[0]);
  if (isa<AbsOp>(op))
    return sizes_.isAtLeast(x[0], 0)                            ? x[0]
           : sizes_.isAtLeast(sizes_.sub(constant(0), x[0]), 0) ? sizes_.sub(constant(0), x[0])
                                                                : AffineExpr();
  if (isa<FloorOp, CeilOp, RoundOp>(op))
    return x[0];
  if (isa<AddOp>(op))
    return sizes_.add(x[0], x[1]);
  if (isa<SubOp>(op))
    return sizes_.sub(x[0], x[1]);
  if (isa<MulOp>(op))
    return sizes_.mul(x[0], x[1]);
  if (isa<MinOp>(op))
    return sizes_.min(x[0], x[1]);
  if (isa<MaxOp>(op))
    return sizes_.max(x[0], x[1]);
  if (isa<DivOp>(op)) {
    if (AffineExpr exact = constantValue(x[1]) == 0 ? AffineExpr() : sizes_.exactDiv(x[0], x[1]))
      return exact;
    // Truncation is flooring for a dividend that is not negative.
    return !isFloat && sizes_.isAtLeast(x[0], 0) && sizes_.isAtLeast(x[1], 1) ? sizes_.floorDiv(x[0], x[1])
                                                                              : AffineExpr();
  }
  if (isa<ModOp>(op))
    return isFloat && !sizes_.isAtLeast(x[0], 0) ? AffineExpr() : sizes_.mod(x[0], x[1]);
  return AffineExpr();
}

} // namespace lathe::llm
