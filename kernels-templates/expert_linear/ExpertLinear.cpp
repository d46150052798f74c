// llm.expert_linear by packed weights.
#include "ir/llm/MoeOps.h"
#include "kernels-templates/TokenRows.h"
#include "runtime/cpu/Pack.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace lathe::kernels {
namespace {

/// Bytes that the template keeps for a row of x, at most.
int64_t bytesOfPreparedRow(int64_t columns, bool int8) {
  return (int8 ? columns + columns / 32 * 12 : columns * 4) / 128 * 128 + 192;
}

std::string activationText(llm::Activation activation, float alpha) {
  switch (activation) {
  case llm::Activation::silu: {
    if (alpha == 1.0f)
      return "lathe::silu(x)";
    char text[64];
    std::snprintf(text, sizeof text, "x * lathe::sigmoid(V(%af) * x)", double(alpha));
    return text;
  }
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

class ExpertLinear : public Kernel {
public:
  StringRef name() const override { return "expert_linear"; }

  void match(Operation *root, const MatchContext &context, SmallVectorImpl<Launch> &launches) const override {
    auto op = dyn_cast<llm::ExpertLinearOp>(root);
    if (!op)
      return;
    auto type = cast<RankedTensorType>(op.getWeight().getType());
    int64_t experts = type.getDimSize(0), rows = type.getDimSize(1), columns = type.getDimSize(2);
    int64_t slots = lastSize(op.getExperts());
    bool int8 = op.getInt8Activations(), shared = isShared(op);
    std::string weight = weightText(type.getElementType()), bias;
    auto bytes = packedBytes(*llm::latheType(type.getElementType()), LATHE_LAYOUT_LANES, experts * rows, columns);
    AffineExpr count = context.shapes.elementCount(op.getExperts());
    Type index = cast<RankedTensorType>(op.getExperts().getType()).getElementType();
    if (weight.empty() || !bytes || rows == 0 || columns == 0 || !count || slots <= 0 || experts > mostExperts ||
        !isWeight(op.getWeight()) || (op.getUp() && !isWeight(op.getUp())) || floatText(op.getX()).empty() ||
        !(index.isInteger(32) || index.isInteger(64)) || !biasType(op, bias))
      return;

    Launch launch;
    Builder builder(op.getContext());
    launch.ops = {op};
    auto add = [&](Value value, Packing packing) {
      if (!value)
        return;
      launch.inputs.push_back(value);
      launch.packing.push_back(packing);
    };
    add(op.getX(), Packing::Plain);
    add(op.getExperts(), Packing::Plain);
    add(op.getWeight(), Packing::Lanes);
    add(op.getUp(), Packing::Lanes);
    add(op.getBias(), Packing::Plain);
    add(op.getUpBias(), Packing::Plain);
    launch.outputs = {op.getResult()};
    if (op.getActivation())
      launch.functors = "template <class V> V activation(V x) { return " +
                        activationText(*op.getActivation(), op.getAlpha().convertToFloat()) + "; }\n";

    int64_t rowBytes = bytesOfPreparedRow(columns, int8);
    int64_t block = std::clamp<int64_t>(256 * 1024 / rowBytes / 16 * 16, 16, 128);
    launch.set(builder, "experts", experts);
    launch.set(builder, "slots", slots);
    launch.set(builder, "rows", rows);
    launch.set(builder, "columns", columns);
    launch.set(builder, "tokenBlock", block);
    launch.set(builder, "shared", shared);
    launch.set(builder, "interleaved", op.getInterleaved());
    launch.set(builder, "up", bool(op.getUp()));
    launch.set(builder, "bias", bool(op.getBias()));
    launch.set(builder, "upBias", bool(op.getUpBias()));
    launch.set(builder, "activate", bool(op.getActivation()));
    launch.set(builder, "offset", op.getOffset().convertToFloat());
    launch.set(builder, "limit", op.getLimit().convertToFloat());
    launch.set(builder, "int8", int8);
    launch.set(builder, "norm", false);
    launch.set(builder, "normWeight", false);
    launch.set(builder, "epsilon", 0.0f);
    launch.setType(builder, "Weight", weight);
    launch.setType(builder, "Input", floatText(op.getX()));
    launch.setType(builder, "NormWeight", "float");
    launch.setType(builder, "Output", floatText(op.getResult()));
    launch.setType(builder, "Index", elementTypeText(index));
    launch.setType(builder, "Bias", bias);
    launch.params = {count};
    int64_t groups = rows % 16 == 0 ? rows / 16 : (rows + 30) / 16;
    launch.grid = count.ceilDiv(block) * groups;
    launch.threadScratch = builder.getAffineConstantExpr(128 + block * (rowBytes + 8));
    // What one token reads.
    int64_t read = int64_t(*bytes) * (op.getUp() ? 2 : 1) / experts * std::min(slots, experts);
    launch.bytesRead = builder.getAffineConstantExpr(read);
    launches.push_back(std::move(launch));
  }

private:
  static constexpr int64_t mostExperts = 4096; ///< their counts lie on the stack

  /// One row of x for all slots of a token.
  static bool isShared(llm::ExpertLinearOp op) {
    return cast<RankedTensorType>(op.getX().getType()).getRank() ==
           cast<RankedTensorType>(op.getExperts().getType()).getRank();
  }

  /// The one type of the biases; false for a type that the template does not read, or two types.
  static bool biasType(llm::ExpertLinearOp op, std::string &text) {
    text = "float";
    for (Value bias : {op.getBias(), op.getUpBias()}) {
      if (!bias)
        continue;
      std::string own = floatText(bias);
      if (own.empty() || (op.getBias() && floatText(op.getBias()) != own))
        return false;
      text = own;
    }
    return true;
  }
};

} // namespace
} // namespace lathe::kernels

LATHE_KERNEL(expert_linear, lathe::kernels::ExpertLinear)
