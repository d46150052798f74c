// The ops of ir/llm/QuantOps.td: quantisation and dequantisation of tensors, and products of integer tensors.
#pragma once

#include "ir/llm/Llm.h"

#define GET_OP_CLASSES
#include "ir/llm/QuantOps.h.inc"
