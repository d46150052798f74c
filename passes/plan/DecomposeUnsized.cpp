// See DecomposeUnsized.h.
#include "passes/plan/DecomposeUnsized.h"
#include "ir/llm/Llm.h"

#include <mlir/IR/Builders.h>

using namespace mlir;

namespace lathe {

namespace {

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

class Primitives {
public:
  explicit Primitives(Operation *op) : builder(op), location(op->getLoc()) {}

  template <class Op, class... Arguments> Value make(Arguments &&...arguments) {
    return builder.create<Op>(location, std::forward<Arguments>(arguments)...);
  }
  Value cast(Value value, Type to) {
    if (tensorOf(value).getElementType() == to)
      return value;
    return make<llm::CastOp>(RankedTensorType::get(tensorOf(value).getShape(), to), value);
  }
  Value mean(Value value) {
    return make<llm::ReduceOp>(llm::Reduction::mean, value, ArrayRef<int64_t>{tensorOf(value).getRank() - 1}, true);
  }
  Value scalar(Type element, double value) {
    return make<llm::ConstantOp>(
        DenseElementsAttr::get(RankedTensorType::get({}, element), builder.getFloatAttr(element, value)));
  }
  /// [begin, end) of the last axis in steps; `size` of them, or unknown.
  Value lastAxis(Value value, int64_t begin, int64_t end, int64_t step, int64_t size) {
    auto type = tensorOf(value);
    SmallVector<int64_t> shape(type.getShape());
    shape.back() = size;
    auto bound = [&](int64_t number) { return make<llm::ConstantOp>(builder.getI64TensorAttr({number})); };
    return make<llm::SliceOp>(RankedTensorType::get(shape, type.getElementType()), value, bound(begin), bound(end),
                              ArrayRef<int64_t>{type.getRank() - 1}, ArrayRef<int64_t>{step});
  }

  OpBuilder builder;
  Location location;
};

/// The formula, in f32.
void decomposeNorm(Operation *op, bool centred, Value x, Value weight, Value bias, double epsilon) {
  Primitives p(op);
  Type element = tensorOf(x).getElementType(), wide = element.isF64() ? element : Type(p.builder.getF32Type());
  Value value = p.cast(x, wide);
  if (centred)
    value = p.make<llm::SubOp>(value, p.mean(value));
  Value variance = p.mean(p.make<llm::MulOp>(value, value));
  Value deviation = p.make<llm::SqrtOp>(p.make<llm::AddOp>(variance, p.scalar(wide, epsilon)));
  value = p.make<llm::DivOp>(value, deviation);
  if (weight)
    value = p.make<llm::MulOp>(value, p.cast(weight, wide));
  if (bias)
    value = p.make<llm::AddOp>(value, p.cast(bias, wide));
  op->getResult(0).replaceAllUsesWith(p.cast(value, element));
  op->erase();
}

/// By rows of the tables (batch, tokens, 1, dims / 2) for pairs of elements of x (batch, tokens, heads, headDim).
void decomposeRope(llm::RopeOp rope) {
  Primitives p(rope);
  Value x = rope.getX();
  Type element = tensorOf(x).getElementType(), wide = p.builder.getF32Type();
  int64_t headDim = tensorOf(x).getDimSize(3), dims = rope.getDims(), half = dims / 2;
  auto row = [&](Value table) {
    Value rows = p.make<llm::GatherOp>(p.cast(table, wide), rope.getPositions(), 0);
    rows = p.make<llm::UnsqueezeOp>(rows, ArrayRef<int64_t>{2});
    double factor = rope.getFactor().convertToDouble();
    return factor == 1 ? rows : p.make<llm::MulOp>(rows, p.scalar(wide, factor));
  };
  Value cosine = row(rope.getCosine()), sine = row(rope.getSine()), value = p.cast(x, wide);
  bool beside = rope.getInterleaved();
  Value first = beside ? p.lastAxis(value, 0, dims, 2, half) : p.lastAxis(value, 0, half, 1, half);
  Value second = beside ? p.lastAxis(value, 1, dims, 2, half) : p.lastAxis(value, half, dims, 1, half);
  auto times = [&](Value a, Value b) { return p.make<llm::MulOp>(a, b); };
  Value turnedFirst = p.make<llm::SubOp>(times(first, cosine), times(second, sine));
  Value turnedSecond = p.make<llm::AddOp>(times(second, cosine), times(first, sine));
  Value result;
  if (beside) {
    auto apart = [&](Value part) { return p.make<llm::UnsqueezeOp>(part, ArrayRef<int64_t>{4}); };
    result = p.make<llm::ConcatOp>(ValueRange{apart(turnedFirst), apart(turnedSecond)}, 4);
    SmallVector<int64_t> shape(tensorOf(x).getShape());
    shape.back() = dims;
    Value sizes = p.make<llm::ConstantOp>(p.builder.getI64TensorAttr({0, 0, 0, dims}));
    result = p.make<llm::ReshapeOp>(RankedTensorType::get(shape, wide), result, sizes);
  } else {
    result = p.make<llm::ConcatOp>(ValueRange{turnedFirst, turnedSecond}, 3);
  }
  if (headDim != dims)
    result = p.make<llm::ConcatOp>(ValueRange{result, p.lastAxis(value, dims, headDim, 1, headDim - dims)}, 3);
  rope.getResult().replaceAllUsesWith(p.cast(result, element));
  rope.erase();
}

bool isUnsized(Value value, int64_t axis) { return value && tensorOf(value).isDynamicDim(axis); }

} // namespace

int64_t decomposeUnsized(Operation *op) {
  int64_t count = 0;
  op->walk([&](Operation *inner) {
    if (auto norm = dyn_cast<llm::RmsNormOp>(inner)) {
      if (!isUnsized(norm.getX(), tensorOf(norm.getX()).getRank() - 1))
        return;
      decomposeNorm(norm, false, norm.getX(), norm.getWeight(), {}, norm.getEpsilon().convertToDouble());
    } else if (auto norm = dyn_cast<llm::LayerNormOp>(inner)) {
      if (!isUnsized(norm.getX(), tensorOf(norm.getX()).getRank() - 1))
        return;
      decomposeNorm(norm, true, norm.getX(), norm.getWeight(), norm.getBias(), norm.getEpsilon().convertToDouble());
    } else if (auto rope = dyn_cast<llm::RopeOp>(inner)) {
      if (!isUnsized(rope.getCosine(), 0) || isUnsized(rope.getX(), 3) || isUnsized(rope.getX(), 2))
        return;
      decomposeRope(rope);
    } else {
      return;
    }
    ++count;
  });
  return count;
}

} // namespace lathe
