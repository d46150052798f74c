// See Angles.h.
#include "passes/fusion/Angles.h"
#include "passes/fusion/NearMiss.h"

#include "ir/llm/Llm.h"

#include <cmath>

using namespace mlir;

namespace lathe {

namespace {

RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// For each axis of a tensor the axis of the rotated tensor it runs along; -1 for an axis of size 1.
using Axes = SmallVector<int64_t>;

/// The axes of an operand that broadcasts to a tensor with `axes`.
Axes broadcastAxes(ArrayRef<int64_t> axes, Value operand) {
  auto type = tensorOf(operand);
  Axes result(axes.take_back(type.getRank()));
  for (auto [axis, size] : ::llvm::zip(result, type.getShape()))
    axis = size == 1 ? -1 : axis;
  return result;
}

/// Goes from the result of an op that only moves elements to its operand.
bool stepThroughMove(Value &value, Axes &axes) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (auto unsqueeze = dyn_cast<llm::UnsqueezeOp>(op)) {
    for (int64_t axis : ::llvm::reverse(unsqueeze.getAxes()))
      axes.erase(axes.begin() + axis);
  } else if (auto squeeze = dyn_cast<llm::SqueezeOp>(op)) {
    for (int64_t axis : squeeze.getAxes())
      axes.insert(axes.begin() + axis, -1);
  } else if (auto transpose = dyn_cast<llm::TransposeOp>(op)) {
    Axes moved(axes.size());
    for (auto [to, from] : ::llvm::enumerate(transpose.getPermutation()))
      moved[from] = axes[to];
    axes = moved;
  } else if (auto expand = dyn_cast<llm::ExpandOp>(op)) {
    if (tensorOf(expand.getX()).getRank() > static_cast<int64_t>(axes.size()))
      return false;
    axes = broadcastAxes(axes, expand.getX());
  } else {
    return false;
  }
  value = op->getOperand(0);
  return true;
}

class Reader {
public:
  Reader(int64_t rank, std::string &why) : last(rank - 1), why(why) {}

  std::optional<Angles> read(Value value) {
    Axes all;
    for (int64_t axis = 0; axis <= last; ++axis)
      all.push_back(axis);
    if (tensorOf(value).getRank() > last + 1)
      return std::nullopt;
    if (!readCosines(value, broadcastAxes(all, value)))
      return std::nullopt;
    return result;
  }

private:
  int64_t last;
  std::string &why;
  Angles result;

  bool fail(const char *reason) {
    why = reason;
    return false;
  }

  bool stepThroughDouble(Value &value, ArrayRef<int64_t> axes) {
    auto concat = value.getDefiningOp<llm::ConcatOp>();
    if (!concat || concat.getInputs().size() != 2 || !::llvm::all_equal(concat.getInputs()) ||
        axes[concat.getAxis()] != last || result.isDoubled)
      return false;
    result.isDoubled = true;
    value = concat.getInputs().front();
    return true;
  }

  /// x * number, x / number
  static bool stepThroughScale(Value &value, double &scale) {
    Operation *op = value.getDefiningOp();
    if (!isa_and_nonnull<llm::MulOp, llm::DivOp>(op))
      return false;
    for (bool swap : {false, true}) {
      auto number = llm::constantSplat(op->getOperand(!swap));
      if (!number || *number == 0 || (swap && isa<llm::DivOp>(op)) ||
          tensorOf(op->getOperand(swap)).getRank() != tensorOf(value).getRank())
        continue;
      scale *= isa<llm::DivOp>(op) ? 1 / *number : *number;
      value = op->getOperand(swap);
      return true;
    }
    return false;
  }

  static bool stepThroughCast(Value &value) {
    auto cast = value.getDefiningOp<llm::CastOp>();
    if (!cast || !isa<FloatType>(tensorOf(cast.getX()).getElementType()))
      return false;
    value = cast.getX();
    return true;
  }

  bool readCosines(Value value, Axes axes) {
    while (stepThroughMove(value, axes) || stepThroughDouble(value, axes) || stepThroughCast(value) ||
           stepThroughScale(value, result.factor))
      ;
    Operation *op = value.getDefiningOp();
    if (auto gather = dyn_cast_or_null<llm::GatherOp>(op))
      return readTable(gather, axes);
    if (!isa_and_nonnull<llm::CosOp, llm::SinOp>(op))
      return fail("the factors are no cosines and sines, nor rows of a table of them");
    result.isSine = isa<llm::SinOp>(op);
    return readAngle(op->getOperand(0), axes);
  }

  bool readTable(llm::GatherOp gather, ArrayRef<int64_t> axes) {
    if (gather.getAxis() != 0 || tensorOf(gather.getX()).getRank() != 2 || axes.back() != last)
      return fail("cosines are gathered from something that is no table of (positions, dims / 2)");
    result.table = gather.getX();
    return readPositions(gather.getIndices(), Axes(axes.drop_back()));
  }

  bool readAngle(Value value, Axes axes) {
    while (stepThroughMove(value, axes) || stepThroughDouble(value, axes) || stepThroughCast(value) ||
           stepThroughScale(value, result.speed))
      ;
    auto product = value.getDefiningOp<llm::MulOp>();
    if (auto halves = value.getDefiningOp<llm::ConcatOp>(); halves && axes[halves.getAxis()] == last)
      return fail("the two halves of a head are turned by different angles");
    if (!product)
      return fail("the angles are no product of positions and frequencies");
    for (bool swap : {false, true}) {
      Value positions = product->getOperand(swap), frequencies = product->getOperand(!swap);
      if (readPositions(positions, broadcastAxes(axes, positions)))
        return readFrequencies(frequencies, broadcastAxes(axes, frequencies));
    }
    return fail("no factor of the angles is the positions");
  }

  bool readPositions(Value value, Axes axes) {
    for (;;) {
      if (stepThroughMove(value, axes))
        continue;
      auto cast = value.getDefiningOp<llm::CastOp>();
      if (!cast || !isa<IntegerType>(tensorOf(cast.getX()).getElementType()) ||
          tensorOf(cast.getX()).getElementType().isInteger(1))
        break;
      value = cast.getX();
    }
    auto type = tensorOf(value);
    if (!isa<IntegerType>(type.getElementType()))
      return fail("the positions are no integers");
    bool fits = type.getRank() == 1 || (type.getRank() == 2 && (axes[0] == 0 || axes[0] == -1));
    if (!fits || axes.back() <= 0 || axes.back() >= last)
      return fail("the positions are not (batch, tokens)");
    result.positions = value;
    result.tokenAxis = axes.back();
    return true;
  }

  bool readFrequencies(Value value, Axes axes) {
    while (stepThroughMove(value, axes) || stepThroughCast(value) || stepThroughScale(value, result.speed))
      ;
    if (!isa<FloatType>(tensorOf(value).getElementType()) ||
        ::llvm::count(axes, -1) + 1 != static_cast<int64_t>(axes.size()) || !::llvm::is_contained(axes, last))
      return fail("the frequencies are not one number for each pair of elements");
    DenseElementsAttr numbers;
    if (auto constant = value.getDefiningOp<llm::ConstantOp>())
      numbers = dyn_cast<DenseElementsAttr>(constant.getValue());
    if (!numbers) {
      result.frequencies = value;
      return true;
    }
    for (const APFloat &number : numbers.getValues<APFloat>()) {
      APFloat wide = number;
      bool lossy = false;
      wide.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lossy);
      result.speeds.push_back(wide.convertToDouble());
    }
    return true;
  }
};

} // namespace

bool Angles::isCosineTo(const Angles &other) const {
  return !isSine && (table ? other.table != nullptr : other.isSine && !other.table) && positions == other.positions &&
         tokenAxis == other.tokenAxis && speeds == other.speeds && frequencies == other.frequencies &&
         speed == other.speed && factor == other.factor && isDoubled == other.isDoubled;
}

std::string Angles::differenceTo(const Angles &other) const {
  if (isSine || (!table && !other.isSine) || !table != !other.table)
    return "one side is not the cosine, or the other not the sine";
  if (positions != other.positions || tokenAxis != other.tokenAxis)
    return "their positions are different tensors";
  if (speeds != other.speeds || frequencies != other.frequencies || speed != other.speed)
    return "their frequencies differ";
  if (factor != other.factor)
    return "cosines are multiplied by " + numberText(factor) + ", sines by " + numberText(other.factor);
  return "only one of them has both halves";
}

std::optional<Angles> readAngles(Value value, int64_t rank, std::string &why) { return Reader(rank, why).read(value); }

std::optional<double> baseOf(ArrayRef<double> speeds) {
  double count = static_cast<double>(speeds.size());
  if (speeds.size() < 2 || speeds.front() != 1 || !(speeds.back() > 0) || !(speeds.back() < 1))
    return std::nullopt;
  double estimate = std::pow(speeds.back(), -count / (count - 1));
  for (double base : {std::round(estimate), std::round(estimate * 1000) / 1000, estimate}) {
    base = static_cast<float>(base);
    bool fits = base > 0;
    for (size_t i = 0; fits && i < speeds.size(); ++i) {
      double wanted = std::pow(base, -static_cast<double>(i) / count);
      fits = std::abs(speeds[i] - wanted) <= wanted * std::ldexp(1.0, -22);
    }
    if (fits)
      return base;
  }
  return std::nullopt;
}

} // namespace lathe
