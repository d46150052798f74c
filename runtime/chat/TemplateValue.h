// The values of chat templates: Python's, as far as templates can see them. Containers never change once made, but for
// namespaces. Relies on nlohmann json for what comes in from outside.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lathe::chat {

/// A failure inside a template; it never leaves renderChat(). The line is added where it is known.
struct TemplateError : std::runtime_error {
  explicit TemplateError(const std::string &message, int line = 0) : std::runtime_error(message), line(line) {}
  int line;
};

/// What one rendering may still do. Everything that takes time or memory in proportion to its size spends from it.
class Budget {
public:
  void spend(size_t bytes) {
    if (bytes > rest)
      throw TemplateError("the template does too much work");
    rest -= bytes;
  }

private:
  size_t rest = size_t{128} << 20;
};

struct List;
struct Dict;
struct Namespace;
struct Callable;
class Value;
using Values = std::vector<Value>;

struct Undefined {
  std::shared_ptr<const std::string> name; ///< for messages
};

class Value {
public:
  Value() : data(Undefined{}) {}
  Value(std::nullptr_t) : data(nullptr) {}
  Value(bool value) : data(value) {}
  Value(int value) : data(static_cast<int64_t>(value)) {}
  Value(int64_t value) : data(value) {}
  Value(size_t value) : data(static_cast<int64_t>(value)) {}
  Value(double value) : data(value) {}
  Value(std::string value) : data(std::make_shared<const std::string>(std::move(value))) {}
  Value(std::string_view value) : Value(std::string(value)) {}
  Value(const char *value) : Value(std::string(value)) {}
  Value(std::shared_ptr<const List> value) : data(std::move(value)) {}
  Value(std::shared_ptr<const Dict> value) : data(std::move(value)) {}
  Value(std::shared_ptr<Namespace> value) : data(std::move(value)) {}
  Value(std::shared_ptr<const Callable> value) : data(std::move(value)) {}
  static Value undefined(std::string name) {
    Value value;
    value.data = Undefined{std::make_shared<const std::string>(std::move(name))};
    return value;
  }

  template <class T> const T *as() const { return std::get_if<T>(&data); }
  bool isUndefined() const { return as<Undefined>(); }
  bool isNone() const { return as<std::nullptr_t>(); }
  bool isString() const { return as<std::shared_ptr<const std::string>>(); }
  bool isInteger() const { return as<int64_t>(); }
  bool isNumber() const { return as<int64_t>() || as<double>() || as<bool>(); }
  const List *list() const { return pointer<const List>(); }
  const Dict *dict() const { return pointer<const Dict>(); }
  Namespace *space() const { return pointer<Namespace>(); }
  const Callable *callable() const { return pointer<const Callable>(); }
  /// Valid only for strings.
  const std::string &text() const { return **as<std::shared_ptr<const std::string>>(); }
  /// Numbers and booleans; 0 otherwise.
  double number() const;

private:
  std::variant<Undefined, std::nullptr_t, bool, int64_t, double, std::shared_ptr<const std::string>,
               std::shared_ptr<const List>, std::shared_ptr<const Dict>, std::shared_ptr<Namespace>,
               std::shared_ptr<const Callable>>
      data;
  template <class T> T *pointer() const {
    auto *held = as<std::shared_ptr<T>>();
    return held ? held->get() : nullptr;
  }
};

struct List {
  Values items;
  bool isTuple = false;
  int depth = 1; ///< of the nesting
};
struct Dict {
  std::vector<std::pair<Value, Value>> entries; ///< in order of insertion, keys unique
  int depth = 1;
  const Value *find(std::string_view key) const;
};
struct Namespace {
  std::vector<std::pair<std::string, Value>> entries;
};
/// A macro, a method bound to its object, or a global function.
struct Callable {
  enum class Kind { Global, Method, Macro, Caller, LoopMethod } kind;
  std::string name;
  Value self; ///< Method
  const struct Statement *macro = nullptr;
  std::shared_ptr<struct Scope> scope; ///< Macro, Caller: where it was defined
};

/// Containers; they fail when nested too deep.
Value makeList(Values items, Budget &budget, bool isTuple = false);
Value makeDict(std::vector<std::pair<Value, Value>> entries, Budget &budget);
Value fromJson(const nlohmann::ordered_json &json, Budget &budget, int depth = 0);

bool isTrue(const Value &value);
bool equal(const Value &a, const Value &b, Budget &budget);
/// Less than zero, zero, more; fails for types that have no order.
int compare(const Value &a, const Value &b, Budget &budget);
/// Python's type name.
const char *typeName(const Value &value);
/// str(value); undefined is empty.
std::string toText(const Value &value, Budget &budget);
/// repr(value).
std::string toRepr(const Value &value, Budget &budget);
/// How json.dumps(value, ensure_ascii=False) writes.
struct JsonForm {
  int indent = -1; ///< below zero: one line
  bool sortKeys = false;
  std::string betweenItems = ", ", afterKey = ": ";
};
std::string toJson(const Value &value, const JsonForm &form, Budget &budget);
/// What a for loop over the value sees; fails for what cannot be iterated.
Values iterate(const Value &value, Budget &budget);
/// The number of code points.
size_t lengthOf(std::string_view text);

} // namespace lathe::chat
