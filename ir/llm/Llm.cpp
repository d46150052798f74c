// Registration of the llm dialect, its types, and what its ops share: broadcasting, compatibility, element types.
#include "ir/llm/Llm.h"
#include "ir/llm/ControlOps.h"
#include "ir/llm/ConvolutionOps.h"
#include "ir/llm/IndexOps.h"
#include "ir/llm/MoeOps.h"
#include "ir/llm/QuantOps.h"
#include "ir/llm/SymbolicShapes.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace lathe::llm {

namespace {
struct SchemeName {
  StringLiteral name;
  LatheType type;
  int64_t block;
};
constexpr SchemeName schemes[] = {{"q4_0", LATHE_Q4_0, 32},  {"q4_1", LATHE_Q4_1, 32},  {"q5_0", LATHE_Q5_0, 32},
                                  {"q5_1", LATHE_Q5_1, 32},  {"q8_0", LATHE_Q8_0, 32},  {"q4_k", LATHE_Q4_K, 256},
                                  {"q5_k", LATHE_Q5_K, 256}, {"q6_k", LATHE_Q6_K, 256}, {"int4", LATHE_INT4, 32}};
} // namespace

namespace {
struct NarrowName {
  StringLiteral name;
  LatheType type;
};
constexpr NarrowName narrowTypes[] = {
    {"f8e4m3fn", LATHE_F8E4M3FN}, {"f8e4m3fnuz", LATHE_F8E4M3FNUZ}, {"f8e5m2", LATHE_F8E5M2},
    {"f8e5m2fnuz", LATHE_F8E5M2FNUZ}, {"f8e8m0", LATHE_F8E8M0}, {"f4e2m1", LATHE_F4E2M1},
    {"i4", LATHE_I4}, {"u4", LATHE_U4}, {"i2", LATHE_I2}, {"u2", LATHE_U2}};
} // namespace

static ParseResult parseScheme(AsmParser &parser, std::string &scheme) { return parser.parseKeywordOrString(&scheme); }
static void printScheme(AsmPrinter &printer, StringRef scheme) { printer << scheme; }

LogicalResult BlockType::verify(function_ref<InFlightDiagnostic()> emitError, StringRef scheme) {
  for (const SchemeName &known : schemes)
    if (scheme == known.name)
      return ::mlir::success();
  return emitError() << "unknown block scheme '" << scheme
                     << "'; known: q4_0, q4_1, q5_0, q5_1, q8_0, q4_k, q5_k, q6_k, int4";
}

LogicalResult NarrowType::verify(function_ref<InFlightDiagnostic()> emitError, StringRef name) {
  for (const NarrowName &known : narrowTypes)
    if (name == known.name)
      return ::mlir::success();
  return emitError() << "unknown narrow type '" << name
                     << "'; known: f8e4m3fn, f8e4m3fnuz, f8e5m2, f8e5m2fnuz, f8e8m0, f4e2m1, i4, u4, i2, u2";
}

LogicalResult KvCacheType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t heads, int64_t headDim,
                                  Type elementType, int64_t pageTokens, int64_t window) {
  if (heads <= 0 || headDim <= 0)
    return emitError() << "a kv cache needs at least one head of at least one element, got " << heads << " x "
                       << headDim;
  if (!::llvm::isa<FloatType>(elementType))
    return emitError() << "a kv cache holds floats, got " << elementType;
  if (pageTokens <= 0 || pageTokens % 16 != 0)
    return emitError() << "a page holds a multiple of 16 tokens, got " << pageTokens;
  if (window < 0)
    return emitError() << "the window is not negative, got " << window;
  return success();
}

bool isTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && (isa<FloatType, IntegerType, NarrowType, BlockType>(tensor.getElementType()));
}

bool isNumberTensor(Type type) {
  return isTensor(type) && !isa<NarrowType>(cast<RankedTensorType>(type).getElementType());
}

bool isWeightTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && (isa<FloatType, BlockType>(tensor.getElementType()));
}

LogicalResult inferBroadcast(std::optional<Location> location, ValueRange operands, Type element,
                             SmallVectorImpl<Type> &types) {
  SmallVector<int64_t> shape;
  for (Value operand : operands) {
    auto type = cast<RankedTensorType>(operand.getType());
    if (!element)
      element = type.getElementType();
    while (static_cast<int64_t>(shape.size()) < type.getRank())
      shape.insert(shape.begin(), 1);
    size_t lead = shape.size() - type.getRank();
    for (int64_t axis = 0; axis < type.getRank(); ++axis) {
      int64_t &size = shape[lead + axis], other = type.getDimSize(axis);
      if (size == other || other == 1)
        continue;
      // An unknown size meets a known one other than 1: it must be 1 or equal, so the result is the known one.
      if (size == 1 || ShapedType::isDynamic(size))
        size = other == ShapedType::kDynamic && size != 1 ? size : other;
      else if (!ShapedType::isDynamic(other))
        return emitOptionalError(location, "sizes ", size, " and ", other, " do not broadcast");
    }
  }
  types.push_back(RankedTensorType::get(shape, element));
  return success();
}

bool areCompatible(TypeRange written, TypeRange inferred) {
  if (written.size() != inferred.size())
    return false;
  for (auto [left, right] : ::llvm::zip(written, inferred)) {
    if (left == right)
      continue;
    auto a = dyn_cast<RankedTensorType>(left), b = dyn_cast<RankedTensorType>(right);
    if (!a || !b || a.getElementType() != b.getElementType() || a.getRank() != b.getRank())
      return false;
    for (int64_t axis = 0; axis < a.getRank(); ++axis)
      if (!a.isDynamicDim(axis) && !b.isDynamicDim(axis) && a.getDimSize(axis) != b.getDimSize(axis))
        return false;
  }
  return true;
}

std::optional<LatheType> latheType(Type element) {
  if (auto block = dyn_cast<BlockType>(element)) {
    for (const SchemeName &known : schemes)
      if (known.name == block.getScheme())
        return known.type;
    return std::nullopt;
  }
  if (auto narrow = dyn_cast<NarrowType>(element)) {
    for (const NarrowName &known : narrowTypes)
      if (known.name == narrow.getName())
        return known.type;
    return std::nullopt;
  }
  if (element.isF32())
    return LATHE_F32;
  if (element.isF16())
    return LATHE_F16;
  if (element.isBF16())
    return LATHE_BF16;
  if (element.isF64())
    return LATHE_F64;
  if (auto integer = dyn_cast<IntegerType>(element)) {
    bool isUnsigned = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 1:
      return LATHE_BOOL;
    case 8:
      return isUnsigned ? LATHE_U8 : LATHE_I8;
    case 16:
      return isUnsigned ? LATHE_U16 : LATHE_I16;
    case 32:
      return isUnsigned ? LATHE_U32 : LATHE_I32;
    case 64:
      return isUnsigned ? LATHE_U64 : LATHE_I64;
    }
  }
  return std::nullopt;
}

Type elementType(MLIRContext *context, LatheType type) {
  Builder builder(context);
  switch (type) {
  case LATHE_F32:
    return builder.getF32Type();
  case LATHE_F16:
    return builder.getF16Type();
  case LATHE_BF16:
    return builder.getBF16Type();
  case LATHE_F64:
    return builder.getF64Type();
  case LATHE_I8:
    return builder.getI8Type();
  case LATHE_I16:
    return builder.getIntegerType(16);
  case LATHE_I32:
    return builder.getI32Type();
  case LATHE_I64:
    return builder.getI64Type();
  case LATHE_U8:
    return builder.getIntegerType(8, false);
  case LATHE_U16:
    return builder.getIntegerType(16, false);
  case LATHE_U32:
    return builder.getIntegerType(32, false);
  case LATHE_U64:
    return builder.getIntegerType(64, false);
  case LATHE_BOOL:
    return builder.getI1Type();
  default:
    break;
  }
  for (const NarrowName &known : narrowTypes)
    if (known.type == type)
      return NarrowType::get(context, known.name);
  for (const SchemeName &known : schemes)
    if (known.type == type)
      return BlockType::get(context, known.name);
  return Type();
}

std::optional<SmallVector<int64_t>> constantIntegers(Value value) {
  DenseIntElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)))
    return std::nullopt;
  SmallVector<int64_t> result;
  for (const APInt &element : elements)
    result.push_back(element.getBitWidth() == 1 ? element.getZExtValue() : element.getSExtValue());
  return result;
}

std::optional<double> constantSplat(Value value) {
  DenseFPElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || elements.empty())
    return std::nullopt;
  if (!elements.isSplat()) {
    APFloat first = *elements.begin();
    for (const APFloat &element : elements)
      if (element.compare(first) != APFloat::cmpEqual)
        return std::nullopt;
  }
  APFloat first = *elements.begin();
  bool losesInfo = false;
  first.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
  return first.convertToDouble();
}

Operation *LlmDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location location) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type)
    return nullptr;
  return builder.create<ConstantOp>(location, elements);
}

void LlmDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "ir/llm/LlmTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ir/llm/LlmAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "ir/llm/LlmOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "ir/llm/IndexOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "ir/llm/ConvolutionOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "ir/llm/QuantOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "ir/llm/MoeOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "ir/llm/ControlOps.cpp.inc"
      >();
}

} // namespace lathe::llm

#include "ir/llm/LlmDialect.cpp.inc"
#include "ir/llm/LlmEnums.cpp.inc"
#include "ir/llm/LlmInterfaces.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "ir/llm/LlmTypes.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "ir/llm/LlmAttributes.cpp.inc"
#define GET_OP_CLASSES
#include "ir/llm/LlmOps.cpp.inc"
