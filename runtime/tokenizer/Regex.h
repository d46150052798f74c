// Regular expressions of pre-tokenizers and normalizers, which come from strangers: pcre2 with JIT, with limits on the
// work of a search. Relies on Status.h and on UTF-8 that is checked here.
#pragma once

#include "runtime/Status.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

/// What one encode() may still spend in searches, and the memory a search needs. Not shared between threads.
class RegexBudget {
public:
  /// Allows some seconds, more for longer texts.
  explicit RegexBudget(size_t textSize);
  ~RegexBudget();
  RegexBudget(const RegexBudget &) = delete;

private:
  friend class Regex;
  struct Memory;
  std::unique_ptr<Memory> memory;
  std::chrono::steady_clock::time_point deadline;
};

class Regex {
public:
  /// `pattern` is in the dialect of tokenizer.json (Oniguruma); \w, \s, \d and classes mean Unicode.
  static Result<Regex> compile(std::string_view pattern);
  Regex(Regex &&) noexcept;
  Regex &operator=(Regex &&) noexcept;
  ~Regex();

  struct Match {
    size_t begin, end;
  };
  /// Appends all matches in `text`, in order, without overlap, empty ones included. Broken UTF-8 matches nothing. Fails
  /// when a search takes too many steps or the budget is spent.
  Status findAll(std::string_view text, RegexBudget &budget, std::vector<Match> &matches) const;

private:
  struct Code;
  explicit Regex(std::unique_ptr<Code> code);
  Status findInValid(std::string_view text, size_t offset, RegexBudget &budget, std::vector<Match> &matches) const;
  std::unique_ptr<Code> code;
};

/// `text` as a pattern that matches exactly it.
std::string escapeForRegex(std::string_view text);

} // namespace lathe
