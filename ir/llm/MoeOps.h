// The ops of ir/llm/MoeOps.td: mixtures of experts: routing and grouped products.
#pragma once

#include "ir/llm/Llm.h"

#define GET_OP_CLASSES
#include "ir/llm/MoeOps.h.inc"
