// Type inference, verifiers, folds and symbolic sizes of ir/llm/ConvolutionOps.td.
#include "ir/llm/ConvolutionOps.h"
#include "ir/llm/SymbolicShapes.h"

using namespace mlir;

namespace lathe::llm {} // namespace lathe::llm

#define GET_OP_CLASSES
#include "ir/llm/ConvolutionOps.cpp.inc"
