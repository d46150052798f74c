// Calls of the llm dialect's operations by their mnemonic; see ModelBuilder.h. Knows no operation but those whose
// result type has to be written: operands, attributes and types of the others come from their registration.
#include "frontend/dsl/ModelBuilder.h"
#include "frontend/dsl/Names.h"
#include "frontend/files/Quoted.h"
#include "ir/llm/Llm.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace lathe::dsl {

namespace {

constexpr uint64_t maximalOperations = 200'000;

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// The value as an attribute of every kind that it can stand for, the most likely first.
std::vector<Attribute> candidates(MLIRContext *context, const Datum &datum) {
  Builder builder(context);
  switch (datum.kind) {
  case Datum::Kind::Bool:
    return {builder.getBoolAttr(datum.integer != 0)};
  case Datum::Kind::Int:
    return {builder.getI64IntegerAttr(datum.integer), builder.getF32FloatAttr(static_cast<float>(datum.integer)),
            builder.getF64FloatAttr(static_cast<double>(datum.integer))};
  case Datum::Kind::Float:
    return {builder.getF32FloatAttr(static_cast<float>(datum.number)), builder.getF64FloatAttr(datum.number)};
  case Datum::Kind::Text: {
    std::vector<Attribute> result;
    if (auto value = llm::symbolizeActivation(datum.text))
      result.push_back(llm::ActivationAttr::get(context, *value));
    if (auto value = llm::symbolizeReduction(datum.text))
      result.push_back(llm::ReductionAttr::get(context, *value));
    if (auto value = llm::symbolizePredicate(datum.text))
      result.push_back(llm::PredicateAttr::get(context, *value));
    result.push_back(builder.getStringAttr(datum.text));
    return result;
  }
  case Datum::Kind::List: {
    std::vector<int64_t> integers;
    for (const Datum &element : *datum.list) {
      if (element.kind != Datum::Kind::Int)
        return {};
      integers.push_back(element.integer);
    }
    return {builder.getDenseI64ArrayAttr(integers)};
  }
  default:
    return {};
  }
}

/// "linear" of "'llm.linear' op requires ...": what a verifier says, without what our message says already.
std::string withoutName(std::string text) {
  if (size_t end = text.find("' op "); text.starts_with("'llm.") && end != std::string::npos)
    text = text.substr(end + 5);
  return text;
}

} // namespace

/// How many operand groups the operation has, 0 for one whose operands are not grouped.
size_t ModelBuilder::segments(const std::string &operation) {
  auto [found, isNew] = segments_.emplace(operation, 0);
  if (isNew) {
    OperationState state(builder_.getUnknownLoc(), operation);
    Operation *probe = Operation::create(state);
    if (auto properties = dyn_cast_or_null<DictionaryAttr>(probe->getPropertiesAsAttribute()))
      if (auto sizes = properties.getAs<DenseI32ArrayAttr>("operandSegmentSizes"))
        found->second = sizes.size();
    probe->destroy();
  }
  return found->second;
}

Location ModelBuilder::location(uint32_t offset, const std::string &mnemonic, ArrayRef<Datum> operands) {
  std::string name;
  for (const Datum &datum : operands)
    if (datum.weight && name.empty())
      name = datum.weight->name;
  for (StringRef suffix : {".weight", ".bias"})
    if (StringRef(name).ends_with(suffix))
      name.resize(name.size() - suffix.size());
  // What only gives a value another form keeps its name.
  Operation *from = !operands.empty() && operands[0].kind == Datum::Kind::Tensor && isOneOf(mnemonic, typedCalls)
                        ? operands[0].tensor.getDefiningOp()
                        : nullptr;
  if (auto known = from ? dyn_cast<NameLoc>(from->getLoc()) : NameLoc(); known && name.empty())
    name = known.getName().str();
  if (name.empty())
    name = prefix_ + (prefix_.empty() ? "" : ".") + mnemonic;
  auto [line, column] = text_.place(offset);
  return NameLoc::get(builder_.getStringAttr(name), FileLineColLoc::get(&context_, text_.name, line, column));
}

bool ModelBuilder::finish(Operation *op, uint32_t offset, Datum &result) {
  std::string diagnostics;
  LogicalResult verified = [&] {
    ScopedDiagnosticHandler handler(&context_, [&](Diagnostic &diagnostic) {
      if (diagnostics.empty())
        diagnostics = diagnostic.str();
      return success();
    });
    return mlir::verify(op, /*verifyRecursively=*/false);
  }();
  if (failed(verified)) {
    std::string mnemonic = op->getName().stripDialect().str();
    op->erase();
    return fail(offset, mnemonic + ": " + withoutName(diagnostics));
  }
  result = Datum::ofTensor(op->getResult(0));
  return true;
}

bool ModelBuilder::attribute(uint32_t offset, const std::string &mnemonic, const std::string &name, const Datum &value,
                             NamedAttrList &attributes) {
  if (value.kind == Datum::Kind::None)
    return true; // as if it were not given
  OperationName operation("llm." + mnemonic, &context_);
  ScopedDiagnosticHandler handler(&context_, [](Diagnostic &) { return success(); });
  auto isAccepted = [&](Attribute candidate) {
    NamedAttrList list;
    list.append(name, candidate);
    return succeeded(operation.verifyInherentAttrs(list, [&] { return emitError(builder_.getUnknownLoc()); }));
  };
  for (Attribute candidate : candidates(&context_, value)) {
    if (!isAccepted(candidate))
      continue;
    attributes.append(name, candidate);
    return true;
  }
  // A flag: true is that it is there.
  if (value.kind == Datum::Kind::Bool && isAccepted(UnitAttr::get(&context_))) {
    if (value.integer)
      attributes.append(name, UnitAttr::get(&context_));
    return true;
  }
  std::string shown = value.kind == Datum::Kind::Text ? " " + quoted(value.text) : "";
  return fail(offset, "the attribute '" + name + "' of '" + mnemonic + "' cannot be " + value.kindName() + shown);
}

bool ModelBuilder::operand(uint32_t offset, const Datum &datum, Type like, Value &result) {
  if (datum.kind == Datum::Kind::Tensor) {
    result = datum.tensor;
    return true;
  }
  std::vector<Datum> elements;
  SmallVector<int64_t> shape;
  if (datum.kind == Datum::Kind::List) {
    elements = *datum.list;
    shape.push_back(static_cast<int64_t>(elements.size()));
  } else {
    elements.push_back(datum);
  }
  if (!like || !isa<FloatType, IntegerType>(like))
    like = builder_.getF32Type();
  SmallVector<Attribute> values;
  for (const Datum &element : elements) {
    if (!element.isNumber())
      return fail(offset, std::string("expected a tensor or numbers, got ") + element.kindName());
    if (isa<FloatType>(like))
      values.push_back(builder_.getFloatAttr(like, element.asNumber()));
    else if (element.kind == Datum::Kind::Int)
      values.push_back(builder_.getIntegerAttr(like, element.integer));
    else
      return fail(offset, "a number with a fraction meets a tensor of integers");
  }
  if (values.empty())
    return fail(offset, "an empty list is no tensor");
  DenseElementsAttr value = DenseElementsAttr::get(RankedTensorType::get(shape, like), values);
  Value &known = constants_[value];
  if (!known) {
    OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointAfterValue(positions_); // before every use
    auto [line, column] = text_.place(offset);
    known = builder_.create<llm::ConstantOp>(
        NameLoc::get(builder_.getStringAttr("constant"), FileLineColLoc::get(&context_, text_.name, line, column)),
        value);
  }
  result = known;
  return true;
}

bool ModelBuilder::callOperation(uint32_t offset, const std::string &mnemonic, const std::vector<Datum> &arguments,
                                 const std::vector<Argument> &named, Datum &result) {
  // A list of tensors stands for its tensors.
  std::vector<Datum> operands;
  for (const Datum &argument : arguments) {
    bool isTensors = argument.kind == Datum::Kind::List && !argument.list->empty() &&
                     argument.list->front().kind == Datum::Kind::Tensor;
    if (isTensors)
      operands.insert(operands.end(), argument.list->begin(), argument.list->end());
    else
      operands.push_back(argument);
  }
  if (++operations_ > maximalOperations)
    return fail(offset, "the graph has more than " + std::to_string(maximalOperations) + " operations");
  std::string operation = "llm." + mnemonic;
  OperationState state(location(offset, mnemonic, operands), operation);
  std::optional<RegisteredOperationName> info = state.name.getRegisteredInfo();
  auto *inference = info ? info->getInterface<InferTypeOpInterface>() : nullptr;
  if (!inference)
    return fail(offset, "'" + mnemonic + "' is not for model files: its type does not follow from its operands");

  Type like;
  for (const Datum &datum : operands)
    if (datum.kind == Datum::Kind::Tensor && !like)
      like = tensorOf(datum.tensor).getElementType();
  size_t groups = segments(operation);
  if (groups && operands.size() > groups)
    return fail(offset, "'" + mnemonic + "' takes at most " + std::to_string(groups) + " operands, got " +
                            std::to_string(operands.size()));
  SmallVector<int32_t> sizes(groups, 0);
  size_t given = operands.size();
  while (!groups && given > 0 && operands[given - 1].kind == Datum::Kind::None)
    --given;
  for (size_t i = 0; i < given; ++i) {
    if (groups && operands[i].kind == Datum::Kind::None)
      continue;
    Value value;
    if (operands[i].kind == Datum::Kind::None)
      return fail(offset, "operand " + std::to_string(i + 1) + " of '" + mnemonic + "' is none");
    if (!operand(offset, operands[i], like, value))
      return false;
    state.addOperands(value);
    if (groups)
      sizes[i] = 1;
  }
  if (groups)
    state.addAttribute("operandSegmentSizes", builder_.getDenseI32ArrayAttr(sizes));
  NamedAttrList attributes;
  for (const Argument &argument : named)
    if (!attribute(argument.offset, mnemonic, argument.name, argument.value, attributes))
      return false;
  for (NamedAttribute attribute : attributes)
    state.addAttribute(attribute.getName(), attribute.getValue());

  // With a placeholder for the result's type, the verifier checks operands and attributes before inference reads them.
  state.addTypes(RankedTensorType::get({}, builder_.getF32Type()));
  Operation *op = builder_.create(state);
  std::string diagnostics;
  SmallVector<Type> types;
  LogicalResult inferred = [&] {
    ScopedDiagnosticHandler handler(&context_, [&](Diagnostic &diagnostic) {
      std::string text = diagnostic.str();
      bool aboutPlaceholder = StringRef(text).contains("op result #") || StringRef(text).contains("return type(s)");
      if (diagnostics.empty() && !aboutPlaceholder)
        diagnostics = std::move(text);
      return success();
    });
    (void)op->getName().verifyInvariants(op);
    if (!diagnostics.empty())
      return failure();
    return inference->inferReturnTypes(&context_, op->getLoc(), op->getOperands(), op->getDiscardableAttrDictionary(),
                                       op->getPropertiesStorage(), op->getRegions(), types);
  }();
  if (failed(inferred) || types.size() != 1) {
    op->erase();
    return fail(offset, mnemonic + ": " + (diagnostics.empty() ? "operands do not fit" : withoutName(diagnostics)));
  }
  op->getResult(0).setType(types[0]);
  return finish(op, offset, result);
}

bool ModelBuilder::sizes(uint32_t offset, const std::vector<Datum> &list, Value &shape,
                         SmallVectorImpl<int64_t> &known) {
  SmallVector<AffineExpr> expressions;
  for (const Datum &datum : list) {
    if (datum.kind == Datum::Kind::Int && datum.integer >= 0) {
      known.push_back(datum.integer);
      expressions.push_back(builder_.getAffineConstantExpr(datum.integer));
    } else if (datum.kind == Datum::Kind::Size) {
      known.push_back(ShapedType::kDynamic);
      expressions.push_back(datum.size);
    } else {
      return fail(offset, std::string("a size is a number that is not negative, got ") +
                              (datum.kind == Datum::Kind::Int ? std::to_string(datum.integer) : datum.kindName()));
    }
  }
  std::set<std::string_view> names = {"batch", "tokens"};
  for (const GraphArgument &argument : model_.arguments)
    names.insert(argument.size);
  AffineMap map = AffineMap::get(0, names.size(), expressions, &context_);
  Value &value = dims_[map];
  if (!value) {
    OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointAfterValue(positions_); // before every use
    auto type = RankedTensorType::get({static_cast<int64_t>(list.size())}, builder_.getI64Type());
    value = builder_.create<llm::DimsOp>(NameLoc::get(builder_.getStringAttr("dims")), type, map);
  }
  shape = value;
  return true;
}

bool ModelBuilder::callTyped(uint32_t offset, const std::string &mnemonic, const std::vector<Datum> &operands,
                             const std::vector<Argument> &named, Datum &result) {
  size_t wanted = mnemonic == "slice" ? 1 : 2;
  if (mnemonic == "cast" && operands.size() == 2 && operands[0].kind == Datum::Kind::List &&
      operands[1].kind == Datum::Kind::Type) {
    Value constant;
    if (!operand(offset, operands[0], operands[1].type, constant))
      return false;
    result = Datum::ofTensor(constant);
    return true;
  }
  if (operands.size() != wanted || operands[0].kind != Datum::Kind::Tensor)
    return fail(offset, "'" + mnemonic + "' takes a tensor" +
                            (mnemonic == "cast"    ? " and a type"
                             : mnemonic == "slice" ? ""
                                                   : " and a list of sizes"));
  if (++operations_ > maximalOperations)
    return fail(offset, "the graph has more than " + std::to_string(maximalOperations) + " operations");
  Value x = operands[0].tensor;
  RankedTensorType type = tensorOf(x);
  Location place = location(offset, mnemonic, operands);
  if (mnemonic == "cast") {
    if (operands[1].kind != Datum::Kind::Type)
      return fail(offset, std::string("'cast' takes a tensor and a type, got ") + operands[1].kindName());
    result = Datum::ofTensor(castTo(place, x, operands[1].type));
    return true;
  }
  if (mnemonic == "reshape" || mnemonic == "expand") {
    if (operands[1].kind != Datum::Kind::List)
      return fail(offset, "'" + mnemonic + "' takes a tensor and a list of sizes, got " + operands[1].kindName());
    Value shape;
    SmallVector<int64_t> known;
    if (!sizes(offset, *operands[1].list, shape, known))
      return false;
    auto to = RankedTensorType::get(known, type.getElementType());
    Operation *op = mnemonic == "reshape" ? builder_.create<llm::ReshapeOp>(place, to, x, shape).getOperation()
                                          : builder_.create<llm::ExpandOp>(place, to, x, shape).getOperation();
    return finish(op, offset, result);
  }
  int64_t bounds[3] = {-1, -1, -1};
  for (const Argument &argument : named) {
    if (argument.value.kind != Datum::Kind::Int)
      return fail(argument.offset, std::string("expected an integer, got ") + argument.value.kindName());
    bounds[argument.name == "axis" ? 0 : argument.name == "from" ? 1 : 2] = argument.value.integer;
  }
  auto [axis, from, to] = bounds;
  if (axis < 0 || axis >= type.getRank() || from < 0 || to < from ||
      (!type.isDynamicDim(axis) && to > type.getDimSize(axis)) || type.isDynamicDim(axis))
    return fail(offset, "'slice' takes axis, from and to within an axis of known size");
  SmallVector<int64_t> shape(type.getShape());
  shape[axis] = to - from;
  Value begin, end;
  if (!operand(offset, Datum::ofList({Datum::ofInt(from)}), builder_.getI64Type(), begin) ||
      !operand(offset, Datum::ofList({Datum::ofInt(to)}), builder_.getI64Type(), end))
    return false;
  return finish(builder_.create<llm::SliceOp>(place, RankedTensorType::get(shape, type.getElementType()), x, begin, end,
                                              ArrayRef<int64_t>{axis}, ArrayRef<int64_t>{1}),
                offset, result);
}

Value ModelBuilder::castTo(Location location, Value value, Type element) {
  RankedTensorType type = tensorOf(value);
  if (type.getElementType() == element)
    return value;
  return builder_.create<llm::CastOp>(location, RankedTensorType::get(type.getShape(), element), value);
}

bool ModelBuilder::tensorArithmetic(uint32_t offset, const std::string &symbol, const Datum &left, const Datum &right,
                                    Datum &result) {
  std::string mnemonic = symbol == "+" ? "add" : symbol == "-" ? "sub" : symbol == "*" ? "mul" : "div";
  Datum operands[2] = {left, right};
  // Weights come in any float type: the value decides, of two weights the first.
  const Datum &leading =
      left.kind != Datum::Kind::Tensor || (left.weight && right.kind == Datum::Kind::Tensor && !right.weight) ? right
                                                                                                              : left;
  Type element = tensorOf(leading.tensor).getElementType();
  for (Datum &datum : operands) {
    if (datum.kind == Datum::Kind::Tensor && tensorOf(datum.tensor).getElementType() != element &&
        isa<FloatType>(element)) {
      const Weight *weight = datum.weight;
      datum = Datum::ofTensor(castTo(location(offset, "cast", datum), datum.tensor, element), weight);
    } else if (datum.kind != Datum::Kind::Tensor) {
      Value value;
      if (!operand(offset, datum, element, value))
        return false;
      datum = Datum::ofTensor(value);
    }
  }
  return callOperation(offset, mnemonic, {operands[0], operands[1]}, {}, result);
}

} // namespace lathe::dsl
