// Rotary embedding, positions and attention of ir/llm/AttentionOps.td.
#include "ir/reference/DistanceBias.h"
#include "ir/reference/Families.h"
#include "ir/reference/KeyPattern.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace lathe::reference {

static constexpr double hidden = -std::numeric_limits<double>::infinity();

double scoreOf(const double *query, const double *key, int64_t size, double scale, double softcap) {
  double sum = 0;
  for (int64_t i = 0; i < size; ++i)
    sum += query[i] * key[i];
  sum *= scale;
  return softcap > 0 ? softcap * std::tanh(sum / softcap) : sum;
}

void attendRow(int64_t begin, int64_t end, std::optional<double> sink, ::llvm::function_ref<double(int64_t)> score,
               ::llvm::function_ref<const double *(int64_t)> value, int64_t size, double *out) {
  std::vector<double> weights;
  double largest = hidden, sum = 0;
  for (int64_t s = begin; s < end; ++s) {
    weights.push_back(score(s));
    largest = weights.back() > largest || std::isnan(weights.back()) ? weights.back() : largest;
  }
  std::fill(out, out + size, 0.0);
  if (largest == hidden)
    return;
  if (sink)
    largest = std::max(largest, *sink);
  for (double &weight : weights)
    sum += weight = std::exp(weight - largest);
  if (sink)
    sum += std::exp(*sink - largest);
  for (int64_t s = begin; s < end; ++s) {
    double weight = weights[s - begin] / sum;
    if (weight == 0) // a hidden key adds nothing, whatever its value holds
      continue;
    const double *row = value(s);
    for (int64_t i = 0; i < size; ++i)
      out[i] += weight * row[i];
  }
}

namespace {

/// Cosine and sine, times the factor, of pair i at a position.
using Rotation = ::llvm::function_ref<std::pair<double, double>(int64_t position, int64_t pair)>;

Result<Tensor> rotate(llm::RopeOp op, const Tensor &x, const Tensor &positions, Rotation rotation) {
  int64_t heads = x.dim(2), size = x.dim(3), dims = op.getDims(), half = dims / 2;
  std::vector<double> values = x.values<double>();
  std::vector<int64_t> places = positions.values<int64_t>();
  for (size_t token = 0; token < places.size(); ++token)
    for (int64_t pair = 0; pair < half; ++pair) {
      auto [cosine, sine] = rotation(places[token], pair);
      int64_t first = op.getInterleaved() ? 2 * pair : pair, second = op.getInterleaved() ? 2 * pair + 1 : pair + half;
      for (int64_t head = 0; head < heads; ++head) {
        double *row = values.data() + (token * heads + head) * size;
        double a = row[first], b = row[second];
        row[first] = a * cosine - b * sine;
        row[second] = b * cosine + a * sine;
      }
    }
  return Tensor::ofValues<double>(x.type(), x.shape(), values);
}

Result<Tensor> rope(llm::RopeOp op, Operands operands) {
  const Tensor &x = *operands(op.getX()), &positions = *operands(op.getPositions());
  const Tensor *frequencies = operands(op.getFrequencies()), *cosine = operands(op.getCosine()),
               *sine = operands(op.getSine());
  int64_t half = op.getDims() / 2;
  if (positions.dim(0) != x.dim(0) || positions.dim(1) != x.dim(1))
    return Status::failure("needs positions of x's batch and tokens, got " + positions.describe() + " for " +
                           x.describe());
  if (static_cast<int64_t>(op.getDims()) > x.dim(3))
    return Status::failure("rotates " + std::to_string(op.getDims()) + " elements of a head of " +
                           std::to_string(x.dim(3)));
  double factor = op.getFactor().convertToDouble();
  if (cosine) {
    if (cosine->dim(1) != half || sine->shape() != cosine->shape())
      return Status::failure("needs tables of " + std::to_string(half) + " columns, got " + cosine->describe() +
                             " and " + sine->describe());
    for (int64_t position : positions.values<int64_t>())
      if (position < 0 || position >= cosine->dim(0))
        return Status::failure("position " + std::to_string(position) + " is not in the table " + cosine->describe());
    std::vector<double> cosines = cosine->values<double>(), sines = sine->values<double>();
    return rotate(op, x, positions, [&](int64_t position, int64_t pair) {
      return std::pair(cosines[position * half + pair] * factor, sines[position * half + pair] * factor);
    });
  }
  std::vector<double> speeds(half);
  if (frequencies) {
    if (frequencies->size() != half)
      return Status::failure("needs " + std::to_string(half) + " frequencies, got " + frequencies->describe());
    speeds = frequencies->values<double>();
  } else {
    for (int64_t i = 0; i < half; ++i)
      speeds[i] = std::pow(op.getBase().convertToDouble(), -2.0 * i / op.getDims());
  }
  return rotate(op, x, positions, [&](int64_t position, int64_t pair) {
    double angle = position * speeds[pair];
    return std::pair(std::cos(angle) * factor, std::sin(angle) * factor);
  });
}

Result<Tensor> positionsOf(llm::PositionsOp op, const SymbolValues &symbols) {
  Result<Shape> sizes = evaluateMap(op.getSizes(), symbols);
  if (!sizes)
    return sizes.status();
  auto type = llm::latheType(cast<RankedTensorType>(op.getResult().getType()).getElementType());
  Result<Tensor> place = Tensor::zeros(type.value_or(LATHE_I64), {(*sizes)[0], (*sizes)[1]});
  if (!place)
    return place;
  std::vector<int64_t> values(place->size());
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = (*sizes)[2] + static_cast<int64_t>(i) % (*sizes)[1];
  return Tensor::ofValues<int64_t>(place->type(), place->shape(), values);
}

Result<Tensor> attention(llm::AttentionOp op, Operands operands) {
  const Tensor &query = *operands(op.getQuery()), &key = *operands(op.getKey()), &value = *operands(op.getValue());
  const Tensor *mask = operands(op.getMask()), *lengths = operands(op.getLengths()), *slopes = operands(op.getSlopes()),
               *sinks = operands(op.getSinks());
  int64_t batch = query.dim(0), tokens = query.dim(1), heads = query.dim(2), size = query.dim(3);
  int64_t keys = key.dim(1), kvHeads = key.dim(2), valueSize = value.dim(3);
  if (key.dim(0) != batch || value.dim(0) != batch || key.dim(3) != size || value.dim(1) != keys ||
      value.dim(2) != kvHeads || kvHeads == 0 || heads % kvHeads != 0)
    return Status::failure("query " + query.describe() + ", key " + key.describe() + " and value " + value.describe() +
                           " do not fit");
  if (sinks && sinks->size() != heads)
    return Status::failure("needs a sink for each of " + std::to_string(heads) + " heads, got " + sinks->describe());
  if (std::string problem = slopesProblem(slopes, heads); !problem.empty())
    return Status::failure(problem);
  if (lengths && lengths->size() != batch)
    return Status::failure("needs " + std::to_string(batch) + " lengths, got " + lengths->describe());
  Shape full = {batch, heads, tokens, keys}, maskStrides(4, 0);
  if (mask) {
    Result<Shape> shape = broadcastShapes(std::array{mask->shape(), full});
    if (!shape || *shape != full)
      return Status::failure("mask " + mask->describe() + " does not broadcast to " + shapeText(full));
    maskStrides = broadcastStrides(mask->shape(), full);
  }
  auto valuesOf = [](const Tensor *tensor) { return tensor ? tensor->values<double>() : std::vector<double>(); };
  std::vector<double> q = query.values<double>(), k = key.values<double>(), v = value.values<double>();
  std::vector<double> maskValues = valuesOf(mask), slope = valuesOf(slopes), sink = valuesOf(sinks);
  std::vector<int64_t> length = lengths ? lengths->values<int64_t>() : std::vector<int64_t>(batch, keys);
  bool boolean = mask && numberOf(mask->type()) != Number::Real;
  double scale = op.getScale().convertToDouble(), softcap = op.getSoftcap().convertToDouble();
  int64_t window = op.getWindow(), ahead = op.getAhead();
  KeyPattern pattern(op);
  pattern.last = op.getLastBlocks();
  pattern.dense = op.getDenseLength();
  std::vector<double> result(batch * tokens * heads * valueSize);
  for (int64_t b = 0; b < batch; ++b) {
    if (length[b] < 0 || length[b] > keys)
      return Status::failure("length " + std::to_string(length[b]) + " of sequence " + std::to_string(b) +
                             " is not in [0, " + std::to_string(keys) + "]");
    for (int64_t t = 0; t < tokens; ++t)
      for (int64_t h = 0; h < heads; ++h) {
        int64_t position = length[b] - tokens + t, kvHead = h / (heads / kvHeads);
        int64_t end = op.getCausal() ? std::clamp<int64_t>(position + 1, 0, length[b]) : length[b];
        if (ahead >= 0 && ahead < keys)
          end = std::clamp<int64_t>(position + ahead + 1, 0, end);
        int64_t begin = window > 0 ? std::clamp<int64_t>(position - window + 1, 0, end) : 0;
        int64_t row = (b * tokens + t) * heads + h;
        auto score = [&](int64_t s) {
          double bias = pattern.bias(h, position, s, length[b]);
          if (bias == hidden)
            return hidden;
          if (mask) {
            double times = bias;
            bias = maskValues[b * maskStrides[0] + h * maskStrides[1] + t * maskStrides[2] + s * maskStrides[3]];
            if (boolean)
              bias = bias != 0 ? 0.0 : hidden;
            bias += times;
          }
          if (slopes)
            bias += slopeBias(slope, *slopes, h, s - position);
          if (bias == hidden)
            return hidden;
          return bias + scoreOf(q.data() + row * size, k.data() + ((b * keys + s) * kvHeads + kvHead) * size, size,
                                scale, softcap);
        };
        auto valueRow = [&](int64_t s) { return v.data() + ((b * keys + s) * kvHeads + kvHead) * valueSize; };
        attendRow(begin, end, sinks ? std::optional(sink[h]) : std::nullopt, score, valueRow, valueSize,
                  result.data() + row * valueSize);
      }
  }
  return Tensor::ofValues<double>(query.type(), {batch, tokens, heads, valueSize}, result);
}

} // namespace

std::optional<Result<Tensor>> evaluateAttentionOp(Operation *op, Operands operands, const SymbolValues &symbols) {
  using Answer = std::optional<Result<Tensor>>;
  return ::llvm::TypeSwitch<Operation *, Answer>(op)
      .Case([&](llm::RopeOp op) -> Answer { return rope(op, operands); })
      .Case([&](llm::PositionsOp op) -> Answer { return positionsOf(op, symbols); })
      .Case([&](llm::AttentionOp op) -> Answer { return attention(op, operands); })
      .Default([](Operation *) -> Answer { return std::nullopt; });
}

} // namespace lathe::reference
