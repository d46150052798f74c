// Ops of the llm dialect: sizes that data decides, and control flow over regions.
#ifndef LATHE_IR_LLM_CONTROL_OPS
#define LATHE_IR_LLM_CONTROL_OPS

include "ir/llm/LlmBase.td"

#endif
