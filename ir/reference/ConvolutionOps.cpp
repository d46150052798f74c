// The meaning of ir/llm/ConvolutionOps.td: windows and transforms here, interpolation in Images.cpp.
#include "ir/llm/ConvolutionOps.h"
#include "ir/llm/Windows.h"
#include "ir/reference/Families.h"
#include "ir/reference/Images.h"

#include <cmath>
#include <numbers>
#include <numeric>

using namespace mlir;

namespace lathe::reference {

namespace {

int64_t elements(std::span<const int64_t> shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<>());
}

/// The windows over the spatial axes of one x.
class Windows {
public:
  Windows(Operation *op, const Shape &x) : windows_(llm::windowsOf(op)), sizes(x.begin() + 2, x.end()) {
    for (auto [axis, window] : ::llvm::enumerate(windows_)) {
      out.push_back(window.count(sizes[axis]));
      kernel.push_back(window.kernel);
      begins_.push_back(window.begin(sizes[axis], out.back()));
    }
  }

private:
  ::llvm::SmallVector<llm::Window> windows_;
  Shape begins_;

public:
  Shape sizes, out, kernel;

  bool isEmpty() const {
    return std::any_of(out.begin(), out.end(), [](int64_t size) { return size < 0; });
  }

  /// Calls visit(tap, place) for each element of the window at `window` (an index into out) that is inside, both as
  /// linear indices. Of a transposed convolution, for each element of x that spreads to the element `window` of the
  /// result.
  template <class F> void visit(int64_t window, F visit) const {
    Shape first(out.size());
    for (size_t axis = out.size(); axis-- > 0; window /= out[axis])
      first[axis] = windows_[axis].transposed ? window % out[axis] + begins_[axis]
                                              : window % out[axis] * windows_[axis].stride - begins_[axis];
    for (int64_t tap = 0, taps = elements(kernel); tap < taps; ++tap) {
      int64_t rest = tap, place = 0, stride = 1;
      bool inside = true;
      for (size_t axis = out.size(); axis-- > 0; rest /= kernel[axis]) {
        const llm::Window &w = windows_[axis];
        int64_t tapAt = rest % kernel[axis] * w.dilation, at = first[axis] + tapAt;
        if (w.transposed) { // from the result to the element of x that spreads to it
          int64_t from = first[axis] - tapAt;
          inside &= from >= 0 && from % w.stride == 0;
          at = from / w.stride;
        }
        inside &= at >= 0 && at < sizes[axis];
        place += at * stride;
        stride *= sizes[axis];
      }
      if (inside)
        visit(tap, place);
    }
  }

  /// How many elements of the window are in x and its padding.
  int64_t padded(int64_t window) const {
    int64_t count = 1;
    for (size_t axis = out.size(); axis-- > 0; window /= out[axis]) {
      const llm::Window &w = windows_[axis];
      int64_t first = window % out[axis] * w.stride - begins_[axis];
      int64_t end = w.autoPad == llm::AutoPad::None ? sizes[axis] + w.padEnd : first + w.extent();
      int64_t inside = 0;
      for (int64_t k = 0; k < w.kernel; ++k)
        inside += first + k * w.dilation < end;
      count *= inside;
    }
    return count;
  }
};

Status tooLarge(const Tensor &x) { return Status::failure("has windows that are larger than x, " + x.describe()); }

template <class V> V wrappedSum(V a, V b) {
  if constexpr (std::is_same_v<V, double>)
    return a + b;
  else
    return static_cast<V>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

template <class V>
Result<Tensor> convolution(llm::ConvolutionOp op, const Tensor &x, const Tensor &weight, const Tensor *bias) {
  Windows windows(op, x.shape());
  if (windows.isEmpty())
    return tooLarge(x);
  int64_t groups = static_cast<int64_t>(op.getGroups()), channels = op.channelsOfGroup(),
          outputs = groups * op.outputsOfGroup();
  Shape shape = {x.dim(0), outputs};
  shape.insert(shape.end(), windows.out.begin(), windows.out.end());
  int64_t plane = elements(windows.sizes), taps = elements(windows.kernel), places = elements(windows.out);
  std::vector<V> input = x.values<V>(), factors = weight.values<V>(), offsets, result(elements(shape));
  if (bias)
    offsets = bias->values<V>();
  if (x.dim(1) != channels * groups)
    return Status::failure("has " + std::to_string(groups) + " groups of " + std::to_string(channels) +
                           " channels, but x is " + x.describe());
  for (int64_t n = 0; n < x.dim(0); ++n)
    for (int64_t m = 0; m < outputs; ++m) {
      int64_t each = outputs / groups, group = m / each;
      const V *from = input.data() + (n * x.dim(1) + group * channels) * plane;
      // (groups * each, channels, taps), or (groups * channels, each, taps).
      const V *by = factors.data() + (op.getTransposed() ? group * channels * each + m % each : m * channels) * taps;
      int64_t apart = op.getTransposed() ? each * taps : taps;
      for (int64_t place = 0; place < places; ++place) {
        V sum = bias ? offsets[m] : V(0);
        windows.visit(place, [&](int64_t tap, int64_t at) {
          for (int64_t c = 0; c < channels; ++c)
            sum = wrappedSum<V>(sum, from[c * plane + at] * by[c * apart + tap]);
        });
        result[(n * outputs + m) * places + place] = sum;
      }
    }
  return Tensor::ofValues<V>(x.type(), shape, result);
}

Shape pooledShape(const Tensor &x, const Windows &windows) {
  Shape shape = {x.dim(0), x.dim(1)};
  shape.insert(shape.end(), windows.out.begin(), windows.out.end());
  return shape;
}

template <class V> V lowest(LatheType type) {
  if constexpr (std::is_same_v<V, double>)
    return -std::numeric_limits<double>::infinity();
  bool isSigned = type == LATHE_I8 || type == LATHE_I16 || type == LATHE_I32 || type == LATHE_I64;
  return isSigned ? static_cast<V>(std::numeric_limits<int64_t>::min() >> (64 - 8 * bytesPerBlock(type))) : V(0);
}

template <class V> Result<Tensor> pool(llm::PoolOp op, const Tensor &x) {
  Windows windows(op, x.shape());
  if (windows.isEmpty())
    return tooLarge(x);
  Shape shape = pooledShape(x, windows);
  int64_t plane = elements(windows.sizes), places = elements(windows.out);
  bool isMax = op.getKind() == "max";
  std::vector<V> input = x.values<V>(), result(elements(shape));
  for (int64_t i = 0; i < static_cast<int64_t>(result.size()); ++i) {
    const V *from = input.data() + i / places * plane;
    V value = isMax ? lowest<V>(x.type()) : V(0);
    int64_t count = 0;
    windows.visit(i % places, [&](int64_t, int64_t at) {
      value = !isMax ? wrappedSum<V>(value, from[at]) : from[at] > value ? from[at] : value;
      ++count;
    });
    if (op.getKind() == "average_padded")
      count = windows.padded(i % places);
    if (!isMax && op.getKind() != "sum")
      value = count == 0 ? V(0) : value / static_cast<V>(count);
    result[i] = value;
  }
  return Tensor::ofValues<V>(x.type(), shape, result);
}

template <class V> Result<Tensor> poolIndices(llm::PoolIndicesOp op, const Tensor &x) {
  Windows windows(op, x.shape());
  if (windows.isEmpty())
    return tooLarge(x);
  Shape shape = pooledShape(x, windows);
  int64_t plane = elements(windows.sizes), places = elements(windows.out);
  std::vector<V> input = x.values<V>();
  std::vector<int64_t> result(elements(shape));
  for (int64_t i = 0; i < static_cast<int64_t>(result.size()); ++i) {
    const V *from = input.data() + i / places * plane;
    int64_t best = -1;
    windows.visit(i % places, [&](int64_t, int64_t at) {
      if (best < 0 || from[at] > from[best])
        best = at;
    });
    if (op.getColumnMajor() && best >= 0) {
      int64_t other = 0;
      std::vector<int64_t> coordinates(windows.sizes.size());
      for (size_t axis = coordinates.size(); axis-- > 0; best /= windows.sizes[axis])
        coordinates[axis] = best % windows.sizes[axis];
      for (size_t axis = coordinates.size(); axis-- > 0;)
        other = other * windows.sizes[axis] + coordinates[axis];
      best = other;
    }
    result[i] = best < 0 ? -1 : i / places * plane + best;
  }
  return Tensor::ofValues<int64_t>(LATHE_I64, shape, result);
}

Result<Tensor> dft(llm::DftOp op, const Tensor &x, const Tensor &length) {
  int64_t n = length.values<int64_t>().front(), axis = static_cast<int64_t>(op.getAxis()), parts = x.shape().back();
  if (n < 1 || n > 1 << 20)
    return Status::failure("has the length " + std::to_string(n) + ", which is not in [1, 1048576]");
  bool halfGiven = op.getOnesided() && op.getInverse(), halfWanted = op.getOnesided() && !op.getInverse();
  Shape shape = x.shape();
  shape[axis] = halfWanted ? n / 2 + 1 : n;
  shape.back() = halfGiven ? 1 : 2;
  int64_t outer = elements(std::span(x.shape()).first(axis)), inner = 1, given = x.dim(axis);
  for (int64_t i = axis + 1; i + 1 < x.rank(); ++i)
    inner *= x.dim(i);
  std::vector<double> input = x.values<double>(), result(elements(shape));
  double sign = op.getInverse() ? 1 : -1;
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < inner; ++i)
      for (int64_t k = 0; k < shape[axis]; ++k) {
        double real = 0, imaginary = 0;
        for (int64_t j = 0; j < n; ++j) {
          // The other half of a hermitian spectrum; the parts that have to be 0 in it are not looked at.
          bool mirrored = halfGiven && j > n / 2, own = halfGiven && (j == 0 || 2 * j == n);
          int64_t source = mirrored ? n - j : j;
          if (source >= given)
            continue;
          const double *from = input.data() + ((o * given + source) * inner + i) * parts;
          double a = from[0], b = parts == 2 && !own ? (mirrored ? -from[1] : from[1]) : 0;
          double angle = sign * 2 * std::numbers::pi * static_cast<double>(j * k % n) / static_cast<double>(n);
          real += a * std::cos(angle) - b * std::sin(angle);
          imaginary += a * std::sin(angle) + b * std::cos(angle);
        }
        double *to = result.data() + ((o * shape[axis] + k) * inner + i) * shape.back();
        double by = op.getInverse() ? 1.0 / static_cast<double>(n) : 1.0;
        to[0] = real * by;
        if (!halfGiven)
          to[1] = imaginary * by;
      }
  return Tensor::ofValues<double>(x.type(), shape, result);
}

std::optional<Result<Tensor>> evaluate(Operation *op, Operands operands) {
  auto isReal = [](const Tensor &x) { return numberOf(x.type()) == Number::Real; };
  if (auto convolution = dyn_cast<llm::ConvolutionOp>(op)) {
    const Tensor &x = *operands(convolution.getX()), &weight = *operands(convolution.getWeight());
    const Tensor *bias = operands(convolution.getBias());
    return isReal(x) ? reference::convolution<double>(convolution, x, weight, bias)
                     : reference::convolution<int64_t>(convolution, x, weight, bias);
  }
  if (auto pool = dyn_cast<llm::PoolOp>(op)) {
    const Tensor &x = *operands(pool.getX());
    return isReal(x)                                ? reference::pool<double>(pool, x)
           : numberOf(x.type()) == Number::Unsigned ? reference::pool<uint64_t>(pool, x)
                                                    : reference::pool<int64_t>(pool, x);
  }
  if (auto indices = dyn_cast<llm::PoolIndicesOp>(op)) {
    const Tensor &x = *operands(indices.getX());
    return isReal(x)                                ? poolIndices<double>(indices, x)
           : numberOf(x.type()) == Number::Unsigned ? poolIndices<uint64_t>(indices, x)
                                                    : poolIndices<int64_t>(indices, x);
  }
  if (auto transform = dyn_cast<llm::DftOp>(op))
    return dft(transform, *operands(transform.getX()), *operands(transform.getLength()));
  if (auto resampled = dyn_cast<llm::ResampleOp>(op))
    return resample(resampled, *operands(resampled.getX()), *operands(resampled.getSize()),
                    operands(resampled.getScale()), operands(resampled.getRoi()));
  if (auto sample = dyn_cast<llm::GridSampleOp>(op))
    return gridSample(sample, *operands(sample.getX()), *operands(sample.getPlaces()));
  if (auto pool = dyn_cast<llm::RoiPoolOp>(op))
    return roiPool(pool, *operands(pool.getX()), *operands(pool.getRois()), *operands(pool.getBatches()));
  return std::nullopt;
}

} // namespace

std::optional<Result<std::vector<Tensor>>> evaluateConvolutionOp(Operation *op, Operands operands,
                                                                 const SymbolValues &) {
  std::optional<Result<Tensor>> result = evaluate(op, operands);
  if (!result)
    return std::nullopt;
  if (!*result)
    return Result<std::vector<Tensor>>(result->status());
  return std::vector<Tensor>{std::move(**result)};
}

} // namespace lathe::reference
