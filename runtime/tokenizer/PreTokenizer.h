// Cuts normalised text into the words that BPE works on. Relies on Regex.h.
#pragma once

#include "runtime/tokenizer/Regex.h"
#include "runtime/tokenizer/TokenizerSpec.h"

#include <deque>
#include <optional>

namespace lathe {

class PreTokenizer {
public:
  /// `steps` must outlive the object.
  static Result<PreTokenizer> create(const std::vector<PreTokenizerStep> &steps);

  /// Words; they refer to the text they were cut from, or to `changed` where a step changed them.
  struct Words {
    std::vector<std::string_view> list;
    std::deque<std::string> changed;
  };
  /// `atStart`: nothing lies before `text`. The text must stay as long as the words. Fails when a pattern takes too
  /// long.
  Status cut(std::string_view text, bool atStart, RegexBudget &budget, Words &words) const;

private:
  const std::vector<PreTokenizerStep> *steps = nullptr;
  std::vector<std::optional<Regex>> regexes; // per step
};

} // namespace lathe
