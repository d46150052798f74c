// ONNX operators of signals: transforms, windows, mel filters. Sources: the operator documents of ai.onnx.
#include "frontend/onnx/OnnxTensors.h"
#include "frontend/onnx/Operators.h"
#include "ir/llm/ConvolutionOps.h"

#include "onnx-ml.pb.h"

#include <cmath>
#include <numbers>

using namespace mlir;

namespace lathe {

namespace {

/// A scalar of integers, or a vector of one, as i64[].
Value scalarOperand(NodeBuilder &n, size_t index) {
  Value value = n.cast(n.in(index), n.state.builder.getI64Type());
  return n.rank(value) == 0 ? value : n.reshape(value, ArrayRef<int64_t>{});
}

Value whole(NodeBuilder &n, int64_t value) {
  return n.scalar(n.state.builder.getI64Type(), static_cast<double>(value));
}

Type outputType(NodeBuilder &n) {
  auto type = typeOfOnnx(static_cast<int32_t>(n.integer("output_datatype", 1)));
  if (!type || isBlockType(*type) || *type == LATHE_BOOL)
    n.fail("has an output_datatype that is not supported: " +
           onnxTypeName(static_cast<int32_t>(n.integer("output_datatype", 1))));
  return llm::elementType(n.state.builder.getContext(), *type);
}

/// The transform along an axis; `length` i64[1].
Value transform(NodeBuilder &n, Value x, Value length, int64_t axis, bool inverse, bool onesided) {
  Expressions dims = n.state.facts.dims(x);
  auto known = n.state.facts.integers(length);
  AffineExpr size = known && known->size() == 1 ? known->front() : AffineExpr();
  if (auto number = dyn_cast_or_null<AffineConstantExpr>(size); number && number.getValue() < 1)
    n.fail("has the length " + std::to_string(number.getValue()) + ", which is not above 0");
  MLIRContext *context = n.state.builder.getContext();
  dims[axis] = size && onesided && !inverse ? size.floorDiv(2) + 1 : size;
  dims.back() = getAffineConstantExpr(onesided && inverse ? 1 : 2, context);
  SmallVector<NamedAttribute> attributes = {n.whole("axis", axis)};
  if (inverse)
    attributes.push_back(n.flag("inverse"));
  if (onesided)
    attributes.push_back(n.flag("onesided"));
  return n.makeTyped<llm::DftOp>(n.element(x), dims, {x, length}, attributes);
}

void needParts(NodeBuilder &n, Value x, int64_t least) {
  int64_t parts = n.rank(x) < least ? 0 : n.type(x).getShape().back();
  if (parts != 1 && parts != 2)
    n.fail("needs an input whose last size is 1 (real) or 2 (complex), of a rank of at least " + std::to_string(least));
}

} // namespace

void buildDft(NodeBuilder &n) { // input, dft_length; from opset 20 on axis
  Value x = n.in(0);
  needParts(n, x, 2);
  bool inverse = n.integer("inverse", 0) != 0, onesided = n.integer("onesided", 0) != 0;
  int64_t axis = n.integer("axis", 1);
  if (n.opset >= 20) {
    axis = -2;
    if (n.has(2)) {
      auto given = n.constants(2, "axis");
      if (given.size() != 1)
        n.fail("needs one axis, got " + std::to_string(given.size()));
      axis = given.front();
    }
  }
  axis = n.axis(axis, n.rank(x));
  if (axis == n.rank(x) - 1)
    n.fail("transforms the last axis, which holds the parts of complex numbers");
  Value length;
  if (n.has(1))
    length = scalarOperand(n, 1);
  else if (inverse && onesided)
    length = n.make<llm::MulOp>({n.make<llm::SubOp>({n.sizeOf(x, axis), whole(n, 1)}), whole(n, 2)});
  else
    length = n.sizeOf(x, axis);
  n.give(transform(n, x, n.unsqueeze(length, {0}), axis, inverse, onesided));
}

void buildStft(NodeBuilder &n) { // signal (batch, length, parts), frame_step, window, frame_length
  Value signal = n.in(0);
  if (n.rank(signal) == 2)
    signal = n.unsqueeze(signal, {2});
  needParts(n, signal, 3);
  Value step = scalarOperand(n, 1), length = n.has(3)   ? scalarOperand(n, 3)
                                             : n.has(2) ? n.sizeOf(n.in(2), 0)
                                                        : n.sizeOf(signal, 1);
  Value count =
      n.make<llm::AddOp>({n.make<llm::DivOp>({n.make<llm::SubOp>({n.sizeOf(signal, 1), length}), step}), whole(n, 1)});
  Value begins = n.unsqueeze(n.make<llm::MulOp>({n.range(count), step}), {1});
  Value frames = n.make<llm::GatherOp>({signal, n.make<llm::AddOp>({begins, n.range(length)})}, {n.whole("axis", 1)});
  if (n.has(2))
    frames = n.binary<llm::MulOp>(frames, n.unsqueeze(n.in(2), {1}));
  bool onesided = n.integer("onesided", 1) != 0;
  n.give(transform(n, frames, n.unsqueeze(length, {0}), 2, false, onesided));
}

void buildWindow(NodeBuilder &n) { // size
  Type f64 = n.state.builder.getF64Type();
  Value size = scalarOperand(n, 0), index = n.cast(n.range(size), f64);
  Value period = n.integer("periodic", 1) ? size : n.make<llm::SubOp>({size, whole(n, 1)});
  StringRef name = n.node.op_type();
  double a0 = name == "HannWindow" ? 0.5 : name == "HammingWindow" ? 25.0 / 46.0 : 0.42;
  double a1 = name == "HannWindow" ? 0.5 : name == "HammingWindow" ? 1 - 25.0 / 46.0 : 0.5;
  Value angle =
      n.make<llm::DivOp>({n.make<llm::MulOp>({index, n.scalar(f64, 2 * std::numbers::pi)}), n.cast(period, f64)});
  auto cosine = [&](Value at, double by) { return n.make<llm::MulOp>({n.make<llm::CosOp>({at}), n.scalar(f64, by)}); };
  Value y = n.make<llm::SubOp>({n.scalar(f64, a0), cosine(angle, a1)});
  if (name == "BlackmanWindow")
    y = n.make<llm::AddOp>({y, cosine(n.make<llm::MulOp>({angle, n.scalar(f64, 2)}), 0.08)});
  n.give(n.cast(y, outputType(n)));
}

void buildMelWeights(NodeBuilder &n) { // num_mel_bins, dft_length, sample_rate, lower_edge_hertz, upper_edge_hertz
  Type f64 = n.state.builder.getF64Type();
  Value bins = scalarOperand(n, 0), length = scalarOperand(n, 1), rate = n.cast(scalarOperand(n, 2), f64);
  auto hertz = [&](size_t index) {
    Value value = n.cast(n.in(index), f64);
    return n.rank(value) == 0 ? value : n.reshape(value, ArrayRef<int64_t>{});
  };
  auto number = [&](double value) { return n.scalar(f64, value); };
  constexpr double perDecade = 2595;
  auto mel = [&](Value value) { // 2595 log10(1 + f / 700)
    Value ratio = n.make<llm::AddOp>({n.make<llm::DivOp>({value, number(700)}), number(1)});
    return n.make<llm::MulOp>({n.make<llm::LogOp>({ratio}), number(perDecade / std::numbers::ln10)});
  };
  Value low = mel(hertz(3)), high = mel(hertz(4)), points = n.make<llm::AddOp>({bins, whole(n, 2)});
  Value step = n.make<llm::DivOp>({n.make<llm::SubOp>({high, low}), n.cast(points, f64)});
  Value edges = n.make<llm::AddOp>({n.make<llm::MulOp>({n.cast(n.range(points), f64), step}), low});
  edges = n.make<llm::ExpOp>({n.make<llm::MulOp>({edges, number(std::numbers::ln10 / perDecade)})});
  edges = n.make<llm::MulOp>({n.make<llm::SubOp>({edges, number(1)}), number(700)});
  edges = n.make<llm::MulOp>({edges, n.cast(n.make<llm::AddOp>({length, whole(n, 1)}), f64)});
  edges = n.make<llm::FloorOp>({n.make<llm::DivOp>({edges, rate})});
  // Triangles over the bins: from their lower edge to 1 at the centre, and back to 0 at the upper edge.
  auto edge = [&](int64_t from) {
    return n.slice(edges, n.vector({from}), n.unsqueeze(n.make<llm::AddOp>({bins, whole(n, from)}), {0}), {0}, {1});
  };
  Value lower = edge(0), centre = edge(1), upper = edge(2);
  Value spectrum = n.make<llm::AddOp>({n.make<llm::DivOp>({length, whole(n, 2)}), whole(n, 1)});
  Value at = n.unsqueeze(n.cast(n.range(spectrum), f64), {1});
  auto slope = [&](Value a, Value b, Value c, Value d) { // (a - b) / (c - d)
    return n.make<llm::DivOp>({n.make<llm::SubOp>({a, b}), n.make<llm::SubOp>({c, d})});
  };
  auto both = [&](Value a, Value b) { return n.make<llm::AndOp>({a, b}); };
  Value zero = number(0), isCentre = n.compare("eq", at, centre);
  Value rising = both(n.compare("ge", at, lower), n.compare("le", at, centre));
  Value falling = both(n.compare("ge", at, centre), n.compare("lt", at, upper));
  Value up = n.make<llm::SelectOp>({n.compare("eq", lower, centre), n.make<llm::SelectOp>({isCentre, number(1), zero}),
                                    slope(at, lower, centre, lower)});
  Value y = n.make<llm::SelectOp>({rising, up, zero});
  y = n.make<llm::SelectOp>({falling, slope(upper, at, upper, centre), y});
  n.give(n.cast(y, outputType(n)));
}

} // namespace lathe
