// Python's methods as templates use them. Case is Unicode's, by utf8proc.
#include "runtime/chat/TemplateMethods.h"

#include "runtime/tokenizer/Utf8.h"

#include <algorithm>
#include <array>
#include <utf8proc.h>

namespace lathe::chat {
namespace {

constexpr std::array<std::string_view, 30> stringMethods{
    "format",       "strip",        "lstrip",    "rstrip",     "split",   "rsplit",     "splitlines", "startswith",
    "endswith",     "replace",      "upper",     "lower",      "title",   "capitalize", "find",       "rfind",
    "count",        "join",         "isdigit",   "isalpha",    "isalnum", "isspace",    "isupper",    "islower",
    "removeprefix", "removesuffix", "partition", "rpartition", "zfill",   "index"};
constexpr std::array<std::string_view, 5> dictMethods{"items", "keys", "values", "get", "copy"};
constexpr std::array<std::string_view, 3> listMethods{"index", "count", "copy"};

template <class Use> void forEachCodePoint(std::string_view text, Use use) {
  for (size_t at = 0; at < text.size();) {
    Utf8Step step = stepUtf8(text, at);
    use(step.state == Utf8State::Valid ? step.codePoint : 0xfffd);
    at += step.length;
  }
}

void appendUpper(std::string &out, uint32_t c) {
  if (c == 0xdf)
    out += "SS";
  else
    appendUtf8(out, static_cast<uint32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))));
}
void appendLower(std::string &out, uint32_t c) {
  appendUtf8(out, static_cast<uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
}

bool isLetter(uint32_t c) {
  auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}
bool isDecimal(uint32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)) == UTF8PROC_CATEGORY_ND; }

template <class Test> bool allOf(std::string_view text, Test test) {
  bool all = !text.empty();
  forEachCodePoint(text, [&](uint32_t c) { all = all && test(c); });
  return all;
}

/// Every cased character has the case, and there is one.
bool hasCase(std::string_view text, bool upper) {
  bool any = false, all = true;
  forEachCodePoint(text, [&](uint32_t c) {
    auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
    bool isUpper = category == UTF8PROC_CATEGORY_LU, isLower = category == UTF8PROC_CATEGORY_LL;
    any = any || isUpper || isLower;
    all = all && !(upper ? isLower : isUpper);
  });
  return any && all;
}

Value splitText(std::string_view text, const Arguments &arguments, bool fromRight, Budget &budget) {
  Value separator = arguments.get(0, "sep", nullptr);
  int64_t most = integerArgument(arguments.get(1, "maxsplit", -1), "maxsplit");
  size_t limit = most < 0 ? SIZE_MAX : static_cast<size_t>(most);
  std::vector<std::string_view> parts;
  if (separator.isNone()) {
    std::vector<std::pair<size_t, size_t>> words;
    size_t begin = 0;
    bool inside = false;
    for (size_t at = 0; at <= text.size();) {
      Utf8Step step = at < text.size() ? stepUtf8(text, at) : Utf8Step{Utf8State::Valid, 1, ' '};
      bool space = step.state == Utf8State::Valid && isUnicodeSpace(step.codePoint);
      if (space && inside)
        words.emplace_back(begin, at);
      else if (!space && !inside)
        begin = at;
      inside = !space;
      at += step.length;
    }
    size_t count = words.size();
    budget.spend(count * 96 + text.size());
    for (size_t i = 0; i < count; ++i) {
      bool rest = fromRight ? count - i > limit + 1 && limit != SIZE_MAX : i == limit;
      if (rest && !fromRight) {
        parts.push_back(text.substr(words[i].first));
        break;
      }
      if (rest) {
        size_t last = count - limit - 1;
        parts.push_back(text.substr(0, words[last].second));
        i = last;
        continue;
      }
      parts.push_back(text.substr(words[i].first, words[i].second - words[i].first));
    }
  } else {
    const std::string &by = textArgument(separator, "the separator");
    if (by.empty())
      throw TemplateError("split by an empty separator");
    if (!fromRight) {
      for (size_t at = 0;;) {
        size_t found = parts.size() < limit ? text.find(by, at) : std::string_view::npos;
        parts.push_back(text.substr(at, found - at));
        budget.spend(64);
        if (found == std::string_view::npos)
          break;
        at = found + by.size();
      }
    } else {
      for (size_t end = text.size();;) {
        size_t found =
            parts.size() < limit && end >= by.size() ? text.rfind(by, end - by.size()) : std::string_view::npos;
        size_t begin = found == std::string_view::npos ? 0 : found + by.size();
        parts.push_back(text.substr(begin, end - begin));
        budget.spend(64);
        if (found == std::string_view::npos)
          break;
        end = found;
      }
      std::reverse(parts.begin(), parts.end());
    }
  }
  budget.spend(text.size() + parts.size() * 64);
  return makeList(Values(parts.begin(), parts.end()), budget);
}

Value splitLines(std::string_view text, bool keepEnds, Budget &budget) {
  Values lines;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find_first_of("\n\r", at);
    size_t next = end == std::string_view::npos ? text.size() : end + 1;
    if (end != std::string_view::npos && text[end] == '\r' && next < text.size() && text[next] == '\n')
      ++next;
    lines.emplace_back(text.substr(at, (keepEnds ? next : std::min(end, text.size())) - at));
    budget.spend(64 + next - at);
    at = next;
  }
  return makeList(std::move(lines), budget);
}

bool matchesEnd(std::string_view text, const Value &what, bool start) {
  if (const List *list = what.list())
    return std::any_of(list->items.begin(), list->items.end(),
                       [&](const Value &item) { return matchesEnd(text, item, start); });
  const std::string &part = textArgument(what, "what is looked for");
  return start ? text.starts_with(part) : text.ends_with(part);
}

Value positionOf(std::string_view text, std::string_view part, bool last) {
  size_t found = last ? text.rfind(part) : text.find(part);
  return found == std::string_view::npos ? Value(-1) : Value(lengthOf(text.substr(0, found)));
}

Value cutAt(std::string_view text, std::string_view by, bool last, Budget &budget) {
  size_t found = last ? text.rfind(by) : text.find(by);
  if (by.empty())
    throw TemplateError("partition by an empty separator");
  Values parts{Value(text), Value(""), Value("")};
  if (found != std::string_view::npos)
    parts = {Value(text.substr(0, found)), Value(by), Value(text.substr(found + by.size()))};
  else if (last)
    std::swap(parts[0], parts[2]);
  return makeList(std::move(parts), budget, true);
}

/// str.format with fields {}, {0} and {name}.
std::string filledFields(std::string_view text, const Arguments &arguments, Budget &budget) {
  std::string out;
  size_t next = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if ((c == '{' || c == '}') && at + 1 < text.size() && text[at + 1] == c) {
      out += c;
      ++at;
      continue;
    }
    if (c != '{' && c != '}') {
      out += c;
      continue;
    }
    size_t end = text.find('}', at);
    if (c == '}' || end == std::string_view::npos)
      throw TemplateError("a field of 'format' is not closed");
    std::string_view field = text.substr(at + 1, end - at - 1);
    bool number =
        field.size() < 4 && std::all_of(field.begin(), field.end(), [](char d) { return d >= '0' && d <= '9'; });
    size_t position = SIZE_MAX;
    if (number)
      position = field.empty() ? next++ : std::stoul(std::string(field));
    const Value *value = arguments.find(position, number ? std::string_view("{}") : field);
    if (!value)
      throw TemplateError("the field {" + std::string(field.substr(0, 40)) +
                          "} of 'format' has no value; supported: {}, {0}, {name}");
    out += toText(*value, budget);
    at = end;
  }
  return out;
}

Value callStringMethod(const std::string &text, std::string_view name, const Arguments &arguments, Budget &budget) {
  budget.spend(text.size() + 16);
  auto part = [&](size_t at = 0) -> const std::string & {
    const Value *value = arguments.find(at, "");
    if (!value)
      throw TemplateError("the method '" + std::string(name) + "' needs more arguments");
    return textArgument(*value, "an argument of '" + std::string(name) + "'");
  };
  auto whole = [&] { // what is looked for, as it may be a tuple
    return arguments.get(0, "prefix", Value());
  };
  if (name == "strip" || name == "lstrip" || name == "rstrip") {
    Value characters = arguments.get(0, "chars", nullptr);
    return stripped(text, characters.isNone() ? "" : textArgument(characters, "the characters to strip"),
                    name[0] == 's'   ? 3
                    : name[0] == 'l' ? 1
                                     : 2);
  }
  if (name == "format")
    return filledFields(text, arguments, budget);
  if (name == "split" || name == "rsplit")
    return splitText(text, arguments, name[0] == 'r', budget);
  if (name == "splitlines")
    return splitLines(text, isTrue(arguments.get(0, "keepends", false)), budget);
  if (name == "startswith" || name == "endswith")
    return matchesEnd(text, whole(), name[0] == 's');
  if (name == "replace")
    return replacedText(text, part(0), part(1), integerArgument(arguments.get(2, "count", -1), "count"), budget);
  if (name == "upper" || name == "lower")
    return changeCase(text, name == "upper");
  if (name == "title")
    return titleCase(text);
  if (name == "capitalize")
    return capitalized(text);
  if (name == "find" || name == "rfind")
    return positionOf(text, part(), name[0] == 'r');
  if (name == "index") {
    Value found = positionOf(text, part(), false);
    if (found.number() < 0)
      throw TemplateError("the text of 'index' is not found");
    return found;
  }
  if (name == "count") {
    const std::string &what = part();
    if (what.empty())
      return lengthOf(text) + 1;
    int64_t count = 0;
    for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size()))
      ++count;
    return count;
  }
  if (name == "join") {
    std::string out;
    bool first = true;
    for (const Value &item : iterate(arguments.get(0, "iterable", Value()), budget)) {
      out += first ? "" : text;
      first = false;
      out += textArgument(item, "an item of 'join'");
      budget.spend(text.size() + item.text().size());
    }
    return out;
  }
  if (name == "isdigit")
    return allOf(text, isDecimal);
  if (name == "isalpha")
    return allOf(text, isLetter);
  if (name == "isalnum")
    return allOf(text, [](uint32_t c) { return isLetter(c) || isDecimal(c); });
  if (name == "isspace")
    return allOf(text, isUnicodeSpace);
  if (name == "isupper" || name == "islower")
    return hasCase(text, name == "isupper");
  if (name == "removeprefix")
    return text.starts_with(part()) ? text.substr(part().size()) : text;
  if (name == "removesuffix")
    return text.ends_with(part()) ? text.substr(0, text.size() - part().size()) : text;
  if (name == "partition" || name == "rpartition")
    return cutAt(text, part(), name[0] == 'r', budget);
  int64_t width = integerArgument(arguments.get(0, "width", 0), "width"); // zfill
  size_t length = lengthOf(text);
  if (width < 0 || static_cast<size_t>(width) <= length)
    return text;
  budget.spend(static_cast<size_t>(width));
  size_t sign = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  return text.substr(0, sign) + std::string(static_cast<size_t>(width) - length, '0') + text.substr(sign);
}

Value callDictMethod(const Value &object, std::string_view name, const Arguments &arguments, Budget &budget) {
  const Dict &dict = *object.dict();
  budget.spend(32 * dict.entries.size() + 16);
  if (name == "copy")
    return object;
  if (name == "get") {
    Value key = arguments.get(0, "key", Value());
    for (auto &[known, value] : dict.entries)
      if (equal(known, key, budget))
        return value;
    return arguments.get(1, "default", nullptr);
  }
  Values items;
  for (auto &[key, value] : dict.entries)
    items.push_back(name == "keys" ? key : name == "values" ? value : makeList({key, value}, budget, true));
  return makeList(std::move(items), budget);
}

Value callListMethod(const Value &object, std::string_view name, const Arguments &arguments, Budget &budget) {
  const Values &items = object.list()->items;
  if (name == "copy")
    return object;
  Value what = arguments.get(0, "value", Value());
  int64_t count = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    bool same = equal(items[i], what, budget);
    if (same && name == "index")
      return i;
    count += same;
  }
  if (name == "index")
    throw TemplateError("the value of 'index' is not in the list");
  return count;
}

} // namespace

bool hasMethod(const Value &object, std::string_view name) {
  auto in = [&](auto &names) { return std::find(names.begin(), names.end(), name) != names.end(); };
  return (object.isString() && in(stringMethods)) || (object.dict() && in(dictMethods)) ||
         (object.list() && in(listMethods));
}

Value callMethod(const Value &object, std::string_view name, const Arguments &arguments, Budget &budget) {
  if (object.isString())
    return callStringMethod(object.text(), name, arguments, budget);
  return object.dict() ? callDictMethod(object, name, arguments, budget)
                       : callListMethod(object, name, arguments, budget);
}

std::string changeCase(std::string_view text, bool upper) {
  std::string out;
  forEachCodePoint(text, [&](uint32_t c) { upper ? appendUpper(out, c) : appendLower(out, c); });
  return out;
}

std::string titleCase(std::string_view text) {
  std::string out;
  bool inside = false;
  forEachCodePoint(text, [&](uint32_t c) {
    inside ? appendLower(out, c) : appendUpper(out, c);
    inside = isLetter(c);
  });
  return out;
}

std::string capitalized(std::string_view text) {
  std::string out;
  bool first = true;
  forEachCodePoint(text, [&](uint32_t c) {
    first ? appendUpper(out, c) : appendLower(out, c);
    first = false;
  });
  return out;
}

std::string stripped(std::string_view text, std::string_view characters, int sides) {
  auto drops = [&](std::string_view one) {
    Utf8Step step = stepUtf8(one, 0);
    if (characters.empty())
      return step.state == Utf8State::Valid && isUnicodeSpace(step.codePoint);
    for (size_t at = 0; at < characters.size();) {
      size_t length = stepUtf8(characters, at).length;
      if (characters.substr(at, length) == one)
        return true;
      at += length;
    }
    return false;
  };
  while ((sides & 1) && !text.empty()) {
    std::string_view one = text.substr(0, stepUtf8(text, 0).length);
    if (!drops(one))
      break;
    text.remove_prefix(one.size());
  }
  while ((sides & 2) && !text.empty()) {
    size_t at = text.size() - 1;
    while (at > 0 && text.size() - at < 4 && (static_cast<uint8_t>(text[at]) & 0xc0) == 0x80)
      --at;
    if (!drops(text.substr(at)))
      break;
    text.remove_suffix(text.size() - at);
  }
  return std::string(text);
}

std::string replacedText(std::string_view text, std::string_view from, std::string_view to, int64_t count,
                         Budget &budget) {
  std::string out;
  size_t limit = count < 0 ? SIZE_MAX : static_cast<size_t>(count);
  for (size_t at = 0, done = 0;; ++done) {
    size_t found = std::string_view::npos;
    if (done < limit && (!from.empty() || at <= text.size()))
      found = text.find(from, at);
    if (from.empty() && found != std::string_view::npos) { // between all code points
      out += to;
      budget.spend(to.size() + 1);
      if (at == text.size())
        return out;
      size_t length = stepUtf8(text, at).length;
      out.append(text, at, length);
      at += length;
      continue;
    }
    budget.spend(std::min(found, text.size()) - std::min(at, text.size()) + to.size());
    out.append(text, at, found - at);
    if (found == std::string_view::npos)
      return out;
    out += to;
    at = found + from.size();
  }
}

const std::string &textArgument(const Value &value, std::string_view what) {
  if (!value.isString())
    throw TemplateError(std::string(what) + " is of type " + typeName(value) + ", not string");
  return value.text();
}

int64_t integerArgument(const Value &value, std::string_view what) {
  if (const bool *truth = value.as<bool>())
    return *truth;
  if (!value.isInteger())
    throw TemplateError(std::string(what) + " is of type " + typeName(value) + ", not integer");
  return *value.as<int64_t>();
}

std::string formatted(std::string_view format, const Value &values, Budget &budget) {
  std::string out;
  size_t used = 0;
  bool tuple = values.list() && values.list()->isTuple;
  auto next = [&]() -> const Value & {
    size_t count = tuple ? values.list()->items.size() : 1;
    if (used >= count)
      throw TemplateError("a format has more fields than values");
    return tuple ? values.list()->items[used++] : (++used, values);
  };
  budget.spend(format.size());
  for (size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '%') {
      out += format[at];
      continue;
    }
    char kind = ++at < format.size() ? format[at] : '\0';
    if (kind == '%')
      out += '%';
    else if (kind == 's')
      out += toText(next(), budget);
    else if (kind == 'r')
      out += toRepr(next(), budget);
    else if (kind == 'd' || kind == 'i')
      out += std::to_string(static_cast<int64_t>(integerArgument(next(), "the value of %d")));
    else
      throw TemplateError("a format has a field that is not supported; supported: %s, %r, %d, %%");
  }
  if (tuple && used != values.list()->items.size())
    throw TemplateError("a format has fewer fields than values");
  return out;
}

} // namespace lathe::chat
