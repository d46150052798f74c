// form-step: adds @step, the ragged step function over a paged cache, to a module whose @forward is a causal decoder in
// the attention normal form. Relies on fusion having proven masks (causal, window) and on symbolic shapes; @forward is
// left alone.
#include "passes/Passes.h"
#include "passes/cache/RowWise.h"

#include "ir/llm/SymbolicShapes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace lathe {

#define GEN_PASS_DEF_FORMSTEP
#define GEN_PASS_DEF_DROPFORWARD
#define GEN_PASS_DEF_VERIFYSTEP
#include "passes/Passes.h.inc"

namespace {

constexpr int64_t pageTokens = 64;

class StepBuilder {
public:
  StepBuilder(func::FuncOp forward, Type cacheElement)
      : forward(forward), cacheElement(cacheElement), context(forward.getContext()), shapes(forward), builder(context) {
  }

  int64_t caches = 0;
  std::string problem; // why the graph is no decoder; empty for an error that was emitted

  LogicalResult run() {
    if (failed(findLogits()) || failed(findInputs()))
      return failure();
    makeFunction();
    for (Operation &op : forward.getBody().front().without_terminator())
      if (failed(copy(op)))
        return failure();
    finish();
    return success();
  }
  func::FuncOp step;

private:
  func::FuncOp forward;
  Type cacheElement;
  MLIRContext *context;
  llm::SymbolicShapes shapes;
  OpBuilder builder;
  IRMapping mapping;
  Value logits;
  unsigned logitsNumber = 0;
  SmallVector<llm::KvCacheType> cacheTypes;
  SmallVector<Value> cacheValues;
  Value positions, positions64, sequences, blockTable, outputRows;
  DenseMap<AffineExpr, AffineExpr> symbolMap; // forward's symbols -> step's

  LogicalResult fail(Twine why) {
    problem = why.str();
    return failure();
  }
  StringRef argumentName(BlockArgument argument) {
    auto name = forward.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "llm.name");
    return name ? name.getValue() : "";
  }

  LogicalResult findLogits() {
    auto returned = cast<func::ReturnOp>(forward.getBody().front().getTerminator());
    for (OpOperand &result : returned->getOpOperands()) {
      auto name = forward.getResultAttrOfType<StringAttr>(result.getOperandNumber(), "llm.name");
      if ((name && name.getValue() == "logits") || returned->getNumOperands() == 1) {
        logits = result.get();
        logitsNumber = result.getOperandNumber();
      }
    }
    auto type = logits ? dyn_cast<RankedTensorType>(logits.getType()) : RankedTensorType();
    if (!type || type.getRank() != 3 || !isa<FloatType>(type.getElementType()) || type.isDynamicDim(2))
      return fail("it has no result 'logits' of (batch, tokens, vocabulary)");
    return success();
  }

  LogicalResult findInputs() {
    bool found = false;
    for (BlockArgument argument : forward.getArguments())
      found |= argumentName(argument) == "input_ids" && cast<RankedTensorType>(argument.getType()).getRank() == 2;
    return found ? success() : fail("it has no input 'input_ids' of (batch, tokens)");
  }

  void makeFunction() {
    Type i32 = builder.getI32Type();
    int64_t unknown = ShapedType::kDynamic;
    auto vector = RankedTensorType::get({unknown}, i32);
    auto matrix = RankedTensorType::get({unknown, unknown}, i32);
    builder.setInsertionPointAfter(forward);
    step = builder.create<func::FuncOp>(forward.getLoc(), "step", builder.getFunctionType({}, {}));
    step->setAttr("llm.symbols", builder.getStrArrayAttr({"tokens", "sequences", "blocks", "outputs", "pages"}));
    Block &block = step.getBody().emplaceBlock();
    AffineExpr tokens = getAffineSymbolExpr(0, context), rows = getAffineSymbolExpr(1, context),
               blocks = getAffineSymbolExpr(2, context), outputs = getAffineSymbolExpr(3, context);
    struct Argument {
      StringRef name;
      Type type;
      SmallVector<AffineExpr> dims;
    } arguments[] = {{"token_ids", vector, {tokens}},
                     {"positions", vector, {tokens}},
                     {"sequences", vector, {tokens}},
                     {"block_table", matrix, {rows, blocks}},
                     {"output_rows", vector, {outputs}}};
    for (const Argument &argument : arguments)
      step.insertArgument(
          step.getNumArguments(), argument.type,
          builder.getDictionaryAttr(
              {builder.getNamedAttr("llm.name", builder.getStringAttr(argument.name)),
               builder.getNamedAttr("llm.dims", AffineMapAttr::get(AffineMap::get(0, 5, argument.dims, context)))}),
          forward.getLoc());
    positions = step.getArgument(1), sequences = step.getArgument(2), blockTable = step.getArgument(3);
    outputRows = step.getArgument(4);
    builder.setInsertionPointToStart(&block);
    Location location = forward.getLoc();
    auto row = [&](Value of) {
      return builder.create<llm::UnsqueezeOp>(location, of, ArrayRef<int64_t>{0}).getResult();
    };
    auto wide = [&](Value of) -> Value {
      auto type = RankedTensorType::get({1, unknown}, builder.getI64Type());
      return builder.create<llm::CastOp>(location, type, of);
    };
    for (auto [index, name] : ::llvm::enumerate(shapes.symbols())) {
      AffineExpr symbol = getAffineSymbolExpr(index, context);
      if (name == "batch")
        symbolMap[symbol] = getAffineConstantExpr(1, context);
      else if (name == "tokens")
        symbolMap[symbol] = tokens;
    }
    for (BlockArgument argument : forward.getArguments()) {
      StringRef name = argumentName(argument);
      bool isI64 = cast<RankedTensorType>(argument.getType()).getElementType().isInteger(64);
      if (name == "input_ids")
        mapping.map(argument, isI64 ? wide(row(step.getArgument(0))) : row(step.getArgument(0)));
      else if (name == "position_ids")
        mapping.map(argument, isI64 ? wide(row(positions)) : row(positions));
    }
  }

  /// The map over the step's symbols, or nothing when it needs a symbol the step does not have.
  std::optional<AffineMap> translate(AffineMap map) {
    bool known = true;
    for (AffineExpr expression : map.getResults())
      expression.walk([&](AffineExpr part) { known &= !isa<AffineSymbolExpr>(part) || symbolMap.contains(part); });
    if (!known)
      return std::nullopt;
    SmallVector<AffineExpr> results;
    for (AffineExpr expression : map.getResults())
      results.push_back(simplifyAffineExpr(expression.replace(symbolMap), 0, 5));
    return AffineMap::get(0, 5, results, context);
  }

  /// Where `value` is the whole key or value sequence, the step's own part of it: concat(past, own) => own.
  Value ownPart(Value value) {
    auto concat = value.getDefiningOp<llm::ConcatOp>();
    if (concat && concat.getAxis() == 1 && concat.getInputs().size() == 2 && comesFromArgument(concat.getInputs()[0]))
      return concat.getInputs()[1];
    return value;
  }
  bool comesFromArgument(Value value) {
    while (Operation *op = value.getDefiningOp()) {
      if (!isa<llm::TransposeOp, llm::CastOp, llm::ReshapeOp, llm::SliceOp>(op))
        return false;
      value = op->getOperand(0);
    }
    return isa<BlockArgument>(value);
  }

  static bool isMoved(Operation *op) {
    return isa<llm::CastOp, llm::UnsqueezeOp, llm::SqueezeOp, llm::ReshapeOp, llm::ExpandOp>(op);
  }
  /// Whether `value` is the input attention_mask, converted or in another shape.
  bool isAttentionMask(Value value) {
    while (Operation *op = value.getDefiningOp()) {
      if (!isMoved(op))
        return false;
      value = op->getOperand(0);
    }
    return argumentName(cast<BlockArgument>(value)) == "attention_mask";
  }
  /// Whether a boolean mask says no more than `attention_mask != 0`: which keys are padding, of which the ragged step
  /// has none.
  bool isPadding(Value mask) {
    if (!cast<RankedTensorType>(mask.getType()).getElementType().isInteger(1))
      return false;
    while (Operation *op = mask.getDefiningOp()) {
      if (auto compare = dyn_cast<llm::CompareOp>(op)) {
        auto zero = llm::constantIntegers(compare.getRhs());
        bool isZero = (zero && ::llvm::all_of(*zero, [](int64_t number) { return number == 0; })) ||
                      llm::constantSplat(compare.getRhs()) == 0.0;
        return isZero &&
               (compare.getPredicate() == llm::Predicate::ne || compare.getPredicate() == llm::Predicate::gt) &&
               isAttentionMask(compare.getLhs());
      }
      if (!isMoved(op))
        return false;
      mask = op->getOperand(0);
    }
    return isAttentionMask(mask);
  }
  /// Whether lengths are the sum of attention_mask along its tokens: without padding that is the length of the
  /// sequence.
  bool isWholeLength(Value lengths) {
    int64_t offset = 0;
    while (Operation *op = lengths.getDefiningOp()) {
      if (auto sum = dyn_cast<llm::ReduceOp>(op))
        return offset == 0 && sum.getKind() == llm::Reduction::sum && sum.getAxes() == ArrayRef<int64_t>{1} &&
               isAttentionMask(sum.getX());
      if (isa<llm::AddOp, llm::SubOp>(op)) {
        auto number = llm::constantIntegers(op->getOperand(1));
        if (!number || number->size() != 1)
          return false;
        offset += isa<llm::AddOp>(op) ? number->front() : -number->front();
      } else if (!isMoved(op)) {
        return false;
      }
      lengths = op->getOperand(0);
    }
    return false;
  }

  LogicalResult copyAttention(llm::AttentionOp attention) {
    if (!attention.getCausal())
      return fail("an attention at " + locationText(attention.getLoc()) + " is not causal");
    if ((attention.getMask() && !isPadding(attention.getMask())) ||
        (attention.getLengths() && !isWholeLength(attention.getLengths())))
      return fail("the attention at " + locationText(attention.getLoc()) +
                  " has a mask that is more than causal, a window and padding");
    Value key = ownPart(attention.getKey()), value = ownPart(attention.getValue());
    Value query = mapping.lookupOrNull(attention.getQuery());
    Value newKey = mapping.lookupOrNull(key), newValue = mapping.lookupOrNull(value);
    auto keyType = cast<RankedTensorType>(key.getType());
    if (!query || !newKey || !newValue)
      return fail("keys or values of the attention at " + locationText(attention.getLoc()) +
                  " are not those of the step's tokens");
    if (keyType.isDynamicDim(2) || keyType.isDynamicDim(3) ||
        keyType.getShape().back() != cast<RankedTensorType>(value.getType()).getShape().back())
      return fail("the attention at " + locationText(attention.getLoc()) + " has heads of unknown or unequal sizes");
    auto type = llm::KvCacheType::get(context, keyType.getDimSize(2), keyType.getDimSize(3), cacheElement, pageTokens,
                                      attention.getWindow());
    Location location = attention.getLoc();
    unsigned number = cacheTypes.size();
    step.insertArgument(step.getNumArguments(), type,
                        builder.getDictionaryAttr(
                            {builder.getNamedAttr("llm.name", builder.getStringAttr("cache." + std::to_string(number))),
                             builder.getNamedAttr("llm.dims", AffineMapAttr::get(AffineMap::get(
                                                                  0, 5, {getAffineSymbolExpr(4, context)}, context)))}),
                        location);
    Value cache = step.getArguments().back();
    cacheTypes.push_back(type);
    cache =
        builder.create<llm::CacheAppendOp>(location, type, cache, newKey, newValue, positions, sequences, blockTable);
    cacheValues.push_back(cache);
    auto optional = [&](Value operand) { return operand ? mapping.lookup(operand) : Value(); };
    auto result = builder.create<llm::CachedAttentionOp>(location, query.getType(), query, cache, positions, sequences,
                                                         blockTable, optional(attention.getSlopes()),
                                                         optional(attention.getSinks()), attention.getScaleAttr(),
                                                         attention.getWindowAttr(), attention.getSoftcapAttr());
    mapping.map(attention.getResult(), result.getResult());
    ++caches;
    return success();
  }

  static std::string locationText(Location location) {
    std::string text;
    ::llvm::raw_string_ostream stream(text);
    location.print(stream);
    return text;
  }

  /// The step's positions plus what a model counts from: 2 where positions are past + 2 + t.
  Value shifted(llm::PositionsOp given, Value positions) {
    AffineExpr past = given.getSizes().getResult(2);
    DenseMap<AffineExpr, AffineExpr> zeros;
    past.walk([&](AffineExpr part) {
      if (isa<AffineSymbolExpr>(part))
        zeros[part] = getAffineConstantExpr(0, context);
    });
    auto first = dyn_cast<AffineConstantExpr>(simplifyAffineExpr(past.replace(zeros), 0, 0));
    if (!first || first.getValue() == 0)
      return positions;
    auto type = RankedTensorType::get({}, cast<RankedTensorType>(positions.getType()).getElementType());
    Value offset = builder.create<llm::ConstantOp>(
        given.getLoc(), DenseElementsAttr::get(type, builder.getIntegerAttr(type.getElementType(), first.getValue())));
    return builder.create<llm::AddOp>(given.getLoc(), positions, offset);
  }

  /// Copies an op whose operands are known in the step; others (what depends on the past or on masks) are left out, and
  /// fail later if something that stays needs them.
  LogicalResult copy(Operation &op) {
    if (auto attention = dyn_cast<llm::AttentionOp>(op))
      return copyAttention(attention);
    if (auto given = dyn_cast<llm::PositionsOp>(op)) {
      auto type = cast<RankedTensorType>(given.getType());
      Value row = builder.create<llm::UnsqueezeOp>(op.getLoc(), positions, ArrayRef<int64_t>{0});
      if (!type.getElementType().isInteger(32))
        row = builder.create<llm::CastOp>(op.getLoc(),
                                          RankedTensorType::get({1, ShapedType::kDynamic}, type.getElementType()), row);
      mapping.map(given.getResult(), shifted(given, row));
      return success();
    }
    if (auto dims = dyn_cast<llm::DimsOp>(op)) {
      if (auto map = translate(dims.getExpressions()))
        mapping.map(dims.getResult(), builder.create<llm::DimsOp>(op.getLoc(), dims.getType(), *map).getResult());
      return success();
    }
    for (Value operand : op.getOperands())
      if (!mapping.contains(operand))
        return success();
    Operation *copied = builder.clone(op, mapping);
    for (Value result : copied->getResults())
      refine(cast<OpResult>(result), op.getResult(cast<OpResult>(result).getResultNumber()));
    return success();
  }

  /// Writes sizes that became static (batch is 1) into the type.
  void refine(OpResult result, Value original) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    auto shape = shapes.shapeOf(original);
    if (!type || !shape)
      return;
    SmallVector<int64_t> sizes(type.getShape());
    for (auto [size, expression] : ::llvm::zip(sizes, *shape))
      if (auto constant = dyn_cast<AffineConstantExpr>(simplifyAffineExpr(expression.replace(symbolMap), 0, 5)))
        size = constant.getValue();
    result.setType(RankedTensorType::get(sizes, type.getElementType()));
  }

  void finish() {
    Value value = mapping.lookupOrNull(logits);
    if (!value)
      return;
    Location location = forward.getLoc();
    value = selectRows(value);
    value = builder.create<llm::SqueezeOp>(location, value, ArrayRef<int64_t>{0});
    auto type = cast<RankedTensorType>(value.getType());
    if (!type.getElementType().isF32())
      value =
          builder.create<llm::CastOp>(location, RankedTensorType::get(type.getShape(), builder.getF32Type()), value);
    SmallVector<Value> results = {value};
    results.append(cacheValues);
    builder.create<func::ReturnOp>(location, results);
    SmallVector<Type> types;
    for (Value result : results)
      types.push_back(result.getType());
    step.setFunctionType(builder.getFunctionType(step.getBody().getArgumentTypes(), types));
    step.setResultAttr(0, "llm.name", builder.getStringAttr("logits"));
  }

  /// Takes only the wanted rows, as early as nothing mixes rows any more: before the last norm and linear.
  Value selectRows(Value value) {
    // The chain of ops from the logits upwards that work on each row alone, with all other operands the same for every
    // row.
    OpOperand *place = nullptr;
    Value at = value;
    while (Operation *op = at.getDefiningOp()) {
      if (!at.hasOneUse() && at != value)
        break;
      OpOperand *next = nullptr;
      if (isa<llm::LinearOp, llm::RmsNormOp, llm::LayerNormOp, llm::Pointwise>(op)) {
        bool rowwise = true;
        for (OpOperand &operand : op->getOpOperands()) {
          auto type = cast<RankedTensorType>(operand.get().getType());
          if (type.getRank() == 3 && !type.isDynamicDim(0) && type.isDynamicDim(1)) {
            rowwise &= next == nullptr;
            next = &operand;
          } else if (type.getRank() > 2 && !type.hasStaticShape()) {
            rowwise = false;
          }
        }
        if (!rowwise)
          next = nullptr;
      }
      if (!next)
        break;
      place = next;
      at = next->get();
    }
    Location location = value.getLoc();
    if (!place) {
      auto rows = builder.create<llm::GatherOp>(location, value, outputRows, 1);
      return rows;
    }
    OpBuilder before(place->getOwner());
    Value rows = before.create<llm::GatherOp>(location, at, outputRows, 1);
    place->set(rows);
    return value;
  }
};

/// What the step does not need of the forward graph.
void eraseUnused(func::FuncOp function) {
  for (Operation &op : ::llvm::make_early_inc_range(::llvm::reverse(function.getBody().front())))
    if (op.use_empty() && isMemoryEffectFree(&op) && !op.hasTrait<OpTrait::IsTerminator>())
      op.erase();
}

struct FormStep : impl::FormStepBase<FormStep> {
  using FormStepBase::FormStepBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto forward = module.lookupSymbol<func::FuncOp>("forward");
    if (!forward || module.lookupSymbol("step"))
      return;
    Builder builder(&getContext());
    Type element = cacheType == "f32"    ? Type(builder.getF32Type())
                   : cacheType == "bf16" ? Type(builder.getBF16Type())
                   : cacheType == "f16"  ? Type(builder.getF16Type())
                                         : Type();
    if (!element) {
      module.emitError("unknown cache type '") << cacheType << "'; known: f32, f16, bf16";
      return signalPassFailure();
    }
    StepBuilder step(forward, element);
    bool formed = succeeded(step.run());
    if (formed && (!step.step || step.step.getBody().front().empty() ||
                   !step.step.getBody().front().back().hasTrait<OpTrait::IsTerminator>())) {
      formed = false;
      step.problem = "the logits depend on the cache in a way that is not attention over it";
    }
    if (formed) {
      eraseUnused(step.step);
      step.problem = findMixedRows(step.step);
      formed = step.problem.empty();
    }
    if (!formed) {
      if (step.step)
        step.step.erase();
      if (require) {
        forward.emitError("this graph cannot generate text: ") << step.problem;
        return signalPassFailure();
      }
      module->setAttr("llm.no_step", builder.getStringAttr(step.problem));
      return;
    }
    cacheCount += step.caches;
  }
};

struct VerifyStep : impl::VerifyStepBase<VerifyStep> {
  void runOnOperation() override {
    auto step = getOperation().lookupSymbol<func::FuncOp>("step");
    if (!step)
      return;
    if (std::string problem = findMixedRows(step); !problem.empty()) {
      step.emitError("the step is not computed token by token: ") << problem;
      signalPassFailure();
    }
  }
};

struct DropForward : impl::DropForwardBase<DropForward> {
  void runOnOperation() override {
    auto forward = getOperation().lookupSymbol<func::FuncOp>("forward");
    if (forward && getOperation().lookupSymbol("step"))
      forward.erase();
  }
};

} // namespace
} // namespace lathe
