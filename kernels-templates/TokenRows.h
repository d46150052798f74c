// Where rows of tokens come from when a kernel reads parts of a wider buffer (a fused q, k, v) in place. Relies on
// views being the same bytes and on slices along the last axis being strides.
#pragma once

#include "ir/llm/SymbolicShapes.h"
#include "kernels-templates/Catalog.h"

namespace lathe::kernels {

inline bool isViewOp(mlir::Operation *op) {
  return op && mlir::isa<llm::ReshapeOp, llm::SqueezeOp, llm::UnsqueezeOp>(op);
}

/// The value behind views, and with `casts` behind conversions between integer types.
inline mlir::Value behindViews(mlir::Value value, bool casts,
                               llvm::SmallVectorImpl<mlir::Operation *> *passed = nullptr) {
  while (mlir::Operation *op = value.getDefiningOp()) {
    bool isIntegerCast =
        casts && mlir::isa<llm::CastOp>(op) &&
        mlir::cast<mlir::RankedTensorType>(op->getOperand(0).getType()).getElementType().isInteger(32) &&
        mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType().isInteger(64);
    if (!isViewOp(op) && !isIntegerCast)
      break;
    if (passed)
      passed->push_back(op);
    value = op->getOperand(0);
  }
  return value;
}

/// Rows of `width` elements, `stride` apart in `base`, the first at `offset`; `passed` are the ops between.
struct TokenRows {
  mlir::Value base;
  int64_t offset = 0, stride = 0;
  llvm::SmallVector<mlir::Operation *> passed;
};

/// The rows of `width` elements that `value` is: through views that keep the rows whole, and at most one slice along
/// the last axis.
inline TokenRows tokenRows(mlir::Value value, int64_t width, const llm::SymbolicShapes &shapes) {
  TokenRows rows{value, 0, width, {}};
  mlir::Value at = value;
  llvm::SmallVector<mlir::Operation *> passed;
  while (isViewOp(at.getDefiningOp())) {
    passed.push_back(at.getDefiningOp());
    at = at.getDefiningOp()->getOperand(0);
  }
  auto slice = at.getDefiningOp<llm::SliceOp>();
  if (!slice)
    return rows;
  auto from = mlir::cast<mlir::RankedTensorType>(slice.getX().getType());
  auto to = mlir::cast<mlir::RankedTensorType>(slice.getType());
  int64_t last = from.getRank() - 1;
  auto starts = shapes.integersOf(slice.getStarts());
  if (last < 0 || slice.getAxes().size() != 1 || (slice.getAxes()[0] != last && slice.getAxes()[0] != -1) ||
      slice.getSteps()[0] != 1 || from.isDynamicDim(last) || to.isDynamicDim(last) || to.getDimSize(last) != width ||
      !starts)
    return rows;
  int64_t start = (*starts)[0], size = from.getDimSize(last);
  if (start < 0)
    start += size;
  if (start < 0 || start + width > size)
    return rows;
  passed.push_back(slice);
  return {slice.getX(), start, size, passed};
}

/// Appends ops that are not there yet.
inline void addOps(llvm::SmallVectorImpl<mlir::Operation *> &ops, llvm::ArrayRef<mlir::Operation *> more) {
  for (mlir::Operation *op : more)
    if (!llvm::is_contained(ops, op))
      ops.push_back(op);
}

/// Sorts ops of one block by their order in it.
inline void sortOps(llvm::SmallVectorImpl<mlir::Operation *> &ops) {
  llvm::sort(ops, [](mlir::Operation *a, mlir::Operation *b) { return a->isBeforeInBlock(b); });
}

/// The product of all sizes but the last `keep`; null when one is not known.
inline mlir::AffineExpr leadingSize(mlir::Value value, unsigned keep, const llm::SymbolicShapes &shapes) {
  auto shape = shapes.shapeOf(value);
  if (!shape || shape->size() < keep)
    return {};
  mlir::AffineExpr product = mlir::getAffineConstantExpr(1, value.getContext());
  for (mlir::AffineExpr size : llvm::ArrayRef(*shape).drop_back(keep))
    product = shapes.sizes().mul(product, size);
  return product;
}

/// The element type when it is f32, f16 or bf16, else "".
inline std::string floatText(mlir::Value value) {
  mlir::Type element = mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
  return element.isF32() || element.isF16() || element.isBF16() ? elementTypeText(element) : "";
}

/// What templates call the element type of a weight (common/cpu/weights.h), or "".
inline std::string weightText(mlir::Type element) {
  auto type = llm::latheType(element);
  if (!type)
    return "";
  switch (*type) {
  case LATHE_Q4_0:
    return "lathe::Q4_0";
  case LATHE_Q4_1:
    return "lathe::Q4_1";
  case LATHE_Q5_0:
    return "lathe::Q5_0";
  case LATHE_Q5_1:
    return "lathe::Q5_1";
  case LATHE_Q8_0:
    return "lathe::Q8_0";
  case LATHE_Q4_K:
    return "lathe::Q4_K";
  case LATHE_Q5_K:
    return "lathe::Q5_K";
  case LATHE_Q6_K:
    return "lathe::Q6_K";
  case LATHE_INT4:
    return "lathe::Int4";
  case LATHE_F32:
  case LATHE_F16:
  case LATHE_BF16:
    return elementTypeText(element);
  default:
    return "";
  }
}

/// The last size of a tensor, or -1.
inline int64_t lastSize(mlir::Value value) {
  auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
  return type.getRank() == 0 || type.isDynamicDim(type.getRank() - 1) ? -1 : type.getShape().back();
}

} // namespace lathe::kernels
