// Type inference, verifiers, folds and symbolic sizes of ir/llm/MoeOps.td.
#include "ir/llm/MoeOps.h"
#include "ir/llm/SymbolicShapes.h"

using namespace mlir;

namespace lathe::llm {} // namespace lathe::llm

#define GET_OP_CLASSES
#include "ir/llm/MoeOps.cpp.inc"
