// The `top` experts of each row with the largest p + bias, p = softmax(logits) or sigmoid(logits), and their weights p,
// with `normalize` divided by their sum + 1e-20, times `scale`. With `groups` > 1 only from the `topGroups` groups of
// neighbours whose `groupBest` largest p + bias have the largest sum.
//
// Buffers: logits (rows, experts) of Input; bias (experts) of Bias where `bias`; weights (rows, top) of Output; experts
// (rows, top) i32.
// params: 0 rows. Grid: rows.
//
// Parameters: experts, top, bySigmoid, normalize, scale, bias, groups, topGroups, groupBest; types Input, Output, Bias.
//
// Of equal ones the lower number is chosen; NaN counts as the least. Bound by nothing that matters: a row is short.
#include "common/cpu/math.h"

namespace lathe {

namespace route_parts {
using namespace parameters;

constexpr int64_t padded = roundUp(experts, 16), groupSize = experts / groups;
constexpr float lowest = -__builtin_inff();

// The place of the largest of `count` values that is not marked, the first of equal ones; it is marked then.
LATHE_INLINE int64_t takeLargest(const float *values, int64_t count, bool *marked) {
  int64_t best = -1;
  for (int64_t i = 0; i < count; ++i)
    if (!marked[i] &&
        (best < 0 || values[i] > values[best] || (values[best] != values[best] && values[i] == values[i])))
      best = i;
  marked[best] = true;
  return best;
}

LATHE_INLINE void probabilities(const Input *logits, float *p) {
  Floats<16> most = Floats<16>(lowest), sum = {};
  for (int64_t i = 0; i < padded; i += 16) {
    Floats<16> v = i + 16 <= experts ? load<16>(logits + i) : loadPart<16>(logits + i, experts - i, lowest);
    store<16>(p + i, v);
    most = larger<Floats<16>>(most, v);
  }
  float highest = maxOfLanes(most);
  for (int64_t i = 0; i < padded; i += 16) {
    Floats<16> v = load<16>(p + i);
    v = bySigmoid ? lathe::sigmoid(v) : lathe::exp(v - highest);
    store<16>(p + i, v);
    sum = sum + v;
  }
  if constexpr (!bySigmoid) {
    float total = sumOfLanes(sum);
    for (int64_t i = 0; i < padded; i += 16)
      store<16>(p + i, load<16>(p + i) / total);
  }
}

// Marks the experts of all groups but the best ones.
LATHE_INLINE void keepGroups(const float *choice, bool *marked) {
  float scores[groups];
  bool kept[groups] = {};
  for (int64_t group = 0; group < groups; ++group) {
    bool seen[groupSize] = {};
    scores[group] = 0;
    for (int64_t i = 0; i < groupBest; ++i)
      scores[group] += choice[group * groupSize + takeLargest(choice + group * groupSize, groupSize, seen)];
  }
  for (int64_t i = 0; i < topGroups; ++i)
    takeLargest(scores, groups, kept);
  for (int64_t i = 0; i < experts; ++i)
    marked[i] = !kept[i / groupSize];
}

} // namespace route_parts

void route(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace route_parts;
  alignas(64) float p[padded], choice[padded];
  for (int64_t row = begin; row < end; ++row) {
    probabilities(static_cast<const Input *>(context.buffers[0]) + row * experts, p);
    for (int64_t i = 0; i < experts; ++i) {
      choice[i] = p[i];
      if constexpr (bias)
        choice[i] += loadFloat(static_cast<const Bias *>(context.buffers[1]) + i);
    }
    bool marked[experts] = {};
    if constexpr (groups > 1)
      keepGroups(choice, marked);
    auto *weights = static_cast<Output *>(context.buffers[1 + bias]) + row * top;
    auto *chosen = static_cast<int32_t *>(context.buffers[2 + bias]) + row * top;
    float sum = 0;
    for (int64_t slot = 0; slot < top; ++slot) {
      chosen[slot] = int32_t(takeLargest(choice, experts, marked));
      sum += p[chosen[slot]];
    }
    for (int64_t slot = 0; slot < top; ++slot) {
      float weight = p[chosen[slot]];
      if constexpr (normalize)
        weight = weight / (sum + 1e-20f);
      storeFloat(weights + slot, weight * scale);
    }
  }
}

} // namespace lathe
