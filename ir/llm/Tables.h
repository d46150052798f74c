// Tensors of a fixed size that a model carries: tables of positions, masks, rotations.
#pragma once

#include <mlir/IR/Value.h>

namespace lathe::llm {

/// Whether the value is made of weights, constants and ranges of numbers alone. What is cut out of such a table by
/// symbolic bounds is taken to lie inside it, as models mean it (positions up to their longest context); launches that
/// read it check that at run time (kernels-templates/slice, gather).
bool isTable(mlir::Value value);

} // namespace lathe::llm
