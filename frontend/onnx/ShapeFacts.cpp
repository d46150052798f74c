// See ShapeFacts.h: sizes of results. ShapeValues.cpp has the integer values.
#include "frontend/onnx/ShapeFacts.h"
#include "ir/llm/Llm.h"

#include <llvm/ADT/TypeSwitch.h>

using namespace mlir;

namespace lathe {

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

bool isNonNegativeExpression(AffineExpr expression) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expression))
    return constant.getValue() >= 0;
  if (isa<AffineSymbolExpr>(expression))
    return true;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expression);
  return binary && isNonNegativeExpression(binary.getLHS()) && isNonNegativeExpression(binary.getRHS());
}

/// Nodes of the expression, counted up to a limit: shared parts count each time, as they do for whoever walks it.
static int64_t nodes(AffineExpr expression, int64_t limit) {
  auto binary = dyn_cast<AffineBinaryOpExpr>(expression);
  if (!binary || limit <= 1)
    return 1;
  int64_t left = nodes(binary.getLHS(), limit - 1);
  return left >= limit - 1 ? limit : 1 + left + nodes(binary.getRHS(), limit - 1 - left);
}

/// Forgets expressions that no model has: a graph that squares a size again and again must not keep us busy.
static void forgetLarge(Expressions &expressions) {
  constexpr int64_t most = 64;
  for (AffineExpr &expression : expressions)
    if (expression && nodes(expression, most) >= most)
      expression = AffineExpr();
}

SmallVector<int64_t> staticSizes(ArrayRef<AffineExpr> dims) {
  SmallVector<int64_t> sizes;
  for (AffineExpr size : dims) {
    auto constant = dyn_cast_or_null<AffineConstantExpr>(size);
    sizes.push_back(constant && constant.getValue() >= 0 ? constant.getValue() : ShapedType::kDynamic);
  }
  return sizes;
}

Expressions ShapeFacts::dims(Value value) const {
  auto found = dims_.find(value);
  if (found != dims_.end())
    return found->second;
  Expressions result;
  for (int64_t size : tensorOf(value).getShape())
    result.push_back(ShapedType::isDynamic(size) ? AffineExpr() : constant(size));
  return result;
}

Expressions ShapeFacts::broadcast(ArrayRef<AffineExpr> a, ArrayRef<AffineExpr> b) const {
  Expressions result(std::max(a.size(), b.size()));
  for (size_t i = 0; i < result.size(); ++i) {
    AffineExpr one = constant(1);
    AffineExpr left = i + a.size() < result.size() ? one : a[i + a.size() - result.size()];
    AffineExpr right = i + b.size() < result.size() ? one : b[i + b.size() - result.size()];
    if (left == right || right == one)
      result[i] = left;
    else if (left == one)
      result[i] = right;
    else if (dyn_cast_or_null<AffineConstantExpr>(left)) // a number other than 1 meets 1 or itself
      result[i] = left;
    else if (dyn_cast_or_null<AffineConstantExpr>(right))
      result[i] = right;
  }
  return result;
}

/// Appends the factors of a product; multiplies numbers into `number`. False when something is not known or overflows.
static bool factors(AffineExpr expression, int64_t &number, Expressions &symbols) {
  if (!expression)
    return false;
  if (auto constant = dyn_cast<AffineConstantExpr>(expression))
    return !__builtin_mul_overflow(number, constant.getValue(), &number);
  if (expression.getKind() == AffineExprKind::Mul) {
    auto product = cast<AffineBinaryOpExpr>(expression);
    return factors(product.getLHS(), number, symbols) && factors(product.getRHS(), number, symbols);
  }
  symbols.push_back(expression);
  return true;
}

Expressions ShapeFacts::reshaped(Value x, ArrayRef<AffineExpr> shape) const {
  Expressions from = dims(x), result(shape.begin(), shape.end());
  std::optional<size_t> open;
  size_t unknown = 0;
  for (size_t i = 0; i < result.size(); ++i) {
    auto constant = dyn_cast_or_null<AffineConstantExpr>(result[i]);
    if (constant && constant.getValue() == 0)
      result[i] = i < from.size() ? from[i] : AffineExpr();
    bool remaining = constant && constant.getValue() < 0;
    if (remaining)
      result[i] = AffineExpr();
    if (!result[i]) {
      ++unknown;
      open = i;
    }
  }
  // One size that is left open is what the others leave over, whether the exporter wrote -1 or something we cannot
  // follow.
  if (unknown != 1)
    return result;
  int64_t numerator = 1, denominator = 1;
  Expressions above, below;
  for (AffineExpr size : from)
    if (!factors(size, numerator, above))
      return result;
  for (size_t i = 0; i < result.size(); ++i)
    if (i != *open && !factors(result[i], denominator, below))
      return result;
  for (AffineExpr size : below) {
    auto *found = llvm::find(above, size);
    if (found == above.end())
      return result;
    above.erase(found);
  }
  if (denominator <= 0 || numerator < 0)
    return result;
  AffineExpr value;
  if (numerator % denominator == 0) {
    value = constant(numerator / denominator);
    for (AffineExpr size : above)
      value = value * size;
  } else if (!above.empty()) {
    value = constant(numerator);
    for (AffineExpr size : above)
      value = value * size;
    value = value.floorDiv(denominator);
  }
  result[*open] = value;
  return result;
}

/// Size of [start, end) in steps of `step` along an axis of `size`, by the rules of ONNX Slice; null when not known.
static AffineExpr slicedSize(AffineExpr size, AffineExpr start, AffineExpr end, int64_t step, MLIRContext *context) {
  if (!size || !start || !end)
    return AffineExpr();
  auto sizeNumber = dyn_cast<AffineConstantExpr>(size), startNumber = dyn_cast<AffineConstantExpr>(start),
       endNumber = dyn_cast<AffineConstantExpr>(end);
  if (sizeNumber && startNumber && endNumber) {
    int64_t n = sizeNumber.getValue(), b = startNumber.getValue(), e = endNumber.getValue();
    b += b < 0 ? n : 0;
    e += e < 0 ? n : 0; // INT64_MIN stays far below 0
    if (step > 0) {
      b = std::clamp<int64_t>(b, 0, n), e = std::clamp<int64_t>(e, 0, n);
      return getAffineConstantExpr(e > b ? (e - b - 1) / step + 1 : 0, context);
    }
    if (n == 0)
      return getAffineConstantExpr(0, context);
    b = std::clamp<int64_t>(b, 0, n - 1), e = std::clamp<int64_t>(e, -1, n - 1);
    return getAffineConstantExpr(b > e ? (b - e - 1) / -step + 1 : 0, context);
  }
  if (step != 1)
    return AffineExpr();
  // From here on sizes are symbols. Ends that are sizes themselves are not clamped if they are the axis's own size or
  // below.
  if (startNumber && startNumber.getValue() < 0)
    return AffineExpr();
  bool toEnd = endNumber && endNumber.getValue() >= INT32_MAX;
  if (endNumber && endNumber.getValue() < 0)
    end = size + endNumber.getValue(), toEnd = false;
  if (toEnd)
    end = size;
  AffineExpr rest = size - end, length = end - start;
  if (startNumber && startNumber.getValue() == 0 && isNonNegativeExpression(rest) && isNonNegativeExpression(end))
    return end;
  return isNonNegativeExpression(rest) && isNonNegativeExpression(length) && isNonNegativeExpression(start)
             ? length
             : AffineExpr();
}

Expressions ShapeFacts::sliced(Value x, Value starts, Value ends, ArrayRef<int64_t> axes,
                               ArrayRef<int64_t> steps) const {
  Expressions result = dims(x);
  auto from = integers(starts), to = integers(ends);
  for (size_t i = 0; i < axes.size(); ++i) {
    bool known = from && to && i < from->size() && i < to->size();
    AffineExpr &size = result[axes[i]];
    size = known ? slicedSize(size, (*from)[i], (*to)[i], steps[i], context) : AffineExpr();
  }
  return result;
}

Expressions ShapeFacts::rangeLength(Value start, Value limit, Value delta) const {
  auto from = integers(start), to = integers(limit), step = integers(delta);
  if (!from || !to || !step || from->size() != 1 || to->size() != 1 || step->size() != 1)
    return {AffineExpr()};
  auto one = dyn_cast_or_null<AffineConstantExpr>(step->front());
  if (!one || one.getValue() != 1 || !from->front() || !to->front())
    return {AffineExpr()};
  AffineExpr length = to->front() - from->front();
  return {isNonNegativeExpression(length) ? length : AffineExpr()};
}

std::optional<Expressions> ShapeFacts::computeDims(Operation *op) const {
  if (isa<llm::Pointwise>(op) && !isa<llm::CastOp>(op)) {
    Expressions result = dims(op->getOperand(0));
    for (Value operand : op->getOperands().drop_front())
      result = broadcast(result, dims(operand));
    return result;
  }
  using Answer = std::optional<Expressions>;
  return llvm::TypeSwitch<Operation *, Answer>(op)
      .Case<llm::CastOp, llm::BitCastOp, llm::SoftmaxOp, llm::RmsNormOp, llm::LayerNormOp, llm::RopeOp, llm::TriluOp, llm::CumSumOp>(
          [&](auto same) -> Answer { return dims(same->getOperand(0)); })
      .Case([&](llm::UnsqueezeOp unsqueeze) -> Answer {
        Expressions result = dims(unsqueeze.getX());
        for (int64_t axis : unsqueeze.getAxes())
          result.insert(result.begin() + axis, constant(1));
        return result;
      })
      .Case([&](llm::SqueezeOp squeeze) -> Answer {
        Expressions result = dims(squeeze.getX());
        for (int64_t axis : llvm::reverse(squeeze.getAxes()))
          result.erase(result.begin() + axis);
        return result;
      })
      .Case([&](llm::TransposeOp transpose) -> Answer {
        Expressions from = dims(transpose.getX()), result;
        for (int64_t axis : transpose.getPermutation())
          result.push_back(from[axis]);
        return result;
      })
      .Case([&](llm::ConcatOp concat) -> Answer {
        Expressions result = dims(concat.getInputs().front());
        for (Value input : concat.getInputs().drop_front()) {
          Expressions other = dims(input);
          for (size_t axis = 0; axis < result.size(); ++axis) {
            if (axis == concat.getAxis())
              result[axis] = result[axis] && other[axis] ? result[axis] + other[axis] : AffineExpr();
            else if (!result[axis])
              result[axis] = other[axis];
          }
        }
        return result;
      })
      .Case([&](llm::GatherOp gather) -> Answer {
        Expressions from = dims(gather.getX()), indices = dims(gather.getIndices()), result;
        result.append(from.begin(), from.begin() + gather.getAxis());
        result.append(indices);
        result.append(from.begin() + gather.getAxis() + 1, from.end());
        return result;
      })
      .Case([&](llm::ReduceOp reduce) -> Answer {
        Expressions from = dims(reduce.getX()), result;
        for (size_t axis = 0; axis < from.size(); ++axis) {
          if (!llvm::is_contained(reduce.getAxes(), static_cast<int64_t>(axis)))
            result.push_back(from[axis]);
          else if (reduce.getKeep())
            result.push_back(constant(1));
        }
        return result;
      })
      .Case([&](llm::MatmulOp matmul) -> Answer {
        Expressions a = dims(matmul.getLhs()), b = dims(matmul.getRhs());
        if (a.size() < 2 || b.size() < 2)
          return std::nullopt;
        Expressions result = broadcast(ArrayRef(a).drop_back(2), ArrayRef(b).drop_back(2));
        result.push_back(a[a.size() - 2]);
        result.push_back(b.back());
        return result;
      })
      .Case([&](llm::LinearOp linear) -> Answer {
        Expressions result = dims(linear.getX());
        result.back() = dims(linear.getWeight()).front();
        return result;
      })
      .Case([&](llm::EmbeddingOp embedding) -> Answer {
        Expressions result = dims(embedding.getIndices());
        result.push_back(dims(embedding.getTable()).back());
        return result;
      })
      .Case([&](llm::AttentionOp attention) -> Answer {
        Expressions result = dims(attention.getQuery());
        result.back() = dims(attention.getValue()).back();
        return result;
      })
      .Case([&](llm::DimsOp) -> Answer { return std::nullopt; })
      .Default(Answer());
}

void ShapeFacts::learn(Operation *op) {
  if (op->getNumResults() != 1)
    return;
  Value result = op->getResult(0);
  auto type = dyn_cast<RankedTensorType>(result.getType());
  if (!type)
    return;
  // What the maker of the op already said (reshape and the like), or what follows; static sizes of the type hold in any
  // case.
  auto given = dims_.find(result);
  std::optional<Expressions> computed = given != dims_.end() ? given->second : computeDims(op);
  Expressions sizes =
      computed && computed->size() == static_cast<size_t>(type.getRank()) ? *computed : Expressions(type.getRank());
  forgetLarge(sizes);
  SmallVector<int64_t> refined(type.getShape());
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    if (!type.isDynamicDim(axis))
      sizes[axis] = constant(type.getDimSize(axis));
    else
      refined[axis] = staticSizes(sizes[axis]).front();
  }
  dims_[result] = std::move(sizes);
  result.setType(RankedTensorType::get(refined, type.getElementType()));
  if (std::optional<Expressions> values = computeIntegers(op)) {
    forgetLarge(*values);
    integers_[result] = std::move(*values);
  }
}

} // namespace lathe
