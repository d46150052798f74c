// The meaning of ir/llm/ControlOps.td.
#include "ir/llm/ControlOps.h"
#include "ir/reference/Families.h"

#include <algorithm>

using namespace mlir;

namespace lathe::reference {

Status defineSize(StringRef symbol, const Tensor &value, SymbolValues &symbols) {
  constexpr int64_t most = int64_t(1) << 48;
  int64_t size = value.values<int64_t>().front();
  if (size < 0 || size > most)
    return Status::failure("the size '" + symbol.str() + "' came out as " + std::to_string(size));
  for (size_t i = 0; i < symbols.names.size(); ++i)
    if (symbols.names[i] == symbol.str()) {
      symbols.values[i] = size;
      return Status::success();
    }
  return Status::failure("'" + symbol.str() + "' is no symbol of the function");
}

static Result<Tensor> nonZero(const Tensor &x, const Tensor &count) {
  Shape shape = x.rank() ? x.shape() : Shape{1};
  int64_t wanted = count.values<int64_t>().front(), axes = shape.size(), found = 0;
  Result<Tensor> zeros = Tensor::zeros(LATHE_I64, {axes, wanted});
  if (!zeros)
    return zeros;
  std::vector<int64_t> places(axes * wanted);
  std::vector<double> values = x.values<double>();
  for (int64_t i = 0; i < x.size() && found < wanted; ++i) {
    if (values[i] == 0)
      continue;
    int64_t rest = i;
    for (int64_t axis = axes - 1; axis >= 0; --axis) {
      places[axis * wanted + found] = rest % shape[axis];
      rest /= shape[axis];
    }
    ++found;
  }
  if (found < wanted)
    return Status::failure("has " + std::to_string(found) + " elements that are not 0, " + std::to_string(wanted) +
                           " are wanted");
  return Tensor::ofValues<int64_t>(LATHE_I64, {axes, wanted}, places);
}

static Result<Tensor> broadcastTo(const Tensor &x, const Shape &sizes) {
  Shape both[] = {x.shape(), sizes};
  Result<Shape> shape = broadcastShapes(both);
  if (!shape)
    return shape.status();
  if (*shape != sizes)
    return Status::failure("does not broadcast " + x.describe() + " to " + shapeText(sizes));
  Result<Tensor> result = Tensor::zeros(x.type(), sizes);
  if (!result)
    return result;
  std::span<uint8_t> out = result->mutableBytes();
  size_t width = bytesPerBlock(x.type());
  forEachElement<1>(sizes, {broadcastStrides(x.shape(), sizes)}, {0}, [&](int64_t index, auto &offsets) {
    std::copy_n(x.bytes().begin() + offsets[0] * width, width, out.begin() + index * width);
  });
  return result;
}

static Result<Tensor> box(llm::BoxOp op, const Tensor &x, const SymbolValues &symbols) {
  Result<std::vector<int64_t>> starts = evaluateMap(op.getStarts(), symbols),
                               sizes = evaluateMap(op.getSizes(), symbols);
  if (!starts || !sizes)
    return starts ? sizes.status() : starts.status();
  Result<Tensor> result = Tensor::zeros(x.type(), *sizes);
  if (!result)
    return result;
  Shape strides = stridesOf(x.shape());
  int64_t first = 0;
  for (int64_t axis = 0; axis < x.rank() && result->size(); ++axis) {
    int64_t start = (*starts)[axis], last = start + ((*sizes)[axis] - 1) * op.getSteps()[axis];
    if (std::min(start, last) < 0 || std::max(start, last) >= x.dim(axis))
      return Status::failure("takes " + std::to_string(start) + " to " + std::to_string(last) + " along axis " +
                             std::to_string(axis) + " of " + x.describe());
    first += start * strides[axis];
    strides[axis] *= op.getSteps()[axis];
  }
  std::span<uint8_t> out = result->mutableBytes();
  size_t width = bytesPerBlock(x.type());
  forEachElement<1>(*sizes, {strides}, {first}, [&](int64_t index, auto &offsets) {
    std::copy_n(x.bytes().begin() + offsets[0] * width, width, out.begin() + index * width);
  });
  return result;
}

/// Slices as vectors of their elements, compared element by element.
static Result<std::vector<Tensor>> unique(llm::UniqueOp op, const Tensor &x) {
  int64_t axis = op.getAxis(), n = x.dim(axis), inner = 1, outer = 1;
  for (int64_t i = 0; i < x.rank(); ++i)
    (i < axis ? outer : inner) *= i == axis ? 1 : x.dim(i);
  std::vector<double> values = x.values<double>();
  std::vector<int64_t> whole =
      isBlockType(x.type()) || numberOf(x.type()) == Number::Real ? std::vector<int64_t>() : x.values<int64_t>();
  auto before = [](auto a, auto b) { return a < b || (b != b && a == a); };
  auto compare = [&](int64_t a, int64_t b) {
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t i = 0; i < inner; ++i) {
        int64_t left = (o * n + a) * inner + i, right = (o * n + b) * inner + i;
        bool less = whole.empty() ? before(values[left], values[right]) : whole[left] < whole[right];
        bool more = whole.empty() ? before(values[right], values[left]) : whole[right] < whole[left];
        if (less || more)
          return less ? -1 : 1;
      }
    return 0;
  };
  std::vector<int64_t> heads; // the first slice of each group
  for (int64_t i = 0; i < n; ++i)
    if (std::none_of(heads.begin(), heads.end(), [&](int64_t head) { return compare(head, i) == 0; }))
      heads.push_back(i);
  if (op.getSorted())
    std::sort(heads.begin(), heads.end(), [&](int64_t a, int64_t b) { return compare(a, b) < 0; });
  std::vector<int64_t> first(n), inverse(n), counts(n), number = {static_cast<int64_t>(heads.size())};
  std::copy(heads.begin(), heads.end(), first.begin());
  for (int64_t i = 0; i < n; ++i) {
    inverse[i] =
        std::find_if(heads.begin(), heads.end(), [&](int64_t head) { return compare(head, i) == 0; }) - heads.begin();
    ++counts[inverse[i]];
  }
  std::vector<Tensor> results;
  for (auto *each : {&first, &inverse, &counts, &number}) {
    Result<Tensor> tensor = Tensor::ofValues<int64_t>(LATHE_I64, each == &number ? Shape{} : Shape{n}, *each);
    if (!tensor)
      return tensor.status();
    results.push_back(*tensor);
  }
  return results;
}

static double overlap(const double *a, const double *b, bool centered) {
  double corners[2][4]; // low y, low x, high y, high x
  for (int which : {0, 1}) {
    const double *box = which ? b : a;
    double *to = corners[which];
    if (centered) {
      to[0] = box[1] - box[3] / 2, to[1] = box[0] - box[2] / 2, to[2] = box[1] + box[3] / 2,
      to[3] = box[0] + box[2] / 2;
    } else {
      to[0] = std::min(box[0], box[2]), to[1] = std::min(box[1], box[3]);
      to[2] = std::max(box[0], box[2]), to[3] = std::max(box[1], box[3]);
    }
  }
  auto area = [](const double *c) { return (c[2] - c[0]) * (c[3] - c[1]); };
  double height = std::min(corners[0][2], corners[1][2]) - std::max(corners[0][0], corners[1][0]);
  double width = std::min(corners[0][3], corners[1][3]) - std::max(corners[0][1], corners[1][1]);
  double shared = std::max(height, 0.0) * std::max(width, 0.0), all = area(corners[0]) + area(corners[1]) - shared;
  return all > 0 ? shared / all : 0;
}

static Result<std::vector<Tensor>> nonMaxSuppression(llm::NonMaxSuppressionOp op, Operands operands) {
  const Tensor &boxes = *operands(op.getBoxes()), &scores = *operands(op.getScores());
  int64_t batches = scores.dim(0), classes = scores.dim(1), count = scores.dim(2);
  if (boxes.dim(0) != batches || boxes.dim(1) != count)
    return Status::failure("has boxes " + boxes.describe() + " for scores " + scores.describe());
  std::vector<double> corners = boxes.values<double>(), score = scores.values<double>();
  int64_t most = operands(op.getMost())->values<int64_t>().front();
  double iou = operands(op.getIouThreshold())->values<double>().front();
  const Tensor *least = operands(op.getScoreThreshold());
  std::vector<int64_t> selected(batches * classes * count * 3), number = {0};
  for (int64_t row = 0; row < batches * classes; ++row) {
    std::vector<int64_t> order, taken;
    for (int64_t i = 0; i < count; ++i)
      if (!least || score[row * count + i] > least->values<double>().front())
        order.push_back(i);
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return score[row * count + a] > score[row * count + b]; });
    const double *own = corners.data() + row / classes * count * 4;
    for (int64_t box : order) {
      if (static_cast<int64_t>(taken.size()) >= most)
        break;
      if (std::any_of(taken.begin(), taken.end(),
                      [&](int64_t other) { return overlap(own + 4 * box, own + 4 * other, op.getCentered()) > iou; }))
        continue;
      taken.push_back(box);
      for (int64_t value : {row / classes, row % classes, box})
        selected[number[0]++] = value;
    }
  }
  number[0] /= 3;
  Result<Tensor> rows = Tensor::ofValues<int64_t>(LATHE_I64, {batches * classes * count, 3}, selected);
  Result<Tensor> total = Tensor::ofValues<int64_t>(LATHE_I64, {}, number);
  if (!rows || !total)
    return rows ? total.status() : rows.status();
  return std::vector<Tensor>{*rows, *total};
}

// ---- calls ----------------------------------------------------------------------------------------------------------

/// Symbols of the results' sizes that had no value, and a check of all others.
static Status learnSizes(Operation *op, std::span<const Tensor> results, SymbolValues &symbols) {
  auto sizes = op->getAttrOfType<ArrayAttr>("sizes");
  for (auto [index, tensor] : ::llvm::enumerate(results)) {
    AffineMap map = cast<AffineMapAttr>(sizes[index]).getValue();
    for (auto [axis, size] : ::llvm::enumerate(map.getResults()))
      if (auto symbol = dyn_cast<AffineSymbolExpr>(size); symbol && symbol.getPosition() < symbols.values.size())
        if (auto &value = symbols.values[symbol.getPosition()]; !value)
          value = tensor.dim(axis);
    Result<std::vector<int64_t>> shape = evaluateMap(map, symbols);
    if (!shape)
      return shape.status();
    if (*shape != tensor.shape())
      return Status::failure("result " + std::to_string(index) + " is " + tensor.describe() + ", its sizes say " +
                             shapeText(*shape));
  }
  return Status::success();
}

static Result<std::vector<Tensor>> evaluateLoop(llm::LoopOp loop, Operands operands, const SymbolValues &symbols,
                                                func::FuncOp body, CallFunction call) {
  int64_t limit = operands(loop.getLimit())->values<int64_t>().front(), carried = loop.getCarried();
  std::vector<Tensor> inputs = {Tensor(), *operands(loop.getCondition())};
  for (Value operand : loop.getInputs())
    inputs.push_back(*operands(operand));
  size_t parts = loop.getNumResults() - carried;
  std::vector<std::vector<uint8_t>> stacks(parts);
  std::vector<Shape> shapes(parts);
  int64_t iteration = 0;
  for (; iteration < limit && inputs[1].values<int64_t>().front(); ++iteration) {
    Result<Tensor> number = Tensor::ofValues<int64_t>(LATHE_I64, {}, std::span(&iteration, 1));
    if (!number)
      return number.status();
    inputs[0] = *number;
    Result<std::vector<Tensor>> outputs = call(body, inputs);
    if (!outputs)
      return Status::failure("iteration " + std::to_string(iteration) + ": " + outputs.message());
    for (int64_t i = 0; i <= carried; ++i)
      inputs[i + 1] = (*outputs)[i];
    for (size_t i = 0; i < parts; ++i) {
      const Tensor &part = (*outputs)[carried + 1 + i];
      if (iteration > 0 && part.shape() != shapes[i])
        return Status::failure("iteration " + std::to_string(iteration) + " gives " + part.describe() +
                               ", those before it " + shapeText(shapes[i]));
      shapes[i] = part.shape();
      stacks[i].insert(stacks[i].end(), part.bytes().begin(), part.bytes().end());
    }
  }
  std::vector<Tensor> results(inputs.begin() + 2, inputs.begin() + 2 + carried);
  for (size_t i = 0; i < parts; ++i) {
    if (iteration == 0) // nothing tells the sizes that are not known
      for (AffineExpr size : cast<AffineMapAttr>(loop.getSizes()[carried + i]).getValue().getResults().drop_front()) {
        auto known = evaluateMap(AffineMap::get(0, symbols.values.size(), size), symbols);
        shapes[i].push_back(known ? known->front() : 0);
      }
    shapes[i].insert(shapes[i].begin(), iteration);
    auto type = llm::latheType(cast<RankedTensorType>(loop.getResult(carried + i).getType()).getElementType());
    Result<Tensor> stack = Tensor::ofBytes(*type, shapes[i], stacks[i]);
    if (!stack)
      return stack.status();
    results.push_back(*stack);
  }
  return results;
}

Result<std::vector<Tensor>> evaluateCall(Operation *op, Operands operands, SymbolValues &symbols, CallFunction call) {
  SmallVector<func::FuncOp> functions;
  for (FlatSymbolRefAttr name : llm::calledFunctions(op)) {
    functions.push_back(SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, name));
    if (!functions.back())
      return Status::failure("calls @" + name.getValue().str() + ", which is not in the module");
  }
  Result<std::vector<Tensor>> results = Status::failure("");
  if (auto loop = dyn_cast<llm::LoopOp>(op)) {
    results = evaluateLoop(loop, operands, symbols, functions[0], call);
  } else {
    auto branch = cast<llm::IfOp>(op);
    std::vector<Tensor> inputs;
    for (Value operand : branch.getInputs())
      inputs.push_back(*operands(operand));
    results = call(functions[operands(branch.getCondition())->values<int64_t>().front() ? 0 : 1], inputs);
  }
  if (results)
    if (Status status = learnSizes(op, *results, symbols); !status)
      return status;
  return results;
}

static Result<std::vector<Tensor>> one(Result<Tensor> result) {
  if (!result)
    return result.status();
  return std::vector<Tensor>{std::move(*result)};
}

std::optional<Result<std::vector<Tensor>>> evaluateControlOp(Operation *op, Operands operands,
                                                             const SymbolValues &symbols) {
  if (auto nonZeroOp = dyn_cast<llm::NonZeroOp>(op))
    return one(nonZero(*operands(nonZeroOp.getX()), *operands(nonZeroOp.getCount())));
  if (auto broadcast = dyn_cast<llm::BroadcastToOp>(op)) {
    Result<std::vector<int64_t>> sizes = evaluateMap(broadcast.getSizes(), symbols);
    return sizes ? one(broadcastTo(*operands(broadcast.getX()), *sizes)) : sizes.status();
  }
  if (auto uniqueOp = dyn_cast<llm::UniqueOp>(op))
    return unique(uniqueOp, *operands(uniqueOp.getX()));
  if (auto suppression = dyn_cast<llm::NonMaxSuppressionOp>(op))
    return nonMaxSuppression(suppression, operands);
  if (auto boxOp = dyn_cast<llm::BoxOp>(op))
    return one(box(boxOp, *operands(boxOp.getX()), symbols));
  return std::nullopt;
}

} // namespace lathe::reference
