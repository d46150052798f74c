// y[.., o, ..] = x interpolated at the place p(o) of its axis; see llm.resample for the places and the weights.
//
// Buffers: x (outer, n, inner) and y (outer, size, inner), dense, of Element; size's element of int64; the scale of
// Scale where there is one; the roi (2) of Roi where there is one; y comes last. params: outer, n, size, inner. Grid:
// ceil(outer * inner / 256) * size.
//
// Parameters: mode (0 nearest, 1 linear, 2 cubic); coordinates (0 half_pixel, 1 pytorch_half_pixel, 2
// half_pixel_symmetric, 3 asymmetric, 4 tf_half_pixel, 5 align_corners, 6 crop); rounding (0 floor, 1 ceil, 2
// prefer_floor, 3 prefer_ceil); cubicCoefficient, outsideValue; excludeOutside, antialias; hasScale; types Element,
// Scale, Roi.
//
// A tile is one o for 256 pairs of (outer, inner): its weights are computed once. Bound by memory.
#include "common/cpu/interpolate.h"

namespace lathe {

namespace resample_parts {
using namespace parameters;

constexpr int64_t tilePairs = 256;

struct Axis {
  int64_t n, size;
  double scale, roiBegin = 0, roiEnd = 1;

  // A quotient that is a whole number or a half comes out as one: by a ratio of sizes, and by a decimal fraction as
  // f32.
  LATHE_INLINE double unscaled(double at) const {
    return !hasScale              ? at * double(n) / double(size)
           : isSame<Scale, float> ? double(float(at) / float(scale))
                                  : at / scale;
  }

  LATHE_INLINE double place(int64_t o) const {
    double width = hasScale ? scale * double(n) : double(size), at = double(o);
    if constexpr (coordinates == 5)
      return width == 1 ? 0 : at * double(n - 1) / (width - 1);
    if constexpr (coordinates == 3)
      return unscaled(at);
    if constexpr (coordinates == 4)
      return unscaled(at + 0.5);
    if constexpr (coordinates == 6)
      return (width == 1 ? (roiEnd - roiBegin) * double(n - 1) / 2
                         : at * (roiEnd - roiBegin) * double(n - 1) / (width - 1)) +
             roiBegin * double(n - 1);
    if constexpr (coordinates == 1)
      if (size == 1)
        return 0;
    double half = unscaled(at + 0.5) - 0.5;
    return coordinates == 2 ? double(n) / 2 * (1 - double(size) / width) + half : half;
  }

  LATHE_INLINE static int64_t nearest(double at) {
    double below = floor(at), rest = at - below;
    bool up = rounding == 1 ? rest > 0 : rounding == 0 ? false : rounding == 2 ? rest > 0.5 : rest >= 0.5;
    return int64_t(below) + up;
  }
};

} // namespace resample_parts

inline void resample(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace resample_parts;
  auto [outer, n, size, inner] = *reinterpret_cast<const int64_t(*)[4]>(context.params);
  auto *x = static_cast<const Element *>(context.buffers[0]);
  auto *y = static_cast<Element *>(context.buffers[2 + hasScale + (coordinates == 6)]);
  Axis axis{n, size, double(size) / double(n)};
  if constexpr (hasScale)
    axis.scale = double(loadElement(static_cast<const Scale *>(context.buffers[2])));
  if constexpr (coordinates == 6) {
    auto *roi = static_cast<const Roi *>(context.buffers[2 + hasScale]);
    axis.roiBegin = double(loadElement(roi));
    axis.roiEnd = double(loadElement(roi + 1));
  }
  bool usable = axis.scale >= 1e-6 && n > 0; // else there is nothing to interpolate: zeros
  double narrow = antialias && axis.scale < 1 && usable ? axis.scale : 1, reach = (mode == 1 ? 1 : 2) / narrow;
  auto weightOf = [&](int64_t i, double at) -> double {
    if (excludeOutside && (i < 0 || i >= n))
      return 0;
    double distance = (double(i) - at) * narrow;
    return mode == 1 ? linearWeight(distance) : cubicWeight(distance, cubicCoefficient);
  };
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t o = tile % size, first = tile / size * tilePairs, count = least(tilePairs, outer * inner - first);
    double at = axis.place(o);
    bool outside = coordinates == 6 && !(at >= 0 && at <= double(n - 1));
    if (!(abs(at) < 1e15))
      at = 0;
    // Runs of pairs of one outer index.
    auto eachRun = [&](auto &&visit) {
      for (int64_t i = 0; i < count;) {
        int64_t row = (first + i) / inner, column = (first + i) % inner, part = least(inner - column, count - i);
        visit(i, row, column, part);
        i += part;
      }
    };
    if (outside || !usable) {
      eachRun([&](int64_t, int64_t row, int64_t column, int64_t part) {
        for (int64_t j = 0; j < part; ++j)
          storeElement<Element>(y + (row * size + o) * inner + column + j,
                                fromMixture<Element>(usable ? outsideValue : 0));
      });
    } else if constexpr (mode == 0) {
      int64_t place = clamped(Axis::nearest(at), n);
      eachRun([&](int64_t, int64_t row, int64_t column, int64_t part) {
        copyElements(y + (row * size + o) * inner + column, x + (row * n + place) * inner + column, part);
      });
    } else {
      Mixture<Element> sums[tilePairs] = {};
      int64_t low = int64_t(floor(at - reach)) + 1;
      double total = 1;
      if constexpr (antialias || excludeOutside) {
        total = 0;
        for (int64_t i = low; double(i) < at + reach; ++i)
          total += weightOf(i, at);
        total = total == 0 ? 1 : total;
      }
      for (int64_t i = low; double(i) < at + reach; ++i) {
        auto weight = Mixture<Element>(weightOf(i, at) / total);
        const Element *from = x + clamped(i, n) * inner;
        eachRun([&](int64_t to, int64_t row, int64_t column, int64_t part) {
          for (int64_t j = 0; j < part; ++j)
            sums[to + j] = sums[to + j] + weight * Mixture<Element>(loadElement(from + row * n * inner + column + j));
        });
      }
      eachRun([&](int64_t from, int64_t row, int64_t column, int64_t part) {
        for (int64_t j = 0; j < part; ++j)
          storeElement<Element>(y + (row * size + o) * inner + column + j, fromMixture<Element>(sums[from + j]));
      });
    }
  }
}

} // namespace lathe
