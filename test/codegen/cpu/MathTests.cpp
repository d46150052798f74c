// common/cpu/math.h against the C library in long double: floats within the 2 ulp that its header promises, doubles
// within 10 (most within 4); and the same bits for a value alone and in a vector, on every level of x86-64.
#include "LoadedKernel.h"

#include <cmath>
#include <cstring>

using namespace lathe;
using namespace lathe::test;

namespace {

struct Function {
  const char *name;
  long double (*exact)(long double);
  double low, high; // the range of arguments
  double floatUlps, doubleUlps;
};
long double sigmoid(long double x) { return 1 / (1 + std::exp(-x)); }
long double silu(long double x) { return x * sigmoid(x); }
long double softplus(long double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
long double rsqrt(long double x) { return 1 / std::sqrt(x); }
#define LIBM(NAME) [](long double x) -> long double { return std::NAME(x); }
const Function functions[] = {
    {"exp", LIBM(exp), -87, 88, 2, 4},           {"exp2", LIBM(exp2), -125, 127, 2, 4},
    {"expm1", LIBM(expm1), -20, 88, 2, 4},       {"log", LIBM(log), 1e-30, 1e30, 2, 4},
    {"log1p", LIBM(log1p), -0.99, 1e6, 2, 4},    {"log2", LIBM(log2), 1e-30, 1e30, 2, 4},
    {"log10", LIBM(log10), 1e-30, 1e30, 2, 4},   {"sqrt", LIBM(sqrt), 0, 1e30, 0.5, 0.5},
    {"rsqrt", rsqrt, 1e-30, 1e30, 2, 2},         {"sin", LIBM(sin), -3.14, 3.14, 2, 4},
    {"cos", LIBM(cos), -1.5, 1.5, 2, 4},         {"tan", LIBM(tan), -1.5, 1.5, 2, 8},
    {"asin", LIBM(asin), -0.999, 0.999, 2, 8},   {"acos", LIBM(acos), -0.999, 0.999, 2, 8},
    {"atan", LIBM(atan), -1e3, 1e3, 2, 4},       {"sinh", LIBM(sinh), -80, 80, 2, 8},
    {"cosh", LIBM(cosh), -80, 80, 2, 8},         {"tanh", LIBM(tanh), -30, 30, 2, 4},
    {"asinh", LIBM(asinh), -1e6, 1e6, 2, 8},     {"acosh", LIBM(acosh), 1.001, 1e6, 2, 8},
    {"atanh", LIBM(atanh), -0.999, 0.999, 2, 8}, {"erf", LIBM(erf), -5, 5, 2, 10},
    {"sigmoid", sigmoid, -80, 80, 2, 8},         {"silu", silu, -80, 80, 2, 8},
    {"softplus", softplus, -30, 80, 2, 8},
};

/// buffers x, y, z: y by vectors of 8, z one by one; params: function, count.
LatheKernelFunction load(const std::string &type, const Target &target) {
  std::string text =
      "#include \"common/cpu/pointwise.h\"\nusing namespace lathe;\n"
      "extern \"C\" void entry(const LatheKernelContext *c, int64_t, int64_t) {\n"
      "  using T = " +
      type +
      "; auto *x = (const T *)c->buffers[0]; auto *y = (T *)c->buffers[1]; auto *z = (T *)c->buffers[2];\n"
      "  int64_t n = c->params[1];\n  switch (c->params[0]) {\n";
  int index = 0;
  for (const Function &f : functions) {
    std::string call = std::string("lathe::") + f.name;
    text += "  case " + std::to_string(index++) + ":\n    for (int64_t i = 0; i < n; i += 8) storeLanes<T, 8>(y + i, " +
            call + "(loadLanes<T, 8>(x + i)));\n    for (int64_t i = 0; i < n; ++i) z[i] = " + call +
            "(x[i]);\n    break;\n";
  }
  return loadKernel("entry", text + "  }\n}\n", target);
}

template <class T> double ulps(T value, long double exact) {
  T nearest = static_cast<T>(exact);
  if (std::isnan(exact) || std::isinf(nearest))
    return std::isnan(exact) ? (std::isnan(value) ? 0 : 1e9) : (value == nearest ? 0 : 1e9);
  T ulp = std::nextafter(std::abs(nearest), T(INFINITY)) - std::abs(nearest);
  return static_cast<double>(std::abs(static_cast<long double>(value) - exact) / ulp);
}

template <class T> void check(const std::string &type, const char *targetName) {
  Target target = *Target::parse(targetName);
  for (const std::string &feature : target.features())
    if (!Target::native().has(feature))
      GTEST_SKIP() << "this CPU has no " << feature;
  auto kernel = load(type, target);
  ASSERT_TRUE(kernel);
  const int64_t count = 1 << 14;
  std::vector<T> x(count), y(count), z(count);
  for (size_t index = 0; index < std::size(functions); ++index) {
    const Function &f = functions[index];
    std::vector<float> random = randomFloats(count, index + 1);
    bool isGeometric = f.low > 0 && f.high / f.low > 1e9;
    for (int64_t i = 0; i < count; ++i) {
      double at = (random[i] + 1) / 2;
      x[i] = static_cast<T>(isGeometric ? f.low * std::pow(f.high / f.low, at) : f.low + (f.high - f.low) * at);
      if (i % 4 == 1 && f.low < 0 && f.high > 0) // the neighbourhood of 0
        x[i] = static_cast<T>(x[i] * std::exp2(-30 * at));
    }
    runKernel(kernel, {x.data(), y.data(), z.data()}, {static_cast<int64_t>(index), count}, 1);
    double worst = 0, worstAt = 0;
    for (int64_t i = 0; i < count; ++i)
      if (double error = ulps(y[i], f.exact(x[i])); error > worst)
        worst = error, worstAt = x[i];
    double promised = sizeof(T) == 4 ? f.floatUlps : f.doubleUlps;
    if (sizeof(T) == 4 && std::string(f.name) == "erf" && !target.has("fma"))
      promised = 2.5;
    EXPECT_LE(worst, promised) << f.name << " of " << worstAt;
    EXPECT_EQ(std::memcmp(y.data(), z.data(), count * sizeof(T)), 0) << f.name << " alone and in a vector";
    testing::Test::RecordProperty(std::string(f.name) + "_ulps", std::to_string(worst));
  }
  // Special values.
  auto value = [&](const char *name, T argument) {
    for (size_t i = 0; i < std::size(functions); ++i)
      if (std::string(functions[i].name) == name) {
        std::vector<T> in(8, argument), out(8), one(8);
        runKernel(kernel, {in.data(), out.data(), one.data()}, {static_cast<int64_t>(i), 8}, 1);
        return out[3];
      }
    return T(-12345);
  };
  T infinity = INFINITY, nan = NAN;
  EXPECT_EQ(value("exp", -infinity), 0);
  EXPECT_EQ(value("exp", infinity), infinity);
  EXPECT_EQ(value("log", 0), -infinity);
  EXPECT_TRUE(std::isnan(value("log", -1)));
  EXPECT_EQ(value("tanh", infinity), 1);
  EXPECT_EQ(value("erf", -infinity), -1);
  EXPECT_EQ(value("sigmoid", -infinity), 0);
  EXPECT_EQ(value("softplus", infinity), infinity);
  for (const char *name :
       {"exp", "log", "tanh", "erf", "sin", "sqrt", "sigmoid", "silu", "expm1", "log1p", "atan", "sinh"})
    EXPECT_TRUE(std::isnan(value(name, nan))) << name;
}

TEST(Math, floatsNative) { check<float>("float", "cpu:native"); }
TEST(Math, floatsV2) { check<float>("float", "cpu:x86-64-v2"); }
TEST(Math, floatsV3) { check<float>("float", "cpu:x86-64-v3"); }
TEST(Math, doublesNative) { check<double>("double", "cpu:native"); }
TEST(Math, doublesV3) { check<double>("double", "cpu:x86-64-v3"); }

} // namespace
