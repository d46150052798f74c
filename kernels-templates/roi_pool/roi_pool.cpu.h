// y[r, c] = region r of x[images[r], c], pooled to (height, width); see llm.roi_pool.
//
// Buffers: x (batch, channels, H, W) and y (regions, channels, height, width) of Element, regions (regions, 4) of Edge,
// images (regions) of Index, dense. params: batch, channels, H, W, regions. Grid: regions * channels.
//
// Parameters: kind (0 average, 1 max, 2 largest); height, width, sampling; scale; halfPixel; types Element, Edge,
// Index. In double. Bound by the interpolation.
#include "common/cpu/interpolate.h"

namespace lathe {

namespace roi_pool_parts {
using namespace parameters;

LATHE_INLINE double above(double a, double b) { return a > b ? a : b; }
LATHE_INLINE double between(double x, double low, double high) { return x < low ? low : x > high ? high : x; }
LATHE_INLINE double awayFromZero(double x) { return x < 0 ? -floor(0.5 - x) : floor(x + 0.5); }

struct Image {
  const Element *x;
  int64_t rows, columns;

  LATHE_INLINE double at(int64_t row, int64_t column) const { return double(loadElement(x + row * columns + column)); }

  LATHE_INLINE double aligned(double top, double left, double binHeight, double binWidth) const {
    auto samples = [](double bin) { return sampling > 0 ? sampling : int64_t(ceil(between(bin, 0, 4096))); };
    int64_t down = samples(binHeight), across = samples(binWidth);
    double result = 0;
    bool first = true;
    for (int64_t i = 0; i < down; ++i) {
      double y = top + (double(i) + 0.5) * binHeight / double(down);
      bool isRow = y >= -1 && y <= double(rows);
      y = between(y, 0, double(rows - 1));
      int64_t upper = int64_t(isRow ? y : 0), lower = least(upper + 1, rows - 1);
      double ly = y - double(upper);
      for (int64_t j = 0; j < across; ++j) {
        double x = left + (double(j) + 0.5) * binWidth / double(across), a = 0, b = 0, c = 0, d = 0;
        if (isRow && x >= -1 && x <= double(columns)) {
          x = between(x, 0, double(columns - 1));
          int64_t near = int64_t(x), far = least(near + 1, columns - 1);
          double lx = x - double(near);
          a = (1 - ly) * (1 - lx) * at(upper, near), b = (1 - ly) * lx * at(upper, far);
          c = ly * (1 - lx) * at(lower, near), d = ly * lx * at(lower, far);
        }
        if constexpr (kind == 0)
          result = result + (a + b + c + d);
        else
          result = first ? above(above(a, b), above(c, d)) : above(result, above(above(a, b), above(c, d)));
        first = false;
      }
    }
    return kind == 0 ? result / double(greatest<int64_t>(down * across, 1)) : result;
  }

  LATHE_INLINE double largest(double top, double left, double binHeight, double binWidth, int64_t row,
                              int64_t column) const {
    int64_t y0 = int64_t(between(floor(double(row) * binHeight) + top, 0, double(rows)));
    int64_t y1 = int64_t(between(ceil(double(row + 1) * binHeight) + top, 0, double(rows)));
    int64_t x0 = int64_t(between(floor(double(column) * binWidth) + left, 0, double(columns)));
    int64_t x1 = int64_t(between(ceil(double(column + 1) * binWidth) + left, 0, double(columns)));
    if (y0 >= y1 || x0 >= x1)
      return 0;
    double result = at(y0, x0);
    for (int64_t y = y0; y < y1; ++y)
      for (int64_t x = x0; x < x1; ++x)
        result = above(at(y, x), result);
    return result;
  }
};

} // namespace roi_pool_parts

inline void roi_pool(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace roi_pool_parts;
  int64_t batch = context.params[0], channels = context.params[1], rows = context.params[2],
          columns = context.params[3];
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t region = tile / channels, channel = tile % channels;
    int64_t index = int64_t(static_cast<const Index *>(context.buffers[2])[region]);
    auto *y = static_cast<Element *>(context.buffers[3]) + tile * height * width;
    double edges[4];
    for (int i = 0; i < 4; ++i) {
      double edge = double(loadElement(static_cast<const Edge *>(context.buffers[1]) + region * 4 + i)) * double(scale);
      edges[i] = kind == 2 ? awayFromZero(edge) : edge - (halfPixel ? 0.5 : 0);
    }
    bool exists = index >= 0 && index < batch && rows > 0 && columns > 0 && abs(edges[0]) < 1e9 && abs(edges[1]) < 1e9;
    double more = kind == 2 ? 1 : 0, tall = edges[3] - edges[1] + more, wide = edges[2] - edges[0] + more;
    if constexpr (kind == 2 || !halfPixel)
      tall = above(tall, 1), wide = above(wide, 1);
    double binHeight = tall / double(height), binWidth = wide / double(width);
    Image image{static_cast<const Element *>(context.buffers[0]) +
                    (exists ? (index * channels + channel) * rows * columns : 0),
                rows, columns};
    for (int64_t row = 0; row < height; ++row)
      for (int64_t column = 0; column < width; ++column) {
        double value = 0;
        if (exists)
          value = kind == 2 ? image.largest(edges[1], edges[0], binHeight, binWidth, row, column)
                            : image.aligned(edges[1] + double(row) * binHeight, edges[0] + double(column) * binWidth,
                                            binHeight, binWidth);
        storeElement<Element>(y + row * width + column, Register<Element>(value));
      }
  }
}

} // namespace lathe
