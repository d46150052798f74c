// The ops of ir/llm/IndexOps.td: gather and scatter families, top_k, padding: ops that move elements by computed places.
#pragma once

#include "ir/llm/Llm.h"

#define GET_OP_CLASSES
#include "ir/llm/IndexOps.h.inc"
