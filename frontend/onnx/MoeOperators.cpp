// Mixtures of experts of com.microsoft. Sources: the operator documents of MoE and QMoE; what they leave open as ONNX
// Runtime 1.32 computes it on CPUs: router_probs are logits, gelu is the one with tanh, and QMoE's weights always have
// the sum 1.
#include "frontend/files/Shape.h"
#include "frontend/onnx/Operators.h"
#include "ir/llm/MoeOps.h"
#include "runtime/Dequantize.h"
#include "runtime/ElementType.h"

#include <cstring>

using namespace mlir;

namespace lathe {

namespace {

constexpr int64_t packedBlock = 32;

/// The matrices of all experts, (experts, rows, columns) numbers of `bits` bits with a scale and a zero point for each
/// row, or for each `block` columns of it.
struct QuantizedExperts {
  const Weight *data, *scales, *zeros; // zeros may be null: half of the range
  int64_t experts, rows, columns, bits, block;
  bool perRow; // zero points are packed along the rows then, else along the blocks of a row

  int64_t blocks() const { return columns / block; }
  int64_t element(int64_t row, int64_t column) const { return bitsAt(*data, row * (columns * bits / 8), column); }
  int64_t bitsAt(const Weight &weight, int64_t byte, int64_t index) const {
    int64_t first = index * bits;
    return weight.data()[byte + first / 8] >> (first % 8) & ((1 << bits) - 1);
  }
  float scale(int64_t row, int64_t group) const {
    float value = 0;
    int64_t size = scales->type == LATHE_F32 ? 4 : 2;
    (void)dequantize(scales->type, scales->data().subspan((row * blocks() + group) * size, size), {&value, 1});
    return value;
  }
  float zero(int64_t row, int64_t group) const {
    if (!zeros)
      return static_cast<float>(1 << (bits - 1));
    return static_cast<float>(perRow ? bitsAt(*zeros, 0, row) : bitsAt(*zeros, row * (blocks() * bits / 8), group));
  }
};

void checkQuants(NodeBuilder &n, const QuantizedExperts &from) {
  auto count = [](const Weight &weight) { return static_cast<int64_t>(*elementCount(weight.shape)); };
  auto need = [&](const Weight &weight, int64_t expected, const char *what) {
    if (count(weight) != expected)
      n.fail("has " + std::to_string(count(weight)) + " " + what + ", where " + std::to_string(from.experts) + " x " +
             std::to_string(from.rows) + " x " + std::to_string(from.columns) + " weights of " +
             std::to_string(from.bits) + " bits need " + std::to_string(expected));
  };
  int64_t all = from.experts * from.rows;
  if (from.data->type != LATHE_U8 || (from.zeros && from.zeros->type != LATHE_U8))
    n.fail("has weights or zero points that are not bytes");
  if (from.scales->type != LATHE_F32 && from.scales->type != LATHE_F16 && from.scales->type != LATHE_BF16)
    n.fail("has scales that are no floats of 16 or 32 bits");
  need(*from.data, all * (from.columns * from.bits / 8), "bytes of weights");
  need(*from.scales, all * from.blocks(), "scales");
  if (from.zeros)
    need(*from.zeros, from.perRow ? all * from.bits / 8 : all * (from.blocks() * from.bits / 8),
         "bytes of zero points");
}

/// INT4 (runtime/artifact.h) where the blocks allow it, else floats.
std::vector<uint8_t> bytesOf(const QuantizedExperts &from, bool asInt4) {
  constexpr int64_t blockBytes = 8 + packedBlock / 2;
  int64_t all = from.experts * from.rows;
  std::vector<uint8_t> bytes(
      static_cast<size_t>(asInt4 ? all * (from.columns / packedBlock) * blockBytes : all * from.columns * 4));
  uint8_t *out = bytes.data();
  for (int64_t row = 0; row < all; ++row)
    for (int64_t column = 0; column < from.columns; column += asInt4 ? packedBlock : 1) {
      float scale = from.scale(row, column / from.block), zero = from.zero(row, column / from.block);
      if (!asInt4) {
        float value = scale * (static_cast<float>(from.element(row, column)) - zero);
        std::memcpy(out, &value, 4);
        out += 4;
        continue;
      }
      float minimum = -scale * zero;
      std::memcpy(out, &scale, 4);
      std::memcpy(out + 4, &minimum, 4);
      for (int64_t j = 0; j < packedBlock / 2; ++j)
        out[8 + j] =
            static_cast<uint8_t>(from.element(row, column + j) | from.element(row, column + j + packedBlock / 2) << 4);
      out += blockBytes;
    }
  return bytes;
}

/// The weights of the operands `data`, `scales` and `zeros`, (experts, rows, columns).
Value quantized(NodeBuilder &n, size_t data, size_t scales, size_t zeros) {
  QuantizedExperts from{&n.initializer(data, "its weights"),
                        &n.initializer(scales, "its scales"),
                        n.has(zeros) ? &n.initializer(zeros, "its zero points") : nullptr,
                        0,
                        0,
                        0,
                        0,
                        0,
                        false};
  from.bits = n.integer("expert_weight_bits", 4);
  if (from.bits != 2 && from.bits != 4 && from.bits != 8)
    n.fail("has weights of " + std::to_string(from.bits) + " bits, which is not supported; supported: 2, 4, 8");
  const std::vector<int64_t> &shape = from.data->shape;
  if (shape.size() != 3 || shape[0] <= 0 || shape[1] <= 0 || shape[2] <= 0 || shape[1] > INT32_MAX ||
      shape[2] > INT32_MAX / 8 || shape[0] > 65536)
    n.fail("has weights of the shape " + shapeText(shape) + ", where experts x rows x bytes are needed");
  from.experts = shape[0], from.rows = shape[1], from.columns = shape[2] * (8 / from.bits);
  int64_t block = n.integer("block_size", 0);
  from.perRow = block == 0, from.block = block == 0 ? from.columns : block;
  if (from.block <= 0 || from.columns % from.block != 0)
    n.fail("has blocks of " + std::to_string(block) + " columns, of which there are " + std::to_string(from.columns));
  checkQuants(n, from);
  bool asInt4 = from.bits <= 4 && from.columns % packedBlock == 0 && from.block % packedBlock == 0;
  std::string name = from.data->name + (asInt4 ? ".int4" : ".f32");
  LatheType type = asInt4 ? LATHE_INT4 : LATHE_F32;
  std::vector<int64_t> whole = {from.experts, from.rows, from.columns};
  auto made = n.state.weights.find(name);
  if (made != n.state.weights.end()) {
    if (made->second.type != type || made->second.shape != whole)
      n.fail("uses the weights of another node in another shape");
    return n.weightReference(made->second);
  }
  Weight weight{name, type, whole, MappedFile::ofBytes("memory", bytesOf(from, asInt4)), 0, 0};
  weight.bytes = weight.file->size();
  return n.weightReference(std::move(weight));
}

/// gate, up and down with their biases, as one llm.moe.
struct Experts {
  Value gate, gateBias, down, downBias, up, upBias;
};

void giveMoe(NodeBuilder &n, Experts experts, bool normalize) {
  Value x = n.in(0), logits = n.in(1);
  std::string activation = n.text("activation_type", "relu");
  int64_t fusion = n.integer("swiglu_fusion", 0);
  if (n.integer("use_sparse_mixer", 0))
    n.fail("chooses experts by a sparse mixer (use_sparse_mixer), which is not supported");
  float alpha = 1, offset = 0, limit = 0;
  SmallVector<NamedAttribute> attributes = {n.whole("top", n.integer("k", 1)), n.real("scale", 1), n.whole("groups", 1),
                                            n.whole("top_groups", 1), n.whole("group_best", 1)};
  if (normalize)
    attributes.push_back(n.flag("normalize"));
  bool isSwiglu = activation == "swiglu";
  if (isSwiglu) {
    alpha = n.number("activation_alpha", 1), offset = n.number("activation_beta", 0);
    limit = n.number("swiglu_limit", 0);
    activation = "silu";
    if (fusion == 1) {
      attributes.push_back(n.flag("interleaved"));
    } else if (fusion == 2) {
      int64_t rows = n.type(experts.gate).getDimSize(1);
      auto half = [&](Value value, int64_t which) {
        return value ? n.slice(value, 1, which * rows / 2, (which + 1) * rows / 2) : Value();
      };
      experts.up = half(experts.gate, 1), experts.upBias = half(experts.gateBias, 1);
      experts.gate = half(experts.gate, 0), experts.gateBias = half(experts.gateBias, 0);
    } else if (!experts.up) {
      n.fail("is a gated unit (swiglu) without its other factor; swiglu_fusion says 0, and fc3 is missing");
    }
  }
  attributes.append({n.real("alpha", alpha), n.real("offset", offset), n.real("limit", limit)});
  MLIRContext *context = n.state.builder.getContext();
  std::string name = activation == "gelu" ? "gelu_tanh" : activation;
  if (auto known = llm::symbolizeActivation(name))
    attributes.push_back(n.attribute("activation", llm::ActivationAttr::get(context, *known)));
  else if (activation != "identity")
    n.fail("has the activation '" + activation +
           "', which is not supported; supported: relu, gelu, silu, swiglu, identity");
  if (activation == "identity" && experts.up)
    n.fail("has a gate without an activation, which is not supported");

  bool isDeep = n.rank(x) == 3 && n.rank(logits) == 2;
  Value rows = isDeep ? n.reshape(x, {-1, n.type(x).getDimSize(2)}) : x;
  Value y = n.makeOptional<llm::MoeOp>({rows, logits, experts.gate, experts.up, experts.down, Value(), experts.gateBias,
                                        experts.upBias, experts.downBias},
                                       attributes);
  n.give(isDeep ? n.reshape(y, n.make<llm::ShapeOfOp>({x})) : y);
}

} // namespace

void buildMoe(NodeBuilder &n) { // input, router_probs, fc1, its bias, fc2, its bias, fc3, its bias
  Experts experts{n.in(2), n.inOrNull(3), n.in(4), n.inOrNull(5), n.inOrNull(6), n.inOrNull(7)};
  giveMoe(n, experts, n.integer("normalize_routing_weights", 0) != 0);
}

void buildQMoe(
    NodeBuilder &n) { // input, router_probs, fc1, scales, bias, fc2, .., fc3, .., zero points of fc1, fc2, fc3
  if (n.has(14))
    n.fail("has weights for the router's choice (router_weights), which is not supported");
  if (std::string kind = n.text("quant_type", "int"); kind != "int")
    n.fail("has weights of the kind '" + kind + "', which is not supported; supported: int");
  Experts experts;
  experts.gate = quantized(n, 2, 3, 11), experts.gateBias = n.inOrNull(4);
  experts.down = quantized(n, 5, 6, 12), experts.downBias = n.inOrNull(7);
  if (n.has(8))
    experts.up = quantized(n, 8, 9, 13), experts.upBias = n.inOrNull(10);
  giveMoe(n, experts, true);
}

} // namespace lathe
