// Kernels that reduce, normalise or multiply, against plain loops in double.
#include "LoadedKernel.h"

#include <cmath>
#include <cstring>

using namespace lathe;
using namespace lathe::test;

namespace {

/// Sums, products and extremes of x (3, 7, 40, 5) over the axes of `mask`.
void checkReduce(int kind, unsigned mask) {
  const int64_t sizes[] = {3, 7, 40, 5};
  std::string reduced;
  int64_t outputs = 1, count = 1;
  for (int axis = 0; axis < 4; ++axis) {
    bool isReduced = mask >> axis & 1;
    reduced += isReduced ? "1," : "0,";
    (isReduced ? count : outputs) *= sizes[axis];
  }
  auto kernel = loadTemplate("reduce", "constexpr int64_t rank = 4, reduced[] = {" + reduced +
                                           "}, kind = " + std::to_string(kind) + "; using Element = float;\n");
  ASSERT_TRUE(kernel);
  std::vector<float> x = randomFloats(3 * 7 * 40 * 5, kind * 16 + mask), y(outputs, 99);
  if (kind == 4)
    for (float &v : x)
      v = 1 + v / 64;
  runKernel(kernel, {x.data(), y.data()}, {3, 7, 40, 5}, (outputs + 63) / 64);
  std::vector<double> expected(outputs, kind == 2 ? -2 : kind == 3 ? 2 : kind == 4 ? 1 : 0), bound(outputs, 1e-6);
  for (int64_t i = 0; i < int64_t(x.size()); ++i) {
    int64_t index[4] = {i / 1400, i / 200 % 7, i / 5 % 40, i % 5}, at = 0;
    for (int axis = 0; axis < 4; ++axis)
      at = mask >> axis & 1 ? at : at * sizes[axis] + index[axis];
    double &e = expected[at], v = x[i];
    e = kind == 2 ? std::max(e, v) : kind == 3 ? std::min(e, v) : kind == 4 ? e * v : e + v;
    bound[at] += 1e-6 * std::abs(v);
  }
  for (int64_t i = 0; i < outputs; ++i) {
    double e = kind == 1 ? expected[i] / double(count) : expected[i];
    EXPECT_NEAR(y[i], e, kind == 2 || kind == 3 ? 0 : bound[i] * (kind == 4 ? std::abs(e) : 1)) << kind << " " << mask;
  }
}

TEST(Reduce, anyKindOverAnyAxes) {
  for (int kind = 0; kind < 5; ++kind)
    for (unsigned mask : {1u, 5u, 8u, 15u})
      checkReduce(kind, mask);
}

TEST(Reduce, integersAndBooleans) {
  auto sum =
      loadTemplate("reduce", "constexpr int64_t rank = 1, reduced[] = {1}, kind = 0; using Element = int64_t;\n");
  auto max =
      loadTemplate("reduce", "constexpr int64_t rank = 2, reduced[] = {0, 1}, kind = 2; using Element = Bool;\n");
  ASSERT_TRUE(sum && max);
  std::vector<int64_t> x(100), y(1);
  for (int64_t i = 0; i < 100; ++i)
    x[i] = i << 40;
  runKernel(sum, {x.data(), y.data()}, {100}, 1);
  EXPECT_EQ(y[0], int64_t(4950) << 40);
  std::vector<uint8_t> b = {0, 0, 0, 0, 2, 0}, any(2, 9);
  runKernel(max, {b.data(), any.data()}, {2, 3}, 1);
  EXPECT_EQ(any, (std::vector<uint8_t>{0, 1}));
}

TEST(Softmax, alongTheLastAndAnotherAxis) {
  for (bool last : {true, false}) {
    auto kernel = loadTemplate("softmax", std::string("constexpr bool last = ") + (last ? "true" : "false") +
                                              "; using Element = float;\n");
    ASSERT_TRUE(kernel);
    const int64_t outer = 3, size = 37, inner = last ? 1 : 21;
    std::vector<float> x = randomFloats(outer * size * inner, 3), y(x.size());
    for (float &v : x)
      v *= 30;
    x[0] = -INFINITY;
    runKernel(kernel, {x.data(), y.data()}, {outer, size, inner}, last ? outer : outer * 2);
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t i = 0; i < inner; ++i) {
        double sum = 0;
        for (int64_t a = 0; a < size; ++a)
          sum += std::exp(double(x[(o * size + a) * inner + i]));
        for (int64_t a = 0; a < size; ++a) {
          double e = std::exp(double(x[(o * size + a) * inner + i])) / sum;
          EXPECT_NEAR(y[(o * size + a) * inner + i], e, 6e-6 * e); // x - max, up to 60, is rounded
        }
      }
  }
}

TEST(LayerNorm, withAndWithoutBias) {
  for (bool bias : {true, false}) {
    auto kernel =
        loadTemplate("layer_norm", std::string("constexpr float epsilon = 1e-5f; constexpr bool hasBias = ") +
                                       (bias ? "true" : "false") +
                                       "; using Element = float; using Weight = float; using Bias = float;\n");
    ASSERT_TRUE(kernel);
    const int64_t rows = 4, columns = 77;
    std::vector<float> x = randomFloats(rows * columns, 5), w = randomFloats(columns, 6), b = randomFloats(columns, 7),
                       y(x.size());
    std::vector<void *> buffers = {x.data(), w.data(), y.data()};
    if (bias)
      buffers.insert(buffers.begin() + 2, b.data());
    runKernel(kernel, buffers, {rows, columns}, rows);
    for (int64_t r = 0; r < rows; ++r) {
      double mean = 0, variance = 0;
      for (int64_t c = 0; c < columns; ++c)
        mean += x[r * columns + c] / double(columns);
      for (int64_t c = 0; c < columns; ++c)
        variance += (x[r * columns + c] - mean) * (x[r * columns + c] - mean) / double(columns);
      for (int64_t c = 0; c < columns; ++c)
        EXPECT_NEAR(y[r * columns + c],
                    (x[r * columns + c] - mean) / std::sqrt(variance + 1e-5) * w[c] + (bias ? b[c] : 0), 2e-6);
    }
  }
}

TEST(Matmul, broadcastsAndIsTheSameForAnyNumberOfRows) {
  auto kernel = loadTemplate("matmul", "constexpr int64_t rank = 2; using Element = float;\n");
  ASSERT_TRUE(kernel);
  const int64_t m = 13, n = 71, k = 50; // c (2, 3, m, n) = a (2, 1, m, k) x b (3, k, n)
  std::vector<float> a = randomFloats(2 * m * k, 8), b = randomFloats(3 * k * n, 9), c(6 * m * n, 99);
  runKernel(kernel, {a.data(), b.data(), c.data()}, {m, n, k, 2, 3, 2, 1, 1, 3}, 6 * 2 * 2);
  for (int64_t i = 0; i < 6 * m * n; ++i) {
    int64_t column = i % n, row = i / n % m, batch = i / (n * m);
    double sum = 0;
    for (int64_t d = 0; d < k; ++d)
      sum += double(a[(batch / 3 * m + row) * k + d]) * b[(batch % 3 * k + d) * n + column];
    EXPECT_NEAR(c[i], sum, 1e-5);
  }
  std::vector<float> one(n);
  for (int64_t row = 0; row < m; ++row) {
    runKernel(kernel, {a.data() + row * k, b.data(), one.data()}, {1, n, k, 1, 1, 1, 1, 1, 1}, 2);
    EXPECT_EQ(std::memcmp(one.data(), c.data() + row * n, n * sizeof(float)), 0) << row;
  }
}

TEST(Matmul, halvesDoublesAndIntegers) {
  auto half = loadTemplate("matmul", "constexpr int64_t rank = 0; using Element = Half;\n");
  auto whole = loadTemplate("matmul", "constexpr int64_t rank = 0; using Element = int32_t;\n");
  auto wide = loadTemplate("matmul", "constexpr int64_t rank = 0; using Element = double;\n");
  ASSERT_TRUE(half && whole && wide);
  const int64_t m = 5, n = 19, k = 7;
  std::vector<_Float16> a(m * k), b(k * n), c(m * n);
  std::vector<int32_t> ai(m * k), bi(k * n), ci(m * n);
  std::vector<double> ad(m * k), bd(k * n), cd(m * n);
  for (int64_t i = 0; i < m * k; ++i)
    ad[i] = ai[i] = int32_t(a[i] = static_cast<_Float16>(i % 5 - 2));
  for (int64_t i = 0; i < k * n; ++i)
    bd[i] = bi[i] = int32_t(b[i] = static_cast<_Float16>(i % 7 - 3));
  runKernel(half, {a.data(), b.data(), c.data()}, {m, n, k}, 1);
  runKernel(whole, {ai.data(), bi.data(), ci.data()}, {m, n, k}, 1);
  runKernel(wide, {ad.data(), bd.data(), cd.data()}, {m, n, k}, 1);
  for (int64_t i = 0; i < m * n; ++i) {
    int32_t sum = 0;
    for (int64_t d = 0; d < k; ++d)
      sum += ai[i / n * k + d] * bi[d * n + i % n];
    EXPECT_EQ(ci[i], sum);
    EXPECT_EQ(cd[i], sum);
    EXPECT_EQ(static_cast<float>(c[i]), static_cast<float>(sum));
  }
}

} // namespace
