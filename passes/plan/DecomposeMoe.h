// llm.moe as the ops that kernels compute.
#pragma once

#include "ir/llm/MoeOps.h"

namespace lathe {

/// moe => route, two expert_linears and the sum over a token's slots; the moe is erased.
void decomposeMoe(llm::MoeOp moe);

} // namespace lathe
