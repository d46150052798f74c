// See WeightPieces.h.
#include "passes/plan/WeightPieces.h"

#include "mlir/IR/BuiltinTypes.h"

#include <numeric>

using namespace mlir;

namespace lathe::plan {
namespace {

/// Rows [first, first + rows) of an entry; `transposed`: the transpose of `columns` of its rows from `first` on.
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

/// Appends rows [begin, begin + count) of stacked pieces; false where that cuts a transposed one.
bool takeRows(ArrayRef<Piece> from, int64_t begin, int64_t count, SmallVectorImpl<Piece> &to) {
  for (Piece piece : from) {
    int64_t skipped = std::min(begin, piece.rows), taken = std::min(piece.rows - skipped, count);
    begin -= skipped, count -= taken;
    if (taken == 0)
      continue;
    if (piece.transposed && taken != piece.rows)
      return false;
    piece.first += skipped, piece.rows = taken;
    to.push_back(piece);
  }
  return count == 0;
}

/// The product of some sizes.
int64_t productOf(ArrayRef<int64_t> sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t(1), std::multiplies<>());
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
        if (columns == 0 || inner[0].first * fromColumns % columns != 0)
          return fail("reshape of rows that begin within a row of the result");
        inner[0].first = inner[0].first * fromColumns / columns, inner[0].rows = rows, inner[0].columns = columns;
      }
      pieces.append(inner);
      return success();
    }
    return fail("reshape that changes the rows of stacked weights");
  }
  if (auto transpose = dyn_cast<llm::TransposeOp>(op)) {
    int64_t rank = type.getRank();
    SmallVector<int64_t> swapped = ::llvm::to_vector(::llvm::seq<int64_t>(0, rank));
    if (rank >= 2)
      std::swap(swapped[rank - 1], swapped[rank - 2]);
    if (rank < 2 || transpose.getPermutation() != ArrayRef(swapped))
      return fail("a transpose of other axes than the last two");
    // One matrix after another.
    int64_t from = type.getShape()[rank - 1], matrices = rows / std::max<int64_t>(type.getShape()[rank - 2], 1);
    for (int64_t matrix = 0; matrix < matrices; ++matrix) {
      SmallVector<Piece> own;
      if (!takeRows(inner, matrix * from, from, own) || own.size() != 1 || (own[0].transposed && own[0].rows != from))
        return fail("a transpose of anything but whole matrices");
      std::swap(own[0].rows, own[0].columns);
      own[0].transposed = !own[0].transposed;
      pieces.push_back(own[0]);
    }
    return success();
  }
  if (auto slice = dyn_cast<llm::SliceOp>(op)) {
    auto starts = llm::constantIntegers(slice.getStarts());
    auto from = ::llvm::cast<RankedTensorType>(slice.getX().getType());
    int64_t axis = slice.getAxes().size() == 1 ? slice.getAxes()[0] : -1;
    if (!starts || axis < 0 || (axis > 0 && axis >= from.getRank() - 1) || slice.getSteps()[0] != 1)
      return fail("a slice of anything but rows");
    int64_t size = from.getDimSize(axis), start = (*starts)[0] < 0 ? (*starts)[0] + size : (*starts)[0];
    start = std::clamp<int64_t>(start, 0, size);
    ArrayRef<int64_t> below = from.getShape().drop_front(axis + 1);
    int64_t step = productOf(below.empty() ? below : below.drop_back()),
            outer = productOf(from.getShape().take_front(axis));
    for (int64_t i = 0; i < outer; ++i)
      if (!takeRows(inner, (i * size + start) * step, type.getDimSize(axis) * step, pieces))
        return fail("a slice of rows of a transposed weight");
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
