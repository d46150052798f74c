// Ops of ir/llm/MathOps.td that are not pointwise: reductions, products, norms, gated units. Sums are in double.
#include "ir/reference/Families.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <numeric>

using namespace mlir;

namespace lathe::reference {

void roundActivations(std::vector<double> &x) {
  for (size_t first = 0; first < x.size(); first += 32) {
    float largest = 0;
    for (size_t i = first; i < first + 32; ++i)
      largest = std::max(largest, std::fabs(static_cast<float>(x[i])));
    float scale = largest / 127.0f;
    for (size_t i = first; i < first + 32; ++i) {
      float quotient = scale == 0 ? 0.0f : std::nearbyint(static_cast<float>(x[i]) / scale);
      x[i] = static_cast<double>(quotient) * static_cast<double>(scale);
    }
  }
}

double activate(llm::Activation activation, double x) {
  switch (activation) {
  case llm::Activation::silu:
    return x / (1.0 + std::exp(-x));
  case llm::Activation::gelu:
    return x * (1.0 + std::erf(x / std::sqrt(2.0))) / 2.0;
  case llm::Activation::gelu_tanh:
    return x * (1.0 + std::tanh(std::sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x))) / 2.0;
  case llm::Activation::relu:
    return x < 0 ? 0.0 : x;
  case llm::Activation::sigmoid:
    return 1.0 / (1.0 + std::exp(-x));
  }
  __builtin_unreachable();
}

namespace {

/// The sum of products, in eight lanes of the index mod 8 that are added at the end: a fixed order that compilers
/// vectorise.
double dot(const double *a, const double *b, int64_t size) {
  double lanes[8] = {};
  int64_t i = 0;
  for (; i + 8 <= size; i += 8)
    for (int lane = 0; lane < 8; ++lane)
      lanes[lane] += a[i + lane] * b[i + lane];
  for (; i < size; ++i)
    lanes[i % 8] += a[i] * b[i];
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

template <class V> V combine(llm::Reduction kind, V a, V b) {
  switch (kind) {
  case llm::Reduction::max:
    return a > b || a != a ? a : b;
  case llm::Reduction::min:
    return a < b || a != a ? a : b;
  case llm::Reduction::prod:
    if constexpr (std::is_same_v<V, double>)
      return a * b;
    else
      return static_cast<V>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  default:
    if constexpr (std::is_same_v<V, double>)
      return a + b;
    else
      return static_cast<V>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  }
}

/// What combining no elements of the type gives.
template <class V> V neutralOf(llm::Reduction kind, LatheType type) {
  if (kind == llm::Reduction::prod)
    return 1;
  if (kind != llm::Reduction::max && kind != llm::Reduction::min)
    return 0;
  bool largest = kind == llm::Reduction::min;
  if constexpr (std::is_same_v<V, double>)
    return largest ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
  if (type == LATHE_BOOL)
    return largest ? 1 : 0;
  bool isUnsigned = type >= LATHE_U8;
  uint64_t bits = 8 * bytesPerBlock(type), all = bits == 64 ? UINT64_MAX : (uint64_t(1) << bits) - 1;
  if (largest)
    return static_cast<V>(isUnsigned ? all : all >> 1);
  return static_cast<V>(isUnsigned ? 0 : ~(all >> 1));
}

template <class V> Result<Tensor> reduce(llm::ReduceOp op, const Tensor &x) {
  Shape kept = x.shape(), shape;
  for (int64_t axis = 0; axis < x.rank(); ++axis) {
    bool reduced = ::llvm::is_contained(op.getAxes(), axis);
    if (reduced)
      kept[axis] = 1;
    if (!reduced || op.getKeep())
      shape.push_back(kept[axis]);
  }
  Result<Tensor> place = Tensor::zeros(x.type(), shape);
  if (!place)
    return place;
  std::vector<V> values = x.values<V>(), result(place->size(), neutralOf<V>(op.getKind(), x.type()));
  forEachElement<1>(x.shape(), {broadcastStrides(kept, x.shape())}, {},
                    [&](int64_t i, const std::array<int64_t, 1> &at) {
                      result[at[0]] = combine(op.getKind(), result[at[0]], values[i]);
                    });
  if (op.getKind() == llm::Reduction::mean && !result.empty()) {
    V count = static_cast<V>(x.size() / static_cast<int64_t>(result.size()));
    if (count == 0 && !std::is_same_v<V, double>)
      return Status::failure("has no mean of no integers");
    for (V &value : result)
      value /= count;
  }
  return Tensor::ofValues<V>(x.type(), shape, result);
}

Result<Tensor> softmax(const Tensor &x, int64_t axis) {
  std::vector<double> values = x.values<double>();
  int64_t stride = stridesOf(x.shape())[axis], size = x.dim(axis);
  for (int64_t first = 0; first < x.size(); ++first) {
    if (first / stride % size != 0)
      continue;
    double largest = -std::numeric_limits<double>::infinity(), sum = 0;
    for (int64_t i = 0; i < size; ++i)
      largest = combine(llm::Reduction::max, largest, values[first + i * stride]);
    for (int64_t i = 0; i < size; ++i)
      sum += values[first + i * stride] = std::exp(values[first + i * stride] - largest);
    for (int64_t i = 0; i < size; ++i)
      values[first + i * stride] /= sum;
  }
  return Tensor::ofValues<double>(x.type(), x.shape(), values);
}

template <class V> Result<Tensor> matmul(const Tensor &lhs, const Tensor &rhs) {
  Shape a = lhs.shape(), b = rhs.shape();
  if (lhs.rank() == 1)
    a.insert(a.begin(), 1);
  if (rhs.rank() == 1)
    b.push_back(1);
  int64_t rows = a[a.size() - 2], inner = a.back(), columns = b.back();
  if (inner != b[b.size() - 2])
    return Status::failure("inner sizes " + std::to_string(inner) + " and " + std::to_string(b[b.size() - 2]) +
                           " differ: " + lhs.describe() + " times " + rhs.describe());
  Shape leadA(a.begin(), a.end() - 2), leadB(b.begin(), b.end() - 2);
  Result<Shape> lead = broadcastShapes(std::array{leadA, leadB});
  if (!lead)
    return lead.status();
  Shape shape = *lead;
  if (lhs.rank() != 1)
    shape.push_back(rows);
  if (rhs.rank() != 1)
    shape.push_back(columns);
  Result<Tensor> place = Tensor::zeros(lhs.type(), shape);
  if (!place)
    return place;
  std::vector<V> left = lhs.values<V>(), right = rhs.values<V>(), result(place->size());
  forEachElement<2>(*lead, {broadcastStrides(leadA, *lead), broadcastStrides(leadB, *lead)}, {},
                    [&](int64_t matrix, const std::array<int64_t, 2> &at) {
                      const V *x = left.data() + at[0] * rows * inner, *y = right.data() + at[1] * inner * columns;
                      V *out = result.data() + matrix * rows * columns;
                      for (int64_t row = 0; row < rows; ++row)
                        for (int64_t k = 0; k < inner; ++k)
                          for (int64_t column = 0; column < columns; ++column)
                            out[row * columns + column] += x[row * inner + k] * y[k * columns + column];
                    });
  return Tensor::ofValues<V>(lhs.type(), shape, result);
}

Result<Tensor> linear(const Tensor &x, const Tensor &weight, const Tensor *bias, bool int8Activations) {
  int64_t inner = x.shape().back(), outputs = weight.dim(0);
  if (inner != weight.dim(1))
    return Status::failure("x has " + std::to_string(inner) + " columns, the weight " + std::to_string(weight.dim(1)));
  if (bias && bias->size() != outputs)
    return Status::failure("needs a bias of " + std::to_string(outputs) + " elements, got " + bias->describe());
  if (int8Activations && (!isBlockType(weight.type()) || inner % 32 != 0))
    return Status::failure("int8_activations needs a weight of a block type and blocks of 32 columns, got " +
                           weight.describe());
  Shape shape = x.shape();
  shape.back() = outputs;
  Result<Tensor> place = Tensor::zeros(x.type(), shape);
  if (!place)
    return place;
  int64_t rows = 1;
  for (int64_t axis = 0; axis + 1 < x.rank(); ++axis)
    rows *= x.dim(axis);
  std::vector<double> values = x.values<double>(), row(inner), result(place->size()), offsets(outputs, 0.0);
  if (int8Activations)
    roundActivations(values);
  if (bias)
    offsets = bias->values<double>();
  for (int64_t output = 0; output < outputs; ++output) {
    weight.read<double>(output * inner, inner, row.data());
    for (int64_t i = 0; i < rows; ++i)
      result[i * outputs + output] = dot(values.data() + i * inner, row.data(), inner) + offsets[output];
  }
  return Tensor::ofValues<double>(x.type(), shape, result);
}

Result<Tensor> embedding(const Tensor &table, const Tensor &indices) {
  Shape shape = indices.shape();
  shape.push_back(table.dim(1));
  LatheType type = isBlockType(table.type()) ? LATHE_F32 : table.type();
  Result<Tensor> place = Tensor::zeros(type, shape);
  if (!place)
    return place;
  std::vector<double> values(place->size());
  double *out = values.data();
  for (int64_t index : indices.values<int64_t>()) {
    if (index < 0 || index >= table.dim(0))
      return Status::failure("index " + std::to_string(index) + " is not in [0, " + std::to_string(table.dim(0)) + ")");
    table.read<double>(index * table.dim(1), table.dim(1), out);
    out += table.dim(1);
  }
  return Tensor::ofValues<double>(type, shape, values);
}

Result<Tensor> normalize(const Tensor &x, const Tensor *weight, const Tensor *bias, double epsilon, bool subtractMean) {
  int64_t size = x.shape().back();
  for (const Tensor *vector : {weight, bias})
    if (vector && vector->size() != size)
      return Status::failure("x has " + std::to_string(size) + " columns, the weight or bias is " + vector->describe());
  std::vector<double> values = x.values<double>(), scale(size, 1.0), offset(size, 0.0);
  if (weight)
    scale = weight->values<double>();
  if (bias)
    offset = bias->values<double>();
  for (int64_t first = 0; first < x.size(); first += size) {
    double *row = values.data() + first;
    double mean = subtractMean ? std::accumulate(row, row + size, 0.0) / size : 0.0;
    double squares = 0;
    for (int64_t i = 0; i < size; ++i)
      squares += (row[i] - mean) * (row[i] - mean);
    double factor = 1.0 / std::sqrt(squares / size + epsilon);
    for (int64_t i = 0; i < size; ++i)
      row[i] = (row[i] - mean) * factor * scale[i] + offset[i];
  }
  return Tensor::ofValues<double>(x.type(), x.shape(), values);
}

Result<Tensor> glu(llm::Activation activation, const Tensor &gate, const Tensor *up) {
  Shape shape = gate.shape();
  int64_t size = shape.empty() ? 1 : shape.back(), half = up ? size : size / 2;
  if (up ? up->shape() != shape : size % 2 != 0)
    return Status::failure(up ? "gate and up have one shape, got " + gate.describe() + " and " + up->describe()
                              : "halves the last axis, got " + gate.describe());
  if (!up)
    shape.back() = half;
  std::vector<double> values = gate.values<double>();
  std::vector<double> others = up ? up->values<double>() : std::vector<double>(), result;
  result.reserve(up ? values.size() : values.size() / 2);
  for (size_t first = 0; first < values.size(); first += size)
    for (int64_t i = 0; i < half; ++i)
      result.push_back(activate(activation, values[first + i]) * (up ? others[first + i] : values[first + half + i]));
  return Tensor::ofValues<double>(gate.type(), shape, result);
}

/// Products and sums of blocks make no sense before a cast.
Status needsPlain(const Tensor &x) {
  return Status::failure("is not computed on quantised blocks, got " + x.describe());
}

} // namespace

std::optional<Result<Tensor>> evaluateMathOp(Operation *op, Operands operands) {
  auto in = [&](Value value) -> const Tensor & { return *operands(value); };
  using Answer = std::optional<Result<Tensor>>;
  return ::llvm::TypeSwitch<Operation *, Answer>(op)
      .Case([&](llm::ReduceOp op) -> Answer {
        const Tensor &x = in(op.getX());
        if (isBlockType(x.type()))
          return Result<Tensor>(needsPlain(x));
        switch (numberOf(x.type())) {
        case Number::Real:
          return reduce<double>(op, x);
        case Number::Signed:
          return reduce<int64_t>(op, x);
        case Number::Unsigned:
          return reduce<uint64_t>(op, x);
        }
        __builtin_unreachable();
      })
      .Case([&](llm::SoftmaxOp op) -> Answer { return softmax(in(op.getX()), op.getAxis()); })
      .Case([&](llm::MatmulOp op) -> Answer {
        const Tensor &lhs = in(op.getLhs()), &rhs = in(op.getRhs());
        if (isBlockType(lhs.type()) || isBlockType(rhs.type()))
          return Result<Tensor>(needsPlain(isBlockType(lhs.type()) ? lhs : rhs));
        return numberOf(lhs.type()) == Number::Real ? matmul<double>(lhs, rhs) : matmul<uint64_t>(lhs, rhs);
      })
      .Case([&](llm::LinearOp op) -> Answer {
        return linear(in(op.getX()), in(op.getWeight()), operands(op.getBias()), op.getInt8Activations());
      })
      .Case([&](llm::EmbeddingOp op) -> Answer { return embedding(in(op.getTable()), in(op.getIndices())); })
      .Case([&](llm::RmsNormOp op) -> Answer {
        return normalize(in(op.getX()), operands(op.getWeight()), nullptr, op.getEpsilon().convertToDouble(), false);
      })
      .Case([&](llm::LayerNormOp op) -> Answer {
        return normalize(in(op.getX()), operands(op.getWeight()), operands(op.getBias()),
                         op.getEpsilon().convertToDouble(), true);
      })
      .Case([&](llm::GluOp op) -> Answer { return glu(op.getActivation(), in(op.getGate()), operands(op.getUp())); })
      .Default([](Operation *) -> Answer { return std::nullopt; });
}

} // namespace lathe::reference
