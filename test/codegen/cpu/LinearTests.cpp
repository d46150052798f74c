// linear against sums in double over the plainly dequantised weight, for every weight type, fused part and CPU level;
// and the promise that a row has the same bits at every number of tokens and however the tiles are shared out.
#include "LoadedKernel.h"
#include "runtime/Dequantize.h"
#include "runtime/cpu/Pack.h"
#include "test/runtime/RandomWeights.h"

#include <cmath>
#include <map>

using namespace lathe;
using namespace lathe::test;

namespace {

struct Case {
  LatheType type = LATHE_F32;
  int64_t rows = 40, columns = 256;
  bool int8 = false, norm = false, gather = false, bias = false, glu = false, residual = false;
  const char *io = "float";
  int64_t outputs() const { return glu ? rows / 2 : rows; }
};

constexpr int64_t tokenBlock = 32;

std::string text(const Case &c) {
  static const std::map<LatheType, std::string> names = {
      {LATHE_F32, "float"}, {LATHE_F16, "lathe::Half"}, {LATHE_BF16, "lathe::BFloat"}, {LATHE_INT4, "lathe::Int4"}};
  auto name = names.find(c.type);
  auto n = [](int64_t value) { return std::to_string(value); };
  return "#include \"common/cpu/lanes.h\"\n#include \"common/cpu/math.h\"\nnamespace lathe::parameters {\nconstexpr "
         "int64_t rows = " +
         n(c.rows) + ", columns = " + n(c.columns) + ", inputStride = columns, tokenBlock = " + n(tokenBlock) +
         ";\nusing Weight = " +
         (name != names.end() ? name->second : std::string("lathe::") + elementTypeName(c.type)) +
         "; using Input = " + c.io + "; using Output = " + c.io +
         "; using NormWeight = float; using Index = int32_t; using Bias = float;\n" + "using Operands = lathe::Types<" +
         (c.residual ? "float, float, float" : "") + ">;\nconstexpr bool int8 = " + n(c.int8) +
         ", norm = " + n(c.norm) + ", normWeight = norm, gather = " + n(c.gather) + ", bias = " + n(c.bias) +
         ", glu = " + n(c.glu) + ", epilogue = " + n(c.residual) +
         ";\nconstexpr float epsilon = 1e-5f;\nconstexpr int64_t operandKinds[] = {0, 1, 2}, operandStrides[] = {" +
         n(c.outputs()) + ", 0, 0};\n}\nnamespace lathe::functors {\n" +
         (c.glu ? "template <class V> V activation(V x) { return lathe::silu(x); }\n" : "") +
         (c.residual
              ? "template <class V> V epilogue(V y, V a, V b, V s) { V scaled = y * s; return scaled + a + b; }\n"
              : "") +
         "}\n#include \"linear/linear.cpu.h\"\nextern \"C\" void linear_test(const LatheKernelContext *context, "
         "int64_t begin, int64_t end) { "
         "lathe::linear(*context, begin, end); }\n";
}

std::vector<float> randomFloats(int64_t count, unsigned seed, float mean = 0) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(mean, 1);
  std::vector<float> values(count);
  for (float &value : values)
    value = normal(random);
  return values;
}

/// A linear with its data: x has 300 rows, row r of the index is row 300 - 1 - r.
struct Problem {
  explicit Problem(const Case &c, const Target &target = Target::native())
      : c(c), kernel(loadKernel("linear_test", text(c), target)) {
    auto source = randomRows(c.type, c.rows, c.columns, 7);
    weight.resize(c.rows * c.columns);
    EXPECT_TRUE(dequantize(c.type, {reinterpret_cast<const uint8_t *>(source.data()), source.size()}, weight));
    LatheWeight form{};
    form.type = c.type, form.layout = LATHE_LAYOUT_LANES, form.interleave = c.glu ? 2 : 0, form.rows = c.rows,
    form.columns = c.columns;
    LatheWeightPiece piece{};
    piece.type = c.type, piece.rows = c.rows, piece.columns = c.columns;
    PieceBytes bytes{&piece, source};
    packed.resize(*packedBytes(c.type, LATHE_LAYOUT_LANES, c.rows, c.columns, form.interleave) + 64);
    aligned = reinterpret_cast<std::byte *>((uintptr_t(packed.data()) + 63) / 64 * 64);
    Status status = packWeight(form, {&bytes, 1}, {aligned, packed.size() - 64});
    EXPECT_TRUE(status) << status.message();
    for (int32_t i = 0; i < most; ++i)
      index.push_back(i % 2 ? most - 1 - i : -1 - i); // negative numbers count from the end
  }

  /// The rows [first, first + tokens), computed in ranges of tiles of `step`.
  std::vector<float> run(int64_t first, int64_t tokens, int64_t step) {
    std::vector<float> y(tokens * c.outputs(), NAN);
    std::vector<void *> buffers = {c.gather ? x.data() : x.data() + first * c.columns, aligned};
    if (c.norm)
      buffers.push_back(norms.data());
    if (c.gather)
      buffers.push_back(index.data() + first);
    if (c.bias)
      buffers.push_back(biases.data());
    if (c.residual)
      buffers.insert(buffers.end(), {residual.data() + first * c.outputs(), column.data(), &scalar});
    buffers.push_back(y.data());
    int64_t grid = (tokens + tokenBlock - 1) / tokenBlock * ((c.outputs() + 15) / 16), params[] = {tokens, most};
    LatheKernelContext context{buffers.data(), params, scratch, ++serial};
    for (int64_t tile = 0; tile < grid; tile += step)
      kernel(&context, tile, std::min(grid, tile + step));
    return y;
  }

  /// `size` gets the sum of the terms' magnitudes, which rounding errors go with.
  double expected(int64_t token, int64_t n, double &size) const {
    size = 0;
    const float *row = x.data() + (c.gather ? most - 1 - token : token) * c.columns;
    std::vector<double> in(row, row + c.columns);
    if (c.norm) {
      double squares = 0;
      for (double v : in)
        squares += v * v;
      for (int64_t k = 0; k < c.columns; ++k)
        in[k] *= norms[k] / std::sqrt(squares / double(c.columns) + 1e-5);
    }
    if (c.int8)
      for (int64_t block = 0; block < c.columns; block += 32) {
        float top = 0;
        for (int64_t k = block; k < block + 32; ++k)
          top = std::max(top, std::abs(float(in[k])));
        for (int64_t k = block; k < block + 32; ++k)
          in[k] = std::nearbyint(float(in[k]) / (top / 127)) * (top / 127);
      }
    auto sum = [&](int64_t r) {
      double total = c.bias ? biases[r] : 0;
      for (int64_t k = 0; k < c.columns; ++k) {
        total += in[k] * double(weight[r * c.columns + k]);
        size += std::abs(in[k] * double(weight[r * c.columns + k]));
      }
      return total;
    };
    double y = sum(n);
    if (c.glu)
      y = y / (1 + std::exp(-y)) * sum(n + c.outputs());
    return c.residual ? y * scalar + residual[token * c.outputs() + n] + column[n] : y;
  }

  Case c;
  LatheKernelFunction kernel;
  static constexpr int32_t most = 300;
  std::vector<float> weight;
  std::vector<std::byte> packed;
  std::byte *aligned;
  std::vector<float> x = randomFloats(most * c.columns, 1), norms = randomFloats(c.columns, 2, 1),
                     biases = randomFloats(c.rows, 3), residual = randomFloats(most * c.outputs(), 4),
                     column = randomFloats(c.outputs(), 5);
  std::vector<int32_t> index;
  float scalar = 1.5f;
  uint64_t serial = 0;
  alignas(64) std::byte scratch[1 << 17] = {};
};

void isRight(const Case &c, const char *cpu) {
  auto problem = std::make_unique<Problem>(c, *Target::parse(cpu));
  ASSERT_TRUE(problem->kernel);
  int64_t tokens = 23; // 16 + 4 + 2 + 1
  auto y = problem->run(0, tokens, 2);
  for (int64_t t = 0; t < tokens; ++t)
    for (int64_t n = 0; n < c.outputs(); ++n) {
      double size, expected = problem->expected(t, n, size);
      // A value of x at a tie may be rounded the other way where the norm was computed otherwise.
      double tolerance = 1e-4 + std::abs(expected) * 1e-4 + size * (c.int8 && c.norm ? 1e-4 : 1e-6);
      ASSERT_NEAR(y[t * c.outputs() + n], expected, tolerance)
          << cpu << " " << elementTypeName(c.type) << " int8 " << c.int8 << " token " << t << " row " << n;
    }
}

/// All types in both modes, or `some` of them: compiling is what takes the time.
std::vector<Case> cases(bool some = true) {
  std::vector<Case> all;
  for (LatheType type : weightTypes)
    for (bool int8 : {false, true})
      if (some && (type == LATHE_Q4_0 || type == LATHE_Q5_1 || type == LATHE_Q5_K || type == LATHE_INT4))
        continue;
      else if (int8 ? isBlockType(type) : !some || type == LATHE_F16 || type == LATHE_Q8_0)
        all.push_back(
            {.type = type, .columns = isBlockType(type) ? 3 * int64_t(elementsPerBlock(type)) : 37, .int8 = int8});
  return all;
}

TEST(Linear, everyWeightType) {
  for (const Case &c : cases(false))
    isRight(c, "cpu:native");
}
TEST(Linear, everyWeightTypeWithAvx2) {
  for (const Case &c : cases())
    isRight(c, "cpu:x86-64-v3");
}
TEST(Linear, everyWeightTypeWithSse) {
  for (const Case &c : cases())
    isRight(c, "cpu:x86-64-v2");
}
TEST(Linear, everyWeightTypeWithAvx512AndNoByteDots) {
  if (!Target::native().has("avx512bw"))
    GTEST_SKIP() << "this CPU has no AVX-512";
  for (const Case &c : cases())
    isRight(c, "cpu:x86-64-v4");
}

TEST(Linear, fusedParts) {
  for (bool int8 : {false, true}) {
    const char *cpu = int8 ? "cpu:x86-64-v3" : "cpu:native";
    LatheType type = int8 ? LATHE_Q4_1 : LATHE_BF16;
    isRight({.type = type, .int8 = int8, .norm = true}, cpu);
    isRight({.type = type, .int8 = int8, .gather = true, .bias = true}, cpu);
    isRight({.type = type,
             .rows = 72,
             .int8 = int8,
             .norm = true,
             .gather = true,
             .bias = true,
             .glu = true,
             .residual = true},
            cpu);
    isRight({.type = type, .rows = 64, .int8 = int8, .glu = true}, cpu);
    isRight({.type = type, .rows = 33, .int8 = int8, .residual = true}, cpu);
  }
}

TEST(Linear, aRowHasTheSameBitsAtEveryNumberOfTokens) {
  std::vector<Case> some = {{.type = LATHE_Q4_1, .int8 = true, .norm = true},
                            {.type = LATHE_Q8_0, .int8 = true},
                            {.type = LATHE_Q4_K, .norm = true},
                            {.type = LATHE_BF16, .rows = 64, .columns = 75, .glu = true}};
  for (const char *cpu : {"cpu:native", "cpu:x86-64-v3"})
    for (const Case &c : some) {
      auto problem = std::make_unique<Problem>(c, *Target::parse(cpu));
      auto whole = problem->run(0, 300, 1000);
      for (auto [first, tokens, step] : {std::tuple<int64_t, int64_t, int64_t>{0, 1, 1},
                                         {17, 2, 1},
                                         {5, 3, 100},
                                         {100, 7, 2},
                                         {31, 8, 1},
                                         {200, 64, 3},
                                         {0, 300, 1},
                                         {299, 1, 9}}) {
        auto part = problem->run(first, tokens, step);
        ASSERT_EQ(std::memcmp(part.data(), whole.data() + first * c.outputs(), part.size() * 4), 0)
            << cpu << " " << elementTypeName(c.type) << " tokens " << first << " + " << tokens << ", tiles by " << step;
      }
    }
}

} // namespace
