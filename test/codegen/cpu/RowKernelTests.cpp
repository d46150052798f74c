// rms_norm, embedding and rope against their formulas in double.
#include "LoadedKernel.h"
#include "runtime/Dequantize.h"
#include "runtime/cpu/Pack.h"
#include "test/runtime/RandomWeights.h"

#include <cmath>

using namespace lathe;
using namespace lathe::test;

namespace {

LatheKernelFunction load(const std::string &name, const std::string &parameters,
                         const Target &target = Target::native()) {
  return loadKernel(name + "_test",
                    "#include \"common/cpu/lanes.h\"\n#include \"common/cpu/math.h\"\nnamespace lathe::parameters {\n" +
                        parameters + "}\n#include \"" + name + "/" + name + ".cpu.h\"\nextern \"C\" void " + name +
                        "_test(const LatheKernelContext *context, int64_t begin, int64_t end) { lathe::" + name +
                        "(*context, begin, end); }\n",
                    target);
}

std::vector<float> randomFloats(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float &value : values)
    value = normal(random);
  return values;
}

TEST(RmsNorm, isTheFormula) {
  for (int64_t columns : {8, 16, 100, 576})
    for (bool residual : {false, true})
      for (bool weight : {true, false}) {
        auto n = [](int64_t value) { return std::to_string(value); };
        auto kernel = load("rms_norm", "constexpr int64_t columns = " + n(columns) +
                                           ", inputStride = columns + 3;\nconstexpr bool residual = " + n(residual) +
                                           ", keepSum = true, weight = " + n(weight) +
                                           ";\nconstexpr float epsilon = 1e-3f;\nusing Input = float; using Weight = "
                                           "float; using Output = float;\n");
        ASSERT_TRUE(kernel);
        int64_t rows = 5, stride = columns + 3;
        auto x = randomFloats(rows * stride, 1), other = randomFloats(rows * columns, 2), w = randomFloats(columns, 3);
        std::vector<float> sum(rows * columns), y(rows * columns, NAN);
        std::vector<void *> buffers = {x.data()};
        if (residual)
          buffers.push_back(other.data());
        if (weight)
          buffers.push_back(w.data());
        if (residual)
          buffers.push_back(sum.data());
        buffers.push_back(y.data());
        runKernel(kernel, buffers, {rows}, rows);
        for (int64_t r = 0; r < rows; ++r) {
          std::vector<double> s(columns);
          double squares = 0;
          for (int64_t i = 0; i < columns; ++i) {
            s[i] = double(x[r * stride + i]) + (residual ? other[r * columns + i] : 0);
            squares += s[i] * s[i];
          }
          for (int64_t i = 0; i < columns; ++i) {
            double expected = s[i] / std::sqrt(squares / double(columns) + double(1e-3f)) * (weight ? w[i] : 1);
            ASSERT_NEAR(y[r * columns + i], expected, 1e-6 + 1e-6 * std::abs(expected)) << columns << " " << residual;
            if (residual)
              ASSERT_EQ(sum[r * columns + i], x[r * stride + i] + other[r * columns + i]);
          }
        }
      }
}

TEST(Embedding, givesDequantisedRows) {
  for (LatheType type : weightTypes)
    for (bool packed : {true, false}) {
      if (isBlockType(type) && !packed)
        continue;
      int64_t rows = 37, columns = isBlockType(type) ? elementsPerBlock(type) * 3 : 21;
      std::string weight = type == LATHE_F32    ? "float"
                           : type == LATHE_F16  ? "lathe::Half"
                           : type == LATHE_BF16 ? "lathe::BFloat"
                           : type == LATHE_INT4 ? "lathe::Int4"
                                                : std::string("lathe::") + elementTypeName(type);
      const char *index = packed ? "int32_t" : "int64_t";
      auto kernel =
          load("embedding", "constexpr int64_t rows = 37, columns = " + std::to_string(columns) +
                                ";\nconstexpr bool packed = " + std::to_string(packed) + ";\nusing Weight = " + weight +
                                "; using Index = " + index + "; using Output = float;\n");
      ASSERT_TRUE(kernel);
      auto source = randomRows(type, rows, columns, 9);
      std::vector<float> values(rows * columns);
      ASSERT_TRUE(dequantize(type, {reinterpret_cast<const uint8_t *>(source.data()), source.size()}, values));
      LatheWeight form{};
      form.type = type, form.layout = packed ? LATHE_LAYOUT_LANES : LATHE_LAYOUT_PLAIN, form.rows = rows,
      form.columns = columns;
      LatheWeightPiece piece{};
      piece.type = type, piece.rows = rows, piece.columns = columns;
      PieceBytes bytes{&piece, source};
      std::vector<std::byte> table(*packedBytes(type, LatheLayout(form.layout), rows, columns));
      ASSERT_TRUE(packWeight(form, {&bytes, 1}, table));
      std::vector<int64_t> wanted = {0, 36, 15, 16, 17, 36, -5, 1000}, shown = {0, 36, 15, 16, 17, 36, 0, 36};
      std::vector<int32_t> narrow(wanted.begin(), wanted.end());
      std::vector<float> y(wanted.size() * columns, NAN);
      runKernel(kernel, {table.data(), packed ? static_cast<void *>(narrow.data()) : wanted.data(), y.data()},
                {int64_t(wanted.size())}, int64_t(wanted.size()));
      for (size_t i = 0; i < wanted.size(); ++i)
        ASSERT_EQ(std::memcmp(&y[i * columns], &values[shown[i] * columns], columns * 4), 0)
            << weight << " id " << wanted[i];
    }
}

// rotation 1: computed; 2: a table of frequencies; 3: tables of cosines and sines.
TEST(Rope, isTheFormula) {
  for (int rotation : {1, 2, 3})
    for (bool interleaved : {false, true}) {
      constexpr int64_t heads = 3, headDim = 40, dims = 36, rows = 4, stride = 200, offset = 50, tableRows = 300;
      std::vector<float> frequencies;
      std::string bits;
      for (int64_t i = 0; i < dims / 2; ++i) {
        frequencies.push_back(float(std::pow(500.0, -2.0 * double(i) / dims)));
        bits += std::to_string(__builtin_bit_cast(uint32_t, frequencies.back())) + ", ";
      }
      auto kernel = load(
          "rope",
          "constexpr int64_t heads = 3, headDim = 40, dims = 36, inputStride = 200, inputOffset = 50, rotation = " +
              std::to_string(rotation) + ", tableRows = 300, frequencyBits[] = {" + bits +
              "};\nconstexpr bool interleaved = " + std::to_string(interleaved) +
              ";\nconstexpr float factor = 1.25f;\nusing Input = float; using Index = int64_t; using Table = float; "
              "using Output = float;\n");
      ASSERT_TRUE(kernel);
      auto x = randomFloats(rows * stride, 1), cosines = randomFloats(tableRows * dims / 2, 2),
           sines = randomFloats(tableRows * dims / 2, 3);
      std::vector<int64_t> positions = {0, 1, 77, 299};
      std::vector<float> y(rows * heads * headDim, NAN);
      std::vector<void *> buffers = {x.data(), positions.data()};
      if (rotation == 2)
        buffers.push_back(frequencies.data());
      if (rotation == 3)
        buffers.insert(buffers.end(), {cosines.data(), sines.data()});
      buffers.push_back(y.data());
      runKernel(kernel, buffers, {rows}, rows);
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t h = 0; h < heads; ++h) {
          const float *in = &x[r * stride + offset + h * headDim], *out = &y[(r * heads + h) * headDim];
          for (int64_t i = 0; i < dims / 2; ++i) {
            double angle = double(float(positions[r]) * frequencies[i]);
            double c = 1.25 * (rotation == 3 ? cosines[positions[r] * dims / 2 + i] : std::cos(angle));
            double s = 1.25 * (rotation == 3 ? sines[positions[r] * dims / 2 + i] : std::sin(angle));
            int64_t a = interleaved ? 2 * i : i, b = interleaved ? 2 * i + 1 : i + dims / 2;
            ASSERT_NEAR(out[a], in[a] * c - in[b] * s, 3e-6) << rotation << " row " << r << " pair " << i;
            ASSERT_NEAR(out[b], in[b] * c + in[a] * s, 3e-6) << rotation << " row " << r << " pair " << i;
          }
          for (int64_t d = dims; d < headDim; ++d)
            ASSERT_EQ(out[d], in[d]);
        }
    }
}

} // namespace
