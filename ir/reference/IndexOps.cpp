// The meaning of ir/llm/IndexOps.td. Elements of plain types; quantised blocks are never taken apart.
#include "ir/llm/IndexOps.h"
#include "ir/reference/Families.h"

#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

using namespace mlir;

namespace lathe::reference {

namespace {

using Several = Result<std::vector<Tensor>>;

/// An index counted from the front, or a failure.
Result<int64_t> placeOf(int64_t index, const Tensor &x, int64_t axis) {
  int64_t size = x.dim(axis);
  if (index < -size || index >= size)
    return Status::failure("index " + std::to_string(index) + " is not in axis " + std::to_string(axis) + " of " +
                           x.describe());
  return index < 0 ? index + size : index;
}

/// For each element of `indices` the offset in x of its coordinates, with that along `axis` replaced by the index.
Result<std::vector<int64_t>> elementPlaces(const Tensor &x, const Tensor &indices, int64_t axis) {
  for (int64_t i = 0; i < x.rank(); ++i)
    if (i != axis && indices.dim(i) > x.dim(i))
      return Status::failure("indices " + indices.describe() + " are larger than " + x.describe() + " along axis " +
                             std::to_string(i));
  Shape strides = stridesOf(x.shape());
  int64_t along = strides[axis];
  strides[axis] = 0;
  std::vector<int64_t> places = indices.values<int64_t>();
  Status status = Status::success();
  forEachElement<1>(indices.shape(), {strides}, {0}, [&](int64_t i, const std::array<int64_t, 1> &at) {
    Result<int64_t> place = placeOf(places[i], x, axis);
    if (place)
      places[i] = at[0] + *place * along;
    else if (status)
      status = place.status();
  });
  if (!status)
    return status;
  return places;
}

/// For each index tuple the offset in x of the slice that it names.
Result<std::vector<int64_t>> tuplePlaces(const Tensor &x, const Tensor &indices) {
  int64_t depth = indices.shape().back(), tuples = depth == 0 ? 0 : indices.size() / depth;
  Shape strides = stridesOf(x.shape());
  std::vector<int64_t> values = indices.values<int64_t>(), places(tuples, 0);
  for (int64_t tuple = 0; tuple < tuples; ++tuple)
    for (int64_t axis = 0; axis < depth; ++axis) {
      Result<int64_t> place = placeOf(values[tuple * depth + axis], x, axis);
      if (!place)
        return place.status();
      places[tuple] += *place * strides[axis];
    }
  return places;
}

template <class V> V combined(StringRef reduction, V a, V b) {
  if (reduction == "add" || reduction == "mul") {
    if constexpr (std::is_same_v<V, double>)
      return reduction == "add" ? a + b : a * b;
    else
      return reduction == "add" ? static_cast<V>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b))
                                : static_cast<V>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  }
  if (reduction == "max" || reduction == "min")
    return a != a || (reduction == "max" ? a > b : a < b) ? a : b; // NaN wins
  return b;
}

template <class V>
Result<Tensor> combineAt(const Tensor &x, ArrayRef<int64_t> places, const Tensor &updates, int64_t slice,
                         StringRef reduction) {
  std::vector<V> values = x.values<V>(), given = updates.values<V>();
  for (size_t u = 0; u < places.size(); ++u)
    for (int64_t i = 0; i < slice; ++i)
      values[places[u] + i] = combined<V>(reduction, values[places[u] + i], given[u * slice + i]);
  return Tensor::ofValues<V>(x.type(), x.shape(), values);
}

/// x with slices of `slice` elements at `places` combined with those of `updates`, in order.
Result<Tensor> scatter(const Tensor &x, ArrayRef<int64_t> places, const Tensor &updates, int64_t slice,
                       StringRef reduction) {
  if (updates.size() != static_cast<int64_t>(places.size()) * slice)
    return Status::failure("has " + std::to_string(places.size()) + " places for slices of " + std::to_string(slice) +
                           " elements, but updates " + updates.describe());
  if (reduction == "none") {
    Tensor result = x;
    size_t bytes = bytesPerBlock(x.type());
    uint8_t *out = result.mutableBytes().data();
    for (size_t u = 0; u < places.size() && slice != 0; ++u)
      std::memcpy(out + places[u] * bytes, updates.bytes().data() + u * slice * bytes, slice * bytes);
    return result;
  }
  switch (numberOf(x.type())) {
  case Number::Real:
    return combineAt<double>(x, places, updates, slice, reduction);
  case Number::Signed:
    return combineAt<int64_t>(x, places, updates, slice, reduction);
  case Number::Unsigned:
    return combineAt<uint64_t>(x, places, updates, slice, reduction);
  }
  __builtin_unreachable();
}

Result<Tensor> scatterElements(llm::ScatterElementsOp op, const Tensor &x, const Tensor &indices,
                               const Tensor &updates) {
  if (updates.shape() != indices.shape())
    return Status::failure("has indices " + indices.describe() + " and updates " + updates.describe());
  Result<std::vector<int64_t>> places = elementPlaces(x, indices, op.getAxis());
  return places ? scatter(x, *places, updates, 1, op.getReduction()) : Result<Tensor>(places.status());
}

Result<Tensor> scatterNd(llm::ScatterNdOp op, const Tensor &x, const Tensor &indices, const Tensor &updates) {
  Shape wanted(indices.shape().begin(), indices.shape().end() - 1);
  int64_t slice = 1;
  for (int64_t axis = indices.shape().back(); axis < x.rank(); ++axis) {
    wanted.push_back(x.dim(axis));
    slice *= x.dim(axis);
  }
  if (updates.shape() != wanted)
    return Status::failure("needs updates of the shape " + shapeText(wanted) + ", got " + updates.describe());
  Result<std::vector<int64_t>> places = tuplePlaces(x, indices);
  return places ? scatter(x, *places, updates, slice, op.getReduction()) : Result<Tensor>(places.status());
}

Result<Tensor> gatherElements(const Tensor &x, const Tensor &indices, int64_t axis) {
  Result<std::vector<int64_t>> places = elementPlaces(x, indices, axis);
  if (!places)
    return places.status();
  Result<Tensor> result = Tensor::zeros(x.type(), indices.shape());
  if (!result)
    return result;
  size_t bytes = bytesPerBlock(x.type());
  uint8_t *out = result->mutableBytes().data();
  for (size_t i = 0; i < places->size(); ++i)
    std::memcpy(out + i * bytes, x.bytes().data() + (*places)[i] * bytes, bytes);
  return result;
}

Result<Tensor> tensorScatter(llm::TensorScatterOp op, const Tensor &x, const Tensor &update, const Tensor *starts) {
  int64_t axis = op.getAxis(), size = x.dim(axis);
  for (int64_t i = 0; i < x.rank(); ++i)
    if (i == axis ? update.dim(i) > size : update.dim(i) != x.dim(i))
      return Status::failure("the update " + update.describe() + " does not fit " + x.describe() + " along axis " +
                             std::to_string(i));
  if (starts && starts->size() != x.dim(0))
    return Status::failure("has " + std::to_string(starts->size()) + " starts for " + x.describe());
  std::vector<int64_t> first = starts ? starts->values<int64_t>() : std::vector<int64_t>(x.dim(0), 0);
  if (!op.getCircular())
    for (int64_t start : first)
      if (start < 0 || start > size - update.dim(axis))
        return Status::failure("writes " + std::to_string(update.dim(axis)) + " places from " + std::to_string(start) +
                               " on, but axis " + std::to_string(axis) + " has " + std::to_string(size));
  Tensor result = x;
  if (update.size() == 0)
    return result;
  int64_t inner = bytesPerBlock(x.type()), outer = 1;
  for (int64_t i = axis + 1; i < x.rank(); ++i)
    inner *= x.dim(i);
  for (int64_t i = 1; i < axis; ++i)
    outer *= x.dim(i);
  uint8_t *out = result.mutableBytes().data();
  const uint8_t *in = update.bytes().data();
  for (int64_t row = 0; row < x.dim(0) * outer; ++row)
    for (int64_t s = 0; s < update.dim(axis); ++s, in += inner) {
      int64_t place = (first[row / outer] % size + s) % size;
      std::memcpy(out + (row * size + (place < 0 ? place + size : place)) * inner, in, inner);
    }
  return result;
}

/// The place of x along an axis of `size` (> 0) that padding shows at `at`, which is not in [0, size).
int64_t paddedPlace(StringRef mode, int64_t at, int64_t size) {
  auto modulo = [](int64_t a, int64_t b) { return (a % b + b) % b; };
  if (mode == "edge")
    return at < 0 ? 0 : size - 1;
  if (mode == "wrap")
    return modulo(at, size);
  int64_t period = 2 * size - 2, place = period == 0 ? 0 : modulo(at, period);
  return place < size ? place : period - place;
}

Result<Tensor> pad(llm::PadOp op, const Tensor &x, const Tensor &pads, const Tensor *value) {
  StringRef mode = op.getMode();
  std::vector<int64_t> amounts = pads.values<int64_t>();
  if (static_cast<int64_t>(amounts.size()) != 2 * x.rank())
    return Status::failure("has " + std::to_string(amounts.size()) + " pads for " + x.describe());
  // What is removed, then what is added.
  Shape first(x.rank()), kept(x.rank()), before(x.rank()), shape(x.rank()), strides = stridesOf(x.shape());
  constexpr int64_t most = int64_t(1) << 40;
  for (int64_t axis = 0; axis < x.rank(); ++axis) {
    int64_t low = amounts[axis], high = amounts[axis + x.rank()];
    if (low < -most || low > most || high < -most || high > most)
      return Status::failure("has a pad of " + std::to_string(low < -most || low > most ? low : high));
    first[axis] = std::max<int64_t>(0, -low);
    kept[axis] = x.dim(axis) - first[axis] - std::max<int64_t>(0, -high);
    before[axis] = std::max<int64_t>(0, low);
    shape[axis] = x.dim(axis) + low + high;
    bool adds = before[axis] > 0 || high > 0;
    if (kept[axis] < 0 || (kept[axis] == 0 && adds && mode != "constant"))
      return Status::failure("pads axis " + std::to_string(axis) + " of " + x.describe() + " by " +
                             std::to_string(low) + " and " + std::to_string(high) + ", which leaves nothing to " +
                             (kept[axis] < 0 ? "keep" : "repeat"));
  }
  Result<Tensor> result = Tensor::zeros(x.type(), shape);
  if (!result)
    return result;
  size_t bytes = bytesPerBlock(x.type());
  uint8_t *out = result->mutableBytes().data();
  Shape coordinates(x.rank());
  for (int64_t i = 0; i < result->size(); ++i) {
    int64_t rest = i, offset = 0;
    bool inside = true;
    for (int64_t axis = x.rank(); axis-- > 0; rest /= shape[axis]) {
      int64_t at = rest % shape[axis] - before[axis];
      if (at < 0 || at >= kept[axis]) {
        inside = mode != "constant";
        if (!inside)
          break;
        at = paddedPlace(mode, at, kept[axis]);
      }
      offset += (first[axis] + at) * strides[axis];
    }
    std::memcpy(out + i * bytes, inside ? x.bytes().data() + offset * bytes : value->bytes().data(), bytes);
  }
  return result;
}

/// The order in which elements along an axis come out: the best first, among equal ones the one that comes first.
template <class V>
std::vector<int64_t> ranking(const std::vector<V> &values, int64_t start, int64_t stride, int64_t size, bool smallest) {
  std::vector<int64_t> order(size);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    V x = values[start + a * stride], y = values[start + b * stride];
    if (smallest)
      std::swap(x, y);
    return x > y || (x != x && y == y);
  });
  return order;
}

template <class V> Several topK(const Tensor &x, int64_t k, int64_t axis, bool smallest) {
  std::vector<V> values = x.values<V>();
  Shape shape = x.shape();
  shape[axis] = k;
  Result<Tensor> best = Tensor::zeros(x.type(), shape), places = Tensor::zeros(LATHE_I64, shape);
  if (!best || !places)
    return best ? places.status() : best.status();
  int64_t inner = stridesOf(x.shape())[axis], size = x.dim(axis);
  size_t bytes = bytesPerBlock(x.type());
  uint8_t *out = best->mutableBytes().data();
  auto *indices = reinterpret_cast<int64_t *>(places->mutableBytes().data());
  for (int64_t line = 0; line < x.size() / std::max<int64_t>(size, 1); ++line) {
    int64_t start = line / inner * size * inner + line % inner, to = line / inner * k * inner + line % inner;
    std::vector<int64_t> order = ranking<V>(values, start, inner, size, smallest);
    for (int64_t i = 0; i < k; ++i) {
      indices[to + i * inner] = order[i];
      std::memcpy(out + (to + i * inner) * bytes, x.bytes().data() + (start + order[i] * inner) * bytes, bytes);
    }
  }
  return std::vector<Tensor>{std::move(*best), std::move(*places)};
}

template <class V> Result<Tensor> argMax(llm::ArgMaxOp op, const Tensor &x) {
  int64_t axis = op.getAxis(), size = x.dim(axis), inner = stridesOf(x.shape())[axis];
  if (size == 0)
    return Status::failure("looks for the largest of no elements, in " + x.describe());
  std::vector<V> values = x.values<V>();
  std::vector<int64_t> result(x.size() / size);
  for (size_t line = 0; line < result.size(); ++line) {
    int64_t start = static_cast<int64_t>(line) / inner * size * inner + static_cast<int64_t>(line) % inner;
    for (int64_t i = 1; i < size; ++i) {
      V x = values[start + i * inner], y = values[start + result[line] * inner];
      bool equal = x == y || (x != x && y != y);
      if (op.getSmallest())
        std::swap(x, y);
      if (equal ? op.getLast() : x > y || (x != x && y == y))
        result[line] = i;
    }
  }
  Shape shape = x.shape();
  if (op.getKeep())
    shape[axis] = 1;
  else
    shape.erase(shape.begin() + axis);
  return Tensor::ofValues<int64_t>(LATHE_I64, shape, result);
}

template <class V> Result<Tensor> cumprod(const Tensor &x, int64_t axis) {
  std::vector<V> values = x.values<V>();
  int64_t stride = stridesOf(x.shape())[axis], size = x.dim(axis);
  for (int64_t i = 0; i < x.size(); ++i)
    if (i / stride % size != 0)
      values[i] = combined<V>("mul", values[i], values[i - stride]);
  return Tensor::ofValues<V>(x.type(), x.shape(), values);
}

Result<Tensor> det(const Tensor &x) {
  int64_t size = x.shape().back();
  if (x.dim(x.rank() - 2) != size)
    return Status::failure("needs square matrices, got " + x.describe());
  Shape shape(x.shape().begin(), x.shape().end() - 2);
  int64_t count = 1;
  for (int64_t axis : shape)
    count *= axis;
  std::vector<double> values = x.values<double>(), result(count, 1);
  for (int64_t matrix = 0; matrix < count; ++matrix) {
    double *m = values.data() + matrix * size * size;
    for (int64_t column = 0; column < size; ++column) {
      int64_t pivot = column;
      for (int64_t row = column + 1; row < size; ++row)
        if (std::fabs(m[row * size + column]) > std::fabs(m[pivot * size + column]))
          pivot = row;
      if (pivot != column) {
        std::swap_ranges(m + pivot * size, m + (pivot + 1) * size, m + column * size);
        result[matrix] = -result[matrix];
      }
      double diagonal = m[column * size + column];
      result[matrix] *= diagonal;
      if (diagonal == 0)
        break;
      for (int64_t row = column + 1; row < size; ++row) {
        double factor = m[row * size + column] / diagonal;
        for (int64_t i = column + 1; i < size; ++i)
          m[row * size + i] -= factor * m[column * size + i];
      }
    }
  }
  return Tensor::ofValues<double>(x.type(), shape, result);
}

/// Calls f<V>() with what elements of x are computed in.
template <class F> auto byNumber(const Tensor &x, F f) {
  switch (numberOf(x.type())) {
  case Number::Real:
    return f(double());
  case Number::Signed:
    return f(int64_t());
  case Number::Unsigned:
    return f(uint64_t());
  }
  __builtin_unreachable();
}

Several one(Result<Tensor> result) {
  if (!result)
    return result.status();
  return std::vector<Tensor>{std::move(*result)};
}

} // namespace

std::optional<Several> evaluateIndexOp(Operation *op, Operands operands, const SymbolValues &) {
  if (!isa<llm::GatherElementsOp, llm::ScatterElementsOp, llm::ScatterNdOp, llm::TensorScatterOp, llm::PadOp,
           llm::TopKOp, llm::ArgMaxOp, llm::CumProdOp, llm::DetOp>(op))
    return std::nullopt;
  auto in = [&](Value value) -> const Tensor & { return *operands(value); };
  const Tensor &x = in(op->getOperand(0));
  if (isBlockType(x.type()))
    return Several(Status::failure("would take blocks of " + x.describe() + " apart; cast it first"));
  return ::llvm::TypeSwitch<Operation *, Several>(op)
      .Case([&](llm::GatherElementsOp op) { return one(gatherElements(x, in(op.getIndices()), op.getAxis())); })
      .Case([&](llm::ScatterElementsOp op) {
        return one(scatterElements(op, x, in(op.getIndices()), in(op.getUpdates())));
      })
      .Case([&](llm::ScatterNdOp op) { return one(scatterNd(op, x, in(op.getIndices()), in(op.getUpdates()))); })
      .Case([&](llm::TensorScatterOp op) {
        return one(tensorScatter(op, x, in(op.getUpdate()), operands(op.getStarts())));
      })
      .Case([&](llm::PadOp op) { return one(pad(op, x, in(op.getPads()), operands(op.getValue()))); })
      .Case([&](llm::TopKOp op) -> Several {
        int64_t k = in(op.getK()).values<int64_t>()[0], axis = op.getAxis();
        if (k < 0 || k > x.dim(axis))
          return Status::failure("takes " + std::to_string(k) + " of the " + std::to_string(x.dim(axis)) +
                                 " elements along axis " + std::to_string(axis));
        return byNumber(x, [&](auto number) { return topK<decltype(number)>(x, k, axis, op.getSmallest()); });
      })
      .Case([&](llm::ArgMaxOp op) {
        return one(byNumber(x, [&](auto number) { return argMax<decltype(number)>(op, x); }));
      })
      .Case([&](llm::CumProdOp op) {
        return one(byNumber(x, [&](auto number) { return cumprod<decltype(number)>(x, op.getAxis()); }));
      })
      .Case([&](llm::DetOp) { return one(det(x)); });
}

} // namespace lathe::reference
