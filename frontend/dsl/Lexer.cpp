// The scanner of the model language, and places in its text; see Lexer.h.
#include "frontend/dsl/Lexer.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"

#include <charconv>

namespace lathe::dsl {

std::pair<uint32_t, uint32_t> Source::place(uint32_t offset) const {
  uint32_t line = 1, column = 1;
  for (uint32_t i = 0; i < offset && i < text.size(); ++i) {
    ++column;
    if (text[i] == '\n') {
      ++line;
      column = 1;
    }
  }
  return {line, column};
}

Status Source::failure(uint32_t offset, const std::string &message) const {
  auto [line, column] = place(offset);
  size_t begin = offset - (column - 1);
  size_t end = std::min(text.find('\n', begin), text.size());
  // A line of a stranger's file may be long or hold anything: show what is printable around the place.
  constexpr size_t width = 100;
  size_t first = column > width ? offset - width : begin, last = std::min<size_t>(end, first + width + 20);
  std::string shown, marker;
  for (size_t i = first; i < last; ++i) {
    unsigned char byte = text[i];
    shown += byte < 32 || byte == 127 ? ' ' : text[i];
    if (i < offset && (byte & 0xc0) != 0x80)
      marker += ' ';
  }
  std::string number = std::to_string(line), margin(number.size(), ' ');
  return Status::failure(name + ":" + number + ":" + std::to_string(column) + ": " + message + "\n  " + number + " | " +
                         shown + "\n  " + margin + " | " + marker + "^");
}

std::string didYouMean(std::string_view name, const std::vector<std::string> &known) {
  unsigned limit = std::min<size_t>(3, 1 + name.size() / 3), best = limit + 1;
  const std::string *nearest = nullptr;
  for (const std::string &candidate : known) {
    unsigned distance = llvm::StringRef(candidate).edit_distance(llvm::StringRef(name.data(), name.size()), true, best);
    if (distance < best) {
      best = distance;
      nearest = &candidate;
    }
  }
  return nearest ? ", did you mean '" + *nearest + "'?" : "";
}

namespace {

bool isNameStart(char c) { return llvm::isAlpha(c) || c == '_'; }
bool isNameRest(char c) { return llvm::isAlnum(c) || c == '_'; }

class Lexer {
public:
  explicit Lexer(const Source &source) : source_(source), text_(source.text) {}

  Result<std::vector<Token>> run() {
    if (text_.size() > (16u << 20))
      return Status::failure(source_.name + ": has " + std::to_string(text_.size()) +
                             " bytes; a model file has at most " + std::to_string(16u << 20));
    while (position_ < text_.size())
      if (Status status = next(); !status)
        return status;
    add(Token::Kind::Newline, "");
    add(Token::Kind::End, "");
    return std::move(tokens_);
  }

private:
  /// Whether a newline after the token means anything: an operator or a comma goes on in the next line.
  static bool endsStatement(const Token &token) {
    static constexpr std::string_view open[] = {"+", "-", "*", "/", "=", "==", "!=", "<", "<=", ">", ">=", ",", "|"};
    if (token.kind == Token::Kind::Name)
      return token.text != "and" && token.text != "or" && token.text != "not";
    return token.kind != Token::Kind::Newline &&
           (token.kind != Token::Kind::Symbol ||
            std::find(std::begin(open), std::end(open), token.text) == std::end(open));
  }
  Token &add(Token::Kind kind, std::string text) {
    Token &token = tokens_.emplace_back();
    token.kind = kind;
    token.offset = static_cast<uint32_t>(begin_);
    token.text = std::move(text);
    return token;
  }
  char at(size_t i) const { return i < text_.size() ? text_[i] : '\0'; }

  Status next() {
    begin_ = position_;
    char c = text_[position_];
    if (c == '#') {
      position_ = std::min(text_.find('\n', position_), text_.size());
    } else if (c == '\n') {
      ++position_;
      if (open_ == 0 && !tokens_.empty() && endsStatement(tokens_.back()))
        add(Token::Kind::Newline, "");
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++position_;
    } else if (isNameStart(c)) {
      while (isNameRest(at(position_)))
        ++position_;
      add(Token::Kind::Name, text_.substr(begin_, position_ - begin_));
    } else if (llvm::isDigit(c)) {
      return number();
    } else if (c == '"') {
      return string();
    } else {
      return symbol();
    }
    return Status::success();
  }

  Status number() {
    auto digits = [&] {
      while (llvm::isDigit(at(position_)))
        ++position_;
    };
    digits();
    bool isFloat = false;
    if (at(position_) == '.' && llvm::isDigit(at(position_ + 1))) {
      isFloat = true;
      ++position_;
      digits();
    }
    size_t exponent = position_ + 1 + (at(position_ + 1) == '-' || at(position_ + 1) == '+');
    if ((at(position_) == 'e' || at(position_) == 'E') && llvm::isDigit(at(exponent))) {
      isFloat = true;
      position_ = exponent;
      digits();
    }
    const char *first = text_.data() + begin_, *last = text_.data() + position_;
    Token &token = add(isFloat ? Token::Kind::Float : Token::Kind::Integer, std::string(first, last));
    std::errc error =
        isFloat ? std::from_chars(first, last, token.number).ec : std::from_chars(first, last, token.integer).ec;
    if (error != std::errc())
      return source_.failure(begin_, "the number is out of range");
    if (isNameStart(at(position_)))
      return source_.failure(position_, "a number is followed by a letter");
    return Status::success();
  }

  Status string() {
    std::string value;
    for (++position_;; ++position_) {
      char c = at(position_);
      if (position_ >= text_.size() || c == '\n')
        return source_.failure(begin_, "the string is not closed on its line");
      if (c == '"')
        break;
      if (c == '\\') {
        c = at(++position_);
        if (c != '"' && c != '\\')
          return source_.failure(position_ - 1, "a backslash stands before a quote or a backslash only");
      }
      value += c;
    }
    ++position_;
    add(Token::Kind::Text, std::move(value));
    return Status::success();
  }

  Status symbol() {
    static constexpr std::string_view symbols[] = {"..", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/",
                                                   "=",  "(",  ")",  "[",  "]",  "{", "}", ",", ":", "|"};
    for (std::string_view symbol : symbols) {
      if (text_.compare(position_, symbol.size(), symbol) != 0)
        continue;
      if (symbol == "(" || symbol == "[")
        ++open_;
      if ((symbol == ")" || symbol == "]") && open_ > 0)
        --open_;
      position_ += symbol.size();
      add(Token::Kind::Symbol, std::string(symbol));
      return Status::success();
    }
    return source_.failure(begin_, "a character that means nothing here");
  }

  const Source &source_;
  const std::string &text_;
  size_t position_ = 0, begin_ = 0;
  unsigned open_ = 0;
  std::vector<Token> tokens_;
};

} // namespace

Result<std::vector<Token>> tokenize(const Source &source) { return Lexer(source).run(); }

} // namespace lathe::dsl
