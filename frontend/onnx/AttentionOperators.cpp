// Attention of ai.onnx (23 and later) in the attention normal form of docs/architecture.md. Source: its operator
// document.
#include "frontend/onnx/AttentionParts.h"
#include "frontend/onnx/Operators.h"

using namespace mlir;

namespace lathe {

using namespace attention;

namespace {

/// A bound of the window, which `name` counts without the query's own place; nothing when it is -1.
std::optional<int64_t> bound(NodeBuilder &n, StringRef name) {
  int64_t value = n.integer(name, -1);
  if (value < -1 || value > INT32_MAX)
    n.fail("needs " + name.str() + " of -1 or more, got " + std::to_string(value));
  return value < 0 ? std::nullopt : std::optional(value);
}

/// Where the queries stand among the keys, (T, 1), or (batch, 1, T, 1) where that depends on the sequence.
Value placesOf(NodeBuilder &n, const Operands &operands, Value before) {
  Type i64 = n.state.builder.getI64Type();
  Value steps = n.unsqueeze(indices(n, operands.query, 1, i64), {1});
  if (operands.lengths)
    before = n.unsqueeze(n.make<llm::SubOp>({n.cast(operands.lengths, i64), n.sizeOf(operands.query, 1)}), {1, 2, 3});
  return before ? n.make<llm::AddOp>({steps, before}) : steps;
}

void hideOutsideOfWindow(NodeBuilder &n, Operands &operands, Attributes &attributes, Value before) {
  std::optional<int64_t> left = bound(n, "left_window_size"), right = bound(n, "right_window_size");
  Type i64 = n.state.builder.getI64Type();
  Value keys = n.unsqueeze(indices(n, operands.key, 1, i64), {0});
  bool aligned = operands.lengths || endTogether(n, operands, before);
  if (right && !attributes.causal) {
    if (aligned && *right == 0)
      attributes.causal = true;
    else if (aligned)
      attributes.ahead = *right;
    else
      operands.mask = joinMasks(
          n, operands.mask,
          n.compare("le", keys,
                    n.make<llm::AddOp>({placesOf(n, operands, before), n.scalar(i64, static_cast<double>(*right))})));
  }
  if (left) { // as an attribute where something bounds the other side too
    if (aligned && (attributes.causal || attributes.ahead >= 0))
      attributes.window = *left + 1;
    else
      operands.mask = joinMasks(
          n, operands.mask,
          n.compare("ge", keys,
                    n.make<llm::SubOp>({placesOf(n, operands, before), n.scalar(i64, static_cast<double>(*left))})));
  }
}

/// Output 3: scores or weights, by qk_matmul_output_mode.
Value giveScores(NodeBuilder &n, Operands operands, Attributes attributes, Value before) {
  int64_t mode = n.integer("qk_matmul_output_mode", 0);
  Type i64 = n.state.builder.getI64Type();
  Value keys = n.unsqueeze(indices(n, operands.key, 1, i64), {0});
  Operands all = operands;
  if (attributes.causal)
    all.mask = joinMasks(n, all.mask, n.compare("le", keys, placesOf(n, operands, before)));
  if (attributes.ahead >= 0)
    all.mask = joinMasks(n, all.mask,
                         n.compare("le", keys,
                                   n.make<llm::AddOp>({placesOf(n, operands, before),
                                                       n.scalar(i64, static_cast<double>(attributes.ahead))})));
  if (attributes.window)
    all.mask = joinMasks(n, all.mask,
                         n.compare("gt", keys,
                                   n.make<llm::SubOp>({placesOf(n, operands, before),
                                                       n.scalar(i64, static_cast<double>(attributes.window))})));
  if (operands.lengths)
    all.mask = joinMasks(n, all.mask, n.compare("lt", keys, n.unsqueeze(n.cast(operands.lengths, i64), {1, 2, 3})));
  Scores scores = scoresOf(n, all, attributes);
  switch (mode) {
  case 0:
    return scores.raw;
  case 1:
    return scores.capped;
  case 2:
    return scores.biased;
  case 3:
    return scores.weights;
  }
  n.fail("has the qk_matmul_output_mode " + std::to_string(mode) + "; 0 to 3 are known");
}

} // namespace

void buildAttention(NodeBuilder &n) { // Q, K, V, attn_mask, past_key, past_value, nonpad_kv_seqlen
  Operands operands{n.in(0), n.in(1), n.in(2), {}, {}, {}};
  auto &[query, key, value, mask, lengths, sinks] = operands;
  bool isFlat = n.rank(query) == 3;
  if (isFlat) {
    int64_t heads = positive(n, "q_num_heads"), kvHeads = positive(n, "kv_num_heads");
    query = openHeads(n, query, heads), key = openHeads(n, key, kvHeads), value = openHeads(n, value, kvHeads);
  } else {
    query = swapHeads(n, query), key = swapHeads(n, key), value = swapHeads(n, value);
  }
  if (n.has(4) != n.has(5))
    n.fail("has one of past_key and past_value; it takes both or none");
  if (n.has(4) && n.has(6))
    n.fail("has past_key and nonpad_kv_seqlen; it takes one of them");
  bindSize(n, n.inOrNull(4), 3, n.type(key).getDimSize(3));
  bindSize(n, n.inOrNull(5), 3, n.type(value).getDimSize(3));
  Value presentKey, presentValue;
  key = withPast(n, n.inOrNull(4), key, presentKey);
  value = withPast(n, n.inOrNull(5), value, presentValue);
  if (n.has(3))
    mask = padToKeys(n, n.in(3), key);
  if (n.has(6))
    lengths = n.rank(n.in(6)) == 1 ? n.in(6) : n.reshape(n.in(6), {-1});
  Attributes attributes;
  attributes.scale = n.number("scale", 0);
  attributes.softcap = n.number("softcap", 0);
  Value before = n.has(4) ? n.sizeOf(n.in(4), 2) : Value();
  if (n.integer("is_causal", 0)) {
    if (lengths)
      attributes.causal = true;
    else
      hideLaterKeys(n, operands, attributes, before);
  }
  hideOutsideOfWindow(n, operands, attributes, before);
  Value result = attend(n, operands, attributes);
  n.give(isFlat ? closeHeads(n, result) : n.transpose(result, {0, 2, 1, 3}));
  n.give(presentKey);
  n.give(presentValue);
  n.give(n.gives(3) ? giveScores(n, operands, attributes, before) : Value());
}

} // namespace lathe
