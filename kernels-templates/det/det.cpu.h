// y[b] = the determinant of x[b]: the product of the pivots of Gaussian elimination with partial pivoting, in double.
//
// Buffers: x (batch, size, size), dense, of Element; y (batch) of Element.
// params: size. Grid: batch. Thread scratch: size^2 doubles, after the 8 bytes of the serial.
//
// Parameters: type Element.
//
// Bound by the size^3 / 3 multiplications of each matrix.
#include "common/cpu/elements.h"

namespace lathe {

inline void det(const LatheKernelContext &context, int64_t begin, int64_t end) {
  using namespace parameters;
  int64_t size = context.params[0];
  auto *to = static_cast<Element *>(context.buffers[1]);
  auto *m = static_cast<double *>(context.threadScratch) + 1;
  for (int64_t matrix = begin; matrix < end; ++matrix) {
    double result = 1;
    auto *from = static_cast<const Element *>(context.buffers[0]) + matrix * size * size;
    for (int64_t i = 0; i < size * size; ++i)
      m[i] = double(loadElement(from + i));
    for (int64_t column = 0; column < size; ++column) {
      int64_t pivot = column;
      for (int64_t row = column + 1; row < size; ++row)
        if (__builtin_fabs(m[row * size + column]) > __builtin_fabs(m[pivot * size + column]))
          pivot = row;
      if (pivot != column) {
        result = -result;
        for (int64_t i = column; i < size; ++i) {
          double other = m[pivot * size + i];
          m[pivot * size + i] = m[column * size + i];
          m[column * size + i] = other;
        }
      }
      double diagonal = m[column * size + column];
      result *= diagonal;
      if (diagonal == 0)
        break;
      for (int64_t row = column + 1; row < size; ++row) {
        double factor = m[row * size + column] / diagonal;
        for (int64_t i = column + 1; i < size; ++i)
          m[row * size + i] -= factor * m[column * size + i];
      }
    }
    storeElement<Element>(to + matrix, Register<Element>(result));
  }
}

} // namespace lathe
