// Knuth-Morris-Pratt for each stop string: a byte costs constant time for each, however long they are.
#include "runtime/tokenizer/StopStrings.h"

#include <algorithm>

namespace lathe {

StopStrings::StopStrings(std::vector<std::string> given) {
  for (size_t i = 0; i < given.size(); ++i) {
    if (given[i].empty())
      continue;
    Stop stop{std::move(given[i]), static_cast<int>(i), {0, 0}, 0};
    for (size_t n = 1; n < stop.text.size(); ++n) {
      uint32_t length = stop.border[n];
      while (length && stop.text[length] != stop.text[n])
        length = stop.border[length];
      stop.border.push_back(length + (stop.text[length] == stop.text[n]));
    }
    stops.push_back(std::move(stop));
  }
}

StopStrings::Found StopStrings::push(std::string_view text) {
  if (hit)
    return {};
  for (char c : text) {
    held += c;
    const Stop *best = nullptr;
    for (Stop &stop : stops) {
      while (stop.matched && stop.text[stop.matched] != c)
        stop.matched = stop.border[stop.matched];
      stop.matched += stop.text[stop.matched] == c;
      if (stop.matched == stop.text.size() && (!best || stop.text.size() > best->text.size()))
        best = &stop;
    }
    if (!best)
      continue;
    hit = true;
    Found found{held.substr(0, held.size() - best->text.size()), best->index};
    held.clear();
    return found;
  }
  size_t keep = 0;
  for (const Stop &stop : stops)
    keep = std::max(keep, stop.matched);
  Found found{held.substr(0, held.size() - keep), -1};
  held.erase(0, held.size() - keep);
  return found;
}

std::string StopStrings::finish() {
  std::string out = std::move(held);
  reset();
  return out;
}

void StopStrings::reset() {
  held.clear();
  hit = false;
  for (Stop &stop : stops)
    stop.matched = 0;
}

} // namespace lathe
