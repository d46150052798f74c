// The element of a tensor at given coordinates as a term over the values it comes from: a calculus for what gathers and
// scatters by computed places mean, whoever wrote them how. Relies on the meaning of the llm ops and on symbolic
// shapes.
#pragma once

#include "ir/llm/SymbolicShapes.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace lathe {

/// Terms are unique: equal ones are the same pointer, as long as their ElementTerms lives.
struct Term {
  enum class Kind {
    Variable, ///< number: a coordinate that stands for any
    Number,   ///< number: a whole one
    Element,  ///< of `value` at the coordinates `terms`: computed in a way that is not followed further
    Apply,    ///< the pointwise op `name` of `terms`; casts between floats are left out
  };
  Kind kind;
  int64_t number = 0;
  mlir::Value value;
  std::string name;
  std::vector<const Term *> terms;

  bool isNumber(int64_t wanted) const { return kind == Kind::Number && number == wanted; }
  bool isElementOf(mlir::Value wanted) const { return kind == Kind::Element && value == wanted; }
  bool isApply(llvm::StringRef wanted) const { return kind == Kind::Apply && name == wanted; }
};

class ElementTerms {
public:
  explicit ElementTerms(const llm::SymbolicShapes &shapes) : shapes(shapes) {}

  using At = llvm::ArrayRef<const Term *>;
  /// Whether to stop at an element, which becomes the term then.
  using Stop = llvm::function_ref<bool(mlir::Value, At)>;

  const Term *variable(int64_t number) { return make({Term::Kind::Variable, number, {}, {}, {}}); }
  const Term *number(int64_t number) { return make({Term::Kind::Number, number, {}, {}, {}}); }
  const Term *element(mlir::Value value, At at) {
    return make({Term::Kind::Element, 0, value, {}, std::vector<const Term *>(at.begin(), at.end())});
  }

  /// The element of `value` at `at`, a term for each axis.
  const Term *of(mlir::Value value, At at, Stop stop = [](mlir::Value, At) { return false; });

private:
  using Terms = llvm::SmallVector<const Term *>;

  const llm::SymbolicShapes &shapes;
  std::map<std::tuple<int, int64_t, void *, std::string, std::vector<const Term *>>, std::unique_ptr<Term>> terms;
  int depth = 0;
  int64_t steps = 0;

  const Term *make(Term term);
  const Term *apply(llvm::StringRef name, At of);
  /// Null where the op is not followed.
  const Term *move(mlir::Operation *op, At at, Stop stop);
  const Term *compute(mlir::Operation *op, At at, Stop stop);
  const Term *constant(mlir::Value value, At at);
  /// The coordinates in an operand that is broadcast to `result`; nothing where its sizes do not say.
  std::optional<Terms> broadcast(mlir::Value operand, mlir::Value result, At at);
  std::optional<Terms> beforeReshape(mlir::Value x, mlir::Value result, At at);
  /// Whether it is a place: a coordinate that non_zero or top_k gave, which is never negative.
  static bool isPlace(const Term *term);
  bool isBelow(const Term *term, int64_t bound) const;
};

} // namespace lathe
