// Rotary embedding of ai.onnx (23) and com.microsoft as llm.rope. Sources: their operator documents.
#include "frontend/onnx/Operators.h"

using namespace mlir;

namespace lathe {

namespace {

/// x as (batch, tokens, heads, headDim), and the way back.
struct Heads {
  Value x;
  bool isFlat;
};

Heads openHeads(NodeBuilder &n, Value x, int64_t headDim) {
  if (n.rank(x) == 4)
    return {n.transpose(x, {0, 2, 1, 3}), false};
  if (n.rank(x) != 3)
    n.fail("rotates a tensor of rank 3 or 4, got " + std::to_string(n.rank(x)));
  int64_t heads = n.integer("num_heads", 0);
  if (heads < 0 || (heads == 0 && headDim <= 0))
    n.fail("needs num_heads to tell the heads of a tensor of rank 3");
  return {heads ? n.reshape(x, {0, 0, heads, -1}) : n.reshape(x, {0, 0, -1, headDim}), true};
}

Value closeHeads(NodeBuilder &n, Heads like, Value result) {
  return like.isFlat ? n.reshape(result, {0, 0, -1}) : n.transpose(result, {0, 2, 1, 3});
}

/// Number of rotated elements: of the attribute, or what tables with `columns` columns cover.
int64_t rotatedDims(NodeBuilder &n, int64_t columns) {
  int64_t dims = n.integer("rotary_embedding_dim", 0);
  if (dims == 0 && !ShapedType::isDynamic(columns))
    dims = 2 * columns;
  if (dims <= 0 || dims % 2 != 0 || (!ShapedType::isDynamic(columns) && columns != dims / 2))
    n.fail("rotates " + std::to_string(dims) + " elements by tables of " + std::to_string(columns) + " columns");
  return dims;
}

Value rope(NodeBuilder &n, Value x, Value positions, Value cosine, Value sine, int64_t dims, bool interleaved) {
  n.needSame(x, cosine);
  n.needSame(x, sine);
  SmallVector<NamedAttribute> attributes = {n.whole("dims", dims)};
  if (interleaved)
    attributes.push_back(n.flag("interleaved"));
  return n.makeOptional<llm::RopeOp>({x, positions, Value(), cosine, sine}, attributes);
}

/// A value beside itself along the last axis. What is the cosine or sine of something is that of it beside itself, as
/// PyTorch writes it, so that one pattern finds both.
Value doubled(NodeBuilder &n, Value table) {
  auto beside = [&](Value value) { return n.concat({value, value}, n.rank(value) - 1); };
  if (auto cosine = table.getDefiningOp<llm::CosOp>())
    return n.make<llm::CosOp>({beside(cosine.getX())});
  if (auto sine = table.getDefiningOp<llm::SinOp>())
    return n.make<llm::SinOp>({beside(sine.getX())});
  return beside(table);
}

/// With cosines and sines a token (batch, tokens, dims / 2): the formula in primitive ops, over x (batch, heads,
/// tokens, headDim).
Value rotateByValues(NodeBuilder &n, Value x, Value cosine, Value sine, int64_t dims) {
  int64_t headDim = n.type(x).getDimSize(3);
  bool isPart = headDim != dims;
  Value part = isPart ? n.slice(x, 3, 0, dims) : x;
  Value first = n.slice(part, 3, 0, dims / 2), second = n.slice(part, 3, dims / 2, dims);
  Value turned = n.concat({n.make<llm::NegOp>({second}), first}, 3);
  Value cosines = n.unsqueeze(doubled(n, cosine), {1}), sines = n.unsqueeze(doubled(n, sine), {1});
  Value result = n.make<llm::AddOp>({n.make<llm::MulOp>({part, cosines}), n.make<llm::MulOp>({turned, sines})});
  return isPart ? n.concat({result, n.slice(x, 3, dims, headDim)}, 3) : result;
}

} // namespace

void buildRotary(NodeBuilder &n) { // X, cos_cache, sin_cache, position_ids
  Value x = n.in(0), cosine = n.in(1), sine = n.in(2);
  int64_t columns = n.type(cosine).getShape().empty() ? 0 : n.type(cosine).getShape().back();
  int64_t dims = rotatedDims(n, columns);
  bool interleaved = n.integer("interleaved", 0) != 0;
  if (n.has(3)) {
    Heads heads = openHeads(n, x, 0);
    return n.give(closeHeads(n, heads, rope(n, heads.x, n.in(3), cosine, sine, dims, interleaved)));
  }
  if (interleaved)
    n.fail("rotates interleaved pairs by cosines and sines of each token, which is not supported; give position_ids");
  if (n.rank(cosine) != 3 || n.rank(sine) != 3)
    n.fail("needs cosines and sines of rank 3 (batch, tokens, size) without position_ids");
  n.needSame(x, cosine);
  n.needSame(x, sine);
  if (n.rank(x) == 4) {
    if (n.type(x).isDynamicDim(3))
      n.fail("rotates heads of unknown size");
    return n.give(rotateByValues(n, x, cosine, sine, dims));
  }
  Heads heads = openHeads(n, x, 0);
  Value turned = rotateByValues(n, n.transpose(heads.x, {0, 2, 1, 3}), cosine, sine, dims);
  n.give(closeHeads(n, heads, n.transpose(turned, {0, 2, 1, 3})));
}

void buildMicrosoftRotary(NodeBuilder &n) { // input, position_ids, cos_cache, sin_cache
  Value x = n.in(0), positions = n.in(1), cosine = n.in(2), sine = n.in(3);
  if (n.integer("is_packed_batching", 0))
    n.fail("has is_packed_batching, which is not supported");
  if (n.number("scale", 1.0f) != 1.0f)
    n.fail("has a scale other than 1, which is not supported");
  if (n.rank(cosine) != 2 || n.rank(sine) != 2)
    n.fail("needs tables of rank 2");
  int64_t columns = n.type(cosine).getDimSize(1), dims = rotatedDims(n, columns);
  Heads heads = openHeads(n, x, dims);
  if (n.rank(positions) != 2) {
    // One offset for all sequences: token t has the position offset + t.
    Type element = n.element(positions);
    Value zero = n.scalar(element, 0), one = n.scalar(element, 1);
    Value shape = n.slice(n.make<llm::ShapeOfOp>({heads.x}), 0, 0, 2);
    Value length = n.cast(n.sizeOf(heads.x, 1), element);
    Value steps = n.makeTyped<llm::RangeOp>(element, n.state.facts.rangeLength(zero, length, one), {zero, length, one});
    positions = n.expand(n.make<llm::AddOp>({steps, positions}), shape);
  }
  n.give(closeHeads(n, heads, rope(n, heads.x, positions, cosine, sine, dims, n.integer("interleaved", 0) != 0)));
}

} // namespace lathe
