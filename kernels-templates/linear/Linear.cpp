// linear by a packed weight, with what surrounds it: a row choice and an rms_norm before, bias, glu and a pointwise
// chain after.
#include "kernels-templates/Functors.h"
#include "kernels-templates/TokenRows.h"
#include "runtime/cpu/Pack.h"

using namespace mlir;

namespace lathe::kernels {
namespace {

/// Bytes that the template keeps for a row of x; as rowBytes there.
int64_t bytesOfPreparedRow(int64_t columns, bool int8) {
  return (int8 ? columns + columns / 32 * 12 : columns * 4) / 128 * 128 + 192;
}

const char *activationText(llm::Activation activation) {
  switch (activation) {
  case llm::Activation::silu:
    return "lathe::silu(x)";
  case llm::Activation::gelu:
    return "lathe::gelu(x)";
  case llm::Activation::gelu_tanh:
    return "lathe::geluTanh(x)";
  case llm::Activation::relu:
    return "lathe::select(x > V(0), x, V(0))";
  case llm::Activation::sigmoid:
    return "lathe::sigmoid(x)";
  }
  return "x";
}

/// The pointwise chain from a linear (or its glu) to the root.
struct Chain {
  llm::LinearOp linear;
  llm::GluOp glu;
  SmallVector<Operation *> ops; ///< after linear and glu, in order
};

class Linear : public Kernel {
public:
  StringRef name() const override { return "linear"; }
  int benefit() const override { return 20; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    Chain chain;
    if (root->getNumResults() != 1 || !isa<RankedTensorType>(root->getResult(0).getType()) ||
        !trace(root->getResult(0), root, context, chain, 0))
      return;
    for (bool norm : {true, false})
      for (bool gather : {true, false})
        if (auto launch = build(root, chain, norm, gather, context))
          launches.push_back(std::move(*launch));
  }

private:
  static constexpr int longestChain = 6;

  static bool trace(Value value, Operation *root, const MatchContext &context, Chain &chain, int depth) {
    Operation *op = value.getDefiningOp();
    if (!op || depth > longestChain || context.isTaken(op) || (op != root && !value.hasOneUse()) ||
        op->getBlock() != root->getBlock())
      return false;
    if (auto linear = dyn_cast<llm::LinearOp>(op)) {
      chain.linear = linear;
      return true;
    }
    if (auto glu = dyn_cast<llm::GluOp>(op)) {
      auto linear = glu.getUp() ? llm::LinearOp() : glu.getGate().getDefiningOp<llm::LinearOp>();
      if (!linear || !linear->hasOneUse() || context.isTaken(linear))
        return false;
      chain.linear = linear;
      chain.glu = glu;
      return true;
    }
    if (!isFunctorOp(op) || floatText(value).empty())
      return false;
    for (Value operand : op->getOperands()) {
      // The sums have the shape of the result: an operand that is broadcast is none.
      auto type = cast<RankedTensorType>(operand.getType());
      if (type.getRank() != cast<RankedTensorType>(value.getType()).getRank() || !sameShape(operand, value, context))
        continue;
      Chain inner;
      if (trace(operand, root, context, inner, depth + 1)) {
        inner.ops.push_back(op);
        chain = inner;
        return true;
      }
    }
    return false;
  }

  static bool sameShape(Value a, Value b, const MatchContext &context) {
    auto x = context.shapes.shapeOf(a), y = context.shapes.shapeOf(b);
    return x && y && *x == *y;
  }

  static std::optional<Launch> build(Operation *root, Chain chain, bool wantNorm, bool wantGather,
                                     const MatchContext &context) {
    llm::LinearOp linear = chain.linear;
    auto weightType = cast<RankedTensorType>(linear.getWeight().getType());
    std::string weight = weightText(weightType.getElementType());
    if (weight.empty() || !isWeight(linear.getWeight()) || !weightType.hasStaticShape() || weightType.getRank() != 2)
      return std::nullopt;
    int64_t rows = weightType.getDimSize(0), columns = weightType.getDimSize(1), outputs = chain.glu ? rows / 2 : rows;
    LatheType storedType = *llm::latheType(weightType.getElementType());
    bool int8 = linear.getInt8Activations();
    if (rows == 0 || columns == 0 || (chain.glu && rows % 2 != 0) || (int8 && elementsPerBlockOf(storedType) == 1))
      return std::nullopt;
    auto bytes = packedBytes(storedType, LATHE_LAYOUT_LANES, rows, columns, chain.glu ? 2 : 0);
    Value result = root->getResult(0);
    AffineExpr tokens = leadingSize(result, 1, context.shapes);
    if (!bytes || !tokens || lastSize(result) != outputs || floatText(result).empty())
      return std::nullopt;

    Launch launch;
    Builder builder(root->getContext());
    addOps(launch.ops, {linear});
    if (chain.glu)
      addOps(launch.ops, {chain.glu});
    addOps(launch.ops, chain.ops);

    // Before: x, or the input of its norm, or that of the row choice.
    Value x = linear.getX();
    auto norm = x.getDefiningOp<llm::RmsNormOp>();
    bool hasNorm = wantNorm && norm && floatText(norm.getResult()) == "float" &&
                   lastSize(norm.getResult()) == columns && !context.isTaken(norm) &&
                   (!norm.getWeight() || !floatText(norm.getWeight()).empty());
    if (wantNorm != hasNorm)
      return std::nullopt;
    if (hasNorm) {
      addOps(launch.ops, {norm});
      launch.recomputed.insert(norm);
      x = norm.getX();
    }
    auto gather = x.getDefiningOp<llm::GatherOp>();
    bool hasGather = wantGather && gather && isRowChoice(gather, columns, context) && !context.isTaken(gather);
    if (wantGather != hasGather)
      return std::nullopt;
    if (hasGather) {
      addOps(launch.ops, {gather});
      launch.recomputed.insert(gather);
      x = gather.getX();
    }
    if (floatText(x).empty())
      return std::nullopt;
    launch.inputs = {x, linear.getWeight()};
    launch.packing = {Packing::Plain, chain.glu ? Packing::LanesInterleaved : Packing::Lanes};
    bool normWeight = hasNorm && norm.getWeight();
    if (normWeight)
      launch.inputs.push_back(norm.getWeight());
    if (hasGather)
      launch.inputs.push_back(gather.getIndices());
    if (linear.getBias()) {
      if (floatText(linear.getBias()).empty())
        return std::nullopt;
      launch.inputs.push_back(linear.getBias());
    }

    // After: the chain as a functor of the sums and of operands.
    Value sums = chain.glu ? chain.glu.getResult() : linear.getResult();
    SmallVector<Value> arguments = {sums};
    SmallVector<int64_t> kinds, strides;
    std::string operandTypes;
    for (Operation *op : chain.ops)
      for (Value operand : op->getOperands()) {
        if (isFunctorLiteral(operand) || is_contained(arguments, operand) ||
            is_contained(chain.ops, operand.getDefiningOp()))
          continue;
        int64_t kind = kindOf(operand, result, outputs, context);
        if (kind < 0)
          return std::nullopt;
        kinds.push_back(kind);
        strides.push_back(outputs);
        operandTypes += (operandTypes.empty() ? "" : ", ") + floatText(operand);
        arguments.push_back(operand);
        launch.inputs.push_back(operand);
      }
    if (!chain.ops.empty()) {
      auto text = printFunctor("epilogue", chain.ops, arguments, result, FunctorForm::FloatVectors);
      if (!text)
        return std::nullopt;
      launch.functors = *text;
    }
    if (chain.glu)
      launch.functors += std::string("template <class V> V activation(V x) { return ") +
                         activationText(chain.glu.getActivation()) + "; }\n";
    launch.outputs = {result};
    sortOps(launch.ops);

    int64_t rowBytes = bytesOfPreparedRow(columns, int8);
    int64_t tokenBlock = std::clamp<int64_t>(256 * 1024 / rowBytes / 16 * 16, 16, 128);
    launch.set(builder, "rows", rows);
    launch.set(builder, "columns", columns);
    launch.set(builder, "inputStride", columns);
    launch.set(builder, "tokenBlock", tokenBlock);
    launch.setType(builder, "Weight", weight);
    launch.setType(builder, "Input", floatText(x));
    launch.setType(builder, "Output", floatText(result));
    launch.setType(builder, "NormWeight", normWeight ? floatText(norm.getWeight()) : "float");
    launch.setType(builder, "Index",
                   hasGather ? elementTypeText(cast<RankedTensorType>(gather.getIndices().getType()).getElementType())
                             : "int32_t");
    launch.setType(builder, "Bias", linear.getBias() ? floatText(linear.getBias()) : "float");
    launch.setType(builder, "Operands", "lathe::Types<" + operandTypes + ">");
    launch.set(builder, "int8", int8);
    launch.set(builder, "norm", hasNorm);
    launch.set(builder, "normWeight", normWeight);
    launch.set(builder, "epsilon", hasNorm ? norm.getEpsilon().convertToFloat() : 0.0f);
    launch.set(builder, "gather", hasGather);
    launch.set(builder, "bias", bool(linear.getBias()));
    launch.set(builder, "glu", bool(chain.glu));
    launch.set(builder, "epilogue", !chain.ops.empty());
    launch.set(builder, "operandKinds", kinds);
    launch.set(builder, "operandStrides", strides);
    launch.params = {tokens};
    if (hasGather)
      launch.params.push_back(leadingSize(x, 1, context.shapes));
    int64_t groups = (outputs + 15) / 16;
    launch.grid = tokens.ceilDiv(tokenBlock) * groups;
    launch.threadScratch = builder.getAffineConstantExpr(64 + tokenBlock * rowBytes);
    launch.bytesRead = builder.getAffineConstantExpr(int64_t(*bytes));
    return launch;
  }

  static int64_t elementsPerBlockOf(LatheType type) { return type >= LATHE_Q4_0 ? 32 : 1; }

  /// Rows of a matrix chosen by a vector: (1.., T, K) by (outputs).
  static bool isRowChoice(llm::GatherOp gather, int64_t columns, const MatchContext &context) {
    auto type = cast<RankedTensorType>(gather.getX().getType());
    auto indices = cast<RankedTensorType>(gather.getIndices().getType());
    if (lastSize(gather.getX()) != columns || indices.getRank() != 1 || type.getRank() < 2 ||
        int64_t(gather.getAxis()) != type.getRank() - 2 ||
        !(indices.getElementType().isInteger(32) || indices.getElementType().isInteger(64)))
      return false;
    for (int64_t axis = 0; axis < type.getRank() - 2; ++axis)
      if (type.getDimSize(axis) != 1)
        return false;
    return bool(leadingSize(gather.getX(), 1, context.shapes));
  }

  /// How the template reads an operand of the epilogue; -1: it cannot.
  static int64_t kindOf(Value operand, Value result, int64_t outputs, const MatchContext &context) {
    if (floatText(operand).empty())
      return -1;
    auto type = cast<RankedTensorType>(operand.getType());
    if (sameShape(operand, result, context))
      return 0;
    if (!type.hasStaticShape())
      return -1;
    if (type.getNumElements() == 1)
      return 2;
    return type.getNumElements() == outputs && type.getShape().back() == outputs ? 1 : -1;
  }
};

} // namespace
} // namespace lathe::kernels

LATHE_KERNEL(linear, lathe::kernels::Linear)
