// The ops of ir/llm/ConvolutionOps.td: convolution, pooling, resampling and signal transforms.
#pragma once

#include "ir/llm/Llm.h"

#define GET_OP_CLASSES
#include "ir/llm/ConvolutionOps.h.inc"
