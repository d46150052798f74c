// An element of a tensor of floats as a sum of products: of numbers, of elements that are not followed any further, and
// of cosines and sines of such products. Relies on the meaning of the llm ops.
#pragma once

#include "passes/graph/ElementValues.h"

namespace lathe {

/// value[at], or its cosine or sine times `scale` (then of the product of several).
struct Factor {
  enum Kind { Element, Cosine, Sine } kind = Element;
  struct Place {
    mlir::Value value;
    llvm::SmallVector<mlir::AffineExpr, 4> at;
    bool operator==(const Place &other) const { return value == other.value && at == other.at; }
  };
  llvm::SmallVector<Place, 2> places;
  double scale = 1; ///< of the angle
};
struct Term {
  double number = 1;
  llvm::SmallVector<Factor, 2> factors;
};
using Terms = llvm::SmallVector<Term, 2>;

class ColumnTerms {
public:
  /// `rowOf` stands for the row of a table that is chosen by data.
  ColumnTerms(const llm::SymbolicShapes &shapes, const Coordinates &coordinates, mlir::AffineExpr rowOf)
      : shapes_(shapes), coordinates_(coordinates), row_(rowOf) {}

  /// The element; nothing where it is no short sum.
  std::optional<Terms> at(mlir::Value value, llvm::ArrayRef<mlir::AffineExpr> at);
  /// What chose the row of tables: integers, followed to what they were moved from.
  const std::optional<Factor::Place> &chosenBy() const { return chosenBy_; }

private:
  const llm::SymbolicShapes &shapes_;
  const Coordinates &coordinates_;
  mlir::AffineExpr row_;
  std::optional<Factor::Place> chosenBy_;
  int depth_ = 0, steps_ = 0;

  std::optional<Factor::Place> before(Factor::Place place);
  bool isHead(const Factor::Place &place) const;
  std::optional<Terms> compute(const Factor::Place &place);
  std::optional<Terms> angle(mlir::Operation *op, const Factor::Place &place);
};

} // namespace lathe
