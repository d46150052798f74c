// Recursive descent over Jinja's grammar. Nesting is limited, so that neither parsing nor evaluating nor freeing a
// template can exhaust the stack.
#include "runtime/chat/TemplateParser.h"

#include "runtime/chat/TemplateLexer.h"

#include <algorithm>
#include <charconv>

namespace lathe::chat {
namespace {

using Kind = Expression::Kind;

constexpr int maxExpressionDepth = 120;
constexpr int maxBlockDepth = 40;

class Parser {
public:
  explicit Parser(std::vector<Token> tokens) : tokens(std::move(tokens)) {}

  Body run() {
    Body body = parseBody({});
    if (token().kind != Token::Kind::End)
      fail("the block '" + token(1).text + "' ends nothing");
    return body;
  }

private:
  std::vector<Token> tokens;
  size_t at = 0;
  int nesting = 0, blocks = 0;

  const Token &token(size_t ahead = 0) const { return tokens[std::min(at + ahead, tokens.size() - 1)]; }
  [[noreturn]] void fail(const std::string &message) const { throw TemplateError(message, token().line); }
  std::string shown() const {
    switch (token().kind) {
    case Token::Kind::End:
      return "the end of the template";
    case Token::Kind::BlockEnd:
      return "'%}'";
    case Token::Kind::OutputEnd:
      return "'}}'";
    default:
      return "'" + token().text.substr(0, 40) + "'";
    }
  }
  bool isOperator(std::string_view text, size_t ahead = 0) const {
    return token(ahead).kind == Token::Kind::Operator && token(ahead).text == text;
  }
  bool isName(std::string_view text, size_t ahead = 0) const {
    return token(ahead).kind == Token::Kind::Name && token(ahead).text == text;
  }
  bool takeOperator(std::string_view text) { return isOperator(text) && ++at; }
  bool takeName(std::string_view text) { return isName(text) && ++at; }
  void expectOperator(std::string_view text) {
    if (!takeOperator(text))
      fail("expected '" + std::string(text) + "', found " + shown());
  }
  std::string expectName() {
    if (token().kind != Token::Kind::Name)
      fail("expected a name, found " + shown());
    return tokens[at++].text;
  }
  void expectBlockEnd() {
    if (token().kind != Token::Kind::BlockEnd)
      fail("expected the end of the block, found " + shown());
    ++at;
  }

  ExpressionPtr make(Kind kind, int line, std::string text = "") const {
    auto node = std::make_unique<Expression>();
    node->kind = kind;
    node->line = line;
    node->text = std::move(text);
    return node;
  }
  void attach(Expression &node, ExpressionPtr child) const {
    if (child)
      node.depth = std::max(node.depth, child->depth + 1);
    if (node.depth > maxExpressionDepth)
      fail("an expression is nested too deep");
    node.arguments.push_back(std::move(child));
  }
  struct Nested {
    Parser &parser;
    explicit Nested(Parser &parser) : parser(parser) {
      if (++parser.nesting > maxExpressionDepth)
        parser.fail("an expression is nested too deep");
    }
    ~Nested() { --parser.nesting; }
  };

  // Expressions, weakest first.

  ExpressionPtr parseExpression(bool withCondition = true) {
    Nested nested(*this);
    ExpressionPtr left = parseOr();
    while (withCondition && isName("if")) {
      ExpressionPtr node = make(Kind::Condition, token().line);
      ++at;
      attach(*node, std::move(left));
      attach(*node, parseOr());
      attach(*node, takeName("else") ? parseExpression() : nullptr);
      left = std::move(node);
    }
    return left;
  }

  template <class Parse> ExpressionPtr binary(ExpressionPtr left, std::string text, Parse parse) {
    ExpressionPtr node = make(Kind::Binary, token().line, std::move(text));
    ++at;
    attach(*node, std::move(left));
    attach(*node, parse());
    return node;
  }

  ExpressionPtr parseOr() {
    ExpressionPtr left = parseAnd();
    while (isName("or"))
      left = binary(std::move(left), "or", [&] { return parseAnd(); });
    return left;
  }
  ExpressionPtr parseAnd() {
    ExpressionPtr left = parseNot();
    while (isName("and"))
      left = binary(std::move(left), "and", [&] { return parseNot(); });
    return left;
  }
  ExpressionPtr parseNot() {
    if (!isName("not"))
      return parseCompare();
    Nested nested(*this);
    ExpressionPtr node = make(Kind::Unary, token().line, "not");
    ++at;
    attach(*node, parseNot());
    return node;
  }
  ExpressionPtr parseCompare() {
    ExpressionPtr left = parseSum();
    ExpressionPtr node;
    for (;;) {
      std::string text;
      for (const char *candidate : {"==", "!=", "<", "<=", ">", ">="})
        if (isOperator(candidate))
          text = candidate;
      if (isName("in"))
        text = "in";
      else if (isName("not") && isName("in", 1)) {
        text = "not in";
        ++at;
      }
      if (text.empty())
        return node ? std::move(node) : std::move(left);
      if (!node) {
        node = make(Kind::Compare, token().line);
        attach(*node, std::move(left));
      }
      ++at;
      node->operators.push_back(text);
      attach(*node, parseSum());
    }
  }
  ExpressionPtr parseSum() {
    ExpressionPtr left = parseConcat();
    while (isOperator("+") || isOperator("-"))
      left = binary(std::move(left), token().text, [&] { return parseConcat(); });
    return left;
  }
  ExpressionPtr parseConcat() {
    ExpressionPtr left = parseProduct();
    while (isOperator("~"))
      left = binary(std::move(left), "~", [&] { return parseProduct(); });
    return left;
  }
  ExpressionPtr parseProduct() {
    ExpressionPtr left = parsePower();
    while (isOperator("*") || isOperator("/") || isOperator("//") || isOperator("%"))
      left = binary(std::move(left), token().text, [&] { return parsePower(); });
    return left;
  }
  ExpressionPtr parsePower() {
    ExpressionPtr left = parseUnary(true);
    while (isOperator("**"))
      left = binary(std::move(left), "**", [&] { return parseUnary(true); });
    return left;
  }
  ExpressionPtr parseUnary(bool withFilter) {
    Nested nested(*this);
    ExpressionPtr node;
    if (isOperator("-") || isOperator("+")) {
      node = make(Kind::Unary, token().line, token().text);
      ++at;
      attach(*node, parseUnary(false));
    } else {
      node = parsePostfix(parsePrimary());
    }
    return withFilter ? parseFilters(std::move(node)) : std::move(node);
  }

  ExpressionPtr literal(int line, Value value) const {
    ExpressionPtr node = make(Kind::Literal, line);
    node->literal = std::move(value);
    return node;
  }

  ExpressionPtr parsePrimary() {
    const Token &first = token();
    int line = first.line;
    switch (first.kind) {
    case Token::Kind::Name: {
      std::string name = first.text;
      ++at;
      if (name == "true" || name == "True" || name == "false" || name == "False")
        return literal(line, Value((name[0] | 32) == 't'));
      if (name == "none" || name == "None")
        return literal(line, Value(nullptr));
      return make(Kind::Name, line, std::move(name));
    }
    case Token::Kind::String: {
      std::string text;
      while (token().kind == Token::Kind::String)
        text += tokens[at++].text;
      return literal(line, Value(std::move(text)));
    }
    case Token::Kind::Integer:
    case Token::Kind::Float:
      return parseNumber();
    default:
      break;
    }
    if (takeOperator("(")) {
      ExpressionPtr node = parseTuple(")");
      expectOperator(")");
      return node;
    }
    if (takeOperator("[")) {
      ExpressionPtr node = make(Kind::ListItems, line);
      while (!isOperator("]")) {
        attach(*node, parseExpression());
        if (!takeOperator(","))
          break;
      }
      expectOperator("]");
      return node;
    }
    if (takeOperator("{")) {
      ExpressionPtr node = make(Kind::DictItems, line);
      while (!isOperator("}")) {
        attach(*node, parseExpression());
        expectOperator(":");
        attach(*node, parseExpression());
        if (!takeOperator(","))
          break;
      }
      expectOperator("}");
      return node;
    }
    fail("expected an expression, found " + shown());
  }

  ExpressionPtr parseNumber() {
    const Token &number = tokens[at++];
    const char *begin = number.text.data(), *end = begin + number.text.size();
    if (number.kind == Token::Kind::Float) {
      double value = 0;
      std::from_chars(begin, end, value);
      return literal(number.line, Value(value));
    }
    int64_t value = 0;
    bool hex = number.text.starts_with("0x") || number.text.starts_with("0X");
    auto read = std::from_chars(begin + (hex ? 2 : 0), end, value, hex ? 16 : 10);
    if (read.ec != std::errc() || read.ptr != end)
      throw TemplateError("the number " + number.text.substr(0, 40) + " is too large", number.line);
    return literal(number.line, Value(value));
  }

  /// One expression, or several with commas: a tuple. Empty is a tuple only before `close`.
  ExpressionPtr parseTuple(std::string_view close, bool withCondition = true) {
    int line = token().line;
    ExpressionPtr tuple = make(Kind::Tuple, line);
    bool comma = false;
    while (!(isOperator(close) || token().kind == Token::Kind::BlockEnd || token().kind == Token::Kind::OutputEnd)) {
      attach(*tuple, parseExpression(withCondition));
      if (!takeOperator(","))
        break;
      comma = true;
    }
    if (tuple->arguments.size() == 1 && !comma)
      return std::move(tuple->arguments[0]);
    if (tuple->arguments.empty() && !isOperator(close))
      fail("expected an expression, found " + shown());
    return tuple;
  }

  void parseArguments(Expression &node) {
    while (!isOperator(")")) {
      if (token().kind == Token::Kind::Name && isOperator("=", 1)) {
        std::string name = expectName();
        ++at;
        ExpressionPtr value = parseExpression();
        node.depth = std::max(node.depth, value->depth + 1);
        node.named.emplace_back(std::move(name), std::move(value));
      } else if (isOperator("*") || isOperator("**")) {
        fail("unpacked arguments are not supported");
      } else {
        attach(node, parseExpression());
      }
      if (!takeOperator(","))
        break;
    }
    expectOperator(")");
  }

  ExpressionPtr parsePostfix(ExpressionPtr node) {
    for (;;) {
      int line = token().line;
      if (takeOperator(".")) {
        if (token().kind == Token::Kind::Integer) {
          ExpressionPtr item = make(Kind::Item, line);
          attach(*item, std::move(node));
          attach(*item, parseNumber());
          node = std::move(item);
          continue;
        }
        ExpressionPtr attribute = make(Kind::Attribute, line, expectName());
        attach(*attribute, std::move(node));
        node = std::move(attribute);
      } else if (takeOperator("[")) {
        node = parseSubscript(std::move(node), line);
      } else if (takeOperator("(")) {
        ExpressionPtr call = make(Kind::Call, line);
        attach(*call, std::move(node));
        parseArguments(*call);
        node = std::move(call);
      } else {
        return node;
      }
    }
  }

  ExpressionPtr parseSubscript(ExpressionPtr object, int line) {
    ExpressionPtr parts[3];
    int colons = 0;
    while (!isOperator("]")) {
      if (takeOperator(":")) {
        if (++colons > 2)
          fail("a slice has too many parts");
      } else if (!parts[colons]) {
        parts[colons] = parseExpression();
      } else {
        break;
      }
    }
    expectOperator("]");
    ExpressionPtr node = make(colons ? Kind::Slice : Kind::Item, line);
    attach(*node, std::move(object));
    if (!colons && !parts[0])
      fail("an item has no index");
    attach(*node, std::move(parts[0]));
    if (colons) {
      attach(*node, std::move(parts[1]));
      attach(*node, std::move(parts[2]));
    }
    return node;
  }

  std::string dottedName() {
    std::string name = expectName();
    while (takeOperator("."))
      name += "." + expectName();
    return name;
  }

  ExpressionPtr parseFilters(ExpressionPtr node) {
    for (;;) {
      int line = token().line;
      if (takeOperator("|")) {
        node = parseFilter(std::move(node), line);
      } else if (takeName("is")) {
        node = parseTest(std::move(node), line);
      } else if (takeOperator("(")) {
        ExpressionPtr call = make(Kind::Call, line);
        attach(*call, std::move(node));
        parseArguments(*call);
        node = std::move(call);
      } else {
        return node;
      }
    }
  }

  ExpressionPtr parseFilter(ExpressionPtr value, int line) {
    ExpressionPtr filter = make(Kind::Filter, line, dottedName());
    attach(*filter, std::move(value));
    if (takeOperator("("))
      parseArguments(*filter);
    return filter;
  }

  ExpressionPtr parseTest(ExpressionPtr value, int line) {
    bool negated = takeName("not");
    ExpressionPtr test = make(Kind::Test, line, dottedName());
    attach(*test, std::move(value));
    bool primary = token().kind == Token::Kind::String || token().kind == Token::Kind::Integer ||
                   token().kind == Token::Kind::Float || isOperator("[") || isOperator("{") ||
                   (token().kind == Token::Kind::Name && !isName("else") && !isName("or") && !isName("and") &&
                    !isName("if") && !isName("is") && !isName("not") && !isName("in") && !isName("recursive"));
    if (takeOperator("("))
      parseArguments(*test);
    else if (primary)
      attach(*test, parsePostfix(parsePrimary()));
    if (!negated)
      return test;
    ExpressionPtr node = make(Kind::Unary, line, "not");
    attach(*node, std::move(test));
    return node;
  }

  // Statements.

  bool atBlock(std::string_view name) const { return token().kind == Token::Kind::BlockBegin && isName(name, 1); }

  /// Until one of the blocks `ends`, which stays.
  Body parseBody(std::initializer_list<std::string_view> ends) {
    if (++blocks > maxBlockDepth)
      fail("blocks are nested too deep");
    Body body;
    while (token().kind != Token::Kind::End) {
      if (token().kind == Token::Kind::Text) {
        body.push_back(statement(Statement::Kind::Text));
        body.back()->text = tokens[at++].text;
      } else if (token().kind == Token::Kind::OutputBegin) {
        body.push_back(statement(Statement::Kind::Output));
        ++at;
        body.back()->value = parseTuple("");
        if (token().kind != Token::Kind::OutputEnd)
          fail("expected the end of the output, found " + shown());
        ++at;
      } else {
        if (std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return isName(end, 1); }) ||
            (ends.size() == 0 && token(1).text.starts_with("end")))
          break;
        body.push_back(parseBlock());
      }
    }
    --blocks;
    return body;
  }

  std::unique_ptr<Statement> statement(Statement::Kind kind) const {
    auto made = std::make_unique<Statement>();
    made->kind = kind;
    made->line = token().line;
    return made;
  }

  void expectBlock(std::string_view name, int line) {
    if (!atBlock(name))
      throw TemplateError("the block that begins here has no '" + std::string(name) + "'", line);
    at += 2;
  }
  void endBlock(std::string_view name, int line) {
    expectBlock(name, line);
    expectBlockEnd();
  }

  std::unique_ptr<Statement> parseBlock() {
    int line = token().line;
    ++at;
    std::string name = expectName();
    if (name == "if")
      return parseIf(line);
    if (name == "for")
      return parseFor(line);
    if (name == "set")
      return parseSet(line);
    if (name == "macro")
      return parseMacro(line);
    if (name == "call")
      return parseCall(line);
    if (name == "filter") {
      auto made = statement(Statement::Kind::FilterBlock);
      made->value = parseFilters(parseFilter(make(Kind::Name, line, blockText), line));
      expectBlockEnd();
      made->body = parseBody({"endfilter"});
      endBlock("endfilter", line);
      return made;
    }
    if (name == "with")
      return parseWith(line);
    if (name == "generation") { // transformers: marks the assistant's text; the text is the same
      auto made = statement(Statement::Kind::Group);
      expectBlockEnd();
      made->body = parseBody({"endgeneration"});
      endBlock("endgeneration", line);
      return made;
    }
    if (name == "break" || name == "continue") {
      auto made = statement(name == "break" ? Statement::Kind::Break : Statement::Kind::Continue);
      expectBlockEnd();
      return made;
    }
    throw TemplateError(
        "the block '" + name.substr(0, 40) +
            "' is not supported; supported: if, for, set, macro, call, filter, with, raw, generation, break, "
            "continue",
        line);
  }

  std::unique_ptr<Statement> parseIf(int line) {
    auto made = statement(Statement::Kind::If);
    for (bool more = true; more;) {
      ExpressionPtr condition = parseTuple("");
      expectBlockEnd();
      Body body = parseBody({"elif", "else", "endif"});
      made->branches.emplace_back(std::move(condition), std::move(body));
      more = atBlock("elif");
      at += more ? 2 : 0;
    }
    if (atBlock("else")) {
      at += 2;
      expectBlockEnd();
      made->branches.emplace_back(nullptr, parseBody({"endif"}));
    }
    endBlock("endif", line);
    return made;
  }

  std::unique_ptr<Statement> parseFor(int line) {
    auto made = statement(Statement::Kind::For);
    bool bracket = takeOperator("(");
    do
      made->names.push_back(expectName());
    while (takeOperator(",") && token().kind == Token::Kind::Name && !isName("in"));
    if (bracket)
      expectOperator(")");
    if (!takeName("in"))
      fail("expected 'in', found " + shown());
    made->value = parseTuple("", false);
    if (takeName("if"))
      made->condition = parseExpression();
    if (isName("recursive"))
      fail("a recursive loop is not supported");
    expectBlockEnd();
    made->body = parseBody({"else", "endfor"});
    if (atBlock("else")) {
      at += 2;
      expectBlockEnd();
      made->otherwise = parseBody({"endfor"});
    }
    endBlock("endfor", line);
    return made;
  }

  ExpressionPtr parseTarget() {
    int line = token().line;
    ExpressionPtr tuple = make(Kind::Tuple, line);
    bool comma = false;
    do {
      ExpressionPtr name = make(Kind::Name, line, expectName());
      if (takeOperator(".")) {
        ExpressionPtr attribute = make(Kind::Attribute, line, expectName());
        attach(*attribute, std::move(name));
        name = std::move(attribute);
      }
      attach(*tuple, std::move(name));
      comma = isOperator(",");
    } while (takeOperator(",") && token().kind == Token::Kind::Name);
    return tuple->arguments.size() == 1 && !comma ? std::move(tuple->arguments[0]) : std::move(tuple);
  }

  std::unique_ptr<Statement> parseSet(int line) {
    auto made = statement(Statement::Kind::Set);
    made->target = parseTarget();
    if (takeOperator("=")) {
      made->value = parseTuple("");
      expectBlockEnd();
      return made;
    }
    made->kind = Statement::Kind::SetBlock;
    if (isOperator("|"))
      made->value = parseFilters(make(Kind::Name, line, blockText));
    expectBlockEnd();
    made->body = parseBody({"endset"});
    endBlock("endset", line);
    return made;
  }

  void parseParameters(Statement &made) {
    while (!isOperator(")")) {
      made.names.push_back(expectName());
      made.defaults.push_back(takeOperator("=") ? parseExpression() : nullptr);
      if (!takeOperator(","))
        break;
    }
    expectOperator(")");
  }

  std::unique_ptr<Statement> parseMacro(int line) {
    auto made = statement(Statement::Kind::Macro);
    made->text = expectName();
    expectOperator("(");
    parseParameters(*made);
    expectBlockEnd();
    made->body = parseBody({"endmacro"});
    expectBlock("endmacro", line);
    if (token().kind == Token::Kind::Name)
      ++at;
    expectBlockEnd();
    return made;
  }

  std::unique_ptr<Statement> parseCall(int line) {
    auto made = statement(Statement::Kind::CallBlock);
    if (takeOperator("("))
      parseParameters(*made);
    made->value = parseExpression();
    if (made->value->kind != Kind::Call)
      fail("a call block calls nothing");
    expectBlockEnd();
    made->body = parseBody({"endcall"});
    endBlock("endcall", line);
    return made;
  }

  std::unique_ptr<Statement> parseWith(int line) {
    auto made = statement(Statement::Kind::With);
    while (token().kind == Token::Kind::Name) {
      made->names.push_back(expectName());
      expectOperator("=");
      made->defaults.push_back(parseExpression());
      if (!takeOperator(","))
        break;
    }
    expectBlockEnd();
    made->body = parseBody({"endwith"});
    endBlock("endwith", line);
    return made;
  }
};

} // namespace

Body parseTemplate(std::string_view text) { return Parser(lexTemplate(text)).run(); }

} // namespace lathe::chat
