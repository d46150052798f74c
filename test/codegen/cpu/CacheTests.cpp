// rope_append and cached_attention together against doubles: attention over plain keys and values that are rotated by
// the formula, whatever the cache's type, the options, and how the same tokens are cut into steps.
#include "LoadedKernel.h"

#include <cmath>
#include <cstring>
#include <map>
#include <random>

using namespace lathe;
using namespace lathe::test;

namespace {

struct Shape {
  int64_t heads = 6, kvHeads = 2, headDim = 64, dims = 64;
  bool interleaved = false;
  std::string cache = "lathe::Half";
  int64_t window = 0;
  float softcap = 0;
  bool slopes = false, sinks = false;
  std::string pattern = "0"; // as common/cpu/key_pattern.h reads it
  int64_t (*times)(int64_t head, int64_t query, int64_t key) = [](int64_t, int64_t, int64_t) { return int64_t(1); };

  int64_t fused() const { return (heads + 2 * kvHeads) * headDim; }
  int64_t elementBytes() const { return cache == "float" ? 4 : 2; }
};

std::string number(float value) {
  char text[40];
  std::snprintf(text, sizeof text, "%af", double(value));
  return text;
}

std::string head(const Shape &shape) {
  auto n = [](int64_t value) { return std::to_string(value); };
  return "#include \"common/cpu/lanes.h\"\n#include \"common/cpu/math.h\"\nnamespace lathe::parameters {\nconstexpr "
         "int64_t heads = " +
         n(shape.heads) + ", kvHeads = " + n(shape.kvHeads) + ", headDim = " + n(shape.headDim) +
         ";\nusing Cache = " + shape.cache + ";\nusing Output = float;\n";
}
std::string tail(const std::string &kernel) {
  return "} // namespace lathe::parameters\n#include \"" + kernel + "/" + kernel + ".cpu.h\"\nextern \"C\" void " +
         kernel + "_test(const LatheKernelContext *context, int64_t begin, int64_t end) { lathe::" + kernel +
         "(*context, begin, end); }\n";
}

LatheKernelFunction loadOnce(const std::string &symbol, const std::string &text, const Target &target) {
  static std::map<std::string, LatheKernelFunction> loaded;
  LatheKernelFunction &kernel = loaded[target.print() + text];
  return kernel ? kernel : kernel = loadKernel(symbol, text, target);
}

class Decoder {
public:
  explicit Decoder(const Shape &shape, const Target &target = Target::native()) : shape(shape) {
    std::string bits;
    for (int64_t i = 0; i < shape.dims / 2; ++i) {
      frequencies.push_back(1.0f / float(std::pow(10000.0, double(float(2 * i) / float(shape.dims)))));
      bits += std::to_string(__builtin_bit_cast(uint32_t, frequencies.back())) + ", ";
    }
    auto n = [](int64_t value) { return std::to_string(value); };
    append = loadOnce(
        "rope_append_test",
        head(shape) + "using Input = float; using Table = float;\nconstexpr int64_t dims = " + n(shape.dims) +
            ", rotation = 1, tableRows = 1, frequencyBits[] = {" + bits + "}, queryStride = " + n(shape.fused()) +
            ", keyStride = queryStride, valueStride = queryStride, queryOffset = 0, keyOffset = heads * headDim, "
            "valueOffset = (heads + kvHeads) * headDim;\nconstexpr bool query = true, interleaved = " +
            n(shape.interleaved) + ";\nconstexpr float factor = 1;\n" + tail("rope_append"),
        target);
    attend =
        loadOnce("cached_attention_test",
                 head(shape) + "using Query = float; using Slopes = float; using Sinks = float;\n" +
                     "constexpr int64_t queryStride = heads * headDim, queryOffset = 0, distances = 0, pattern[] = {" +
                     shape.pattern + "}, window = " + n(shape.window) +
                     ";\nconstexpr float scale = 0.11f, softcap = " + number(shape.softcap) +
                     ";\nconstexpr bool slopes = " + n(shape.slopes) + ", sinks = " + n(shape.sinks) + ";\n" +
                     tail("cached_attention"),
                 target);
    counters.assign(4 * shape.kvHeads * 16, 0);
    for (int64_t h = 0; h < shape.heads; ++h) {
      slopes.push_back(0.01f * float(h + 1));
      sinks.push_back(0.5f * float(h) - 1);
    }
    // Pages that were used before: anything may be in them.
    cache.assign(pages * 2 * 64 * shape.kvHeads * shape.headDim * shape.elementBytes(), std::byte(0x3b));
  }

  /// One step; tokens of `qkv` in order. Launches are cut into `parts` ranges of tiles, run from the last to the first.
  std::vector<float> step(const std::vector<float> &qkv, std::vector<int32_t> positions, std::vector<int32_t> sequences,
                          int64_t parts = 1) {
    int64_t tokens = int64_t(positions.size());
    std::vector<float> query(tokens * shape.heads * shape.headDim), out(query.size(), NAN);
    std::vector<int64_t> params = {tokens, blocks};
    auto *fused = const_cast<float *>(qkv.data());
    run(append, {fused, fused, fused, cache.data(), positions.data(), sequences.data(), table.data(), query.data()},
        params, tokens, parts);
    std::vector<float> partials(4 * shape.heads * ((blocks + 1) / 2) * ((shape.headDim + 17) / 16 * 16), NAN);
    std::vector<void *> buffers = {query.data(), cache.data(), positions.data(), sequences.data(), table.data()};
    if (shape.slopes)
      buffers.push_back(slopes.data());
    if (shape.sinks)
      buffers.push_back(sinks.data());
    buffers.insert(buffers.end(), {out.data(), partials.data(), counters.data()});
    run(attend, buffers, params, tokens * shape.kvHeads * ((blocks + 1) / 2), parts);
    EXPECT_EQ(counters, std::vector<int32_t>(counters.size()));
    return out;
  }

  Shape shape;
  LatheKernelFunction append, attend;
  std::vector<float> frequencies, slopes, sinks;
  std::vector<std::byte> cache;
  std::vector<int32_t> counters;
  static constexpr int64_t blocks = 6, pages = 13;
  std::vector<int32_t> table = {7, 2, 11, 0, 5, 9, 3, 12, 1, 10, 4, 8}; // two sequences

private:
  void run(LatheKernelFunction kernel, std::vector<void *> buffers, const std::vector<int64_t> &params, int64_t grid,
           int64_t parts) {
    static std::vector<uint64_t> scratch(1 << 18);
    LatheKernelContext context{buffers.data(), params.data(),
                               reinterpret_cast<void *>((uintptr_t(scratch.data()) + 63) / 64 * 64), ++serial};
    for (int64_t part = parts; part-- > 0;)
      kernel(&context, grid * part / parts, grid * (part + 1) / parts);
  }
  uint64_t serial = 0;
};

std::vector<float> randomFloats(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float &value : values)
    value = normal(random);
  return values;
}

/// The definition, in doubles, of one sequence: rows of fused q, k, v in order of their positions.
std::vector<double> reference(const Decoder &decoder, const std::vector<float> &qkv, int64_t tokens) {
  const Shape &s = decoder.shape;
  std::vector<double> rows(qkv.begin(), qkv.end());
  for (int64_t t = 0; t < tokens; ++t)
    for (int64_t h = 0; h < s.heads + s.kvHeads; ++h) {
      double *x = &rows[t * s.fused() + h * s.headDim];
      for (int64_t i = 0; i < s.dims / 2; ++i) {
        double angle = double(float(t) * decoder.frequencies[i]);
        double &a = x[s.interleaved ? 2 * i : i], &b = x[s.interleaved ? 2 * i + 1 : i + s.dims / 2];
        double rotated = a * std::cos(angle) - b * std::sin(angle);
        b = b * std::cos(angle) + a * std::sin(angle);
        a = rotated;
      }
    }
  std::vector<double> out(tokens * s.heads * s.headDim);
  for (int64_t t = 0; t < tokens; ++t)
    for (int64_t h = 0; h < s.heads; ++h) {
      const double *q = &rows[t * s.fused() + h * s.headDim];
      double total = s.sinks ? std::exp(double(decoder.sinks[h])) : 0;
      double *to = &out[(t * s.heads + h) * s.headDim];
      for (int64_t p = s.window ? std::max<int64_t>(0, t - s.window + 1) : 0; p <= t; ++p) {
        const double *k = &rows[p * s.fused() + (s.heads + h / (s.heads / s.kvHeads)) * s.headDim],
                     *v = k + s.kvHeads * s.headDim;
        double score = 0;
        for (int64_t d = 0; d < s.headDim; ++d)
          score += q[d] * k[d];
        score *= double(0.11f);
        if (s.softcap > 0)
          score = s.softcap * std::tanh(score / s.softcap);
        if (s.slopes)
          score += double(decoder.slopes[h]) * double(p - t);
        double weight = std::exp(score) * double(s.times(h, t, p));
        total += weight;
        for (int64_t d = 0; d < s.headDim; ++d)
          to[d] += weight * v[d];
      }
      for (int64_t d = 0; d < s.headDim; ++d)
        to[d] = total > 0 ? to[d] / total : 0; // nothing was seen
    }
  return out;
}

double worst(const std::vector<float> &got, const std::vector<double> &expected) {
  double most = 0;
  for (size_t i = 0; i < got.size(); ++i)
    most = std::max(most, std::isnan(got[i]) ? INFINITY : std::abs(double(got[i]) - expected[i]));
  return most;
}

std::vector<int32_t> counting(int64_t first, int64_t count) {
  std::vector<int32_t> numbers(count);
  for (int64_t i = 0; i < count; ++i)
    numbers[i] = int32_t(first + i);
  return numbers;
}

std::vector<Shape> shapes() {
  return {{},
          {.heads = 4, .kvHeads = 4, .cache = "float"},
          {.heads = 9, .kvHeads = 3, .cache = "lathe::BFloat"},
          {.heads = 16, .kvHeads = 1, .headDim = 128, .dims = 64, .interleaved = true},
          {.heads = 4, .kvHeads = 2, .headDim = 20, .dims = 12, .cache = "float", .window = 70, .sinks = true},
          {.heads = 5, .kvHeads = 1, .headDim = 80, .dims = 80, .softcap = 5, .slopes = true},
          {.heads = 2,
           .kvHeads = 2,
           .headDim = 32,
           .dims = 32,
           .window = 200,
           .softcap = 20,
           .slopes = true,
           .sinks = true},
          {.heads = 6, .kvHeads = 2, .headDim = 20, .dims = 12, .cache = "float", .pattern = "2, 16, 2, 200, 3",
           .times = [](int64_t head, int64_t query, int64_t key) {
             return int64_t(query / 16 == key / 16 && query % 2 == head % 2 && key % 2 == head % 2) +
                    int64_t(query / 200 == key / 200 && query % 3 == head % 3 && key % 3 == head % 3);
           }},
          {.heads = 4, .kvHeads = 2, .headDim = 32, .dims = 32, .cache = "float", .sinks = true,
           .pattern = "0, 16, 1, 1, 0, 0, -1, 2, 3, 17, -1, 4, 17, 1, 4", // triples: query's block, head, key's block
           .times = [](int64_t head, int64_t query, int64_t key) {
             int64_t row = query / 16, column = key / 16;
             return int64_t(row == 0 || column == 0 || row - column <= 1) +
                    int64_t(row > 0 && head == 2 && column == 3) + int64_t(row == 17 && column == 4) * (1 + (head == 1));
           }}};
}

TEST(Cache, attentionIsWhatTheDefinitionSays) {
  for (const char *cpu : {"cpu:native", "cpu:x86-64-v2", "cpu:x86-64-v3"})
    for (const Shape &shape : shapes()) {
      if (cpu != std::string("cpu:native") && shape.heads % 2 == 0)
        continue; // some of them are enough
      Decoder decoder(shape, *Target::parse(cpu));
      ASSERT_TRUE(decoder.append && decoder.attend);
      int64_t tokens = 300;
      auto qkv = randomFloats(tokens * shape.fused(), 1);
      auto out = decoder.step(qkv, counting(0, tokens), std::vector<int32_t>(tokens, 1));
      double tolerance = shape.cache == "float" ? 2e-5 : shape.cache == "lathe::Half" ? 4e-3 : 3e-2;
      EXPECT_LT(worst(out, reference(decoder, qkv, tokens)), tolerance)
          << cpu << " headDim " << shape.headDim << " " << shape.cache;
    }
}

TEST(Cache, stepsOfAnySizeGiveTheSameBits) {
  for (const Shape &shape : shapes()) {
    int64_t tokens = 300;
    auto qkv = randomFloats(tokens * shape.fused(), 2);
    Decoder whole(shape);
    auto expected = whole.step(qkv, counting(0, tokens), std::vector<int32_t>(tokens, 0));
    int64_t width = shape.heads * shape.headDim;
    for (int64_t parts : {1, 5}) {
      Decoder decoder(shape);
      int64_t done = 0;
      // Steps of these sizes in turn, on the other sequence's pages, now and then with a token of another sequence
      // between.
      const int64_t sizes[] = {1, 2, 4, 3, 64, 7, 1, 8, 128, 5};
      for (size_t turn = 0; done < tokens; ++turn) {
        int64_t count = std::min(sizes[turn % 10], tokens - done);
        auto positions = counting(done, count);
        std::vector<int32_t> sequences(count, 1);
        std::vector<float> rows(qkv.begin() + done * shape.fused(), qkv.begin() + (done + count) * shape.fused());
        if (turn % 3 == 1) {
          positions.insert(positions.begin(), int32_t(turn));
          sequences.insert(sequences.begin(), 0);
          rows.insert(rows.begin(), qkv.begin(), qkv.begin() + shape.fused());
        }
        auto out = decoder.step(rows, positions, sequences, parts);
        ASSERT_EQ(
            std::memcmp(out.data() + out.size() - count * width, expected.data() + done * width, count * width * 4), 0)
            << "positions " << done << " to " << done + count << ", headDim " << shape.headDim << ", parts " << parts;
        done += count;
      }
    }
  }
}

} // namespace
