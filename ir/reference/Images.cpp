// See Images.h: resample, grid_sample and roi_pool, in double.
#include "ir/reference/Images.h"

#include <cmath>

using namespace mlir;

namespace lathe::reference {

namespace {

/// Keys' kernel.
double cubic(double x, double a) {
  x = std::abs(x);
  if (x <= 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

struct Tap {
  int64_t place;
  double weight;
};

/// Where element `o` of the result lies along an axis of n elements.
double placeOf(StringRef coordinates, double o, double n, double size, std::optional<double> scale, bool isFloat,
               const double *roi) {
  double width = scale ? *scale * n : size;
  // A quotient that is a whole number or a half comes out as one: by a ratio of sizes, and by a decimal fraction as
  // f32.
  auto unscaled = [&](double at) {
    return !scale    ? at * n / size
           : isFloat ? static_cast<double>(static_cast<float>(at) / static_cast<float>(*scale))
                     : at / *scale;
  };
  if (coordinates == "align_corners")
    return width == 1 ? 0 : o * (n - 1) / (width - 1);
  if (coordinates == "asymmetric")
    return unscaled(o);
  if (coordinates == "tf_half_pixel")
    return unscaled(o + 0.5);
  if (coordinates == "crop")
    return (width == 1 ? (roi[1] - roi[0]) * (n - 1) / 2 : o * (roi[1] - roi[0]) * (n - 1) / (width - 1)) +
           roi[0] * (n - 1);
  if (coordinates == "pytorch_half_pixel" && size == 1)
    return 0;
  double place = unscaled(o + 0.5) - 0.5;
  return coordinates == "half_pixel_symmetric" ? n / 2 * (1 - size / width) + place : place;
}

int64_t nearest(double place, StringRef rounding) {
  double below = std::floor(place), rest = place - below;
  bool up = rounding == "ceil"           ? rest > 0
            : rounding == "floor"        ? false
            : rounding == "prefer_floor" ? rest > 0.5
                                         : rest >= 0.5;
  return static_cast<int64_t>(below) + up;
}

std::vector<Tap> tapsAt(llm::ResampleOp op, double place, int64_t n, double scale) {
  std::vector<Tap> taps;
  StringRef mode = op.getMode();
  if (mode == "nearest") {
    taps.push_back({nearest(place, op.getRounding()), 1});
  } else {
    double narrow = op.getAntialias() ? std::min(scale, 1.0) : 1.0, reach = (mode == "linear" ? 1 : 2) / narrow;
    for (int64_t i = static_cast<int64_t>(std::floor(place - reach)) + 1; static_cast<double>(i) < place + reach; ++i) {
      double distance = (static_cast<double>(i) - place) * narrow;
      taps.push_back({i, mode == "linear" ? std::max(0.0, 1 - std::abs(distance))
                                          : cubic(distance, op.getCubicCoefficient().convertToFloat())});
    }
  }
  double sum = 0;
  for (Tap &tap : taps) {
    if (op.getExcludeOutside() && (tap.place < 0 || tap.place >= n) && mode != "nearest")
      tap.weight = 0;
    sum += tap.weight;
    tap.place = std::clamp<int64_t>(tap.place, 0, n - 1);
  }
  if ((op.getExcludeOutside() || op.getAntialias()) && sum != 0)
    for (Tap &tap : taps)
      tap.weight /= sum;
  return taps;
}

} // namespace

Result<Tensor> resample(llm::ResampleOp op, const Tensor &x, const Tensor &sizeTensor, const Tensor *scaleTensor,
                        const Tensor *roiTensor) {
  int64_t axis = static_cast<int64_t>(op.getAxis()), n = x.dim(axis), size = sizeTensor.values<int64_t>().front();
  Shape shape = x.shape();
  shape[axis] = size;
  Result<Tensor> place = Tensor::zeros(x.type(), shape);
  if (!place || place->size() == 0)
    return place;
  if (n == 0)
    return Status::failure("has nothing to interpolate in " + x.describe());
  double scale =
      scaleTensor ? scaleTensor->values<double>().front() : static_cast<double>(size) / static_cast<double>(n);
  std::vector<double> roi = roiTensor ? roiTensor->values<double>() : std::vector<double>{0, 1};
  if (!(scale > 0) || scale < 1e-6)
    return Status::failure("has the scale " + std::to_string(scale) + ", which is not above 0.000001");
  int64_t outer = 1, inner = 1;
  for (int64_t i = 0; i < x.rank(); ++i)
    (i < axis ? outer : inner) *= i == axis ? 1 : x.dim(i);
  auto run = [&]<class V>(V) {
    std::vector<V> values = x.values<V>(), result(place->size());
    for (int64_t o = 0; o < size; ++o) {
      double at = placeOf(op.getCoordinates(), static_cast<double>(o), static_cast<double>(n),
                          static_cast<double>(size), scaleTensor ? std::optional(scale) : std::nullopt,
                          scaleTensor && scaleTensor->type() == LATHE_F32, roi.data());
      bool outside = op.getCoordinates() == "crop" && !(at >= 0 && at <= static_cast<double>(n - 1));
      if (!(std::abs(at) < 1e15))
        at = 0;
      std::vector<Tap> taps = tapsAt(op, at, n, scale);
      for (int64_t i = 0; i < outer * inner; ++i) {
        V &to = result[(i / inner * size + o) * inner + i % inner];
        auto from = [&](int64_t p) { return values[(i / inner * n + p) * inner + i % inner]; };
        if (outside) {
          to = static_cast<V>(op.getOutside().convertToFloat());
        } else if (op.getMode() == "nearest") {
          to = from(taps.front().place);
        } else {
          double sum = 0;
          for (const Tap &tap : taps)
            sum += tap.weight * static_cast<double>(from(tap.place));
          to = std::is_same_v<V, double> ? static_cast<V>(sum) : static_cast<V>(std::nearbyint(sum));
        }
      }
    }
    return Tensor::ofValues<V>(x.type(), shape, result);
  };
  return numberOf(x.type()) == Number::Real ? run(double()) : run(int64_t());
}

// ---- grid_sample --------------------------------------------------------------------------------------------------

namespace {

/// Mirrored until it is inside [low, high].
double reflected(double x, double low, double high) {
  if (x >= low && x <= high)
    return x;
  double range = high - low;
  if (!(range > 0) || !std::isfinite(x))
    return low;
  double rest = std::fmod(x < low ? low - x : x - high, 2 * range), back = rest > range ? 2 * range - rest : rest;
  return x < low ? low + back : high - back;
}

/// The place in an axis, or -1 for a zero.
int64_t pixel(int64_t i, int64_t n, StringRef padding, bool alignCorners) {
  if (i >= 0 && i < n)
    return i;
  if (padding == "zeros")
    return -1;
  if (padding == "border")
    return std::clamp<int64_t>(i, 0, n - 1);
  double size = static_cast<double>(n);
  double at = alignCorners ? reflected(static_cast<double>(i), 0, size - 1)
                           : reflected(static_cast<double>(i), -0.5, size - 0.5);
  return std::clamp<int64_t>(static_cast<int64_t>(at), 0, n - 1);
}

} // namespace

Result<Tensor> gridSample(llm::GridSampleOp op, const Tensor &x, const Tensor &places) {
  Shape shape = {x.dim(0), x.dim(1)};
  shape.insert(shape.end(), places.shape().begin() + 1, places.shape().end() - 1);
  Result<Tensor> result = Tensor::zeros(x.type(), shape);
  if (!result || result->size() == 0)
    return result;
  int64_t spatial = x.rank() - 2, plane = 1, count = places.size() / spatial / places.dim(0);
  for (int64_t axis = 2; axis < x.rank(); ++axis)
    plane *= x.dim(axis);
  if (plane == 0 || places.dim(0) != x.dim(0))
    return Status::failure("samples " + x.describe() + " at places " + places.describe());
  std::vector<double> values = x.values<double>(), at = places.values<double>(), out(result->size());
  StringRef padding = op.getPadding(), mode = op.getMode();
  for (int64_t i = 0; i < x.dim(0) * count; ++i) {
    // The taps of all axes, multiplied out.
    std::vector<Tap> taps = {{0, 1}};
    for (int64_t axis = 0; axis < spatial; ++axis) {
      int64_t n = x.dim(axis + 2);
      double size = static_cast<double>(n), p = at[i * spatial + axis];
      if (!(std::abs(p) < 1e15))
        p = -1e9;
      if (mode == "nearest")
        p = std::nearbyint(p);
      double low = op.getAlignCorners() ? 0 : -0.5, high = op.getAlignCorners() ? size - 1 : size - 0.5;
      if (mode != "cubic" && (p < low || p > high)) {
        if (padding == "border")
          p = std::clamp(p, 0.0, size - 1);
        else if (padding == "reflection")
          p = reflected(p, low, high);
      }
      int64_t base = static_cast<int64_t>(std::floor(p)), first = mode == "cubic" ? -1 : 0;
      int64_t last = mode == "nearest" ? 0 : mode == "linear" ? 1 : 2;
      std::vector<Tap> next;
      for (int64_t k = first; k <= last; ++k) {
        double distance = p - static_cast<double>(base + k);
        double weight = mode == "nearest" ? 1 : mode == "linear" ? 1 - std::abs(distance) : cubic(distance, -0.75);
        int64_t place = pixel(base + k, n, padding, op.getAlignCorners());
        for (const Tap &tap : taps)
          if (place >= 0)
            next.push_back({tap.place * n + place, tap.weight * weight});
      }
      taps = next;
    }
    for (int64_t c = 0; c < x.dim(1); ++c) {
      int64_t image = i / count * x.dim(1) + c;
      for (const Tap &tap : taps)
        out[image * count + i % count] += tap.weight * values[image * plane + tap.place];
    }
  }
  return Tensor::ofValues<double>(x.type(), shape, out);
}

// ---- roi_pool -----------------------------------------------------------------------------------------------------

namespace {

struct Roi {
  const double *image; // (height, width)
  int64_t height, width;

  /// The four neighbours of a place with their weights; nothing outside.
  std::vector<double> corners(double y, double x) const {
    if (!(y >= -1 && y <= static_cast<double>(height) && x >= -1 && x <= static_cast<double>(width)))
      return {0, 0, 0, 0};
    y = std::clamp(y, 0.0, static_cast<double>(height - 1));
    x = std::clamp(x, 0.0, static_cast<double>(width - 1));
    int64_t top = static_cast<int64_t>(y), left = static_cast<int64_t>(x);
    int64_t bottom = std::min(top + 1, height - 1), right = std::min(left + 1, width - 1);
    double ly = y - static_cast<double>(top), lx = x - static_cast<double>(left);
    return {(1 - ly) * (1 - lx) * image[top * width + left], (1 - ly) * lx * image[top * width + right],
            ly * (1 - lx) * image[bottom * width + left], ly * lx * image[bottom * width + right]};
  }

  double aligned(double top, double left, double binHeight, double binWidth, int64_t sampling, bool isMax) const {
    constexpr double most = 1 << 12;
    auto samples = [&](double bin) {
      return sampling > 0 ? sampling : static_cast<int64_t>(std::ceil(std::clamp(bin, 0.0, most)));
    };
    int64_t rows = samples(binHeight), columns = samples(binWidth);
    double result = 0;
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j) {
        std::vector<double> four =
            corners(top + (static_cast<double>(i) + 0.5) * binHeight / static_cast<double>(rows),
                    left + (static_cast<double>(j) + 0.5) * binWidth / static_cast<double>(columns));
        double largest = *std::max_element(four.begin(), four.end());
        if (isMax)
          result = i + j == 0 ? largest : std::max(result, largest);
        else
          result += four[0] + four[1] + four[2] + four[3];
      }
    return isMax ? result : result / static_cast<double>(std::max<int64_t>(rows * columns, 1));
  }

  double largest(double top, double left, double binHeight, double binWidth, int64_t row, int64_t column) const {
    auto edge = [](double at, int64_t size) { return std::clamp<int64_t>(static_cast<int64_t>(at), 0, size); };
    int64_t y0 = edge(std::floor(static_cast<double>(row) * binHeight) + top, height);
    int64_t y1 = edge(std::ceil(static_cast<double>(row + 1) * binHeight) + top, height);
    int64_t x0 = edge(std::floor(static_cast<double>(column) * binWidth) + left, width);
    int64_t x1 = edge(std::ceil(static_cast<double>(column + 1) * binWidth) + left, width);
    if (y0 >= y1 || x0 >= x1)
      return 0;
    double result = image[y0 * width + x0];
    for (int64_t y = y0; y < y1; ++y)
      for (int64_t x = x0; x < x1; ++x)
        result = std::max(result, image[y * width + x]);
    return result;
  }
};

} // namespace

Result<Tensor> roiPool(llm::RoiPoolOp op, const Tensor &x, const Tensor &rois, const Tensor &batches) {
  int64_t height = static_cast<int64_t>(op.getHeight()), width = static_cast<int64_t>(op.getWidth()),
          count = rois.dim(0);
  Shape shape = {count, x.dim(1), height, width};
  Result<Tensor> place = Tensor::zeros(x.type(), shape);
  if (!place || place->size() == 0)
    return place;
  if (batches.dim(0) != count)
    return Status::failure("has " + std::to_string(count) + " rois, but the images of " +
                           std::to_string(batches.dim(0)));
  std::vector<double> values = x.values<double>(), edges = rois.values<double>(), out(place->size());
  std::vector<int64_t> images = batches.values<int64_t>();
  double scale = op.getScale().convertToFloat(), offset = op.getHalfPixel() ? 0.5 : 0;
  bool rounded = op.getKind() == "largest";
  for (size_t i = 0; i < out.size(); ++i) {
    int64_t column = static_cast<int64_t>(i) % width, row = static_cast<int64_t>(i) / width % height;
    int64_t channel = static_cast<int64_t>(i) / width / height % x.dim(1);
    int64_t index = static_cast<int64_t>(i) / width / height / x.dim(1), image = images[index];
    double edge[4];
    for (int k = 0; k < 4; ++k)
      edge[k] = rounded ? std::round(edges[index * 4 + k] * scale) : edges[index * 4 + k] * scale - offset;
    if (image < 0 || image >= x.dim(0) || x.dim(2) == 0 || x.dim(3) == 0 || !(std::abs(edge[0]) < 1e9) ||
        !(std::abs(edge[1]) < 1e9))
      continue;
    double roiWidth = edge[2] - edge[0] + (rounded ? 1 : 0), roiHeight = edge[3] - edge[1] + (rounded ? 1 : 0);
    if (rounded || !op.getHalfPixel())
      roiWidth = std::max(roiWidth, 1.0), roiHeight = std::max(roiHeight, 1.0);
    double binHeight = roiHeight / static_cast<double>(height), binWidth = roiWidth / static_cast<double>(width);
    Roi roi{values.data() + (image * x.dim(1) + channel) * x.dim(2) * x.dim(3), x.dim(2), x.dim(3)};
    out[i] = rounded ? roi.largest(edge[1], edge[0], binHeight, binWidth, row, column)
                     : roi.aligned(edge[1] + static_cast<double>(row) * binHeight,
                                   edge[0] + static_cast<double>(column) * binWidth, binHeight, binWidth,
                                   static_cast<int64_t>(op.getSampling()), op.getKind() == "max");
  }
  return Tensor::ofValues<double>(x.type(), shape, out);
}

} // namespace lathe::reference
