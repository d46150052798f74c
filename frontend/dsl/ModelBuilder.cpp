// Parameters, weights and statements of a model file; see ModelBuilder.h.
#include "frontend/dsl/ModelBuilder.h"
#include "frontend/files/Quoted.h"
#include "ir/llm/Llm.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"

#include <algorithm>
#include <functional>
#include <type_traits>

namespace lathe::dsl {

namespace {
constexpr uint64_t maximalSteps = 20'000'000, maximalUnused = 4, maximalMissing = 32;

const char *kindName(const ParameterItem &value) {
  static constexpr const char *names[] = {"a boolean", "an integer", "a number", "a text"};
  return names[value.index()];
}

ParameterItem itemOf(const Datum &datum) {
  switch (datum.kind) {
  case Datum::Kind::Bool:
    return datum.integer != 0;
  case Datum::Kind::Int:
    return datum.integer;
  case Datum::Kind::Float:
    return datum.number;
  default:
    return datum.text;
  }
}

ParameterValue valueOf(const Datum &datum) {
  if (datum.kind != Datum::Kind::List)
    return std::visit([](auto &&item) { return ParameterValue(item); }, itemOf(datum));
  std::vector<ParameterItem> items;
  for (const Datum &element : *datum.list)
    items.push_back(itemOf(element));
  return items;
}

/// Whether `name` is `pattern` with a number for every {variable}.
bool matches(std::string_view pattern, std::string_view name) {
  while (!pattern.empty()) {
    if (pattern.front() == '{') {
      size_t end = pattern.find('}'), digits = 0;
      while (digits < name.size() && name[digits] >= '0' && name[digits] <= '9')
        ++digits;
      if (end == std::string_view::npos || digits == 0)
        return false;
      pattern.remove_prefix(end + 1);
      name.remove_prefix(digits);
    } else {
      if (name.empty() || name.front() != pattern.front())
        return false;
      pattern.remove_prefix(1);
      name.remove_prefix(1);
    }
  }
  return name.empty();
}
} // namespace

ModelBuilder::ModelBuilder(const ModelText &model, const ModelSource &source, mlir::MLIRContext &context)
    : model_(model), text_(model.source), source_(source), context_(context), builder_(&context) {
  for (const WeightDeclaration &weight : model.weights)
    weights_.emplace(weight.name, &weight);
  for (const Function &function : model.functions)
    functions_.emplace(function.name, &function);
  frames_.emplace_back();
}

bool ModelBuilder::fail(uint32_t offset, const std::string &message) {
  if (status_.ok()) {
    Status failure = text_.failure(offset, message);
    // A message of the text alone would not say which model it was about.
    status_ =
        source_.kind == ModelSource::Kind::None ? failure : Status::failure(source_.path + ": " + failure.message());
  }
  return false;
}

bool ModelBuilder::failModel(const std::string &message) {
  if (status_.ok())
    status_ = Status::failure((source_.path.empty() ? text_.name : source_.path) + ": " + message);
  return false;
}

bool ModelBuilder::step(uint32_t offset) {
  return ++steps_ <= maximalSteps ||
         fail(offset, "the model takes more than " + std::to_string(maximalSteps) + " steps to evaluate");
}

// ---- parameters ---------------------------------------------------------------------------------------------------

bool ModelBuilder::convert(const Parameter &parameter, const std::string &key, const ParameterItem &item,
                           Datum &result) {
  const int64_t *integer = std::get_if<int64_t>(&item);
  const double *number = std::get_if<double>(&item);
  switch (parameter.type) {
  case Parameter::Type::Int:
    if (integer) {
      result = Datum::ofInt(*integer);
      return true;
    }
    break;
  case Parameter::Type::Float:
    if (integer || number) {
      result = Datum::ofFloat(integer ? static_cast<double>(*integer) : *number);
      return true;
    }
    break;
  case Parameter::Type::Bool:
    if (const bool *boolean = std::get_if<bool>(&item)) {
      result = Datum::ofBool(*boolean);
      return true;
    }
    break;
  case Parameter::Type::Text:
    if (const std::string *text = std::get_if<std::string>(&item)) {
      result = Datum::ofText(*text);
      return true;
    }
    break;
  }
  static constexpr const char *wanted[] = {"an integer", "a number", "a boolean", "a text"};
  return failModel(quoted(key) + (parameter.isList ? " holds " : " is ") + kindName(item) + ", expected " +
                   wanted[static_cast<int>(parameter.type)]);
}

/// One value for a list is a list of it; a list of one and the same value is that value.
bool ModelBuilder::convert(const Parameter &parameter, const std::string &key, const ParameterValue &value,
                           Datum &result) {
  std::vector<ParameterItem> items;
  std::visit(
      [&](const auto &given) {
        if constexpr (std::is_same_v<std::decay_t<decltype(given)>, std::vector<ParameterItem>>)
          items = given;
        else
          items.push_back(given);
      },
      value);
  if (!parameter.isList) {
    if (items.empty() || std::adjacent_find(items.begin(), items.end(), std::not_equal_to<>()) != items.end())
      return failModel(quoted(key) + " is a list of " + std::to_string(items.size()) +
                       (items.empty() ? " values" : " values that differ") + ", where one value is expected");
    return convert(parameter, key, items.front(), result);
  }
  std::vector<Datum> list;
  for (const ParameterItem &item : items)
    if (!convert(parameter, key, item, list.emplace_back()))
      return false;
  result = Datum::ofList(std::move(list));
  return true;
}

bool ModelBuilder::readParameter(const Parameter &parameter) {
  bool isGguf = source_.kind == ModelSource::Kind::Gguf;
  const std::vector<std::string> &keys = isGguf ? parameter.gguf : parameter.hf;
  if (source_.parameter) {
    for (const std::string &key : keys) {
      Result<std::optional<ParameterValue>> value = source_.parameter(key);
      if (!value)
        return failModel(value.message());
      if (*value)
        return convert(parameter, key, **value, parameters_[parameter.name]);
    }
  }
  parameters_.erase(parameter.name);
  Datum value;
  if (parameter.standard && !evaluate(*parameter.standard, value))
    return false;
  if (value.kind == Datum::Kind::None) {
    if (source_.kind == ModelSource::Kind::None)
      return fail(parameter.offset,
                  "parameter '" + parameter.name + "' has no value; a file with the weights gives it");
    if (keys.empty())
      return fail(parameter.offset,
                  "parameter '" + parameter.name + "' has no key for this kind of file, and no default");
    return failModel(std::string(isGguf ? "the metadata key " : "config.json: ") + quoted(keys.front()) +
                     " is missing; the model " + model_.name + " needs it");
  }
  static constexpr Datum::Kind kinds[] = {Datum::Kind::Int, Datum::Kind::Float, Datum::Kind::Bool, Datum::Kind::Text};
  Datum::Kind kind = kinds[static_cast<int>(parameter.type)];
  if (kind == Datum::Kind::Float && value.kind == Datum::Kind::Int)
    value = Datum::ofFloat(value.asNumber());
  bool fits = value.kind == (parameter.isList ? Datum::Kind::List : kind);
  if (fits && parameter.isList)
    for (const Datum &element : *value.list)
      fits &= element.kind == kind;
  if (!fits)
    return fail(parameter.standard->offset, std::string("the default is ") + value.kindName() +
                                                ", which is not the type of '" + parameter.name + "'");
  parameters_[parameter.name] = std::move(value);
  return true;
}

bool ModelBuilder::readParameters() {
  for (const Parameter &parameter : model_.parameters) {
    if (parameter.require ? !require(*parameter.require) : !readParameter(parameter))
      return false;
    if (parameter.require)
      continue;
    given_[parameter.name] = valueOf(parameters_[parameter.name]);
  }
  return true;
}

bool ModelBuilder::require(const Statement &statement) {
  bool holds;
  std::string message;
  if (!condition(*statement.value, holds))
    return false;
  return holds || (substitute(statement.message, statement.offset, message) && failModel(message));
}

/// Puts values for {name}; `endOfLast` gets the position after the last of them, 0 for none.
bool ModelBuilder::substitute(const std::string &pattern, uint32_t offset, std::string &result, size_t *endOfLast) {
  if (endOfLast)
    *endOfLast = 0;
  for (size_t position = 0; position < pattern.size();) {
    size_t open = pattern.find('{', position);
    if (open == std::string::npos) {
      result += pattern.substr(position);
      return true;
    }
    size_t close = pattern.find('}', open);
    if (close == std::string::npos)
      return fail(offset, "'{' is not closed in \"" + pattern + "\"");
    result += pattern.substr(position, open - position);
    std::string name = pattern.substr(open + 1, close - open - 1);
    auto local = frames_.back().find(name), parameter = parameters_.find(name);
    const Datum *datum = local != frames_.back().end()    ? &local->second
                         : parameter != parameters_.end() ? &parameter->second
                                                          : nullptr;
    if (!datum)
      return fail(offset, "\"" + pattern + "\" names '" + name + "', which has no value here");
    switch (datum->kind) {
    case Datum::Kind::Int:
      result += std::to_string(datum->integer);
      break;
    case Datum::Kind::Float:
      result += std::to_string(datum->number);
      break;
    case Datum::Kind::Bool:
      result += datum->integer ? "true" : "false";
      break;
    case Datum::Kind::Text:
      result += quoted(datum->text);
      break;
    default:
      return fail(offset, "\"" + pattern + "\" names '" + name + "', which is " + datum->kindName());
    }
    if (endOfLast)
      *endOfLast = result.size();
    position = close + 1;
  }
  return true;
}

// ---- weights ------------------------------------------------------------------------------------------------------

/// Finds the first place of a weight that the source has; `found` is null when there is none. `wanted` is the first
/// name.
bool ModelBuilder::locate(const WeightDeclaration &weight, uint32_t offset, const Weight *&found, bool &transposed,
                          std::string &wanted) {
  found = nullptr;
  if (!source_.weights)
    return true;
  for (const WeightPlace &place : source_.kind == ModelSource::Kind::Gguf ? weight.gguf : weight.hf) {
    std::string name;
    size_t endOfLast;
    if (!substitute(place.name, offset, name, &endOfLast))
      return false;
    if (wanted.empty())
      wanted = name;
    if ((found = source_.weights->find(name))) {
      transposed = place.transposed;
      prefix_ = endOfLast ? name.substr(0, endOfLast) : "";
      return true;
    }
  }
  return true;
}

bool ModelBuilder::checkShape(const WeightDeclaration &declaration, const Weight &weight, bool transposed) {
  std::vector<int64_t> wanted;
  for (const ExpressionPtr &size : declaration.shape)
    if (!integer(*size, wanted.emplace_back()))
      return false;
  if (transposed && wanted.size() == 2)
    std::swap(wanted[0], wanted[1]);
  if (transposed && wanted.size() != 2)
    return fail(declaration.offset, "only a matrix can be transposed");
  if (wanted == weight.shape)
    return true;
  return failModel("tensor " + quoted(weight.name) + " has the shape " + shapeText(weight.shape) + ", but the model " +
                   model_.name + " with these parameters needs " + shapeText(wanted));
}

bool ModelBuilder::useWeight(const WeightDeclaration &declaration, uint32_t offset, Datum &result) {
  const Weight *weight;
  bool transposed = false;
  std::string wanted;
  if (!locate(declaration, offset, weight, transposed, wanted))
    return false;
  if (!weight) {
    if (declaration.otherwise) {
      if (!evaluate(*declaration.otherwise, result))
        return false;
      if (result.kind == Datum::Kind::Tensor)
        return true;
      if (result.kind != Datum::Kind::None)
        return fail(declaration.otherwise->offset, "a weight's other value is a weight or none");
    }
    if (declaration.optional) {
      result = Datum();
      return true;
    }
    if (!source_.weights)
      return fail(offset, "the weights are missing; give the file that holds them");
    if (wanted.empty())
      return fail(declaration.offset, "weight '" + declaration.name + "' has no name in this kind of file");
    return standIn(declaration, wanted, result);
  }
  used_.insert(weight->name);
  Datum &known = weightValues_[weight->name + (transposed ? "^T " : " ") + declaration.name];
  if (known.kind == Datum::Kind::None) {
    if (!checkShape(declaration, *weight, transposed))
      return false;
    auto type = mlir::RankedTensorType::get(weight->shape, llm::elementType(&context_, weight->type));
    mlir::Location location = mlir::NameLoc::get(builder_.getStringAttr(weight->name));
    mlir::Value value = builder_.create<llm::WeightOp>(location, type, weight->name);
    if (transposed)
      known = Datum::ofTensor(builder_.create<llm::TransposeOp>(location, value, llvm::ArrayRef<int64_t>{1, 0}));
    else
      known = Datum::ofTensor(value, weight);
  }
  result = known;
  return true;
}

/// Makes up a weight for a tensor that is missing, so that all of them can be named; a few are enough to see what is wrong, and
/// files may claim any number of layers.
bool ModelBuilder::standIn(const WeightDeclaration &declaration, const std::string &name, Datum &result) {
  if (std::find(missing_.begin(), missing_.end(), name) == missing_.end())
    missing_.push_back(name);
  if (missing_.size() > maximalMissing)
    return false;
  std::vector<int64_t> shape;
  for (const ExpressionPtr &size : declaration.shape)
    if (!integer(*size, shape.emplace_back()) || shape.back() < 0)
      return false; // what is missing so far is told
  auto type = mlir::RankedTensorType::get(shape, builder_.getF32Type());
  result = Datum::ofTensor(builder_.create<llm::WeightOp>(builder_.getUnknownLoc(), type, name));
  return true;
}

Status ModelBuilder::missing() const {
  std::string names;
  for (size_t i = 0; i < missing_.size() && i < maximalMissing; ++i)
    names += (i ? ", " : "") + quoted(missing_[i]);
  if (missing_.size() > maximalMissing)
    names += ", and more";
  return Status::failure(source_.path + ": tensor" + (missing_.size() > 1 ? "s " : " ") + names +
                         (missing_.size() > 1 ? " are" : " is") + " missing; the model " + model_.name + " needs " +
                         (missing_.size() > 1 ? "them" : "it"));
}

/// A tensor that nothing reads would mean a wrong graph.
bool ModelBuilder::checkUnused() {
  if (!source_.weights)
    return true;
  const std::vector<std::string> &patterns =
      source_.kind == ModelSource::Kind::Gguf ? model_.unusedGguf : model_.unusedHf;
  std::string names;
  size_t count = 0;
  for (const Weight &weight : *source_.weights) {
    if (used_.contains(weight.name) ||
        std::any_of(patterns.begin(), patterns.end(), [&](auto &pattern) { return matches(pattern, weight.name); }))
      continue;
    if (++count <= maximalUnused)
      names += (count > 1 ? ", " : "") + quoted(weight.name);
  }
  if (count == 0)
    return true;
  if (count > maximalUnused)
    names += ", ... (" + std::to_string(count) + " in all)";
  return failModel("the model " + model_.name + " has no use for the tensor" + (count > 1 ? "s " : " ") + names +
                   "; the graph would not be that of the file");
}

// ---- statements ---------------------------------------------------------------------------------------------------

ModelBuilder::Flow ModelBuilder::runBlock(const Block &block, Datum &result) {
  for (const Statement &statement : block)
    if (Flow flow = runStatement(statement, result); flow != Flow::Next)
      return flow;
  return Flow::Next;
}

ModelBuilder::Flow ModelBuilder::runStatement(const Statement &statement, Datum &result) {
  if (!step(statement.offset))
    return Flow::Failed;
  switch (statement.kind) {
  case Statement::Kind::Assign: {
    Datum value;
    if (!evaluate(*statement.value, value))
      return Flow::Failed;
    frames_.back()[statement.name] = std::move(value);
    return Flow::Next;
  }
  case Statement::Kind::Return:
    if (frames_.size() == 1 && !statement.name.empty())
      output_ = statement.name;
    return evaluate(*statement.value, result) ? Flow::Return : Flow::Failed;
  case Statement::Kind::Require:
    return require(statement) ? Flow::Next : Flow::Failed;
  case Statement::Kind::If: {
    bool holds;
    if (!condition(*statement.value, holds))
      return Flow::Failed;
    return runBlock(holds ? statement.body : statement.otherwise, result);
  }
  case Statement::Kind::For: {
    int64_t first, limit;
    if (!integer(*statement.value, first) || !integer(*statement.limit, limit))
      return Flow::Failed;
    for (int64_t i = first; i < limit; ++i) {
      if (!step(statement.offset))
        return Flow::Failed;
      frames_.back()[statement.name] = Datum::ofInt(i);
      if (Flow flow = runBlock(statement.body, result); flow != Flow::Next)
        return flow;
    }
    frames_.back().erase(statement.name);
    prefix_.clear();
    return Flow::Next;
  }
  }
  return Flow::Failed;
}

mlir::OwningOpRef<mlir::ModuleOp> ModelBuilder::buildModule() {
  mlir::Location unknown = builder_.getUnknownLoc();
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(unknown);
  auto named = [&](const std::string &name) { return mlir::NameLoc::get(builder_.getStringAttr(name)); };
  mlir::Type ids =
      mlir::RankedTensorType::get({mlir::ShapedType::kDynamic, mlir::ShapedType::kDynamic}, builder_.getI64Type());
  builder_.setInsertionPointToEnd(module->getBody());
  llvm::SmallVector<llvm::StringRef> symbols = {"batch", "tokens"};
  for (const GraphArgument &argument : model_.arguments)
    if (!llvm::is_contained(symbols, argument.size))
      symbols.push_back(argument.size);
  llvm::SmallVector<mlir::Type> types(model_.arguments.size(), ids);
  llvm::SmallVector<mlir::Location> places;
  for (const GraphArgument &argument : model_.arguments)
    places.push_back(named(argument.name));
  auto function = builder_.create<mlir::func::FuncOp>(named("forward"), "forward", builder_.getFunctionType(types, {}));
  function->setAttr("llm.symbols", builder_.getStrArrayAttr(symbols));
  mlir::Block *body = builder_.createBlock(&function.getBody(), {}, types, places);
  mlir::AffineExpr batch = builder_.getAffineSymbolExpr(0), tokens = builder_.getAffineSymbolExpr(1);
  for (auto [index, argument] : llvm::enumerate(model_.arguments)) {
    size_t symbol = llvm::find(symbols, llvm::StringRef(argument.size)) - symbols.begin();
    mlir::AffineExpr size = builder_.getAffineSymbolExpr(symbol);
    // The token ids have one name in every model, whatever the file calls them.
    function.setArgAttr(index, "llm.name", builder_.getStringAttr(index == 0 ? "input_ids" : argument.name));
    function.setArgAttr(index, "llm.dims",
                        mlir::AffineMapAttr::get(mlir::AffineMap::get(0, symbols.size(), {batch, size}, &context_)));
    if (argument.otherwise)
      function.setArgAttr(index, "llm.default", builder_.getI64IntegerAttr(*argument.otherwise));
    frames_.back()[argument.name] = Datum::ofTensor(body->getArgument(index));
    frames_.back()[argument.size] = Datum::ofSize(size, 1);
  }
  positions_ = builder_.create<llm::PositionsOp>(
      named("positions"), ids,
      mlir::AffineMap::get(0, symbols.size(), {batch, tokens, builder_.getAffineConstantExpr(0)}, &context_));

  inGraph_ = true;
  Datum result;
  if (runBlock(model_.graph, result) != Flow::Return)
    return {};
  auto type = result.kind == Datum::Kind::Tensor ? mlir::dyn_cast<mlir::RankedTensorType>(result.tensor.getType())
                                                 : mlir::RankedTensorType();
  if (!type || type.getRank() != 3 || !type.getElementType().isF32()) {
    fail(model_.graph.back().offset, "a graph returns a tensor of rank 3 in f32: logits (batch, tokens, vocabulary)");
    return {};
  }
  builder_.create<mlir::func::ReturnOp>(named(output_), result.tensor);
  function.setFunctionType(builder_.getFunctionType(types, type));
  function.setResultAttr(0, "llm.name", builder_.getStringAttr(output_));
  // The positions are not needed by every model, and optional weights may be looked at without being used.
  for (mlir::Operation &op : llvm::make_early_inc_range(llvm::reverse(*body)))
    if (op.getNumResults() && op.use_empty() && mlir::isPure(&op))
      op.erase();
  return module;
}

Result<Built> ModelBuilder::run() {
  // Diagnostics of verifiers become part of our own message; finish() listens to those of single operations.
  std::string diagnostics;
  mlir::ScopedDiagnosticHandler handler(&context_, [&](mlir::Diagnostic &diagnostic) {
    if (diagnostics.empty())
      diagnostics = diagnostic.str();
    return mlir::success();
  });
  if (!readParameters())
    return status_;
  mlir::OwningOpRef<mlir::ModuleOp> module = buildModule();
  if (!missing_.empty())
    return missing();
  if (!module || !checkUnused())
    return status_;
  if (mlir::failed(mlir::verify(*module))) {
    failModel("the graph of " + text_.name + " is not valid: " + diagnostics);
    return status_;
  }
  return Built{std::move(module), std::move(given_)};
}

Result<Built> build(const ModelText &model, const ModelSource &source, mlir::MLIRContext &context) {
  return ModelBuilder(model, source, context).run();
}

} // namespace lathe::dsl
