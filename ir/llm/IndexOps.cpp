// Type inference, verifiers and symbolic sizes of ir/llm/IndexOps.td.
#include "ir/llm/IndexOps.h"
#include "ir/llm/SymbolicShapes.h"

using namespace mlir;

namespace lathe::llm {

using Sizes = SmallVector<AffineExpr>;

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static LogicalResult checkAxis(std::optional<Location> location, uint64_t axis, RankedTensorType x) {
  int64_t given = static_cast<int64_t>(axis);
  if (given < 0 || given >= x.getRank())
    return emitOptionalError(location, "axis ", given, " is not in [0, ", x.getRank(), ")");
  return success();
}

static LogicalResult checkReduction(std::optional<Location> location, StringAttr given, Type x) {
  StringRef reduction = given ? given.getValue() : "none"; // an op that is being built may lack what has a default
  if (reduction != "none" && reduction != "add" && reduction != "mul" && reduction != "max" && reduction != "min")
    return emitOptionalError(location, "reduction '", reduction, "' is none of none, add, mul, max, min");
  if (reduction != "none" && !isNumberTensor(x))
    return emitOptionalError(location, "reduction '", reduction, "' needs numbers, got ", x);
  return success();
}

/// Whether two sizes of types may be the same.
static bool mayBeEqual(int64_t a, int64_t b) { return a == b || ShapedType::isDynamic(a) || ShapedType::isDynamic(b); }
/// Whether the first may be at most the second.
static bool mayFit(int64_t a, int64_t b) { return a <= b || ShapedType::isDynamic(a) || ShapedType::isDynamic(b); }

/// Indices that replace the coordinate along `axis` of x.
static LogicalResult checkElementIndices(std::optional<Location> location, RankedTensorType x, RankedTensorType indices,
                                         uint64_t axis) {
  if (failed(checkAxis(location, axis, x)))
    return failure();
  if (x.getRank() != indices.getRank())
    return emitOptionalError(location, "indices have the rank of x, got ", x, " and ", indices);
  for (int64_t i = 0; i < x.getRank(); ++i)
    if (i != static_cast<int64_t>(axis) && !mayFit(indices.getDimSize(i), x.getDimSize(i)))
      return emitOptionalError(location, "indices ", indices, " are larger than x, ", x, ", along axis ", i);
  return success();
}

#define LATHE_INFER(OP)                                                                                                \
  LogicalResult OP::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,          \
                                     SmallVectorImpl<Type> &types)

LATHE_INFER(GatherElementsOp) {
  auto x = tensorOf(adaptor.getX()), indices = tensorOf(adaptor.getIndices());
  if (failed(checkElementIndices(location, x, indices, adaptor.getAxis())))
    return failure();
  types.push_back(RankedTensorType::get(indices.getShape(), x.getElementType()));
  return success();
}

LATHE_INFER(ScatterElementsOp) {
  auto x = tensorOf(adaptor.getX()), indices = tensorOf(adaptor.getIndices()), updates = tensorOf(adaptor.getUpdates());
  if (failed(checkElementIndices(location, x, indices, adaptor.getAxis())) ||
      failed(checkReduction(location, adaptor.getReductionAttr(), x)))
    return failure();
  bool fits = updates.getRank() == indices.getRank() && updates.getElementType() == x.getElementType();
  for (int64_t i = 0; fits && i < updates.getRank(); ++i)
    fits = mayBeEqual(updates.getDimSize(i), indices.getDimSize(i));
  if (!fits)
    return emitOptionalError(location, "updates have the shape of the indices and the type of x, got ", updates,
                             " for ", indices, " and ", x);
  types.push_back(x);
  return success();
}

LATHE_INFER(ScatterNdOp) {
  auto x = tensorOf(adaptor.getX()), indices = tensorOf(adaptor.getIndices()), updates = tensorOf(adaptor.getUpdates());
  if (failed(checkReduction(location, adaptor.getReductionAttr(), x)))
    return failure();
  if (indices.getRank() == 0 || indices.isDynamicDim(indices.getRank() - 1))
    return emitOptionalError(location, "needs index tuples of known length, got ", indices);
  int64_t depth = indices.getShape().back();
  if (depth < 1 || depth > x.getRank())
    return emitOptionalError(location, "has index tuples of ", depth, " for a tensor of rank ", x.getRank());
  SmallVector<int64_t> wanted(indices.getShape().drop_back());
  ::llvm::append_range(wanted, x.getShape().drop_front(depth));
  bool fits =
      updates.getRank() == static_cast<int64_t>(wanted.size()) && updates.getElementType() == x.getElementType();
  for (int64_t i = 0; fits && i < updates.getRank(); ++i)
    fits = mayBeEqual(updates.getDimSize(i), wanted[i]);
  if (!fits)
    return emitOptionalError(location, "updates of x, ", x, ", at tuples ", indices, " are ",
                             RankedTensorType::get(wanted, x.getElementType()), ", got ", updates);
  types.push_back(x);
  return success();
}

LATHE_INFER(TensorScatterOp) {
  auto x = tensorOf(adaptor.getX()), update = tensorOf(adaptor.getUpdate());
  int64_t axis = adaptor.getAxis();
  if (failed(checkAxis(location, axis, x)))
    return failure();
  if (axis == 0)
    return emitOptionalError(location, "axis 0 is the batch");
  bool fits = update.getRank() == x.getRank() && update.getElementType() == x.getElementType();
  for (int64_t i = 0; fits && i < x.getRank(); ++i)
    fits =
        i == axis ? mayFit(update.getDimSize(i), x.getDimSize(i)) : mayBeEqual(update.getDimSize(i), x.getDimSize(i));
  if (!fits)
    return emitOptionalError(location, "an update of ", x, " is at most as large along axis ", axis,
                             " and else alike, got ", update);
  if (adaptor.getStarts()) {
    auto starts = tensorOf(adaptor.getStarts());
    if (starts.getRank() != 1 || !mayBeEqual(starts.getDimSize(0), x.getDimSize(0)))
      return emitOptionalError(location, "starts are one for each of ", x.getDimSize(0), " rows of the batch, got ",
                               starts);
  }
  types.push_back(x);
  return success();
}

LATHE_INFER(ArgMaxOp) {
  auto x = tensorOf(adaptor.getX());
  if (failed(checkAxis(location, adaptor.getAxis(), x)))
    return failure();
  SmallVector<int64_t> shape(x.getShape());
  if (adaptor.getKeep())
    shape[adaptor.getAxis()] = 1;
  else
    shape.erase(shape.begin() + adaptor.getAxis());
  types.push_back(RankedTensorType::get(shape, IntegerType::get(context, 64)));
  return success();
}

LATHE_INFER(CumProdOp) {
  auto x = tensorOf(adaptor.getX());
  if (failed(checkAxis(location, adaptor.getAxis(), x)))
    return failure();
  types.push_back(x);
  return success();
}

LATHE_INFER(DetOp) {
  auto x = tensorOf(adaptor.getX());
  if (x.getRank() < 2 || !mayBeEqual(x.getDimSize(x.getRank() - 1), x.getDimSize(x.getRank() - 2)))
    return emitOptionalError(location, "needs square matrices, got ", x);
  types.push_back(RankedTensorType::get(x.getShape().drop_back(2), x.getElementType()));
  return success();
}

LogicalResult PadOp::verify() {
  auto x = tensorOf(getX()), pads = tensorOf(getPads()), to = tensorOf(getResult());
  StringRef mode = getMode();
  if (mode != "constant" && mode != "edge" && mode != "reflect" && mode != "wrap")
    return emitOpError("mode '") << mode << "' is none of constant, edge, reflect, wrap";
  if (x.getElementType() != to.getElementType() || x.getRank() != to.getRank())
    return emitOpError("keeps element type and rank, got ") << x << " and " << to;
  if (pads.getRank() != 1 || !mayBeEqual(pads.getDimSize(0), 2 * x.getRank()))
    return emitOpError("needs two pads for each of ") << x.getRank() << " axes, got " << pads;
  if ((mode == "constant") != static_cast<bool>(getValue()))
    return emitOpError("takes a value if and only if its mode is constant");
  if (getValue() &&
      (tensorOf(getValue()).getRank() != 0 || tensorOf(getValue()).getElementType() != x.getElementType()))
    return emitOpError("the value is one element of ") << x << ", got " << getValue().getType();
  return success();
}

LogicalResult TopKOp::verify() {
  auto x = tensorOf(getX()), k = tensorOf(getK()), values = tensorOf(getValues()), indices = tensorOf(getIndices());
  if (failed(checkAxis(getLoc(), getAxis(), x)))
    return failure();
  if (!k.hasStaticShape() || k.getNumElements() != 1)
    return emitOpError("k is one element, got ") << k;
  bool fits = values.getElementType() == x.getElementType() && values.getRank() == x.getRank() &&
              indices.getRank() == x.getRank();
  for (int64_t i = 0; fits && i < x.getRank(); ++i) {
    bool along = i == static_cast<int64_t>(getAxis());
    for (RankedTensorType result : {values, indices})
      fits &= along ? mayFit(result.getDimSize(i), x.getDimSize(i)) : mayBeEqual(result.getDimSize(i), x.getDimSize(i));
    fits &= mayBeEqual(values.getDimSize(i), indices.getDimSize(i));
  }
  if (!fits)
    return emitOpError("gives ") << values << " and " << indices << ", which does not fit " << x;
  return success();
}

// ---- symbolic sizes -------------------------------------------------------------------------------------------------

Sizes GatherElementsOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) { return shapes.sizesOf(getIndices()); }
Sizes ScatterElementsOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) { return shapes.sizesOf(getX()); }
Sizes ScatterNdOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) { return shapes.sizesOf(getX()); }
Sizes TensorScatterOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) { return shapes.sizesOf(getX()); }
Sizes CumProdOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) { return shapes.sizesOf(getX()); }

Sizes ArgMaxOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) {
  Sizes sizes = shapes.sizesOf(getX());
  if (getKeep())
    sizes[getAxis()] = shapes.sizes().constant(1);
  else
    sizes.erase(sizes.begin() + getAxis());
  return sizes;
}

Sizes DetOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) {
  Sizes sizes = shapes.sizesOf(getX());
  sizes.pop_back_n(2);
  return sizes;
}

Sizes TopKOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) {
  Sizes sizes = shapes.sizesOf(getX());
  auto k = shapes.elementsOf(getK());
  sizes[getAxis()] = k && k->size() == 1 ? k->front() : AffineExpr();
  return sizes;
}

Sizes PadOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) {
  Sizes sizes = shapes.sizesOf(getX());
  auto pads = shapes.elementsOf(getPads());
  size_t rank = sizes.size();
  for (size_t axis = 0; axis < rank; ++axis) {
    bool known = pads && pads->size() == 2 * rank;
    AffineExpr added = known ? shapes.sizes().add((*pads)[axis], (*pads)[axis + rank]) : AffineExpr();
    sizes[axis] = shapes.sizes().add(sizes[axis], added);
  }
  return sizes;
}

/// Vectors alone: what exporters do to shapes.
std::optional<Sizes> PadOp::symbolicContent(unsigned, const SymbolicShapes &shapes) {
  auto x = shapes.elementsOf(getX());
  auto value = getValue() ? shapes.elementsOf(getValue()) : std::nullopt;
  auto pads = shapes.integersOf(getPads());
  if (!x || !pads || pads->size() != 2 || !value || value->size() != 1)
    return std::nullopt;
  int64_t before = (*pads)[0], after = (*pads)[1], size = x->size();
  constexpr int64_t most = 64;
  if (std::abs(before) > most || std::abs(after) > most || before + size + after < 0 || before + size + after > most)
    return std::nullopt;
  Sizes result;
  for (int64_t i = -before; i < size + after; ++i)
    result.push_back(i >= 0 && i < size ? (*x)[i] : value->front());
  return result;
}

} // namespace lathe::llm

#define GET_OP_CLASSES
#include "ir/llm/IndexOps.cpp.inc"
