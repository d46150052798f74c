// GBNF, the grammar notation of llama.cpp (its grammars/README.md), read into Rules. Relies on Grammar.h.
#pragma once

#include "runtime/grammar/Grammar.h"

namespace lathe::grammar {

/// `text` must define `root`. Messages name line and column.
Result<Rules> readGbnf(std::string_view text, Work &work);
/// The grammar of a GBNF text.
Result<std::shared_ptr<const Grammar>> parseGbnf(std::string_view text);

} // namespace lathe::grammar
