// See ElementTerms.h.
#include "passes/fusion/ElementTerms.h"

#include "ir/llm/ControlOps.h"
#include "ir/llm/IndexOps.h"

using namespace mlir;

namespace lathe {

namespace {
constexpr int deepest = 200;
constexpr int64_t mostSteps = 1'000'000;
RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }
bool isFloats(Value value) { return isa<FloatType>(tensorOf(value).getElementType()); }
} // namespace

const Term *ElementTerms::make(Term term) {
  auto key =
      std::make_tuple(static_cast<int>(term.kind), term.number, term.value.getAsOpaquePointer(), term.name, term.terms);
  std::unique_ptr<Term> &known = terms[key];
  if (!known)
    known = std::make_unique<Term>(std::move(term));
  return known.get();
}

bool ElementTerms::isPlace(const Term *term) {
  if (term->kind == Term::Kind::Number || term->kind == Term::Kind::Variable)
    return term->kind == Term::Kind::Variable || term->number >= 0;
  if (term->isApply("add") || term->isApply("mul"))
    return isPlace(term->terms[0]) && isPlace(term->terms[1]);
  if (term->kind != Term::Kind::Element)
    return false;
  Operation *op = term->value.getDefiningOp();
  return isa_and_nonnull<llm::NonZeroOp>(op) ||
         (isa_and_nonnull<llm::TopKOp>(op) && term->value == cast<llm::TopKOp>(op).getIndices());
}

/// A coordinate of a non_zero along an axis of a known size.
bool ElementTerms::isBelow(const Term *term, int64_t bound) const {
  if (term->kind == Term::Kind::Number)
    return term->number >= 0 && term->number < bound;
  auto places = term->kind == Term::Kind::Element ? term->value.getDefiningOp<llm::NonZeroOp>() : llm::NonZeroOp();
  if (!places || term->terms[0]->kind != Term::Kind::Number)
    return false;
  int64_t axis = term->terms[0]->number;
  auto type = tensorOf(places.getX());
  return axis < type.getRank() && !type.isDynamicDim(axis) && type.getDimSize(axis) <= bound;
}

const Term *ElementTerms::apply(StringRef name, At of) {
  auto numbers = [&] { return ::llvm::all_of(of, [](const Term *term) { return term->kind == Term::Kind::Number; }); };
  if (of.size() == 2 && numbers()) {
    int64_t a = of[0]->number, b = of[1]->number, result = 0;
    if (name == "add" && !__builtin_add_overflow(a, b, &result))
      return number(result);
    if (name == "mul" && !__builtin_mul_overflow(a, b, &result))
      return number(result);
    if (name == "eq" || name == "ne" || name == "lt")
      return number(name == "eq" ? a == b : name == "ne" ? a != b : a < b);
  }
  if (name == "add" && (of[0]->isNumber(0) || of[1]->isNumber(0)))
    return of[of[0]->isNumber(0)];
  if (name == "mul" && (of[0]->isNumber(1) || of[1]->isNumber(1)))
    return of[of[0]->isNumber(1)];
  // A truth that is made a number and compared with 0 again.
  if (name == "ne" && of[1]->isNumber(0) && (of[0]->isApply("eq") || of[0]->isApply("ne") || of[0]->isApply("lt")))
    return of[0];
  if (name == "lt" && of[1]->isNumber(0) && isPlace(of[0]))
    return number(0);
  if (name == "select" && of[0]->kind == Term::Kind::Number)
    return of[of[0]->number ? 1 : 2];
  if (name == "select" && of[1]->isNumber(1) && of[2]->isNumber(0))
    return of[0];
  return make({Term::Kind::Apply, 0, {}, name.str(), std::vector<const Term *>(of.begin(), of.end())});
}

std::optional<ElementTerms::Terms> ElementTerms::broadcast(Value operand, Value result, At at) {
  auto type = tensorOf(operand);
  int64_t lead = static_cast<int64_t>(at.size()) - type.getRank();
  Terms place;
  if (lead < 0)
    return std::nullopt;
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    AffineExpr own = shapes.sizeOf(operand, axis), whole = shapes.sizeOf(result, lead + axis);
    if (type.getDimSize(axis) == 1)
      place.push_back(number(0));
    else if (own && own == whole)
      place.push_back(at[lead + axis]);
    else
      return std::nullopt;
  }
  return place;
}

std::optional<ElementTerms::Terms> ElementTerms::beforeReshape(Value x, Value result, At at) {
  SmallVector<AffineExpr> from = shapes.sizesOf(x), to = shapes.sizesOf(result);
  auto isOne = [](AffineExpr size) { return llm::constantValue(size) == 1; };
  SmallVector<const Term *> wide;
  SmallVector<AffineExpr> wideTo, wideFrom;
  for (auto [axis, size] : ::llvm::enumerate(to))
    if (!size)
      return std::nullopt;
    else if (!isOne(size))
      wide.push_back(at[axis]), wideTo.push_back(size);
  for (AffineExpr size : from)
    if (!size)
      return std::nullopt;
    else if (!isOne(size))
      wideFrom.push_back(size);
  // A matrix as one long row: a * columns + b, where b is below the number of columns.
  if (wideFrom.size() == 2 && wideTo.size() == 1) {
    auto columns = llm::constantValue(wideFrom[1]);
    if (!columns || !wide[0]->isApply("add"))
      return std::nullopt;
    for (int side : {0, 1}) {
      const Term *rows = wide[0]->terms[side], *column = wide[0]->terms[1 - side];
      for (int factor : {0, 1})
        if (rows->isApply("mul") && rows->terms[factor]->isNumber(*columns) && isBelow(column, *columns)) {
          wide = {rows->terms[1 - factor], column};
          wideTo = wideFrom;
          break;
        }
      if (wide.size() == 2)
        break;
    }
  }
  if (wideFrom != wideTo)
    return std::nullopt;
  Terms place;
  size_t next = 0;
  for (AffineExpr size : from)
    place.push_back(isOne(size) ? number(0) : wide[next++]);
  return place;
}

const Term *ElementTerms::constant(Value value, At at) {
  auto constant = value.getDefiningOp<llm::ConstantOp>();
  auto elements = constant ? dyn_cast<DenseIntElementsAttr>(constant.getValue()) : DenseIntElementsAttr();
  if (!elements)
    return nullptr;
  int64_t index = 0;
  for (auto [term, size] : ::llvm::zip(at, elements.getType().getShape())) {
    if (size != 1 && !elements.isSplat() &&
        (term->kind != Term::Kind::Number || term->number < 0 || term->number >= size))
      return nullptr;
    index = index * size + (size == 1 || elements.isSplat() ? 0 : term->number);
  }
  if (elements.empty())
    return nullptr;
  APInt element = elements.isSplat() ? elements.getSplatValue<APInt>() : elements.getValues<APInt>()[index];
  return number(element.getBitWidth() == 1 ? element.getZExtValue() : element.getSExtValue());
}

/// Ops that move elements.
const Term *ElementTerms::move(Operation *op, At at, Stop stop) {
  if (auto transpose = dyn_cast<llm::TransposeOp>(op)) {
    Terms place(at.size());
    for (auto [axis, from] : ::llvm::enumerate(transpose.getPermutation()))
      place[from] = at[axis];
    return of(transpose.getX(), place, stop);
  }
  if (isa<llm::ReshapeOp, llm::SqueezeOp, llm::UnsqueezeOp>(op)) {
    auto place = beforeReshape(op->getOperand(0), op->getResult(0), at);
    return place ? of(op->getOperand(0), *place, stop) : nullptr;
  }
  if (isa<llm::ExpandOp, llm::BroadcastToOp>(op)) {
    auto place = broadcast(op->getOperand(0), op->getResult(0), at);
    return place ? of(op->getOperand(0), *place, stop) : nullptr;
  }
  if (auto slice = dyn_cast<llm::SliceOp>(op)) {
    auto starts = llm::constantIntegers(slice.getStarts());
    Terms place(at.begin(), at.end());
    for (auto [i, axis] : ::llvm::enumerate(slice.getAxes())) {
      if (!starts || slice.getSteps()[i] != 1 || (*starts)[i] < 0)
        return nullptr;
      // A slice of one element is at its start.
      bool single = tensorOf(slice.getResult()).getDimSize(axis) == 1;
      place[axis] = apply("add", {single ? number(0) : place[axis], number((*starts)[i])});
    }
    return of(slice.getX(), place, stop);
  }
  if (auto gather = dyn_cast<llm::GatherOp>(op)) {
    int64_t axis = gather.getAxis(), rank = tensorOf(gather.getIndices()).getRank();
    const Term *index = of(gather.getIndices(), at.slice(axis, rank), stop);
    if (!isPlace(index))
      return nullptr;
    Terms place(at.begin(), at.begin() + axis);
    place.push_back(index);
    place.append(at.begin() + axis + rank, at.end());
    return of(gather.getX(), place, stop);
  }
  return nullptr;
}

/// Pointwise ops.
const Term *ElementTerms::compute(Operation *op, At at, Stop stop) {
  Value result = op->getResult(0);
  if (auto cast = dyn_cast<llm::CastOp>(op)) {
    const Term *inner = of(cast.getX(), at, stop);
    bool toTruth = tensorOf(result).getElementType().isInteger(1),
         fromTruth = tensorOf(cast.getX()).getElementType().isInteger(1);
    if (isFloats(result) != isFloats(cast.getX()))
      return fromTruth ? inner : nullptr; // the numbers 0 and 1
    return toTruth && !fromTruth ? apply("ne", {inner, number(0)}) : inner;
  }
  if (!isa<llm::Pointwise>(op))
    return nullptr;
  SmallVector<const Term *> operands;
  for (Value operand : op->getOperands()) {
    auto place = broadcast(operand, result, at);
    if (!place)
      return nullptr;
    operands.push_back(of(operand, *place, stop));
  }
  std::string name = op->getName().stripDialect().str();
  if (auto compare = dyn_cast<llm::CompareOp>(op))
    name = llm::stringifyPredicate(compare.getPredicate()).str();
  if (name == "gelu" && cast<llm::GeluOp>(op).getApproximate())
    name = "gelu_tanh";
  return apply(name, operands);
}

const Term *ElementTerms::of(Value value, At at, Stop stop) {
  Operation *op = value.getDefiningOp();
  if (stop(value, at) || !op || depth > deepest || ++steps > mostSteps || op->getNumRegions() != 0)
    return element(value, at);
  ++depth;
  const Term *term = constant(value, at);
  if (!term && op->getNumResults() == 1)
    term = move(op, at, stop);
  if (!term && op->getNumResults() == 1)
    term = compute(op, at, stop);
  --depth;
  return term ? term : element(value, at);
}

} // namespace lathe
