// See NodeBuilder.h.
#include "frontend/onnx/NodeBuilder.h"
#include "frontend/onnx/FormulaTables.h"
#include "frontend/files/Quoted.h"
#include "frontend/onnx/OnnxScope.h"
#include "ir/llm/IndexOps.h"

#include "onnx-ml.pb.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>

using namespace mlir;

namespace lathe {

// ---- operands and attributes ----------------------------------------------------------------------------------------

size_t NodeBuilder::operandCount() const { return static_cast<size_t>(node.input_size()); }

bool NodeBuilder::has(size_t index) const {
  return index < operandCount() && !node.input(static_cast<int>(index)).empty();
}

Value NodeBuilder::in(size_t index) const {
  if (!has(index))
    fail("has no input " + std::to_string(index));
  return resolve(node.input(static_cast<int>(index)));
}

size_t NodeBuilder::outputCount() const { return static_cast<size_t>(node.output_size()); }

bool NodeBuilder::gives(size_t index) const {
  return index < static_cast<size_t>(node.output_size()) && !node.output(static_cast<int>(index)).empty();
}

const Weight &NodeBuilder::initializer(size_t index, const char *what) const {
  if (has(index)) {
    const std::string &name = node.input(static_cast<int>(index));
    auto found = state.initializers.find(name);
    if (const Weight *weight = scope ? scope->initializer(name) : found != state.initializers.end() ? &found->second : nullptr)
      return *weight;
    Value value = in(index);
    while (auto reshape = value.getDefiningOp<llm::ReshapeOp>())
      value = reshape.getX();
    if (auto weight = value.getDefiningOp<llm::WeightOp>())
      if (found = state.initializers.find(weight.getName().str()); found != state.initializers.end())
        return found->second;
  }
  fail(std::string("needs ") + what + " as an initializer");
}

const onnx::AttributeProto *NodeBuilder::find(StringRef name) const {
  for (const onnx::AttributeProto &candidate : node.attribute())
    if (candidate.name() == name.str())
      return &candidate;
  return nullptr;
}

int64_t NodeBuilder::integer(StringRef name, int64_t otherwise) const {
  const onnx::AttributeProto *found = find(name);
  if (found && !found->has_i())
    fail("has an attribute " + lathe::quoted(name) + " that is no integer");
  return found ? found->i() : otherwise;
}
float NodeBuilder::number(StringRef name, float otherwise) const {
  const onnx::AttributeProto *found = find(name);
  if (found && !found->has_f())
    fail("has an attribute " + lathe::quoted(name) + " that is no float");
  return found ? found->f() : otherwise;
}
std::string NodeBuilder::text(StringRef name, StringRef otherwise) const {
  const onnx::AttributeProto *found = find(name);
  if (found && !found->has_s())
    fail("has an attribute " + lathe::quoted(name) + " that is no string");
  return found ? found->s() : otherwise.str();
}
std::optional<SmallVector<int64_t>> NodeBuilder::integers(StringRef name) const {
  const onnx::AttributeProto *found = find(name);
  if (!found)
    return std::nullopt;
  if (found->type() != onnx::AttributeProto::INTS)
    fail("has an attribute " + lathe::quoted(name) + " that is no list of integers");
  return SmallVector<int64_t>(found->ints().begin(), found->ints().end());
}
std::optional<SmallVector<float>> NodeBuilder::numbers(StringRef name) const {
  const onnx::AttributeProto *found = find(name);
  if (!found)
    return std::nullopt;
  if (found->type() != onnx::AttributeProto::FLOATS)
    fail("has an attribute " + lathe::quoted(name) + " that is no list of floats");
  return SmallVector<float>(found->floats().begin(), found->floats().end());
}
const onnx::TensorProto *NodeBuilder::tensor(StringRef name) const {
  const onnx::AttributeProto *found = find(name);
  if (found && !found->has_t())
    fail("has an attribute " + lathe::quoted(name) + " that is no tensor");
  return found ? &found->t() : nullptr;
}

std::optional<SmallVector<int64_t>> NodeBuilder::integers(StringRef name, size_t index) const {
  if (has(index))
    return constants(index, name.str().c_str());
  return integers(name);
}

SmallVector<int64_t> NodeBuilder::constants(size_t index, const char *what) const {
  auto known = state.facts.constants(in(index));
  if (!known)
    fail(std::string("needs ") + what + " (input " + std::to_string(index) +
         ") as constants; they are computed by the graph");
  return *known;
}

int64_t NodeBuilder::axis(int64_t value, int64_t rank) const {
  int64_t counted = value < 0 ? value + rank : value;
  if (counted < 0 || counted >= rank)
    fail("has the axis " + std::to_string(value) + ", but a rank of " + std::to_string(rank));
  return counted;
}

SmallVector<int64_t> NodeBuilder::axes(ArrayRef<int64_t> values, int64_t rank) const {
  SmallVector<int64_t> result;
  for (int64_t value : values)
    result.push_back(axis(value, rank));
  llvm::sort(result);
  if (std::adjacent_find(result.begin(), result.end()) != result.end())
    fail("names an axis twice");
  return result;
}

void NodeBuilder::needSame(Value lhs, Value rhs) const {
  if (element(lhs) != element(rhs)) {
    std::string message = "has operands of two element types: ";
    llvm::raw_string_ostream stream(message);
    stream << lhs.getType() << " and " << rhs.getType();
    fail(message);
  }
}

// ---- making values --------------------------------------------------------------------------------------------------

void NodeBuilder::failInference() const {
  std::string message = state.diagnostic.empty() ? "has operands whose types do not fit" : state.diagnostic;
  fail(message);
}

/// Sizes that the op needs to be equal, where one is a symbol of its own: files that name every size of every input
/// anew mean the same by them, and a run with others is refused before it begins. What a branch needs says nothing of
/// runs that do not take it.
void NodeBuilder::noteEqualSizes(Operation *op) {
  if (!isa<func::FuncOp>(op->getParentOp()))
    return;
  auto equal = [&](Value a, int64_t axisOfA, Value b, int64_t axisOfB) {
    if (!a || !b)
      return;
    AffineExpr left = state.facts.dims(a)[axisOfA], right = state.facts.dims(b)[axisOfB];
    if (!left || !right || left == right)
      return;
    if (!isa<AffineSymbolExpr>(left))
      std::swap(left, right);
    if (!isa<AffineSymbolExpr>(left))
      return;
    if (auto number = dyn_cast<AffineConstantExpr>(right))
      state.bindings.push_back({left, number.getValue()});
    else if (isa<AffineSymbolExpr>(right))
      state.equalities.push_back({left, right});
  };
  if (auto matmul = dyn_cast<llm::MatmulOp>(op)) {
    int64_t left = rank(matmul.getLhs()), right = rank(matmul.getRhs());
    equal(matmul.getLhs(), left - 1, matmul.getRhs(), std::max<int64_t>(right - 2, 0));
  } else if (auto linear = dyn_cast<llm::LinearOp>(op)) {
    equal(linear.getX(), rank(linear.getX()) - 1, linear.getWeight(), 1);
  } else if (auto concat = dyn_cast<llm::ConcatOp>(op)) {
    Value first = concat.getInputs().front();
    for (Value input : concat.getInputs().drop_front())
      for (int64_t axis = 0; axis < rank(first) && rank(input) == rank(first); ++axis)
        if (axis != static_cast<int64_t>(concat.getAxis()))
          equal(first, axis, input, axis);
  } else if (auto rope = dyn_cast<llm::RopeOp>(op)) {
    for (int64_t axis : {0, 1})
      equal(rope.getX(), axis, rope.getPositions(), axis);
  } else if (auto attention = dyn_cast<llm::AttentionOp>(op)) {
    for (Value keys : {attention.getKey(), attention.getValue()})
      equal(attention.getQuery(), 0, keys, 0);
    for (int64_t axis : {1, 2})
      equal(attention.getKey(), axis, attention.getValue(), axis);
    equal(attention.getQuery(), 3, attention.getKey(), 3);
  }
}

Value NodeBuilder::learned(Operation *op) {
  state.facts.learn(op);
  noteEqualSizes(op);
  Value result = op->getResult(0);
  // Shape arithmetic that comes to numbers is those numbers.
  if (isa<llm::ConstantOp>(op) || !isa<IntegerType>(element(result)))
    return result;
  auto known = state.facts.constants(result);
  if (!known)
    return result;
  auto type = this->type(result);
  unsigned width = type.getElementType().getIntOrFloatBitWidth();
  SmallVector<llvm::APInt> elements;
  for (int64_t value : *known)
    elements.push_back(llvm::APInt(64, static_cast<uint64_t>(value), true).sextOrTrunc(width));
  state.facts.forget(result);
  op->erase();
  return constant(DenseElementsAttr::get(type, elements));
}

Value NodeBuilder::constant(ElementsAttr value) {
  auto op = state.builder.create<llm::ConstantOp>(location, value.getType(), value);
  state.facts.learn(op);
  return op;
}

Value NodeBuilder::vector(ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, state.builder.getI64Type());
  return constant(DenseElementsAttr::get(type, values));
}

Value NodeBuilder::scalar(Type element, double value) {
  if (isa<llm::NarrowType>(element)) // has no constants
    return cast(scalar(state.builder.getF32Type(), value), element);
  auto type = RankedTensorType::get({}, element);
  if (isa<FloatType>(element))
    return constant(DenseElementsAttr::get(type, ArrayRef<Attribute>(state.builder.getFloatAttr(element, value))));
  llvm::APInt whole(64, static_cast<uint64_t>(static_cast<int64_t>(value)), true);
  return constant(DenseElementsAttr::get(type, ArrayRef(whole.sextOrTrunc(element.getIntOrFloatBitWidth()))));
}

Value NodeBuilder::constantOrWeight(const Weight &weight) {
  auto type = RankedTensorType::get(weight.shape, llm::elementType(state.builder.getContext(), weight.type));
  if (type.getNumElements() <= 64 && !isNarrowType(weight.type)) {
    std::span<const uint8_t> bytes = weight.data();
    if (weight.type == LATHE_BOOL) {
      SmallVector<bool> values(bytes.begin(), bytes.end());
      return constant(DenseElementsAttr::get(type, values));
    }
    if (bytes.empty())
      return constant(DenseElementsAttr::get(type, ArrayRef<Attribute>()));
    return constant(cast<DenseElementsAttr>(DenseElementsAttr::getFromRawBuffer(
        type, ArrayRef(reinterpret_cast<const char *>(bytes.data()), bytes.size()))));
  }
  if (!isNarrowType(weight.type))
    if (Value formula = buildFormula(*this, weight))
      return formula;
  return weightReference(weight);
}

Value NodeBuilder::weightReference(Weight weight) {
  MLIRContext *context = state.builder.getContext();
  auto type = RankedTensorType::get(weight.shape, llm::elementType(context, weight.type));
  auto name = FlatSymbolRefAttr::get(context, weight.name);
  auto op = state.builder.create<llm::WeightOp>(NameLoc::get(state.builder.getStringAttr(weight.name)), type, name);
  state.weights.emplace(weight.name, std::move(weight));
  state.facts.learn(op);
  return op;
}

Value NodeBuilder::reshape(Value x, Value shape) {
  if (rank(shape) != 1 || type(shape).isDynamicDim(0))
    fail("has a shape operand of unknown length, so that the rank of its result is not known");
  shape = cast(shape, state.builder.getI64Type());
  auto known = state.facts.integers(shape);
  Expressions entries = known ? *known : Expressions(type(shape).getDimSize(0));
  int64_t open = llvm::count_if(entries, [](AffineExpr e) {
    auto number = dyn_cast_or_null<AffineConstantExpr>(e);
    return number && number.getValue() < 0;
  });
  if (open > 1)
    fail("has a shape with more than one -1");
  Expressions sizes = state.facts.reshaped(x, entries);
  return makeTyped<llm::ReshapeOp>(element(x), sizes, {x, shape});
}

Value NodeBuilder::transpose(Value x, ArrayRef<int64_t> permutation) {
  return make<llm::TransposeOp>({x}, {array("permutation", permutation)});
}
Value NodeBuilder::unsqueeze(Value x, ArrayRef<int64_t> axes) {
  return make<llm::UnsqueezeOp>({x}, {array("axes", axes)});
}
Value NodeBuilder::squeeze(Value x, ArrayRef<int64_t> axes) {
  // squeeze(unsqueeze(x)) is x.
  if (auto inner = x.getDefiningOp<llm::UnsqueezeOp>(); inner && inner.getAxes() == axes)
    return inner.getX();
  return make<llm::SqueezeOp>({x}, {array("axes", axes)});
}
Value NodeBuilder::cast(Value x, Type to) {
  if (element(x) == to)
    return x;
  return makeTyped<llm::CastOp>(to, state.facts.dims(x), {x});
}
Value NodeBuilder::expand(Value x, Value shape) {
  if (rank(shape) != 1 || type(shape).isDynamicDim(0))
    fail("has a shape operand of unknown length, so that the rank of its result is not known");
  shape = cast(shape, state.builder.getI64Type());
  auto known = state.facts.integers(shape);
  Expressions entries = known ? *known : Expressions(type(shape).getDimSize(0));
  for (AffineExpr entry : entries)
    if (auto number = dyn_cast_or_null<AffineConstantExpr>(entry); number && number.getValue() < 0)
      fail("expands to a shape with the size " + std::to_string(number.getValue()));
  return makeTyped<llm::ExpandOp>(element(x), state.facts.broadcast(state.facts.dims(x), entries), {x, shape});
}
Value NodeBuilder::slice(Value x, Value starts, Value ends, ArrayRef<int64_t> axes, ArrayRef<int64_t> steps) {
  return makeTyped<llm::SliceOp>(element(x), state.facts.sliced(x, starts, ends, axes, steps), {x, starts, ends},
                                 {array("axes", axes), array("steps", steps)});
}
Value NodeBuilder::slice(Value x, int64_t axis, int64_t begin, int64_t end) {
  return slice(x, vector({begin}), vector({end}), {axis}, {1});
}
Value NodeBuilder::concat(ValueRange values, int64_t axis) {
  return make<llm::ConcatOp>(values, {whole("axis", axis)});
}
Value NodeBuilder::compare(StringRef predicate, Value lhs, Value rhs) {
  needSame(lhs, rhs);
  llm::Predicate which = *llm::symbolizePredicate(predicate);
  return make<llm::CompareOp>({lhs, rhs},
                              {attribute("predicate", llm::PredicateAttr::get(state.builder.getContext(), which))});
}
Value NodeBuilder::bitwise(StringRef kind, Value lhs, Value rhs) {
  needSame(lhs, rhs);
  if (!isa<IntegerType>(element(lhs)))
    fail("works on integers");
  llm::BitLogic which = *llm::symbolizeBitLogic(kind);
  return make<llm::BitwiseOp>({lhs, rhs},
                              {attribute("kind", llm::BitLogicAttr::get(state.builder.getContext(), which))});
}
Value NodeBuilder::reduce(StringRef kind, Value x, ArrayRef<int64_t> axes, bool keep) {
  llm::Reduction which = *llm::symbolizeReduction(kind);
  SmallVector<NamedAttribute> attributes = {
      attribute("kind", llm::ReductionAttr::get(state.builder.getContext(), which)), array("axes", axes)};
  if (keep)
    attributes.push_back(flag("keep"));
  return make<llm::ReduceOp>({x}, attributes);
}
Value NodeBuilder::range(Value count) {
  Type i64 = state.builder.getI64Type();
  Value zero = scalar(i64, 0), one = scalar(i64, 1);
  return makeTyped<llm::RangeOp>(i64, state.facts.rangeLength(zero, count, one), {zero, count, one});
}
Value NodeBuilder::decidedSizes(Value values) {
  auto known = state.facts.integers(values);
  if (known && llvm::none_of(*known, [](AffineExpr size) { return !size; }))
    return values;
  SmallVector<Value> parts;
  for (int64_t i = 0; i < type(values).getDimSize(0); ++i)
    parts.push_back(unsqueeze(decidedSize(squeeze(slice(values, 0, i, i + 1), {0})), {0}));
  return parts.empty() ? values : concat(parts, 0);
}
Value NodeBuilder::pad(Value x, Value pads, Value value, StringRef mode) {
  if (mode != "constant" && mode != "edge" && mode != "reflect" && mode != "wrap")
    fail("has the mode " + lathe::quoted(mode.str()) + ", which is none of constant, edge, reflect and wrap");
  SmallVector<Value> operands = {x, pads};
  if (mode == "constant")
    operands.push_back(value);
  Expressions dims = state.facts.dims(x);
  auto known = state.facts.integers(pads);
  for (auto [axis, size] : llvm::enumerate(dims)) {
    AffineExpr before = known ? (*known)[axis] : AffineExpr(), after = known ? (*known)[axis + dims.size()] : AffineExpr();
    size = size && before && after ? size + before + after : AffineExpr();
    if (auto number = dyn_cast_or_null<AffineConstantExpr>(size); number && number.getValue() < 0)
      fail("removes more elements of axis " + std::to_string(axis) + " than it has");
  }
  return makeTyped<llm::PadOp>(element(x), dims, operands, {attribute("mode", state.builder.getStringAttr(mode))});
}
Value NodeBuilder::sizeOf(Value x, int64_t axis) {
  Value shape = make<llm::ShapeOfOp>({x});
  return make<llm::GatherOp>({shape, scalar(state.builder.getI64Type(), static_cast<double>(axis))},
                             {whole("axis", 0)});
}

} // namespace lathe
