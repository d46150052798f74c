// The steps of a pre-tokenizer, each over the words that the one before it left. The rules of the split behaviours are
// those of Hugging Face's tokenizers.
#include "runtime/tokenizer/PreTokenizer.h"

#include "runtime/tokenizer/ByteAlphabet.h"

#include <algorithm>

namespace lathe {
namespace {

/// Bytes that the steps may write for a text.
size_t limitFor(size_t size) { return size * 64 + (size_t{16} << 20); }

struct Part {
  size_t begin, end;
  bool match;
};

/// Matches and what lies between them, in order.
void partition(std::string_view word, const std::vector<Regex::Match> &matches, bool invert, std::vector<Part> &parts) {
  size_t at = 0;
  for (Regex::Match match : matches) {
    if (match.begin > at)
      parts.push_back({at, match.begin, invert});
    parts.push_back({match.begin, match.end, !invert});
    at = match.end;
  }
  if (at < word.size())
    parts.push_back({at, word.size(), invert});
}

void merge(std::vector<Part> &parts, SplitBehavior behavior) {
  std::vector<Part> merged;
  bool previous = false;
  auto forward = [&](const Part &part, bool joins) {
    if (joins && !merged.empty())
      merged.back().end = part.end;
    else
      merged.push_back(part);
    previous = part.match;
  };
  switch (behavior) {
  case SplitBehavior::Isolated:
    return;
  case SplitBehavior::Removed:
    std::erase_if(parts, [](const Part &part) { return part.match; });
    return;
  case SplitBehavior::MergedWithPrevious:
    for (const Part &part : parts)
      forward(part, part.match && !previous);
    break;
  case SplitBehavior::Contiguous:
    for (const Part &part : parts)
      forward(part, part.match == previous);
    break;
  case SplitBehavior::MergedWithNext:
    for (size_t i = parts.size(); i-- > 0;) {
      if (parts[i].match && !previous && !merged.empty())
        merged.back().begin = parts[i].begin;
      else
        merged.push_back(parts[i]);
      previous = parts[i].match;
    }
    std::reverse(merged.begin(), merged.end());
    break;
  }
  parts = std::move(merged);
}

std::string replaced(std::string_view word, const PreTokenizerStep &step, size_t maxChanged) {
  std::string out;
  for (size_t at = 0;;) {
    size_t found = step.pattern.empty() ? std::string_view::npos : word.find(step.pattern, at);
    out.append(word, at, found - at);
    if (found == std::string_view::npos)
      return out;
    out += step.content;
    at = found + step.pattern.size();
    if (out.size() > maxChanged)
      return out;
  }
}

std::string inAlphabet(std::string_view word) {
  std::string out;
  for (char c : word)
    appendUtf8(out, byteAlphabet[static_cast<uint8_t>(c)]);
  return out;
}

} // namespace

Result<PreTokenizer> PreTokenizer::create(const std::vector<PreTokenizerStep> &steps) {
  PreTokenizer preTokenizer;
  preTokenizer.steps = &steps;
  for (const PreTokenizerStep &step : steps) {
    preTokenizer.regexes.emplace_back();
    if (step.kind != PreTokenizerKind::Split)
      continue;
    Result<Regex> regex = Regex::compile(step.pattern);
    if (!regex)
      return Status::failure("tokenizer: pre-tokenizer: " + regex.message());
    preTokenizer.regexes.back() = std::move(*regex);
  }
  return preTokenizer;
}

Status PreTokenizer::cut(std::string_view text, bool atStart, RegexBudget &budget, Words &words) const {
  words.list.assign(1, text);
  words.changed.clear();
  bool spelled = false;
  size_t changedBytes = 0, maxChanged = limitFor(text.size());
  std::vector<Regex::Match> matches;
  std::vector<Part> parts;
  std::vector<std::string_view> next;
  auto keep = [&](std::string word) {
    changedBytes += word.size();
    next.push_back(words.changed.emplace_back(std::move(word)));
  };
  for (size_t i = 0; i < steps->size(); ++i) {
    const PreTokenizerStep &step = (*steps)[i];
    next.clear();
    for (size_t w = 0; w < words.list.size(); ++w) {
      std::string_view word = words.list[w];
      switch (step.kind) {
      case PreTokenizerKind::Prepend:
        if (word.starts_with(step.content) || (step.firstOnly && !(atStart && w == 0)))
          next.push_back(word);
        else
          keep(step.content + std::string(word));
        break;
      case PreTokenizerKind::Replace:
        keep(replaced(word, step, maxChanged));
        break;
      case PreTokenizerKind::ByteAlphabet:
        spelled = true;
        keep(inAlphabet(word));
        break;
      case PreTokenizerKind::Split:
        matches.clear();
        parts.clear();
        if (Status status = regexes[i]->findAll(word, budget, matches); !status)
          return Status::failure("tokenizer: pre-tokenizer: " + status.message());
        partition(word, matches, step.invert, parts);
        merge(parts, step.behavior);
        for (const Part &part : parts)
          if (part.end > part.begin)
            next.push_back(word.substr(part.begin, part.end - part.begin));
        break;
      }
      if (changedBytes > maxChanged)
        return Status::failure("tokenizer: pre-tokenizer: a text of " + std::to_string(text.size()) +
                               " bytes grows beyond " + std::to_string(maxChanged));
    }
    words.list.swap(next);
  }
  if (!spelled)
    return Status::success();
  for (std::string_view &word : words.list)
    if (std::optional<std::string> bytes = bytesOfAlphabet(word))
      word = words.changed.emplace_back(std::move(*bytes));
  return Status::success();
}

} // namespace lathe
