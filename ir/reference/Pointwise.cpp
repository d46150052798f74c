// Pointwise ops of ir/llm/MathOps.td, and broadcasting.
#include "ir/reference/Families.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <cstring>

using namespace mlir;

namespace lathe::reference {

Result<Shape> broadcastShapes(std::span<const Shape> shapes) {
  Shape result;
  for (const Shape &shape : shapes) {
    if (shape.size() > result.size())
      result.insert(result.begin(), shape.size() - result.size(), 1);
    size_t lead = result.size() - shape.size();
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      int64_t &size = result[lead + axis];
      if (size != shape[axis] && size != 1 && shape[axis] != 1)
        return Status::failure("sizes " + std::to_string(size) + " and " + std::to_string(shape[axis]) +
                               " do not broadcast");
      size = size == 1 ? shape[axis] : size;
    }
  }
  return result;
}

Shape stridesOf(const Shape &shape) {
  Shape strides(shape.size());
  int64_t stride = 1;
  for (size_t axis = shape.size(); axis-- > 0; stride *= shape[axis])
    strides[axis] = stride;
  return strides;
}

Shape broadcastStrides(const Shape &shape, const Shape &to) {
  Shape own = stridesOf(shape), strides(to.size(), 0);
  size_t lead = to.size() - shape.size();
  for (size_t axis = 0; axis < shape.size(); ++axis)
    strides[lead + axis] = shape[axis] == 1 ? 0 : own[axis];
  return strides;
}

namespace {

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
double gelu(double x) { return x * (1.0 + std::erf(x / std::sqrt(2.0))) / 2.0; }
double geluTanh(double x) { return x * (1.0 + std::tanh(std::sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x))) / 2.0; }

using RealFunction = double (*)(double);
using IntegerFunction = int64_t (*)(int64_t);
struct Unary {
  RealFunction real = nullptr;
  IntegerFunction integer = nullptr;
};

Unary unaryOf(Operation *op) {
  return ::llvm::TypeSwitch<Operation *, Unary>(op)
      .Case([](llm::NegOp) {
        return Unary{[](double x) { return -x; },
                     [](int64_t x) { return static_cast<int64_t>(0 - static_cast<uint64_t>(x)); }};
      })
      .Case([](llm::AbsOp) {
        return Unary{[](double x) { return std::fabs(x); },
                     [](int64_t x) { return x < 0 ? static_cast<int64_t>(0 - static_cast<uint64_t>(x)) : x; }};
      })
      .Case([](llm::ExpOp) { return Unary{[](double x) { return std::exp(x); }}; })
      .Case([](llm::LogOp) { return Unary{[](double x) { return std::log(x); }}; })
      .Case([](llm::SqrtOp) { return Unary{[](double x) { return std::sqrt(x); }}; })
      .Case([](llm::RsqrtOp) { return Unary{[](double x) { return 1.0 / std::sqrt(x); }}; })
      .Case([](llm::ReciprocalOp) { return Unary{[](double x) { return 1.0 / x; }}; })
      .Case([](llm::SigmoidOp) { return Unary{sigmoid}; })
      .Case([](llm::TanhOp) { return Unary{[](double x) { return std::tanh(x); }}; })
      .Case([](llm::ErfOp) { return Unary{[](double x) { return std::erf(x); }}; })
      .Case([](llm::SinOp) { return Unary{[](double x) { return std::sin(x); }}; })
      .Case([](llm::CosOp) { return Unary{[](double x) { return std::cos(x); }}; })
      .Case([](llm::TanOp) { return Unary{[](double x) { return std::tan(x); }}; })
      .Case([](llm::AsinOp) { return Unary{[](double x) { return std::asin(x); }}; })
      .Case([](llm::AcosOp) { return Unary{[](double x) { return std::acos(x); }}; })
      .Case([](llm::AtanOp) { return Unary{[](double x) { return std::atan(x); }}; })
      .Case([](llm::SinhOp) { return Unary{[](double x) { return std::sinh(x); }}; })
      .Case([](llm::CoshOp) { return Unary{[](double x) { return std::cosh(x); }}; })
      .Case([](llm::AsinhOp) { return Unary{[](double x) { return std::asinh(x); }}; })
      .Case([](llm::AcoshOp) { return Unary{[](double x) { return std::acosh(x); }}; })
      .Case([](llm::AtanhOp) { return Unary{[](double x) { return std::atanh(x); }}; })
      .Case([](llm::Expm1Op) { return Unary{[](double x) { return std::expm1(x); }}; })
      .Case([](llm::Log1pOp) { return Unary{[](double x) { return std::log1p(x); }}; })
      .Case([](llm::SoftplusOp) {
        return Unary{[](double x) { return std::fmax(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }};
      })
      .Case([](llm::FloorOp) { return Unary{[](double x) { return std::floor(x); }, [](int64_t x) { return x; }}; })
      .Case([](llm::CeilOp) { return Unary{[](double x) { return std::ceil(x); }, [](int64_t x) { return x; }}; })
      .Case([](llm::RoundOp) { return Unary{[](double x) { return std::nearbyint(x); }, [](int64_t x) { return x; }}; })
      .Case([](llm::SignOp) {
        return Unary{[](double x) { return x > 0   ? 1.0
                                           : x < 0 ? -1.0
                                                   : x; },
                     [](int64_t x) { return static_cast<int64_t>(x > 0) - (x < 0); }};
      })
      .Case([](llm::ReluOp) {
        return Unary{[](double x) { return x < 0 ? 0.0 : x; }, [](int64_t x) { return x < 0 ? 0 : x; }};
      })
      .Case([](llm::SiluOp) { return Unary{[](double x) { return x * sigmoid(x); }}; })
      .Case([](llm::GeluOp gelu_) { return Unary{gelu_.getApproximate() ? geluTanh : gelu}; })
      .Case([](llm::NotOp) {
        return Unary{[](double x) { return x == 0 ? 1.0 : 0.0; },
                     [](int64_t x) { return static_cast<int64_t>(x == 0); }};
      })
      .Default(Unary{});
}

Result<Tensor> evaluateUnary(const Tensor &x, const Unary &function) {
  if (numberOf(x.type()) == Number::Real) {
    if (isBlockType(x.type()))
      return Status::failure("is not computed on quantised blocks, got " + x.describe() + "; cast it first");
    std::vector<double> values = x.values<double>();
    for (double &value : values)
      value = function.real(value);
    return Tensor::ofValues<double>(x.type(), x.shape(), values);
  }
  if (!function.integer || (numberOf(x.type()) == Number::Unsigned))
    return Status::failure("is computed on floats, got " + x.describe());
  std::vector<int64_t> values = x.values<int64_t>();
  for (int64_t &value : values)
    value = function.integer(value);
  return Tensor::ofValues<int64_t>(x.type(), x.shape(), values);
}

/// Whether an integer division overflows: the smallest number by -1.
template <class V> bool dividesOut(V a, V b) {
  return std::is_signed_v<V> && a == std::numeric_limits<V>::min() && b == static_cast<V>(-1);
}

template <class V> V powerOf(V base, V exponent) {
  if constexpr (std::is_same_v<V, double>) {
    return std::pow(base, exponent);
  } else {
    if (exponent < 0) // 1 / base^n, truncated
      return base == 1 ? 1 : base == static_cast<V>(-1) ? (exponent % 2 == 0 ? 1 : base) : 0;
    uint64_t result = 1, factor = static_cast<uint64_t>(base);
    for (V left = exponent; left > 0; left /= 2, factor *= factor)
      result *= left % 2 != 0 ? factor : 1;
    return static_cast<V>(result);
  }
}

template <class V> V moduloOf(V a, V b) {
  if constexpr (std::is_same_v<V, double>) {
    return std::fmod(a, b);
  } else {
    if (dividesOut(a, b))
      return 0;
    V remainder = a % b;
    return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
  }
}

template <class V> V quotientOf(V a, V b) {
  if constexpr (!std::is_same_v<V, double>)
    if (dividesOut(a, b))
      return a;
  return a / b;
}

template <class V> V wrapped(V a, V b, char symbol) {
  if constexpr (std::is_same_v<V, double>) {
    return symbol == '+' ? a + b : symbol == '-' ? a - b : a * b;
  } else {
    uint64_t x = static_cast<uint64_t>(a), y = static_cast<uint64_t>(b);
    return static_cast<V>(symbol == '+' ? x + y : symbol == '-' ? x - y : x * y);
  }
}

/// `bits` is the width of the type; values of signed types are sign extended, others zero extended.
int64_t combineBits(llm::BitLogic kind, int64_t a, int64_t b, bool isUnsigned, int64_t bits) {
  bool inside = b >= 0 && b < bits;
  uint64_t pattern = static_cast<uint64_t>(a);
  switch (kind) {
  case llm::BitLogic::both:
    return a & b;
  case llm::BitLogic::either:
    return a | b;
  case llm::BitLogic::one:
    return a ^ b;
  case llm::BitLogic::left:
    return inside ? static_cast<int64_t>(pattern << b) : 0;
  case llm::BitLogic::right:
    if (isUnsigned)
      return inside ? static_cast<int64_t>(pattern >> b) : 0;
    return a >> (inside ? b : bits - 1);
  }
  __builtin_unreachable();
}

Result<Tensor> evaluateBitwise(llm::BitLogic kind, const Tensor &lhs, const Tensor &rhs) {
  Result<Shape> shape = broadcastShapes(std::array{lhs.shape(), rhs.shape()});
  if (!shape)
    return shape.status();
  Result<Tensor> result = Tensor::zeros(lhs.type(), *shape);
  if (!result)
    return result;
  bool isUnsigned = lhs.type() >= LATHE_U8;
  int64_t bits = 8 * bytesPerBlock(lhs.type());
  std::vector<int64_t> a = lhs.values<int64_t>(), b = rhs.values<int64_t>(), values(result->size());
  forEachElement<2>(*shape, {broadcastStrides(lhs.shape(), *shape), broadcastStrides(rhs.shape(), *shape)}, {},
                    [&](int64_t i, const std::array<int64_t, 2> &at) {
                      values[i] = combineBits(kind, a[at[0]], b[at[1]], isUnsigned, bits);
                    });
  return Tensor::ofValues<int64_t>(lhs.type(), *shape, values);
}

template <class V> using BinaryFunction = V (*)(V, V);
template <class V> BinaryFunction<V> binaryOf(Operation *op) {
  return ::llvm::TypeSwitch<Operation *, BinaryFunction<V>>(op)
      .Case([](llm::AddOp) { return [](V a, V b) { return wrapped(a, b, '+'); }; })
      .Case([](llm::SubOp) { return [](V a, V b) { return wrapped(a, b, '-'); }; })
      .Case([](llm::MulOp) { return [](V a, V b) { return wrapped(a, b, '*'); }; })
      .Case([](llm::DivOp) { return quotientOf<V>; })
      .Case([](llm::PowOp) { return powerOf<V>; })
      .Case([](llm::ModOp) { return moduloOf<V>; })
      .Case([](llm::MinOp) { return [](V a, V b) { return a < b || a != a ? a : b; }; })
      .Case([](llm::MaxOp) { return [](V a, V b) { return a > b || a != a ? a : b; }; })
      .Case([](llm::AndOp) { return [](V a, V b) { return static_cast<V>(a != 0 && b != 0); }; })
      .Case([](llm::OrOp) { return [](V a, V b) { return static_cast<V>(a != 0 || b != 0); }; })
      .Case([](llm::XorOp) { return [](V a, V b) { return static_cast<V>((a != 0) != (b != 0)); }; })
      .Default(BinaryFunction<V>());
}

template <class V>
Result<Tensor> evaluateBinary(Operation *op, BinaryFunction<V> function, LatheType type, const Tensor &lhs,
                              const Tensor &rhs) {
  Result<Shape> shape = broadcastShapes(std::array{lhs.shape(), rhs.shape()});
  if (!shape)
    return shape.status();
  Result<Tensor> result = Tensor::zeros(type, *shape);
  if (!result)
    return result;
  std::vector<V> a = lhs.values<V>(), b = rhs.values<V>(), values(result->size());
  if (std::is_integral_v<V> && isa<llm::DivOp, llm::ModOp>(op) && ::llvm::is_contained(b, V(0)))
    return Status::failure("divides an integer by 0");
  forEachElement<2>(*shape, {broadcastStrides(lhs.shape(), *shape), broadcastStrides(rhs.shape(), *shape)}, {},
                    [&](int64_t i, const std::array<int64_t, 2> &at) { values[i] = function(a[at[0]], b[at[1]]); });
  return Tensor::ofValues<V>(type, *shape, values);
}

/// Calls f with a zero of the type that both operands are computed in.
template <class F> auto withCommonNumber(const Tensor &lhs, const Tensor &rhs, F f) {
  Number a = numberOf(lhs.type()), b = numberOf(rhs.type());
  if (a == Number::Real || b == Number::Real)
    return f(double());
  return a == Number::Unsigned || b == Number::Unsigned ? f(uint64_t()) : f(int64_t());
}

Result<Tensor> evaluateCompare(llm::Predicate predicate, const Tensor &lhs, const Tensor &rhs) {
  Result<Shape> shape = broadcastShapes(std::array{lhs.shape(), rhs.shape()});
  if (!shape)
    return shape.status();
  Result<Tensor> result = Tensor::zeros(LATHE_BOOL, *shape);
  if (!result)
    return result;
  std::span<uint8_t> out = result->mutableBytes();
  withCommonNumber(lhs, rhs, [&](auto zero) {
    using V = decltype(zero);
    std::vector<V> a = lhs.values<V>(), b = rhs.values<V>();
    forEachElement<2>(*shape, {broadcastStrides(lhs.shape(), *shape), broadcastStrides(rhs.shape(), *shape)}, {},
                      [&](int64_t i, const std::array<int64_t, 2> &at) {
                        V x = a[at[0]], y = b[at[1]];
                        switch (predicate) {
                        case llm::Predicate::eq:
                          out[i] = x == y;
                          break;
                        case llm::Predicate::ne:
                          out[i] = x != y;
                          break;
                        case llm::Predicate::lt:
                          out[i] = x < y;
                          break;
                        case llm::Predicate::le:
                          out[i] = x <= y;
                          break;
                        case llm::Predicate::gt:
                          out[i] = x > y;
                          break;
                        case llm::Predicate::ge:
                          out[i] = x >= y;
                          break;
                        }
                      });
  });
  return result;
}

Result<Tensor> evaluateSelect(const Tensor &condition, const Tensor &x, const Tensor &y) {
  Result<Shape> shape = broadcastShapes(std::array{condition.shape(), x.shape(), y.shape()});
  if (!shape)
    return shape.status();
  if (isBlockType(x.type()))
    return Status::failure("does not choose between quantised blocks, got " + x.describe() + "; cast it first");
  Result<Tensor> result = Tensor::zeros(x.type(), *shape);
  if (!result)
    return result;
  uint8_t *out = result->mutableBytes().data();
  size_t size = bytesPerBlock(x.type());
  forEachElement<3>(*shape,
                    {broadcastStrides(condition.shape(), *shape), broadcastStrides(x.shape(), *shape),
                     broadcastStrides(y.shape(), *shape)},
                    {}, [&](int64_t i, const std::array<int64_t, 3> &at) {
                      const uint8_t *from =
                          condition.bytes()[at[0]] ? x.bytes().data() + at[1] * size : y.bytes().data() + at[2] * size;
                      std::memcpy(out + i * size, from, size);
                    });
  return result;
}

} // namespace

std::optional<Result<Tensor>> evaluatePointwiseOp(Operation *op, Operands operands) {
  if (Unary unary = unaryOf(op); unary.real)
    return evaluateUnary(*operands(op->getOperand(0)), unary);
  if (binaryOf<double>(op)) {
    const Tensor &lhs = *operands(op->getOperand(0)), &rhs = *operands(op->getOperand(1));
    return withCommonNumber(
        lhs, rhs, [&](auto zero) { return evaluateBinary(op, binaryOf<decltype(zero)>(op), lhs.type(), lhs, rhs); });
  }
  if (auto bitwise = dyn_cast<llm::BitwiseOp>(op))
    return evaluateBitwise(bitwise.getKind(), *operands(bitwise.getLhs()), *operands(bitwise.getRhs()));
  if (auto compare = dyn_cast<llm::CompareOp>(op))
    return evaluateCompare(compare.getPredicate(), *operands(compare.getLhs()), *operands(compare.getRhs()));
  if (auto select = dyn_cast<llm::SelectOp>(op))
    return evaluateSelect(*operands(select.getCondition()), *operands(select.getX()), *operands(select.getY()));
  if (auto isNan = dyn_cast<llm::IsNanOp>(op)) {
    std::vector<double> values = operands(isNan.getX())->values<double>();
    for (double &value : values)
      value = std::isnan(value);
    return Tensor::ofValues<double>(LATHE_BOOL, operands(isNan.getX())->shape(), values);
  }
  return std::nullopt;
}

} // namespace lathe::reference
