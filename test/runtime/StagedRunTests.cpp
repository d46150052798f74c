// Functions whose sizes data decides and that call others: stages, branches, loops, interrupts, and plans of such that
// make no sense.
#include "runtime/Session.h"
#include "test/runtime/PlanBuilder.h"

#include <gtest/gtest.h>

using namespace lathe;

namespace {

const char *source = R"(
void count_positive(const Context *c, int64_t begin, int64_t end) { // n = how many of x are above 0, plus params[1]
  const float *x = c->buffers[0]; int64_t *n = c->buffers[1];
  if (begin == end) return;
  *n = c->params[1];
  for (int64_t i = 0; i < c->params[0]; ++i) *n += x[i] > 0;
}
void keep_positive(const Context *c, int64_t begin, int64_t end) {
  const float *x = c->buffers[0]; float *y = c->buffers[1];
  if (begin == end) return;
  for (int64_t i = 0, at = 0; i < c->params[0]; ++i) if (x[i] > 0) y[at++] = x[i];
}
void twice(const Context *c, int64_t begin, int64_t end) {
  const float *x = c->buffers[0]; float *y = c->buffers[1];
  for (int64_t i = begin; i < end; ++i) y[i] = 2 * x[i];
}
void go_on(const Context *c, int64_t begin, int64_t end) { *(uint8_t *)c->buffers[0] = 1; }
)";

using Shapes = std::vector<std::vector<int64_t>>;

class StagedRunTest : public testing::Test {
protected:
  void SetUp() override {
    static std::string compiled = compileTestCode(source);
    if (compiled.empty())
      GTEST_SKIP() << "no C compiler";
    code = compiled;
  }
  Result<std::shared_ptr<const Artifact>> artifact(const PlanBuilder &b) {
    auto bytes = artifactBytes({{LATHE_SECTION_CODE, "cpu:x86-64", code}, {LATHE_SECTION_PLAN, "", b.planBytes()}});
    return Artifact::fromBytes(std::as_bytes(std::span(bytes)), "s.lathe");
  }
  std::unique_ptr<Session> session(const PlanBuilder &b) {
    auto opened = artifact(b);
    EXPECT_TRUE(opened.ok()) << opened.message();
    auto model = LoadedModel::load(*opened);
    EXPECT_TRUE(model.ok()) << model.message();
    return std::make_unique<Session>(*model, std::make_shared<ThreadPool>(2));
  }
  static std::vector<float> floatsOf(const OwnedTensor &tensor) {
    std::vector<float> values(tensor.bytes / 4);
    std::memcpy(values.data(), tensor.data.get(), tensor.bytes);
    return values;
  }
  static Result<std::vector<OwnedTensor>> run(Session &session, std::vector<float> x,
                                              const std::atomic<bool> *cancel = nullptr) {
    BufferView view{x.data(), x.size() * 4};
    return session.evaluate(*session.model().plan().function("forward"), {&view, 1}, Shapes{{int64_t(x.size())}},
                            cancel);
  }
  std::string code;
};

/// y = 2 * the elements of x above 0, through a scratch buffer of their number; `more` is added to the count.
PlanBuilder compaction(int64_t more = 0) {
  PlanBuilder b;
  auto n = b.symbol("n"), u = b.symbol("u"), one = b.constant(1), zero = b.constant(0);
  auto x = b.buffer("x", LATHE_ARENA_INPUT, LATHE_F32, {n});
  auto y = b.buffer("y", LATHE_ARENA_OUTPUT, LATHE_F32, {u});
  auto count = b.buffer("count", LATHE_ARENA_SCRATCH, LATHE_I64, {}, zero);
  auto kept = b.buffer("kept", LATHE_ARENA_SCRATCH, LATHE_F32, {u}, zero);
  b.buffers[kept].pool = 1;
  b.launch(b.kernel("count_positive"), {x, count}, {n, b.constant(more)}, one);
  b.stage({PlanBuilder::size(1, count)}, b.constant(64));
  b.launch(b.kernel("keep_positive"), {x, kept}, {n}, one);
  b.launch(b.kernel("twice"), {kept, y}, {}, u);
  b.stage({}, b.mul(u, b.constant(4)), 1);
  b.function("forward", {x}, {y}, b.constant(64), zero);
  b.staged(2);
  return b;
}

TEST_F(StagedRunTest, SizesAreReadBetweenStages) {
  auto s = session(compaction());
  for (int round = 0; round < 3; ++round) {
    auto outputs = run(*s, {1, -2, 3, -4, 5});
    ASSERT_TRUE(outputs.ok()) << outputs.message();
    EXPECT_EQ(outputs->front().dims, (std::vector<int64_t>{3}));
    EXPECT_EQ(floatsOf(outputs->front()), (std::vector<float>{2, 6, 10}));
    EXPECT_TRUE(floatsOf((*run(*s, {-1}))[0]).empty());
    EXPECT_EQ(floatsOf((*run(*s, std::vector<float>(10000, 1)))[0]).size(), 10000u);
  }
  EXPECT_EQ(s->shape(*s->model().plan().function("forward"), std::vector<int64_t>{1, 1}).message(),
            "function 'forward' has sizes that data decides; they are known only while it runs");
}

TEST_F(StagedRunTest, AbsurdSizesAreErrors) {
  EXPECT_EQ(run(*session(compaction(-7)), {1, 2}).message(), "the size 'u' came out as -5");
  EXPECT_EQ(run(*session(compaction(INT64_MAX - 2)), {1, 2}).message(), "the size 'u' came out as 9223372036854775807");
  // More memory than there is, but not more than there could be.
  EXPECT_NE(run(*session(compaction(int64_t(1) << 45)), {1, 2}).message().find("are free"), std::string::npos);
}

/// y = twice x, `limit` times (no limit below 0), by a loop over the function "body".
PlanBuilder doubling(int64_t limit) {
  PlanBuilder b;
  auto n = b.symbol("n"), one = b.constant(1), zero = b.constant(0);
  auto i = b.buffer("i", LATHE_ARENA_INPUT, LATHE_I64, {}), c = b.buffer("c", LATHE_ARENA_INPUT, LATHE_BOOL, {}),
       v = b.buffer("v", LATHE_ARENA_INPUT, LATHE_F32, {n}),
       again = b.buffer("again", LATHE_ARENA_OUTPUT, LATHE_BOOL, {}),
       next = b.buffer("next", LATHE_ARENA_OUTPUT, LATHE_F32, {n}),
       part = b.buffer("part", LATHE_ARENA_OUTPUT, LATHE_F32, {n});
  auto twice = b.kernel("twice");
  b.launch(b.kernel("go_on"), {again}, {}, one);
  b.launch(twice, {v, next}, {}, n);
  b.launch(twice, {next, part}, {}, n);
  b.function("body", {i, c, v}, {again, next, part}, zero, zero);
  uint32_t own = uint32_t(b.launches.size());
  auto u = b.symbol("u");
  auto x = b.buffer("x", LATHE_ARENA_INPUT, LATHE_F32, {n}), y = b.buffer("y", LATHE_ARENA_OUTPUT, LATHE_F32, {n}),
       z = b.buffer("z", LATHE_ARENA_OUTPUT, LATHE_F32, {u, n}), r = b.buffer("r", LATHE_ARENA_RESULT, LATHE_F32, {n}),
       parts = b.buffer("parts", LATHE_ARENA_RESULT, LATHE_F32, {u, n}),
       count = b.buffer("count", LATHE_ARENA_SCRATCH, LATHE_I64, {}, zero);
  b.launch(b.kernel("count_positive"), {x, count}, {zero, b.constant(limit)}, one);
  LatheStep loop{LATHE_STEP_LOOP, b.name("loop"), LATHE_NONE,        LATHE_NONE, limit < 0 ? LATHE_NONE : count, 1,
                 {0, LATHE_NONE}, b.list({x}),    b.list({r, parts})};
  b.stages.push_back({{own, 1}, {0, 1}, 0, b.constant(64)});
  b.steps.push_back(loop);
  b.launch(twice, {r, y}, {}, n);
  b.launch(twice, {parts, z}, {}, b.mul(u, n));
  b.stages.push_back({{own + 1, 2}, {1, 0}, 0, zero});
  b.function("forward", {x}, {y, z}, zero, zero, own);
  b.staged(1);
  return b;
}

TEST_F(StagedRunTest, LoopsCarryAndStack) {
  auto three = run(*session(doubling(3)), {1, 10});
  ASSERT_TRUE(three.ok()) << three.message();
  EXPECT_EQ(floatsOf((*three)[0]), (std::vector<float>{16, 160}));
  EXPECT_EQ((*three)[1].dims, (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(floatsOf((*three)[1]), (std::vector<float>{8, 80, 16, 160, 32, 320}));
  auto none = run(*session(doubling(0)), {1, 10});
  ASSERT_TRUE(none.ok()) << none.message();
  EXPECT_EQ(floatsOf((*none)[0]), (std::vector<float>{2, 20}));
  EXPECT_EQ((*none)[1].dims, (std::vector<int64_t>{0, 2}));
}

TEST_F(StagedRunTest, EndlessLoopsAreInterrupted) {
  PlanBuilder b = doubling(-1);
  b.steps[0].results.count = 1; // nothing is stacked
  b.functions[0].outputs.count = 2;
  b.launches[2].operands = b.launches[1].operands;
  b.launches.back().grid = b.constant(0);
  b.functions[1].outputs.count = 1;
  auto s = session(b);
  std::atomic<bool> cancel{false};
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    cancel = true;
  });
  EXPECT_EQ(run(*s, {0}, &cancel).message(), "interrupted");
  later.join();
}

TEST_F(StagedRunTest, PlansThatMakeNoSenseAreRefused) {
  auto refused = [&](PlanBuilder b) { return artifact(b).message(); };
  auto changed = [&](auto change) {
    PlanBuilder b = doubling(3);
    change(b);
    return refused(std::move(b));
  };
  EXPECT_EQ(changed([](PlanBuilder &) {}), "");
  for (auto change : std::initializer_list<void (*)(PlanBuilder &)>{
           [](PlanBuilder &b) { b.steps[0].functions[0] = 1; }, // calls itself
           [](PlanBuilder &b) { b.steps[0].functions[0] = LATHE_NONE; },
           [](PlanBuilder &b) { b.steps[0].carried = 2; }, // more than operands
           [](PlanBuilder &b) { b.steps[0].limit = 0xfffffff0u; },
           [](PlanBuilder &b) { b.steps[0].limit = b.functions[1].inputs.first; }, // perhaps no i64
           [](PlanBuilder &b) { b.steps[0].operands.count = 0, b.steps[0].carried = 0; },
           [](PlanBuilder &b) { b.steps[0].results.count = 1; }, // fewer than the body gives
           [](PlanBuilder &b) { b.steps[0].kind = 7; },
           [](PlanBuilder &b) { b.steps[0].kind = LATHE_STEP_IF; }, // no condition
           [](PlanBuilder &b) { b.stages[0].steps.count = 2; }, [](PlanBuilder &b) { b.stages[0].pool = 1; },
           [](PlanBuilder &b) { b.stages[1].launches.count = 1; }, // a launch in no stage
           [](PlanBuilder &b) { b.functions[1].stages.count = 3; },
           [](PlanBuilder &b) { b.functions[0].stages = b.functions[1].stages; }})
    EXPECT_NE(changed(change).find("s.lathe: is damaged: plan: function"), std::string::npos) << changed(change);
}

TEST_F(StagedRunTest, ChecksOfLaunchesHold) {
  PlanBuilder b = compaction();
  b.launches[1].checks = b.list({b.postfix({{LATHE_EXPR_SYMBOL, 0, 1}}), b.constant(2)});
  auto s = session(b);
  EXPECT_TRUE(run(*s, {1, 2, -3}).ok());
  EXPECT_EQ(run(*s, {1, 2, 3}).message(),
            "s.lathe: function 'forward': launch 1: the sizes do not fit, u is 3, 2 is 2 for n = 3, u = 3");
}

} // namespace
