// See FormEncode.h. A source is encoded alone, as a batch of one without padding, so that what comes out does not depend on
// other sources.
#include "passes/cache/FormEncode.h"

#include "passes/fusion/FusionLog.h"

#include "ir/llm/ControlOps.h"
#include "ir/llm/SymbolicShapes.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace lathe {

namespace {

constexpr unsigned encodeSymbols = 3;

StringRef nameOf(func::FuncOp function, BlockArgument argument) {
  for (StringRef attribute : {"llm.role", "llm.name"})
    if (auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), attribute))
      return name.getValue();
  return "";
}

class EncodeBuilder {
public:
  EncodeBuilder(func::FuncOp forward, ArrayRef<Operation *> cross, ArrayRef<Type> caches)
      : forward(forward), cross(cross), caches(caches), context(forward.getContext()), shapes(forward),
        builder(context) {}

  std::string run() {
    std::string problem = collect();
    if (problem.empty())
      problem = makeFunction();
    for (Operation &op : forward.getBody().front().without_terminator())
      if (problem.empty() && needed.contains(&op))
        copy(op);
    if (problem.empty())
      finish();
    else if (encode)
      encode.erase();
    return problem;
  }

private:
  func::FuncOp forward, encode;
  ArrayRef<Operation *> cross;
  ArrayRef<Type> caches;
  MLIRContext *context;
  llm::SymbolicShapes shapes;
  OpBuilder builder;
  IRMapping mapping;
  DenseSet<Operation *> needed;
  DenseSet<Value> arguments;
  DenseMap<AffineExpr, AffineExpr> symbolMap; // forward's symbols -> those of encode
  Value positions, sequences, blockTable;

  /// What keys and values are made of.
  std::string collect() {
    SmallVector<Value> open;
    for (Operation *op : cross) {
      auto attention = cast<llm::AttentionOp>(op);
      open.append({attention.getKey(), attention.getValue()});
    }
    while (!open.empty()) {
      Value value = open.pop_back_val();
      Operation *op = value.getDefiningOp();
      if (!op)
        arguments.insert(value);
      else if (isa<llm::SizeOp, llm::IfOp, llm::LoopOp, llm::BoxOp, llm::BroadcastToOp>(op))
        return "data decides a size or what is computed at " + placeText(op->getLoc()) + ", in the encoder";
      else if (needed.insert(op).second)
        open.append(op->operand_begin(), op->operand_end());
    }
    return "";
  }

  std::string makeFunction() {
    int64_t unknown = ShapedType::kDynamic;
    Type i32 = builder.getI32Type();
    auto vector = RankedTensorType::get({unknown}, i32), matrix = RankedTensorType::get({1, unknown}, i32);
    builder.setInsertionPointAfter(forward);
    encode = builder.create<func::FuncOp>(forward.getLoc(), "encode", builder.getFunctionType({}, {}));
    encode->setAttr("llm.symbols", builder.getStrArrayAttr({"source_tokens", "source_blocks", "source_pages"}));
    Block &block = encode.getBody().emplaceBlock();
    AffineExpr one = getAffineConstantExpr(1, context), tokens = getAffineSymbolExpr(0, context),
               blocks = getAffineSymbolExpr(1, context), pages = getAffineSymbolExpr(2, context);
    auto add = [&](StringRef name, Type type, ArrayRef<AffineExpr> dims) {
      encode.insertArgument(encode.getNumArguments(), type, argumentAttributes(builder, name, dims, encodeSymbols),
                            forward.getLoc());
      return Value(encode.getArguments().back());
    };
    Value ids = add("token_ids", vector, {tokens});
    positions = add("positions", vector, {tokens});
    sequences = add("sequences", vector, {tokens});
    blockTable = add("block_table", matrix, {one, blocks});
    for (auto [index, type] : ::llvm::enumerate(caches))
      add("source." + std::to_string(index), type, {pages});
    builder.setInsertionPointToStart(&block);
    Location location = forward.getLoc();
    for (auto [index, name] : ::llvm::enumerate(shapes.symbols()))
      if (name == "batch")
        symbolMap[getAffineSymbolExpr(index, context)] = one;
    for (Value value : arguments) {
      auto argument = cast<BlockArgument>(value);
      auto type = cast<RankedTensorType>(argument.getType());
      auto dims = shapes.shapeOf(argument);
      StringRef name = nameOf(forward, argument);
      if (!dims || dims->size() != 2 || !isa<IntegerType>(type.getElementType()) ||
          (name != "input_ids" && name != "attention_mask" && name != "position_ids"))
        return "the encoder reads the input '" + name.str() + "', of which a prompt has nothing";
      if (isa<AffineSymbolExpr>((*dims)[1]))
        symbolMap[(*dims)[1]] = tokens;
      Value row;
      if (name == "attention_mask") { // no token of a source is padding
        auto shape = RankedTensorType::get({2}, builder.getI64Type());
        auto single = RankedTensorType::get({1, 1}, type.getElementType());
        Value sizes = builder.create<llm::DimsOp>(location, shape,
                                                  AffineMap::get(0, encodeSymbols, {one, tokens}, context));
        Value written = builder.create<llm::ConstantOp>(
            location, DenseElementsAttr::get(single, builder.getIntegerAttr(type.getElementType(), 1)));
        row = builder.create<llm::ExpandOp>(location, RankedTensorType::get({1, unknown}, type.getElementType()),
                                            written, sizes);
      } else {
        row = builder.create<llm::UnsqueezeOp>(location, name == "input_ids" ? ids : positions, ArrayRef<int64_t>{0});
        if (!type.getElementType().isInteger(32))
          row = builder.create<llm::CastOp>(location, RankedTensorType::get({1, unknown}, type.getElementType()), row);
      }
      mapping.map(argument, row);
    }
    return "";
  }

  AffineMap translate(AffineMap map) {
    SmallVector<AffineExpr> results;
    for (AffineExpr expression : map.getResults())
      results.push_back(simplifyAffineExpr(expression.replace(symbolMap), 0, encodeSymbols));
    return AffineMap::get(0, encodeSymbols, results, context);
  }

  void copy(Operation &op) {
    Operation *copied = builder.clone(op, mapping);
    if (auto dims = dyn_cast<llm::DimsOp>(copied))
      dims.setExpressions(translate(dims.getExpressions()));
    if (auto given = dyn_cast<llm::PositionsOp>(copied))
      given.setSizes(translate(given.getSizes()));
    for (auto [result, original] : ::llvm::zip(copied->getResults(), op.getResults())) {
      auto type = dyn_cast<RankedTensorType>(result.getType());
      auto shape = shapes.shapeOf(original);
      if (!type || !shape)
        continue;
      SmallVector<int64_t> sizes(type.getShape());
      for (auto [size, expression] : ::llvm::zip(sizes, *shape))
        if (auto constant =
                dyn_cast<AffineConstantExpr>(simplifyAffineExpr(expression.replace(symbolMap), 0, encodeSymbols)))
          size = constant.getValue();
      result.setType(RankedTensorType::get(sizes, type.getElementType()));
    }
  }

  void finish() {
    SmallVector<Value> results;
    for (auto [index, op] : ::llvm::enumerate(cross)) {
      auto attention = cast<llm::AttentionOp>(op);
      Value cache = encode.getArgument(4 + index);
      results.push_back(builder.create<llm::CacheAppendOp>(
          attention.getLoc(), cache.getType(), cache, mapping.lookup(attention.getKey()),
          mapping.lookup(attention.getValue()), positions, sequences, blockTable));
    }
    builder.create<func::ReturnOp>(forward.getLoc(), results);
    SmallVector<Type> types(caches);
    encode.setFunctionType(builder.getFunctionType(encode.getBody().getArgumentTypes(), types));
  }
};

} // namespace

BlockArgument decoderTokens(func::FuncOp forward) {
  BlockArgument source, target;
  for (BlockArgument argument : forward.getArguments())
    if (auto type = dyn_cast<RankedTensorType>(argument.getType()); type && type.getRank() == 2) {
      StringRef name = nameOf(forward, argument);
      (name == "decoder_input_ids" ? target : name == "input_ids" ? source : argument) = argument;
    }
  return source ? target : BlockArgument();
}

SmallVector<Operation *> crossAttentions(func::FuncOp forward) {
  SmallVector<Operation *> found;
  DenseSet<Value> decoded; // follows from the decoder's tokens
  decoded.insert(decoderTokens(forward));
  for (Operation &op : forward.getBody().front()) {
    if (auto attention = dyn_cast<llm::AttentionOp>(op);
        attention && decoded.contains(attention.getQuery()) && !decoded.contains(attention.getKey()) &&
        !decoded.contains(attention.getValue()))
      found.push_back(attention);
    if (::llvm::any_of(op.getOperands(), [&](Value operand) { return decoded.contains(operand); }))
      decoded.insert(op.result_begin(), op.result_end());
  }
  return found;
}

std::string formEncode(func::FuncOp forward, ArrayRef<Operation *> cross, ArrayRef<Type> caches) {
  return EncodeBuilder(forward, cross, caches).run();
}

DictionaryAttr argumentAttributes(OpBuilder &builder, StringRef name, ArrayRef<AffineExpr> dims, unsigned symbols) {
  return builder.getDictionaryAttr(
      {builder.getNamedAttr("llm.name", builder.getStringAttr(name)),
       builder.getNamedAttr("llm.dims",
                            AffineMapAttr::get(AffineMap::get(0, symbols, dims, builder.getContext())))});
}

} // namespace lathe
