// Which tokens may come next, so that a text stays one of a grammar. States are values: keep, copy or drop them to fork
// sequences and to take tokens back. Relies on Matcher.h and TokenTrie.h.
#pragma once

#include "runtime/grammar/Matcher.h"
#include "runtime/grammar/TokenTrie.h"

#include <memory>
#include <mutex>

namespace lathe {

/// One bit a token: bit (id % 64) of word id / 64.
class TokenMask {
public:
  explicit TokenMask(size_t vocabulary) : words_((vocabulary + 63) / 64), vocabulary_(vocabulary) {}
  bool allows(int32_t token) const {
    return token >= 0 && size_t(token) < vocabulary_ && (words_[size_t(token) / 64] >> (token % 64) & 1);
  }
  void allow(int32_t token) { words_[size_t(token) / 64] |= uint64_t(1) << (token % 64); }
  void add(const TokenMask &other);
  bool none() const;
  size_t count() const;
  std::span<const uint64_t> words() const { return words_; }
  size_t vocabulary() const { return vocabulary_; }
  /// Sets the logits of all other tokens to minus infinity, those outside the vocabulary too.
  void apply(std::span<float> logits) const;

private:
  std::vector<uint64_t> words_;
  size_t vocabulary_;
};

/// A grammar over a vocabulary. May be shared between sequences and threads.
class TokenConstraint {
  struct Memory;

public:
  /// Where a text is in the grammar. A state that was not made by start() or advance() is in no text.
  class State {
    friend class TokenConstraint;
    std::shared_ptr<Memory> memory;
    uint32_t set = grammar::Matcher::dead;
  };

  TokenConstraint(std::shared_ptr<const grammar::Grammar> grammar, std::shared_ptr<const grammar::TokenTrie> tokens);
  ~TokenConstraint();

  Result<State> start();
  /// The state after one more token. Fails for a token that is not allowed: a control token, one whose text the grammar
  /// does not go on with.
  Result<State> advance(const State &state, int32_t token);
  /// The same for a piece of text, which need not be whole characters.
  Result<State> advance(const State &state, std::string_view text);
  /// The tokens that advance() takes. Never a token that ends the text: those are allowed where mayEnd() says so. Fails
  /// when the grammar is too ambiguous to be followed.
  Result<std::shared_ptr<const TokenMask>> mask(const State &state);
  /// The text may end here.
  bool mayEnd(const State &state) const;

private:
  struct Verdicts;
  Status enter(State &state);
  std::shared_ptr<Memory> fresh() const;
  const Verdicts *verdicts(Memory &memory, grammar::Matcher::Place place);
  void decide(Memory &memory, uint32_t set, TokenMask &mask, std::vector<int32_t> *open);
  void decideOpen(Memory &memory, uint32_t set, const std::vector<int32_t> &open, TokenMask &mask);
  Status stuck(const Memory &memory) const;

  std::shared_ptr<const grammar::Grammar> grammar_;
  std::shared_ptr<const grammar::TokenTrie> tokens_;
  std::vector<uint32_t> alike_;    // of the grammar's states, over the longest token
  std::shared_ptr<Memory> memory_; // of the states made now; older states keep their own
  std::mutex mutex_;
};

} // namespace lathe
