// What the kernels over windows of spatial axes share in their .cpp: the windows as parameters, sizes as params.
#pragma once

#include "ir/llm/ConvolutionOps.h"
#include "ir/llm/Windows.h"
#include "kernels-templates/Dense.h"

namespace lathe::kernels {

/// Sets spatial, kernel, strides, dilations, begins, ends and autoPad (common/cpu/windows.h).
inline void setWindows(Launch &launch, mlir::Builder &builder, llvm::ArrayRef<llm::Window> windows) {
  auto list = [&](llvm::StringRef name, auto member) {
    llvm::SmallVector<int64_t> values;
    for (const llm::Window &window : windows)
      values.push_back(window.*member);
    launch.set(builder, name, llvm::ArrayRef<int64_t>(values));
  };
  launch.set(builder, "spatial", static_cast<int64_t>(windows.size()));
  launch.set(builder, "autoPad", static_cast<int64_t>(windows.front().autoPad));
  list("kernel", &llm::Window::kernel);
  list("strides", &llm::Window::stride);
  list("dilations", &llm::Window::dilation);
  list("begins", &llm::Window::padBegin);
  list("ends", &llm::Window::padEnd);
}

/// Appends the spatial sizes of x and of the result; false when one is not known.
inline bool addSpatialSizes(Launch &launch, const MatchContext &context, mlir::Value x, mlir::Value result) {
  for (mlir::Value value : {x, result}) {
    std::optional<Expressions> sizes = context.shapes.shapeOf(value);
    if (!sizes)
      return false;
    launch.params.append(sizes->begin() + 2, sizes->end());
  }
  return true;
}

} // namespace lathe::kernels
