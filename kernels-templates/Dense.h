// What the kernels over dense tensors of any shape share in their .cpp: shapes as expressions, merged axes, grids.
#pragma once

#include "kernels-templates/Catalog.h"

namespace lathe::kernels {

using Expressions = llvm::SmallVector<mlir::AffineExpr>;

inline mlir::RankedTensorType tensorTypeOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}
inline mlir::Type elementTypeOf(mlir::Value value) { return tensorTypeOf(value).getElementType(); }

/// Whether all elements are of plain types (no quantised blocks).
inline bool isPlain(mlir::ValueRange values) {
  return llvm::all_of(values, [](mlir::Value value) {
    return llvm::isa<mlir::RankedTensorType>(value.getType()) && !elementTypeText(elementTypeOf(value)).empty();
  });
}

/// The unsigned integer of an element's size, for kernels that only move elements.
inline std::string movedTypeText(mlir::Type element) {
  switch (bytesOfElements(element, 1)) {
  case 1:
    return "uint8_t";
  case 2:
    return "uint16_t";
  case 4:
    return "uint32_t";
  default:
    return "uint64_t";
  }
}

/// The product of sizes[from, to).
inline mlir::AffineExpr productOf(const MatchContext &context, llvm::ArrayRef<mlir::AffineExpr> sizes) {
  return context.shapes.sizes().product(sizes);
}

/// Elements of the tensor in tiles of `each`; null when they are not known.
inline mlir::AffineExpr tilesOf(mlir::AffineExpr elements, int64_t each) {
  return elements ? elements.ceilDiv(each) : mlir::AffineExpr();
}

/// A tensor as (outer, size, inner) around `axis`; nothing when a size is not known.
struct AxisShape {
  mlir::AffineExpr outer, size, inner;
};
inline std::optional<AxisShape> aroundAxis(const MatchContext &context, mlir::Value value, int64_t axis) {
  std::optional<Expressions> shape = context.shapes.shapeOf(value);
  if (!shape)
    return std::nullopt;
  llvm::ArrayRef<mlir::AffineExpr> sizes(*shape);
  AxisShape result{productOf(context, sizes.take_front(axis)), sizes[axis],
                   productOf(context, sizes.drop_front(axis + 1))};
  if (!result.outer || !result.inner)
    return std::nullopt;
  return result;
}

/// A launch of one op with the given inputs.
inline Launch launchOf(mlir::Operation *op, mlir::ValueRange inputs) {
  Launch launch;
  launch.ops.push_back(op);
  launch.inputs.append(inputs.begin(), inputs.end());
  launch.outputs.push_back(op->getResult(0));
  return launch;
}

} // namespace lathe::kernels
