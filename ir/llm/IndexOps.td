// Ops of the llm dialect: gather and scatter families, top_k, padding, tiling: ops that move elements by computed places.
#ifndef LATHE_IR_LLM_INDEX_OPS
#define LATHE_IR_LLM_INDEX_OPS

include "ir/llm/LlmBase.td"

#endif
