// Kernels that move elements by computed places, against plain loops: places out of range, and runs of tiles of any
// length in any order.
#include "LoadedKernel.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace lathe;
using namespace lathe::test;

namespace {

/// Runs the tiles one by one, the last one first.
void runBackwards(LatheKernelFunction kernel, std::vector<void *> buffers, std::vector<int64_t> params, int64_t grid) {
  LatheKernelContext context{buffers.data(), params.data(), nullptr, 1};
  for (int64_t tile = grid; tile-- > 0;)
    kernel(&context, tile, tile + 1);
}

std::vector<int64_t> randomPlaces(size_t count, int64_t low, int64_t high, uint64_t seed) {
  std::vector<int64_t> places;
  for (float value : randomFloats(count, seed))
    places.push_back(low + static_cast<int64_t>((value + 1) / 2 * static_cast<float>(high - low)));
  return places;
}

TEST(GatherElements, givesZeroOutside) {
  // x (2, 3), indices (2, 5) along the last axis
  auto kernel = loadTemplate("gather_elements",
                             "constexpr int64_t rank = 2, axis = 1; using Index = int64_t; using Element = uint8_t;\n");
  ASSERT_TRUE(kernel);
  std::string x = "abcdef", y(10, '?');
  std::vector<int64_t> indices = {0, -1, 3, -4, INT64_MIN, INT64_MAX, 2, -3, 1, 0};
  runKernel(kernel, {x.data(), indices.data(), y.data()}, {2, 5, 2, 3}, 1);
  EXPECT_EQ(y, (std::string{'a', 'c', 0, 0, 0, 0, 'f', 'd', 'e', 'd'}));
  // Indices of more rows than x, along the first axis: there is nothing to take from columns that x does not have.
  kernel = loadTemplate("gather_elements",
                        "constexpr int64_t rank = 2, axis = 0; using Index = int64_t; using Element = uint8_t;\n");
  ASSERT_TRUE(kernel);
  runKernel(kernel, {x.data(), indices.data(), y.data()}, {2, 5, 2, 3}, 1);
  EXPECT_EQ(y, (std::string{'a', 'e', 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(ScatterElements, leavesOutWhatIsOutside) {
  auto kernel = loadTemplate(
      "scatter_elements",
      "constexpr int64_t rank = 2, axis = 0, combine = 1; using Index = int64_t; using Element = int32_t;\n");
  ASSERT_TRUE(kernel);
  // x (3, 100), indices (40, 90)
  constexpr int64_t rows = 3, columns = 100, updates = 40, width = 90;
  std::vector<int32_t> x(rows * columns), given(updates * width), y(rows * columns + 1, 77), expected(rows * columns);
  std::iota(x.begin(), x.end(), 0);
  std::iota(given.begin(), given.end(), 1);
  std::vector<int64_t> indices = randomPlaces(given.size(), -rows - 2, rows + 2, 3);
  indices[5] = INT64_MIN;
  expected = x;
  for (int64_t u = 0; u < updates * width; ++u)
    if (int64_t row = indices[u] < 0 ? indices[u] + rows : indices[u]; row >= 0 && row < rows)
      expected[row * columns + u % width] += given[u];
  runBackwards(kernel, {x.data(), indices.data(), given.data(), y.data()}, {rows, columns, updates, width}, 2);
  EXPECT_EQ(y.back(), 77);
  y.pop_back();
  EXPECT_EQ(y, expected);
}

TEST(ScatterNd, isTheSameInAnyParts) {
  auto kernel = loadTemplate(
      "scatter_nd", "constexpr int64_t depth = 2, combine = 0; using Index = int32_t; using Element = uint32_t;\n");
  ASSERT_TRUE(kernel);
  // x (7, 11, 13), 60 pairs, some of them twice and some out of range
  constexpr int64_t first = 7, second = 11, inner = 13, tuples = 60, total = first * second * inner;
  std::vector<uint32_t> x(total), given(tuples * inner), y(total + 1, 77), expected;
  std::iota(x.begin(), x.end(), 0);
  std::iota(given.begin(), given.end(), 10000);
  std::vector<int32_t> indices;
  for (int64_t place : randomPlaces(tuples * 2, -13, 13, 5))
    indices.push_back(static_cast<int32_t>(place));
  indices[0] = INT32_MIN;
  expected = x;
  for (int64_t q = 0; q < tuples; ++q) {
    int64_t a = indices[2 * q], b = indices[2 * q + 1];
    a += a < 0 ? first : 0, b += b < 0 ? second : 0;
    if (a >= 0 && a < first && b >= 0 && b < second)
      std::copy_n(given.begin() + q * inner, inner, expected.begin() + (a * second + b) * inner);
  }
  runBackwards(kernel, {x.data(), indices.data(), given.data(), y.data()}, {total, tuples, inner, first, second}, 16);
  EXPECT_EQ(y.back(), 77u);
  y.pop_back();
  EXPECT_EQ(y, expected);
}

TEST(TensorScatter, writesNothingOutside) {
  auto kernel = loadTemplate(
      "tensor_scatter",
      "constexpr bool hasStarts = true, circular = false; using Index = int64_t; using Element = uint8_t;\n");
  ASSERT_TRUE(kernel);
  // x (5, 4, 1), update (5, 2, 1)
  std::string x = "abcdefghijklmnopqrst", update = "0123456789", y(21, '?');
  std::vector<int64_t> starts = {3, -1, INT64_MAX, INT64_MIN, 1};
  runKernel(kernel, {x.data(), update.data(), starts.data(), y.data()}, {5, 1, 4, 2, 1}, 1);
  EXPECT_EQ(y, "abc0efghijklmnopq89t?");
  kernel = loadTemplate(
      "tensor_scatter",
      "constexpr bool hasStarts = true, circular = true; using Index = int64_t; using Element = uint8_t;\n");
  ASSERT_TRUE(kernel);
  starts = {3, -1, 6, 8, 1};
  runKernel(kernel, {x.data(), update.data(), starts.data(), y.data()}, {5, 1, 4, 2, 1}, 1);
  EXPECT_EQ(y, "1bc03fg2ij4567opq89t?");
}

TEST(Pad, isTheSameInAnyParts) {
  auto kernel = loadTemplate("pad", "constexpr int64_t rank = 2, mode = 2; using Element = uint16_t;\n");
  ASSERT_TRUE(kernel);
  // x (3, 50) to (205, 60): mirrored many times over
  constexpr int64_t rows = 205, columns = 60;
  std::vector<uint16_t> x(3 * 50), y(rows * columns + 1, 77);
  std::iota(x.begin(), x.end(), 0);
  runBackwards(kernel, {x.data(), y.data()}, {rows, columns, 3, 50, 101, 4, 101, 6}, (rows * columns + 4095) / 4096);
  constexpr int64_t places[] = {0, 1, 2, 1}; // along the first axis, again and again
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) {
      int64_t column = c < 4 ? 4 - c : c < 54 ? c - 4 : 102 - c;
      ASSERT_EQ(y[r * columns + c], x[places[(r - 101 + 400) % 4] * 50 + column]) << r << ", " << c;
    }
  EXPECT_EQ(y.back(), 77);
}

TEST(TopK, isAStableSort) {
  auto kernel = loadTemplate("top_k", "constexpr bool smallest = false; using Element = float;\n");
  ASSERT_TRUE(kernel);
  // x (2, 300, 3): 16 different values; the first k for every k
  constexpr int64_t outer = 2, size = 300, inner = 3;
  std::vector<float> x;
  for (float value : randomFloats(outer * size * inner, 9))
    x.push_back(std::floor(value * 8));
  for (int64_t k : {0, 1, 2, 7, 299, 300, 301}) {
    std::vector<float> values(outer * k * inner + 1, 77);
    std::vector<int64_t> indices(outer * k * inner + 1, 77);
    runBackwards(kernel, {x.data(), values.data(), indices.data()}, {outer, size, inner, k}, outer * inner);
    for (int64_t line = 0; line < outer * inner; ++line) {
      auto at = [&](int64_t i) { return x[line / inner * size * inner + i * inner + line % inner]; };
      std::vector<int64_t> order(size);
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return at(a) > at(b); });
      for (int64_t i = 0; i < k; ++i) {
        int64_t place = line / inner * k * inner + i * inner + line % inner;
        ASSERT_EQ(indices[place], i < size ? order[i] : 0) << k << ", " << i;
        ASSERT_EQ(values[place], i < size ? at(order[i]) : 0.0f) << k << ", " << i;
      }
    }
    EXPECT_EQ(values.back(), 77);
    EXPECT_EQ(indices.back(), 77);
  }
}

} // namespace
