// y[r, n] = activation(g) or activation(g) * (u + offset), g = sum over k of x[r, k] * W[e, n, k] + bias[e, n], where r
// is a slot of a token and e = experts[r] the expert that it goes to; u by `up` in the same way, or with `interleaved`
// by the odd rows of W. An expert that is not there gives zeros.
//
// Buffers: x (rows of slots, columns) of Input, or with `shared` (tokens, columns); experts (rows of slots) of Index; W
// packed; up packed, where `up`; bias (experts, rows) of Bias where `bias`; up's bias where `upBias`; y (rows of slots,
// outputs) of Output, outputs = rows, or rows / 2 with interleaved.
// params: 0 rows of slots.
// Grid: ceil(rows of slots / tokenBlock) * groups, groups below; the groups of one block follow each other. The blocks
// are of the slots in the order of their experts, so that a tile reads few experts. Thread scratch: scratchBytes below.
//
// Parameters: experts, slots (of a token), rows (of an expert's matrix), columns, tokenBlock, shared, interleaved, up,
// bias, upBias, activate (functors::activation), gated, offset, limit (0: none), int8; types Weight, Input, Output,
// Index, Bias; what common/cpu/row_sums.h wants.
//
// The matrices of all experts are one packed matrix, so that a group may hold the last rows of one expert and the first
// of the next. Bound as linear is, by the weights of the experts that are chosen.
#include "common/cpu/row_sums.h"

// So that the name exists where a launch has no such functor.
namespace lathe::functors {
struct Nothing {};
void activation(Nothing);
} // namespace lathe::functors

namespace lathe {

namespace expert_linear_parts {
using namespace parameters;
using namespace row_sums;

constexpr bool aligned = rows % lanesOfGroup == 0;
constexpr int64_t groups = aligned ? rows / lanesOfGroup : (rows + 2 * lanesOfGroup - 2) / lanesOfGroup;
constexpr int64_t outputs = interleaved ? rows / 2 : rows;
constexpr int64_t bytesOfGroup = groupBytes<Weight>(columns);

struct Slot {
  int32_t row, expert;
};
constexpr int64_t slotsAt = 64, rowsAt = slotsAt + roundUp(tokenBlock * int64_t(sizeof(Slot)), 64);
constexpr int64_t scratchBytes = rowsAt + tokenBlock * rowBytes;

// `experts` for one that is not there.
LATHE_INLINE int64_t expertOf(const LatheKernelContext &context, int64_t row) {
  int64_t expert = static_cast<const Index *>(context.buffers[1])[row];
  return expert < 0 || expert >= experts ? experts : expert;
}

// The slots of ranks [first, first + tokenBlock) in the order of their experts, those of an expert in their own.
inline void chooseSlots(const LatheKernelContext &context, int64_t first, Slot *chosen) {
  int64_t count = context.params[0], next[experts + 2] = {};
  for (int64_t row = 0; row < count; ++row)
    ++next[expertOf(context, row) + 1];
  for (int64_t expert = 0; expert <= experts; ++expert)
    next[expert + 1] += next[expert];
  for (int64_t row = 0; row < count; ++row) {
    int64_t expert = expertOf(context, row), rank = next[expert]++ - first;
    if (rank >= 0 && rank < tokenBlock)
      chosen[rank] = {int32_t(row), int32_t(expert)};
  }
}

constexpr int biasBuffer = 3 + up, upBiasBuffer = biasBuffer + bias, outputBuffer = upBiasBuffer + upBias;

// Lanes [begin, end) of a group are rows of the expert, whose row in lane 0 is `column` (negative before the first).
struct Part {
  int64_t expert, column, begin, end;
  LATHE_INLINE bool isWhole() const { return aligned || (begin == 0 && end == lanesOfGroup); }
};

LATHE_INLINE Floats<16> biasOf(const LatheKernelContext &context, int buffer, const Part &part) {
  const Bias *from = static_cast<const Bias *>(context.buffers[buffer]) + part.expert * rows + part.column;
  if (part.isWhole())
    return load<16>(from);
  Floats<16> result = {};
  for (int64_t lane = part.begin; lane < part.end; ++lane)
    result[lane] = loadFloat(from + lane);
  return result;
}

template <class V> LATHE_INLINE V activated(V g) {
  if constexpr (limit > 0)
    g = select(g > V(limit), V(limit), g);
  if constexpr (activate)
    return functors::activation(g);
  else
    return g;
}
template <class V> LATHE_INLINE V times(V g, V u) {
  if constexpr (limit > 0)
    u = select(u > V(limit), V(limit), select(u < V(-limit), V(-limit), u));
  return activated(g) * (u + V(offset));
}

template <int N> LATHE_INLINE void put(Output *to, Floats<N> y, int64_t begin, int64_t end) {
  if (aligned || (begin == 0 && end == N)) {
    store<N>(to, y);
  } else {
    for (int64_t lane = begin; lane < end; ++lane)
      storeFloat(to + lane, y[lane]);
  }
}

template <int T>
LATHE_INLINE void sums(const LatheKernelContext &context, const Part &part, int64_t group, const uint8_t *x,
                       const Slot *slots) {
  alignas(64) float gates[T][lanesOfGroup], ups[up ? T : 1][lanesOfGroup];
  sumGroup<T>(static_cast<const uint8_t *>(context.buffers[2]) + group * bytesOfGroup, x, gates);
  if constexpr (up)
    sumGroup<T>(static_cast<const uint8_t *>(context.buffers[3]) + group * bytesOfGroup, x, ups);
  Floats<16> gateBias = {}, factorBias = {};
  if constexpr (bias)
    gateBias = biasOf(context, biasBuffer, part);
  if constexpr (upBias)
    factorBias = biasOf(context, upBiasBuffer, part);
  for (int t = 0; t < T; ++t) {
    Output *to = static_cast<Output *>(context.buffers[outputBuffer]) + slots[t].row * outputs;
    Floats<16> y = load<16>(gates[t]);
    if constexpr (bias)
      y = y + gateBias;
    if constexpr (interleaved) {
      Floats<8> g = __builtin_shufflevector(y, y, 0, 2, 4, 6, 8, 10, 12, 14);
      Floats<8> u = __builtin_shufflevector(y, y, 1, 3, 5, 7, 9, 11, 13, 15);
      put<8>(to + part.column / 2, times(g, u), part.begin / 2, part.end / 2);
    } else if constexpr (up) {
      Floats<16> u = load<16>(ups[t]);
      if constexpr (upBias)
        u = u + factorBias;
      put<16>(to + part.column, times(y, u), part.begin, part.end);
    } else {
      put<16>(to + part.column, activated(y), part.begin, part.end);
    }
  }
}

inline void clear(const LatheKernelContext &context, const Slot &slot, int64_t group) {
  constexpr int64_t each = interleaved ? lanesOfGroup / 2 : lanesOfGroup;
  Output *to = static_cast<Output *>(context.buffers[outputBuffer]) + slot.row * outputs;
  for (int64_t i = group * each; i < least((group + 1) * each, outputs); ++i)
    storeFloat(to + i, 0.0f);
}

// Slots [t, stop) of a block, all of one expert, with group `group` of it.
inline void run(const LatheKernelContext &context, const Slot *slots, const uint8_t *x, int64_t t, int64_t stop,
                int64_t group) {
  int64_t expert = slots[t].expert;
  if (expert == experts) {
    for (; t < stop; ++t)
      clear(context, slots[t], group);
    return;
  }
  int64_t packed = expert * rows / lanesOfGroup + group;
  Part part{expert, packed * lanesOfGroup - expert * rows, 0, lanesOfGroup};
  if constexpr (!aligned) {
    part.begin = greatest<int64_t>(0, -part.column);
    part.end = least<int64_t>(lanesOfGroup, rows - part.column);
    if (part.begin >= part.end)
      return;
  }
  if constexpr (nativeLanes == 16 && int8)
    for (; t + 16 <= stop; t += 16)
      sums<16>(context, part, packed, x + t * rowBytes, slots + t);
  if constexpr (nativeLanes == 16)
    for (; t + 8 <= stop; t += 8)
      sums<8>(context, part, packed, x + t * rowBytes, slots + t);
  for (; t + 4 <= stop; t += 4)
    sums<4>(context, part, packed, x + t * rowBytes, slots + t);
  for (; t + 2 <= stop; t += 2)
    sums<2>(context, part, packed, x + t * rowBytes, slots + t);
  for (; t < stop; ++t)
    sums<1>(context, part, packed, x + t * rowBytes, slots + t);
}

} // namespace expert_linear_parts

void expert_linear(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace expert_linear_parts;
  struct Prepared {
    uint64_t serial;
    int64_t block;
  };
  uint8_t *scratch = static_cast<uint8_t *>(context.threadScratch), *x = scratch + rowsAt;
  auto *prepared = reinterpret_cast<Prepared *>(scratch);
  auto *chosen = reinterpret_cast<Slot *>(scratch + slotsAt);
  for (int64_t tile = begin; tile < end;) {
    int64_t block = tile / groups, first = block * tokenBlock, here = least(tokenBlock, context.params[0] - first);
    if (prepared->serial != context.launchSerial || prepared->block != block) {
      chooseSlots(context, first, chosen);
      for (int64_t t = 0; t < here; ++t)
        prepareRow(static_cast<const Input *>(context.buffers[0]) +
                       (shared ? chosen[t].row / slots : chosen[t].row) * columns,
                   nullptr, x + t * rowBytes);
      *prepared = {context.launchSerial, block};
    }
    int64_t stop = least(end, (block + 1) * groups);
    for (; tile < stop; ++tile)
      for (int64_t t = 0; t < here;) {
        int64_t next = t + 1;
        while (next < here && chosen[next].expert == chosen[t].expert)
          ++next;
        run(context, chosen, x, t, next, tile - block * groups);
        t = next;
      }
  }
}

} // namespace lathe
