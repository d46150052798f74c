// See MeasuredSizes.h.
#include "passes/graph/MeasuredSizes.h"

#include "ir/llm/ControlOps.h"
#include "ir/llm/Llm.h"

using namespace mlir;

namespace lathe {

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

MeasuredSizes::MeasuredSizes(func::FuncOp function, const llm::SymbolicShapes &shapes)
    : function(function), shapes(shapes), builder(function.getContext()), location(function.getLoc()) {}

// ---- scalars --------------------------------------------------------------------------------------------------------

Value MeasuredSizes::number(int64_t value) {
  auto type = RankedTensorType::get({}, builder.getI64Type());
  return builder.create<llm::ConstantOp>(location, DenseIntElementsAttr::get(type, ArrayRef<int64_t>(value)));
}

Value MeasuredSizes::scalar(AffineExpr size) {
  if (auto known = llm::constantValue(size))
    return number(*known);
  return builder.create<llm::SqueezeOp>(location, dims({size}), ArrayRef<int64_t>{0});
}

Value MeasuredSizes::element(Value vector, int64_t index) {
  auto known = shapes.elementsOf(vector);
  if (known && index < static_cast<int64_t>(known->size()) && (*known)[index])
    return scalar((*known)[index]);
  auto type = tensorOf(vector);
  Value result = vector;
  if (type.getRank() > 1)
    result =
        builder.create<llm::ReshapeOp>(location, RankedTensorType::get({type.getNumElements()}, type.getElementType()),
                                       result, dims({builder.getAffineConstantExpr(type.getNumElements())}));
  if (type.getRank() > 0)
    result = builder.create<llm::GatherOp>(location, result, number(index), 0);
  if (!type.getElementType().isInteger(64))
    result = builder.create<llm::CastOp>(location, RankedTensorType::get({}, builder.getI64Type()), result);
  return result;
}

Value MeasuredSizes::select(Value condition, Value yes, Value no) {
  return builder.create<llm::SelectOp>(location, condition, yes, no);
}
Value MeasuredSizes::compare(StringRef predicate, Value lhs, Value rhs) {
  return builder.create<llm::CompareOp>(location, *llm::symbolizePredicate(predicate), lhs, rhs);
}
template <class Op> Value MeasuredSizes::make(Value lhs, Value rhs) { return builder.create<Op>(location, lhs, rhs); }
Value MeasuredSizes::clamp(Value value, Value low, Value high) {
  return make<llm::MinOp>(make<llm::MaxOp>(value, low), high);
}

AffineExpr MeasuredSizes::size(Value value) {
  if (auto known = shapes.elementsOf(value); known && known->size() == 1 && known->front())
    return known->front();
  AffineExpr &symbol = measuredValues[value];
  if (symbol)
    return symbol;
  // Names differ over all functions of the module: what is called inherits the symbols of its caller.
  SmallVector<StringRef> names;
  for (Attribute name : function->getAttrOfType<ArrayAttr>("llm.symbols").getValue())
    names.push_back(cast<StringAttr>(name).getValue());
  std::string name;
  for (size_t i = names.size(); name.empty() || ::llvm::is_contained(names, name); ++i)
    name = function.getName().str() + ".size" + std::to_string(i);
  symbol = builder.getAffineSymbolExpr(names.size());
  names.push_back(name);
  function->setAttr("llm.symbols", builder.getStrArrayAttr(names));
  builder.create<llm::SizeOp>(location, value.getType(), value, name);
  ++made;
  return symbol;
}

AffineMap MeasuredSizes::map(ArrayRef<AffineExpr> expressions) const {
  return AffineMap::get(0, function->getAttrOfType<ArrayAttr>("llm.symbols").size(), expressions,
                        function.getContext());
}
Value MeasuredSizes::dims(ArrayRef<AffineExpr> sizes) {
  auto type = RankedTensorType::get({static_cast<int64_t>(sizes.size())}, builder.getI64Type());
  return builder.create<llm::DimsOp>(location, type, AffineMapAttr::get(map(sizes)));
}
RankedTensorType MeasuredSizes::typeOf(ArrayRef<AffineExpr> sizes, Type element) const {
  SmallVector<int64_t> shape;
  for (AffineExpr size : sizes)
    shape.push_back(llm::constantValue(size).value_or(ShapedType::kDynamic));
  return RankedTensorType::get(shape, element);
}

// ---- ops ------------------------------------------------------------------------------------------------------------

bool MeasuredSizes::measure(Operation *op) {
  builder.setInsertionPoint(op);
  location = op->getLoc();
  if (isa<llm::ReshapeOp>(op))
    return measureReshape(op);
  if (isa<llm::ExpandOp>(op))
    return measureExpand(op);
  if (isa<llm::SliceOp>(op))
    return measureSlice(op);
  if (isa<llm::RangeOp>(op))
    return measureRange(op);
  if (isa<llm::Pointwise>(op) && op->getNumOperands() > 1)
    return measureBroadcast(op, 0);
  if (isa<llm::MatmulOp>(op))
    return measureBroadcast(op, 2);
  return measureOperands(op);
}

bool MeasuredSizes::measureReshape(Operation *op) {
  auto reshape = cast<llm::ReshapeOp>(op);
  Sizes from = *shapes.shapeOf(reshape.getX());
  int64_t rank = tensorOf(reshape.getResult()).getRank();
  auto wanted = shapes.elementsOf(reshape.getShape());
  // Each size as the operand has it, 0 replaced; one of them may be -1.
  SmallVector<Value> sizes;
  Value others = number(1), zero = number(0), one = number(1);
  bool mayBeOpen = false;
  for (int64_t axis = 0; axis < rank; ++axis) {
    AffineExpr known = wanted && axis < static_cast<int64_t>(wanted->size()) ? (*wanted)[axis] : AffineExpr();
    Value value = known ? scalar(known) : element(reshape.getShape(), axis);
    if (llm::constantValue(known) == 0) {
      value = axis < static_cast<int64_t>(from.size()) ? scalar(from[axis]) : zero;
    } else if (!known && axis < static_cast<int64_t>(from.size())) {
      value = select(compare("eq", value, zero), scalar(from[axis]), value);
    }
    mayBeOpen |= !known || llm::constantValue(known) == -1;
    others = make<llm::MulOp>(others, value);
    sizes.push_back(value);
  }
  Sizes result;
  Value rest;
  for (int64_t axis = 0; axis < rank; ++axis) {
    AffineExpr known = wanted && axis < static_cast<int64_t>(wanted->size()) ? (*wanted)[axis] : AffineExpr();
    auto constant = llm::constantValue(known);
    if (known && constant != 0 && constant != -1) {
      result.push_back(known);
      continue;
    }
    if (mayBeOpen && constant != 0) {
      if (!rest) {
        Value total = one;
        for (AffineExpr size : from)
          total = make<llm::MulOp>(total, scalar(size));
        // The product of all is minus that of the others where one is -1.
        rest = make<llm::DivOp>(total, make<llm::MaxOp>(make<llm::SubOp>(zero, others), one));
      }
      sizes[axis] = constant == -1 ? rest : select(compare("lt", sizes[axis], zero), rest, sizes[axis]);
    }
    result.push_back(constant == 0 && axis < static_cast<int64_t>(from.size()) ? from[axis] : size(sizes[axis]));
  }
  reshape.getShapeMutable().assign(dims(result));
  return true;
}

bool MeasuredSizes::measureExpand(Operation *op) {
  auto expand = cast<llm::ExpandOp>(op);
  Sizes from = *shapes.shapeOf(expand.getX()), result = shapes.sizesOf(expand.getResult());
  int64_t count = tensorOf(expand.getShape()).getDimSize(0), rank = result.size();
  if (ShapedType::isDynamic(count))
    return false;
  for (auto [axis, known] : ::llvm::enumerate(result)) {
    if (known)
      continue;
    int64_t own = axis + from.size() - rank, at = axis + count - rank;
    Value wanted = at >= 0 ? element(expand.getShape(), at) : number(1);
    if (own < 0) {
      known = size(wanted);
      continue;
    }
    Value given = scalar(from[own]);
    known = size(select(compare("eq", given, number(1)), wanted, given));
  }
  auto type = typeOf(result, tensorOf(expand.getX()).getElementType());
  auto exact = builder.create<llm::BroadcastToOp>(location, type, expand.getX(), map(result));
  op->replaceAllUsesWith(exact->getResults());
  op->erase();
  return true;
}

bool MeasuredSizes::measureSlice(Operation *op) {
  auto slice = cast<llm::SliceOp>(op);
  Sizes from = *shapes.shapeOf(slice.getX()), sizes = from;
  Sizes starts(from.size(), builder.getAffineConstantExpr(0));
  SmallVector<int64_t> steps(from.size(), 1);
  Value zero = number(0), one = number(1), minusOne = number(-1);
  for (auto [index, axis] : ::llvm::enumerate(slice.getAxes())) {
    int64_t step = steps[axis] = slice.getSteps()[index];
    Value length = scalar(from[axis]);
    Value low = step > 0 ? zero : minusOne, high = step > 0 ? length : make<llm::SubOp>(length, one);
    // Bounds count from the end where they are negative. A start is never before the first element.
    auto bound = [&](Value operand, Value least) {
      Value value = element(operand, index);
      return clamp(select(compare("lt", value, zero), make<llm::AddOp>(value, length), value), least, high);
    };
    Value start = bound(slice.getStarts(), zero), end = bound(slice.getEnds(), low);
    Value distance = step > 0 ? make<llm::SubOp>(end, start) : make<llm::SubOp>(start, end);
    Value count = make<llm::MaxOp>(distance, zero);
    if (step != 1 && step != -1) {
      int64_t each = step > 0 ? step : -step;
      count = make<llm::DivOp>(make<llm::AddOp>(count, number(each - 1)), number(each));
    }
    // Of an empty axis nothing is taken, from wherever.
    starts[axis] = size(make<llm::MaxOp>(start, zero));
    sizes[axis] = size(count);
  }
  auto type = typeOf(sizes, tensorOf(slice.getX()).getElementType());
  auto box = builder.create<llm::BoxOp>(location, type, slice.getX(), map(starts), map(sizes), steps);
  op->replaceAllUsesWith(box->getResults());
  op->erase();
  return true;
}

bool MeasuredSizes::measureRange(Operation *op) {
  auto range = cast<llm::RangeOp>(op);
  Type element = tensorOf(range.getResult()).getElementType();
  auto to = [&](Value value, Type type) -> Value {
    if (tensorOf(value).getElementType() == type)
      return value;
    return builder.create<llm::CastOp>(location, RankedTensorType::get({}, type), value);
  };
  Value zero = number(0), one = number(1), count;
  if (isa<FloatType>(element)) {
    Type wide = builder.getF64Type();
    Value distance = make<llm::SubOp>(to(range.getLimit(), wide), to(range.getStart(), wide));
    Value steps = make<llm::DivOp>(distance, to(range.getDelta(), wide));
    steps = builder.create<llm::CeilOp>(location, steps);
    count = make<llm::MaxOp>(to(steps, builder.getI64Type()), zero);
  } else {
    Value start = to(range.getStart(), builder.getI64Type()), limit = to(range.getLimit(), builder.getI64Type()),
          delta = to(range.getDelta(), builder.getI64Type());
    Value isZero = compare("eq", delta, zero), up = compare("gt", delta, zero);
    Value distance =
        make<llm::AddOp>(make<llm::SubOp>(limit, start), make<llm::SubOp>(delta, select(up, one, number(-1))));
    count = make<llm::MaxOp>(make<llm::DivOp>(distance, select(isZero, one, delta)), zero);
    count = select(isZero, number(-1), count); // refused when it is read
  }
  AffineExpr length = size(count);
  auto whole = RankedTensorType::get({llm::constantValue(length).value_or(ShapedType::kDynamic)}, builder.getI64Type());
  Value steps = builder.create<llm::RangeOp>(location, whole, zero, scalar(length), one);
  if (!element.isInteger(64))
    steps = builder.create<llm::CastOp>(location, RankedTensorType::get(whole.getShape(), element), steps);
  Value result = make<llm::AddOp>(make<llm::MulOp>(steps, range.getDelta()), range.getStart());
  op->replaceAllUsesWith(ValueRange(result));
  op->erase();
  return true;
}

/// numpy broadcasting of all axes but the last `innerAxes`.
bool MeasuredSizes::measureBroadcast(Operation *op, int64_t innerAxes) {
  Sizes result = shapes.sizesOf(op->getResult(0));
  SmallVector<Sizes> operands;
  for (Value operand : op->getOperands()) {
    operands.push_back(*shapes.shapeOf(operand));
    if (static_cast<int64_t>(operands.back().size()) < innerAxes)
      return false; // vectors of a matmul
  }
  int64_t rank = result.size(), outer = rank - innerAxes;
  AffineExpr oneSize = builder.getAffineConstantExpr(1);
  auto sizeOf = [&](const Sizes &sizes, int64_t axis) {
    int64_t at = axis + static_cast<int64_t>(sizes.size()) - rank;
    return at < 0 ? oneSize : sizes[at];
  };
  for (int64_t axis = 0; axis < outer; ++axis) {
    if (result[axis])
      continue;
    Value size;
    for (const Sizes &sizes : operands) {
      Value own = scalar(sizeOf(sizes, axis));
      size = size ? select(compare("eq", size, number(1)), own, size) : own;
    }
    result[axis] = this->size(size);
  }
  for (auto [index, sizes] : ::llvm::enumerate(operands)) {
    bool fits = true;
    for (int64_t axis = 0; axis < outer; ++axis) {
      AffineExpr own = sizeOf(sizes, axis);
      fits &= own == oneSize || own == result[axis];
    }
    if (fits)
      continue;
    Sizes wanted(result.begin(), result.begin() + outer);
    wanted.append(sizes.end() - innerAxes, sizes.end());
    Value operand = op->getOperand(index);
    auto type = typeOf(wanted, tensorOf(operand).getElementType());
    op->setOperand(index, builder.create<llm::BroadcastToOp>(location, type, operand, map(wanted)));
  }
  return true;
}

/// Small integer operands (pads, repeats, sizes, a count) whose elements the sizes depend on.
bool MeasuredSizes::measureOperands(Operation *op) {
  bool changed = false;
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    if (!type || !type.hasStaticShape() || type.getNumElements() == 0 || type.getNumElements() > 64 ||
        !isa<IntegerType>(type.getElementType()) || type.getElementType().isInteger(1) ||
        shapes.contentOf(operand.get()))
      continue;
    Sizes elements;
    for (int64_t i = 0; i < type.getNumElements(); ++i)
      elements.push_back(size(element(operand.get(), i)));
    Value value = dims(elements);
    if (type.getRank() == 0)
      value = builder.create<llm::SqueezeOp>(location, value, ArrayRef<int64_t>{0});
    else if (type.getRank() > 1)
      value = builder.create<llm::ReshapeOp>(
          location, RankedTensorType::get(type.getShape(), builder.getI64Type()), value,
          builder.create<llm::ConstantOp>(location, builder.getI64TensorAttr(type.getShape())));
    if (!type.getElementType().isInteger(64))
      value = builder.create<llm::CastOp>(location, type, value);
    operand.set(value);
    changed = true;
  }
  return changed;
}

} // namespace lathe
