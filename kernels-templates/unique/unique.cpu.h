// Groups of equal slices of x along an axis: first[g] and counts[g] of each group, inverse[i] of each slice, the number
// of groups. Slices are sorted by merging (NaN last), equal ones in the order in which they come, and so are groups
// where `sorted`; else groups are numbered anew by their first slices.
//
// Buffers: x (outer, size, inner), dense, of Element; first, inverse, counts (size) and number (1) of int64_t; two
// workspaces of size int64_t. params: outer, size, inner. Grid: 1.
//
// Parameters: sorted; type Element.
//
// Bound by the comparisons of the sort, on one thread.
#include "common/cpu/indexing.h"

namespace lathe {

namespace unique_parts {

using namespace parameters;

struct Slices {
  const Element *x;
  int64_t outer, size, inner;

  // Whether slice a comes before slice b (-1), after it (1), or is equal (0).
  LATHE_INLINE int compare(int64_t a, int64_t b) const {
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t i = 0; i < inner; ++i) {
        auto left = loadElement(x + (o * size + a) * inner + i), right = loadElement(x + (o * size + b) * inner + i);
        bool less = left < right || (right != right && left == left),
             more = right < left || (left != left && right == right);
        if (less || more)
          return less ? -1 : 1;
      }
    return 0;
  }
};

} // namespace unique_parts

inline void unique(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace unique_parts;
  if (begin == end)
    return;
  Slices slices{static_cast<const Element *>(context.buffers[0]), context.params[0], context.params[1],
                context.params[2]};
  auto *first = static_cast<int64_t *>(context.buffers[1]), *inverse = static_cast<int64_t *>(context.buffers[2]),
       *counts = static_cast<int64_t *>(context.buffers[3]), *number = static_cast<int64_t *>(context.buffers[4]),
       *order = static_cast<int64_t *>(context.buffers[5]), *merged = static_cast<int64_t *>(context.buffers[6]);
  int64_t size = slices.size;
  for (int64_t i = 0; i < size; ++i)
    order[i] = i, first[i] = counts[i] = 0;
  for (int64_t width = 1; width < size; width *= 2) {
    for (int64_t low = 0; low < size; low += 2 * width) {
      int64_t middle = least(low + width, size), high = least(low + 2 * width, size), a = low, b = middle;
      for (int64_t to = low; to < high; ++to)
        merged[to] = a < middle && (b == high || slices.compare(order[a], order[b]) <= 0) ? order[a++] : order[b++];
    }
    int64_t *other = order;
    order = merged;
    merged = other;
  }
  int64_t groups = 0;
  for (int64_t i = 0; i < size; ++i) {
    if (i == 0 || slices.compare(order[i - 1], order[i]) != 0)
      first[groups++] = order[i];
    inverse[order[i]] = groups - 1;
    ++counts[groups - 1];
  }
  *number = groups;
  if (sorted)
    return;
  // merged: the sorted group -> its number in the order of first slices; order: counts by that number.
  int64_t next = 0;
  for (int64_t i = 0; i < size; ++i)
    if (int64_t group = inverse[i]; first[group] == i) {
      merged[group] = next;
      order[next++] = counts[group];
    }
  for (int64_t i = 0; i < size; ++i)
    inverse[i] = merged[inverse[i]];
  for (int64_t i = 0, group = 0; i < size; ++i)
    if (inverse[i] == group)
      first[group++] = i;
  for (int64_t group = 0; group < groups; ++group)
    counts[group] = order[group];
}

} // namespace lathe
