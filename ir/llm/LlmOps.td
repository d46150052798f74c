// All families of the llm dialect.
include "ir/llm/LlmBase.td"
include "ir/llm/TensorOps.td"
include "ir/llm/MathOps.td"
include "ir/llm/AttentionOps.td"
