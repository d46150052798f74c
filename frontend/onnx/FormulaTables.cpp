// See FormulaTables.h. Elements are compared by their bytes.
#include "frontend/onnx/FormulaTables.h"

#include <cstring>

using namespace mlir;

namespace lathe {

namespace {

struct Table {
  std::span<const uint8_t> bytes;
  int64_t count;
  size_t width = bytes.size() / count; // bytes of an element

  bool isSame(int64_t a, int64_t b) const {
    return std::memcmp(bytes.data() + a * width, bytes.data() + b * width, width) == 0;
  }
  int64_t integer(int64_t index) const {
    int64_t wide = 0;
    int32_t narrow = 0;
    if (width == 8)
      std::memcpy(&wide, bytes.data() + index * width, width);
    else
      std::memcpy(&narrow, bytes.data() + index * width, width), wide = narrow;
    return wide;
  }
  /// The first element that differs from the first one, of the first `end`; or `end`.
  int64_t firstOther(int64_t end) const {
    int64_t index = 1;
    while (index < end && isSame(index, 0))
      ++index;
    return index;
  }
};

/// The columns of a value in row r are those with low <= column - r <= high, where set.
struct Band {
  std::optional<int64_t> low, high;
};

/// The band of the elements that are equal to element `of`; nothing when they are not one.
std::optional<Band> bandOf(const Table &table, int64_t rows, int64_t columns, int64_t of) {
  Band band;
  std::vector<std::pair<int64_t, int64_t>> runs; // first and last column of each row
  for (int64_t row = 0; row < rows; ++row) {
    int64_t first = columns, last = -1, hits = 0;
    for (int64_t column = 0; column < columns; ++column)
      if (table.isSame(row * columns + column, of)) {
        first = std::min(first, column), last = column;
        ++hits;
      }
    if (hits != 0 && hits != last - first + 1)
      return std::nullopt;
    if (hits && first > 0 && !band.low)
      band.low = first - row;
    if (hits && last < columns - 1 && !band.high)
      band.high = last - row;
    runs.push_back({first, last});
  }
  for (int64_t row = 0; row < rows; ++row) {
    int64_t first = band.low ? std::max<int64_t>(0, row + *band.low) : 0,
            last = band.high ? std::min(columns - 1, row + *band.high) : columns - 1;
    auto run = runs[row];
    if (first > last ? run.first <= run.second : run != std::pair(first, last))
      return std::nullopt;
  }
  return band;
}

class FormulaBuilder {
public:
  FormulaBuilder(NodeBuilder &n, const Weight &weight)
      : n(n), weight(weight), element(llm::elementType(n.state.builder.getContext(), weight.type)),
        rank(static_cast<int64_t>(weight.shape.size())) {}

  Value build() {
    Table table{weight.data(), static_cast<int64_t>(*elementCount(weight.shape))};
    bool isWhole = weight.type == LATHE_BOOL || weight.type == LATHE_I64 || weight.type == LATHE_I32;
    // A mask differs in its first row: weights, which may be gigabytes of zeros, are not read any further.
    int64_t end = isWhole || rank == 0 ? table.count : std::min(table.count, weight.shape.back());
    bool isMatrix = rank >= 2 && llvm::all_of(ArrayRef<int64_t>(weight.shape).drop_back(2),
                                              [](int64_t size) { return size == 1; });
    if (Value twice = isMatrix ? equalHalves(table) : Value())
      return twice;
    int64_t other = table.firstOther(end);
    if (other >= end)
      return isWhole ? n.expand(scalar(table, 0), n.vector(weight.shape)) : Value();
    bool isLine = llvm::count_if(weight.shape, [](int64_t size) { return size != 1; }) == 1;
    if (isLine)
      return isWhole && weight.type != LATHE_BOOL ? progression(table) : Value();
    if (weight.type == LATHE_F32)
      if (Value distances = slopesTimesDistances(table))
        return distances;
    if (!isMatrix)
      return Value();
    for (int64_t i = other; i < table.count; ++i)
      if (!table.isSame(i, 0) && !table.isSame(i, other))
        return Value();
    int64_t rows = weight.shape[rank - 2], columns = weight.shape[rank - 1];
    for (auto [inside, outside] : {std::pair<int64_t, int64_t>(0, other), std::pair<int64_t, int64_t>(other, 0)})
      if (auto band = bandOf(table, rows, columns, inside))
        return choose(*band, rows, columns, table, inside, outside);
    return Value();
  }

private:
  NodeBuilder &n;
  const Weight &weight;
  Type element;
  int64_t rank;

  Value scalar(const Table &table, int64_t index) {
    auto type = RankedTensorType::get({}, element);
    const uint8_t *bytes = table.bytes.data() + index * table.width;
    if (weight.type == LATHE_BOOL)
      return n.constant(DenseElementsAttr::get(type, *bytes != 0));
    return n.constant(cast<DenseElementsAttr>(
        DenseElementsAttr::getFromRawBuffer(type, ArrayRef(reinterpret_cast<const char *>(bytes), table.width))));
  }

  /// first, first + step, ... along `axis` of a tensor of `rank` axes.
  Value counted(int64_t first, int64_t count, int64_t step, int64_t axis) {
    Type whole = n.state.builder.getI64Type();
    Expressions sizes = {getAffineConstantExpr(count, n.state.builder.getContext())};
    Value line = n.makeTyped<llm::RangeOp>(whole, sizes,
                                           {n.scalar(whole, static_cast<double>(first)),
                                            n.scalar(whole, static_cast<double>(first + count * step)),
                                            n.scalar(whole, static_cast<double>(step))});
    SmallVector<int64_t> axes;
    for (int64_t i = 0; i < rank; ++i)
      if (i != axis)
        axes.push_back(i);
    return axes.empty() ? line : n.unsqueeze(line, axes);
  }

  Value progression(const Table &table) {
    constexpr int64_t largest = int64_t(1) << 31; // exact in what numbers go through on their way
    int64_t first = table.integer(0), second = table.integer(1);
    if (std::abs(first) > largest || std::abs(second) > largest || table.count > largest)
      return Value();
    int64_t step = second - first;
    for (int64_t i = 2; i < table.count; ++i)
      if (table.integer(i) != first + i * step)
        return Value();
    int64_t axis = llvm::find_if(weight.shape, [](int64_t size) { return size != 1; }) - weight.shape.begin();
    return n.cast(counted(first, table.count, step, axis), element);
  }

  /// (.., H, .., S): slope[h] * (s - S + 1), or slope[h] * s, to the last bit.
  Value slopesTimesDistances(const Table &table) {
    int64_t columns = weight.shape.back(), axis = -1;
    for (int64_t i = 0; i + 1 < rank; ++i)
      if (weight.shape[i] != 1) {
        if (axis >= 0)
          return Value();
        axis = i;
      }
    if (axis < 0 || columns < 3)
      return Value();
    auto number = [&](int64_t row, int64_t column) {
      float value = 0;
      std::memcpy(&value, table.bytes.data() + (row * columns + column) * sizeof value, sizeof value);
      return value;
    };
    for (int64_t first : {1 - columns, int64_t(0)}) {
      SmallVector<float> slopes;
      bool fits = true;
      for (int64_t row = 0; fits && row < weight.shape[axis]; ++row) {
        float slope = first ? -number(row, columns - 2) : number(row, 1);
        for (int64_t column = 0; fits && column < columns; ++column)
          fits = number(row, column) == slope * static_cast<float>(first + column);
        slopes.push_back(slope);
      }
      if (!fits)
        continue;
      SmallVector<int64_t> shape(rank, 1);
      shape[axis] = weight.shape[axis];
      Value slope = n.constant(DenseElementsAttr::get(RankedTensorType::get(shape, element), ArrayRef<float>(slopes)));
      return n.make<llm::MulOp>({slope, n.cast(counted(first, columns, 1, rank - 1), element)});
    }
    return Value();
  }

  /// Rows whose second half repeats the first, as cached cosines are kept: the halves once, and chosen twice.
  Value equalHalves(const Table &table) {
    int64_t rows = weight.shape[rank - 2], columns = weight.shape[rank - 1], half = columns / 2;
    size_t bytes = half * table.width;
    if (!isa<FloatType>(element) || rows < 2 || columns % 2 != 0 || half < 2 || table.isSame(columns, columns + 1))
      return Value();
    for (int64_t row = 0; row < rows; ++row)
      if (std::memcmp(table.bytes.data() + 2 * row * bytes, table.bytes.data() + (2 * row + 1) * bytes, bytes) != 0)
        return Value();
    std::vector<uint8_t> kept;
    for (int64_t row = 0; row < rows; ++row)
      kept.insert(kept.end(), table.bytes.begin() + 2 * row * bytes, table.bytes.begin() + (2 * row + 1) * bytes);
    Weight once{weight.name + ".half", weight.type, {rows, half}, MappedFile::ofBytes(weight.name, std::move(kept)), 0,
                rows * bytes};
    SmallVector<int64_t> indices, axes;
    for (int64_t column = 0; column < columns; ++column)
      indices.push_back(column % half);
    for (int64_t axis = 0; axis + 2 < rank; ++axis)
      axes.push_back(axis);
    Value both = n.make<llm::GatherOp>({n.weightReference(std::move(once)), n.vector(indices)}, {n.whole("axis", 1)});
    return axes.empty() ? both : n.unsqueeze(both, axes);
  }

  Value choose(const Band &band, int64_t rows, int64_t columns, const Table &table, int64_t inside, int64_t outside) {
    Value row = counted(0, rows, 1, rank - 2), column = counted(0, columns, 1, rank - 1), chosen;
    Type whole = n.state.builder.getI64Type();
    for (auto [bound, predicate] : {std::pair(band.low, "ge"), std::pair(band.high, "le")}) {
      if (!bound)
        continue;
      Value limit = *bound == 0 ? row : n.make<llm::AddOp>({row, n.scalar(whole, static_cast<double>(*bound))});
      Value fits = n.compare(predicate, column, limit);
      chosen = chosen ? n.make<llm::AndOp>({chosen, fits}) : fits;
    }
    if (!chosen)
      return Value();
    if (weight.type == LATHE_BOOL)
      return weight.data()[inside] ? chosen : n.make<llm::NotOp>({chosen});
    return n.make<llm::SelectOp>({chosen, scalar(table, inside), scalar(table, outside)});
  }
};

} // namespace

Value buildFormula(NodeBuilder &n, const Weight &weight) {
  auto count = elementCount(weight.shape);
  bool isPlain = false;
  for (LatheType type : {LATHE_BOOL, LATHE_U8, LATHE_I32, LATHE_I64, LATHE_F32, LATHE_F16, LATHE_BF16})
    isPlain |= weight.type == type;
  if (!isPlain || !count || *count < 2 || weight.data().size() % *count != 0)
    return Value();
  return FormulaBuilder(n, weight).build();
}

} // namespace lathe
