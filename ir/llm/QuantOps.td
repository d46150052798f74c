// Ops of the llm dialect: quantisation and dequantisation of tensors, and products of integer tensors.
#ifndef LATHE_IR_LLM_QUANT_OPS
#define LATHE_IR_LLM_QUANT_OPS

include "ir/llm/LlmBase.td"

#endif
