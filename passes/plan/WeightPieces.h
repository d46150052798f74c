// Expressions over weights as stacked pieces of the weight table's entries, which is what the packer understands.
#pragma once

#include "ir/plan/Plan.h"

#include "mlir/IR/Builders.h"

namespace lathe::plan {

/// The plan.weight for a value computed from weights alone (kernels::isWeight), packed as `packing` says. A matrix has
/// its last axis as columns; a vector of n elements is n rows of one column. Emits an error for an expression that is
/// no stack of rows.
mlir::FailureOr<mlir::Value> makeWeight(mlir::OpBuilder &builder, mlir::Value value, mlir::StringAttr packing);

} // namespace lathe::plan
