// Functions of a plan: shapes from symbols, arenas, conditions, thread scratch, and plans whose sizes make no sense.
#include "runtime/Session.h"
#include "test/runtime/PlanBuilder.h"

#include <gtest/gtest.h>

using namespace lathe;

namespace {

const char *source = R"(
void double_it(const Context *c, int64_t begin, int64_t end) { // y = 2 x
  const float *x = c->buffers[0]; float *y = c->buffers[1];
  for (int64_t i = begin; i < end; ++i) y[i] = 2 * x[i];
}
void add_weight(const Context *c, int64_t begin, int64_t end) { // y = x + w[i mod params[0]] + params[1]
  const float *x = c->buffers[0], *w = c->buffers[1]; float *y = c->buffers[2];
  for (int64_t i = begin; i < end; ++i) y[i] = x[i] + w[i % c->params[0]] + c->params[1];
}
void negate(const Context *c, int64_t begin, int64_t end) {
  float *y = c->buffers[0];
  for (int64_t i = begin; i < end; ++i) y[i] = -y[i];
}
void once(const Context *c, int64_t begin, int64_t end) { // how often this thread saw a new launch
  struct { uint64_t serial; int64_t launches; } *mine = c->threadScratch;
  int32_t *out = c->buffers[0];
  for (int64_t i = begin; i < end; ++i) {
    out[i] = ((uintptr_t)mine % 64 == 0) ? 1 : -1;
    if (mine->serial != c->serial) { mine->serial = c->serial; out[i] = 2; }
  }
}
)";

/// y = 2 x + w + 5, negated when rows is above 2; x is (rows, 4).
PlanBuilder plan(int64_t scratchBytes = 4096) {
  PlanBuilder b;
  auto rows = b.symbol("rows"), four = b.constant(4), zero = b.constant(0);
  auto x = b.buffer("x", LATHE_ARENA_INPUT, LATHE_F32, {rows, four});
  auto y = b.buffer("y", LATHE_ARENA_OUTPUT, LATHE_F32, {rows, four});
  auto doubled = b.buffer("doubled", LATHE_ARENA_SCRATCH, LATHE_F32, {rows, four}, b.constant(64));
  b.weights.push_back({b.name("w"), LATHE_F32, LATHE_LAYOUT_PLAIN, 0, 1, 4, 0, 16, {0, 0}});
  auto w = b.buffer("w", LATHE_ARENA_WEIGHT, LATHE_F32, {four}, LATHE_NONE, 0);
  auto grid = b.mul(rows, four);
  b.launch(b.kernel("double_it"), {x, doubled}, {}, grid);
  b.launch(b.kernel("add_weight"), {doubled, w, y}, {four, b.constant(5)}, grid);
  auto large = b.binary(LATHE_EXPR_MAX, b.binary(LATHE_EXPR_SUB, rows, b.constant(2)), zero);
  b.launch(b.kernel("negate"), {y}, {}, grid, LATHE_NONE, large);
  b.function("forward", {x}, {y}, b.constant(scratchBytes), zero);
  return b;
}

std::shared_ptr<const LoadedModel> load(const PlanBuilder &b, const std::string &code) {
  float weight[4] = {100, 200, 300, 400};
  auto bytes = artifactBytes({{LATHE_SECTION_CODE, "cpu:x86-64", code},
                              {LATHE_SECTION_WEIGHTS, "", std::string(reinterpret_cast<char *>(weight), 16)},
                              {LATHE_SECTION_PLAN, "", b.planBytes()}});
  auto artifact = Artifact::fromBytes(std::as_bytes(std::span(bytes)), "s.lathe");
  EXPECT_TRUE(artifact.ok()) << artifact.message();
  auto model = LoadedModel::load(*artifact);
  EXPECT_TRUE(model.ok()) << model.message();
  return *model;
}

class SessionTest : public testing::Test {
protected:
  void SetUp() override {
    static std::string compiled = compileTestCode(source);
    if (compiled.empty())
      GTEST_SKIP() << "no C compiler";
    code = compiled;
  }
  std::string code;
};

TEST_F(SessionTest, RunsLaunchesInOrderAtEveryShape) {
  Session session(load(plan(), code), std::make_shared<ThreadPool>(2));
  const LatheFunction &function = *session.model().plan().function("forward");
  for (int64_t rows : {1, 3, 2, 60, 1, 0}) {
    auto shape = session.shape(function, std::vector<int64_t>{rows});
    ASSERT_TRUE(shape.ok()) << shape.message();
    EXPECT_EQ((*shape)->outputs[0].dims, (std::vector<int64_t>{rows, 4}));
    std::vector<float> x(size_t(rows) * 4), y(size_t(rows) * 4);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = float(i);
    BufferView in{x.data(), x.size() * 4}, out{y.data(), y.size() * 4};
    ASSERT_TRUE(session.run(**shape, {&in, 1}, {&out, 1}).ok());
    for (size_t i = 0; i < y.size(); ++i)
      EXPECT_EQ(y[i], (rows > 2 ? -1 : 1) * (2 * float(i) + 100 * float(i % 4 + 1) + 5)) << rows << " rows";
    if (rows > 0) {
      in.bytes -= 1;
      EXPECT_EQ(session.run(**shape, {&in, 1}, {&out, 1}).message(), "input 'x' has " + std::to_string(rows * 16 - 1) +
                                                                         " bytes, " + std::to_string(rows * 16) +
                                                                         " are needed");
    }
  }
}

TEST_F(SessionTest, BuffersOutsideTheirArenaAreRefused) {
  Session session(load(plan(640), code), std::make_shared<ThreadPool>(1));
  const LatheFunction &function = *session.model().plan().function("forward");
  EXPECT_TRUE(session.shape(function, std::vector<int64_t>{36}).ok());
  auto shape = session.shape(function, std::vector<int64_t>{37});
  EXPECT_EQ(shape.message(),
            "s.lathe: function 'forward': launch 0: buffer 2 'doubled' (592 bytes at offset 64) lies outside "
            "the 640 bytes of its arena");
  for (int64_t rows : {int64_t(-1), INT64_MAX, INT64_MIN, INT64_MAX / 16})
    EXPECT_FALSE(session.shape(function, std::vector<int64_t>{rows}).ok()) << rows;
}

TEST_F(SessionTest, SymbolsComeFromInputShapes) {
  auto model = load(plan(), code);
  const LatheFunction &function = *model->plan().function("forward");
  using Shapes = std::vector<std::vector<int64_t>>;
  EXPECT_EQ(*symbolsFromInputs(model->plan(), function, Shapes{{7, 4}}), (std::vector<int64_t>{7}));
  EXPECT_EQ(symbolsFromInputs(model->plan(), function, Shapes{{7, 5}}).message(),
            "input 'x' has 5 in dimension 1, the other inputs make 4 = 4");
  EXPECT_FALSE(symbolsFromInputs(model->plan(), function, Shapes{{7}}).ok());
  EXPECT_FALSE(symbolsFromInputs(model->plan(), function, Shapes{}).ok());
}

TEST_F(SessionTest, ThreadScratchIsAlignedAndSerialsDiffer) {
  PlanBuilder b;
  auto tiles = b.constant(64), zero = b.constant(0);
  auto y = b.buffer("y", LATHE_ARENA_OUTPUT, LATHE_I32, {tiles});
  auto kernel = b.kernel("once");
  b.launch(kernel, {y}, {}, tiles, b.constant(100));
  b.function("forward", {}, {y}, zero, zero);
  for (unsigned threads : {1u, 2u}) {
    Session session(load(b, code), std::make_shared<ThreadPool>(threads));
    auto shape = session.shape(session.model().plan().functions[0], {});
    ASSERT_TRUE(shape.ok()) << shape.message();
    for (int run = 0; run < 20; ++run) {
      std::vector<int32_t> seen(64);
      BufferView out{seen.data(), 256};
      ASSERT_TRUE(session.run(**shape, {}, {&out, 1}).ok());
      auto first = std::count(seen.begin(), seen.end(), 2);
      EXPECT_GE(first, 1);
      EXPECT_LE(first, threads);
      EXPECT_EQ(std::count(seen.begin(), seen.end(), -1), 0);
    }
  }
}

} // namespace
