// Operators of com.microsoft that make biases of attention, or take padding out of a batch and put it back. Sources:
// their operator documents.
#include "frontend/onnx/AttentionParts.h"
#include "frontend/onnx/Operators.h"

#include <cmath>

using namespace mlir;

namespace lathe {

using namespace attention;

void buildRelativePositionBias(NodeBuilder &n) { // bias_table, query_length, key_length
  Value table = n.in(0);
  int64_t most = n.integer("max_distance", 0);
  bool bothWays = n.integer("is_bidirectional", 0) != 0;
  if (n.rank(table) != 2 || n.type(table).isDynamicDim(0))
    n.fail("needs a table (buckets, heads) with a known number of buckets");
  int64_t buckets = n.type(table).getDimSize(0);
  if (bothWays)
    buckets /= 2;
  int64_t exact = buckets / 2; // buckets of one distance each
  if (exact < 1 || most <= exact)
    n.fail("has " + std::to_string(buckets) + " buckets for distances up to " + std::to_string(most));
  Type i64 = n.state.builder.getI64Type(), f32 = n.state.builder.getF32Type();
  auto scalar = [&](double value) { return n.scalar(i64, value); };
  auto count = [&](size_t index) {
    Value length = n.in(index);
    return n.cast(n.rank(length) == 0 ? length
                                      : n.reshape(length, n.constant(DenseElementsAttr::get(
                                                              RankedTensorType::get({0}, i64), ArrayRef<Attribute>()))),
                  i64);
  };
  auto steps = [&](Value length) {
    Value zero = scalar(0), one = scalar(1);
    return n.makeTyped<llm::RangeOp>(i64, n.state.facts.rangeLength(zero, length, one), {zero, length, one});
  };
  Value queries = steps(count(1)), keys = steps(count(2));
  // How far a key lies before its query, or after it in buckets of its own.
  Value ahead = n.make<llm::SubOp>({n.unsqueeze(keys, {0}), n.unsqueeze(queries, {1})});
  Value distance = n.make<llm::MaxOp>({n.make<llm::NegOp>({ahead}), scalar(0)}), first;
  if (bothWays) {
    distance = n.make<llm::AbsOp>({ahead});
    first = n.make<llm::SelectOp>({n.compare("gt", ahead, scalar(0)), scalar(static_cast<double>(buckets)), scalar(0)});
  }
  Value near = n.compare("lt", distance, scalar(static_cast<double>(exact)));
  Value ratio = n.make<llm::DivOp>(
      {n.cast(n.make<llm::MaxOp>({distance, scalar(1)}), f32), n.scalar(f32, static_cast<double>(exact))});
  double scale =
      static_cast<double>(buckets - exact) / std::log(static_cast<double>(most) / static_cast<double>(exact));
  Value far = n.cast(n.make<llm::MulOp>({n.make<llm::LogOp>({ratio}), n.scalar(f32, scale)}), i64);
  far = n.make<llm::MinOp>(
      {n.make<llm::AddOp>({far, scalar(static_cast<double>(exact))}), scalar(static_cast<double>(buckets - 1))});
  Value bucket = n.make<llm::SelectOp>({near, distance, far});
  if (first)
    bucket = n.make<llm::AddOp>({bucket, first});
  Value bias = n.make<llm::GatherOp>({table, bucket}, {n.whole("axis", 0)}); // (queries, keys, heads)
  n.give(n.unsqueeze(n.transpose(bias, {2, 0, 1}), {0}));
}

// query_layer, query_bias, rel_pos, weight, bias, eco_a, token_offset
void buildGatedRelativePositionBias(NodeBuilder &n) {
  if (n.has(6))
    n.fail("has packed tokens (token_offset), which is not supported");
  int64_t heads = positive(n, "num_heads");
  Value query = swapHeads(n, openHeads(n, n.binary<llm::AddOp>(n.in(0), n.in(1)), heads));
  Value gates = n.binary<llm::AddOp>(n.binary<llm::MatmulOp>(query, n.in(3)), n.in(4)); // (batch, heads, tokens, D)
  int64_t width = n.type(gates).getDimSize(3);
  if (ShapedType::isDynamic(width) || width % 2 != 0)
    n.fail("has a weight of " + std::to_string(width) + " columns, which are no two gates");
  auto gate = [&](int64_t i) {
    Value half = n.slice(gates, 3, i * (width / 2), (i + 1) * (width / 2));
    return n.make<llm::SigmoidOp>({n.reduce("sum", half, {3}, true)});
  };
  Value one = n.scalar(n.element(query), 1), two = n.scalar(n.element(query), 2);
  Value inner = n.make<llm::SubOp>({n.binary<llm::MulOp>(gate(1), n.in(5)), one});
  Value factor = n.make<llm::AddOp>({n.make<llm::MulOp>({gate(0), inner}), two});
  n.give(n.binary<llm::MulOp>(factor, n.in(2)));
}

} // namespace lathe
