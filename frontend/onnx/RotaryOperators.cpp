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

/// Elements 0, 2, .. and 1, 3, .. of the last axis.
Value everySecond(NodeBuilder &n, Value x, int64_t first) {
  return n.slice(x, n.vector({first}), n.vector({INT64_MAX}), {n.rank(x) - 1}, {2});
}

/// With cosines and sines a token (batch, tokens, dims / 2): the formula in primitive ops, over x (batch, heads,
/// tokens, headDim).
Value rotateByValues(NodeBuilder &n, Value x, Value cosine, Value sine, int64_t dims, bool interleaved) {
  int64_t headDim = n.type(x).getDimSize(3);
  bool isPart = headDim != dims;
  Value part = isPart ? n.slice(x, 3, 0, dims) : x, result;
  if (interleaved) {
    Value first = everySecond(n, part, 0), second = everySecond(n, part, 1);
    Value cosines = n.unsqueeze(cosine, {1}), sines = n.unsqueeze(sine, {1});
    Value even = n.make<llm::SubOp>({n.make<llm::MulOp>({first, cosines}), n.make<llm::MulOp>({second, sines})});
    Value odd = n.make<llm::AddOp>({n.make<llm::MulOp>({second, cosines}), n.make<llm::MulOp>({first, sines})});
    result = n.reshape(n.concat({n.unsqueeze(even, {4}), n.unsqueeze(odd, {4})}, 4), {0, 0, 0, dims});
  } else {
    Value first = n.slice(part, 3, 0, dims / 2), second = n.slice(part, 3, dims / 2, dims);
    Value turned = n.concat({n.make<llm::NegOp>({second}), first}, 3);
    Value cosines = n.unsqueeze(doubled(n, cosine), {1}), sines = n.unsqueeze(doubled(n, sine), {1});
    result = n.make<llm::AddOp>({n.make<llm::MulOp>({part, cosines}), n.make<llm::MulOp>({turned, sines})});
  }
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
  if (n.rank(cosine) != 3 || n.rank(sine) != 3)
    n.fail("needs cosines and sines of rank 3 (batch, tokens, size) without position_ids");
  n.needSame(x, cosine);
  n.needSame(x, sine);
  if (n.rank(x) == 4) {
    if (n.type(x).isDynamicDim(3))
      n.fail("rotates heads of unknown size");
    return n.give(rotateByValues(n, x, cosine, sine, dims, interleaved));
  }
  Heads heads = openHeads(n, x, 0);
  Value turned = rotateByValues(n, n.transpose(heads.x, {0, 2, 1, 3}), cosine, sine, dims, interleaved);
  n.give(closeHeads(n, heads, n.transpose(turned, {0, 2, 1, 3})));
}

/// ONNX Runtime's kernels look neither at `scale` nor, for input of this form, at `is_packed_batching`.
void buildMicrosoftRotary(NodeBuilder &n) { // input, position_ids, cos_cache, sin_cache
  Value x = n.in(0), positions = n.in(1), cosine = n.in(2), sine = n.in(3);
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

namespace {

/// A row (batch, tokens, columns) of a table for each token, columns taken from the rows of three positions.
Value mixedRows(NodeBuilder &n, Value table, Value positions, ArrayRef<int64_t> sections, bool spread) {
  int64_t columns = n.type(table).getDimSize(1);
  Value rows[3];
  for (int64_t i = 0; i < 3; ++i)
    rows[i] = n.make<llm::GatherOp>({table, n.squeeze(n.slice(positions, 0, i, i + 1), {0})}, {n.whole("axis", 0)});
  if (!spread) { // one section after the other
    SmallVector<Value> parts;
    for (int64_t i = 0, begin = 0; i < 3; begin += sections[i++])
      if (sections[i])
        parts.push_back(n.slice(rows[i], 2, begin, begin + sections[i]));
    return parts.size() == 1 ? parts.front() : n.concat(parts, 2);
  }
  // Every third column from 1 on by the second position, from 2 on by the third, as many as their sections have.
  Value result = rows[0];
  for (int64_t i = 1; i < 3; ++i) {
    SmallVector<bool> here(columns);
    for (int64_t column = i; column < std::min(columns, 3 * sections[i]); column += 3)
      here[column] = true;
    auto type = RankedTensorType::get({columns}, n.state.builder.getI1Type());
    result = n.make<llm::SelectOp>({n.constant(DenseElementsAttr::get(type, here)), rows[i], result});
  }
  return result;
}

} // namespace

void buildThreefoldRotary(NodeBuilder &n) { // input, position_ids (3, batch, tokens), cos_cache, sin_cache
  Value x = n.in(0), positions = n.in(1), cosine = n.in(2), sine = n.in(3);
  if (n.rank(cosine) != 2 || n.rank(sine) != 2 || n.rank(positions) != 3 || n.type(cosine).isDynamicDim(1))
    n.fail("needs tables of rank 2 with a known number of columns and positions of rank 3");
  int64_t columns = n.type(cosine).getDimSize(1), dims = rotatedDims(n, columns);
  SmallVector<int64_t> sections = n.integers("mrope_section").value_or(SmallVector<int64_t>());
  if (sections.size() != 3 || llvm::any_of(sections, [&](int64_t size) { return size < 0 || size > columns; }) ||
      sections[0] + sections[1] + sections[2] != columns)
    n.fail("needs three sections (mrope_section) of " + std::to_string(columns) + " columns together");
  bool spread = n.integer("mrope_layout", 0) != 0;
  n.needSame(x, cosine);
  n.needSame(x, sine);
  Value cosines = mixedRows(n, cosine, positions, sections, spread);
  Value sines = mixedRows(n, sine, positions, sections, spread);
  Heads heads = openHeads(n, x, dims);
  Value turned =
      rotateByValues(n, n.transpose(heads.x, {0, 2, 1, 3}), cosines, sines, dims, n.integer("interleaved", 0) != 0);
  n.give(closeHeads(n, heads, n.transpose(turned, {0, 2, 1, 3})));
}

} // namespace lathe
