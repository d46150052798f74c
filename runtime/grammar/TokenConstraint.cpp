// See TokenConstraint.h. A place in a rule decides most tokens whatever its callers are; these verdicts are kept for
// each place, as XGrammar does (Dong et al., "XGrammar: Flexible and Efficient Structured Generation Engine for Large
// Language Models", 2024), and only tokens that go on behind the end of the rule are tried with the stack there is.
#include "runtime/grammar/TokenConstraint.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace lathe {

using grammar::Matcher;
using grammar::TokenTrie;

namespace {
constexpr size_t maxMemory = size_t{96} << 20; // then a new Memory begins
constexpr uint64_t workOfMask = 8'000'000, workOfToken = 2'000'000;
constexpr size_t fewPlaces = 4;
} // namespace

struct TokenConstraint::Verdicts {
  TokenMask allowed;
  std::vector<int32_t> open; // tokens that leave the rule, in the order of their texts
};

struct TokenConstraint::Memory {
  explicit Memory(std::shared_ptr<const grammar::Grammar> grammar) : matcher(std::move(grammar)) {}
  Matcher matcher;
  std::unordered_map<uint32_t, std::shared_ptr<const TokenMask>> masks;   // by set
  std::unordered_map<uint32_t, std::unique_ptr<const Verdicts>> verdicts; // by set of one place
  size_t bytes = 0;                                                       // of both
  size_t size() const { return matcher.memory() + bytes; }
  std::vector<uint32_t> path;
};

void TokenMask::add(const TokenMask &other) {
  for (size_t i = 0; i < words_.size(); ++i)
    words_[i] |= other.words_[i];
}

bool TokenMask::none() const {
  return std::ranges::all_of(words_, [](uint64_t word) { return word == 0; });
}

size_t TokenMask::count() const {
  size_t count = 0;
  for (uint64_t word : words_)
    count += size_t(std::popcount(word));
  return count;
}

void TokenMask::apply(std::span<float> logits) const {
  constexpr float never = -std::numeric_limits<float>::infinity();
  for (size_t w = 0; w * 64 < logits.size(); ++w) {
    uint64_t word = w < words_.size() ? words_[w] : 0;
    size_t begin = w * 64, end = std::min(logits.size(), begin + 64);
    if (word == 0)
      std::fill(logits.begin() + ptrdiff_t(begin), logits.begin() + ptrdiff_t(end), never);
    else if (word != UINT64_MAX)
      for (size_t i = begin; i < end; ++i)
        logits[i] = (word >> (i - begin) & 1) ? logits[i] : never;
  }
}

TokenConstraint::TokenConstraint(std::shared_ptr<const grammar::Grammar> grammar,
                                 std::shared_ptr<const TokenTrie> tokens)
    : grammar_(std::move(grammar)), tokens_(std::move(tokens)), alike_(grammar_->alike(tokens_->depth())),
      memory_(fresh()) {}
TokenConstraint::~TokenConstraint() = default;

std::shared_ptr<TokenConstraint::Memory> TokenConstraint::fresh() const {
  auto memory = std::make_shared<Memory>(grammar_);
  memory->path.resize(tokens_->depth() + 1);
  return memory;
}

Status TokenConstraint::stuck(const Memory &memory) const {
  if (memory.matcher.gaveUp())
    return Status::failure("grammar: too many ways to read the text at once; a less ambiguous grammar would help");
  return Status::failure("grammar: the text cannot go on like this");
}

/// Moves a state into the memory of now, which begins anew when it has become large.
Status TokenConstraint::enter(State &state) {
  if (!state.memory)
    return Status::failure("grammar: the state is in no text");
  if (memory_->size() > maxMemory)
    memory_ = fresh();
  if (state.memory != memory_) {
    state.set = memory_->matcher.import(state.memory->matcher, state.set);
    state.memory = memory_;
  }
  return Status::success();
}

Result<TokenConstraint::State> TokenConstraint::start() {
  std::lock_guard lock(mutex_);
  State state;
  state.memory = memory_;
  memory_->matcher.allow(workOfToken);
  state.set = memory_->matcher.start();
  if (state.set == Matcher::dead)
    return stuck(*memory_);
  return state;
}

Result<TokenConstraint::State> TokenConstraint::advance(const State &state, std::string_view text) {
  std::lock_guard lock(mutex_);
  State next = state;
  if (Status status = enter(next); !status)
    return status;
  Matcher &matcher = next.memory->matcher;
  matcher.allow(workOfToken);
  next.set = matcher.walk(next.set, text);
  if (next.set == Matcher::dead)
    return stuck(*next.memory);
  return next;
}

Result<TokenConstraint::State> TokenConstraint::advance(const State &state, int32_t token) {
  std::string_view text = tokens_->text(token);
  if (text.empty())
    return Status::failure("grammar: token " + std::to_string(token) + " stands for no text");
  return advance(state, text);
}

bool TokenConstraint::mayEnd(const State &state) const {
  return state.memory && state.set != Matcher::dead && state.memory->matcher.accepts(state.set);
}

/// Allows the tokens after which something is left of `set`. Tokens that are not, but on whose way the rule of `set`
/// had ended for callers unknown, go into `open`.
void TokenConstraint::decide(Memory &memory, uint32_t set, TokenMask &mask, std::vector<int32_t> *open) {
  Matcher &matcher = memory.matcher;
  std::span<const TokenTrie::Node> nodes = tokens_->nodes();
  uint32_t *path = memory.path.data();
  path[0] = set;
  uint32_t escapedAt = UINT32_MAX; // the least depth at which the rule had ended
  for (uint32_t n = 1; n < nodes.size();) {
    const TokenTrie::Node &node = nodes[n];
    if (node.depth <= escapedAt)
      escapedAt = UINT32_MAX;
    uint32_t next = matcher.step(path[node.depth - 1], node.byte);
    if (next == Matcher::dead && escapedAt == UINT32_MAX) {
      n = node.end;
      continue;
    }
    path[node.depth] = next;
    // A set without places that may end is alive only if the end is really allowed: with callers unknown, that is open.
    bool alive = next != Matcher::dead && (!matcher.places(next).empty() || matcher.accepts(next));
    for (int32_t token : tokens_->tokens(n))
      if (alive)
        mask.allow(token);
      else if (open && escapedAt != UINT32_MAX)
        open->push_back(token);
      else if (next != Matcher::dead)
        mask.allow(token);
    if (escapedAt == UINT32_MAX && open && next != Matcher::dead && matcher.escapes(next))
      escapedAt = node.depth;
    ++n;
  }
}

/// Tries tokens one by one; neighbours share the beginning of their ways.
void TokenConstraint::decideOpen(Memory &memory, uint32_t set, const std::vector<int32_t> &open, TokenMask &mask) {
  Matcher &matcher = memory.matcher;
  uint32_t *path = memory.path.data();
  path[0] = set;
  std::string_view before;
  size_t known = 0; // path[0 .. known] belong to `before`
  for (int32_t token : open) {
    std::string_view text = tokens_->text(token);
    size_t common = size_t(std::ranges::mismatch(before, text).in1 - before.begin());
    size_t at = std::min(common, known);
    for (; at < text.size() && path[at] != Matcher::dead; ++at)
      path[at + 1] = matcher.step(path[at], uint8_t(text[at]));
    before = text;
    known = at;
    if (at == text.size() && path[at] != Matcher::dead)
      mask.allow(token);
  }
}

const TokenConstraint::Verdicts *TokenConstraint::verdicts(Memory &memory, Matcher::Place place) {
  // A place without callers has its whole context.
  if (place.stack != Matcher::outermost)
    place.stack = Matcher::anyCallers;
  place.state = alike_[place.state];
  uint32_t set = memory.matcher.at(place);
  auto at = memory.verdicts.find(set);
  if (at != memory.verdicts.end())
    return at->second.get();
  auto made = std::make_unique<Verdicts>(Verdicts{TokenMask(tokens_->vocabulary()), {}});
  decide(memory, set, made->allowed, &made->open);
  if (memory.matcher.gaveUp())
    return nullptr;
  memory.bytes += made->allowed.words().size_bytes() + made->open.size() * sizeof(int32_t);
  return memory.verdicts.emplace(set, std::move(made)).first->second.get();
}

Result<std::shared_ptr<const TokenMask>> TokenConstraint::mask(const State &given) {
  std::lock_guard lock(mutex_);
  State state = given;
  if (Status status = enter(state); !status)
    return status;
  Memory &memory = *state.memory;
  auto at = memory.masks.find(state.set);
  if (at != memory.masks.end())
    return at->second;
  memory.matcher.allow(workOfMask);
  auto mask = std::make_shared<TokenMask>(tokens_->vocabulary());
  // Copied, as the matcher's list moves.
  std::vector<Matcher::Place> places(memory.matcher.places(state.set).begin(), memory.matcher.places(state.set).end());
  auto shallow = [&](Matcher::Place place) { return memory.matcher.nesting(place.stack) <= Matcher::maxNesting / 2; };
  bool each = places.size() <= fewPlaces && std::ranges::all_of(places, shallow);
  for (size_t i = 0; i < places.size() && each; ++i) {
    const Verdicts *verdict = verdicts(memory, places[i]);
    if (!verdict)
      return stuck(memory);
    mask->add(verdict->allowed);
    decideOpen(memory, state.set, verdict->open, *mask);
    each = !memory.matcher.limited();
  }
  if (!each) {
    *mask = TokenMask(tokens_->vocabulary());
    decide(memory, state.set, *mask, nullptr);
  }
  if (memory.matcher.gaveUp())
    return stuck(memory);
  memory.bytes += mask->words().size_bytes();
  memory.masks.emplace(state.set, mask);
  return std::shared_ptr<const TokenMask>(std::move(mask));
}

} // namespace lathe
