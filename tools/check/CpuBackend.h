// The CPU as a backend of `--run-checks`: a test's function goes through selection, code generation and the runtime, so
// that the numbers of test/ops hold for kernels as they do for the reference.
#pragma once

#include "ir/check/RunChecks.h"

namespace lathe {

Result<std::vector<reference::Tensor>> computeOnCpu(const check::CheckCase &test);

} // namespace lathe
