// See ColumnTerms.h.
#include "passes/fusion/ColumnTerms.h"

#include "ir/llm/Llm.h"

using namespace mlir;

namespace lathe {

using Place = Factor::Place;

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static Terms leaf(const Place &place) {
  Factor factor;
  factor.places.push_back(place);
  return {Term{1, {factor}}};
}

/// A head's elements at (c0, c1, c2, column): what is rotated. Followed further only where its columns are moved.
bool ColumnTerms::isHead(const Place &place) const {
  if (place.at.size() != 4 || !llm::constantValue(place.at[3]))
    return false;
  for (size_t axis = 0; axis < 3; ++axis)
    if (place.at[axis] != coordinates_[axis])
      return false;
  return true;
}

/// The place in the operand that an op moved to this one.
std::optional<Place> ColumnTerms::before(Place place) {
  const llm::SizeExpressions &sizes = coordinates_.sizes();
  Operation *op = place.value.getDefiningOp();
  auto to = [&](Value value, SmallVector<AffineExpr, 4> at) { return Place{value, std::move(at)}; };
  if (auto unsqueeze = dyn_cast<llm::UnsqueezeOp>(op)) {
    SmallVector<AffineExpr, 4> at;
    for (auto [axis, coordinate] : ::llvm::enumerate(place.at))
      if (!::llvm::is_contained(unsqueeze.getAxes(), static_cast<int64_t>(axis)))
        at.push_back(coordinate);
    return to(unsqueeze.getX(), at);
  }
  if (auto squeeze = dyn_cast<llm::SqueezeOp>(op)) {
    for (int64_t axis : squeeze.getAxes())
      place.at.insert(place.at.begin() + axis, sizes.constant(0));
    return to(squeeze.getX(), place.at);
  }
  if (auto reshape = dyn_cast<llm::ReshapeOp>(op)) {
    auto at = placeBeforeReshape(reshape.getX(), place.value, place.at, shapes_, coordinates_);
    if (!at)
      return std::nullopt;
    return to(reshape.getX(), SmallVector<AffineExpr, 4>(at->begin(), at->end()));
  }
  if (auto transpose = dyn_cast<llm::TransposeOp>(op)) {
    SmallVector<AffineExpr, 4> at(place.at.size());
    for (auto [axis, from] : ::llvm::enumerate(transpose.getPermutation()))
      at[from] = place.at[axis];
    return to(transpose.getX(), at);
  }
  if (auto expand = dyn_cast<llm::ExpandOp>(op)) {
    auto from = shapes_.shapeOf(expand.getX()), result = shapes_.shapeOf(place.value);
    if (!from || !result)
      return std::nullopt;
    SmallVector<AffineExpr, 4> at(ArrayRef<AffineExpr>(place.at).take_back(from->size()));
    for (auto [axis, size] : ::llvm::enumerate(*from))
      if (llm::constantValue(size) == 1)
        at[axis] = sizes.constant(0);
      else if (size != (*result)[axis + result->size() - from->size()])
        return std::nullopt;
    return to(expand.getX(), at);
  }
  if (auto slice = dyn_cast<llm::SliceOp>(op)) {
    auto starts = shapes_.contentOf(slice.getStarts());
    for (auto [index, axis] : ::llvm::enumerate(slice.getAxes())) {
      AffineExpr size = shapes_.sizeOf(slice.getX(), axis), start = starts ? (*starts)[index] : AffineExpr();
      if (!start || !size || slice.getSteps()[index] < 1)
        return std::nullopt;
      if (auto number = llm::constantValue(start); number && *number < 0)
        start = sizes.max(sizes.add(start, size), sizes.constant(0));
      if (!start || !sizes.isAtLeast(start, 0))
        return std::nullopt;
      place.at[axis] = sizes.add(start, sizes.mul(place.at[axis], sizes.constant(slice.getSteps()[index])));
    }
    return to(slice.getX(), place.at);
  }
  if (auto concat = dyn_cast<llm::ConcatOp>(op)) {
    int64_t axis = concat.getAxis();
    auto at = llm::constantValue(place.at[axis]);
    for (Value input : concat.getInputs()) {
      auto size = llm::constantValue(shapes_.sizeOf(input, axis));
      if (!at || !size)
        return std::nullopt;
      if (*at < *size) {
        place.at[axis] = sizes.constant(*at);
        return to(input, place.at);
      }
      *at -= *size;
    }
    return std::nullopt;
  }
  if (auto gather = dyn_cast<llm::GatherOp>(op)) {
    int64_t axis = gather.getAxis(), rank = tensorOf(gather.getIndices()).getRank();
    SmallVector<AffineExpr, 4> index(ArrayRef<AffineExpr>(place.at).slice(axis, rank));
    SmallVector<AffineExpr, 4> at(ArrayRef<AffineExpr>(place.at).take_front(axis));
    auto content = shapes_.integersOf(gather.getIndices());
    auto fixed = rank == 1 && content ? llm::constantValue(index.front()) : std::nullopt;
    auto size = llm::constantValue(shapes_.sizeOf(gather.getX(), axis));
    if (fixed && size && *fixed < static_cast<int64_t>(content->size())) {
      int64_t number = (*content)[*fixed];
      at.push_back(sizes.constant(number < 0 ? number + *size : number));
    } else {
      Place chosen = to(gather.getIndices(), index);
      for (int steps = 0; steps < 16 && chosen.value.getDefiningOp(); ++steps) {
        auto cast = chosen.value.getDefiningOp<llm::CastOp>();
        if (cast && isa<IntegerType>(tensorOf(cast.getX()).getElementType())) {
          chosen.value = cast.getX();
          continue;
        }
        auto next = cast ? std::nullopt : before(chosen);
        if (!next)
          break;
        chosen = *next;
      }
      if (chosenBy_ && !(*chosenBy_ == chosen))
        return std::nullopt;
      chosenBy_ = chosen;
      at.push_back(row_);
    }
    at.append(place.at.begin() + axis + rank, place.at.end());
    return to(gather.getX(), at);
  }
  return std::nullopt;
}

std::optional<Terms> ColumnTerms::at(Value value, ArrayRef<AffineExpr> at) {
  Place place{value, SmallVector<AffineExpr, 4>(at)};
  if (depth_ == 0)
    steps_ = 0;
  if (depth_ > 48 || ++steps_ > 1000 || ::llvm::is_contained(place.at, AffineExpr()))
    return std::nullopt;
  ++depth_;
  auto result = compute(place);
  --depth_;
  if (!result || result->size() > 4 ||
      ::llvm::any_of(*result, [](const Term &term) { return term.factors.size() > 3; }))
    return std::nullopt;
  return result;
}

/// cos or sin of one product
std::optional<Terms> ColumnTerms::angle(Operation *op, const Place &place) {
  auto inside = at(op->getOperand(0), place.at);
  if (!inside || inside->size() != 1)
    return std::nullopt;
  Factor factor;
  factor.kind = isa<llm::CosOp>(op) ? Factor::Cosine : Factor::Sine;
  factor.scale = inside->front().number;
  for (const Factor &part : inside->front().factors) {
    if (part.kind != Factor::Element)
      return std::nullopt;
    factor.places.append(part.places);
  }
  return Terms{Term{1, {factor}}};
}

std::optional<Terms> ColumnTerms::compute(const Place &place) {
  Operation *op = place.value.getDefiningOp();
  auto type = tensorOf(place.value);
  if (!op)
    return leaf(place);
  if (auto constant = dyn_cast<llm::ConstantOp>(op)) {
    auto elements = dyn_cast<DenseFPElementsAttr>(constant.getValue());
    int64_t index = 0;
    for (auto [coordinate, size] : ::llvm::zip(place.at, type.getShape())) {
      auto number = llm::constantValue(coordinate);
      if (elements && elements.isSplat())
        continue;
      if (!elements || !number || *number < 0 || *number >= size)
        return leaf(place);
      index = index * size + *number;
    }
    APFloat number = elements.isSplat() ? elements.getSplatValue<APFloat>() : elements.getValues<APFloat>()[index];
    bool loses = false;
    number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &loses);
    return Terms{Term{number.convertToDouble(), {}}};
  }
  bool isFloat = isa<FloatType>(type.getElementType());
  if (isa<llm::CosOp, llm::SinOp>(op))
    return angle(op, place);
  if (auto cast = dyn_cast<llm::CastOp>(op)) {
    bool follows = isa<FloatType>(tensorOf(cast.getX()).getElementType()) == isFloat ||
                   (isFloat && !tensorOf(cast.getX()).getElementType().isInteger(1));
    return follows ? at(cast.getX(), place.at) : leaf(place);
  }
  if (isFloat && isa<llm::AddOp, llm::SubOp, llm::NegOp, llm::MulOp, llm::DivOp>(op)) {
    std::optional<Terms> operands[2];
    for (auto [index, operand] : ::llvm::enumerate(op->getOperands())) {
      int64_t rank = tensorOf(operand).getRank();
      SmallVector<AffineExpr, 4> at(ArrayRef<AffineExpr>(place.at).take_back(rank));
      for (auto [axis, coordinate] : ::llvm::enumerate(at)) {
        AffineExpr size = shapes_.sizeOf(operand, axis);
        if (llm::constantValue(size) == 1)
          coordinate = coordinates_.sizes().constant(0);
        else if (!size || size != shapes_.sizeOf(place.value, axis + place.at.size() - rank))
          return leaf(place);
      }
      operands[index] = this->at(operand, at);
      if (!operands[index])
        return std::nullopt;
    }
    Terms result = *operands[0];
    if (isa<llm::NegOp>(op)) {
      for (Term &term : result)
        term.number = -term.number;
      return result;
    }
    if (isa<llm::AddOp, llm::SubOp>(op)) {
      for (Term term : *operands[1]) {
        term.number *= isa<llm::SubOp>(op) ? -1 : 1;
        result.push_back(term);
      }
      return result;
    }
    if (isa<llm::DivOp>(op)) {
      if (operands[1]->size() != 1 || !operands[1]->front().factors.empty() || operands[1]->front().number == 0)
        return leaf(place);
      for (Term &term : result)
        term.number /= operands[1]->front().number;
      return result;
    }
    Terms product;
    for (const Term &a : *operands[0])
      for (const Term &b : *operands[1]) {
        Term both = a;
        both.number *= b.number;
        both.factors.append(b.factors);
        product.push_back(both);
      }
    return product;
  }
  // Where a head comes from another layout it is taken as it is; its columns are followed.
  if (isHead(place) &&
      (isa<llm::TransposeOp>(op) || (isa<llm::ReshapeOp>(op) && tensorOf(op->getOperand(0)).getRank() < 4)))
    return leaf(place);
  auto next = before(place);
  if (!next)
    return leaf(place);
  return at(next->value, next->at);
}

} // namespace lathe
