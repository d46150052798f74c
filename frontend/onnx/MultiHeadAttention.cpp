// Attention, MultiHeadAttention and DecoderMaskedMultiHeadAttention of com.microsoft in the attention normal form of
// docs/architecture.md. Sources: their operator documents, and ONNX Runtime's CPU kernels for what those leave open.
#include "frontend/onnx/MultiHeadAttention.h"
#include "frontend/onnx/AttentionParts.h"
#include "frontend/onnx/Operators.h"

using namespace mlir;

namespace lathe {

using namespace attention;

namespace {

/// Fillers above this are no way to hide a key but a bias.
constexpr float hidingFiller = -1000;

/// Booleans as a mask: hidden, or lowered by mask_filter_value.
Value maskOf(NodeBuilder &n, Value seen, Type element) {
  float filler = n.number("mask_filter_value", -10000.0f);
  if (filler <= hidingFiller)
    return seen;
  return n.make<llm::SelectOp>({seen, n.scalar(element, 0), n.scalar(element, filler)});
}

/// (batch) ends, or (2 * batch) ends and then starts of what may be seen, as a mask (batch, 1, 1, keys).
Value seenBetween(NodeBuilder &n, Value bounds, const Operands &operands) {
  AffineExpr batch = sizeExpression(n, operands.query, 0), count = sizeExpression(n, bounds, 0);
  auto both = dyn_cast_or_null<AffineConstantExpr>(count), one = dyn_cast_or_null<AffineConstantExpr>(batch);
  if (both && one && both.getValue() == 3 * one.getValue() + 2)
    n.fail("has a mask of cumulated lengths (3 * batch + 2), which is not supported");
  Type element = n.element(bounds);
  Value keys = n.unsqueeze(indices(n, operands.key, 1, element), {0});
  Value ends = bounds, seen;
  if (!batch || count != batch) {
    // Zeros behind them are the starts where there are ends alone.
    Value size = n.slice(n.make<llm::ShapeOfOp>({operands.query}), 0, 0, 1);
    Value longer = n.concat({bounds, n.expand(n.scalar(element, 0), size)}, 0);
    ends = n.slice(bounds, n.vector({0}), size, {0}, {1});
    Value starts = n.slice(longer, size, n.make<llm::AddOp>({size, size}), {0}, {1});
    seen = n.compare("ge", keys, n.unsqueeze(starts, {1}));
  }
  seen = joinMasks(n, seen, n.compare("lt", keys, n.unsqueeze(ends, {1})));
  return n.unsqueeze(seen, {1, 2});
}

/// A mask of integers in any of its forms. Of rank 4, (batch, 1, most, most), the rows are those of the queries'
/// places.
Value seenBy(NodeBuilder &n, Value given, const Operands &operands, Value before) {
  if (!isa<IntegerType>(n.element(given)))
    n.fail("has a mask that is no integers");
  if (n.rank(given) == 1)
    return seenBetween(n, given, operands);
  Value seen = n.element(given).isInteger(1) ? given : n.compare("ne", given, n.scalar(n.element(given), 0));
  if (n.rank(given) == 2)
    return n.unsqueeze(padToKeys(n, seen, operands.key), {1, 2});
  if (n.rank(given) == 3)
    return n.unsqueeze(padToKeys(n, seen, operands.key), {1});
  if (n.rank(given) != 4)
    n.fail("has a mask of rank " + std::to_string(n.rank(given)) + "; 1 to 4 are known");
  Value zero = n.scalar(n.state.builder.getI64Type(), 0), first = before ? before : zero;
  Value end = n.make<llm::AddOp>({first, n.sizeOf(operands.query, 1)});
  auto vector = [&](Value a, Value b) { return n.concat({n.unsqueeze(a, {0}), n.unsqueeze(b, {0})}, 0); };
  return n.slice(seen, vector(first, zero), vector(end, n.sizeOf(operands.key, 1)), {2, 3}, {1, 1});
}

/// Scores before the softmax, with everything that hides keys as numbers.
Value scoresWith(NodeBuilder &n, Operands operands, const Attributes &attributes, const MultiHead &given,
                 Value before) {
  Type i64 = n.state.builder.getI64Type(), element = n.element(operands.query);
  Value keys = n.unsqueeze(indices(n, operands.key, 1, i64), {0}), seen;
  if (given.isCausal) {
    Value places = indices(n, operands.query, 1, i64);
    seen = n.compare("le", keys, n.unsqueeze(before ? n.make<llm::AddOp>({places, before}) : places, {1}));
  }
  if (operands.lengths)
    seen = joinMasks(n, seen, n.compare("lt", keys, n.unsqueeze(operands.lengths, {1, 2, 3})));
  if (operands.mask && n.element(operands.mask).isInteger(1))
    seen = joinMasks(n, seen, std::exchange(operands.mask, Value()));
  if (seen)
    operands.mask = joinMasks(n, operands.mask,
                              n.make<llm::SelectOp>({seen, n.scalar(element, 0),
                                                     n.scalar(element, n.number("mask_filter_value", -10000.0f))}));
  if (given.bias)
    operands.mask = joinMasks(n, operands.mask, padToKeys(n, given.bias, operands.key));
  return scoresOf(n, operands, attributes).biased;
}

} // namespace

void giveMultiHead(NodeBuilder &n, MultiHead given) {
  Operands operands{given.query, given.key, given.value, {}, {}, {}};
  Type i64 = n.state.builder.getI64Type();
  Value before, presentKey, presentValue; // `before` is the place of the first query: null is 0
  for (Value past : {given.pastKey, given.pastValue})
    bindSize(n, past, 3, n.type(operands.key).getDimSize(3));
  if (given.pastLength) {
    if (!given.pastKey)
      n.fail("has past_sequence_length, but no cache");
    Value starts = forEachSequence(n, n.cast(given.pastLength, i64), operands.query);
    operands.lengths = n.make<llm::AddOp>({starts, n.sizeOf(operands.key, 1)});
    operands.key = writtenInto(n, given.pastKey, operands.key, starts, presentKey);
    operands.value = writtenInto(n, given.pastValue, operands.value, starts, presentValue);
    before = n.reshape(n.cast(given.pastLength, i64),
                       n.constant(DenseElementsAttr::get(RankedTensorType::get({0}, i64), ArrayRef<Attribute>())));
  } else {
    operands.key = withPast(n, given.pastKey, operands.key, presentKey);
    operands.value = withPast(n, given.pastValue, operands.value, presentValue);
    before = given.pastKey ? n.sizeOf(given.pastKey, 2) : Value();
  }
  Type element = n.element(operands.query);
  if (given.mask)
    operands.mask = maskOf(n, seenBy(n, given.mask, operands, before), element);
  Attributes attributes;
  attributes.scale = n.number("scale", 0);
  Value scores; // a copy, with hidden keys lowered by the filler
  if (given.wantsScores)
    scores = scoresWith(n, operands, attributes, given, before);
  if (given.isCausal && operands.lengths)
    attributes.causal = true;
  else if (given.isCausal)
    hideLaterKeys(n, operands, attributes, before);
  if (given.bias) {
    operands.mask = joinMasks(n, operands.mask, padToKeys(n, given.bias, operands.key));
  }
  n.give(closeHeads(n, attend(n, operands, attributes)));
  n.results.push_back(presentKey);
  n.results.push_back(presentValue);
  n.results.push_back(scores);
}

std::pair<Value, Value> splitPast(NodeBuilder &n, Value past) {
  if (!past)
    return {};
  if (n.rank(past) != 5)
    n.fail("takes a past of rank 5 (2, batch, heads, past, size), got " + std::to_string(n.rank(past)));
  auto part = [&](int64_t i) { return n.squeeze(n.slice(past, 0, i, i + 1), {0}); };
  return {part(0), part(1)};
}

namespace {

/// Turns query and key of Attention, whose own angles are those of a base of 10000.
void rotate(NodeBuilder &n, MultiHead &parts) {
  Type i64 = n.state.builder.getI64Type();
  Value first = parts.pastLength ? n.cast(parts.pastLength, i64)
                : parts.pastKey  ? n.sizeOf(parts.pastKey, 2)
                                 : n.scalar(i64, 0);
  Value positions = positionsFrom(n, parts.query, n.rank(first) == 0 ? first : forEachSequence(n, first, parts.query));
  int64_t dims = n.integer("rotary_embedding_dim", 0);
  if (dims == 0)
    dims = n.type(parts.query).getDimSize(3);
  if (dims <= 0 || dims % 2 != 0)
    n.fail("rotates " + std::to_string(dims) + " elements of a head");
  for (Value *x : {&parts.query, &parts.key})
    *x = n.makeOptional<llm::RopeOp>({*x, positions, Value(), Value(), Value()}, {n.whole("dims", dims)});
}

} // namespace

void giveFromProjection(NodeBuilder &n, Value projected, ArrayRef<int64_t> sizes, MultiHead parts) {
  int64_t heads = positive(n, "num_heads"), begin = 0;
  Value *operands[] = {&parts.query, &parts.key, &parts.value};
  for (size_t i = 0; i < 3; begin += sizes[i++])
    *operands[i] = openHeads(n, n.slice(projected, 2, begin, begin + sizes[i]), heads);
  parts.isCausal = n.integer("unidirectional", 0) != 0;
  if (n.integer("do_rotary", 0))
    rotate(n, parts);
  giveMultiHead(n, parts);
  // One cache of both.
  Value key = n.results[1], value = n.results[2];
  n.results.resize(1);
  if (n.gives(1))
    n.give(n.concat({n.unsqueeze(key, {0}), n.unsqueeze(value, {0})}, 0));
}

SmallVector<int64_t> projectionSizes(NodeBuilder &n, Value weights) {
  if (n.rank(weights) != 2 || n.type(weights).isDynamicDim(1))
    n.fail("takes weights of rank 2 with a known number of columns");
  int64_t columns = n.type(weights).getDimSize(1);
  SmallVector<int64_t> sizes(3, columns / 3);
  if (auto given = n.integers("qkv_hidden_sizes"); given && !given->empty())
    sizes = *given;
  if (sizes.size() != 3 || llvm::any_of(sizes, [](int64_t size) { return size <= 0 || size > INT32_MAX; }) ||
      sizes[0] + sizes[1] + sizes[2] != columns || sizes[0] != sizes[1])
    n.fail("has weights of " + std::to_string(columns) + " columns, which are not those of query, key and value");
  return sizes;
}

// input, weights, bias, mask_index, past, attention_bias, past_sequence_length
void buildMicrosoftAttention(NodeBuilder &n) {
  Value x = n.in(0), weights = n.in(1);
  if (n.rank(x) != 3)
    n.fail("takes an input of rank 3, got " + std::to_string(n.rank(x)));
  SmallVector<int64_t> sizes = projectionSizes(n, weights);
  Value projected = n.binary<llm::MatmulOp>(x, weights);
  if (n.has(2))
    projected = n.binary<llm::AddOp>(projected, n.in(2));
  MultiHead parts;
  parts.mask = n.inOrNull(3);
  std::tie(parts.pastKey, parts.pastValue) = splitPast(n, n.inOrNull(4));
  parts.bias = n.inOrNull(5);
  if (n.integer("past_present_share_buffer", 0))
    parts.pastLength = n.in(6);
  giveFromProjection(n, projected, sizes, parts);
}

namespace {

/// Query, key and value of MultiHeadAttention in any of their forms; `bias` (may be null) is added where they are not
/// from a cache.
void readParts(NodeBuilder &n, MultiHead &parts, Value bias) {
  int64_t heads = positive(n, "num_heads");
  Value query = n.in(0);
  auto inner = [&](Value x, int64_t index) { return n.squeeze(n.slice(x, 3, index, index + 1), {3}); };
  if (n.rank(query) == 5) { // (batch, tokens, heads, 3, size)
    if (n.has(1) || n.has(2))
      n.fail("has a key beside a packed query");
    parts.query = inner(query, 0), parts.key = inner(query, 1), parts.value = inner(query, 2);
  } else if (!n.has(1)) { // (batch, tokens, 3 * heads * size)
    int64_t width = n.rank(query) == 3 ? n.type(query).getDimSize(2) : ShapedType::kDynamic;
    if (ShapedType::isDynamic(width) || width % (3 * heads) != 0)
      n.fail("has no key, and a query that is not packed with it");
    int64_t headDim = width / (3 * heads);
    parts.query = takeHeads(n, query, 0, heads, headDim), parts.key = takeHeads(n, query, heads, heads, headDim);
    parts.value = takeHeads(n, query, 2 * heads, heads, headDim);
  } else {
    parts.query = openHeads(n, query, heads);
    Value key = n.in(1);
    if (n.rank(key) == 5) { // (batch, keys, heads, 2, size)
      parts.key = inner(key, 0), parts.value = inner(key, 1);
    } else if (n.rank(key) == 4) { // a cache of its own: (batch, heads, keys, size)
      parts.key = swapHeads(n, key), parts.value = swapHeads(n, n.in(2));
      parts.isCross = true;
    } else {
      parts.key = openHeads(n, key, heads), parts.value = openHeads(n, n.in(2), heads);
    }
  }
  if (!bias)
    return;
  int64_t begin = 0;
  for (Value *x : {&parts.query, &parts.key, &parts.value}) {
    ArrayRef<int64_t> shape = n.type(*x).getShape();
    if (ShapedType::isDynamic(shape[2]) || ShapedType::isDynamic(shape[3]))
      n.fail("has a bias, and heads of unknown size");
    int64_t end = begin + shape[2] * shape[3];
    if (x == &parts.query || !parts.isCross)
      *x = n.binary<llm::AddOp>(*x, n.reshape(n.slice(bias, 0, begin, end), {shape[2], shape[3]}));
    begin = end;
  }
}

} // namespace

// query, key, value, bias, key_padding_mask, attention_bias, past_key, past_value, past_sequence_length,
// cache_indirection
void buildMultiHeadAttention(NodeBuilder &n) {
  if (n.has(9))
    n.fail("has a cache_indirection (beam search inside of the graph), which is not supported");
  if (n.has(6) != n.has(7))
    n.fail("has one of past_key and past_value; it takes both or none");
  MultiHead parts;
  readParts(n, parts, n.inOrNull(3));
  parts.mask = n.inOrNull(4), parts.bias = n.inOrNull(5);
  parts.pastKey = n.inOrNull(6), parts.pastValue = n.inOrNull(7), parts.pastLength = n.inOrNull(8);
  parts.isCausal = n.integer("unidirectional", 0) != 0;
  parts.wantsScores = n.gives(3);
  giveMultiHead(n, parts);
}

// query, key, value, mask_index, attention_bias, past_key, past_value, past_sequence_length, beam_width,
// cache_indirection, bias
void buildDecoderMaskedAttention(NodeBuilder &n) {
  if (n.has(9))
    n.fail("has a cache_indirection (beam search inside of the graph), which is not supported");
  if (n.has(5) != n.has(6))
    n.fail("has one of past_key and past_value; it takes both or none");
  MultiHead parts;
  readParts(n, parts, n.inOrNull(10));
  parts.mask = n.inOrNull(3), parts.bias = n.inOrNull(4);
  parts.pastKey = n.inOrNull(5), parts.pastValue = n.inOrNull(6);
  if (n.integer("past_present_share_buffer", 0))
    parts.pastLength = n.in(7);
  parts.isCausal = !parts.isCross;
  parts.wantsScores = n.gives(3);
  giveMultiHead(n, parts);
}

} // namespace lathe
