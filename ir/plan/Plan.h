// The plan dialect: groups of ops with their kernels, programs of launches over buffers (see PlanOps.td).
#pragma once

#include "ir/llm/Llm.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "ir/plan/PlanDialect.h.inc"
#include "ir/plan/PlanEnums.h.inc"
#define GET_TYPEDEF_CLASSES
#include "ir/plan/PlanTypes.h.inc"
#define GET_ATTRDEF_CLASSES
#include "ir/plan/PlanAttributes.h.inc"
#define GET_OP_CLASSES
#include "ir/plan/PlanOps.h.inc"
