// Verifiers and symbolic sizes of ir/llm/ControlOps.td.
#include "ir/llm/ControlOps.h"
#include "ir/llm/SymbolicShapes.h"

using namespace mlir;

namespace lathe::llm {

using Expressions = SmallVector<AffineExpr>;

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

bool isScalarI64(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() == 0 && tensor.getElementType().isSignlessInteger(64);
}

bool isScalarBool(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() == 0 && tensor.getElementType().isInteger(1);
}

std::optional<unsigned> symbolPosition(Operation *op, StringRef symbol) {
  auto function = op->getParentOfType<func::FuncOp>();
  auto symbols = function ? function->getAttrOfType<ArrayAttr>("llm.symbols") : ArrayAttr();
  if (symbols)
    for (auto [index, name] : ::llvm::enumerate(symbols))
      if (auto text = dyn_cast<StringAttr>(name); text && text.getValue() == symbol)
        return index;
  return std::nullopt;
}

// ---- size -----------------------------------------------------------------------------------------------------------

LogicalResult SizeOp::verify() {
  if (!symbolPosition(*this, getSymbol()))
    return emitOpError("defines the symbol '") << getSymbol() << "', which is not among the function's llm.symbols";
  return success();
}

SmallVector<AffineExpr> SizeOp::symbolicSizes(unsigned, const SymbolicShapes &) { return {}; }

std::optional<SmallVector<AffineExpr>> SizeOp::symbolicContent(unsigned, const SymbolicShapes &) {
  auto position = symbolPosition(*this, getSymbol());
  return position ? std::optional(Expressions{getAffineSymbolExpr(*position, getContext())}) : std::nullopt;
}

// ---- non_zero -------------------------------------------------------------------------------------------------------

LogicalResult NonZeroOp::verify() {
  int64_t axes = std::max<int64_t>(tensorOf(getX()).getRank(), 1);
  RankedTensorType type = getResult().getType();
  if (type.getRank() != 2 || type.getDimSize(0) != axes || !type.getElementType().isSignlessInteger(64))
    return emitOpError("of ") << getX().getType() << " gives a tensor<" << axes << "x?xi64>, not " << type;
  return success();
}

SmallVector<AffineExpr> NonZeroOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) {
  auto count = shapes.elementsOf(getCount());
  return {shapes.sizes().constant(getResult().getType().getDimSize(0)),
          count && count->size() == 1 ? count->front() : AffineExpr()};
}

// ---- broadcast_to ---------------------------------------------------------------------------------------------------

LogicalResult BroadcastToOp::verify() {
  auto from = tensorOf(getX()), to = tensorOf(getResult());
  AffineMap map = getSizes();
  if (map.getNumDims() != 0 || map.getNumResults() != static_cast<unsigned>(to.getRank()))
    return emitOpError("has ") << map.getNumResults() << " sizes for a result of rank " << to.getRank();
  if (from.getElementType() != to.getElementType() || from.getRank() > to.getRank())
    return emitOpError("does not broadcast ") << from << " to " << to;
  for (int64_t axis = 0; axis < from.getRank(); ++axis) {
    int64_t own = from.getDimSize(axis), wanted = to.getDimSize(to.getRank() - from.getRank() + axis);
    if (!ShapedType::isDynamic(own) && !ShapedType::isDynamic(wanted) && own != 1 && own != wanted)
      return emitOpError("does not broadcast ") << from << " to " << to;
  }
  return success();
}

SmallVector<AffineExpr> BroadcastToOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) {
  Expressions result;
  for (AffineExpr size : getSizes().getResults())
    result.push_back(shapes.sizes().canonical(size));
  return result;
}

// ---- box ------------------------------------------------------------------------------------------------------------

LogicalResult BoxOp::verify() {
  auto from = tensorOf(getX()), to = tensorOf(getResult());
  unsigned rank = from.getRank();
  if (from.getElementType() != to.getElementType() || to.getRank() != from.getRank())
    return emitOpError("does not cut ") << to << " out of " << from;
  if (getStarts().getNumResults() != rank || getSizes().getNumResults() != rank || getSteps().size() != rank)
    return emitOpError("has ") << getStarts().getNumResults() << " starts, " << getSizes().getNumResults()
                               << " sizes and " << getSteps().size() << " steps for " << rank << " axes";
  if (getStarts().getNumDims() || getSizes().getNumDims() || ::llvm::is_contained(getSteps(), 0))
    return emitOpError("has starts and sizes of symbols only, and no step of 0");
  return success();
}

SmallVector<AffineExpr> BoxOp::symbolicSizes(unsigned, const SymbolicShapes &shapes) {
  Expressions result;
  for (AffineExpr size : getSizes().getResults())
    result.push_back(shapes.sizes().canonical(size));
  return result;
}

// ---- unique, non_max_suppression ------------------------------------------------------------------------------------

LogicalResult UniqueOp::verify() {
  int64_t rank = tensorOf(getX()).getRank();
  if (getAxis() < 0 || getAxis() >= static_cast<uint64_t>(rank))
    return emitOpError("axis ") << getAxis() << " is not in [0, " << rank << ")";
  for (Value vector : {getFirst(), getInverse(), getCounts()})
    if (tensorOf(vector).getRank() != 1)
      return emitOpError("gives vectors of the slices, not ") << vector.getType();
  return success();
}

SmallVector<AffineExpr> UniqueOp::symbolicSizes(unsigned result, const SymbolicShapes &shapes) {
  return result == 3 ? Expressions() : Expressions{shapes.sizeOf(getX(), getAxis())};
}

LogicalResult NonMaxSuppressionOp::verify() {
  auto boxes = tensorOf(getBoxes()), scores = tensorOf(getScores()), selected = tensorOf(getSelected());
  if (boxes.getRank() != 3 || boxes.getDimSize(2) != 4 || scores.getRank() != 3)
    return emitOpError("takes boxes (batch, boxes, 4) and scores (batch, classes, boxes), not ")
           << boxes << " and " << scores;
  if (selected.getRank() != 2 || selected.getDimSize(1) != 3)
    return emitOpError("gives (batch classes boxes, 3), not ") << selected;
  for (Value threshold : {getIouThreshold(), getScoreThreshold()})
    if (threshold && (tensorOf(threshold).getRank() != 0 || !tensorOf(threshold).getElementType().isF32()))
      return emitOpError("takes thresholds tensor<f32>, not ") << threshold.getType();
  if (!boxes.getElementType().isF32() || !scores.getElementType().isF32())
    return emitOpError("takes boxes and scores of f32, not ") << boxes << " and " << scores;
  return success();
}

SmallVector<AffineExpr> NonMaxSuppressionOp::symbolicSizes(unsigned result, const SymbolicShapes &shapes) {
  if (result == 1)
    return {};
  Expressions scores = shapes.sizesOf(getScores());
  return {shapes.sizes().product(scores), shapes.sizes().constant(3)};
}

// ---- if, loop -------------------------------------------------------------------------------------------------------

SmallVector<StringRef> definedSymbols(Operation *op) {
  SmallVector<StringRef> names;
  if (auto size = dyn_cast<SizeOp>(op))
    names.push_back(size.getSymbol());
  if (isa<IfOp, LoopOp>(op))
    for (Attribute symbol : op->getAttrOfType<ArrayAttr>("symbols"))
      names.push_back(cast<StringAttr>(symbol).getValue());
  return names;
}

SmallVector<FlatSymbolRefAttr> calledFunctions(Operation *op) {
  if (auto branch = dyn_cast<IfOp>(op))
    return {branch.getThenAttr(), branch.getOtherwiseAttr()};
  if (auto loop = dyn_cast<LoopOp>(op))
    return {loop.getBodyAttr()};
  return {};
}

static LogicalResult verifyCall(Operation *op) {
  for (StringRef symbol : definedSymbols(op))
    if (!symbolPosition(op, symbol))
      return op->emitOpError("defines the symbol '") << symbol << "', which is not among the function's llm.symbols";
  auto sizes = op->getAttrOfType<ArrayAttr>("sizes");
  if (sizes.size() != op->getNumResults())
    return op->emitOpError("has ") << op->getNumResults() << " results but the sizes of " << sizes.size();
  for (auto [result, attribute] : ::llvm::zip(op->getResults(), sizes)) {
    auto map = dyn_cast<AffineMapAttr>(attribute);
    auto type = cast<RankedTensorType>(result.getType());
    if (!map || map.getValue().getNumDims() != 0 || map.getValue().getNumResults() != type.getRank())
      return op->emitOpError("says the sizes of a ") << type << " by " << attribute;
  }
  return success();
}

LogicalResult IfOp::verify() { return verifyCall(*this); }
LogicalResult LoopOp::verify() {
  if (getCarried() < 0 || getCarried() > static_cast<int64_t>(std::min<size_t>(getInputs().size(), getNumResults())))
    return emitOpError("carries ") << getCarried() << " of " << getInputs().size() << " operands into "
                                   << getNumResults() << " results";
  return verifyCall(*this);
}

static SmallVector<AffineExpr> sizesOfResult(Operation *op, unsigned result, const SymbolicShapes &shapes) {
  Expressions sizes;
  for (AffineExpr size : cast<AffineMapAttr>(op->getAttrOfType<ArrayAttr>("sizes")[result]).getValue().getResults())
    sizes.push_back(shapes.sizes().canonical(size));
  return sizes;
}
SmallVector<AffineExpr> IfOp::symbolicSizes(unsigned result, const SymbolicShapes &shapes) {
  return sizesOfResult(*this, result, shapes);
}
SmallVector<AffineExpr> LoopOp::symbolicSizes(unsigned result, const SymbolicShapes &shapes) {
  return sizesOfResult(*this, result, shapes);
}

static LogicalResult verifyCallee(Operation *op, FlatSymbolRefAttr name, SymbolTableCollection &symbols,
                                  ArrayRef<Type> operands, ArrayRef<Type> results) {
  auto function = symbols.lookupNearestSymbolFrom<func::FuncOp>(op, name);
  if (!function)
    return op->emitOpError("calls ") << name << ", which is no function of the module";
  if (!areCompatible(function.getArgumentTypes(), operands))
    return op->emitOpError("calls ") << name << " of " << function.getArgumentTypes() << " with " << operands;
  if (!areCompatible(function.getResultTypes(), results))
    return op->emitOpError("takes ") << results << " from " << name << ", which gives " << function.getResultTypes();
  return success();
}

LogicalResult IfOp::verifySymbolUses(SymbolTableCollection &symbols) {
  SmallVector<Type> operands(getInputs().getTypes()), results(getResultTypes());
  for (FlatSymbolRefAttr name : calledFunctions(*this))
    if (failed(verifyCallee(*this, name, symbols, operands, results)))
      return failure();
  return success();
}

LogicalResult LoopOp::verifySymbolUses(SymbolTableCollection &symbols) {
  SmallVector<Type> operands = {getLimit().getType(), getCondition().getType()}, results = {getCondition().getType()};
  for (auto [index, type] : ::llvm::enumerate(getInputs().getTypes())) {
    // A carried value may have another size in each iteration.
    auto tensor = cast<RankedTensorType>(type);
    operands.push_back(static_cast<int64_t>(index) < getCarried()
                           ? RankedTensorType::get(SmallVector<int64_t>(tensor.getRank(), ShapedType::kDynamic),
                                                   tensor.getElementType())
                           : tensor);
  }
  for (auto [index, type] : ::llvm::enumerate(getResultTypes())) {
    auto tensor = cast<RankedTensorType>(type);
    bool carried = static_cast<int64_t>(index) < getCarried();
    if (!carried && tensor.getRank() == 0)
      return emitOpError("stacks the parts of result ") << index << " into a scalar";
    results.push_back(carried ? tensor
                              : RankedTensorType::get(tensor.getShape().drop_front(), tensor.getElementType()));
  }
  return verifyCallee(*this, getBodyAttr(), symbols, operands, results);
}

} // namespace lathe::llm

#define GET_OP_CLASSES
#include "ir/llm/ControlOps.cpp.inc"
