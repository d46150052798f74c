// Weights that a graph keeps quantised and dequantises by DequantizeLinear, as weights of linear maps; and casts that
// say what happens beyond the range of a narrow float. Relies on NodeBuilder.
#pragma once

#include "frontend/onnx/NodeBuilder.h"

namespace lathe {

/// ONNX's Cast: numbers beyond the range of a float of 8 bits become the largest one (`saturate`) or NaN or infinity;
/// `rounding` ("up", "down", "nearest") is for f8e8m0 alone.
mlir::Value castTo(NodeBuilder &n, mlir::Value x, mlir::Type to, bool saturate, llvm::StringRef rounding);

/// round(x) + zero, saturated to `to`; x is f32 or f64, zero may be null.
mlir::Value saturated(NodeBuilder &n, mlir::Value x, mlir::Value zero, mlir::Type to);
/// x - zero as i32; zero may be null.
mlir::Value centred(NodeBuilder &n, mlir::Value x, mlir::Value zero);
/// A vector of a product's rows (`axis` -2) or columns (-1), so that it broadcasts to a product of rank `rank`.
mlir::Value alongProduct(NodeBuilder &n, mlir::Value value, int64_t axis, int64_t rank);

/// x (f32) as u8 by the range of its elements, as DynamicQuantizeLinear does it.
struct DynamicallyQuantized {
  mlir::Value values, scale, zero;
};
DynamicallyQuantized quantizedDynamically(NodeBuilder &n, mlir::Value x);

/// Remembers that `result` is what the DequantizeLinear under construction gives.
void rememberDequantized(NodeBuilder &n, mlir::Value result);

/// x times `b` (K, N), where b is a dequantised initializer, perhaps transposed, whose form a weight of llm.linear can
/// take without loss; null otherwise.
mlir::Value linearByDequantized(NodeBuilder &n, mlir::Value x, mlir::Value b);

} // namespace lathe
