// Follows a grammar over bytes: sets of places with their stacks of callers, numbered as they are met, so that a step
// that was taken once is a look into a table. Relies on Grammar.h.
#pragma once

#include "runtime/grammar/Grammar.h"

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace lathe::grammar {

/// Not for several threads at once. A set's number stays valid as long as the matcher lives.
class Matcher {
public:
  /// Nested deeper than this, a rule cannot be called: the way through it is not there.
  static constexpr uint32_t maxNesting = 1000;
  static constexpr size_t maxPlaces = 2048; ///< of one set; more are given up
  static constexpr uint32_t dead = 1;       ///< the set of no places
  static constexpr uint32_t outermost = 0;  ///< the stack without callers
  static constexpr uint32_t anyCallers = 1; ///< the stack whose callers are not known

  struct Place {
    uint32_t state, stack;
    bool operator==(const Place &) const = default;
    auto operator<=>(const Place &) const = default;
  };

  explicit Matcher(std::shared_ptr<const Grammar> grammar);
  const Grammar &grammar() const { return *grammar_; }

  /// The set before the first byte.
  uint32_t start();
  /// The set of one place.
  uint32_t at(Place place);
  /// A set of another matcher of the same grammar, in this one.
  uint32_t import(const Matcher &from, uint32_t set);

  uint32_t step(uint32_t set, uint8_t byte) {
    uint32_t byteClass = grammar_->classOf(byte);
    uint32_t known = table_[size_t(set) * classes_ + byteClass];
    return known != unknown ? known : stepSlowly(set, byteClass);
  }
  uint32_t walk(uint32_t set, std::string_view bytes) {
    for (char byte : bytes)
      if ((set = step(set, uint8_t(byte))) == dead)
        break;
    return set;
  }

  /// The text may end here.
  bool accepts(uint32_t set) const { return sets_[set].accepts; }
  /// It may end for callers that are not known: what comes then is theirs to say.
  bool escapes(uint32_t set) const { return sets_[set].escapes; }
  std::span<const Place> places(uint32_t set) const {
    return {places_.data() + sets_[set].begin, places_.data() + sets_[set].end};
  }

  /// Bytes held.
  size_t memory() const;
  /// Steps that had to be worked out since the last call of allow() are counted against `work`; when it is spent, or a
  /// set has too many places, step() answers `dead` and gaveUp() says so. Such an answer is not remembered.
  void allow(uint64_t work) { work_ = work, gaveUp_ = false; }
  bool gaveUp() const { return gaveUp_; }
  /// A call was left out for being nested too deep, at some time. Below an unknown stack half the depth is left.
  bool limited() const { return limited_; }
  uint32_t nesting(uint32_t stack) const { return frames_[stack].depth; }

private:
  static constexpr uint32_t unknown = 0;
  struct Set {
    uint32_t begin, end; // into places_
    bool accepts, escapes;
  };
  struct Frame {
    uint32_t state, parent, depth; // where the caller goes on
  };
  uint32_t stepSlowly(uint32_t set, uint32_t byteClass);
  void reach(Place place);
  bool close();
  uint32_t intern();
  uint32_t push(uint32_t state, uint32_t parent);

  std::shared_ptr<const Grammar> grammar_;
  size_t classes_;
  std::vector<uint32_t> table_; // (sets, classes)
  std::vector<Set> sets_;
  std::vector<Place> places_;
  std::vector<Frame> frames_;
  std::unordered_map<uint64_t, uint32_t> frameNumbers_;
  std::unordered_multimap<uint64_t, uint32_t> setNumbers_; // by hash
  std::unordered_map<uint64_t, uint32_t> imported_;
  uint64_t work_ = UINT64_MAX;
  bool gaveUp_ = false, limited_ = false;
  // The set that is being made.
  std::vector<Place> reached_, kept_;
  std::unordered_map<uint64_t, bool> seen_;
  bool accepts_ = false, escapes_ = false;
};

} // namespace lathe::grammar
