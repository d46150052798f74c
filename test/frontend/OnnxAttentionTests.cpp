// GroupQueryAttention against its formula: where queries stand, what they see, and what the cache becomes.
#include "test/frontend/OnnxRun.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace lathe;
using namespace lathe::test;
using reference::Tensor;

namespace {

constexpr int64_t onnxInt32 = 6;
const Values query = {1, 2, -1, 0.5, 0.25, -2, 1, 1}, key = {0.5, -1, 2, 1, 1, 0, -1, 3},
             values = {1, 2, 3, 4, 5, 6, 7, 8};
const Values pastKey = {2, 1, 0, -1}, pastValue = {-1, 0, 1, 2};

/// One head of 4, two tokens after one in the cache. `last` is the output that is asked for.
Graph attention(std::vector<Message> attributes, std::vector<std::string> rest, std::vector<std::string> outputs) {
  attributes.push_back(attribute("num_heads", 1));
  attributes.push_back(attribute("kv_num_heads", 1));
  std::vector<std::string> inputs = {"q", "k", "v", "pk", "pv", "last", "total"};
  inputs.insert(inputs.end(), rest.begin(), rest.end());
  Graph graph;
  graph.nodes = {node("GroupQueryAttention", inputs, outputs, attributes, "com.microsoft")};
  for (const char *name : {"q", "k", "v"})
    graph.inputs.push_back(value(name, onnxFloat, {"b", "t", "4"}));
  for (const char *name : {"pk", "pv"})
    graph.inputs.push_back(value(name, onnxFloat, {"b", "1", "p", "4"}));
  graph.inputs.push_back(value("last", onnxInt32, {"b"}));
  graph.inputs.push_back(value("total", onnxInt32, {}));
  graph.outputs = {value(outputs.back(), onnxFloat, {"b", "t", "4"})};
  // Angles are arbitrary; one row a position.
  Values cosine, sine;
  for (int i = 0; i < 16; ++i)
    cosine.push_back(std::cos(0.3 * i * i)), sine.push_back(std::sin(0.3 * i * i));
  graph.initializers = {floats("cos", {8, 2}, {cosine.begin(), cosine.end()}),
                        floats("sin", {8, 2}, {sine.begin(), sine.end()}), integers("positions", {1, 2}, {1, 2})};
  return graph;
}

std::vector<Tensor> inputs() {
  std::vector<int64_t> last = {2}, total = {3};
  return {floatsOf({1, 2, 4}, query),
          floatsOf({1, 2, 4}, key),
          floatsOf({1, 2, 4}, values),
          floatsOf({1, 1, 1, 4}, pastKey),
          floatsOf({1, 1, 1, 4}, pastValue),
          *Tensor::ofValues<int64_t>(LATHE_I32, {1}, last),
          *Tensor::ofValues<int64_t>(LATHE_I32, {}, total)};
}

TEST(OnnxAttention, AQuerySeesTheCacheAndItsPredecessors) {
  Answer answer = run(attention({}, {}, {"y"}), 21, inputs());
  ASSERT_EQ(answer.problem, "");
  Values keys = pastKey, rows = pastValue, wanted;
  keys.insert(keys.end(), key.begin(), key.end());
  rows.insert(rows.end(), values.begin(), values.end());
  for (int t = 0; t < 2; ++t) {
    Values weights, row(4, 0.0);
    double sum = 0;
    for (int s = 0; s <= t + 1; ++s) {
      double score = 0;
      for (int i = 0; i < 4; ++i)
        score += query[4 * t + i] * keys[4 * s + i] / 2; // 1 / sqrt(4)
      weights.push_back(std::exp(score));
      sum += weights.back();
    }
    for (size_t s = 0; s < weights.size(); ++s)
      for (int i = 0; i < 4; ++i)
        row[i] += weights[s] / sum * rows[4 * s + i];
    wanted.insert(wanted.end(), row.begin(), row.end());
  }
  ASSERT_EQ(answer.values.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i)
    EXPECT_NEAR(answer.values[i], wanted[i], 1e-5) << i;
}

TEST(OnnxAttention, PositionsFollowFromTheLengths) {
  Answer given = run(attention({attribute("do_rotary", 1)}, {"cos", "sin", "positions"}, {"y"}), 21, inputs());
  Answer derived = run(attention({attribute("do_rotary", 1)}, {"cos", "sin"}, {"y"}), 21, inputs());
  ASSERT_EQ(given.problem + derived.problem, "");
  EXPECT_EQ(given.values, derived.values);
  Answer unrotated = run(attention({}, {}, {"y"}), 21, inputs());
  EXPECT_NE(given.values, unrotated.values);
}

TEST(OnnxAttention, ThePresentIsThePastAndTheOwnKeys) {
  Answer present = run(attention({}, {}, {"y", "present"}), 21, inputs());
  ASSERT_EQ(present.problem, "");
  EXPECT_EQ(present.shape, (std::vector<int64_t>{1, 1, 3, 4}));
  Values wanted = pastKey;
  wanted.insert(wanted.end(), key.begin(), key.end());
  EXPECT_EQ(present.values, wanted);
}

TEST(OnnxAttention, AWindowOfOneSeesOnlyItself) {
  Answer answer = run(attention({attribute("local_window_size", 1)}, {}, {"y"}), 21, inputs());
  ASSERT_EQ(answer.problem, "");
  EXPECT_EQ(answer.values, values);
}

} // namespace
