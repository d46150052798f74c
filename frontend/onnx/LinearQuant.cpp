// See LinearQuant.h. 8 bits become Q8_0 with the scale 1, whose products are scaled afterwards, or with the blocks' own
// scales where those are halves; 4 bits become INT4 (runtime/artifact.h), x = scale * q + minimum.
#include "frontend/onnx/LinearQuant.h"
#include "runtime/Dequantize.h"
#include "runtime/ElementType.h"

#include "onnx-ml.pb.h"

#include <cstring>

using namespace mlir;

namespace lathe {

namespace {

constexpr int64_t block = 32;

/// A matrix of bytes with a scale and a zero point for each output, or for each block of inputs.
struct Matrix {
  const Weight *data = nullptr;
  bool transposed = false; // stored as (inputs, outputs)
  int64_t outputs = 0, inputs = 0;
  std::vector<float> scales, zeros; // zeros may be empty
  int64_t blockSize = 0;            // inputs that share a scale; 0: all of them
  bool perOutput = false;           // else one scale for all (blockSize 0 alone)

  int64_t value(int64_t output, int64_t input) const {
    uint8_t byte = data->data()[transposed ? input * outputs + output : output * inputs + input];
    return data->type == LATHE_U8 ? byte : static_cast<int8_t>(byte);
  }
  /// Index of the scale of an element.
  int64_t place(int64_t output, int64_t input) const {
    if (blockSize == 0)
      return perOutput ? output : 0;
    int64_t blocks = (inputs + blockSize - 1) / blockSize;
    return transposed ? input / blockSize * outputs + output : output * blocks + input / blockSize;
  }
  float zero(int64_t output, int64_t input) const { return zeros.empty() ? 0 : zeros[place(output, input)]; }
};

std::optional<std::vector<float>> floatsOf(const Weight &weight) {
  std::vector<float> values(weight.bytes / bytesPerBlock(weight.type));
  if (!dequantize(weight.type, weight.data(), values))
    return std::nullopt;
  return values;
}

uint16_t halfBits(float value) {
  _Float16 half = static_cast<_Float16>(value);
  return __builtin_bit_cast(uint16_t, half);
}

/// The matrix as Q8_0; nothing when a number does not fit into a signed byte or a scale into a half.
std::optional<std::vector<uint8_t>> packBytes(const Matrix &from) {
  constexpr int64_t blockBytes = 2 + block;
  std::vector<uint8_t> bytes(from.outputs * (from.inputs / block) * blockBytes);
  uint8_t *out = bytes.data();
  for (int64_t output = 0; output < from.outputs; ++output)
    for (int64_t first = 0; first < from.inputs; first += block, out += blockBytes) {
      float scale = from.blockSize ? from.scales[from.place(output, first)] : 1.0f;
      uint16_t bits = halfBits(scale);
      if (halfToFloat(bits) != scale)
        return std::nullopt;
      std::memcpy(out, &bits, 2);
      auto zero = static_cast<int64_t>(from.zero(output, first));
      for (int64_t i = 0; i < block; ++i) {
        int64_t value = from.value(output, first + i) - zero;
        if (value < -128 || value > 127)
          return std::nullopt;
        out[2 + i] = static_cast<uint8_t>(value);
      }
    }
  return bytes;
}

/// The matrix as INT4, its numbers moved to 0 .. 15.
std::vector<uint8_t> packNibbles(const Matrix &from) {
  constexpr int64_t blockBytes = 8 + block / 2;
  std::vector<uint8_t> bytes(from.outputs * (from.inputs / block) * blockBytes);
  int64_t offset = from.data->type == LATHE_I4 ? 8 : 0;
  uint8_t *out = bytes.data();
  for (int64_t output = 0; output < from.outputs; ++output)
    for (int64_t first = 0; first < from.inputs; first += block, out += blockBytes) {
      float scale = from.scales[from.place(output, first)];
      float minimum = -scale * (from.zero(output, first) + static_cast<float>(offset));
      std::memcpy(out, &scale, 4);
      std::memcpy(out + 4, &minimum, 4);
      for (int64_t i = 0; i < block / 2; ++i) {
        auto nibble = [&](int64_t at) { return (from.value(output, first + at) + offset) & 15; };
        out[8 + i] = static_cast<uint8_t>(nibble(i) | nibble(i + block / 2) << 4);
      }
    }
  return bytes;
}

/// The matrix of a linear map, or of its transpose when `transposed`.
std::optional<Matrix> matrixOf(const OnnxGraphState::Dequantized &from, bool transposed) {
  Matrix matrix;
  matrix.data = from.data;
  LatheType type = matrix.data->type;
  if (matrix.data->shape.size() != 2 || (type != LATHE_I8 && type != LATHE_U8 && type != LATHE_I4 && type != LATHE_U4))
    return std::nullopt;
  matrix.transposed = transposed;
  matrix.outputs = matrix.data->shape[transposed ? 1 : 0], matrix.inputs = matrix.data->shape[transposed ? 0 : 1];
  if (matrix.outputs <= 0 || matrix.inputs <= 0 || matrix.inputs % block != 0)
    return std::nullopt;
  int64_t axis = from.axis < 0 ? from.axis + 2 : from.axis;
  bool alongOutputs = axis == (transposed ? 1 : 0);
  matrix.blockSize = from.blockSize;
  auto count = static_cast<int64_t>(from.scales->bytes / bytesPerBlock(from.scales->type));
  if (matrix.blockSize == 0) {
    matrix.perOutput = count != 1;
    if (matrix.perOutput && (!alongOutputs || count != matrix.outputs))
      return std::nullopt;
  } else {
    if (alongOutputs || matrix.blockSize < 0 || matrix.blockSize % block != 0)
      return std::nullopt;
    int64_t blocks = (matrix.inputs + matrix.blockSize - 1) / matrix.blockSize;
    std::vector<int64_t> expected = {matrix.outputs, blocks};
    if (transposed)
      std::swap(expected[0], expected[1]);
    if (from.scales->shape != expected)
      return std::nullopt;
  }
  if (from.zeros && (from.zeros->type != type || from.zeros->shape != from.scales->shape))
    return std::nullopt;
  auto scaleValues = floatsOf(*from.scales);
  if (!scaleValues)
    return std::nullopt;
  matrix.scales = std::move(*scaleValues);
  if (from.zeros)
    matrix.zeros = floatsOf(*from.zeros).value_or(std::vector<float>());
  return matrix;
}

constexpr StringLiteral indexName = "llm.dequantized";

} // namespace

/// The initializer behind an operand as the graph has it, not reshaped, and its unique name; or null.
static const Weight *plainInitializer(NodeBuilder &n, size_t index, std::string &name) {
  const Weight &weight = n.initializer(index, "what it dequantises");
  if (n.type(n.in(index)).getShape() != ArrayRef<int64_t>(weight.shape))
    return nullptr;
  for (const auto &[key, known] : n.state.initializers)
    if (&known == &weight)
      name += key + ".";
  return &weight;
}

void rememberDequantized(NodeBuilder &n, Value result) {
  Operation *op = result.getDefiningOp();
  if (!op || isa<llm::ConstantOp>(op))
    return;
  OnnxGraphState::Dequantized made{nullptr, nullptr, nullptr, n.integer("axis", 1), n.integer("block_size", 0),
                                   n.in(1), ""};
  try {
    made.data = plainInitializer(n, 0, made.name);
    made.scales = plainInitializer(n, 1, made.name);
    made.zeros = n.has(2) ? plainInitializer(n, 2, made.name) : nullptr;
  } catch (const OnnxFailure &) { // not of initializers: it is computed
    return;
  }
  if (!made.data || !made.scales || (n.has(2) && !made.zeros))
    return;
  made.name += std::to_string(made.axis) + "." + std::to_string(made.blockSize);
  op->setAttr(indexName, n.state.builder.getI64IntegerAttr(static_cast<int64_t>(n.state.dequantized.size())));
  n.state.dequantized.push_back(std::move(made));
}

Value linearByDequantized(NodeBuilder &n, Value x, Value b) {
  if (n.rank(b) != 2 || n.rank(x) < 1)
    return Value();
  bool transposed = true; // (K, N) as it is
  Value source = b;
  if (auto transpose = b.getDefiningOp<llm::TransposeOp>()) {
    source = transpose.getX();
    transposed = false;
  }
  Operation *op = source.getDefiningOp();
  auto index = op ? op->getAttrOfType<IntegerAttr>(indexName) : IntegerAttr();
  if (!index)
    return Value();
  const OnnxGraphState::Dequantized &from = n.state.dequantized[index.getInt()];
  Value scale = from.scale;
  std::optional<Matrix> matrix = matrixOf(from, transposed);
  if (!matrix)
    return Value();
  bool nibbles = matrix->data->type == LATHE_I4 || matrix->data->type == LATHE_U4;
  LatheType type = nibbles ? LATHE_INT4 : LATHE_Q8_0;
  std::string name = from.name + (transposed ? ".columns" : ".rows") + ".quantised";
  Value weight;
  if (auto made = n.state.weights.find(name); made != n.state.weights.end()) {
    weight = n.weightReference(made->second);
  } else {
    std::optional<std::vector<uint8_t>> bytes = nibbles ? packNibbles(*matrix) : packBytes(*matrix);
    if (!bytes)
      return Value();
    Weight entry{name, type, {matrix->outputs, matrix->inputs}, MappedFile::ofBytes("memory", std::move(*bytes)), 0, 0};
    entry.bytes = entry.file->size();
    weight = n.weightReference(std::move(entry));
  }
  Value result = n.make<llm::LinearOp>({x, weight});
  if (nibbles || matrix->blockSize)
    return result;
  if (n.rank(scale) == 1 && !matrix->perOutput)
    scale = n.squeeze(scale, {0});
  return n.make<llm::MulOp>({result, n.cast(scale, n.element(result))});
}

} // namespace lathe
