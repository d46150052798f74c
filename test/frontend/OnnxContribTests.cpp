// Operators of ONNX Runtime, one node each, against what ONNX Runtime gave: contrib/make.py made the files and says
// how.
#include "test/frontend/OnnxRun.h"

#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>

using namespace lathe;
using namespace lathe::test;
using nlohmann::json;
using reference::Tensor;

namespace {

struct Kind {
  LatheType type;
  int64_t onnx;
};
const std::map<std::string, Kind> kinds = {
    {"f32", {LATHE_F32, 1}}, {"f16", {LATHE_F16, 10}}, {"u8", {LATHE_U8, 2}},
    {"i8", {LATHE_I8, 3}},   {"u16", {LATHE_U16, 4}},  {"i16", {LATHE_I16, 5}},
    {"i32", {LATHE_I32, 6}}, {"i64", {LATHE_I64, 7}},  {"bool", {LATHE_BOOL, 9}}};

uint64_t mixed(const std::string &key, uint64_t index) {
  uint64_t z = 0xcbf29ce484222325;
  for (unsigned char c : key)
    z = (z ^ c) * 0x100000001b3;
  z += index + 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

Values valuesOf(const json &operand, const std::string &test) {
  Values values;
  if (operand.contains("values")) {
    for (const json &value : operand["values"])
      values.push_back(value.is_boolean() ? value.get<bool>() : value.get<double>());
    return values;
  }
  uint64_t count = 1;
  for (int64_t size : operand["shape"])
    count *= static_cast<uint64_t>(size);
  std::string type = operand["type"];
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t bits = mixed(test + "/" + operand["name"].get<std::string>(), i);
    double unit = static_cast<double>(bits >> 40) / (1 << 24);
    values.push_back(type == "u8"   ? static_cast<double>(bits >> 56)
                     : type == "i8" ? static_cast<double>(bits >> 56) - 128
                                    : static_cast<float>(operand["scale"].get<double>() * (unit - 0.5)));
  }
  return values;
}

Message initializer(const json &operand, const Values &values) {
  std::vector<int64_t> shape = operand["shape"];
  std::string name = operand["name"], type = operand["type"];
  if (type == "u4" || type == "i4") {
    std::string bytes((values.size() + 1) / 2, 0);
    for (size_t i = 0; i < values.size(); ++i)
      bytes[i / 2] = static_cast<char>(bytes[i / 2] | (static_cast<int>(values[i]) & 15) << (i % 2 * 4));
    return tensorHead(name, type == "u4" ? 21 : 22, shape).text(9, bytes);
  }
  Tensor tensor = *Tensor::ofValues<double>(kinds.at(type).type, shape, values);
  return tensorHead(name, kinds.at(type).onnx, shape)
      .text(9, std::string(reinterpret_cast<const char *>(tensor.bytes().data()), tensor.bytes().size()));
}

Message attributeOf(const std::string &name, const json &value) {
  if (value.is_array())
    return attribute(name, value.get<std::vector<int64_t>>());
  if (value.is_string())
    return Message().text(1, name).text(4, value.get<std::string>()).number(20, 3);
  if (value.is_number_float())
    return Message().text(1, name).real(2, value.get<float>()).number(20, 1);
  return attribute(name, value.get<int64_t>());
}

class OnnxContrib : public testing::TestWithParam<const char *> {};

TEST_P(OnnxContrib, AgreesWithOnnxRuntime) {
  std::ifstream file(std::string(LATHE_SOURCE_DIR) + "/test/frontend/contrib/" + GetParam() + ".json");
  json cases = json::parse(file);
  EXPECT_GT(cases.size(), 15u);
  for (const json &test : cases) {
    std::string name = test["name"];
    Graph graph;
    std::vector<std::string> operands;
    std::vector<Tensor> inputs;
    for (const json &operand : test["operands"]) {
      operands.push_back(operand.is_null() ? "" : operand["name"].get<std::string>());
      if (operand.is_null())
        continue;
      Values values = valuesOf(operand, name);
      if (operand["constant"]) {
        graph.initializers.push_back(initializer(operand, values));
        continue;
      }
      Kind kind = kinds.at(operand["type"]);
      graph.inputs.push_back(value(operand["name"], kind.onnx, operand["dims"]));
      inputs.push_back(*Tensor::ofValues<double>(kind.type, operand["shape"], values));
    }
    std::vector<Message> attributes;
    for (const auto &[key, entry] : test["attributes"].items())
      attributes.push_back(attributeOf(key, entry));
    graph.nodes = {node(test["op"], operands, test["outputs"], attributes, test["domain"])};
    for (const json &output : test["expected"]) {
      graph.outputs = {value(output["name"], onnxFloat, {})};
      Answer answer = run(graph, test["opset"], inputs);
      ASSERT_EQ(answer.problem, "") << name;
      ASSERT_EQ(answer.shape, output["shape"].get<std::vector<int64_t>>()) << name << " " << output["name"];
      const json &expected = output["values"];
      for (size_t i = 0; i < expected.size(); ++i) {
        size_t place = output.contains("step") ? i * output["step"].get<size_t>() : output["places"][i].get<size_t>();
        double wanted = expected[i], tolerance = test["tolerance"].get<double>() * (1 + std::fabs(wanted));
        ASSERT_NEAR(answer.values.at(place), wanted, tolerance) << name << " " << output["name"] << " " << place;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Files, OnnxContrib,
                         testing::Values("attention", "grouped_attention", "norms", "fused", "quantised", "moe"));

TEST(OnnxContribRefusals, SayWhatIsWrong) {
  auto problemOf = [](const std::string &op, std::vector<std::string> operands, std::vector<Message> attributes) {
    Graph graph;
    graph.nodes = {node(op, operands, {"y"}, attributes, "com.microsoft")};
    graph.inputs = {value("x", onnxFloat, {"b", "t", "32"})};
    graph.outputs = {value("y", onnxFloat, {})};
    std::string bytes(32, 1), groups;
    for (int32_t i = 0; i < 32; ++i)
      groups.append({static_cast<char>(i == 31), 0, 0, 0});
    graph.initializers = {tensorHead("w", 2, {2, 1, 16}).text(9, bytes), floats("s", {2, 1}, {1, 1}),
                          tensorHead("g", 6, {32}).text(9, groups)};
    return run(graph, 21, {floatsOf({1, 1, 32}, Values(32, 1))}).problem;
  };
  auto linear = [](int64_t bits, int64_t block) {
    return std::vector{attribute("K", 32), attribute("N", 2), attribute("bits", bits), attribute("block_size", block)};
  };
  auto expect = [](const std::string &problem, const std::string &wanted) {
    EXPECT_NE(problem.find(wanted), std::string::npos) << problem;
  };
  EXPECT_EQ(problemOf("MatMulNBits", {"x", "w", "s"}, linear(4, 32)), "");
  expect(problemOf("MatMulNBits", {"x", "w", "s", "", "g"}, linear(4, 32)),
         "has g_idx (columns in groups that are out");
  expect(problemOf("MatMulNBits", {"x", "w", "s", "", "g"}, linear(4, 0)), "has blocks of 0");
  expect(problemOf("MatMulNBits", {"x", "w", "s"}, linear(9, 32)), "has weights of 9 bits; 2 to 8 are supported");
  expect(problemOf("MatMulNBits", {"x", "w", "s"}, linear(8, 32)), "has 32 bytes of weights");
  expect(problemOf("MultiHeadAttention", {"x", "x", "x"}, {attribute("num_heads", 5)}), "has 32 columns");
  expect(problemOf("MultiHeadAttention", {"x"}, {attribute("num_heads", 5)}), "has no key");
  expect(problemOf("GroupQueryAttention", {"x", "x", "x", "", "", "g", "g"},
                   {attribute("num_heads", 4), attribute("kv_num_heads", 3)}),
         "has 4 heads, which is no multiple of 3");
}

} // namespace
