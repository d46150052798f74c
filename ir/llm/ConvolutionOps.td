// Ops of the llm dialect: convolution, pooling, resampling and signal transforms.
#ifndef LATHE_IR_LLM_CONVOLUTION_OPS
#define LATHE_IR_LLM_CONVOLUTION_OPS

include "ir/llm/LlmBase.td"

#endif
