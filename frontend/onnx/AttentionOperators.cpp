// Attention of ai.onnx (23) and com.microsoft.GroupQueryAttention in the attention normal form of docs/architecture.md.
// Sources: their operator documents, and ONNX Runtime's CPU kernel for what those leave open (windows, positions of
// padded prompts).
#include "frontend/onnx/Operators.h"

#include <llvm/ADT/APFloat.h>

#include <cmath>

using namespace mlir;

namespace lathe {

namespace {

int64_t positive(NodeBuilder &n, StringRef name) {
  int64_t value = n.integer(name, 0);
  if (value <= 0 || value > INT32_MAX)
    n.fail("needs " + name.str() + " above 0, got " + std::to_string(value));
  return value;
}

/// (batch, tokens, heads * size) -> (batch, tokens, heads, size).
Value openHeads(NodeBuilder &n, Value x, int64_t heads) {
  if (n.rank(x) != 3)
    n.fail("takes query, key and value of rank 3, got " + std::to_string(n.rank(x)));
  int64_t width = n.type(x).getDimSize(2);
  if (!ShapedType::isDynamic(width) && width % heads != 0)
    n.fail("has " + std::to_string(width) + " columns, which is no multiple of " + std::to_string(heads) + " heads");
  return n.reshape(x, {0, 0, heads, ShapedType::isDynamic(width) ? -1 : width / heads});
}

/// (batch, heads, tokens, size) <-> (batch, tokens, heads, size).
Value swapHeads(NodeBuilder &n, Value x) {
  if (n.rank(x) != 4)
    n.fail("takes caches of rank 4, got " + std::to_string(n.rank(x)));
  return n.transpose(x, {0, 2, 1, 3});
}

struct Attributes {
  float scale = 0; // 0: 1 / sqrt(head size)
  float softcap = 0;
  bool causal = false;
  int64_t window = 0;
};

Value attend(NodeBuilder &n, Value query, Value key, Value value, Value mask, Value lengths, Value sinks,
             Attributes given) {
  int64_t headDim = n.type(query).getDimSize(3);
  if (given.scale == 0) {
    if (ShapedType::isDynamic(headDim) || headDim <= 0)
      n.fail("has no scale, and heads of unknown size");
    given.scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(headDim)));
  }
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
  SmallVector<NamedAttribute> attributes = {n.real("scale", given.scale), n.real("softcap", given.softcap),
                                            n.whole("window", given.window)};
  if (given.causal)
    attributes.push_back(n.flag("causal"));
  return n.makeOptional<llm::AttentionOp>({query, key, value, mask, lengths, Value(), sinks}, attributes);
}

/// Cache and own part; the whole as the model returns it goes to `present`.
Value withPast(NodeBuilder &n, Value past, Value own, Value &present) {
  Value whole = past ? n.concat({swapHeads(n, past), own}, 1) : own;
  present = n.transpose(whole, {0, 2, 1, 3});
  return whole;
}

} // namespace

void buildAttention(NodeBuilder &n) { // Q, K, V, attn_mask, past_key, past_value, nonpad_kv_seqlen
  if (n.gives(3))
    n.fail("gives its scores as output 3, which is not supported");
  Value query = n.in(0), key = n.in(1), value = n.in(2);
  bool isFlat = n.rank(query) == 3;
  if (isFlat) {
    int64_t heads = positive(n, "q_num_heads"), kvHeads = positive(n, "kv_num_heads");
    query = openHeads(n, query, heads), key = openHeads(n, key, kvHeads), value = openHeads(n, value, kvHeads);
  } else {
    query = swapHeads(n, query), key = swapHeads(n, key), value = swapHeads(n, value);
  }
  if (n.has(4) != n.has(5))
    n.fail("has one of past_key and past_value; it takes both or none");
  Value presentKey, presentValue;
  key = withPast(n, n.inOrNull(4), key, presentKey);
  value = withPast(n, n.inOrNull(5), value, presentValue);
  Attributes attributes;
  attributes.scale = n.number("scale", 0);
  attributes.softcap = n.number("softcap", 0);
  attributes.causal = n.integer("is_causal", 0) != 0;
  if (attributes.causal && !n.has(4)) {
    // Without a cache the operator aligns queries and keys at their first token, llm.attention at their last.
    AffineExpr queries = n.state.facts.dims(query)[1], keys = n.state.facts.dims(key)[1];
    if (!queries || queries != keys)
      n.fail("is causal with numbers of queries and keys that are not known to be equal, which is not supported");
  }
  Value mask = n.inOrNull(3), lengths = n.inOrNull(6);
  if (lengths && attributes.causal)
    n.fail("has nonpad_kv_seqlen and is causal, which is not supported");
  if (lengths && n.rank(lengths) != 1)
    lengths = n.reshape(lengths, {-1});
  Value result = attend(n, query, key, value, mask, lengths, Value(), attributes);
  n.give(isFlat ? n.reshape(result, {0, 0, -1}) : n.transpose(result, {0, 2, 1, 3}));
  n.give(presentKey);
  n.give(presentValue);
}

namespace {

/// The mask (batch, length) whose sum of ones, less one, is seqlens_k, as the genai builder writes it; or null.
Value maskBehind(NodeBuilder &n, Value seqlens) {
  bool lessOne = false;
  for (Operation *op = seqlens.getDefiningOp(); op; op = seqlens.getDefiningOp()) {
    if (isa<llm::CastOp, llm::SqueezeOp, llm::UnsqueezeOp, llm::ReshapeOp>(op)) {
      seqlens = op->getOperand(0);
    } else if (auto less = dyn_cast<llm::SubOp>(op); less && !lessOne) {
      auto by = n.state.facts.constants(less.getRhs());
      if (!by || by->size() != 1 || by->front() != 1)
        return Value();
      lessOne = true;
      seqlens = less.getLhs();
    } else if (auto sum = dyn_cast<llm::ReduceOp>(op)) {
      bool isLength = lessOne && sum.getKind() == llm::Reduction::sum && n.rank(sum.getX()) == 2 &&
                      sum.getAxes() == ArrayRef<int64_t>{1};
      return isLength ? sum.getX() : Value();
    } else {
      return Value();
    }
  }
  return Value();
}

/// Positions (batch, tokens) of the step's tokens: past + t where the mask's size says that all tokens so far are
/// counted, else by the lengths. (A prompt that is padded on its right side is shorter than its tokens; it begins at
/// position 0 all the same.)
Value positionsOf(NodeBuilder &n, Value query, Value past, Value seqlens, Value lengths) {
  Expressions sizes = n.state.facts.dims(query);
  AffineExpr batch = sizes[0], tokens = sizes[1];
  AffineExpr before = past ? n.state.facts.dims(past)[2] : getAffineConstantExpr(0, n.state.builder.getContext());
  Type i64 = n.state.builder.getI64Type();
  if (Value mask = maskBehind(n, seqlens); mask && batch && tokens && before) {
    Expressions counted = n.state.facts.dims(mask);
    if (counted[0] == batch && counted[1] == before + tokens) {
      auto map =
          AffineMap::get(0, n.state.sizes.symbols().size(), {batch, tokens, before}, n.state.builder.getContext());
      return n.makeTyped<llm::PositionsOp>(i64, {batch, tokens}, {}, {n.attribute("sizes", AffineMapAttr::get(map))});
    }
  }
  Value count = n.sizeOf(query, 1), zero = n.scalar(i64, 0), one = n.scalar(i64, 1);
  Value first = n.make<llm::MaxOp>({n.make<llm::SubOp>({n.cast(lengths, i64), count}), zero});
  Value steps = n.makeTyped<llm::RangeOp>(i64, n.state.facts.rangeLength(zero, count, one), {zero, count, one});
  return n.make<llm::AddOp>({n.unsqueeze(first, {1}), n.unsqueeze(steps, {0})});
}

void refuse(NodeBuilder &n) {
  if (n.gives(3))
    n.fail("gives its scores as output 3, which is not supported");
  for (const char *name : {"k_quant_type", "v_quant_type"})
    if (n.text(name, "NONE") != "NONE")
      n.fail("has a quantised cache, which is not supported");
}

} // namespace

// query, key, value, past_key, past_value, seqlens_k, total_sequence_length, cos_cache, sin_cache, position_ids,
// attention_bias, head_sink
void buildGroupQueryAttention(NodeBuilder &n) {
  refuse(n);
  int64_t heads = positive(n, "num_heads"), kvHeads = positive(n, "kv_num_heads");
  Value query = n.in(0), key, value;
  if (n.rank(query) != 3 || n.type(query).isDynamicDim(2))
    n.fail("takes a query of rank 3 with a known number of columns");
  int64_t width = n.type(query).getDimSize(2), headDim = 0;
  if (n.has(1)) {
    headDim = width / heads;
    key = openHeads(n, n.in(1), kvHeads), value = openHeads(n, n.in(2), kvHeads);
    query = openHeads(n, query, heads);
  } else {
    // One projection: columns of the query's heads, then of the keys', then of the values'.
    int64_t all = heads + 2 * kvHeads;
    headDim = width / all;
    if (width % all != 0)
      n.fail("has " + std::to_string(width) + " columns, which is no multiple of " + std::to_string(all) +
             " heads of query, key and value");
    Value packed = query;
    auto part = [&](int64_t begin, int64_t count) {
      return openHeads(n, n.slice(packed, 2, begin * headDim, (begin + count) * headDim), count);
    };
    query = part(0, heads), key = part(heads, kvHeads), value = part(heads + kvHeads, kvHeads);
  }
  if (n.has(3) != n.has(4))
    n.fail("has one of past_key and past_value; it takes both or none");
  for (size_t index : {3, 4})
    if (n.has(index) && n.rank(n.in(index)) == 4 && n.type(n.in(index)).isDynamicDim(3))
      if (AffineExpr size = n.state.facts.dims(n.in(index))[3])
        n.state.bindings.push_back({size, headDim}); // files name the head size of a cache instead of giving it

  Value seqlens = n.in(5);
  if (!isa<IntegerType>(n.element(seqlens)))
    n.fail("has seqlens_k that are no integers");
  Value last = n.rank(seqlens) == 1 ? seqlens : n.reshape(seqlens, {-1});
  Value lengths = n.make<llm::AddOp>({last, n.scalar(n.element(last), 1)});
  if (n.integer("do_rotary", 0)) {
    Value cosine = n.in(7), sine = n.in(8);
    if (n.rank(cosine) != 2 || n.type(cosine).isDynamicDim(1))
      n.fail("needs a cosine table of rank 2 with a known number of columns");
    n.needSame(query, cosine);
    n.needSame(query, sine);
    Value positions = n.has(9) ? n.in(9) : positionsOf(n, query, n.inOrNull(3), seqlens, lengths);
    SmallVector<NamedAttribute> attributes = {n.whole("dims", 2 * n.type(cosine).getDimSize(1))};
    if (n.integer("rotary_interleaved", 0))
      attributes.push_back(n.flag("interleaved"));
    query = n.makeOptional<llm::RopeOp>({query, positions, Value(), cosine, sine}, attributes);
    key = n.makeOptional<llm::RopeOp>({key, positions, Value(), cosine, sine}, attributes);
  }
  Value presentKey, presentValue, sinks = n.inOrNull(11);
  key = withPast(n, n.inOrNull(3), key, presentKey);
  value = withPast(n, n.inOrNull(4), value, presentValue);
  if (!sinks && n.integer("smooth_softmax", 0) > 0) {
    auto type = RankedTensorType::get({heads}, n.element(query));
    sinks = n.constant(
        DenseElementsAttr::get(type, ArrayRef<Attribute>(n.state.builder.getFloatAttr(n.element(query), 0))));
  }
  Attributes attributes;
  attributes.scale = n.number("scale", 0);
  attributes.softcap = n.number("softcap", 0);
  attributes.causal = true;
  int64_t window = n.integer("local_window_size", -1);
  attributes.window = window > 0 ? window : 0;
  Value result = attend(n, query, key, value, n.inOrNull(10), lengths, sinks, attributes);
  n.give(n.reshape(result, {0, 0, heads * headDim}));
  n.give(presentKey);
  n.give(presentValue);
}

} // namespace lathe
