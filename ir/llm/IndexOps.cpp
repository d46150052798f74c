// Type inference, verifiers, folds and symbolic sizes of ir/llm/IndexOps.td.
#include "ir/llm/IndexOps.h"
#include "ir/llm/SymbolicShapes.h"

using namespace mlir;

namespace lathe::llm {} // namespace lathe::llm

#define GET_OP_CLASSES
#include "ir/llm/IndexOps.cpp.inc"
