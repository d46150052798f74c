// What a builder of the operator table sees: one ONNX node, its operands as values, its attributes, and the means to
// make ops. Relies on the schema's NodeProto, the llm dialect and ShapeFacts.
#pragma once

#include "frontend/files/WeightTable.h"
#include "frontend/onnx/OnnxSizes.h"
#include "frontend/onnx/OnnxTensors.h"
#include "frontend/onnx/ShapeFacts.h"
#include "ir/llm/Llm.h"

#include <mlir/IR/Builders.h>
#include <mlir/IR/BuiltinOps.h>

#include <functional>

namespace onnx {
class AttributeProto;
class GraphProto;
class NodeProto;
class TensorProto;
} // namespace onnx

namespace lathe {

/// Thrown by builders when a node cannot be built, and caught by OnnxImport; never leaves this folder.
struct OnnxFailure {
  std::string message; // without the node's name
};

class OnnxScope;

/// The state of an import that all nodes share.
struct OnnxGraphState {
  mlir::OpBuilder builder;
  ShapeFacts facts;
  OnnxSizes &sizes;
  OnnxTensors &tensors;
  std::map<std::string, Weight> &initializers; // the graph's, by name
  /// What llm.weight ops may refer to, by name: those with a use in the end are the model's weights.
  std::map<std::string, Weight> &weights;
  /// Equalities that were found on the way: the import starts again with them.
  std::vector<std::pair<mlir::AffineExpr, int64_t>> bindings;
  std::vector<std::pair<mlir::AffineExpr, mlir::AffineExpr>> equalities; // of two symbols
  /// What each DequantizeLinear of initializers reads; the op that gives its result has the index (LinearQuant.h).
  struct Dequantized {
    const Weight *data, *scales, *zeros; // zeros may be null
    int64_t axis, blockSize;
    mlir::Value scale;
    std::string name; // of the three and of how they are laid out
  };
  std::vector<Dequantized> dequantized;
  std::string diagnostic; // what an op said when its types did not fit
  std::function<int64_t(const onnx::NodeProto &node)> opsetOf; // of the node's domain
  mlir::ModuleOp module;                                       // gets a function for each branch and body of a loop
  int64_t functions = 0, innerNodes = 0;                       // of those, and their nodes; attempts count
  /// For each body of a loop that was built: which axes of its carried values do not keep their sizes.
  std::map<const onnx::GraphProto *, std::vector<llvm::SmallVector<bool>>> varyingAxes;

  OnnxGraphState(mlir::MLIRContext *context, OnnxSizes &sizes, OnnxTensors &tensors,
                 std::map<std::string, Weight> &initializers, std::map<std::string, Weight> &weights)
      : builder(context), facts(context), sizes(sizes), tensors(tensors), initializers(initializers), weights(weights) {
  }
};

class NodeBuilder {
public:
  /// Gives the value of a name when it is first asked for: what a builder reads as bytes never becomes one.
  using Resolve = std::function<mlir::Value(const std::string &name)>;

  NodeBuilder(OnnxGraphState &state, const onnx::NodeProto &node, int64_t opset, mlir::Location location,
              Resolve resolve = {})
      : state(state), node(node), opset(opset), location(location), resolve(std::move(resolve)) {}

  OnnxGraphState &state;
  const onnx::NodeProto &node;
  const int64_t opset; // of the node's domain
  mlir::Location location;
  OnnxScope *scope = nullptr; // the graph the node is in

  [[noreturn]] void fail(const std::string &message) const { throw OnnxFailure{message}; }

  // ---- operands
  size_t operandCount() const;
  bool has(size_t index) const;
  /// Fails when the operand is left out.
  mlir::Value in(size_t index) const;
  mlir::Value inOrNull(size_t index) const { return has(index) ? in(index) : mlir::Value(); }
  mlir::RankedTensorType type(mlir::Value value) const { return llvm::cast<mlir::RankedTensorType>(value.getType()); }
  int64_t rank(mlir::Value value) const { return type(value).getRank(); }
  mlir::Type element(mlir::Value value) const { return type(value).getElementType(); }
  /// The initializer behind operand `index`, reshaped or not; fails when it is none. `what` names it in the message.
  const Weight &initializer(size_t index, const char *what) const;
  size_t outputCount() const;
  /// Whether output `index` has a name.
  bool gives(size_t index) const;

  // ---- attributes; fail when one has another type
  bool hasAttribute(llvm::StringRef name) const { return find(name) != nullptr; }
  int64_t integer(llvm::StringRef name, int64_t otherwise) const;
  float number(llvm::StringRef name, float otherwise) const;
  std::string text(llvm::StringRef name, llvm::StringRef otherwise) const;
  std::optional<llvm::SmallVector<int64_t>> integers(llvm::StringRef name) const;
  std::optional<llvm::SmallVector<float>> numbers(llvm::StringRef name) const;
  const onnx::TensorProto *tensor(llvm::StringRef name) const;
  /// The attribute, or the constant integers of operand `index` (as newer opsets have it), or nothing.
  std::optional<llvm::SmallVector<int64_t>> integers(llvm::StringRef name, size_t index) const;
  /// The constant integers of an operand; fails when they are not known at import.
  llvm::SmallVector<int64_t> constants(size_t index, const char *what) const;
  /// Counts from the end when negative; fails outside of [0, rank).
  int64_t axis(int64_t value, int64_t rank) const;
  /// The same for several, ascending.
  llvm::SmallVector<int64_t> axes(llvm::ArrayRef<int64_t> values, int64_t rank) const;

  // ---- making values
  /// An op whose type follows from its operands.
  template <class Op> mlir::Value make(mlir::ValueRange values, llvm::ArrayRef<mlir::NamedAttribute> attributes = {}) {
    return infer<Op>(values, attributes);
  }
  /// An op with optional operands: null values are left out, `segments` groups of one each.
  template <class Op>
  mlir::Value makeOptional(llvm::ArrayRef<mlir::Value> values, llvm::ArrayRef<mlir::NamedAttribute> attributes) {
    llvm::SmallVector<mlir::Value> present;
    llvm::SmallVector<int32_t> segments;
    for (mlir::Value value : values) {
      segments.push_back(value ? 1 : 0);
      if (value)
        present.push_back(value);
    }
    llvm::SmallVector<mlir::NamedAttribute> all(attributes);
    all.push_back(attribute("operandSegmentSizes", state.builder.getDenseI32ArrayAttr(segments)));
    return infer<Op>(present, all);
  }
  /// An op of that type; `dims` say more of its sizes than the type.
  template <class Op>
  mlir::Value makeTyped(mlir::Type element, const Expressions &dims, mlir::ValueRange values,
                        llvm::ArrayRef<mlir::NamedAttribute> attributes = {}) {
    auto result = mlir::RankedTensorType::get(staticSizes(dims), element);
    auto op = state.builder.create<Op>(location, mlir::TypeRange(result), values, attributes);
    state.facts.setDims(op->getResult(0), dims);
    return learned(op);
  }

  mlir::NamedAttribute attribute(llvm::StringRef name, mlir::Attribute value) const {
    return state.builder.getNamedAttr(name, value);
  }
  mlir::NamedAttribute flag(llvm::StringRef name) const { return attribute(name, state.builder.getUnitAttr()); }
  mlir::NamedAttribute whole(llvm::StringRef name, int64_t value) const {
    return attribute(name, state.builder.getI64IntegerAttr(value));
  }
  mlir::NamedAttribute real(llvm::StringRef name, float value) const {
    return attribute(name, state.builder.getF32FloatAttr(value));
  }
  mlir::NamedAttribute array(llvm::StringRef name, llvm::ArrayRef<int64_t> values) const {
    return attribute(name, state.builder.getDenseI64ArrayAttr(values));
  }

  mlir::Value constant(mlir::ElementsAttr value);
  mlir::Value vector(llvm::ArrayRef<int64_t> values); // i64
  mlir::Value scalar(mlir::Type element, double value);
  /// A tensor of at most 64 elements as a constant, a larger one as a formula (FormulaTables.h) or an entry of the
  /// weight table.
  mlir::Value constantOrWeight(const Weight &weight);
  /// A reference to a weight; the first one of a name counts.
  mlir::Value weightReference(Weight weight);

  mlir::Value reshape(mlir::Value x, mlir::Value shape);
  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<int64_t> shape) { return reshape(x, vector(shape)); }
  mlir::Value transpose(mlir::Value x, llvm::ArrayRef<int64_t> permutation);
  mlir::Value unsqueeze(mlir::Value x, llvm::ArrayRef<int64_t> axes);
  mlir::Value squeeze(mlir::Value x, llvm::ArrayRef<int64_t> axes);
  mlir::Value cast(mlir::Value x, mlir::Type element);
  mlir::Value expand(mlir::Value x, mlir::Value shape);
  mlir::Value slice(mlir::Value x, mlir::Value starts, mlir::Value ends, llvm::ArrayRef<int64_t> axes,
                    llvm::ArrayRef<int64_t> steps);
  /// [begin, end) along one axis.
  mlir::Value slice(mlir::Value x, int64_t axis, int64_t begin, int64_t end);
  mlir::Value concat(mlir::ValueRange values, int64_t axis);
  mlir::Value compare(llvm::StringRef predicate, mlir::Value lhs, mlir::Value rhs);
  /// "and", "or", "xor", "shift_left" or "shift_right" of integers of one type.
  mlir::Value bitwise(llvm::StringRef kind, mlir::Value lhs, mlir::Value rhs);
  mlir::Value reduce(llvm::StringRef kind, mlir::Value x, llvm::ArrayRef<int64_t> axes, bool keep);
  /// 0, 1, ... below `count`, a scalar i64.
  mlir::Value range(mlir::Value count);
  /// `pads` (2 rank) i64; `value`, a scalar, is for the mode constant alone.
  mlir::Value pad(mlir::Value x, mlir::Value pads, mlir::Value value, llvm::StringRef mode = "constant");
  /// A scalar i64 as a size that data decides (llm.size): what has it for a size has a known shape. The value itself
  /// where it is known at import. ControlOperators.cpp.
  mlir::Value decidedSize(mlir::Value value);
  /// The same for each element of a vector of known length.
  mlir::Value decidedSizes(mlir::Value values);
  /// Size of an axis as a scalar i64.
  mlir::Value sizeOf(mlir::Value x, int64_t axis);
  /// lhs op rhs, which must have one element type.
  template <class Op> mlir::Value binary(mlir::Value lhs, mlir::Value rhs) {
    needSame(lhs, rhs);
    return make<Op>({lhs, rhs});
  }
  void needSame(mlir::Value lhs, mlir::Value rhs) const;

  // ---- results
  void give(mlir::Value value) { results.push_back(value); }
  llvm::SmallVector<mlir::Value> results; // by output; null for those left out

private:
  Resolve resolve;

  const onnx::AttributeProto *find(llvm::StringRef name) const;
  [[noreturn]] void failInference() const;
  mlir::Value learned(mlir::Operation *op);
  void noteEqualSizes(mlir::Operation *op);

  template <class Op> mlir::Value infer(mlir::ValueRange values, llvm::ArrayRef<mlir::NamedAttribute> attributes) {
    mlir::MLIRContext *context = state.builder.getContext();
    auto dictionary = mlir::DictionaryAttr::get(context, attributes);
    // The operation's builder would end the program where types do not fit.
    llvm::SmallVector<mlir::Type> types;
    if constexpr (requires { typename Op::Properties; }) {
      typename Op::Properties properties;
      auto emitError = [&]() { return mlir::emitError(location); };
      if (mlir::failed(Op::setPropertiesFromAttr(properties, dictionary, emitError)) ||
          mlir::failed(Op::inferReturnTypes(context, location, values, dictionary, mlir::OpaqueProperties(&properties),
                                            {}, types)))
        failInference();
    } else if (mlir::failed(Op::inferReturnTypes(context, location, values, dictionary, nullptr, {}, types))) {
      failInference();
    }
    return learned(state.builder.create<Op>(location, mlir::TypeRange(types), values, attributes));
  }
};

} // namespace lathe
