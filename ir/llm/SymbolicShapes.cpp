// Shapes: what each llm op makes of the sizes of its operands. Contents are in SymbolicContents.cpp.
#include "ir/llm/SymbolicShapes.h"
#include "ir/llm/Llm.h"
#include "ir/llm/SymbolicShapesEntry.h"
#include "ir/llm/Tables.h"

#include "mlir/IR/OperationSupport.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace lathe::llm {

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static SmallVector<StringRef> symbolNames(func::FuncOp function) {
  SmallVector<StringRef> names;
  if (auto symbols = function->getAttrOfType<ArrayAttr>("llm.symbols"))
    for (Attribute symbol : symbols)
      names.push_back(isa<StringAttr>(symbol) ? cast<StringAttr>(symbol).getValue() : StringRef());
  return names;
}
static SmallVector<int64_t> lowestValues(ArrayRef<StringRef> names) {
  SmallVector<int64_t> lowest;
  for (StringRef name : names)
    lowest.push_back(name == "batch" || name == "tokens" || name == "sequences" ? 1 : 0);
  return lowest;
}

SymbolicShapes::SymbolicShapes(func::FuncOp function)
    : function_(function), context_(function.getContext()), symbols_(symbolNames(function)),
      sizes_(context_, lowestValues(symbols_)) {
  if (function.isExternal())
    return;
  for (BlockArgument argument : function.getArguments())
    entry(argument);
  // In order, so that no look-up recurses deeper than one op.
  for (Operation &op : function.getBody().front())
    for (Value result : op.getResults())
      entry(result);
}
SymbolicShapes::~SymbolicShapes() = default;

std::optional<SmallVector<AffineExpr>> SymbolicShapes::shapeOf(Value value) const {
  if (!isa<RankedTensorType>(value.getType()))
    return std::nullopt;
  const Expressions &known = dims(value);
  if (::llvm::is_contained(known, AffineExpr()))
    return std::nullopt;
  return known;
}

AffineExpr SymbolicShapes::sizeOf(Value value, int64_t axis) const {
  const Expressions &known = dims(value);
  return axis >= 0 && axis < static_cast<int64_t>(known.size()) ? known[axis] : AffineExpr();
}

std::optional<SmallVector<AffineExpr>> SymbolicShapes::contentOf(Value value) const {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !isa<IntegerType>(type.getElementType()))
    return std::nullopt;
  const std::optional<Expressions> &known = content(value);
  if (!known || ::llvm::is_contained(*known, AffineExpr()))
    return std::nullopt;
  return known;
}

std::optional<SmallVector<int64_t>> SymbolicShapes::integersOf(Value value) const {
  auto known = contentOf(value);
  if (!known)
    return std::nullopt;
  SmallVector<int64_t> result;
  for (AffineExpr expression : *known) {
    auto number = constantValue(expression);
    if (!number)
      return std::nullopt;
    result.push_back(*number);
  }
  return result;
}

SmallVector<AffineExpr> SymbolicShapes::sizesOf(Value value) const { return dims(value); }
std::optional<SmallVector<AffineExpr>> SymbolicShapes::elementsOf(Value value) const { return content(value); }

AffineExpr SymbolicShapes::elementCount(Value value) const {
  auto shape = shapeOf(value);
  return shape ? sizes_.product(*shape) : AffineExpr();
}

AffineMap SymbolicShapes::map(ArrayRef<AffineExpr> expressions) const {
  return AffineMap::get(0, symbols_.size(), expressions, context_);
}

/// Changes with everything a value's entry was computed from, so that a new op at the address of an erased one is
/// noticed.
static size_t fingerprint(Value value) {
  size_t type = mlir::hash_value(value.getType());
  Operation *op = value.getDefiningOp();
  if (!op)
    return type;
  return ::llvm::hash_combine(type, size_t(OperationEquivalence::computeHash(op, OperationEquivalence::directHashValue,
                                                                             OperationEquivalence::ignoreHashValue,
                                                                             OperationEquivalence::IgnoreLocations)));
}

const SymbolicShapes::Entry &SymbolicShapes::entry(Value value) const {
  auto known = [&](Value wanted) -> const Entry * {
    auto found = entries_.find(wanted);
    return found != entries_.end() && found->second->hash == fingerprint(wanted) ? found->second.get() : nullptr;
  };
  if (const Entry *entry = known(value))
    return *entry;
  // Operands first, and those of operands: a chain is as long as its file wants, the stack is not.
  SmallVector<Value> pending = {value};
  while (!pending.empty()) {
    Value next = pending.back();
    size_t before = pending.size();
    if (Operation *op = next.getDefiningOp())
      for (Value operand : op->getOperands())
        if (!known(operand))
          pending.push_back(operand);
    if (pending.size() != before)
      continue;
    pending.pop_back();
    if (next != value && !known(next))
      computeEntry(next);
  }
  return computeEntry(value);
}

const SymbolicShapes::Entry &SymbolicShapes::computeEntry(Value value) const {
  size_t hash = fingerprint(value);
  auto fresh = std::make_unique<Entry>();
  fresh->hash = hash;
  if (auto type = dyn_cast<RankedTensorType>(value.getType())) {
    fresh->dims = computeDims(value);
    fresh->dims.resize(type.getRank());
    for (auto [axis, size] : ::llvm::enumerate(fresh->dims)) {
      if (!type.isDynamicDim(axis))
        size = constant(type.getDimSize(axis));
      else if (size && constantValue(size).value_or(0) < 0)
        size = AffineExpr();
    }
    fresh->content = computeContent(value, fresh->dims);
  }
  std::unique_ptr<Entry> &place = entries_[value];
  place = std::move(fresh);
  return *place;
}

const SymbolicShapes::Expressions &SymbolicShapes::dims(Value value) const { return entry(value).dims; }
const std::optional<SymbolicShapes::Expressions> &SymbolicShapes::content(Value value) const {
  return entry(value).content;
}

SymbolicShapes::Expressions SymbolicShapes::computeDims(Value value) const {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    Operation *parent = argument.getOwner()->getParentOp();
    if (parent == function_.getOperation()) {
      Expressions result;
      if (auto dims = function_.getArgAttrOfType<AffineMapAttr>(argument.getArgNumber(), "llm.dims"))
        for (AffineExpr expression : dims.getValue().getResults())
          result.push_back(sizes_.canonical(expression));
      return result;
    }
    if (parent && parent->getNumOperands() == argument.getOwner()->getNumArguments())
      return dims(parent->getOperand(argument.getArgNumber()));
    return {};
  }
  Operation *op = value.getDefiningOp();
  if (auto own = dyn_cast<SymbolicSizes>(op))
    return own.symbolicSizes(cast<OpResult>(value).getResultNumber(), *this);
  if (op->getNumRegions() == 1 && op->getRegion(0).hasOneBlock()) {
    Operation &last = op->getRegion(0).front().back();
    if (last.hasTrait<OpTrait::IsTerminator>() && last.getNumOperands() == op->getNumResults())
      return dims(last.getOperand(cast<OpResult>(value).getResultNumber()));
  }
  return op->getNumResults() == 1 ? opDims(op) : Expressions();
}

SymbolicShapes::Expressions SymbolicShapes::opDims(Operation *op) const {
  using Result = Expressions;
  if (isa<Pointwise>(op))
    return broadcastDims(op->getOperands());
  return ::llvm::TypeSwitch<Operation *, Result>(op)
      .Case<BitCastOp, TriluOp, CumSumOp, SoftmaxOp, RmsNormOp, LayerNormOp, RopeOp, CachedAttentionOp>(
          [&](Operation *same) { return dims(same->getOperand(0)); })
      .Case<ReshapeOp>([&](ReshapeOp reshape) {
        return reshapedDims(reshape.getX(), reshape.getShape(), tensorOf(reshape).getRank());
      })
      .Case<UnsqueezeOp>([&](UnsqueezeOp unsqueeze) {
        Result result = dims(unsqueeze.getX());
        for (int64_t axis : unsqueeze.getAxes())
          result.insert(result.begin() + axis, constant(1));
        return result;
      })
      .Case<SqueezeOp>([&](SqueezeOp squeeze) {
        Result result;
        for (auto [axis, size] : ::llvm::enumerate(dims(squeeze.getX())))
          if (!::llvm::is_contained(squeeze.getAxes(), static_cast<int64_t>(axis)))
            result.push_back(size);
        return result;
      })
      .Case<TransposeOp>([&](TransposeOp transpose) {
        Result result;
        for (int64_t axis : transpose.getPermutation())
          result.push_back(sizeOf(transpose.getX(), axis));
        return result;
      })
      .Case<ExpandOp>([&](ExpandOp expand) {
        Result result(tensorOf(expand).getRank());
        const std::optional<Result> &shape = content(expand.getShape());
        const Result &from = dims(expand.getX());
        for (size_t axis = 0; axis < result.size(); ++axis) {
          AffineExpr wanted = shape && axis + shape->size() >= result.size()
                                  ? (*shape)[axis + shape->size() - result.size()]
                              : shape ? constant(1)
                                      : AffineExpr();
          AffineExpr given =
              axis + from.size() >= result.size() ? from[axis + from.size() - result.size()] : constant(1);
          result[axis] = sizes_.broadcast(given, wanted);
        }
        return result;
      })
      .Case<SliceOp>([&](SliceOp slice) { return slicedDims(slice); })
      .Case<ConcatOp>([&](ConcatOp concat) {
        Result result(tensorOf(concat).getRank());
        for (auto [axis, size] : ::llvm::enumerate(result)) {
          bool joined = axis == concat.getAxis();
          size = joined ? constant(0) : AffineExpr();
          for (Value input : concat.getInputs()) {
            AffineExpr part = sizeOf(input, axis);
            size = joined ? sizes_.add(size, part) : size && !constantValue(part) ? size : part;
          }
        }
        return result;
      })
      .Case<GatherOp>([&](GatherOp gather) {
        const Result x = dims(gather.getX());
        Result result(x.begin(), x.begin() + gather.getAxis());
        ::llvm::append_range(result, dims(gather.getIndices()));
        result.append(x.begin() + gather.getAxis() + 1, x.end());
        return result;
      })
      .Case<RangeOp>([&](RangeOp range) { return Result{rangeLength(range)}; })
      .Case<ReduceOp>([&](ReduceOp reduce) {
        Result result;
        for (auto [axis, size] : ::llvm::enumerate(dims(reduce.getX()))) {
          if (!::llvm::is_contained(reduce.getAxes(), static_cast<int64_t>(axis)))
            result.push_back(size);
          else if (reduce.getKeep())
            result.push_back(constant(1));
        }
        return result;
      })
      .Case<MatmulOp>([&](MatmulOp matmul) { return matmulDims(matmul.getLhs(), matmul.getRhs()); })
      .Case<LinearOp>([&](LinearOp linear) {
        Result result = dims(linear.getX());
        if (!result.empty())
          result.back() = sizeOf(linear.getWeight(), 0);
        return result;
      })
      .Case<EmbeddingOp>([&](EmbeddingOp embedding) {
        Result result = dims(embedding.getIndices());
        result.push_back(sizeOf(embedding.getTable(), 1));
        return result;
      })
      .Case<GluOp>([&](GluOp glu) {
        Result result = dims(glu.getGate());
        if (!glu.getUp() && !result.empty())
          result.back() = sizes_.floorDiv(result.back(), constant(2));
        return result;
      })
      .Case<PositionsOp>([&](PositionsOp positions) {
        AffineMap sizes = positions.getSizes();
        return Result{sizes_.canonical(sizes.getResult(0)), sizes_.canonical(sizes.getResult(1))};
      })
      .Case<AttentionOp>([&](AttentionOp attention) {
        Result result = dims(attention.getQuery());
        if (result.size() == 4)
          result[3] = sizeOf(attention.getValue(), 3);
        return result;
      })
      .Default([](Operation *) { return Result(); });
}

SymbolicShapes::Expressions SymbolicShapes::broadcastDims(ValueRange operands) const {
  size_t rank = 0;
  for (Value operand : operands)
    rank = std::max(rank, dims(operand).size());
  Expressions result(rank, constant(1));
  for (auto [axis, size] : ::llvm::enumerate(result))
    for (bool first = true; Value operand : operands) {
      const Expressions &sizes = dims(operand);
      if (axis + sizes.size() < rank)
        continue;
      AffineExpr other = sizes[axis + sizes.size() - rank];
      size = first ? other : sizes_.broadcast(size, other);
      first = false;
    }
  return result;
}

SymbolicShapes::Expressions SymbolicShapes::matmulDims(Value lhs, Value rhs) const {
  Expressions a = dims(lhs), b = dims(rhs);
  if (a.empty() || b.empty())
    return {};
  bool vectorLeft = a.size() == 1, vectorRight = b.size() == 1;
  if (vectorLeft)
    a.insert(a.begin(), constant(1));
  if (vectorRight)
    b.push_back(constant(1));
  size_t rank = std::max(a.size(), b.size());
  Expressions result;
  for (size_t i = 0; i + 2 < rank; ++i) {
    AffineExpr left = i + a.size() < rank ? constant(1) : a[i + a.size() - rank];
    AffineExpr right = i + b.size() < rank ? constant(1) : b[i + b.size() - rank];
    result.push_back(sizes_.broadcast(left, right));
  }
  if (!vectorLeft)
    result.push_back(a[a.size() - 2]);
  if (!vectorRight)
    result.push_back(b.back());
  return result;
}

SymbolicShapes::Expressions SymbolicShapes::reshapedDims(Value x, Value shape, int64_t rank) const {
  const std::optional<Expressions> &wanted = content(shape);
  Expressions result(rank);
  if (!wanted || static_cast<int64_t>(wanted->size()) != rank)
    return result;
  const Expressions &from = dims(x);
  int64_t rest = -1;
  for (auto [axis, size] : ::llvm::enumerate(*wanted)) {
    if (constantValue(size) == -1) {
      if (rest >= 0)
        return Expressions(rank);
      rest = axis;
    } else if (constantValue(size) == 0) {
      result[axis] = axis < from.size() ? from[axis] : AffineExpr();
    } else {
      result[axis] = size; // a symbolic entry that is 0 at run time keeps an axis of size 0 only, as exporters mean it
    }
  }
  if (rest < 0)
    return result;
  // Sizes that stand on both sides cancel first, so that one unknown size of x need not be known.
  Expressions above = from, below;
  for (auto [axis, size] : ::llvm::enumerate(result)) {
    if (static_cast<int64_t>(axis) == rest)
      continue;
    auto same = ::llvm::find(above, size);
    if (size && same != above.end())
      above.erase(same);
    else
      below.push_back(size);
  }
  if (above.size() == 1 && ::llvm::all_of(below, [](AffineExpr size) { return constantValue(size) == 1; }))
    result[rest] = above.front();
  else
    result[rest] = sizes_.exactDiv(sizes_.product(above), sizes_.product(below));
  return result;
}

bool isTable(Value value) {
  SmallVector<Value> worklist = {value};
  for (int steps = 0; !worklist.empty(); ++steps) {
    Value next = worklist.pop_back_val();
    // In and out of groups of ops whose arguments are the op's operands.
    if (auto argument = dyn_cast<BlockArgument>(next)) {
      Operation *parent = argument.getOwner()->getParentOp();
      if (!parent || parent->getNumOperands() != argument.getOwner()->getNumArguments())
        return false;
      next = parent->getOperand(argument.getArgNumber());
    }
    Operation *op = next.getDefiningOp();
    if (op && op->getNumRegions() == 1 && op->getRegion(0).hasOneBlock() &&
        op->getRegion(0).front().back().getNumOperands() == op->getNumResults()) {
      worklist.push_back(op->getRegion(0).front().back().getOperand(cast<OpResult>(next).getResultNumber()));
      continue;
    }
    if (!op || steps > 64 ||
        !(isa<Pointwise, WeightOp, ConstantOp, RangeOp, TransposeOp, SliceOp, ReshapeOp, SqueezeOp, UnsqueezeOp,
              ExpandOp>(op)))
      return false;
    // Bounds and shapes may be expressions; what is cut or moved is the table.
    if (isa<SliceOp, ReshapeOp, ExpandOp>(op))
      worklist.push_back(op->getOperand(0));
    else
      worklist.append(op->operand_begin(), op->operand_end());
  }
  return true;
}

SymbolicShapes::Expressions SymbolicShapes::slicedDims(Operation *op) const {
  auto slice = cast<SliceOp>(op);
  Expressions result = dims(slice.getX());
  const std::optional<Expressions> &starts = content(slice.getStarts()), &ends = content(slice.getEnds());
  for (auto [index, axis] : ::llvm::enumerate(slice.getAxes())) {
    AffineExpr size = result[axis], start, end;
    int64_t step = slice.getSteps()[index];
    result[axis] = AffineExpr();
    if (!size || !starts || !ends || index >= starts->size() || index >= ends->size())
      continue;
    // Bounds that count from the end, clamped to [0, size] (going up) or [-1, size - 1] (going down); a start is never
    // before the first element, if there is one.
    auto resolve = [&](AffineExpr bound, bool isStart) -> AffineExpr {
      bool isFirst = step > 0 || (isStart && constantValue(size).value_or(0) > 0);
      AffineExpr low = constant(isFirst ? 0 : -1), high = step > 0 ? size : sizes_.sub(size, constant(1));
      if (auto number = constantValue(bound)) {
        if (*number >= INT32_MAX)
          return high;
        if (*number <= INT32_MIN)
          return isStart && !isFirst ? AffineExpr() : low;
      }
      if (!bound)
        return bound;
      if (sizes_.isAtLeast(bound, 0)) {
        AffineExpr least = sizes_.min(bound, high);
        return !least && constantValue(size) && isTable(slice.getX()) ? bound : least;
      }
      auto highest = sizes_.upperBound(bound);
      if (!highest || *highest >= 0)
        return constantValue(size) && isTable(slice.getX()) ? bound : AffineExpr();
      return sizes_.max(sizes_.add(bound, size), low);
    };
    start = resolve((*starts)[index], true), end = resolve((*ends)[index], false);
    AffineExpr length = step > 0 ? sizes_.sub(end, start) : sizes_.sub(start, end);
    length = sizes_.max(length, constant(0));
    if (step != 1 && step != -1 && length && step != INT64_MIN)
      length = sizes_.floorDiv(sizes_.add(length, constant(std::abs(step) - 1)), constant(std::abs(step)));
    result[axis] = length;
  }
  return result;
}

AffineExpr SymbolicShapes::rangeLength(Operation *op) const {
  auto range = cast<RangeOp>(op);
  auto scalar = [&](Value value) {
    const std::optional<Expressions> &known = content(value);
    return known && known->size() == 1 ? known->front() : AffineExpr();
  };
  auto delta = constantValue(scalar(range.getDelta()));
  AffineExpr distance = sizes_.sub(scalar(range.getLimit()), scalar(range.getStart()));
  if (!delta || *delta == 0 || *delta == INT64_MIN || !distance)
    return AffineExpr();
  if (*delta < 0)
    distance = sizes_.sub(constant(0), distance);
  distance = sizes_.max(distance, constant(0));
  return distance ? sizes_.floorDiv(sizes_.add(distance, constant(std::abs(*delta) - 1)), constant(std::abs(*delta)))
                  : AffineExpr();
}

} // namespace lathe::llm
