// See Grammar.h.
#include "runtime/grammar/Grammar.h"

#include <algorithm>
#include <unordered_map>

namespace lathe::grammar {

namespace {

/// Rules whose start reaches an end, where `passes(rule)` says which calls may be passed and `bytes` whether bytes may.
template <class Passes> bool reachesEnd(const Automaton &automaton, Passes passes, bool bytes) {
  std::vector<bool> seen(automaton.states.size());
  std::vector<uint32_t> list{0};
  seen[0] = true;
  for (size_t at = 0; at < list.size(); ++at) {
    const Automaton::State &state = automaton.states[list[at]];
    if (state.accepts)
      return true;
    auto go = [&](uint32_t target) {
      if (!seen[target]) {
        seen[target] = true;
        list.push_back(target);
      }
    };
    if (bytes)
      for (const Automaton::Edge &edge : state.edges)
        go(edge.target);
    for (const Automaton::Call &call : state.calls)
      if (passes(call.rule))
        go(call.target);
  }
  return false;
}

/// The least set of rules that reach an end through rules of the set.
Result<std::vector<bool>> leastSet(const std::vector<Automaton> &automata, bool bytes, Work &work) {
  std::vector<bool> member(automata.size());
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < automata.size(); ++i) {
      if (member[i])
        continue;
      if (!work.take(automata[i].states.size()))
        return Work::failure();
      if (reachesEnd(automata[i], [&](uint32_t rule) { return bool(member[rule]); }, bytes))
        changed = member[i] = true;
    }
  }
  return member;
}

/// The rules that a rule may begin with: called from states that its start reaches without a byte.
std::vector<uint32_t> firstCalls(const Automaton &automaton, const std::vector<bool> &nullable) {
  std::vector<uint32_t> calls, list{0};
  std::vector<bool> seen(automaton.states.size());
  seen[0] = true;
  for (size_t at = 0; at < list.size(); ++at)
    for (const Automaton::Call &call : automaton.states[list[at]].calls) {
      calls.push_back(call.rule);
      if (nullable[call.rule] && !seen[call.target]) {
        seen[call.target] = true;
        list.push_back(call.target);
      }
    }
  std::ranges::sort(calls);
  calls.erase(std::ranges::unique(calls).begin(), calls.end());
  return calls;
}

Status checkLeftRecursion(const Rules &rules, const std::vector<Automaton> &automata,
                          const std::vector<bool> &nullable) {
  std::vector<std::vector<uint32_t>> first(automata.size());
  for (size_t i = 0; i < automata.size(); ++i)
    first[i] = firstCalls(automata[i], nullable);
  enum : uint8_t { Fresh, Open, Closed };
  std::vector<uint8_t> mark(automata.size(), Fresh);
  for (uint32_t root = 0; root < automata.size(); ++root) {
    if (mark[root] != Fresh)
      continue;
    std::vector<std::pair<uint32_t, size_t>> path{{root, 0}};
    mark[root] = Open;
    while (!path.empty()) {
      auto &[rule, next] = path.back();
      if (next == first[rule].size()) {
        mark[rule] = Closed;
        path.pop_back();
        continue;
      }
      uint32_t callee = first[rule][next++];
      if (mark[callee] == Open)
        return Status::failure("grammar: rule '" + rules.rules[callee].name +
                               "' is left recursive: it begins with itself before it reads anything; write the "
                               "repetition with * or +, or let it recurse at its end");
      if (mark[callee] == Fresh) {
        mark[callee] = Open;
        path.emplace_back(callee, 0);
      }
    }
  }
  return Status::success();
}

} // namespace

Result<std::shared_ptr<const Grammar>> Grammar::compile(const Rules &rules, Work &work) {
  std::vector<Automaton> automata;
  size_t total = 0;
  for (const Rules::Rule &rule : rules.rules) {
    auto automaton = build(rule.body, work);
    if (!automaton)
      return Status::failure(automaton.message() + " (in rule '" + rule.name + "')");
    total += automaton->states.size();
    if (total > Automaton::maxStates)
      return Work::failure();
    automata.push_back(std::move(*automaton));
  }
  auto productive = leastSet(automata, /*bytes=*/true, work);
  if (!productive)
    return productive.status();
  if (!(*productive)[rules.root])
    return Status::failure("grammar: '" + rules.rules[rules.root].name +
                           "' matches no text at all: every way through it contradicts itself or never ends");
  std::vector<bool> useless = *productive;
  useless.flip();
  for (Automaton &automaton : automata)
    trim(automaton, useless);
  auto nullable = leastSet(automata, /*bytes=*/false, work);
  if (!nullable)
    return nullable.status();
  if (Status status = checkLeftRecursion(rules, automata, *nullable); !status)
    return status;

  auto grammar = std::make_shared<Grammar>();
  std::vector<uint32_t> base;
  uint32_t count = 0;
  for (const Automaton &automaton : automata) {
    base.push_back(count);
    count += uint32_t(automaton.states.size());
  }
  bool starts[257] = {true};
  for (size_t i = 0; i < automata.size(); ++i)
    for (const Automaton::State &state : automata[i].states) {
      State out{uint32_t(grammar->edges_.size()), 0, uint32_t(grammar->calls_.size()), 0, state.accepts};
      for (const Automaton::Edge &edge : state.edges) {
        grammar->edges_.push_back({edge.first, edge.last, base[i] + edge.target});
        starts[edge.first] = starts[edge.last + 1] = true;
      }
      for (const Automaton::Call &call : state.calls)
        grammar->calls_.push_back({base[call.rule], base[i] + call.target});
      out.edgesEnd = uint32_t(grammar->edges_.size());
      out.callsEnd = uint32_t(grammar->calls_.size());
      grammar->states_.push_back(out);
    }
  grammar->start_ = base[rules.root];
  for (int byte = 0; byte < 256; ++byte) {
    if (starts[byte])
      grammar->representatives_.push_back(uint8_t(byte));
    grammar->classOf_[size_t(byte)] = uint8_t(grammar->representatives_.size() - 1);
  }
  return std::shared_ptr<const Grammar>(std::move(grammar));
}

std::vector<uint32_t> Grammar::alike(uint32_t bytes) const {
  constexpr uint64_t maxWork = 60'000'000;
  std::vector<uint32_t> first(states_.size());
  for (uint32_t i = 0; i < first.size(); ++i)
    first[i] = i;
  if (uint64_t(bytes) * (edges_.size() + states_.size()) > maxWork)
    return first;
  // Moore's refinement, with a hash for the number of a group: two groups that fall together by chance cost a token
  // that is offered and then refused.
  auto mix = [](uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
    return hash ^ (hash >> 29);
  };
  std::vector<uint64_t> hashes(states_.size()), next(states_.size());
  auto begin = [&](uint32_t i) {
    return states_[i].callsBegin != states_[i].callsEnd ? mix(3, i) : mix(states_[i].accepts, 1);
  };
  for (uint32_t i = 0; i < hashes.size(); ++i)
    hashes[i] = begin(i);
  for (uint32_t round = 0; round < bytes; ++round) {
    for (uint32_t i = 0; i < hashes.size(); ++i) {
      const State &state = states_[i];
      next[i] = begin(i);
      if (state.callsBegin != state.callsEnd)
        continue;
      for (uint32_t e = state.edgesBegin; e < state.edgesEnd;) {
        uint64_t target = hashes[edges_[e].target];
        uint32_t from = edges_[e].first, to;
        do
          to = edges_[e++].last;
        while (e < state.edgesEnd && edges_[e].first == to + 1 && hashes[edges_[e].target] == target);
        next[i] = mix(mix(next[i], (from << 8) | to), target);
      }
    }
    hashes.swap(next);
  }
  std::unordered_map<uint64_t, uint32_t> firsts;
  for (uint32_t i = 0; i < first.size(); ++i)
    first[i] = firsts.try_emplace(hashes[i], i).first->second;
  return first;
}

const Grammar::Edge *Grammar::edge(uint32_t state, uint8_t byte) const {
  const Edge *begin = edges_.data() + states_[state].edgesBegin, *end = edges_.data() + states_[state].edgesEnd;
  const Edge *at =
      std::lower_bound(begin, end, byte, [](const Edge &edge, uint8_t value) { return edge.last < value; });
  return at != end && at->first <= byte ? at : nullptr;
}

} // namespace lathe::grammar
