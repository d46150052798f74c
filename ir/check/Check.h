// The check dialect: inputs, weights and comparisons of tests (see CheckOps.td).
#pragma once

#include "ir/llm/Llm.h"

#include "ir/check/CheckDialect.h.inc"
#define GET_OP_CLASSES
#include "ir/check/CheckOps.h.inc"
