// Ops of the llm dialect: mixtures of experts: routing and grouped products.
#ifndef LATHE_IR_LLM_MOE_OPS
#define LATHE_IR_LLM_MOE_OPS

include "ir/llm/LlmBase.td"

#endif
