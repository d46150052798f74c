// merge-linears: linears of one input become one linear over stacked weights, so that one launch reads them all: gate
// and up of a glu, and q, k and v of an attention. Relies on weights being expressions over llm.weight, which the
// packer stacks.
#include "passes/Passes.h"
#include "passes/fusion/FusionLog.h"

#include "ir/llm/Llm.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace lathe {

#define GEN_PASS_DEF_MERGELINEARS
#include "passes/Passes.h.inc"

namespace {

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// The elements of a float constant, or nothing.
DenseFPElementsAttr constantOf(Value value) {
  auto constant = value ? value.getDefiningOp<llm::ConstantOp>() : llm::ConstantOp();
  return constant ? dyn_cast<DenseFPElementsAttr>(constant.getValue()) : DenseFPElementsAttr();
}

/// Why the two could not be rows of one linear, as (condition, text); an empty condition: they could.
std::pair<StringRef, std::string> mergeProblem(llm::LinearOp a, llm::LinearOp b) {
  auto differ = [](StringRef condition, StringRef what, Type left, Type right) {
    std::string text;
    ::llvm::raw_string_ostream(text) << what << " differ: " << left << " and " << right;
    return std::pair(condition, text);
  };
  auto left = tensorOf(a.getWeight()), right = tensorOf(b.getWeight());
  if (left.getElementType() != right.getElementType())
    return differ("one-weight-type", "the weights' element types", left.getElementType(), right.getElementType());
  if (!left.hasStaticShape() || !right.hasStaticShape())
    return differ("static-weights", "sizes of a weight are not known; they", left, right);
  if (!a.getBias() != !b.getBias())
    return {"all-biased", "only some have a bias"};
  if (a.getBias() && tensorOf(a.getBias()).getElementType() != tensorOf(b.getBias()).getElementType())
    return differ("one-bias-type", "the biases' element types", tensorOf(a.getBias()).getElementType(),
                  tensorOf(b.getBias()).getElementType());
  if (a.getBias() && !constantOf(a.getBias()) != !constantOf(b.getBias()))
    return {"one-bias-type", "one bias is a small constant, another a weight"};
  if (a.getInt8Activations() != b.getInt8Activations() || a.getType().getElementType() != b.getType().getElementType())
    return differ("one-type", "their results", a.getType(), b.getType());
  return {};
}

/// Whether the two could be rows of one linear.
bool areMergeable(llm::LinearOp a, llm::LinearOp b) { return a.getX() == b.getX() && mergeProblem(a, b).first.empty(); }

Value concatRows(OpBuilder &builder, Location location, ArrayRef<Value> parts) {
  return builder.create<llm::ConcatOp>(location, parts, 0);
}

/// Constants one after another are a constant, since the packer knows weights alone.
Value concatBiases(OpBuilder &builder, Location location, ArrayRef<Value> parts) {
  if (!constantOf(parts.front()))
    return concatRows(builder, location, parts);
  SmallVector<APFloat> numbers;
  for (Value part : parts)
    numbers.append(constantOf(part).begin(), constantOf(part).end());
  auto type = RankedTensorType::get({static_cast<int64_t>(numbers.size())}, tensorOf(parts.front()).getElementType());
  return builder.create<llm::ConstantOp>(location, DenseElementsAttr::get(type, numbers));
}

/// One linear for all of `parts`, right before the first of them; weights and biases must be defined there already.
llm::LinearOp stack(ArrayRef<llm::LinearOp> parts) {
  llm::LinearOp first = parts.front();
  OpBuilder builder(first);
  SmallVector<Value> weights, biases;
  SmallVector<Location> locations;
  for (llm::LinearOp part : parts) {
    weights.push_back(part.getWeight());
    if (part.getBias())
      biases.push_back(part.getBias());
    locations.push_back(part.getLoc());
  }
  Location location = builder.getFusedLoc(locations);
  Value weight = concatRows(builder, location, weights);
  Value bias = biases.empty() ? Value() : concatBiases(builder, location, biases);
  return builder.create<llm::LinearOp>(location, first.getX(), weight, bias, first.getInt8Activations());
}

/// Moves what `value` is computed from (weights and constants only) before `place`.
bool hoistBefore(Value value, Operation *place) {
  Operation *op = value.getDefiningOp();
  if (!op || op->isBeforeInBlock(place))
    return true;
  if (!isa<llm::WeightOp, llm::ConstantOp, llm::TransposeOp, llm::CastOp, llm::ConcatOp, llm::ReshapeOp, llm::DimsOp>(
          op))
    return false;
  for (Value operand : op->getOperands())
    if (!hoistBefore(operand, place))
      return false;
  op->moveBefore(place);
  return true;
}

bool hoistWeights(ArrayRef<llm::LinearOp> parts) {
  for (llm::LinearOp part : parts)
    if (!hoistBefore(part.getWeight(), parts.front()) ||
        (part.getBias() && !hoistBefore(part.getBias(), parts.front())))
      return false;
  return true;
}

struct MergeLinears : impl::MergeLinearsBase<MergeLinears> {
  explicit MergeLinears(FusionLog *log) : log(log) {}
  FusionLog *log;

  void runOnOperation() override {
    if (log)
      log->begin(getArgument());
    getOperation().walk([&](llm::GluOp glu) { mergeGlu(glu); });
    DenseMap<Value, SmallVector<llm::LinearOp>> byInput;
    SmallVector<Value> inputs;
    getOperation().walk([&](llm::LinearOp linear) {
      SmallVector<llm::LinearOp> &linears = byInput[linear.getX()];
      if (linears.empty())
        inputs.push_back(linear.getX());
      linears.push_back(linear);
    });
    for (Value input : inputs) {
      SmallVector<llm::LinearOp> &linears = byInput[input];
      while (linears.size() > 1) {
        SmallVector<llm::LinearOp> group, rest;
        for (llm::LinearOp linear : linears)
          (areMergeable(linears.front(), linear) ? group : rest).push_back(linear);
        for (llm::LinearOp linear : rest)
          tell(linear, mergeProblem(linears.front(), linear));
        if (group.size() > 1)
          mergeGroup(group);
        linears = rest;
      }
    }
  }

  void tell(llm::LinearOp linear, const std::pair<StringRef, std::string> &problem) {
    if (!log)
      return;
    FusionLog::Miss miss(linear->getName().getStringRef().str(), linear.getLoc());
    miss.fusion = "merged linears", miss.condition = problem.first.str();
    miss.text = "of linears that read the same tensor " + problem.second;
    log->add(getArgument(), "merge", linear, std::move(miss));
  }

  /// glu(linear(x, g), linear(x, u)) => glu(linear(x, [g; u]))
  void mergeGlu(llm::GluOp glu) {
    auto gate = glu.getGate().getDefiningOp<llm::LinearOp>();
    auto up = glu.getUp() ? glu.getUp().getDefiningOp<llm::LinearOp>() : llm::LinearOp();
    if (!gate || !up || gate == up || !gate->hasOneUse() || !up->hasOneUse() || !areMergeable(gate, up) ||
        tensorOf(gate.getWeight()).getShape() != tensorOf(up.getWeight()).getShape())
      return;
    SmallVector<llm::LinearOp> parts = {gate, up};
    if (!gate->isBeforeInBlock(up))
      std::swap(parts[0], parts[1]);
    if (!hoistWeights(parts))
      return;
    Operation *first = parts.front();
    if (parts[0] != gate) { // rows are stacked gate first, whatever their order
      gate->moveBefore(first);
      parts = {gate, up};
    }
    llm::LinearOp both = stack(parts);
    OpBuilder builder(glu);
    auto merged =
        builder.create<llm::GluOp>(glu.getLoc(), glu.getType(), glu.getActivation(), both.getResult(), Value());
    glu.replaceAllUsesWith(merged.getResult());
    glu.erase();
    up.erase();
    gate.erase();
    ++mergedCount;
  }

  /// linear(x, a), linear(x, b), ... => slices of linear(x, [a; b; ...])
  void mergeGroup(SmallVectorImpl<llm::LinearOp> &group) {
    if (!hoistWeights(group))
      return;
    llm::LinearOp all = stack(group);
    OpBuilder builder(all);
    builder.setInsertionPointAfter(all);
    int64_t axis = all.getType().getRank() - 1, start = 0;
    for (llm::LinearOp part : group) {
      int64_t end = start + tensorOf(part.getWeight()).getDimSize(0);
      auto bound = [&](int64_t value) {
        return builder.create<llm::ConstantOp>(
            part.getLoc(), DenseIntElementsAttr::get(RankedTensorType::get({1}, builder.getI64Type()), {value}));
      };
      Value slice = builder.create<llm::SliceOp>(part.getLoc(), part.getType(), all.getResult(), bound(start),
                                                 bound(end), ArrayRef<int64_t>{axis}, ArrayRef<int64_t>{1});
      part.getResult().replaceAllUsesWith(slice);
      start = end;
    }
    for (llm::LinearOp part : group)
      part.erase();
    ++mergedCount;
  }
};

} // namespace

std::unique_ptr<Pass> createMergeLinears(FusionLog *log) { return std::make_unique<MergeLinears>(log); }

} // namespace lathe
