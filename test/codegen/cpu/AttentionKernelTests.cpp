// The attention kernel over values against its formula in double, with each operand and attribute.
#include "LoadedKernel.h"

#include <cmath>
#include <cstring>
#include <functional>

using namespace lathe;
using namespace lathe::test;

namespace {

constexpr int64_t batch = 2, heads = 4, kvHeads = 2, headDim = 20, valueDim = 24;

struct Case {
  int64_t tokens = 9, keys = 150;
  bool causal = true;
  int64_t window = 0;
  float softcap = 0;
  const char *mask = nullptr; // element type
  std::vector<int64_t> maskSizes = {};
  std::vector<int64_t> lengths = {};
  bool slopes = false, sinks = false;
  int64_t ahead = -1;
  const char *pattern = "0"; // as common/cpu/key_pattern.h reads it
  int64_t (*times)(int64_t head, int64_t position, int64_t key) = [](int64_t, int64_t, int64_t) { return int64_t(1); };
};

std::string text(bool value) { return value ? "true" : "false"; }

LatheKernelFunction load(const Case &c) {
  return loadTemplate("attention", "constexpr int64_t heads = 4, kvHeads = 2, headDim = 20, valueDim = 24, distances = 0, pattern[] = {" +
                                       std::string(c.pattern) + "}, ahead = " + std::to_string(c.ahead) + ", window = " +
                                       std::to_string(c.window) + ";\nconstexpr float scale = 0.75f, softcap = " +
                                       std::to_string(c.softcap) + "f;\nconstexpr bool causal = " + text(c.causal) +
                                       ", hasMask = " + text(c.mask) + ", hasLengths = " + text(!c.lengths.empty()) +
                                       ", hasSlopes = " + text(c.slopes) + ", hasSinks = " + text(c.sinks) +
                                       ";\nusing Element = float; using Mask = " + (c.mask ? c.mask : "Bool") +
                                       "; using Length = int64_t; using Slope = float; using Sink = float;\n");
}

void check(const Case &c) {
  auto kernel = load(c);
  ASSERT_TRUE(kernel);
  std::vector<float> q = randomFloats(batch * c.tokens * heads * headDim, 1),
                     k = randomFloats(batch * c.keys * kvHeads * headDim, 2),
                     v = randomFloats(batch * c.keys * kvHeads * valueDim, 3),
                     y(batch * c.tokens * heads * valueDim, 99);
  std::vector<float> slopes = {0.5f, 0.25f, 0.125f, 0.0625f}, sinks = {0, 1, -1, 2};
  int64_t maskCount = 1;
  for (int64_t size : c.maskSizes)
    maskCount *= size;
  std::vector<float> added = randomFloats(maskCount, 4);
  std::vector<uint8_t> visible(maskCount);
  for (int64_t i = 0; i < maskCount; ++i)
    visible[i] = added[i] > -0.5f;
  bool isBool = c.mask && std::string(c.mask) == "Bool";
  std::vector<int64_t> lengths = c.lengths, params = {batch, c.tokens, c.keys};
  params.insert(params.end(), c.maskSizes.begin(), c.maskSizes.end());
  std::vector<void *> buffers = {q.data(), k.data(), v.data()};
  if (c.mask)
    buffers.push_back(isBool ? static_cast<void *>(visible.data()) : added.data());
  if (!lengths.empty())
    buffers.push_back(lengths.data());
  if (c.slopes)
    buffers.push_back(slopes.data());
  if (c.sinks)
    buffers.push_back(sinks.data());
  buffers.push_back(y.data());
  runKernel(kernel, buffers, params, batch * heads * ((c.tokens + 7) / 8));

  for (int64_t b = 0; b < batch; ++b)
    for (int64_t t = 0; t < c.tokens; ++t)
      for (int64_t h = 0; h < heads; ++h) {
        int64_t length = lengths.empty() ? c.keys : lengths[b], position = length - c.tokens + t;
        double denominator = c.sinks ? std::exp(double(sinks[h])) : 0;
        std::vector<double> sum(valueDim, 0);
        for (int64_t s = 0; s < length; ++s) {
          if ((c.causal && s > position) || (c.window > 0 && s <= position - c.window) ||
              (c.ahead >= 0 && s > position + c.ahead))
            continue;
          double score = 0;
          for (int64_t d = 0; d < headDim; ++d)
            score += double(q[((b * c.tokens + t) * heads + h) * headDim + d]) *
                     k[((b * c.keys + s) * kvHeads + h / 2) * headDim + d];
          score *= 0.75;
          if (c.softcap > 0)
            score = c.softcap * std::tanh(score / c.softcap);
          if (c.mask) {
            auto axis = [&](int i, int64_t index) { return c.maskSizes[i] == 1 ? 0 : index; };
            int64_t at = ((axis(0, b) * c.maskSizes[1] + axis(1, h)) * c.maskSizes[2] + axis(2, t)) * c.maskSizes[3] +
                         axis(3, s);
            if (isBool && !visible[at])
              continue;
            score += isBool ? 0 : added[at];
          }
          if (c.slopes)
            score += slopes[h] * double(s - position);
          double weight = std::exp(score) * double(c.times(h, position, s));
          denominator += weight;
          for (int64_t d = 0; d < valueDim; ++d)
            sum[d] += weight * v[((b * c.keys + s) * kvHeads + h / 2) * valueDim + d];
        }
        for (int64_t d = 0; d < valueDim; ++d)
          ASSERT_NEAR(y[((b * c.tokens + t) * heads + h) * valueDim + d], denominator > 0 ? sum[d] / denominator : 0,
                      4e-6)
              << b << " " << t << " " << h << " " << d;
      }
}

TEST(Attention, causal) { check({}); }
TEST(Attention, everyKeyVisible) { check({.tokens = 3, .keys = 64, .causal = false}); }
TEST(Attention, window) { check({.window = 70}); }
TEST(Attention, softcap) { check({.softcap = 2}); }
TEST(Attention, additiveMask) { check({.causal = false, .mask = "float", .maskSizes = {1, 4, 9, 150}}); }
TEST(Attention, booleanMaskBroadcastOverHeadsAndQueries) { check({.mask = "Bool", .maskSizes = {2, 1, 1, 150}}); }
TEST(Attention, lengthsWithQueriesThatSeeNothing) { check({.lengths = {5, 150}}); }
TEST(Attention, slopes) { check({.slopes = true}); }
TEST(Attention, sinks) { check({.lengths = {7, 90}, .sinks = true}); }
TEST(Attention, ahead) { check({.causal = false, .window = 70, .lengths = {5, 140}, .ahead = 3}); }
TEST(Attention, blocksOfALength) {
  check({.tokens = 80,
         .causal = false,
         .lengths = {150, 150},
         .pattern = "0, 16, 0, 1, 1, 90, -1, -1, 2, 6, 3, 4",
         .times = [](int64_t head, int64_t position, int64_t key) {
           int64_t row = position / 16, column = key / 16;
           bool outer = row == 0 || row == 9;
           return int64_t(outer || column == 0 || column == 9 || row == column) + int64_t(!outer && column == 2) +
                  int64_t(row == 6 && head == 3 && column == 4);
         }});
}
TEST(Attention, allAtOnce) {
  check({.window = 40,
         .softcap = 3,
         .mask = "float",
         .maskSizes = {2, 1, 9, 150},
         .lengths = {100, 66},
         .slopes = true,
         .sinks = true});
}

TEST(Attention, aQueryIsTheSameAloneAndAmongOthers) {
  auto kernel = load({});
  ASSERT_TRUE(kernel);
  const int64_t tokens = 21, keys = 150;
  std::vector<float> q = randomFloats(tokens * heads * headDim, 1), k = randomFloats(keys * kvHeads * headDim, 2),
                     v = randomFloats(keys * kvHeads * valueDim, 3), y(tokens * heads * valueDim),
                     one(heads * valueDim);
  runKernel(kernel, {q.data(), k.data(), v.data(), y.data()}, {1, tokens, keys}, heads * 3);
  for (int64_t t = 0; t < tokens; ++t) {
    runKernel(kernel, {q.data() + t * heads * headDim, k.data(), v.data(), one.data()}, {1, 1, keys - tokens + t + 1},
              heads);
    EXPECT_EQ(std::memcmp(one.data(), y.data() + t * heads * valueDim, one.size() * sizeof(float)), 0) << t;
  }
}

} // namespace
