// See DryBreakers.h.
#include "runtime/sampling/DryBreakers.h"

#include <algorithm>
#include <map>

namespace lathe {

namespace {
constexpr size_t longestTail = 20; // tokens
} // namespace

std::vector<std::pair<int32_t, std::vector<int32_t>>> dryBreakers(const Tokenizer &tokenizer,
                                                                  std::span<const std::string> texts) {
  std::vector<std::pair<int32_t, std::vector<int32_t>>> breakers;
  std::map<std::string, std::vector<int32_t>> tails;
  auto tail = [&](std::string_view rest) -> const std::vector<int32_t> & {
    auto [entry, isNew] = tails.try_emplace(std::string(rest));
    if (isNew)
      if (auto tokens = tokenizer.encode(rest, /*addSpecial=*/false, /*parseSpecial=*/false))
        entry->second.assign(tokens->begin(), tokens->begin() + ptrdiff_t(std::min(tokens->size(), longestTail)));
    return entry->second;
  };
  std::string piece;
  for (size_t token = 0; token < tokenizer.spec().size(); ++token) {
    auto id = int32_t(token);
    piece.clear();
    tokenizer.appendPiece(id, piece);
    for (std::string_view text : texts) {
      if (text.empty())
        continue;
      if (piece.find(text) != std::string::npos) {
        breakers.emplace_back(id, std::vector<int32_t>());
        continue;
      }
      for (size_t count = 1; count < text.size() && count <= piece.size(); ++count)
        if (piece.ends_with(text.substr(0, count)))
          if (const std::vector<int32_t> &rest = tail(text.substr(count)); !rest.empty())
            breakers.emplace_back(id, rest);
    }
  }
  std::ranges::sort(breakers);
  auto repeated = std::ranges::unique(breakers);
  breakers.erase(repeated.begin(), repeated.end());
  return breakers;
}

} // namespace lathe
