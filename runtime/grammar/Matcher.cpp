// See Matcher.h.
#include "runtime/grammar/Matcher.h"

#include <algorithm>

namespace lathe::grammar {

namespace {
uint64_t pack(uint32_t high, uint32_t low) { return (uint64_t(high) << 32) | low; }
} // namespace

// Set 0 is never used: its number means "unknown" in the table.
Matcher::Matcher(std::shared_ptr<const Grammar> grammar) : grammar_(std::move(grammar)), classes_(grammar_->classes()) {
  sets_.assign(2, {0, 0, false, false});
  table_.assign(2 * classes_, dead);
  frames_ = {{0, 0, 0}, {0, 0, maxNesting / 2}};
}

size_t Matcher::memory() const {
  return table_.size() * sizeof(uint32_t) + sets_.size() * (sizeof(Set) + 48) + places_.size() * sizeof(Place) +
         frames_.size() * (sizeof(Frame) + 40);
}

uint32_t Matcher::push(uint32_t state, uint32_t parent) {
  auto [at, fresh] = frameNumbers_.try_emplace(pack(state, parent), uint32_t(frames_.size()));
  if (fresh)
    frames_.push_back({state, parent, frames_[parent].depth + 1});
  return at->second;
}

void Matcher::reach(Place place) {
  if (reached_.size() < 16) {
    if (std::ranges::find(reached_, place) != reached_.end())
      return;
  } else {
    if (seen_.empty())
      for (const Place &old : reached_)
        seen_.emplace(pack(old.state, old.stack), true);
    if (!seen_.emplace(pack(place.state, place.stack), true).second)
      return;
  }
  reached_.push_back(place);
}

/// From `reached_` over calls and returns to the places that read a byte, in `kept_`.
bool Matcher::close() {
  kept_.clear();
  accepts_ = escapes_ = false;
  for (size_t i = 0; i < reached_.size(); ++i) {
    if (reached_.size() > maxPlaces * 4 || kept_.size() > maxPlaces || work_ == 0) {
      gaveUp_ = true;
      return false;
    }
    --work_;
    Place place = reached_[i];
    const Grammar::State &state = grammar_->states()[place.state];
    if (state.accepts) {
      if (place.stack == outermost)
        accepts_ = true;
      else if (place.stack == anyCallers)
        escapes_ = true;
      else
        reach({frames_[place.stack].state, frames_[place.stack].parent});
    }
    for (uint32_t c = state.callsBegin; c < state.callsEnd; ++c) {
      const Grammar::Call &call = grammar_->calls()[c];
      // A caller that has nothing left to do need not be returned to.
      if (grammar_->states()[call.target].last())
        reach({call.start, place.stack});
      else if (frames_[place.stack].depth < maxNesting)
        reach({call.start, push(call.target, place.stack)});
      else
        limited_ = true;
    }
    if (state.edgesBegin != state.edgesEnd)
      kept_.push_back(place);
  }
  return true;
}

uint32_t Matcher::intern() {
  std::ranges::sort(kept_);
  if (kept_.empty() && !accepts_ && !escapes_)
    return dead;
  uint64_t hash = 0xcbf29ce484222325u ^ (accepts_ ? 1 : 0) ^ (escapes_ ? 2 : 0);
  for (const Place &place : kept_) {
    hash = (hash ^ pack(place.state, place.stack)) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 32;
  }
  auto [from, to] = setNumbers_.equal_range(hash);
  for (; from != to; ++from) {
    const Set &set = sets_[from->second];
    if (set.accepts == accepts_ && set.escapes == escapes_ && std::ranges::equal(places(from->second), kept_))
      return from->second;
  }
  uint32_t number = uint32_t(sets_.size());
  sets_.push_back({uint32_t(places_.size()), uint32_t(places_.size() + kept_.size()), accepts_, escapes_});
  places_.insert(places_.end(), kept_.begin(), kept_.end());
  table_.resize(table_.size() + classes_, unknown);
  setNumbers_.emplace(hash, number);
  return number;
}

uint32_t Matcher::start() {
  reached_.clear(), seen_.clear();
  reach({grammar_->start(), outermost});
  return close() ? intern() : dead;
}

uint32_t Matcher::at(Place place) {
  kept_.assign(1, place);
  accepts_ = escapes_ = false;
  return intern();
}

uint32_t Matcher::import(const Matcher &from, uint32_t set) {
  if (set == dead)
    return dead;
  imported_.clear();
  imported_.emplace(outermost, outermost);
  imported_.emplace(anyCallers, anyCallers);
  std::vector<Place> translated;
  for (const Place &place : from.places(set)) {
    std::vector<uint32_t> chain;
    uint32_t stack = place.stack;
    for (; !imported_.contains(stack); stack = from.frames_[stack].parent)
      chain.push_back(stack);
    uint32_t here = imported_.at(stack);
    for (; !chain.empty(); chain.pop_back()) {
      here = push(from.frames_[chain.back()].state, here);
      imported_.emplace(chain.back(), here);
    }
    translated.push_back({place.state, here});
  }
  kept_ = std::move(translated);
  accepts_ = from.sets_[set].accepts, escapes_ = from.sets_[set].escapes;
  return intern();
}

uint32_t Matcher::stepSlowly(uint32_t set, uint32_t byteClass) {
  uint8_t byte = grammar_->representative(byteClass);
  reached_.clear(), seen_.clear();
  for (uint32_t i = sets_[set].begin; i < sets_[set].end; ++i) {
    Place place = places_[i];
    if (const Grammar::Edge *edge = grammar_->edge(place.state, byte))
      reach({edge->target, place.stack});
  }
  uint64_t cost = 1 + (sets_[set].end - sets_[set].begin) / 4;
  work_ = work_ > cost ? work_ - cost : 0;
  if (!close())
    return dead;
  uint32_t next = intern();
  table_[size_t(set) * classes_ + byteClass] = next;
  return next;
}

} // namespace lathe::grammar
