// The element of a tensor at symbolic coordinates, followed through the ops it is computed by: whole numbers as
// expressions of coordinates and sizes, other numbers as constants, booleans as conditions. Relies on the meaning of
// the llm ops, not on who wrote them how.
#pragma once

#include "passes/graph/Condition.h"

#include <map>
#include <string>

namespace lathe {

/// One value an element may have: an expression, a constant, an element of an integer input, or an expression times an
/// element of a table of floats.
struct Leaf {
  mlir::AffineExpr expression; ///< a whole number
  double number = 0;           ///< when there is neither expression nor input
  mlir::Value input, table;
  llvm::SmallVector<mlir::AffineExpr> at; ///< of input or table

  bool operator==(const Leaf &other) const {
    return expression == other.expression && input == other.input && table == other.table && at == other.at &&
           (expression || input || number == other.number);
  }
  bool isWhole() const { return expression && !table; }
  /// The number when it is a constant one.
  std::optional<double> constant() const;
};

/// A boolean is `truth`; a number is one of `pieces`, whose conditions exclude each other and cover everything.
struct ElementValue {
  struct Piece {
    Condition when;
    Leaf leaf;
  };
  std::optional<Condition> truth;
  std::vector<Piece> pieces;
};

class ElementValues {
public:
  ElementValues(const llm::SymbolicShapes &shapes, const Coordinates &coordinates)
      : shapes_(shapes), coordinates_(coordinates) {}

  /// From here on every element of this integer input is 1.
  void assumeOnes(mlir::Value input) { ones_ = input; }
  /// From here on constants and weights of floats are tables that other numbers may be multiplied by.
  void allowTables() { allowsTables_ = true; }

  /// The element of `value` at `at` (an expression for each axis, in its range), or nothing, and then problem() says
  /// why. An integer input that is turned into floats is taken to hold 0 and 1.
  std::optional<ElementValue> at(mlir::Value value, llvm::ArrayRef<mlir::AffineExpr> at);
  /// As at(), of an integer that has one expression everywhere; null otherwise.
  mlir::AffineExpr wholeAt(mlir::Value value, llvm::ArrayRef<mlir::AffineExpr> at);
  /// The element as a condition: a boolean, or a number that is not 0.
  std::optional<Condition> truthAt(mlir::Value value, llvm::ArrayRef<mlir::AffineExpr> at);

  /// What was not understood first, and where (null: an argument).
  const std::string &problem() const { return problem_; }
  mlir::Operation *problemOp() const { return problemOp_; }

private:
  using At = llvm::SmallVector<mlir::AffineExpr>;
  const llm::SymbolicShapes &shapes_;
  const Coordinates &coordinates_;
  std::map<std::pair<void *, std::vector<const void *>>, std::optional<ElementValue>> known_;
  std::string problem_;
  mlir::Operation *problemOp_ = nullptr;
  int depth_ = 0, steps_ = 0;
  mlir::Value ones_;
  bool allowsTables_ = false;

  const llm::SizeExpressions &sizes() const { return coordinates_.sizes(); }
  std::nullopt_t fail(mlir::Operation *op, const std::string &why);
  std::optional<ElementValue> compute(mlir::Value value, llvm::ArrayRef<mlir::AffineExpr> at);
  std::optional<ElementValue> computeMove(mlir::Operation *op, llvm::ArrayRef<mlir::AffineExpr> at);
  std::optional<ElementValue> computePointwise(mlir::Operation *op, llvm::ArrayRef<mlir::AffineExpr> at);
  std::optional<ElementValue> computeConstant(mlir::Operation *op, llvm::ArrayRef<mlir::AffineExpr> at);
  std::optional<ElementValue> select(const Condition &condition, const ElementValue &x, const ElementValue &y,
                                     mlir::Operation *op);
  std::optional<Condition> compare(mlir::Operation *op, const Leaf &a, const Leaf &b);
  std::optional<Leaf> combine(mlir::Operation *op, const Leaf &a, const Leaf &b);
  std::optional<ElementValue> asNumber(ElementValue value, mlir::Operation *op);
  std::optional<ElementValue> asZeroOrOne(ElementValue value, mlir::Operation *op);
  std::optional<Condition> asTruth(const ElementValue &value, mlir::Operation *op);
  std::optional<ElementValue> merged(ElementValue value, mlir::Operation *op);
  std::optional<ElementValue> tableAt(mlir::Value table, llvm::ArrayRef<mlir::AffineExpr> at, const char *why);
  ElementValue whole(mlir::AffineExpr expression) const;
  ElementValue number(double value) const;
};

/// The place in x of the element at `at` of its reshape `result`; nothing where that cannot be said.
std::optional<llvm::SmallVector<mlir::AffineExpr>> placeBeforeReshape(mlir::Value x, mlir::Value result,
                                                                      llvm::ArrayRef<mlir::AffineExpr> at,
                                                                      const llm::SymbolicShapes &shapes,
                                                                      const Coordinates &coordinates);

} // namespace lathe
