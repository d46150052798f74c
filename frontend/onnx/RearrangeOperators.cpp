// ONNX operators that repeat, pad or regroup elements. Source: the operator documents of ai.onnx.
#include "frontend/onnx/Operators.h"
#include "ir/llm/IndexOps.h"

using namespace mlir;

namespace lathe {

namespace {

/// The size of an axis as a vector of one element.
Value sizeVector(NodeBuilder &n, Value x, int64_t axis) {
  return n.slice(n.make<llm::ShapeOfOp>({x}), 0, axis, axis + 1);
}

} // namespace

namespace {

/// By gathering along each axis: for counts that data decides and tensors without elements, as a reshape takes a size
/// of 0 for one to keep.
Value tileByGather(NodeBuilder &n, Value x, Value repeats) {
  Value one = n.scalar(n.state.builder.getI64Type(), 1);
  for (int64_t axis = 0; axis < n.rank(x); ++axis) {
    Value size = n.sizeOf(x, axis), times = n.squeeze(n.slice(repeats, 0, axis, axis + 1), {0});
    Value places = n.make<llm::ModOp>({n.range(n.make<llm::MulOp>({size, times})), n.make<llm::MaxOp>({size, one})});
    x = n.make<llm::GatherOp>({x, places}, {n.whole("axis", axis)});
  }
  return x;
}

} // namespace

/// x (d0, d1) as (1, d0, 1, d1), expanded to (r0, d0, r1, d1), as (r0 d0, r1 d1); axes that are not repeated stay as
/// they are.
void buildTile(NodeBuilder &n) {
  Value x = n.in(0), repeats = n.cast(n.in(1), n.state.builder.getI64Type());
  int64_t rank = n.rank(x);
  if (n.rank(repeats) != 1 || n.type(repeats).getDimSize(0) != rank)
    n.fail("needs one count for each of " + std::to_string(rank) + " axes");
  auto known = n.state.facts.integers(repeats);
  SmallVector<std::optional<int64_t>> counts(rank);
  bool gathers = !known || llvm::is_contained(*known, AffineExpr()) || llvm::is_contained(n.type(x).getShape(), 0);
  for (int64_t axis = 0; axis < rank; ++axis) {
    auto number = known ? dyn_cast_or_null<AffineConstantExpr>((*known)[axis]) : AffineConstantExpr();
    if (!number)
      continue;
    counts[axis] = number.getValue();
    if (*counts[axis] < 0)
      n.fail("repeats axis " + std::to_string(axis) + " " + std::to_string(*counts[axis]) + " times");
    gathers |= *counts[axis] == 0;
  }
  if (gathers)
    return n.give(tileByGather(n, x, n.decidedSizes(repeats)));
  SmallVector<int64_t> added;
  SmallVector<Value> expanded, joined;
  for (int64_t axis = 0; axis < rank; ++axis) {
    Value size = sizeVector(n, x, axis);
    if (counts[axis] == 1) {
      expanded.push_back(size);
      joined.push_back(size);
      continue;
    }
    Value times = n.slice(repeats, 0, axis, axis + 1);
    added.push_back(axis + static_cast<int64_t>(added.size()));
    expanded.append({times, size});
    joined.push_back(n.make<llm::MulOp>({times, size}));
  }
  if (added.empty())
    return n.give(x);
  n.give(n.reshape(n.expand(n.unsqueeze(x, added), n.concat(expanded, 0)), n.concat(joined, 0)));
}

namespace {

/// Pads that are computed: along each axis elements are gathered at places that are computed too.
Value padAnywhere(NodeBuilder &n, Value x, Value pads, Value value, StringRef mode) {
  Type i64 = n.state.builder.getI64Type();
  Value zero = n.scalar(i64, 0), one = n.scalar(i64, 1);
  auto add = [&](Value a, Value b) { return n.make<llm::AddOp>({a, b}); };
  auto sub = [&](Value a, Value b) { return n.make<llm::SubOp>({a, b}); };
  auto least = [&](Value a, Value b) { return n.make<llm::MinOp>({a, b}); };
  auto most = [&](Value a, Value b) { return n.make<llm::MaxOp>({a, b}); };
  auto select = [&](Value condition, Value a, Value b) { return n.make<llm::SelectOp>({condition, a, b}); };
  for (int64_t axis = 0, rank = n.rank(x); axis < rank; ++axis) {
    auto padAt = [&](int64_t place) { return n.squeeze(n.slice(pads, 0, place, place + 1), {0}); };
    Value before = padAt(axis), after = padAt(axis + rank), size = n.sizeOf(x, axis);
    // Negative pads take elements off; what is left starts at `first`.
    Value first = most(sub(zero, before), zero), kept = add(sub(size, first), least(after, zero));
    Value count = add(kept, add(most(before, zero), most(after, zero)));
    Value at = sub(n.range(n.decidedSize(count)), most(before, zero)), last = most(sub(kept, one), zero), place;
    if (mode == "constant") { // the value is one more element after those of x
      Value shape = n.make<llm::ShapeOfOp>({x});
      Value beside = n.concat({n.slice(shape, 0, 0, axis), n.vector({1}), n.slice(shape, 0, axis + 1, rank)}, 0);
      x = n.concat({x, n.expand(value, beside)}, axis);
      Value inside = n.make<llm::AndOp>({n.compare("ge", at, zero), n.compare("lt", at, kept)});
      place = select(inside, add(at, first), size);
    } else if (mode == "edge") {
      place = add(least(most(at, zero), last), first);
    } else if (mode == "wrap") {
      place = add(n.make<llm::ModOp>({at, most(kept, one)}), first);
    } else {
      Value period = most(add(last, last), one), turned = n.make<llm::ModOp>({at, period});
      place = add(select(n.compare("lt", turned, kept), turned, sub(period, turned)), first);
    }
    x = n.make<llm::GatherOp>({x, place}, {n.whole("axis", axis)});
  }
  return x;
}

} // namespace

/// Pads and value are attributes before opset 11; axes are those of opset 18.
void buildPad(NodeBuilder &n) {
  Type i64 = n.state.builder.getI64Type();
  Value x = n.in(0), pads, value;
  int64_t rank = n.rank(x);
  std::string mode = n.text("mode", "constant");
  if (n.opset < 11) {
    auto given = n.integers("pads");
    pads = n.vector(given ? *given : n.integers("paddings").value_or(SmallVector<int64_t>()));
    value = n.scalar(n.element(x), n.number("value", 0));
  } else {
    pads = n.cast(n.in(1), i64);
    if (n.has(2)) {
      value = n.in(2);
      n.needSame(x, value);
      if (n.rank(value) != 0)
        value = n.reshape(value, ArrayRef<int64_t>());
    } else {
      value = n.scalar(n.element(x), 0);
    }
  }
  if (n.rank(pads) == 2) // (1, 2 rank), as some exporters have it
    pads = n.reshape(pads, {-1});
  if (n.rank(pads) != 1 || n.type(pads).isDynamicDim(0))
    n.fail("has pads of unknown length");
  int64_t count = n.type(pads).getDimSize(0);
  if (n.has(3) && !n.state.facts.constants(n.in(3))) { // computed axes: scattered into pads of all
    Value axes = n.cast(n.in(3), i64);
    if (n.rank(axes) != 1 || n.type(axes).isDynamicDim(0) || count != 2 * n.type(axes).getDimSize(0))
      n.fail("has " + std::to_string(count) + " pads, which is not two for each axis");
    Value size = n.reshape(n.vector({rank}), ArrayRef<int64_t>()), zero = n.scalar(i64, 0);
    axes = n.make<llm::SelectOp>({n.compare("lt", axes, zero), n.make<llm::AddOp>({axes, size}), axes});
    Value places = n.concat({axes, n.make<llm::AddOp>({axes, size})}, 0);
    Value none = n.vector(SmallVector<int64_t>(2 * rank, 0));
    pads = n.make<llm::ScatterElementsOp>({none, places, pads}, {n.whole("axis", 0)});
    count = 2 * rank;
  } else if (n.has(3)) {
    // Pads of the named axes, at their places among those of all.
    SmallVector<int64_t> axes;
    for (int64_t axis : n.constants(3, "axes"))
      axes.push_back(n.axis(axis, rank));
    n.axes(axes, rank); // no axis twice
    int64_t named = axes.size();
    if (count != 2 * named)
      n.fail("has " + std::to_string(count) + " pads for " + std::to_string(named) + " axes");
    Value none = n.vector({0});
    SmallVector<Value> parts;
    for (int64_t side = 0; side < 2; ++side)
      for (int64_t axis = 0; axis < rank; ++axis) {
        auto *found = llvm::find(axes, axis);
        int64_t at = side * named + (found - axes.begin());
        parts.push_back(found == axes.end() ? none : n.slice(pads, 0, at, at + 1));
      }
    if (!parts.empty())
      pads = n.concat(parts, 0);
    count = 2 * rank;
  }
  if (count != 2 * rank)
    n.fail("has " + std::to_string(count) + " pads for a tensor of rank " + std::to_string(rank));
  auto known = n.state.facts.integers(pads);
  bool isKnown = known && llvm::none_of(*known, [](AffineExpr pad) { return !pad; });
  n.give(isKnown ? n.pad(x, pads, value, mode) : padAnywhere(n, x, pads, value, mode));
}

namespace {

/// The sizes of (batch, channels, height, width) with channels times or divided by blocks, as vectors of one element.
struct ImageSizes {
  Value batch, channels, height, width;

  ImageSizes(NodeBuilder &n, Value x)
      : batch(sizeVector(n, x, 0)), channels(sizeVector(n, x, 1)), height(sizeVector(n, x, 2)),
        width(sizeVector(n, x, 3)) {}
};

int64_t blockOf(NodeBuilder &n, Value x) {
  int64_t block = n.integer("blocksize", 0);
  if (block < 1 || block > INT32_MAX)
    n.fail("has a blocksize of " + std::to_string(block));
  if (n.rank(x) != 4)
    n.fail("works on (batch, channels, height, width), but has a rank of " + std::to_string(n.rank(x)));
  return block;
}
bool isDepthFirst(NodeBuilder &n) {
  std::string mode = n.text("mode", "DCR");
  if (mode != "DCR" && mode != "CRD")
    n.fail("has the mode '" + mode + "', which is none of DCR and CRD");
  return mode == "DCR";
}

void needMultiple(NodeBuilder &n, Value x, int64_t axis, int64_t of) {
  int64_t size = n.type(x).getDimSize(axis);
  if (!ShapedType::isDynamic(size) && size % of != 0)
    n.fail("has the size " + std::to_string(size) + " on axis " + std::to_string(axis) + ", which is no multiple of " +
           std::to_string(of));
}

} // namespace

void buildDepthToSpace(NodeBuilder &n) {
  Value x = n.in(0);
  int64_t size = blockOf(n, x);
  bool depthFirst = isDepthFirst(n);
  needMultiple(n, x, 1, size * size);
  ImageSizes sizes(n, x);
  Value block = n.vector({size}), depth = n.make<llm::DivOp>({sizes.channels, n.vector({size * size})});
  auto grown = [&](Value value) { return n.make<llm::MulOp>({value, block}); };
  Value split = depthFirst ? n.concat({sizes.batch, block, block, depth, sizes.height, sizes.width}, 0)
                           : n.concat({sizes.batch, depth, block, block, sizes.height, sizes.width}, 0);
  Value moved = n.transpose(n.reshape(x, split),
                            depthFirst ? ArrayRef<int64_t>{0, 3, 4, 1, 5, 2} : ArrayRef<int64_t>{0, 1, 4, 2, 5, 3});
  n.give(n.reshape(moved, n.concat({sizes.batch, depth, grown(sizes.height), grown(sizes.width)}, 0)));
}

void buildSpaceToDepth(NodeBuilder &n) {
  Value x = n.in(0);
  int64_t size = blockOf(n, x);
  bool depthFirst = isDepthFirst(n);
  needMultiple(n, x, 2, size);
  needMultiple(n, x, 3, size);
  ImageSizes sizes(n, x);
  Value block = n.vector({size});
  auto shrunk = [&](Value value) { return n.make<llm::DivOp>({value, block}); };
  Value height = shrunk(sizes.height), width = shrunk(sizes.width);
  Value split = n.reshape(x, n.concat({sizes.batch, sizes.channels, height, block, width, block}, 0));
  Value moved =
      n.transpose(split, depthFirst ? ArrayRef<int64_t>{0, 3, 5, 1, 2, 4} : ArrayRef<int64_t>{0, 1, 3, 5, 2, 4});
  Value depth = n.make<llm::MulOp>({sizes.channels, n.vector({size * size})});
  n.give(n.reshape(moved, n.concat({sizes.batch, depth, height, width}, 0)));
}

} // namespace lathe
