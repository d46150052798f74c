// Statements and expressions of a template. What is undefined can be looked at, but not used, as in Jinja.
#include "runtime/chat/TemplateEvaluator.h"

#include "runtime/chat/TemplateMethods.h"

#include <algorithm>

namespace lathe::chat {
namespace {

constexpr int maxDepth = 400; // of statements, expressions and macros in each other
constexpr size_t maxOutput = size_t{16} << 20;
constexpr size_t stepCost = 64; // what a statement or an expression spends at least

using Kind = Expression::Kind;

} // namespace

struct Evaluator::Deeper {
  Evaluator &evaluator;
  explicit Deeper(Evaluator &evaluator) : evaluator(evaluator) {
    if (evaluator.depth >= maxDepth)
      throw TemplateError("the template nests or recurses too deep", evaluator.line);
    ++evaluator.depth;
  }
  ~Deeper() { --evaluator.depth; }
};

Evaluator::~Evaluator() {
  for (auto &space : namespaces)
    space->entries.clear();
  for (auto &one : scopes)
    one->names.clear();
}

std::shared_ptr<Scope> Evaluator::inner(std::shared_ptr<Scope> outer) {
  budget.spend(128);
  auto made = std::make_shared<Scope>();
  made->outer = std::move(outer);
  return made;
}

std::string Evaluator::run(const Body &body) {
  std::string text;
  scope = inner(globals);
  out = &text;
  try {
    execute(body);
  } catch (const TemplateError &error) {
    throw error.line ? error : TemplateError(error.what(), line);
  }
  return text;
}

void Evaluator::write(std::string_view text) {
  budget.spend(text.size());
  if (out->size() + text.size() > maxOutput)
    throw TemplateError("the template writes more than " + std::to_string(maxOutput) + " bytes");
  out->append(text);
}

// Statements.

Evaluator::Flow Evaluator::execute(const Body &body) {
  Deeper deeper(*this);
  for (const auto &statement : body)
    if (Flow flow = execute(*statement); flow != Flow::Next)
      return flow;
  return Flow::Next;
}

Evaluator::Flow Evaluator::execute(const Statement &statement) {
  budget.spend(stepCost);
  line = statement.line;
  switch (statement.kind) {
  case Statement::Kind::Text:
    write(statement.text);
    break;
  case Statement::Kind::Output:
    write(toText(evaluate(*statement.value), budget));
    break;
  case Statement::Kind::If:
    for (const auto &[condition, body] : statement.branches)
      if (!condition || isTrue(evaluate(*condition)))
        return execute(body);
    break;
  case Statement::Kind::For:
    return executeFor(statement);
  case Statement::Kind::Set:
  case Statement::Kind::SetBlock:
    executeSet(statement);
    break;
  case Statement::Kind::Macro: {
    scopes.push_back(scope);
    scope->names[statement.text] =
        Value(std::make_shared<const Callable>(Callable{Callable::Kind::Macro, statement.text, {}, &statement, scope}));
    break;
  }
  case Statement::Kind::CallBlock:
    executeCallBlock(statement);
    break;
  case Statement::Kind::FilterBlock:
    write(filtered(statement.value.get(), capture(statement.body, scope)));
    break;
  case Statement::Kind::With:
    executeWith(statement);
    break;
  case Statement::Kind::Group:
    return execute(statement.body);
  case Statement::Kind::Break:
    return Flow::Break;
  case Statement::Kind::Continue:
    return Flow::Continue;
  }
  return Flow::Next;
}

Evaluator::Flow Evaluator::executeFor(const Statement &statement) {
  Value container = evaluate(*statement.value);
  Values items = iterate(container, budget);
  std::shared_ptr<Scope> outer = scope;
  struct Restore {
    Evaluator &evaluator;
    std::shared_ptr<Scope> scope;
    ~Restore() { evaluator.scope = scope; }
  } restore{*this, outer};
  if (statement.condition) {
    Values kept;
    for (Value &item : items) {
      scope = inner(outer);
      bind(statement.names, item);
      if (isTrue(evaluate(*statement.condition)))
        kept.push_back(std::move(item));
    }
    items = std::move(kept);
  }
  scope = outer;
  if (items.empty())
    return execute(statement.otherwise);
  auto loop = std::make_shared<Namespace>();
  namespaces.push_back(loop);
  size_t count = items.size();
  for (size_t i = 0; i < count; ++i) {
    budget.spend(12 * 32);
    scope = inner(outer);
    Value cycle(std::make_shared<const Callable>(Callable{Callable::Kind::LoopMethod, "cycle", Value(i), nullptr, {}}));
    loop->entries = {{"index", Value(i + 1)},
                     {"index0", Value(i)},
                     {"revindex", Value(count - i)},
                     {"revindex0", Value(count - i - 1)},
                     {"first", Value(i == 0)},
                     {"last", Value(i + 1 == count)},
                     {"length", Value(count)},
                     {"cycle", cycle},
                     {"depth", Value(1)},
                     {"depth0", Value(0)}};
    if (i > 0)
      loop->entries.emplace_back("previtem", items[i - 1]);
    if (i + 1 < count)
      loop->entries.emplace_back("nextitem", items[i + 1]);
    scope->names["loop"] = Value(loop);
    bind(statement.names, items[i]);
    if (execute(statement.body) == Flow::Break)
      break;
  }
  loop->entries.clear();
  return Flow::Next;
}

void Evaluator::bind(const std::vector<std::string> &names, const Value &value) {
  if (names.size() == 1) {
    scope->names[names[0]] = value;
    return;
  }
  Values parts = iterate(value, budget);
  if (parts.size() != names.size())
    throw TemplateError("a value of " + std::to_string(parts.size()) + " items cannot be unpacked into " +
                        std::to_string(names.size()) + " names");
  for (size_t i = 0; i < names.size(); ++i)
    scope->names[names[i]] = parts[i];
}

void Evaluator::assign(const Expression &target, const Value &value) {
  if (target.kind == Kind::Name) {
    scope->names[target.text] = value;
    return;
  }
  if (target.kind == Kind::Attribute) {
    Value object = evaluate(*target.arguments[0]);
    Namespace *space = object.space();
    if (!space)
      throw TemplateError("an attribute can only be set on a namespace, not on a value of type " +
                          std::string(typeName(object)));
    for (auto &[name, known] : space->entries)
      if (name == target.text) {
        known = value;
        return;
      }
    budget.spend(64 + space->entries.size());
    space->entries.emplace_back(target.text, value);
    return;
  }
  Values parts = iterate(value, budget);
  if (parts.size() != target.arguments.size())
    throw TemplateError("a value of " + std::to_string(parts.size()) + " items cannot be unpacked into " +
                        std::to_string(target.arguments.size()) + " names");
  for (size_t i = 0; i < parts.size(); ++i)
    assign(*target.arguments[i], parts[i]);
}

void Evaluator::executeSet(const Statement &statement) {
  if (statement.kind == Statement::Kind::Set)
    return assign(*statement.target, evaluate(*statement.value));
  std::string text = capture(statement.body, inner(scope));
  assign(*statement.target, Value(filtered(statement.value.get(), std::move(text))));
}

std::string Evaluator::capture(const Body &body, std::shared_ptr<Scope> in) {
  struct Restore {
    Evaluator &evaluator;
    std::string *out;
    std::shared_ptr<Scope> scope;
    ~Restore() {
      evaluator.out = out;
      evaluator.scope = scope;
    }
  } restore{*this, out, scope};
  std::string text;
  out = &text;
  scope = std::move(in);
  execute(body);
  return text;
}

std::string Evaluator::filtered(const Expression *filter, std::string text) {
  if (!filter)
    return text;
  std::shared_ptr<Scope> outer = scope;
  scope = inner(outer);
  scope->names[blockText] = Value(std::move(text));
  Value result = evaluate(*filter);
  scope = outer;
  return toText(result, budget);
}

void Evaluator::executeCallBlock(const Statement &statement) {
  scopes.push_back(scope);
  Value function = evaluate(*statement.value->arguments[0]);
  Arguments arguments = evaluateArguments(*statement.value);
  arguments.named.emplace_back("caller", Value(std::make_shared<const Callable>(
                                             Callable{Callable::Kind::Caller, "caller", {}, &statement, scope})));
  write(toText(call(function, std::move(arguments)), budget));
}

void Evaluator::executeWith(const Statement &statement) {
  std::shared_ptr<Scope> outer = scope, made = inner(outer);
  for (size_t i = 0; i < statement.names.size(); ++i)
    made->names[statement.names[i]] = evaluate(*statement.defaults[i]);
  write(capture(statement.body, made));
}

// Expressions.

Value Evaluator::evaluate(const Expression &expression) {
  Deeper deeper(*this);
  budget.spend(stepCost);
  line = expression.line;
  switch (expression.kind) {
  case Kind::Literal:
    return expression.literal;
  case Kind::Name:
    return evaluateName(expression);
  case Kind::ListItems:
  case Kind::Tuple:
  case Kind::DictItems:
    return evaluateItems(expression);
  case Kind::Attribute:
    return attribute(evaluate(*expression.arguments[0]), expression.text);
  case Kind::Item: {
    Value object = evaluate(*expression.arguments[0]);
    return item(object, evaluate(*expression.arguments[1]));
  }
  case Kind::Slice:
    return evaluateSlice(expression);
  case Kind::Call:
    return evaluateCall(expression);
  case Kind::Filter: {
    Value value = evaluate(*expression.arguments[0]);
    Arguments arguments = evaluateArguments(expression);
    line = expression.line;
    return applyFilter(expression.text, value, arguments);
  }
  case Kind::Test: {
    Value value = evaluate(*expression.arguments[0]);
    Arguments arguments = evaluateArguments(expression);
    return applyTest(expression.text, value, arguments);
  }
  case Kind::Unary:
    return evaluateUnary(expression);
  case Kind::Binary:
    return evaluateBinary(expression);
  case Kind::Compare:
    return evaluateCompare(expression);
  case Kind::Condition:
    if (isTrue(evaluate(*expression.arguments[1])))
      return evaluate(*expression.arguments[0]);
    return expression.arguments[2] ? evaluate(*expression.arguments[2]) : Value();
  }
  return Value();
}

Value Evaluator::evaluateName(const Expression &expression) {
  for (const Scope *at = scope.get(); at; at = at->outer.get()) {
    budget.spend(8);
    if (auto found = at->names.find(expression.text); found != at->names.end())
      return found->second;
  }
  return Value::undefined(expression.text);
}

Value Evaluator::evaluateItems(const Expression &expression) {
  if (expression.kind != Kind::DictItems) {
    Values items;
    for (const auto &argument : expression.arguments)
      items.push_back(evaluate(*argument));
    return makeList(std::move(items), budget, expression.kind == Kind::Tuple);
  }
  std::vector<std::pair<Value, Value>> entries;
  for (size_t i = 0; i + 1 < expression.arguments.size(); i += 2) {
    Value key = evaluate(*expression.arguments[i]);
    entries.emplace_back(std::move(key), evaluate(*expression.arguments[i + 1]));
  }
  return makeDict(std::move(entries), budget);
}

Value Evaluator::attribute(const Value &object, std::string_view name) {
  budget.spend(8);
  if (object.isUndefined())
    failUndefined(object);
  if (hasMethod(object, name))
    return Value(
        std::make_shared<const Callable>(Callable{Callable::Kind::Method, std::string(name), object, nullptr, {}}));
  if (const Dict *dict = object.dict()) {
    budget.spend(dict->entries.size());
    if (const Value *found = dict->find(name))
      return *found;
  }
  if (const Namespace *space = object.space())
    for (auto &[known, value] : space->entries)
      if (known == name)
        return value;
  return Value::undefined(std::string(name.substr(0, 80)));
}

Value Evaluator::item(const Value &object, const Value &key) {
  budget.spend(8);
  if (object.isUndefined())
    failUndefined(object);
  if (const Dict *dict = object.dict()) {
    for (auto &[known, value] : dict->entries)
      if (equal(known, key, budget))
        return value;
  } else if ((object.list() || object.isString()) && key.isInteger()) {
    Values letters = object.isString() ? iterate(object, budget) : Values();
    const Values &items = object.isString() ? letters : object.list()->items;
    int64_t index = *key.as<int64_t>(), size = static_cast<int64_t>(items.size());
    if (index < 0)
      index += size;
    if (index >= 0 && index < size)
      return items[static_cast<size_t>(index)];
    return Value::undefined("item " + std::to_string(*key.as<int64_t>()));
  }
  return key.isString() ? attribute(object, key.text()) : Value();
}

Value Evaluator::evaluateSlice(const Expression &expression) {
  Value object = evaluate(*expression.arguments[0]), parts[3];
  for (size_t i = 0; i < 3; ++i)
    parts[i] = expression.arguments[i + 1] ? evaluate(*expression.arguments[i + 1]) : Value(nullptr);
  if (object.isUndefined())
    failUndefined(object);
  if (!object.list() && !object.isString())
    throw TemplateError(std::string("a value of type ") + typeName(object) + " cannot be sliced");
  Values items = iterate(object, budget);
  int64_t size = static_cast<int64_t>(items.size());
  int64_t step = parts[2].isNone() ? 1 : integerArgument(parts[2], "the step of a slice");
  if (step == 0)
    throw TemplateError("the step of a slice is zero");
  int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
  auto bound = [&](const Value &value, int64_t otherwise) {
    if (value.isNone())
      return otherwise;
    int64_t index = integerArgument(value, "a bound of a slice");
    return std::clamp(index < 0 ? index + size : index, low, high);
  };
  int64_t begin = bound(parts[0], step > 0 ? 0 : size - 1), end = bound(parts[1], step > 0 ? size : -1);
  Values taken;
  step = std::clamp(step, -size - 1, size + 1);
  for (int64_t i = begin; step > 0 ? i < end : i > end; i += step)
    taken.push_back(items[static_cast<size_t>(i)]);
  if (object.list())
    return makeList(std::move(taken), budget, object.list()->isTuple);
  std::string text;
  for (const Value &letter : taken)
    text += letter.text();
  return text;
}

Value Evaluator::evaluateUnary(const Expression &expression) {
  Value value = evaluate(*expression.arguments[0]);
  if (expression.text == "not")
    return !isTrue(value);
  return operate(expression.text == "-" ? "-" : "+", value.as<double>() ? Value(0.0) : Value(0), value, budget);
}

Value Evaluator::evaluateBinary(const Expression &expression) {
  Value left = evaluate(*expression.arguments[0]);
  if (expression.text == "and" || expression.text == "or")
    return isTrue(left) == (expression.text == "or") ? left : evaluate(*expression.arguments[1]);
  Value right = evaluate(*expression.arguments[1]);
  line = expression.line;
  return operate(expression.text, left, right, budget);
}

bool Evaluator::contains(const Value &container, const Value &value) {
  if (container.isString()) {
    const std::string &text = container.text();
    budget.spend(text.size());
    return text.find(textArgument(value, "what is looked for in a string")) != std::string::npos;
  }
  if (const Dict *dict = container.dict())
    return std::any_of(dict->entries.begin(), dict->entries.end(),
                       [&](auto &entry) { return equal(entry.first, value, budget); });
  if (const List *list = container.list())
    return std::any_of(list->items.begin(), list->items.end(), [&](auto &item) { return equal(item, value, budget); });
  if (container.isUndefined())
    return false;
  throw TemplateError(std::string("a value of type ") + typeName(container) + " contains nothing");
}

Value Evaluator::evaluateCompare(const Expression &expression) {
  Value left = evaluate(*expression.arguments[0]);
  for (size_t i = 0; i < expression.operators.size(); ++i) {
    Value right = evaluate(*expression.arguments[i + 1]);
    const std::string &operation = expression.operators[i];
    line = expression.line;
    bool holds = operation == "in"       ? contains(right, left)
                 : operation == "not in" ? !contains(right, left)
                                         : isTrue(operate(operation, left, right, budget));
    if (!holds)
      return false;
    left = std::move(right);
  }
  return true;
}

Arguments Evaluator::evaluateArguments(const Expression &expression) {
  Arguments arguments;
  for (size_t i = 1; i < expression.arguments.size(); ++i)
    arguments.positional.push_back(evaluate(*expression.arguments[i]));
  for (const auto &[name, value] : expression.named)
    arguments.named.emplace_back(name, evaluate(*value));
  return arguments;
}

Value Evaluator::evaluateCall(const Expression &expression) {
  Value function = evaluate(*expression.arguments[0]);
  Arguments arguments = evaluateArguments(expression);
  line = expression.line;
  return call(function, std::move(arguments));
}

Value Evaluator::call(const Value &function, Arguments arguments) {
  if (function.isUndefined())
    failUndefined(function);
  const Callable *callable = function.callable();
  if (!callable)
    throw TemplateError(std::string("a value of type ") + typeName(function) + " cannot be called");
  switch (callable->kind) {
  case Callable::Kind::Global:
    return callGlobal(callable->name, arguments);
  case Callable::Kind::Method:
    return callMethod(callable->self, callable->name, arguments, budget);
  case Callable::Kind::LoopMethod:
    if (arguments.positional.empty())
      throw TemplateError("'cycle' needs arguments");
    return arguments.positional[static_cast<size_t>(callable->self.number()) % arguments.positional.size()];
  case Callable::Kind::Macro:
  case Callable::Kind::Caller:
    return callMacro(*callable, std::move(arguments));
  }
  return Value();
}

Value Evaluator::callMacro(const Callable &macro, Arguments arguments) {
  Deeper deeper(*this);
  const Statement &statement = *macro.macro;
  std::shared_ptr<Scope> made = inner(macro.scope);
  if (arguments.positional.size() > statement.names.size())
    throw TemplateError("the macro '" + macro.name + "' takes " + std::to_string(statement.names.size()) +
                        " arguments and is given " + std::to_string(arguments.positional.size()));
  std::shared_ptr<Scope> outer = scope;
  for (size_t i = 0; i < statement.names.size(); ++i) {
    const Value *given = arguments.find(i, statement.names[i]);
    if (given) {
      made->names[statement.names[i]] = *given;
      continue;
    }
    scope = made;
    Value otherwise = statement.defaults[i] ? evaluate(*statement.defaults[i]) : Value::undefined(statement.names[i]);
    scope = outer;
    made->names[statement.names[i]] = std::move(otherwise);
  }
  for (auto &[name, value] : arguments.named)
    if (name == "caller")
      made->names["caller"] = value;
    else if (std::find(statement.names.begin(), statement.names.end(), name) == statement.names.end())
      throw TemplateError("the macro '" + macro.name + "' takes no argument '" + name.substr(0, 40) + "'");
  return capture(statement.body, made);
}

Value Evaluator::makeNamespace(const Arguments &arguments) {
  auto space = std::make_shared<Namespace>();
  namespaces.push_back(space);
  budget.spend(256);
  for (const Value &value : arguments.positional)
    if (const Dict *dict = value.dict())
      for (auto &[key, entry] : dict->entries)
        space->entries.emplace_back(toText(key, budget), entry);
  for (auto &[name, value] : arguments.named)
    space->entries.emplace_back(name, value);
  return Value(space);
}

Value Evaluator::callGlobal(const std::string &name, const Arguments &arguments) {
  if (name == "namespace")
    return makeNamespace(arguments);
  if (name == "raise_exception")
    throw TemplateError("the template refuses the messages: " + toText(arguments.get(0, "message", ""), budget), line);
  if (name == "dict") {
    std::vector<std::pair<Value, Value>> entries;
    if (!arguments.positional.empty() && arguments.positional[0].dict())
      entries = arguments.positional[0].dict()->entries;
    for (auto &[key, value] : arguments.named)
      entries.emplace_back(Value(key), value);
    return makeDict(std::move(entries), budget);
  }
  if (name == "strftime_now") {
    std::string format = textArgument(arguments.get(0, "format", Value()), "the format of strftime_now");
    std::time_t time = now.value_or(std::time(nullptr));
    std::tm parts{};
    char text[1024];
    if (format.size() > 256 || !localtime_r(&time, &parts))
      throw TemplateError("the format of strftime_now is too long");
    return std::string(text, std::strftime(text, sizeof text, format.c_str(), &parts));
  }
  int64_t bounds[3] = {0, 0, 1}; // range
  size_t count = arguments.positional.size();
  if (count < 1 || count > 3)
    throw TemplateError("range takes 1 to 3 arguments");
  for (size_t i = 0; i < count; ++i)
    bounds[count == 1 ? 1 : i] = integerArgument(arguments.positional[i], "an argument of range");
  auto [begin, end, step] = bounds;
  if (step == 0)
    throw TemplateError("the step of range is zero");
  Values items;
  for (int64_t i = begin; step > 0 ? i < end : i > end;) {
    budget.spend(32);
    items.emplace_back(i);
    if (__builtin_add_overflow(i, step, &i))
      break;
  }
  return makeList(std::move(items), budget);
}

} // namespace lathe::chat
