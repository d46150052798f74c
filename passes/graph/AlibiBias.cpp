// See AlibiBias.h.
#include "passes/graph/AlibiBias.h"
#include "passes/graph/ElementValues.h"

#include "ir/llm/Llm.h"

#include <mlir/IR/Builders.h>

using namespace mlir;

namespace lathe {

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

std::optional<AlibiBias> readAlibi(Value bias, ArrayRef<AffineExpr> sizes, const llm::SymbolicShapes &shapes,
                                   Value ones, std::string &why) {
  auto fail = [&](const std::string &reason) {
    why = reason;
    return std::nullopt;
  };
  auto type = tensorOf(bias);
  if (type.getRank() > 4 || !isa<FloatType>(type.getElementType()))
    return fail("is no tensor of floats that broadcasts to (batch, heads, queries, keys)");
  Coordinates coordinates(shapes, sizes, bias.getContext());
  ElementValues values(shapes, coordinates);
  values.allowTables();
  if (ones)
    values.assumeOnes(ones);
  SmallVector<AffineExpr> at;
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    AffineExpr size = shapes.sizeOf(bias, axis);
    if (llm::constantValue(size) == 1)
      at.push_back(shapes.sizes().constant(0));
    else if (size && size == sizes[axis + 4 - type.getRank()])
      at.push_back(coordinates[axis + 4 - type.getRank()]);
    else
      return fail("has a size that is not that of the scores");
  }
  auto element = values.at(bias, at);
  if (!element || element->truth)
    return fail(values.problem().empty() ? "is not understood" : values.problem());
  if (element->pieces.size() != 1 || !element->pieces.front().leaf.table)
    return fail("is no slope times a distance");
  const Leaf &leaf = element->pieces.front().leaf;
  AlibiBias result;
  result.table = leaf.table;
  auto tableType = tensorOf(leaf.table);
  auto heads = llm::constantValue(sizes[1]);
  if (!tableType.hasStaticShape() || !heads || tableType.getNumElements() != *heads)
    return fail("multiplies by a table that has not one element for each head");
  for (auto [place, size] : ::llvm::zip(leaf.at, tableType.getShape()))
    if (size != 1 && (size != *heads || place != coordinates[1]))
      return fail("multiplies by a table that does not run along the heads");
  for (int64_t sign : {1, -1}) {
    AffineExpr key = shapes.sizes().mul(coordinates[3], shapes.sizes().constant(sign));
    AffineExpr rest = shapes.sizes().sub(leaf.expression, key);
    if (!rest || rest.isFunctionOfSymbol(cast<AffineSymbolExpr>(coordinates[3]).getPosition()))
      continue;
    result.sign = sign;
    return result;
  }
  return fail("is no slope times the place of the key");
}

Value slopesOf(const AlibiBias &bias, OpBuilder &builder, Location location) {
  auto type = tensorOf(bias.table);
  SmallVector<int64_t> ones;
  for (auto [axis, size] : ::llvm::enumerate(type.getShape()))
    if (size == 1)
      ones.push_back(axis);
  Value slopes = bias.table;
  if (static_cast<int64_t>(ones.size()) == type.getRank() && !ones.empty())
    ones.pop_back();
  if (!ones.empty())
    slopes = builder.create<llm::SqueezeOp>(location, slopes, ones);
  return bias.sign == 1 ? slopes : builder.create<llm::NegOp>(location, slopes);
}

SmallVector<Value> addendsOf(Value mask) {
  SmallVector<Value> parts, open = {mask};
  while (!open.empty()) {
    Value value = open.pop_back_val();
    auto add = value.getDefiningOp<llm::AddOp>();
    if (add && isa<FloatType>(tensorOf(value).getElementType()) && parts.size() + open.size() < 8) {
      open.push_back(add.getRhs());
      open.push_back(add.getLhs());
    } else {
      parts.push_back(value);
    }
  }
  return parts;
}

} // namespace lathe
