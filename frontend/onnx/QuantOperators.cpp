// Operators of com.microsoft over weights of 2 to 8 bits in blocks. Weights whose blocks allow it become entries of
// type INT4 (runtime/artifact.h), x = scale * q + minimum with minimum = -scale * zero point: one of up to 4 bits, two
// of more (16 times the high half and the low half); others are dequantised when they are read. Sources: the operator
// documents of MatMulNBits and GatherBlockQuantized.
#include "frontend/files/Shape.h"
#include "frontend/onnx/Operators.h"
#include "runtime/Dequantize.h"
#include "runtime/ElementType.h"

#include "onnx-ml.pb.h"

#include <cstring>

using namespace mlir;

namespace lathe {

namespace {

constexpr int64_t packedBlock = 32;

/// Rows of numbers of `bits` bits, low ones first, in blocks of `block` that begin at a byte, with a scale and a zero
/// point for each block.
struct Packed {
  const Weight *data = nullptr, *scales = nullptr, *zeros = nullptr; // zeros may be null: `zero` everywhere
  int64_t rows = 0, columns = 0, block = 0, bits = 4;
  float zero = 8;
  bool isSigned = false; // bytes of one element each, sign extended, as the importer reads int4
  bool isWide = false;   // bytes of one element each

  int64_t blocks() const { return (columns + block - 1) / block; }
  int64_t blockBytes() const { return isWide ? block : block * bits / 8; }
  int64_t rowBytes() const { return isWide ? columns : blocks() * blockBytes(); }
  /// The element as it is stored, from 0 on.
  int64_t element(int64_t row, int64_t column) const {
    std::span<const uint8_t> bytes = data->data();
    if (isWide) {
      uint8_t byte = bytes[row * columns + column];
      return isSigned ? static_cast<int8_t>(byte) + 8 : byte;
    }
    return bitsAt(bytes.subspan(row * rowBytes() + column / block * blockBytes()), column % block);
  }
  int64_t bitsAt(std::span<const uint8_t> bytes, int64_t index) const {
    int64_t first = index * bits, value = bytes[first / 8] >> (first % 8);
    if (first % 8 + bits > 8)
      value |= bytes[first / 8 + 1] << (8 - first % 8);
    return value & ((1 << bits) - 1);
  }
  float scaleAt(int64_t row, int64_t block) const { return floatAt(*scales, row * blocks() + block); }
  float zeroAt(int64_t row, int64_t block) const {
    if (!zeros)
      return zero + (isSigned ? 8 : 0);
    int64_t index = row * blocks() + block;
    if (isFloat(zeros->type))
      return floatAt(*zeros, index);
    if (isWide) {
      uint8_t byte = zeros->data()[index];
      return isSigned ? static_cast<float>(static_cast<int8_t>(byte) + 8) : static_cast<float>(byte);
    }
    return static_cast<float>(bitsAt(zeros->data().subspan(row * ((blocks() * bits + 7) / 8)), block));
  }

  static bool isFloat(LatheType type) { return type == LATHE_F32 || type == LATHE_F16 || type == LATHE_BF16; }
  static float floatAt(const Weight &weight, int64_t index) {
    int64_t size = weight.type == LATHE_F32 ? 4 : 2;
    float value = 0;
    (void)dequantize(weight.type, weight.data().subspan(index * size, size), {&value, 1});
    return value;
  }
};

void check(NodeBuilder &n, const Packed &from) {
  auto count = [](const Weight &weight) { return static_cast<int64_t>(*elementCount(weight.shape)); };
  auto need = [&](const Weight &weight, int64_t expected, const char *what) {
    if (count(weight) != expected)
      n.fail(std::string("has ") + std::to_string(count(weight)) + " " + what + ", where " + std::to_string(from.rows) +
             " x " + std::to_string(from.columns) + " weights of " + std::to_string(from.bits) + " bits in blocks of " +
             std::to_string(from.block) + " need " + std::to_string(expected));
  };
  if (from.rows <= 0 || from.columns <= 0 || from.rows > INT32_MAX || from.columns > INT32_MAX)
    n.fail("has a weight of " + std::to_string(from.rows) + " x " + std::to_string(from.columns));
  if (from.bits < 2 || from.bits > 8)
    n.fail("has weights of " + std::to_string(from.bits) + " bits; 2 to 8 are supported");
  if (from.block < 16 || from.block > (1 << 20) || (from.block & (from.block - 1)) != 0)
    n.fail("has blocks of " + std::to_string(from.block) + "; they are powers of two from 16 on");
  if (!from.isWide && from.data->type != LATHE_U8)
    n.fail("has weights that are no bytes");
  need(*from.data, from.rows * from.rowBytes(), "bytes of weights");
  need(*from.scales, from.rows * from.blocks(), "scales");
  if (!Packed::isFloat(from.scales->type))
    n.fail("has scales that are no floats of 16 or 32 bits");
  if (!from.zeros)
    return;
  if (Packed::isFloat(from.zeros->type) || from.isWide)
    need(*from.zeros, from.rows * from.blocks(), "zero points");
  else if (from.zeros->type == LATHE_U8)
    need(*from.zeros, from.rows * ((from.blocks() * from.bits + 7) / 8), "bytes of zero points");
  else
    n.fail("has zero points that are neither bytes nor floats");
}

/// Bits [shift, shift + 4) of the elements as INT4: f32 scale, f32 minimum, then byte j holds the elements j (low) and
/// j + 16 (high).
std::vector<uint8_t> nibbles(const Packed &from, int64_t shift) {
  constexpr int64_t blockBytes = 8 + packedBlock / 2;
  std::vector<uint8_t> bytes(static_cast<size_t>(from.rows * (from.columns / packedBlock) * blockBytes));
  uint8_t *out = bytes.data();
  for (int64_t row = 0; row < from.rows; ++row)
    for (int64_t column = 0; column < from.columns; column += packedBlock, out += blockBytes) {
      int64_t block = column / from.block;
      float scale = from.scaleAt(row, block),
            minimum = shift == 0 && from.bits > 4 ? 0 : -scale * from.zeroAt(row, block);
      scale *= static_cast<float>(1 << shift);
      std::memcpy(out, &scale, 4);
      std::memcpy(out + 4, &minimum, 4);
      for (int64_t j = 0; j < packedBlock / 2; ++j) {
        auto element = [&](int64_t i) { return from.element(row, column + i) >> shift & 15; };
        out[8 + j] = static_cast<uint8_t>(element(j) | element(j + packedBlock / 2) << 4);
      }
    }
  return bytes;
}

std::vector<uint8_t> floats(const Packed &from) {
  std::vector<uint8_t> bytes(static_cast<size_t>(from.rows * from.columns * 4));
  uint8_t *out = bytes.data();
  for (int64_t row = 0; row < from.rows; ++row)
    for (int64_t column = 0; column < from.columns; ++column, out += 4) {
      int64_t block = column / from.block;
      float value =
          from.scaleAt(row, block) * (static_cast<float>(from.element(row, column)) - from.zeroAt(row, block));
      std::memcpy(out, &value, 4);
    }
  return bytes;
}

/// The entry of that name, made by `bytes` when it is not there yet (by another use, or by an earlier round of the
/// import).
Value entry(NodeBuilder &n, const Packed &from, const std::string &name, LatheType type,
            llvm::function_ref<std::vector<uint8_t>()> bytes) {
  auto made = n.state.weights.find(name);
  if (made == n.state.weights.end()) {
    Weight weight{name, type, {from.rows, from.columns}, MappedFile::ofBytes("memory", bytes()), 0, 0};
    weight.bytes = weight.file->size();
    return n.weightReference(std::move(weight));
  }
  if (made->second.type != type || made->second.shape != std::vector<int64_t>{from.rows, from.columns})
    n.fail("uses the weights of another node in another shape");
  return n.weightReference(made->second);
}

/// The weights (rows, columns) that were checked, in one or two parts to be added.
SmallVector<Value> weightsOf(NodeBuilder &n, const Packed &from) {
  const std::string &name = from.data->name;
  if (from.block % packedBlock != 0 || from.columns % packedBlock != 0)
    return {entry(n, from, name + ".f32", LATHE_F32, [&] { return floats(from); })};
  if (from.bits <= 4)
    return {entry(n, from, name + ".int4", LATHE_INT4, [&] { return nibbles(from, 0); })};
  return {entry(n, from, name + ".high", LATHE_INT4, [&] { return nibbles(from, 4); }),
          entry(n, from, name + ".low", LATHE_INT4, [&] { return nibbles(from, 0); })};
}

/// Whether the groups are those of the columns in order, which says nothing.
bool isInOrder(const Weight &groups, int64_t columns, int64_t block) {
  if (groups.type != LATHE_I32 || *elementCount(groups.shape) < static_cast<uint64_t>(columns))
    return false;
  for (int64_t i = 0; i < columns; ++i) {
    int32_t group;
    std::memcpy(&group, groups.data().data() + 4 * i, 4);
    if (group != i / block)
      return false;
  }
  return true;
}

/// A product by no weights: zeros (.., rows).
Value nothing(NodeBuilder &n, Value x, int64_t rows) {
  Value leading = n.slice(n.make<llm::ShapeOfOp>({x}), 0, 0, n.rank(x) - 1);
  return n.expand(n.scalar(n.element(x), 0), n.concat({leading, n.vector({rows})}, 0));
}

} // namespace

void buildMatMulNBits(NodeBuilder &n) { // A, B, scales, zero_points, g_idx, bias
  if (n.integer("weight_prepacked", 0))
    n.fail("has weights in the layout of one device (weight_prepacked), which is not supported; export them plain");
  Packed weight;
  weight.rows = n.integer("N", 0), weight.columns = n.integer("K", 0), weight.block = n.integer("block_size", 0);
  weight.bits = n.integer("bits", 4);
  weight.zero = static_cast<float>(1 << std::clamp<int64_t>(weight.bits - 1, 0, 7));
  weight.data = &n.initializer(1, "its weights");
  Value x = n.in(0);
  if (n.rank(x) < 1 || (!n.type(x).isDynamicDim(n.rank(x) - 1) && n.type(x).getShape().back() != weight.columns))
    n.fail("multiplies rows of " + std::to_string(weight.columns) + ", got an input of another width");
  Value result;
  if (llvm::is_contained(weight.data->shape, 0)) {
    result = nothing(n, x, weight.rows);
  } else {
    weight.scales = &n.initializer(2, "its scales");
    if (n.has(3))
      weight.zeros = &n.initializer(3, "its zero points");
    check(n, weight);
    if (n.has(4) && !isInOrder(n.initializer(4, "its groups"), weight.columns, weight.block))
      n.fail("has g_idx (columns in groups that are out of order), which is not supported");
    for (Value part : weightsOf(n, weight)) {
      Value product = n.make<llm::LinearOp>({x, part});
      result = result ? n.make<llm::AddOp>({result, product}) : product;
    }
  }
  n.give(n.has(5) ? n.binary<llm::AddOp>(result, n.in(5)) : result);
}

namespace {

/// Numbers of `bits` bits, several in a byte along the last axis, each in an element of its own.
Value unpacked(NodeBuilder &n, Value bytes, int64_t bits) {
  Type i32 = n.state.builder.getI32Type();
  bytes = n.cast(bytes, i32);
  if (bits == 8)
    return bytes;
  int64_t last = n.rank(bytes), count = 8 / bits;
  SmallVector<int32_t> divisors;
  for (int64_t i = 0; i < count; ++i)
    divisors.push_back(1 << (i * bits));
  Value each = n.constant(DenseElementsAttr::get(RankedTensorType::get({count}, i32), ArrayRef<int32_t>(divisors)));
  Value values = n.make<llm::ModOp>(
      {n.make<llm::DivOp>({n.unsqueeze(bytes, {last}), each}), n.scalar(i32, static_cast<double>(1 << bits))});
  SmallVector<int64_t> shape(last - 1, 0); // 0 keeps a size
  shape.push_back(n.type(bytes).isDynamicDim(last - 1) ? -1 : n.type(bytes).getDimSize(last - 1) * count);
  return n.reshape(values, shape);
}

/// A scale or zero point of blocks, one for each element along `axis`, of which there are `size`.
Value spreadBlocks(NodeBuilder &n, Value value, int64_t axis, int64_t block, int64_t size) {
  SmallVector<int64_t> repeats(n.rank(value) + 1, 1), shape(n.type(value).getShape());
  repeats[axis + 1] = block;
  shape[axis] *= block;
  Value wide = n.reshape(n.expand(n.unsqueeze(value, {axis + 1}), n.vector(repeats)), shape);
  return n.slice(wide, axis, 0, size);
}

} // namespace

void buildGatherBlockQuantized(NodeBuilder &n) { // data, indices, scales, zero_points
  Value table = n.in(0), indices = n.in(1), scales = n.in(2);
  int64_t rank = n.rank(table), bits = n.integer("bits", 4), block = n.integer("block_size", 128);
  int64_t gatherAxis = n.axis(n.integer("gather_axis", 0), rank);
  int64_t quantizeAxis = n.axis(n.integer("quantize_axis", 1), rank);
  LatheType type = *llm::latheType(n.element(table));
  bool isByte = type == LATHE_U8, isNibble = type == LATHE_I4 || type == LATHE_U4;
  if (!isByte && !isNibble)
    n.fail("has a table that is neither of bytes nor of integers of 4 bits, which is not supported");
  if (isNibble)
    bits = 4;
  if (bits != 2 && bits != 4 && bits != 8)
    n.fail("has a table of " + std::to_string(bits) + " bits; 2, 4 and 8 are known");
  if (!n.type(table).hasStaticShape() || !n.type(scales).hasStaticShape() || n.rank(scales) != rank)
    n.fail("needs a table of known shape, and scales of its rank");
  if (block < 16 || block > (1 << 20))
    n.fail("has blocks of " + std::to_string(block));
  if (rank == 2 && gatherAxis == 0 && quantizeAxis == 1 && block % packedBlock == 0 && bits <= 4) {
    Packed weight;
    weight.data = &n.initializer(0, "its table"), weight.scales = &n.initializer(2, "its scales");
    if (n.has(3))
      weight.zeros = &n.initializer(3, "its zero points");
    weight.bits = bits, weight.block = block, weight.isWide = isNibble, weight.isSigned = type == LATHE_I4;
    weight.zero = isByte ? static_cast<float>(1 << (bits - 1)) : 0;
    weight.rows = n.type(table).getDimSize(0), weight.columns = n.type(table).getDimSize(1) * (isByte ? 8 / bits : 1);
    if (weight.columns % weight.block == 0) {
      check(n, weight);
      Value rows = n.make<llm::EmbeddingOp>({weightsOf(n, weight).front(), indices});
      return n.give(n.cast(rows, n.element(scales)));
    }
  }
  // Otherwise everything is dequantised, and then looked up.
  Type i32 = n.state.builder.getI32Type(), f32 = n.state.builder.getF32Type();
  Value whole = isByte ? unpacked(n, table, bits) : n.cast(table, i32);
  int64_t size = n.type(whole).getDimSize(quantizeAxis);
  if (n.type(scales).getDimSize(quantizeAxis) != (size + block - 1) / block)
    n.fail("has scales that are not those of " + std::to_string(size) + " elements in blocks of " +
           std::to_string(block));
  Value zero = isByte ? n.scalar(i32, static_cast<double>(1 << (bits - 1))) : n.scalar(i32, 0);
  if (n.has(3)) {
    zero = n.in(3);
    if (isByte && bits < 8) // packed along the last axis as the table is
      zero = n.slice(unpacked(n, zero, bits), rank - 1, 0, n.type(scales).getShape().back());
    zero = spreadBlocks(n, n.cast(zero, i32), quantizeAxis, block, size);
  }
  Value values = n.cast(n.make<llm::SubOp>({whole, zero}), f32);
  values = n.make<llm::MulOp>({values, spreadBlocks(n, n.cast(scales, f32), quantizeAxis, block, size)});
  Value found = n.make<llm::GatherOp>({values, indices}, {n.whole("axis", gatherAxis)});
  n.give(n.cast(found, n.element(scales)));
}

} // namespace lathe
