// What the kernels that scatter share in their .cpp: the number in common/cpu/scatter.h of a reduction of
// llm.scatter_elements and llm.scatter_nd.
#pragma once

#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace lathe::kernels {

inline int64_t combineNumber(llvm::StringRef reduction) {
  return reduction == "add" ? 1 : reduction == "mul" ? 2 : reduction == "max" ? 3 : reduction == "min" ? 4 : 0;
}

} // namespace lathe::kernels
