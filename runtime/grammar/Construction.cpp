// From expressions to automata: Thompson's construction, then subsets, then fewer states by Moore's refinement. A call
// of a rule is a symbol beside the bytes. Implements build() of Automaton.h.
#include "runtime/grammar/Automaton.h"

#include <algorithm>
#include <unordered_map>

namespace lathe::grammar {

namespace {

/// Hash of a list of numbers (FNV-1a over words; collisions cost time, which `Work` limits).
struct ListHash {
  size_t operator()(const std::vector<uint32_t> &list) const {
    uint64_t hash = 0xcbf29ce484222325u;
    for (uint32_t value : list)
      hash = (hash ^ value) * 0x100000001b3u, hash ^= hash >> 29;
    return hash;
  }
};

Result<Automaton> buildClass(const CharacterSet &set, Work &work);

struct Network {
  struct State {
    std::vector<Automaton::Edge> edges;
    std::vector<Automaton::Call> calls;
    std::vector<uint32_t> empty; // ways that read nothing
  };
  std::vector<State> states;
  Work &work;
  bool full = false;
  bool plainClasses = false;                               // do not take the way over `classes`
  std::vector<std::pair<CharacterSet, Automaton>> classes; // with few states, to be copied for every use

  explicit Network(Work &given) : work(given) {}

  uint32_t add() {
    if (states.size() >= Automaton::maxStates || !work.take(4)) {
      full = true;
      return 0;
    }
    states.emplace_back();
    return uint32_t(states.size() - 1);
  }

  void connect(const Node &node, uint32_t from, uint32_t to) {
    if (full)
      return;
    switch (node.kind) {
    case Node::Kind::Bytes:
      for (size_t i = 0; i < node.bytes.size(); ++i) {
        uint32_t next = i + 1 == node.bytes.size() ? to : add();
        states[from].edges.push_back({uint8_t(node.bytes[i]), uint8_t(node.bytes[i]), next});
        from = next;
      }
      if (node.bytes.empty())
        states[from].empty.push_back(to);
      return;
    case Node::Kind::Class:
      return connectClass(node.set, from, to);
    case Node::Kind::Sequence:
      for (size_t i = 0; i < node.parts.size(); ++i) {
        uint32_t next = i + 1 == node.parts.size() ? to : add();
        connect(*node.parts[i], from, next);
        from = next;
      }
      if (node.parts.empty())
        states[from].empty.push_back(to);
      return;
    case Node::Kind::Choice:
      for (const Expression &part : node.parts)
        connect(*part, from, to);
      return;
    case Node::Kind::Repeat:
      return connectRepeat(node, from, to);
    case Node::Kind::Call:
      states[from].calls.push_back({node.rule, to});
      return;
    case Node::Kind::Graph: {
      std::vector<uint32_t> numbers(node.nodes);
      for (uint32_t &number : numbers)
        number = add();
      if (full)
        return;
      states[from].empty.push_back(numbers[0]);
      for (const Node::Edge &edge : node.edges)
        connect(*edge.label, numbers[edge.from], numbers[edge.to]);
      for (uint32_t end : node.finals)
        states[numbers[end]].empty.push_back(to);
      return;
    }
    case Node::Kind::Automaton:
      return copyIn(*node.automaton, from, to);
    }
  }

  void copyIn(const Automaton &automaton, uint32_t from, uint32_t to) {
    uint32_t base = uint32_t(states.size());
    for (const Automaton::State &state : automaton.states) {
      add();
      full |= !work.take(state.edges.size() / 4);
    }
    if (full)
      return;
    states[from].empty.push_back(base);
    for (size_t i = 0; i < automaton.states.size(); ++i) {
      const Automaton::State &state = automaton.states[i];
      State &copy = states[base + i];
      for (Automaton::Edge edge : state.edges)
        copy.edges.push_back({edge.first, edge.last, base + edge.target});
      for (Automaton::Call call : state.calls)
        copy.calls.push_back({call.rule, base + call.target});
      if (state.accepts)
        copy.empty.push_back(to);
    }
  }

  void connectClass(const CharacterSet &set, uint32_t from, uint32_t to) {
    if (!plainClasses && (set.ranges().size() > 2 || (!set.empty() && set.ranges().back().last > 0x7F))) {
      auto known = std::ranges::find(classes, set, &std::pair<CharacterSet, Automaton>::first);
      if (known == classes.end()) {
        auto automaton = buildClass(set, work);
        if (!automaton) {
          full = true;
          return;
        }
        known = classes.insert(classes.end(), {set, std::move(*automaton)});
      }
      return copyIn(known->second, from, to);
    }
    for (const ByteSequence &sequence : byteSequences(set)) {
      uint32_t at = from;
      for (uint32_t i = 0; i < sequence.length; ++i) {
        uint32_t next = i + 1 == sequence.length ? to : add();
        states[at].edges.push_back({sequence.first[i], sequence.last[i], next});
        at = next;
      }
    }
  }

  void connectRepeat(const Node &node, uint32_t from, uint32_t to) {
    const Node &part = *node.parts[0];
    for (uint32_t i = 0; i < node.least && !full; ++i) {
      uint32_t next = add();
      connect(part, from, next);
      from = next;
    }
    if (full)
      return;
    if (node.most == unlimited) {
      // States of its own, so that ways into `from` and out of `to` do not mix with the loop.
      uint32_t loop = add();
      if (full)
        return;
      states[from].empty.push_back(loop);
      states[loop].empty.push_back(to);
      uint32_t back = add();
      connect(part, loop, back);
      if (!full)
        states[back].empty.push_back(loop);
      return;
    }
    states[from].empty.push_back(to);
    for (uint32_t i = node.least; i < node.most && !full; ++i) {
      uint32_t next = add();
      connect(part, from, next);
      if (!full)
        states[next].empty.push_back(to);
      from = next;
    }
  }

  /// Sorted, with everything that can be reached without reading.
  bool close(std::vector<uint32_t> &set, std::vector<uint32_t> &mark, uint32_t round) {
    for (uint32_t state : set)
      mark[state] = round;
    for (size_t at = 0; at < set.size(); ++at) {
      if (!work.take(1 + states[set[at]].empty.size()))
        return false;
      for (uint32_t next : states[set[at]].empty)
        if (mark[next] != round) {
          mark[next] = round;
          set.push_back(next);
        }
    }
    // Only states that read something, and the end, matter from here on.
    std::erase_if(
        set, [&](uint32_t state) { return state != 1 && states[state].edges.empty() && states[state].calls.empty(); });
    std::ranges::sort(set);
    return true;
  }
};

Result<Automaton> determinize(Network &network) {
  Automaton out;
  std::unordered_map<std::vector<uint32_t>, uint32_t, ListHash> numbers;
  std::vector<const std::vector<uint32_t> *> sets;
  std::vector<uint32_t> mark(network.states.size(), 0);
  uint32_t round = 0;
  auto numberOf = [&](std::vector<uint32_t> set) {
    if (!network.close(set, mark, ++round))
      return 0u;
    auto [at, fresh] = numbers.try_emplace(std::move(set), uint32_t(sets.size()));
    if (fresh)
      sets.push_back(&at->first);
    return at->second;
  };
  numberOf({0});
  std::vector<Automaton::Edge> edges;
  std::vector<Automaton::Call> calls;
  for (size_t at = 0; at < sets.size(); ++at) {
    edges.clear(), calls.clear();
    Automaton::State state;
    for (uint32_t member : *sets[at]) {
      const Network::State &from = network.states[member];
      edges.insert(edges.end(), from.edges.begin(), from.edges.end());
      calls.insert(calls.end(), from.calls.begin(), from.calls.end());
      state.accepts |= member == 1;
    }
    bool starts[257] = {true};
    for (const Automaton::Edge &edge : edges)
      starts[edge.first] = starts[edge.last + 1] = true;
    std::ranges::sort(edges, {}, &Automaton::Edge::first);
    std::vector<uint32_t> targets;
    for (int first = 0; first < 256;) {
      int next = first + 1;
      while (next < 256 && !starts[next])
        ++next;
      targets.clear();
      for (const Automaton::Edge &edge : edges) {
        if (edge.first > first)
          break;
        if (edge.last >= first)
          targets.push_back(edge.target);
      }
      if (!network.work.take(1 + edges.size() / 8 + targets.size()))
        return Work::failure();
      if (!targets.empty()) {
        std::ranges::sort(targets);
        targets.erase(std::ranges::unique(targets).begin(), targets.end());
        uint32_t target = numberOf(targets);
        if (!state.edges.empty() && state.edges.back().target == target && state.edges.back().last + 1 == first)
          state.edges.back().last = uint8_t(next - 1);
        else
          state.edges.push_back({uint8_t(first), uint8_t(next - 1), target});
      }
      first = next;
    }
    std::ranges::sort(calls, {}, [](const Automaton::Call &call) { return std::pair(call.rule, call.target); });
    for (size_t i = 0; i < calls.size();) {
      targets.clear();
      uint32_t rule = calls[i].rule;
      for (; i < calls.size() && calls[i].rule == rule; ++i)
        if (targets.empty() || targets.back() != calls[i].target)
          targets.push_back(calls[i].target);
      state.calls.push_back({rule, numberOf(targets)});
    }
    out.states.push_back(std::move(state));
    if (network.work.spent() || sets.size() > Automaton::maxStates)
      return Work::failure();
  }
  return out;
}

/// States that cannot be told apart become one. Leaves the automaton as it is when that would take too long.
void minimize(Automaton &automaton, Work &work) {
  size_t count = automaton.states.size();
  if (count > 3000)
    return;
  std::vector<uint32_t> group(count), next(count), key;
  for (size_t i = 0; i < count; ++i)
    group[i] = automaton.states[i].accepts;
  for (size_t groups = 0, round = 0; round < 400; ++round) {
    std::unordered_map<std::vector<uint32_t>, uint32_t, ListHash> numbers;
    for (size_t i = 0; i < count; ++i) {
      const Automaton::State &state = automaton.states[i];
      key.assign(1, group[i]);
      for (size_t e = 0; e < state.edges.size();) {
        uint32_t first = state.edges[e].first, target = group[state.edges[e].target], last;
        do
          last = state.edges[e++].last;
        while (e < state.edges.size() && state.edges[e].first == last + 1 && group[state.edges[e].target] == target);
        key.insert(key.end(), {first, last, target});
      }
      for (const Automaton::Call &call : state.calls)
        key.insert(key.end(), {1000 + call.rule, group[call.target]});
      if (!work.take(key.size() / 4 + 1))
        return;
      next[i] = numbers.try_emplace(key, uint32_t(numbers.size())).first->second;
    }
    group = next;
    if (numbers.size() == groups) {
      // The start is the first state, hence in group 0.
      std::vector<Automaton::State> merged(groups);
      std::vector<bool> done(groups);
      for (size_t i = 0; i < count; ++i) {
        if (done[group[i]])
          continue;
        done[group[i]] = true;
        Automaton::State &state = merged[group[i]];
        state.accepts = automaton.states[i].accepts;
        for (Automaton::Edge edge : automaton.states[i].edges) {
          edge.target = group[edge.target];
          if (!state.edges.empty() && state.edges.back().target == edge.target &&
              state.edges.back().last + 1 == edge.first)
            state.edges.back().last = edge.last;
          else
            state.edges.push_back(edge);
        }
        for (Automaton::Call call : automaton.states[i].calls)
          state.calls.push_back({call.rule, group[call.target]});
      }
      automaton.states = std::move(merged);
      return;
    }
    groups = numbers.size();
  }
}

Result<Automaton> buildClass(const CharacterSet &set, Work &work) {
  Network network(work);
  network.plainClasses = true;
  network.add();
  network.add();
  network.connectClass(set, 0, 1);
  if (network.full || work.spent())
    return Work::failure();
  auto automaton = determinize(network);
  if (automaton)
    minimize(*automaton, work);
  return automaton;
}

} // namespace

Result<Automaton> build(const Expression &expression, Work &work) {
  Network network(work);
  network.add();
  network.add();
  network.connect(*expression, 0, 1);
  if (network.full || work.spent())
    return Work::failure();
  auto automaton = determinize(network);
  if (!automaton)
    return automaton;
  trim(*automaton);
  minimize(*automaton, work);
  return automaton;
}

} // namespace lathe::grammar
