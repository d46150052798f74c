// Expressions of a model file; see ModelBuilder.h.
#include "frontend/dsl/ModelBuilder.h"
#include "frontend/dsl/Names.h"
#include "frontend/files/Dequantize.h"
#include "frontend/files/Quoted.h"
#include "ir/llm/Llm.h"

#include <cmath>

namespace lathe::dsl {

namespace {
constexpr size_t maximalList = maximalParameterList;
constexpr int64_t maximalSizeOperations = 64;
} // namespace

bool ModelBuilder::condition(const Expression &expression, bool &result) {
  Datum datum;
  if (!evaluate(expression, datum))
    return false;
  if (datum.kind != Datum::Kind::Bool)
    return fail(expression.offset, std::string("a condition is true or false, got ") + datum.kindName());
  result = datum.integer != 0;
  return true;
}

bool ModelBuilder::integer(const Expression &expression, int64_t &result) {
  Datum datum;
  if (!evaluate(expression, datum))
    return false;
  if (datum.kind != Datum::Kind::Int)
    return fail(expression.offset, std::string("expected an integer, got ") + datum.kindName());
  result = datum.integer;
  return true;
}

bool ModelBuilder::evaluate(const Expression &expression, Datum &result) {
  if (!step(expression.offset))
    return false;
  switch (expression.kind) {
  case Expression::Kind::Integer:
    result = Datum::ofInt(expression.integer);
    return true;
  case Expression::Kind::Float:
    result = Datum::ofFloat(expression.number);
    return true;
  case Expression::Kind::Text:
    result = Datum::ofText(expression.text);
    return true;
  case Expression::Kind::Bool:
    result = Datum::ofBool(expression.integer != 0);
    return true;
  case Expression::Kind::None:
    result = Datum();
    return true;
  case Expression::Kind::Name:
    return evaluateName(expression, result);
  case Expression::Kind::Index:
    return evaluateIndex(expression, result);
  case Expression::Kind::Comprehension:
    return evaluateComprehension(expression, result);
  case Expression::Kind::Unary:
    return evaluateUnary(expression, result);
  case Expression::Kind::Binary:
    return evaluateBinary(expression, result);
  case Expression::Kind::Call:
    return evaluateCall(expression, result);
  case Expression::Kind::Conditional: {
    bool holds;
    return condition(*expression.children[0], holds) && evaluate(*expression.children[holds ? 1 : 2], result);
  }
  case Expression::Kind::List: {
    std::vector<Datum> list;
    for (const ExpressionPtr &child : expression.children) {
      if (!evaluate(*child, list.emplace_back()))
        return false;
      if (list.back().kind == Datum::Kind::List)
        return fail(child->offset, "a list holds no lists");
    }
    result = Datum::ofList(std::move(list));
    return true;
  }
  }
  return false;
}

bool ModelBuilder::evaluateName(const Expression &expression, Datum &result) {
  const std::string &name = expression.text;
  if (auto found = frames_.back().find(name); found != frames_.back().end()) {
    result = found->second;
    return true;
  }
  if (auto found = parameters_.find(name); found != parameters_.end()) {
    result = found->second;
    return true;
  }
  if (auto found = weights_.find(name); found != weights_.end()) {
    if (!inGraph_)
      return fail(expression.offset,
                  "weights have no value outside the graph; size(weight, axis) and values(weight) have");
    return useWeight(*found->second, expression.offset, result);
  }
  if (name == "source") {
    result = Datum::ofText(source_.kind == ModelSource::Kind::Gguf          ? "gguf"
                           : source_.kind == ModelSource::Kind::HuggingFace ? "hf"
                                                                            : "none");
    return true;
  }
  if (inGraph_ && (name == "batch" || name == "tokens")) {
    result = Datum::ofSize(builder_.getAffineSymbolExpr(name == "tokens"), 1);
    return true;
  }
  if (inGraph_ && name == "positions") {
    result = Datum::ofTensor(positions_);
    return true;
  }
  if (isOneOf(name, typeNames)) {
    result = Datum::ofType(name == "f32"    ? builder_.getF32Type()
                           : name == "f16"  ? builder_.getF16Type()
                           : name == "bf16" ? builder_.getBF16Type()
                           : name == "i32"  ? mlir::Type(builder_.getI32Type())
                                            : mlir::Type(builder_.getI64Type()));
    return true;
  }
  return fail(expression.offset, "'" + name + "' has no value here");
}

bool ModelBuilder::evaluateIndex(const Expression &expression, Datum &result) {
  Datum list;
  int64_t index;
  if (!evaluate(*expression.children[0], list) || !integer(*expression.children[1], index))
    return false;
  if (list.kind != Datum::Kind::List)
    return fail(expression.offset, std::string("only a list has elements, got ") + list.kindName());
  if (index < 0 || static_cast<size_t>(index) >= list.list->size())
    return fail(expression.offset,
                "element " + std::to_string(index) + " of a list of " + std::to_string(list.list->size()));
  result = (*list.list)[index];
  return true;
}

bool ModelBuilder::evaluateComprehension(const Expression &expression, Datum &result) {
  int64_t first, limit;
  if (!integer(*expression.children[1], first) || !integer(*expression.children[2], limit))
    return false;
  std::vector<Datum> list;
  for (int64_t i = first; i < limit; ++i) {
    if (list.size() >= maximalList)
      return fail(expression.offset, "a list has at most " + std::to_string(maximalList) + " elements");
    frames_.back()[expression.text] = Datum::ofInt(i);
    if (!evaluate(*expression.children[0], list.emplace_back()))
      return false;
    if (list.back().kind == Datum::Kind::List)
      return fail(expression.offset, "a list holds no lists");
  }
  frames_.back().erase(expression.text);
  result = Datum::ofList(std::move(list));
  return true;
}

bool ModelBuilder::evaluateUnary(const Expression &expression, Datum &result) {
  if (expression.text == "not") {
    bool value;
    if (!condition(*expression.children[0], value))
      return false;
    result = Datum::ofBool(!value);
    return true;
  }
  Datum value;
  if (!evaluate(*expression.children[0], value))
    return false;
  if (value.kind == Datum::Kind::Tensor)
    return callOperation(expression.offset, "neg", {value}, {}, result);
  if (value.kind == Datum::Kind::Float) {
    result = Datum::ofFloat(-value.number);
    return true;
  }
  return arithmetic(expression.offset, "-", Datum::ofInt(0), value, result);
}

bool ModelBuilder::evaluateBinary(const Expression &expression, Datum &result) {
  const std::string &symbol = expression.text;
  if (symbol == "and" || symbol == "or") {
    bool left, right;
    if (!condition(*expression.children[0], left))
      return false;
    if (left == (symbol == "or")) {
      result = Datum::ofBool(left);
      return true;
    }
    if (!condition(*expression.children[1], right))
      return false;
    result = Datum::ofBool(right);
    return true;
  }
  Datum left, right;
  if (!evaluate(*expression.children[0], left) || !evaluate(*expression.children[1], right))
    return false;
  if (symbol == "+" || symbol == "-" || symbol == "*" || symbol == "/")
    return arithmetic(expression.offset, symbol, left, right, result);
  return compare(expression.offset, symbol, left, right, result);
}

bool ModelBuilder::compare(uint32_t offset, const std::string &symbol, const Datum &left, const Datum &right,
                           Datum &result) {
  bool isEquality = symbol == "==" || symbol == "!=";
  std::partial_ordering order = std::partial_ordering::unordered;
  if (left.isNumber() && right.isNumber())
    order = left.kind == Datum::Kind::Int && right.kind == Datum::Kind::Int
                ? std::partial_ordering(left.integer <=> right.integer)
                : left.asNumber() <=> right.asNumber();
  else if (isEquality && left.kind == right.kind && left.kind == Datum::Kind::Text)
    order = left.text <=> right.text;
  else if (isEquality && left.kind == right.kind && left.kind == Datum::Kind::Bool)
    order = left.integer <=> right.integer;
  else if (isEquality && (left.kind == Datum::Kind::None || right.kind == Datum::Kind::None))
    order = left.kind == right.kind ? std::partial_ordering::equivalent : std::partial_ordering::unordered;
  else
    return fail(offset, std::string("cannot compare ") + left.kindName() + " with " + right.kindName());
  bool value = symbol == "=="   ? order == 0
               : symbol == "!=" ? order != 0
               : symbol == "<"  ? order < 0
               : symbol == "<=" ? order <= 0
               : symbol == ">"  ? order > 0
                                : order >= 0;
  result = Datum::ofBool(value);
  return true;
}

bool ModelBuilder::arithmetic(uint32_t offset, const std::string &symbol, const Datum &left, const Datum &right,
                              Datum &result) {
  char op = symbol[0];
  auto isSize = [](const Datum &datum) { return datum.kind == Datum::Kind::Size; };
  if (left.kind == Datum::Kind::Tensor || right.kind == Datum::Kind::Tensor)
    return tensorArithmetic(offset, symbol, left, right, result);
  if (left.kind == Datum::Kind::Int && right.kind == Datum::Kind::Int) {
    int64_t value = 0;
    bool overflow = false;
    switch (op) {
    case '+':
      overflow = __builtin_add_overflow(left.integer, right.integer, &value);
      break;
    case '-':
      overflow = __builtin_sub_overflow(left.integer, right.integer, &value);
      break;
    case '*':
      overflow = __builtin_mul_overflow(left.integer, right.integer, &value);
      break;
    default:
      if (right.integer == 0)
        return fail(offset, "division by zero");
      if (right.integer == -1)
        overflow = __builtin_sub_overflow(int64_t(0), left.integer, &value);
      else if (left.integer % right.integer != 0)
        return fail(offset, std::to_string(left.integer) + " is not a multiple of " + std::to_string(right.integer) +
                                "; write float(x) for a quotient with a fraction");
      else
        value = left.integer / right.integer;
    }
    if (overflow)
      return fail(offset, "the integer is too large");
    result = Datum::ofInt(value);
    return true;
  }
  if (left.isNumber() && right.isNumber()) {
    double a = left.asNumber(), b = right.asNumber();
    result = Datum::ofFloat(op == '+' ? a + b : op == '-' ? a - b : op == '*' ? a * b : a / b);
    return true;
  }
  if ((isSize(left) || left.kind == Datum::Kind::Int) && (isSize(right) || right.kind == Datum::Kind::Int)) {
    mlir::AffineExpr a = isSize(left) ? left.size : builder_.getAffineConstantExpr(left.integer);
    mlir::AffineExpr b = isSize(right) ? right.size : builder_.getAffineConstantExpr(right.integer);
    int64_t operations = (isSize(left) ? left.integer : 0) + (isSize(right) ? right.integer : 0) + 1;
    if (operations > maximalSizeOperations)
      return fail(offset, "the size is too long an expression");
    if (op == '/')
      return fail(offset, "symbolic sizes are added, subtracted and multiplied only");
    result = Datum::ofSize(op == '+' ? a + b : op == '-' ? a - b : a * b, operations);
    return true;
  }
  return fail(offset, std::string("'") + symbol + "' does not go with " + left.kindName() + " and " + right.kindName());
}

// ---- calls --------------------------------------------------------------------------------------------------------

bool ModelBuilder::evaluateCall(const Expression &call, Datum &result) {
  if (isOneOf(call.text, questions))
    return askQuestion(call, result);
  if (isOneOf(call.text, tableFunctions))
    return callTable(call, result);
  std::vector<Datum> arguments;
  bool hasTensor = false;
  for (const ExpressionPtr &child : call.children) {
    if (!evaluate(*child, arguments.emplace_back()))
      return false;
    hasTensor |= arguments.back().kind == Datum::Kind::Tensor;
  }
  if (auto found = functions_.find(call.text); found != functions_.end())
    return callFunction(call, *found->second, std::move(arguments), result);
  if (isOneOf(call.text, numberFunctions) && !hasTensor)
    return callNumber(call, arguments, result);
  if (!inGraph_)
    return fail(call.offset, "operations stand in the graph only");
  std::vector<Argument> named;
  for (const NamedArgument &argument : call.named) {
    Argument &value = named.emplace_back(Argument{argument.name, argument.offset, {}});
    if (!evaluate(*argument.value, value.value))
      return false;
  }
  return isOneOf(call.text, typedCalls) ? callTyped(call.offset, call.text, arguments, named, result)
                                        : callOperation(call.offset, call.text, arguments, named, result);
}

bool ModelBuilder::callFunction(const Expression &call, const Function &function, std::vector<Datum> arguments,
                                Datum &result) {
  Frame frame;
  for (size_t i = 0; i < arguments.size(); ++i)
    frame[function.arguments[i]] = std::move(arguments[i]);
  frames_.push_back(std::move(frame));
  Flow flow = runBlock(function.body, result);
  frames_.pop_back();
  return flow == Flow::Return || (flow == Flow::Next && fail(call.offset, "'" + function.name + "' returned nothing"));
}

bool ModelBuilder::askQuestion(const Expression &call, Datum &result) {
  size_t wanted = call.text == "size" ? 2 : 1;
  if (call.children.size() != wanted)
    return fail(call.offset, "'" + call.text + "' takes " + std::to_string(wanted) + " arguments");
  const Expression &first = *call.children[0];
  if (call.text == "length") {
    Datum list;
    if (!evaluate(first, list))
      return false;
    if (list.kind != Datum::Kind::List)
      return fail(first.offset, std::string("expected a list, got ") + list.kindName());
    result = Datum::ofInt(static_cast<int64_t>(list.list->size()));
    return true;
  }
  auto declaration = first.kind == Expression::Kind::Name ? weights_.find(first.text) : weights_.end();
  if (declaration == weights_.end())
    return fail(first.offset, "'" + call.text + "' is asked of a weight by its name");
  const Weight *weight;
  bool transposed = false;
  std::string name;
  if (!locate(*declaration->second, first.offset, weight, transposed, name))
    return false;
  if (!weight) {
    result = Datum(); // none
    return true;
  }
  if (call.text == "size") {
    int64_t axis;
    if (!integer(*call.children[1], axis))
      return false;
    if (axis < 0 || static_cast<size_t>(axis) >= weight->shape.size())
      return failModel("tensor " + quoted(weight->name) + " has the shape " + shapeText(weight->shape) +
                       ", which has no axis " + std::to_string(axis));
    result = Datum::ofInt(weight->shape[transposed ? weight->shape.size() - 1 - axis : axis]);
    return true;
  }
  used_.insert(weight->name);
  if (inGraph_ && !checkShape(*declaration->second, *weight, transposed))
    return false;
  std::optional<uint64_t> count = elementCount(weight->shape);
  if (!count || *count > maximalList || transposed)
    return failModel("tensor " + quoted(weight->name) + " has the shape " + shapeText(weight->shape) +
                     ", which is too large for a table");
  Result<std::vector<float>> values = dequantize(*weight);
  if (!values)
    return failModel(values.message());
  std::vector<Datum> list;
  for (float value : *values)
    list.push_back(Datum::ofFloat(value));
  result = Datum::ofList(std::move(list));
  return true;
}

bool ModelBuilder::callNumber(const Expression &call, const std::vector<Datum> &arguments, Datum &result) {
  const std::string &name = call.text;
  size_t wanted = name == "pow" || name == "min" || name == "max" || name == "mod" ? 2 : 1;
  if (arguments.size() != wanted)
    return fail(call.offset, "'" + name + "' takes " + std::to_string(wanted) + (wanted == 1 ? " number" : " numbers"));
  for (size_t i = 0; i < wanted; ++i)
    if (!arguments[i].isNumber())
      return fail(call.children[i]->offset, "'" + name + "' takes numbers, got " + arguments[i].kindName());
  if ((name == "min" || name == "max") && arguments[0].kind == arguments[1].kind &&
      arguments[0].kind == Datum::Kind::Int) {
    result = Datum::ofInt(name == "min" ? std::min(arguments[0].integer, arguments[1].integer)
                                        : std::max(arguments[0].integer, arguments[1].integer));
    return true;
  }
  if (name == "mod") {
    // The remainder of a division that rounds down, of integers.
    int64_t a = arguments[0].integer, b = arguments[1].integer;
    if (arguments[0].kind != Datum::Kind::Int || arguments[1].kind != Datum::Kind::Int || b <= 0)
      return fail(call.offset, "'mod' takes an integer and a positive one");
    result = Datum::ofInt(a % b + (a % b < 0 ? b : 0));
    return true;
  }
  if (name == "int") {
    double x = std::trunc(arguments[0].asNumber());
    if (arguments[0].kind == Datum::Kind::Int)
      result = arguments[0];
    else if (std::fabs(x) < 9e18)
      result = Datum::ofInt(static_cast<int64_t>(x));
    else
      return fail(call.offset, "the number is too large for an integer");
    return true;
  }
  double x = arguments[0].asNumber(), y = wanted == 2 ? arguments[1].asNumber() : 0;
  result = Datum::ofFloat(name == "sqrt"    ? std::sqrt(x)
                          : name == "exp"   ? std::exp(x)
                          : name == "log"   ? std::log(x)
                          : name == "sin"   ? std::sin(x)
                          : name == "cos"   ? std::cos(x)
                          : name == "pow"   ? std::pow(x, y)
                          : name == "min"   ? std::min(x, y)
                          : name == "max"   ? std::max(x, y)
                          : name == "floor" ? std::floor(x)
                          : name == "round" ? std::nearbyint(x)
                          : name == "abs"   ? std::fabs(x)
                                            : x);
  return true;
}

} // namespace lathe::dsl
