// Walks a function and hands each op to its family; see Evaluator.h.
#include "ir/reference/Evaluator.h"
#include "ir/llm/ControlOps.h"
#include "ir/plan/Plan.h"
#include "ir/reference/Families.h"
#include "ir/reference/Symbols.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;

namespace lathe::reference {

Result<Tensor> tensorOf(ElementsAttr elements) {
  auto ranked = dyn_cast<RankedTensorType>(elements.getType());
  auto type = ranked ? llm::latheType(ranked.getElementType()) : std::nullopt;
  if (!type || isBlockType(*type))
    return Status::failure("a constant of this type is not supported");
  Shape shape(ranked.getShape());
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return Status::failure("the constant's data is missing from the file");
    return Tensor::ofBytes(*type, shape,
                           {reinterpret_cast<const uint8_t *>(blob->getData().data()), blob->getData().size()});
  }
  auto dense = dyn_cast<DenseElementsAttr>(elements);
  if (!dense)
    return Status::failure("a constant is dense");
  if (*type != LATHE_BOOL && !dense.isSplat())
    return Tensor::ofBytes(*type, shape,
                           {reinterpret_cast<const uint8_t *>(dense.getRawData().data()), dense.getRawData().size()});
  Result<Tensor> result = Tensor::zeros(*type, shape);
  if (!result)
    return result;
  std::span<uint8_t> out = result->mutableBytes();
  if (*type == LATHE_BOOL) {
    for (auto [index, value] : ::llvm::enumerate(dense.getValues<bool>()))
      out[index] = value;
    return result;
  }
  ArrayRef<char> element = dense.getRawData();
  for (size_t first = 0; first < out.size(); first += element.size())
    std::copy(element.begin(), element.end(), out.begin() + first);
  return result;
}

Result<DenseElementsAttr> elementsOf(MLIRContext *context, const Tensor &tensor) {
  if (isBlockType(tensor.type()) || isNarrowType(tensor.type()))
    return Status::failure("quantised blocks and narrow elements are no constant: " + tensor.describe());
  auto type = RankedTensorType::get(tensor.shape(), llm::elementType(context, tensor.type()));
  if (tensor.type() == LATHE_BOOL) {
    SmallVector<bool> values;
    for (uint8_t byte : tensor.bytes())
      values.push_back(byte != 0);
    return DenseElementsAttr::get(type, values);
  }
  std::span<const uint8_t> bytes = tensor.bytes();
  return DenseElementsAttr::getFromRawBuffer(type,
                                             ArrayRef(reinterpret_cast<const char *>(bytes.data()), bytes.size()));
}

std::string describeOp(Operation *op) {
  std::string place;
  op->getLoc()->walk([&](Location location) {
    if (auto name = ::llvm::dyn_cast<NameLoc>(location)) {
      place = name.getName().str();
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  if (place.empty()) {
    ::llvm::raw_string_ostream stream(place);
    op->getLoc().print(stream);
  }
  return op->getName().getStringRef().str() + " at " + place;
}

namespace {

Status failureAt(Operation *op, const std::string &message) { return Status::failure(describeOp(op) + ": " + message); }

/// Whether a result has the element type and the known sizes of its value.
Status checkType(Type type, const Tensor &tensor) {
  auto ranked = dyn_cast<RankedTensorType>(type);
  if (!ranked)
    return Status::success();
  bool fits = llm::latheType(ranked.getElementType()) == tensor.type() && ranked.getRank() == tensor.rank();
  for (int64_t axis = 0; fits && axis < tensor.rank(); ++axis)
    fits = ranked.isDynamicDim(axis) || ranked.getDimSize(axis) == tensor.dim(axis);
  if (fits)
    return Status::success();
  std::string text;
  ::llvm::raw_string_ostream(text) << type;
  return Status::failure("gives " + tensor.describe() + ", but its type is " + text);
}

std::optional<Result<std::vector<Tensor>>> evaluateByFamily(Operation *op, Operands operands,
                                                            const SymbolValues &symbols) {
  for (auto family : {evaluateIndexOp, evaluateConvolutionOp, evaluateQuantOp, evaluateMoeOp, evaluateControlOp})
    if (auto results = family(op, operands, symbols))
      return results;
  std::optional<Result<Tensor>> result = evaluateTensorOp(op, operands, symbols);
  if (!result)
    result = evaluatePointwiseOp(op, operands);
  if (!result)
    result = evaluateMathOp(op, operands);
  if (!result)
    result = evaluateAttentionOp(op, operands, symbols);
  if (!result)
    result = evaluateCacheOp(op, operands);
  if (!result)
    return std::nullopt;
  if (!*result)
    return Result<std::vector<Tensor>>(result->status());
  return std::vector<Tensor>{std::move(**result)};
}

class Evaluation {
public:
  Evaluation(SymbolValues symbols, const EvaluateOptions &options) : symbols_(std::move(symbols)), options_(options) {}

  /// The operands of the block's terminator.
  Result<std::vector<Tensor>> run(Block &block, std::span<const Tensor> inputs) {
    ::llvm::DenseMap<Value, Tensor> values;
    ::llvm::DenseMap<Value, Operation *> lastUse;
    for (auto [argument, input] : ::llvm::zip(block.getArguments(), inputs))
      values[argument] = input;
    for (Operation &op : block)
      for (Value operand : op.getOperands())
        lastUse[operand] = &op;
    for (Operation &op : block) {
      if (op.hasTrait<OpTrait::IsTerminator>()) {
        std::vector<Tensor> results;
        for (Value operand : op.getOperands())
          results.push_back(values.lookup(operand));
        return results;
      }
      Result<std::vector<Tensor>> results = evaluate(&op, values);
      if (!results)
        return results;
      for (auto [value, tensor] : ::llvm::zip(op.getResults(), *results)) {
        if (Status status = checkType(value.getType(), tensor); !status)
          return failureAt(&op, status.message());
        if (lastUse.contains(value))
          values[value] = tensor;
      }
      if (options_.observer)
        if (Status status = options_.observer(&op, *results); !status)
          return status;
      for (Value operand : op.getOperands())
        if (lastUse[operand] == &op)
          values.erase(operand);
    }
    return std::vector<Tensor>();
  }

private:
  Result<std::vector<Tensor>> evaluate(Operation *op, ::llvm::DenseMap<Value, Tensor> &values) {
    if (auto group = dyn_cast<plan::GroupOp>(op)) {
      std::vector<Tensor> inputs;
      for (Value input : group.getInputs())
        inputs.push_back(values.lookup(input));
      return run(group.getBody().front(), inputs);
    }
    auto operands = [&](Value value) -> const Tensor * {
      if (!value)
        return nullptr;
      auto found = values.find(value);
      return found == values.end() ? nullptr : &found->second;
    };
    if (auto weight = dyn_cast<llm::WeightOp>(op)) {
      Result<Tensor> loaded = load(weight);
      if (!loaded)
        return failureAt(op, loaded.message());
      return std::vector<Tensor>{std::move(*loaded)};
    }
    if (auto size = dyn_cast<llm::SizeOp>(op)) {
      const Tensor &value = *operands(size.getValue());
      if (Status status = defineSize(size.getSymbol(), value, symbols_); !status)
        return failureAt(op, status.message());
      return std::vector<Tensor>{value};
    }
    if (isa<llm::IfOp, llm::LoopOp>(op)) {
      Result<std::vector<Tensor>> results = evaluateCall(
          op, operands, symbols_, [&](func::FuncOp function, std::span<const Tensor> inputs) {
            return callFunction(function, inputs);
          });
      return results ? std::move(results) : failureAt(op, results.message());
    }
    auto results = evaluateByFamily(op, operands, symbols_);
    if (!results)
      return failureAt(op, "the reference evaluator does not know this op");
    if (!*results)
      return failureAt(op, results->message());
    return std::move(**results);
  }

  /// A function that an op calls: symbols of the same name have the same value there.
  Result<std::vector<Tensor>> callFunction(func::FuncOp function, std::span<const Tensor> inputs) {
    std::map<std::string, int64_t> given = options_.symbols;
    for (auto [name, value] : ::llvm::zip(symbols_.names, symbols_.values))
      if (value)
        given[name] = *value;
    EvaluateOptions options = options_;
    options.symbols = std::move(given);
    return reference::evaluate(function, inputs, options);
  }

  Result<Tensor> load(llm::WeightOp op) {
    if (!options_.weights)
      return Status::failure("no weights are given, but '" + op.getName().str() + "' is needed");
    return options_.weights(op.getName(), cast<RankedTensorType>(op.getResult().getType()));
  }

  SymbolValues symbols_;
  const EvaluateOptions &options_;
};

} // namespace

Result<Tensor> evaluateOp(Operation *op, std::span<const Tensor> operands) {
  if (operands.size() != op->getNumOperands())
    return failureAt(op, "takes " + std::to_string(op->getNumOperands()) + " operands, got " +
                             std::to_string(operands.size()));
  auto find = [&](Value value) -> const Tensor * {
    for (auto [operand, tensor] : ::llvm::zip(op->getOperands(), operands))
      if (operand == value)
        return &tensor;
    return nullptr;
  };
  auto results = evaluateByFamily(op, find, SymbolValues());
  if (!results || (*results && (*results)->size() != 1))
    return failureAt(op, "is not evaluated on its own");
  if (!*results)
    return failureAt(op, results->message());
  Tensor &result = (*results)->front();
  if (Status status = checkType(op->getResult(0).getType(), result); !status)
    return failureAt(op, status.message());
  return std::move(result);
}

Result<std::vector<Tensor>> evaluate(func::FuncOp function, std::span<const Tensor> inputs,
                                     const EvaluateOptions &options) {
  std::string name = "@" + function.getName().str();
  if (function.isExternal() || !function.getBody().hasOneBlock())
    return Status::failure(name + " is not a function of one block");
  if (inputs.size() != function.getNumArguments())
    return Status::failure(name + " takes " + std::to_string(function.getNumArguments()) + " inputs, got " +
                           std::to_string(inputs.size()));
  std::vector<Shape> shapes;
  for (auto [index, input] : ::llvm::enumerate(inputs)) {
    Type type = function.getArgumentTypes()[index];
    auto tensor = dyn_cast<RankedTensorType>(type);
    auto cache = ::llvm::dyn_cast<llm::KvCacheType>(type);
    auto element = llm::latheType(tensor ? tensor.getElementType() : cache ? cache.getElementType() : type);
    if (element != input.type())
      return Status::failure(name + ": input " + std::to_string(index) + " is of " +
                             (element ? elementTypeName(*element) : "an unsupported type") + ", got " +
                             input.describe());
    if (cache && (input.rank() != 5 || Shape{input.dim(1), input.dim(2), input.dim(3), input.dim(4)} !=
                                           Shape{2, cache.getHeads(), cache.getPageTokens(), cache.getHeadDim()}))
      return Status::failure(name + ": input " + std::to_string(index) +
                             " is a cache (pages, 2, heads, page, headDim), got " + input.describe());
    shapes.push_back(input.shape());
  }
  Result<SymbolValues> symbols = solveSymbols(function, shapes, options.symbols);
  if (!symbols)
    return Status::failure(name + ": " + symbols.message());
  return Evaluation(*symbols, options).run(function.getBody().front(), inputs);
}

} // namespace lathe::reference
