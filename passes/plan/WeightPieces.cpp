// See WeightPieces.h.
#include "passes/plan/WeightPieces.h"

#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;

namespace lathe::plan {
namespace {

/// Rows [first, first + rows) of an entry.
struct Piece {
  llm::WeightOp weight;
  bool transposed = false;
  int64_t first = 0, rows = 0, columns = 0;
};

std::pair<int64_t, int64_t> rowsAndColumns(RankedTensorType type) {
  if (type.getRank() <= 1)
    return {type.getNumElements(), 1};
  int64_t columns = type.getShape().back();
  return {columns ? type.getNumElements() / columns : 0, columns};
}

LogicalResult collect(Value value, SmallVectorImpl<Piece> &pieces) {
  Operation *op = value.getDefiningOp();
  auto type = cast<RankedTensorType>(value.getType());
  auto fail = [&](const char *why) { return op->emitError("a weight expression that cannot be packed: ") << why; };
  if (!type.hasStaticShape())
    return fail("its shape is not static");
  auto [rows, columns] = rowsAndColumns(type);
  if (auto weight = dyn_cast<llm::WeightOp>(op)) {
    pieces.push_back({weight, false, 0, rows, columns});
    return success();
  }
  if (auto cast = dyn_cast<llm::CastOp>(op))
    return collect(cast.getX(), pieces);
  if (auto concat = dyn_cast<llm::ConcatOp>(op)) {
    if (concat.getAxis() != 0)
      return fail("concat along an axis other than the first");
    for (Value input : concat.getInputs())
      if (failed(collect(input, pieces)))
        return failure();
    return success();
  }
  SmallVector<Piece> inner;
  if (failed(collect(op->getOperand(0), inner)))
    return failure();
  if (auto reshape = dyn_cast<llm::ReshapeOp>(op)) {
    auto [fromRows, fromColumns] = rowsAndColumns(::llvm::cast<RankedTensorType>(reshape.getX().getType()));
    if (fromColumns == columns || inner.size() == 1) {
      if (fromColumns != columns) {
        if (inner[0].transposed || inner[0].rows != fromRows)
          return fail("reshape of a transposed weight");
        inner[0].first = 0, inner[0].rows = rows, inner[0].columns = columns;
      }
      pieces.append(inner);
      return success();
    }
    return fail("reshape that changes the rows of stacked weights");
  }
  if (auto transpose = dyn_cast<llm::TransposeOp>(op)) {
    if (type.getRank() != 2 || inner.size() != 1 || inner[0].first != 0)
      return fail("transpose of anything but one matrix");
    std::swap(inner[0].rows, inner[0].columns);
    inner[0].transposed = !inner[0].transposed;
    pieces.push_back(inner[0]);
    return success();
  }
  if (auto slice = dyn_cast<llm::SliceOp>(op)) {
    auto starts = llm::constantIntegers(slice.getStarts());
    if (!starts || slice.getAxes().size() != 1 || slice.getAxes()[0] != 0 || slice.getSteps()[0] != 1 ||
        inner.size() != 1 || inner[0].transposed)
      return fail("slice of anything but rows of one weight");
    auto from = ::llvm::cast<RankedTensorType>(slice.getX().getType());
    int64_t start = (*starts)[0] < 0 ? (*starts)[0] + from.getDimSize(0) : (*starts)[0];
    start = std::clamp<int64_t>(start, 0, from.getDimSize(0));
    int64_t rowsPerEntry = from.getDimSize(0) ? inner[0].rows / from.getDimSize(0) : 0;
    inner[0].first += start * rowsPerEntry;
    inner[0].rows = rows;
    pieces.push_back(inner[0]);
    return success();
  }
  return fail("an op that moves elements in another way");
}

} // namespace

FailureOr<Value> makeWeight(OpBuilder &builder, Value value, StringAttr packing) {
  SmallVector<Piece> pieces;
  if (failed(collect(value, pieces)))
    return failure();
  auto type = cast<RankedTensorType>(value.getType());
  auto [rows, columns] = rowsAndColumns(type);
  SmallVector<Attribute> attributes;
  std::string label;
  for (Piece &piece : pieces) {
    if (piece.columns != columns)
      return value.getDefiningOp()->emitError("a weight expression that cannot be packed: pieces of ")
                 << piece.columns << " and " << columns << " columns",
             failure();
    SmallVector<NamedAttribute> entries;
    entries.push_back(builder.getNamedAttr("name", builder.getStringAttr(piece.weight.getName())));
    entries.push_back(builder.getNamedAttr("first", builder.getI64IntegerAttr(piece.first)));
    entries.push_back(builder.getNamedAttr("rows", builder.getI64IntegerAttr(piece.rows)));
    if (piece.transposed)
      entries.push_back(builder.getNamedAttr("transposed", builder.getUnitAttr()));
    attributes.push_back(builder.getDictionaryAttr(entries));
    label += (label.empty() ? "" : "+") + piece.weight.getName().str();
  }
  return builder
      .create<WeightOp>(value.getLoc(), label, type.getElementType(), rows, columns, packing,
                        builder.getArrayAttr(attributes))
      .getResult();
}

} // namespace lathe::plan
