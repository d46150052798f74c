// The ops of ir/llm/ControlOps.td: sizes that data decides, and control flow over functions of the module.
#pragma once

#include "ir/llm/Llm.h"

namespace lathe::llm {

/// tensor<i64> and tensor<i1>, without axes.
bool isScalarI64(mlir::Type type);
bool isScalarBool(mlir::Type type);
/// The position of a symbol in the llm.symbols of the function that holds `op`; nothing when it has no such symbol.
std::optional<unsigned> symbolPosition(mlir::Operation *op, llvm::StringRef symbol);

/// The names of the symbols that the op gives values to (llm.size, llm.if, llm.loop); none for other ops.
llvm::SmallVector<llvm::StringRef> definedSymbols(mlir::Operation *op);
/// The functions that the op calls, in the order of its attributes.
llvm::SmallVector<mlir::FlatSymbolRefAttr> calledFunctions(mlir::Operation *op);

} // namespace lathe::llm

#define GET_OP_CLASSES
#include "ir/llm/ControlOps.h.inc"
