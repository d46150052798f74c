// Values of the plan's integer expressions. Relies on a Plan that has been checked.
#pragma once

#include "runtime/Plan.h"

#include <cstdint>
#include <span>

namespace lathe {

/// The value of expression `index` where symbol i is `symbols[i]` (one value for each of the plan's symbols). False
/// when a symbol has no value (is below 0), the arithmetic leaves int64 or divides by zero. Division rounds down (FLOORDIV) or up (CEILDIV); MOD has the
/// sign of the divisor.
bool evaluateExpression(const Plan &plan, uint32_t index, std::span<const int64_t> symbols, int64_t &value);

/// The expression as text for messages: "((tokens * 576) + 63)".
std::string printExpression(const Plan &plan, uint32_t index);

/// The symbol an expression consists of, or LATHE_NONE when it is anything else.
uint32_t plainSymbol(const Plan &plan, uint32_t index);

} // namespace lathe
