// Searches with pcre2. A search looks at a window of starting points at a time, so that the time is looked at even when
// a hostile pattern needs its whole step limit at every one of them.
#include "runtime/tokenizer/Regex.h"

#include "runtime/tokenizer/Utf8.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <algorithm>
#include <array>
#include <pcre2.h>

namespace lathe {
namespace {

constexpr size_t maxPattern = 64 * 1024;
constexpr size_t window = 256;              // starting points between two looks at the clock
constexpr uint32_t stepsPerStart = 1 << 20; // for short texts; long ones get more
constexpr uint32_t heapLimit = 64 * 1024;   // KiB

/// Long names of general categories in Oniguruma that pcre2 does not know.
constexpr std::array<std::pair<std::string_view, std::string_view>, 24> categories{{
    {"letter", "L"},
    {"uppercaseletter", "Lu"},
    {"lowercaseletter", "Ll"},
    {"titlecaseletter", "Lt"},
    {"modifierletter", "Lm"},
    {"otherletter", "Lo"},
    {"mark", "M"},
    {"nonspacingmark", "Mn"},
    {"spacingmark", "Mc"},
    {"enclosingmark", "Me"},
    {"number", "N"},
    {"decimalnumber", "Nd"},
    {"letternumber", "Nl"},
    {"othernumber", "No"},
    {"punctuation", "P"},
    {"punct", "P"},
    {"symbol", "S"},
    {"mathsymbol", "Sm"},
    {"currencysymbol", "Sc"},
    {"separator", "Z"},
    {"spaceseparator", "Zs"},
    {"other", "C"},
    {"control", "Cc"},
    {"format", "Cf"},
}};

/// Scripts mean Script here and Script_Extensions in pcre2.
constexpr std::array<std::string_view, 12> scripts{"han",    "hiragana", "katakana", "hangul",
                                                   "latin",  "greek",    "cyrillic", "arabic",
                                                   "hebrew", "thai",     "bengali",  "devanagari"};

/// Classes that Oniguruma takes from Unicode and pcre2 makes of its own lists.
std::string_view translateClass(char letter, bool inClass) {
  switch (letter) {
  case 's':
    return "\\p{wspace}";
  case 'S':
    return "\\P{wspace}";
  case 'w':
    return inClass ? "\\p{alpha}\\p{M}\\p{Nd}\\p{Pc}" : "[\\p{alpha}\\p{M}\\p{Nd}\\p{Pc}]";
  case 'W':
    return inClass ? "" : "[^\\p{alpha}\\p{M}\\p{Nd}\\p{Pc}]";
  default:
    return "";
  }
}

std::string translateProperty(std::string_view name) {
  std::string plain, negation(name.substr(0, name.starts_with('^') ? 1 : 0));
  name.remove_prefix(negation.size());
  for (char c : name)
    if (c != '_' && c != ' ' && c != '-')
      plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  auto category = std::find_if(categories.begin(), categories.end(), [&](auto &entry) { return entry.first == plain; });
  if (category != categories.end())
    return negation + std::string(category->second);
  bool script = std::find(scripts.begin(), scripts.end(), plain) != scripts.end();
  return negation + (script ? "sc:" : "") + std::string(name);
}

std::string translate(std::string_view pattern) {
  std::string out;
  bool inClass = false;
  for (size_t at = 0; at < pattern.size();) {
    char c = pattern[at];
    if (c != '\\' || at + 1 >= pattern.size()) {
      if (!inClass && c == '[') {
        inClass = true;
        size_t first = at + 1 + (at + 1 < pattern.size() && pattern[at + 1] == '^');
        first += first < pattern.size() && pattern[first] == ']'; // a literal bracket
        out.append(pattern, at, first - at);
        at = first;
        continue;
      }
      if (inClass && c == ']')
        inClass = false;
      out += c;
      ++at;
      continue;
    }
    char letter = pattern[at + 1];
    size_t close = pattern.find('}', at);
    if ((letter == 'p' || letter == 'P') && at + 2 < pattern.size() && pattern[at + 2] == '{' &&
        close != std::string_view::npos && close - at < 64) {
      out.append(pattern, at, 3).append(translateProperty(pattern.substr(at + 3, close - at - 3))) += '}';
      at = close + 1;
      continue;
    }
    std::string_view translated = translateClass(letter, inClass);
    out.append(translated.empty() ? pattern.substr(at, 2) : translated);
    at += 2;
  }
  return out;
}

std::string errorText(int code) {
  PCRE2_UCHAR text[160];
  return pcre2_get_error_message(code, text, sizeof text) < 0 ? "error " + std::to_string(code)
                                                              : reinterpret_cast<const char *>(text);
}

} // namespace

struct RegexBudget::Memory {
  pcre2_match_context *context = pcre2_match_context_create(nullptr);
  pcre2_match_data *data = pcre2_match_data_create(1, nullptr);
  pcre2_jit_stack *stack = nullptr;

  ~Memory() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    if (stack)
      pcre2_jit_stack_free(stack);
  }
};

RegexBudget::RegexBudget(size_t textSize)
    : memory(std::make_unique<Memory>()),
      deadline(std::chrono::steady_clock::now() + std::chrono::seconds(5) + std::chrono::microseconds(4 * textSize)) {}
RegexBudget::~RegexBudget() = default;

struct Regex::Code {
  pcre2_code *compiled = nullptr;
  ~Code() { pcre2_code_free(compiled); }
};

Regex::Regex(std::unique_ptr<Code> code) : code(std::move(code)) {}
Regex::Regex(Regex &&) noexcept = default;
Regex &Regex::operator=(Regex &&) noexcept = default;
Regex::~Regex() = default;

Result<Regex> Regex::compile(std::string_view pattern) {
  if (pattern.size() > maxPattern)
    return Status::failure("a regular expression has " + std::to_string(pattern.size()) + " bytes, more than " +
                           std::to_string(maxPattern));
  int error = 0;
  PCRE2_SIZE place = 0;
  auto code = std::make_unique<Code>();
  pcre2_compile_context *context = pcre2_compile_context_create(nullptr);
  pcre2_set_parens_nest_limit(context, 100);
  // Before pcre2 10.40 there are no binary properties: then its own classes have to do.
  for (const std::string &text : {translate(pattern), std::string(pattern)})
    if (!code->compiled)
      code->compiled = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                                     PCRE2_UTF | PCRE2_UCP | PCRE2_USE_OFFSET_LIMIT | PCRE2_NEVER_BACKSLASH_C, &error,
                                     &place, context);
  pcre2_compile_context_free(context);
  if (!code->compiled)
    return Status::failure("the regular expression '" + repairUtf8(pattern.substr(0, 200)) +
                           "' is not understood at byte " + std::to_string(place) + ": " + errorText(error));
  pcre2_jit_compile(code->compiled, PCRE2_JIT_COMPLETE); // without JIT the interpreter does the same
  return Regex(std::move(code));
}

Status Regex::findInValid(std::string_view text, size_t offset, RegexBudget &budget,
                          std::vector<Match> &matches) const {
  RegexBudget::Memory &memory = *budget.memory;
  auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  if (!memory.context || !memory.data)
    return Status::failure("no memory for a search");
  pcre2_set_match_limit(memory.context,
                        static_cast<uint32_t>(std::min<size_t>(stepsPerStart + 16 * text.size(), 1u << 30)));
  pcre2_set_heap_limit(memory.context, heapLimit);
  uint32_t sinceClock = 0;
  for (size_t start = 0; start < text.size();) {
    size_t limit = std::min(start + window, text.size());
    pcre2_set_offset_limit(memory.context, limit);
    int rc = pcre2_match(code->compiled, subject, text.size(), start, PCRE2_NO_UTF_CHECK, memory.data, memory.context);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT && !memory.stack) {
      memory.stack = pcre2_jit_stack_create(32 * 1024, 8 * 1024 * 1024, nullptr);
      pcre2_jit_stack_assign(memory.context, nullptr, memory.stack);
      continue;
    }
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
      rc = pcre2_match(code->compiled, subject, text.size(), start, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, memory.data,
                       memory.context);
    if (rc < 0 && rc != PCRE2_ERROR_NOMATCH)
      return Status::failure("a regular expression gives up on the text: " + errorText(rc));
    if ((rc == PCRE2_ERROR_NOMATCH || ++sinceClock % 64 == 0) && std::chrono::steady_clock::now() > budget.deadline)
      return Status::failure("a regular expression takes too long on the text");
    if (rc == PCRE2_ERROR_NOMATCH) {
      if (limit == text.size())
        break;
      start = limit + 1;
      while (start < text.size() && (static_cast<uint8_t>(text[start]) & 0xc0) == 0x80)
        ++start;
      continue;
    }
    PCRE2_SIZE *found = pcre2_get_ovector_pointer(memory.data);
    size_t begin = found[0], end = found[1];
    if (begin > end || begin < start) // \K can move the beginning anywhere
      return Status::failure("a regular expression gives a match that ends before it begins");
    matches.push_back({offset + begin, offset + end});
    start = end;
    if (begin == end) {
      ++start;
      while (start < text.size() && (static_cast<uint8_t>(text[start]) & 0xc0) == 0x80)
        ++start;
    }
  }
  return Status::success();
}

Status Regex::findAll(std::string_view text, RegexBudget &budget, std::vector<Match> &matches) const {
  for (size_t at = 0; at < text.size();) {
    Utf8Step step{};
    size_t end = at;
    while (end < text.size() && (step = stepUtf8(text, end)).state == Utf8State::Valid)
      end += step.length;
    if (Status status = findInValid(text.substr(at, end - at), at, budget, matches); !status)
      return status;
    at = end < text.size() ? end + step.length : end;
  }
  return Status::success();
}

std::string escapeForRegex(std::string_view text) {
  std::string out;
  for (char c : text) {
    bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c & 0x80) || c == '_';
    if (!plain)
      out += '\\';
    out += c;
  }
  return out;
}

} // namespace lathe
