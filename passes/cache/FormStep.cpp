// form-step: adds @step, the ragged step function over a paged cache, to a module whose @forward is a causal decoder in
// the attention normal form. Relies on fusion having proven masks (causal, window) and on symbolic shapes; @forward is
// left alone.
#include "passes/Passes.h"
#include "passes/cache/FormEncode.h"
#include "passes/cache/RowWise.h"
#include "passes/fusion/FusionLog.h"
#include "passes/graph/AlibiBias.h"
#include "passes/graph/ElementValues.h"

#include "ir/llm/IndexOps.h"
#include "ir/llm/ControlOps.h"
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
  SmallVector<Operation *> cross; // attentions over a source
  SmallVector<Type> sourceCaches; // of each
  std::string problem; // why the graph is no decoder; empty for an error that was emitted
  std::string decided; // the first place where data decides sizes or what is computed; empty: none

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
  Value sourceLast, sourceTable;              // where there is a source
  unsigned symbolCount = 5;                   // of the step
  AffineExpr tokensSymbol;                    // of the forward; null when its number of tokens is a constant

  LogicalResult fail(Twine why) {
    problem = why.str();
    return failure();
  }
  StringRef argumentName(BlockArgument argument) {
    auto name = forward.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "llm.role");
    if (!name)
      name = forward.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "llm.name");
    return name ? name.getValue() : "";
  }

  LogicalResult findLogits() {
    auto returned = cast<func::ReturnOp>(forward.getBody().front().getTerminator());
    for (OpOperand &result : returned->getOpOperands()) {
      auto name = forward.getResultAttrOfType<StringAttr>(result.getOperandNumber(), "llm.role");
      if (!name)
        name = forward.getResultAttrOfType<StringAttr>(result.getOperandNumber(), "llm.name");
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
    if (decoderTokens(forward))
      return findSource();
    bool found = false;
    for (BlockArgument argument : forward.getArguments())
      found |= argumentName(argument) == "input_ids" && cast<RankedTensorType>(argument.getType()).getRank() == 2;
    return found ? success() : fail("it has no input 'input_ids' of (batch, tokens)");
  }

  /// The attentions that read a source, and what their caches are.
  LogicalResult findSource() {
    cross = crossAttentions(forward);
    for (Operation *op : cross) {
      auto attention = cast<llm::AttentionOp>(op);
      auto key = cast<RankedTensorType>(attention.getKey().getType());
      if (attention.getCausal() || attention.getWindow() || attention.getSegments() || attention.getBlockSize() > 0 ||
          static_cast<int64_t>(attention.getAhead()) >= 0 || attention.getSlopes() || attention.getLengths() ||
          (attention.getMask() && !isPadding(attention.getMask())))
        return fail("the attention at " + placeText(op->getLoc()) + " over the source has a mask that is more than padding");
      if (key.isDynamicDim(2) || key.isDynamicDim(3) ||
          key.getShape().back() != cast<RankedTensorType>(attention.getValue().getType()).getShape().back())
        return fail("the attention at " + placeText(op->getLoc()) + " has heads of unknown or unequal sizes");
      sourceCaches.push_back(
          llm::KvCacheType::get(context, key.getDimSize(2), key.getDimSize(3), cacheElement, pageTokens, 0));
    }
    if (cross.empty())
      return fail("its decoder reads nothing of the source");
    symbolCount = 7;
    return success();
  }

  Value addArgument(StringRef name, Type type, ArrayRef<AffineExpr> dims) {
    step.insertArgument(step.getNumArguments(), type, argumentAttributes(builder, name, dims, symbolCount),
                        forward.getLoc());
    return step.getArguments().back();
  }

  void makeFunction() {
    Type i32 = builder.getI32Type();
    int64_t unknown = ShapedType::kDynamic;
    auto vector = RankedTensorType::get({unknown}, i32);
    auto matrix = RankedTensorType::get({unknown, unknown}, i32);
    builder.setInsertionPointAfter(forward);
    step = builder.create<func::FuncOp>(forward.getLoc(), "step", builder.getFunctionType({}, {}));
    StringRef names[] = {"tokens", "sequences", "blocks", "outputs", "pages", "source_blocks", "source_pages"};
    step->setAttr("llm.symbols", builder.getStrArrayAttr(ArrayRef(names).take_front(symbolCount)));
    Block &block = step.getBody().emplaceBlock();
    AffineExpr tokens = getAffineSymbolExpr(0, context), rows = getAffineSymbolExpr(1, context),
               blocks = getAffineSymbolExpr(2, context), outputs = getAffineSymbolExpr(3, context);
    addArgument("token_ids", vector, {tokens});
    addArgument("positions", vector, {tokens});
    addArgument("sequences", vector, {tokens});
    addArgument("block_table", matrix, {rows, blocks});
    addArgument("output_rows", vector, {outputs});
    if (!cross.empty()) {
      sourceLast = addArgument("source_last", vector, {tokens});
      sourceTable = addArgument("source_table", matrix, {rows, getAffineSymbolExpr(5, context)});
      // Before the other caches, so that they lie in the state where encode has them.
      for (auto [index, type] : ::llvm::enumerate(sourceCaches))
        addArgument("source." + std::to_string(index), type, {getAffineSymbolExpr(6, context)});
    }
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
      else if (name == "tokens" && cross.empty())
        symbolMap[symbol] = tokens, tokensSymbol = symbol;
    }
    BlockArgument target = decoderTokens(forward);
    if (auto size = target ? shapes.sizeOf(target, 1) : AffineExpr(); size && isa<AffineSymbolExpr>(size))
      symbolMap[size] = tokens, tokensSymbol = size;
    for (BlockArgument argument : forward.getArguments()) {
      StringRef name = argumentName(argument);
      bool isI64 = cast<RankedTensorType>(argument.getType()).getElementType().isInteger(64);
      if (target ? argument == target : name == "input_ids")
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
      results.push_back(simplifyAffineExpr(expression.replace(symbolMap), 0, symbolCount));
    return AffineMap::get(0, symbolCount, results, context);
  }

  /// Where `value` is the whole key or value sequence, the step's own part of it: concat(past, own) => own; also where
  /// own is written behind what each sequence has, which without padding is where it lies already.
  Value ownPart(Value value) {
    if (auto write = value.getDefiningOp<llm::TensorScatterOp>()) {
      Value own = write.getUpdate();
      AffineExpr keys = shapes.sizeOf(value, 1), tokens = shapes.sizeOf(own, 1);
      AffineExpr first = write.getStarts() ? countOf(write.getStarts()) : AffineExpr();
      bool isBehind = write.getAxis() == 1 && !write.getCircular() && keys && tokens && first &&
                      first == shapes.sizes().sub(keys, tokens);
      return (isBehind || windowOf(value)) && ownPart(write.getX()) == own ? own : value;
    }
    auto concat = value.getDefiningOp<llm::ConcatOp>();
    if (concat && concat.getAxis() == 1 && concat.getInputs().size() == 2 && comesFromArgument(concat.getInputs()[0]))
      return concat.getInputs()[1];
    return value;
  }
  /// The window whose keys alone the cache of `value` holds (docs/architecture.md), or 0: what is written there comes
  /// behind the last keys, wherever that is.
  int64_t windowOf(Value value) {
    auto write = value.getDefiningOp<llm::TensorScatterOp>();
    auto concat = write ? write.getX().getDefiningOp<llm::ConcatOp>() : llm::ConcatOp();
    if (!concat || concat.getInputs().size() != 2 || !comesFromArgument(concat.getInputs()[0]))
      return 0;
    Value cache = concat.getInputs()[0];
    while (Operation *op = cache.getDefiningOp())
      cache = op->getOperand(0);
    auto window = forward.getArgAttrOfType<IntegerAttr>(cast<BlockArgument>(cache).getArgNumber(), "llm.window_cache");
    return window ? window.getInt() : 0;
  }
  /// Whether lengths are those of a cache that holds the last keys alone, all of which this attention may see.
  bool isWindowLength(llm::AttentionOp attention) {
    int64_t held = windowOf(attention.getKey()), window = attention.getWindow();
    return held > 0 && held == windowOf(attention.getValue()) && window > 0 && window <= held;
  }
  bool comesFromArgument(Value value) {
    while (Operation *op = value.getDefiningOp()) {
      if (!isa<llm::TransposeOp, llm::CastOp, llm::ReshapeOp, llm::SliceOp, llm::SqueezeOp, llm::UnsqueezeOp>(op))
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
  /// A whole number of each sequence as an expression of the forward's sizes when no token is padding: the sum of
  /// attention_mask counts all its columns. Null for anything else.
  AffineExpr countOf(Value value, int depth = 0) {
    if (auto content = shapes.contentOf(value); content && content->size() == 1)
      return content->front();
    Operation *op = value.getDefiningOp();
    if (!op || depth > 16)
      return {};
    if (isMoved(op))
      return countOf(op->getOperand(0), depth + 1);
    if (auto sum = dyn_cast<llm::ReduceOp>(op))
      return sum.getKind() == llm::Reduction::sum && sum.getAxes() == ArrayRef<int64_t>{1} &&
                     isAttentionMask(sum.getX())
                 ? shapes.sizeOf(sum.getX(), 1)
                 : AffineExpr();
    if (!isa<llm::AddOp, llm::SubOp, llm::MaxOp>(op))
      return {};
    AffineExpr a = countOf(op->getOperand(0), depth + 1), b = countOf(op->getOperand(1), depth + 1);
    if (!a || !b)
      return {};
    const llm::SizeExpressions &sizes = shapes.sizes();
    if (isa<llm::AddOp>(op))
      return sizes.add(a, b);
    return isa<llm::SubOp>(op) ? sizes.sub(a, b) : sizes.max(a, b);
  }
  /// Whether lengths are the number of keys when no token is padding.
  bool isWholeLength(Value lengths, Value key) {
    AffineExpr count = countOf(lengths);
    return count && count == shapes.sizeOf(key, 1);
  }

  /// Whether [.., t] is t for the tokens of the step.
  bool isTokenNumber(Value value) {
    while (Operation *op = value.getDefiningOp()) {
      if (auto given = dyn_cast<llm::PositionsOp>(op))
        return given.getSizes().getResult(1) == tokensSymbol && given.getSizes().getResult(2) == 0;
      if (auto range = dyn_cast<llm::RangeOp>(op)) {
        auto start = shapes.integersOf(range.getStart()), delta = shapes.integersOf(range.getDelta());
        return start && delta && start->front() == 0 && delta->front() == 1 && shapes.sizeOf(value, 0) == tokensSymbol;
      }
      if (!isMoved(op))
        return false;
      value = op->getOperand(0);
    }
    return false;
  }
  /// What positions that are computed from the lengths count from: [b, t] is that + t. Null for other ops.
  AffineExpr firstPosition(Operation *op) {
    auto add = dyn_cast<llm::AddOp>(op);
    auto type = add ? cast<RankedTensorType>(add.getType()) : RankedTensorType();
    if (!type || type.getRank() != 2 || !isa<IntegerType>(type.getElementType()) ||
        shapes.sizeOf(add.getResult(), 1) != tokensSymbol)
      return {};
    for (bool swap : {false, true})
      if (isTokenNumber(add->getOperand(swap)))
        return countOf(add->getOperand(!swap));
    return {};
  }

  /// The integer input attention_mask, all ones where no token is padding; null when there is none.
  Value maskInput() {
    for (BlockArgument argument : forward.getArguments())
      if (argumentName(argument) == "attention_mask" &&
          isa<IntegerType>(cast<RankedTensorType>(argument.getType()).getElementType()))
        return argument;
    return Value();
  }

  /// What positions (batch or 1, tokens) that are computed from attention_mask count from when no token is padding: [b,
  /// t] is that + t. Null for anything else.
  AffineExpr unpaddedPosition(Operation &op) {
    Value mask = maskInput(), result = op.getNumResults() == 1 ? Value(op.getResult(0)) : Value();
    auto type = result ? dyn_cast<RankedTensorType>(result.getType()) : RankedTensorType();
    auto sizes = type && type.getRank() == 2 ? shapes.shapeOf(result) : std::nullopt;
    if (!mask || !sizes || (*sizes)[1] != tokensSymbol ||
        !(type.getElementType().isInteger(64) || type.getElementType().isInteger(32)))
      return {};
    Coordinates coordinates(shapes, *sizes, context);
    ElementValues values(shapes, coordinates);
    values.assumeOnes(mask);
    AffineExpr element = values.wholeAt(result, {coordinates[0], coordinates[1]});
    AffineExpr first = element ? shapes.sizes().sub(element, coordinates[1]) : AffineExpr();
    bool counts = first && !coordinates.contains(first) && shapes.sizes().isAtLeast(first, 0) &&
                  !first.isFunctionOfSymbol(cast<AffineSymbolExpr>(tokensSymbol).getPosition());
    return counts ? first : AffineExpr();
  }

  /// Whether a float mask hides the padding and adds at most ALiBi, given that no token of the step is padding.
  bool isPaddedBias(llm::AttentionOp attention, std::optional<AlibiBias> &alibi) {
    auto query = shapes.shapeOf(attention.getQuery()), key = shapes.shapeOf(attention.getKey());
    if (!query || !key || !isa<FloatType>(cast<RankedTensorType>(attention.getMask().getType()).getElementType()))
      return false;
    for (Value part : addendsOf(attention.getMask())) {
      auto select = part.getDefiningOp<llm::SelectOp>();
      if (select && isPadding(select.getCondition()) && llm::constantSplat(select.getX()) == 0.0 &&
          llm::constantSplat(select.getY()).value_or(0) <= -1e4)
        continue;
      std::string why;
      if (alibi || attention.getSlopes() || attention.getSinks())
        return false;
      alibi = readAlibi(part, {(*query)[0], (*query)[2], (*query)[1], (*key)[1]}, shapes, maskInput(), why);
      if (!alibi || !mapping.contains(alibi->table))
        return false;
    }
    return true;
  }
  Value stepSlopes(AlibiBias alibi, Location location) {
    alibi.table = mapping.lookup(alibi.table);
    Value slopes = slopesOf(alibi, builder, location);
    auto type = cast<RankedTensorType>(slopes.getType());
    if (type.getElementType().isF32())
      return slopes;
    return builder.create<llm::CastOp>(location, RankedTensorType::get(type.getShape(), builder.getF32Type()), slopes);
  }

  /// An attention over the source: as one that sees the positions up to the source's last.
  LogicalResult copyCrossAttention(llm::AttentionOp attention, unsigned number) {
    Value query = mapping.lookupOrNull(attention.getQuery());
    if (!query)
      return fail("the queries of the attention at " + placeText(attention.getLoc()) + " are not those of the step's tokens");
    Value sinks = attention.getSinks() ? mapping.lookupOrNull(attention.getSinks()) : Value();
    Value cache = step.getArgument(7 + number);
    auto result = builder.create<llm::CachedAttentionOp>(attention.getLoc(), query.getType(), query, cache, sourceLast,
                                                         sequences, sourceTable, Value(), sinks,
                                                         attention.getScaleAttr(), builder.getI64IntegerAttr(0),
                                                         attention.getSoftcapAttr(), DenseI64ArrayAttr(),
                                                         DenseI64ArrayAttr(), IntegerAttr(), IntegerAttr(),
                                                         IntegerAttr(), DenseI64ArrayAttr());
    mapping.map(attention.getResult(), result.getResult());
    return success();
  }

  LogicalResult copyAttention(llm::AttentionOp attention) {
    if (auto place = ::llvm::find(cross, attention.getOperation()); place != cross.end())
      return copyCrossAttention(attention, place - cross.begin());
    if (!cross.empty() && !mapping.contains(attention.getQuery()))
      return success(); // of the encoder
    if (!attention.getCausal())
      return fail("an attention at " + placeText(attention.getLoc()) + " is not causal");
    std::optional<AlibiBias> alibi;
    if ((attention.getMask() && !isPadding(attention.getMask()) && !isPaddedBias(attention, alibi)) ||
        (attention.getLengths() && !isWholeLength(attention.getLengths(), attention.getKey()) &&
         !isWindowLength(attention)))
      return fail("the attention at " + placeText(attention.getLoc()) +
                  " has a mask that is more than causal, a window, padding and ALiBi");
    if (attention.getLastBlocks() > 0 || attention.getDenseLength() > 0)
      return fail("the attention at " + placeText(attention.getLoc()) +
                  " has a pattern that counts from the sequence's end, which a step does not know");
    Value key = ownPart(attention.getKey()), value = ownPart(attention.getValue());
    Value query = mapping.lookupOrNull(attention.getQuery());
    Value newKey = mapping.lookupOrNull(key), newValue = mapping.lookupOrNull(value);
    auto keyType = cast<RankedTensorType>(key.getType());
    if (!query || !newKey || !newValue)
      return fail("keys or values of the attention at " + placeText(attention.getLoc()) +
                  " are not those of the step's tokens");
    if (keyType.isDynamicDim(2) || keyType.isDynamicDim(3) ||
        keyType.getShape().back() != cast<RankedTensorType>(value.getType()).getShape().back())
      return fail("the attention at " + placeText(attention.getLoc()) + " has heads of unknown or unequal sizes");
    auto type = llm::KvCacheType::get(context, keyType.getDimSize(2), keyType.getDimSize(3), cacheElement, pageTokens,
                                      attention.getWindow());
    Location location = attention.getLoc();
    unsigned number = cacheTypes.size();
    Value cache = addArgument("cache." + std::to_string(number), type, {getAffineSymbolExpr(4, context)});
    cacheTypes.push_back(type);
    cache =
        builder.create<llm::CacheAppendOp>(location, type, cache, newKey, newValue, positions, sequences, blockTable);
    cacheValues.push_back(cache);
    auto optional = [&](Value operand) { return operand ? mapping.lookup(operand) : Value(); };
    Value slopes = alibi ? stepSlopes(*alibi, location) : optional(attention.getSlopes());
    auto result = builder.create<llm::CachedAttentionOp>(location, query.getType(), query, cache, positions, sequences,
                                                         blockTable, slopes, optional(attention.getSinks()),
                                                         attention.getScaleAttr(), attention.getWindowAttr(),
                                                         attention.getSoftcapAttr(), attention.getSegmentsAttr(),
                                                         attention.getDilationsAttr(), attention.getBlockSizeAttr(),
                                                         attention.getBlockWindowAttr(), attention.getFirstBlocksAttr(),
                                                         attention.getBlockPairsAttr());
    mapping.map(attention.getResult(), result.getResult());
    ++caches;
    return success();
  }

  /// The step's positions plus what a model counts from: 2 where positions are past + 2 + t.
  Value shifted(AffineExpr past, Location location, Value positions) {
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
        location, DenseElementsAttr::get(type, builder.getIntegerAttr(type.getElementType(), first.getValue())));
    return builder.create<llm::AddOp>(location, positions, offset);
  }
  /// Positions (1, tokens) that count from `past` in the forward.
  void mapPositions(Value given, AffineExpr past) {
    auto type = cast<RankedTensorType>(given.getType());
    Value row = builder.create<llm::UnsqueezeOp>(given.getLoc(), positions, ArrayRef<int64_t>{0});
    if (!type.getElementType().isInteger(32))
      row = builder.create<llm::CastOp>(given.getLoc(),
                                        RankedTensorType::get({1, ShapedType::kDynamic}, type.getElementType()), row);
    mapping.map(given, shifted(past, given.getLoc(), row));
  }

  /// Copies an op whose operands are known in the step; others (what depends on the past or on masks) are left out, and
  /// fail later if something that stays needs them.
  LogicalResult copy(Operation &op) {
    if (auto attention = dyn_cast<llm::AttentionOp>(op))
      return copyAttention(attention);
    if (auto given = dyn_cast<llm::PositionsOp>(op)) {
      mapPositions(given.getResult(), given.getSizes().getResult(2));
      return success();
    }
    if (AffineExpr past = firstPosition(&op)) {
      mapPositions(op.getResult(0), past);
      return success();
    }
    if (isa<llm::SizeOp, llm::IfOp, llm::LoopOp, llm::BoxOp, llm::BroadcastToOp>(op)) {
      if (decided.empty())
        decided = "data decides a size or what is computed at " + placeText(op.getLoc()) +
                  ", and a step runs from its inputs' sizes alone";
      return success();
    }
    if (auto dims = dyn_cast<llm::DimsOp>(op)) {
      if (auto map = translate(dims.getExpressions()))
        mapping.map(dims.getResult(), builder.create<llm::DimsOp>(op.getLoc(), dims.getType(), *map).getResult());
      return success();
    }
    for (Value operand : op.getOperands())
      if (!mapping.contains(operand)) {
        if (AffineExpr past = unpaddedPosition(op))
          mapPositions(op.getResult(0), past);
        return success();
      }
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
      if (auto constant = dyn_cast<AffineConstantExpr>(simplifyAffineExpr(expression.replace(symbolMap), 0, symbolCount)))
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
      step.problem = step.decided.empty() ? "the logits depend on the cache in a way that is not attention over it"
                                          : step.decided;
    }
    if (formed) {
      eraseUnused(step.step);
      step.problem = findMixedRows(step.step);
      formed = step.problem.empty();
    }
    if (formed && !step.cross.empty()) {
      step.problem = formEncode(forward, step.cross, step.sourceCaches);
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
