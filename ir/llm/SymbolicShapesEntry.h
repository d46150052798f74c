// What SymbolicShapes remembers of a value. Private to SymbolicShapes.cpp and SymbolicContents.cpp.
#pragma once

#include "ir/llm/SymbolicShapes.h"

namespace lathe::llm {

struct SymbolicShapes::Entry {
  size_t hash = 0; ///< of what defines the value
  Expressions dims;
  std::optional<Expressions> content;
};

} // namespace lathe::llm
