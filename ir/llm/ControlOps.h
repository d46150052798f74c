// The ops of ir/llm/ControlOps.td: sizes that data decides, and control flow over regions.
#pragma once

#include "ir/llm/Llm.h"

#define GET_OP_CLASSES
#include "ir/llm/ControlOps.h.inc"
