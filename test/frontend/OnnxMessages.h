// ONNX files written by hand, field by field (numbers of onnx-ml.proto), so that tests need no exporter and can write
// what none would.
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace lathe::test {

/// A protobuf message under construction.
struct Message {
  std::string bytes;

  static void varint(std::string &text, uint64_t value) {
    for (; value >= 128; value >>= 7)
      text.push_back(static_cast<char>(value | 128));
    text.push_back(static_cast<char>(value));
  }
  Message &number(uint32_t field, int64_t value) {
    varint(bytes, field * 8);
    varint(bytes, static_cast<uint64_t>(value));
    return *this;
  }
  Message &text(uint32_t field, const std::string &value) {
    varint(bytes, field * 8 + 2);
    varint(bytes, value.size());
    bytes += value;
    return *this;
  }
  Message &real(uint32_t field, float value) {
    varint(bytes, field * 8 + 5);
    bytes.append(reinterpret_cast<const char *>(&value), 4);
    return *this;
  }
  Message &message(uint32_t field, const Message &value) { return text(field, value.bytes); }
};

constexpr int64_t onnxFloat = 1, onnxInt64 = 7;

template <class T> std::string rawBytes(const std::vector<T> &values) {
  return std::string(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T));
}

inline Message tensorHead(const std::string &name, int64_t type, const std::vector<int64_t> &dims) {
  Message tensor;
  for (int64_t size : dims)
    tensor.number(1, size);
  return tensor.number(2, type).text(8, name);
}
inline Message floats(const std::string &name, const std::vector<int64_t> &dims, const std::vector<float> &values) {
  return tensorHead(name, onnxFloat, dims).text(9, rawBytes(values));
}
inline Message integers(const std::string &name, const std::vector<int64_t> &dims, const std::vector<int64_t> &values) {
  return tensorHead(name, onnxInt64, dims).text(9, rawBytes(values));
}
inline Message externalFloats(const std::string &name, const std::vector<int64_t> &dims, const std::string &location,
                              uint64_t offset) {
  Message place, begin;
  place.text(1, "location").text(2, location);
  begin.text(1, "offset").text(2, std::to_string(offset));
  return tensorHead(name, onnxFloat, dims).message(13, place).message(13, begin).number(14, 1);
}

/// Sizes are numbers ("3") or names ("batch").
inline Message value(const std::string &name, int64_t type, const std::vector<std::string> &dims) {
  Message shape, tensor, kind, result;
  for (const std::string &size : dims) {
    Message dim;
    size[0] >= '0' && size[0] <= '9' ? dim.number(1, std::stoll(size)) : dim.text(2, size);
    shape.message(1, dim);
  }
  return result.text(1, name).message(2, kind.message(1, tensor.number(1, type).message(2, shape)));
}

inline Message attribute(const std::string &name, int64_t value) {
  return Message().text(1, name).number(3, value).number(20, 2);
}
inline Message attribute(const std::string &name, const std::vector<int64_t> &values) {
  Message result;
  result.text(1, name);
  for (int64_t value : values)
    result.number(8, value);
  return result.number(20, 7);
}

inline Message attribute(const std::string &name, const std::string &value) {
  return Message().text(1, name).text(4, value).number(20, 3);
}

inline Message node(const std::string &op, const std::vector<std::string> &inputs,
                    const std::vector<std::string> &outputs, const std::vector<Message> &attributes = {},
                    const std::string &domain = "") {
  Message result;
  for (const std::string &input : inputs)
    result.text(1, input);
  for (const std::string &output : outputs)
    result.text(2, output);
  result.text(3, "node_" + outputs.front()).text(4, op);
  for (const Message &attribute : attributes)
    result.message(5, attribute);
  return domain.empty() ? result : result.text(7, domain);
}

struct Graph {
  std::vector<Message> nodes, inputs, outputs, initializers;
};

inline std::string modelBytes(const Graph &graph, int64_t opset = 17, const std::vector<Message> &functions = {}) {
  Message inside, model, version, microsoft;
  for (const Message &node : graph.nodes)
    inside.message(1, node);
  inside.text(2, "graph");
  for (const Message &tensor : graph.initializers)
    inside.message(5, tensor);
  for (const Message &input : graph.inputs)
    inside.message(11, input);
  for (const Message &output : graph.outputs)
    inside.message(12, output);
  model.number(1, 8).message(7, inside).message(8, version.text(1, "").number(2, opset));
  model.message(8, microsoft.text(1, "com.microsoft").number(2, 1));
  for (const Message &function : functions)
    model.message(25, function);
  return model.bytes;
}

inline void writeFile(const std::string &path, const std::string &bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

} // namespace lathe::test
