// The lexer of Jinja 2, default delimiters.
#include "runtime/chat/TemplateLexer.h"

#include "runtime/tokenizer/Utf8.h"

#include <algorithm>

namespace lathe::chat {
namespace {

bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80); }
bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Newlines as \n, and one at the end dropped.
std::string normalizeNewlines(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    bool pair = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    out += text[i] == '\r' ? '\n' : text[i];
    i += pair;
  }
  if (out.ends_with('\n'))
    out.pop_back();
  return out;
}

class Lexer {
public:
  explicit Lexer(std::string text) : text(std::move(text)) {}

  std::vector<Token> run() {
    while (at < text.size())
      readText();
    add(Token::Kind::End, "");
    return std::move(tokens);
  }

private:
  std::string text;
  size_t at = 0, counted = 0;
  int line = 1;
  bool lineStarts = true; // what was read last ended with a newline, or nothing was
  std::vector<Token> tokens;

  int currentLine() {
    line += static_cast<int>(std::count(text.begin() + counted, text.begin() + std::max(at, counted), '\n'));
    counted = std::max(at, counted);
    return line;
  }
  void add(Token::Kind kind, std::string content) { tokens.push_back({kind, currentLine(), std::move(content)}); }
  [[noreturn]] void fail(const std::string &message) { throw TemplateError(message, currentLine()); }
  bool startsWith(std::string_view what) const { return std::string_view(text).substr(at).starts_with(what); }

  size_t findTag(size_t from) const {
    for (size_t i = text.find('{', from); i != std::string::npos; i = text.find('{', i + 1))
      if (i + 1 < text.size() && (text[i + 1] == '{' || text[i + 1] == '%' || text[i + 1] == '#'))
        return i;
    return std::string::npos;
  }

  void readText() {
    size_t tag = findTag(at);
    std::string_view content = std::string_view(text).substr(at, tag - at);
    if (tag != std::string::npos)
      content = stripBefore(content, tag);
    if (!content.empty())
      add(Token::Kind::Text, std::string(content));
    if (tag == std::string::npos) {
      at = text.size();
      return;
    }
    at = tag + 2;
    char kind = text[tag + 1];
    if (at < text.size() && (text[at] == '-' || (text[at] == '+' && kind != '{')))
      ++at;
    if (kind == '#')
      return readComment();
    if (kind == '%' && readRaw())
      return;
    add(kind == '{' ? Token::Kind::OutputBegin : Token::Kind::BlockBegin, "");
    readCode(kind == '{');
  }

  std::string_view stripBefore(std::string_view content, size_t tag) const {
    char sign = tag + 2 < text.size() ? text[tag + 2] : ' ';
    if (sign == '-') {
      while (!content.empty() && isSpace(content.back()))
        content.remove_suffix(1);
      return content;
    }
    if (text[tag + 1] == '{' || sign == '+')
      return content;
    size_t newline = content.rfind('\n');
    size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
    bool blank = std::all_of(content.begin() + begin, content.end(), isSpace);
    return blank && (begin > 0 || lineStarts) ? content.substr(0, begin) : content;
  }

  /// After the end of a tag, `sign` before it.
  void stripAfter(char sign, bool trims) {
    size_t begin = at;
    if (sign == '-')
      while (at < text.size() && isSpace(text[at]))
        ++at;
    else if (trims && sign != '+' && at < text.size() && text[at] == '\n')
      ++at;
    lineStarts = at > begin && text[at - 1] == '\n';
  }

  void readComment() {
    size_t end = text.find("#}", at);
    if (end == std::string::npos)
      fail("a comment has no end");
    char sign = end > at ? text[end - 1] : ' ';
    at = end + 2;
    stripAfter(sign, true);
  }

  /// {% raw %} ... {% endraw %}
  bool readRaw() {
    size_t i = at;
    auto spaces = [&] {
      while (i < text.size() && isSpace(text[i]))
        ++i;
    };
    auto word = [&](std::string_view what) {
      spaces();
      bool is = std::string_view(text).substr(i).starts_with(what);
      i += is ? what.size() : 0;
      spaces();
      return is;
    };
    auto close = [&](char &sign) {
      sign = i < text.size() && (text[i] == '-' || text[i] == '+') ? text[i++] : ' ';
      bool is = std::string_view(text).substr(i).starts_with("%}");
      i += 2;
      return is;
    };
    char sign = ' ';
    if (!word("raw") || !close(sign))
      return false;
    size_t begin = i;
    while (sign == '-' && begin < text.size() && isSpace(text[begin]))
      ++begin;
    if (sign == ' ' && begin < text.size() && text[begin] == '\n')
      ++begin;
    for (size_t tag = text.find("{%", i); tag != std::string::npos; tag = text.find("{%", tag + 2)) {
      i = tag + 2;
      char before = i < text.size() && (text[i] == '-' || text[i] == '+') ? text[i++] : ' ';
      char after = ' ';
      if (!word("endraw") || !close(after))
        continue;
      size_t end = std::max(tag, begin);
      while (before == '-' && end > begin && isSpace(text[end - 1]))
        --end;
      if (end > begin)
        add(Token::Kind::Text, text.substr(begin, end - begin));
      at = i;
      stripAfter(after, true);
      return true;
    }
    fail("a raw block has no end");
  }

  void readCode(bool output) {
    std::string_view close = output ? "}}" : "%}";
    std::string brackets;
    for (;;) {
      while (at < text.size() && isSpace(text[at]))
        ++at;
      if (at >= text.size())
        fail(output ? "an output has no end" : "a block has no end");
      char sign = text[at] == '-' || text[at] == '+' ? text[at] : ' ';
      std::string_view rest = std::string_view(text).substr(at + (sign != ' '));
      if (brackets.empty() && rest.starts_with(close) && !(output && sign == '+')) {
        at += close.size() + (sign != ' ');
        add(output ? Token::Kind::OutputEnd : Token::Kind::BlockEnd, "");
        return stripAfter(sign, !output);
      }
      readToken(brackets);
    }
  }

  void readToken(std::string &brackets) {
    char c = text[at];
    size_t begin = at;
    if (isLetter(c)) {
      while (at < text.size() && (isLetter(text[at]) || isDigit(text[at])))
        ++at;
      return add(Token::Kind::Name, text.substr(begin, at - begin));
    }
    if (isDigit(c))
      return readNumber();
    if (c == '"' || c == '\'')
      return readString();
    for (std::string_view two : {"==", "!=", "<=", ">=", "//", "**"})
      if (startsWith(two)) {
        at += 2;
        return add(Token::Kind::Operator, std::string(two));
      }
    if (std::string_view("+-*/%~<>=|.,:()[]{}").find(c) == std::string_view::npos)
      fail(std::string("the character '") + (c >= 0x20 ? std::string(1, c) : "?") + "' is not part of an expression");
    if (c == '(' || c == '[' || c == '{') {
      brackets += c == '(' ? ')' : c == '[' ? ']' : '}';
    } else if (c == ')' || c == ']' || c == '}') {
      if (brackets.empty() || brackets.back() != c)
        fail(std::string("'") + c + "' closes nothing");
      brackets.pop_back();
    }
    ++at;
    add(Token::Kind::Operator, std::string(1, c));
  }

  void readNumber() {
    size_t begin = at;
    auto digits = [&](auto accepts) {
      while (at < text.size() && (accepts(text[at]) || text[at] == '_'))
        ++at;
    };
    auto isHex = [](char c) { return isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
    if (text[at] == '0' && at + 1 < text.size() && (text[at + 1] | 32) == 'x') {
      at += 2;
      digits(isHex);
      return add(Token::Kind::Integer, text.substr(begin, at - begin));
    }
    bool real = false;
    digits(isDigit);
    if (at + 1 < text.size() && text[at] == '.' && isDigit(text[at + 1])) {
      real = true;
      ++at;
      digits(isDigit);
    }
    if (at < text.size() && (text[at] | 32) == 'e') {
      size_t exponent = at + 1 + (at + 1 < text.size() && (text[at + 1] == '+' || text[at + 1] == '-'));
      if (exponent < text.size() && isDigit(text[exponent])) {
        real = true;
        at = exponent;
        digits(isDigit);
      }
    }
    std::string number = text.substr(begin, at - begin);
    std::erase(number, '_');
    add(real ? Token::Kind::Float : Token::Kind::Integer, std::move(number));
  }

  void readString() {
    char quote = text[at];
    std::string content;
    size_t begin = at++;
    for (; at < text.size() && text[at] != quote; ++at) {
      if (text[at] != '\\' || at + 1 >= text.size())
        content += text[at];
      else
        readEscape(content);
    }
    if (at >= text.size()) {
      at = begin;
      fail("a string has no end");
    }
    ++at;
    add(Token::Kind::String, std::move(content));
  }

  /// text[at] is the backslash; leaves `at` on the last character of the escape.
  void readEscape(std::string &content) {
    static constexpr std::string_view letters = "nrtbfav0", meanings("\n\r\t\b\f\a\v\0", 8);
    char c = text[++at];
    if (c == '\n')
      return;
    if (c == '\\' || c == '\'' || c == '"') {
      content += c;
    } else if (size_t found = letters.find(c); found != std::string_view::npos) {
      content += meanings[found];
    } else if (c == 'x' || c == 'u' || c == 'U') {
      size_t count = c == 'x' ? 2 : c == 'u' ? 4 : 8, i = 0;
      uint32_t value = 0;
      for (; i < count && at + 1 + i < text.size(); ++i) {
        char d = text[at + 1 + i] | 32;
        int digit = isDigit(d) ? d - '0' : d >= 'a' && d <= 'f' ? d - 'a' + 10 : -1;
        if (digit < 0)
          break;
        value = value << 4 | static_cast<uint32_t>(digit);
      }
      if (i < count)
        fail("an escape of a string is cut off");
      appendUtf8(content, value);
      at += count;
    } else {
      content += '\\';
      content += c;
    }
  }
};

} // namespace

std::vector<Token> lexTemplate(std::string_view text) { return Lexer(normalizeNewlines(text)).run(); }

} // namespace lathe::chat
