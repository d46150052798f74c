// y[b, t, h, :] = sum over the visible keys s of softmax(score)[s] * v[b, s, h / group, :], with
// score[s] = cap(scale * q[b, t, h, :] . k[b, s, h / group, :]) + mask[b, h, t, s] + slopes[h] * (s - p), or with
// distances = 2 D + 1 above 0 + slopes[h, D + clamp(s - p, -D, D)] instead;
// cap(x) = softcap * tanh(x / softcap), position p = length - T + t, length = S or lengths[b]. Visible: s < length, s
// <= p with causal, s > p - window with a window, s <= p + ahead where that is not negative, mask not false, not hidden
// by the pattern, which adds log(times) for a key that counts several times. Nothing visible: 0. sinks[h] adds e^sink to
// the denominator.
//
// Buffers: q (B, T, heads, headDim), k (B, S, kvHeads, headDim), v (B, S, kvHeads, valueDim) of Element; then those
// that there are of mask (of Mask, broadcast to (B, heads, T, S)), lengths (B) of Length, slopes (heads) or (heads,
// distances) of Slope, sinks (heads) of Sink; y (B, T, heads, valueDim) of Element; all dense. params: B, T, S; with a mask its four sizes.
// Grid: B * heads * ceil(T / 8).
//
// Parameters: heads, kvHeads, headDim, valueDim; scale; softcap (0: none); causal; window (0: none); ahead (-1: none);
// pattern (common/cpu/key_pattern.h); hasMask, hasLengths, hasSlopes, hasSinks; distances (0: slopes); types Element,
// Mask, Length, Slope, Sink.
//
// Keys are walked in chunks of 64 that start at multiples of 64, with a running maximum and denominator, so that no row
// of scores is ever stored; a query's arithmetic depends on its own keys alone. A dot product is 16 lanes, folded; a
// lane of the sum is an element of v's row, keys in order. A chunk that the pattern hides is not read. Bound by the dot products; 8 queries share the keys in the
// cache.
#include "common/cpu/elements.h"
#include "common/cpu/key_pattern.h"
#include "common/cpu/math.h"

namespace lathe {

namespace attention_parts {
using namespace parameters;

constexpr int lanes = 16;
constexpr int64_t tileQueries = 8, chunk = 64, group = heads / kvHeads;
constexpr int64_t paddedHead = roundUp(headDim, lanes), paddedValue = roundUp(valueDim, lanes);
constexpr int64_t lengthsAt = 3 + hasMask, slopesAt = lengthsAt + hasLengths, sinksAt = slopesAt + hasSlopes,
                  outputAt = sinksAt + hasSinks;
using Vector = Floats<lanes>;
constexpr float none = -__builtin_inff();

// One query and what has been summed for it so far.
struct Row {
  float query[paddedHead], sum[paddedValue];
  float highest, denominator;
  int64_t position, first, last; // keys [first, last)
  key_pattern::PatternRow pattern;
};

template <class T> LATHE_INLINE Vector loadUpTo(const T *from, int64_t count) {
  return count >= lanes ? load<lanes>(from) : loadLanesPart<T, lanes>(from, 1, count);
}

// Whether a key may be seen, and what the mask adds.
template <class T> LATHE_INLINE bool masked(const T *mask, float &score) {
  if constexpr (isSame<T, Bool>) {
    return mask->value == 0;
  } else {
    score += loadFloat(mask);
    return false;
  }
}

LATHE_INLINE float dot(const float *query, const Element *key) {
  Vector sum = Vector(0.0f);
  for (int64_t d = 0; d < headDim; d += lanes)
    sum = sum + load<lanes>(query + d) * loadUpTo(key + d, headDim - d);
  return sumOfLanes(sum);
}

// What a head's slope, or its row of biases, adds for a key so far after the query.
LATHE_INLINE float biasOf(const Slope *slopes, int64_t distance) {
  if constexpr (distances > 0)
    return loadFloat(slopes + distances / 2 + greatest(-distances / 2, least(distances / 2, distance)));
  else
    return loadFloat(slopes) * float(distance);
}

// Scores of the keys [from, to) of a chunk; the others are hidden.
LATHE_INLINE void scoresOf(const Row &row, const Element *keys, int64_t start, int64_t from, int64_t to,
                           const Slope *slopes, const Mask *mask, int64_t maskStride, float *scores) {
  for (int64_t s = 0; s < chunk; ++s)
    scores[s] = none;
  for (int64_t s = from; s < to; ++s)
    if (!key_pattern::hasPattern || key_pattern::timesOf(row.pattern, s) > 0)
      scores[s - start] = dot(row.query, keys + s * kvHeads * headDim) * scale;
  if constexpr (softcap > 0)
    for (int64_t i = 0; i < chunk; i += lanes) {
      Vector x = load<lanes>(scores + i);
      store<lanes>(scores + i, select(x == none, x, softcap * tanh(x / softcap)));
    }
  if constexpr (hasMask || hasSlopes || key_pattern::hasPattern)
    for (int64_t s = from; s < to; ++s) {
      float score = scores[s - start];
      if constexpr (key_pattern::hasPattern)
        if (score = score + key_pattern::biasOfTimes(key_pattern::timesOf(row.pattern, s)); score == none)
          continue;
      if constexpr (hasSlopes)
        score = score + biasOf(slopes, s - row.position);
      if constexpr (hasMask)
        if (masked(mask + s * maskStride, score))
          score = none;
      scores[s - start] = score;
    }
}

LATHE_INLINE void addChunk(Row &row, const float *scores, const Element *values, int64_t start, int64_t from,
                           int64_t to) {
  Vector high = load<lanes>(scores);
  for (int64_t i = lanes; i < chunk; i += lanes)
    high = maximum(high, load<lanes>(scores + i));
  float highest = row.highest;
  for (int i = 0; i < lanes; ++i)
    highest = high[i] > highest || high[i] != high[i] ? high[i] : highest;
  if (highest == none)
    return;
  float weights[chunk], shrink = exp(row.highest - highest);
  Vector sum = Vector(0.0f);
  for (int64_t i = 0; i < chunk; i += lanes) {
    Vector weight = exp(load<lanes>(scores + i) - highest);
    store<lanes>(weights + i, weight);
    sum = sum + weight;
  }
  row.highest = highest;
  row.denominator = row.denominator * shrink + sumOfLanes(sum);
  for (int64_t d = 0; d < valueDim; d += lanes) {
    Vector total = load<lanes>(row.sum + d) * shrink;
    for (int64_t s = from; s < to; ++s) {
      if (key_pattern::hasPattern && weights[s - start] == 0)
        continue;
      total = total + weights[s - start] * loadUpTo(values + s * kvHeads * valueDim + d, valueDim - d);
    }
    store<lanes>(row.sum + d, total);
  }
}

} // namespace attention_parts

inline void attention(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace attention_parts;
  int64_t tokens = context.params[1], keyCount = context.params[2], blocks = ceilDiv(tokens, tileQueries);
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t block = tile % blocks, head = tile / blocks % heads, batch = tile / (blocks * heads);
    auto *keys =
        static_cast<const Element *>(context.buffers[1]) + (batch * keyCount * kvHeads + head / group) * headDim;
    auto *values =
        static_cast<const Element *>(context.buffers[2]) + (batch * keyCount * kvHeads + head / group) * valueDim;
    int64_t length = keyCount;
    if constexpr (hasLengths)
      length = greatest<int64_t>(
          0, least<int64_t>(keyCount, static_cast<const Length *>(context.buffers[lengthsAt])[batch]));
    const Slope *slopes = nullptr;
    if constexpr (hasSlopes)
      slopes = static_cast<const Slope *>(context.buffers[slopesAt]) + head * (distances > 0 ? distances : 1);

    Row rows[tileQueries];
    int64_t count = least(tileQueries, tokens - block * tileQueries), first = keyCount, last = 0;
    for (int64_t i = 0; i < count; ++i) {
      Row &row = rows[i];
      int64_t t = block * tileQueries + i;
      auto *query = static_cast<const Element *>(context.buffers[0]) + ((batch * tokens + t) * heads + head) * headDim;
      for (int64_t d = 0; d < paddedHead; d += lanes)
        store<lanes>(row.query + d, loadUpTo(query + d, headDim - d));
      for (int64_t d = 0; d < paddedValue; d += lanes)
        store<lanes>(row.sum + d, Vector(0.0f));
      row.highest = none;
      row.denominator = 0;
      if constexpr (hasSinks) {
        row.highest = loadFloat(static_cast<const Sink *>(context.buffers[sinksAt]) + head);
        row.denominator = row.highest == none ? 0.0f : 1.0f;
      }
      row.position = length - tokens + t;
      row.last = causal ? least(length, row.position + 1) : length;
      if constexpr (ahead >= 0)
        row.last = least(row.last, row.position < keyCount - ahead ? row.position + ahead + 1 : keyCount);
      row.pattern = key_pattern::patternRow(head, row.position, length);
      row.first = window > 0 ? greatest<int64_t>(0, row.position - window + 1) : 0;
      first = least(first, row.first);
      last = greatest(last, row.last);
    }

    for (int64_t start = first / chunk * chunk; start < last; start += chunk)
      for (int64_t i = 0; i < count; ++i) {
        int64_t from = greatest(start, rows[i].first), to = least(start + chunk, rows[i].last);
        if (from >= to || (key_pattern::hasPattern && !key_pattern::mayCount(rows[i].pattern, from, to)))
          continue;
        const Mask *mask = nullptr;
        int64_t maskStride = 0;
        if constexpr (hasMask) {
          const int64_t *sizes = context.params + 3;
          int64_t t = block * tileQueries + i;
          maskStride = sizes[3] == 1 ? 0 : 1;
          mask = static_cast<const Mask *>(context.buffers[3]) +
                 (((sizes[0] == 1 ? 0 : batch) * sizes[1] + (sizes[1] == 1 ? 0 : head)) * sizes[2] +
                  (sizes[2] == 1 ? 0 : t)) *
                     sizes[3];
        }
        float scores[chunk];
        scoresOf(rows[i], keys, start, from, to, slopes, mask, maskStride, scores);
        addChunk(rows[i], scores, values, start, from, to);
      }

    for (int64_t i = 0; i < count; ++i) {
      const Row &row = rows[i];
      auto *y = static_cast<Element *>(context.buffers[outputAt]) +
                ((batch * tokens + block * tileQueries + i) * heads + head) * valueDim;
      float factor = row.denominator > 0 || row.denominator != row.denominator ? 1.0f / row.denominator : 0.0f;
      for (int64_t d = 0; d < valueDim; d += lanes) {
        Vector value = load<lanes>(row.sum + d) * factor;
        if (valueDim - d >= lanes)
          store<lanes>(y + d, value);
        else
          storeLanesPart<Element, lanes>(y + d, value, valueDim - d);
      }
    }
  }
}

} // namespace lathe
