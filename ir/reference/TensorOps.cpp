// Ops of ir/llm/TensorOps.td: they move bytes. Quantised rows move in whole blocks.
#include "ir/reference/Evaluator.h"
#include "ir/reference/Families.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <cstring>

using namespace mlir;

namespace lathe::reference {

namespace {

/// A tensor as elements that are moved whole: an element, or a block of the last axis.
struct Units {
  Shape shape;
  size_t bytes;

  explicit Units(const Tensor &tensor) : shape(tensor.shape()), bytes(bytesPerBlock(tensor.type())) {
    if (!shape.empty())
      shape.back() /= elementsPerBlock(tensor.type());
  }
};

/// result[c] = x[start + c . strides], in units; `shape` is the result's shape in elements.
Result<Tensor> moveUnits(const Tensor &x, Shape shape, const Shape &strides, int64_t start) {
  Result<Tensor> result = Tensor::zeros(x.type(), std::move(shape));
  if (!result)
    return result;
  Units units(*result);
  uint8_t *out = result->mutableBytes().data();
  const uint8_t *in = x.bytes().data();
  forEachElement<1>(units.shape, {strides}, {start}, [&](int64_t i, const std::array<int64_t, 1> &at) {
    std::memcpy(out + i * units.bytes, in + at[0] * units.bytes, units.bytes);
  });
  return result;
}

Status breaksBlocks(const Tensor &x) {
  return Status::failure("would take blocks of " + x.describe() + " apart; cast it first");
}

/// Whether an entry of the shape is the size itself: where the type says so, or as an expression of symbols.
bool isExactSize(llm::ReshapeOp op, size_t axis) {
  auto type = cast<RankedTensorType>(op.getResult().getType());
  auto dims = op.getShape().getDefiningOp<llm::DimsOp>();
  return !type.isDynamicDim(axis) || (dims && !isa<AffineConstantExpr>(dims.getExpressions().getResult(axis)));
}

Result<Tensor> reshape(llm::ReshapeOp op, const Tensor &x, const Tensor &sizes) {
  std::vector<int64_t> shape = sizes.values<int64_t>();
  int64_t open = -1, product = 1;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == 0 && isExactSize(op, axis)) {
      auto type = cast<RankedTensorType>(op.getResult().getType());
      shape[axis] = type.isDynamicDim(axis) ? 0 : type.getDimSize(axis);
    } else if (shape[axis] == 0) {
      if (static_cast<int64_t>(axis) >= x.rank())
        return Status::failure("shape " + shapeText(shape) + " keeps axis " + std::to_string(axis) + " of " +
                               x.describe());
      shape[axis] = x.dim(axis);
    }
    if (shape[axis] == -1) {
      if (open >= 0)
        return Status::failure("shape " + shapeText(shape) + " leaves two sizes open");
      open = axis;
    } else if (shape[axis] < 0 || __builtin_mul_overflow(product, shape[axis], &product)) {
      return Status::failure("shape " + shapeText(shape) + " has a negative size or is too large");
    }
  }
  if (open >= 0)
    shape[open] = product == 0 ? 0 : x.size() / product;
  int64_t total = open >= 0 ? product * shape[open] : product;
  if (total != x.size())
    return Status::failure("shape " + shapeText(shape) + " does not hold the " + std::to_string(x.size()) +
                           " elements of " + x.describe());
  if (isBlockType(x.type()) && x.rank() > 0 && (shape.empty() || shape.back() != x.shape().back()))
    return breaksBlocks(x);
  return x.withShape(shape);
}

Result<Tensor> transpose(const Tensor &x, ArrayRef<int64_t> permutation) {
  if (isBlockType(x.type()) && permutation.back() != x.rank() - 1)
    return breaksBlocks(x);
  Shape own = stridesOf(Units(x).shape), strides, shape;
  for (int64_t axis : permutation) {
    shape.push_back(x.dim(axis));
    strides.push_back(own[axis]);
  }
  return moveUnits(x, shape, strides, 0);
}

Result<Tensor> expand(const Tensor &x, const Tensor &sizes) {
  Result<Shape> shape = broadcastShapes(std::array{x.shape(), sizes.values<int64_t>()});
  if (!shape)
    return shape.status();
  if (isBlockType(x.type()) && shape->back() != x.shape().back())
    return breaksBlocks(x);
  Units to(x);
  to.shape = *shape;
  if (!to.shape.empty())
    to.shape.back() /= elementsPerBlock(x.type());
  return moveUnits(x, *shape, broadcastStrides(Units(x).shape, to.shape), 0);
}

Result<Tensor> slice(llm::SliceOp op, const Tensor &x, const Tensor &starts, const Tensor &ends) {
  if (starts.size() != static_cast<int64_t>(op.getAxes().size()) || ends.size() != starts.size())
    return Status::failure("has " + std::to_string(op.getAxes().size()) + " axes, but bounds " + starts.describe() +
                           " and " + ends.describe());
  std::vector<int64_t> from = starts.values<int64_t>(), to = ends.values<int64_t>();
  Shape shape = x.shape(), strides = stridesOf(Units(x).shape);
  int64_t start = 0, block = elementsPerBlock(x.type());
  for (size_t i = 0; i < from.size(); ++i) {
    int64_t axis = op.getAxes()[i], step = op.getSteps()[i], size = x.dim(axis);
    auto clamped = [&](int64_t bound, int64_t low, int64_t high) {
      return std::clamp(bound < 0 ? std::max(bound, -size - 1) + size : bound, low, high);
    };
    // A start is never before the first element, if there is one.
    int64_t first = step > 0 ? clamped(from[i], 0, size) : clamped(from[i], std::min<int64_t>(0, size - 1), size - 1);
    int64_t end = step > 0 ? clamped(to[i], 0, size) : clamped(to[i], -1, size - 1);
    int64_t span = step > 0 ? end - first : first - end;
    // |step| as unsigned: the smallest step has no positive counterpart.
    uint64_t width = step > 0 ? static_cast<uint64_t>(step) : 0 - static_cast<uint64_t>(step);
    shape[axis] = span <= 0 ? 0 : static_cast<int64_t>((static_cast<uint64_t>(span) - 1) / width + 1);
    if (block > 1 && axis == x.rank() - 1) {
      if (step != 1 || first % block != 0 || shape[axis] % block != 0)
        return breaksBlocks(x);
      first /= block;
    }
    start += first * strides[axis];
    strides[axis] = shape[axis] > 1 ? strides[axis] * step : 0;
  }
  return moveUnits(x, shape, strides, start);
}

Result<Tensor> concat(const std::vector<const Tensor *> &inputs, int64_t axis) {
  Shape shape = inputs.front()->shape();
  shape[axis] = 0;
  for (const Tensor *input : inputs) {
    for (int64_t i = 0; i < input->rank(); ++i)
      if (i != axis && input->dim(i) != shape[i])
        return Status::failure("sizes " + std::to_string(shape[i]) + " and " + std::to_string(input->dim(i)) +
                               " differ on axis " + std::to_string(i));
    shape[axis] += input->dim(axis);
  }
  Result<Tensor> result = Tensor::zeros(inputs.front()->type(), shape);
  if (!result || result->size() == 0)
    return result;
  Units units(*result);
  size_t rows = 1, rowBytes = units.bytes, offset = 0;
  for (int64_t i = 0; i < axis; ++i)
    rows *= units.shape[i];
  for (size_t i = axis; i < units.shape.size(); ++i)
    rowBytes *= units.shape[i];
  uint8_t *out = result->mutableBytes().data();
  for (const Tensor *input : inputs) {
    size_t bytes = input->bytes().size() / rows;
    for (size_t row = 0; row < rows && bytes != 0; ++row)
      std::memcpy(out + row * rowBytes + offset, input->bytes().data() + row * bytes, bytes);
    offset += bytes;
  }
  return result;
}

Result<Tensor> gather(const Tensor &x, const Tensor &indices, int64_t axis) {
  if (isBlockType(x.type()) && axis == x.rank() - 1)
    return breaksBlocks(x);
  Shape shape(x.shape().begin(), x.shape().begin() + axis);
  shape.insert(shape.end(), indices.shape().begin(), indices.shape().end());
  shape.insert(shape.end(), x.shape().begin() + axis + 1, x.shape().end());
  Result<Tensor> result = Tensor::zeros(x.type(), shape);
  if (!result)
    return result;
  Units units(x);
  size_t outer = 1, inner = units.bytes;
  for (int64_t i = 0; i < axis; ++i)
    outer *= units.shape[i];
  for (int64_t i = axis + 1; i < x.rank(); ++i)
    inner *= units.shape[i];
  std::vector<int64_t> chosen = indices.values<int64_t>();
  for (int64_t &index : chosen) {
    if (index < -x.dim(axis) || index >= x.dim(axis))
      return Status::failure("index " + std::to_string(index) + " is not in axis " + std::to_string(axis) + " of " +
                             x.describe());
    index += index < 0 ? x.dim(axis) : 0;
  }
  uint8_t *out = result->mutableBytes().data();
  for (size_t row = 0; inner != 0 && row < outer; ++row)
    for (int64_t index : chosen) {
      std::memcpy(out, x.bytes().data() + (row * x.dim(axis) + index) * inner, inner);
      out += inner;
    }
  return result;
}

template <class V> Result<Tensor> range(LatheType type, V start, V limit, V delta) {
  if (delta == 0)
    return Status::failure("delta is 0");
  double count =
      std::max(0.0, std::ceil((static_cast<double>(limit) - static_cast<double>(start)) / static_cast<double>(delta)));
  if (!(count < 0x1p40))
    return Status::failure("has " + std::to_string(count) + " elements, which is too many");
  Result<Tensor> place = Tensor::zeros(type, {static_cast<int64_t>(count)});
  if (!place)
    return place;
  std::vector<V> values(place->size());
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = start + static_cast<V>(i) * delta;
  return Tensor::ofValues<V>(type, {static_cast<int64_t>(values.size())}, values);
}

Result<Tensor> castTo(LatheType type, const Tensor &x) {
  if (x.type() == type)
    return x;
  switch (numberOf(x.type())) {
  case Number::Real:
    return Tensor::ofValues<double>(type, x.shape(), x.values<double>());
  case Number::Signed:
    return Tensor::ofValues<int64_t>(type, x.shape(), x.values<int64_t>());
  case Number::Unsigned:
    return Tensor::ofValues<uint64_t>(type, x.shape(), x.values<uint64_t>());
  }
  __builtin_unreachable();
}

Result<Tensor> trilu(const Tensor &x, bool upper, int64_t diagonal) {
  if (isBlockType(x.type()))
    return breaksBlocks(x);
  Tensor result = x;
  uint8_t *out = result.mutableBytes().data();
  size_t bytes = bytesPerBlock(x.type());
  int64_t columns = x.dim(x.rank() - 1), rows = x.dim(x.rank() - 2);
  for (int64_t i = 0; i < x.size(); ++i) {
    int64_t distance = i % columns - i / columns % rows;
    if (upper ? distance < diagonal : distance > diagonal)
      std::memset(out + i * bytes, 0, bytes);
  }
  return result;
}

template <class V> Result<Tensor> cumsum(const Tensor &x, int64_t axis) {
  std::vector<V> values = x.values<V>();
  int64_t stride = stridesOf(x.shape())[axis], size = x.dim(axis);
  for (int64_t i = 0; i < x.size(); ++i)
    if (i / stride % size != 0) {
      if constexpr (std::is_same_v<V, double>)
        values[i] += values[i - stride];
      else
        values[i] = static_cast<V>(static_cast<uint64_t>(values[i]) + static_cast<uint64_t>(values[i - stride]));
    }
  return Tensor::ofValues<V>(x.type(), x.shape(), values);
}

} // namespace

std::optional<Result<Tensor>> evaluateTensorOp(Operation *op, Operands operands, const SymbolValues &symbols) {
  auto in = [&](Value value) -> const Tensor & { return *operands(value); };
  using Answer = std::optional<Result<Tensor>>;
  return ::llvm::TypeSwitch<Operation *, Answer>(op)
      .Case([](llm::ConstantOp constant) -> Answer { return tensorOf(constant.getValue()); })
      .Case([&](llm::DimsOp dims) -> Answer {
        Result<Shape> sizes = evaluateMap(dims.getExpressions(), symbols);
        if (!sizes)
          return Result<Tensor>(sizes.status());
        return Tensor::ofValues<int64_t>(LATHE_I64, {static_cast<int64_t>(sizes->size())}, *sizes);
      })
      .Case([&](llm::ShapeOfOp shape) -> Answer {
        const Shape &sizes = in(shape.getX()).shape();
        return Tensor::ofValues<int64_t>(LATHE_I64, {static_cast<int64_t>(sizes.size())}, sizes);
      })
      .Case([&](llm::ReshapeOp op) -> Answer { return reshape(op, in(op.getX()), in(op.getShape())); })
      .Case([&](llm::UnsqueezeOp op) -> Answer {
        Shape shape = in(op.getX()).shape();
        for (int64_t axis : op.getAxes())
          shape.insert(shape.begin() + axis, 1);
        return in(op.getX()).withShape(shape);
      })
      .Case([&](llm::SqueezeOp op) -> Answer {
        Shape shape = in(op.getX()).shape();
        for (int64_t axis : ::llvm::reverse(op.getAxes())) {
          if (shape[axis] != 1)
            return Result<Tensor>(Status::failure("axis " + std::to_string(axis) + " of " + in(op.getX()).describe() +
                                                  " is not of size 1"));
          shape.erase(shape.begin() + axis);
        }
        return in(op.getX()).withShape(shape);
      })
      .Case([&](llm::TransposeOp op) -> Answer { return transpose(in(op.getX()), op.getPermutation()); })
      .Case([&](llm::ExpandOp op) -> Answer { return expand(in(op.getX()), in(op.getShape())); })
      .Case([&](llm::SliceOp op) -> Answer { return slice(op, in(op.getX()), in(op.getStarts()), in(op.getEnds())); })
      .Case([&](llm::ConcatOp op) -> Answer {
        std::vector<const Tensor *> inputs;
        for (Value input : op.getInputs())
          inputs.push_back(&in(input));
        return concat(inputs, op.getAxis());
      })
      .Case([&](llm::GatherOp op) -> Answer { return gather(in(op.getX()), in(op.getIndices()), op.getAxis()); })
      .Case([&](llm::RangeOp op) -> Answer {
        const Tensor &start = in(op.getStart()), &limit = in(op.getLimit()), &delta = in(op.getDelta());
        if (start.size() != 1 || limit.size() != 1 || delta.size() != 1)
          return Result<Tensor>(Status::failure("start, limit and delta are scalars"));
        if (numberOf(start.type()) == Number::Real)
          return range<double>(start.type(), start.values<double>()[0], limit.values<double>()[0],
                               delta.values<double>()[0]);
        return range<int64_t>(start.type(), start.values<int64_t>()[0], limit.values<int64_t>()[0],
                              delta.values<int64_t>()[0]);
      })
      .Case([&](llm::CastOp op) -> Answer {
        auto type = llm::latheType(cast<RankedTensorType>(op.getResult().getType()).getElementType());
        if (!type)
          return Result<Tensor>(Status::failure("the element type has no counterpart in the runtime"));
        return castTo(*type, in(op.getX()));
      })
      .Case([&](llm::TriluOp op) -> Answer { return trilu(in(op.getX()), op.getUpper(), op.getDiagonal()); })
      .Case([&](llm::BitCastOp op) -> Answer {
        const Tensor &x = in(op.getX());
        return Tensor::ofBytes(*llm::latheType(cast<RankedTensorType>(op.getType()).getElementType()), x.shape(), x.bytes());
      })
      .Case([&](llm::CumSumOp op) -> Answer {
        const Tensor &x = in(op.getX());
        if (isBlockType(x.type()))
          return Result<Tensor>(breaksBlocks(x));
        return numberOf(x.type()) == Number::Real ? cumsum<double>(x, op.getAxis()) : cumsum<int64_t>(x, op.getAxis());
      })
      .Default([](Operation *) -> Answer { return std::nullopt; });
}

} // namespace lathe::reference
