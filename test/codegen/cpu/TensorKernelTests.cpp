// Kernels that move, select or combine elements, against plain loops.
#include "LoadedKernel.h"

#include <cmath>
#include <numeric>

using namespace lathe;
using namespace lathe::test;

namespace {

TEST(Elementwise, broadcastsOverAxes) {
  // y (2, 3, 5) = a (2, 1, 5) * b (3, 1) + 0.5, in tiles of any length
  auto kernel = loadTemplate(
      "elementwise", "constexpr int64_t rank = 3; using Inputs = Types<float, float>; using Output = float;\n",
      "template <int N> LATHE_INLINE Lanes<float, N> element(Lanes<float, N> a, Lanes<float, N> b) {\n"
      "  Lanes<float, N> v = a * b; return v + Lanes<float, N>(0.5f); }\n");
  ASSERT_TRUE(kernel);
  std::vector<float> a = randomFloats(10, 1), b = randomFloats(3, 2), y(30);
  runKernel(kernel, {a.data(), b.data(), y.data()}, {2, 3, 5, 2, 1, 5, 1, 3, 1}, 1);
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 5; ++k)
        EXPECT_EQ(y[(i * 3 + j) * 5 + k], a[i * 5 + k] * b[j] + 0.5f);
}

TEST(Elementwise, mixesTypesAndTiles) {
  // y = mask ? half(x) : float(n), over more than one tile
  auto kernel = loadTemplate(
      "elementwise", "constexpr int64_t rank = 1; using Inputs = Types<Half, int64_t, Bool>; using Output = BFloat;\n",
      "template <int N> LATHE_INLINE Lanes<BFloat, N> element(Lanes<Half, N> x, Lanes<int64_t, N> n, Lanes<Bool, N> m) "
      "{\n"
      "  Lanes<float, N> f = lathe::cast<float>(n); Lanes<Half, N> v = lathe::select(m, x, f); return "
      "lathe::cast<bfloat>(v); }\n");
  ASSERT_TRUE(kernel);
  const int64_t count = 10007;
  std::vector<_Float16> x(count);
  std::vector<int64_t> n(count);
  std::vector<uint8_t> m(count);
  std::vector<uint16_t> y(count, 0xffff);
  for (int64_t i = 0; i < count; ++i) {
    x[i] = static_cast<_Float16>(0.25f * static_cast<float>(i % 64));
    n[i] = -i % 128;
    m[i] = i % 3 ? 0 : 7; // any non-zero is true
  }
  runKernel(kernel, {x.data(), n.data(), m.data(), y.data()}, {count, count, count, count}, (count + 4095) / 4096);
  for (int64_t i = 0; i < count; ++i) {
    float expected = m[i] ? static_cast<float>(x[i]) : static_cast<float>(n[i]); // all are exact in bf16
    EXPECT_EQ(uint32_t(y[i]) << 16, __builtin_bit_cast(uint32_t, expected)) << i;
  }
}

TEST(Elementwise, fillsWithoutInputs) {
  auto kernel =
      loadTemplate("elementwise", "constexpr int64_t rank = 1; using Inputs = Types<>; using Output = int32_t;\n",
                   "template <int N> LATHE_INLINE Lanes<int32_t, N> element() { return Lanes<int32_t, N>(-7); }\n");
  ASSERT_TRUE(kernel);
  std::vector<int32_t> y(37);
  runKernel(kernel, {y.data()}, {36}, 1);
  EXPECT_EQ(y[0], -7);
  EXPECT_EQ(y[35], -7);
  EXPECT_EQ(y[36], 0);
}

TEST(Transpose, permutes) {
  auto kernel =
      loadTemplate("transpose", "constexpr int64_t rank = 3, permutation[] = {2, 0, 1}; using Element = uint32_t;\n");
  ASSERT_TRUE(kernel);
  std::vector<uint32_t> x(3 * 50 * 70), y(x.size());
  std::iota(x.begin(), x.end(), 0);
  runKernel(kernel, {x.data(), y.data()}, {70, 3, 50}, (x.size() + 4095) / 4096);
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 50; ++j)
      for (int k = 0; k < 70; ++k)
        ASSERT_EQ(y[(k * 3 + i) * 50 + j], x[(i * 50 + j) * 70 + k]);
}

TEST(Slice, clampsAndSteps) {
  auto kernel = loadTemplate("slice", "constexpr int64_t rank = 2, steps[] = {-1, 2}; using Element = uint64_t;\n");
  ASSERT_TRUE(kernel);
  std::vector<uint64_t> x(4 * 9), y(3 * 4, 99);
  std::iota(x.begin(), x.end(), 0);
  // numpy: x[100:0:-1, -8:8:2]
  runKernel(kernel, {x.data(), y.data()}, {3, 4, 4, 9, 100, -8}, 1);
  EXPECT_EQ(y, (std::vector<uint64_t>{28, 30, 32, 34, 19, 21, 23, 25, 10, 12, 14, 16}));
}

TEST(Concat, joinsRows) {
  auto kernel = loadTemplate("concat", "constexpr int64_t count = 3; using Element = uint8_t;\n");
  ASSERT_TRUE(kernel);
  std::string a = "abcd", b, c = "123456", y(10, '?');
  runKernel(kernel, {a.data(), b.data(), c.data(), y.data()}, {2, 2, 0, 3}, 1);
  EXPECT_EQ(y, "ab123cd456");
}

TEST(Gather, takesSlicesAndRefusesWhatIsOutside) {
  auto kernel = loadTemplate("gather", "using Index = int64_t; using Element = uint16_t;\n");
  ASSERT_TRUE(kernel);
  std::vector<uint16_t> x(2 * 3 * 2), y(2 * 5 * 2, 99);
  std::iota(x.begin(), x.end(), 1);
  std::vector<int64_t> indices = {2, -3, 3, INT64_MIN, 1};
  runKernel(kernel, {x.data(), indices.data(), y.data()}, {2, 3, 5, 2}, 1);
  EXPECT_EQ(y, (std::vector<uint16_t>{5, 6, 1, 2, 0, 0, 0, 0, 3, 4, 11, 12, 7, 8, 0, 0, 0, 0, 9, 10}));
}

TEST(Trilu, keepsATriangle) {
  auto kernel =
      loadTemplate("trilu", "constexpr bool upper = true; constexpr int64_t diagonal = 1; using Element = uint8_t;\n");
  ASSERT_TRUE(kernel);
  std::string x = "abcdefghi", y(9, '?');
  runKernel(kernel, {x.data(), y.data()}, {3, 3, 3}, 3);
  EXPECT_EQ(y, (std::string{0, 'b', 'c', 0, 0, 'f', 0, 0, 0}));
}

TEST(CumSum, runsAlongAnAxis) {
  auto kernel = loadTemplate("cumsum", "constexpr bool multiplies = false; using Element = int64_t;\n");
  ASSERT_TRUE(kernel);
  std::vector<int64_t> x(2 * 3 * 17, 1), y(x.size());
  runKernel(kernel, {x.data(), y.data()}, {2, 3, 17}, 2 * 2);
  for (size_t i = 0; i < y.size(); ++i)
    EXPECT_EQ(y[i], int64_t(i / 17 % 3 + 1));
}

TEST(Range, countsUp) {
  auto kernel = loadTemplate("range", "using Element = int64_t;\n");
  ASSERT_TRUE(kernel);
  int64_t start = 5, delta = -3;
  std::vector<int64_t> y(4);
  runKernel(kernel, {&start, &delta, y.data()}, {4}, 1);
  EXPECT_EQ(y, (std::vector<int64_t>{5, 2, -1, -4}));
}

} // namespace
