// Operators of com.microsoft over weights of 4 bits: the weights become entries of type INT4 (runtime/artifact.h), x =
// scale * q + minimum with minimum = -scale * zero point. Source: the operator documents of MatMulNBits and
// GatherBlockQuantized.
#include "frontend/files/Shape.h"
#include "frontend/onnx/Operators.h"

#include "onnx-ml.pb.h"

#include <cstring>

using namespace mlir;

namespace lathe {

namespace {

constexpr int64_t packedBlock = 32;

/// Rows of nibbles in blocks of `block`, two in a byte with the first one low, with a scale and a zero point for each
/// block.
struct Nibbles {
  const Weight *data = nullptr, *scales = nullptr, *zeros = nullptr; // zeros may be null: 8 everywhere
  int64_t rows = 0, columns = 0, block = 0;
  int64_t blocks() const { return (columns + block - 1) / block; }
};

float floatAt(const Weight &weight, int64_t index) {
  std::span<const uint8_t> bytes = weight.data();
  if (weight.type == LATHE_F32) {
    float value;
    std::memcpy(&value, bytes.data() + index * 4, 4);
    return value;
  }
  uint16_t half;
  std::memcpy(&half, bytes.data() + index * 2, 2);
  if (weight.type == LATHE_BF16) {
    uint32_t wide = static_cast<uint32_t>(half) << 16;
    float value;
    std::memcpy(&value, &wide, 4);
    return value;
  }
  _Float16 value;
  std::memcpy(&value, &half, 2);
  return static_cast<float>(value);
}

bool isFloat(LatheType type) { return type == LATHE_F32 || type == LATHE_F16 || type == LATHE_BF16; }

void check(NodeBuilder &n, const Nibbles &from) {
  auto count = [](const Weight &weight) { return static_cast<int64_t>(*elementCount(weight.shape)); };
  auto need = [&](const Weight &weight, int64_t expected, const char *what) {
    if (count(weight) != expected)
      n.fail(std::string("has ") + std::to_string(count(weight)) + " " + what + ", where " + std::to_string(from.rows) +
             " x " + std::to_string(from.columns) + " weights in blocks of " + std::to_string(from.block) + " need " +
             std::to_string(expected));
  };
  if (from.rows <= 0 || from.columns <= 0 || from.rows > INT32_MAX || from.columns > INT32_MAX)
    n.fail("has a weight of " + std::to_string(from.rows) + " x " + std::to_string(from.columns));
  if (from.block < packedBlock || from.block > (1 << 20) || from.block % packedBlock != 0 ||
      from.columns % packedBlock != 0)
    n.fail("has " + std::to_string(from.columns) + " columns in blocks of " + std::to_string(from.block) +
           "; supported are multiples of 32");
  int64_t blocks = from.rows * from.blocks();
  if (from.data->type != LATHE_U8)
    n.fail("has weights that are no bytes");
  need(*from.data, blocks * from.block / 2, "bytes of weights");
  need(*from.scales, blocks, "scales");
  if (!isFloat(from.scales->type))
    n.fail("has scales that are no floats of 16 or 32 bits");
  if (from.zeros && isFloat(from.zeros->type))
    need(*from.zeros, blocks, "zero points");
  else if (from.zeros && from.zeros->type == LATHE_U8)
    need(*from.zeros, from.rows * ((from.blocks() + 1) / 2), "bytes of zero points");
  else if (from.zeros)
    n.fail("has zero points that are neither bytes nor floats");
}

float zeroAt(const Nibbles &from, int64_t row, int64_t block) {
  if (!from.zeros)
    return 8;
  if (isFloat(from.zeros->type))
    return floatAt(*from.zeros, row * from.blocks() + block);
  uint8_t pair = from.zeros->data()[row * ((from.blocks() + 1) / 2) + block / 2];
  return static_cast<float>(block % 2 ? pair >> 4 : pair & 15);
}

/// The same weights as INT4: f32 scale, f32 minimum, then byte j holds the elements j (low) and j + 16 (high).
std::vector<uint8_t> packed(const Nibbles &from) {
  constexpr int64_t blockBytes = 8 + packedBlock / 2;
  std::vector<uint8_t> bytes(static_cast<size_t>(from.rows * (from.columns / packedBlock) * blockBytes));
  uint8_t *out = bytes.data();
  std::span<const uint8_t> data = from.data->data();
  for (int64_t row = 0; row < from.rows; ++row) {
    const uint8_t *nibbles = data.data() + row * from.blocks() * (from.block / 2);
    for (int64_t column = 0; column < from.columns; column += packedBlock, out += blockBytes) {
      int64_t block = column / from.block;
      float scale = floatAt(*from.scales, row * from.blocks() + block), minimum = -scale * zeroAt(from, row, block);
      std::memcpy(out, &scale, 4);
      std::memcpy(out + 4, &minimum, 4);
      const uint8_t *source = nibbles + column / 2;
      for (int64_t j = 0; j < packedBlock / 2; ++j) {
        auto element = [&](int64_t i) { return i % 2 ? source[i / 2] >> 4 : source[i / 2] & 15; };
        out[8 + j] = static_cast<uint8_t>(element(j) | element(j + packedBlock / 2) << 4);
      }
    }
  }
  return bytes;
}

/// Adds the entry (once) and gives the op that refers to it.
Value weightOf(NodeBuilder &n, const Nibbles &from) {
  check(n, from);
  std::string name = from.data->name + ".int4";
  auto made = n.state.weights.find(name); // by another use, or by an earlier round of the import
  if (made == n.state.weights.end()) {
    Weight weight{name, LATHE_INT4, {from.rows, from.columns}, MappedFile::ofBytes("memory", packed(from)), 0, 0};
    weight.bytes = weight.file->size();
    return n.weightReference(std::move(weight));
  }
  if (made->second.type != LATHE_INT4 || made->second.shape != std::vector<int64_t>{from.rows, from.columns})
    n.fail("uses the weights of another node in another shape");
  return n.weightReference(made->second);
}

void needFourBits(NodeBuilder &n) {
  if (n.integer("bits", 4) != 4)
    n.fail("has weights of " + std::to_string(n.integer("bits", 4)) + " bits; 4 are supported");
}

} // namespace

void buildMatMulNBits(NodeBuilder &n) { // A, B, scales, zero_points, g_idx, bias
  needFourBits(n);
  if (n.has(4))
    n.fail("has g_idx (reordered groups), which is not supported");
  Nibbles weight;
  weight.rows = n.integer("N", 0), weight.columns = n.integer("K", 0), weight.block = n.integer("block_size", 0);
  weight.data = &n.initializer(1, "its weights");
  weight.scales = &n.initializer(2, "its scales");
  if (n.node.input_size() > 3 && !n.node.input(3).empty())
    weight.zeros = &n.initializer(3, "its zero points");
  SmallVector<Value> operands = {n.in(0), weightOf(n, weight)};
  if (n.has(5))
    operands.push_back(n.in(5));
  n.give(n.make<llm::LinearOp>(operands));
}

void buildGatherBlockQuantized(NodeBuilder &n) { // data, indices, scales, zero_points
  needFourBits(n);
  Nibbles weight;
  weight.data = &n.initializer(0, "its table");
  weight.scales = &n.initializer(2, "its scales");
  if (n.node.input_size() > 3 && !n.node.input(3).empty())
    weight.zeros = &n.initializer(3, "its zero points");
  weight.block = n.integer("block_size", 128);
  Value table = n.in(0);
  if (n.rank(table) != 2 || !n.type(table).hasStaticShape())
    n.fail("has a table of rank " + std::to_string(n.rank(table)) + "; 2 is supported");
  if (n.axis(n.integer("gather_axis", 0), 2) != 0 || n.axis(n.integer("quantize_axis", 1), 2) != 1)
    n.fail("gathers columns or has blocks along rows, which is not supported");
  weight.rows = n.type(table).getDimSize(0), weight.columns = n.type(table).getDimSize(1) * 2; // two in a byte
  if (weight.columns % weight.block != 0)
    n.fail("has " + std::to_string(weight.columns) + " columns, which is no multiple of its block");
  Value rows = n.make<llm::EmbeddingOp>({weightOf(n, weight), n.in(1)});
  n.give(n.cast(rows, llm::elementType(n.state.builder.getContext(), weight.scales->type)));
}

} // namespace lathe
