// Type inference, canonicalisation and element text of ir/llm/MathOps.td.
#include "ir/llm/Llm.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace lathe::llm {

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

// ---- element text -------------------------------------------------------------------------------------------------
// Names refer to kernels-templates/common/cpu/math.h (and its CUDA twin): one spelling for scalars and vectors.

static std::string call(StringRef name, ArrayRef<std::string> operands) {
  return ("lathe::" + name + "(" + ::llvm::join(operands, ", ") + ")").str();
}
static std::string infix(StringRef symbol, ArrayRef<std::string> operands) {
  return "(" + operands[0] + " " + symbol.str() + " " + operands[1] + ")";
}

#define LATHE_CALL(OP, NAME)                                                                                           \
  std::string OP::emitElement(ArrayRef<std::string> operands) { return call(NAME, operands); }
#define LATHE_INFIX(OP, SYMBOL)                                                                                        \
  std::string OP::emitElement(ArrayRef<std::string> operands) { return infix(SYMBOL, operands); }
LATHE_CALL(NegOp, "neg")
LATHE_CALL(AbsOp, "abs")
LATHE_CALL(ExpOp, "exp")
LATHE_CALL(LogOp, "log")
LATHE_CALL(SqrtOp, "sqrt")
LATHE_CALL(RsqrtOp, "rsqrt")
LATHE_CALL(ReciprocalOp, "reciprocal")
LATHE_CALL(SigmoidOp, "sigmoid")
LATHE_CALL(TanhOp, "tanh")
LATHE_CALL(ErfOp, "erf")
LATHE_CALL(SinOp, "sin")
LATHE_CALL(CosOp, "cos")
LATHE_CALL(TanOp, "tan")
LATHE_CALL(AsinOp, "asin")
LATHE_CALL(AcosOp, "acos")
LATHE_CALL(AtanOp, "atan")
LATHE_CALL(SinhOp, "sinh")
LATHE_CALL(CoshOp, "cosh")
LATHE_CALL(AsinhOp, "asinh")
LATHE_CALL(AcoshOp, "acosh")
LATHE_CALL(AtanhOp, "atanh")
LATHE_CALL(Expm1Op, "expm1")
LATHE_CALL(Log1pOp, "log1p")
LATHE_CALL(SoftplusOp, "softplus")
LATHE_CALL(FloorOp, "floor")
LATHE_CALL(CeilOp, "ceil")
LATHE_CALL(RoundOp, "round")
LATHE_CALL(SignOp, "sign")
LATHE_CALL(ReluOp, "relu")
LATHE_CALL(SiluOp, "silu")
LATHE_CALL(NotOp, "logicalNot")
LATHE_CALL(IsNanOp, "isNan")
LATHE_INFIX(AddOp, "+")
LATHE_INFIX(SubOp, "-")
LATHE_INFIX(MulOp, "*")
LATHE_CALL(DivOp, "div")
LATHE_CALL(PowOp, "pow")
LATHE_CALL(ModOp, "mod")
LATHE_CALL(MinOp, "min")
LATHE_CALL(MaxOp, "max")
LATHE_CALL(AndOp, "logicalAnd")
LATHE_CALL(OrOp, "logicalOr")
LATHE_CALL(XorOp, "logicalXor")
LATHE_CALL(SelectOp, "select")
#undef LATHE_CALL
#undef LATHE_INFIX

std::string GeluOp::emitElement(ArrayRef<std::string> operands) {
  return call(getApproximate() ? "geluTanh" : "gelu", operands);
}
std::string CompareOp::emitElement(ArrayRef<std::string> operands) {
  static constexpr const char *names[] = {"equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"};
  return call(names[static_cast<uint32_t>(getPredicate())], operands);
}
std::string BitwiseOp::emitElement(ArrayRef<std::string> operands) {
  static constexpr const char *names[] = {"bitAnd", "bitOr", "bitXor", "shiftLeft", "shiftRight"};
  return call(names[static_cast<uint32_t>(getKind())], operands);
}
std::string CastOp::emitElement(ArrayRef<std::string> operands) {
  static constexpr const char *names[] = {"float",   "half",     "bfloat",     "double",   "int8_t",     "int16_t",
                                          "int32_t", "int64_t",  "uint8_t",    "uint16_t", "uint32_t",   "uint64_t",
                                          "bool",    "F8E4M3FN", "F8E4M3FNUZ", "F8E5M2",   "F8E5M2FNUZ", "F8E8M0",
                                          "F4E2M1",  "I4",       "U4",         "I2",       "U2"};
  LatheType type = *latheType(tensorOf(getResult()).getElementType());
  return std::string("lathe::cast<") + names[type] + ">(" + operands[0] + ")";
}

// ---- inference ----------------------------------------------------------------------------------------------------

#define LATHE_INFER(OP)                                                                                                \
  LogicalResult OP::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,          \
                                     SmallVectorImpl<Type> &types)

LATHE_INFER(GeluOp) {
  types.push_back(adaptor.getX().getType());
  return success();
}
LATHE_INFER(SoftmaxOp) {
  auto x = tensorOf(adaptor.getX());
  if (static_cast<int64_t>(adaptor.getAxis()) < 0 || static_cast<int64_t>(adaptor.getAxis()) >= x.getRank())
    return emitOptionalError(location, "axis ", adaptor.getAxis(), " is not in [0, ", x.getRank(), ")");
  types.push_back(x);
  return success();
}
LATHE_INFER(IsNanOp) {
  types.push_back(RankedTensorType::get(tensorOf(adaptor.getX()).getShape(), IntegerType::get(context, 1)));
  return success();
}
LATHE_INFER(CompareOp) { return inferBroadcast(location, adaptor.getOperands(), IntegerType::get(context, 1), types); }
LATHE_INFER(BitwiseOp) {
  if (tensorOf(adaptor.getLhs()).getElementType() != tensorOf(adaptor.getRhs()).getElementType())
    return emitOptionalError(location, "combines integers of one type, got ", adaptor.getLhs().getType(), " and ",
                             adaptor.getRhs().getType());
  return inferBroadcast(location, adaptor.getOperands(), Type(), types);
}
LATHE_INFER(SelectOp) {
  if (tensorOf(adaptor.getX()).getElementType() != tensorOf(adaptor.getY()).getElementType())
    return emitOptionalError(location, "chooses between tensors of one element type, got ", adaptor.getX().getType(),
                             " and ", adaptor.getY().getType());
  return inferBroadcast(location, adaptor.getOperands(), tensorOf(adaptor.getX()).getElementType(), types);
}
LATHE_INFER(ReduceOp) {
  auto x = tensorOf(adaptor.getX());
  SmallVector<int64_t> shape;
  for (int64_t axis : adaptor.getAxes())
    if (axis < 0 || axis >= x.getRank())
      return emitOptionalError(location, "axis ", axis, " is not in [0, ", x.getRank(), ")");
  for (int64_t axis = 0; axis < x.getRank(); ++axis) {
    if (!::llvm::is_contained(adaptor.getAxes(), axis))
      shape.push_back(x.getDimSize(axis));
    else if (adaptor.getKeep())
      shape.push_back(1);
  }
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  return success();
}
LATHE_INFER(MatmulOp) {
  auto lhs = tensorOf(adaptor.getLhs()), rhs = tensorOf(adaptor.getRhs());
  if (lhs.getRank() == 0 || rhs.getRank() == 0)
    return emitOptionalError(location, "multiplies vectors and matrices, got ", lhs, " and ", rhs);
  if (lhs.getElementType() != rhs.getElementType())
    return emitOptionalError(location, "multiplies tensors of one element type, got ", lhs, " and ", rhs);
  SmallVector<int64_t> a(lhs.getShape()), b(rhs.getShape());
  if (lhs.getRank() == 1)
    a.insert(a.begin(), 1);
  if (rhs.getRank() == 1)
    b.push_back(1);
  int64_t k = a.back(), k2 = b[b.size() - 2];
  if (!ShapedType::isDynamic(k) && !ShapedType::isDynamic(k2) && k != k2)
    return emitOptionalError(location, "inner sizes ", k, " and ", k2, " differ: ", lhs, " times ", rhs);
  SmallVector<int64_t> shape;
  size_t rank = std::max(a.size(), b.size());
  for (size_t i = 0; i + 2 < rank; ++i) {
    int64_t left = i + a.size() < rank ? 1 : a[i + a.size() - rank];
    int64_t right = i + b.size() < rank ? 1 : b[i + b.size() - rank];
    if (left != right && left != 1 && right != 1 && !ShapedType::isDynamic(left) && !ShapedType::isDynamic(right))
      return emitOptionalError(location, "sizes ", left, " and ", right, " do not broadcast");
    shape.push_back(left == 1 || (ShapedType::isDynamic(left) && right != 1) ? right : left);
  }
  if (lhs.getRank() != 1)
    shape.push_back(a[a.size() - 2]);
  if (rhs.getRank() != 1)
    shape.push_back(b.back());
  types.push_back(RankedTensorType::get(shape, lhs.getElementType()));
  return success();
}
LATHE_INFER(LinearOp) {
  auto x = tensorOf(adaptor.getX()), weight = tensorOf(adaptor.getWeight());
  if (x.getRank() == 0 || weight.getRank() != 2)
    return emitOptionalError(location, "maps (.., K) by (N, K), got ", x, " and ", weight);
  int64_t k = x.getShape().back();
  if (!ShapedType::isDynamic(k) && !weight.isDynamicDim(1) && k != weight.getDimSize(1))
    return emitOptionalError(location, "x has ", k, " columns, the weight ", weight.getDimSize(1));
  if (adaptor.getBias()) {
    auto bias = tensorOf(adaptor.getBias());
    if (bias.getRank() != 1 || bias.getDimSize(0) != weight.getDimSize(0))
      return emitOptionalError(location, "needs a bias of ", weight.getDimSize(0), " elements, got ", bias);
  }
  SmallVector<int64_t> shape(x.getShape());
  shape.back() = weight.getDimSize(0);
  types.push_back(RankedTensorType::get(shape, x.getElementType()));
  return success();
}
LATHE_INFER(EmbeddingOp) {
  auto table = tensorOf(adaptor.getTable()), indices = tensorOf(adaptor.getIndices());
  if (table.getRank() != 2)
    return emitOptionalError(location, "the table is a matrix, got ", table);
  SmallVector<int64_t> shape(indices.getShape());
  shape.push_back(table.getDimSize(1));
  Type element = isa<FloatType>(table.getElementType()) ? table.getElementType() : Float32Type::get(context);
  types.push_back(RankedTensorType::get(shape, element));
  return success();
}
static LogicalResult inferNorm(std::optional<Location> location, Value x, ValueRange vectors,
                               SmallVectorImpl<Type> &types) {
  auto type = tensorOf(x);
  if (type.getRank() == 0)
    return emitOptionalError(location, "normalises the last axis, got ", type);
  for (Value vector : vectors) {
    if (!vector)
      continue;
    auto vectorType = tensorOf(vector);
    int64_t size = type.getShape().back();
    if (vectorType.getRank() != 1 ||
        (!ShapedType::isDynamic(size) && !vectorType.isDynamicDim(0) && vectorType.getDimSize(0) != size))
      return emitOptionalError(location, "x has ", size, " columns, the weight or bias is ", vectorType);
  }
  types.push_back(type);
  return success();
}
LATHE_INFER(RmsNormOp) { return inferNorm(location, adaptor.getX(), {adaptor.getWeight()}, types); }
LATHE_INFER(LayerNormOp) {
  return inferNorm(location, adaptor.getX(), {adaptor.getWeight(), adaptor.getBias()}, types);
}
LATHE_INFER(GluOp) {
  auto gate = tensorOf(adaptor.getGate());
  if (adaptor.getUp()) {
    if (!areCompatible(adaptor.getUp().getType(), gate))
      return emitOptionalError(location, "gate and up have one shape, got ", gate, " and ", adaptor.getUp().getType());
    types.push_back(gate);
    return success();
  }
  SmallVector<int64_t> shape(gate.getShape());
  if (shape.empty() || (!ShapedType::isDynamic(shape.back()) && shape.back() % 2 != 0))
    return emitOptionalError(location, "halves the last axis, got ", gate);
  if (!ShapedType::isDynamic(shape.back()))
    shape.back() /= 2;
  types.push_back(RankedTensorType::get(shape, gate.getElementType()));
  return success();
}

// ---- canonicalisation ---------------------------------------------------------------------------------------------

/// Whether the value is computed from weights and constants alone.
static bool isWeightExpression(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (isa<WeightOp>(op))
    return true;
  if (Type to = tensorOf(value).getElementType(); isa<CastOp>(op) && !to.isF32() && !to.isF16() && !to.isBF16())
    return false;
  return isa<TransposeOp, CastOp, ConcatOp, ReshapeOp>(op) && isWeightExpression(op->getOperand(0));
}

namespace {
/// matmul(x, W) with a matrix of weights (K, N) => linear(x, transpose(W)).
struct MatmulByWeight : OpRewritePattern<MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MatmulOp op, PatternRewriter &rewriter) const override {
    auto rhs = tensorOf(op.getRhs());
    if (rhs.getRank() != 2 || tensorOf(op.getLhs()).getRank() < 1 || !isa<FloatType>(rhs.getElementType()) ||
        !isWeightExpression(op.getRhs()))
      return rewriter.notifyMatchFailure(op, "the right side is no matrix of weights");
    auto weight = rewriter.create<TransposeOp>(op.getLoc(), op.getRhs(), ArrayRef<int64_t>{1, 0});
    rewriter.replaceOpWithNewOp<LinearOp>(op, op.getType(), op.getLhs(), weight, Value(), /*int8_activations=*/false);
    return success();
  }
};
} // namespace

void MatmulOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<MatmulByWeight>(context);
}

} // namespace lathe::llm
