// com.microsoft.GroupQueryAttention in the attention normal form of docs/architecture.md. Sources: its operator
// document, and ONNX Runtime's CPU kernel for what that leaves open (windows, positions of padded prompts).
#include "frontend/onnx/AttentionParts.h"
#include "frontend/onnx/Operators.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>

using namespace mlir;

namespace lathe {

using namespace attention;

namespace {

/// Whether the caches hold the last keys alone.
bool isWindowed(NodeBuilder &n) { return n.integer("sliding_window_cache", 0) != 0; }

void refuse(NodeBuilder &n) {
  for (const char *name : {"k_quant_type", "v_quant_type"})
    if (n.text(name, "NONE") != "NONE")
      n.fail("has a quantised cache (" + std::string(name) + " = " + n.text(name, "NONE") +
             "), which is not supported");
  if (n.has(12) || n.has(13))
    n.fail("has scales of a quantised cache, which is not supported");
  if (isWindowed(n)) {
    if (!n.has(3) || n.integer("local_window_size", -1) <= 0 || !n.integer("causal", 1))
      n.fail("has sliding_window_cache, but no cache or no causal window (local_window_size)");
    if (n.has(10) || n.gives(3))
      n.fail("has a cache of the window's size (sliding_window_cache) and a bias or scores of all keys, which is not "
             "supported");
  }
  if (n.integer("rotary_interleaved", 0) && !n.integer("do_rotary", 0))
    n.fail("has rotary_interleaved without do_rotary");
  if (n.has(3) != n.has(4))
    n.fail("has one of past_key and past_value; it takes both or none");
}

/// Query, key and value, apart or in one projection: columns of the query's heads, then of the keys', then of the
/// values'.
Operands readHeads(NodeBuilder &n, int64_t heads, int64_t kvHeads) {
  Value query = n.in(0);
  if (n.rank(query) != 3 || n.type(query).isDynamicDim(2))
    n.fail("takes a query of rank 3 with a known number of columns");
  if (n.has(1) != n.has(2))
    n.fail("has one of key and value; it takes both or none");
  if (heads % kvHeads != 0)
    n.fail("has " + std::to_string(heads) + " heads, which is no multiple of " + std::to_string(kvHeads));
  if (n.has(1))
    return {openHeads(n, query, heads), openHeads(n, n.in(1), kvHeads), openHeads(n, n.in(2), kvHeads), {}, {}, {}};
  int64_t width = n.type(query).getDimSize(2), all = heads + 2 * kvHeads, headDim = width / all;
  if (width % all != 0)
    n.fail("has " + std::to_string(width) + " columns, which is no multiple of " + std::to_string(all) +
           " heads of query, key and value");
  return {takeHeads(n, query, 0, heads, headDim),
          takeHeads(n, query, heads, kvHeads, headDim),
          takeHeads(n, query, heads + kvHeads, kvHeads, headDim),
          {},
          {},
          {}};
}

/// RMS norm of each head by inputs 14 and 15.
void normalizeHeads(NodeBuilder &n, Operands &operands) {
  if (n.has(14) != n.has(15))
    n.fail("has one of q_norm_weight and k_norm_weight; it takes both or none");
  if (!n.has(14))
    return;
  float both = n.number("qk_norm_epsilon", 1e-6f);
  auto norm = [&](Value x, size_t weight, const char *name) {
    n.needSame(x, n.in(weight));
    return n.make<llm::RmsNormOp>({x, n.in(weight)}, {n.real("epsilon", n.number(name, both))});
  };
  operands.query = norm(operands.query, 14, "q_norm_epsilon");
  operands.key = norm(operands.key, 15, "k_norm_epsilon");
}

void rotate(NodeBuilder &n, Operands &operands, Value first) {
  if (!n.integer("do_rotary", 0))
    return;
  Value cosine = n.in(7), sine = n.in(8);
  if (n.rank(cosine) != 2 || n.type(cosine).isDynamicDim(1))
    n.fail("needs a cosine table of rank 2 with a known number of columns");
  n.needSame(operands.query, cosine);
  n.needSame(operands.query, sine);
  Value positions = n.has(9) ? n.in(9) : positionsFrom(n, operands.query, first);
  SmallVector<NamedAttribute> attributes = {n.whole("dims", 2 * n.type(cosine).getDimSize(1))};
  if (n.integer("rotary_interleaved", 0))
    attributes.push_back(n.flag("interleaved"));
  for (Value *x : {&operands.query, &operands.key})
    *x = n.makeOptional<llm::RopeOp>({*x, positions, Value(), cosine, sine}, attributes);
}

Value sinksOf(NodeBuilder &n, Value query, int64_t heads) {
  if (n.has(11))
    return n.rank(n.in(11)) == 1 ? n.in(11) : n.reshape(n.in(11), {-1});
  if (n.integer("smooth_softmax", 0) <= 0)
    return Value();
  auto type = RankedTensorType::get({heads}, n.element(query));
  Attribute zero = n.state.builder.getFloatAttr(n.element(query), 0);
  return n.constant(DenseElementsAttr::get(type, ArrayRef<Attribute>(zero)));
}

/// Output 3: scores with the mask (qk_output = 1) or their softmax (2).
Value scores(NodeBuilder &n, Operands operands, Attributes attributes, Value first) {
  int64_t which = n.integer("qk_output", 0);
  if (which != 1 && which != 2)
    n.fail("gives its scores as output 3, but has qk_output = " + std::to_string(which) + "; 1 and 2 are known");
  Type i64 = n.state.builder.getI64Type();
  Value keys = n.unsqueeze(indices(n, operands.key, 1, i64), {0});
  Value places = n.unsqueeze(positionsFrom(n, operands.query, first), {1, 3}); // (batch, 1, T, 1)
  if (attributes.causal)
    operands.mask = joinMasks(n, operands.mask, n.compare("le", keys, places));
  if (attributes.window)
    operands.mask = joinMasks(
        n, operands.mask,
        n.compare("gt", keys, n.make<llm::SubOp>({places, n.scalar(i64, static_cast<double>(attributes.window))})));
  Scores all = scoresOf(n, operands, attributes);
  return which == 1 ? all.biased : all.weights;
}

/// How many of the last `total` (batch) keys a cache of `capacity` keeps: all that fit, and then by the operator's
/// document total - G * ceil((total - capacity) / G), G = capacity - window + 1.
Value resident(NodeBuilder &n, Value total, Value capacity, int64_t window) {
  Type i64 = n.state.builder.getI64Type();
  Value zero = n.scalar(i64, 0), one = n.scalar(i64, 1);
  Value spare = n.make<llm::SubOp>({capacity, n.scalar(i64, static_cast<double>(window - 1))});
  spare = n.make<llm::MaxOp>({spare, one});
  Value beyond = n.make<llm::MaxOp>({n.make<llm::SubOp>({total, capacity}), zero});
  Value times = n.make<llm::DivOp>({n.make<llm::SubOp>({n.make<llm::AddOp>({beyond, spare}), one}), spare});
  return n.make<llm::SubOp>({total, n.make<llm::MulOp>({spare, times})});
}

/// Rows (batch, R) along axis 1 of x (batch, S, heads, size), each sequence with rows of its own.
Value rowsOf(NodeBuilder &n, Value x, Value rows) {
  Type i64 = n.state.builder.getI64Type();
  int64_t heads = n.type(x).getDimSize(2), size = n.type(x).getDimSize(3);
  Value first = n.make<llm::MulOp>({indices(n, x, 0, i64), n.sizeOf(x, 1)});
  Value flat = n.reshape(x, {-1, heads, size});
  return n.make<llm::GatherOp>({flat, n.make<llm::AddOp>({n.unsqueeze(first, {1}), rows})}, {n.whole("axis", 0)});
}

/// The same as appendedTo() for caches that hold the last keys alone, in order from row 0 on. What is returned has the
/// keys that are there and then the own part, whose positions are as far from each other as they were; the present has
/// the last ones of them. `first` tokens were before the step, `count` of its own are no padding.
void appendToWindows(NodeBuilder &n, Operands &operands, Value first, Value count, Value &presentKey,
                     Value &presentValue) {
  Type i64 = n.state.builder.getI64Type();
  int64_t window = n.integer("local_window_size", -1);
  Value capacity = n.sizeOf(n.in(3), 2), tokens = n.sizeOf(operands.query, 1);
  Value before = resident(n, first, capacity, window);
  Value after = resident(n, n.make<llm::AddOp>({first, count}), capacity, window);
  Value dropped = n.make<llm::SubOp>({n.make<llm::AddOp>({before, count}), after});
  Value rows = n.make<llm::AddOp>({n.unsqueeze(dropped, {1}), n.unsqueeze(indices(n, n.in(3), 2, i64), {0})});
  Value last = n.make<llm::SubOp>({n.make<llm::AddOp>({capacity, tokens}), n.scalar(i64, 1)});
  rows = n.make<llm::MinOp>({rows, last});
  auto append = [&](size_t index, Value &own) {
    Value whole;
    own = appendedTo(n, n.in(index), own, before, whole);
    // The step keeps a cache of its own, of which it reads the window.
    if (auto argument = dyn_cast<BlockArgument>(n.in(index)))
      if (auto function = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp()))
        function.setArgAttr(argument.getArgNumber(), "llm.window_cache", n.state.builder.getI64IntegerAttr(window));
    return n.transpose(rowsOf(n, own, rows), {0, 2, 1, 3});
  };
  presentKey = append(3, operands.key);
  presentValue = append(4, operands.value);
  operands.lengths = n.make<llm::AddOp>({before, tokens});
}

} // namespace

// query, key, value, past_key, past_value, seqlens_k, total_sequence_length, cos_cache, sin_cache, position_ids,
// attention_bias, head_sink, k_scale, v_scale, q_norm_weight, k_norm_weight, query_seqlens
void buildGroupQueryAttention(NodeBuilder &n) {
  refuse(n);
  int64_t heads = positive(n, "num_heads"), kvHeads = positive(n, "kv_num_heads");
  Operands operands = readHeads(n, heads, kvHeads);
  for (size_t index : {3, 4})
    bindSize(n, n.inOrNull(index), 3, n.type(operands.key).getDimSize(3));

  // Sequence b has T = seqlens_k[b] + 1 tokens after the step and `first` before it; rows of the step beyond them are
  // padding on the right side.
  Value seqlens = n.in(5);
  if (!isa<IntegerType>(n.element(seqlens)))
    n.fail("has seqlens_k that are no integers");
  if (n.rank(seqlens) != 1)
    seqlens = n.reshape(seqlens, {-1});
  Type i64 = n.state.builder.getI64Type();
  Value total = n.cast(n.make<llm::AddOp>({seqlens, n.scalar(n.element(seqlens), 1)}), i64);
  Value count = n.has(16) ? n.cast(n.in(16), i64) : n.sizeOf(operands.query, 1);
  Value first = n.make<llm::MaxOp>({n.make<llm::SubOp>({total, count}), n.scalar(i64, 0)});

  normalizeHeads(n, operands);
  rotate(n, operands, first);
  Value presentKey, presentValue;
  if (isWindowed(n)) {
    if (!n.has(16))
      count = n.make<llm::MinOp>({total, count});
    appendToWindows(n, operands, first, count, presentKey, presentValue);
  } else if (n.has(3)) {
    // A cache as long as its longest sequence: the own part goes behind what each sequence has, which is the end of the
    // cache unless some are shorter.
    operands.key = appendedTo(n, n.in(3), operands.key, first, presentKey);
    operands.value = appendedTo(n, n.in(4), operands.value, first, presentValue);
    operands.lengths = n.make<llm::AddOp>({first, n.sizeOf(operands.query, 1)});
  } else {
    operands.key = withPast(n, {}, operands.key, presentKey);
    operands.value = withPast(n, {}, operands.value, presentValue);
  }
  operands.sinks = sinksOf(n, operands.query, heads);
  if (n.has(10))
    operands.mask = padToKeys(n, n.in(10), operands.key);
  Attributes attributes;
  attributes.scale = n.number("scale", 0);
  attributes.softcap = n.number("softcap", 0);
  attributes.causal = n.integer("causal", 1) != 0;
  int64_t window = n.integer("local_window_size", -1);
  attributes.window = window > 0 ? window : 0;
  n.give(closeHeads(n, attend(n, operands, attributes)));
  n.give(presentKey);
  n.give(presentValue);
  n.give(n.gives(3) ? scores(n, operands, attributes, first) : Value());
}

} // namespace lathe
