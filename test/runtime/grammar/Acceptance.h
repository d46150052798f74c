// Whether a grammar's texts are the texts they should be, byte by byte: what the tests of all readers of grammars use.
#pragma once

#include "runtime/grammar/Matcher.h"

#include <gtest/gtest.h>

namespace lathe::grammar {

/// Fails the test when the grammar cannot be compiled.
inline std::shared_ptr<const Grammar> compiled(Result<std::shared_ptr<const Grammar>> grammar) {
  EXPECT_TRUE(grammar) << grammar.message();
  return grammar ? *grammar : nullptr;
}

inline bool accepts(const std::shared_ptr<const Grammar> &grammar, std::string_view text) {
  if (!grammar)
    return false;
  Matcher matcher(grammar);
  return matcher.accepts(matcher.walk(matcher.start(), text));
}

/// The text can be made longer to one of the grammar.
inline bool begins(const std::shared_ptr<const Grammar> &grammar, std::string_view text) {
  if (!grammar)
    return false;
  Matcher matcher(grammar);
  return matcher.walk(matcher.start(), text) != Matcher::dead;
}

} // namespace lathe::grammar
