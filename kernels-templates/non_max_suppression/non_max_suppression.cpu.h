// For each batch and class: again and again the box with the highest score among those left, which leaves out those
// that overlap it by more than a threshold (intersection over union).
//
// Buffers: boxes (batch, boxes, 4) and scores (batch, classes, boxes) of float; most (1) of int64_t; the threshold of
// the overlap (1) of float, and with hasScoreThreshold that of the score (1); selected (batch * classes * boxes, 3) and
// number (1) of int64_t; a workspace of a byte for each box. params: batch, classes, boxes. Grid: 1.
//
// Parameters: hasScoreThreshold; centered (boxes are x, y, width, height of the center, else two corners y, x, y, x).
//
// Bound by searching for the highest score, on one thread.
#include "common/cpu/indexing.h"

namespace lathe {

namespace non_max_suppression_parts {

struct Box {
  float lowY, lowX, highY, highX;
};

LATHE_INLINE Box boxAt(const float *from) {
  if (parameters::centered)
    return {from[1] - from[3] / 2, from[0] - from[2] / 2, from[1] + from[3] / 2, from[0] + from[2] / 2};
  return {least(from[0], from[2]), least(from[1], from[3]), greatest(from[0], from[2]), greatest(from[1], from[3])};
}
LATHE_INLINE float overlap(const Box &a, const Box &b) {
  float height = greatest(0.0f, least(a.highY, b.highY) - greatest(a.lowY, b.lowY));
  float width = greatest(0.0f, least(a.highX, b.highX) - greatest(a.lowX, b.lowX));
  float shared = height * width;
  float all = (a.highY - a.lowY) * (a.highX - a.lowX) + (b.highY - b.lowY) * (b.highX - b.lowX) - shared;
  return all > 0 ? shared / all : 0.0f;
}

} // namespace non_max_suppression_parts

inline void non_max_suppression(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace non_max_suppression_parts;
  if (begin == end)
    return;
  int64_t batches = context.params[0], classes = context.params[1], boxes = context.params[2];
  constexpr int results = parameters::hasScoreThreshold ? 5 : 4;
  auto *corners = static_cast<const float *>(context.buffers[0]),
       *scores = static_cast<const float *>(context.buffers[1]);
  int64_t most = *static_cast<const int64_t *>(context.buffers[2]), found = 0;
  float mostOverlap = *static_cast<const float *>(context.buffers[3]);
  auto *selected = static_cast<int64_t *>(context.buffers[results]);
  auto *isLeft = static_cast<uint8_t *>(context.buffers[results + 2]);
  for (int64_t row = 0; row < batches * classes; ++row) {
    const float *score = scores + row * boxes, *own = corners + row / classes * boxes * 4;
    for (int64_t i = 0; i < boxes; ++i) {
      isLeft[i] = 1;
      if constexpr (parameters::hasScoreThreshold)
        isLeft[i] = score[i] > *static_cast<const float *>(context.buffers[4]);
    }
    for (int64_t taken = 0; taken < most; ++taken) {
      int64_t best = -1;
      for (int64_t i = 0; i < boxes; ++i)
        if (isLeft[i] && (best < 0 || score[i] > score[best]))
          best = i;
      if (best < 0)
        break;
      selected[3 * found] = row / classes, selected[3 * found + 1] = row % classes, selected[3 * found + 2] = best;
      ++found;
      isLeft[best] = 0;
      Box box = boxAt(own + 4 * best);
      for (int64_t i = 0; i < boxes; ++i)
        if (isLeft[i] && overlap(boxAt(own + 4 * i), box) > mostOverlap)
          isLeft[i] = 0;
    }
  }
  *static_cast<int64_t *>(context.buffers[results + 1]) = found;
  for (int64_t i = 3 * found; i < batches * classes * boxes * 3; ++i)
    selected[i] = 0;
}

} // namespace lathe
