// y[.., k, ..] = sum over j of x[.., j, ..] exp(-+2 pi i j k / N), see llm.dft.
//
// Buffers: x (outer, n, inner, parts), the length, y (outer, m, inner, 2 or 1), dense, of Element. params: outer, n, N,
// inner. Grid: outer * inner. threadScratch: 64 + 8 (22 N + 64) bytes.
//
// Parameters: parts; inverse, onesided; type Element.
//
// In double: radix 2 where N is a power of two, else Bluestein's algorithm, which makes a product of polynomials of it
// whose length is one. The tables are made once a launch and thread. Bound by the transforms.
#include "common/cpu/indexing.h"
#include "common/cpu/math.h"

namespace lathe {

namespace dft_parts {
using namespace parameters;

constexpr double pi = 3.14159265358979323846;

// A vector of complex numbers in two arrays.
struct Complexes {
  double *real, *imaginary;
};

struct Plan {
  int64_t n, m; // the length, and that of the transforms of radix 2
  Complexes roots, chirp, filter, work;

  LATHE_INLINE Plan(void *scratch, int64_t n) : n(n), m(1) {
    bool power = (n & (n - 1)) == 0;
    while (m < (power ? n : 2 * n - 1))
      m *= 2;
    double *at = reinterpret_cast<double *>(static_cast<char *>(scratch) + 64);
    auto take = [&](int64_t count) {
      Complexes result{at, at + count};
      at += 2 * count;
      return result;
    };
    roots = take(m / 2 + 1);
    work = take(m);
    if (!power) {
      chirp = take(n);
      filter = take(m);
    }
  }
  bool isPower() const { return m == n; }

  // In place, exp(-2 pi i ..).
  LATHE_INLINE void transform(Complexes v) const {
    for (int64_t i = 1, j = 0; i < m; ++i) {
      int64_t bit = m >> 1;
      for (; j & bit; bit >>= 1)
        j ^= bit;
      j ^= bit;
      if (i < j) {
        double a = v.real[i], b = v.imaginary[i];
        v.real[i] = v.real[j], v.imaginary[i] = v.imaginary[j];
        v.real[j] = a, v.imaginary[j] = b;
      }
    }
    for (int64_t half = 1; half < m; half *= 2)
      for (int64_t first = 0; first < m; first += 2 * half)
        for (int64_t k = 0, root = 0; k < half; ++k, root += m / (2 * half)) {
          int64_t i = first + k, j = i + half;
          double a = v.real[j] * roots.real[root] - v.imaginary[j] * roots.imaginary[root];
          double b = v.real[j] * roots.imaginary[root] + v.imaginary[j] * roots.real[root];
          v.real[j] = v.real[i] - a, v.imaginary[j] = v.imaginary[i] - b;
          v.real[i] = v.real[i] + a, v.imaginary[i] = v.imaginary[i] + b;
        }
  }

  LATHE_INLINE void prepare() const {
    for (int64_t k = 0; k <= m / 2; ++k) {
      auto both = sincos(Doubles<1>(-2 * pi * double(k) / double(m)));
      roots.real[k] = both.cosine[0], roots.imaginary[k] = both.sine[0];
    }
    if (isPower())
      return;
    for (int64_t k = 0; k < m; ++k)
      filter.real[k] = filter.imaginary[k] = 0;
    for (int64_t k = 0; k < n; ++k) {
      // k^2 mod 2n, without its square: n may have 31 bits.
      auto both = sincos(Doubles<1>(-pi * double(int64_t(uint64_t(k) * uint64_t(k) % uint64_t(2 * n))) / double(n)));
      chirp.real[k] = both.cosine[0], chirp.imaginary[k] = both.sine[0];
      int64_t mirrored = (m - k) % m;
      filter.real[k] = filter.real[mirrored] = both.cosine[0];
      filter.imaginary[k] = filter.imaginary[mirrored] = -both.sine[0];
    }
    transform(filter);
  }

  // The transform of work[0, n).
  LATHE_INLINE void run() const {
    if (isPower())
      return transform(work);
    auto times = [&](int64_t k, Complexes by, double sign) {
      double a = work.real[k], b = work.imaginary[k];
      work.real[k] = a * by.real[k] - b * by.imaginary[k] * sign;
      work.imaginary[k] = a * by.imaginary[k] * sign + b * by.real[k];
    };
    for (int64_t k = 0; k < n; ++k)
      times(k, chirp, 1);
    for (int64_t k = n; k < m; ++k)
      work.real[k] = work.imaginary[k] = 0;
    transform(work);
    // The inverse is the conjugate of the transform of the conjugate.
    for (int64_t k = 0; k < m; ++k) {
      times(k, filter, 1);
      work.imaginary[k] = -work.imaginary[k];
    }
    transform(work);
    double by = 1.0 / double(m);
    for (int64_t k = 0; k < n; ++k) {
      work.real[k] = work.real[k] * by;
      work.imaginary[k] = -work.imaginary[k] * by;
      times(k, chirp, 1);
    }
  }
};

} // namespace dft_parts

inline void dft(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace dft_parts;
  int64_t given = context.params[1], n = context.params[2], inner = context.params[3];
  if (n < 1)
    return;
  constexpr bool fromHalf = onesided && inverse, toHalf = onesided && !inverse;
  constexpr int64_t outParts = fromHalf ? 1 : 2;
  int64_t wanted = toHalf ? n / 2 + 1 : n;
  Plan plan(context.threadScratch, n);
  auto *prepared = static_cast<uint64_t *>(context.threadScratch);
  if (*prepared != context.launchSerial) {
    plan.prepare();
    *prepared = context.launchSerial;
  }
  for (int64_t tile = begin; tile < end; ++tile) {
    int64_t outer = tile / inner, column = tile % inner;
    auto *x = static_cast<const Element *>(context.buffers[0]) + (outer * given * inner + column) * parts;
    auto *y = static_cast<Element *>(context.buffers[2]) + (outer * wanted * inner + column) * outParts;
    for (int64_t j = 0; j < n; ++j) {
      bool mirrored = fromHalf && j > n / 2, own = fromHalf && (j == 0 || 2 * j == n);
      int64_t source = mirrored ? n - j : j;
      double a = 0, b = 0;
      if (source < given) {
        a = double(loadElement(x + source * inner * parts));
        if (parts == 2 && !own)
          b = double(loadElement(x + source * inner * parts + parts - 1));
      }
      // The inverse is the conjugate of the transform of the conjugate.
      plan.work.real[j] = a;
      plan.work.imaginary[j] = mirrored != inverse ? -b : b;
    }
    plan.run();
    double by = inverse ? 1.0 / double(n) : 1.0;
    for (int64_t k = 0; k < wanted; ++k) {
      storeElement<Element>(y + k * inner * outParts, Register<Element>(plan.work.real[k] * by));
      if constexpr (outParts == 2)
        storeElement<Element>(y + k * inner * 2 + 1,
                              Register<Element>((inverse ? -1 : 1) * plan.work.imaginary[k] * by));
    }
  }
}

} // namespace lathe
