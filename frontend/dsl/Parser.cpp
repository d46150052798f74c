// The recursive-descent parser of the model language; see Language.h and docs/model-language.md for the grammar.
#include "frontend/dsl/Lexer.h"

namespace lathe::dsl {

namespace {

using Kind = Expression::Kind;
constexpr uint32_t maximalDepth = 200;

class Parser {
public:
  Parser(const Source &source, std::vector<Token> tokens) : source_(source), tokens_(std::move(tokens)) {}

  bool model(ModelText &model) {
    skipNewlines();
    if (!keyword("model") || !name(model.name, "the model's name"))
      return false;
    skipNewlines();
    bool hasGraph = false;
    while (current().kind != Token::Kind::End) {
      uint32_t offset = current().offset;
      if (acceptName("gguf")) {
        if (!strings(model.gguf))
          return false;
      } else if (acceptName("hf")) {
        if (!strings(model.hf))
          return false;
      } else if (acceptName("parameters")) {
        if (!braces([&] { return parameter(model); }))
          return false;
      } else if (acceptName("weights")) {
        if (!braces([&] { return weight(model); }))
          return false;
      } else if (acceptName("def")) {
        if (!function(model.functions.emplace_back(), offset))
          return false;
      } else if (acceptName("graph")) {
        if (hasGraph)
          return fail(offset, "a model has one graph");
        hasGraph = true;
        model.graphOffset = offset;
        if (!symbol("("))
          return false;
        do {
          if (!graphArgument(model.arguments.emplace_back()))
            return false;
        } while (acceptSymbol(","));
        if (!symbol(")") || !block(model.graph))
          return false;
      } else {
        return fail(offset, "expected gguf, hf, parameters, weights, def or graph");
      }
      if (!endOfLine())
        return false;
      skipNewlines();
    }
    return hasGraph || fail(current().offset, "the model has no graph");
  }

  const Status &status() const { return status_; }

private:
  // ---- tokens ----
  const Token &current() const { return tokens_[position_]; }
  const Token &peek() const { return tokens_[std::min(position_ + 1, tokens_.size() - 1)]; }
  void advance() {
    if (position_ + 1 < tokens_.size())
      ++position_;
  }
  bool fail(uint32_t offset, const std::string &message) {
    if (status_.ok())
      status_ = source_.failure(offset, message);
    return false;
  }
  bool isSymbol(std::string_view text) const { return current().kind == Token::Kind::Symbol && current().text == text; }
  bool isName(std::string_view text) const { return current().kind == Token::Kind::Name && current().text == text; }
  bool acceptSymbol(std::string_view text) {
    bool found = isSymbol(text);
    if (found)
      advance();
    return found;
  }
  bool acceptName(std::string_view text) {
    bool found = isName(text);
    if (found)
      advance();
    return found;
  }
  bool symbol(std::string_view text) {
    return acceptSymbol(text) || fail(current().offset, "expected '" + std::string(text) + "'");
  }
  bool keyword(std::string_view text) {
    return acceptName(text) || fail(current().offset, "expected '" + std::string(text) + "'");
  }
  bool name(std::string &result, const std::string &what) {
    static constexpr std::string_view reserved[] = {"if",  "else", "for",   "in",   "return", "require", "and", "or",
                                                    "not", "true", "false", "none", "def",    "gguf",    "hf"};
    if (current().kind != Token::Kind::Name)
      return fail(current().offset, "expected " + what);
    for (std::string_view word : reserved)
      if (current().text == word)
        return fail(current().offset, "'" + current().text + "' is a word of the language, expected " + what);
    result = current().text;
    advance();
    return true;
  }
  bool text(std::string &result) {
    if (current().kind != Token::Kind::Text)
      return fail(current().offset, "expected a string");
    result = current().text;
    advance();
    return true;
  }
  void skipNewlines() {
    while (current().kind == Token::Kind::Newline)
      advance();
  }
  bool endOfLine() {
    if (current().kind == Token::Kind::Newline || current().kind == Token::Kind::End) {
      advance();
      return true;
    }
    return isSymbol("}") || fail(current().offset, "expected the end of the line");
  }
  template <class Item> bool braces(Item item) {
    if (!symbol("{"))
      return false;
    for (skipNewlines(); !acceptSymbol("}"); skipNewlines())
      if (!item() || !endOfLine())
        return false;
    return true;
  }
  /// A declaration goes on in the next line when that begins with a word or sign that no declaration begins with.
  void joinLines() {
    size_t next = position_;
    while (tokens_[next].kind == Token::Kind::Newline)
      ++next;
    const std::string &text = tokens_[next].text;
    bool goesOn = tokens_[next].kind == Token::Kind::Name
                      ? text == "gguf" || text == "hf" || text == "optional"
                      : tokens_[next].kind == Token::Kind::Symbol && (text == "|" || text == "=");
    if (goesOn)
      position_ = next;
  }
  bool strings(std::vector<std::string> &result) {
    do {
      if (!text(result.emplace_back()))
        return false;
    } while (acceptSymbol(","));
    return true;
  }

  // ---- declarations ----
  bool parameter(ModelText &model) {
    Parameter &parameter = model.parameters.emplace_back();
    parameter.offset = current().offset;
    if (isName("require")) {
      parameter.require = std::make_unique<Statement>();
      return require(*parameter.require);
    }
    if (!name(parameter.name, "a parameter's name") || !symbol(":"))
      return false;
    parameter.isList = acceptSymbol("[");
    if (acceptName("int"))
      parameter.type = Parameter::Type::Int;
    else if (acceptName("float"))
      parameter.type = Parameter::Type::Float;
    else if (acceptName("bool"))
      parameter.type = Parameter::Type::Bool;
    else if (acceptName("text"))
      parameter.type = Parameter::Type::Text;
    else
      return fail(current().offset, "expected a type: int, float, bool or text, or a list of one: [int]");
    if (parameter.isList && !symbol("]"))
      return false;
    for (;;) {
      joinLines();
      uint32_t offset = current().offset;
      std::vector<std::string> *keys = acceptName("gguf") ? &parameter.gguf
                                       : acceptName("hf") ? &parameter.hf
                                                          : nullptr;
      if (!keys)
        break;
      if (!keys->empty())
        return fail(offset, "the keys are given twice; alternatives are separated by '|'");
      do {
        if (!text(keys->emplace_back()))
          return false;
        joinLines();
      } while (acceptSymbol("|"));
    }
    return !acceptSymbol("=") || expression(parameter.standard);
  }

  bool weight(ModelText &model) {
    if (acceptName("unused")) {
      bool isGguf = acceptName("gguf");
      if (!isGguf && !keyword("hf"))
        return false;
      return strings(isGguf ? model.unusedGguf : model.unusedHf);
    }
    WeightDeclaration &weight = model.weights.emplace_back();
    weight.offset = current().offset;
    if (!name(weight.name, "a weight's name") || !symbol(":") || !symbol("["))
      return false;
    if (!isSymbol("]")) {
      do {
        if (!expression(weight.shape.emplace_back()))
          return false;
      } while (acceptSymbol(","));
    }
    if (!symbol("]"))
      return false;
    for (;;) {
      joinLines();
      uint32_t offset = current().offset;
      std::vector<WeightPlace> *places = acceptName("gguf") ? &weight.gguf : acceptName("hf") ? &weight.hf : nullptr;
      if (!places)
        break;
      if (!places->empty())
        return fail(offset, "the names are given twice; alternatives are separated by '|'");
      do {
        WeightPlace &place = places->emplace_back();
        if (!text(place.name))
          return false;
        place.transposed = acceptName("transposed");
        joinLines();
      } while (acceptSymbol("|"));
    }
    weight.optional = acceptName("optional");
    joinLines();
    return !acceptSymbol("=") || expression(weight.otherwise);
  }

  bool function(Function &function, uint32_t offset) {
    function.offset = offset;
    if (!name(function.name, "a function's name") || !symbol("("))
      return false;
    if (!isSymbol(")")) {
      do {
        if (!name(function.arguments.emplace_back(), "an argument's name"))
          return false;
      } while (acceptSymbol(","));
    }
    return symbol(")") && block(function.body);
  }

  // ---- statements ----
  bool block(Block &block) {
    if (++depth_ > maximalDepth)
      return fail(current().offset, "blocks are nested too deep");
    bool good = braces([&] { return statement(block.emplace_back()); });
    --depth_;
    return good;
  }

  bool graphArgument(GraphArgument &argument) {
    argument.offset = current().offset;
    if (!name(argument.name, "the name of the token ids or of another input"))
      return false;
    if (acceptSymbol(":") && !name(argument.size, "the name of a size"))
      return false;
    if (!acceptSymbol("="))
      return true;
    if (current().kind != Token::Kind::Integer)
      return fail(current().offset, "expected an integer: the input's elements where none are given");
    argument.otherwise = current().integer;
    advance();
    return true;
  }

  bool require(Statement &statement) {
    statement.kind = Statement::Kind::Require;
    statement.offset = current().offset;
    return keyword("require") && expression(statement.value) && symbol(",") && text(statement.message);
  }

  bool statement(Statement &statement) {
    statement.offset = current().offset;
    if (isName("require"))
      return require(statement);
    if (acceptName("return")) {
      statement.kind = Statement::Kind::Return;
      if (current().kind == Token::Kind::Name && peek().kind == Token::Kind::Symbol && peek().text == ":") {
        if (!name(statement.name, "the name of the result") || !symbol(":"))
          return false;
      }
      return expression(statement.value);
    }
    if (acceptName("for")) {
      statement.kind = Statement::Kind::For;
      return name(statement.name, "the variable of the loop") && keyword("in") && expression(statement.value) &&
             symbol("..") && expression(statement.limit) && block(statement.body);
    }
    if (acceptName("if"))
      return branch(statement);
    statement.kind = Statement::Kind::Assign;
    return name(statement.name, "a statement: name = value, for, if, return or require") && symbol("=") &&
           expression(statement.value);
  }

  /// After `if`.
  bool branch(Statement &statement) {
    statement.kind = Statement::Kind::If;
    if (!expression(statement.value) || !block(statement.body))
      return false;
    if (!acceptName("else"))
      return true;
    if (isName("if")) {
      if (++depth_ > maximalDepth)
        return fail(current().offset, "branches are nested too deep");
      Statement &inner = statement.otherwise.emplace_back();
      inner.offset = current().offset;
      advance();
      bool good = branch(inner);
      --depth_;
      return good;
    }
    return block(statement.otherwise);
  }

  // ---- expressions ----
  ExpressionPtr node(Kind kind, uint32_t offset, std::string text = "") {
    auto node = std::make_unique<Expression>();
    node->kind = kind;
    node->offset = offset;
    node->text = std::move(text);
    return node;
  }
  bool adopt(Expression &parent, ExpressionPtr child) {
    parent.depth = std::max(parent.depth, child->depth + 1);
    uint32_t offset = child->offset;
    parent.children.push_back(std::move(child));
    return parent.depth <= maximalDepth || fail(offset, "the expression is nested too deep");
  }

  bool expression(ExpressionPtr &result) {
    if (++depth_ > maximalDepth)
      return fail(current().offset, "the expression is nested too deep");
    bool good = conditional(result);
    --depth_;
    return good;
  }

  bool conditional(ExpressionPtr &result) {
    ExpressionPtr value, condition, otherwise;
    if (!binary(value, 0))
      return false;
    if (!isName("if")) {
      result = std::move(value);
      return true;
    }
    result = node(Kind::Conditional, current().offset);
    advance();
    return binary(condition, 0) && keyword("else") && expression(otherwise) && adopt(*result, std::move(condition)) &&
           adopt(*result, std::move(value)) && adopt(*result, std::move(otherwise));
  }

  /// The binding strength of the operator at the current token, -1 for none.
  int strength() const {
    static constexpr std::pair<std::string_view, int> operators[] = {{"or", 0}, {"and", 1}, {"==", 2}, {"!=", 2},
                                                                     {"<", 2},  {"<=", 2},  {">", 2},  {">=", 2},
                                                                     {"+", 3},  {"-", 3},   {"*", 4},  {"/", 4}};
    if (current().kind == Token::Kind::Symbol || current().kind == Token::Kind::Name)
      for (auto [text, level] : operators)
        if (current().text == text)
          return level;
    return -1;
  }

  bool binary(ExpressionPtr &result, int level) {
    if (!unary(result))
      return false;
    for (int found = strength(); found >= level; found = strength()) {
      ExpressionPtr whole = node(Kind::Binary, current().offset, current().text), right;
      advance();
      if (++depth_ > maximalDepth)
        return fail(current().offset, "the expression is nested too deep");
      if (!binary(right, found + 1) || !adopt(*whole, std::move(result)) || !adopt(*whole, std::move(right)))
        return false;
      --depth_;
      result = std::move(whole);
    }
    return true;
  }

  bool unary(ExpressionPtr &result) {
    if (!isSymbol("-") && !isName("not"))
      return postfix(result);
    result = node(Kind::Unary, current().offset, current().text);
    advance();
    if (++depth_ > maximalDepth)
      return fail(current().offset, "the expression is nested too deep");
    ExpressionPtr operand;
    // `not` binds weaker than comparisons, `-` stronger than products.
    if (!(result->text == "not" ? binary(operand, 2) : unary(operand)))
      return false;
    --depth_;
    return adopt(*result, std::move(operand));
  }

  bool postfix(ExpressionPtr &result) {
    if (!primary(result))
      return false;
    while (isSymbol("[")) {
      ExpressionPtr whole = node(Kind::Index, current().offset), index;
      advance();
      if (!expression(index) || !symbol("]") || !adopt(*whole, std::move(result)) || !adopt(*whole, std::move(index)))
        return false;
      result = std::move(whole);
    }
    return true;
  }

  bool primary(ExpressionPtr &result) {
    const Token &token = current();
    uint32_t offset = token.offset;
    switch (token.kind) {
    case Token::Kind::Integer:
      result = node(Kind::Integer, offset);
      result->integer = token.integer;
      break;
    case Token::Kind::Float:
      result = node(Kind::Float, offset);
      result->number = token.number;
      break;
    case Token::Kind::Text:
      result = node(Kind::Text, offset, token.text);
      break;
    case Token::Kind::Name:
      if (token.text == "true" || token.text == "false") {
        result = node(Kind::Bool, offset);
        result->integer = token.text == "true";
        break;
      }
      if (token.text == "none") {
        result = node(Kind::None, offset);
        break;
      }
      result = node(Kind::Name, offset);
      if (!name(result->text, "a value"))
        return false;
      return !isSymbol("(") || call(*result);
    case Token::Kind::Symbol:
      if (acceptSymbol("("))
        return expression(result) && symbol(")");
      if (acceptSymbol("["))
        return list(result, offset);
      [[fallthrough]];
    default:
      return fail(offset, "expected a value");
    }
    advance();
    return true;
  }

  bool call(Expression &call) {
    call.kind = Kind::Call;
    advance();
    while (!acceptSymbol(")")) {
      ExpressionPtr value;
      if (current().kind == Token::Kind::Name && peek().kind == Token::Kind::Symbol && peek().text == ":") {
        NamedArgument &argument = call.named.emplace_back();
        argument.offset = current().offset;
        argument.name = current().text;
        advance();
        advance();
        if (!expression(argument.value))
          return false;
        call.depth = std::max(call.depth, argument.value->depth + 1);
        if (call.depth > maximalDepth)
          return fail(argument.offset, "the expression is nested too deep");
      } else {
        uint32_t offset = current().offset;
        if (!expression(value))
          return false;
        if (!call.named.empty())
          return fail(offset, "a named argument stands before this one; positional arguments come first");
        if (!adopt(call, std::move(value)))
          return false;
      }
      if (!isSymbol(")") && !symbol(","))
        return false;
    }
    return true;
  }

  /// After `[`.
  bool list(ExpressionPtr &result, uint32_t offset) {
    result = node(Kind::List, offset);
    while (!acceptSymbol("]")) {
      ExpressionPtr element, first, limit;
      if (!expression(element) || !adopt(*result, std::move(element)))
        return false;
      if (result->children.size() == 1 && acceptName("for")) {
        result->kind = Kind::Comprehension;
        return name(result->text, "the variable of the list") && keyword("in") && expression(first) && symbol("..") &&
               expression(limit) && symbol("]") && adopt(*result, std::move(first)) && adopt(*result, std::move(limit));
      }
      if (!isSymbol("]") && !symbol(","))
        return false;
    }
    return true;
  }

  const Source &source_;
  std::vector<Token> tokens_;
  size_t position_ = 0;
  uint32_t depth_ = 0;
  Status status_ = Status::success();
};

} // namespace

Result<ModelText> parse(Source source) {
  ModelText model;
  model.source = std::move(source);
  Result<std::vector<Token>> tokens = tokenize(model.source);
  if (!tokens)
    return tokens.status();
  Parser parser(model.source, std::move(*tokens));
  if (!parser.model(model))
    return parser.status();
  return model;
}

} // namespace lathe::dsl
