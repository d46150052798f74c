// The meaning of ir/llm/MoeOps.td. Sums are in double.
#include "ir/llm/MoeOps.h"
#include "ir/reference/Families.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace mlir;

namespace lathe::reference {

namespace {

/// The places of the `count` largest values, the largest first, of equal ones the first; NaN counts as the least.
std::vector<int64_t> largest(const std::vector<double> &values, int64_t count) {
  std::vector<int64_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  auto key = [&](int64_t i) { return std::isnan(values[i]) ? -std::numeric_limits<double>::infinity() : values[i]; };
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return key(a) > key(b); });
  order.resize(count);
  return order;
}

/// Experts outside of the best groups get minus infinity.
template <class Op> void keepGroups(Op op, std::vector<double> &choice) {
  int64_t groups = op.getGroups(), size = static_cast<int64_t>(choice.size()) / groups;
  if (groups == 1)
    return;
  std::vector<double> scores;
  for (int64_t group = 0; group < groups; ++group) {
    std::vector<double> members(choice.begin() + group * size, choice.begin() + (group + 1) * size);
    double sum = 0;
    for (int64_t member : largest(members, op.getGroupBest()))
      sum += members[member];
    scores.push_back(sum);
  }
  std::vector<int64_t> kept = largest(scores, op.getTopGroups());
  for (size_t i = 0; i < choice.size(); ++i)
    if (!::llvm::is_contained(kept, static_cast<int64_t>(i) / size))
      choice[i] = -std::numeric_limits<double>::infinity();
}

struct Routed {
  std::vector<double> weights; // (rows, top)
  std::vector<int64_t> experts;
};

template <class Op> Routed route(Op op, const Tensor &logits, const Tensor *bias) {
  int64_t experts = logits.shape().back(), rows = logits.size() / experts;
  std::vector<double> all = logits.values<double>(), offsets(experts, 0.0);
  if (bias)
    offsets = bias->values<double>();
  Routed routed;
  for (int64_t row = 0; row < rows; ++row) {
    std::vector<double> p(all.begin() + row * experts, all.begin() + (row + 1) * experts);
    double most = *std::max_element(p.begin(), p.end()), sum = 0;
    for (double &value : p)
      sum += value = op.getSigmoid() ? 1 / (1 + std::exp(-value)) : std::exp(value - most);
    std::vector<double> choice;
    for (int64_t expert = 0; expert < experts; ++expert) {
      p[expert] = op.getSigmoid() ? p[expert] : p[expert] / sum;
      choice.push_back(p[expert] + offsets[expert]);
    }
    keepGroups(op, choice);
    double total = 0;
    std::vector<int64_t> chosen = largest(choice, op.getTop());
    for (int64_t expert : chosen)
      total += p[expert];
    for (int64_t expert : chosen) {
      double weight = op.getNormalize() ? p[expert] / (total + 1e-20) : p[expert];
      routed.weights.push_back(weight * op.getScale().convertToFloat());
      routed.experts.push_back(expert);
    }
  }
  return routed;
}

/// Row `row` of the matrix of an expert times x, plus the bias.
class Matrices {
public:
  Matrices(const Tensor &weight, const Tensor *bias) : weight(weight), rows(weight.dim(1)), columns(weight.dim(2)) {
    if (bias)
      offsets = bias->values<double>();
  }
  std::vector<double> apply(int64_t expert, const double *x) const {
    std::vector<double> matrix(rows * columns), result(rows, 0.0);
    weight.read<double>(expert * rows * columns, rows * columns, matrix.data());
    for (int64_t row = 0; row < rows; ++row) {
      result[row] = std::inner_product(x, x + columns, matrix.data() + row * columns, 0.0);
      if (!offsets.empty())
        result[row] += offsets[expert * rows + row];
    }
    return result;
  }

private:
  const Tensor &weight;
  int64_t rows, columns;
  std::vector<double> offsets;
};

template <class Op> double activated(Op op, double y) {
  if (!op.getActivation())
    return y;
  double alpha = op.getAlpha().convertToFloat();
  return *op.getActivation() == llm::Activation::silu ? y / (1 + std::exp(-alpha * y))
                                                      : activate(*op.getActivation(), y);
}

/// The gate's side for the slots of each row: (rows, slots, N). `shared`: x has one row for all slots.
template <class Op>
std::vector<double> gateSide(Op op, std::vector<double> x, const std::vector<int64_t> &experts, int64_t slots,
                             bool shared, const Tensor &weight, const Tensor *up, const Tensor *bias,
                             const Tensor *upBias) {
  int64_t columns = weight.dim(2), count = weight.dim(0);
  int64_t outputs = op.getInterleaved() ? weight.dim(1) / 2 : weight.dim(1);
  double limit = op.getLimit().convertToFloat(), offset = op.getOffset().convertToFloat();
  Matrices gates(weight, bias);
  std::optional<Matrices> ups;
  if (up)
    ups.emplace(*up, upBias);
  if (op.getInt8Activations())
    roundActivations(x);
  std::vector<double> result;
  for (size_t slot = 0; slot < experts.size(); ++slot) {
    if (experts[slot] < 0 || experts[slot] >= count) {
      result.insert(result.end(), outputs, 0.0);
      continue;
    }
    const double *row = x.data() + (shared ? slot / slots : slot) * columns;
    std::vector<double> gate = gates.apply(experts[slot], row), factor;
    if (up)
      factor = ups->apply(experts[slot], row);
    for (int64_t i = 0; i < outputs; ++i) {
      double y = op.getInterleaved() ? gate[2 * i] : gate[i];
      double u = op.getInterleaved() ? gate[2 * i + 1] : up ? factor[i] : 0;
      if (limit > 0)
        y = std::min(y, limit), u = std::clamp(u, -limit, limit);
      bool isGated = up || op.getInterleaved();
      result.push_back(isGated ? activated(op, y) * (u + offset) : activated(op, y));
    }
  }
  return result;
}

using Results = Result<std::vector<Tensor>>;

Results one(Result<Tensor> result) {
  if (!result)
    return result.status();
  return std::vector<Tensor>{std::move(*result)};
}

Results evaluateRoute(llm::RouteOp op, const Tensor &logits, const Tensor *bias) {
  Routed routed = route(op, logits, bias);
  Shape shape = logits.shape();
  shape.back() = op.getTop();
  Result<Tensor> weights = Tensor::ofValues<double>(logits.type(), shape, routed.weights);
  if (!weights)
    return weights.status();
  Result<Tensor> experts = Tensor::ofValues<int64_t>(LATHE_I32, shape, routed.experts);
  if (!experts)
    return experts.status();
  return std::vector<Tensor>{std::move(*weights), std::move(*experts)};
}

Results evaluateExpertLinear(llm::ExpertLinearOp op, const Tensor &x, const Tensor &experts, const Tensor &weight,
                             Operands operands) {
  int64_t slots = experts.shape().back();
  bool shared = x.rank() == experts.rank();
  if (x.size() / x.shape().back() * (shared ? slots : 1) != experts.size())
    return Status::failure("x and experts have different rows: " + x.describe() + " and " + experts.describe());
  Shape shape = experts.shape();
  shape.push_back(op.getInterleaved() ? weight.dim(1) / 2 : weight.dim(1));
  std::vector<double> result = gateSide(op, x.values<double>(), experts.values<int64_t>(), slots, shared, weight,
                                        operands(op.getUp()), operands(op.getBias()), operands(op.getUpBias()));
  return one(Tensor::ofValues<double>(x.type(), shape, result));
}

Results evaluateMoe(llm::MoeOp op, const Tensor &x, const Tensor &logits, Operands operands) {
  const Tensor &gate = *operands(op.getGate()), &down = *operands(op.getDown());
  int64_t slots = op.getTop(), columns = x.shape().back();
  if (x.size() / columns != logits.size() / logits.shape().back())
    return Status::failure("x and logits have different rows: " + x.describe() + " and " + logits.describe());
  Routed routed = route(op, logits, operands(op.getChoiceBias()));
  std::vector<double> inner = gateSide(op, x.values<double>(), routed.experts, slots, true, gate, operands(op.getUp()),
                                       operands(op.getGateBias()), operands(op.getUpBias()));
  if (op.getInt8Activations())
    roundActivations(inner);
  Matrices downs(down, operands(op.getDownBias()));
  std::vector<double> result(x.size(), 0.0);
  for (size_t slot = 0; slot < routed.experts.size(); ++slot) {
    std::vector<double> z = downs.apply(routed.experts[slot], inner.data() + slot * down.dim(2));
    for (int64_t i = 0; i < columns; ++i)
      result[slot / slots * columns + i] += routed.weights[slot] * z[i];
  }
  return one(Tensor::ofValues<double>(x.type(), x.shape(), result));
}

} // namespace

std::optional<Result<std::vector<Tensor>>> evaluateMoeOp(Operation *op, Operands operands, const SymbolValues &) {
  if (auto route = dyn_cast<llm::RouteOp>(op))
    return evaluateRoute(route, *operands(route.getLogits()), operands(route.getBias()));
  if (auto linear = dyn_cast<llm::ExpertLinearOp>(op))
    return evaluateExpertLinear(linear, *operands(linear.getX()), *operands(linear.getExperts()),
                                *operands(linear.getWeight()), operands);
  if (auto moe = dyn_cast<llm::MoeOp>(op))
    return evaluateMoe(moe, *operands(moe.getX()), *operands(moe.getLogits()), operands);
  return std::nullopt;
}

} // namespace lathe::reference
