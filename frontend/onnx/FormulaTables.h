// Tables among the initializers that follow a formula: positions counted up, triangles and bands of a causal mask.
// Written as the formula, what they say is known to the passes, and costs no bytes.
#pragma once

#include "frontend/onnx/NodeBuilder.h"

namespace lathe {

/// The table as ops that compute the same elements, or null when it follows none of these formulas: integers or
/// booleans that are all equal; integers first + i * step along the only axis that is not 1; two values on the last two
/// axes (others are 1), one of them exactly where column - row is in a range;
/// floats that are a number of each row of the second last axis times a distance counted up to 0 or from it (ALiBi);
/// rows of floats whose second half repeats the first (cached cosines), as a smaller weight.
mlir::Value buildFormula(NodeBuilder &builder, const Weight &weight);

} // namespace lathe
