// Type inference, verifiers, folds and symbolic sizes of ir/llm/ControlOps.td.
#include "ir/llm/ControlOps.h"
#include "ir/llm/SymbolicShapes.h"

using namespace mlir;

namespace lathe::llm {} // namespace lathe::llm

#define GET_OP_CLASSES
#include "ir/llm/ControlOps.cpp.inc"
