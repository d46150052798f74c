// See Gbnf.h. Rules: NAME ::= alternatives, to the end of the line; inside parentheses and after | lines may break.
#include "runtime/grammar/Gbnf.h"

#include "runtime/tokenizer/Utf8.h"

#include <map>

namespace lathe::grammar {

namespace {

constexpr size_t maxText = 1 << 20;
bool isNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}
int hexDigit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

/// Recursive descent; the first failure is kept, and everything after it is nothing().
class Reader {
public:
  Reader(std::string_view text, Work &work) : text_(text), work_(work) {}

  Result<Rules> read() {
    if (text_.size() > maxText)
      return Status::failure("grammar: " + std::to_string(text_.size()) + " bytes of text, more than the " +
                             std::to_string(maxText) + " that are read");
    space(true);
    while (at_ < text_.size() && failure_.ok())
      rule();
    if (!failure_.ok())
      return failure_;
    auto root = numbers_.find("root");
    if (root == numbers_.end() || !rules_.rules[root->second].body)
      return Status::failure("grammar: there is no rule 'root'");
    for (size_t i = 0; i < rules_.rules.size(); ++i)
      if (!rules_.rules[i].body) {
        at_ = firstUse_[i];
        fail("rule '" + rules_.rules[i].name + "' is not defined");
        return failure_;
      }
    rules_.root = root->second;
    return std::move(rules_);
  }

private:
  void fail(const std::string &message) {
    if (!failure_.ok())
      return;
    size_t line = 1, column = 1;
    for (size_t i = 0; i < std::min(at_, text_.size()); ++i)
      if (text_[i] == '\n')
        ++line, column = 1;
      else
        ++column;
    failure_ = Status::failure("grammar: line " + std::to_string(line) + ", column " + std::to_string(column) + ": " +
                               message);
    at_ = text_.size();
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool more() const { return at_ < text_.size(); }
  bool take(std::string_view token) {
    if (!text_.substr(at_).starts_with(token))
      return false;
    at_ += token.size();
    return true;
  }
  void space(bool lines) {
    while (more())
      if (peek() == ' ' || peek() == '\t' || (lines && (peek() == '\n' || peek() == '\r')))
        ++at_;
      else if (peek() == '#')
        while (more() && peek() != '\n' && peek() != '\r')
          ++at_;
      else
        return;
  }
  std::string_view name() {
    size_t begin = at_;
    while (more() && isNameCharacter(peek()))
      ++at_;
    if (at_ == begin)
      fail("a name is expected");
    return text_.substr(begin, at_ - begin);
  }
  uint32_t numberOf(std::string_view name, size_t use) {
    auto [at, fresh] = numbers_.try_emplace(std::string(name), uint32_t(rules_.rules.size()));
    if (fresh) {
      rules_.rules.push_back({std::string(name), nullptr});
      firstUse_.push_back(use);
    }
    return at->second;
  }

  void rule() {
    size_t begin = at_;
    std::string_view ruleName = name();
    space(false);
    if (!take("::="))
      return fail("'::=' is expected");
    space(true);
    uint32_t number = numberOf(ruleName, begin);
    if (failure_.ok() && rules_.rules[number].body) {
      at_ = begin;
      return fail("rule '" + std::string(ruleName) + "' is defined twice");
    }
    Expression body = alternatives(false, 0);
    rules_.rules[number].body = body;
    if (more() && peek() != '\n' && peek() != '\r')
      return fail("the end of the line is expected");
    space(true);
  }

  Expression alternatives(bool nested, uint32_t depth) {
    std::vector<Expression> parts{sequenceOf(nested, depth)};
    while (peek() == '|') {
      ++at_;
      space(true);
      parts.push_back(sequenceOf(nested, depth));
    }
    return choice(std::move(parts));
  }

  Expression sequenceOf(bool nested, uint32_t depth) {
    std::vector<Expression> parts;
    while (more()) {
      char c = peek();
      if (c == '"') {
        ++at_;
        std::string literal;
        while (more() && peek() != '"')
          appendUtf8(literal, codePoint());
        if (!take("\""))
          fail("the string has no closing '\"'");
        parts.push_back(bytes(literal));
      } else if (c == '[') {
        parts.push_back(character(classOf()));
      } else if (c == '.') {
        ++at_;
        parts.push_back(character(CharacterSet::all()));
      } else if (c == '(') {
        if (depth >= maxDepth) {
          fail("parentheses are nested deeper than " + std::to_string(maxDepth));
          break;
        }
        ++at_;
        space(true);
        parts.push_back(alternatives(true, depth + 1));
        if (!take(")"))
          fail("')' is expected");
      } else if (isNameCharacter(c)) {
        size_t begin = at_;
        std::string_view used = name();
        parts.push_back(call(numberOf(used, begin)));
      } else if (c == '*' || c == '+' || c == '?' || c == '{') {
        if (parts.empty()) {
          fail(std::string("there is nothing before '") + c + "' to repeat");
          break;
        }
        repetition(parts.back());
      } else if (c == '<' || c == '!') {
        fail("tokens in a grammar (<token>) are not supported; write their text");
      } else {
        break;
      }
      space(nested);
      if (!work_.take(16)) {
        fail("the grammar is too large");
        break;
      }
    }
    return sequence(std::move(parts));
  }

  void repetition(Expression &last) {
    uint32_t least = 0, most = unlimited;
    char c = text_[at_++];
    if (c == '+')
      least = 1;
    else if (c == '?')
      most = 1;
    else if (c == '{') {
      space(false);
      least = most = count();
      space(false);
      if (take(",")) {
        space(false);
        most = peek() == '}' ? unlimited : count();
        space(false);
      }
      if (!take("}"))
        return fail("'}' is expected");
      if (least > most)
        return fail("the repetition {" + std::to_string(least) + "," + std::to_string(most) +
                    "} ends before it begins");
    }
    if (repeatDepth(last) >= 16)
      return fail("repetitions of repetitions, more than 16 in a row");
    last = repeat(last, least, most);
  }
  static uint32_t repeatDepth(const Expression &expression) {
    uint32_t depth = 0;
    for (const Node *node = expression.get(); node->kind == Node::Kind::Repeat; node = node->parts[0].get())
      ++depth;
    return depth;
  }

  uint32_t count() {
    uint64_t value = 0;
    size_t begin = at_;
    while (peek() >= '0' && peek() <= '9' && value < unlimited)
      value = value * 10 + uint64_t(text_[at_++] - '0');
    if (at_ == begin)
      fail("a number is expected");
    if (value > 100'000)
      fail("a repetition of " + std::to_string(value) + " is more than the 100000 that are supported");
    return uint32_t(value);
  }

  /// A character or an escape.
  uint32_t codePoint() {
    if (take("\\")) {
      char c = peek();
      ++at_;
      switch (c) {
      case 'x':
        return hex(2);
      case 'u':
        return hex(4);
      case 'U':
        return hex(8);
      case 't':
        return '\t';
      case 'r':
        return '\r';
      case 'n':
        return '\n';
      case '\\':
      case '"':
      case '[':
      case ']':
      case '-':
      case '^':
        return uint8_t(c);
      default:
        --at_;
        fail("this escape is not known; known: \\\\ \\\" \\[ \\] \\t \\r \\n \\xHH \\uHHHH \\UHHHHHHHH");
        return 0;
      }
    }
    Utf8Step step = stepUtf8(text_, at_);
    if (step.state != Utf8State::Valid) {
      fail("this is not valid UTF-8");
      return 0;
    }
    at_ += step.length;
    return step.codePoint;
  }

  uint32_t hex(int digits) {
    uint32_t value = 0;
    for (int i = 0; i < digits; ++i) {
      int digit = hexDigit(peek());
      if (digit < 0) {
        fail(std::to_string(digits) + " hexadecimal digits are expected");
        return 0;
      }
      value = value * 16 + uint32_t(digit);
      ++at_;
    }
    if (value > CharacterSet::last || (value >= 0xD800 && value <= 0xDFFF))
      fail("the escape is no Unicode character");
    return value;
  }

  CharacterSet classOf() {
    ++at_;
    bool negated = take("^");
    CharacterSet set;
    while (more() && peek() != ']') {
      uint32_t first = codePoint(), last = first;
      if (peek() == '-' && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
        ++at_;
        last = codePoint();
        if (first > last)
          fail("the range of characters ends before it begins");
      }
      if (!work_.take(16 + set.ranges().size() / 4))
        fail("the grammar is too large");
      set.add(first, last);
    }
    if (!take("]"))
      fail("the class has no closing ']'");
    return negated ? set.complement() : set;
  }

  std::string_view text_;
  Work &work_;
  size_t at_ = 0;
  Status failure_;
  Rules rules_;
  std::map<std::string, uint32_t> numbers_;
  std::vector<size_t> firstUse_;
};

} // namespace

Result<Rules> readGbnf(std::string_view text, Work &work) { return Reader(text, work).read(); }

Result<std::shared_ptr<const Grammar>> parseGbnf(std::string_view text) {
  Work work;
  auto rules = readGbnf(text, work);
  if (!rules)
    return rules.status();
  return Grammar::compile(*rules, work);
}

} // namespace lathe::grammar
