// A grammar ready to be followed byte by byte: the automata of all rules in one table. Relies on Automaton.h.
#pragma once

#include "runtime/grammar/Automaton.h"

#include <array>
#include <memory>
#include <string_view>

namespace lathe::grammar {

/// Immutable; shared between threads. Every state has a way to the end of its rule, every rule one through others.
class Grammar {
public:
  struct Edge {
    uint8_t first, last;
    uint32_t target;
  };
  struct Call {
    uint32_t start;  ///< of the called rule
    uint32_t target; ///< where it goes on
  };
  struct State {
    uint32_t edgesBegin, edgesEnd, callsBegin, callsEnd;
    bool accepts; ///< its rule may end here
    bool last() const { return accepts && edgesBegin == edgesEnd && callsBegin == callsEnd; }
  };

  /// Fails for a root that matches no text, for left recursion and for what is too large.
  static Result<std::shared_ptr<const Grammar>> compile(const Rules &rules, Work &work);

  uint32_t start() const { return start_; }
  const std::vector<State> &states() const { return states_; }
  const Edge *edge(uint32_t state, uint8_t byte) const;
  /// For each state the first one that cannot be told from it by texts of up to `bytes` bytes, so that states that only
  /// count are one while the count is far from its end. States with calls stand for themselves.
  std::vector<uint32_t> alike(uint32_t bytes) const;
  const std::vector<Edge> &edges() const { return edges_; }
  const std::vector<Call> &calls() const { return calls_; }
  /// Bytes that no state tells apart have the same class.
  uint32_t classes() const { return uint32_t(representatives_.size()); }
  uint32_t classOf(uint8_t byte) const { return classOf_[byte]; }
  uint8_t representative(uint32_t byteClass) const { return representatives_[byteClass]; }

private:
  uint32_t start_ = 0;
  std::vector<State> states_;
  std::vector<Edge> edges_;
  std::vector<Call> calls_;
  std::array<uint8_t, 256> classOf_{};
  std::vector<uint8_t> representatives_;
};

} // namespace lathe::grammar
