// Runs a parsed template. Relies on TemplateSyntax.h, TemplateFilters.h and TemplateMethods.h.
#pragma once

#include "runtime/chat/TemplateSyntax.h"

#include <ctime>
#include <map>
#include <optional>

namespace lathe::chat {

struct Scope {
  std::shared_ptr<Scope> outer;
  std::map<std::string, Value, std::less<>> names;
};

/// Arguments of a call, filter or test. `take` gives the one at a position or of that name, which counts as used.
struct Arguments {
  Values positional;
  std::vector<std::pair<std::string, Value>> named;

  const Value *find(size_t position, std::string_view name) const {
    if (position < positional.size())
      return &positional[position];
    for (auto &[key, value] : named)
      if (key == name)
        return &value;
    return nullptr;
  }
  Value get(size_t position, std::string_view name, Value otherwise) const {
    const Value *found = find(position, name);
    return found ? *found : otherwise;
  }
};

class Evaluator {
public:
  /// The statements must outlive the object.
  explicit Evaluator(std::optional<std::time_t> now) : now(now), globals(std::make_shared<Scope>()) {}
  ~Evaluator();

  void define(std::string name, Value value) { globals->names[std::move(name)] = std::move(value); }
  /// The text of the template. Throws TemplateError.
  std::string run(const Body &body);

  Budget budget;

  Value call(const Value &function, Arguments arguments);
  Value attribute(const Value &object, std::string_view name);
  Value item(const Value &object, const Value &key);
  /// Filters and tests by name, also those that other filters apply (map, select, ...).
  Value applyFilter(std::string_view name, const Value &value, const Arguments &arguments);
  bool applyTest(std::string_view name, const Value &value, const Arguments &arguments);

private:
  enum class Flow { Next, Break, Continue };
  std::optional<std::time_t> now;
  std::shared_ptr<Scope> globals, scope;
  std::string *out = nullptr;
  int depth = 0, line = 0;
  std::vector<std::shared_ptr<Namespace>> namespaces; // cleared at the end: they may refer to each other
  std::vector<std::shared_ptr<Scope>> scopes;         // the same for macros and the scopes that hold them

  struct Deeper;
  std::shared_ptr<Scope> inner(std::shared_ptr<Scope> outer);
  Flow execute(const Body &body);
  Flow execute(const Statement &statement);
  Flow executeFor(const Statement &statement);
  void executeSet(const Statement &statement);
  void executeCallBlock(const Statement &statement);
  void executeWith(const Statement &statement);
  std::string capture(const Body &body, std::shared_ptr<Scope> in);
  std::string filtered(const Expression *filter, std::string text);
  void write(std::string_view text);
  void assign(const Expression &target, const Value &value);
  void bind(const std::vector<std::string> &names, const Value &value);

  Value evaluate(const Expression &expression);
  Value evaluateName(const Expression &expression);
  Value evaluateItems(const Expression &expression);
  Value evaluateSlice(const Expression &expression);
  Value evaluateUnary(const Expression &expression);
  Value evaluateBinary(const Expression &expression);
  Value evaluateCompare(const Expression &expression);
  Value evaluateCall(const Expression &expression);
  Arguments evaluateArguments(const Expression &expression);
  bool contains(const Value &container, const Value &value);

  Value callGlobal(const std::string &name, const Arguments &arguments);
  Value callMacro(const Callable &macro, Arguments arguments);
  Value makeNamespace(const Arguments &arguments);
};

/// Fails, naming what is undefined.
[[noreturn]] void failUndefined(const Value &value);
/// Python's binary operators but for and, or.
Value operate(std::string_view operation, const Value &left, const Value &right, Budget &budget);

} // namespace lathe::chat
