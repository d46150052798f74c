// ONNX operators of matrix products. Sources: the operator documents of ai.onnx and com.microsoft.
#include "frontend/onnx/LinearQuant.h"
#include "frontend/onnx/Operators.h"

#include "onnx-ml.pb.h"

using namespace mlir;

namespace lathe {

static Value product(NodeBuilder &n, Value a, Value b) {
  n.needSame(a, b);
  Value linear = linearByDequantized(n, a, b);
  return linear ? linear : n.make<llm::MatmulOp>({a, b});
}

void buildMatMul(NodeBuilder &n) { n.give(product(n, n.in(0), n.in(1))); }

void buildGemm(NodeBuilder &n) {
  Value a = n.in(0), b = n.in(1);
  if (n.rank(a) != 2 || n.rank(b) != 2)
    n.fail("multiplies matrices, but has ranks " + std::to_string(n.rank(a)) + " and " + std::to_string(n.rank(b)));
  if (n.integer("transA", 0))
    a = n.transpose(a, {1, 0});
  if (n.integer("transB", 0))
    b = n.transpose(b, {1, 0});
  Value result = product(n, a, b);
  auto scaled = [&](Value value, float by) {
    if (by == 1.0f)
      return value;
    if (isa<FloatType>(n.element(value)))
      return n.make<llm::MulOp>({value, n.scalar(n.element(value), by)});
    // Integers are scaled as doubles and truncated.
    Value real = n.cast(value, n.state.builder.getF64Type());
    return n.cast(n.make<llm::MulOp>({real, n.scalar(n.element(real), by)}), n.element(value));
  };
  result = scaled(result, n.number("alpha", 1));
  if (n.has(2))
    result = n.binary<llm::AddOp>(result, scaled(n.in(2), n.number("beta", 1)));
  n.give(result);
}

} // namespace lathe
