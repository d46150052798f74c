// Automata over bytes, deterministic but for calls of rules, and what can be computed with them: products, differences.
// Relies on Rules.h.
#pragma once

#include "runtime/Status.h"
#include "runtime/grammar/Rules.h"

namespace lathe::grammar {

/// The work that reading one grammar may take, so that a hostile one ends in a message. Steps are some nanoseconds
/// each.
class Work {
public:
  static constexpr uint64_t limit = 8'000'000;
  bool take(uint64_t steps = 1) {
    left_ = left_ > steps ? left_ - steps : 0;
    return left_ > 0;
  }
  bool spent() const { return left_ == 0; }
  static Status failure();

private:
  uint64_t left_ = limit;
};

struct Automaton {
  static constexpr size_t maxStates = 200'000;
  struct Edge {
    uint8_t first, last;
    uint32_t target;
  };
  struct Call {
    uint32_t rule, target;
  };
  struct State {
    std::vector<Edge> edges; ///< by byte, without overlap
    std::vector<Call> calls; ///< one for each rule
    bool accepts = false;
  };
  std::vector<State> states; ///< the first is the start; there is always one

  bool matchesNothing() const;
  bool hasCalls() const;
  bool accepts(std::string_view text) const; ///< calls are not followed
};

/// The automaton of an expression: no state without a way to the end, few states.
Result<Automaton> build(const Expression &expression, Work &work);

/// What both accept, or the first but not the second accepts. Without calls.
Result<Automaton> intersect(const Automaton &a, const Automaton &b, Work &work);
Result<Automaton> subtract(const Automaton &a, const Automaton &b, Work &work);

/// Drops the states that cannot be reached, those without a way to the end, and calls of rules that `useless` names.
void trim(Automaton &automaton, const std::vector<bool> &useless = {});

inline Expression accepting(Automaton automaton) {
  return make({.kind = Node::Kind::Automaton, .automaton = std::make_shared<const Automaton>(std::move(automaton))});
}

} // namespace lathe::grammar
