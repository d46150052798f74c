// The attributes kernel_shape, strides, dilations, pads, auto_pad and ceil_mode of convolution and pooling nodes, as
// windows of the spatial axes and as attributes of llm ops.
#pragma once

#include "frontend/onnx/NodeBuilder.h"
#include "ir/llm/Windows.h"

namespace lathe {

using Windows = llvm::SmallVector<llm::Window>;

/// The windows of a node over `spatial` axes with the given kernel. Fails for lists of other lengths and for numbers
/// that no window has.
Windows readWindows(const NodeBuilder &n, int64_t spatial, llvm::ArrayRef<int64_t> kernel);
/// The kernel_shape attribute; without one, that of the weight's type from axis 2 on, which must be known.
llvm::SmallVector<int64_t> kernelOf(const NodeBuilder &n, mlir::Value weight);
/// As above, where there is no weight.
llvm::SmallVector<int64_t> kernelOf(const NodeBuilder &n);
/// A list of `count` numbers in [lowest, 2^31], or `count` times `otherwise`.
llvm::SmallVector<int64_t> readList(const NodeBuilder &n, llvm::StringRef name, int64_t count, int64_t lowest,
                                    int64_t otherwise);

/// strides, dilations, pads and auto_pad.
llvm::SmallVector<mlir::NamedAttribute> attributesOf(const NodeBuilder &n, const Windows &windows);
/// (x's first size, channels, windows..).
Expressions windowSizes(const NodeBuilder &n, mlir::Value x, mlir::AffineExpr channels, const Windows &windows);

mlir::Value makeConvolution(NodeBuilder &n, mlir::Value x, mlir::Value weight, mlir::Value bias, const Windows &windows,
                            int64_t groups);
mlir::Value makePool(NodeBuilder &n, mlir::Value x, llvm::StringRef kind, const Windows &windows);

} // namespace lathe
