// A weight's elements as f32, by the formulas of runtime/Dequantize.h. Relies on WeightTable.
#pragma once

#include "frontend/files/WeightTable.h"
#include "runtime/Dequantize.h"

namespace lathe {

/// All elements of a weight, row major.
Result<std::vector<float>> dequantize(const Weight &weight);

} // namespace lathe
