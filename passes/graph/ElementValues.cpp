// See ElementValues.h: ops that move elements; arithmetic is in ElementArithmetic.cpp.
#include "passes/graph/ElementValues.h"

#include "ir/llm/Llm.h"
#include "ir/llm/Tables.h"

#include <cmath>

using namespace mlir;

namespace lathe {

static constexpr int maxDepth = 256, maxSteps = 4000;

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

std::nullopt_t ElementValues::fail(Operation *op, const std::string &why) {
  if (problem_.empty()) {
    problem_ = (op ? op->getName().getStringRef().str() + " " : "") + why;
    problemOp_ = op;
  }
  return std::nullopt;
}

ElementValue ElementValues::whole(AffineExpr expression) const {
  ElementValue value;
  value.pieces.push_back({Condition::always(), {}});
  value.pieces.back().leaf.expression = expression;
  return value;
}
ElementValue ElementValues::number(double constant) const {
  ElementValue value;
  value.pieces.push_back({Condition::always(), {}});
  value.pieces.back().leaf.number = constant;
  return value;
}

std::optional<ElementValue> ElementValues::at(Value value, ArrayRef<AffineExpr> at) {
  std::pair<void *, std::vector<const void *>> key{value.getAsOpaquePointer(), {}};
  for (AffineExpr coordinate : at) {
    if (!coordinate)
      return fail(value.getDefiningOp(), "is read at an unknown place");
    key.second.push_back(coordinate.getAsOpaquePointer());
  }
  auto known = known_.find(key);
  if (known != known_.end())
    return known->second;
  if (depth_ > maxDepth || ++steps_ > maxSteps)
    return fail(value.getDefiningOp(), "is too far from what it is computed from");
  ++depth_;
  std::optional<ElementValue> result = compute(value, at);
  --depth_;
  known_[key] = result;
  return result;
}

AffineExpr ElementValues::wholeAt(Value value, ArrayRef<AffineExpr> at) {
  auto element = this->at(value, at);
  if (!element || element->truth || element->pieces.size() != 1 || !element->pieces.front().leaf.isWhole())
    return AffineExpr();
  return element->pieces.front().leaf.expression;
}

std::optional<Condition> ElementValues::truthAt(Value value, ArrayRef<AffineExpr> at) {
  auto element = this->at(value, at);
  return element ? asTruth(*element, value.getDefiningOp()) : std::nullopt;
}

std::optional<ElementValue> ElementValues::compute(Value value, ArrayRef<AffineExpr> at) {
  Operation *op = value.getDefiningOp();
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() != static_cast<int64_t>(at.size()))
    return fail(op, "is no tensor of the expected rank");
  if (auto content = shapes_.contentOf(value); content && content->size() == 1) {
    if (!type.getElementType().isInteger(1))
      return whole(content->front());
    ElementValue truth;
    truth.truth = llm::constantValue(content->front()) == 0 ? Condition::never() : Condition::always();
    return truth;
  }
  if (!op) {
    if (!isa<IntegerType>(type.getElementType()))
      return fail(op, "an input of floats");
    if (value == ones_ && !type.getElementType().isInteger(1))
      return whole(sizes().constant(1));
    Literal literal;
    literal.input = value;
    literal.at.assign(at.begin(), at.end());
    ElementValue result;
    if (type.getElementType().isInteger(1)) {
      result.truth = Condition::of(literal, coordinates_);
    } else {
      result.pieces.push_back({Condition::always(), {}});
      result.pieces.back().leaf.input = value;
      result.pieces.back().leaf.at = literal.at;
    }
    return result;
  }
  if (isa<llm::ConstantOp>(op))
    return computeConstant(op, at);
  if (isa<llm::WeightOp>(op) && allowsTables_)
    return tableAt(value, at, "is a weight");
  if (isa<llm::Pointwise>(op))
    return computePointwise(op, at);
  return computeMove(op, at);
}

/// 1 times an element of a table of floats.
std::optional<ElementValue> ElementValues::tableAt(Value table, ArrayRef<AffineExpr> at, const char *why) {
  if (!allowsTables_ || !isa<FloatType>(tensorOf(table).getElementType()))
    return fail(table.getDefiningOp(), why);
  ElementValue result = whole(sizes().constant(1));
  result.pieces.back().leaf.table = table;
  result.pieces.back().leaf.at.assign(at.begin(), at.end());
  return result;
}

std::optional<ElementValue> ElementValues::computeConstant(Operation *op, ArrayRef<AffineExpr> at) {
  auto elements = dyn_cast<DenseElementsAttr>(cast<llm::ConstantOp>(op).getValue());
  auto type = tensorOf(op->getResult(0));
  if (!elements || elements.empty())
    return fail(op, "is no dense constant");
  bool isFloat = isa<FloatType>(type.getElementType()), isTruth = type.getElementType().isInteger(1);
  auto numberAt = [&](int64_t index) -> double {
    if (!isFloat) {
      APInt number = elements.getValues<APInt>()[index];
      return isTruth ? static_cast<double>(number.getZExtValue()) : static_cast<double>(number.getSExtValue());
    }
    APFloat number = elements.getValues<APFloat>()[index];
    bool loses = false;
    number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &loses);
    return number.convertToDouble();
  };
  auto give = [&](double constant) -> ElementValue {
    if (isTruth) {
      ElementValue result;
      result.truth = constant != 0 ? Condition::always() : Condition::never();
      return result;
    }
    return isFloat ? number(constant) : whole(sizes().constant(static_cast<int64_t>(constant)));
  };
  if (elements.isSplat())
    return give(numberAt(0));
  // The elements step evenly along the one axis that the place depends on, or the place is a constant.
  int64_t offset = 0, stride = 1, axisStride = 0, axisSize = 1;
  AffineExpr along;
  for (int64_t axis = type.getRank(); axis-- > 0; stride *= type.getDimSize(axis)) {
    if (type.getDimSize(axis) == 1)
      continue;
    if (auto constant = llm::constantValue(at[axis])) {
      if (*constant < 0 || *constant >= type.getDimSize(axis))
        return fail(op, "is read outside of its elements");
      offset += *constant * stride;
      continue;
    }
    if (along)
      return fail(op, "is a table of more than one axis");
    along = at[axis], axisStride = stride, axisSize = type.getDimSize(axis);
  }
  if (!along)
    return give(numberAt(offset));
  double first = numberAt(offset), step = numberAt(offset + axisStride) - first;
  for (int64_t i = 0; i < axisSize; ++i)
    if (numberAt(offset + i * axisStride) != first + static_cast<double>(i) * step)
      return tableAt(op->getResult(0), at, "is a table that is no even progression");
  if (step == 0)
    return give(first);
  if (isTruth || first != std::floor(first) || step != std::floor(step))
    return tableAt(op->getResult(0), at, "is a table that is no progression of whole numbers");
  return whole(sizes().add(sizes().constant(static_cast<int64_t>(first)),
                           sizes().mul(along, sizes().constant(static_cast<int64_t>(step)))));
}

std::optional<SmallVector<AffineExpr>> placeBeforeReshape(Value x, Value result, ArrayRef<AffineExpr> at,
                                                          const llm::SymbolicShapes &shapes,
                                                          const Coordinates &coordinates) {
  const llm::SizeExpressions &sizes = coordinates.sizes();
  auto from = shapes.shapeOf(x), to = shapes.shapeOf(result);
  if (!from || !to)
    return std::nullopt;
  AffineExpr flat = sizes.constant(0), stride = sizes.constant(1);
  for (size_t axis = to->size(); axis-- > 0; stride = sizes.mul(stride, (*to)[axis]))
    flat = sizes.add(flat, sizes.mul(at[axis], stride));
  SmallVector<AffineExpr> strides(from->size());
  stride = sizes.constant(1);
  for (size_t axis = from->size(); axis-- > 0; stride = sizes.mul(stride, (*from)[axis]))
    strides[axis] = stride;
  SmallVector<AffineExpr> place;
  for (auto [axis, size] : ::llvm::enumerate(*from)) {
    AffineExpr below = strides[axis];
    if (llm::constantValue(size) == 1) {
      place.push_back(sizes.constant(0));
      continue;
    }
    if (!flat || !below)
      return std::nullopt;
    auto [quotient, rest] = sizes.divide(flat, below);
    // A constant part of the rest that holds whole rows: 5 of rows of 2 is row 2, column 1.
    if (auto width = llm::constantValue(below); width && *width > 0 && rest) {
      SmallVector<AffineExpr> zeros(256, sizes.constant(0));
      auto number = llm::constantValue(sizes.canonical(rest.replaceSymbols(zeros)));
      AffineExpr rows = sizes.constant(number.value_or(0) / *width);
      quotient = sizes.add(quotient, rows), rest = sizes.sub(rest, sizes.mul(rows, below));
    }
    AffineExpr spare = sizes.sub(sizes.sub(below, rest), sizes.constant(1));
    if (!quotient || !coordinates.isNonNegative(rest) || !coordinates.isNonNegative(spare))
      return std::nullopt;
    place.push_back(quotient);
    flat = rest;
  }
  return place;
}

std::optional<ElementValue> ElementValues::computeMove(Operation *op, ArrayRef<AffineExpr> at) {
  auto broadcast = [&](Value x) {
    At place(at.take_back(tensorOf(x).getRank()));
    for (auto [axis, coordinate] : ::llvm::enumerate(place)) {
      AffineExpr size = shapes_.sizeOf(x, axis);
      if (llm::constantValue(size) == 1)
        coordinate = sizes().constant(0);
      else if (!size)
        coordinate = AffineExpr();
    }
    return place;
  };
  if (isa<llm::ReshapeOp, llm::SqueezeOp, llm::UnsqueezeOp>(op)) {
    Value x = op->getOperand(0);
    At place;
    if (auto unsqueeze = dyn_cast<llm::UnsqueezeOp>(op)) {
      for (auto [axis, coordinate] : ::llvm::enumerate(at))
        if (!::llvm::is_contained(unsqueeze.getAxes(), static_cast<int64_t>(axis)))
          place.push_back(coordinate);
      return this->at(x, place);
    }
    if (auto squeeze = dyn_cast<llm::SqueezeOp>(op)) {
      place.assign(at.begin(), at.end());
      for (int64_t axis : squeeze.getAxes())
        place.insert(place.begin() + axis, sizes().constant(0));
      return this->at(x, place);
    }
    auto through = placeBeforeReshape(x, op->getResult(0), at, shapes_, coordinates_);
    return through ? this->at(x, *through) : fail(op, "moves elements in a way that is not understood");
  }
  if (auto transpose = dyn_cast<llm::TransposeOp>(op)) {
    At place(at.size());
    for (auto [to, axis] : ::llvm::enumerate(transpose.getPermutation()))
      place[axis] = at[to];
    return this->at(transpose.getX(), place);
  }
  if (auto expand = dyn_cast<llm::ExpandOp>(op)) {
    // An axis of unknown size might be 1.
    auto from = shapes_.shapeOf(expand.getX()), to = shapes_.shapeOf(expand.getResult());
    if (!from || !to)
      return fail(op, "has an unknown shape");
    At place = broadcast(expand.getX());
    for (auto [axis, size] : ::llvm::enumerate(*from))
      if (llm::constantValue(size) != 1 && size != (*to)[axis + to->size() - from->size()])
        return fail(op, "has an unknown shape");
    return this->at(expand.getX(), place);
  }
  if (auto slice = dyn_cast<llm::SliceOp>(op)) {
    auto starts = shapes_.contentOf(slice.getStarts());
    At place(at);
    for (auto [index, axis] : ::llvm::enumerate(slice.getAxes())) {
      AffineExpr size = shapes_.sizeOf(slice.getX(), axis), start = starts ? (*starts)[index] : AffineExpr();
      if (!start || !size || slice.getSteps()[index] < 1)
        return fail(op, "has bounds that are not known");
      auto highest = sizes().upperBound(start);
      if (highest && *highest < 0)
        start = sizes().max(sizes().add(start, size), sizes().constant(0));
      else if (!sizes().isAtLeast(start, 0) && !llm::isTable(slice.getX()))
        start = AffineExpr();
      // A start beyond the end leaves nothing, so where there is an element the start is the one given.
      place[axis] = sizes().add(start, sizes().mul(at[axis], sizes().constant(slice.getSteps()[index])));
    }
    return this->at(slice.getX(), place);
  }
  if (auto concat = dyn_cast<llm::ConcatOp>(op)) {
    int64_t axis = concat.getAxis();
    AffineExpr first = sizes().constant(0);
    std::optional<ElementValue> result;
    std::optional<Condition> before; // the element lies before the input at hand
    for (Value input : concat.getInputs()) {
      At place(at);
      place[axis] = sizes().sub(at[axis], first);
      AffineExpr end = sizes().add(first, shapes_.sizeOf(input, axis));
      if (!end)
        return fail(op, "joins tensors of unknown sizes");
      Condition here =
          Condition::atLeastZero(sizes().sub(sizes().sub(end, at[axis]), sizes().constant(1)), coordinates_);
      first = end;
      if ((before && before->isAlways()) || here.isNever()) {
        if (!before || !before->isAlways())
          before = here;
        continue;
      }
      auto part = this->at(input, place);
      if (!part)
        return std::nullopt;
      result = result ? select(*before, *result, *part, op) : part;
      if (!result)
        return std::nullopt;
      before = here;
    }
    return result;
  }
  if (auto gather = dyn_cast<llm::GatherOp>(op)) {
    int64_t axis = gather.getAxis(), rank = tensorOf(gather.getIndices()).getRank();
    AffineExpr index = wholeAt(gather.getIndices(), at.slice(axis, rank));
    if (!index)
      return fail(op, "has indices that are not understood");
    AffineExpr size = shapes_.sizeOf(gather.getX(), axis);
    if (!coordinates_.isNonNegative(index)) {
      if (!coordinates_.isNonNegative(sizes().sub(sizes().constant(-1), index)) || !size)
        return fail(op, "has indices that may be negative");
      index = sizes().add(index, size);
    }
    At place(at.take_front(axis));
    place.push_back(index);
    place.append(at.begin() + axis + rank, at.end());
    return this->at(gather.getX(), place);
  }
  if (auto range = dyn_cast<llm::RangeOp>(op)) {
    AffineExpr start = wholeAt(range.getStart(), {}), delta = wholeAt(range.getDelta(), {});
    AffineExpr value = sizes().add(start, sizes().mul(at[0], delta));
    return value ? std::optional(whole(value)) : fail(op, "does not start at or step by whole numbers that are known");
  }
  if (auto trilu = dyn_cast<llm::TriluOp>(op)) {
    AffineExpr row = at[at.size() - 2], column = at.back(), diagonal = sizes().constant(trilu.getDiagonal());
    AffineExpr distance = sizes().sub(sizes().sub(column, row), diagonal);
    if (!trilu.getUpper())
      distance = sizes().sub(sizes().constant(0), distance);
    Condition kept = Condition::atLeastZero(distance, coordinates_);
    ElementValue zero;
    Type element = tensorOf(trilu.getX()).getElementType();
    if (element.isInteger(1))
      zero.truth = Condition::never();
    else
      zero = isa<FloatType>(element) ? number(0) : whole(sizes().constant(0));
    if (kept.isNever())
      return zero;
    auto x = this->at(trilu.getX(), at);
    return x ? select(kept, *x, zero, op) : std::nullopt;
  }
  if (auto cumsum = dyn_cast<llm::CumSumOp>(op)) {
    AffineExpr x = wholeAt(cumsum.getX(), at);
    if (!x || coordinates_.contains(x))
      return fail(op, "sums elements that differ");
    AffineExpr sum = sizes().mul(x, sizes().add(at[cumsum.getAxis()], sizes().constant(1)));
    return sum ? std::optional(whole(sum)) : fail(op, "has too large an expression");
  }
  if (auto positions = dyn_cast<llm::PositionsOp>(op)) {
    AffineExpr past = sizes().canonical(positions.getSizes().getResult(2));
    AffineExpr value = sizes().add(past, at[1]);
    return value ? std::optional(whole(value)) : fail(op, "has too large an expression");
  }
  return fail(op, "is not followed");
}

} // namespace lathe
