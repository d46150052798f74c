// Names and regular expressions of the published tokenizers, under the names that llama.cpp gave them. Each expression
// cuts the words that the one before it left.
#include "frontend/tokenizer/GgufPreTokenizers.h"

#include <array>

namespace lathe {
namespace {

#define CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define BEFORE_WORD "[^\\r\\n\\p{L}\\p{N}]?"
#define SPACES "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

constexpr const char *gpt2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)";
constexpr const char *llama3 =
    CONTRACTIONS "|" BEFORE_WORD "\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" SPACES;
constexpr const char *qwen2 = CONTRACTIONS "|" BEFORE_WORD "\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" SPACES;
constexpr const char *gpt4o =
    BEFORE_WORD UPPER "*" LOWER "+" CONTRACTIONS "?|" BEFORE_WORD UPPER "+" LOWER "*" CONTRACTIONS
                      "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" SPACES;
constexpr const char *tekken =
    BEFORE_WORD UPPER "*" LOWER "+|" BEFORE_WORD UPPER "+" LOWER "*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" SPACES;
constexpr const char *deepseek3 = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?"
                                  "[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|" SPACES;
constexpr const char *cjkAndKana = "[\\x{4e00}-\\x{9fa5}\\x{3040}-\\x{309f}\\x{30a0}-\\x{30ff}]+";
constexpr const char *cjkAndHangul = "[\\x{4e00}-\\x{9fa5}\\x{800}-\\x{4e00}\\x{ac00}-\\x{d7ff}]+";
constexpr const char *bloom = " ?[^(\\s|.,!?\\x{2026}\\x{3002}\\x{ff0c}\\x{3001}\\x{964}\\x{6d4}\\x{60c})]+";

#undef CONTRACTIONS
#undef UPPER
#undef LOWER
#undef BEFORE_WORD
#undef SPACES

struct Entry {
  std::string_view names; // separated by spaces
  std::array<const char *, 5> patterns;
  bool ignoreMerges = false, addBos = false;
};

constexpr Entry entries[] = {
    {"default", {"[\\p{P}\\$\\+<=>\\^~\\|]+", gpt2, "\\p{N}+", "[0-9][0-9][0-9]"}},
    {"gpt-2 phi-2 mpt olmo jais trillion exaone4 gigachat mellum a.x-4.0", {gpt2}},
    {"llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2", {llama3}, true, true},
    {"dbrx smaug-bpe glm4 chatglm-bpe", {llama3}},
    {"qwen2 deepseek-r1-qwen megrez stablelm2 hunyuan kormo grok-2 solar-open", {qwen2}},
    {"smollm starcoder refact command-r codeshell exaone minerva-7b", {"\\p{N}", gpt2}},
    {"falcon", {"[\\p{P}\\$\\+<=>\\^~\\|`]+", gpt2, "[0-9][0-9][0-9]"}},
    {"gpt-4o llama4 kanana2 minimax-m2", {gpt4o}},
    {"tekken", {tekken}, true, true},
    {"deepseek-coder", {"[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", cjkAndHangul, "\\p{N}"}},
    {"deepseek-v3 hunyuan-dense joyai-llm", {"\\p{N}{1,3}", cjkAndKana, deepseek3}},
    {"bloom gpt3-finnish poro-chat", {bloom}},
    {"viking", {bloom, "\\p{N}"}},
};

/// Calls `use` for each name until it says true.
template <class Use> void forEachName(Use use) {
  for (const Entry &entry : entries)
    for (size_t at = 0; at < entry.names.size();) {
      size_t end = std::min(entry.names.find(' ', at), entry.names.size());
      if (use(entry.names.substr(at, end - at), entry))
        return;
      at = end + 1;
    }
}

} // namespace

std::optional<GgufPreTokenizer> ggufPreTokenizer(std::string_view name) {
  std::optional<GgufPreTokenizer> found;
  forEachName([&](std::string_view known, const Entry &entry) {
    if (known != name)
      return false;
    found.emplace();
    found->ignoreMerges = entry.ignoreMerges;
    found->addBos = entry.addBos;
    for (const char *pattern : entry.patterns)
      if (pattern)
        found->steps.push_back({PreTokenizerKind::Split, SplitBehavior::Isolated, false, false, pattern, ""});
    return true;
  });
  return found;
}

std::string ggufPreTokenizerNames() {
  std::string names;
  forEachName([&](std::string_view name, const Entry &) {
    names.append(names.empty() ? "" : ", ").append(name);
    return false;
  });
  return names;
}

} // namespace lathe
