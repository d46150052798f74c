// The llm dialect: types, enums and ops (see the .td files for what each op computes).
#pragma once

#include "runtime/artifact.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <optional>

namespace lathe::llm {

class SymbolicShapes;

/// A ranked tensor of floats, integers, booleans, narrow elements or quantised blocks.
bool isTensor(mlir::Type type);
/// The same, but for narrow elements.
bool isNumberTensor(mlir::Type type);
/// A ranked tensor of floats or quantised blocks.
bool isWeightTensor(mlir::Type type);

/// Appends the numpy broadcast of the operands' shapes, with `element` (or the first operand's element type) as
/// elements.
llvm::LogicalResult inferBroadcast(std::optional<mlir::Location> location, mlir::ValueRange operands,
                                   mlir::Type element, llvm::SmallVectorImpl<mlir::Type> &types);
/// Same element types and ranks, and no two known sizes that differ.
bool areCompatible(mlir::TypeRange written, mlir::TypeRange inferred);

/// The element type of artifact.h for an MLIR element type, or nothing.
std::optional<LatheType> latheType(mlir::Type element);
/// The MLIR element type for one of artifact.h.
mlir::Type elementType(mlir::MLIRContext *context, LatheType type);

/// The integers of a constant (llm.constant of i64, i32, i1 elements) behind `value`, or nothing.
std::optional<llvm::SmallVector<int64_t>> constantIntegers(mlir::Value value);
/// The number behind a constant float tensor whose elements are all equal, or nothing.
std::optional<double> constantSplat(mlir::Value value);

} // namespace lathe::llm

#include "ir/llm/LlmDialect.h.inc"
#include "ir/llm/LlmEnums.h.inc"
#include "ir/llm/LlmInterfaces.h.inc"
#define GET_TYPEDEF_CLASSES
#include "ir/llm/LlmTypes.h.inc"
#define GET_ATTRDEF_CLASSES
#include "ir/llm/LlmAttributes.h.inc"
#define GET_OP_CLASSES
#include "ir/llm/LlmOps.h.inc"
