// Ranks become scores: of two neighbours the pair whose bytes have the lowest rank is joined first.
#include "frontend/tokenizer/TiktokenFile.h"

#include "frontend/tokenizer/EndTokens.h"
#include "frontend/tokenizer/TokenizerSteps.h"

#include <charconv>
#include <vector>

namespace lathe {
namespace {

constexpr size_t maxTokens = size_t{1} << 24;
constexpr const char *qwenPattern =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
    "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
constexpr const char *llamaPattern =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
    "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

struct Family {
  const char *pattern;
  std::vector<std::string> special;
  const char *bos, *eos;
  bool addsBos;
};

Family qwen() {
  Family family{qwenPattern, {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}, nullptr, "<|endoftext|>", false};
  for (int i = 0; i < 205; ++i)
    family.special.push_back("<|extra_" + std::to_string(i) + "|>");
  return family;
}

Family llama3() {
  Family family{llamaPattern,
                {"<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>",
                 "<|finetune_right_pad_id|>", "<|step_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>",
                 "<|eot_id|>", "<|python_tag|>"},
                "<|begin_of_text|>",
                "<|end_of_text|>",
                true};
  for (int i = 2; family.special.size() < 256; ++i)
    family.special.push_back("<|reserved_special_token_" + std::to_string(i) + "|>");
  return family;
}

/// One line: false when it is none.
bool readLine(std::string_view line, std::string &bytes, uint64_t &rank) {
  size_t space = line.find(' ');
  if (space == std::string_view::npos || space == 0)
    return false;
  std::string_view number = line.substr(space + 1);
  if (!number.empty() && number.back() == '\r')
    number.remove_suffix(1);
  auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), rank);
  std::optional<std::string> decoded = bytesOfBase64(line.substr(0, space));
  if (error != std::errc() || end != number.data() + number.size() || !decoded || decoded->empty())
    return false;
  bytes = std::move(*decoded);
  return true;
}

} // namespace

bool isTiktoken(std::string_view text) {
  std::string bytes;
  uint64_t rank = 0;
  return readLine(text.substr(0, std::min<size_t>(text.find('\n'), 4096)), bytes, rank);
}

Result<TokenizerSpec> parseTiktoken(const std::string &name, std::string_view text, const TokenizerFiles &beside) {
  auto fail = [&](const std::string &message) { return Status::failure(name + ": " + message); };
  TokenizerSpec spec;
  spec.model = TokenizerModel::ScoredBytes;
  spec.flags = TokenizerIgnoreMerges;
  for (size_t line = 1; !text.empty(); ++line) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string bytes;
    uint64_t rank = 0;
    if (end > 0) {
      if (!readLine(text.substr(0, end), bytes, rank))
        return fail("line " + std::to_string(line) + " is not base64 bytes and a rank");
      if (rank != spec.size() || rank >= maxTokens)
        return fail("line " + std::to_string(line) + " has the rank " + std::to_string(rank) + ", expected " +
                    std::to_string(spec.size()));
      spec.addPiece(bytes, TokenType::Normal);
      spec.scores.push_back(-static_cast<double>(rank));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  Result<TokenizerBeside> around = readTokenizerBeside(beside);
  if (!around)
    return around.status();
  bool isQwen = around->tokenizerClass.starts_with("Qwen") || around->modelType == "qwen";
  if (!isQwen && spec.size() != 128000)
    return fail("the file has " + std::to_string(spec.size()) +
                " ranks and no pattern; only those of Qwen and of Llama 3 "
                "are known; a tokenizer.json beside it would say everything");
  Family family = isQwen ? qwen() : llama3();
  for (const std::string &special : family.special) {
    int32_t id = static_cast<int32_t>(spec.size());
    spec.addPiece(special, TokenType::Control);
    spec.scores.push_back(0);
    spec.addedTokens.push_back({id, AddedSpecial});
    if (family.bos && special == family.bos)
      spec.bos = id;
    if (special == family.eos)
      spec.eos = id;
  }
  spec.preTokenizers.push_back({PreTokenizerKind::Split, SplitBehavior::Isolated, false, false, family.pattern, ""});
  addEndToken(spec, spec.eos);
  for (int64_t end : around->endIds)
    if (end >= 0 && end < static_cast<int64_t>(spec.size()))
      addEndToken(spec, static_cast<int32_t>(end));
  addKnownEndTokens(spec);
  if (around->addBos.value_or(family.addsBos) && spec.bos != TokenizerSpec::none)
    spec.prefix = {spec.bos};
  spec.chatTemplate = around->chatTemplate;
  if (Status status = spec.validate(); !status)
    return fail(status.message());
  return spec;
}

} // namespace lathe
