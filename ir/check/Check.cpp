// Registration, syntax and verifiers of the check dialect.
#include "ir/check/Check.h"
#include "runtime/ElementType.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;

namespace lathe::check {

/// `value (sizes map)? attr-dict (-> type)?`; without a type the result has that of the value.
static ParseResult parseValue(OpAsmParser &parser, OperationState &result, bool allowSizes) {
  ElementsAttr value;
  if (parser.parseAttribute(value, "value", result.attributes))
    return failure();
  AffineMapAttr sizes;
  if (allowSizes && succeeded(parser.parseOptionalKeyword("sizes")) &&
      parser.parseAttribute(sizes, "sizes", result.attributes))
    return failure();
  if (parser.parseOptionalAttrDict(result.attributes))
    return failure();
  Type type = value.getType();
  if (succeeded(parser.parseOptionalArrow()) && parser.parseType(type))
    return failure();
  result.addTypes(type);
  return success();
}

static void printValue(OpAsmPrinter &printer, Operation *op, ElementsAttr value, AffineMapAttr sizes) {
  printer << ' ' << value;
  if (sizes)
    printer << " sizes " << sizes;
  printer.printOptionalAttrDict(op->getAttrs(), {"value", "sizes"});
  if (op->getResult(0).getType() != value.getType())
    printer << " -> " << op->getResult(0).getType();
}

ParseResult InputOp::parse(OpAsmParser &parser, OperationState &result) { return parseValue(parser, result, true); }
void InputOp::print(OpAsmPrinter &printer) { printValue(printer, *this, getValue(), getSizesAttr()); }
ParseResult WeightOp::parse(OpAsmParser &parser, OperationState &result) { return parseValue(parser, result, false); }
void WeightOp::print(OpAsmPrinter &printer) { printValue(printer, *this, getValue(), {}); }

LogicalResult InputOp::verify() {
  auto type = cast<RankedTensorType>(getResult().getType());
  if (!llm::areCompatible(getValue().getType(), type))
    return emitOpError("gives ") << getValue().getType() << " as " << type;
  if (!getSizes() && !type.hasStaticShape())
    return emitOpError("needs 'sizes' for the open sizes of ") << type;
  if (getSizes() && (getSizes()->getNumDims() != 0 || getSizes()->getNumResults() != type.getRank()))
    return emitOpError("needs an expression of symbols for each of ")
           << type.getRank() << " axes, got " << getSizesAttr();
  return success();
}

LogicalResult WeightOp::verify() {
  auto type = cast<RankedTensorType>(getResult().getType());
  auto value = cast<ShapedType>(getValue().getType());
  if (value == type)
    return success();
  auto element = llm::latheType(type.getElementType());
  if (!element || !type.hasStaticShape() || type.getRank() == 0 || !value.getElementType().isSignlessInteger(8))
    return emitOpError("holds the elements, or the bytes as i8, of ") << type << ", got " << value;
  int64_t columns = type.getShape().back();
  auto bytes = bytesOfRows(*element, columns == 0 ? 0 : type.getNumElements() / columns, columns);
  if (!bytes)
    return emitOpError("has rows that are no multiple of the block of ") << type;
  if (static_cast<int64_t>(*bytes) != value.getNumElements())
    return emitOpError("needs ") << *bytes << " bytes for " << type << ", got " << value.getNumElements();
  return success();
}

LogicalResult CacheOp::verify() {
  if (static_cast<int64_t>(getPages()) <= 0)
    return emitOpError("needs at least one page, got ") << getPages();
  return success();
}

static LogicalResult verifyCompared(Operation *op) {
  Type actual = op->getOperand(0).getType(), expected = op->getOperand(1).getType();
  if (!llm::areCompatible(actual, expected))
    return op->emitOpError("compares tensors of one element type and shape, got ") << actual << " and " << expected;
  return success();
}

LogicalResult EqualOp::verify() { return verifyCompared(*this); }

LogicalResult AlmostEqualOp::verify() {
  double rtol = getRtol().convertToDouble(), atol = getAtol().convertToDouble();
  if (!(rtol >= 0) || !(atol >= 0))
    return emitOpError("tolerances are not negative, got rtol = ") << rtol << " and atol = " << atol;
  return verifyCompared(*this);
}

void CheckDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "ir/check/CheckOps.cpp.inc"
      >();
}

} // namespace lathe::check

#include "ir/check/CheckDialect.cpp.inc"
#define GET_OP_CLASSES
#include "ir/check/CheckOps.cpp.inc"
