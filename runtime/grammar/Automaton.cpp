// See Automaton.h: trimming, minimising and products. From expressions to automata: Construction.cpp.
#include "runtime/grammar/Automaton.h"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace lathe::grammar {

Status Work::failure() {
  return Status::failure("grammar: it is too large or too ambiguous to be compiled; repetitions with large counts and "
                         "nested repetitions cost most");
}

bool Automaton::matchesNothing() const {
  return states.size() == 1 && !states[0].accepts && states[0].edges.empty() && states[0].calls.empty();
}

bool Automaton::hasCalls() const {
  return std::ranges::any_of(states, [](const State &state) { return !state.calls.empty(); });
}

bool Automaton::accepts(std::string_view text) const {
  uint32_t at = 0;
  for (unsigned char byte : text) {
    const std::vector<Edge> &edges = states[at].edges;
    auto edge = std::ranges::lower_bound(edges, byte, {}, &Edge::last);
    if (edge == edges.end() || edge->first > byte)
      return false;
    at = edge->target;
  }
  return states[at].accepts;
}

void trim(Automaton &automaton, const std::vector<bool> &useless) {
  std::vector<Automaton::State> &states = automaton.states;
  for (Automaton::State &state : states)
    std::erase_if(state.calls,
                  [&](const Automaton::Call &call) { return call.rule < useless.size() && useless[call.rule]; });
  size_t count = states.size();
  std::vector<uint32_t> begins(count + 1), sources;
  auto eachTarget = [](const Automaton::State &state, auto visit) {
    for (const Automaton::Edge &edge : state.edges)
      visit(edge.target);
    for (const Automaton::Call &call : state.calls)
      visit(call.target);
  };
  for (const Automaton::State &state : states)
    eachTarget(state, [&](uint32_t target) { ++begins[target + 1]; });
  for (size_t i = 0; i < count; ++i)
    begins[i + 1] += begins[i];
  sources.resize(begins[count]);
  std::vector<uint32_t> next(begins.begin(), begins.end() - 1);
  for (uint32_t i = 0; i < count; ++i)
    eachTarget(states[i], [&](uint32_t target) { sources[next[target]++] = i; });

  std::vector<bool> ends(count), reached(count);
  std::vector<uint32_t> list;
  for (uint32_t i = 0; i < count; ++i)
    if (states[i].accepts) {
      ends[i] = true;
      list.push_back(i);
    }
  for (size_t at = 0; at < list.size(); ++at)
    for (uint32_t i = begins[list[at]]; i < begins[list[at] + 1]; ++i)
      if (!ends[sources[i]]) {
        ends[sources[i]] = true;
        list.push_back(sources[i]);
      }
  // In the order of a search from the start, which is the order of the new numbers.
  list.assign(1, 0);
  reached[0] = true;
  for (size_t at = 0; at < list.size(); ++at)
    eachTarget(states[list[at]], [&](uint32_t target) {
      if (ends[target] && !reached[target]) {
        reached[target] = true;
        list.push_back(target);
      }
    });
  std::vector<uint32_t> number(count, UINT32_MAX);
  for (uint32_t i = 0; i < list.size(); ++i)
    number[list[i]] = i;
  std::vector<Automaton::State> kept(list.size());
  for (uint32_t i = 0; i < list.size(); ++i) {
    Automaton::State state = std::move(states[list[i]]);
    std::erase_if(state.edges, [&](const Automaton::Edge &edge) { return number[edge.target] == UINT32_MAX; });
    std::erase_if(state.calls, [&](const Automaton::Call &call) { return number[call.target] == UINT32_MAX; });
    for (Automaton::Edge &edge : state.edges)
      edge.target = number[edge.target];
    for (Automaton::Call &call : state.calls)
      call.target = number[call.target];
    kept[i] = std::move(state);
  }
  states = std::move(kept);
}

namespace {

/// Both automata at once; `other` may have stopped (stopped == b.states.size()), which only a difference goes on from.
Result<Automaton> product(const Automaton &a, const Automaton &b, bool difference, Work &work) {
  uint32_t stopped = uint32_t(b.states.size());
  std::unordered_map<uint64_t, uint32_t> numbers;
  std::vector<std::pair<uint32_t, uint32_t>> pairs;
  auto numberOf = [&](uint32_t left, uint32_t right) {
    auto [at, fresh] = numbers.try_emplace((uint64_t(left) << 32) | right, uint32_t(pairs.size()));
    if (fresh)
      pairs.emplace_back(left, right);
    return at->second;
  };
  numberOf(0, 0);
  Automaton out;
  for (size_t at = 0; at < pairs.size(); ++at) {
    auto [left, right] = pairs[at];
    Automaton::State state;
    bool otherAccepts = right != stopped && b.states[right].accepts;
    state.accepts = a.states[left].accepts && otherAccepts != difference;
    static const std::vector<Automaton::Edge> none;
    const std::vector<Automaton::Edge> &others = right != stopped ? b.states[right].edges : none;
    size_t other = 0;
    for (const Automaton::Edge &edge : a.states[left].edges)
      for (int first = edge.first; first <= edge.last;) {
        while (other < others.size() && others[other].last < first)
          ++other;
        int last = edge.last;
        uint32_t target = stopped;
        if (other < others.size() && others[other].first <= first) {
          last = std::min<int>(last, others[other].last);
          target = others[other].target;
        } else if (other < others.size()) {
          last = std::min<int>(last, others[other].first - 1);
        }
        if (target != stopped || difference)
          state.edges.push_back({uint8_t(first), uint8_t(last), numberOf(edge.target, target)});
        first = last + 1;
      }
    out.states.push_back(std::move(state));
    if (!work.take(8) || pairs.size() > Automaton::maxStates)
      return Work::failure();
  }
  trim(out);
  return out;
}

} // namespace

Result<Automaton> intersect(const Automaton &a, const Automaton &b, Work &work) { return product(a, b, false, work); }
Result<Automaton> subtract(const Automaton &a, const Automaton &b, Work &work) { return product(a, b, true, work); }

} // namespace lathe::grammar
