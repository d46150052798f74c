// Rotary position embedding of heads: the cosines and sines of a position, and the rotation of a row with them.
#ifndef LATHE_COMMON_CPU_ROTATION_H
#define LATHE_COMMON_CPU_ROTATION_H

#include "common/cpu/math.h"

namespace lathe {

// Of the Dims / 2 pairs of one position, padded to whole vectors.
template <int64_t Dims> struct Rotation {
  static constexpr int64_t pairs = Dims / 2, padded = roundUp(greatest<int64_t>(pairs, 1), 16);
  alignas(64) float cosine[padded], sine[padded];

  // angle = position * frequency, in f32; both are multiplied by `factor`.
  template <class Frequency> LATHE_INLINE void compute(float position, Frequency &&frequency, float factor) {
    for (int64_t i = 0; i < padded; i += 16) {
      Floats<16> angle = frequency(i) * position;
      auto both = sincos(angle);
      store<16>(cosine + i, both.cosine * factor);
      store<16>(sine + i, both.sine * factor);
    }
  }
  // From a row of tables.
  template <class T> LATHE_INLINE void read(const T *cosines, const T *sines, float factor) {
    for (int64_t i = 0; i < pairs; ++i) {
      cosine[i] = loadFloat(cosines + i) * factor;
      sine[i] = loadFloat(sines + i) * factor;
    }
  }

  // x (HeadDim) rotated, as floats; the elements from Dims on are as they were.
  template <int64_t HeadDim, bool Interleaved, class T> LATHE_INLINE void apply(const T *x, float *to) const {
    int64_t i = 0;
    if constexpr (Interleaved) {
      for (; i < pairs; ++i) {
        float a = loadFloat(x + 2 * i), b = loadFloat(x + 2 * i + 1);
        float lost = b * sine[i], gained = a * sine[i];
        to[2 * i] = a * cosine[i] - lost;
        to[2 * i + 1] = b * cosine[i] + gained;
      }
    } else {
      for (; i + 16 <= pairs; i += 16) {
        Floats<16> a = load<16>(x + i), b = load<16>(x + pairs + i), c = load<16>(cosine + i), s = load<16>(sine + i);
        Floats<16> lost = b * s, gained = a * s;
        store<16>(to + i, a * c - lost);
        store<16>(to + pairs + i, b * c + gained);
      }
      for (; i < pairs; ++i) {
        float a = loadFloat(x + i), b = loadFloat(x + pairs + i);
        float lost = b * sine[i], gained = a * sine[i];
        to[i] = a * cosine[i] - lost;
        to[pairs + i] = b * cosine[i] + gained;
      }
    }
    for (i = Dims; i < HeadDim; ++i)
      to[i] = loadFloat(x + i);
  }
};

} // namespace lathe

#endif
