// The windows of convolution and pooling along one spatial axis: how many there are. Shared by the ops' sizes, the
// reference evaluator and the importer.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/ADT/StringRef.h>
#include <mlir/IR/AffineExpr.h>
#include <mlir/IR/Operation.h>

#include <optional>

namespace lathe::llm {

enum class AutoPad { None, SameUpper, SameLower };

struct Window {
  int64_t kernel = 1, stride = 1, dilation = 1, padBegin = 0, padEnd = 0;
  bool ceilMode = false;
  bool transposed = false; ///< an element of the input spreads over a window of the result, of which pads take away
  AutoPad autoPad = AutoPad::None;

  int64_t extent() const { return (kernel - 1) * dilation + 1; }
  /// The number of windows over an axis of `size` elements, or of elements of a transposed convolution's result; null
  /// when it is not known. At run time it may come out
  /// below 0, which no tensor has.
  mlir::AffineExpr count(mlir::AffineExpr size) const;
  int64_t count(int64_t size) const;
  /// The elements before the first one that the first of `windows` windows covers.
  int64_t begin(int64_t size, int64_t windows) const;
};

/// "" , "same_upper", "same_lower".
std::optional<AutoPad> autoPadOf(llvm::StringRef text);
/// The window of each spatial axis of a convolution, pool or pool_indices op, whose attributes and static kernel are
/// verified.
llvm::SmallVector<Window> windowsOf(mlir::Operation *op);

} // namespace lathe::llm
