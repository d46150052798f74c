// See RegularExpression.h. Notation: ECMA-262, "Patterns".
#include "runtime/grammar/RegularExpression.h"

#include "runtime/grammar/CharacterClasses.h"
#include "runtime/tokenizer/Utf8.h"

#include <optional>

namespace lathe::grammar {

namespace {

constexpr size_t maxPattern = 1 << 16;

/// What a part of a pattern is between its anchors.
struct Branch {
  bool begins = false, ends = false; // ^ stands before it, $ after it
  std::vector<Expression> parts;
};
using Branches = std::vector<Branch>;

class Reader {
public:
  Reader(std::string_view pattern, const RegularExpressionOptions &options, Work &work)
      : text_(pattern), options_(options), work_(work) {}

  Result<Expression> read() {
    if (text_.size() > maxPattern)
      return Status::failure("regular expression: " + std::to_string(text_.size()) + " bytes, more than the " +
                             std::to_string(maxPattern) + " that are read");
    Branches branches = alternatives(0);
    if (more())
      fail("')' has no '('");
    if (!failure_.ok())
      return failure_;
    std::vector<Expression> choices;
    Expression anything = repeat(spell(CharacterSet::all()), 0, unlimited);
    for (Branch &branch : branches) {
      std::vector<Expression> parts;
      if (options_.search && !branch.begins)
        parts.push_back(anything);
      parts.insert(parts.end(), branch.parts.begin(), branch.parts.end());
      if (options_.search && !branch.ends)
        parts.push_back(anything);
      choices.push_back(sequence(std::move(parts)));
    }
    return choice(std::move(choices));
  }

private:
  void fail(const std::string &message) {
    if (failure_.ok())
      failure_ = Status::failure("regular expression: '" + repairUtf8(text_.substr(0, 200)) + "', at byte " +
                                 std::to_string(at_) + ": " + message);
    at_ = text_.size();
  }
  bool more() const { return at_ < text_.size(); }
  char peek() const { return more() ? text_[at_] : '\0'; }
  bool take(std::string_view token) {
    if (!text_.substr(at_).starts_with(token))
      return false;
    at_ += token.size();
    return true;
  }
  Expression spell(const CharacterSet &set) const { return options_.spell ? options_.spell(set) : character(set); }

  Branches alternatives(uint32_t depth) {
    Branches all = branch(depth);
    while (take("|"))
      for (Branch &next : branch(depth))
        all.push_back(std::move(next));
    return all;
  }

  static bool anchored(const Branches &branches) {
    for (const Branch &branch : branches)
      if (branch.begins || branch.ends)
        return true;
    return false;
  }
  static Expression plain(const Branches &branches) {
    std::vector<Expression> choices;
    for (const Branch &branch : branches)
      choices.push_back(sequence(branch.parts));
    return choice(std::move(choices));
  }

  /// One alternative. Anchors inside of groups make several of it.
  Branches branch(uint32_t depth) {
    Branches result(1);
    auto join = [&](Expression part) {
      for (Branch &branch : result) {
        if (branch.ends)
          return fail("'$' is supported only at the end of a branch");
        branch.parts.push_back(part);
      }
    };
    while (more() && peek() != '|' && peek() != ')') {
      if (!work_.take(16))
        fail("it is too large");
      if (take("^")) {
        for (Branch &branch : result)
          if (!branch.parts.empty())
            fail("'^' is supported only at the beginning of a branch");
          else
            branch.begins = true;
        continue;
      }
      if (take("$")) {
        for (Branch &branch : result)
          branch.ends = true;
        continue;
      }
      if (peek() == '(') {
        Branches inner = group(depth);
        if (!anchored(inner)) {
          join(quantified(plain(inner)));
          continue;
        }
        if (peek() == '*' || peek() == '+' || peek() == '?' || peek() == '{')
          fail("a group with ^ or $ cannot be repeated");
        Branches combined;
        for (const Branch &left : result)
          for (const Branch &right : inner) {
            if ((right.begins && !left.parts.empty()) || (left.ends && !right.parts.empty()))
              fail("'^' and '$' are supported only at the beginning and the end of a branch");
            Branch both{left.begins || right.begins, left.ends || right.ends, left.parts};
            both.parts.insert(both.parts.end(), right.parts.begin(), right.parts.end());
            combined.push_back(std::move(both));
          }
        if (combined.size() > 64) {
          fail("too many groups with ^ or $");
          combined.resize(1);
        }
        result = std::move(combined);
        continue;
      }
      join(quantified(spell(atom())));
    }
    return result;
  }

  Branches group(uint32_t depth) {
    ++at_;
    if (take("?")) {
      if (take("<") && peek() != '=' && peek() != '!') {
        while (more() && peek() != '>')
          ++at_;
        take(">");
      } else if (peek() == '=' || peek() == '!') {
        fail("lookaround is not supported");
      } else if (!take(":")) {
        fail("groups are (...), (?:...) and (?<name>...); flags inside a pattern are not supported");
      }
    }
    if (depth >= maxDepth)
      fail("groups are nested deeper than " + std::to_string(maxDepth));
    Branches inner = alternatives(depth + 1);
    if (!take(")"))
      fail("the group has no closing ')'");
    return inner;
  }

  std::optional<uint32_t> number() {
    size_t begin = at_;
    uint64_t value = 0;
    while (peek() >= '0' && peek() <= '9' && value < unlimited)
      value = value * 10 + uint64_t(text_[at_++] - '0');
    if (at_ == begin)
      return std::nullopt;
    if (value > 100'000)
      fail("a repetition of " + std::to_string(value) + " is more than the 100000 that are supported");
    return uint32_t(std::min<uint64_t>(value, unlimited - 1));
  }

  Expression quantified(Expression part) {
    uint32_t least = 0, most = unlimited;
    if (take("*"))
      ;
    else if (take("+"))
      least = 1;
    else if (take("?"))
      most = 1;
    else if (peek() == '{') {
      size_t begin = at_++;
      auto first = number();
      if (first) {
        least = most = *first;
        if (take(","))
          most = number().value_or(unlimited);
      }
      if (!first || !take("}")) {
        if (failure_.ok())
          at_ = begin; // a brace like any character
        return part;
      }
      if (least > most)
        fail("the repetition {" + std::to_string(least) + "," + std::to_string(most) + "} ends before it begins");
    } else {
      return part;
    }
    take("?"); // lazy or not, the texts are the same
    if (peek() == '*' || peek() == '+' || peek() == '?')
      fail("there is nothing to repeat");
    return repeat(std::move(part), least, most);
  }

  uint32_t codePoint() {
    Utf8Step step = stepUtf8(text_, at_);
    if (step.state != Utf8State::Valid) {
      fail("this is not valid UTF-8");
      return 0;
    }
    at_ += step.length;
    return step.codePoint;
  }

  CharacterSet atom() {
    if (take("."))
      return lineEnds().complement();
    if (peek() == '[')
      return classOf();
    if (peek() == '\\')
      return escape(false);
    if (peek() == '*' || peek() == '+' || peek() == '?') {
      fail("there is nothing to repeat");
      return {};
    }
    uint32_t code = codePoint();
    return CharacterSet(code, code);
  }

  uint32_t hex(int digits) {
    uint32_t value = 0;
    for (int i = 0; i < digits; ++i) {
      char c = peek();
      int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
      if (digit < 0) {
        fail(std::to_string(digits) + " hexadecimal digits are expected");
        return 0;
      }
      value = value * 16 + uint32_t(digit);
      ++at_;
    }
    return value;
  }

  CharacterSet escape(bool inClass) {
    ++at_;
    if (!more()) {
      fail("a backslash ends the pattern");
      return {};
    }
    char c = text_[at_++];
    auto one = [](uint32_t code) { return CharacterSet(code, code); };
    switch (c) {
    case 'd':
      return digits();
    case 'D':
      return digits().complement();
    case 'w':
      return wordCharacters();
    case 'W':
      return wordCharacters().complement();
    case 's':
      return spaces();
    case 'S':
      return spaces().complement();
    case 't':
      return one('\t');
    case 'n':
      return one('\n');
    case 'r':
      return one('\r');
    case 'f':
      return one('\f');
    case 'v':
      return one('\v');
    case '0':
      return one(0);
    case 'x':
      return one(hex(2));
    case 'u': {
      if (take("{")) {
        uint32_t code = 0;
        for (size_t digits = 0; more() && peek() != '}' && digits < 6; ++digits)
          code = code * 16 + hex(1);
        if (!take("}") || code > CharacterSet::last)
          fail("\\u{...} is no Unicode character");
        return one(code);
      }
      uint32_t code = hex(4);
      if (code >= 0xD800 && code <= 0xDBFF && take("\\u"))
        if (uint32_t low = hex(4); low >= 0xDC00 && low <= 0xDFFF)
          return one(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00));
      if (code >= 0xD800 && code <= 0xDFFF)
        fail("half of a surrogate pair is no character");
      return one(code);
    }
    case 'c': {
      char letter = peek();
      if ((letter | 32) < 'a' || (letter | 32) > 'z')
        fail("\\c is followed by no letter");
      ++at_;
      return one(uint32_t(letter) & 31);
    }
    case 'p':
    case 'P': {
      size_t end = text_.find('}', at_);
      if (peek() != '{' || end == std::string_view::npos) {
        fail("\\p is followed by no {property}");
        return {};
      }
      std::string name(text_.substr(at_ + 1, end - at_ - 1));
      auto set = work_.take(300'000) ? property(name) : std::nullopt;
      if (!set) {
        fail("the property '" + name + "' is not supported; supported are general categories, Any and ASCII");
        return {};
      }
      at_ = end + 1;
      return c == 'p' ? *set : set->complement();
    }
    case 'b':
      if (inClass)
        return one('\b');
      [[fallthrough]];
    case 'B':
      fail("word boundaries (\\b, \\B) are not supported");
      return {};
    case 'k':
      fail("backward references are not supported");
      return {};
    default:
      if (c >= '1' && c <= '9')
        fail("backward references are not supported");
      else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        fail(std::string("the escape \\") + c + " is not known");
      --at_;
      return more() ? one(codePoint()) : CharacterSet();
    }
  }

  static bool single(const CharacterSet &set) {
    return set.ranges().size() == 1 && set.ranges()[0].first == set.ranges()[0].last;
  }

  CharacterSet classOf() {
    ++at_;
    bool negated = take("^");
    CharacterSet set;
    auto member = [&] {
      if (peek() == '\\')
        return escape(true);
      uint32_t code = codePoint();
      return CharacterSet(code, code);
    };
    while (more() && peek() != ']') {
      CharacterSet first = member();
      if (peek() == '-' && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
        ++at_;
        CharacterSet last = member();
        if (!single(first) || !single(last) || first.ranges()[0].first > last.ranges()[0].first)
          fail("the range of characters is none");
        else
          first.add(first.ranges()[0].first, last.ranges()[0].first);
      }
      if (!work_.take(16 + set.ranges().size() / 4 + first.ranges().size() * 4))
        fail("it is too large");
      set.add(first);
    }
    if (!take("]"))
      fail("the class has no closing ']'");
    return negated ? set.complement() : set;
  }

  std::string_view text_;
  const RegularExpressionOptions &options_;
  Work &work_;
  size_t at_ = 0;
  Status failure_;
};

} // namespace

Result<Expression> readRegularExpression(std::string_view pattern, const RegularExpressionOptions &options,
                                         Work &work) {
  return Reader(pattern, options, work).read();
}

Result<std::shared_ptr<const Grammar>> parseRegularExpression(std::string_view pattern) {
  Work work;
  auto expression = readRegularExpression(pattern, {}, work);
  if (!expression)
    return expression.status();
  Rules rules;
  rules.rules.push_back({"regular expression", *expression});
  return Grammar::compile(rules, work);
}

} // namespace lathe::grammar
