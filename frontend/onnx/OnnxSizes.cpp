// See OnnxSizes.h.
#include "frontend/onnx/OnnxSizes.h"
#include "frontend/files/Quoted.h"
#include "frontend/files/Shape.h"
#include "frontend/onnx/OnnxTensors.h"
#include "ir/llm/Llm.h"

#include "onnx-ml.pb.h"

#include <charconv>

using namespace mlir;

namespace lathe {

namespace {

bool mentions(const std::string &name, std::initializer_list<const char *> words) {
  for (const char *word : words)
    if (name.find(word) != std::string::npos)
      return true;
  return false;
}

bool isFloat(int32_t dataType) {
  return dataType == onnx::TensorProto::FLOAT || dataType == onnx::TensorProto::FLOAT16 ||
         dataType == onnx::TensorProto::BFLOAT16;
}

/// Some exporters write -1 for what they do not know.
bool isGiven(const onnx::TensorShapeProto_Dimension &size) { return size.has_dim_value() && size.dim_value() != -1; }

/// Whether a cache holds keys and values: (2, batch, heads, past, size).
bool isJoint(const onnx::TensorShapeProto &shape) { return shape.dim_size() == 5; }

/// Of a cache.
int batchAxis(const onnx::TensorShapeProto &shape) { return isJoint(shape) ? 1 : 0; }

/// Of a cache: axis 2, or 1 where that is not static and 2 is.
int lengthAxis(const onnx::TensorShapeProto &shape) {
  if (isJoint(shape))
    return 3;
  return isGiven(shape.dim(2)) && !isGiven(shape.dim(1)) ? 1 : 2;
}

} // namespace

bool OnnxSizes::isCache(const onnx::ValueInfoProto &input) const {
  const onnx::TypeProto_Tensor &type = input.type().tensor_type();
  int rank = type.shape().dim_size();
  bool fits = rank == 4 || (rank == 5 && type.shape().dim(0).dim_value() == 2);
  return isFloat(type.elem_type()) && fits && mentions(files.roleOf(input.name()), {"past", "cache"}) &&
         !mentions(input.name(), {"encoder", "cross"}) && !windows.contains(input.name());
}

AffineExpr OnnxSizes::symbol(const std::string &given) {
  std::string name = given;
  for (auto other = equal.find(name); other != equal.end(); other = equal.find(name))
    name = other->second;
  if (auto value = bound.find(name); value != bound.end())
    return getAffineConstantExpr(value->second, context);
  for (size_t i = 0; i < symbols_.size(); ++i)
    if (symbols_[i] == name)
      return getAffineSymbolExpr(i, context);
  symbols_.push_back(name);
  return getAffineSymbolExpr(symbols_.size() - 1, context);
}

std::pair<AffineExpr, std::string> OnnxSizes::fresh() {
  for (size_t i = symbols_.size();; ++i) {
    std::string name = "data" + std::to_string(i);
    if (!find(name))
      return {symbol(name), name};
  }
}

AffineExpr OnnxSizes::find(const std::string &name) const {
  for (size_t i = 0; i < symbols_.size(); ++i)
    if (symbols_[i] == name)
      return getAffineSymbolExpr(i, context);
  return AffineExpr();
}

bool OnnxSizes::bind(AffineExpr expression, int64_t value) {
  auto which = dyn_cast<AffineSymbolExpr>(expression);
  if (!which || which.getPosition() >= symbols_.size())
    return false;
  bound[symbols_[which.getPosition()]] = value;
  return true;
}

bool OnnxSizes::bind(AffineExpr expression, AffineExpr other) {
  unsigned first = cast<AffineSymbolExpr>(expression).getPosition(),
           second = cast<AffineSymbolExpr>(other).getPosition();
  if (first > second)
    std::swap(first, second);
  // The earlier one stays. Names that stand for others are no symbols, so that no circle comes about.
  if (second >= symbols_.size() || first == second)
    return false;
  equal.emplace(symbols_[second], symbols_[first]);
  return true;
}

void OnnxSizes::mean(const onnx::TensorShapeProto_Dimension &size, AffineExpr expression) {
  if (!size.dim_param().empty())
    meanings.emplace(size.dim_param(), expression);
}

/// "past_sequence_length + sequence_length" and the like; what is no sum of names and numbers is one name.
AffineExpr OnnxSizes::parse(const std::string &text) {
  if (auto known = meanings.find(text); known != meanings.end())
    return known->second;
  AffineExpr sum;
  for (size_t begin = 0; text.size() < 200 && begin <= text.size();) {
    size_t end = std::min(text.find(" + ", begin), text.size());
    std::string term = text.substr(begin, end - begin);
    if (term.empty() || (begin == 0 && end == text.size()) || term.find_first_of(" *()-/") != std::string::npos) {
      sum = AffineExpr();
      break;
    }
    int64_t number = 0;
    auto [stop, error] = std::from_chars(term.data(), term.data() + term.size(), number);
    bool isNumber = error == std::errc() && stop == term.data() + term.size();
    auto known = meanings.find(term);
    AffineExpr value = isNumber                  ? getAffineConstantExpr(number, context)
                       : known != meanings.end() ? known->second
                                                 : symbol(term);
    sum = sum ? sum + value : value;
    begin = end + 3;
  }
  if (!sum) {
    // A name of the file that we gave another meaning must not be taken for it.
    bool taken = text == "batch" || text == "tokens" || text == "past";
    sum = symbol(taken ? text + "_of_file" : text);
  }
  meanings.emplace(text, sum);
  return sum;
}

Status OnnxSizes::readInputs(const onnx::GraphProto &graph, const std::set<std::string> &initializers) {
  inputs_.clear();
  symbols_.clear();
  meanings.clear();
  for (const onnx::NodeProto &node : graph.node())
    for (const onnx::AttributeProto &attribute : node.attribute())
      if (node.op_type() == "GroupQueryAttention" && attribute.name() == "sliding_window_cache" && attribute.i())
        for (int index : {3, 4})
          if (index < node.input_size())
            windows.insert(node.input(index));
  std::vector<const onnx::ValueInfoProto *> inputs;
  const onnx::ValueInfoProto *ids = nullptr;
  bool hasCache = false, hasBranches = false;
  for (const onnx::ValueInfoProto &input : graph.input()) {
    if (initializers.contains(input.name()))
      continue;
    std::string place = "input " + lathe::quoted(input.name()) + " ";
    if (!input.type().has_tensor_type())
      return Status::failure(place + "is no tensor");
    const onnx::TypeProto_Tensor &type = input.type().tensor_type();
    if (!typeOfOnnx(type.elem_type()))
      return Status::failure(place + "has elements of type " + onnxTypeName(type.elem_type()) +
                             ", which is not supported");
    if (!type.has_shape())
      return Status::failure(place + "has no shape; export it with one (sizes may be names)");
    if (type.shape().dim_size() > 16)
      return Status::failure(place + "has rank " + std::to_string(type.shape().dim_size()) +
                             "; at most 16 is supported");
    inputs.push_back(&input);
    int rank = type.shape().dim_size();
    std::string role = files.roleOf(input.name());
    if ((role == "input_ids" && rank == 2) || (!ids && role == "inputs_embeds" && rank == 3))
      ids = &input;
    hasCache |= isCache(input);
    hasBranches |= input.name() == "use_cache_branch";
  }
  AffineExpr batch, tokens, past;
  if (ids) {
    const onnx::TensorShapeProto &shape = ids->type().tensor_type().shape();
    auto sizeOf = [&](const onnx::TensorShapeProto_Dimension &size, const char *name) {
      return isGiven(size) ? getAffineConstantExpr(size.dim_value(), context) : symbol(name);
    };
    batch = sizeOf(shape.dim(0), "batch");
    tokens = sizeOf(shape.dim(1), "tokens");
    mean(shape.dim(0), batch);
    mean(shape.dim(1), tokens);
  }
  if (hasCache || !windows.empty()) {
    past = symbol("past");
    for (const onnx::ValueInfoProto *input : inputs)
      if (isCache(*input)) {
        const onnx::TensorShapeProto &shape = input->type().tensor_type().shape();
        if (batch)
          mean(shape.dim(batchAxis(shape)), batch);
        mean(shape.dim(lengthAxis(shape)), past);
      }
  }
  AffineExpr total = tokens && past ? past + tokens : tokens;
  if (total)
    for (const onnx::ValueInfoProto *input : inputs)
      if (files.roleOf(input->name()) == "attention_mask" && input->type().tensor_type().shape().dim_size() == 2) {
        const onnx::TensorShapeProto &shape = input->type().tensor_type().shape();
        mean(shape.dim(0), batch);
        mean(shape.dim(1), total);
      }
  size_t fresh = 0;
  for (const onnx::ValueInfoProto *input : inputs) {
    const onnx::TypeProto_Tensor &type = input->type().tensor_type();
    const onnx::TensorShapeProto &shape = type.shape();
    OnnxInput result;
    result.name = input->name();
    llvm::SmallVector<int64_t> sizes;
    int rank = shape.dim_size();
    bool isPast = isCache(*input);
    std::string role = files.roleOf(result.name);
    for (int axis = 0; axis < rank; ++axis) {
      const onnx::TensorShapeProto_Dimension &size = shape.dim(axis);
      AffineExpr meaning;
      if (batch && isPast && axis == batchAxis(shape))
        meaning = batch;
      else if (batch && axis == 0 && (input == ids || (rank == 2 && mentions(role, {"_ids", "attention_mask"}))))
        meaning = batch;
      else if (tokens && axis == 1 && (input == ids || (rank == 2 && mentions(role, {"_ids"}))))
        meaning = tokens;
      else if (tokens && !past && rank == 2 && size.dim_param().empty() && mentions(role, {"mask"}) &&
               !mentions(role, {"encoder", "cross"}))
        meaning = axis == 0 ? batch : tokens;
      else if (past && isPast && axis == lengthAxis(shape))
        meaning = past;
      else if (total && axis == 1 && rank == 2 && role == "attention_mask")
        meaning = total;
      else if (hasBranches && rank == 4 && axis == lengthAxis(shape) && mentions(role, {"past"}) &&
               mentions(role, {"encoder", "cross"}))
        meaning = symbol("past_encoder");
      AffineExpr expression;
      if (isGiven(size)) {
        if (size.dim_value() < 0)
          return Status::failure("input " + lathe::quoted(result.name) + " has a size of " +
                                 std::to_string(size.dim_value()));
        expression = getAffineConstantExpr(size.dim_value(), context);
      } else if (meaning) {
        expression = meaning;
      } else if (!size.dim_param().empty()) {
        expression = parse(size.dim_param());
      } else {
        expression = symbol("size" + std::to_string(fresh++));
      }
      result.dims.push_back(expression);
      auto constant = dyn_cast<AffineConstantExpr>(expression);
      sizes.push_back(constant ? constant.getValue() : ShapedType::kDynamic);
    }
    llvm::SmallVector<int64_t> known;
    for (int64_t size : sizes)
      known.push_back(ShapedType::isDynamic(size) ? 1 : size);
    if (!elementCount(known))
      return Status::failure("input " + lathe::quoted(result.name) + " has more elements than 64 bits count");
    result.type = RankedTensorType::get(sizes, llm::elementType(context, *typeOfOnnx(type.elem_type())));
    inputs_.push_back(std::move(result));
  }
  told_ = symbols_.size();
  return Status::success();
}

} // namespace lathe
