// See AttentionParts.h.
#include "frontend/onnx/AttentionParts.h"
#include "ir/llm/IndexOps.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace lathe::attention {

int64_t positive(NodeBuilder &n, StringRef name) {
  int64_t value = n.integer(name, 0);
  if (value <= 0 || value > INT32_MAX)
    n.fail("needs " + name.str() + " above 0, got " + std::to_string(value));
  return value;
}

Value openHeads(NodeBuilder &n, Value x, int64_t heads) {
  if (n.rank(x) != 3)
    n.fail("takes query, key and value of rank 3, got " + std::to_string(n.rank(x)));
  int64_t width = n.type(x).getDimSize(2);
  if (!ShapedType::isDynamic(width) && width % heads != 0)
    n.fail("has " + std::to_string(width) + " columns, which is no multiple of " + std::to_string(heads) + " heads");
  return n.reshape(x, {0, 0, heads, ShapedType::isDynamic(width) ? -1 : width / heads});
}

Value closeHeads(NodeBuilder &n, Value x) {
  int64_t heads = n.type(x).getDimSize(2), size = n.type(x).getDimSize(3);
  bool known = !ShapedType::isDynamic(heads) && !ShapedType::isDynamic(size);
  return n.reshape(x, {0, 0, known ? heads * size : -1});
}

Value swapHeads(NodeBuilder &n, Value x) {
  if (n.rank(x) != 4)
    n.fail("takes heads and caches of rank 4, got " + std::to_string(n.rank(x)));
  return n.transpose(x, {0, 2, 1, 3});
}

Value takeHeads(NodeBuilder &n, Value packed, int64_t begin, int64_t count, int64_t headDim) {
  return openHeads(n, n.slice(packed, 2, begin * headDim, (begin + count) * headDim), count);
}

AffineExpr sizeExpression(NodeBuilder &n, Value value, int64_t axis) { return n.state.facts.dims(value)[axis]; }

void bindSize(NodeBuilder &n, Value value, int64_t axis, int64_t size) {
  if (value && n.rank(value) > axis && n.type(value).isDynamicDim(axis))
    if (AffineExpr expression = sizeExpression(n, value, axis))
      n.state.bindings.push_back({expression, size});
}

Value withPast(NodeBuilder &n, Value past, Value own, Value &present) {
  if (past)
    n.needSame(past, own);
  Value whole = past ? n.concat({swapHeads(n, past), own}, 1) : own;
  present = n.transpose(whole, {0, 2, 1, 3});
  return whole;
}

Value writtenInto(NodeBuilder &n, Value past, Value own, Value starts, Value &present) {
  n.needSame(past, own);
  Value whole = n.makeOptional<llm::TensorScatterOp>({swapHeads(n, past), own, starts}, {n.whole("axis", 1)});
  present = n.transpose(whole, {0, 2, 1, 3});
  return whole;
}

Value appendedTo(NodeBuilder &n, Value past, Value own, Value starts, Value &present) {
  n.needSame(past, own);
  Value longer = n.concat({swapHeads(n, past), own}, 1);
  Value whole = n.makeOptional<llm::TensorScatterOp>({longer, own, starts}, {n.whole("axis", 1)});
  present = n.transpose(whole, {0, 2, 1, 3});
  return whole;
}

Value positionsFrom(NodeBuilder &n, Value x, Value first) {
  Type element = n.element(first);
  Value steps = n.unsqueeze(indices(n, x, 1, element), {0});
  if (n.rank(first) == 1)
    return n.make<llm::AddOp>({n.unsqueeze(first, {1}), steps});
  return n.expand(n.make<llm::AddOp>({steps, first}), n.slice(n.make<llm::ShapeOfOp>({x}), 0, 0, 2));
}

Value forEachSequence(NodeBuilder &n, Value scalar, Value x) {
  if (n.rank(scalar) > 1 || (n.rank(scalar) == 1 && n.type(scalar).getDimSize(0) != 1))
    n.fail("has a past_sequence_length that is no scalar");
  return n.expand(scalar, n.slice(n.make<llm::ShapeOfOp>({x}), 0, 0, 1));
}

float scaleOf(NodeBuilder &n, Value query, float given) {
  if (given != 0)
    return given;
  int64_t headDim = n.type(query).getDimSize(3);
  if (ShapedType::isDynamic(headDim) || headDim <= 0)
    n.fail("has no scale, and heads of unknown size");
  return static_cast<float>(1.0 / std::sqrt(static_cast<double>(headDim)));
}

Value attend(NodeBuilder &n, Operands operands, Attributes given) {
  auto &[query, key, value, mask, lengths, sinks] = operands;
  n.needSame(query, key);
  n.needSame(query, value);
  if (mask) {
    // Broadcast to (batch, heads, queries, keys).
    ArrayRef<int64_t> from = n.type(query).getShape(), sizes = n.type(mask).getShape();
    int64_t wanted[] = {from[0], from[2], from[1], n.type(key).getDimSize(1)};
    for (size_t i = 0; i < sizes.size() && i < 4; ++i) {
      int64_t size = sizes[sizes.size() - 1 - i], to = wanted[3 - i];
      if (size != 1 && size != to && !ShapedType::isDynamic(size) && !ShapedType::isDynamic(to))
        n.fail("has a mask of " + std::to_string(size) + " where " + std::to_string(to) + " or 1 is needed");
    }
  }
  SmallVector<NamedAttribute> attributes = {n.real("scale", scaleOf(n, query, given.scale)),
                                            n.real("softcap", given.softcap), n.whole("window", given.window),
                                            n.whole("ahead", given.ahead)};
  if (given.causal)
    attributes.push_back(n.flag("causal"));
  return n.makeOptional<llm::AttentionOp>({query, key, value, mask, lengths, Value(), sinks}, attributes);
}

Value indices(NodeBuilder &n, Value of, int64_t axis, Type element) {
  Value zero = n.scalar(element, 0), one = n.scalar(element, 1), size = n.cast(n.sizeOf(of, axis), element);
  return n.makeTyped<llm::RangeOp>(element, n.state.facts.rangeLength(zero, size, one), {zero, size, one});
}

bool endTogether(NodeBuilder &n, const Operands &operands, Value before) {
  AffineExpr queries = sizeExpression(n, operands.query, 1), keys = sizeExpression(n, operands.key, 1);
  if (!queries || !keys)
    return false;
  AffineExpr own = queries;
  if (before) {
    auto known = n.state.facts.integers(before);
    if (!known || known->size() != 1 || !known->front())
      return false;
    own = known->front() + queries;
  }
  return own == keys || simplifyAffineExpr(keys - own, 0, n.state.sizes.symbols().size()) == 0;
}

void hideLaterKeys(NodeBuilder &n, Operands &operands, Attributes &attributes, Value before) {
  if (endTogether(n, operands, before)) {
    attributes.causal = true;
    return;
  }
  Type i64 = n.state.builder.getI64Type();
  Value places = indices(n, operands.query, 1, i64);
  if (before)
    places = n.make<llm::AddOp>({places, before});
  Value seen = n.compare("le", n.unsqueeze(indices(n, operands.key, 1, i64), {0}), n.unsqueeze(places, {1}));
  operands.mask = joinMasks(n, operands.mask, seen);
}

static bool isBoolean(NodeBuilder &n, Value mask) { return n.element(mask).isInteger(1); }

Value asNumbers(NodeBuilder &n, Value mask, Type element) {
  if (!isBoolean(n, mask))
    return mask;
  return n.make<llm::SelectOp>(
      {mask, n.scalar(element, 0), n.scalar(element, -std::numeric_limits<double>::infinity())});
}

Value joinMasks(NodeBuilder &n, Value a, Value b) {
  if (!a || !b)
    return a ? a : b;
  if (isBoolean(n, a) && isBoolean(n, b))
    return n.make<llm::AndOp>({a, b});
  Type element = n.element(isBoolean(n, a) ? b : a);
  return n.binary<llm::AddOp>(asNumbers(n, a, element), asNumbers(n, b, element));
}

Value padToKeys(NodeBuilder &n, Value mask, Value key) {
  int64_t last = n.rank(mask) - 1;
  if (last < 0)
    return mask;
  AffineExpr columns = sizeExpression(n, mask, last), keys = sizeExpression(n, key, 1);
  if (columns && keys && columns == keys)
    return mask;
  Value missing = n.make<llm::SubOp>({n.sizeOf(key, 1), n.sizeOf(mask, last)});
  Value shape = n.unsqueeze(missing, {0});
  if (last > 0)
    shape = n.concat({n.slice(n.make<llm::ShapeOfOp>({mask}), 0, 0, last), shape}, 0);
  Value filler = isBoolean(n, mask) ? n.scalar(n.element(mask), 0)
                                    : n.scalar(n.element(mask), -std::numeric_limits<double>::infinity());
  return n.concat({mask, n.expand(filler, shape)}, last);
}

Scores scoresOf(NodeBuilder &n, Operands operands, Attributes attributes) {
  Value query = swapHeads(n, operands.query), key = swapHeads(n, operands.key);
  int64_t heads = n.type(query).getDimSize(1), kvHeads = n.type(key).getDimSize(1);
  if (heads != kvHeads) {
    if (ShapedType::isDynamic(heads) || ShapedType::isDynamic(kvHeads) || kvHeads == 0 || heads % kvHeads != 0)
      n.fail("has " + std::to_string(heads) + " heads for " + std::to_string(kvHeads) + " of the keys");
    // Each key head beside itself.
    Value shape = n.make<llm::ShapeOfOp>({key}), repeats = n.vector({heads / kvHeads});
    Value wide = n.concat({n.slice(shape, 0, 0, 2), repeats, n.slice(shape, 0, 2, 4)}, 0);
    key = n.reshape(n.expand(n.unsqueeze(key, {2}), wide),
                    n.concat({n.slice(shape, 0, 0, 1), n.vector({heads}), n.slice(shape, 0, 2, 4)}, 0));
  }
  Type element = n.element(query);
  Scores scores;
  Value product = n.make<llm::MatmulOp>({query, n.transpose(key, {0, 1, 3, 2})});
  scores.raw = n.make<llm::MulOp>({product, n.scalar(element, scaleOf(n, operands.query, attributes.scale))});
  scores.capped = scores.raw;
  if (attributes.softcap > 0) {
    Value cap = n.scalar(element, attributes.softcap);
    scores.capped = n.make<llm::MulOp>({n.make<llm::TanhOp>({n.make<llm::DivOp>({scores.raw, cap})}), cap});
  }
  scores.biased = scores.capped;
  if (!operands.mask) {
    scores.weights = n.make<llm::SoftmaxOp>({scores.biased}, {n.whole("axis", 3)});
    return scores;
  }
  Value bias = n.cast(asNumbers(n, operands.mask, element), element);
  scores.biased = n.make<llm::AddOp>({scores.capped, bias});
  Value weights = n.make<llm::SoftmaxOp>({scores.biased}, {n.whole("axis", 3)});
  Value highest = n.reduce("max", bias, {n.rank(bias) - 1}, true);
  Value empty = n.compare("eq", highest, n.scalar(element, -std::numeric_limits<double>::infinity()));
  scores.weights = n.make<llm::SelectOp>({empty, n.scalar(element, 0), weights});
  return scores;
}

} // namespace lathe::attention
