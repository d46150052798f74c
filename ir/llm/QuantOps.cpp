// Type inference, verifiers, folds and symbolic sizes of ir/llm/QuantOps.td.
#include "ir/llm/QuantOps.h"
#include "ir/llm/SymbolicShapes.h"

using namespace mlir;

namespace lathe::llm {} // namespace lathe::llm

#define GET_OP_CLASSES
#include "ir/llm/QuantOps.cpp.inc"
