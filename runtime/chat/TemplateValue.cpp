// Truth, order and text of values, as Python has them.
#include "runtime/chat/TemplateValue.h"

#include "runtime/tokenizer/Utf8.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace lathe::chat {
namespace {

constexpr int maxDepth = 64;

int depthOf(const Value &value) {
  if (const List *list = value.list())
    return list->depth;
  if (const Dict *dict = value.dict())
    return dict->depth;
  return 0;
}

std::string floatText(double value) {
  if (std::isnan(value))
    return "nan";
  if (std::isinf(value))
    return value < 0 ? "-inf" : "inf";
  char buffer[64];
  double magnitude = std::fabs(value);
  bool plain = magnitude == 0 || (magnitude >= 1e-4 && magnitude < 1e16);
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value,
                           plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string text(buffer, end.ptr);
  return plain && text.find('.') == std::string::npos ? text + ".0" : text;
}

std::string quotedText(std::string_view text) {
  char quote = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out(1, quote);
  for (char c : text) {
    static constexpr std::string_view plain = "\n\r\t\\", letters = "nrt\\";
    size_t at = plain.find(c);
    if (at != std::string_view::npos || c == quote)
      out.append("\\").push_back(c == quote ? c : letters[at]);
    else if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) {
      static constexpr char digits[] = "0123456789abcdef";
      out.append("\\x").append(1, digits[c >> 4]).append(1, digits[c & 15]);
    } else
      out += c;
  }
  return out + quote;
}

void appendJsonText(std::string &out, std::string_view text) {
  out += '"';
  for (char c : text) {
    static constexpr std::string_view plain = "\"\\\n\r\t\b\f", letters = "\"\\nrtbf";
    if (size_t at = plain.find(c); at != std::string_view::npos)
      out.append("\\").push_back(letters[at]);
    else if (static_cast<uint8_t>(c) < 0x20) {
      static constexpr char digits[] = "0123456789abcdef";
      out.append("\\u00").append(1, digits[c >> 4]).append(1, digits[c & 15]);
    } else
      out += c;
  }
  out += '"';
}

void appendRepr(std::string &out, const Value &value, Budget &budget) {
  budget.spend(16);
  auto separated = [&](auto &items, const char *open, const char *close, auto each) {
    out += open;
    bool first = true;
    for (auto &item : items) {
      if (!first)
        out += ", ";
      first = false;
      each(item);
    }
    out += close;
  };
  if (const List *list = value.list()) {
    separated(list->items, list->isTuple ? "(" : "[", list->isTuple ? (list->items.size() == 1 ? ",)" : ")") : "]",
              [&](const Value &item) { appendRepr(out, item, budget); });
  } else if (const Dict *dict = value.dict()) {
    separated(dict->entries, "{", "}", [&](auto &entry) {
      appendRepr(out, entry.first, budget);
      out += ": ";
      appendRepr(out, entry.second, budget);
    });
  } else if (value.isString()) {
    budget.spend(value.text().size());
    out += quotedText(value.text());
  } else {
    out += value.isUndefined() ? "Undefined" : toText(value, budget);
  }
}

void appendJson(std::string &out, const Value &value, const JsonForm &form, int level, Budget &budget) {
  int indent = form.indent;
  budget.spend(16 + (indent > 0 ? static_cast<size_t>(indent) * level : 0));
  auto line = [&](int depth) {
    if (indent >= 0)
      out.append("\n").append(static_cast<size_t>(indent) * depth, ' ');
  };
  auto separated = [&](auto &items, char open, char close, auto each) {
    out += open;
    bool first = true;
    for (auto &item : items) {
      if (!first)
        out += form.betweenItems;
      first = false;
      line(level + 1);
      each(item);
    }
    if (!first)
      line(level);
    out += close;
  };
  if (const List *list = value.list()) {
    separated(list->items, '[', ']', [&](const Value &item) { appendJson(out, item, form, level + 1, budget); });
  } else if (const Dict *dict = value.dict()) {
    std::vector<std::pair<std::string, const Value *>> entries;
    for (auto &[key, item] : dict->entries) {
      Budget &keys = budget;
      std::string text = key.isNone()     ? "null"
                         : key.as<bool>() ? (*key.as<bool>() ? "true" : "false")
                                          : toText(key, keys);
      entries.emplace_back(std::move(text), &item);
    }
    if (form.sortKeys)
      std::sort(entries.begin(), entries.end(), [](auto &a, auto &b) { return a.first < b.first; });
    separated(entries, '{', '}', [&](auto &entry) {
      appendJsonText(out, entry.first);
      out += form.afterKey;
      appendJson(out, *entry.second, form, level + 1, budget);
    });
  } else if (value.isString()) {
    budget.spend(value.text().size());
    appendJsonText(out, value.text());
  } else if (value.isNone()) {
    out += "null";
  } else if (const bool *truth = value.as<bool>()) {
    out += *truth ? "true" : "false";
  } else if (const double *number = value.as<double>(); number && !std::isfinite(*number)) {
    out += std::isnan(*number) ? "NaN" : *number < 0 ? "-Infinity" : "Infinity";
  } else if (value.isNumber()) {
    out += toText(value, budget);
  } else {
    throw TemplateError(std::string("a value of type ") + typeName(value) + " has no JSON form");
  }
}

} // namespace

double Value::number() const {
  if (auto *integer = as<int64_t>())
    return static_cast<double>(*integer);
  if (auto *real = as<double>())
    return *real;
  return as<bool>() && *as<bool>() ? 1 : 0;
}

const Value *Dict::find(std::string_view key) const {
  for (auto &[name, value] : entries)
    if (name.isString() && name.text() == key)
      return &value;
  return nullptr;
}

Value makeList(Values items, Budget &budget, bool isTuple) {
  budget.spend(32 * items.size() + 64);
  auto list = std::make_shared<List>();
  for (const Value &item : items)
    list->depth = std::max(list->depth, depthOf(item) + 1);
  if (list->depth > maxDepth)
    throw TemplateError("values are nested too deep");
  list->items = std::move(items);
  list->isTuple = isTuple;
  return Value(std::shared_ptr<const List>(std::move(list)));
}

Value makeDict(std::vector<std::pair<Value, Value>> entries, Budget &budget) {
  budget.spend(64 * entries.size() + 64);
  auto dict = std::make_shared<Dict>();
  for (auto &[key, value] : entries) {
    if (key.list() || key.dict() || key.isUndefined())
      throw TemplateError(std::string("a value of type ") + typeName(key) + " cannot be a key");
    dict->depth = std::max(dict->depth, depthOf(value) + 1);
    bool replaced = false;
    budget.spend(dict->entries.size());
    for (auto &known : dict->entries)
      if (equal(known.first, key, budget)) {
        known.second = value;
        replaced = true;
        break;
      }
    if (!replaced)
      dict->entries.emplace_back(std::move(key), std::move(value));
  }
  if (dict->depth > maxDepth)
    throw TemplateError("values are nested too deep");
  return Value(std::shared_ptr<const Dict>(std::move(dict)));
}

Value fromJson(const nlohmann::ordered_json &json, Budget &budget, int depth) {
  if (depth > maxDepth)
    throw TemplateError("the messages are nested too deep");
  budget.spend(32);
  switch (json.type()) {
  case nlohmann::ordered_json::value_t::null:
    return Value(nullptr);
  case nlohmann::ordered_json::value_t::boolean:
    return Value(json.get<bool>());
  case nlohmann::ordered_json::value_t::number_integer:
    return Value(json.get<int64_t>());
  case nlohmann::ordered_json::value_t::number_unsigned:
    if (json.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX))
      return Value(json.get<double>());
    return Value(json.get<int64_t>());
  case nlohmann::ordered_json::value_t::number_float:
    return Value(json.get<double>());
  case nlohmann::ordered_json::value_t::string:
    budget.spend(json.get_ref<const std::string &>().size());
    return Value(json.get_ref<const std::string &>());
  case nlohmann::ordered_json::value_t::array: {
    Values items;
    for (auto &item : json)
      items.push_back(fromJson(item, budget, depth + 1));
    return makeList(std::move(items), budget);
  }
  case nlohmann::ordered_json::value_t::object: {
    auto dict = std::make_shared<Dict>();
    for (auto &[key, item] : json.items()) {
      dict->entries.emplace_back(Value(key), fromJson(item, budget, depth + 1));
      dict->depth = std::max(dict->depth, depthOf(dict->entries.back().second) + 1);
    }
    return Value(std::shared_ptr<const Dict>(std::move(dict)));
  }
  default:
    throw TemplateError("a value of the messages is not JSON");
  }
}

bool isTrue(const Value &value) {
  if (value.isUndefined() || value.isNone())
    return false;
  if (value.isString())
    return !value.text().empty();
  if (const List *list = value.list())
    return !list->items.empty();
  if (const Dict *dict = value.dict())
    return !dict->entries.empty();
  return !value.isNumber() || value.number() != 0;
}

bool equal(const Value &a, const Value &b, Budget &budget) {
  budget.spend(1);
  if (a.isNumber() && b.isNumber())
    return a.isInteger() && b.isInteger() ? *a.as<int64_t>() == *b.as<int64_t>() : a.number() == b.number();
  if (a.isString() && b.isString()) {
    budget.spend(std::min(a.text().size(), b.text().size()) / 16);
    return a.text() == b.text();
  }
  if (a.list() && b.list()) {
    const Values &x = a.list()->items, &y = b.list()->items;
    return a.list()->isTuple == b.list()->isTuple && x.size() == y.size() &&
           std::equal(x.begin(), x.end(), y.begin(), [&](auto &p, auto &q) { return equal(p, q, budget); });
  }
  if (a.dict() && b.dict()) {
    auto &x = a.dict()->entries, &y = b.dict()->entries;
    return x.size() == y.size() && std::all_of(x.begin(), x.end(), [&](auto &entry) {
             return std::any_of(y.begin(), y.end(), [&](auto &other) {
               return equal(entry.first, other.first, budget) && equal(entry.second, other.second, budget);
             });
           });
  }
  return (a.isNone() && b.isNone()) || (a.isUndefined() && b.isUndefined()) || (a.space() && a.space() == b.space()) ||
         (a.callable() && a.callable() == b.callable());
}

int compare(const Value &a, const Value &b, Budget &budget) {
  budget.spend(1);
  if (a.isNumber() && b.isNumber()) {
    if (a.isInteger() && b.isInteger())
      return *a.as<int64_t>() < *b.as<int64_t>() ? -1 : *a.as<int64_t>() > *b.as<int64_t>();
    return a.number() < b.number() ? -1 : a.number() > b.number();
  }
  if (a.isString() && b.isString()) {
    budget.spend(std::min(a.text().size(), b.text().size()) / 16);
    int order = a.text().compare(b.text()); // UTF-8 keeps the order of code points
    return order < 0 ? -1 : order > 0;
  }
  if (a.list() && b.list()) {
    const Values &x = a.list()->items, &y = b.list()->items;
    for (size_t i = 0; i < std::min(x.size(), y.size()); ++i)
      if (int order = compare(x[i], y[i], budget))
        return order;
    return x.size() < y.size() ? -1 : x.size() > y.size();
  }
  throw TemplateError(std::string("values of the types ") + typeName(a) + " and " + typeName(b) + " have no order");
}

const char *typeName(const Value &value) {
  if (value.isUndefined())
    return "undefined";
  if (value.isNone())
    return "none";
  if (value.as<bool>())
    return "boolean";
  if (value.isInteger())
    return "integer";
  if (value.as<double>())
    return "float";
  if (value.isString())
    return "string";
  if (const List *list = value.list())
    return list->isTuple ? "tuple" : "list";
  return value.dict() ? "dictionary" : value.space() ? "namespace" : "function";
}

std::string toText(const Value &value, Budget &budget) {
  if (value.isString()) {
    budget.spend(value.text().size());
    return value.text();
  }
  if (value.isUndefined())
    return "";
  if (value.isNone())
    return "None";
  if (const bool *truth = value.as<bool>())
    return *truth ? "True" : "False";
  if (const int64_t *integer = value.as<int64_t>())
    return std::to_string(*integer);
  if (const double *real = value.as<double>())
    return floatText(*real);
  if (value.list() || value.dict())
    return toRepr(value, budget);
  return value.space() ? "<Namespace>" : "<function>";
}

std::string toRepr(const Value &value, Budget &budget) {
  std::string out;
  appendRepr(out, value, budget);
  return out;
}

std::string toJson(const Value &value, const JsonForm &form, Budget &budget) {
  std::string out;
  appendJson(out, value, form, 0, budget);
  return out;
}

Values iterate(const Value &value, Budget &budget) {
  Values items;
  if (const List *list = value.list()) {
    budget.spend(list->items.size() * 32);
    return list->items;
  }
  if (const Dict *dict = value.dict()) {
    budget.spend(dict->entries.size() * 32);
    for (auto &entry : dict->entries)
      items.push_back(entry.first);
  } else if (value.isString()) {
    budget.spend(value.text().size() * 96);
    for (size_t at = 0; at < value.text().size();) {
      size_t length = stepUtf8(value.text(), at).length;
      items.emplace_back(value.text().substr(at, length));
      at += length;
    }
  } else if (!value.isUndefined()) {
    throw TemplateError(std::string("a value of type ") + typeName(value) + " cannot be iterated");
  }
  return items;
}

size_t lengthOf(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); ++count)
    at += stepUtf8(text, at).length;
  return count;
}

} // namespace lathe::chat
