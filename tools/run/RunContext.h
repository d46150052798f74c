// A model set up to generate: what a completion and a chat share. Relies on the runtime.
#pragma once

#include "runtime/Generate.h"
#include "tools/run/RunOptions.h"

#include <memory>

namespace lathe {

struct RunContext {
  const RunOptions &options;
  const char *program;
  std::shared_ptr<const Tokenizer> tokenizer; ///< null: the model has none
  std::unique_ptr<Decoder> decoder;
  uint64_t seed = 0;
  double loadSeconds = 0;
  std::atomic<bool> &interrupted;
  std::shared_ptr<TokenConstraint> constraint = {}; ///< null: none

  TextModel textModel() const { return {*decoder, tokenizer}; }
  /// The options of one generation, its text shown on stdout as it comes.
  GenerateOptions generateOptions(bool showText) const;
  int fail(const Status &status) const;
};

/// What --grammar and its like ask for (ConstraintOptions.cpp); null when none is given.
Result<std::shared_ptr<TokenConstraint>> openConstraint(const RunOptions &options, const Tokenizer *tokenizer);

/// Writes all of `text` to stdout at once.
void show(std::string_view text);

/// Talks with a person (or whatever is on stdin) until the input ends; `first` is the first message. The exit status.
int runChat(RunContext &context, const std::optional<std::string> &first);

} // namespace lathe
