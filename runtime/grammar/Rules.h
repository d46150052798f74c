// What every source of a grammar (GBNF, regular expressions, JSON schemas) is read into: named rules, each an
// expression over characters, bytes and other rules. Relies on CharacterSet.h.
#pragma once

#include "runtime/grammar/CharacterSet.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::grammar {

struct Automaton;
struct Node;
/// Immutable, so that parts may be shared. Never null. Readers keep the nesting below `maxDepth`.
using Expression = std::shared_ptr<const Node>;

constexpr uint32_t maxDepth = 200;
constexpr uint32_t unlimited = UINT32_MAX;

struct Node {
  enum class Kind {
    Bytes,     ///< `bytes`, one after another; the empty text if there are none
    Class,     ///< one character of `set`
    Sequence,  ///< all `parts`
    Choice,    ///< one of `parts`; without any it matches nothing
    Repeat,    ///< parts[0], `least` to `most` times
    Call,      ///< the rule `rule`
    Graph,     ///< a way over `edges` from node 0 to one of `finals`, each edge an expression
    Automaton, ///< what `automaton` accepts
  };
  struct Edge {
    uint32_t from, to;
    Expression label;
  };
  Kind kind;
  std::string bytes = {};
  CharacterSet set = {};
  std::vector<Expression> parts = {};
  uint32_t least = 0, most = 0;
  uint32_t rule = 0;
  std::vector<Edge> edges = {};
  uint32_t nodes = 0;
  std::vector<uint32_t> finals = {};
  std::shared_ptr<const Automaton> automaton = {};
};

inline Expression make(Node node) { return std::make_shared<const Node>(std::move(node)); }
inline Expression bytes(std::string_view text) { return make({.kind = Node::Kind::Bytes, .bytes = std::string(text)}); }
inline Expression character(CharacterSet set) { return make({.kind = Node::Kind::Class, .set = std::move(set)}); }
inline Expression sequence(std::vector<Expression> parts) {
  return parts.size() == 1 ? parts[0] : make({.kind = Node::Kind::Sequence, .parts = std::move(parts)});
}
inline Expression choice(std::vector<Expression> parts) {
  return parts.size() == 1 ? parts[0] : make({.kind = Node::Kind::Choice, .parts = std::move(parts)});
}
inline Expression nothing() { return choice({}); }
inline Expression repeat(Expression part, uint32_t least, uint32_t most) {
  return make({.kind = Node::Kind::Repeat, .parts = {std::move(part)}, .least = least, .most = most});
}
inline Expression optional(Expression part) { return repeat(std::move(part), 0, 1); }
inline Expression call(uint32_t rule) { return make({.kind = Node::Kind::Call, .rule = rule}); }

struct Rules {
  struct Rule {
    std::string name;
    Expression body;
  };
  std::vector<Rule> rules;
  uint32_t root = 0;
};

} // namespace lathe::grammar
