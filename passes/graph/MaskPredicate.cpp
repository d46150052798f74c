// See MaskPredicate.h.
#include "passes/graph/MaskPredicate.h"
#include "passes/graph/ElementValues.h"

#include "ir/llm/Llm.h"

#include <llvm/Support/Format.h>

using namespace mlir;

namespace lathe {

static constexpr double hidden = -1e4;

std::optional<int64_t> MaskPredicate::window(const llm::SymbolicShapes &shapes) const {
  if (!causal || !windowFrom)
    return std::nullopt;
  const llm::SizeExpressions &sizes = shapes.sizes();
  return llm::constantValue(sizes.add(sizes.sub(causal, windowFrom), sizes.constant(1)));
}

namespace {

class Reader {
public:
  Reader(Value mask, ArrayRef<AffineExpr> sizes, const llm::SymbolicShapes &shapes, MaskUse use)
      : mask(mask), use(use), shapes(shapes), coordinates(shapes, sizes, mask.getContext()),
        values(shapes, coordinates) {}

  MaskPredicate read() {
    auto seen = visible();
    if (!seen)
      return unknown(values.problem().empty() ? problem.empty() ? "is not understood" : problem : values.problem(),
                     values.problemOp());
    MaskPredicate result;
    for (const Clause &clause : seen->clauses()) {
      if (clause.size() != 1)
        return unknown(clause.empty() ? "lets nothing through" : "lets keys through for one of several reasons",
                       mask.getDefiningOp());
      const Literal &literal = clause.front();
      if (literal.input ? !addPadding(literal, result) : !addBound(literal.expression, result))
        return unknown("lets keys through by a condition that is neither causal, nor a window, nor padding: " +
                           textOf(literal),
                       mask.getDefiningOp());
    }
    return result;
  }

private:
  Value mask;
  MaskUse use;
  const llm::SymbolicShapes &shapes;
  Coordinates coordinates;
  ElementValues values;
  std::string problem; // of what was understood of the elements

  MaskPredicate unknown(const std::string &why, Operation *op) {
    MaskPredicate result;
    result.unknown = why;
    result.unknownOp = op;
    return result;
  }

  std::string textOf(const Literal &literal) {
    std::string text;
    ::llvm::raw_string_ostream stream(text);
    if (literal.input)
      stream << "an element of an input";
    else
      stream << literal.expression << " >= 0 (the symbols after the " << shapes.symbols().size()
             << " of the function are batch, head, query, key)";
    return text;
  }

  std::optional<Condition> visible() {
    auto type = cast<RankedTensorType>(mask.getType());
    if (type.getRank() > 4)
      return std::nullopt;
    SmallVector<AffineExpr> at;
    for (int64_t axis = 0; axis < type.getRank(); ++axis) {
      AffineExpr size = shapes.sizeOf(mask, axis);
      if (llm::constantValue(size) == 1)
        at.push_back(shapes.sizes().constant(0));
      else
        at.push_back(coordinates[axis + 4 - type.getRank()]);
    }
    if (type.getElementType().isInteger(1))
      return values.truthAt(mask, at);
    auto value = values.at(mask, at);
    if (!value || value->truth)
      return std::nullopt;
    std::optional<Condition> seen = Condition::never();
    for (const ElementValue::Piece &piece : value->pieces) {
      auto number = piece.leaf.constant();
      double lets = use == MaskUse::Factor ? 1 : 0;
      auto hides = [&](double value) {
        return use == MaskUse::Factor ? value == 0 : use == MaskUse::Added ? value <= hidden : value >= -hidden;
      };
      if (!number || (*number != lets && !hides(*number))) {
        std::string text;
        ::llvm::raw_string_ostream(text) << ::llvm::format("%g", number.value_or(0));
        problem = "adds " + (number ? text : "numbers that are no constants") +
                  ", where only 0 lets through and -10000 or less hides";
        return std::nullopt;
      }
      seen = *number == lets ? seen->orElse(piece.when, coordinates) : seen;
      if (!seen)
        return std::nullopt;
    }
    return seen;
  }

  bool addPadding(const Literal &literal, MaskPredicate &result) {
    if (literal.isZero || literal.at.size() != 2 || literal.at[0] != coordinates[0] || literal.at[1] != coordinates[3])
      return false;
    if (result.padding && result.padding != literal.input)
      return false;
    result.padding = literal.input;
    return true;
  }

  /// t - s + c >= 0 is s <= t + c; s - t - c >= 0 is s >= t + c.
  bool addBound(AffineExpr expression, MaskPredicate &result) {
    const llm::SizeExpressions &sizes = coordinates.sizes();
    AffineExpr distance = sizes.sub(coordinates[2], coordinates[3]);
    AffineExpr causal = sizes.sub(expression, distance),
               from = sizes.sub(sizes.constant(0), sizes.add(expression, distance));
    auto tighten = [&](AffineExpr &bound, AffineExpr other, bool smaller) {
      bound = !bound ? other : smaller ? sizes.min(bound, other) : sizes.max(bound, other);
      return static_cast<bool>(bound);
    };
    if (causal && !coordinates.contains(causal))
      return tighten(result.causal, causal, true);
    if (from && !coordinates.contains(from))
      return tighten(result.windowFrom, from, false);
    return false;
  }
};

} // namespace

MaskPredicate readMask(Value mask, ArrayRef<AffineExpr> sizes, const llm::SymbolicShapes &shapes, MaskUse use) {
  return Reader(mask, sizes, shapes, use).read();
}

} // namespace lathe
