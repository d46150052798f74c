// What a run prints about its texts: JSON, ids and timings. Relies on RunContext.h.
#pragma once

#include "tools/run/RunContext.h"

namespace lathe {

/// Prints what was asked for of `results`, on stdout; texts that were shown already end their line. Timings are those
/// of the first.
void report(const RunContext &context, size_t promptTokens, std::span<const Generation> results);

} // namespace lathe
