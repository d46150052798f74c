// What is done to the text before it is cut into words: Unicode normal forms, replacements, a prefix. Relies on
// utf8proc and Regex.h.
#pragma once

#include "runtime/tokenizer/AddedTokens.h"
#include "runtime/tokenizer/CharacterMap.h"
#include "runtime/tokenizer/Regex.h"
#include "runtime/tokenizer/TokenizerSpec.h"

#include <optional>

namespace lathe {

class Normalizer {
public:
  /// `steps` must outlive the object.
  static Result<Normalizer> create(const std::vector<NormalizerStep> &steps);

  bool empty() const { return steps->empty(); }
  /// Texts that character maps leave as they are.
  void keep(AddedTokens tokens) { kept.emplace(std::move(tokens)); }
  /// Broken UTF-8 stays as it is. Fails when a pattern takes too long or the text grows out of proportion.
  Result<std::string> apply(std::string_view text, RegexBudget &budget) const;

private:
  const std::vector<NormalizerStep> *steps = nullptr;
  std::vector<std::optional<Regex>> regexes;     // per step
  std::vector<std::optional<CharacterMap>> maps; // per step
  std::optional<AddedTokens> kept;

  std::string mapped(const CharacterMap &map, bool byGrapheme, std::string_view text) const;
};

} // namespace lathe
